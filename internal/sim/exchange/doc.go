// Package exchange is the simulated bitbank behind its private interface: accounts, orders, positions, and the rules.
//
// An [Exchange] stands on a [market.Market]: orders of accounts go into the same books in which the crowd trades, in the
// order of price and time. [Exchange.Advance] lets time pass; what happens to accounts meanwhile comes back as [Event]
// values, which are the messages of the private stream. Every call answers with bitbank's own rows and codes, 0 for success.
//
// It is a pure state machine: no goroutine, no clock, no I/O. The same seed, the same calls at the same times give the same
// history, byte for byte. It is not safe for concurrent use: the simulator owns it.
//
// # Money
//
// Prices are whole ticks and amounts whole units of their pair; balances are exact decimals. The value of a trade and every
// fee are cut to the digits of the quote asset, and what is cut off stays with the exchange, so that nothing is lost: the
// sum over all accounts and the rest of the world never changes except by deposits and withdrawals ([Exchange.Sum]).
//
// # What is assumed
//
// Where bitbank's documents are silent or contradict each other a [Way] says which reading is played, and can be changed.
// The constants of the margin rules (when a call comes, what is liquidated first) are assumptions that margin.go names.
package exchange
