// Package diagnose decides whose trouble it is: ours, the path's, bitbank's, or one part of bitbank's.
//
// [Memory] folds the observations of the probes into a [Round]: per target what its looks add up to, as a
// log-likelihood ratio of "sick" against "well". [Diagnose] weighs one round together with the maintenance that
// bitbank has announced, and returns a [Verdict]: a scope, one sentence, and the reasons, strongest first.
//
// It never guesses: with too little evidence, or evidence that is too old, the scope is [NotProven]. It reads no
// clock and does no I/O, so any verdict can be replayed from the journal.
//
// # Evidence
//
// An answer from somebody (a refusal, an error page, an expired certificate) is strong: two looks that agree suffice.
// Silence is weak: on a home line that loses one packet in fifty it takes five looks. Different looks at one host
// (kept and new connection, another path, another address family) add up, so the first doubt makes the verdict ask
// for those ([Verdict.Ask]) instead of for the same look again.
//
// # Rules
//
// Rules are tried in order and the first that applies decides: our own sleep, own line, path, maintenance, bitbank,
// part, not proven, healthy. At least two neutral references must answer before anything is said of bitbank; and
// silence counts against bitbank only when something else answered after it began, because a line that has just
// been cut looks the same for some seconds.
package diagnose
