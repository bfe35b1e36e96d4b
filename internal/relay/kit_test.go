package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"hikeshi/bitbank/bitbanktest"
	"hikeshi/internal/pipe"
)

// A world is a fake bitbank, a relay before it, and a network in memory, in virtual time.
type world struct {
	*Relay
	bitbank *bitbanktest.Server
	client  *http.Client // reaches the relay
}

// bubble runs a test in a world. Limits of the HTTP server are those of the gateway.
func bubble(t *testing.T, o Options, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		fake := bitbanktest.New(bitbanktest.Options{})
		upstream, end := bitbanktest.Memory(fake)
		defer end()
		o.Upstream.HTTP, o.Upstream.URL = upstream, "ws://stream.invalid"
		r, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- r.Run(ctx) }()
		ln := pipe.Listen()
		srv := &http.Server{Handler: r, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
		go srv.Serve(ln)
		wire := &http.Transport{DialContext: ln.DialContext, DisableKeepAlives: true}
		test(t, &world{r, fake, &http.Client{Transport: wire}})
		cancel()
		if err := <-ran; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		srv.Close()
	})
}

// A client is a bot that speaks the protocol by hand, and answers pings.
type client struct {
	t    *testing.T
	conn *websocket.Conn
	said chan string // events
	more chan int    // how many packets it reads; nil reads all
	gone chan struct{}
}

// bot connects and joins rooms. It stops reading after so many packets as come from more, if that is not nil.
func (w *world) bot(t *testing.T, more chan int, rooms ...string) *client {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws://localhost/socket.io/?EIO=4&transport=websocket", &websocket.DialOptions{HTTPClient: w.client})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	c := &client{t, conn, make(chan string, 1<<16), more, make(chan struct{})}
	t.Cleanup(func() { conn.CloseNow(); <-c.gone })
	go c.listen()
	c.say("40")
	for _, r := range rooms {
		c.join(r)
	}
	synctest.Wait()
	return c
}

func (c *client) listen() {
	defer close(c.gone)
	left := 3 // the handshake
	for {
		if left == 0 && c.more != nil {
			var open bool
			if left, open = <-c.more; !open {
				c.more = nil
			}
		}
		_, b, err := c.conn.Read(context.Background())
		if err != nil {
			return
		}
		left--
		if string(b) == "2" {
			c.say("3")
		} else if event, ok := strings.CutPrefix(string(b), "42"); ok {
			c.said <- event
		}
	}
}

func (c *client) say(packet string) {
	c.conn.Write(context.Background(), websocket.MessageText, []byte(packet)) // a cut shows in what is heard
}

func (c *client) join(room string) { c.say(`42["join-room","` + room + `"]`) }

// heard takes all that has been said so far.
func (c *client) heard() (all []string) {
	synctest.Wait()
	for {
		select {
		case event := <-c.said:
			all = append(all, event)
		default:
			return all
		}
	}
}

// cut reports whether the connection has ended.
func (c *client) cut() bool {
	synctest.Wait()
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// expect compares what was heard with the short form of it: a mark is its kind, room, reason and what was dropped; a message is
// its room and data.
func (c *client) expect(want ...string) {
	c.t.Helper()
	var got []string
	for _, event := range c.heard() {
		got = append(got, short(event))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		c.t.Errorf("heard\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func short(event string) string {
	var parts []json.RawMessage
	if json.Unmarshal([]byte(event), &parts) != nil || len(parts) < 2 {
		return event
	}
	if string(parts[0]) == `"hikeshi"` {
		m := markOf(event)
		text := fmt.Sprintf("%s %s %s", m.Kind, m.Room, m.Reason)
		if m.Dropped > 0 {
			text += fmt.Sprintf(" %d", m.Dropped)
		}
		return text
	}
	var m struct {
		Room    string `json:"room_name"`
		Message struct {
			Data json.RawMessage `json:"data"`
		} `json:"message"`
	}
	if json.Unmarshal(parts[1], &m) != nil {
		return event
	}
	return m.Room + " " + string(m.Message.Data)
}

// markOf reads a mark; the zero one when the event is none.
func markOf(event string) (m mark) {
	var parts []json.RawMessage
	if json.Unmarshal([]byte(event), &parts) == nil && len(parts) == 2 && string(parts[0]) == `"hikeshi"` {
		json.Unmarshal(parts[1], &m)
	}
	return m
}

// The data of depth, as short as bitbank's own form allows.
func wholeData(seq int) string {
	return fmt.Sprintf(`{"asks":[["2","1"]],"bids":[["1","1"]],"timestamp":1767225600123,"sequenceId":"%d"}`, seq)
}

func diffData(seq int) string {
	return fmt.Sprintf(`{"a":[["2","1.5"]],"b":[],"t":1767225600123,"s":"%d"}`, seq)
}

// publish lets bitbank say something, and waits until it has arrived.
func (w *world) publish(room, data string) {
	w.bitbank.Publish(room, data)
	synctest.Wait()
}
