// Package broker decides what is sent to bitbank for the account's bots, when, and what each bot is told.
//
// A [Broker] takes in events and answers with effects: [Broker.Step]. It reads no clock and does no I/O, so the same code runs
// behind the gateway and in a simulation of years, and a seed replays every decision.
//
// # One order
//
// A bot's order is admitted to its lane: what looks the same could not be told apart, so at most one order of a lane is open.
// [Send] asks for it to be sent; [Broker.Sign], called when the request is signed, gives the record that must be on the disk
// before its first byte leaves. [Sent] says what came back. A lost answer opens a case of package reconcile, and [Look] and
// [Fence] ask for the reads that settle it. The bot is held until then, or until shortly before it gives up: then it is told
// "unknown", and its next identical order joins the open one instead of being sent: the debt of package ledger.
//
// # What makes it sooner
//
// While money moves all the time nothing can be proved absent, so new orders wait at times for a quiet moment; with
// [Broker.AllowBarrier] a small order of our own is the barrier that bots' orders are otherwise. After an outage orders come step
// by step. Cancels wait for none of it. See docs/adr/0013.
//
// # Order of effects
//
// The records of a [Keep] are on the disk before the effects that stand after it happen. What cannot be written any more (the
// disk is full) happens all the same, marked as not recorded, with one exception: an order whose record cannot be written is
// not sent.
package broker
