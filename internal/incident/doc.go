// Package incident says when trouble begins and when it ends, from one verdict after the other.
//
// [Step] is handed every verdict and returns the next [State] and the [Action]s that people should hear of. It is
// pure: its only clock is [diagnose.Verdict.At], and the state survives JSON unchanged, so that a restart in the
// middle of an incident changes nothing.
//
// A verdict that says trouble does not open an incident at once: each kind has its own time to become visible. An
// incident is one stretch of trouble, even while the verdict changes from "part" to "bitbank" and back. It ends
// only after measured quiet, and that quiet grows with every relapse, so that a flapping exchange is announced twice,
// not a thousand times. "Not proven" is neither trouble nor health: it never resolves anything.
package incident
