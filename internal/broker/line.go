package broker

import "time"

// again is how long after a read that failed the next one is tried: seldom enough for a bitbank in trouble, soon enough to see
// it come back.
const again = 2500 * time.Millisecond

// failsDark is how many failures in a row make it dark; one can be a connection that bitbank closed.
const failsDark = 2

// A line is what our own requests say of bitbank: whether it answers at all.
type line struct {
	fails int       // of reads and writes in a row
	read  time.Time // when the newest read failed; zero after one that was answered
}

func (l *line) dark() bool { return l.fails >= failsDark }

// failed takes in a read that was not answered.
func (l *line) failed(now time.Time) { l.fails, l.read = l.fails+1, now }

// answered takes in a read that was.
func (l *line) answered() { *l = line{} }

// wait is when the next read may be tried.
func (l *line) wait() time.Time {
	if l.read.IsZero() {
		return time.Time{}
	}
	return l.read.Add(again)
}

// sent learns from a write. One that was refused or taken was answered; one that waited for the limit says nothing.
func (l *line) sent(e Sent, signed bool) {
	switch {
	case !signed:
	case len(e.Orders) > 0, e.Refused != nil && e.Refused.Code != 0:
		l.fails = 0
	case e.Refused != nil, e.Code == 0:
		l.fails++
	}
}

// Dark reports whether bitbank does not answer. New orders are refused then, and reads ask now and then whether it is back.
func (b *Broker) Dark() bool { return b.line.dark() }
