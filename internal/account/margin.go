package account

import (
	"context"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
)

const (
	// Of the reads of the margin one is written this often while a position is open, and one an hour otherwise: its figures follow
	// the price, so nearly all of them differ. One with another status or demand is written at once.
	marginKept     = 5 * time.Minute
	marginKeptFlat = time.Hour
	// zeroAgain is the least time between two reads that both show a position as closed, for it to be so. bitbank's replicas lag, and
	// one bad answer is not to look like a flat account.
	zeroAgain = 5 * time.Second
)

// margins are what was read of the margin, and of positions, since the start.
type margins struct {
	newest *ledger.Margin             // nil: none
	kept   time.Time                  // when one was written last
	shown  map[exposure.Key]time.Time // when a read said of a position what the ledger has
	zero   map[exposure.Key]time.Time // when a read said first that an open one is closed
	told   bool                       // the stream has told of a demand or a debt: read at once
}

// marginDue reports whether positions and the margin are to be read, that were read last at a time.
func (a *Account) marginDue(last time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	every := positionsEvery
	if len(a.broker.Ledger().Positions()) > 0 {
		every = openEvery
	}
	if len(a.books.margin.zero) > 0 {
		every = zeroAgain
	}
	return a.books.margin.told || time.Since(last) >= every
}

// positions reads the margin positions, and the margin as a whole. An account without margin may be refused, and everything else
// is known without them: a failure leaves them as old as they are.
func (a *Account) positions(ctx context.Context, c *bitbank.Client) {
	began := time.Now()
	p, err := c.MarginPositions(ctx)
	if err != nil {
		a.log.Info("margin positions were not read", "err", err)
		return
	}
	whole := a.takePositions(p, began)
	m := ledger.Margin{Began: time.Now()}
	if m.Status, err = c.MarginStatus(ctx); err != nil {
		a.log.Info("the margin was not read", "err", err)
		return
	}
	if whole {
		m.Held, m.Notice, m.Payable = began, p.Notice, p.Payables.Amount
	}
	a.takeMargin(m)
}

// takePositions notes what a read of the positions says, and reports whether it was whole. No position is an amount of zero, not an
// absent row (measured by others), so a list in which an open one is missing proves nothing; and one that is suddenly zero is
// zero when a second read says so too.
func (a *Account) takePositions(p bitbank.Positions, began time.Time) (whole bool) {
	var records []ledger.Record
	a.mu.Lock()
	l, m := a.broker.Ledger(), &a.books.margin
	if m.shown == nil {
		m.shown, m.zero = map[exposure.Key]time.Time{}, map[exposure.Key]time.Time{}
	}
	listed := map[exposure.Key]bool{}
	for _, x := range p.Positions {
		key := exposure.Key{Pair: x.Pair, Side: x.Side}
		listed[key] = true
		known, ok := l.Position(x.Pair, x.Side)
		x.LockedAmount = known.LockedAmount // only the stream tells it
		open := ok && known.OpenAmount.Decimal().IsPositive()
		if open && x.OpenAmount.Decimal().IsZero() {
			if first, again := m.zero[key]; !again || began.Sub(first) < zeroAgain {
				if !again {
					m.zero[key] = began
				}
				continue
			}
		}
		delete(m.zero, key)
		m.shown[key] = began
		if x != known && (ok || x.OpenAmount.Decimal().IsPositive()) {
			records = append(records, ledger.Record{At: began, Position: &x})
		}
	}
	whole = true
	for _, known := range l.Positions() {
		whole = whole && listed[exposure.Key{Pair: known.Pair, Side: known.Side}]
	}
	m.told = false
	a.mu.Unlock()
	if !whole {
		a.log.Warn("bitbank's list of margin positions lacks one that is open; it is kept as it was")
	}
	if len(records) > 0 {
		a.step(broker.Heard{Records: records})
	}
	return whole
}

// takeMargin notes a read of the margin, and writes it when that is due.
func (a *Account) takeMargin(m ledger.Margin) {
	now := time.Now()
	a.mu.Lock()
	l, s := a.broker.Ledger(), &a.books.margin
	markets := a.markets(now, "")
	for _, h := range l.Holdings() {
		pair := h.Asset + "_jpy"
		if own := markets[pair].Own; h.OnHand.Decimal().IsPositive() && own.Price.IsPositive() && now.Sub(own.At) <= exposure.OwnFresh {
			if m.Prices == nil {
				m.Prices = map[string]bitbank.Number{}
			}
			m.Prices[pair] = bitbank.NewNumber(own.Price)
		}
	}
	last, known := l.Margin()
	every := marginKeptFlat
	if len(l.Positions()) > 0 {
		every = marginKept
	}
	due := !known || now.Sub(s.kept) >= every || last.Status.Status != m.Status.Status || !m.Held.IsZero() && last.Notice != m.Notice
	if s.newest != nil && m.Held.IsZero() { // this read was not whole: the one before still says what it said
		m.Held, m.Notice, m.Payable = s.newest.Held, s.newest.Notice, s.newest.Payable
	}
	s.newest = &m
	if due {
		s.kept = now
	}
	a.mu.Unlock()
	if due {
		a.step(broker.Heard{Records: []ledger.Record{{At: now, Margin: &m}}})
	}
}
