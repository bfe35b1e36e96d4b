package corpus

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"hikeshi/internal/sim"
)

// A usage is how much one host, or one page, was asked at most.
type usage struct {
	what           string
	minute, second int // the most in any 60 s, and in any second
	most, burst    int // what is allowed
}

func (u usage) over() bool { return u.minute > u.most || u.second > u.burst }

func (u usage) String() string {
	return fmt.Sprintf("%s %d/%d (%d/%d)", u.what, u.minute, u.most, u.second, u.burst)
}

// usages counts the requests that the hosts have seen, as they count: interfaces by the host and the settings of pairs
// apart, pages by the page.
func usages(requests []sim.Request) []usage {
	at := map[string][]time.Time{}
	for _, r := range requests {
		switch r.Host {
		case "web", "app", "support", "status", "blog", "x":
			at[r.Host+r.Path] = append(at[r.Host+r.Path], r.Time)
		default:
			at[r.Host] = append(at[r.Host], r.Time)
		}
		if strings.HasSuffix(r.Path, "/spot/pairs") {
			at["pairs"] = append(at["pairs"], r.Time)
		}
	}
	var out []usage
	for what, when := range at {
		slices.SortFunc(when, time.Time.Compare)
		u := usage{what: what, minute: within(when, time.Minute), second: within(when, time.Second), most: 6, burst: 6}
		switch what {
		case "public", "private", "stream":
			u.most = 60
		case "pairs":
			u.most = 2
		}
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b usage) int { return cmp.Compare(a.what, b.what) })
	return out
}

// within is the most of some instants, oldest first, that lie in any window of a length.
func within(at []time.Time, length time.Duration) int {
	most, first := 0, 0
	for i := range at {
		for at[i].Sub(at[first]) >= length {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// busiest are the highest usages of all outcomes, by the host.
func busiest(done []outcome) string {
	by := map[string]usage{}
	for _, o := range done {
		for _, u := range o.usages {
			host, _, _ := strings.Cut(u.what, "/")
			u.what = host
			was := by[host]
			u.minute, u.second = max(u.minute, was.minute), max(u.second, was.second)
			by[host] = u
		}
	}
	var out []string
	for _, u := range by {
		out = append(out, u.String())
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
