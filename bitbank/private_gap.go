package bitbank

import (
	"context"
	"time"
)

// gapsOf are the reasons why something may be missing between the cursor before an answer and the answer.
func (f *follower) gapsOf(r pollResult, before Cursor) (reasons []GapReason) {
	first := f.channel == ""
	if before.Timetoken == 0 {
		reasons = append(reasons, GapFirst)
	}
	if first && f.Resume.Owed {
		reasons = append(reasons, GapOwed)
	}
	if !first && f.channel != r.ticket.Channel() {
		reasons = append(reasons, GapChannel)
	}
	f.channel = r.ticket.Channel()
	// By our clock and by the provider's: ours may have been set, and a timetoken is only as new as the last message.
	if before.Timetoken != 0 && (r.next.Heard.Sub(f.sure.Heard) > keptFor || r.next.Time().Sub(f.sure.Time()) > keptFor) {
		reasons = append(reasons, GapLong)
	}
	if r.hello && before.Timetoken != 0 && f.cursor.Timetoken != before.Timetoken || !r.hello && r.next.Timetoken < before.Timetoken {
		reasons = append(reasons, GapCursor)
	}
	if len(r.list) >= keptMost {
		reasons = append(reasons, GapFull)
	}
	// Where the queue is says nothing about what waits in it. What was taken reaches at least to where the queue was.
	if !r.hello || len(reasons) > 0 {
		f.sure = r.next
		f.sure.Timetoken = max(f.sure.Timetoken, f.met.Timetoken)
	}
	return reasons
}

// gap reports one, and owes its backfill.
func (f *follower) gap(reason GapReason, before Cursor) {
	var since time.Time
	switch {
	case reason == GapOwed:
		since = f.Resume.Since
	case before.Timetoken != 0:
		since = before.Time().Add(-overlap)
	}
	if f.Backfill != nil {
		f.debt.owe(since)
	}
	f.report(PrivateEvent{Kind: PrivateGap, Reason: reason, Since: since})
}

// fill takes the end of a backfill.
func (f *follower) fill(ctx context.Context, err error) {
	switch {
	case err == nil:
		f.debt.settled()
		f.filling.pause, f.filling.due = 0, time.Now().Add(backfillPause)
		if !f.debt.owed {
			f.report(PrivateEvent{Kind: PrivateBackfilled, Cursor: f.debt.mark(f.cursor)})
		}
	case ctx.Err() == nil:
		f.debt.failed()
		f.report(PrivateEvent{Kind: PrivateBackfillFailed, Err: err, Retry: f.filling.fail(f.PrivateOptions)})
	}
}

// A debt is what must still be read over REST.
type debt struct {
	owed  bool
	since time.Time // zero is all
	// While a backfill runs: from when on it reads. What is owed then is for the next.
	running bool
	reading time.Time
}

func (d *debt) owe(since time.Time) {
	if d.owed {
		since = earlier(d.since, since)
	}
	d.owed, d.since = true, since
}

// begin is a backfill that pays all that is owed now.
func (d *debt) begin() time.Time {
	d.running, d.reading, d.owed = true, d.since, false
	return d.reading
}

func (d *debt) settled() { d.running = false }

func (d *debt) failed() {
	d.running = false
	d.owe(d.reading)
}

// mark puts the debt into a cursor, so that it outlives us.
func (d *debt) mark(c Cursor) Cursor {
	c.Owed, c.Since = d.owed || d.running, time.Time{}
	switch {
	case d.owed && d.running:
		c.Since = earlier(d.since, d.reading)
	case d.owed:
		c.Since = d.since
	case d.running:
		c.Since = d.reading
	}
	return c
}

// earlier is the one that comes first; zero comes before all.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
