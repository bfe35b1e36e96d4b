package bitbank_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"hikeshi/bitbank"
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
