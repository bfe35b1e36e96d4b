// Package exposure says what an account holds, what that is worth, and how far it is from trouble, from what is proven of it.
//
// [Of] takes an [Input]: the newest that the ledger knows, each number with its own time, and what is known of prices, here and
// elsewhere. It returns a [Report]: every coin and margin position with its value, what they come to together, what the open
// orders would add, the distance to a margin call and to liquidation, and whether a stop order stands on bitbank for each.
// [Watcher] decides when a line that the owner has drawn is crossed, and [Check] whether a new one makes sense.
//
// It never guesses: what cannot be valued is left out of the sum and named, never counted as zero, and a position is gone only
// when a read has shown it so. Where bitbank's documents do not say how bitbank calculates, the assumption has a name in the
// report. It never says what to do.
//
// # Prices
//
// bitbank's own last price counts while it is fresh. Otherwise it is the price elsewhere, if at least three independent venues
// agree, corrected by how bitbank usually differs, with its band. Otherwise there is none.
//
// It reads no clock and does no I/O. A Watcher is for one goroutine; everything else are values.
package exposure
