package account

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/journal"
	"hikeshi/internal/journal/journaltest"
	"hikeshi/internal/ledger"
)

// A wire sees every write that leaves for bitbank, and when: how much SQLite had done by then. It can be cut.
type wire struct {
	power  func() *journaltest.Power
	mu     sync.Mutex
	writes []leaving
	cut    bool
}

// A leaving is a write as it left.
type leaving struct {
	now    int
	signed int64 // ms
	cancel bool
}

var errCut = errors.New("the power is off")

// A wireConn is one connection over a wire.
type wireConn struct {
	net.Conn
	w *wire
}

// via is the transport over the wire.
func (w *wire) via(base *http.Transport) *http.Transport {
	t := base.Clone()
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if w.isCut() {
			return nil, errCut
		}
		c, err := base.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return wireConn{c, w}, nil
	}
	return t
}

var writes = regexp.MustCompile(`^POST /v1/user/spot/(order|cancel_orders?) `)

var signedAt = regexp.MustCompile(`(?i)\r\naccess-request-time: (\d+)\r\n`)

// Write notes a request that places or cancels; its head is written in one piece.
func (c wireConn) Write(b []byte) (int, error) {
	if c.w.isCut() {
		return 0, errCut
	}
	if writes.Match(b) {
		x := leaving{now: c.w.power().Now(), cancel: !bytes.HasPrefix(b, []byte("POST /v1/user/spot/order "))}
		if m := signedAt.FindSubmatch(b); m != nil {
			x.signed, _ = strconv.ParseInt(string(m[1]), 10, 64)
		}
		c.w.mu.Lock()
		c.w.writes = append(c.w.writes, x)
		c.w.mu.Unlock()
	}
	return c.Conn.Write(b)
}

func (c wireConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.w.isCut() { // nobody hears it
		return 0, errCut
	}
	return n, err
}

func (w *wire) isCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

func (w *wire) setCut(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

// unintended are the writes that had left by a time and of which a ledger knows no intent.
func (w *wire) unintended(l *ledger.Ledger, now int) []leaving {
	type key struct {
		signed int64
		cancel bool
	}
	known := map[key]bool{}
	for _, i := range l.Recent(time.Time{}) {
		known[key{i.Signed.UnixMilli(), i.Cancel != nil}] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []leaving
	for _, x := range w.writes {
		if x.now <= now && !known[key{x.signed, x.cancel}] {
			out = append(out, x)
		}
	}
	return out
}

// A machine is a world whose account keeps its records in a real journal, on a disk whose power can be cut.
type machine struct {
	*world
	wire  *wire
	power *journaltest.Power
	dir   string
	j     *journal.Journal
	n     int // orders wanted
	due   int // records that are enough for a snapshot
}

func newMachine(t *testing.T, dir string) *machine {
	m := &machine{world: newWorld(t), dir: dir, due: 40}
	m.stop()
	m.wire = &wire{power: func() *journaltest.Power { return m.power }}
	m.private = &http.Client{Transport: m.wire.via(m.private.Transport.(*http.Transport))}
	m.open = func(o Options) (*Account, error) {
		m.power = journaltest.Watch(t, m.dir)
		m.j = openJournal(t, filepath.Join(m.dir, "journal.db"))
		if d := m.j.Damage(); d != nil {
			return nil, fmt.Errorf("damaged after a power cut: %+v", d)
		}
		o.Journal, o.Low = m.j, m.j.Low
		memory, err := Remember(t.Context(), m.j)
		if err != nil {
			return nil, err
		}
		a := Resume(o, memory)
		a.snapshots.due = m.due
		return a, nil
	}
	m.start()
	return m
}

// trade wants an order that no other looks like, now and then with trouble on the way, and cancels some.
func (m *machine) trade(rng *rand.Rand) {
	switch rng.IntN(6) {
	case 0:
		m.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"drop_request","count":1}`)
	case 1:
		m.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"drop_response","count":1}`)
	}
	m.n++
	r := m.place(fmt.Sprintf("0.%04d", m.n), 2*time.Second)
	if r.Outcome == gateway.Placed && rng.IntN(10) > 0 { // bitbank allows 30 live ones
		m.a.Cancel(m.t.Context(), gateway.Cancel{Bot: "grid", Pair: "btc_jpy", IDs: ids(r), Until: time.Now().Add(2 * time.Second)})
	}
	time.Sleep(time.Duration(rng.IntN(3000)) * time.Millisecond)
}

// counts are how much of it is played: in full, in a slice, or, under the race detector, which makes SQLite ten times slower,
// just enough to see a race.
func counts(full, slice, race int) int {
	switch {
	case os.Getenv("HIKESHI_LONG") != "":
		return full
	case testing.Short():
		return race
	}
	return slice
}

// However the power is cut, nothing had left for bitbank of which the journal does not know: every write of a recorded run is
// looked for after cuts at all its moments.
func TestNothingLeavesWithoutADurableIntent(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	runs, cuts, lost, torn := counts(10, 1, 1), counts(1000, 100, 10), 0, 0
	for range runs {
		dir := t.TempDir()
		var m *machine
		synctest.Test(t, func(t *testing.T) {
			m = newMachine(t, dir)
			for range 30 {
				m.trade(rng)
			}
			m.stop()
			m.j.Close()
		})
		disk, end := m.power.Disk(), m.power.Now()
		for k := range cuts {
			now := (k + 1) * end / cuts
			if k%2 == 0 { // just when something leaves
				now = m.wire.writes[rng.IntN(len(m.wire.writes)*(k+1)/cuts+1)%len(m.wire.writes)].now
			}
			if now < disk.Done() {
				disk = m.power.Disk()
			}
			disk.Advance(now)
			after, err := os.MkdirTemp(dir, "cut")
			if err != nil {
				t.Fatal(err)
			}
			disk.Cut(t, rng, after)
			j := openJournal(t, filepath.Join(after, "journal.db"))
			memory, err := Remember(t.Context(), j)
			if err != nil || j.Damage() != nil {
				t.Fatalf("seed %d, cut at %d of %d: %v, damage %+v", seed, now, end, err, j.Damage())
			}
			if missing := m.wire.unintended(memory.Ledger, now); len(missing) > 0 {
				t.Fatalf("seed %d, cut at %d of %d: no intent of %+v", seed, now, end, missing)
			}
			lost += len(memory.Ledger.Open())
			if disk.Unsynced() > 0 {
				torn++
			}
			j.Close()
			os.RemoveAll(after)
		}
	}
	if cuts >= 100 && (lost == 0 || torn == 0) {
		t.Errorf("%d intents were open in %d torn cuts: want some", lost, torn)
	}
	fmt.Printf("figure: account, %d power cuts, %d of them with unsynced writes: nothing had left without a durable intent, %d intents open in all (seed %d)\n", runs*cuts, torn, lost, seed)
}

// After power cuts in the midst of trading, again and again, every order is settled with what is true at bitbank, and none is doubled.
func TestPowerCutsAreSurvived(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 2))
	worlds, each := counts(40, 1, 1), counts(8, 8, 2)
	root := t.TempDir()
	intents, placed := 0, 0
	for n := range worlds {
		synctest.Test(t, func(t *testing.T) {
			m := newMachine(t, t.TempDir())
			for k := range each {
				m.power.OffAfter(1+rng.IntN(600), func() { m.wire.setCut(true) })
				for !m.wire.isCut() {
					m.trade(rng)
				}
				m.stop()
				m.j.Close()
				disk := m.power.Disk()
				disk.Advance(m.power.Now())
				m.dir = filepath.Join(root, fmt.Sprint(n, "-", k))
				if err := os.Mkdir(m.dir, 0o700); err != nil {
					t.Fatal(err)
				}
				disk.Cut(t, rng, m.dir)
				m.wire.setCut(false)
				m.control("DELETE", "/faults", "")
				m.start()
			}
			for range 40 {
				time.Sleep(30 * time.Second)
			}
			i, p := m.settled(seed)
			intents, placed = intents+i, placed+p
			m.stop()
			m.j.Close()
		})
	}
	fmt.Printf("figure: account, %d power cuts in %d worlds: %d orders wanted and %d placed, all settled with what is true, none doubled (seed %d)\n", worlds*each, worlds, intents, placed, seed)
}

// settled compares the ledger with the truth.
func (m *machine) settled(seed uint64) (intents, placed int) {
	m.t.Helper()
	var truth struct {
		Orders []bitbank.Order `json:"orders"`
	}
	if err := json.Unmarshal([]byte(m.control("GET", "/truth", "")), &truth); err != nil {
		m.t.Fatal(err)
	}
	there := map[string]bitbank.OrderID{}
	for _, o := range truth.Orders {
		amount := o.StartAmount.Decimal().String()
		if there[amount] != 0 {
			m.t.Errorf("seed %d: the order of %s is doubled", seed, amount)
		}
		there[amount] = o.ID
	}
	m.a.mu.Lock()
	defer m.a.mu.Unlock()
	l := m.a.broker.Ledger()
	for _, i := range l.Open() {
		m.t.Errorf("seed %d: intent %s is open: %+v", seed, i.ID, i.Case)
	}
	for _, i := range l.Recent(time.Time{}) {
		if i.Order == nil {
			continue
		}
		intents++
		var got bitbank.OrderID
		switch {
		case i.Answer == ledger.Done:
			got = i.Placed[0]
		case i.Case != nil && len(i.Case.Orders) > 0:
			got = i.Case.Orders[0]
		}
		amount := i.Order.Amount.Decimal().String()
		if got != there[amount] {
			m.t.Errorf("seed %d: intent %s of %s is settled as order %d, at bitbank it is %d", seed, i.ID, amount, got, there[amount])
		}
		if got != 0 {
			placed++
		}
		delete(there, amount)
	}
	for amount, id := range there {
		m.t.Errorf("seed %d: order %d of %s has no intent", seed, id, amount)
	}
	return intents, placed
}
