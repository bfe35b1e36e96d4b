package web

import (
	"html"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
	"hikeshi/internal/text"
)

// sent is an order that was sent and not answered yet.
func (o *owner) sent(id, amount string, at time.Time) {
	n := wants(amount)
	o.apply(ledger.Record{At: at, Intended: &ledger.Intended{ID: id, Bot: "grid", Order: &n, Signed: at, Window: 2 * time.Second}})
}

// proved are the facts of an order that never arrived.
func proved(sent time.Time) []reconcile.Fact {
	return append(append(fenced(sent), barrier(sent, 6*time.Second)), looks(sent, true, 7*time.Second, 20*time.Second, 40*time.Second)...)
}

// arrived is an order whose answer was lost, and that was found.
func (o *owner) arrived(id string, order bitbank.OrderID, amount string, sent time.Time) {
	r := reported(order, wants(amount), bitbank.StatusUnfilled, "0", sent.Add(time.Second))
	o.apply(ledger.Record{At: sent.Add(5 * time.Second), Order: &r})
	o.lost(id, amount, sent, shows(sent, 5*time.Second, r))
}

// An order that was sent a moment ago alarms nobody; one that is not answered for longer does.
func TestWhatIsOnlyJustSentIsInNoDoubt(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		age      time.Duration
		sentence string
		doubt    bool
	}{{time.Second, "web.order.head.sending", false}, {underWay + time.Second, "web.order.head.uncertain", true}} {
		o := calmly(now)
		o.sent("3-1", "0.01", now.Add(-c.age))
		h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
		in := enter(t, h)
		page := html.UnescapeString(body(t, get(t, h, "/orders?lang=en", in)))
		if want := text.Say(text.English, c.sentence, text.Args{"n": "1"}); !strings.Contains(page, want) {
			t.Errorf("after %v the page does not say %q", c.age, want)
		}
		if got := strings.Contains(page, `data-live="cards"`); got != c.doubt {
			t.Errorf("after %v there are cards: %t", c.age, got)
		}
		if got := strings.Contains(body(t, get(t, h, "/?lang=en", in)), `data-live="doubt"`); got != c.doubt {
			t.Errorf("after %v the first page tells of doubt: %t", c.age, got)
		}
		// Programs hear it as it is.
		if got := DescribeOrders(text.English, o.View(), 10, now); got.State != "uncertain" || got.Orders[0].Standing != account.Uncertain {
			t.Errorf("after %v programs are told %s", c.age, got.State)
		}
	}
}

// The first page says what is looked into and then how that has ended; how many, to nobody without the login.
func TestTheFirstPageFollowsADoubtToItsEnd(t *testing.T) {
	now := time.Now()
	ago := now.Add(-2 * time.Minute)
	open, one, over, old := calmly(now), calmly(now), calmly(now), calmly(now)
	open.lost("3-1", "0.01", ago)
	open.lost("3-2", "0.02", ago)
	one.arrived("3-1", 71, "0.01", ago)
	one.lost("3-2", "0.02", ago)
	over.arrived("3-1", 71, "0.01", ago)
	over.lost("3-2", "0.02", ago, proved(ago)...)
	before := now.Add(-settledFor - time.Minute)
	old.lost("3-2", "0.02", before, proved(before)...)
	for name, c := range map[string]struct {
		o          *owner
		see, blind string // what is said, and to those who may not see the account
	}{
		"two in doubt":       {open, text.Say(text.English, "web.home.orders.looks", text.Args{"n": "2"}), text.Say(text.English, "web.home.orders.doubt", nil)},
		"one of them found":  {one, text.Say(text.English, "web.home.orders.looks", text.Args{"n": "1"}), text.Say(text.English, "web.home.orders.doubt", nil)},
		"both settled":       {over, text.Say(text.English, "web.home.orders.settled", text.Args{"placed": "1", "absent": "1"}), ""},
		"settled long since": {old, "", ""},
		"the owner is asked": {everything(now), text.Say(text.English, "web.home.orders.ask", text.Args{"n": "2"}), text.Say(text.English, "web.home.orders", nil)},
	} {
		h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, c.o)
		in := enter(t, h)
		seen, blind := html.UnescapeString(body(t, get(t, h, "/?lang=en", in))), html.UnescapeString(body(t, get(t, h, "/?lang=en")))
		for _, x := range []struct{ page, want string }{{seen, c.see}, {blind, c.blind}} {
			if x.want == "" && strings.Contains(x.page, `data-live="doubt"`) || !strings.Contains(x.page, x.want) {
				t.Errorf("%s: the first page does not say %q", name, x.want)
			}
		}
		if strings.Contains(blind, "data-orders") || !strings.Contains(seen, "data-orders") {
			t.Errorf("%s: who hears of orders is not who may", name)
		}
	}
}

func TestAnOrderThatWasFoundIsShownWithWhatThatRestsOn(t *testing.T) {
	now := time.Now()
	o := calmly(now)
	o.arrived("3-1", 71, "0.01", now.Add(-time.Minute))
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	page := html.UnescapeString(body(t, get(t, h, "/orders?lang=en", enter(t, h))))
	_, card, _ := strings.Cut(page, `data-live="settled"`)
	card, _, _ = strings.Cut(card, "</article>")
	for _, want := range []string{
		text.Say(text.English, "web.order.title.found", nil), text.Say(text.English, "web.proof.why.placed", nil), ">71<", text.Say(text.English, "web.order.became.live", nil),
	} {
		if !strings.Contains(card, want) {
			t.Errorf("the card does not say %q", want)
		}
	}
}

// How long it takes is an estimate from what is missing, never a promise, and nothing without bitbank.
func TestAProofSaysHowLongItTakesAtTheSoonest(t *testing.T) {
	now := time.Now()
	at := now.Add(-20 * time.Second)
	young := now.Add(-time.Second)
	for name, c := range map[string]struct {
		sent    time.Time
		facts   []reconcile.Fact
		trading string
		want    string
	}{
		"just lost":             {young, nil, "open", "At the soonest in about 35 s."},
		"bitbank is silent":     {at, fenced(at)[:1], "dark", "At the soonest about 35 s after bitbank answers again."},
		"no later order":        {at, append(fenced(at), looks(at, false, 5*time.Second)...), "open", "At the soonest about 30 s after a later order is executed."},
		"a later order is seen": {at, append(fenced(at), barrier(at, 6*time.Second)), "open", "At the soonest in about 30 s."},
		"and looks show it":     {at, append(append(fenced(at), barrier(at, 6*time.Second)), looks(at, true, 7*time.Second, 10*time.Second, 15*time.Second)...), "open", "At the soonest in about 20 s."},
		"proved":                {now.Add(-time.Minute), proved(now.Add(-time.Minute)), "open", ""},
	} {
		o := &owner{read: now}
		o.lost("3-1", "0.01", c.sent, c.facts...)
		v := o.View()
		v.Trading = c.trading
		p := DescribeOrders(text.English, v, 10, now).Orders[0].Proof
		if p == nil || p.Left != c.want {
			t.Errorf("%s: %+v, want %q", name, p, c.want)
		}
	}
}

// A count that is full says no more than that: what is missing then is time between the looks.
func TestThreeLooksThatAreNearEachOtherAreNotDone(t *testing.T) {
	now := time.Now()
	at := now.Add(-30 * time.Second)
	o := calmly(now)
	o.lost("3-1", "0.01", at, append(append(fenced(at), barrier(at, 6*time.Second)), looks(at, true, 7*time.Second, 10*time.Second, 17*time.Second)...)...)
	steps := DescribeOrders(text.English, o.View(), 10, now).Orders[0].Proof.Steps
	for i, want := range map[int]string{2: "10/30 s", 3: "10/30 s"} {
		if steps[i].State == "done" || steps[i].Progress != want {
			t.Errorf("the step %s is %s, %q, want %q", steps[i].ID, steps[i].State, steps[i].Progress, want)
		}
	}
}
