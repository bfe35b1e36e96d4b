package bitbanktest

import (
	"embed"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed payloads
var payloads embed.FS

// Payload is one recorded answer: ticker, tickers, tickers_jpy, depth, transactions, candlestick,
// circuit_break_info, spot_status, spot_pairs, assets, trade_history, margin_status, margin_positions,
// deposit_history, unconfirmed_deposits, deposit_originators, withdrawal_account, withdrawal_history and subscribe with
// their envelope; stream_ticker, stream_transactions,
// stream_depth_whole, stream_depth_diff and stream_circuit_break_info as the data of a message. It panics for a name
// that is none.
func Payload(name string) string {
	b, err := payloads.ReadFile("payloads/" + name + ".json")
	if err != nil {
		panic(fmt.Sprintf("bitbanktest: there is no payload %q", name))
	}
	return strings.TrimSpace(string(b))
}

// Options of a Server.
type Options struct {
	// Key and Secret are what the balances are given for. Empty: nobody gets them.
	Key, Secret string
	// PingInterval and PingTimeout are what the stream announces and does. Default 25 s and 20 s, as the live one.
	PingInterval, PingTimeout time.Duration
	// OnJoin is called when a client of the stream joined a room. It must not block.
	OnJoin func(s *Server, room string)
}

// A Request is one that arrived.
type Request struct {
	Method, Path string
	Query, Body  string // as they came
	At           time.Time
	Signed       bool // it carried a key
}

// A Server answers like bitbank, on all of its hosts at once. It may be used concurrently.
type Server struct {
	options Options

	mu       sync.Mutex
	answers  map[string]string // by path
	faults   []*fault
	requests []Request
	conns    map[*conn]bool
	nonce    int64
	quiet    bool
	orders   []order
	lastID   int64
}

// New returns a server that is well.
func New(o Options) *Server {
	if o.PingInterval <= 0 {
		o.PingInterval = 25 * time.Second
	}
	if o.PingTimeout <= 0 {
		o.PingTimeout = 20 * time.Second
	}
	return &Server{options: o, answers: map[string]string{}, conns: map[*conn]bool{}, lastID: 59600000000}
}

// Answer replaces what a path such as /btc_jpy/ticker answers; body is the whole answer, envelope included.
func (s *Server) Answer(path, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = body
}

// Requests are all that arrived, connections of the stream among them.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	broken := s.arrive(r, string(body))
	if err != nil {
		return // the request was cut
	}
	if broken != nil {
		broken.answer(w, r, func() outcome { return s.body(r, body) })
		return
	}
	if strings.HasPrefix(r.URL.Path, "/socket.io/") {
		s.stream(w, r)
		return
	}
	reply(w, s.body(r, body))
}

// arrive notes a request and finds the fault that it meets.
func (s *Server) arrive(r *http.Request, body string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: body, At: time.Now(),
		Signed: r.Header.Get("ACCESS-KEY") != "",
	})
	for i, f := range s.faults {
		if !strings.HasPrefix(r.URL.Path, f.Path) || f.Method != "" && f.Method != r.Method {
			continue
		}
		if f.Count > 0 {
			if f.Count--; f.Count == 0 {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			}
		}
		return f
	}
	return nil
}

// An outcome is a status and a body.
type outcome struct {
	status int
	body   string
}

func refuse(status, code int) outcome {
	return outcome{status, `{"success":0,"data":{"code":` + strconv.Itoa(code) + `}}`}
}

// reply sends an outcome as bitbank's application does.
func reply(w http.ResponseWriter, o outcome) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(o.status)
	io.WriteString(w, o.body)
}

// body is what a healthy bitbank says.
func (s *Server) body(r *http.Request, body []byte) outcome {
	if strings.HasPrefix(r.URL.Path, "/v1/user/") { // bitbank authorizes before it looks for the path
		if code := s.authorize(r, body); code != 0 {
			return refuse(http.StatusOK, code)
		}
		if r.URL.Path == "/v1/user/spot/trade_history" {
			return s.trades(r.URL.Query())
		}
	}
	s.mu.Lock()
	answer, ok := s.answers[r.URL.Path]
	s.mu.Unlock()
	if ok {
		return outcome{http.StatusOK, answer}
	}
	if o, known := s.account(r, body); known {
		return o
	}
	if name := route(r.URL.Path); name != "" && r.Method == http.MethodGet {
		return outcome{http.StatusOK, Payload(name)}
	}
	if strings.HasPrefix(r.URL.Path, "/v1/user/") {
		return refuse(http.StatusOK, 20001) // an unknown path looks like a failed authorization
	}
	return refuse(http.StatusNotFound, 10000)
}

// route names the payload of a path.
func route(path string) string {
	switch path {
	case "/tickers", "/tickers_jpy":
		return path[1:]
	case "/v1/spot/status", "/spot/status":
		return "spot_status"
	case "/v1/spot/pairs", "/spot/pairs":
		return "spot_pairs"
	case "/v1/user/assets", "/v1/user/deposit_history", "/v1/user/unconfirmed_deposits", "/v1/user/deposit_originators",
		"/v1/user/withdrawal_account", "/v1/user/withdrawal_history", "/v1/user/subscribe":
		return strings.TrimPrefix(path, "/v1/user/")
	case "/v1/user/margin/status", "/v1/user/margin/positions":
		return "margin_" + strings.TrimPrefix(path, "/v1/user/margin/")
	}
	part := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(part) < 2 || part[0] != "btc_jpy" && part[0] != "xrp_jpy" {
		return ""
	}
	switch {
	case len(part) == 2 && (part[1] == "ticker" || part[1] == "depth" || part[1] == "transactions" || part[1] == "circuit_break_info"):
		return part[1]
	case len(part) == 3 && part[1] == "transactions" && len(part[2]) == 8:
		return "transactions"
	case len(part) == 4 && part[1] == "candlestick" && (len(part[3]) == 8 || len(part[3]) == 4):
		return "candlestick"
	}
	return ""
}
