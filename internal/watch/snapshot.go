package watch

import (
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/journal"
	"hikeshi/internal/probe"
)

// A Snapshot is the watch at one moment. It is a value that shares nothing with the watch.
type Snapshot struct {
	At       time.Time
	Seq      journal.Seq // the newest record
	Verdict  diagnose.Verdict
	Incident incident.Incident // Phase None when there is none
	Round    diagnose.Round
	Recorded bool               // the journal accepts records
	Asked    map[probe.Host]int // requests sent in the last 60 s
	Mode     string             // "" or "demo": shown on every page
}

// An Event is a change that subscribers hear of, in the order of Seq. Kinds: verdict, incident, component.
type Event struct {
	Seq  journal.Seq `json:"seq"`
	At   time.Time   `json:"at"`
	Kind string      `json:"kind"`
	Data any         `json:"data"`
}

// A Point is one dot of a plot.
type Point struct {
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took"`
	Age     time.Duration `json:"age,omitzero"` // of the data, for streams and tickers
	Failure probe.Failure `json:"failure,omitzero"`
}
