package bitbank_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank/bitbanktest"
)

func TestWhatPubNubNoLongerKeepsIsAGap(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(l *listener, i int) // a minute of an outage
		want string
	}{
		{"21 minutes", func(l *listener, i int) { l.pubnub.Publish(fill(i)) }, "opened, gap long -50s, "},
		{"100 messages", func(l *listener, i int) {
			if i == 0 {
				for id := range 130 {
					l.pubnub.Publish(fill(id))
				}
			}
		}, "opened, gap full -50s, message spot_trade 30, "},
	} {
		listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
			l.start()
			l.sleep(10 * time.Second)
			l.pubnub.Publish(fill(1000))
			l.told()
			undo := l.pubnub.Fail(bitbanktest.Fault{Effect: bitbanktest.Reset})
			l.pubnub.Cut()
			minutes := 21
			if c.name == "100 messages" {
				minutes = 2
			}
			for i := range minutes {
				c.do(l, i)
				l.sleep(time.Minute)
			}
			undo()
			l.told()
			l.backfills = nil
			l.sleep(time.Minute)
			story := l.told()
			if !strings.Contains(story, c.want) || !strings.Contains(story, "backfilled") || fmt.Sprint(l.backfills) != "[-50s]" {
				t.Errorf("%s: %s; backfills %v", c.name, story, l.backfills)
			}
		})
	}
}

// That PubNub says where its queue is does not mean that it hands over what waits in it.
func TestAStreamThatOpensAndDeliversNothingIsAGapInTheEnd(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.start()
		l.expect(begins)
		undo := l.pubnub.Fail(bitbanktest.Fault{Effect: bitbanktest.Reset, Path: "tt=9"})
		l.pubnub.Cut()
		l.pubnub.Publish(fill(1))
		l.sleep(19 * time.Minute)
		if story := l.told(); strings.Contains(story, "gap") || !strings.Contains(story, "opened, closed connection, opened") {
			t.Errorf("in the first 19 minutes: %s", story)
		}
		l.sleep(2 * time.Minute)
		if story := l.told(); strings.Count(story, "gap long") != 1 {
			t.Errorf("after 21 minutes: %s", story)
		}
		undo()
		l.sleep(time.Minute)
		l.told()
		l.pubnub.Publish(fill(2))
		l.expect("message spot_trade 2")
	})
}

func TestRepetitionsAreLeftOut(t *testing.T) {
	for _, bare := range []bool{false, true} {
		listen(t, bitbanktest.PubNubOptions{Bare: bare}, func(t *testing.T, l *listener) {
			l.start()
			l.expect(begins)
			const balance = `{"method":"asset_update","params":[{"asset":"jpy","freeAmount":"1"}]}`
			l.pubnub.Publish(balance)
			l.pubnub.Publish(fill(1))
			l.sleep(time.Second)
			l.told()
			l.pubnub.Repeat(2)
			l.sleep(3 * time.Second)
			want := ""
			if bare { // nothing tells a repeated balance from one that became the same again
				want = "message asset_update"
			}
			l.expect(want)
			// bitbank itself says the same twice: a balance may have come back, a trade has happened once.
			l.pubnub.Publish(balance)
			l.pubnub.Publish(fill(1))
			l.sleep(3 * time.Second)
			l.expect("message asset_update")
			if l.trades[1] != 1 {
				t.Errorf("the trade was reported %d times", l.trades[1])
			}
		})
	}
}

func TestATimetokenThatIsNotTakenAnyMoreIsAGap(t *testing.T) {
	for name, body := range map[string]int{"refused": 400, "unreadable": 200} {
		listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
			l.start()
			l.expect(begins)
			l.sleep(time.Minute)
			l.pubnub.Publish(fill(1))
			l.told()
			// Everything with a timetoken is refused; where the queue is may be asked.
			undo := l.pubnub.Fail(bitbanktest.Fault{Effect: bitbanktest.Status, Status: body, Body: `{"status":400}`, Path: "tt=9"})
			l.pubnub.Cut()
			l.sleep(time.Minute)
			story := l.told()
			if strings.Count(story, "opened") < 4 || !strings.Contains(story, "opened, gap cursor 0s, backfilled") {
				t.Errorf("%s: %s", name, story)
			}
			undo()
			l.sleep(time.Minute)
			l.told()
			l.pubnub.Publish(fill(2))
			l.expect("message spot_trade 2")
		})
	}
}

func TestAMessageThatCannotBeReadIsAGap(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.start()
		l.expect(begins)
		l.sleep(time.Hour)
		l.pubnub.Publish(`{"method":"spot_trade","params":[{"trade_id":"1.5"}]}`)
		l.pubnub.Publish(fill(1))
		l.sleep(time.Second)
		story := l.told()
		if !strings.HasPrefix(story, "unreadable, gap unreadable 5") || !strings.HasSuffix(story, ", message spot_trade 1, backfilled") &&
			!strings.HasSuffix(story, ", backfilled, message spot_trade 1") {
			t.Errorf("got %s", story)
		}
		// However many there are, REST is asked now and then only.
		l.backfills = nil
		for range 600 {
			l.pubnub.Publish(`{"method":"spot_order","params":null}`)
			l.sleep(100 * time.Millisecond)
		}
		if n := len(l.backfills); n < 5 || n > 7 {
			t.Errorf("%d backfills in a minute", n)
		}
		l.told()
	})
}

func TestABackfillThatFailsIsTriedAgainAndOwedBeyondARestart(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.backfillErr = errors.New("bitbank is in maintenance")
		l.start()
		l.expect("renewed, opened, gap first ever, backfill failed")
		l.pubnub.Publish(fill(1)) // meanwhile the stream is heard
		l.sleep(5 * time.Minute)
		if story := l.told(); !strings.Contains(story, "message spot_trade 1") || strings.Contains(story, "backfilled") || len(l.backfills) < 10 || len(l.backfills) > 30 {
			t.Errorf("%d backfills: %s", len(l.backfills), story)
		}
		if !l.cursor.Owed || !l.cursor.Since.IsZero() || l.cursor.Timetoken == 0 {
			t.Fatalf("the cursor is %+v", l.cursor)
		}
		l.end()
		l.sleep(time.Minute)
		l.pubnub.Publish(fill(2))
		l.told()
		l.backfills, l.backfillErr = nil, nil
		l.start()
		story := l.told()
		if !strings.HasPrefix(story, "renewed, opened, gap owed ever, ") || !strings.Contains(story, "message spot_trade 2") || !strings.Contains(story, "backfilled") || fmt.Sprint(l.backfills) != "[ever]" || l.cursor.Owed {
			t.Errorf("%s; backfills %v; cursor %+v", story, l.backfills, l.cursor)
		}
		// With nothing owed a restart within 20 minutes is no gap.
		l.end()
		l.sleep(19 * time.Minute)
		l.pubnub.Publish(fill(3))
		l.told()
		l.start()
		l.expect("renewed, opened, message spot_trade 3")
		l.end()
		l.sleep(21 * time.Minute)
		l.told()
		l.start()
		if story := l.told(); !strings.Contains(story, "gap long") || !strings.HasSuffix(story, "backfilled") {
			t.Errorf("after 21 minutes: %s", story)
		}
	})
}

func TestAnotherChannelIsAGap(t *testing.T) {
	listen(t, bitbanktest.PubNubOptions{}, func(t *testing.T, l *listener) {
		l.start()
		l.expect(begins)
		l.pubnub.Move("another/channel?")
		l.pubnub.Revoke()
		l.sleep(5 * time.Minute)
		if story := l.told(); !strings.HasPrefix(story, "closed status 403, renewed, opened, gap channel") {
			t.Errorf("got %s", story)
		}
		l.pubnub.Publish(fill(1))
		l.expect("message spot_trade 1")
	})
}
