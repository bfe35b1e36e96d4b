package journal

import (
	"encoding/json"
	"errors"
	"time"
)

// The errors that callers tell apart.
var (
	ErrLocked = errors.New("another hikeshi is using this journal")
	ErrBusy   = errors.New("too many records are waiting for the disk")
	ErrFull   = errors.New("the disk is full")
	ErrClosed = errors.New("the journal is closed")
	ErrBroken = errors.New("the journal does not verify")
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
	Damaged     Kind = "damaged"     // a damaged file was set aside here: Damage
	Snapshot    Kind = "snapshot"    // what records before it come to, so that fewer are read at a start; already packed
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

// fine reports whether k is detail that a full disk may cost us and that retention may cut. Everything else, and
// above all what is about money, is kept for ever and may use the reserve. A snapshot says nothing that other records do not.
func (k Kind) fine() bool { return k == Minute || k == Observation || k == Snapshot }

// A Damage says that a journal was found broken when it was opened, and what became of it.
type Damage struct {
	From   Seq    `json:"from"`   // the first record that does not verify; every one before it was kept
	Again  int    `json:"again"`  // how many later ones verify by themselves, and were written anew from there on
	Aside  string `json:"aside"`  // base name of the damaged file, whole, beside the journal
	Reason string `json:"reason"` // for the log
}
