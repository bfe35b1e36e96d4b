// Package failures is the catalogue of what goes wrong between a bot and bitbank, as tests.
//
// Each entry has an id (F01), a trigger, and a play: the trigger in virtual time against the simulated bitbank of internal/sim.
// It is played with a bot behind our gateway, and with at least one naive client, a small imitation of what libraries and bots of
// today do, which talks to the exchange by itself. What is wrong in the end is judged from the simulator's own truth and never
// from what a client believes. Ours must have nothing wrong, and the naive one must go wrong in the way that is written beside
// it: an entry that nobody fails proves nothing and fails the test.
//
//	go test ./internal/failures -run 'TestFailures/F01' -v
//
// # How to write an entry
//
// A [scenario] goes into the list of its group's file. Its play has a [world]: want tells the bot of an order that it wants, in
// the background as a bot's strategy does; pass lets time pass; fault, control and line make the trouble. When play returns the
// world is made well, everything still wanted is waited for, and the common judgement is passed: see judge. An entry that has
// more to say, of prices, of cancels or of how often something was asked, says it in its own wrong.
//
// A naive client is a [library] with some of its habits set, or a type that embeds one. The bot's strategy (ask again what is
// said to have failed) is the same for all, so a client goes wrong by what it says and does, not by what it is asked for.
package failures
