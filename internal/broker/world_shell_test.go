package broker

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// A shell does what the broker decides, as package account does: the effects of every step in order, those of several steps
// together when the disk is slow, and nothing before its records are on the disk.
type shell struct {
	w     *world
	b     *Broker
	life  int // what belongs to an earlier life does not happen any more
	up    bool
	disk  []ledger.Record
	known map[string]bool // intents on the disk

	pending []item
	writing bool
	lazy    bool // what is pending is written soon
	backlog []ledger.Record
	full    time.Time // until when the disk is
	armed   time.Time
	audited bool // the account was read whole once: as in package account, bots are refused before
	calls   CallID
	carried int                          // effects so far
	held    map[CallID]func(Reply, bool) // false: the connection broke
	dropped map[string]bool
	updates []time.Time // of the last second: the limiter

	roomless map[string]time.Time // when a barrier of a pair was refused because thirty orders live in it

	gap        time.Time // since when the stream is blind; zero when it sees
	brightened time.Time // when bitbank answered again
	began      time.Time // when this life of ours did
	crashed    time.Time // when the newest crash was
}

type item struct {
	effects []Effect
	done    func(ok bool)
}

func newShell(w *world) *shell {
	return &shell{w: w, known: map[string]bool{}, roomless: map[string]time.Time{}}
}

// after arranges something that dies with us.
func (s *shell) after(d time.Duration, do func()) {
	life := s.life
	s.w.after(d, func() {
		if s.life == life && s.up {
			do()
		}
	})
}

// start takes up what is on the disk.
func (s *shell) start() {
	s.up, s.began = true, s.w.now
	s.life++
	s.pending, s.writing, s.lazy, s.backlog, s.held, s.dropped, s.updates = nil, false, false, nil, map[CallID]func(Reply, bool){}, map[string]bool{}, nil
	s.armed = time.Time{}
	s.b = resumed(s.disk)
	s.b.SetRates(s.w.bank.rates())
	s.b.AllowBarrier(s.w.plan.barrier)
	for _, i := range s.b.Ledger().Open() {
		if i.Answer == ledger.Unanswered && i.Order != nil {
			s.w.truth.isLost(i.ID)
		}
	}
	s.w.truth.restarted()
	s.queue(item{effects: s.b.Start(s.w.now)})
	s.blind()
	s.after(300*time.Millisecond, s.audits)
	if s.w.plan.crashes {
		s.after(s.w.between(20*time.Second, 15*time.Minute), s.crash)
	}
}

// crash cuts what is being written anywhere; what was not on the disk never was.
func (s *shell) crash() {
	if s.w.weather.ended && s.w.plan.kill == 0 {
		return
	}
	s.w.tally.crashes++
	s.up, s.crashed = false, s.w.now
	if s.writing {
		n := s.w.rng.IntN(len(s.inWriting()) + 1)
		s.persist(s.inWriting()[:n])
	}
	s.life++
	held := s.held
	for _, id := range slices.Sorted(maps.Keys(held)) {
		held[id](Reply{}, false)
	}
	s.w.after(s.w.between(500*time.Millisecond, 20*time.Second), s.start)
}

func (s *shell) step(e Event) {
	if !s.up {
		return
	}
	s.queue(item{effects: s.b.Step(s.w.now, e)})
	s.arm()
}

// arm sees to it that the next Tick comes.
func (s *shell) arm() {
	next := s.b.Next(s.w.now)
	if next.IsZero() || !s.armed.IsZero() && !next.Before(s.armed) {
		return
	}
	if next = next.Add(time.Millisecond); next.Before(s.w.now.Add(time.Millisecond)) {
		next = s.w.now.Add(time.Millisecond)
	}
	s.armed = next
	s.after(next.Sub(s.w.now), func() {
		if s.armed.Equal(next) {
			s.armed = time.Time{}
			s.step(Tick{})
		}
	})
}

func (s *shell) queue(i item) {
	if s.add(i) && !s.writing {
		s.turn()
	}
}

func (s *shell) add(i item) bool {
	if len(i.effects) == 0 && i.done == nil {
		return false
	}
	for _, k := range of[Keep](i.effects) {
		s.w.truth.kept(k.Records)
	}
	s.pending = append(s.pending, i)
	return true
}

// soon carries out effects; records by themselves are written with the next, or a little later.
func (s *shell) soon(effects []Effect) {
	defer s.arm()
	if len(of[Keep](effects)) < len(effects) {
		s.queue(item{effects: effects})
		return
	}
	if !s.add(item{effects: effects}) || s.lazy {
		return
	}
	s.lazy = true
	s.after(2*time.Millisecond, func() {
		if !s.writing && len(s.pending) > 0 {
			s.turn()
		}
	})
}

// told takes in that a bot has its answer, or not.
func (s *shell) told(e Told) {
	if s.up {
		s.soon(s.b.Step(s.w.now, e))
	}
}

func (s *shell) inWriting() []ledger.Record {
	records := slices.Clone(s.backlog)
	for _, i := range s.pending {
		for _, k := range of[Keep](i.effects) {
			records = append(records, k.Records...)
		}
	}
	return records
}

// turn writes the records of all that is pending, and then does the rest.
func (s *shell) turn() {
	s.lazy = false
	records := s.inWriting()
	n := len(s.pending)
	finish := func() {
		ok := s.w.now.After(s.full)
		items := s.pending[:n:n]
		s.pending, s.writing = s.pending[n:], false
		if ok {
			s.backlog = nil
			s.persist(records)
		} else {
			s.backlog = records
		}
		for _, i := range items {
			if i.done != nil {
				i.done(ok)
			}
			for _, e := range i.effects {
				if s.killed() {
					return
				}
				s.do(e)
			}
		}
		if len(s.pending) > 0 && !s.writing {
			s.turn()
		}
	}
	if len(records) == 0 {
		s.writing = true
		finish()
		return
	}
	s.writing = true
	takes := s.w.between(time.Millisecond, 5*time.Millisecond)
	if s.w.chance(0.002) {
		takes = s.w.upTo(time.Second)
	}
	s.after(takes, finish)
}

// killed counts the places where a world can be killed, and reports whether it is down.
func (s *shell) killed() bool {
	if s.carried++; s.carried == s.w.plan.kill {
		s.crash()
	}
	return !s.up
}

func (s *shell) persist(records []ledger.Record) {
	for _, r := range records {
		if s.w.plan.json {
			b, err := json.Marshal(r)
			if err != nil {
				panic(err)
			}
			r = ledger.Record{}
			if err := json.Unmarshal(b, &r); err != nil {
				panic(err)
			}
		}
		s.disk = append(s.disk, r)
		if r.Intended != nil {
			s.known[r.Intended.ID] = true
		}
	}
}

func (s *shell) do(e Effect) {
	switch e := e.(type) {
	case Keep:
	case Send:
		s.limit(e)
	case Drop:
		s.dropped[e.ID] = true
	case Reply:
		if f := s.held[e.Call]; f != nil {
			delete(s.held, e.Call)
			f(e, true)
		} else {
			s.w.never("call %d is answered twice, or was never asked", e.Call)
		}
	case Look:
		s.look(e)
	case Fence:
		s.fence()
	case Read:
		s.read(e)
	case Audit:
		s.audit(func() {})
	case Inspect:
		s.after(s.w.between(20*time.Millisecond, 200*time.Millisecond), func() {
			st := s.w.bank.x.Market().State(e.Pair)
			s.step(Inspected{Pair: e.Pair, Mode: string(st.Mode), Status: st.Status, Stopped: st.Flags.StopOrderAndCancel})
		})
	case Quote:
		s.after(s.w.between(20*time.Millisecond, 200*time.Millisecond), func() { s.step(s.w.bank.quote(e.Pair)) })
	}
}

// limit waits until the account's limit has room, at most five updates a second, and signs.
func (s *shell) limit(e Send) {
	if s.dropped[e.ID] {
		delete(s.dropped, e.ID)
		return
	}
	most := 4
	if e.Cancel != nil {
		most = 5
	}
	s.updates = slices.DeleteFunc(s.updates, func(at time.Time) bool { return s.w.now.Sub(at) >= time.Second })
	if len(s.updates) >= most {
		s.after(s.w.between(50*time.Millisecond, 250*time.Millisecond), func() { s.limit(e) })
		return
	}
	s.updates = append(s.updates, s.w.now)
	signed, window := s.w.now, 2*time.Second
	effects, wanted := s.b.Sign(s.w.now, e.ID, signed, window)
	if !wanted {
		return
	}
	s.w.truth.signed(e)
	s.queue(item{effects, func(ok bool) {
		if !ok && e.Order != nil {
			s.sent(Sent{ID: e.ID, Refused: &ledger.Refused{Proof: bitbank.ProofNotBegun}}, e)
			return
		}
		s.w.truth.wired(e, s.known[e.ID], ok)
		life := s.life
		s.w.bank.post(e, signed, window, func(x Sent) {
			if s.life == life {
				s.sent(x, e)
			}
		})
	}})
	s.arm()
}

func (s *shell) sent(x Sent, e Send) {
	if e.Bot == Own && e.Order != nil && x.Refused != nil && x.Refused.Code == 60011 {
		s.roomless[e.Order.Pair] = s.w.now
	}
	if e.Order != nil && len(x.Orders) == 0 && x.Refused == nil {
		s.w.truth.isLost(e.ID)
	}
	if !s.up || len(x.Orders) == 0 && x.Refused == nil {
		s.step(x)
		return
	}
	effects := s.b.Step(s.w.now, x)
	for _, r := range of[Reply](effects) {
		if r.Intent != x.ID {
			continue
		}
		if s.killed() {
			return
		}
		s.do(r) // before its record
		if s.killed() {
			return
		}
	}
	s.soon(slices.DeleteFunc(effects, func(e Effect) bool {
		r, ok := e.(Reply)
		return ok && r.Intent == x.ID
	}))
}

// chain makes reads one after another; the first that fails ends it. then is told whether all were answered.
func (s *shell) chain(reads []func(), then func(n int)) {
	var next func(n int)
	next = func(n int) {
		if n == len(reads) {
			then(n)
			return
		}
		ok, takes := s.w.weather.read(s.w)
		s.after(takes, func() {
			if !ok {
				s.after(s.w.upTo(2*time.Second), func() { then(n) })
				return
			}
			reads[n]()
			s.after(s.w.upTo(20*time.Millisecond), func() { next(n + 1) })
		})
	}
	next(0)
}

func (s *shell) look(l Look) {
	e := Looked{Pair: l.Pair, Began: s.w.now}
	base, quote, _ := strings.Cut(l.Pair, "_")
	began := s.w.now
	reads := []func(){
		func() { e.Live = s.w.bank.live(l.Pair) },
		func() { e.Trades = s.w.bank.traded(l.Pair, l.Since) },
		func() { e.Orders = s.w.bank.infos(s.missing(e.Trades)); began = s.w.now },
		func() {
			for _, r := range s.w.bank.balances() {
				if r.Asset == base || r.Asset == quote {
					e.Assets = append(e.Assets, r)
				}
			}
			e.AssetsAt = [2]time.Time{began, s.w.now}
		},
		func() { e.Status = s.w.bank.x.Market().State(l.Pair).Status },
	}
	if l.Moved {
		reads = append(reads, func() {
			e.Moved = s.w.now // the crowd trades all the time
		})
	}
	s.chain(reads, func(n int) {
		e.Answered, e.Whole = n > 0, n == len(reads)
		s.step(e)
	})
}

func (s *shell) missing(trades []bitbank.Trade) []bitbank.OrderID {
	var ids []bitbank.OrderID
	for _, t := range trades {
		if o, _, known := s.b.Ledger().Order(t.Pair, t.OrderID); (!known || !o.Status.Terminal()) && !slices.Contains(ids, t.OrderID) {
			ids = append(ids, t.OrderID)
		}
	}
	return ids
}

func (s *shell) fence() {
	f := Fenced{Fence: reconcile.Fence{Signed: s.w.now, Window: 5 * time.Second}}
	s.chain([]func(){func() { f.Code = s.w.bank.accept(f.Signed, f.Window) }}, func(n int) {
		f.OK = n == 1
		s.step(f)
	})
}

func (s *shell) read(r Read) {
	e := Seen{Pair: r.Pair}
	s.chain([]func(){func() {
		e.Orders = s.w.bank.infos(r.IDs)
		for _, id := range r.IDs {
			if !slices.ContainsFunc(e.Orders, func(o bitbank.Order) bool { return o.ID == id }) {
				e.Missing = append(e.Missing, id)
			}
		}
	}}, func(int) { s.step(e) })
}

// audits read the account whole every ten seconds.
func (s *shell) audits() {
	s.audit(func() { s.after(10*time.Second, s.audits) })
}

// audit reads the account whole; the stream sees again after one.
func (s *shell) audit(then func()) {
	var found []ledger.Record
	began := s.w.now
	s.chain([]func(){
		func() {
			s.step(Heard{Records: []ledger.Record{{At: s.w.now, Balance: &ledger.Balance{Rows: s.w.bank.balances(), Began: began}}}})
		},
		func() {
			listed := map[bitbank.OrderID]bool{}
			for _, p := range tradedPairs {
				for _, o := range s.w.bank.live(p) {
					listed[o.ID] = true
					found = append(found, ledger.Record{Order: &o})
				}
			}
			var ended []bitbank.OrderID
			for _, o := range s.b.Ledger().Live() {
				if !listed[o.ID] {
					ended = append(ended, o.ID)
				}
			}
			for _, o := range s.w.bank.infos(ended) {
				found = append(found, ledger.Record{Order: &o})
			}
			s.step(Heard{Records: found})
		},
		func() {
			from := s.b.Ledger().CoveredTo(ledger.Trades)
			if from.IsZero() {
				from = begin
			}
			now := s.w.now
			var trades []ledger.Record
			trades = append(trades, s.w.bank.deposits...)
			for _, t := range s.w.bank.traded("", from.Add(-time.Minute)) {
				trades = append(trades, ledger.Record{Traded: &t})
			}
			trades = append(trades, ledger.Record{Backfilled: &ledger.Backfilled{Kind: ledger.Trades, From: from, To: now.Add(-time.Minute)}})
			s.step(Heard{Records: trades})
		},
	}, func(n int) {
		s.audited = s.audited || n == 3
		if n == 3 {
			s.step(Audited{Began: began})
		}
		if n == 3 && !s.gap.IsZero() && (s.w.plan.quick || s.w.chance(0.7)) {
			s.step(Heard{Gap: &reconcile.Gap{From: s.gap, To: s.w.now}})
			s.gap = time.Time{}
		}
		then()
	})
}

// blind is a stream that may have lost something.
func (s *shell) blind() {
	s.gap = s.w.now
	s.step(Heard{Gap: &reconcile.Gap{From: s.gap}})
	if s.w.plan.quick { // what was missed is read as soon as it is connected again
		s.after(s.w.upTo(2*time.Second), func() { s.audit(func() {}) })
	}
}

// stream brings a message, perhaps late, twice or never.
func (s *shell) stream(r ledger.Record) {
	w := s.w
	if !s.up || !s.gap.IsZero() {
		return
	}
	if w.weather.kind != "well" {
		switch {
		case w.chance(0.0005):
			s.blind()
			return
		case w.chance(0.002): // lost, and nobody notices
			return
		}
	}
	times := 1
	if w.chance(0.02) {
		times = 2
	}
	for range times {
		late := w.between(10*time.Millisecond, 200*time.Millisecond)
		if w.chance(0.01) {
			late = w.upTo(20 * time.Second)
		}
		s.after(late, func() {
			r.At = w.now
			s.step(Heard{Records: []ledger.Record{r}})
		})
	}
}

// unsettled is how many orders nobody knows the outcome of, and no human has to say.
func (s *shell) unsettled() int {
	if n := 0; s.w.n%100 != 0 { // looked at closely now and then
		for _, p := range s.b.pairs {
			n += len(p.open)
		}
		if n > 0 {
			return n
		}
	}
	n := 0
	for _, i := range s.b.Ledger().Open() {
		if i.Order != nil && (i.Case == nil || i.Case.Verdict != reconcile.Ambiguous) {
			n++
		}
	}
	return n
}
