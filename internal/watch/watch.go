package watch

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/journal"
	"hikeshi/internal/probe"
)

// A Journal is what the watch needs of package journal.
type Journal interface {
	// Append returns when the entries are durable, or with the reason why they are not.
	Append(ctx context.Context, entries ...journal.Entry) ([]journal.Seq, error)
}

// Options are what a watch is made of. Probes and Budget are required.
type Options struct {
	Probes   []probe.Probe
	Budget   gate
	Limit    func(key string) int // requests a minute for a budget key
	Journal  Journal              // nil: nothing is recorded, as for a single check
	Windows  []diagnose.Window
	SameEdge []probe.Host
	Resume   incident.State // as the journal's last incident record left it
	Log      *slog.Logger
	Mode     string
	// Health folds our own ticks into how well we are; nil means that the watcher is taken for well.
	Health Health
}

// Health watches the watcher: it is told of every tick and every observation, and says how well we are.
type Health interface {
	Tick(now time.Time, due time.Time) probe.Watcher
	See(probe.Observation)
}

// The rhythm of the loop.
const (
	tick       = 250 * time.Millisecond // slow enough to cost nothing, fast enough that nobody waits for it
	flights    = 1024                   // observations waiting for the loop; a look that meets a full queue waits in vain until its deadline
	digest     = time.Minute
	rawWindow  = time.Minute      // raw observations are kept for so long before an incident opens
	rawSpacing = 30 * time.Second // and recorded at most so often for a target that shows nothing new
)

// A Watch is the running watch. Make one with [New]; all methods may be called concurrently.
type Watch struct {
	o     Options
	seen  chan probe.Observation
	over  chan probe.Target
	out   *recorder
	plots *series

	mu   sync.Mutex // guards what follows
	snap Snapshot
	none map[probe.Target]bool // whose newest look saw nothing: there is no such address, for example
}

// New builds a watch and starts nothing.
func New(o Options) *Watch {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	w := &Watch{o: o, seen: make(chan probe.Observation, flights), over: make(chan probe.Target, flights), plots: newSeries(), none: map[probe.Target]bool{}}
	w.out = newRecorder(o.Journal, o.Log, w.publish)
	return w
}

// Run watches until ctx ends, and returns when every look and stream has stopped and the journal holds all that
// was decided. It may be called once.
func (w *Watch) Run(ctx context.Context) error {
	looks, stop := context.WithCancel(context.WithoutCancel(ctx))
	var flying sync.WaitGroup
	recorded := make(chan struct{})
	go func() { defer close(recorded); w.out.run() }()

	for _, p := range w.o.Probes {
		if p.Follow != nil {
			flying.Go(func() { p.Follow(looks, func(o probe.Observation) { w.report(looks, o) }) })
		}
	}
	l := newLoop(w, time.Now())
	l.start = func(k *look) {
		flying.Go(func() {
			w.look(looks, k.probe)
			select {
			case w.over <- k.probe.Target:
			case <-looks.Done():
			}
		})
	}
	l.run(ctx)

	stop()
	flying.Wait()
	w.out.put(item{entry: journal.Entry{Kind: journal.Stopped, At: time.Now(), Data: struct{}{}}})
	w.out.close()
	<-recorded
	return nil
}

// look runs one look to its end. Its deadline is the probe's own; the slack is for a probe that forgets it.
func (w *Watch) look(ctx context.Context, p probe.Probe) {
	ctx, cancel := context.WithTimeout(ctx, p.Deadline+500*time.Millisecond)
	defer cancel()
	o := p.Look(ctx, func(early probe.Observation) { w.report(ctx, early) })
	w.mu.Lock()
	w.none[p.Target] = o.Target == ""
	w.mu.Unlock()
	if o.Target == "" {
		return // nothing was seen, or it was cut short by our own end
	}
	w.report(context.WithoutCancel(ctx), o)
}

func (w *Watch) report(ctx context.Context, o probe.Observation) {
	select {
	case w.seen <- o:
	case <-ctx.Done():
	}
}

// Snapshot is the watch as it stands. Everything in it that needed a record has one, or Recorded is false.
func (w *Watch) Snapshot() Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.snap
}

func (w *Watch) publish(s Snapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.snap = s
}

// Series are the last two hours of looks at one target, oldest first.
func (w *Watch) Series(t probe.Target) []Point { return w.plots.points(t) }

// Subscribe delivers every event after the given record until ctx ends. A subscriber that falls behind by more
// than the hub's memory is cut off: its channel is closed, and it starts again from a snapshot.
func (w *Watch) Subscribe(ctx context.Context, after journal.Seq) <-chan Event {
	return w.out.hub.subscribe(ctx, after)
}

// loop is the state that one goroutine owns.
type loop struct {
	w        *Watch
	memory   *diagnose.Memory
	plan     *schedule
	incident incident.State
	verdict  diagnose.Verdict
	self     probe.Watcher
	raw      *rawLog
	minute   time.Time
	doubt    bool // something new and bad came in: judge at once
	fresh    bool // something new came in
	judged   time.Time
	start    func(*look)
}

func newLoop(w *Watch, now time.Time) *loop {
	l := &loop{w: w, memory: diagnose.NewMemory(), incident: w.o.Resume, raw: newRawLog(), minute: now.Truncate(digest)}
	l.plan = newSchedule(w.o.Probes, w.o.Budget, w.o.Limit, now)
	l.self.Since = now
	targets := map[probe.Target]struct{}{}
	for _, p := range w.o.Probes {
		for _, t := range p.Targets() {
			targets[t] = struct{}{}
		}
	}
	l.memory.Watch(targets)
	return l
}

func (l *loop) run(ctx context.Context) {
	due := time.Now()
	clock := time.NewTimer(0)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-l.w.seen:
			l.see(o)
		case t := <-l.w.over:
			l.plan.landed(t)
		case <-clock.C:
			now := time.Now()
			l.health(now, due)
			next := min(tick, l.look(now))
			due = now.Add(next)
			clock.Reset(next)
		}
		l.drain()
		l.judge(time.Now())
	}
}

// drain takes what is already there, so that looks which end together are judged together.
func (l *loop) drain() {
	for range flights {
		select {
		case o := <-l.w.seen:
			l.see(o)
		case t := <-l.w.over:
			l.plan.landed(t)
		default:
			return
		}
	}
}

func (l *loop) see(o probe.Observation) {
	l.memory.See(o)
	l.w.plots.add(o)
	if l.w.o.Health != nil {
		l.w.o.Health.See(o)
	}
	l.fresh = true
	l.doubt = l.doubt || o.Late || o.Failure != probe.OK
	if !o.Late {
		l.raw.add(o)
	}
}

func (l *loop) health(now, due time.Time) {
	if l.w.o.Health != nil {
		since := l.self.Since
		l.self = l.w.o.Health.Tick(now, due)
		l.self.Since = since
	}
	// What keeps the journal from being written outranks what may keep it from being written soon.
	if disk := l.w.out.disk(); disk != probe.OK || l.w.o.Health == nil {
		l.self.Disk = disk
	}
	l.memory.Watcher(l.self)
}

// look starts what is due and says how long nothing will be.
func (l *loop) look(now time.Time) time.Duration {
	start, again := l.plan.due(now)
	for _, k := range start {
		l.start(k)
	}
	return max(again.Sub(now), time.Millisecond)
}

// judge asks for the verdict: at once when something bad came in, otherwise at the tick.
func (l *loop) judge(now time.Time) {
	if !l.doubt && now.Sub(l.judged) < tick {
		return
	}
	l.judged, l.doubt, l.fresh = now, false, false
	round := l.memory.Round(now)
	round.Windows, round.SameEdge = l.w.o.Windows, l.w.o.SameEdge
	v := diagnose.Diagnose(round)
	for _, k := range l.plan.ask(v.Ask, now) {
		l.start(k)
	}
	next, actions := incident.Step(l.incident, v)
	changes := l.changes(v, next, actions, now)
	l.incident, l.verdict = next, v

	if m := now.Truncate(digest); m.After(l.minute) {
		l.minute = m
		changes = append(changes, item{entry: journal.Entry{Kind: journal.Minute, At: now, Data: round}})
	}
	changes = append(changes, l.raw.take(now, next.Current.Phase != incident.None)...)
	snap := Snapshot{
		At: now, Verdict: v, Incident: next.Current, Round: round, Recorded: l.self.Disk == probe.OK,
		Asked: l.asked(now), Mode: l.w.o.Mode,
	}
	l.w.out.putAll(snap, changes)
}

// changes are the records and events of this judgement, in the order in which people should hear of them.
func (l *loop) changes(v diagnose.Verdict, next incident.State, actions []incident.Action, now time.Time) []item {
	var out []item
	if !sameVerdict(l.verdict, v) {
		out = append(out, item{entry: journal.Entry{Kind: journal.Verdict, At: now, Data: v}, event: "verdict"})
	}
	for _, p := range changedParts(l.verdict.Board, v.Board) {
		out = append(out, item{entry: journal.Entry{Kind: journal.Component, At: now, Data: p}, event: "component"})
	}
	for _, a := range actions {
		out = append(out, item{
			entry: journal.Entry{Kind: journal.Incident, At: now, Data: IncidentRecord{Action: a, State: next}},
			event: "incident", data: a,
		})
	}
	return out
}

// An IncidentRecord is what the journal keeps of an action: with it a restart goes on where the watch stopped.
type IncidentRecord struct {
	Action incident.Action `json:"action"`
	State  incident.State  `json:"state"`
}

func (l *loop) asked(now time.Time) map[probe.Host]int {
	out := map[probe.Host]int{}
	for _, k := range l.plan.looks {
		if key := k.probe.Budget; key != "" {
			out[k.probe.Host] = max(out[k.probe.Host], l.w.o.Budget.Count(key, now))
		}
	}
	return out
}

// sameVerdict tells whether people would read the same: numbers inside the evidence may move.
func sameVerdict(a, b diagnose.Verdict) bool {
	return a.Scope == b.Scope && a.Sentence == b.Sentence &&
		fmt.Sprint(a.Parts) == fmt.Sprint(b.Parts) && fmt.Sprint(a.Pairs) == fmt.Sprint(b.Pairs)
}

func changedParts(was, is []diagnose.PartState) []diagnose.PartState {
	before := map[string]diagnose.State{}
	for _, p := range was {
		before[string(p.Part)] = p.State
	}
	var out []diagnose.PartState
	for _, p := range is {
		if before[string(p.Part)] != p.State {
			out = append(out, p)
		}
	}
	return out
}
