// Package sim is a bitbank to practise on: every host that Hikeshi watches, on loopback or on a network in memory, alive,
// and able to fail in every way that matters.
//
// [New] builds a world from a seed: the exchange (package market), an account, pages, notices and other exchanges. Two
// shells carry it. [Sim.Run] listens on one loopback port a host and returns when all has stopped. [Sim.Serve] serves one
// host on any listener while [Sim.Play] lets time pass, which is how the same world runs in a synctest bubble, where
// hours take milliseconds. [Sim.Handler] is a host without a network.
//
// The simulator shares no code with package bitbank. They meet on the wire, so that one misreading of bitbank's documents
// cannot hide in both.
//
// # Faults
//
// A [Fault] is posted to the control host. Most act on one request at a time (effects.go) and can be bounded by a match, a
// count, a probability drawn from the seed, and a time. Some act below HTTP, on listeners and connections (gate.go): a
// refused host has no listener, a black hole accepts and says nothing. Some act on messages of the stream (stream.go).
// What a host would have answered is always computed by the same code; a fault only changes what becomes of it.
//
// # Time
//
// Timestamps, Date headers and the clock of the authentication are those of the wall (or of the bubble). Speed makes
// traders, moves and scenarios faster, nothing else.
//
// # What it does not know
//
// Facts that nobody outside bitbank knows are our assumptions and say so where they stand; where it matters the fault's
// fields choose between the possibilities, such as the HTTP status of an answer during maintenance.
package sim
