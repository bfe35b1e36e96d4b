// Package gateway is bitbank's REST on loopback, for the owner's bots.
//
// A bot keeps its client library, whatever it is written in, and changes a base address and a key. The key is a local one: it
// opens this door and nothing at bitbank. Reads are forwarded, signed anew with the account's key; orders and cancels go to a
// [Desk], which records them, sends them once and says what became of them. Withdrawals are refused.
package gateway
