//go:build unix

package gateway

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"hikeshi/bitbank"
)

// A bot with a connection for each call closes it as soon as it has read the answer.
func TestABotThatReadsAndClosesWasTold(t *testing.T) {
	wasTold(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, 50)
}

// A bot that closes in the moment of the answer was not told, whether the gateway has noticed before it wrote or not.
func TestABotThatClosesInTheMomentOfTheAnswerWasNotTold(t *testing.T) {
	k := newKit(t, fine(0))
	asked, closed := make(chan struct{}), make(chan struct{})
	k.desk.place = func(context.Context, Order) Reply {
		asked <- struct{}{}
		<-closed
		return Reply{Outcome: Placed, Orders: []bitbank.Order{resting}}
	}
	address := served(t, k.Gateway)
	for n := range 50 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, raw(t, "maker", http.MethodPost, pathOrder, goodOrder))
		<-asked
		c.Close()
		closed <- struct{}{}
		patient(t, "the desk was not told", func() bool { return len(k.desk.heard()) == n+1 })
		time.Sleep(2 * time.Millisecond) // no two have the same time
	}
	if got := k.desk.heard(); slices.Contains(got, true) {
		t.Errorf("the desk heard %v", got)
	}
}

func TestWhoeverClosesHasReadAllOrNot(t *testing.T) {
	const answer = "an answer"
	for name, c := range map[string]struct {
		before bool // it closes before the answer is written
		reads  int
		want   bool
	}{
		"all":    {reads: len(answer), want: true},
		"half":   {reads: len(answer) / 2},
		"none":   {},
		"before": {before: true},
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		bot, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		us, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if c.before {
			bot.Close()
		}
		if _, err := io.WriteString(us, answer); err != nil {
			t.Fatal(err)
		}
		if !c.before {
			io.ReadFull(bot, make([]byte, c.reads))
			if c.reads == 0 {
				time.Sleep(50 * time.Millisecond) // the answer is there
			}
			bot.Close()
		}
		time.Sleep(50 * time.Millisecond)
		if got, sure := readAll(us); got != c.want || !sure {
			t.Errorf("%s: it has read all: %v", name, got)
		}
		us.Close()
		ln.Close()
	}
}
