package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"hikeshi/internal/account"
	"hikeshi/internal/config"
	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/journal"
	"hikeshi/internal/probe"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
	"hikeshi/internal/web"
)

// Options are what tests and the demo replace.
type Options struct {
	Version string
	Machine probe.Machine // nil: this machine and its network
	Log     *slog.Logger  // nil: silent
	// Listen opens the dashboard's port; nil: net.Listen.
	Listen func(network, addr string) (net.Listener, error)

	hear func(role probe.Host, pair string, body []byte, at time.Time)     // what venues answer the watch
	dial func(ctx context.Context, network, addr string) (net.Conn, error) // to venues; nil: the system's
}

// An App is the whole daemon.
type App struct {
	cfg      config.Config
	log      *slog.Logger
	journal  *journal.Journal
	watch    *watch.Watch
	account  *account.Account // nil without a key
	door     *door            // nil when no bot may come in
	prices   *prices          // nil when no other exchange is asked
	listener net.Listener
	server   *http.Server
	warnings []Trouble
}

// A Trouble is a reason not to start that the owner can do something about: the sentences "error." + ID and
// "hint." + ID of the text catalogue, filled with Args.
type Trouble struct {
	ID   string
	Args text.Args
	Err  error
}

func (t *Trouble) Error() string { return fmt.Sprintf("%s: %v", t.ID, t.Err) }
func (t *Trouble) Unwrap() error { return t.Err }

// New opens the journal and the dashboard's port, and builds everything. Its errors are *Trouble where the owner
// can help: "data", "port", "journal.lock", "key".
func New(ctx context.Context, cfg config.Config, o Options) (_ *App, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Listen == nil {
		o.Listen = net.Listen
	}
	a := &App{cfg: cfg, log: o.Log}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, &Trouble{ID: "data", Args: text.Args{"path": cfg.DataDir}, Err: err}
	}
	if a.journal, err = openJournal(ctx, cfg.DataDir, journal.Options{}); err != nil {
		return nil, err
	}
	if err := a.warn(ctx, time.Now()); err != nil {
		return nil, err
	}
	resume, err := watch.Resume(ctx, a.journal)
	if err != nil {
		return nil, err
	}
	if err := a.openAccount(ctx, o.Listen); err != nil {
		return nil, err
	}
	if a.listener, err = listen(o.Listen, cfg.Listen); err != nil {
		return nil, err
	}
	o.hear = a.hear
	wo, err := WatchOptions(cfg, o)
	if err != nil {
		return nil, err
	}
	wo.Journal, wo.Resume = a.journal, resume
	a.watch = watch.New(wo)
	if err := a.openPrices(wo.Budget, o.dial); err != nil {
		return nil, err
	}
	shown := web.Options{Source: source{a.watch, a.journal}, Lang: lang(cfg.Lang), Version: o.Version, Log: o.Log, Addr: a.Addr()}
	if a.prices != nil {
		shown.Prices = a.prices
	}
	if err := a.money(&shown); err != nil {
		return nil, err
	}
	a.server = &http.Server{
		Handler:           web.New(shown),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	started := map[string]string{"version": o.Version}
	if _, err := a.journal.Append(ctx, journal.Entry{Kind: journal.Started, At: time.Now(), Data: started}); err != nil {
		return nil, &Trouble{ID: "data", Args: text.Args{"path": cfg.DataDir}, Err: err}
	}
	return a, nil
}

// Warnings are what the owner should hear of at the start although the watch goes on: "damaged", "clock".
func (a *App) Warnings() []Trouble { return a.warnings }

// clockSlack: clocks are set back by a second or two in calm.
const clockSlack = time.Minute

// warn looks for what is odd about the journal.
func (a *App) warn(ctx context.Context, now time.Time) error {
	a.warnDamage()
	for last, err := range a.journal.Read(ctx, journal.Query{Reverse: true, Limit: 1}) {
		if err != nil {
			return fmt.Errorf("read the newest record: %w", err)
		}
		if last.At.After(now.Add(clockSlack)) {
			args := text.Args{"now": now.UTC().Format(time.RFC3339), "last": last.At.UTC().Format(time.RFC3339)}
			a.warnings = append(a.warnings, Trouble{ID: "clock", Args: args, Err: errors.New("the clock is behind the journal")})
		}
	}
	return nil
}

func (a *App) warnDamage() {
	if d := a.journal.Damage(); d != nil {
		a.warnings = append(a.warnings, Trouble{ID: "damaged", Args: text.Args{"n": fmt.Sprint(int(d.From) - 1 + d.Again), "aside": d.Aside}, Err: errors.New(d.Reason)})
	}
}

func openJournal(ctx context.Context, dir string, o journal.Options) (*journal.Journal, error) {
	path := filepath.Join(dir, "journal.db")
	j, err := journal.Open(ctx, path, o)
	switch {
	case err == nil:
		return j, nil
	case errors.Is(err, journal.ErrLocked):
		return nil, &Trouble{ID: "locked", Args: text.Args{"path": path}, Err: err}
	}
	return nil, &Trouble{ID: "data", Args: text.Args{"path": path}, Err: err}
}

func listen(open func(network, addr string) (net.Listener, error), addr string) (net.Listener, error) {
	l, err := open("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(addr)
		return nil, &Trouble{ID: "port", Args: text.Args{"port": port}, Err: err}
	}
	if err != nil {
		return nil, &Trouble{ID: "listen", Args: text.Args{"addr": addr}, Err: err}
	}
	return l, nil
}

// Gateway is the gateway's address, host and port; "" when there is none.
func (a *App) Gateway() string {
	if a.door == nil {
		return ""
	}
	return a.door.listener.Addr().String()
}

// Addr is the dashboard's address, host and port.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Snapshot is the watch as it stands.
func (a *App) Snapshot() watch.Snapshot { return a.watch.Snapshot() }

// Subscribe delivers the watch's events until ctx ends.
func (a *App) Subscribe(ctx context.Context) <-chan watch.Event { return a.watch.Subscribe(ctx, 0) }

// Run watches and serves until ctx ends: it stops taking requests, settles what is in flight, and closes the
// journal last. It may be called once.
func (a *App) Run(ctx context.Context) error {
	defer a.close()
	g, ctx := errgroup.WithContext(ctx)
	// Event streams end with the program, not with their clients: requests live in this context.
	a.server.BaseContext = func(net.Listener) context.Context { return ctx }
	g.Go(func() error { return a.watch.Run(ctx) })
	g.Go(func() error { return a.tend(ctx) })
	if a.prices != nil {
		g.Go(func() error { return a.followPrices(ctx) })
	}
	if a.account != nil {
		g.Go(func() error { return a.account.Run(ctx) })
	}
	if a.door != nil {
		g.Go(func() error { return a.door.serve(ctx) })
	}
	g.Go(func() error {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the dashboard: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if err := a.server.Shutdown(stop); err != nil {
			return a.server.Close()
		}
		return nil
	})
	return g.Wait()
}

// tend cuts what the journal need not remember, once an hour: pruning is cheap, but never urgent.
func (a *App) tend(ctx context.Context) error {
	hour := time.NewTicker(time.Hour)
	defer hour.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-hour.C:
			if _, err := a.journal.Prune(ctx, keep(a.cfg.Keep), now); err != nil && ctx.Err() == nil {
				a.log.Warn("the journal was not pruned", "err", err)
			}
		}
	}
}

func keep(k config.Keep) journal.Keep {
	const day = 24 * time.Hour
	return journal.Keep{
		journal.Minute:      time.Duration(k.MinutesDays) * day,
		journal.Observation: time.Duration(k.ObservationsDays) * day,
	}
}

func (a *App) close() {
	if a.listener != nil {
		a.listener.Close()
	}
	if a.door != nil && a.door.listener != nil {
		a.door.listener.Close()
	}
	if a.journal != nil {
		if err := a.journal.Close(); err != nil {
			a.log.Warn("closing the journal", "err", err)
		}
	}
}

// lang is the language that the owner set; "" leaves it to the browser.
func lang(s string) text.Lang {
	if l, named := text.Parse(s); named {
		return l
	}
	return ""
}

// source is what the dashboard shows: the watch for now, the journal for before.
type source struct {
	*watch.Watch
	journal *journal.Journal
}

func (s source) Incidents(ctx context.Context, limit int) ([]incident.Incident, error) {
	return watch.Incidents(ctx, s.journal, limit)
}

func (s source) Past(ctx context.Context, at time.Time) (diagnose.Verdict, bool, error) {
	return watch.Past(ctx, s.journal, at)
}
