package sim

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// decides holds the effects after which no further fault is asked about a request.
var decides = map[string]bool{
	"blackhole": true, "reset": true, "drop_request": true, "drop_response": true, "truncate": true, "html": true, "empty": true,
	"status": true, "status_after": true, "api_error": true, "api_error_after": true, "maintenance": true,
}

// lostFor is how long a client of a lost request waits at most before its connection is cut: longer than the clients that
// people use wait (ccxt 10 s, node-bitbankcc 3 s), so that it is they who give up.
const lostFor = 30 * time.Second

// respond answers a request under at most one deciding fault. execute is the exchange: it is called at most once.
func (s *Sim) respond(w http.ResponseWriter, r *http.Request, a *active, execute func() answer, host string) {
	if a == nil {
		send(w, r, execute())
		return
	}
	hold := lostFor
	if a.DelayMS > 0 {
		hold = time.Duration(a.DelayMS) * time.Millisecond
	}
	switch a.Effect {
	case "blackhole":
		s.silence(r, a)
		panic(http.ErrAbortHandler)
	case "reset":
		s.reset(w)
	case "drop_request":
		s.pause(r, hold)
		panic(http.ErrAbortHandler)
	case "drop_response":
		execute()
		s.pause(r, hold)
		panic(http.ErrAbortHandler)
	case "truncate":
		truncate(w, r, execute())
	case "html":
		send(w, r, answer{status: orElse(a.Status, http.StatusOK), kind: htmlType, body: []byte(orElse(a.Body, errorPage))})
	case "empty":
		send(w, r, answer{status: orElse(a.Status, http.StatusOK), kind: jsonType})
	case "status":
		page := plain(a.Status, a.Body)
		if a.RetryAfter > 0 {
			page.retryAfter = strconv.Itoa(a.RetryAfter)
		}
		send(w, r, page)
	case "status_after":
		execute()
		send(w, r, plain(a.Status, a.Body))
	case "api_error":
		// An application answers when it has read the question. What cannot be read is answered all the same.
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
		send(w, r, apiError(a))
	case "api_error_after":
		execute()
		send(w, r, apiError(a))
	case "maintenance":
		send(w, r, maintenance(a, host))
	}
}

func orElse[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}

// plain is an answer of a gateway in front of the application.
func plain(status int, body string) answer {
	if body == "" {
		return answer{status: status, kind: htmlType, body: []byte("<html><head><title>" + strconv.Itoa(status) + " " + http.StatusText(status) + "</title></head><body><center><h1>" +
			strconv.Itoa(status) + " " + http.StatusText(status) + "</h1></center></body></html>")}
	}
	kind := "text/plain; charset=utf-8"
	switch body[0] {
	case '{', '[':
		kind = jsonType
	case '<':
		kind = htmlType
	}
	return answer{status: status, kind: kind, body: []byte(body)}
}

// apiError is a failure with the HTTP status that is known for its code: 404 for 10000, 429 for 10009, 200 for the others.
func apiError(a *active) answer {
	status := http.StatusOK
	switch a.Code {
	case 10000:
		status = http.StatusNotFound
	case 10009:
		status = http.StatusTooManyRequests
	}
	return failure(orElse(a.Status, status), a.Code)
}

// maintenance is JSON from the interfaces and a page from the rest. Which HTTP status bitbank sends during maintenance is
// not recorded anywhere, so status chooses; 200 for the interfaces and 503 for pages are our assumption.
func maintenance(a *active, host string) answer {
	switch host {
	case "public", "private", "stream", "pubnub":
		return failure(orElse(a.Status, http.StatusOK), 10007)
	}
	return answer{status: orElse(a.Status, http.StatusServiceUnavailable), kind: htmlType, body: []byte(orElse(a.Body, maintenancePage))}
}

// silence holds a request until the client goes, the fault is over, or the simulator closes. A fault that is used up by
// its count may never be lifted, so it holds for as long as a lost request.
func (s *Sim) silence(r *http.Request, a *active) {
	var late <-chan time.Time
	if a.Count > 0 {
		t := time.NewTimer(lostFor)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-r.Context().Done():
	case <-a.over:
	case <-late:
	case <-s.closing:
	}
}

// reset cuts the connection with RST; without a connection to take over it is cut as well as it can be.
func (s *Sim) reset(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	reset(c)
}

func send(w http.ResponseWriter, r *http.Request, a answer) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.retryAfter != "" {
		h.Set("Retry-After", a.retryAfter)
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		w.Write(a.body)
	}
}

// truncate promises the whole body, sends half of it and cuts the connection.
func truncate(w http.ResponseWriter, r *http.Request, a answer) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	w.Write(a.body[:len(a.body)/2])
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
