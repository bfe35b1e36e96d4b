package bitbanktest

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// An Effect is a way to fail.
type Effect string

// The effects.
const (
	HTML     Effect = "html"     // a page with Status (default 200) where data was expected
	Empty    Effect = "empty"    // Status (default 200) without a body
	Truncate Effect = "truncate" // half of the answer, and fewer bytes than announced
	Half     Effect = "half"     // half of the answer, announced as such: JSON that ends too early
	Shape    Effect = "shape"    // a valid envelope around something else
	Status   Effect = "status"   // Status and Body, whatever they are
	Refuse   Effect = "refuse"   // bitbank's refusal with Code, and Status (default 200)
	Redirect Effect = "redirect" // to another host
	Hang     Effect = "hang"     // no answer until the client gives up
	Reset    Effect = "reset"    // the connection is cut in place of an answer
	Slow     Effect = "slow"     // the right answer after Delay
)

// A Fault is what goes wrong.
type Fault struct {
	Path   string // the paths that begin so; "" is all
	Method string // "" is all
	Effect Effect
	// After lets a request take effect before its answer fails: an order is placed and nobody is told. Truncate,
	// Half and Slow answer, so with them it always does.
	After  bool
	Status int
	Body   string
	Code   int
	Delay  time.Duration
	Count  int // so many requests; 0 is until undone
}

type fault struct{ Fault }

// Fail breaks answers from now on; of several faults that fit the oldest acts. undo ends it.
func (s *Server) Fail(f Fault) (undo func()) {
	added := &fault{f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, added)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, x := range s.faults {
			if x == added {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
				return
			}
		}
	}
}

const page = `<!DOCTYPE html><html lang="ja"><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>`

func (f *fault) answer(w http.ResponseWriter, r *http.Request, act func() outcome) {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	var healthy outcome
	if f.After || f.Effect == Truncate || f.Effect == Half || f.Effect == Slow {
		healthy = act()
	}
	half := healthy.body[:len(healthy.body)/2]
	switch f.Effect {
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, page)
	case Empty:
		w.WriteHeader(status)
	case Truncate:
		w.Header().Set("Content-Length", strconv.Itoa(len(healthy.body)))
		reply(w, outcome{healthy.status, half})
	case Half:
		reply(w, outcome{healthy.status, half})
	case Shape:
		reply(w, outcome{status, `{"success":1,"data":{"unexpected":true}}`})
	case Status:
		w.WriteHeader(status)
		io.WriteString(w, f.Body)
	case Refuse:
		reply(w, refuse(status, f.Code))
	case Redirect:
		http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
	case Hang:
		<-r.Context().Done()
	case Reset:
		// ErrAbortHandler cuts the connection without an answer and without a line in the log.
		panic(http.ErrAbortHandler)
	case Slow:
		select {
		case <-time.After(f.Delay):
			reply(w, healthy)
		case <-r.Context().Done():
		}
	default:
		panic("bitbanktest: there is no effect " + string(f.Effect))
	}
}
