package bitbank_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

func TestThePrivateStreamBeginsWithAGapAndCarriesMessages(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.start()
		l.expect(begins)
		at := l.pubnub.Publish(fill(1))
		l.expect("message spot_trade 1")
		if e := l.events[len(l.events)-2]; e.Published.UnixNano()/100 != at || e.Trades[0].OrderID != 59600000001 || len(e.Raw) == 0 {
			t.Errorf("got %+v", e)
		}
		if l.cursor.Timetoken != at || l.cursor.Owed {
			t.Errorf("the cursor is %+v, want %d", l.cursor, at)
		}
		l.pubnub.Publish(`{"message":` + fill(2) + `}`)
		l.pubnub.Publish(`{"data":` + fill(3) + `}`)
		l.pubnub.Publish(`{"method":"something_new","params":{"a":[1]}}`)
		l.sleep(time.Second)
		l.expect("message spot_trade 2, message spot_trade 3, unknown something_new")
		if l.pubnub.Waiting() != 1 || l.tickets != 1 {
			t.Errorf("%d polls wait, %d tickets", l.pubnub.Waiting(), l.tickets)
		}
	})
}

func TestEmptyPollsAreNoTrouble(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.start()
		l.expect(begins)
		l.sleep(3 * time.Hour)
		l.expect("")
		if l.polls < 38 || l.polls > 40 {
			t.Errorf("%d polls in three hours of 280 s each", l.polls)
		}
		l.pubnub.Publish(fill(1))
		l.expect("message spot_trade 1")
	})
}

func TestTheTicketIsRenewedFiveMinutesEarly(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.start()
		l.expect(begins)
		l.sleep(12*time.Hour - 5*time.Minute - time.Second)
		l.expect("")
		l.sleep(2 * time.Second)
		l.expect("renewed")
		// While no ticket can be had the old one serves, and nobody is asked often.
		l.ticketErr = errors.New("maintenance")
		l.tickets = 0
		l.sleep(12*time.Hour - 5*time.Minute - 2*time.Second)
		l.expect("")
		l.sleep(4 * time.Minute)
		if story := l.told(); strings.Trim(strings.ReplaceAll(story, "no ticket", ""), ", ") != "" || l.tickets < 8 || l.tickets > 25 {
			t.Errorf("%d tickets asked for: %s", l.tickets, story)
		}
		l.ticketErr = nil
		l.sleep(31 * time.Second)
		l.expect("renewed")
		l.sleep(24 * time.Hour)
		// A poll that still had the old ticket may have met its end.
		if story := strings.TrimPrefix(l.told(), "closed status 403, opened, "); story != "renewed, renewed" {
			t.Errorf("a day later: %s", story)
		}
		l.pubnub.Publish(fill(1))
		l.expect("message spot_trade 1")
		for _, p := range l.pubnub.Polls() {
			if p.Token == "" {
				t.Fatal("a poll without a token")
			}
		}
	})
}

func TestARefusedTicketIsReplacedAndTheTimetokenKept(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.start()
		l.expect(begins)
		l.pubnub.Publish(fill(1))
		l.expect("message spot_trade 1")
		l.sleep(time.Minute)
		l.pubnub.Revoke() // in the middle of a poll
		l.expect("closed status 403")
		l.pubnub.Publish(fill(2))
		l.pubnub.Publish(fill(3))
		l.sleep(time.Second)
		l.expect("renewed, opened, message spot_trade 2, message spot_trade 3")
		// When no ticket helps, it is asked for ever more slowly.
		l.tickets = 0
		undo := l.pubnub.Fail(bitbanktest.Fault{Effect: bitbanktest.Status, Status: 401})
		l.pubnub.Cut()
		l.sleep(10 * time.Minute)
		l.told()
		if l.tickets < 20 || l.tickets > 50 {
			t.Errorf("%d tickets in ten minutes", l.tickets)
		}
		undo()
		l.pubnub.Publish(fill(4))
		l.sleep(time.Minute)
		l.expect("renewed, opened, message spot_trade 4")
	})
}

func TestAnOutageIsCaughtUpWithoutAGap(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.start()
		l.expect(begins)
		l.sleep(10 * time.Second)
		undo := l.pubnub.Fail(bitbanktest.Fault{Effect: bitbanktest.Reset})
		l.pubnub.Cut()
		for id := range 5 {
			l.sleep(6 * time.Second)
			l.pubnub.Publish(fill(id + 1))
		}
		undo()
		if story := l.told(); strings.Trim(strings.ReplaceAll(story, "closed connection", ""), ", ") != "" || strings.Count(story, "closed") < 5 {
			t.Errorf("down: %s", story)
		}
		l.sleep(30 * time.Second)
		l.expect("opened, message spot_trade 1, message spot_trade 2, message spot_trade 3, message spot_trade 4, message spot_trade 5")
	})
}

func TestAServerThatOnlyRepeatsIsNotAskedInACircle(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.start()
		l.expect(begins)
		now := time.Now().UnixNano() / 100
		l.pubnub.Fail(bitbanktest.Fault{Effect: bitbanktest.Status, Body: fmt.Sprintf(`{"t":{"t":"%d","r":12},"m":[]}`, now)})
		l.pubnub.Cut()
		before := len(l.pubnub.Polls())
		l.sleep(time.Minute)
		if n := len(l.pubnub.Polls()) - before; n < 30 || n > 61 {
			t.Errorf("%d polls a minute", n)
		}
	})
}

func TestAnswersThatAreNoneChangeNothing(t *testing.T) {
	huge := `{"t":{"t":"17672256000000000","r":1},"m":[],"x":"` + strings.Repeat("x", 9<<20) + `"}`
	for name, c := range map[string]struct {
		fault bitbanktest.Fault
		want  string
	}{
		"a page":               {bitbanktest.Fault{Effect: bitbanktest.HTML}, "body html"},
		"a page with 503":      {bitbanktest.Fault{Effect: bitbanktest.HTML, Status: 503}, "status 503 html"},
		"nothing":              {bitbanktest.Fault{Effect: bitbanktest.Empty}, "body empty"},
		"half":                 {bitbanktest.Fault{Effect: bitbanktest.Half}, "body truncated"},
		"half, and less":       {bitbanktest.Fault{Effect: bitbanktest.Truncate}, "body truncated"},
		"another shape":        {bitbanktest.Fault{Effect: bitbanktest.Shape}, "body shape"},
		"no timetoken":         {bitbanktest.Fault{Effect: bitbanktest.Status, Body: `{"t":{"r":1},"m":[]}`}, "body shape"},
		"a timetoken of words": {bitbanktest.Fault{Effect: bitbanktest.Status, Body: `{"t":{"t":"soon","r":1},"m":[]}`}, "body shape"},
		"two timetokens":       {bitbanktest.Fault{Effect: bitbanktest.Status, Body: `{"t":{"t":"1","t":"2"},"m":[]}`}, "body shape"},
		"no messages":          {bitbanktest.Fault{Effect: bitbanktest.Status, Body: `{"t":{"t":"1","r":1}}`}, "body shape"},
		"no data":              {bitbanktest.Fault{Effect: bitbanktest.Status, Body: `{"t":{"t":"1","r":1},"m":[{"a":"4"}]}`}, "body shape"},
		"a redirect":           {bitbanktest.Fault{Effect: bitbanktest.Redirect}, "status 302 html"},
		"a huge one":           {bitbanktest.Fault{Effect: bitbanktest.Status, Body: huge}, "body too_large"},
		"too many requests":    {bitbanktest.Fault{Effect: bitbanktest.Status, Status: 429}, "status 429 rate"},
	} {
		listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
			l.start()
			l.expect(begins)
			c.fault.Count = 2
			l.pubnub.Fail(c.fault)
			l.pubnub.Publish(fill(1))
			l.expect("message spot_trade 1, closed " + c.want)
			l.pubnub.Publish(fill(2))
			l.sleep(5 * time.Second)
			l.expect("closed " + c.want + ", opened, message spot_trade 2")
			for _, e := range l.events {
				if e.Err != nil && strings.Contains(e.Err.Error(), "token-") {
					t.Errorf("%s: %v shows the ticket", name, e.Err)
				}
			}
		})
	}
}

func TestASilentPollIsGivenUp(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.options.HTTP.Timeout = time.Second // of the owner's client, and not meant for this
		l.start()
		l.expect(begins)
		l.pubnub.Fail(bitbanktest.Fault{Effect: bitbanktest.Hang, Count: 1})
		l.pubnub.Cut()
		l.told()
		began := time.Now()
		for !strings.Contains(l.told(), "closed") {
			l.sleep(time.Second)
		}
		var last bitbank.PrivateEvent
		for _, e := range l.events {
			if e.Kind == bitbank.PrivateClosed {
				last = e
			}
		}
		if took := time.Since(began); !errors.Is(last.Err, bitbank.ErrSilent) || took < 309*time.Second || took > 312*time.Second {
			t.Errorf("after %v: %v", took, last.Err)
		}
	})
}

func TestTheEndOfTheContextEndsEverything(t *testing.T) {
	for name, prepare := range map[string]func(l *listener){
		"while a poll waits": func(l *listener) {},
		"while a ticket is asked for": func(l *listener) {
			l.options.Ticket = func(ctx context.Context) (bitbank.Ticket, error) {
				<-ctx.Done()
				return bitbank.Ticket{}, ctx.Err()
			}
		},
		"while a backfill runs": func(l *listener) {
			l.options.Backfill = func(ctx context.Context, _ time.Time) error {
				<-ctx.Done()
				return ctx.Err()
			}
		},
		"in a pause": func(l *listener) { l.pubnub.Fail(bitbanktest.Fault{Effect: bitbanktest.Reset}) },
	} {
		listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
			prepare(l)
			l.start()
			l.sleep(time.Minute)
			l.told()
			began := time.Now()
			if err := l.end(); !errors.Is(err, context.Canceled) || time.Since(began) != 0 {
				t.Errorf("%s: %v after %v", name, err, time.Since(began))
			}
			l.expect("")
			l.end = nil
		})
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	ticket := func(context.Context) (bitbank.Ticket, error) { return bitbank.Ticket{}, nil }
	for _, o := range []bitbank.PrivateOptions{
		{}, {Ticket: ticket, URL: "ps.pndsn.com"}, {Ticket: ticket, URL: "ws://ps.pndsn.com"}, {Ticket: ticket, URL: "https://a@ps.pndsn.com"},
	} {
		if err := bitbank.FollowPrivate(t.Context(), o, nil); err == nil || !strings.HasPrefix(err.Error(), "follow the private stream: ") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	failed := 0
	bitbank.FollowPrivate(ctx, bitbank.PrivateOptions{Ticket: ticket, HTTP: &http.Client{}, First: time.Millisecond}, func(e bitbank.PrivateEvent) {
		if e.Kind == bitbank.PrivateTicketFailed {
			failed++
		}
	})
	if failed == 0 {
		t.Error("a ticket without a token was taken")
	}
}
