package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/sim"
)

// A loader sends signed reads over one connection, one after the other, with as little work of its own as it can.
type loader struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte
	body []byte
}

func newLoader(b *testing.B, address string) *loader {
	c, err := net.Dial("tcp4", strings.TrimPrefix(address, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return &loader{conn: c, r: bufio.NewReaderSize(c, 64<<10)}
}

// get asks and reads the whole answer, and says how long that took.
func (l *loader) get(key, secret, target string) (time.Duration, error) {
	at := strconv.FormatInt(time.Now().UnixMilli(), 10)
	l.buf = fmt.Appendf(l.buf[:0], "GET %s HTTP/1.1\r\nHost: localhost\r\nACCESS-KEY: %s\r\nACCESS-REQUEST-TIME: %s\r\nACCESS-TIME-WINDOW: 5000\r\nACCESS-SIGNATURE: %s\r\n\r\n",
		target, key, at, bitbank.Signature(secret, at+"5000"+target))
	began := time.Now()
	if _, err := l.conn.Write(l.buf); err != nil {
		return 0, err
	}
	length := 0
	for first := true; ; first = false {
		line, err := l.r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		text := string(line)
		if first && !strings.HasPrefix(text, "HTTP/1.1 200") {
			return 0, fmt.Errorf("%s", text)
		}
		if len(line) == 2 {
			break
		}
		if v, ok := strings.CutPrefix(text, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(v))
		}
	}
	l.body = append(l.body[:0], make([]byte, length)...)
	if _, err := io.ReadFull(l.r, l.body); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if !bytes.HasPrefix(l.body, []byte(`{"success":1`)) {
		return 0, fmt.Errorf("refused: %.100s", l.body)
	}
	return took, nil
}

// Reads at 1,000 a second over eight connections: straight to the simulated bitbank, through a bare httputil.ReverseProxy and
// through the gateway, in turns of half a second, so that whatever else the machine does meets all three. Limits are raised,
// and no two reads are equal, so none is spared.
func BenchmarkReadsBesideAReverseProxy(b *testing.B) {
	w := onLoopback(b, sim.Limits{Query: 1 << 30}, bitbank.LimiterOptions{Query: 1 << 30, Margin: time.Millisecond})
	origin, err := url.Parse(w.private)
	if err != nil {
		b.Fatal(err)
	}
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(origin))
	b.Cleanup(proxy.Close)
	id, key := sim.Key()
	const conns, rate, turn, turns = 8, 1000, 500, 12
	ways := []struct {
		name, address, id, key string
		loaders                []*loader
		took                   []time.Duration
	}{{name: "direct", address: w.private, id: id, key: key}, {name: "reverse proxy", address: proxy.URL, id: id, key: key},
		{name: "gateway", address: w.gateway, id: "maker-key", key: "maker-secret"}}
	for i := range ways {
		for range conns {
			ways[i].loaders = append(ways[i].loaders, newLoader(b, ways[i].address))
		}
	}
	for b.Loop() {
		for round := range turns + 1 { // the first warms up
			for i := range ways {
				way := &ways[i]
				took := make([]time.Duration, turn)
				began := time.Now()
				var running sync.WaitGroup
				for c, l := range way.loaders {
					running.Go(func() {
						for n := c; n < turn; n += conns {
							time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / rate)))
							d, err := l.get(way.id, way.key, fmt.Sprintf("/v1/user/assets?r=%d&n=%d", round, n))
							if err != nil {
								b.Errorf("%s: %v", way.name, err)
								return
							}
							took[n] = d
						}
					})
				}
				running.Wait()
				if round > 0 {
					way.took = append(way.took, took...)
				}
			}
		}
	}
	at := func(i int, share float64) time.Duration {
		all := slices.Sorted(slices.Values(ways[i].took))
		return all[int(share*float64(len(all)-1))]
	}
	us := func(d time.Duration) int64 { return d.Microseconds() }
	for i, way := range ways {
		fmt.Printf("figure: gateway, reads at %d a second, %s: median %d us, p99 %d us, of %d\n", rate, way.name, us(at(i, .5)), us(at(i, .99)), len(way.took))
	}
	fmt.Printf("figure: gateway, added to reads: p99 %d us, by a bare reverse proxy %d us; p99 %.2f times a reverse proxy's\n",
		us(at(2, .99)-at(0, .99)), us(at(1, .99)-at(0, .99)), float64(at(2, .99))/float64(at(1, .99)))
	b.ReportMetric(float64(us(at(2, .99)-at(0, .99))), "added-p99-us")
}
