package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/transfer"
)

// Moves are an account's deposits and withdrawals, for programs, with the words for people. `hikeshi transfers --json` prints the
// same.
type Moves struct {
	At   Stamp `json:"at"`
	Read Stamp `json:"read,omitzero"` // when bitbank's lists were read last; absent: never
	// State is "attention" when a person should look at some, "unread" when nothing was read yet, "moving" or "calm".
	State     string `json:"state"`
	Sentence  string `json:"sentence"`
	Transfers []Move `json:"transfers"` // those that need a look first, then those under way, then those of the last week
	Ways      []Way  `json:"networks"`  // all that bitbank lists
	WaysRead  Stamp  `json:"networks_read,omitzero"`
	WaysSince Stamp  `json:"networks_since,omitzero"` // since when bitbank has said the same of all of them
}

// A Move is a deposit or a withdrawal and how it stands. Addresses and bank accounts are left out.
type Move struct {
	Transfer
	Key       string         `json:"key"`
	Stand     transfer.Stand `json:"stand"`
	Attention bool           `json:"attention"` // a person should look
	Turn      transfer.Turn  `json:"turn,omitzero"`
	Stations  []Station      `json:"stations"`
	Waits     Stamp          `json:"waits_since,omitzero"` // since when it has been where it is
	Seconds   int64          `json:"waits_seconds,omitzero"`
	AsOf      Stamp          `json:"as_of,omitzero"` // nothing later is known
	Usual     *Usual         `json:"usual,omitzero"`
	Due       Stamp          `json:"due,omitzero"`
	Awaited   *AwaitedShape  `json:"awaited,omitzero"`
	Back      ledger.Back    `json:"came_back,omitzero"`
	Checks    []string       `json:"checks"`
	Explorer  *Link          `json:"explorer,omitzero"`
	Alert     *AlertShape    `json:"alert,omitzero"`

	says []string // the sentences of its text
}

// A Station is one of a transfer's, in order.
type Station struct {
	Place transfer.Place `json:"place"`
	Mark  transfer.Mark  `json:"state"`
	Title string         `json:"title"`
	At    Stamp          `json:"at,omitzero"`
	After Stamp          `json:"after,omitzero"` // it was reached between this and at
}

// Usual is how long it takes usually, in seconds.
type Usual struct {
	Step   transfer.Step `json:"step"`
	Own    int           `json:"own"` // of how many own transfers; 0 is our assumption
	Median int64         `json:"median_seconds"`
	P90    int64         `json:"p90_seconds,omitzero"`
	Late   int64         `json:"late_seconds"`
}

// AwaitedShape is what its owner has announced.
type AwaitedShape struct {
	ID     string `json:"id"`
	Amount string `json:"amount,omitzero"`
	Sent   Stamp  `json:"sent"`
}

// AlertShape is the newest change that was recorded: the same n is the same change.
type AlertShape struct {
	N     int    `json:"n"`
	State string `json:"state"` // "" is that nobody has to look any more
	At    Stamp  `json:"at"`
}

// A Link is a page of others.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// A Way is one network of one coin, or yen.
type Way struct {
	Asset      string `json:"asset"`
	Network    string `json:"network,omitzero"`
	Deposit    string `json:"deposit"` // open or stopped
	Withdrawal string `json:"withdrawal"`
}

// DescribeMoves words a view for somebody who reads at now.
func DescribeMoves(l text.Lang, v account.View, now time.Time) Moves {
	out := Moves{At: Stamp(v.At), Read: Stamp(v.Moved), Transfers: []Move{}, Ways: []Way{}}
	if !v.Routed.IsZero() {
		out.WaysRead, out.WaysSince = Stamp(v.Balanced), Stamp(v.Routed)
	}
	for _, c := range v.Moves {
		out.Transfers = append(out.Transfers, shapeMove(l, c, now))
	}
	for _, w := range v.Ways {
		out.Ways = append(out.Ways, Way{w.Asset, w.Network, string(w.Deposit), string(w.Withdrawal)})
	}
	out.State, out.Sentence = moving(l, v, now)
	return out
}

// limitMoves is when the lists count as not read of late: they are read every five minutes.
const limitMoves = 10 * time.Minute

// moving is the one sentence about all transfers.
func moving(l text.Lang, v account.View, now time.Time) (state, sentence string) {
	look, under := 0, 0
	for _, c := range v.Moves {
		switch {
		case c.Stand.Attention():
			look++
		case !c.Stand.Over():
			under++
		}
	}
	add := func(id string, a text.Args) { sentence += space(l, sentence) + text.Say(l, "web.move.head."+id, a) }
	switch {
	case look > 0:
		state = "attention"
		add("attention", text.Args{"n": strconv.Itoa(look)})
	case v.Moved.IsZero():
		return "unread", text.Say(l, "web.move.head.unread", nil)
	case under > 0:
		state = "moving"
		add("moving", text.Args{"n": strconv.Itoa(under)})
	default:
		state = "calm"
		add("none", nil)
	}
	if now.Sub(v.Moved) > limitMoves && !v.Moved.IsZero() {
		add("old", text.Args{"since": say.About(l, v.Moved, now)})
	}
	if len(v.Refused) > 0 {
		var lists []string
		for _, k := range v.Refused {
			lists = append(lists, string(k))
		}
		add("refused", text.Args{"lists": strings.Join(lists, ", ")})
	}
	return state, sentence
}

func shapeMove(l text.Lang, c transfer.Case, now time.Time) Move {
	out := Move{
		Key: c.Key, Stand: c.Stand, Attention: c.Stand.Attention(), Turn: c.Turn, Stations: []Station{}, Waits: Stamp(c.Waits), Seconds: int64(c.For.Seconds()),
		AsOf: Stamp(c.AsOf), Due: Stamp(c.Due), Back: c.Back, Checks: []string{},
		Transfer: Transfer{
			Kind: string(c.Kind), UUID: c.UUID, Asset: c.Asset, Network: c.Network, Amount: c.Amount.String(), Fee: c.Fee.String(),
			Status: c.Status, Over: c.Stand.Over(), Began: Stamp(c.Began), TxID: c.TxID, figure: figure(c.Amount),
		},
	}
	for _, s := range c.Stations {
		out.Stations = append(out.Stations, Station{s.Place, s.Mark, text.Say(l, "web.move.place."+string(s.Place), nil), Stamp(s.At.At), Stamp(s.At.After)})
	}
	if u := c.Usual; u != nil {
		out.Usual = &Usual{u.Step, u.Own, int64(u.Median.Seconds()), int64(u.P90.Seconds()), int64(u.Late.Seconds())}
	}
	if e := c.Awaited; e != nil {
		out.Awaited = &AwaitedShape{e.ID, e.Amount.String(), Stamp(e.Sent)}
	}
	if name, page := transfer.Explorer(c.Network, c.TxID); page != "" {
		out.Explorer = &Link{name, page}
	}
	if c.Alert.N > 0 {
		out.Alert = &AlertShape{c.Alert.N, c.Alert.State, Stamp(c.Alert.At)}
	}
	for _, id := range c.Checks {
		if id != "explorer" || out.Explorer != nil {
			out.Checks = append(out.Checks, text.Say(l, "web.move.check."+id, nil))
		}
	}
	out.says = saysOf(l, c, now)
	for _, s := range out.says {
		out.Text += space(l, out.Text) + s
	}
	return out
}

// saysOf are the sentences about a transfer: where it stands, for how long, whether that is late, and whose turn it is.
func saysOf(l text.Lang, c transfer.Case, now time.Time) []string {
	var out []string
	add := func(id string, a text.Args) { out = append(out, text.Say(l, "web.move."+id, a)) }
	switch {
	case c.Kind == transfer.Awaited:
		add("awaited", nil)
	case c.Undeclared:
		add("undeclared", nil)
		if len(c.Senders) > 0 {
			add("senders", text.Args{"usable": strconv.Itoa(c.Senders["CONFIRMED"]), "screening": strconv.Itoa(c.Senders["SCREENING"])})
		}
	case c.Stand == transfer.Untold:
		out = append(out, text.Say(l, "web.transfer.unknown", text.Args{"status": c.Status}))
		add("untold", nil)
	case slices.Contains([]transfer.Stand{transfer.Ended, transfer.Missing, transfer.Returned, transfer.Before}, c.Stand):
		add("ended."+strings.ToLower(c.Status), nil)
		back(c, add)
	default:
		out = append(out, text.Say(l, "web.transfer."+string(c.Kind)+"."+strings.ToLower(c.Status), nil))
	}
	if c.Stand == transfer.Differs {
		add("differs", text.Args{"want": worth(l, c.Asset, figure(c.Awaited.Amount)), "got": worth(l, c.Asset, figure(c.Amount))})
	}
	if !c.Stand.Over() && c.For >= time.Minute {
		add("for", text.Args{"for": say.For(l, c.For)})
	}
	usual(l, c, now, add)
	switch c.Stand {
	case transfer.Late:
		add("late", nil)
	case transfer.Stopped:
		add("late", nil)
		add("stopped", nil)
	}
	if !c.Stand.Over() && c.Turn != transfer.Nobody {
		add("turn."+string(c.Turn), nil)
	}
	if !c.Stand.Over() && now.Sub(c.AsOf) > limitMoves && !c.AsOf.IsZero() {
		add("asof", text.Args{"since": say.About(l, c.AsOf, now)})
	}
	// It was over before it was first read, or it came to be so in a gap: only of the second the two times are worth telling.
	if s := c.Stations[len(c.Stations)-1].At; c.Stand == transfer.Done && !s.After.IsZero() && !s.After.Equal(c.Began) && s.At.Sub(s.After) > limitMoves {
		add("between", text.Args{"since": say.About(l, latest(s.After, c.Began), now), "until": say.About(l, s.At, now)})
	}
	return out
}

// back says what became of the money of a withdrawal that was not sent.
func back(c transfer.Case, add func(string, text.Args)) {
	switch {
	case c.Stand == transfer.Returned:
		add("back.returned", nil)
	case c.Stand == transfer.Missing:
		add("back.missing", nil)
	case c.Stand == transfer.Before:
		add("ended.before", nil)
	case c.Locked:
		add("back.locked", nil)
	case c.Turn == transfer.Unknown:
		add("back.untold", nil)
	default:
		add("back.soon", nil)
	}
}

// usual says how long it takes usually, and who says so.
func usual(l text.Lang, c transfer.Case, now time.Time, add func(string, text.Args)) {
	switch u := c.Usual; {
	case c.Stand.Over():
	case u != nil && u.Own > 0:
		add("usual.own", text.Args{"n": strconv.Itoa(u.Own), "median": say.For(l, u.Median), "most": say.For(l, u.P90), "late": say.For(l, u.Late)})
	case u != nil:
		add("usual.assumed", text.Args{"median": say.For(l, u.Median), "late": say.For(l, u.Late)})
	case !c.Due.IsZero():
		add("due", text.Args{"due": strings.TrimSuffix(say.About(l, c.Due, now), "頃")})
	}
}

// Line is how much it is, with the network, for people.
func (m Move) Line() string {
	if m.figure == "" {
		return coin(m.Asset) + onNetwork(m.Network)
	}
	return m.Transfer.Line() + onNetwork(m.Network)
}

func onNetwork(network string) string {
	if network == "" {
		return ""
	}
	return " (" + network + ")"
}

// Says are the sentences of its text, one each.
func (m Move) Says() []string { return m.says }

// A Sending is what is known before one sends, in words.
type Sending struct {
	Asset string   `json:"asset"`
	Read  Stamp    `json:"read,omitzero"` // when bitbank said so; absent: never
	Old   bool     `json:"old"`
	Ways  []Way    `json:"networks"`
	Stop  bool     `json:"stopped"` // on one of them something is stopped
	Known bool     `json:"known"`
	Notes []string `json:"notes"`
}

// DescribeSending words what is known of an asset on one network, or with "" on all of them.
func DescribeSending(l text.Lang, v account.View, asset, network string, now time.Time) Sending {
	k := transfer.Check(v.Ways, v.Moves, asset, network, v.Balanced, now)
	out := Sending{Asset: asset, Old: k.Old, Ways: []Way{}, Known: len(k.Ways) > 0, Notes: []string{}}
	add := func(id string, a text.Args) { out.Notes = append(out.Notes, text.Say(l, "web.send."+id, a)) }
	for _, w := range k.Ways {
		out.Ways = append(out.Ways, Way{w.Asset, w.Network, string(w.Deposit), string(w.Withdrawal)})
		out.Stop = out.Stop || w.Deposit == transfer.Shut || w.Withdrawal == transfer.Shut
	}
	switch {
	case v.Routed.IsZero():
		add("unread", nil)
	case !out.Known:
		add("none", text.Args{"what": coin(asset) + onNetwork(network)})
	default:
		out.Read = Stamp(k.Read)
		add("age", text.Args{"since": say.Day(l, k.Read) + " " + say.Instant(l, k.Read)})
		if k.Old {
			add("old", nil)
		}
	}
	if k.Undeclared > 0 {
		add("undeclared", text.Args{"n": strconv.Itoa(k.Undeclared)})
	}
	if k.Recent > 0 {
		add("recent", nil)
	}
	if k.Late > 0 {
		add("late", text.Args{"n": strconv.Itoa(k.Late)})
	}
	return out
}

// expectation reads what an owner says of a deposit, as forms and programs send it.
func expectation(asset, network, txid, amount, sent string, now time.Time) (ledger.Expected, error) {
	e := ledger.Expected{Asset: asset, Network: network, TxID: txid, Sent: now}
	if amount = strings.TrimSpace(amount); amount != "" {
		n, err := bitbank.ParseNumber(amount)
		if err != nil {
			return e, &transfer.Mistake{Field: "amount", Want: "a positive decimal number such as 0.5"}
		}
		e.Amount = n
	}
	if sent != "" {
		at, err := time.Parse(time.RFC3339, sent)
		if err != nil {
			return e, &transfer.Mistake{Field: "sent", Want: "a time as RFC 3339"}
		}
		e.Sent = at
	}
	return e, nil
}
