package pubnub

import (
	"net/http"
	"strconv"
	"time"
)

// The answers of presence, recorded.
const (
	heartbeatBody = `{"message":"OK","service":"Presence","status":200}`
	leaveBody     = `{"action":"leave","message":"OK","service":"Presence","status":200}`
)

// Answer answers a request, which for a subscription takes up to [Options.Hold]. skew is what the clock of the host is wrong
// by: it shows in what the host says of the time and in when tokens expire, not in timetokens. It returns false when there
// is nothing to say: the client has gone, the poll was cut, or the server was closed. The connection is to be closed then.
func (s *Server) Answer(r *http.Request, skew time.Duration) (Answer, bool) {
	q, wrong := parse(r.Method, r.URL.EscapedPath(), r.URL.RawQuery)
	now := time.Now().Add(skew)
	say := func(status int, body []byte) (Answer, bool) { return Answer{status, kind, body, now}, true }
	switch {
	case wrong != nil:
		return say(wrong.say())
	case q.call == clockCall:
		return say(http.StatusOK, []byte("["+strconv.FormatInt(int64(tokenOf(now)), 10)+"]"))
	case q.call == preflight:
		return say(http.StatusOK, nil)
	case q.call == other:
		return say(forbidden(nil, nil).say())
	case q.key != s.o.SubscribeKey:
		return say(refuse(http.StatusBadRequest, "Access Manager", "Invalid Subscribe Key").say())
	}
	p, wrong := s.enter(q, now)
	if wrong != nil {
		return say(wrong.say())
	}
	if p == nil {
		return Answer{}, false
	}
	defer s.exit()
	switch q.call {
	case heartbeat:
		return say(http.StatusOK, []byte(heartbeatBody))
	case leave:
		return say(http.StatusOK, []byte(leaveBody))
	}
	status, body := p.wait(r, skew)
	return Answer{status, kind, body, time.Now().Add(skew)}, status != 0
}

// A poll is a request that was admitted and is not answered yet.
type poll struct {
	request
	server *Server
	number uint64
	age    int // of the world when it came
}

// enter admits a request; nil when the server is closed.
func (s *Server) enter(q request, now time.Time) (*poll, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil
	}
	if wrong := s.grants.admit(q, now, s.o.AnyUUID); wrong != nil {
		return nil, wrong
	}
	if s.held >= s.o.Polls {
		return nil, refuse(http.StatusTooManyRequests, "Balancer", "Too Many Requests")
	}
	s.held++
	s.waiting.Add(1)
	s.polls++
	return &poll{q, s, s.polls, s.age}, nil
}

func (s *Server) exit() {
	s.mu.Lock()
	s.held--
	s.mu.Unlock()
	s.waiting.Done()
}

// wait holds the poll until there is something to say; status 0 when there is nothing.
func (p *poll) wait(r *http.Request, skew time.Duration) (status int, body []byte) {
	s := p.server
	hold := time.NewTimer(s.o.Hold)
	defer hold.Stop()
	var stalled <-chan struct{}
	for {
		// The look comes before the question: a nudge in between closes what the look has returned.
		status, body, changed := p.look(skew)
		fate := PollFate{Cut: changed == nil}
		if s.o.Poll != nil && !fate.Cut {
			fate = s.o.Poll(p.number, p.channels[0])
		}
		if fate.Cut {
			return 0, nil
		}
		if fate.Stalled != nil {
			stalled = fate.Stalled
		}
		late := hold.C
		if over(stalled) {
			stalled = nil
		}
		if stalled != nil {
			late = nil
		} else if status != 0 {
			return status, body
		}
		select {
		case <-changed:
		case <-stalled:
		case <-late:
			return http.StatusOK, s.messages(p.place, nil)
		case <-r.Context().Done():
			return 0, nil
		case <-s.closing:
			return 0, nil
		}
	}
}

func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// look says what the poll is to be answered now, status 0 for nothing yet, and what closes when that may have changed; nil
// when the poll is to be cut.
func (p *poll) look(skew time.Duration) (status int, body []byte, changed <-chan struct{}) {
	s := p.server
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.age != s.age {
		return 0, nil, nil
	}
	c := s.channel(p.channels[0])
	changed = c.wait()
	// Nothing is handed over on a token that has expired since the poll came. Our assumption.
	if wrong := s.grants.admit(p.request, now.Add(skew), s.o.AnyUUID); wrong != nil {
		status, body = wrong.say()
	} else if p.place == 0 {
		status, body = http.StatusOK, s.messages(s.clock.here(now), nil)
	} else if all := c.after(p.place, tokenOf(now), s.o.Batch); len(all) > 0 {
		status, body = http.StatusOK, s.messages(all[len(all)-1].at, all)
	}
	return status, body, changed
}

// messages writes the answer to a subscription: where to go on from, and what there is. An answer without messages names the
// place that was asked from (recorded).
func (s *Server) messages(next timetoken, all []message) []byte {
	b := append([]byte(`{"t":{"t":"`), next.String()...)
	b = append(b, `","r":`...)
	b = strconv.AppendInt(b, int64(s.o.Region), 10)
	b = append(b, `},"m":[`...)
	for i, m := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, m.envelope...)
	}
	return append(b, `]}`...)
}
