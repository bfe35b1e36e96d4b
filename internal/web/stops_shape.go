package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/say"
	"hikeshi/internal/stop"
	"hikeshi/internal/text"
)

var slippageUsual = decimal.NewFromInt(stop.SlippageUsual)

// A LocalStop is a local stop, and what it does. Amounts and prices are decimals in text; absent is what is not known.
type LocalStop struct {
	ID       stop.ID              `json:"id"`
	Pair     string               `json:"pair"`
	Side     bitbank.Side         `json:"side"`
	Position bitbank.PositionSide `json:"position_side,omitzero"`
	Trigger  string               `json:"trigger_price"`
	Guard    string               `json:"guard_price"`
	Amount   string               `json:"amount,omitzero"` // absent: all that is there
	Slippage string               `json:"slippage_percent"`
	Expires  Stamp                `json:"expires_at,omitzero"`
	Set      Stamp                `json:"set_at"`
	Held     string               `json:"held_at_set"`

	State   stop.State  `json:"state"`
	Dark    bool        `json:"dark"`  // bitbank does not answer
	What    string      `json:"what"`  // the plan in words
	Text    string      `json:"text"`  // how it stands, in words
	Why     stop.Reason `json:"why"`   // "" is none
	Since   Stamp       `json:"since"` // of the state
	Fired   Stamp       `json:"triggered_at,omitzero"`
	FiredAt string      `json:"triggered_price,omitzero"`

	Bitbank *PriceNow `json:"bitbank,omitzero"`
	Else    *PriceNow `json:"elsewhere,omitzero"`
	// Worth is what leaving now would bring at the newest price, and how much less that is than at the trigger.
	Worth *Worth `json:"if_now,omitzero"`

	Exits      []Order       `json:"exits"`
	Sold       string        `json:"sold_amount"`
	Naked      float64       `json:"naked_seconds"` // how long nothing on bitbank protected what the exit was for
	NakedSince Stamp         `json:"naked_since,omitzero"`
	Proof      *StopProof    `json:"proof,omitzero"`
	Choices    []Alternative `json:"alternatives"` // of one that waits for bitbank
}

// A PriceNow is one source's price, between low and high, as of a time.
type PriceNow struct {
	Price string `json:"price"`
	Low   string `json:"low"`
	High  string `json:"high"`
	At    Stamp  `json:"at"`
}

// A Worth is a figure, no advice.
type Worth struct {
	Price  string `json:"price"`
	Amount string `json:"amount"`
	Value  string `json:"value"`
	Less   string `json:"less_than_at_trigger"`
	From   string `json:"from"` // bitbank or elsewhere
	At     Stamp  `json:"at"`
	Text   string `json:"text"`
}

// A StopProof is why nothing is left.
type StopProof struct {
	Left  string   `json:"left_amount"`
	Sold  string   `json:"sold_amount"`
	Other string   `json:"sold_by_bitbanks_stops"`
	Reads [2]Stamp `json:"reads"`
}

// An Alternative is what an owner can do while a stop waits.
type Alternative struct {
	Kind string `json:"kind"` // wait, elsewhere, manual, guard, nothing
	Text string `json:"text"`
}

func shapeStop(l text.Lang, v account.StopView, now time.Time) LocalStop {
	p := v.Plan
	out := LocalStop{
		ID: p.ID, Pair: p.Pair, Side: p.Side, Position: p.Position, Trigger: p.Trigger.String(), Guard: p.Guard.String(), Amount: p.Amount.String(),
		Slippage: p.Slippage.String(), Expires: Stamp(p.Expires), Set: Stamp(p.Set), Held: p.Held.String(),
		State: v.State, Dark: v.Dark, What: stopText(l, p), Why: v.Why, Since: Stamp(v.Since), Fired: Stamp(v.Triggered), FiredAt: v.Price.String(),
		Bitbank: stopPrice(v.Bitbank), Else: stopPrice(v.Else), Exits: []Order{}, Sold: v.Sold.String(), Naked: v.Naked.Seconds(), NakedSince: Stamp(v.NakedSince),
		Choices: []Alternative{},
	}
	if v.Acting() && v.Doing.Why != "" {
		out.Why = v.Doing.Why
	} else if v.State == stop.Armed {
		out.Why = v.Unheard
	}
	if !v.NakedSince.IsZero() {
		out.Naked += now.Sub(v.NakedSince).Seconds()
	}
	if x := v.Proof; x != nil {
		out.Proof = &StopProof{x.Left.String(), x.Sold.String(), x.Other.String(), [2]Stamp{Stamp(x.Reads[0]), Stamp(x.Reads[1])}}
	}
	for _, e := range v.Exits {
		out.Exits = append(out.Exits, shapeExit(l, e))
	}
	if !v.Over() {
		out.Worth = worthNow(l, v)
	}
	out.Text = stateText(l, v, out)
	if v.State == stop.Pending || v.State == stop.Exiting && v.Doing.Why == stop.Darkness {
		out.Choices = choicesOf(l, v, out)
	}
	return out
}

func stopPrice(q stop.Quote) *PriceNow {
	if q.At.IsZero() || !q.Price.IsPositive() {
		return nil
	}
	return &PriceNow{q.Price.String(), q.Low.String(), q.High.String(), Stamp(q.At)}
}

func shapeExit(l text.Lang, e stop.Exit) Order {
	o := Order{What: whatOf(l, e.Order), Look: shapeLine(l, e.Order), Since: Stamp(e.Signed), Intent: e.Intent, Code: e.Code, By: string(ledger.Bot)}
	state := "open"
	switch o.Standing = account.Live; {
	case !e.Settled:
		state, o.Standing = "unknown", account.Uncertain
	case e.Refused:
		state, o.Standing = "refused", account.Refused
	case e.Order.Status == bitbank.StatusFullyFilled:
		state, o.Standing = "over", account.Filled
	case e.Over:
		state, o.Standing = "over", account.Cancelled
	}
	o.Text = text.Say(l, "stop.exit."+state, text.Args{"executed": quantity(e.Order, e.Order.ExecutedAmount), "code": strconv.Itoa(int(e.Code))})
	return o
}

// coinOf is the coin of a pair, as people name it.
func coinOf(pair string) string {
	base, _, _ := strings.Cut(pair, "_")
	return coin(base)
}

// yenOf is a price of a pair in words.
func yenOf(l text.Lang, pair string, n bitbank.Number) string {
	return money(l, bitbank.Order{Pair: pair}, n)
}

// amountOf is how much a plan is for.
func amountOf(l text.Lang, p stop.Plan) string {
	if p.Amount.Known() {
		return figure(p.Amount) + " " + coinOf(p.Pair)
	}
	return text.Say(l, "stop.all", text.Args{"coin": coinOf(p.Pair)})
}

// stopText is a plan in words.
func stopText(l text.Lang, p stop.Plan) string {
	kind := "spot"
	if p.Position != bitbank.Spot {
		kind = string(p.Position)
	}
	return text.Say(l, "stop.plan."+kind, text.Args{
		"pair": say.Pair(l, p.Pair), "trigger": yenOf(l, p.Pair, p.Trigger), "guard": yenOf(l, p.Pair, p.Guard), "amount": amountOf(l, p),
	})
}

// wouldAdd is what setting a plan means.
func wouldAdd(l text.Lang, p stop.Plan) []string {
	out := []string{
		stopText(l, p),
		text.Say(l, "stop.add.when", nil),
		text.Say(l, "stop.add.how", text.Args{"slippage": figure(p.Slippage), "held": figure(p.Held) + " " + coinOf(p.Pair)}),
		text.Say(l, "stop.add.dark", nil),
		text.Say(l, "stop.add.freeze", nil),
	}
	if !p.Expires.IsZero() {
		out = append(out, text.Say(l, "stop.add.until", text.Args{"until": say.Day(l, p.Expires) + " " + say.Instant(l, p.Expires)}))
	}
	return out
}

func wouldRemove(l text.Lang, v account.StopView) []string {
	out := []string{text.Say(l, "stop.remove.1", text.Args{"what": stopText(l, v.Plan)}), text.Say(l, "stop.remove.2", nil)}
	if v.State == stop.Exiting {
		out = append(out, text.Say(l, "stop.remove.exiting", nil))
	}
	return out
}

// stateText is how a plan stands, in words.
func stateText(l text.Lang, v account.StopView, s LocalStop) string {
	id, a := string(v.State), text.Args{"sold": figure(v.Sold) + " " + coinOf(v.Plan.Pair), "at": say.Instant(l, v.Since), "price": yenOf(l, v.Plan.Pair, v.Price)}
	if v.State == stop.Armed && v.Dark {
		id = "armed_dark"
	}
	if x := v.Proof; x != nil {
		a["left"], a["other"] = figure(x.Left)+" "+coinOf(v.Plan.Pair), figure(x.Other)+" "+coinOf(v.Plan.Pair)
	}
	out := text.Say(l, "stop.state."+id, a)
	if s.Why != "" && s.Why != stop.Passed && s.Why != stop.Flat {
		out += then(l) + text.Say(l, "stop.why."+string(s.Why), nil)
	}
	if !v.NakedSince.IsZero() {
		out += then(l) + text.Say(l, "stop.naked", text.Args{"seconds": seconds(s.Naked)})
	}
	return out
}

// worthNow is what leaving now would bring.
func worthNow(l text.Lang, v account.StopView) *Worth {
	q, from := v.Bitbank, "bitbank"
	if q.At.IsZero() || v.Dark {
		q, from = v.Else, "elsewhere"
	}
	amount := v.Plan.Held
	if v.Plan.Amount.Known() {
		amount = v.Plan.Amount
	}
	if q.At.IsZero() || !q.Price.IsPositive() || !amount.Known() {
		return nil
	}
	value, at := q.Price.Mul(amount.Decimal()), v.Plan.Trigger.Decimal().Mul(amount.Decimal())
	less := at.Sub(value)
	if v.Plan.Side == bitbank.Buy {
		less = less.Neg()
	}
	w := &Worth{Price: q.Price.String(), Amount: amount.String(), Value: value.Round(0).String(), Less: less.Round(0).String(), From: from, At: Stamp(q.At)}
	w.Text = text.Say(l, "stop.worth."+from, text.Args{
		"value": yenOf(l, v.Plan.Pair, bitbank.NewNumber(value.Round(0))), "less": yenOf(l, v.Plan.Pair, bitbank.NewNumber(less.Round(0))),
		"price": yenOf(l, v.Plan.Pair, bitbank.NewNumber(q.Price.Round(8))), "amount": figure(amount) + " " + coinOf(v.Plan.Pair), "at": say.Instant(l, q.At),
	})
	return w
}

// choicesOf are the alternatives of a plan that waits. They are figures and places to look, in a fixed order: none is advised.
func choicesOf(l text.Lang, v account.StopView, s LocalStop) []Alternative {
	p, a := v.Plan, text.Args{"guard": yenOf(l, v.Plan.Pair, v.Plan.Guard), "id": string(v.Plan.ID), "pair": say.Pair(l, v.Plan.Pair), "amount": amountOf(l, v.Plan)}
	out := []Alternative{{"wait", text.Say(l, "stop.choice.wait", nil)}}
	if e := v.Else; !e.At.IsZero() && s.Worth != nil {
		a["price"], a["low"], a["high"] = yenOf(l, p.Pair, bitbank.NewNumber(e.Price.Round(8))), yenOf(l, p.Pair, bitbank.NewNumber(e.Low.Round(8))), yenOf(l, p.Pair, bitbank.NewNumber(e.High.Round(8)))
		a["at"], a["size"], a["value"] = say.Instant(l, e.At), figure(bitbank.NewNumber(decimal.RequireFromString(s.Worth.Amount)))+" "+coinOf(p.Pair), yenOf(l, p.Pair, bitbank.NewNumber(decimal.RequireFromString(s.Worth.Amount).Mul(e.Price).Round(0)))
		out = append(out, Alternative{"elsewhere", text.Say(l, "stop.choice.elsewhere", a)})
	} else {
		out = append(out, Alternative{"elsewhere", text.Say(l, "stop.choice.elsewhere.none", nil)})
	}
	manual := "spot"
	if p.Position != bitbank.Spot {
		manual = "margin"
	}
	return append(out,
		Alternative{"manual", text.Say(l, "stop.choice.manual."+manual, text.Args{"pair": say.Pair(l, p.Pair), "amount": amountOf(l, p), "guard": a["guard"], "side": text.Say(l, "stop.side."+string(p.Side), nil)})},
		Alternative{"guard", text.Say(l, "stop.choice.guard", a)},
		Alternative{"nothing", text.Say(l, "stop.choice.nothing", a)},
	)
}

func shapeStopNow(l text.Lang, p stop.Plan, n account.StopNow) StopAnswer {
	out := StopAnswer{ID: p.ID, At: Stamp(n.At), Act: string(n.Act), Held: n.Held.String(), Free: n.Free.String(), Mode: n.Mode}
	if n.Best.IsPositive() {
		out.Best = n.Best.String()
	}
	a := text.Args{}
	if n.Act == stop.Place {
		o := bitbank.Order{Pair: p.Pair, Side: n.Order.Side, PositionSide: n.Order.PositionSide, Type: n.Order.Type, StartAmount: n.Order.Amount, Price: n.Order.Price}
		look := shapeLine(l, o)
		out.Order = &look
		a["order"] = look.Line()
	}
	out.Text = text.Say(l, "stop.now."+string(n.Act), a)
	if n.Act == stop.Wait || n.Act == stop.Read {
		out.Text += then(l) + text.Say(l, "stop.why."+string(n.Why), nil)
	}
	return out
}

// then stands between two sentences.
func then(l text.Lang) string {
	if l == text.English {
		return " "
	}
	return ""
}

// seconds is a number of seconds for people.
func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 1, 64) }
