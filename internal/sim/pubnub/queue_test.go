package pubnub

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// However publishing and polling interleave, and whatever the clock does, a client that goes on from where its last answer
// ended gets each message once and in order, but for the oldest, when they are more or older than a queue keeps.
func TestEachMessageComesOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		depth, keep, batch := rapid.IntRange(1, 8).Draw(t, "depth"), time.Minute, rapid.IntRange(1, 5).Draw(t, "batch")
		q := &queue{depth: depth, keep: keep}
		var c clock
		now := time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC)
		var published []timetoken
		kept := timetoken(0) // what is older was dropped when something was published
		type client struct {
			place timetoken
			next  int // message
		}
		clients := []*client{{place: c.here(now)}, {place: c.here(now)}}
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				for range rapid.IntRange(1, 4).Draw(t, "messages") {
					at := c.next(now)
					q.push(message{at: at})
					published = append(published, at)
					kept = max(kept, at-span(keep))
				}
			},
			"join": func(*rapid.T) { clients = append(clients, &client{place: c.here(now), next: len(published)}) },
			"poll": func(t *rapid.T) {
				one := rapid.SampledFrom(clients).Draw(t, "client")
				first := max(one.next, len(published)-depth)
				for first < len(published) && published[first] < max(kept, tokenOf(now)-span(keep)) {
					first++
				}
				want := published[first:min(len(published), first+batch)]
				var got []timetoken
				for _, m := range q.after(one.place, tokenOf(now), batch) {
					got = append(got, m.at)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("from %d came %v, want %v", one.place, got, want)
				}
				if len(got) > 0 {
					one.place, one.next = got[len(got)-1], first+len(got)
				}
			},
			"time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.SampledFrom([]int{-70, -1, 1, 5, 30, 61}).Draw(t, "seconds")) * time.Second)
			},
			"": func(t *rapid.T) {
				for i := 1; i < len(published); i++ {
					if published[i] <= published[i-1] {
						t.Fatalf("timetokens %d and %d", published[i-1], published[i])
					}
				}
				if len(q.messages) > depth {
					t.Fatalf("%d messages in a queue of %d", len(q.messages), depth)
				}
			},
		})
	})
}

func TestWhatIsOnItsWayIsBounded(t *testing.T) {
	q := &queue{depth: 1, keep: time.Minute}
	now := time.Now()
	for range maxParked + 10 {
		q.park(nil, Fate{Late: time.Hour}, now)
	}
	if n := len(q.late); n != maxParked {
		t.Errorf("%d messages are on their way", n)
	}
}

func TestTokensAreForgottenOldestFirst(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	until := time.Now().Add(time.Hour)
	first := s.Grant("c", until)
	second := s.Grant("c", until)
	for range maxGrants - 1 {
		s.Grant("c", until)
	}
	for token, want := range map[string]bool{first: false, second: true} {
		wrong := s.grants.admit(request{channels: []string{"c"}, uuid: "c", token: token}, time.Now(), false)
		if (wrong == nil) != want {
			t.Errorf("token %.20s: %+v", token, wrong)
		}
	}
}
