package web

import (
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/text"
)

// A MarginNow is how the margin stands: bitbank's own figures as of a time, and our own calculation for now.
type MarginNow struct {
	At      Stamp               `json:"at,omitzero"` // absent: bitbank's figures were never read
	Old     bool                `json:"old"`
	Status  bitbank.MarginState `json:"status,omitzero"`
	Alarm   bool                `json:"alarm"`
	Percent string              `json:"percentage,omitzero"` // bitbank's own, as the next two
	Call    string              `json:"call_percentage,omitzero"`
	LossCut string              `json:"losscut_percentage,omitzero"`
	Balance string              `json:"balance,omitzero"`
	Owed    string              `json:"payable,omitzero"`
	Demand  *Demand             `json:"notice,omitzero"`
	Text    string              `json:"text"`
	Ours    *MarginOurs         `json:"estimate,omitzero"`
	Without string              `json:"no_estimate,omitzero"` // why there is none: flat, figures, base, unpriced
}

// A MarginOurs is our own calculation; bitbank's is bitbank's.
type MarginOurs struct {
	Base      string        `json:"base"`
	Balance   string        `json:"balance"`
	Percent   string        `json:"percentage"`
	ToCall    string        `json:"yen_to_call"`
	ToLossCut string        `json:"yen_to_losscut"`
	Reaches   []MarginReach `json:"reaches"`
	Assumes   []string      `json:"assumes"`
	Assuming  []string      `json:"assumes_text"`
	Text      string        `json:"text"`
}

// A MarginReach is how far one coin's price may move before bitbank acts.
type MarginReach struct {
	Asset   string       `json:"asset"`
	Up      bool         `json:"up"`
	Call    *MarginLevel `json:"call,omitzero"` // absent: no price of this coin alone leads there
	LossCut *MarginLevel `json:"losscut,omitzero"`
	Text    string       `json:"text"`
}

// A MarginLevel is a price, and how far away it is.
type MarginLevel struct {
	Price   string `json:"price"`
	Percent string `json:"percent"`
	Passed  bool   `json:"passed,omitzero"`
}

// marginWords are bitbank's states that have words.
var marginWords = map[bitbank.MarginState]string{
	bitbank.MarginNormal: "normal", bitbank.MarginCall: "call", bitbank.MarginLossCut: "losscut", bitbank.MarginDebt: "debt", bitbank.MarginSettled: "settled",
}

func shapeMargin(l text.Lang, m exposure.Margin, now time.Time) *MarginNow {
	out := &MarginNow{Demand: shapeDemand(l, m.Demand), Without: m.Ours.Why, Alarm: m.Alarm}
	if !m.Read {
		out.Text = text.Say(l, "positions.margin.unread", nil)
		return out
	}
	s := m.Status
	out.At, out.Old, out.Status, out.Balance, out.Owed = Stamp(m.At), m.Old, s.Status, s.Balance.String(), m.Owed.String()
	out.Percent, out.Call, out.LossCut = s.BalancePercentage.String(), s.CallPercentage.String(), s.LossCutPercentage.String()
	id, known := marginWords[s.Status]
	if !known {
		id = "other"
	}
	out.Text = text.Say(l, "positions.margin."+id, text.Args{"status": string(s.Status)})
	if s.BalancePercentage.Known() {
		out.Text += space(l, out.Text) + text.Say(l, "positions.margin.percent", text.Args{
			"percent": figure(s.BalancePercentage), "call": figure(s.CallPercentage), "losscut": figure(s.LossCutPercentage), "age": ago(l, now.Sub(m.At)),
		})
	}
	e := m.Ours
	if !e.Made {
		return out
	}
	out.Ours = &MarginOurs{
		Base: e.Base, Balance: e.Balance.String(), Percent: e.Percent.String(), ToCall: e.ToCall.String(), ToLossCut: e.ToLossCut.String(), Assumes: e.Assumes, Reaches: []MarginReach{},
		Text: text.Say(l, "positions.margin.ours", text.Args{"percent": e.Percent.String(), "call": inYen(l, e.ToCall), "losscut": inYen(l, e.ToLossCut)}),
	}
	for _, a := range e.Assumes {
		out.Ours.Assuming = append(out.Ours.Assuming, text.Say(l, "positions.assume."+a, nil))
	}
	for _, x := range e.Reaches {
		out.Ours.Reaches = append(out.Ours.Reaches, shapeReach(l, x))
	}
	return out
}

func shapeReach(l text.Lang, x exposure.Reach) MarginReach {
	out := MarginReach{Asset: x.Asset, Up: x.Up}
	way := "down"
	if x.Up {
		way = "up"
	}
	for _, end := range []struct {
		name  string
		level exposure.Level
		into  **MarginLevel
	}{{"call", x.Call, &out.Call}, {"losscut", x.LossCut, &out.LossCut}} {
		if end.level.Never {
			continue
		}
		*end.into = &MarginLevel{end.level.Price.Round(0).String(), end.level.Percent.String(), end.level.Passed}
		id := "positions.reach." + end.name + "." + way
		if end.level.Passed {
			id = "positions.reach." + end.name + ".passed"
		}
		out.Text += space(l, out.Text) + text.Say(l, id, text.Args{"coin": coin(x.Asset), "price": inYen(l, end.level.Price), "percent": end.level.Percent.Round(1).String()})
	}
	return out
}
