package keys

import (
	"errors"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

func amount(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func narrow() Scope {
	return Scope{
		Trade: true, Types: []bitbank.OrderType{bitbank.Limit, bitbank.Market},
		Most: map[string]decimal.Decimal{"btc_jpy": amount("0.1"), "xrp_jpy": amount("500")},
	}
}

func TestAScopeAllowsWhatItNamesAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		what   string
		scope  Scope
		pair   string
		typ    bitbank.OrderType
		amount string
		denied string // field
	}{
		{"the least", narrow(), "btc_jpy", bitbank.Limit, "0.0001", ""},
		{"the most", narrow(), "btc_jpy", bitbank.Market, "0.1", ""},
		{"each pair has its own most", narrow(), "xrp_jpy", bitbank.Limit, "500", ""},
		{"a hair above", narrow(), "btc_jpy", bitbank.Limit, "0.10000001", "amount"},
		{"another pair", narrow(), "eth_jpy", bitbank.Limit, "0.01", "pair"},
		{"another type", narrow(), "btc_jpy", bitbank.Stop, "0.01", "type"},
		{"nothing", narrow(), "btc_jpy", bitbank.Limit, "0", "amount"},
		{"less than nothing", narrow(), "btc_jpy", bitbank.Limit, "-0.01", "amount"},
		{"the zero scope", Scope{}, "btc_jpy", bitbank.Limit, "0.01", "trade"},
		{"pairs without trade", Scope{Most: narrow().Most, Types: narrow().Types}, "btc_jpy", bitbank.Limit, "0.01", "trade"},
	} {
		err := c.scope.Allows(c.pair, c.typ, amount(c.amount))
		denial, denied := errors.AsType[*Denial](err)
		if denied != (c.denied != "") || denied && denial.Field != c.denied {
			t.Errorf("%s: got %v, want a denial of %q", c.what, err, c.denied)
		}
	}
}

func TestAScopeThatContradictsItselfMakesNoKey(t *testing.T) {
	for what, spoil := range map[string]func(*Scope){
		"no trade, but pairs":      func(c *Scope) { c.Trade = false },
		"no types":                 func(c *Scope) { c.Types = nil },
		"no pairs":                 func(c *Scope) { c.Most = nil },
		"a most of nothing":        func(c *Scope) { c.Most["btc_jpy"] = decimal.Decimal{} },
		"a type that nobody sends": func(c *Scope) { c.Types = []bitbank.OrderType{bitbank.LossCut} },
		"a withdrawal as a type":   func(c *Scope) { c.Types = []bitbank.OrderType{"withdraw"} },
	} {
		var s Store
		scope := narrow()
		spoil(&scope)
		if _, err := s.AddBot("arb", scope, noon); !errors.Is(err, ErrScope) || len(s.Bots()) != 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTheGuardOfPostOnlyOrdersIsKept(t *testing.T) {
	dir, s := kept(t)
	for text, want := range map[string]Guard{"": GuardOn, "on": GuardOn, "known": GuardKnown, "off": GuardOff} {
		scope := narrow()
		g, err := ParseGuard(text)
		if scope.Guard = g; err != nil || g != want {
			t.Fatalf("%q is %q, %v", text, g, err)
		}
		if _, err := s.AddBot("bot"+text, scope, noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	for _, b := range open(t, dir, "").Bots() {
		if want := b.Name[3:]; want != "" && b.Scope.Guard.String() != want || want == "" && b.Scope.Guard != GuardOn {
			t.Errorf("%s is read back with the guard %q", b.Name, b.Scope.Guard)
		}
	}
	scope := narrow()
	scope.Guard = "sometimes"
	if _, err := s.AddBot("other", scope, noon); !errors.Is(err, ErrGuard) {
		t.Errorf("a guard that is none: %v", err)
	}
}

func TestABotsKeyWorksUntilItIsRevoked(t *testing.T) {
	dir, s := kept(t)
	b, err := s.AddBot("arb", narrow(), noon)
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.AddBot("grid", Scope{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if b.ID.Reveal() == other.ID.Reveal() || b.Secret.Reveal() == other.Secret.Reveal() || len(b.Secret.Reveal()) != 64 {
		t.Error("two bots share a key, or it is short")
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, "")
	got, ok := s.Bot(b.ID.Reveal())
	if !ok || got.Secret.Reveal() != b.Secret.Reveal() || got.Scope.Allows("btc_jpy", bitbank.Limit, amount("0.1")) != nil {
		t.Fatalf("read back: %t, %+v", ok, got)
	}
	got.Scope.Most["btc_jpy"] = amount("1000") // a caller's copy
	if again, _ := s.Bot(b.ID.Reveal()); again.Scope.Allows("btc_jpy", bitbank.Limit, amount("0.2")) == nil {
		t.Error("a caller has widened the scope")
	}
	if err := s.Revoke("arb", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.Revoke("arb", noon.Add(2*time.Hour)); err != nil || !s.Bots()[0].Revoked.Equal(noon.Add(time.Hour)) {
		t.Errorf("revoked twice: %v, %v", err, s.Bots()[0].Revoked)
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, "")
	if _, ok := s.Bot(b.ID.Reveal()); ok {
		t.Error("a revoked key works")
	}
	if _, ok := s.Bot(other.ID.Reveal()); !ok {
		t.Error("the other key does not")
	}
	if _, err := s.AddBot("arb", Scope{}, noon); !errors.Is(err, ErrExists) {
		t.Errorf("a name for a second time: %v", err)
	}
	if err := s.Revoke("nobody", noon); !errors.Is(err, ErrUnknown) {
		t.Errorf("revoke nobody: %v", err)
	}
}
