// Package elsewhere keeps what coins cost at other exchanges: it asks their public tickers, at a pace that they can bear, and
// answers with a [venue.Reference] for each pair.
//
// [New] builds a [Watch], [Watch.Run] asks until its context ends, [Watch.Reference] says what is known, also before and after.
// All methods may be called concurrently. What is counted and how is package venue's; this one only fetches.
//
// # Pace
//
// In calm a venue is asked no more than the watch's own budget for it allows, at most six times a minute with the watch's looks:
// these bring the price of one pair every twelve seconds, and what the budget has left is for the other pairs, one of them in
// each turn of 75 seconds, at the same moment at every venue and at bitbank, so that the prices can be compared.
//
// Only while bitbank is dark, and something depends on a pair (a [Want] that is Urgent), a venue is asked for it every two
// seconds, and never more often than [Options.HurryPerMinute] for all pairs. Nothing else of the program asks more in an outage
// than in calm.
//
// A venue that fails is left alone for longer and longer, one that says that it is asked too much for as long as it says. An
// answer is read up to 64 KiB, for two seconds, and never from where a redirect points.
package elsewhere
