package incident

import (
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/part"
)

// A Phase is how far an incident has come.
type Phase string

// The phases. The empty one is "no incident".
const (
	None          Phase = ""
	Investigating Phase = "investigating" // something is wrong, whose it is is not proven yet
	Identified    Phase = "identified"
	Monitoring    Phase = "monitoring" // well again by measurement, watched before we say so
	Resolved      Phase = "resolved"
)

// An Incident is one stretch of trouble, from its first symptom to measured recovery. It keeps its ID through
// restarts of the program.
type Incident struct {
	ID       string         `json:"id"` // from the time of its first symptom, such as "20261124-140507"
	Phase    Phase          `json:"phase"`
	Scope    diagnose.Scope `json:"scope"` // of the newest verdict that stood for a while
	Parts    []part.Code    `json:"parts,omitzero"`
	Pairs    []string       `json:"pairs,omitzero"`
	Sentence string         `json:"sentence"`
	Since    time.Time      `json:"since"`              // first symptom
	Opened   time.Time      `json:"opened"`             // when we said so
	WellAt   time.Time      `json:"well_at,omitzero"`   // when it last became well; zero while it is not
	QuietFor time.Duration  `json:"quiet_for,omitzero"` // how long it must stay well before Resolved
	Resolved time.Time      `json:"resolved,omitzero"`
	Flaps    int            `json:"flaps,omitzero"` // how often it came back before it was resolved
}

// An Action is a change that people should hear of. Actions are journaled before they are handed on.
type Action struct {
	Kind     string    `json:"kind"` // opened, changed, recovering, relapsed, resolved
	At       time.Time `json:"at"`
	Incident Incident  `json:"incident"`
	// Announce is false for changes that only the page shows (recovering, relapsed, small changes of evidence).
	Announce bool `json:"announce"`
}
