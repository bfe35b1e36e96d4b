package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// A Break is a difference between our books and bitbank's: what it is, why, and what it comes to.
type Break struct {
	ID    string           `json:"id"`
	Kind  ledger.BreakKind `json:"kind"`
	Cause ledger.Cause     `json:"cause,omitzero"`
	// State is "open" as long as the two differ, "taken" when it was never explained and the books go on from bitbank's balance,
	// else "over".
	State    string         `json:"state"`
	Title    string         `json:"title"`
	Text     string         `json:"text"`
	Since    Stamp          `json:"since"` // since when they have differed, as far as is known
	Found    Stamp          `json:"found"`
	Over     Stamp          `json:"over,omitzero"`
	What     string         `json:"what,omitzero"` // pair, side and type of the order in words
	Order    *Look          `json:"order,omitzero"`
	Bot      string         `json:"bot,omitzero"`
	Intent   string         `json:"intent,omitzero"`
	Fills    *Fills         `json:"fills,omitzero"`
	Transfer *Transfer      `json:"transfer,omitzero"`
	Money    []ledger.Money `json:"money"`
}

// Fills are trades of one order together.
type Fills struct {
	N       int             `json:"n"`
	Amount  decimal.Decimal `json:"amount"`
	Average decimal.Decimal `json:"average_price"`
	First   Stamp           `json:"first"`
	Last    Stamp           `json:"last"`
}

func shapeBreak(l text.Lang, b ledger.Break, now time.Time) Break {
	out := Break{
		ID: b.ID, Kind: b.Kind, Cause: b.Cause, State: "over", Title: text.Say(l, "web.break.title."+string(b.Kind), nil),
		Since: Stamp(b.Since), Found: Stamp(b.Found), Over: Stamp(b.Over), Bot: b.Origin.Bot, Intent: b.Origin.Intent, Money: b.Money,
	}
	if b.Money == nil {
		out.Money = []ledger.Money{}
	}
	switch {
	case b.Taken:
		out.State = "taken"
	case b.Over.IsZero():
		out.State = "open"
	}
	var said []string
	add := func(id string, a text.Args) { said = append(said, text.Say(l, "web.break."+id, a)) }
	if b.Order != nil {
		out.Order, out.What = new(shapeLine(l, *b.Order)), whatOf(l, *b.Order)
	}
	if n := b.Fills.N; n > 0 {
		average := b.Fills.Value.DivRound(b.Fills.Amount, 8)
		out.Fills = &Fills{n, b.Fills.Amount, average, Stamp(b.Fills.First), Stamp(b.Fills.Last)}
		add("fills", text.Args{"n": strconv.Itoa(n), "amount": quantity(*b.Order, bitbank.NewNumber(b.Fills.Amount)), "average": money(l, *b.Order, bitbank.NewNumber(average))})
	}
	if b.Cause != "" {
		add("cause."+string(b.Cause), nil)
	} else {
		add("cause."+string(b.Kind), nil)
	}
	if b.Transfer != nil {
		out.Transfer = new(shapeTransfer(l, *b.Transfer))
	}
	if b.Kind == ledger.Stuck {
		add("transfer", text.Args{"what": text.Say(l, "web.transfer."+out.Transfer.Kind, nil), "text": out.Transfer.Text})
	}
	switch {
	case b.Kind == ledger.Unaccounted && b.Origin.Intent != "":
		add("intent", text.Args{"intent": b.Origin.Intent})
	case b.Order == nil:
	case b.Origin.By == ledger.Bot:
		add("bot", text.Args{"bot": b.Origin.Bot})
	default:
		add("nobody", nil)
	}
	if s := sums(l, b.Money, func(m ledger.Money) decimal.Decimal { return m.OnHand }, true); s != "" {
		id := "moved"
		if b.Transfer != nil {
			id = "coming"
		}
		add(id, text.Args{"money": s})
	}
	if s := sums(l, b.Money, func(m ledger.Money) decimal.Decimal { return m.Locked }, b.Kind == ledger.Unaccounted); s != "" {
		add("locked", text.Args{"money": s})
	}
	if out.State == "taken" {
		add("taken", nil)
	}
	for _, s := range said {
		out.Text += space(l, out.Text) + s
	}
	return out
}

// sums words one amount of each asset.
func sums(l text.Lang, all []ledger.Money, of func(ledger.Money) decimal.Decimal, signed bool) string {
	var out []string
	for _, m := range all {
		d := of(m)
		if d.IsZero() {
			continue
		}
		s := worth(l, m.Asset, figure(bitbank.NewNumber(d)))
		if signed && d.IsPositive() {
			s = "+" + s
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// A Position is a margin position that is open.
type Position struct {
	Pair               string               `json:"pair"`
	Side               bitbank.PositionSide `json:"position_side"`
	Amount             string               `json:"open_amount"`
	Average            string               `json:"average_price,omitzero"`
	Product            string               `json:"product,omitzero"`
	UnrealizedFee      string               `json:"unrealized_fee_amount,omitzero"`
	UnrealizedInterest string               `json:"unrealized_interest_amount,omitzero"`
	At                 Stamp                `json:"at"`   // of which it speaks
	Text               string               `json:"text"` // the position on one line
}

func shapePosition(l text.Lang, p ledger.Position) Position {
	o := bitbank.Order{Pair: p.Pair, PositionSide: p.Side}
	return Position{
		Pair: p.Pair, Side: p.Side, Amount: p.OpenAmount.String(), Average: p.AveragePrice.String(), Product: p.Product.String(),
		UnrealizedFee: p.UnrealizedFee.String(), UnrealizedInterest: p.UnrealizedInterest.String(), At: Stamp(p.At),
		Text: strings.TrimSpace(strings.Join([]string{whatOf(l, o), quantity(o, p.OpenAmount), money(l, o, p.AveragePrice)}, " ")),
	}
}

// booksOf says in one sentence whether our books and bitbank's agree, and of what nothing can be said. From the journal alone there
// is nothing to say of bitbank.
func booksOf(l text.Lang, v account.View, now time.Time) string {
	open := 0
	for _, b := range v.Breaks {
		if b.Over.IsZero() {
			open++
		}
	}
	switch {
	case v.Trading == "":
		return text.Say(l, "web.books.recorded", nil)
	case v.Read.IsZero():
		return text.Say(l, "web.books.unread", nil)
	case now.Sub(v.Read) > limitRead:
		return text.Say(l, "web.books.old", text.Args{"since": say.About(l, v.Read, now)})
	}
	out := text.Say(l, "web.books.agree", nil)
	if open > 0 {
		out = text.Say(l, "web.books.differ", text.Args{"n": strconv.Itoa(open)})
	}
	if len(v.Unsure) > 0 {
		var names []string
		for _, name := range v.Unsure {
			if pair, id, order := strings.Cut(name, "/"); order {
				names = append(names, say.Pair(l, pair)+" #"+id)
			} else {
				names = append(names, coin(name))
			}
		}
		out += space(l, out) + text.Say(l, "web.books.unsure", text.Args{"what": strings.Join(names, ", ")})
	}
	return out
}

// A Demand is what bitbank demands of the account's margin.
type Demand struct {
	What       string `json:"what"` // margincall, debt or settled, or a word that bitbank added since
	Amount     string `json:"amount,omitzero"`
	OccurredAt Stamp  `json:"occurred_at,omitzero"`
	Due        Stamp  `json:"due,omitzero"`
	Text       string `json:"text"`
}

// demands are the notices that have words.
var demands = []string{bitbank.NoticeCall, bitbank.NoticeDebt, bitbank.NoticeSettled}

func shapeDemand(l text.Lang, n bitbank.MarginNotice) *Demand {
	what := n.Kind()
	if what == "" {
		return nil
	}
	out := &Demand{What: what, Amount: n.Amount.String(), OccurredAt: Stamp(n.OccurredAt.Time()), Due: Stamp(n.DueDateAt.Time())}
	id := "other"
	if slices.Contains(demands, what) {
		id = what
	}
	a := text.Args{"what": n.What, "amount": worth(l, "jpy", figure(n.Amount))}
	if due := n.DueDateAt.Time(); !due.IsZero() {
		a["due"] = say.Day(l, due) + " " + say.Instant(l, due)
	}
	out.Text = text.Say(l, "web.demand."+id, a)
	return out
}

// A Past is how far back the account's trades are known without a hole.
type Past struct {
	From Stamp  `json:"from,omitzero"` // absent: nothing was read yet
	All  bool   `json:"all"`           // bitbank has shown nothing older
	Text string `json:"text"`
}

func shapePast(l text.Lang, p account.Past) Past {
	out := Past{From: Stamp(p.Trades.From), All: p.All}
	switch at := p.Trades.From; {
	case at.IsZero():
		out.Text = text.Say(l, "web.imported.none", nil)
	case p.All:
		out.Text = text.Say(l, "web.imported.all", text.Args{"since": date(at)})
	default:
		out.Text = text.Say(l, "web.imported.part", text.Args{"since": date(at)})
	}
	return out
}

// date is a day of Japan with its year.
func date(at time.Time) string { return at.In(say.JST).Format("2006-01-02") }
