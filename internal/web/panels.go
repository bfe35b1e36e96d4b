package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/part"
	"hikeshi/internal/probe"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// A row is one function of bitbank.
type row struct {
	Key    string
	Name   string
	State  badge
	Detail string
	Source string
}

// face is the look that speaks for a function when it is well.
var face = map[part.Code]probe.Target{
	part.Web: probe.WebPage, part.App: probe.AppPage, part.PublicAPI: probe.PublicTicker, part.PrivateAPI: probe.PrivateAnon,
	part.PublicStream: probe.StreamTicker, part.PrivateStream: probe.PubNubTime, part.Support: probe.SupportPage,
	part.Notification: probe.BlogPage, part.Trading: probe.PrivateStatus, part.OrderCancel: probe.PrivatePairs,
	part.MarketOrder: probe.PrivatePairs, part.StopOrder: probe.PrivatePairs, part.Margin: probe.PrivatePairs,
}

// rank puts first what a reader must know first; within a rank the order is that of use.
var rank = map[diagnose.State]int{diagnose.Down: 0, diagnose.Limited: 1, diagnose.Unknown: 2, diagnose.Announced: 3, diagnose.Well: 4}

func functions(l text.Lang, snap watch.Snapshot, now time.Time) []row {
	board := slices.Clone(snap.Verdict.Board)
	slices.SortStableFunc(board, func(a, b diagnose.PartState) int { return rank[known(a.State)] - rank[known(b.State)] })
	var out []row
	for _, p := range board {
		r := row{Key: string(p.Part), Name: say.Part(l, p.Part), State: stateBadge(l, p.State), Source: sourceOf(p)}
		r.Detail = detail(l, snap, p, now)
		out = append(out, r)
	}
	return out
}

// detail is the one line of reason under a function.
func detail(l text.Lang, snap watch.Snapshot, p diagnose.PartState, now time.Time) string {
	t := face[p.Part]
	sig, seen := snap.Round.Signals[t]
	switch {
	case p.Failure != probe.OK && !p.Since.IsZero():
		return text.Say(l, "web.fn.failing", text.Args{"failure": say.Failure(l, p.Failure), "since": say.About(l, p.Since, now)})
	case p.Failure != probe.OK:
		return say.Failure(l, p.Failure)
	case known(p.State) == diagnose.Unknown && (!seen || sig.OKAt.IsZero()):
		return text.Say(l, "web.fn.unseen", nil)
	case known(p.State) == diagnose.Unknown:
		return text.Say(l, "web.fn.lost", text.Args{"since": say.Instant(l, sig.OKAt)})
	case byFlags(p.Part):
		return flagged(l, snap, p)
	case !seen:
		return ""
	case p.Part == part.PublicStream:
		return text.Say(l, "web.fn.stream", text.Args{"age": ago(l, now.Sub(sig.Last.At)), "n": took(l, max(0, sig.Last.At.Sub(sig.Last.DataAt)))})
	}
	a := text.Args{"took": took(l, sig.Last.Took)}
	if sig.Usual > 0 {
		a["factor"] = strconv.FormatFloat(sig.Last.Took.Seconds()/sig.Usual.Seconds(), 'f', 1, 64)
	}
	return text.Say(l, "web.fn.well", a)
}

// byFlags reports whether bitbank's own flags say how a function is: orders are never placed to find out.
func byFlags(c part.Code) bool {
	return face[c] == probe.PrivatePairs || face[c] == probe.PrivateStatus
}

// flagged counts the pairs that bitbank's own flags limit in what the function is about.
func flagged(l text.Lang, snap watch.Snapshot, p diagnose.PartState) string {
	total, bad := 0, []string{}
	for _, b := range snap.Verdict.Market {
		if b.Retired || p.Part == part.Margin && b.Margin == "" {
			continue
		}
		total++
		state := b.New
		switch p.Part {
		case part.OrderCancel:
			state = b.Cancel
		case part.MarketOrder:
			state = b.Market
		case part.StopOrder:
			state = b.Stop
		case part.Margin:
			state = b.Margin
		}
		if known(state) != diagnose.Well {
			bad = append(bad, b.Pair)
		}
	}
	if total == 0 {
		return text.Say(l, "web.fn.unseen", nil)
	}
	if len(bad) == 0 {
		return text.Say(l, "web.fn.pairs.well", text.Args{"n": strconv.Itoa(total)})
	}
	if known(p.State) == diagnose.Well { // the pairs' trouble counts elsewhere: orders of every kind are stopped there
		return text.Say(l, "web.fn.pairs.but", text.Args{"pairs": say.Pairs(l, bad), "n": strconv.Itoa(total - len(bad))})
	}
	return text.Say(l, "web.fn.pairs.bad", text.Args{"pairs": say.Pairs(l, bad), "n": strconv.Itoa(total - len(bad))})
}

// market is the matrix of what can be done with each pair.
type market struct {
	Rows   []pairRow
	Rest   []pairRow
	At     fresh
	Unseen bool
	API    bool // the trading API is down: programs cannot order whatever the flags say
}

type pairRow struct {
	Key, Base, Quote, Status string // base and quote, between which a narrow column breaks
	Cells                    []cell
	Min                      string
}

// A cell is one of ○ △ × ? with its hidden word; Japanese readers know the shapes.
type cell struct{ Class, Sign, Word string }

func signOf(l text.Lang, s diagnose.State) cell {
	c := map[diagnose.State]cell{
		diagnose.Well: {"o", "○", "can"}, diagnose.Limited: {"l", "△", "limited"}, diagnose.Down: {"x", "×", "cannot"},
		diagnose.Announced: {"x", "×", "cannot"}, diagnose.Unknown: {"q", "?", "unknown"},
	}[known(s)]
	c.Word = text.Say(l, "web.can."+c.Word, nil)
	return c
}

// first are the pairs that most people hold; they stand in sight even when all is well.
var first = []string{"btc_jpy", "eth_jpy", "xrp_jpy", "sol_jpy"}

// marketAt is when the flags were last read, of the two places that hold them the one that is behind. A look that
// failed brought none.
func marketAt(r diagnose.Round) time.Time {
	at := r.Signals[probe.PrivatePairs].OKAt
	if status := r.Signals[probe.PrivateStatus].OKAt; at.IsZero() || !status.IsZero() && status.Before(at) {
		at = status
	}
	return at
}

func pairs(l text.Lang, snap watch.Snapshot, now time.Time) market {
	out := market{At: clock(l, marketAt(snap.Round), limitMarket, now), Unseen: len(snap.Verdict.Market) == 0}
	for _, p := range snap.Verdict.Board {
		out.API = out.API || p.Part == part.PrivateAPI && p.State == diagnose.Down
	}
	board := slices.Clone(snap.Verdict.Market)
	slices.SortStableFunc(board, func(a, b diagnose.PairBoard) int { return weight(a) - weight(b) })
	for _, b := range board {
		base, quote, _ := strings.Cut(say.Pair(l, b.Pair), "/")
		r := pairRow{Key: b.Pair, Base: base + "/", Quote: quote, Status: statusWord(l, b), Min: b.MinAmount}
		for _, s := range []diagnose.State{b.New, b.Cancel, b.Market, b.Stop} {
			r.Cells = append(r.Cells, signOf(l, s))
		}
		if b.Margin == "" {
			r.Cells = append(r.Cells, cell{"none", "-", text.Say(l, "web.can.none", nil)})
		} else {
			r.Cells = append(r.Cells, signOf(l, b.Margin))
		}
		if weight(b) < shown && len(out.Rows) < rowsMost {
			out.Rows = append(out.Rows, r)
		} else {
			out.Rest = append(out.Rest, r)
		}
	}
	if len(out.Rest) < foldLeast {
		out.Rows, out.Rest = append(out.Rows, out.Rest...), nil
	}
	return out
}

const (
	shown     = 10 // weights below stand in sight
	rowsMost  = 12 // a longer list in sight is no longer read
	foldLeast = 4  // fewer rows are not worth a fold
)

// weight: trouble first, then what most people hold, then the rest, retired pairs last.
func weight(b diagnose.PairBoard) int {
	if b.Retired {
		return 30
	}
	if b.New == diagnose.Down || b.Cancel == diagnose.Down {
		return 0
	}
	for _, s := range []diagnose.State{b.New, b.Cancel, b.Market, b.Stop, b.Margin} {
		if s == diagnose.Down || s == diagnose.Limited {
			return 1
		}
	}
	if i := slices.Index(first, b.Pair); i >= 0 {
		return 2 + i
	}
	return 20
}

func statusWord(l text.Lang, b diagnose.PairBoard) string {
	switch {
	case b.Retired:
		return text.Say(l, "web.pair.retired", nil)
	case b.Mode != "" && b.Mode != "NONE":
		return text.Say(l, "web.pair.auction", nil)
	}
	switch b.Status {
	case "HALT":
		return text.Say(l, "web.pair.halt", nil)
	case "VERY_BUSY":
		return text.Say(l, "web.pair.very_busy", nil)
	case "BUSY":
		return text.Say(l, "web.pair.busy", nil)
	case "NORMAL":
		if weight(b) < 2 {
			return text.Say(l, "web.pair.flagged", nil)
		}
		return text.Say(l, "web.pair.normal", nil)
	}
	return text.Say(l, "web.pair.unknown", nil)
}
