// Package venue says what a coin costs elsewhere: at other exchanges, by their public tickers.
//
// A [Venue] is a ticker as data: an address by pair, and where in the answer the prices and the time stand. [Venue.Read] makes a
// [Quote] of an answer, or refuses it. A [Board] keeps the newest quote of each venue and pair, and [Board.Reference] weighs
// them: the median of at least three that are fresh, independent and not far from each other, with how old it is, who was
// counted and why another was not, how bitbank usually differs from it, and the gap to bitbank now.
//
// It never guesses: with fewer than three the price is shown with its sources and is not Known, and what is not Known triggers
// nothing. It decides no trigger itself. It reads no clock and does no I/O; time comes as a value. A Board is for one goroutine
// at a time.
//
// # Rules
//
//   - A quote is as old as the moment at which the venue's own time was first seen here. A venue whose time stands still grows
//     stale although it answers (failure F65), and our own clock may be wrong by half a minute without harm.
//   - One operator counts once, under however many names: the same domain, or the same prices at the same time.
//   - A price further than 3 % from the median is left out. Yen markets differ by a few tenths of a percent, in a crash by one or
//     two (our assumption). A share of the price was chosen over the median absolute deviation, because of three prices that is
//     the smaller of two distances, and zero when two agree: it would cut off honest venues.
//   - What is zero, negative, no number, absurdly large, or has a bid above its ask is no quote at all, and its venue does not
//     count until it says something better.
package venue
