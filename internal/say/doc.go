// Package say puts verdicts into words, in Japanese and in English.
//
// Verdicts carry codes and times; people read sentences. The dashboard, the command line and notifications all say
// the same thing, because all of them ask this package: [Verdict] gives the sentence, since when, the first step,
// what is known, what is not, and the reasons. It is pure: the present time is an argument. Times are shown in
// Japan's, wherever the reader is, because bitbank and its notices speak in it.
package say
