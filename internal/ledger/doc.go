// Package ledger is what we know of one account: our intents, its orders, trades, balances, transfers and positions, folded
// from records.
//
// A [Record] is one thing that we did or that bitbank said. [Ledger.Apply] takes it in; it never fails, because what is on
// the disk cannot be refused. The ledger then answers what the gateway and the reconciliation ask: which intents are open
// ([Ledger.Open]), whether a lane is free ([Ledger.Busy]), which intent an identical order joins ([Ledger.Owing]), what a new
// intent must know ([Ledger.Baseline]), which orders live and whose they are, what filled between two times
// ([Ledger.Fills]), and which money nothing known explains ([Ledger.Unexplained]).
//
// # What order does not matter
//
// Reports of bitbank overtake each other and repeat. Folding the same reports in any order, any number of times, gives the
// same ledger, byte for byte: an order's stage only rises and a terminal one never changes, a trade is kept once for
// each of our orders in it, what was executed only grows, and of balances and positions the newest counts. What we did ourselves
// ([Intended], [Answered], [Learned], [Owed], [Attributed]) is written in the order in which it happened, and is folded in
// that order; a repetition changes nothing there either.
//
// # What is kept in memory, and what is asked of the journal
//
// In memory are: every live order and open intent, however many (bitbank allows 30 live orders a pair); the last 10,000
// finished orders, 20,000 trades, 5,000 finished transfers, 10,000 settled intents, 1,000 deals at the dealer's desk; an hour
// of balances of each asset, one for ten seconds. A quarter more may be held until it is tidied up. That is below 40 MiB
// when all of it is full, and 1 MiB for most. Absences proved less than a day ago are kept beyond the bound, since their
// orders may still show up.
//
// bitbank forgets orders and trades after three months; the journal does not. Whatever is older than what is kept here is
// read from there: [Ledger.Fills] says when it cannot answer alone.
//
// It reads no clock and does no I/O. A Ledger is one goroutine's.
package ledger
