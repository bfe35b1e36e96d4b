// Package corpus holds whole networks in trouble, each with the verdict that a reader of the attribution table would give.
//
// testdata/scenarios.tsv is the corpus: what is wrong, in words, and whose trouble it is. testdata/README.md says how to
// read it and how to add to it; no Go is needed for that. The tests play every scenario with the real probes and the real
// watch against a simulated bitbank on a network in memory (package memnet), in virtual time, and compare.
//
// What counts: the settled verdict is right, how long it took, that the request budget was held, and that bitbank was not
// blamed for a single moment when the trouble was our own line, our clock, our sleep or our own rate.
package corpus
