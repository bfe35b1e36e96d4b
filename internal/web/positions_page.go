package web

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// positionsBody is the page of what the account holds.
type positionsBody struct {
	Class, Icon, Scope string
	Sentence, Note     string
	Read               fresh
	Prices             fresh // the oldest price in the sum
	Priced             bool
	Done               *result
	Alarms             []string // of the margin
	Crossed            []string // lines
	Open               []openRow
	Flat               string // what is said when no position is listed
	Held               fresh
	Result, ResultNote string
	Assets             []heldRow
	Coins              []coinRow
	Margin             marginBody
	Stops              []stopCheckRow
	Lines              []lineRow
	Form               string
	Ask                lineForm
}

type openRow struct {
	Key, What, Amount, Average, Value, Result, Price string
	At                                               fresh
	Doubt                                            bool
}

type heldRow struct {
	Asset, Amount, Locked, Value, Price string
	At                                  fresh
	Doubt                               bool
}

type coinRow struct{ Asset, Spot, Long, Short, Net, Text string }

type marginBody struct {
	Text, Ours, Without string
	At                  fresh
	Reaches             []string
	Assumes             []string
}

type stopCheckRow struct {
	Key, What, Text, How string
	State                badge
}

type lineRow struct {
	Key, What, Text, Why string
	State                badge
}

// A lineForm is what was asked for and refused, so that it need not be typed again.
type lineForm struct {
	Kind, Pair, Value, Why string
	Kinds                  []option
	Pairs                  []string
}

var positionLooks = map[string]badge{
	"alarm": {"s-own", "warn", ""}, "crossed": {"s-own", "warn", ""}, "dark": {"s-them", "them", ""}, "old": {"s-unk", "unknown", ""}, "fine": {"s-ok", "ok", ""},
}

var coverLooks = map[exposure.Cover]badge{
	exposure.Covered: {"s-ok", "ok", ""}, exposure.Partly: {"s-own", "warn", ""}, exposure.Uncovered: {"s-own", "warn", ""}, exposure.InDoubt: {"s-unk", "unknown", ""},
}

var sideLooks = map[exposure.Side]badge{
	exposure.Over: {"s-own", "warn", ""}, exposure.Near: {"s-part", "part", ""}, exposure.Clear: {"s-ok", "ok", ""}, exposure.Blind: {"s-unk", "unknown", ""},
}

// heldFor is how old what was read may be on the page.
const heldFor = exposure.ReadLimit

func (s *server) positions(w http.ResponseWriter, r *http.Request) {
	if s.absent(w, r) || s.shut(w, r) {
		return
	}
	l, v, q := s.lang(r), s.views.now(), r.URL.Query()
	ask := lineForm{Kind: q.Get("kind"), Pair: q.Get("pair"), Value: q.Get("value"), Why: words(q.Get("why"))}
	report := exposure.Of(v.Exposure)
	now := report.At
	d := DescribeExposure(l, report, false)
	in, _ := s.entrance.of(r)
	look := positionLooks[d.State]
	b := positionsBody{
		Class: look.Class, Icon: look.Icon, Scope: text.Say(l, "positions.state."+d.State, nil), Sentence: d.Sentence, Read: clock(l, report.Read, heldFor, now),
		Done: lineResult(l, q), Held: clock(l, report.Held, exposure.HeldLimit, now), Form: in.form, Result: d.Result.Text, ResultNote: d.Result.Note, Note: d.Worth.Note, Ask: s.form(l, ask, v.Exposure),
	}
	if at := report.Worth.Oldest; !at.IsZero() {
		b.Priced, b.Prices = true, clock(l, at, exposure.PriceLimit, now)
	}
	if d.Margin.Demand != nil {
		b.Alarms = append(b.Alarms, d.Margin.Demand.Text)
	}
	if d.Margin.Alarm {
		b.Alarms = append(b.Alarms, d.Margin.Text)
	}
	b.rows(l, d, report)
	s.render(w, r, http.StatusOK, "positions", b)
}

// rows fills the lists of the page.
func (b *positionsBody) rows(l text.Lang, d Exposed, report exposure.Report) {
	now := report.At
	for i, p := range d.Positions {
		o := bitbank.Order{Pair: p.Pair, PositionSide: p.Side}
		row := openRow{
			Key: p.Pair + string(p.Side), What: whatOf(l, o), Amount: inCoin(baseOf(p.Pair), report.Positions[i].OpenAmount.Decimal()), Average: money(l, o, report.Positions[i].AveragePrice),
			Result: p.Result, Price: p.Priced.Text, At: clock(l, report.Positions[i].Position.At, exposure.HeldLimit, now), Doubt: p.Doubt,
		}
		if report.Positions[i].Known {
			row.Value = inYen(l, report.Positions[i].Value)
		}
		b.Open = append(b.Open, row)
	}
	b.Flat = text.Say(l, "positions.open.unproven", nil)
	if d.Flat {
		b.Flat = text.Say(l, "positions.open.flat", nil)
	}
	for i, a := range d.Assets {
		x := report.Assets[i]
		row := heldRow{Asset: coin(a.Asset), Amount: figure(x.OnHand), Price: a.Priced.Text, At: clock(l, x.Holding.At, heldFor, now), Doubt: a.Doubt}
		if !x.Locked.Decimal().IsZero() {
			row.Locked = figure(x.Locked)
		}
		row.Value = a.ValueText
		b.Assets = append(b.Assets, row)
	}
	for i, c := range d.Coins {
		x := report.Coins[i]
		b.Coins = append(b.Coins, coinRow{coin(c.Asset), figure(bitbank.NewNumber(x.Spot)), figure(bitbank.NewNumber(x.Long)), figure(bitbank.NewNumber(x.Short)), figure(bitbank.NewNumber(x.Net)), c.Text})
	}
	m := d.Margin
	b.Margin = marginBody{Text: m.Text, At: clock(l, time.Time(m.At), exposure.MarginLimit, now)}
	if m.Ours != nil {
		b.Margin.Ours = m.Ours.Text
		for _, x := range m.Ours.Reaches {
			b.Margin.Reaches = append(b.Margin.Reaches, x.Text)
		}
		b.Margin.Assumes = m.Ours.Assuming
	} else {
		b.Margin.Without = text.Say(l, "positions.margin.why."+m.Without, nil)
	}
	for _, s := range d.Stops {
		look := coverLooks[s.Cover]
		look.Word = text.Say(l, "positions.cover."+string(s.Cover), text.Args{"percent": strconv.Itoa(s.Percent)})
		row := stopCheckRow{Key: s.Pair + string(s.Side), What: s.What, Text: s.Text, How: s.How, State: look}
		if !s.Wanted {
			row.How = ""
			if s.Cover != exposure.Covered {
				row.State, row.Text = badge{"s-unk", "unk", look.Word}, text.Say(l, "positions.stop.unasked", nil)
			}
		}
		b.Stops = append(b.Stops, row)
	}
	for _, x := range d.Lines {
		look := sideLooks[x.Side]
		if x.Crossed {
			look = sideLooks[exposure.Over]
			b.Crossed = append(b.Crossed, x.What+" — "+x.Text)
		}
		word := string(x.Side)
		if x.Crossed {
			word = "crossed"
		}
		look.Word = text.Say(l, "positions.side."+word, nil)
		b.Lines = append(b.Lines, lineRow{Key: strconv.Itoa(x.ID), What: x.What, Text: x.Text, Why: x.Why, State: look})
	}
}

func baseOf(pair string) string {
	base, _, _ := strings.Cut(pair, "_")
	return base
}

// form is the form of a new line, as it was filled in before.
func (s *server) form(l text.Lang, f lineForm, in exposure.Input) lineForm {
	for _, k := range exposure.Kinds {
		f.Kinds = append(f.Kinds, option{Query: string(k), ID: "positions.kind." + string(k), On: f.Kind == string(k)})
	}
	for _, h := range in.Holdings {
		if h.Asset != "jpy" && h.OnHand.Decimal().IsPositive() {
			f.Pairs = append(f.Pairs, h.Asset+"_jpy")
		}
	}
	for _, p := range in.Positions {
		f.Pairs = append(f.Pairs, p.Pair)
	}
	return f
}

// lineResult says what has come of setting or removing a line, in words of the catalogue alone: anybody can make an address.
func lineResult(l text.Lang, q url.Values) *result {
	switch q.Get("did") {
	case "set":
		return &result{true, text.Say(l, "positions.did.set", nil)}
	case "remove":
		return &result{true, text.Say(l, "positions.did.removed", nil)}
	case "refused":
		no := &exposure.Refusal{ID: q.Get("refused"), Pair: q.Get("pair"), Now: q.Get("now")}
		if slices.Contains(exposure.Refusals, no.ID) {
			return &result{false, RefusedLine(l, no)}
		}
	}
	return nil
}

// lining takes the form of a new line.
func (s *server) lining(w http.ResponseWriter, r *http.Request) {
	if s.absent(w, r) || !s.ours(w, r) {
		return
	}
	f := lineForm{Kind: r.PostForm.Get("kind"), Pair: strings.TrimSpace(r.PostForm.Get("pair")), Value: strings.TrimSpace(r.PostForm.Get("value")), Why: words(r.PostForm.Get("why"))}
	x, refused := ParseLine(f.Kind, f.Pair, f.Value, f.Why)
	var err error
	if refused == nil {
		_, err = s.o.Accounts.Draw(r.Context(), x)
		s.views.drop()
		if no, is := errors.AsType[*exposure.Refusal](err); is {
			refused = no
		} else if err != nil {
			s.o.Log.Warn("a line was set and not recorded", "err", err)
		}
	}
	if refused != nil {
		toLines(w, url.Values{"did": {"refused"}, "refused": {refused.ID}, "now": {refused.Now}, "kind": {f.Kind}, "pair": {f.Pair}, "value": {f.Value}, "why": {f.Why}})
		return
	}
	toLines(w, url.Values{"did": {"set"}})
}

// toLines leads to the page, which says what has come of it.
func toLines(w http.ResponseWriter, q url.Values) {
	w.Header().Set("Location", "/positions?"+q.Encode()+"#lines")
	w.WriteHeader(http.StatusSeeOther)
}

// unlining removes a line.
func (s *server) unlining(w http.ResponseWriter, r *http.Request) {
	if s.absent(w, r) || !s.ours(w, r) {
		return
	}
	id, err := strconv.Atoi(r.PostForm.Get("line"))
	if err != nil {
		fail(w, http.StatusBadRequest, "bad_line", "line must be the number of a line")
		return
	}
	if _, err := s.o.Accounts.Erase(r.Context(), id); err != nil {
		s.o.Log.Warn("a line was removed and that is not recorded", "err", err)
	}
	s.views.drop()
	toLines(w, url.Values{"did": {"remove"}})
}

// ParseLine reads a line as its owner writes it: a value with % is a percentage, thousands may be apart by commas.
func ParseLine(kind, pair, value, why string) (ledger.Line, *exposure.Refusal) {
	x := ledger.Line{Kind: ledger.LineKind(kind), Pair: strings.ToLower(strings.ReplaceAll(pair, "/", "_")), Why: why}
	if value == "" {
		return x, nil
	}
	number, percent := strings.CutSuffix(strings.TrimSuffix(strings.TrimSuffix(strings.ReplaceAll(value, ",", ""), "円"), "JPY"), "%")
	n, err := bitbank.ParseNumber(strings.TrimSpace(number))
	if err != nil {
		return x, &exposure.Refusal{ID: "value", Pair: x.Pair}
	}
	x.Value, x.Percent = n, percent && x.Kind != ledger.GapLine
	return x, nil
}

// pairLike is what a pair's name looks like.
var pairLike = regexp.MustCompile(`^[a-z0-9]{1,12}_[a-z0-9]{1,12}$`)

// RefusedLine says why a line was not set, and what to do.
func RefusedLine(l text.Lang, r *exposure.Refusal) string {
	pair := strings.ToLower(strings.ReplaceAll(r.Pair, "/", "_"))
	if pairLike.MatchString(pair) {
		pair = say.Pair(l, pair)
	} else {
		pair = text.Say(l, "positions.pair.this", nil)
	}
	now := ""
	if n, err := bitbank.ParseNumber(r.Now); err == nil {
		now = figure(n)
	}
	return text.Say(l, "positions.refused."+r.ID, text.Args{"pair": pair, "now": now, "n": strconv.Itoa(exposure.LinesMost), "most": strconv.Itoa(exposure.WhyMost)})
}

func (s *server) apiPositions(w http.ResponseWriter, r *http.Request) {
	if s.shut(w, r) || s.absent(w, r) {
		return
	}
	answer(w, http.StatusOK, DescribeExposure(s.lang(r), exposure.Of(s.views.now().Exposure), false))
}

// apiLine sets a line of the owner's, or removes one.
func (s *server) apiLine(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Remove int    `json:"remove"`
		Kind   string `json:"kind"`
		Pair   string `json:"pair"`
		Value  string `json:"value"`
		Why    string `json:"why"`
	}
	if !s.acting(w, r, &asked) {
		return
	}
	defer s.views.drop()
	if asked.Remove != 0 {
		there, err := s.o.Accounts.Erase(r.Context(), asked.Remove)
		switch {
		case !there:
			fail(w, http.StatusNotFound, "no_line", "there is no line with this number; /api/v1/positions lists them")
		case err != nil:
			fail(w, http.StatusServiceUnavailable, "unrecorded", "the line is removed, and that is not recorded yet: the disk cannot be written")
		default:
			s.views.drop()
			s.apiPositions(w, r)
		}
		return
	}
	x, refused := ParseLine(asked.Kind, asked.Pair, asked.Value, words(asked.Why))
	var err error
	if refused == nil {
		_, err = s.o.Accounts.Draw(r.Context(), x)
		if no, is := errors.AsType[*exposure.Refusal](err); is {
			refused = no
		}
	}
	switch {
	case refused != nil:
		fail(w, http.StatusUnprocessableEntity, "refused_line", RefusedLine(s.lang(r), refused))
	case err != nil:
		fail(w, http.StatusServiceUnavailable, "unrecorded", "the line is set, and that is not recorded yet: the disk cannot be written")
	default:
		s.views.drop()
		s.apiPositions(w, r)
	}
}
