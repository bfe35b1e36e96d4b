// Package account runs one account of bitbank: it does what package broker decides, and keeps the ledger true.
//
// [Open] folds the journal's records, [Account.Run] follows the private stream and reads the account now and then, and the
// gateway's orders and cancels come in through [Account.Place] and [Account.Cancel]. What happened is handed to the broker one
// event at a time; the effects of all events that came while the disk was busy are written together and then done in order,
// so nothing is sent or told before its record is on the disk.
//
// An Account may be used concurrently.
package account
