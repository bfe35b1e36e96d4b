package corpus

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/config"
	"hikeshi/internal/part"
	"hikeshi/internal/probe"
	"hikeshi/internal/sim"
	"hikeshi/internal/sim/memnet"
)

// A clause is one thing that is wrong, as testdata/README.md explains them:
//
//	[after D] SUBJECT: EFFECT [for D [every D]]
type clause struct {
	text    string
	after   time.Duration // the fault begins so much later than the scenario's
	lasts   time.Duration // zero: until the end
	every   time.Duration // zero: once
	subject string        // hosts, line, path, router, interface, names, portal, clock, machine, rate, pair, announced, market, calm
	hosts   []string
	family  probe.Family
	server  string // names: system, second or "" for both
	pair    string
	parts   []part.Code
	effect  string
	words   []string // what follows the effect

	duration time.Duration // of calm, sleep, and how far a clock is off
}

// groups are names for several hosts.
var groups = map[string][]string{
	"bitbank":  {"public", "private", "stream", "web", "app"},
	"neutrals": {"neutral1", "neutral2", "neutral3"},
	"venues":   {"venue1", "venue2", "venue3"},
	"cdn":      {"web", "app", "neutral2"},
	"all":      sim.Hosts(),
}

func hostsOf(names string) ([]string, error) {
	var out []string
	for _, n := range strings.Split(names, ",") {
		switch {
		case groups[n] != nil:
			out = append(out, groups[n]...)
		case slices.Contains(sim.Hosts(), n):
			out = append(out, n)
		default:
			return nil, fmt.Errorf("%q is no host and no group of hosts", n)
		}
	}
	return out, nil
}

func parseClause(text string) (clause, error) {
	c, err := parsed(text)
	if err != nil {
		return c, fmt.Errorf("wrong: %q: %w", text, err)
	}
	return c, nil
}

func parsed(text string) (c clause, err error) {
	c.text = text
	if text == "nothing" {
		c.subject = "nothing"
		return c, nil
	}
	left, right, ok := strings.Cut(text, ": ")
	if !ok {
		return c, errors.New("expected SUBJECT: EFFECT")
	}
	subject := strings.Fields(left)
	if len(subject) > 2 && subject[0] == "after" {
		if c.after, err = time.ParseDuration(subject[1]); err != nil {
			return c, err
		}
		subject = subject[2:]
	}
	if err := c.setSubject(subject); err != nil {
		return c, err
	}
	words := strings.Fields(right)
	for _, suffix := range []struct {
		word string
		into *time.Duration
	}{{"every", &c.every}, {"for", &c.lasts}} {
		if n := len(words); n > 2 && words[n-2] == suffix.word {
			if *suffix.into, err = time.ParseDuration(words[n-1]); err != nil {
				return c, err
			}
			words = words[:n-2]
		}
	}
	c.effect, c.words = words[0], words[1:]
	return c, c.check()
}

func (c *clause) setSubject(words []string) (err error) {
	c.subject = words[0]
	rest := words[1:]
	take := func(word string) (string, bool) {
		i := slices.Index(rest, word)
		if i < 0 || i+1 >= len(rest) {
			return "", false
		}
		v := rest[i+1]
		rest = slices.Delete(slices.Clone(rest), i, i+2)
		return v, true
	}
	switch c.subject {
	case "line", "path", "names":
		if v, ok := take("by"); ok {
			if c.family = (map[string]probe.Family{"ipv4": probe.IPv4, "ipv6": probe.IPv6})[v]; c.family == 0 {
				return fmt.Errorf("by: %q is neither ipv4 nor ipv6", v)
			}
		}
		if v, ok := take("at"); ok {
			if c.server = v; v != memnet.System && v != memnet.Second {
				return fmt.Errorf("at: %q is neither system nor second", v)
			}
		}
		for _, word := range []string{"to", "of"} {
			if v, ok := take(word); ok {
				if c.hosts, err = hostsOf(v); err != nil {
					return err
				}
			}
		}
		if c.subject == "path" && c.hosts == nil {
			return errors.New("a path leads to something")
		}
	case "pair", "announced":
		if len(rest) != 1 {
			return errors.New("expected a name")
		}
		c.pair = rest[0]
		if c.subject == "announced" {
			c.parts = []part.Code{part.Code(rest[0])}
			if !part.Known(c.parts[0]) {
				return fmt.Errorf("%q is no part of bitbank", rest[0])
			}
		}
		rest = nil
	case "router", "interface", "portal", "clock", "machine", "rate", "market", "calm":
	default:
		if c.hosts, err = hostsOf(c.subject); err != nil {
			return err
		}
		c.subject = "hosts"
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q was not understood", strings.Join(rest, " "))
	}
	return nil
}

// check reads what can be read without a world.
func (c *clause) check() (err error) {
	switch c.subject {
	case "clock", "calm":
		c.duration, err = time.ParseDuration(strings.TrimPrefix(c.effect, "+"))
	case "machine":
		if c.effect != "sleeps" || len(c.words) != 1 {
			return errors.New("a machine sleeps for some time")
		}
		c.duration, err = time.ParseDuration(c.words[0])
	case "announced":
		_, _, err = c.span()
	case "line", "path":
		_, err = c.fault()
	case "names":
		_, err = c.nameFault()
	case "pair":
		_, _, err = c.setting()
	case "hosts":
		_, err = c.posts()
	}
	return err
}

// posts are the faults that the simulator is told of.
func (c *clause) posts() ([]sim.Fault, error) {
	f := sim.Fault{Effect: c.effect}
	words := c.words
	if n := len(words); n >= 2 && (words[n-2] == "at" || words[n-2] == "in") {
		f.Match.Path, words = words[n-1], words[:n-2]
	}
	if n := len(words); n >= 1 && strings.HasSuffix(words[n-1], "%") {
		share, err := strconv.Atoi(strings.TrimSuffix(words[n-1], "%"))
		if err != nil {
			return nil, err
		}
		f.Probability, words = float64(share)/100, words[:n-1]
	}
	if n := len(words); n >= 1 && words[n-1] == "once" {
		f.Count, words = 1, words[:n-1]
	}
	if len(words) > 1 {
		return nil, fmt.Errorf("%q was not understood", strings.Join(words, " "))
	}
	if len(words) == 1 {
		v := words[0]
		switch c.effect {
		case "slow", "clock_skew":
			d, err := time.ParseDuration(strings.TrimPrefix(v, "+"))
			if err != nil {
				return nil, err
			}
			f.DelayMS = d.Milliseconds()
		case "status", "api_error", "api_error_after":
			n, err := strconv.Atoi(v)
			if err != nil {
				return nil, err
			}
			if f.Code = n; c.effect == "status" {
				f.Status, f.Code = n, 0
			}
		default:
			return nil, fmt.Errorf("%s takes nothing", c.effect)
		}
	}
	var out []sim.Fault
	for _, h := range c.hosts {
		f.Host = h
		out = append(out, f)
	}
	return out, nil
}

// fault is what is wrong with the line or a path.
func (c *clause) fault() (memnet.Fault, error) {
	f := memnet.Fault{Hosts: c.hosts, Family: c.family, Kind: memnet.Kind(c.effect)}
	value := strings.Join(c.words, " ")
	var err error
	switch f.Kind {
	case memnet.Silent, memnet.Unreachable, memnet.Refuse, memnet.Reset:
		if value != "" {
			err = fmt.Errorf("%s takes nothing", c.effect)
		}
	case memnet.Loss:
		var share int
		share, err = strconv.Atoi(strings.TrimSuffix(value, "%"))
		f.Share = float64(share) / 100
	case memnet.Slow:
		f.Delay, err = time.ParseDuration(value)
	case memnet.Large:
		f.Size, err = strconv.Atoi(value)
	case memnet.Divert:
		f.To = "portal"
	default:
		err = fmt.Errorf("%q is no trouble of a line", c.effect)
	}
	return f, err
}

func (c *clause) nameFault() (memnet.NameFault, error) {
	f := memnet.NameFault{Resolver: c.server, Hosts: c.hosts}
	switch all := strings.Join(append([]string{c.effect}, c.words...), " "); all {
	case "not found":
		f.Kind = memnet.NotFound
	case "fail":
		f.Kind = memnet.Failed
	case "dropped":
		f.Kind = memnet.Dropped
	default:
		to, ok := strings.CutPrefix(all, "lead to ")
		if !ok {
			return f, fmt.Errorf("%q is no trouble of names", all)
		}
		f.Kind, f.To = memnet.Poisoned, to
	}
	return f, nil
}

// span is announced maintenance relative to the moment at which the scenario begins; a zero end is not known.
func (c *clause) span() (from, until time.Duration, err error) {
	if len(c.words) != 2 || c.words[0] != "to" {
		return 0, 0, errors.New("expected FROM to UNTIL, such as -1h to 30m, or -1h to unknown")
	}
	if from, err = time.ParseDuration(c.effect); err != nil {
		return from, until, err
	}
	if c.words[1] != "unknown" {
		until, err = time.ParseDuration(c.words[1])
	}
	return from, until, err
}

func (c *clause) window(at time.Time) config.Window {
	from, until, _ := c.span() // read before
	w := config.Window{Parts: c.parts, Start: at.Add(from)}
	if c.words[1] != "unknown" {
		w.End = at.Add(until)
	}
	return w
}

// setting is what the simulator is told to make of a pair, and what undoes it.
func (c *clause) setting() (do, undo string, err error) {
	switch c.effect {
	case "HALT", "BUSY", "VERY_BUSY":
		return `{"status":"` + c.effect + `"}`, `{"status":"NORMAL"}`, nil
	case "stops":
		var on, off []string
		for _, w := range c.words {
			on, off = append(on, `"`+w+`":true`), append(off, `"`+w+`":false`)
		}
		return `{"flags":{` + strings.Join(on, ",") + `}}`, `{"flags":{` + strings.Join(off, ",") + `}}`, nil
	case "mode":
		if len(c.words) == 1 {
			return `{"circuit_break":"` + c.words[0] + `"}`, `{"circuit_break":"NONE"}`, nil
		}
	}
	return "", "", fmt.Errorf("%q is nothing that happens to a pair", c.effect)
}

// impose makes the world as the clause says and returns what ends that.
func (c *clause) impose(w *world) (lift func()) {
	switch c.subject {
	case "hosts":
		posts, _ := c.posts() // read before
		var ids []string
		for _, f := range posts {
			var got struct{ ID string }
			if err := json.Unmarshal(w.call("POST", "/faults", f), &got); err != nil {
				w.t.Fatal(err)
			}
			ids = append(ids, got.ID)
		}
		return func() {
			for _, id := range ids {
				w.dismiss(id)
			}
		}
	case "line", "path":
		f, _ := c.fault()
		if f.Kind == memnet.Divert {
			w.openPortal()
		}
		return w.net.Impose(f)
	case "router":
		return w.net.Impose(memnet.Fault{Kind: memnet.NoRouter})
	case "interface":
		return w.net.Impose(memnet.Fault{Kind: memnet.Unplugged})
	case "portal":
		w.openPortal()
		return w.net.Impose(memnet.Fault{Kind: memnet.Divert, To: "portal"})
	case "names":
		f, _ := c.nameFault()
		return w.net.Spoil(f)
	case "clock":
		return w.setClock(c.duration)
	case "machine":
		return w.sleep(c.duration)
	case "rate":
		w.health.Full = func(time.Time) bool { return true }
		return func() { w.health.Full = nil }
	case "pair":
		do, undo, _ := c.setting()
		for _, p := range w.pairNames(c.pair) {
			w.call("POST", "/pairs/"+p, json.RawMessage(do))
			w.pairs[p] = undo
		}
	}
	return func() {}
}
