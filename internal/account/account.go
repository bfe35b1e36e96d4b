package account

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/exposure"
	"hikeshi/internal/journal"
	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
	"hikeshi/internal/policy"
)

// Priorities of the account's limit, the most urgent first. What bots read, and their orders, use what these leave.
const (
	Panic    = "panic" // cancels of plans
	Exits    = "exit"  // of local stops
	Cancels  = "cancel"
	Settling = "settle"
)

// Limits are bitbank's own, with room kept for cancels and for settling lost orders. Two of ten reads a second are left to the
// watch, which looks with the account's key too.
func Limits() bitbank.LimiterOptions {
	return bitbank.LimiterOptions{Query: 8, Shares: []bitbank.Share{
		{Priority: Panic}, {Priority: Exits}, {Priority: Cancels, Update: 2}, {Priority: Settling, Query: 3, Update: 1},
	}}
}

// A Journal is where records are kept.
type Journal interface {
	// Append returns when the entries are on the disk, and their numbers. Without numbers no snapshots are written.
	Append(ctx context.Context, entries ...journal.Entry) ([]journal.Seq, error)
}

// Options of an Account.
type Options struct {
	// Client has the account's key, and a limiter with at least Limits' shares.
	Client  *bitbank.Client
	Journal Journal
	// Stream is the private stream's host and its subscribe key; with an empty URL it is not followed, and absence is proved
	// by reading alone.
	StreamURL, SubscribeKey string
	StreamHTTP              *http.Client
	// ReadOnly says that the key has no trading right, as far as its owner has confirmed: no order and no cancel is sent.
	ReadOnly bool
	// Barrier allows orders of our own, the smallest that bitbank takes and far from the market, which prove sooner that a
	// lost order was not placed.
	Barrier bool
	// Limiter is the client's: the past is imported while most of it is free. Nil is always.
	Limiter *bitbank.Limiter
	// Switch is for the dead man's switches of bots.
	Switch Switch
	// Policy is what the owner has decided beforehand.
	Policy Policy
	// Low says that the disk has no room but for what cannot be put off: no order is taken then, cancels are. Nil: never.
	Low func() bool
	// Market is what is known of a pair's price elsewhere now; nil: nothing is. It is called often, with a lock held, and answers at
	// once.
	Market func(pair string) exposure.Market
	Log    *slog.Logger // nil: silent
}

// An Account is one account. Make it with Open and let it Run.
type Account struct {
	o   Options
	log *slog.Logger

	mu      sync.Mutex // guards what follows
	broker  *broker.Broker
	pending []item          // effects that are to be carried out, in order
	backlog []ledger.Record // could not be written yet, oldest first
	calls   broker.CallID   // the newest
	waiting map[broker.CallID]chan broker.Reply
	sends   map[string]context.CancelFunc // what a Drop gives up
	read    time.Time                     // when balances, live orders and trades were read for the last time
	busy    time.Time                     // when a bot asked for something last
	ending  bool                          // nothing new is sent or read

	spells map[policy.Cause]lease.Spell // how long each cause of the policy lasts
	lazy   bool                         // what is pending is carried out soon, without a poke

	books     books // see audit.go
	snapshots snapshots

	closed closed
	stops  *stops
	guard  guard

	kick  chan struct{} // holds one: there are pending effects
	tick  chan struct{} // holds one: the next Tick may be due sooner
	doubt chan struct{} // holds one: the account is to be read at once
	over  chan struct{} // closed when Run has ended
	jobs  sync.WaitGroup
	ctx   context.Context // of Run
}

// An item is the effects of one step; done, if there is one, is told when their records are on the disk, or not.
type item struct {
	effects []broker.Effect
	done    chan error
}

// Kind is the kind of the journal's records of an account: a ledger.Record each.
const Kind journal.Kind = "account"

// backlogMost bounds what waits for a full disk in memory. What does not fit is lost with us, and read anew from bitbank.
const backlogMost = 10_000

// Open takes up an account with its records, oldest first.
func Open(o Options, records iter.Seq2[journal.Record, error]) (*Account, error) {
	m := &Memory{Ledger: &ledger.Ledger{}, unsure: true}
	if err := m.fold(records); err != nil {
		return nil, err
	}
	return Resume(o, m), nil
}

// Resume takes up an account where a memory of it ends. The memory is the account's from then on.
func Resume(o Options, m *Memory) *Account {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Low == nil {
		o.Low = func() bool { return false }
	}
	a := &Account{
		o: o, log: o.Log, broker: broker.New(), waiting: map[broker.CallID]chan broker.Reply{}, sends: map[string]context.CancelFunc{},
		kick: make(chan struct{}, 1), tick: make(chan struct{}, 1), doubt: make(chan struct{}, 1), over: make(chan struct{}),
		snapshots: snapshots{upto: m.upto, since: m.since, due: snapshotEvery}, stops: newStops(m.stops),
	}
	a.broker.AllowBarrier(o.Barrier && !o.ReadOnly)
	a.broker.Begin(m.Ledger)
	a.books.turn = make(chan struct{}, 1)
	a.guard, a.spells = newGuard(o.Switch), map[policy.Cause]lease.Spell{}
	return a
}

// Run follows the account until ctx ends. What is being sent then is waited for, so that its answer is recorded. It may be
// called once.
func (a *Account) Run(ctx context.Context) error {
	defer close(a.over)
	a.mu.Lock()
	a.ctx = ctx
	a.books.judge.start, a.books.judge.stream = time.Now(), a.o.StreamURL != ""
	a.books.judge.known = !a.broker.Ledger().Newest().IsZero()
	a.queue(item{effects: a.broker.Start(time.Now())})
	a.takeUp()
	a.mu.Unlock()
	stop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var doing sync.WaitGroup
	doing.Go(func() { a.carry(stop) })
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.clock(ctx) })
	g.Go(func() error { return a.watchBots(ctx) })
	g.Go(func() error { return a.upkeep(ctx) })
	g.Go(func() error { return a.mind(ctx) })
	g.Go(func() error { return a.follow(ctx) })
	g.Go(func() error { return a.history(ctx) })
	g.Go(func() error { return a.lines(ctx) })
	g.Go(func() error { return a.quotes(ctx) })
	g.Go(func() error { return a.watchStops(ctx) })
	g.Go(func() error { return a.quotes(ctx) })
	err := g.Wait()
	a.mu.Lock()
	a.ending = true
	a.mu.Unlock()
	a.jobs.Wait()
	cancel()
	doing.Wait()
	a.lastSnapshot()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// step hands an event to the broker.
func (a *Account) step(e broker.Event) {
	if h, many := e.(broker.Heard); many {
		e = a.pieces(h)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queue(item{effects: a.broker.Step(time.Now(), e)})
	poke(a.tick)
}

// queue has effects carried out. It is called with the lock, so that they are carried out in the order of the steps. A Send
// begins at once, whatever the disk is doing: nothing leaves before it is signed, and what it is signed with comes after the
// records of all steps before.
func (a *Account) queue(i item) {
	for _, e := range i.effects {
		if s, ok := e.(broker.Send); ok && !a.ending {
			ctx, cancel := context.WithCancel(context.Background())
			a.sends[s.ID] = cancel
			a.jobs.Go(func() { a.send(ctx, cancel, s) })
		}
	}
	if len(i.effects) > 0 || i.done != nil {
		a.pending = append(a.pending, i)
		poke(a.kick)
	}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// clock lets the broker's time pass.
func (a *Account) clock(ctx context.Context) error {
	for {
		a.mu.Lock()
		next := a.broker.Next(time.Now())
		a.mu.Unlock()
		var timer <-chan time.Time
		if !next.IsZero() {
			timer = time.After(max(time.Until(next), time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.tick:
		case <-timer:
			a.step(broker.Tick{})
		}
	}
}

// carry carries out effects until ctx ends and none is left.
func (a *Account) carry(ctx context.Context) {
	for {
		select {
		case <-a.kick:
		case <-ctx.Done():
			a.turn()
			return
		}
		a.turn()
	}
}

// turn writes the records of everything that is pending in one go, and then does the rest in order.
func (a *Account) turn() {
	a.mu.Lock()
	items, records := a.pending, a.backlog
	a.pending, a.backlog, a.lazy = nil, nil, false
	for _, i := range items {
		for _, e := range i.effects {
			if k, ok := e.(broker.Keep); ok {
				records = append(records, k.Records...)
			}
		}
	}
	taken := a.snapshotDue(len(records))
	a.mu.Unlock()
	seqs, err := a.write(records)
	a.recorded(len(records), seqs, taken, err)
	for _, i := range items {
		if i.done != nil {
			i.done <- err
		}
		for _, e := range i.effects {
			a.do(e)
		}
	}
}

// write has records on the disk, or keeps them in mind.
func (a *Account) write(records []ledger.Record) ([]journal.Seq, error) {
	if len(records) == 0 {
		return nil, nil
	}
	entries := make([]journal.Entry, len(records))
	for k, r := range records {
		entries[k] = journal.Entry{Kind: Kind, At: r.At, Data: r}
		if f := r.Frozen; f != nil && !f.On && !f.Until.IsZero() {
			a.log.Info("trading by hand is over: the bot's new orders go again, unless they are held besides", "bot", f.Bot)
		}
	}
	seqs, err := a.o.Journal.Append(context.Background(), entries...)
	if err == nil {
		return seqs, nil
	}
	a.log.Error("records of the account were not written", "n", len(records), "err", err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.backlog = append(records, a.backlog...)
	a.backlog = a.backlog[max(0, len(a.backlog)-backlogMost):]
	return nil, err
}

// Unrecorded is how many records wait for the disk.
func (a *Account) Unrecorded() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.backlog)
}

// do carries out one effect.
func (a *Account) do(e broker.Effect) {
	switch e := e.(type) {
	case broker.Keep: // is written
	case broker.Send: // has begun, see queue
	case broker.Drop:
		a.mu.Lock()
		defer a.mu.Unlock()
		if cancel := a.sends[e.ID]; cancel != nil {
			cancel()
		}
	case broker.Reply:
		a.mu.Lock()
		defer a.mu.Unlock()
		a.reply(e)
	case broker.Look:
		a.begin(func() { a.look(e) })
	case broker.Fence:
		a.begin(a.fence)
	case broker.Quote:
		a.begin(func() { a.quote(e) })
	case broker.Observe:
		a.begin(func() { a.observe(e) })
	case broker.Read:
		a.begin(func() { a.readOrders(e) })
	case broker.Audit:
		poke(a.doubt)
	case broker.Inspect:
		a.begin(func() { a.inspect(e) })
	default:
		panic(fmt.Sprintf("account: the effect %T is not known", e))
	}
}

// reply tells whoever waits for it. Called with the lock.
func (a *Account) reply(r broker.Reply) {
	if w := a.waiting[r.Call]; w != nil {
		delete(a.waiting, r.Call)
		w <- r
	}
}

// begin starts something that Run waits for, unless Run is ending.
func (a *Account) begin(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.ending {
		a.jobs.Go(f)
	}
}
