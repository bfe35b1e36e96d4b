package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/probe"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// The plots are drawn here, as lines of SVG: they stand in the first answer, need no script, no canvas and no
// library, print, and take their colours from the page's own tokens. Two hours in 72 buckets are one every 100 s,
// as fine as a phone can show; a watch that has just begun shows half an hour, or its plots would be empty for long.
const (
	plotLong    = 2 * time.Hour
	plotShort   = 30 * time.Minute
	plotBuckets = 72
	left, right = 46.0, 292.0
	top, bottom = 8.0, 118.0
)

// A plot is one figure with its table.
type plot struct {
	ID, Title, Note string
	Line, Band      []string // one for each stretch without a hole
	Gaps            []box
	Mark            string // x of the present trouble's beginning, "" when it is not in sight
	MarkText        string
	MarkAnchor      string
	MarkX           string
	Limit           string // y of the dashed line, "" for none
	LimitText       string
	LimitY          string
	Y               []label
	X               []label
	Table           []tableRow
	Empty           bool
}

type (
	box      struct{ X, W string }
	label    struct{ Text, At, Anchor string }
	tableRow struct{ From, Median, Slow, Failed string }
)

// A bucket is what a 72nd of the span adds up to.
type bucket struct {
	values []time.Duration
	failed int
}

func (b bucket) at(share float64) time.Duration {
	if len(b.values) == 0 {
		return 0
	}
	return b.values[min(len(b.values)-1, int(share*float64(len(b.values))))]
}

// A gallery is the panel of plots.
type gallery struct {
	Plots []plot
	Span  string
	At    fresh
}

// plots draws how long the trading API takes to answer and how old the newest data of the stream is.
func (s *server) plots(l text.Lang, snap watch.Snapshot, now time.Time) gallery {
	answer := probe.PrivateAnon
	if _, ok := snap.Round.Signals[probe.PrivateSigned]; ok {
		answer = probe.PrivateSigned
	}
	answers, ages := s.o.Source.Series(answer), s.o.Source.Series(probe.StreamTicker)
	span, newest := plotShort, time.Time{}
	for _, points := range [][]watch.Point{answers, ages} {
		if n := len(points); n > 0 {
			if now.Sub(points[0].At) > plotShort {
				span = plotLong
			}
			if points[n-1].At.After(newest) {
				newest = points[n-1].At
			}
		}
	}
	return gallery{
		Plots: []plot{
			drawPlot(l, "answer", answers, span, 0, func(p watch.Point) time.Duration { return p.Took }, snap.Verdict, now),
			// A stream is called stale when a query shows newer data for some seconds; 5 s is where people are told.
			drawPlot(l, "stream", ages, span, 5*time.Second, func(p watch.Point) time.Duration { return p.Age }, snap.Verdict, now),
		},
		Span: text.Say(l, "web.plots.span", text.Args{"for": say.For(l, span)}),
		At:   clock(l, newest, limitPlots, now),
	}
}

func drawPlot(l text.Lang, id string, points []watch.Point, span, limit time.Duration, value func(watch.Point) time.Duration, v diagnose.Verdict, now time.Time) plot {
	start := now.Add(-span)
	out := plot{ID: id, Title: text.Say(l, "web.plot."+id, nil)}
	buckets := make([]bucket, plotBuckets)
	var all []time.Duration
	failed := 0
	for _, p := range points {
		n := int(p.At.Sub(start) * plotBuckets / span)
		if n < 0 || n >= plotBuckets {
			continue
		}
		if p.Failure != probe.OK {
			buckets[n].failed++
			failed++
			continue
		}
		buckets[n].values = append(buckets[n].values, value(p))
		all = append(all, value(p))
	}
	for i := range buckets {
		slices.Sort(buckets[i].values)
	}
	slices.Sort(all)
	out.Empty = len(all) == 0 && failed == 0
	out.axes(l, ceiling(all, limit), limit, start, now)
	out.curves(buckets, ceiling(all, limit))
	out.gaps(buckets)
	if x := left + (right-left)*v.Since.Sub(start).Seconds()/span.Seconds(); !v.Since.IsZero() && v.Scope != diagnose.Healthy && x > left {
		out.Mark, out.MarkText = num(x), v.Since.In(say.JST).Format("15:04")
		out.MarkX, out.MarkAnchor = num(x-5), "end"
		if x < left+60 {
			out.MarkX, out.MarkAnchor = num(x+5), "start"
		}
	}
	out.Note = note(l, id, all, failed, limit)
	out.table(l, buckets, start, span/12)
	return out
}

func note(l text.Lang, id string, all []time.Duration, failed int, limit time.Duration) string {
	if len(all) == 0 && failed == 0 {
		return text.Say(l, "web.plot.empty", nil)
	}
	if len(all) == 0 {
		return text.Say(l, "web.plot.none", nil)
	}
	a := text.Args{"took": took(l, bucket{values: all}.at(.5))}
	if limit > 0 {
		a["limit"] = strconv.Itoa(int(limit.Seconds()))
	}
	if failed > 0 {
		a["failed"] = strconv.Itoa(failed)
	}
	return text.Say(l, "web.plot.note."+id, a)
}

// ceiling is the top of the axis: a round number above what is shown.
func ceiling(all []time.Duration, limit time.Duration) time.Duration {
	most := max(limit*6/5, bucket{values: all}.at(.995))
	for _, c := range []time.Duration{100, 200, 400, 800, 1000, 2000, 4000, 6000, 10000, 20000, 40000, 60000, 120000} {
		if c *= time.Millisecond; most <= c*95/100 {
			return c
		}
	}
	return 300 * time.Second
}

func (p *plot) axes(l text.Lang, most, limit time.Duration, start, now time.Time) {
	sec := func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'g', 3, 64) }
	p.Y = []label{
		{"0", num(bottom), ""}, {text.Say(l, "web.plot.unit", text.Args{"n": sec(most / 2)}), num((top + bottom) / 2), ""}, {sec(most), num(top), ""},
	}
	hour := func(t time.Time) string { return t.In(say.JST).Format("15:04") }
	p.X = []label{{hour(start), num(left), "start"}, {hour(start.Add(now.Sub(start) / 2)), num((left + right) / 2), "middle"}, {hour(now), num(right), "end"}}
	if limit > 0 {
		y := bottom - (bottom-top)*limit.Seconds()/most.Seconds()
		p.Limit, p.LimitY, p.LimitText = num(y), num(y-5), text.Say(l, "web.plot.limit", text.Args{"n": strconv.Itoa(int(limit.Seconds()))})
	}
}

// curves draws the median and the band up to the slowest tenth. A hole is never bridged: no answer is not a number.
func (p *plot) curves(buckets []bucket, most time.Duration) {
	y := func(d time.Duration) string { return num(bottom - (bottom-top)*min(1, d.Seconds()/most.Seconds())) }
	var line, over, under []string
	flush := func() {
		if len(line) > 0 {
			slices.Reverse(under)
			p.Line = append(p.Line, strings.Join(line, " "))
			p.Band = append(p.Band, strings.Join(append(over, under...), " "))
		}
		line, over, under = nil, nil, nil
	}
	for i, b := range buckets {
		if len(b.values) == 0 {
			flush()
			continue
		}
		// Each bucket is drawn from edge to edge, so that one alone is seen too.
		for _, x := range []string{edge(i), edge(i + 1)} {
			line = append(line, x+","+y(b.at(.5)))
			over = append(over, x+","+y(b.at(.95)))
			under = append(under, x+","+y(b.at(.05)))
		}
	}
	flush()
}

func edge(i int) string { return num(left + (right-left)*float64(i)/plotBuckets) }

// gaps tints the stretches in which nothing but failures came.
func (p *plot) gaps(buckets []bucket) {
	w := (right - left) / plotBuckets
	for i := 0; i < len(buckets); i++ {
		from := i
		for i < len(buckets) && buckets[i].failed > 0 && len(buckets[i].values) == 0 {
			i++
		}
		if i > from {
			p.Gaps = append(p.Gaps, box{num(left + float64(from)*w), num(float64(i-from) * w)})
		}
	}
}

// table says the same in twelve rows, newest first.
func (p *plot) table(l text.Lang, buckets []bucket, start time.Time, each time.Duration) {
	const per = plotBuckets / 12
	for row := 11; row >= 0; row-- {
		var sum bucket
		for _, b := range buckets[row*per : (row+1)*per] {
			sum.values = append(sum.values, b.values...)
			sum.failed += b.failed
		}
		slices.Sort(sum.values)
		if len(sum.values) == 0 && sum.failed == 0 {
			continue
		}
		r := tableRow{From: start.Add(time.Duration(row) * each).In(say.JST).Format("15:04"), Median: "-", Slow: "-", Failed: strconv.Itoa(sum.failed)}
		if len(sum.values) > 0 {
			r.Median, r.Slow = took(l, sum.at(.5)), took(l, sum.at(.95))
		}
		p.Table = append(p.Table, r)
	}
}

func num(v float64) string { return fmt.Sprintf("%.1f", v) }
