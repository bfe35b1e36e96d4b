package account

import (
	"time"

	"hikeshi/internal/broker"
)

const (
	// heardMost is how many reports are taken in and written in one go: a bot's order waits for one such piece, not for all that
	// a read of the whole account has brought.
	heardMost = 10
	// paying is how long the records of debts that were paid wait for others, to be written with them: nobody waits for them.
	// A crash in between costs what a crash before the answer costs: the bot's next equal order within ten minutes is told of
	// this one.
	paying = 5 * time.Millisecond
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

// paid tells the broker that a bot has its answer. The records of that are written with the next, or a little later.
func (a *Account) paid(e broker.Told) {
	a.mu.Lock()
	defer a.mu.Unlock()
	effects := a.broker.Step(time.Now(), e)
	for _, x := range effects {
		if _, kept := x.(broker.Keep); !kept { // it let something else go on
			a.queue(item{effects: effects})
			poke(a.tick)
			return
		}
	}
	if len(effects) > 0 {
		a.pending = append(a.pending, item{effects: effects})
		if !a.lazy {
			a.lazy = true
			time.AfterFunc(paying, func() { poke(a.kick) })
		}
	}
	poke(a.tick)
}
