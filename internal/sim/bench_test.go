package sim

import (
	"testing"
	"time"
)

// A second of the world: what simulated time costs when hundreds of scenarios are played in virtual time.
func BenchmarkASecondOfTheWorld(b *testing.B) {
	everything := []string{"ticker_btc_jpy", "transactions_btc_jpy", "depth_diff_btc_jpy", "depth_whole_btc_jpy"}
	var all []string
	for _, kind := range roomKinds {
		for _, p := range calmNames(b) {
			all = append(all, kind+"_"+p)
		}
	}
	for _, c := range []struct {
		name  string
		rooms []string
	}{
		{"nobody listens", nil},
		{"one pair", everything},
		{"every room of every pair", all},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, err := New(Options{Seed: 1})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			if c.rooms != nil {
				l := tune(b, serveInMemory(b, s, "stream"), c.rooms...)
				go func() {
					for range l.said {
					}
				}()
			}
			now := time.Now()
			for b.Loop() {
				for range 10 {
					now = now.Add(tick)
					s.step(now)
				}
			}
		})
	}
}

func calmNames(b *testing.B) []string {
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	return s.x.Market().Names()
}

// Every scenario begins with a new world.
func BenchmarkANewWorld(b *testing.B) {
	for b.Loop() {
		s, err := New(Options{Seed: 1})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
