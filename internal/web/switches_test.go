package web

import (
	"html/template"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
	"hikeshi/internal/text"
)

// switched is an account with a switch in every state.
func switched(now time.Time) *owner {
	o := calmly(now)
	add := func(bot string, change func(*lease.Lease)) {
		l := lease.Lease{Word: lease.Word{Bot: bot, Epoch: 3, TTL: 30 * time.Second, State: lease.Armed}, Since: now.Add(-time.Minute), Expires: now.Add(20 * time.Second)}
		change(&l)
		o.switches = append(o.switches, l)
	}
	add("armed", func(*lease.Lease) {})
	add("suspect", func(l *lease.Lease) { l.State, l.Why = lease.Suspect, lease.Silent })
	add("anew", func(l *lease.Lease) {
		l.State, l.Why, l.Anew, l.AnewWhy = lease.Suspect, lease.Clock, now, lease.Clock
	})
	add("held", func(l *lease.Lease) { l.Held, l.HeldUntil = true, now.Add(time.Hour) })
	add("recorded", func(l *lease.Lease) { l.Expires = time.Time{} })
	for _, s := range []lease.State{lease.Frozen, lease.Resolve, lease.Drain, lease.Verify, lease.Latched, lease.Safe} {
		add(string(s), func(l *lease.Lease) { l.State, l.Why, l.Expires = s, lease.Silent, time.Time{} })
	}
	add("maintenance", func(l *lease.Lease) { l.State, l.Why, l.Expires = lease.Safe, lease.Maintenance, time.Time{} })
	add("gone", func(l *lease.Lease) { l.State, l.Expires = lease.Off, time.Time{} })
	o.apply(ledger.Record{At: now, Leased: &lease.Word{Bot: "safe", Epoch: 3, TTL: 30 * time.Second, State: lease.Frozen, Why: lease.Silent}})
	return o
}

func TestSwitchesAreToldInBothLanguages(t *testing.T) {
	now := time.Now()
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, switched(now))
	c := published(t, h)
	for _, l := range bothLangs {
		c.answers(t, h, "/api/v1/orders", l, with(testToken))
		o := DescribeOrders(l, switched(now).View(), 10, now)
		if len(o.Switches) != 13 || len(o.Stops) != 1 || !o.Stops[0].Lapsed {
			t.Fatalf("%d switches, %+v", len(o.Switches), o.Stops)
		}
		texts := map[string]bool{}
		for _, s := range o.Switches {
			if s.Text == "" || strings.Contains(s.Text, "web.switch") || strings.Contains(s.Text, "{") || texts[s.Text] {
				t.Errorf("%s %s: %q", l, s.Bot, s.Text)
			}
			texts[s.Text] = true
		}
		page := body(t, get(t, h, "/orders?lang="+string(l), with(testToken)))
		for _, s := range o.Switches {
			if shown := strings.Contains(page, template.HTMLEscapeString(s.Text)); shown != (s.State != "off") {
				t.Errorf("%s: of %s the page shows %v", l, s.Bot, shown)
			}
		}
		if want := text.Say(l, "web.switch.stopped", text.Args{"since": ""}); !strings.Contains(page, template.HTMLEscapeString(want)) {
			t.Errorf("%s: the page does not say that the switch holds a bot", l)
		}
		if plain := DescribeOrders(l, calmly(now).View(), 10, now); len(plain.Switches) != 0 {
			t.Errorf("without switches: %+v", plain.Switches)
		}
	}
}

// Who follows the events hears of each change, and not of heartbeats.
func TestChangesOfSwitchesAreEvents(t *testing.T) {
	now := time.Now()
	o := switched(now)
	_, s := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	f := s.follow()
	heard := func() (bots []string) {
		s.views.drop()
		for _, e := range f.changes(text.English, now) {
			if e.Kind == "switch" {
				bots = append(bots, e.Data.(Switch).Bot)
			}
		}
		return bots
	}
	if got := strings.Join(heard(), " "); got != "suspect anew frozen resolve drain verify latched safe maintenance" {
		t.Errorf("first: %s", got)
	}
	o.switches[0].Expires = now.Add(30 * time.Second)
	if got := heard(); len(got) > 0 {
		t.Errorf("after a heartbeat: %v", got)
	}
	o.switches[0].State = lease.Suspect
	o.switches[6].State = lease.Drain
	o.switches = append(o.switches, lease.Lease{Word: lease.Word{Bot: "new", Epoch: 1, State: lease.Armed}})
	if got := strings.Join(heard(), " "); got != "armed resolve new" {
		t.Errorf("then: %s", got)
	}
}
