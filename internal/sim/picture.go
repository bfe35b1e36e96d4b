package sim

import (
	"time"

	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/transfer"
)

// A picture is the exchange as it was at a moment: what a replica that lags behind shows.
type picture struct {
	at    time.Time
	x     *exchange.Exchange
	desks map[string]*transfer.Desk
}

// take makes a picture of everything, the market included. The lock is held.
func (s *Sim) take() *picture { return s.pictureOf(s.x.Clone()) }

func (s *Sim) pictureOf(x *exchange.Exchange) *picture {
	p := &picture{at: x.Clock(), x: x, desks: map[string]*transfer.Desk{}}
	for _, u := range s.users {
		p.desks[u.id] = u.desk.Clone(x.Purse(x.Account(u.id)))
	}
	return p
}

const (
	// maxLag is how far a replica can lag behind.
	maxLag = time.Minute
	// lagStep is how often a picture for it is taken: it shows the accounts of up to so much earlier.
	lagStep = 500 * time.Millisecond
)

// trail keeps the pictures that lagging replicas show, as long as there are such. The lock is held.
func (s *Sim) trail(now time.Time) {
	a := s.faults.find("private", is("replica_lag"))
	if a == nil {
		s.lag = nil
		return
	}
	if n := len(s.lag); n > 0 && now.Sub(s.lag[n-1].at) < lagStep {
		return
	}
	s.lag = append(s.lag, s.pictureOf(s.x.Snapshot()))
	for len(s.lag) > 1 && now.Sub(s.lag[1].at) >= maxLag {
		s.lag = s.lag[1:]
	}
}

// lagging is the newest picture that is not newer than then, or the oldest there is.
func (s *Sim) lagging(then time.Time) *picture {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lag) == 0 {
		s.lag = append(s.lag, s.pictureOf(s.x.Snapshot()))
	}
	out := s.lag[0]
	for _, p := range s.lag {
		if !p.at.After(then) {
			out = p
		}
	}
	return out
}
