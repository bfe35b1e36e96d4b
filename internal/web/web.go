package web

import (
	"context"
	"embed"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/journal"
	"hikeshi/internal/loopback"
	"hikeshi/internal/probe"
	"hikeshi/internal/secret"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// A Source is what the dashboard shows: the watch for now, the journal for before. All methods may be called
// concurrently.
type Source interface {
	Snapshot() watch.Snapshot
	Subscribe(ctx context.Context, after journal.Seq) <-chan watch.Event
	Series(t probe.Target) []watch.Point
	Incidents(ctx context.Context, limit int) ([]incident.Incident, error)
	// Past replays the verdict of a minute; ok is false when nothing was recorded then.
	Past(ctx context.Context, at time.Time) (v diagnose.Verdict, ok bool, err error)
}

// Options are what a dashboard is made of. Source is required.
type Options struct {
	Source  Source
	Lang    text.Lang // empty: what the browser asks for
	Version string
	Addr    string   // host and port of the listener; its host is allowed in the Host header
	Hosts   []string // further host names to allow
	Log     *slog.Logger

	Prices   Prices          // nil: no other exchange is asked
	Accounts Accounts        // nil: no account is set up
	Stops    Stops           // the account's local stops; nil: likewise
	Bots     func() []string // the names of the bots that have a local key; nil: nobody knows
	Token    secret.Value    // opens what concerns money; without one that stays shut
}

//go:embed static templates openapi.yaml
var files embed.FS

// A server holds what the handlers share. Nothing in it changes after New but the caches, which lock themselves.
type server struct {
	o       Options
	hosts   loopback.Names
	static  map[string]asset
	pages   map[text.Lang]*pages
	day     *day
	streams chan struct{} // one token for each open event stream
	routes  []route

	views    *views
	entrance *entrance
}

// A route is one address. Paths that end in a slash hold everything below them.
type route struct {
	path    string
	handle  http.HandlerFunc
	program bool   // asked by programs: openapi.yaml describes it
	methods string // each with a comma; "" is GET and HEAD
}

// New builds the dashboard and the API.
func New(o Options) http.Handler {
	s := newServer(o)
	return s.guard(http.HandlerFunc(s.serve))
}

func newServer(o Options) *server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{o: o, hosts: allowed(o), static: assets(), day: newDay(o.Source), streams: make(chan struct{}, streamsMost)}
	s.views, s.entrance = &views{from: o.Accounts}, newEntrance(o.Token, o.Addr)
	s.pages = map[text.Lang]*pages{text.Japanese: parse(text.Japanese), text.English: parse(text.English)}
	s.routes = []route{
		{path: "/", handle: s.home},
		{path: "/history", handle: s.history},
		{path: "/orders", handle: s.orders},
		{path: "/orders/freeze", handle: s.freezing(true), methods: "GET,HEAD,POST,"},
		{path: "/orders/thaw", handle: s.freezing(false), methods: "GET,HEAD,POST,"},
		{path: "/orders/cancel", handle: s.cancelling, methods: "GET,HEAD,POST,"},
		{path: "/orders/giveup", handle: s.givingUp, methods: "GET,HEAD,POST,"},
		{path: "/orders/answer", handle: s.answering, methods: "GET,HEAD,POST,"},
		{path: "/orders/decide", handle: s.deciding, methods: "GET,HEAD,POST,"},
		{path: "/transfers", handle: s.moves},
		{path: "/transfers/expect", handle: s.expecting, methods: "POST,"},
		{path: "/stops", handle: s.stops},
		{path: "/stops/remove", handle: s.removing, methods: "GET,HEAD,POST,"},
		{path: "/positions", handle: s.positions},
		{path: "/positions/line", handle: s.lining, methods: "POST,"},
		{path: "/positions/line/remove", handle: s.unlining, methods: "POST,"},
		{path: "/login", handle: s.login},
		{path: "/logout", handle: s.logout, methods: "POST,"},
		{path: "/explain", handle: s.explain},
		{path: "/help", handle: s.help},
		{path: "/settings", handle: s.settings},
		{path: "/static/", handle: s.file},
		{path: "/sw.js", handle: s.file},
		{path: "/manifest.webmanifest", handle: s.manifest},
		{path: "/api/v1/verdict", handle: s.apiVerdict, program: true},
		{path: "/api/v1/components", handle: s.apiComponents, program: true},
		{path: "/api/v1/incidents", handle: s.apiIncidents, program: true},
		{path: "/api/v1/evidence", handle: s.apiEvidence, program: true},
		{path: "/api/v1/series", handle: s.apiSeries, program: true},
		{path: "/api/v1/market", handle: s.apiMarket, program: true},
		{path: "/api/v1/prices", handle: s.apiPrices, program: true},
		{path: "/api/v1/orders", handle: s.apiOrders, program: true},
		{path: "/api/v1/check", handle: s.apiCheck, program: true, methods: "POST,"},
		{path: "/api/v1/positions", handle: s.apiPositions, program: true},
		{path: "/api/v1/positions/line", handle: s.apiLine, program: true, methods: "POST,"},
		{path: "/api/v1/transfers", handle: s.apiTransfers, program: true},
		{path: "/api/v1/transfers/expect", handle: s.apiExpect, program: true, methods: "POST,"},
		{path: "/api/v1/freeze", handle: s.apiFreeze, program: true, methods: "POST,"},
		{path: "/api/v1/manual", handle: s.apiManual, program: true, methods: "POST,"},
		{path: "/api/v1/guard", handle: s.apiGuard, program: true},
		{path: "/api/v1/answer", handle: s.apiAnswer, program: true, methods: "POST,"},
		{path: "/api/v1/plans", handle: s.apiPlans, program: true},
		{path: "/api/v1/cancel-all", handle: s.apiCancelAll, program: true, methods: "POST,"},
		{path: "/api/v1/give-up", handle: s.apiGiveUp, program: true, methods: "POST,"},
		{path: "/api/v1/decide", handle: s.apiDecide, program: true, methods: "POST,"},
		{path: "/api/v1/stops", handle: s.apiStops, program: true, methods: "GET,HEAD,POST,"},
		{path: "/api/v1/stops/remove", handle: s.apiRemoveStop, program: true, methods: "POST,"},
		{path: "/api/v1/stops/guard", handle: s.apiGuardStop, program: true, methods: "POST,"},
		{path: "/api/v1/stops/native", handle: s.apiNative, program: true, methods: "POST,"},
		{path: "/api/v1/stops/now", handle: s.apiStopNow, program: true, methods: "POST,"},
		{path: "/api/v1/events", handle: s.events, program: true},
		{path: "/api/v1/openapi.yaml", handle: s.openapiYAML, program: true},
		{path: "/api/v1/openapi.json", handle: s.openapiJSON, program: true},
		{path: "/metrics", handle: s.metrics(), program: true},
		{path: "/healthz", handle: s.healthz, program: true},
		{path: "/readyz", handle: s.readyz, program: true},
	}
	return s
}

// serve finds the route. It is a list and not a ServeMux, so that every miss is answered in the asker's language.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	for _, one := range s.routes {
		if r.URL.Path == one.path || one.path != "/" && strings.HasSuffix(one.path, "/") && strings.HasPrefix(r.URL.Path, one.path) {
			one.handle(w, r)
			return
		}
	}
	if isAPI(r) {
		fail(w, http.StatusNotFound, "not_found", "no such address; /api/v1/openapi.yaml lists them")
		return
	}
	s.missing(w, r)
}

// firstRound is longer than any look may take. What has not been seen by then is said to be unseen, not awaited.
const firstRound = 10 * time.Second

// beginning reports whether the first round of looks is still under way and nothing can be said yet. A verdict that
// stands earlier is shown at once.
func beginning(s watch.Snapshot) bool {
	return s.At.IsZero() || s.Verdict.Scope == diagnose.NotProven && len(s.Round.Unseen) > 0 && s.At.Sub(s.Round.Watcher.Since) < firstRound
}

// allowed are the names under which this machine may be asked. The port is left open, because an owner may come
// through a tunnel; a rebinding attack shows in the name.
func allowed(o Options) loopback.Names {
	more := o.Hosts
	if host, _, err := net.SplitHostPort(o.Addr); err == nil && host != "" {
		more = append([]string{host}, more...)
	}
	return loopback.NewNames(more...)
}
