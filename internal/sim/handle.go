package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"hikeshi/internal/sim/market"
)

// An answer is a whole HTTP answer, before a fault has done anything to it.
type answer struct {
	status int
	kind   string // content type
	body   []byte

	retryAfter string // the header, "" for none
}

const (
	jsonType = "application/json; charset=utf-8"
	htmlType = "text/html; charset=utf-8"
)

// asJSON is a JSON answer. What we answer always encodes.
func asJSON(status int, v any) answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return answer{status: status, kind: jsonType, body: b}
}

// success and failure are bitbank's envelope. Most failures come with HTTP 200.
func success(data any) answer {
	return asJSON(http.StatusOK, struct {
		Success int `json:"success"`
		Data    any `json:"data"`
	}{1, data})
}

func failure(status, code int) answer {
	return answer{status: status, kind: jsonType, body: []byte(`{"success":0,"data":{"code":` + strconv.Itoa(code) + `}}`)}
}

// notFound is bitbank's answer to an unknown path and to data that does not exist (measured: 404 and 10000).
func notFound() answer { return failure(http.StatusNotFound, 10000) }

// A Request is one that a host has seen, as GET /truth lists it.
type Request struct {
	Host   string    `json:"host"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Time   time.Time `json:"time"`
	Key    string    `json:"key"`
}

// maxRequests bounds the log: half a day of one watch with every host at its limit.
const maxRequests = 50_000

func (s *Sim) note(host string, r *http.Request, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) >= maxRequests {
		n := maxRequests / 5
		s.requests = append([]Request(nil), s.requests[n:]...)
		s.firstSeen += n
	}
	s.requests = append(s.requests, Request{host, r.Method, r.URL.Path, now, r.Header.Get("ACCESS-KEY")})
}

// A visit is what one request sees of the world.
type visit struct {
	now   time.Time     // by this host's clock, which a fault may have set wrong
	skew  time.Duration // by how much
	past  *picture      // under stale_read, replica_lag and freeze_sequence; nil for the living world
	queue time.Duration // what each write of a user waits for its turn, under queue_delay
}

// read lets look at the market. A living one is the simulator's own, so look must not keep it. Pictures are never advanced,
// but reading rolls their 24 h window, so they are read one at a time too.
func (s *Sim) read(v visit, look func(*market.Market)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.past != nil {
		look(v.past.x.Market())
		return
	}
	look(s.x.Market())
}

// handler is a host: what it sees, what is wrong with it, what it says.
func (s *Sim) handler(host string) http.Handler {
	if host == Control {
		return http.HandlerFunc(s.control)
	}
	inner := s.answers(host)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		s.note(host, r, now)
		used := s.faults.use(host,
			func(a *active) bool { return actsOn(a, r) },
			func(a *active) bool { return decides[a.Effect] })
		v := visit{now: now}
		var last *active
		for _, a := range used {
			switch a.Effect {
			case "clock_skew":
				v.skew += time.Duration(a.DelayMS) * time.Millisecond
				v.now = now.Add(v.skew)
			case "slow":
				if !s.pause(r, time.Duration(a.DelayMS)*time.Millisecond) {
					return
				}
			case "stale_read", "freeze_sequence":
				v.past = a.old
			case "replica_lag":
				v.past = s.lagging(now.Add(-time.Duration(a.DelayMS) * time.Millisecond))
			case "queue_delay":
				v.queue = time.Duration(a.DelayMS) * time.Millisecond
			default:
				last = a
			}
		}
		// Every answer says what this host thinks the time is. A slow one says when it left.
		w.Header().Set("Date", v.now.Add(time.Since(now)).UTC().Format(http.TimeFormat))
		if host == "stream" && last == nil && r.URL.Path == "/socket.io/" {
			s.stream.io.ServeHTTP(w, r)
			return
		}
		if host == "pubnub" && last == nil {
			s.poll(w, r, v.skew)
			return
		}
		s.respond(w, r, last, func() answer { return inner(v, r) }, host)
	})
}

// actsOn reports whether a fault is about requests, and about this one.
func actsOn(a *active, r *http.Request) bool {
	e := effects[a.Effect]
	if e.level != request && !(a.Effect == "freeze_sequence" && a.Host == "public") {
		return false
	}
	if a.Host == "pubnub" && a.Effect == "slow" && !onRequests(a) {
		return false
	}
	return a.Match.fits(r.Method, r.URL.Path, r.URL.RawQuery)
}

// poll answers a request to the private stream.
func (s *Sim) poll(w http.ResponseWriter, r *http.Request, skew time.Duration) {
	a, ok := s.feed.Answer(r, skew)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	a.Send(w, r)
}

// pause waits; false when the client has gone or the simulator closes.
func (s *Sim) pause(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.closing:
		return false
	}
}

// answers is what a host says when nothing is wrong.
func (s *Sim) answers(host string) func(visit, *http.Request) answer {
	switch host {
	case "public":
		return s.public
	case "private":
		return s.private
	case "stream":
		return func(visit, *http.Request) answer {
			return answer{status: http.StatusNotFound, kind: "text/plain", body: []byte("not found")}
		}
	case "pubnub": // under a fault that decides about the answer
		return func(v visit, r *http.Request) answer {
			a, ok := s.feed.Answer(r, v.skew)
			if !ok {
				panic(http.ErrAbortHandler)
			}
			return answer{status: a.Status, kind: a.Kind, body: a.Body}
		}
	case "venue1", "venue2", "venue3":
		return func(v visit, r *http.Request) answer { return s.abroadTicker(host, v, r) }
	}
	return func(v visit, r *http.Request) answer { return s.page(host, v, r) }
}
