package bitbank_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

func TestAllCodesAreThere(t *testing.T) {
	all := bitbank.Codes()
	if len(all) != 182 {
		t.Errorf("%d codes, want 182", len(all))
	}
	groups := map[bitbank.Code]string{
		1: "SYSTEM", 2: "AUTHENTICATION", 3: "REQUIRED_PARAMETER", 4: "INVALID_PARAMETER", 5: "DATA", 6: "VALUE", 7: "STOP_BY_SYSTEM_STATUS",
	}
	for i, c := range all {
		if i > 0 && all[i-1].Code >= c.Code {
			t.Errorf("%d stands after %d", c.Code, all[i-1].Code)
		}
		if c.Group != groups[c.Code/10000] {
			t.Errorf("%d is in group %s", c.Code, c.Group)
		}
		if !slices.Contains([]string{"request", "account", "pair", "exchange", "unknown"}, c.Scope) ||
			!slices.Contains([]string{"not_applied", "presumed_not_applied", "unknown"}, c.Write) {
			t.Errorf("%d: scope %q, write effect %q", c.Code, c.Scope, c.Write)
		}
		japanese := func(s string) bool {
			return strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) })
		}
		if c.En == "" || japanese(c.En) || !japanese(c.Ja) || c.Advice == "" || japanese(c.Advice) || !japanese(c.AdviceJa) {
			t.Errorf("%d: wording %+v", c.Code, c)
		}
		if got, known := bitbank.Lookup(c.Code); !known || got != c {
			t.Errorf("%d is looked up as %+v, %v", c.Code, got, known)
		}
	}
}

// A write that may have been executed must never be taken for one that was not.
func TestCodesThatLeaveAWriteOpenSaySo(t *testing.T) {
	for _, c := range []bitbank.Code{10001, 10003, 10005, 10007, 10008, 70001, 70002, 70003, 70011, 70012, 70026, 50088, 60020, 12345, 99999} {
		if info, _ := bitbank.Lookup(c); info.Write == "not_applied" {
			t.Errorf("%d says that a write was not applied", c)
		}
	}
}

func TestAnUnknownCodeIsTakenSafely(t *testing.T) {
	info, known := bitbank.Lookup(79999)
	if known || info.Code != 79999 || info.Class != bitbank.ClassUnknownOutcome || info.Write != "unknown" || info.En == "" || info.Ja == "" || info.AdviceJa == "" {
		t.Errorf("got %+v, %v", info, known)
	}
	if bitbank.Codes()[0].Code == 0 {
		t.Error("the list begins with no code")
	}
}

func TestTheListCannotBeChangedFromOutside(t *testing.T) {
	bitbank.Codes()[0] = bitbank.CodeInfo{}
	if bitbank.Codes()[0].Code != 10000 {
		t.Error("it was changed")
	}
}

// Section by section what the documents promise: a refusal is proved only where bitbank says that it refuses before it
// acts. This list is written by hand, apart from codes.tsv.
func TestEveryCodeIsClassifiedForWritesAndReads(t *testing.T) {
	open := []bitbank.Code{10001, 10003, 10005, 10007, 10008, 50088, 60020, 70001, 70002, 70003, 70011, 70012, 70019, 70026}
	ordersOnly := []bitbank.Code{50009, 50010, 50026, 50027} // about an order that exists: no answer to a new one
	within := func(c bitbank.Code, from, to bitbank.Code) bool { return c >= from && c <= to }
	for _, info := range bitbank.Codes() {
		order, cancel := bitbank.RefusedByRules, bitbank.RefusedByRules
		switch c := info.Code; {
		case slices.Contains(open, c):
			order, cancel = bitbank.Open, bitbank.Open
		case slices.Contains(ordersOnly, c):
			order = bitbank.Open
		case slices.Contains([]bitbank.Code{10000, 10002, 10009}, c), within(c, 20000, 49999):
			order, cancel = bitbank.RefusedAtDoor, bitbank.RefusedAtDoor
		case within(c, 50000, 69999), within(c, 70004, 70006), within(c, 70009, 70010), within(c, 70013, 70018), within(c, 70020, 70025):
		default:
			t.Errorf("%d has no place in the list", c)
		}
		if info.Order != order || info.Cancel != cancel {
			t.Errorf("%d: order %s, cancel %s; want %s and %s", info.Code, info.Order, info.Cancel, order, cancel)
		}
	}
	for _, c := range []bitbank.Code{1, 10004, 20099, 50001, 79999, 99999} {
		if info, known := bitbank.Lookup(c); known || info.Order.NotApplied() || info.Cancel.NotApplied() {
			t.Errorf("%d: %+v, %v", c, info, known)
		}
	}
	var none bitbank.Conclusion
	if none.NotApplied() {
		t.Error("no conclusion proves something")
	}
}

// All codes over the wire, as an answer to every write and to a read.
func TestEveryCodeGivesAWriteItsOutcomeAndAReadItsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := virtual(t, bitbank.Options{})
		for _, info := range append(bitbank.Codes(), bitbank.CodeInfo{Code: 79999}) {
			undo := fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Refuse, Code: int(info.Code)})
			for _, w := range allWrites {
				conclusion := info.Order
				if strings.HasPrefix(w.name, "CancelOrder") {
					conclusion = info.Cancel
				}
				want := "lost " + itoa(int(info.Code))
				if conclusion.NotApplied() {
					want = "refused " + itoa(int(info.Code))
				}
				if got := write(t.Context(), t, c, w.name); got != want {
					t.Errorf("%s: %s, want %s", w.name, got, want)
				}
			}
			_, err := c.ActiveOrders(t.Context(), bitbank.OrderQuery{})
			if refusal, ok := errors.AsType[*bitbank.Error](err); !ok || refusal.Code != info.Code || refusal.Op != "ActiveOrders" {
				t.Errorf("a read that got %d: %v", info.Code, err)
			}
			undo()
		}
		if got, want := len(fake.Requests()), 183*(len(allWrites)+1); got != want {
			t.Errorf("%d requests, want %d", got, want)
		}
	})
}
