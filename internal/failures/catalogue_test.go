package failures

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// A scenario is one row of the catalogue.
type scenario struct {
	id      string
	trigger string // one sentence
	later   string // what the row of the table demands beyond this, and is not there yet
	setup   setup
	play    func(w *world)
	ours    func(w *world) bot    // nil: behindGateway
	wrong   func(w *world) []flaw // beside the common judgement; nil: nothing
	naive   []naive               // at least one
}

// A naive client fails a scenario in a way that is known beforehand.
type naive struct {
	does  string // what it does, in a few words
	fails kind
	make  func(w *world) bot
}

// A group is a part of the catalogue.
type group struct {
	name      string
	ids       string // all that must be there, separated by spaces
	scenarios []scenario
}

var groups = []group{orderWrites, cancels, streams, exchange, switches, stopping, history}

func TestFailures(t *testing.T) {
	for _, g := range groups {
		for _, s := range g.scenarios {
			t.Run(s.id, func(t *testing.T) {
				ours := s.ours
				if ours == nil {
					ours = behindGateway
				}
				if flaws := played(t, s, ours); len(flaws) > 0 {
					t.Errorf("%s\nours: %v", s.trigger, flaws)
				}
				var said []string
				for _, n := range s.naive {
					flaws := played(t, s, n.make)
					i := slices.IndexFunc(flaws, func(f flaw) bool { return f.kind == n.fails })
					if i < 0 {
						t.Errorf("%s\nnaive %q: %v, want one that is %s", s.trigger, n.does, flaws, n.fails)
						continue
					}
					said = append(said, fmt.Sprintf("naive %q: %s", n.does, flaws[i]))
				}
				if !t.Failed() {
					if s.later != "" {
						said = append(said, "not there yet: "+s.later)
					}
					fmt.Printf("figure: failures, %s, ours: ok, %s\n", s.id, strings.Join(said, "; "))
				}
			})
		}
	}
}

// played plays a scenario with a client, and says what is wrong in the end.
func played(t *testing.T, s scenario, with func(w *world) bot) (flaws []flaw) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, s.setup)
		w.bot = with(w)
		s.play(w)
		w.heal()
		w.wait()
		flaws = append(w.judge(), w.found...)
		if s.wrong != nil {
			flaws = append(flaws, s.wrong(w)...)
		}
	})
	return flaws
}

func TestTheCatalogueIsComplete(t *testing.T) {
	for _, g := range groups {
		var have []string
		for _, s := range g.scenarios {
			have = append(have, s.id)
			if s.trigger == "" || s.play == nil || len(s.naive) == 0 {
				t.Errorf("%s: trigger, play or naive client is missing", s.id)
			}
		}
		slices.Sort(have)
		if want := strings.Fields(g.ids); !slices.Equal(have, want) {
			t.Errorf("%s: the scenarios are %v, want %v", g.name, have, want)
		}
	}
}
