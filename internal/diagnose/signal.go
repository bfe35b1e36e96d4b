package diagnose

import (
	"time"

	"hikeshi/internal/probe"
)

// A Signal is what the looks at one target add up to.
type Signal struct {
	Last  probe.Observation `json:"last"`           // the newest one
	Score float64           `json:"score"`          // log-likelihood ratio of "sick" against "well", in nats, bounded
	Bad   int               `json:"bad,omitzero"`   // failures in a row
	Since time.Time         `json:"since,omitzero"` // the first failure of that row; zero when the last look was well
	OKAt  time.Time         `json:"ok_at,omitzero"` // the newest look that was well
	// Usual is the learned usual duration of this look (a slow-moving median), zero until it is learned.
	Usual time.Duration `json:"usual,omitzero"`
	Every time.Duration `json:"every,omitzero"` // the learned gap between looks, from which their age limit follows
	Slow  int           `json:"slow,omitzero"`  // well, but several times slower than usual, so often in a row
	From  time.Time     `json:"from,omitzero"`  // since when Score has been above zero
	// RefOK and OtherOK are when a reference, and anybody else outside, had last answered as of the newest bad look.
	// When that is after From, the line worked in the midst of this trouble.
	RefOK   time.Time `json:"ref_ok,omitzero"`
	OtherOK time.Time `json:"other_ok,omitzero"`
	// Alone is the part of Score that was gathered in silence since the host last answered another look.
	Alone float64 `json:"alone,omitzero"`
	// Beside is when a connection by one address family last failed after the other family had reached the same host
	// in the midst of this row of failures.
	Beside time.Time `json:"beside,omitzero"`
	// LostAt is when a look last ended without any answer, or was saved by a second packet. A line that loses much shows it
	// at many hosts.
	LostAt time.Time `json:"lost_at,omitzero"`
	// LateAt is when a look that is still under way was reported to be unusually slow; zero after its end.
	LateAt time.Time `json:"late_at,omitzero"`
	// Newer is since when another source has shown newer data than this one; zero while it keeps up.
	Newer time.Time `json:"newer,omitzero"`
	Ahead time.Time `json:"ahead,omitzero"` // the data time that it must reach to have kept up
	// MovedAt is when the data last changed.
	MovedAt time.Time `json:"moved_at,omitzero"`
	// Void says that the newest look was before our own sleep or a jump of our clock: it proves nothing now.
	Void bool `json:"void,omitzero"`
}

// A PairSignal is what bitbank's flags say of one pair, and since when.
type PairSignal struct {
	State   probe.PairState `json:"state"`
	Since   time.Time       `json:"since,omitzero"` // when it left normal
	Retired bool            `json:"retired,omitzero"`
	At      time.Time       `json:"at"`
	FlagsAt time.Time       `json:"flags_at,omitzero"` // when the stop flags were read last; zero when never
	// Base are the stop flags that were set when we began: whoever looks at the pair knows them.
	Base []string `json:"base,omitzero"`
}
