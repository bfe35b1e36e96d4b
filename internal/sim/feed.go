package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/pubnub"
)

// tokenLife is how long a token of the private stream admits (documented).
const tokenLife = 12 * time.Hour

func newFeed(s *Sim) *pubnub.Server {
	return pubnub.New(pubnub.Options{Seed: s.o.Seed, Poll: s.pollFate})
}

// channel is the one of a user, for ever the same.
func (s *Sim) channel(user string) string {
	sum := sha256.Sum256([]byte(strconv.FormatUint(s.o.Seed, 10) + " " + user))
	return hex.EncodeToString(sum[:16])
}

// A ticket admits to the private stream.
type ticket struct {
	Channel string `json:"pubnub_channel"`
	Token   string `json:"pubnub_token"`
}

// subscribe gives a user a ticket.
func (s *Sim) subscribe(u *user, now time.Time) ticket {
	channel := s.channel(u.id)
	u.listens = true
	if s.x.Plays(exchange.OldToken, "revoked") {
		s.feed.Revoke(channel)
	}
	return ticket{channel, s.feed.Grant(channel, now.Add(tokenLife))}
}

// revoke ends all tokens of a user.
func (s *Sim) revoke(u *user) { s.feed.Revoke(s.channel(u.id)) }

// tell sends what accounts are to hear. The lock is held, so messages leave in the order in which things happened, and
// before the answer to the request that made them happen, as was observed.
func (s *Sim) tell() {
	now := time.Now()
	for _, e := range append(s.x.Events(), s.spoken...) {
		if u, err := s.user(e.Account); err != nil || !u.listens {
			continue // nobody has a place in the stream to catch up from
		}
		b, err := json.Marshal(e)
		if err != nil {
			panic(fmt.Sprintf("encode a message %s: %v", e.Method, err))
		}
		s.feed.Publish(s.channel(e.Account), b, s.messageFate(e.Method), now)
	}
	s.spoken = nil
}

// messageFate asks the faults of the private stream what becomes of a message. A match's path is its method.
func (s *Sim) messageFate(method string) (f pubnub.Fate) {
	wants := func(a *active) bool { return spoils[a.Effect] && !onRequests(a) && a.Match.fits("", method, "") }
	for _, a := range s.faults.use("pubnub", wants, is("mute_channel")) {
		switch a.Effect {
		case "mute_channel":
			f.Lost = true
		case "duplicate":
			f.Copies++
		case "shuffle":
			f.Mixed = true
		case "slow":
			f.Late += time.Duration(a.DelayMS) * time.Millisecond
		}
	}
	return f
}

// onRequests reports whether a slow of the private stream delays answers rather than messages: its path is one.
func onRequests(a *active) bool {
	return a.Effect == "slow" && (a.Match.Path == "" || a.Match.Path[0] == '/')
}

// pollFate asks the faults what becomes of one long poll.
func (s *Sim) pollFate(number uint64, _ string) (f pubnub.PollFate) {
	if s.strikes("pubnub", number, "close_stream") != nil {
		f.Cut = true
	} else if a := s.strikes("pubnub", number, "stall_stream"); a != nil {
		f.Stalled = a.over
	}
	return f
}
