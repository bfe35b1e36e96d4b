package watch

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/journal"
	"hikeshi/internal/probe"
)

// paper is a journal in memory whose disk can be made full or slow.
type paper struct {
	mu      sync.Mutex
	entries []journal.Entry
	err     error
	delay   time.Duration
}

func (p *paper) Append(ctx context.Context, entries ...journal.Entry) ([]journal.Seq, error) {
	p.mu.Lock()
	delay, err := p.delay, p.err
	p.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var seqs []journal.Seq
	for _, e := range entries {
		p.entries = append(p.entries, e)
		seqs = append(seqs, journal.Seq(len(p.entries)))
	}
	return seqs, nil
}

func (p *paper) set(err error, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.delay = err, delay
}

func (p *paper) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.entries)
}

func news(kind journal.Kind) item {
	return item{entry: journal.Entry{Kind: kind, At: time.Now(), Data: "x"}, event: "verdict"}
}

func startRecorder(t *testing.T, j Journal) *recorder {
	r := newRecorder(j, slog.New(slog.DiscardHandler), func(Snapshot) {})
	done := make(chan struct{})
	go func() { defer close(done); r.run() }()
	t.Cleanup(func() { r.close(); <-done })
	return r
}

func TestNewsIsToldOnlyAfterItsRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{delay: 300 * time.Millisecond}
		r := startRecorder(t, p)
		events := r.hub.subscribe(t.Context(), 0)
		r.put(news(journal.Verdict))
		time.Sleep(299 * time.Millisecond)
		synctest.Wait()
		select {
		case e := <-events:
			t.Fatalf("told %v before its record was durable", e)
		default:
		}
		e := <-events
		if p.len() != 1 || e.Seq != 1 {
			t.Errorf("told with %d records and number %d, want 1 and 1", p.len(), e.Seq)
		}
	})
}

func TestAFullDiskKeepsNoNewsBackAndLosesNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{err: journal.ErrFull}
		r := startRecorder(t, p)
		events := r.hub.subscribe(t.Context(), 0)
		r.put(news(journal.Incident))
		r.put(item{entry: journal.Entry{Kind: journal.Observation}})
		<-events
		if got := r.disk(); got != "disk_full" {
			t.Errorf("disk is %q, want disk_full", got)
		}
		p.set(nil, 0)
		time.Sleep(1100 * time.Millisecond)
		r.putAll(Snapshot{At: time.Now()}, nil)
		synctest.Wait()
		if p.len() != 1 || r.disk() != probe.OK {
			t.Errorf("%d records and disk %q after space came back, want the incident and OK", p.len(), r.disk())
		}
	})
}

func TestAStuckDiskDelaysNewsByHalfASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{delay: time.Hour}
		r := startRecorder(t, p)
		events := r.hub.subscribe(t.Context(), 0)
		began := time.Now()
		r.put(news(journal.Verdict))
		<-events
		if waited := time.Since(began); waited > patience {
			t.Errorf("news waited %v for a stuck disk, want at most %v", waited, patience)
		}
		if r.disk() != "disk_slow" {
			t.Errorf("disk is %q, want disk_slow", r.disk())
		}
	})
}

func TestASlowSubscriberIsCutOffAndHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRecorder(t, &paper{})
		slow := r.hub.subscribe(t.Context(), 0)
		quick := r.hub.subscribe(t.Context(), 0)
		heard := 0
		go func() {
			for range quick {
				heard++
			}
		}()
		const sent = 3 * (hubQueue + hubMemory)
		for range sent {
			r.put(news(journal.Verdict))
			synctest.Wait()
		}
		for range slow { //nolint:revive // drained until it is closed
		}
		if heard != sent {
			t.Errorf("the quick subscriber heard %d of %d", heard, sent)
		}
	})
}

func TestASubscriberComesBackWhereItLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startRecorder(t, &paper{})
		for range 5 {
			r.put(news(journal.Verdict))
		}
		synctest.Wait()
		events := r.hub.subscribe(t.Context(), 3)
		if a, b := <-events, <-events; a.Seq != 4 || b.Seq != 5 {
			t.Errorf("after record 3 came %d and %d, want 4 and 5", a.Seq, b.Seq)
		}
	})
}
