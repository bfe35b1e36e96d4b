package web

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// A Reopening is how bitbank's return after an outage goes, for programs, with the words for people.
type Reopening struct {
	Since Stamp        `json:"since"`
	Read  Stamp        `json:"read,omitzero"` // when the account had been read since; absent: not yet
	Text  string       `json:"text"`
	Pairs []ReopenPair `json:"pairs"` // in which orders wait, or waited
}

// A ReopenPair is how a pair stood when it was looked at last. Shares are decimals in text; absent is what is not known.
type ReopenPair struct {
	Pair   string `json:"pair"`
	Well   bool   `json:"well"`
	Mode   string `json:"mode,omitzero"`
	Status string `json:"status,omitzero"`
	Thin   bool   `json:"thin"`
	Spread string `json:"spread,omitzero"` // between the best prices, of their middle
	Near   string `json:"near,omitzero"`   // what can be bought and sold within a hundredth of the middle, in base currency
	Gap    string `json:"gap,omitzero"`    // bitbank's last price above the median elsewhere, of that
	Text   string `json:"text"`

	Name string `json:"-"` // of the pair, for people
}

func shapeReopening(l text.Lang, r *account.Reopening, now time.Time) *Reopening {
	if r == nil {
		return nil
	}
	id := "web.reopen.reads"
	switch {
	case slices.ContainsFunc(r.Pairs, func(p account.ReopenPair) bool { return !p.Well() }):
		id = "web.reopen.checks"
	case !r.Read.IsZero():
		id = "web.reopen.goes"
	}
	out := &Reopening{Since: Stamp(r.Since), Read: Stamp(r.Read), Pairs: []ReopenPair{}, Text: text.Say(l, id, text.Args{"for": say.For(l, now.Sub(r.Since))})}
	for _, p := range r.Pairs {
		x := ReopenPair{
			Pair: p.Pair, Name: say.Pair(l, p.Pair), Well: p.Well(), Mode: p.Mode, Status: p.Status, Thin: p.Thin(), Spread: share(p.Spread), Near: share(p.Near), Gap: share(p.Gap),
		}
		say := func(id string, a text.Args) { x.Text += space(l, x.Text) + text.Say(l, "web.reopen.pair."+id, a) }
		switch {
		case p.Mode == "" || p.Status == "":
			say("unread", nil)
		case p.Mode != bitbank.ModeNone:
			say("auction", text.Args{"mode": p.Mode})
		case p.Stopped:
			say("stopped", nil)
		case !x.Well:
			say("status", text.Args{"status": p.Status})
		default:
			say("well", nil)
		}
		if x.Thin {
			say("thin", text.Args{"spread": percent(p.Spread)})
		}
		if p.Far() {
			say("far", text.Args{"gap": percent(p.Gap)})
		}
		out.Pairs = append(out.Pairs, x)
	}
	return out
}

func share(d decimal.NullDecimal) string {
	if !d.Valid {
		return ""
	}
	return d.Decimal.Round(8).String()
}

// percent is a share for people.
func percent(d decimal.NullDecimal) string {
	if !d.Valid {
		return "?"
	}
	return d.Decimal.Shift(2).Round(2).String() + "%"
}
