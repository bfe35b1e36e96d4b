package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/gateway"
	"hikeshi/internal/journal"
	"hikeshi/internal/keys"
	"hikeshi/internal/secret"
	"hikeshi/internal/sim"
)

// A sender asks over one connection, one after the other, with as little work of its own as it can.
type sender struct {
	id, secret string
	conn       net.Conn
	r          *bufio.Reader
	buf, body  []byte
}

// place sends an order.
func (s *sender) place(order string) (time.Duration, error) {
	return s.ask("POST /v1/user/spot/order", order, order)
}

// read sends a read like no other.
func (s *sender) read(n int) (time.Duration, error) {
	target := "/v1/user/assets?n=" + strconv.Itoa(n)
	return s.ask("GET "+target, target, "")
}

// ask sends a request that is signed over message, reads the whole answer, and says how long that took.
func (s *sender) ask(line, message, body string) (time.Duration, error) {
	at := strconv.FormatInt(time.Now().UnixMilli(), 10)
	s.buf = fmt.Appendf(s.buf[:0], "%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"ACCESS-KEY: %s\r\nACCESS-REQUEST-TIME: %s\r\nACCESS-TIME-WINDOW: 5000\r\nACCESS-SIGNATURE: %s\r\n\r\n%s",
		line, len(body), s.id, at, bitbank.Signature(s.secret, at+"5000"+message), body)
	began := time.Now()
	if _, err := s.conn.Write(s.buf); err != nil {
		return 0, err
	}
	length, why := 0, ""
	for {
		line, err := s.r.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(v))
		}
		if strings.HasPrefix(line, "Hikeshi-Reason") {
			why = line
		}
		if line == "\r\n" {
			break
		}
	}
	s.body = append(s.body[:0], make([]byte, length)...)
	if _, err := io.ReadFull(s.r, s.body); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if !bytes.HasPrefix(s.body, []byte(`{"success":1`)) {
		return 0, fmt.Errorf("refused: %.100s %s", s.body, why)
	}
	return took, nil
}

// A timed journal says how long each write to the disk took.
type timed struct {
	*journal.Journal
	mu   sync.Mutex
	took []time.Duration
}

func (j *timed) Append(ctx context.Context, entries ...journal.Entry) ([]journal.Seq, error) {
	began := time.Now()
	seqs, err := j.Journal.Append(ctx, entries...)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.took = append(j.took, time.Since(began))
	return seqs, err
}

// A field is the simulated bitbank, a bare reverse proxy, and a gateway with an account whose journal is a file, all on loopback
// with raised limits.
type field struct {
	private, proxy, gateway string
	journal                 *timed
	disk                    *os.File // beside the journal
}

// syncs is how long a write of the size of a record takes until it is on the disk, with nothing around it.
func (w field) syncs(b *testing.B, n int) (took []time.Duration) {
	text := make([]byte, 512)
	for range n {
		began := time.Now()
		if _, err := w.disk.Write(text); err != nil {
			b.Fatal(err)
		}
		if err := w.disk.Sync(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	return took
}

// exchangeEnv has the test binary be the simulated bitbank until its standard input ends.
const exchangeEnv = "HIKESHI_TEST_EXCHANGE"

func TestMain(m *testing.M) {
	if os.Getenv(exchangeEnv) == "" {
		os.Exit(m.Run())
	}
	if err := serveExchange(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serveExchange serves the simulated bitbank without its limits, and a bare reverse proxy to it, and prints where.
func serveExchange() error {
	s, err := sim.New(sim.Options{Seed: 1, Limits: sim.Limits{Query: 1 << 30, Update: 1 << 30, Live: 1 << 30}})
	if err != nil {
		return err
	}
	defer s.Close()
	playing, done := context.WithCancel(context.Background())
	defer done()
	go s.Play(playing)
	private, public := httptest.NewServer(s.Handler("private")), httptest.NewServer(s.Handler("public"))
	origin, err := url.Parse(private.URL)
	if err != nil {
		return err
	}
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(origin))
	fmt.Println(private.URL, public.URL, proxy.URL)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// exchange is the simulated bitbank in a process of its own: what it keeps in memory is not the gateway's to look after.
func exchange(b *testing.B) (private, public, proxy string) {
	b.Helper()
	c := exec.Command(os.Args[0])
	c.Env, c.Stderr = append(os.Environ(), exchangeEnv+"=1"), os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); c.Wait() })
	if _, err := fmt.Fscan(out, &private, &public, &proxy); err != nil {
		b.Fatal(err)
	}
	return private, public, proxy
}

func newField(b *testing.B) field {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	private, public, proxy := exchange(b)
	id, key := sim.Key()
	real, err := bitbank.NewCredentials(id, key, private, bitbank.Auth{})
	must(err)
	limits := account.Limits()
	limits.Query, limits.Update, limits.Margin = 1<<30, 1<<30, time.Millisecond
	limiter, err := bitbank.NewLimiter(limits)
	must(err)
	client, err := bitbank.New(bitbank.Options{PrivateURL: private, PublicURL: public, Credentials: real, Limiter: limiter})
	must(err)
	dir := b.TempDir()
	disk, err := os.Create(filepath.Join(dir, "bare"))
	must(err)
	b.Cleanup(func() { disk.Close() })
	j, err := journal.Open(b.Context(), filepath.Join(dir, "journal.db"), journal.Options{})
	must(err)
	b.Cleanup(func() { j.Close() })
	kept := &timed{Journal: j}
	desk, err := account.Open(account.Options{Client: client, Journal: kept}, func(func(journal.Record, error) bool) {})
	must(err)
	running, stop := context.WithCancel(b.Context())
	var over sync.WaitGroup
	over.Go(func() { desk.Run(running) }) // its error is the context's
	b.Cleanup(func() { stop(); over.Wait() })
	bot := keys.Bot{Name: "maker", ID: secret.New("maker-key"), Secret: secret.New("maker-secret"), Scope: keys.Scope{
		Trade: true, Types: []bitbank.OrderType{bitbank.Limit}, Most: map[string]decimal.Decimal{"btc_jpy": decimal.NewFromInt(1)},
	}}
	g, err := gateway.New(gateway.Options{
		Desk: desk, Bot: func(id string) (keys.Bot, bool) { return bot, id == "maker-key" },
		Private: private, Public: public, Key: real, Limiter: limiter, PerBot: 256, Total: 1024,
	})
	must(err)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(err)
	server := g.Server()
	over.Go(func() { server.Serve(l) }) // until it is closed
	b.Cleanup(func() { server.Close(); g.Close() })
	return field{private, proxy, "http://" + l.Addr().String(), kept, disk}
}

// Signed requests at 1,000 a second over eight connections: straight to the simulated bitbank, through a bare
// httputil.ReverseProxy, and through the gateway, which has each order's intent on the disk before it sends it: in turns of
// half a second, so that whatever else the machine does meets all three. Each order is executed at once. In one part one request in ten
// is an order, which is sixteen times what bitbank allows; in the other one all are.
func BenchmarkJournaledOrders(b *testing.B) {
	for _, each := range []int{10, 1} {
		b.Run(fmt.Sprintf("one in %d", each), func(b *testing.B) { journaled(b, each) })
	}
}

func journaled(b *testing.B, each int) {
	w := newField(b)
	id, key := sim.Key()
	const conns, rate, turn, turns = 8, 1000, 500, 12
	type way struct {
		name    string
		senders []*sender
		took    []time.Duration
	}
	var ways []*way
	for _, to := range []struct{ name, address, id, secret string }{
		{"direct", w.private, id, key}, {"reverse proxy", w.proxy, id, key}, {"gateway", w.gateway, "maker-key", "maker-secret"},
	} {
		one := &way{name: to.name}
		for range conns {
			c, err := net.Dial("tcp4", strings.TrimPrefix(to.address, "http://"))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { c.Close() })
			one.senders = append(one.senders, &sender{id: to.id, secret: to.secret, conn: c, r: bufio.NewReaderSize(c, 64<<10)})
		}
		ways = append(ways, one)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) { // until the account is read
		if _, err := ways[2].senders[0].place(crossing(0)); err == nil {
			break
		} else if time.Now().After(end) {
			b.Fatal(err)
		}
	}
	n := 0
	var bare []time.Duration
	for b.Loop() {
		for round := range turns + 1 { // the first warms up
			bare = append(bare, w.syncs(b, 100)...)
			for _, way := range ways {
				took := make([]time.Duration, turn)
				began, first := time.Now(), n+1
				n += turn
				var running sync.WaitGroup
				for c, s := range way.senders {
					running.Go(func() {
						for k := c; k < turn; k += conns {
							time.Sleep(time.Until(began.Add(time.Duration(k) * time.Second / rate)))
							var err error
							if k/conns%each == 0 {
								took[k], err = s.place(crossing(first + k))
							} else {
								_, err = s.read(first + k)
							}
							if err != nil {
								b.Errorf("%s: %v", way.name, err)
								return
							}
						}
					})
				}
				running.Wait()
				if round > 0 {
					way.took = append(way.took, slices.DeleteFunc(took, func(d time.Duration) bool { return d == 0 })...)
				}
			}
		}
	}
	at := func(all []time.Duration, share float64) int64 {
		all = slices.Sorted(slices.Values(all))
		return all[int(share*float64(len(all)-1))].Microseconds()
	}
	for _, way := range ways {
		fmt.Printf("figure: gateway, orders, one in %d of %d requests a second, %s: median %d us, p99 %d us, of %d\n", each, rate, way.name, at(way.took, .5), at(way.took, .99), len(way.took))
	}
	fmt.Printf("figure: gateway, orders, one in %d, a bare write with fsync beside the journal: median %d us, p99 %d us, of %d\n", each, at(bare, .5), at(bare, .99), len(bare))
	w.journal.mu.Lock()
	defer w.journal.mu.Unlock()
	fmt.Printf("figure: gateway, orders, one in %d, a write to the journal with fsync: median %d us, p99 %d us, of %d\n", each, at(w.journal.took, .5), at(w.journal.took, .99), len(w.journal.took))
	added := at(ways[2].took, .99) - at(ways[0].took, .99)
	fmt.Printf("figure: gateway, orders, one in %d: added median %d us, p99 %d us\n", each, at(ways[2].took, .5)-at(ways[0].took, .5), added)
	b.ReportMetric(float64(added), "added-p99-us")
}

// crossing is the n-th order: like no other, and executed at once.
func crossing(n int) string {
	side, price := "buy", 16_500_000+n%100_000
	if n%2 == 1 {
		side, price = "sell", 13_500_000+n%100_000
	}
	return fmt.Sprintf(`{"pair":"btc_jpy","amount":"0.0001","price":"%d","side":"%s","type":"limit"}`, price, side)
}
