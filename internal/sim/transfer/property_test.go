package transfer

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// A witness holds a desk against what it was told.
type witness struct {
	*world
	now   time.Time
	begun map[string]decimal.Decimal // free at the start
	seen  map[string]newsRow         // the last news of each transfer, by uuid
	order []string                   // uuids as they were first told
	log   []string                   // every answer and all news, as bytes
}

// A newsRow is what the news say of a transfer.
type newsRow struct {
	UUID, Asset, Amount, Fee string
	Status                   Status
	FoundAt                  int64 `json:"found_at"`
	RequestedAt              int64 `json:"requested_at"`
}

func (r newsRow) cost() decimal.Decimal { return dec(r.Amount).Add(dec(r.Fee)) }

func witnessOf(t *rapid.T, seed uint64) *witness {
	w := &witness{
		world: open(t, Options{Seed: seed, Readings: Readings{UnconfirmedDoNotBlock: true}}), now: start, seen: map[string]newsRow{},
	}
	w.purse.free["eth"] = dec("100")
	w.begun = maps.Clone(w.purse.free)
	return w
}

// twin is a witness of a clone.
func (w *witness) twin() *witness {
	c := *w
	purse := w.purse.copy()
	c.world = &world{Desk: w.Clone(purse), purse: purse, to: w.to, sender: w.sender, screened: w.screened}
	c.seen, c.order, c.log = maps.Clone(w.seen), slices.Clone(w.order), nil
	return &c
}

// hear takes the news and holds each against the one before.
func (w *witness) hear(t *rapid.T) {
	last := time.Time{}
	for _, e := range w.Advance(w.now) {
		b := text(t, e.Row)
		w.log = append(w.log, fmt.Sprint(e.At.UnixMilli(), e.Method, b))
		var row newsRow
		if err := json.Unmarshal([]byte(b), &row); err != nil {
			t.Fatal(err)
		}
		if e.At.Before(last) || e.At.After(w.now) || e.Asset != row.Asset {
			t.Fatalf("news of %v after %v, now %v: %s", e.At, last, w.now, b)
		}
		last = e.At
		old, known := w.seen[row.UUID]
		edges := depositEdges[old.Status]
		if e.Method == "withdrawal" {
			edges = withdrawalEdges[old.Status]
			if !known {
				edges = []Status{Confirming}
			}
		}
		if !slices.Contains(edges, row.Status) || known && (old.Amount != row.Amount || old.Fee != row.Fee || old.FoundAt != row.FoundAt) {
			t.Fatalf("%s went from %+v to %+v", e.Method, old, row)
		}
		if !known {
			w.order = append(w.order, row.UUID)
		}
		w.seen[row.UUID] = row
	}
}

// check holds money and lists against the news.
func (w *witness) check(t *rapid.T) {
	w.hear(t)
	count, locked, received, paid := map[string]int{}, map[string]decimal.Decimal{}, map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	for _, r := range w.seen {
		kind := "deposits"
		switch {
		case r.Fee == "" && r.Status == Done:
			received[r.Asset] = received[r.Asset].Add(dec(r.Amount))
		case r.Fee == "":
		case r.Status == Done:
			paid[r.Asset] = paid[r.Asset].Add(r.cost())
		case slices.Contains([]Status{Confirming, Examining, Sending}, r.Status):
			locked[r.Asset] = locked[r.Asset].Add(r.cost())
		}
		if r.Fee != "" {
			kind = "withdrawals"
		}
		count[kind+r.Asset]++
		if r.Asset != yen {
			count[kind]++
		}
	}
	for asset := range w.assets {
		p := w.purse
		if !p.locked[asset].Equal(locked[asset]) || !p.received[asset].Equal(received[asset]) || !p.paid[asset].Equal(paid[asset]) {
			t.Fatalf("%s: locked %s, received %s, paid %s, by the news %s, %s, %s", asset,
				p.locked[asset], p.received[asset], p.paid[asset], locked[asset], received[asset], paid[asset])
		}
		if sum := p.free[asset].Add(p.locked[asset]).Add(p.paid[asset]).Sub(p.received[asset]); !sum.Equal(w.begun[asset]) || p.free[asset].IsNegative() {
			t.Fatalf("%s: %s, was %s at the start", asset, sum, w.begun[asset])
		}
	}
	for _, asset := range append(slices.Collect(maps.Keys(w.assets)), "") {
		q := url.Values{}
		if asset != "" {
			q.Set("asset", asset)
		}
		w.checkList(t, "deposits", asset, w.DepositHistory, q, count)
		w.checkList(t, "withdrawals", asset, w.WithdrawalHistory, q, count)
	}
	w.checkAgenda(t)
}

func (w *witness) checkList(t *rapid.T, kind, asset string, read func(url.Values) (any, int), q url.Values, count map[string]int) {
	data, code := read(q)
	var got map[string][]newsRow
	if err := json.Unmarshal([]byte(text(t, data)), &got); err != nil || code != 0 {
		t.Fatal(err, code)
	}
	if len(got[kind]) != min(count[kind+asset], mostRows) {
		t.Fatalf("%s of %q: %d rows, the news told of %d", kind, asset, len(got[kind]), count[kind+asset])
	}
	before := w.now.UnixMilli()
	for _, r := range got[kind] {
		at := max(r.FoundAt, r.RequestedAt)
		if r != w.seen[r.UUID] || at > before || asset != "" && r.Asset != asset {
			t.Fatalf("%s of %q: %+v after a row of %d, the news said %+v", kind, asset, r, before, w.seen[r.UUID])
		}
		before = at
	}
}

func (w *witness) checkAgenda(t *rapid.T) {
	if !slices.IsSortedFunc(w.agenda, bySoonest) {
		t.Fatal("the agenda is not sorted")
	}
	for _, d := range w.agenda {
		if d.held || d.unconfirmed || d.ended() || d.parked || d.due.Before(w.now) {
			t.Fatalf("on the agenda: %+v", *d)
		}
	}
	waits := func(d *transfer) bool { return d.held || d.unconfirmed || d.ended() || d.parked }
	for _, d := range w.byUUID {
		if !waits(d) && !slices.Contains(w.agenda, d) {
			t.Fatalf("will never move: %+v", *d)
		}
	}
}

// nth is one of the transfers that the news have named.
func (w *witness) nth(i int) string {
	if len(w.order) == 0 {
		return "none"
	}
	return w.order[i%len(w.order)]
}

func (w *witness) note(what string, answer ...any) { w.log = append(w.log, what+fmt.Sprint(answer...)) }

var (
	labels   = []string{"my btc wallet", "my xrp wallet", "my eth wallet", "サンプル銀行"}
	assetOf  = map[string]string{"my btc wallet": "btc", "my xrp wallet": "xrp", "my eth wallet": "eth", "サンプル銀行": "jpy"}
	statuses = []Status{Found, Confirmed, Done, Confirming, Examining, Sending, Rejected, Canceled, ConfirmTimeout}
)

func seldom(t *rapid.T, what string) bool { return rapid.IntRange(0, 3).Draw(t, what) == 0 }

func anAmount(t *rapid.T) string {
	return rapid.SampledFrom([]string{"0.1", "1", "2.5", "700", "0.00000001", "31000", "0", "x"}).Draw(t, "amount")
}

func aTransfer(t *rapid.T) int { return rapid.IntRange(0, 50).Draw(t, "transfer") }

// things are what can happen to a desk: each draws one and returns it, to be done to one witness or to several.
var things = map[string]func(t *rapid.T) func(w *witness){
	"wait": func(t *rapid.T) func(w *witness) {
		d := time.Duration(rapid.IntRange(0, 90_000).Draw(t, "ms")) * time.Millisecond
		return func(w *witness) { w.now = w.now.Add(d) }
	},
	"deposit": func(t *rapid.T) func(w *witness) {
		a := Arrival{
			Asset: rapid.SampledFrom([]string{"jpy", "btc", "eth"}).Draw(t, "asset"), Amount: anAmount(t),
			Status: rapid.SampledFrom([]Status{"", Found, Confirmed, Done}).Draw(t, "status"), Hold: seldom(t, "hold"),
			Unconfirmed: seldom(t, "unconfirmed"), Internal: seldom(t, "internal"),
		}
		if a.Asset == "eth" {
			a.Network = rapid.SampledFrom([]string{"", "ethereum", "op"}).Draw(t, "network")
		}
		past := time.Duration(0)
		if seldom(t, "past") {
			past = time.Duration(rapid.IntRange(1, 200).Draw(t, "seconds")) * time.Second
		}
		return func(w *witness) {
			if a := a; past > 0 {
				a.FoundAt = w.now.Add(-past).UnixMilli()
			}
			uuid, err := w.AddDeposit(a, w.now)
			w.note("deposit", uuid, err)
		}
	},
	"withdraw": func(t *rapid.T) func(w *witness) {
		label, amount := rapid.SampledFrom(labels).Draw(t, "to"), anAmount(t)
		return func(w *witness) {
			data, code := w.RequestWithdrawal(map[string]any{"asset": assetOf[label], "uuid": w.to[label], "amount": amount}, w.now)
			w.note("withdraw", text(panics{}, data), code)
		}
	},
	"declare": func(t *rapid.T) func(w *witness) {
		i, right := aTransfer(t), rapid.Bool().Draw(t, "right")
		return func(w *witness) {
			originator := w.sender
			if !right {
				originator = w.screened
			}
			data, code := w.ConfirmDeposits(map[string]any{"deposits": []any{map[string]any{"uuid": w.nth(i), "originator_uuid": originator}}}, w.now)
			w.note("declare", text(panics{}, data), code)
		}
	},
	"declare all": func(*rapid.T) func(w *witness) {
		return func(w *witness) {
			data, code := w.ConfirmDepositsAll(map[string]any{"originator_uuid": w.sender}, w.now)
			w.note("declare all", text(panics{}, data), code)
		}
	},
	"move": func(t *rapid.T) func(w *witness) {
		i, to := aTransfer(t), rapid.SampledFrom(statuses).Draw(t, "to")
		return func(w *witness) { w.note("move", w.Move(w.nth(i), to, w.now)) }
	},
	"hold": func(t *rapid.T) func(w *witness) {
		i, hold := aTransfer(t), rapid.Bool().Draw(t, "hold")
		return func(w *witness) { w.note("hold", w.Hold(w.nth(i), hold, w.now)) }
	},
	"stop": func(t *rapid.T) func(w *witness) {
		s := Stop{Asset: rapid.SampledFrom([]string{"jpy", "btc", "eth"}).Draw(t, "asset")}
		if s.Asset == "eth" {
			s.Network = rapid.SampledFrom([]string{"", "op"}).Draw(t, "network")
		}
		if rapid.Bool().Draw(t, "deposits") {
			s.Deposits = new(seldom(t, "stop"))
		} else {
			s.Withdrawals = new(seldom(t, "stop"))
		}
		return func(w *witness) { w.note("stop", w.SetStop(s, w.now)) }
	},
	"conditions": func(t *rapid.T) func(w *witness) {
		c := Conditions{NobodyConfirms: seldom(t, "nobody"), Busy: seldom(t, "busy")}
		return func(w *witness) { w.SetConditions(c) }
	},
}

// panics stands for a test where failing is a mistake of the test.
type panics struct{}

func (panics) Fatal(why ...any) { panic(fmt.Sprint(why...)) }

func TestMoneyIsConservedAndStatesMoveAlongTheirEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := witnessOf(t, rapid.Uint64().Draw(t, "seed"))
		actions := map[string]func(*rapid.T){"": w.check}
		for name, draw := range things {
			actions[name] = func(t *rapid.T) { draw(t)(w) }
		}
		t.Repeat(actions)
	})
}

// Two desks of one seed that are told the same things answer with the same bytes, and so does a clone from where it was made.
func TestSameSeedSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		one, two := witnessOf(t, seed), witnessOf(t, seed)
		all := []*witness{one, two}
		names := slices.Sorted(maps.Keys(things))
		for i := range rapid.IntRange(2, 60).Draw(t, "steps") {
			if i == 20 {
				one.hear(t)
				two.hear(t)
				one.log, two.log = nil, nil
				all = append(all, one.twin())
			}
			do := things[rapid.SampledFrom(names).Draw(t, "thing")](t)
			for _, w := range all {
				do(w)
				w.hear(t)
			}
		}
		for _, w := range all[1:] {
			if !slices.Equal(w.log, one.log) {
				t.Fatalf("two histories:\n%q\n%q", one.log, w.log)
			}
		}
		if other := witnessOf(t, seed+1); other.sender == one.sender {
			t.Fatal("two seeds and one uuid")
		}
	})
}
