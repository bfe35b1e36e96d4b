package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// Exposed is what an account holds and what it is worth, for programs, with the words for people. `hikeshi positions --json`
// prints the same. Amounts are decimals in text; absent is what is not known, which is never zero.
type Exposed struct {
	At       Stamp  `json:"at"`
	Read     Stamp  `json:"read,omitzero"`           // when balances and orders were read whole last; absent: never
	Held     Stamp  `json:"positions_read,omitzero"` // likewise of margin positions
	Dark     bool   `json:"dark"`                    // bitbank does not answer
	Recorded bool   `json:"recorded"`                // from the journal alone: nobody asks for prices
	State    string `json:"state"`                   // the worst: alarm, crossed, dark, old, fine
	Sentence string `json:"sentence"`
	Worth    Total  `json:"worth"`
	Result   Total  `json:"result"` // gained or lost by margin positions
	Flat     bool   `json:"flat"`   // it is proven that no margin position is open

	Assets    []Held      `json:"assets"`
	Positions []Open      `json:"positions"`
	Coins     []Coin      `json:"coins"`
	Margin    *MarginNow  `json:"margin,omitzero"`
	Stops     []StopCheck `json:"stops"`
	Lines     []LineNow   `json:"lines"`
}

// A Total is a sum of what can be valued, and what is left out of it.
type Total struct {
	Value   string `json:"value,omitzero"` // yen; absent: nothing could be valued
	Low     string `json:"low,omitzero"`
	High    string `json:"high,omitzero"`
	Counted int    `json:"counted"`
	Left    []Left `json:"left"`
	Prices  Stamp  `json:"prices,omitzero"` // the oldest price in it
	Text    string `json:"text"`
	Note    string `json:"note,omitzero"` // what is left out
}

// A Left is something that could not be valued.
type Left struct {
	Asset  string               `json:"asset"`
	Side   bitbank.PositionSide `json:"position_side,omitzero"`
	Amount string               `json:"amount"`
	Why    exposure.Why         `json:"why"`
	Text   string               `json:"text"`
}

// A Priced is the price that something is valued with.
type Priced struct {
	Price string        `json:"price,omitzero"`
	Low   string        `json:"price_low,omitzero"`
	High  string        `json:"price_high,omitzero"`
	From  exposure.From `json:"from,omitzero"` // yen, bitbank, venues, raw; absent: there is none
	At    Stamp         `json:"price_at,omitzero"`
	Why   exposure.Why  `json:"why,omitzero"`
	Last  string        `json:"last,omitzero"` // bitbank's newest, however old
	Told  Stamp         `json:"last_at,omitzero"`
	Text  string        `json:"price_text"`
}

// A Held is what is held of an asset.
type Held struct {
	Asset       string `json:"asset"`
	OnHand      string `json:"onhand_amount"`
	Locked      string `json:"locked_amount,omitzero"`
	Withdrawing string `json:"withdrawing_amount,omitzero"`
	Value       string `json:"value,omitzero"`
	ValueText   string `json:"value_text"`
	Priced
	Of    Stamp  `json:"at"` // when the amount was read
	Old   bool   `json:"old"`
	Doubt bool   `json:"doubt,omitzero"` // nothing explains the amount
	Text  string `json:"text"`
}

// An Open is a margin position.
type Open struct {
	Position
	Priced
	Cost   string `json:"cost,omitzero"`
	Value  string `json:"value,omitzero"`
	Gross  string `json:"gross,omitzero"`
	Costs  string `json:"costs,omitzero"` // fees and interest not booked yet, as bitbank said; absent: not known
	Net    string `json:"net,omitzero"`
	Old    bool   `json:"old"`
	Doubt  bool   `json:"doubt,omitzero"` // one read has shown it as closed, and no second one yet
	Result string `json:"result_text"`
}

// A Coin is how much depends on the price of one coin.
type Coin struct {
	Asset     string `json:"asset"`
	Spot      string `json:"spot"`
	Locked    string `json:"locked"`
	Long      string `json:"long"`
	Short     string `json:"short"`
	Net       string `json:"net"`
	Buys      string `json:"buys"` // by open orders
	Sells     string `json:"sells"`
	BuysMaybe string `json:"buys_in_doubt,omitzero"` // of them by orders whose outcome is not known
	SellsMay  string `json:"sells_in_doubt,omitzero"`
	MostLong  string `json:"most_long"`
	MostShort string `json:"most_short"`
	Unsized   int    `json:"orders_without_size,omitzero"`
	Text      string `json:"text"`
}

// A StopCheck is what protects a position, or a coin that is held, on bitbank itself.
type StopCheck struct {
	What    string               `json:"what"`
	Pair    string               `json:"pair"`
	Side    bitbank.PositionSide `json:"position_side,omitzero"` // absent: a coin that is held
	Cover   exposure.Cover       `json:"cover"`
	Percent int                  `json:"percent"`
	Amount  string               `json:"amount"`
	Orders  []bitbank.OrderID    `json:"orders"`
	Doubts  int                  `json:"orders_in_doubt,omitzero"`
	Fired   []bitbank.OrderID    `json:"triggered,omitzero"`
	Wanted  bool                 `json:"wanted"` // a position, or a coin whose owner asked for it
	Old     bool                 `json:"old"`
	Text    string               `json:"text"`
	How     string               `json:"how,omitzero"`
}

// signs of amounts of yen.
func inYen(l text.Lang, d decimal.Decimal) string {
	return worth(l, "jpy", figure(bitbank.NewNumber(d.Round(0))))
}

// priceIn is a price in yen. One that was worked out has no more digits than it can carry; bitbank's own have fewer anyway.
func priceIn(l text.Lang, d decimal.Decimal) string {
	places := int32(6)
	switch {
	case d.GreaterThanOrEqual(decimal.NewFromInt(100_000)):
		places = 0
	case d.GreaterThanOrEqual(decimal.NewFromInt(1)):
		places = 3
	}
	return worth(l, "jpy", figure(bitbank.NewNumber(d.Round(places))))
}

func signedYen(l text.Lang, d decimal.Decimal) string {
	if d.Round(0).IsPositive() {
		return "+" + inYen(l, d)
	}
	return inYen(l, d)
}

func inCoin(asset string, d decimal.Decimal) string {
	return figure(bitbank.NewNumber(d)) + " " + coin(asset)
}

// DescribeExposure words a report for somebody who reads at its time; recorded says that nobody asks for prices.
func DescribeExposure(l text.Lang, r exposure.Report, recorded bool) Exposed {
	out := Exposed{
		At: Stamp(r.At), Read: Stamp(r.Read), Held: Stamp(r.Held), Dark: r.Dark, Recorded: recorded, Flat: r.Flat, Worth: shapeTotal(l, r.Worth),
		Result: shapeTotal(l, r.Result), Assets: []Held{}, Positions: []Open{}, Coins: []Coin{}, Margin: shapeMargin(l, r.Margin, r.At), Stops: []StopCheck{}, Lines: []LineNow{},
	}
	for _, a := range r.Assets {
		out.Assets = append(out.Assets, shapeHeld(l, a, r.At))
	}
	for _, p := range r.Positions {
		out.Positions = append(out.Positions, shapeOpen(l, p, r.At))
	}
	for _, c := range r.Coins {
		out.Coins = append(out.Coins, shapeCoin(l, c))
	}
	for _, s := range r.Stops {
		out.Stops = append(out.Stops, shapeCheck(l, s))
	}
	for _, x := range r.Lines {
		out.Lines = append(out.Lines, shapeLineNow(l, x, r.At))
	}
	out.State, out.Sentence = leadOf(l, r, recorded)
	return out
}

// leadOf is the sentence that the page begins with: what is held as of when, what it is worth by which prices, what is not known.
func leadOf(l text.Lang, r exposure.Report, recorded bool) (state, sentence string) {
	state = "fine"
	id := "now"
	switch old := r.At.Sub(r.Read) > exposure.ReadLimit; {
	case r.Read.IsZero() && len(r.Assets)+len(r.Positions) == 0:
		return "old", text.Say(l, "positions.lead.nothing", nil)
	case recorded:
		state, id = "old", "recorded"
	case r.Read.IsZero():
		state, id = "old", "unread"
	case r.Dark:
		state, id = "dark", "dark"
	case old:
		state, id = "old", "old"
	}
	for _, x := range r.Lines {
		if x.Last.On {
			state = "crossed"
		}
	}
	if r.Margin.Alarm || r.Margin.Demand.Kind() != "" {
		state = "alarm"
	}
	at := r.Read
	if at.IsZero() {
		for _, a := range r.Assets {
			at = latest(at, a.Holding.At)
		}
	}
	sentence = text.Say(l, "positions.lead."+id, text.Args{"since": say.About(l, at, r.At)})
	return state, sentence + space(l, sentence) + shapeTotal(l, r.Worth).Text
}

func shapeTotal(l text.Lang, s exposure.Sum) Total {
	out := Total{Counted: s.Counted, Left: []Left{}, Prices: Stamp(s.Oldest)}
	var names []string
	for _, x := range s.Left {
		left := Left{Asset: x.Asset, Side: x.Side, Amount: x.Amount.String(), Why: x.Why, Text: leftText(l, x)}
		out.Left = append(out.Left, left)
		names = append(names, left.Text)
	}
	switch {
	case s.Counted == 0 && len(s.Left) == 0:
		out.Text = text.Say(l, "positions.worth.none", nil)
	case s.Counted == 0:
		out.Text = text.Say(l, "positions.worth.unknown", nil)
	default:
		out.Value, out.Low, out.High = s.Value.String(), s.Least.String(), s.Most.String()
		a := text.Args{"value": inYen(l, s.Value), "low": inYen(l, s.Least), "high": inYen(l, s.Most)}
		id := "positions.worth.is"
		if !s.Least.Equal(s.Most) {
			id = "positions.worth.about"
		}
		out.Text = text.Say(l, id, a)
	}
	if len(names) > 0 {
		out.Note = text.Say(l, "positions.worth.left", text.Args{"n": strconv.Itoa(len(names)), "what": strings.Join(names, ", ")})
	}
	return out
}

func leftText(l text.Lang, x exposure.Left) string {
	what := inCoin(x.Asset, x.Amount)
	if x.Side != bitbank.Spot {
		what += " " + text.Say(l, "web.order.position."+string(x.Side), nil)
	}
	return text.Say(l, "positions.left", text.Args{"what": what, "why": whyText(l, x.Why)})
}

// whys are the reasons that have words.
var whys = map[exposure.Why]bool{"none": true, "few": true, "stale": true, "apart": true, exposure.Unlisted: true, exposure.Unasked: true, exposure.Cost: true}

func whyText(l text.Lang, w exposure.Why) string {
	if !whys[w] {
		w = "none"
	}
	return text.Say(l, "positions.why."+string(w), nil)
}

func shapePriced(l text.Lang, p exposure.Price, now time.Time) Priced {
	out := Priced{From: p.From, Why: p.Why}
	if p.Last.Price.IsPositive() {
		out.Last, out.Told = p.Last.Price.String(), Stamp(p.Last.At)
	}
	if p.From == exposure.Nobody {
		out.Text = whyText(l, p.Why)
		if p.Last.Price.IsPositive() {
			out.Text += space(l, out.Text) + text.Say(l, "positions.price.last", text.Args{"price": worth(l, "jpy", figure(bitbank.NewNumber(p.Last.Price))), "age": ago(l, now.Sub(p.Last.At))})
		}
		return out
	}
	out.Price, out.At = p.Amount.String(), Stamp(p.At)
	if !p.Low.Equal(p.High) {
		out.Low, out.High = p.Low.String(), p.High.String()
	}
	if p.From != exposure.Yen {
		out.Text = text.Say(l, "positions.price."+string(p.From), text.Args{
			"price": priceIn(l, p.Amount), "low": priceIn(l, p.Low), "high": priceIn(l, p.High), "age": ago(l, now.Sub(p.At)),
		})
	}
	return out
}

func shapeHeld(l text.Lang, a exposure.Asset, now time.Time) Held {
	out := Held{
		Asset: a.Asset, OnHand: a.OnHand.String(), Locked: a.Locked.String(), Withdrawing: a.Withdrawing.String(), Priced: shapePriced(l, a.Price, now),
		Of: Stamp(a.Holding.At), Old: a.Old, Doubt: a.Doubt, Text: worth(l, a.Asset, figure(a.OnHand)),
	}
	out.ValueText = text.Say(l, "positions.value.unknown", nil)
	if a.From != exposure.Nobody {
		out.Value, out.ValueText = a.Value.String(), inYen(l, a.Value)
	}
	return out
}

func shapeOpen(l text.Lang, p exposure.Position, now time.Time) Open {
	out := Open{Position: shapePosition(l, p.Position), Priced: shapePriced(l, p.Price, now), Old: p.Old, Doubt: p.Doubt}
	out.Result = text.Say(l, "positions.result.unknown", nil)
	if !p.Known {
		return out
	}
	out.Cost, out.Value, out.Gross, out.Net = p.Cost.String(), p.Value.String(), p.Gross.String(), p.Net.String()
	id := "positions.result.gross"
	if p.Billed {
		out.Costs, id = p.Costs.String(), "positions.result.net"
	}
	out.Result = text.Say(l, id, text.Args{"net": signedYen(l, p.Net), "costs": inYen(l, p.Costs), "percent": ratioOf(p.Net, p.Cost)})
	return out
}

// ratioOf is a part with its sign.
func ratioOf(part, whole decimal.Decimal) string {
	if whole.IsZero() {
		return ""
	}
	p := part.Mul(decimal.NewFromInt(100)).DivRound(whole, 1)
	if p.IsPositive() {
		return "+" + p.String()
	}
	return p.String()
}

func shapeCoin(l text.Lang, c exposure.Coin) Coin {
	out := Coin{
		Asset: c.Asset, Spot: c.Spot.String(), Locked: c.Locked.String(), Long: c.Long.String(), Short: c.Short.String(), Net: c.Net.String(), Buys: c.Buys.String(),
		Sells: c.Sells.String(), MostLong: c.MostLong.String(), MostShort: c.MostShort.String(), Unsized: c.Unsized,
	}
	if c.BuysMaybe.IsPositive() {
		out.BuysMaybe = c.BuysMaybe.String()
	}
	if c.SellsMaybe.IsPositive() {
		out.SellsMay = c.SellsMaybe.String()
	}
	var said []string
	add := func(id string, a text.Args) { said = append(said, text.Say(l, "positions.coin."+id, a)) }
	if c.Buys.IsPositive() || c.Sells.IsPositive() {
		add("orders", text.Args{"most": inCoin(c.Asset, c.MostLong), "least": inCoin(c.Asset, c.MostShort)})
	}
	if maybe := c.BuysMaybe.Add(c.SellsMaybe); maybe.IsPositive() {
		add("doubt", text.Args{"amount": inCoin(c.Asset, maybe)})
	}
	if c.Unsized > 0 {
		add("unsized", text.Args{"n": strconv.Itoa(c.Unsized)})
	}
	if c.Long.IsPositive() && c.Short.IsPositive() {
		add("both", nil)
	}
	for _, s := range said {
		out.Text += space(l, out.Text) + s
	}
	return out
}

func shapeCheck(l text.Lang, s exposure.Stop) StopCheck {
	out := StopCheck{
		Pair: s.Pair, Side: s.Side, Cover: s.Cover, Percent: s.Percent, Amount: s.Amount.String(), Orders: list(s.Orders), Doubts: s.Doubts, Fired: s.Fired, Wanted: s.Wanted, Old: s.Old,
	}
	out.What = inCoin(baseOf(s.Pair), s.Amount) + " " + text.Say(l, "positions.stop.spot", nil)
	if s.Side != bitbank.Spot {
		out.What = whatOf(l, bitbank.Order{Pair: s.Pair, PositionSide: s.Side}) + " " + inCoin(baseOf(s.Pair), s.Amount)
	}
	out.Text = text.Say(l, "positions.stop."+string(s.Cover), text.Args{"percent": strconv.Itoa(s.Percent), "n": strconv.Itoa(s.Doubts)})
	if len(s.Fired) > 0 {
		out.Text += space(l, out.Text) + text.Say(l, "positions.stop.fired", text.Args{"n": strconv.Itoa(len(s.Fired))})
	}
	if s.Old {
		out.Text += space(l, out.Text) + text.Say(l, "positions.stop.old", nil)
	}
	if s.Cover != exposure.Covered {
		id := "positions.stop.how.spot"
		if s.Side != bitbank.Spot {
			id = "positions.stop.how.margin"
		}
		out.How = text.Say(l, id, nil)
	}
	return out
}

// A LineNow is a line of the owner's, and how it stands.
type LineNow struct {
	ID      int             `json:"id"`
	Kind    ledger.LineKind `json:"kind"`
	Pair    string          `json:"pair,omitzero"`
	Value   string          `json:"value,omitzero"`
	Percent bool            `json:"percent,omitzero"`
	Why     string          `json:"why,omitzero"`
	Set     Stamp           `json:"set"`
	Crossed bool            `json:"crossed"`
	Since   Stamp           `json:"crossed_at,omitzero"` // of the newest crossing, or of being clear again
	Was     string          `json:"crossed_value,omitzero"`
	Side    exposure.Side   `json:"side"` // where things stand now: over, near, clear, blind
	Now     string          `json:"now,omitzero"`
	From    exposure.From   `json:"from,omitzero"`
	Blind   string          `json:"blind,omitzero"` // why nothing can be said now
	What    string          `json:"what"`
	Text    string          `json:"text"`
}

func shapeLineNow(l text.Lang, x exposure.Line, now time.Time) LineNow {
	out := LineNow{
		ID: x.ID, Kind: x.Kind, Pair: x.Pair, Value: x.Line.Value.String(), Percent: x.Percent, Why: x.Why, Set: Stamp(x.Set), Crossed: x.Last.On, Since: Stamp(x.LineState.At),
		Side: x.Look.Side, From: x.Look.From, What: LineWords(l, x.Line),
	}
	if x.Last.N > 0 {
		out.Was = x.Last.Value.String()
	}
	id := "positions.line." + string(x.Look.Side)
	if x.Last.On {
		id = "positions.line.crossed"
		out.Text = text.Say(l, id, text.Args{"since": say.Since(l, x.LineState.At, now), "value": lineValue(l, x.Line, x.Last.Value)})
		if x.Look.Side != exposure.Blind {
			return out.now(l, x)
		}
		id = "positions.line.blind"
	}
	if x.Look.Side == exposure.Blind {
		out.Blind = x.Look.Why
		out.Text += space(l, out.Text) + text.Say(l, id, text.Args{"why": text.Say(l, "positions.blind."+x.Look.Why, nil)})
		return out
	}
	out.Text = text.Say(l, id, nil)
	return out.now(l, x)
}

func (n LineNow) now(l text.Lang, x exposure.Line) LineNow {
	n.Now = x.Look.Value.String()
	if v := lineValue(l, x.Line, bitbank.NewNumber(x.Look.Value)); v != "" && (x.Look.From != exposure.Nobody || x.Kind == ledger.NoStop) {
		n.Text += space(l, n.Text) + text.Say(l, "positions.line.now", text.Args{"value": v})
	}
	return n
}

// lineValue is a value of a line's kind.
func lineValue(l text.Lang, x ledger.Line, v bitbank.Number) string {
	switch {
	case !v.Known():
		return ""
	case x.Kind == ledger.NoStop:
		return text.Say(l, "positions.line.cover", text.Args{"percent": figure(v)})
	case x.Kind == ledger.GapLine || x.Percent:
		return figure(bitbank.NewNumber(v.Decimal().Round(2))) + "%"
	case x.Kind == ledger.Loss:
		return inYen(l, v.Decimal())
	}
	return priceIn(l, v.Decimal())
}

// LineWords says what a line is about.
func LineWords(l text.Lang, x ledger.Line) string {
	id, a := string(x.Kind), text.Args{"value": lineValue(l, x, x.Value)}
	if x.Pair == "" {
		id += ".all"
	} else {
		a["pair"] = say.Pair(l, x.Pair)
	}
	return text.Say(l, "positions.line.what."+id, a)
}
