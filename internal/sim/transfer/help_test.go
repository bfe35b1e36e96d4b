package transfer

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

const table = "jpy\nbtc\tbitcoin\nxrp\tripple\neth\tethereum arbitrum op\nxlm\tstellar\n"

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// A wallet is a purse that refuses to be wrong.
type wallet struct {
	free, locked, received, paid map[string]decimal.Decimal
}

func newWallet() *wallet {
	m := func() map[string]decimal.Decimal { return map[string]decimal.Decimal{} }
	w := &wallet{m(), m(), m(), m()}
	w.free["jpy"], w.free["btc"], w.free["xrp"] = dec("1000000"), dec("10"), dec("5000")
	return w
}

func (w *wallet) copy() *wallet {
	c := newWallet()
	for _, p := range []struct{ from, to map[string]decimal.Decimal }{
		{w.free, c.free}, {w.locked, c.locked}, {w.received, c.received}, {w.paid, c.paid},
	} {
		for asset, v := range p.from {
			p.to[asset] = v
		}
	}
	return c
}

func (w *wallet) positive(amount decimal.Decimal) {
	if !amount.IsPositive() {
		panic("amount " + amount.String())
	}
}

func (w *wallet) Receive(asset string, amount decimal.Decimal) {
	w.positive(amount)
	w.free[asset], w.received[asset] = w.free[asset].Add(amount), w.received[asset].Add(amount)
}

func (w *wallet) Lock(asset string, amount decimal.Decimal) bool {
	w.positive(amount)
	if w.free[asset].LessThan(amount) {
		return false
	}
	w.free[asset], w.locked[asset] = w.free[asset].Sub(amount), w.locked[asset].Add(amount)
	return true
}

func (w *wallet) unlock(asset string, amount decimal.Decimal) {
	w.positive(amount)
	if w.locked[asset].LessThan(amount) {
		panic("more than is locked of " + asset)
	}
	w.locked[asset] = w.locked[asset].Sub(amount)
}

func (w *wallet) Release(asset string, amount decimal.Decimal) {
	w.unlock(asset, amount)
	w.free[asset] = w.free[asset].Add(amount)
}

func (w *wallet) Pay(asset string, amount decimal.Decimal) {
	w.unlock(asset, amount)
	w.paid[asset] = w.paid[asset].Add(amount)
}

// A world is a furnished desk with its purse and the accounts to withdraw to, by label.
type world struct {
	*Desk
	purse    *wallet
	to       map[string]string
	sender   string // a CONFIRMED originator
	screened string // a SCREENING one
}

func open(t interface{ Fatal(...any) }, o Options) *world {
	o.Assets = Table(table)
	w := &world{purse: newWallet(), to: map[string]string{}}
	w.Desk = New(o, w.purse)
	w.Advance(start)
	w.Furnish()
	for _, a := range w.accounts {
		w.to[a.Label] = a.uuid
	}
	for _, o := range w.originators {
		if o.Status == "CONFIRMED" {
			w.sender = o.UUID
		} else {
			w.screened = o.UUID
		}
	}
	if len(w.to) != 6 || w.sender == "" || w.screened == "" {
		t.Fatal("the desk is not furnished: ", w.to, w.sender, w.screened)
	}
	return w
}

// body reads a JSON object the way the simulator hands it on.
func body(t interface{ Fatal(...any) }, text string) map[string]any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatal(text, err)
	}
	return m
}

func query(t *testing.T, text string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// text is an answer as it goes over the wire.
func text(t interface{ Fatal(...any) }, data any) string {
	b, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rows are those of a list that a client reads.
func rows(t *testing.T, list string) func(data any, code int) []map[string]any {
	return func(data any, code int) []map[string]any {
		t.Helper()
		if code != 0 {
			t.Fatalf("%s: code %d", list, code)
		}
		var got map[string][]map[string]any
		if err := json.Unmarshal([]byte(text(t, data)), &got); err != nil {
			t.Fatal(err)
		}
		if got[list] == nil || len(got) != 1 {
			t.Fatalf("%s is no list: %s", list, text(t, data))
		}
		return got[list]
	}
}

// must returns what cannot fail here.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// ask requests a withdrawal that is to be accepted, and returns its uuid.
func (w *world) ask(t *testing.T, asset, label, amount string, now time.Time) string {
	t.Helper()
	data, code := w.RequestWithdrawal(map[string]any{"asset": asset, "uuid": w.to[label], "amount": amount}, now)
	if code != 0 {
		t.Fatalf("withdraw %s %s: code %d", amount, asset, code)
	}
	var row struct{ UUID string }
	if err := json.Unmarshal([]byte(text(t, data)), &row); err != nil {
		t.Fatal(err)
	}
	return row.UUID
}

// told writes the news as "method status" in order.
func told(t *testing.T, events []Event) []string {
	t.Helper()
	got := []string{}
	for _, e := range events {
		var row struct{ Status string }
		if err := json.Unmarshal([]byte(text(t, e.Row)), &row); err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Method+" "+row.Status)
	}
	return got
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := text(t, got), text(t, want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func decimalOf(n int64) string { return decimal.NewFromInt(n).String() }

func jsonNumber(digits string) json.Number { return json.Number(digits) }
