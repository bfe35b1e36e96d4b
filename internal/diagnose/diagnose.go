package diagnose

import (
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

// A Scope says whose trouble it is.
type Scope int

// The scopes. The zero value is the safe one.
const (
	NotProven Scope = iota
	Healthy
	OwnLine
	Path
	Bitbank
	Part
	Maintenance
)

var scopeNames = [...]string{"not_proven", "healthy", "own_line", "path", "bitbank", "part", "maintenance"}

func (s Scope) String() string { return scopeNames[s] }

// MarshalText writes the name that the journal, `check --json` and the HTTP API use.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads such a name; an unknown one is NotProven.
func (s *Scope) UnmarshalText(b []byte) error {
	*s = NotProven
	for i, n := range scopeNames {
		if n == string(b) {
			*s = Scope(i)
		}
	}
	return nil
}

// A Verdict says whose trouble it is, with the reasons. It is a value.
type Verdict struct {
	Scope Scope       `json:"scope"`
	Parts []part.Code `json:"parts,omitzero"` // what is affected, for Part and Maintenance; sorted
	Pairs []string    `json:"pairs,omitzero"` // set when the trouble is confined to these pairs
	// Sentence is the id of the one sentence (text catalogue, "verdict." + Sentence) and Args its arguments. Arguments
	// hold codes and RFC 3339 times, never wording: pages word them.
	Sentence string            `json:"sentence"`
	Args     map[string]string `json:"args,omitzero"`
	Reasons  []Reason          `json:"reasons"`         // strongest first, never empty
	Since    time.Time         `json:"since,omitzero"`  // when the present state of affairs began, as far as we saw
	At       time.Time         `json:"at"`              // the round's time
	Board    []PartState       `json:"board,omitzero"`  // every watched function, in the order of part.Codes
	Chain    []Link            `json:"chain,omitzero"`  // machine, router, line, entrance, function
	Market   []PairBoard       `json:"market,omitzero"` // what can be done, per pair
	Ask      []probe.Target    `json:"-"`               // the looks that would settle what is still open, best first
}

// A Reason is one piece of evidence: the sentence "reason." + Code with Args, and the looks that it rests on.
type Reason struct {
	Code    string            `json:"code"`
	Args    map[string]string `json:"args,omitzero"`
	Targets []probe.Target    `json:"targets,omitzero"`
}

// A State is how one function, link or pair stands.
type State string

// The states.
const (
	Unknown   State = "unknown" // the zero value must not look well: readers treat "" as Unknown
	Well      State = "ok"
	Limited   State = "limited" // works with limits: busy, slow, raised minimum
	Down      State = "down"
	Announced State = "announced" // down, as announced
)

// A PartState is the state of one function of bitbank.
type PartState struct {
	Part    part.Code      `json:"part"`
	State   State          `json:"state"`
	Failure probe.Failure  `json:"failure,omitzero"` // the strongest failure seen
	Since   time.Time      `json:"since,omitzero"`
	Targets []probe.Target `json:"targets,omitzero"` // the looks behind it
}

// A Link is one link of the chain from this machine to bitbank's functions.
type Link struct {
	Name  string `json:"name"` // machine, router, line, entrance, function
	State State  `json:"state"`
}

// A PairBoard says what can be done with a pair, by bitbank's own flags.
type PairBoard struct {
	Pair      string `json:"pair"`
	Status    string `json:"status,omitzero"` // NORMAL, BUSY, VERY_BUSY, HALT
	Mode      string `json:"mode,omitzero"`   // circuit-break mode
	New       State  `json:"new"`
	Cancel    State  `json:"cancel"`
	Market    State  `json:"market"`
	Stop      State  `json:"stop"`
	Margin    State  `json:"margin"` // "" when the pair has no margin trading
	MinAmount string `json:"min_amount,omitzero"`
	Retired   bool   `json:"retired,omitzero"` // stopped since before we began to watch, or delisted
}

// A Round is everything known at one moment: the whole input of [Diagnose]. It survives JSON unchanged, so a
// verdict can be replayed from the journal.
type Round struct {
	Now      time.Time                 `json:"now"`
	Signals  map[probe.Target]Signal   `json:"signals"`
	Pairs    map[string]PairSignal     `json:"pairs,omitzero"`
	Watcher  probe.Watcher             `json:"watcher,omitzero"`
	Windows  []Window                  `json:"windows,omitzero"`
	SameEdge []probe.Host              `json:"same_edge,omitzero"` // neutral hosts served by bitbank's own CDN
	Targets  map[probe.Target]struct{} `json:"-"`                  // what is watched at all; nil means the keys of Signals and Unseen
	Unseen   []probe.Target            `json:"unseen,omitzero"`    // watched, but not one look has ended yet
}

// A Window is announced maintenance, half open: Start is in it, End is not. A zero End is "not known yet".
type Window struct {
	Title  string      `json:"title,omitzero"`
	Parts  []part.Code `json:"parts"`
	Pairs  []string    `json:"pairs,omitzero"`
	Start  time.Time   `json:"start"`
	End    time.Time   `json:"end,omitzero"`
	Source string      `json:"source,omitzero"`
}
