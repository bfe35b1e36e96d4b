package failures

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A kind is a way of going wrong.
type kind string

const (
	doubled   kind = "doubled"   // more orders exist than were wanted
	lost      kind = "lost"      // an order exists that the client takes for failed
	phantom   kind = "phantom"   // the client believes in an order that does not exist, or in one order twice
	unknown   kind = "unknown"   // the client does not know what became of an order, long after the world is well
	missing   kind = "missing"   // an order that was to be placed in the end does not exist
	hammering kind = "hammering" // more is asked of bitbank in a second than it allows
	surplus   kind = "surplus"   // an order exists that nobody wanted
	other     kind = "other"     // what only one scenario knows of
)

// A flaw is one thing that is wrong in the end.
type flaw struct {
	kind kind
	says string
}

func (f flaw) String() string { return f.says }

// An order as the exchange knows it.
type row struct {
	ID        int64  `json:"order_id"`
	Pair      string `json:"pair"`
	Side      string `json:"side"`
	Type      string `json:"type"`
	Start     string `json:"start_amount"`
	Executed  string `json:"executed_amount"`
	Price     string `json:"price"`
	OrderedAt int64  `json:"ordered_at"`
	Status    string `json:"status"`
}

// A request that one of the exchange's hosts has seen.
type request struct {
	Host   string    `json:"host"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Time   time.Time `json:"time"`
	Key    string    `json:"key"`
}

// truth is everything as the exchange knows it.
type truth struct {
	Accounts []struct {
		ID     string `json:"id"`
		Assets []struct {
			Asset  string `json:"asset"`
			Onhand string `json:"onhand_amount"`
			Locked string `json:"locked_amount"`
		} `json:"assets"`
	} `json:"accounts"`
	Orders   []row     `json:"orders"`
	Requests []request `json:"requests"`
}

func (w *world) truth() truth {
	w.t.Helper()
	var x truth
	if err := json.Unmarshal([]byte(w.control("GET", "/truth", "")), &x); err != nil {
		w.t.Fatal(err)
	}
	return x
}

// looks is what two orders have in common that nothing tells apart.
func (o order) looks() string {
	return strings.Join([]string{o.Pair, o.Side, o.Type, plain(o.Amount), plain(o.Price)}, " ")
}

func (r row) looks() string {
	return strings.Join([]string{r.Pair, r.Side, r.Type, plain(r.Start), plain(r.Price)}, " ")
}

// plain is a decimal number without its last zeros.
func plain(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// judge is the common judgement: of each wanted order there is one and no more, and the client knows it by its id or, when there
// is none, knows that; and bitbank was never asked for more than it allows.
func (w *world) judge() []flaw {
	w.t.Helper()
	x := w.truth()
	exist := map[string][]row{}
	for _, r := range x.Orders {
		if !w.strange(r) {
			exist[r.looks()] = append(exist[r.looks()], r)
		}
	}
	var flaws []flaw
	wanted := map[string]bool{}
	for _, o := range w.orders() {
		if k := o.looks(); !wanted[k] {
			wanted[k] = true
			flaws = append(flaws, w.judgeAlike(k, w.wantsOf(k), exist[k])...)
		}
	}
	for k, rows := range exist {
		if !wanted[k] {
			flaws = append(flaws, flaw{surplus, fmt.Sprintf("%d orders that nobody wanted: %s", len(rows), k)})
		}
	}
	return append(flaws, busy(x.Requests)...)
}

// judgeAlike judges the wants that look the same by the orders that do.
func (w *world) judgeAlike(looks string, wants []*want, exist []row) (flaws []flaw) {
	say := func(k kind, format string, args ...any) {
		flaws = append(flaws, flaw{k, fmt.Sprintf(format, args...) + " (" + looks + ")"})
	}
	if n := len(exist) - len(wants); n > 0 {
		say(doubled, "ordered %d times, wanted %d", len(exist), len(wants))
	}
	claimed := map[int64]bool{}
	failed, vague := 0, 0
	for _, x := range wants {
		b, over := x.state()
		switch {
		case !over || b.state == isUnknown:
			vague++
		case b.state == isFailed:
			failed++
		case claimed[b.id]:
			say(phantom, "believes in one order twice")
		case !slices.ContainsFunc(exist, func(r row) bool { return r.ID == b.id }):
			say(phantom, "believes in order %d, which does not exist", b.id)
		default:
			claimed[b.id] = true
		}
		if x.must && len(exist) < len(wants) {
			say(missing, "was to be placed in the end, and was not")
		}
		if x.soon && slices.ContainsFunc(exist, func(r row) bool { return r.OrderedAt >= w.healed.UnixMilli() }) {
			say(missing, "was placed only when the world was well again")
		}
	}
	if vague > 0 {
		say(unknown, "does not know what became of %d, and %d exist", vague, len(exist))
	}
	if n := min(failed, len(exist)-len(claimed)); n > 0 {
		say(lost, "takes %d for failed that exist", n)
	}
	return flaws
}

// busy finds the seconds in which more was asked than bitbank allows one account: 10 reads, 6 writes (bitbank's documents, "Rate
// limit").
func busy(requests []request) (flaws []flaw) {
	for class, most := range map[string]int{"reads": 10, "writes": 6} {
		var at []time.Time
		for _, r := range requests {
			if r.Host == "private" && r.Key == simKey && classOf(r) == class {
				at = append(at, r.Time)
			}
		}
		if n := busiest(at, time.Second); n > most {
			flaws = append(flaws, flaw{hammering, fmt.Sprintf("%d %s in one second, allowed are %d", n, class, most)})
		}
	}
	return flaws
}

// classOf is what a request counts against.
func classOf(r request) string {
	if r.Method == http.MethodPost && r.Path != "/v1/user/spot/orders_info" {
		return "writes"
	}
	return "reads"
}

// busiest is how many of the times lie in one span at most.
func busiest(at []time.Time, span time.Duration) int {
	most := 0
	for i := range at {
		n := 0
		for _, t := range at[i:] {
			if t.Sub(at[i]) < span {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
