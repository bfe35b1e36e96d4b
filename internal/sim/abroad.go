package sim

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"hikeshi/internal/sim/market"
)

// The other exchanges follow the world's price, which no halt at bitbank stops, each a little apart and with a noise of its own.
// The control host can move them without bitbank, bitbank without them, one alone, or stop one's clock.

// A venue is one of them: where it departs from the world. The simulator's lock guards it.
type venue struct {
	apart   float64 // its own basis, as a share of the price
	drifts  map[string]*drift
	stopped time.Time          // since when its clock stands still; zero while it runs
	as      map[string]float64 // its prices when it stopped
	crossed bool               // its bid is above its ask
}

// A drift is how far a venue's price of one pair has been moved away from the world's: by a factor.
type drift struct {
	from, to float64
	start    time.Time
	length   time.Duration
	held     float64   // the price at which it stands still, while bitbank moves alone; 0: it follows
	until    time.Time // of held
}

func newVenues() map[string]*venue {
	all := map[string]*venue{}
	for host, apart := range map[string]float64{"venue1": 2e-4, "venue2": -1e-4, "venue3": 1e-4} {
		all[host] = &venue{apart: apart, drifts: map[string]*drift{}, as: map[string]float64{}}
	}
	return all
}

// abroad are the pairs that are traded everywhere.
var abroad = []string{"btc_jpy", "eth_jpy", "xrp_jpy"}

// price is what a coin costs at a venue, without its noise.
func (e *venue) price(m *market.Market, pair string, now time.Time) float64 {
	world := m.Price(pair) * (1 + e.apart)
	d := e.drifts[pair]
	if d == nil {
		return world
	}
	if d.held > 0 {
		if now.Before(d.until) {
			return d.held
		}
		d.from, d.to, d.start, d.length, d.held = d.held/world, d.held/world, now, 0, 0
	}
	return world * d.factor(now)
}

func (d *drift) factor(now time.Time) float64 {
	if past := now.Sub(d.start); past < d.length {
		return d.from + (d.to-d.from)*float64(past)/float64(d.length)
	}
	return d.to
}

// drift is where a venue stands now, so that it can be sent elsewhere from there.
func (e *venue) drift(m *market.Market, pair string, now time.Time) *drift {
	e.price(m, pair, now) // what was held ends
	d := e.drifts[pair]
	if d == nil {
		d = &drift{from: 1, to: 1}
		e.drifts[pair] = d
	}
	return d
}

// noise is up to a hundredth of a percent each way, another every second and the same for the same seed.
func (s *Sim) noise(host, pair string, now time.Time) float64 {
	h := fnv.New32a()
	fmt.Fprintf(h, "%d %s %s %d", s.o.Seed, host, pair, now.Unix())
	return (float64(h.Sum32()%2001)/1000 - 1) * 1e-4
}

// quote is what a venue says of a pair now, and its own time.
type quote struct {
	last, bid, ask, volume float64
	at                     time.Time
}

// elsewhere is a venue's ticker; ok is false for a pair that it does not trade.
func (s *Sim) elsewhere(host string, v visit, pair string, half float64) (q quote, ok bool) {
	if !slices.Contains(abroad, pair) {
		return quote{}, false
	}
	real := v.now.Add(-v.skew)
	s.read(v, func(m *market.Market) {
		e := s.venues[host]
		q.at, q.last = v.now, e.price(m, pair, real)*(1+s.noise(host, pair, real))
		if !e.stopped.IsZero() {
			q.at, q.last = e.stopped, e.as[pair]
		}
		if e.crossed {
			half = -half
		}
		q.bid, q.ask = q.last*(1-half), q.last*(1+half)
		q.volume, _ = strconv.ParseFloat(m.Ticker(pair).Vol, 64)
	})
	return q, true
}

// A trip is a move of the market: everywhere, at bitbank alone, at the other venues, or at one of them.
type trip struct {
	Pair    string `json:"pair"`
	Percent string `json:"move_percent"`
	OverMS  int64  `json:"over_ms"`
	Last    string `json:"last"`
	Where   string `json:"where"` // "", bitbank, venues, venue1, venue2 or venue3
}

func (t trip) check(m *market.Market) (percent float64, err error) {
	away := t.Where != "" && t.Where != "bitbank"
	switch {
	case !m.Known(t.Pair):
		return 0, fmt.Errorf("pair: %q is no pair of this exchange", t.Pair)
	case !slices.Contains([]string{"", "bitbank", "venues", "venue1", "venue2", "venue3"}, t.Where):
		return 0, fmt.Errorf("where: %q is none of bitbank, venues, venue1, venue2, venue3; leave it out for everywhere", t.Where)
	case away && !slices.Contains(abroad, t.Pair):
		return 0, fmt.Errorf("pair: %s is not traded elsewhere, btc_jpy, eth_jpy and xrp_jpy are", t.Pair)
	}
	if t.Last != "" {
		if t.Percent != "" || t.OverMS != 0 {
			return 0, errors.New("last: jumps at once, so it stands without move_percent and over_ms")
		}
		return 0, nil
	}
	percent, err = strconv.ParseFloat(t.Percent, 64)
	switch {
	case err != nil || math.IsNaN(percent) || percent <= -100 || percent > 1000:
		return 0, fmt.Errorf("move_percent: expected a number in a string, more than -100 and at most 1000, such as \"-8\", got %q", t.Percent)
	case t.OverMS < 0 || t.OverMS > maxTime:
		return 0, fmt.Errorf("over_ms: expected milliseconds from 0 to %d, got %d", maxTime, t.OverMS)
	}
	return percent, nil
}

func (s *Sim) moveMarket(body io.Reader) (any, error) {
	var to trip
	if err := strict(body, &to); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.x.Market()
	percent, err := to.check(m)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	s.advance(now)
	// Market time is faster than ours by the speed; the venues' drifts are in ours.
	length := time.Duration(to.OverMS) * time.Millisecond
	ours := time.Duration(float64(length) / s.o.Speed)
	if to.Where != "" && to.Where != "bitbank" {
		return s.moveVenues(m, to, percent, ours, now)
	}
	held := map[string]float64{}
	if to.Where == "bitbank" {
		for host, e := range s.venues {
			held[host] = e.price(m, to.Pair, now)
		}
	}
	var changes []market.Change
	if to.Last != "" {
		changes, err = m.Jump(to.Pair, to.Last, now)
	} else {
		changes, err = m.Move(to.Pair, percent, length, now)
	}
	s.x.See(changes)
	if err != nil {
		return nil, err
	}
	for host, price := range held {
		// A tick longer than the move, so that the market has arrived when they follow it again.
		d := s.venues[host].drift(m, to.Pair, now)
		d.held, d.until = price, now.Add(ours+2*tick)
	}
	return done{true}, nil
}

// moveVenues moves other exchanges and leaves bitbank where it is. The lock is held.
func (s *Sim) moveVenues(m *market.Market, to trip, percent float64, length time.Duration, now time.Time) (any, error) {
	last := 0.0
	if to.Last != "" {
		if last = number(to.Last); last == 0 {
			return nil, fmt.Errorf("last: %q is no positive decimal number in a string up to 1000000000000, such as \"15000000\"", to.Last)
		}
	}
	for host, e := range s.venues {
		if to.Where != "venues" && to.Where != host {
			continue
		}
		d := e.drift(m, to.Pair, now)
		from := d.factor(now)
		if last > 0 {
			d.from, d.to, d.length = from, last/(m.Price(to.Pair)*(1+e.apart)), 0
		} else {
			d.from, d.to, d.length = from, from*(1+percent/100), length
		}
		d.start = now
	}
	return done{true}, nil
}

// number reads a positive decimal number of at most 1e12; 0 when it is none.
func number(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0 && v <= 1e12) {
		return 0
	}
	return v
}

// setVenue stops a venue's clock, and its prices with it, or turns its book upside down. What is left out stays.
func (s *Sim) setVenue(host string, body io.Reader) (any, error) {
	var to struct {
		Frozen  *bool `json:"frozen"`
		Crossed *bool `json:"crossed"`
	}
	if err := strict(body, &to); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.venues[host]
	if e == nil {
		return nil, wrong(http.StatusNotFound, fmt.Errorf("venue %q: there are venue1, venue2 and venue3", host))
	}
	now := time.Now()
	s.advance(now)
	switch {
	case to.Frozen == nil:
	case !*to.Frozen:
		e.stopped = time.Time{}
	case e.stopped.IsZero():
		e.stopped = now
		for _, pair := range abroad {
			e.as[pair] = e.price(s.x.Market(), pair, now) * (1 + s.noise(host, pair, now))
		}
	}
	if to.Crossed != nil {
		e.crossed = *to.Crossed
	}
	return done{true}, nil
}
