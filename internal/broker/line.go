package broker

import (
	"time"

	"hikeshi/bitbank"
)

// again is how long after a read that failed the next one is tried: seldom enough for a bitbank in trouble, soon enough to see
// it come back.
const again = 2500 * time.Millisecond

// failsDark is how many failures in a row make it dark; one can be a connection that bitbank closed.
const failsDark = 2

// A line is what our own requests say of bitbank: whether it answers at all.
type line struct {
	fails int       // of reads and writes in a row
	read  time.Time // when the newest read failed; zero after one that was answered

	darkness time.Time // since when it is dark
	bright   time.Time // when it was over
	next     time.Time // when the next order may be sent after it
}

func (l *line) dark() bool { return l.fails >= failsDark }

// failed takes in a read that was not answered.
func (l *line) failed(now time.Time) {
	l.read = now
	l.fail(now)
}

func (l *line) fail(now time.Time) {
	if l.fails++; l.fails == failsDark {
		l.darkness = now
	}
}

// answered takes in a read that was, or a write.
func (l *line) answered(now time.Time) {
	if l.dark() && now.Sub(l.darkness) >= rampAfter {
		l.bright, l.next = now, now
	}
	l.fails, l.read = 0, time.Time{}
}

const (
	rampAfter = 10 * time.Second // shorter darkness does not make a rush
	rampStep  = 10 * time.Second
)

// rampPace is how long one order follows another in each step after an outage. bitbank itself allows six a second.
var rampPace = []time.Duration{time.Second, 500 * time.Millisecond, 400 * time.Millisecond, 300 * time.Millisecond, 250 * time.Millisecond, 200 * time.Millisecond}

// ramp is when the next order may be sent: everybody wants to trade when bitbank is back.
func (l *line) ramp(now time.Time) time.Time {
	if l.bright.IsZero() || now.Sub(l.bright) >= rampStep*time.Duration(len(rampPace)) {
		return time.Time{}
	}
	return l.next
}

// admitted takes in that one is sent.
func (l *line) admitted(now time.Time) {
	if step := now.Sub(l.bright) / rampStep; !l.bright.IsZero() && int(step) < len(rampPace) {
		l.next = now.Add(rampPace[max(0, step)])
	}
}

// wait is when the next read may be tried.
func (l *line) wait() time.Time {
	if l.read.IsZero() {
		return time.Time{}
	}
	return l.read.Add(again)
}

// sent learns from a write. One that was refused or taken was answered; one that waited for the limit, or that we kept back
// because its record could not be written, says nothing.
func (l *line) sent(now time.Time, e Sent, signed bool) {
	switch {
	case !signed, e.Refused != nil && e.Refused.Proof == bitbank.ProofNotBegun:
	case len(e.Orders) > 0, e.Refused != nil && e.Refused.Code != 0:
		l.answered(now)
	case e.Refused != nil, e.Code == 0:
		l.fail(now)
	}
}

// Dark reports whether bitbank does not answer. New orders are refused then, and reads ask now and then whether it is back.
func (b *Broker) Dark() bool { return b.line.dark() }
