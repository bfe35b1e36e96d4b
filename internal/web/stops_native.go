package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/say"
	"hikeshi/internal/stop"
	"hikeshi/internal/text"
)

// A NativeStop is a stop on bitbank that was placed or replaced from here, and how far that has come.
type NativeStop struct {
	ID         stop.ID         `json:"id"`
	Order      Look            `json:"order"`
	Old        bitbank.OrderID `json:"replaces,omitzero"`
	Set        Stamp           `json:"set_at"`
	Over       bool            `json:"over"`
	Why        stop.Reason     `json:"why"`
	Text       string          `json:"text"`
	Since      Stamp           `json:"since"`
	Naked      float64         `json:"naked_seconds"` // how long neither the old nor the new one was there
	NakedSince Stamp           `json:"naked_since,omitzero"`
	Exits      []Order         `json:"orders"`
}

func shapeNative(l text.Lang, v account.NativeView, now time.Time) NativeStop {
	o := v.Order
	out := NativeStop{
		ID: v.ID, Old: v.Old, Set: Stamp(v.Set), Over: v.Over, Why: v.Why, Since: Stamp(v.Since), Naked: v.Naked.Seconds(), NakedSince: Stamp(v.NakedSince), Exits: []Order{},
		Order: shapeLine(l, bitbank.Order{Pair: o.Pair, Side: o.Side, PositionSide: o.PositionSide, Type: o.Type, StartAmount: o.Amount, Price: o.Price, TriggerPrice: o.TriggerPrice}),
	}
	if !v.Over {
		out.Why = v.Doing.Why
	}
	if !v.NakedSince.IsZero() {
		out.Naked += now.Sub(v.NakedSince).Seconds()
	}
	for _, e := range v.Exits {
		out.Exits = append(out.Exits, shapeExit(l, e))
	}
	id := "going"
	if v.Over {
		id = string(v.Why)
	}
	out.Text = text.Say(l, "stop.native."+id, text.Args{"what": nativeText(l, v.Native), "at": say.Instant(l, v.Since)})
	if !v.Over && out.Why != "" {
		out.Text += then(l) + text.Say(l, "stop.why."+string(out.Why), nil)
	}
	if out.Naked > 0 {
		id := "stop.native.naked"
		if !v.NakedSince.IsZero() {
			id = "stop.naked"
		}
		out.Text += then(l) + text.Say(l, id, text.Args{"seconds": seconds(out.Naked)})
	}
	return out
}

// nativeText is a stop on bitbank in words.
func nativeText(l text.Lang, n stop.Native) string {
	o := n.Order
	line := whatOf(l, bitbank.Order{Pair: o.Pair, Side: o.Side, PositionSide: o.PositionSide, Type: o.Type})
	return text.Say(l, "stop.native.what", text.Args{"order": line, "amount": figure(o.Amount) + " " + coinOf(o.Pair), "trigger": yenOf(l, o.Pair, o.TriggerPrice)})
}

// A nativeForm is a stop on bitbank as a program asks for it.
type nativeForm struct {
	Pair     string          `json:"pair"`
	Side     string          `json:"side"`
	Position string          `json:"position_side"`
	Trigger  bitbank.Number  `json:"trigger_price"`
	Price    bitbank.Number  `json:"price"`
	Amount   bitbank.Number  `json:"amount"`
	Old      bitbank.OrderID `json:"replaces"`
	Confirm  string          `json:"confirm"`
}

// native is what a form asks for. The type follows: with a price a stop limit, for a position a stop loss, else a stop.
func (f nativeForm) native() stop.Native {
	o := bitbank.NewOrder{
		Pair: f.Pair, Side: bitbank.Side(f.Side), PositionSide: bitbank.PositionSide(f.Position), Type: bitbank.Stop, Amount: f.Amount, Price: f.Price, TriggerPrice: f.Trigger,
	}
	switch {
	case f.Price.Known():
		o.Type = bitbank.StopLimit
	case f.Position != "":
		o.Type = bitbank.StopLoss
	}
	if f.Side == "" {
		if o.Side = bitbank.Sell; o.PositionSide == bitbank.Short {
			o.Side = bitbank.Buy
		}
	}
	return stop.Native{Order: o, Old: f.Old}
}

// apiNative has a stop placed on bitbank, or replaced, in two steps.
func (s *server) apiNative(w http.ResponseWriter, r *http.Request) {
	var asked nativeForm
	if s.without(w, r) || !s.acting(w, r, &asked) {
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(stopFor + writeWithin))
	ctx, cancel := context.WithTimeout(r.Context(), stopFor)
	defer cancel()
	n := asked.native()
	code := codeOf("native", n)
	checked, err := s.o.Stops.CheckNative(ctx, n)
	if err != nil {
		s.failStop(w, r, err)
		return
	}
	l := s.lang(r)
	says := []string{nativeText(l, checked), text.Say(l, "stop.native.add", nil)}
	if n.Old != 0 {
		says = append(says, text.Say(l, "stop.native.replace", nil))
	}
	s.confirmed(w, r, asked.Confirm, code, says, func(ctx context.Context) error {
		_, err := s.o.Stops.AddNative(ctx, n)
		return err
	})
}

// endNative gives up a stop on bitbank that is not placed yet, in two steps; false when there is none of that name.
func (s *server) endNative(w http.ResponseWriter, r *http.Request, id, confirm string) bool {
	all := s.o.Stops.Natives()
	i := slices.IndexFunc(all, func(v account.NativeView) bool { return string(v.ID) == id && !v.Over })
	if i < 0 {
		return false
	}
	l := s.lang(r)
	says := []string{text.Say(l, "stop.remove.1", text.Args{"what": nativeText(l, all[i].Native)}), text.Say(l, "stop.native.end", nil)}
	s.confirmed(w, r, confirm, codeOf("end", all[i].Native), says, func(ctx context.Context) error {
		return s.o.Stops.EndNative(ctx, all[i].ID)
	})
	return true
}
