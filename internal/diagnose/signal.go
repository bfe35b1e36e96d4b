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
}

// A PairSignal is what bitbank's flags say of one pair, and since when.
type PairSignal struct {
	State   probe.PairState `json:"state"`
	Since   time.Time       `json:"since,omitzero"` // when it left normal
	Retired bool            `json:"retired,omitzero"`
	At      time.Time       `json:"at"`
}
