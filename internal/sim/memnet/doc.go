// Package memnet is one machine and its line to the world, in memory: what loopback cannot show.
//
// A [Network] has named hosts with addresses of both families, a router, two resolvers and a clock of its own. It is a
// [probe.Machine], so the real probes look through it, and it carries a simulated world ([Network.Carry]), so they look at
// the same hosts as on loopback. A [Fault] breaks the line, the path to some hosts, or one address family of it; a
// [NameFault] spoils what a resolver says.
//
// It starts no goroutine and keeps no clock: whoever reads waits, so it lives in a synctest bubble, where an hour takes a
// moment. Connections behave like TCP where that decides what a probe sees: what is lost is sent again after a time that
// doubles, a lost end is not heard, a reset is, and what waits for a slow reader is bounded.
//
// What it leaves out: congestion, reordering, fragments (a [Large] fault takes each write for one packet or for many,
// all lost), and that a real stack gives up on a connection after a quarter of an hour.
package memnet
