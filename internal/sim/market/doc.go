// Package market is the exchange behind the simulator: 62 pairs with their books, trades, candles and modes.
//
// A [Market] is a state machine. Nothing happens in it until [Market.Advance] is told what time it is; then all orders that
// seeded traders would have sent until that time arrive, one after the other, each at its own moment. What changed comes back
// as [Change] values, and every read (ticker, depth, transactions, candles) comes from the same state, so that REST and
// streams cannot contradict each other. Two markets with one seed that are told the same times are equal.
//
// It starts no goroutine, reads no clock and does no I/O. It is not safe for concurrent use: the simulator owns it.
//
// # Past
//
// A market is born with a past. Prices before the start are value noise over the minute number (history.go), anchored so
// that they end at the opening price. Every candle of every size, and the trades of every past day, are sums over the same
// minutes, so they agree with each other.
//
// # Order flow
//
// Each pair has a fair price that wanders. Orders arrive as a Poisson process at the pair's own rate: placements around the
// fair price, cancels, and market orders that take what rests. When the fair price leaves the spread somebody takes the
// orders that have become cheap, so the market follows it. A move ([Market.Move]) bends the fair price, never the trades.
//
// # What is assumed
//
// The settings of pairs.tsv are a copy of what bitbank's /spot/pairs said in July 2026, with round opening prices and rates
// of our own. How often a book changes, how wide the holes in its sequence ids are, and how the auction of a circuit break
// is priced are our choices: plausible, not measured.
package market
