package account

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/stop"
)

// A StopNow is what a plan would do now if it were triggered. Nothing of it is done.
type StopNow struct {
	stop.Step
	At         time.Time
	Held, Free decimal.Decimal // what there is of the coin or the position, and what no order locks
	Mode       string          // circuit-break mode of the pair
	Best       decimal.Decimal // price on the side that the exit takes from; zero: nobody is there
}

// StopNow asks bitbank, and says what a plan would do. ErrStopUnread is its error while bitbank does not answer.
func (a *Account) StopNow(ctx context.Context, id stop.ID) (StopNow, error) {
	a.stops.mu.Lock()
	s, ok := a.stops.book.Find(id)
	a.stops.mu.Unlock()
	if !ok || s.Over() {
		return StopNow{}, ErrNoStop
	}
	if s.State == stop.Armed {
		s.State = stop.Exiting // as if the level had been passed
	}
	exits := a.exitsOf(s, time.Now())
	r := stop.Reading{Began: time.Now()}
	err := a.remaining(ctx, s.Plan, &r)
	if err != nil {
		a.log.Info("it was not asked what a stop would do", "stop", id, "err", err)
		return StopNow{}, ErrStopUnread
	}
	m, err := a.readMarket(ctx, s.Plan)
	if err != nil {
		a.log.Info("it was not asked what a stop would do", "stop", id, "err", err)
		return StopNow{}, ErrStopUnread
	}
	x := &exit{id: id, reads: []stop.Reading{r}, market: m}
	w := a.world(s, x)
	w.Since, w.Exits = time.Time{}, exits
	out := StopNow{Step: s.Next(w), At: m.At, Held: r.Held, Free: r.Free, Mode: m.Break.Mode}
	if len(m.Book) > 0 {
		out.Best = m.Book[0].Price.Decimal()
	}
	return out, nil
}
