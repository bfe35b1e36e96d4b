package probe

import (
	"encoding/json"
	"errors"
	"hash/maphash"
	"time"

	"hikeshi/bitbank"
)

const (
	// frozenAfter is how often in a row the same message makes it frozen: twice is a duplicate, and whole books come only
	// once a second. Whether nothing has really changed is asked of REST.
	frozenAfter = 3
	frozenLeast = 1500 * time.Millisecond // and over how long
	// firstQuiet is how long a channel may say nothing at all after we joined, while the others talk.
	firstQuiet = 15 * time.Second
	// missedTrades is how many new prices the ticker shows without a trade on the channel of trades.
	missedTrades = 2
)

// A feed is one channel: its rooms' arrivals, and the newest data of the first pair, which is compared with REST.
type feed struct {
	channel bitbank.Channel
	all     pace // any of its rooms
	main    pace // the first pair's room
	dataAt  time.Time
	seq     uint64
	price   string
	bad     string // why the newest message could not be read; "" when it could

	wholeAt time.Time // when a whole book was last read to its end

	hash  uint64
	same  int       // identical messages in a row
	since time.Time // of the first of them

	missed   int // prices that changed without a trade: on the feed of trades alone
	missedAt time.Time
	mute     bool // said to be silent, and nothing has come since

	modes map[string]string // circuit-break modes that have not been reported yet
}

var hashSeed = maphash.MakeSeed()

func newFeed(c bitbank.Channel) *feed {
	f := &feed{channel: c}
	if c == bitbank.ChannelDepthWhole {
		f.all.least, f.main.least = paceWholes, paceWholes
	}
	return f
}

// hear takes in one message.
func (f *feed) hear(e bitbank.Event, main bool) {
	f.all.hear(e.At)
	f.mute = false
	if f.channel == bitbank.ChannelCircuitBreakInfo {
		f.circuit(e, main)
		return
	}
	if !main {
		return
	}
	f.main.hear(e.At)
	f.missed = 0
	if h := maphash.Bytes(hashSeed, e.Raw); h == f.hash && f.same > 0 {
		f.same++
		return // nothing new to read
	} else {
		f.hash, f.same, f.since = h, 1, e.At
	}
	f.bad = ""
	if err := f.read(e); err != nil {
		f.bad = err.Error()
	}
}

// read takes out of a message when its data is from.
func (f *feed) read(e bitbank.Event) error {
	switch f.channel {
	case bitbank.ChannelTicker:
		t, err := e.Ticker()
		if err != nil {
			return err
		}
		f.dataAt, f.price = t.At.Time(), t.Last.String()
	case bitbank.ChannelDepthDiff:
		d, err := e.DepthDiff()
		if err != nil {
			return err
		}
		f.dataAt, f.seq = d.At.Time(), uint64(d.Seq)
	case bitbank.ChannelDepthWhole:
		return f.whole(e)
	case bitbank.ChannelTransactions:
		all, err := e.Transactions()
		if err != nil {
			return err
		}
		for _, t := range all {
			if at := t.At.Time(); at.After(f.dataAt) {
				f.dataAt, f.seq = at, uint64(t.ID)
			}
		}
	}
	return nil
}

// wholeEvery is how often a whole book is read to its last level. Hundreds of exact numbers a second would be half of
// what this program costs in calm; in between its time and sequence are enough.
const wholeEvery = 10 * time.Second

func (f *feed) whole(e bitbank.Event) error {
	if e.At.Sub(f.wholeAt) >= wholeEvery {
		d, err := e.Depth()
		if err != nil {
			return err
		}
		f.dataAt, f.seq, f.wholeAt = d.At.Time(), uint64(d.Seq), e.At
		return nil
	}
	var head struct {
		At  bitbank.Millis   `json:"timestamp"`
		Seq bitbank.Sequence `json:"sequenceId"`
	}
	if err := json.Unmarshal(e.Raw, &head); err != nil {
		return err
	}
	if head.At <= 0 || head.Seq == 0 {
		return errors.New("a book without time or sequence")
	}
	f.dataAt, f.seq = head.At.Time(), uint64(head.Seq)
	return nil
}

func (f *feed) circuit(e bitbank.Event, main bool) {
	c, err := e.CircuitBreakInfo()
	if err != nil {
		f.bad = err.Error()
		return
	}
	f.bad = ""
	if f.modes == nil {
		f.modes = map[string]string{}
	}
	f.modes[e.Pair] = c.Mode
	if main {
		f.dataAt = c.At.Time()
	}
}

// sparse channels say nothing for minutes in a healthy market: silence alone is no evidence against them.
func (f *feed) sparse() bool {
	return f.channel == bitbank.ChannelTransactions || f.channel == bitbank.ChannelCircuitBreakInfo
}

// judge says how the channel stands on a connection that was opened at begun; talk is how many messages came on it in all,
// the newest at newest: a channel is silent only where others talk, or else all of it waits for a lost packet. seen is false
// while there is nothing to say yet.
func (f *feed) judge(now, begun, newest time.Time, talk int) (fail Failure, detail string, seen bool) {
	open := now.Sub(begun)
	switch {
	case f.bad != "":
		return Shape, f.bad, true
	case f.same >= frozenAfter && now.Sub(f.since) >= frozenLeast && f.channel != bitbank.ChannelCircuitBreakInfo:
		return Frozen, "the same message again and again", true
	case f.missed >= missedTrades && now.Sub(f.missedAt) >= paceLeast:
		return ChannelSilent, "the price moves, and no trade is shown", true
	case f.sparse():
		return OK, nothingYet(f.all), f.all.heard > 0 || talk > 0 && open >= time.Second
	case f.all.heard == 0 && open >= firstQuiet && talk >= 100:
		return ChannelSilent, nothingYet(f.all), true
	case f.all.heard == 0:
		return OK, nothingYet(f.all), talk > 0 && open >= 2*time.Second
	case f.mute, f.all.overdue(now, begun) && f.all.behind(newest, begun), f.main.overdue(now, begun) && f.main.behind(newest, begun):
		f.mute = true
		return ChannelSilent, "", true
	}
	return OK, "", true
}

func nothingYet(p pace) string {
	if p.heard == 0 {
		return "nothing yet"
	}
	return ""
}
