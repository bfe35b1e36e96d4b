package probe_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// socketIO speaks bitbank's stream on one connection: messages of some rooms, each in its own rhythm, whatever is joined.
func socketIO(c net.Conn, rooms map[string]time.Duration) {
	r := bufio.NewReader(c)
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	ws, err := websocket.Accept(&hijack{httptest.NewRecorder(), c, r}, req, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	say := func(s string) error { return ws.Write(ctx, websocket.MessageText, []byte(s)) }
	say(`0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`)
	ended := make(chan struct{})
	opened := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			_, b, err := ws.Read(ctx)
			if err != nil {
				return
			}
			if string(b) == "40" {
				close(opened)
			}
		}
	}()
	select {
	case <-opened:
	case <-ended:
		return
	}
	say(`40{"sid":"b"}`)
	next := map[string]time.Time{}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ended:
			return
		case now := <-tick.C:
			for room, every := range rooms {
				if now.Before(next[room]) {
					continue
				}
				next[room] = now.Add(every)
				if say(fmt.Sprintf(`42["message",{"room_name":%q,"message":{"data":%s}}]`, room, dataOf(room, now, n))) != nil {
					return
				}
			}
			if n%250 == 249 {
				say("2")
			}
		}
	}
}

func dataOf(room string, now time.Time, n int) string {
	at := now.UnixMilli()
	switch {
	case strings.HasPrefix(room, "ticker"):
		return fmt.Sprintf(`{"sell":"2","buy":"1","high":"3","low":"1","open":"1","last":"1","vol":"%d","timestamp":%d}`, n, at)
	case strings.HasPrefix(room, "depth_diff"):
		return fmt.Sprintf(`{"a":[["2","1"]],"b":[],"t":%d,"s":"%d"}`, at, n+1)
	}
	return fmt.Sprintf(`{"asks":[["2","1"]],"bids":[["1","1"]],"asks_over":"0","bids_under":"0","asks_under":"0","bids_over":"0","ask_market":"0","bid_market":"0","timestamp":%d,"sequenceId":"%d"}`, at, n+1)
}

// hijack hands a connection to the WebSocket library.
type hijack struct {
	*httptest.ResponseRecorder
	conn net.Conn
	read *bufio.Reader
}

func (h *hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(h.read, bufio.NewWriter(h.conn)), nil
}

// WriteHeader sends the upgrade at once.
func (h *hijack) WriteHeader(status int) {
	fmt.Fprintf(h.conn, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	h.Header().Write(h.conn)
	fmt.Fprint(h.conn, "\r\n")
}
