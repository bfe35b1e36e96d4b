package sim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"hikeshi/internal/pipe"
)

// serveInMemory serves one host until the test ends, and returns a client for it.
func serveInMemory(t testing.TB, s *Sim, host string) *http.Client {
	t.Helper()
	p := pipe.Listen()
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := s.Serve(host, p); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	}()
	t.Cleanup(func() { s.Close(); <-served })
	return &http.Client{Transport: &http.Transport{DialContext: p.DialContext, DisableKeepAlives: true}}
}

// A listener is a client of the stream that speaks the protocol by hand: the other half of the proof beside npm's client.
type listener struct {
	conn  *websocket.Conn
	said  chan string  // every packet but pings, which are answered; closed at the end
	last  atomic.Value // packet
	pings atomic.Int64
	deaf  atomic.Bool // does not answer pings
}

// tune connects and joins rooms.
func tune(t testing.TB, c *http.Client, rooms ...string) *listener {
	t.Helper()
	conn, _, err := websocket.Dial(context.Background(), "ws://stream/socket.io/?EIO=4&transport=websocket", &websocket.DialOptions{HTTPClient: c})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	l := &listener{conn: conn, said: make(chan string, 1<<16)}
	go func() {
		defer close(l.said)
		for {
			_, b, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			if string(b) == "2" {
				if l.pings.Add(1); !l.deaf.Load() {
					l.say("3")
				}
				continue
			}
			l.last.Store(string(b))
			l.said <- string(b)
		}
	}()
	l.say("40")
	for _, r := range rooms {
		l.say(`42["join-room","` + r + `"]`)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return l
}

func (l *listener) say(packet string) {
	l.conn.Write(context.Background(), websocket.MessageText, []byte(packet)) // a cut shows in what is heard
}

// A heard message is one of a room.
type heard struct {
	room string
	data map[string]any
}

// messages takes what has been said so far, without handshakes.
func (l *listener) messages(t *testing.T) []heard {
	t.Helper()
	var all []heard
	for {
		select {
		case packet, open := <-l.said:
			if !open {
				return all
			}
			if event, ok := strings.CutPrefix(packet, "42"); ok {
				all = append(all, read(t, event))
			}
		default:
			return all
		}
	}
}

func read(t *testing.T, event string) heard {
	t.Helper()
	var parts []json.RawMessage
	var m struct {
		Room    string `json:"room_name"`
		Message struct {
			Data map[string]any `json:"data"`
		} `json:"message"`
	}
	if err := json.Unmarshal([]byte(event), &parts); err != nil || len(parts) != 2 || string(parts[0]) != `"message"` {
		t.Fatalf("no event: %s", event)
	}
	d := json.NewDecoder(strings.NewReader(string(parts[1])))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return heard{m.Room, m.Message.Data}
}

// cut reports whether the connection has ended.
func (l *listener) cut() bool {
	for {
		select {
		case _, open := <-l.said:
			if !open {
				return true
			}
		default:
			return false
		}
	}
}

// only keeps the messages of one room.
func only(all []heard, room string) []heard {
	var kept []heard
	for _, h := range all {
		if h.room == room {
			kept = append(kept, h)
		}
	}
	return kept
}

// alive is a world in which time passes, with its stream's network in memory. It is for synctest bubbles.
func alive(t *testing.T, o Options) (*Sim, *http.Client) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c := serveInMemory(t, s, "stream")
	go s.Play(t.Context())
	return s, c
}
