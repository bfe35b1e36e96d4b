package probe

import (
	"strings"
	"testing"
	"time"
)

func TestAPriceIsPickedAsItIsWritten(t *testing.T) {
	for _, c := range []struct{ body, path, want string }{
		{`{"ltp":15000000.10}`, "ltp", "15000000.10"},
		{`{"last":"15000000"}`, "last", "15000000"},
		{`{"data":[{"last":"1"},{"last":"2"}]}`, "data.0.last", "1"},
		{`{"data":[]}`, "data.0.last", ""},
		{`{"data":{}}`, "data.0.last", ""},
		{`{"last":null}`, "last", ""},
		{`{"last":"n/a"}`, "last", ""},
		{`{"last":{"a":1}}`, "last", ""},
		{`[]`, "last", ""},
		{`{`, "last", ""},
	} {
		if got, err := lastPrice([]byte(c.body), c.path); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s at %s: got %q, %v, want %q", c.body, c.path, got, err, c.want)
		}
	}
}

func TestADomainIsWhatOneOwnerHolds(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"bitbank.cc", "bitbank.cc"}, {"app.bitbank.cc", "bitbank.cc"}, {"www.nict.go.jp", "nict.go.jp"}, {"a.b.nict.go.jp", "nict.go.jp"},
		{"www.wikipedia.org", "wikipedia.org"}, {"X.COM", "x.com"}, {"127.0.0.1", "127.0.0.1"}, {"localhost", "localhost"}, {"h.example.", "h.example"},
	} {
		if got := domain(c.name); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestEvidenceIsShortAndWhole(t *testing.T) {
	got := short(strings.Repeat("あ", 100) + "\n\tx")
	if len(got) > 200 || !strings.HasSuffix(got, "あ") || strings.ContainsAny(got, "\n\t") {
		t.Errorf("got %d bytes, %q", len(got), got)
	}
}

// A pace forgets a busy hour within ten minutes, and does not get used to an outage.
func TestAPaceFollowsTheMarketAndNotItsOutages(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	begun := now
	var p pace
	hear := func(n int, every time.Duration) {
		for range n {
			now = now.Add(every)
			p.hear(now)
		}
	}
	hear(10, 100*time.Millisecond)
	if p.overdue(now.Add(time.Hour), begun) {
		t.Error("silence was called unusual before anything was usual")
	}
	hear(100, 100*time.Millisecond)
	if limit, _ := p.limit(); limit != paceLeast {
		t.Errorf("busy: limit %v, want %v", limit, paceLeast)
	}
	if p.overdue(now.Add(paceLeast), begun) || !p.overdue(now.Add(paceLeast+time.Millisecond), begun) {
		t.Error("busy: silence is overdue at another time than its limit")
	}
	hear(40, 4*time.Second) // the night
	limit, _ := p.limit()
	if limit < 3*time.Second || limit > 6*time.Second {
		t.Errorf("quiet: limit %v, want some seconds", limit)
	}
	now = now.Add(time.Hour) // an outage
	p.hear(now)
	if after, _ := p.limit(); after > 2*limit {
		t.Errorf("after an outage: limit %v, before %v", after, limit)
	}
	hear(6600, 100*time.Millisecond)
	if limit, _ := p.limit(); limit != paceLeast {
		t.Errorf("busy again for 11 minutes: limit %v, want %v", limit, paceLeast)
	}
	if p.overdue(now.Add(time.Minute), now.Add(time.Minute-time.Second)) {
		t.Error("silence before this connection began was counted")
	}
}
