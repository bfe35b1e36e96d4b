package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
)

// Codes of bitbank's that the gateway speaks by itself; see the package comment.
const (
	codeNotFound  bitbank.Code = 10000
	codeNotJSON   bitbank.Code = 10002
	codeTimedOut  bitbank.Code = 10005
	codeNoVersion bitbank.Code = 20018
	codeNoAPI     bitbank.Code = 50011
	codeHalted    bitbank.Code = 70004
	codeTooMany   bitbank.Code = 10009
	// codeBusy answers for a host that does not answer. bitbank documents it as "the system is busy, please wait and try
	// again", which is what a bot should do. 10005 would say that bitbank was asked, 10007 would announce a maintenance that
	// nobody has announced, and neither may be guessed.
	codeBusy bitbank.Code = 10008
)

// Paths that orders and cancels come to, and the one read that is a POST.
const (
	pathOrder   = "/v1/user/spot/order"
	pathCancel  = "/v1/user/spot/cancel_order"
	pathCancels = "/v1/user/spot/cancel_orders"
	pathInfo    = "/v1/user/spot/orders_info"
	pathOwn     = "/hikeshi/v1/"
	pathUnwant  = pathOwn + "cancel"
	pathBeat    = pathOwn + "heartbeat"
)

var (
	// plain is what every path of bitbank's is made of. Nothing else is signed: no dots, escapes or empty parts that somebody
	// between here and bitbank may read as another path.
	plain = regexp.MustCompile(`^(/[A-Za-z0-9_-]+)+$`)
	// market is a path of the public host: a pair and what is asked of it, or all tickers (bitbank's documents, public-api).
	market = regexp.MustCompile(`^/([a-z0-9]+_[a-z0-9]+/[a-z0-9_]+(/[A-Za-z0-9]+){0,2}|tickers|tickers_jpy)$`)
)

// A refusal is what the gateway answers instead of bitbank.
type refusal struct {
	code bitbank.Code
	why  Reason
	say  string
}

// serve finds out what a request wants.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request, path string) {
	get, post := r.Method == http.MethodGet, r.Method == http.MethodPost
	switch {
	// First of all, whoever asks and however it is signed.
	case strings.Contains(path, "request_withdrawal") || post && strings.Contains(path, "/confirm_deposits"):
		g.refuse(w, refusal{codeNoAPI, Forbidden, "withdrawals and confirmations of deposits are never sent from here"})
	case len(r.RequestURI) > maxTarget || !plain.MatchString(path):
		g.notFound(w, path)
	case get && (path == "/spot/pairs" || path == "/spot/status" || path == "/v1/spot/pairs" || path == "/v1/spot/status"):
		g.open(w, r, g.private)
	case get && market.MatchString(path) && !strings.HasPrefix(path, "/v1/"):
		g.open(w, r, g.public)
	case get && strings.HasPrefix(path, "/v1/user/"), post && path == pathInfo:
		g.signed(w, r, g.read)
	case kindOf(r.Method, path) == orders:
		g.signed(w, r, g.order)
	case kindOf(r.Method, path) == cancels:
		g.signed(w, r, g.cancel)
	case get && strings.HasPrefix(path, pathOwn):
		g.signed(w, r, g.own)
	case kindOf(r.Method, path) == beats:
		g.signed(w, r, g.beat)
	case post && path == pathUnwant:
		g.signed(w, r, g.unwant)
	case get && strings.HasPrefix(path, "/user/"):
		g.refuse(w, refusal{codeNoVersion, NoSuchPath, "the path lacks /v1"})
	default:
		g.notFound(w, path)
	}
}

// notFound is bitbank's answer to an unknown path: 404, but 200 below /v1/user (measured by others).
func (g *Gateway) notFound(w http.ResponseWriter, path string) {
	f := refusal{codeNotFound, NoSuchPath, "there is no such path"}
	g.stats.refuse(f.why)
	status := http.StatusNotFound
	if strings.HasPrefix(path, "/v1/user/") {
		status = http.StatusOK
	}
	respond(w, status, f.say, failure(f.code))
}

// refuse answers with a code and HTTP 200.
func (g *Gateway) refuse(w http.ResponseWriter, f refusal) {
	g.stats.refuse(f.why)
	respond(w, http.StatusOK, f.say, failure(f.code))
}

// A call is a bot's request, verified.
type call struct {
	bot    keys.Bot
	path   string
	target string
	method string
	body   []byte
	until  time.Time // when it must be answered
	header http.Header
	epoch  int64 // of the bot's program, as the call says; 0: it does not
}

// signed verifies a request and hands it on.
func (g *Gateway) signed(w http.ResponseWriter, r *http.Request, to func(http.ResponseWriter, context.Context, call)) {
	var body []byte
	if r.Method == http.MethodPost {
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			g.refuse(w, refusal{codeNotJSON, Malformed, "the body could not be read, or is too large"})
			return
		}
		body = b
	}
	now := time.Now()
	path, _, _ := strings.Cut(r.RequestURI, "?")
	k := kindOf(r.Method, path)
	in := g.door.verify(r.Method, r.RequestURI, r.Header, body, now)
	switch {
	case in.again && k == orders:
		// It may be placed already. Whoever sends the same bytes again, such as a library that has lost its connection, must not
		// hear that it is not.
		w.Header().Set("Hikeshi-Outcome", string(Unknown))
		g.refuse(w, refusal{codeTimedOut, Repeated, "this very request came before, and what became of it was told then; sign a new one for another order"})
		return
	case in.code == codeTooMany:
		g.refuse(w, refusal{codeTooMany, TooMany, "too many signatures of this key are valid at once"})
		return
	case in.code != 0:
		info, _ := bitbank.Lookup(in.code)
		g.refuse(w, refusal{in.code, NotSigned, info.En})
		return
	}
	bot := in.bot
	leave, ok := g.rooms[k].of(bot.Name)
	if !ok {
		g.refuse(w, refusal{codeTooMany, TooMany, "too many calls of this bot are open"})
		return
	}
	defer leave()
	epoch, ok := epochOf(r.Header)
	if !ok {
		g.refuse(w, refusal{codeNotJSON, Malformed, "the header Hikeshi-Epoch must be a whole number from 1"})
		return
	}
	if bot.Scope.Alive == keys.AliveByCalls {
		g.o.Desk.Alive(bot.Name, epoch)
	}
	to(w, r.Context(), call{bot, path, r.RequestURI, r.Method, body, now.Add(g.hold(bot.Name)), r.Header, epoch})
}

// open forwards what anybody may read.
func (g *Gateway) open(w http.ResponseWriter, r *http.Request, u *upstream) {
	leave, ok := g.rooms[reads].of(anyone)
	if !ok {
		g.refuse(w, refusal{codeTooMany, TooMany, "too many calls without a key are open"})
		return
	}
	defer leave()
	q := question{method: http.MethodGet, target: r.RequestURI, bot: anyone}
	g.forward(w, r.Context(), u, q, time.Now().Add(g.hold(anyone)))
}

// read forwards what a bot may read of the account.
func (g *Gateway) read(w http.ResponseWriter, ctx context.Context, c call) {
	g.forward(w, ctx, g.private, question{c.method, c.target, string(c.body), true, c.bot.Name}, c.until)
}

// forward answers with bitbank's own answer, or says why there is none.
func (g *Gateway) forward(w http.ResponseWriter, ctx context.Context, u *upstream, q question, until time.Time) {
	err := u.ask(ctx, q, until, func(a answer) {
		h := w.Header()
		h["Content-Type"] = nil // no guess of ours
		if a.kind != "" {
			h.Set("Content-Type", a.kind)
		}
		if a.pause != "" {
			h.Set("Retry-After", a.pause)
		}
		send(w, a.status, a.body)
	})
	if err == nil {
		return
	}
	f := refusal{codeTimedOut, NoAnswer, "no answer of bitbank's came"}
	switch {
	case errors.Is(err, errHungUp):
		return // there is nobody to tell
	case errors.Is(err, errShut):
		f = refusal{codeBusy, NotAnswering, errShut.Error()}
	case errors.Is(err, errNoRoom):
		f = refusal{codeTooMany, NoRoom, errNoRoom.Error()}
	case errors.Is(err, errLate):
		f.say = errLate.Error()
	}
	g.refuse(w, f)
}
