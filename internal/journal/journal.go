package journal

import (
	"encoding/json"
	"time"
)

// A Seq is the place of a record in the journal, from 1, without holes.
type Seq uint64

// A Kind says what a record holds.
type Kind string

// The kinds that the watch writes.
const (
	Started     Kind = "started"     // the daemon began: version, configuration digest
	Stopped     Kind = "stopped"     // it ended in order
	Verdict     Kind = "verdict"     // the verdict changed: diagnose.Verdict
	Component   Kind = "component"   // the state of one function changed: diagnose.PartState
	Incident    Kind = "incident"    // watch.IncidentRecord
	Minute      Kind = "minute"      // digest: diagnose.Round at a full minute
	Observation Kind = "observation" // raw probe.Observation, only around incidents
	Checkpoint  Kind = "checkpoint"  // retention cut here: what was cut, signed
)

// An Entry is a record to be written.
type Entry struct {
	Kind Kind
	At   time.Time
	Data any // marshalled as JSON
}

// A Record is an entry as the journal holds it.
type Record struct {
	Seq  Seq             `json:"seq"`
	At   time.Time       `json:"at"`
	Kind Kind            `json:"kind"`
	V    int             `json:"v"` // version of Data's shape
	Data json.RawMessage `json:"data"`
	Hash string          `json:"hash"` // hex SHA-256 over the previous hash and this record
}
