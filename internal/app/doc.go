// Package app wires the program: configuration, journal, probes, watch and dashboard.
//
// It decides nothing. [New] opens what can fail for reasons that the owner must hear of (the data folder, the
// journal, the port) and starts nothing; [App.Run] starts everything and returns when all of it has stopped, the
// journal last.
package app
