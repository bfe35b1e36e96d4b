// Package transfer is the deposits and withdrawals side of the simulated exchange, for one account.
//
// A [Desk] is a state machine. Coins and yen that arrive go through FOUND, CONFIRMED and DONE; what the account sends away
// goes through CONFIRMING, EXAMINING, SENDING and DONE, or ends as REJECTED, CANCELED or CONFIRM_TIMEOUT. Each state lasts
// as long as [Timing] says, unless a person or a test holds or moves the transfer. The money itself lies in a [Purse] that
// somebody else keeps: the desk credits it when a deposit is DONE, locks amount and fee when a withdrawal is requested, and
// pays or releases exactly that much when the withdrawal ends.
//
// The eight requests of bitbank's documents are methods that answer with the documented rows or with bitbank's code. What
// only happens outside the API (a deposit arrives, an originator is registered on the web site, a network is stopped) are
// the methods of control.go and conditions.go, whose arguments carry JSON names for the simulator's control interface.
//
// It starts no goroutine, reads no clock and does no I/O, and it is not safe for concurrent use. Identifiers are hashes of
// the seed and a counter: two desks with one seed that are told the same things answer with the same bytes.
//
// # Time
//
// [Desk.Advance] lets happen what is due and returns what the private stream says about it. Whatever changes the desk does
// the same first and leaves its news to the next Advance. Reads do not, so a [Desk.Clone] answers as of when it was made.
//
// # What is assumed
//
// bitbank documents rows, states and codes. Which state follows which, how long it lasts, in which order a request is
// checked, and which code an unknown withdrawal account or a stopped network gives are our assumptions and say so where they
// stand. Where the sources contradict each other, [Options] has a switch whose zero value is the documented way.
package transfer
