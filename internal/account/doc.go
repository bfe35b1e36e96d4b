// Package account runs one account of bitbank: it does what package broker decides, and keeps the ledger true.
//
// [Open] folds the journal's records, [Account.Run] follows the private stream and reads the account now and then, and the
// gateway's orders and cancels come in through [Account.Place] and [Account.Cancel]. What happened is handed to the broker one
// event at a time; the effects of all events that came while the disk was busy are written together and then done in order,
// so nothing is sent or told before its record is on the disk.
//
// Each read of the account is compared with the ledger: what nobody told us of, and what stays different, are the breaks of a [View].
// Meanwhile the past is imported from bitbank's histories, and [HistoryOf] tells it out of the journal.
//
// [Remember] reads what a journal knows of its account: the newest snapshot that the account has written into it, and the records
// after that, each proved by the chain. On a full disk no order is taken while the journal lives on its reserve; cancels are sent
// even when nothing can be written.
//
// An Account may be used concurrently.
package account
