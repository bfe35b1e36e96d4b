package account

import (
	"slices"
	"time"

	"hikeshi/internal/broker"
)

const (
	// heardMost is how many reports are taken in and written in one go: a bot's order waits for one such piece, not for all that
	// a read of the whole account has brought.
	heardMost = 10
	// paying is how long the records of bitbank's answers, and of debts that were paid, wait for others to be written with them:
	// nobody waits for them. What a crash in between costs: see docs/adr/0015.
	paying = 2 * time.Millisecond
)

// pieces hands over reports a piece at a time; each is on the disk, or was not written, before the next. It returns what is left for
// the last step.
func (a *Account) pieces(h broker.Heard) broker.Heard {
	for len(h.Records) > heardMost {
		done := make(chan error, 1)
		a.mu.Lock()
		a.queue(item{a.broker.Step(time.Now(), broker.Heard{Records: h.Records[:heardMost]}), done})
		a.mu.Unlock()
		h.Records = h.Records[heardMost:]
		select {
		case <-done: // what could not be written waits for the disk, see write
		case <-a.over:
		}
	}
	return h
}

// passOn hands on what bitbank has answered to a write. Whoever waits for it is told at once: the intent is on the disk since
// before it was sent, so that what became of it is found out again if the record of the answer is lost.
func (a *Account) passOn(e broker.Sent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	effects := a.broker.Step(time.Now(), e)
	effects = slices.DeleteFunc(effects, func(x broker.Effect) bool {
		r, ok := x.(broker.Reply)
		if ok = ok && r.Intent == e.ID; ok {
			a.reply(r)
		}
		return ok
	})
	a.soon(effects)
}

// paid tells the broker that a bot has its answer.
func (a *Account) paid(e broker.Told) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.soon(a.broker.Step(time.Now(), e))
}

// soon has effects carried out: records by themselves with the next, or a little later. Called with the lock.
func (a *Account) soon(effects []broker.Effect) {
	defer poke(a.tick)
	for _, x := range effects {
		if _, kept := x.(broker.Keep); !kept { // it let something else go on
			a.queue(item{effects: effects})
			return
		}
	}
	if len(effects) == 0 {
		return
	}
	a.pending = append(a.pending, item{effects: effects})
	if !a.lazy {
		a.lazy = true
		time.AfterFunc(paying, func() { poke(a.kick) })
	}
}
