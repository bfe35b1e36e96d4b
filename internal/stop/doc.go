// Package stop decides what becomes of a local stop: a plan, kept in the journal, to leave a holding or a position when the
// price has passed a level, for the time when bitbank itself cannot be asked.
//
// A [Plan] is checked when it is set ([Check]), watched by a [Watch], and carried out by [Standing.Next]. A [Book] is all plans,
// folded from [Record]s. Nothing here reads a clock or does I/O: package account feeds it, and carries out its [Step]s.
//
// # Trigger
//
// One price is nobody's proof. A plan is triggered when several samples in a row, over seconds, show the same of two sources:
// bitbank's own book and a reference of other exchanges; or, while bitbank is dark, of a reference of at least three of them
// with its whole band beyond the level. What is stale, what is alone, and what comes first after a gap does not count.
//
// # Exit
//
// A triggered plan is pending until bitbank answers and the account has been read conclusively: a stop on bitbank may have been
// executed meanwhile. It is looked at again by bitbank's own book. Then one order at a time leaves, never beside one whose
// answer is lost, never for more than is proved to be there, never at a worse price than the guard. It is done when two
// conclusive reads agree that nothing is left: no failed, empty or unexplained read is ever "nothing left".
package stop
