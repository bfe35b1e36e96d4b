package bitbank_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// A listener is an owner of a private stream in a bubble, who writes down what happens. A test has its fields for itself
// except while it waits in told, sleep and end.
type listener struct {
	sync.Mutex
	t       *testing.T
	pubnub  *bitbanktest.PubNub
	options bitbank.PrivateOptions
	began   time.Time
	story   []string // what happened since it was last told, without polls
	polls   int
	trades  map[bitbank.TradeID]int
	cursor  bitbank.Cursor
	events  []bitbank.PrivateEvent

	ticketErr, backfillErr error
	tickets                int
	backfills              []string
	end                    func() error
}

func (l *listener) hear(e bitbank.PrivateEvent) {
	l.Lock()
	defer l.Unlock()
	l.events = append(l.events, e)
	text := e.Kind.String()
	switch e.Kind {
	case bitbank.PrivatePolled:
		l.polls++
		l.cursor = e.Cursor
		return
	case bitbank.PrivateBackfilled:
		l.cursor = e.Cursor
	case bitbank.PrivateGap:
		text += " " + string(e.Reason) + " " + l.since(e.Since)
	case bitbank.PrivateClosed:
		text += " " + describe(e.Err)
	case bitbank.PrivateMessage, bitbank.PrivateUnknown:
		text += " " + e.Method
		for _, t := range e.Trades {
			l.trades[t.ID]++
			text += fmt.Sprint(" ", t.ID)
		}
	}
	if e.At.IsZero() || (e.Err != nil) != (e.Retry > 0 || e.Kind == bitbank.PrivateUnreadable) {
		l.t.Errorf("%+v", e)
	}
	l.story = append(l.story, text)
}

// since writes a time as seconds from the beginning.
func (l *listener) since(at time.Time) string {
	if at.IsZero() {
		return "ever"
	}
	return at.Sub(l.began).Round(time.Second).String()
}

// told is what happened since the last time.
func (l *listener) told() string {
	l.Unlock()
	synctest.Wait()
	l.Lock()
	s := strings.Join(l.story, ", ")
	l.story = nil
	return s
}

func (l *listener) sleep(d time.Duration) {
	l.Unlock()
	time.Sleep(d)
	l.Lock()
}

func (l *listener) expect(want string) {
	l.t.Helper()
	if got := l.told(); got != want {
		l.t.Errorf("after %v:\n got %s\nwant %s", time.Since(l.began), got, want)
	}
}

// start follows the stream from the newest cursor.
func (l *listener) start() {
	ctx, cancel := context.WithCancel(l.t.Context())
	ended := make(chan error, 1)
	l.options.Resume = l.cursor
	go func() { ended <- bitbank.FollowPrivate(ctx, l.options, l.hear) }()
	l.end = func() error {
		cancel()
		l.Unlock()
		defer l.Lock()
		return <-ended
	}
}

// listen runs test in virtual time with a PubNub behind an in-memory network.
func listen(t *testing.T, o bitbanktest.PubNubOptions, test func(t *testing.T, l *listener)) {
	synctest.Test(t, func(t *testing.T) {
		fake := bitbanktest.NewPubNub(o)
		h, end := bitbanktest.Memory(fake)
		defer end()
		l := &listener{t: t, pubnub: fake, began: time.Now(), trades: map[bitbank.TradeID]int{}}
		l.options = bitbank.PrivateOptions{
			HTTP: h, URL: "http://pubnub.invalid",
			Ticket: func(context.Context) (bitbank.Ticket, error) {
				l.Lock()
				defer l.Unlock()
				l.tickets++
				return bitbank.NewTicket(fake.Ticket()), l.ticketErr
			},
			Backfill: func(ctx context.Context, since time.Time) error {
				l.Lock()
				defer l.Unlock()
				l.backfills = append(l.backfills, l.since(since))
				return l.backfillErr
			},
		}
		l.Lock()
		test(t, l)
		if l.end != nil {
			if err := l.end(); !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		}
	})
}

const begins = "renewed, opened, gap first ever, backfilled"

func fill(id int) string {
	return fmt.Sprintf(`{"method":"spot_trade","params":[{"trade_id":%d,"pair":"btc_jpy","order_id":59600000001,"side":"buy","type":"limit","price":"15000000","amount":"0.0100","maker_taker":"maker","fee_amount_base":"0","fee_amount_quote":"-30","executed_at":1767225600100}]}`, id)
}
