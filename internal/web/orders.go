package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// Orders are what became of an account's orders, for programs, with the words for people. `hikeshi orders --json` prints the
// same.
type Orders struct {
	At     Stamp `json:"at"`
	Read   Stamp `json:"read,omitzero"`   // when the account was read whole last; absent: not since the start
	Newest Stamp `json:"newest,omitzero"` // of the newest record; absent: there is none
	// State is what is worst: "ambiguous", "uncertain", "ghost", else "confirmed".
	State      string                   `json:"state"`
	Sentence   string                   `json:"sentence"`
	Trading    string                   `json:"trading,omitzero"` // open, frozen, full, dark; absent when the daemon was not asked
	Stops      []Stop                   `json:"stops"`
	Unrecorded int                      `json:"unrecorded,omitzero"` // records that wait for the disk
	Counts     map[account.Standing]int `json:"counts"`
	Orders     []Order                  `json:"orders"`
	Omitted    int                      `json:"omitted,omitzero"` // finished orders beyond the limit
	Balances   []Balance                `json:"balances"`
	// Breaks are the differences between our books and bitbank's: those that are open, and those of the last day.
	Breaks    []Break    `json:"breaks"`
	Unsure    []string   `json:"unsure"` // assets, and orders as pair/id, of which nothing can be said
	Books     string     `json:"books"`  // all of that in a sentence
	Positions []Position `json:"positions"`
	Held      Stamp      `json:"positions_read,omitzero"` // when positions were read last; absent: not since the start
	Demand    *Demand    `json:"margin_notice,omitzero"`
	Past      Past       `json:"history"`
	Switches  []Switch   `json:"switches"`           // the dead man's switches of bots
	Reopening *Reopening `json:"reopening,omitzero"` // how bitbank's return after an outage goes
	Plans     []Plan     `json:"plans"`              // that cancel many orders: those that go on, and those of the last day
}

// A Stop is a bot whose new orders are stopped; without a bot it is all of them.
type Stop struct {
	Bot   string `json:"bot,omitzero"`
	Why   string `json:"why,omitzero"`
	Since Stamp  `json:"since"`
	Until Stamp  `json:"until,omitzero"` // when it ends by itself; absent: it does not
	// Lapsed says that its dead man's switch stopped the bot, and nobody else.
	Lapsed bool `json:"lapsed,omitzero"`
}

// An Order is one order and how it stands. Amounts and prices are decimals in text; absent is what is not known.
type Order struct {
	Standing account.Standing `json:"standing"`
	What     string           `json:"what"` // pair, side and type in words
	Text     string           `json:"text"` // how it stands, in words
	Look
	Since  Stamp        `json:"since,omitzero"`
	By     string       `json:"by,omitzero"` // bot or human, when that is known
	Bot    string       `json:"bot,omitzero"`
	Intent string       `json:"intent,omitzero"`
	Code   bitbank.Code `json:"code,omitzero"` // of a refusal
	Proof  *Proof       `json:"proof,omitzero"`
	Alike  []Look       `json:"alike,omitzero"` // of an ambiguous one and a ghost
}

// A Look is what an order looks like.
type Look struct {
	OrderID      bitbank.OrderID      `json:"order_id,omitzero"`
	Pair         string               `json:"pair"`
	Side         bitbank.Side         `json:"side,omitzero"`
	PositionSide bitbank.PositionSide `json:"position_side,omitzero"`
	Type         bitbank.OrderType    `json:"type,omitzero"`
	Status       bitbank.OrderStatus  `json:"status,omitzero"`
	Amount       string               `json:"amount,omitzero"`
	Price        string               `json:"price,omitzero"`
	TriggerPrice string               `json:"trigger_price,omitzero"`
	PostOnly     bool                 `json:"post_only,omitzero"`
	Executed     string               `json:"executed_amount,omitzero"`
	Average      string               `json:"average_price,omitzero"`
	OrderedAt    Stamp                `json:"ordered_at,omitzero"`

	line string
}

// Line is the order on one line for people: what, how much, at which price.
func (k Look) Line() string { return k.line }

// A Balance is what the account had of an asset at a time.
type Balance struct {
	Asset       string `json:"asset"`
	OnHand      string `json:"onhand_amount,omitzero"`
	Free        string `json:"free_amount,omitzero"`
	Locked      string `json:"locked_amount,omitzero"`
	Withdrawing string `json:"withdrawing_amount,omitzero"`
	At          Stamp  `json:"at"`

	line string
}

// Line is the balance on one line for people; "" when there is nothing of the asset.
func (b Balance) Line() string { return b.line }

// DescribeOrders words a view for somebody who reads at now; of finished orders the newest, limit of them.
func DescribeOrders(l text.Lang, v account.View, limit int, now time.Time) Orders {
	out := Orders{
		At: Stamp(v.At), Read: Stamp(v.Read), Newest: Stamp(v.Newest), Trading: v.Trading, Unrecorded: v.Unrecorded,
		Stops: []Stop{}, Counts: map[account.Standing]int{}, Orders: []Order{}, Balances: []Balance{},
		Breaks: []Break{}, Unsure: append([]string{}, v.Unsure...), Books: booksOf(l, v, now), Positions: []Position{}, Held: Stamp(v.Held), Demand: shapeDemand(l, v.Demand), Past: shapePast(l, v.Past), Plans: []Plan{}, Reopening: shapeReopening(l, v.Reopening, now),
		Switches: []Switch{},
	}
	for _, s := range v.Switches {
		out.Switches = append(out.Switches, shapeSwitch(l, s, now))
	}
	for _, b := range v.Breaks {
		out.Breaks = append(out.Breaks, shapeBreak(l, b, now))
	}
	for _, p := range v.Positions {
		out.Positions = append(out.Positions, shapePosition(l, p))
	}
	for _, s := range v.Stops {
		out.Stops = append(out.Stops, Stop{s.Bot, s.Why, Stamp(s.Since), Stamp(s.Until), s.Lapsed})
	}
	for _, p := range v.Plans {
		if p.Open() || now.Sub(p.Ended) <= shownFor {
			out.Plans = append(out.Plans, shapePlan(l, p, now))
		}
	}
	over := 0
	for _, x := range v.Orders {
		out.Counts[x.Standing]++
		if ended(x.Standing) {
			if over++; over > limit {
				out.Omitted++
				continue
			}
		}
		out.Orders = append(out.Orders, shapeOrder(l, x, dark(v), now))
	}
	for _, h := range v.Holdings {
		b := Balance{Asset: h.Asset, OnHand: h.OnHand.String(), Free: h.Free.String(), Locked: h.Locked.String(), Withdrawing: h.Withdrawing.String(), At: Stamp(h.At)}
		if !h.OnHand.Decimal().IsZero() {
			b.line = worth(l, h.Asset, figure(h.OnHand))
		}
		out.Balances = append(out.Balances, b)
	}
	out.State, out.Sentence = headline(l, v, now)
	return out
}

// ended reports whether nothing more comes of an order, and nobody has to look at it.
func ended(s account.Standing) bool {
	return s == account.Filled || s == account.Cancelled || s == account.Refused || s == account.NotPlaced
}

// limitRead is when the account counts as not read of late: it is read every minute, and every ten seconds while bots work.
const limitRead = 150 * time.Second

// attention are the standings that a person must know of, the worst first.
var attention = []account.Standing{account.Ambiguous, account.Uncertain, account.Ghost}

// headline is the one sentence about all orders.
func headline(l text.Lang, v account.View, now time.Time) (state, sentence string) {
	t := count(v, now)
	for _, s := range attention {
		if n := t.of(s); n > 0 {
			state = cmp.Or(state, string(s))
			sentence += space(l, sentence) + text.Say(l, "web.order.head."+string(s), text.Args{"n": strconv.Itoa(n)})
		}
	}
	if state != "" {
		return state, sentence
	}
	if t.sending > 0 {
		return string(account.Uncertain), text.Say(l, "web.order.head.sending", text.Args{"n": strconv.Itoa(t.sending)})
	}
	id, at := "web.order.head.confirmed", v.Read
	switch {
	case v.Trading == "": // from the journal alone
		id, at = "web.order.head.recorded", v.Newest
	case v.Read.IsZero():
		id = "web.order.head.unread"
	case now.Sub(v.Read) > limitRead:
		id = "web.order.head.old"
	case len(v.Orders) == 0:
		id = "web.order.head.none"
	}
	if at.IsZero() && id == "web.order.head.recorded" {
		id = "web.order.head.nothing"
	}
	return "confirmed", text.Say(l, id, text.Args{"since": say.About(l, at, now)})
}

// space parts two sentences.
func space(l text.Lang, before string) string {
	if before == "" || l != text.English {
		return ""
	}
	return " "
}

// dark reports whether bitbank does not answer, so that no proof goes on.
func dark(v account.View) bool { return v.Trading == "dark" }

func shapeOrder(l text.Lang, x account.Line, dark bool, now time.Time) Order {
	out := Order{
		Standing: x.Standing, What: whatOf(l, x.Order), Text: became(l, x, now), Look: shapeLine(l, x.Order), Since: Stamp(x.Since),
		By: string(x.By), Bot: x.Bot, Intent: x.Intent, Code: x.Code,
	}
	if x.Case != nil {
		out.Proof = new(proofOf(l, *x.Case, x.Standing, dark, now))
	}
	for _, o := range x.Alike {
		out.Alike = append(out.Alike, shapeLine(l, o))
	}
	return out
}

func shapeLine(l text.Lang, o bitbank.Order) Look {
	line := []string{whatOf(l, o), quantity(o, o.StartAmount), money(l, o, o.Price)}
	return Look{
		OrderID: o.ID, Pair: o.Pair, Side: o.Side, PositionSide: o.PositionSide, Type: o.Type, Status: o.Status,
		Amount: o.StartAmount.String(), Price: o.Price.String(), TriggerPrice: o.TriggerPrice.String(), PostOnly: o.PostOnly,
		Executed: o.ExecutedAmount.String(), Average: o.AveragePrice.String(), OrderedAt: Stamp(o.OrderedAt.Time()),
		line: strings.Join(slices.DeleteFunc(line, func(s string) bool { return s == "" }), " "),
	}
}

// whatOf is 「BTC/円 買い 指値」.
func whatOf(l text.Lang, o bitbank.Order) string {
	out := say.Pair(l, o.Pair)
	add := func(kind, value string, known []string) {
		if value != "" {
			if slices.Contains(known, value) {
				value = text.Say(l, "web.order."+kind+"."+value, nil)
			}
			out += " " + value
		}
	}
	add("position", string(o.PositionSide), []string{"long", "short"})
	add("side", string(o.Side), []string{"buy", "sell"})
	add("type", string(o.Type), []string{"limit", "market", "stop", "stop_limit", "take_profit", "stop_loss", "losscut"})
	return out
}

// became says how an order stands.
func became(l text.Lang, x account.Line, now time.Time) string {
	o := x.Order
	a := text.Args{"executed": quantity(o, o.ExecutedAmount), "average": money(l, o, o.AveragePrice)}
	if o.ExecutedAmount.Decimal().IsZero() {
		a = text.Args{}
	}
	id := string(x.Standing)
	switch x.Standing {
	case account.Live:
		switch o.Status {
		case bitbank.StatusInactive:
			id = "live.waits"
		case bitbank.StatusPartiallyFilled:
			id = "live.part"
		}
	case account.Cancelled:
		if len(a) > 0 {
			id = "cancelled.part"
		}
	case account.Refused:
		switch {
		case x.Code != 0:
			return text.Say(l, "web.order.became.refused", text.Args{"code": strconv.Itoa(int(x.Code)), "meaning": meaning(l, x.Code)})
		case x.Proof != "" && x.Proof != bitbank.ProofCode:
			id = "refused.unsent"
		default:
			id = "refused.later"
		}
	case account.NotPlaced:
		if x.Case != nil && x.Case.Assumes != "" {
			id += "." + assumption(x.Case.Assumes)
		}
	case account.Uncertain:
		if x.Case == nil {
			id = "uncertain.sending"
		}
	case account.Ambiguous, account.Ghost:
		a["n"] = strconv.Itoa(len(x.Alike))
	}
	out := text.Say(l, "web.order.became."+id, a)
	if x.Case != nil && (x.Standing == account.Live || x.Standing == account.Filled || x.Standing == account.Cancelled) {
		out = text.Say(l, "web.order.became.found", nil) + space(l, out) + out
	}
	return out
}

// meaning is what bitbank's code says.
func meaning(l text.Lang, c bitbank.Code) string {
	info, known := bitbank.Lookup(c)
	switch {
	case !known:
		return text.Say(l, "explain.unknown", nil)
	case l == text.English:
		return info.En
	}
	return info.Ja
}
