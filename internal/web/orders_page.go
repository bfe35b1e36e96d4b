package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// ordersBody is the page of orders.
type ordersBody struct {
	Set      bool // there is an account
	Class    string
	Icon     string
	Scope    string
	Sentence string
	Known    string // when the account was read, in words
	Read     fresh
	Done     *result // of what was done just now
	Unread   bool
	Norec    string
	Reopens  *Reopening // how bitbank's return goes
	Plans    []planCard // that cancel many orders
	Proposed []proposalRow
	Policy   *Policy     // what the owner has decided beforehand; nil: nothing
	Cards    []orderCard // what a person must look at
	Settled  []orderCard // whose answer was lost, and of which it is known what became of them
	Live     []orderRow
	Over     []orderRow
	More     int
	Balances []balanceRow
	Under    []transferRow
	Breaks   []transferRow // what our books and bitbank's differ in
	Held     []transferRow // margin positions
	Demand   string        // what bitbank demands of the margin
	Books    string        // whether they agree
	Past     string        // how far back the books go
	Switches []transferRow // the dead man's switches
	Stops    []stopRow
	Free     []stopRow // bots that are not stopped
	All      bool      // everything is stopped
	Dark     bool
	Form     string // for the way out
}

// A result is a banner that says what has come of what was done.
type result struct {
	OK   bool
	Text string
}

// An orderCard is an order whose answer was lost.
type orderCard struct {
	Key, Class, Icon, Title, What, Text string
	At                                  time.Time // when it was sent
	Facts                               []fact
	Why, Left                           string
	Closed                              bool // the steps are there to be opened
	Steps                               []Step
	Rows                                []rowLook
	Decide                              string // the address of the question
	Limit                               string // what is at stake
}

type fact struct{ Name, Value string }

// A rowLook is an order among several that look alike.
type rowLook struct {
	ID, What, Amount, Price, Status, At string
}

// An orderRow is an order in a list.
type orderRow struct {
	Key    string
	What   string
	State  badge
	Text   string
	Amount string
	Price  string
	By     string
	At     time.Time
	Time   string
	Code   string // of a refusal, which is explained
}

type balanceRow struct {
	Asset, OnHand, Free, Locked string
	At                          fresh
}

// A transferRow is an entry of a list: a transfer, or something else that is told in a sentence.
type transferRow struct {
	Key, What, Amount, Text, Time string
	At                            time.Time
}

type stopRow struct{ Name, Why, Since, Query string }

// standingLooks: a known outcome is a whole tag, an unknown one a dashed tag.
var standingLooks = map[account.Standing]badge{
	account.Ambiguous: {"s-unk", "unknown", ""}, account.Uncertain: {"s-unk", "unknown", ""}, account.Ghost: {"s-own", "warn", ""},
	account.Live: {"s-ok", "placed", ""}, account.Filled: {"s-ok", "placed", ""}, account.Cancelled: {"s-mnt", "notplaced", ""},
	account.Refused: {"s-mnt", "notplaced", ""}, account.NotPlaced: {"s-unk", "notplaced", ""},
}

// overShown finished orders stand on the page; programs can ask for all.
const overShown = 50

// limitBalance: balances are read with the orders, and the stream tells of changes.
const limitBalance = 150 * time.Second

func (s *server) orders(w http.ResponseWriter, r *http.Request) {
	if s.absent(w, r) || s.shut(w, r) {
		return
	}
	l, now, v := s.lang(r), time.Now(), s.views.now()
	o := DescribeOrders(l, v, overShown, now)
	in, _ := s.entrance.of(r)
	b := ordersBody{
		Set: true, Sentence: o.Sentence, Read: clock(l, v.Read, limitRead, now), Unread: v.Read.IsZero(), Form: in.form,
		All: v.Trading == "frozen", Dark: dark(v), More: o.Omitted, Done: s.result(l, r.URL.Query(), v),
	}
	look, state := standingLooks[account.Standing(o.State)], o.State
	if count(v, now).doubtful() == 0 { // what is only just being sent is in no doubt
		state = "confirmed"
		look = badge{"s-ok", "ok", ""}
		if b.Unread || b.Read.Old {
			look = badge{"s-unk", "unk", ""}
		}
	}
	b.Class, b.Icon, b.Scope = look.Class, look.Icon, text.Say(l, "web.order.scope."+state, nil)
	if !b.Unread {
		b.Known = text.Say(l, "web.order.known", text.Args{"since": say.Instant(l, v.Read)})
	}
	switch {
	case v.Trading == "full":
		b.Norec = text.Say(l, "web.order.full", text.Args{"n": strconv.Itoa(v.Unrecorded)})
	case v.Unrecorded > 0:
		b.Norec = text.Say(l, "web.order.norec", text.Args{"n": strconv.Itoa(v.Unrecorded)})
	}
	// The orders of the view in the order of the description: finished ones beyond the limit are left out in both.
	over := 0
	for _, x := range v.Orders {
		if found(x) && len(b.Settled) < overShown {
			b.Settled = append(b.Settled, cardOf(l, x, dark(v), now))
		}
		switch {
		case sending(x, now):
			b.Live = append(b.Live, rowOfLine(l, x, now))
		case slices.Contains(attention, x.Standing):
			b.Cards = append(b.Cards, cardOf(l, x, dark(v), now))
		case x.Standing == account.NotPlaced:
			if over++; over <= overShown {
				b.Settled = append(b.Settled, cardOf(l, x, dark(v), now))
			}
		case x.Standing == account.Live:
			b.Live = append(b.Live, rowOfLine(l, x, now))
		default:
			if over++; over <= overShown {
				b.Over = append(b.Over, rowOfLine(l, x, now))
			}
		}
	}
	b.Proposed = proposalRows(l, v.Proposals)
	if len(v.Policy.Rules) > 0 {
		b.Policy = new(shapePolicy(l, v, now))
	}
	b.Plans, b.Reopens = planCards(l, v, now), o.Reopening
	slices.SortStableFunc(b.Settled, func(a, b orderCard) int { return b.At.Compare(a.At) })
	for _, h := range v.Holdings {
		if h.OnHand.Decimal().IsZero() && h.Locked.Decimal().IsZero() {
			continue
		}
		b.Balances = append(b.Balances, balanceRow{coin(h.Asset), figure(h.OnHand), figure(h.Free), figure(h.Locked), clock(l, latest(h.At, v.Read), limitBalance, now)})
	}
	for _, t := range v.Transfers {
		d := shapeTransfer(l, t)
		b.Under = append(b.Under, transferRow{d.UUID, text.Say(l, "web.transfer."+d.Kind, nil), d.figure + " " + coin(d.Asset), d.Text, when(l, time.Time(d.Began), now), time.Time(d.Began)})
	}
	slices.Reverse(b.Under) // newest first
	for _, x := range o.Breaks {
		b.Breaks = append(b.Breaks, transferRow{x.ID, x.Title, x.What, x.Text, when(l, time.Time(x.Since), now), time.Time(x.Since)})
	}
	for _, p := range o.Positions {
		b.Held = append(b.Held, transferRow{p.Pair + string(p.Side), p.Text, "", "", when(l, time.Time(p.At), now), time.Time(p.At)})
	}
	if b.Books, b.Past = o.Books, o.Past.Text; o.Demand != nil {
		b.Demand = o.Demand.Text
	}
	b.Switches = switchRows(l, v, now)
	b.stops(l, s.known(v), v, now)
	s.render(w, r, http.StatusOK, "orders", b)
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stops lists the bots, and whose orders are stopped.
func (b *ordersBody) stops(l text.Lang, bots []string, v account.View, now time.Time) {
	stopped := map[string]bool{}
	for _, s := range v.Stops {
		stopped[s.Bot] = true
		b.All = b.All || s.Bot == ""
		since := say.Since(l, s.Since, now)
		if s.Lapsed {
			since = text.Say(l, "web.switch.stopped", text.Args{"since": since})
		}
		b.Stops = append(b.Stops, stopRow{Who(l, s.Bot), s.Why, since, url.Values{"bot": {s.Bot}}.Encode()})
	}
	for _, bot := range bots {
		if !stopped[bot] {
			b.Free = append(b.Free, stopRow{Name: Who(l, bot), Query: url.Values{"bot": {bot}}.Encode()})
		}
	}
}

// result says what has come of an act. The address only says what to look for; the answer is what the account says now.
func (s *server) result(l text.Lang, q url.Values, v account.View) *result {
	verb, what := q.Get("did"), q.Get("what")
	switch verb {
	case "freeze", "thaw":
		if !s.named(what) {
			return nil
		}
		stopped := slices.ContainsFunc(v.Stops, func(x ledger.Stop) bool { return x.Bot == what })
		if stopped != (verb == "freeze") {
			verb += ".not"
		}
		return &result{stopped == (q.Get("did") == "freeze"), text.Say(l, "web.act.done."+verb, text.Args{"who": Who(l, what)})}
	case "readonly":
		return &result{false, text.Say(l, "web.act.done.readonly", nil)}
	case "cancel":
		for _, p := range v.Plans {
			if p.Scope.Bot == what {
				return &result{p.Left() == 0, shapePlan(l, p, time.Now()).Text}
			}
		}
	case "answer":
		for _, p := range v.Proposals {
			if p.ID == what {
				return &result{p.How != ledger.Waits, shapeProposal(l, p).Text}
			}
		}
	case "giveup":
		for _, p := range v.Plans {
			if p.ID == what {
				return &result{!p.Open(), shapePlan(l, p, time.Now()).Text}
			}
		}
	case "decide":
		for _, x := range v.Orders {
			if x.Intent == what {
				ok := x.Standing != account.Ambiguous
				if !ok {
					verb += ".not"
				}
				return &result{ok, text.Say(l, "web.act.done."+verb, text.Args{"what": whatOf(l, x.Order)})}
			}
		}
	}
	return nil
}

// when is a time in a list: the clock today, and the day before.
func when(l text.Lang, t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	if say.Day(l, t) == say.Day(l, now) {
		return t.In(say.JST).Format("15:04:05")
	}
	return say.Day(l, t) + " " + t.In(say.JST).Format("15:04")
}

func cardOf(l text.Lang, x account.Line, dark bool, now time.Time) orderCard {
	d, look := shapeOrder(l, x, dark, now), standingLooks[x.Standing]
	title := string(x.Standing)
	if found(x) {
		title = "found"
	}
	c := orderCard{
		Key: x.Intent, Class: look.Class, Icon: look.Icon, What: d.What, Text: d.Text, At: x.Since,
		Title: text.Say(l, "web.order.title."+title, nil),
	}
	if x.Standing == account.NotPlaced && x.Case != nil {
		c.Closed, c.Title = true, text.Say(l, "web.order.title.not_placed."+assumption(x.Case.Assumes), nil)
	}
	if slices.Contains(attention, x.Standing) || x.Case != nil && x.Case.Assumes == reconcile.AssumesQ {
		c.Class += " open" // a dashed frame: it is not closed
	}
	add := func(id, value string) {
		if value != "" {
			c.Facts = append(c.Facts, fact{text.Say(l, "web.order.fact."+id, nil), value})
		}
	}
	add("amount", quantity(x.Order, x.Order.StartAmount))
	add("price", money(l, x.Order, x.Order.Price))
	add("trigger", money(l, x.Order, x.Order.TriggerPrice))
	add("bot", x.Bot)
	add("sent", when(l, x.Since, now))
	if found(x) {
		add("found", when(l, x.Case.At, now))
		add("order", strconv.FormatInt(int64(x.Order.ID), 10))
	}
	add("intent", x.Intent)
	if o := x.Order; slices.Contains(attention, x.Standing) && o.Price.Known() && o.StartAmount.Known() {
		c.Limit = text.Say(l, "web.order.limit", text.Args{"amount": money(l, o, bitbank.NewNumber(o.Price.Decimal().Mul(o.StartAmount.Decimal())))})
	}
	if d.Proof != nil {
		c.Why, c.Left, c.Steps = d.Proof.Why, d.Proof.Left, d.Proof.Steps
	}
	for _, o := range x.Alike {
		c.Rows = append(c.Rows, rowOf(l, o))
	}
	if x.Standing == account.Ambiguous {
		c.Decide = "/orders/decide?" + url.Values{"intent": {x.Intent}}.Encode()
	}
	return c
}

// statusWords are bitbank's states of an order that have words.
var statusWords = []bitbank.OrderStatus{
	bitbank.StatusInactive, bitbank.StatusUnfilled, bitbank.StatusPartiallyFilled, bitbank.StatusFullyFilled,
	bitbank.StatusCanceledUnfilled, bitbank.StatusCanceledPartiallyFilled, bitbank.StatusRejected,
}

func rowOf(l text.Lang, o bitbank.Order) rowLook {
	r := rowLook{
		ID: strconv.FormatInt(int64(o.ID), 10), What: whatOf(l, o), Amount: quantity(o, o.StartAmount), Price: money(l, o, o.Price),
		Status: text.Say(l, "web.order.status.none", nil),
	}
	if i := slices.Index(statusWords, o.Status); i >= 0 {
		r.Status = text.Say(l, "web.order.status."+strconv.Itoa(i+1), text.Args{"executed": quantity(o, o.ExecutedAmount)})
	}
	if at := o.OrderedAt.Time(); !at.IsZero() {
		r.At = say.Day(l, at) + " " + at.In(say.JST).Format("15:04:05.000")
	}
	return r
}

func rowOfLine(l text.Lang, x account.Line, now time.Time) orderRow {
	r := orderRow{
		Key: lineKey(x), What: whatOf(l, x.Order), State: standingLooks[x.Standing],
		Text: became(l, x, now), Amount: quantity(x.Order, x.Order.StartAmount), Price: money(l, x.Order, x.Order.Price),
		By: x.Bot, At: x.Since, Time: when(l, x.Since, now),
	}
	r.State.Word = text.Say(l, "web.order.standing."+string(x.Standing), nil)
	if sending(x, now) {
		r.State = badge{"s-unk", "clock", text.Say(l, "web.order.standing.sending", nil)}
	}
	if r.By == "" {
		r.By = text.Say(l, "web.order.by.unknown", nil)
	}
	if x.Order.TriggerPrice.Known() {
		r.Price = text.Say(l, "web.order.triggered", text.Args{"trigger": money(l, x.Order, x.Order.TriggerPrice)})
		if p := money(l, x.Order, x.Order.Price); p != "" {
			r.Price += " → " + p
		}
	}
	if x.Code != 0 {
		r.Code = strconv.Itoa(int(x.Code))
	}
	return r
}

// explained is what a code of bitbank means.
type explained struct {
	Code, Meaning string
	Rows          []fact
}

// explain tells what one of bitbank's codes means. Which code somebody asks for tells nothing of an account, so it is open.
func (s *server) explain(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("code"))
	if err != nil || n < 1000 || n > 999999 {
		s.missing(w, r)
		return
	}
	l := s.lang(r)
	info, _ := bitbank.Lookup(bitbank.Code(n))
	b := explained{Code: strconv.Itoa(n), Meaning: meaning(l, bitbank.Code(n))}
	class := "explain." + strings.ReplaceAll(info.Class, "/", "_")
	for _, row := range []struct{ name, value string }{
		{"explain.row.fault", class + ".fault"}, {"explain.row.retry", class + ".retry"},
		{"explain.row.order", "explain.order." + info.Write}, {"explain.row.todo", class + ".todo"},
	} {
		b.Rows = append(b.Rows, fact{text.Say(l, row.name, nil), text.Say(l, row.value, nil)})
	}
	s.render(w, r, http.StatusOK, "explain", b)
}
