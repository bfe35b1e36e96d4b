// Package reconcile settles what became of an order whose answer was lost.
//
// bitbank marks orders with nothing of ours and has no list of finished ones, so a lost order is found by what it looks like,
// and its absence has to be proved. A [Case] is one such order. It is opened with the [Intent] that was recorded before
// anything was sent, and every [Fact] that is learned afterwards is folded in by [Case.Learn]; [Case.Wants] says what to look
// at next. A case is a value: folded again from the journal it stands where it stood.
//
// # How it is settled
//
// Positive evidence needs nothing else: an order that is not ours already, looks the same and was ordered in time is the lost
// one, wherever it shows ([Placed]). That nothing was placed takes all of these, in this order:
//
//   - FENCE: no host of bitbank accepts the signed request any more. Three reads over fresh connections must agree.
//   - OBSERVE: at least three complete passes over half a minute, all after the fence, show no such order: live orders first,
//     trades second, so that one which fills in between is seen.
//   - BARRIER: a later write of ours has taken effect, and these passes show it. bitbank executes the writes of one user in
//     order: assumption A1, named in every such verdict. Without a barrier there is only the time Q; a verdict by it says so
//     and allows nothing.
//   - CONSERVE: every amount that is locked is locked by something known, and what is on hand has changed by what is known.
//   - no gap in the private stream is left unfilled.
//
// Until then the case stays unknown, however long that is. More matching orders than there are lost ones are [Ambiguous]: a
// human decides. After a verdict of [NotPlaced] a matching order that shows up all the same is a ghost ([Case.Ghost]).
//
// It reads no clock and does no I/O. Why each part is needed is told in docs/adr/0011.
package reconcile
