// Package watch runs the probes on their clocks, within the request budget, and turns what they see into verdicts
// and incidents.
//
// Observations come in from the probes; on its own tick the [Watch] folds them into a round, asks diagnose for the
// verdict and incident for what follows, appends both to the journal, and only then hands them on. One goroutine
// owns all of that state. A look that diagnose asks for is pulled forward, never added: the budget is the same in
// calm, in an outage and at recovery.
package watch
