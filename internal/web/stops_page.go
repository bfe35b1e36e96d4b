package web

import (
	"net/http"
	"net/url"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/say"
	"hikeshi/internal/stop"
	"hikeshi/internal/text"
)

// stopsBody is the page of local stops.
type stopsBody struct {
	Done       *result
	Open, Over []stopCard
	Native     []NativeStop
}

// A stopCard is one local stop.
type stopCard struct {
	LocalStop
	Class, Icon, Title, Worth, Bitbank, Else string
}

// stopLooks: a state is a colour and a shape, beside its words.
var stopLooks = map[stop.State]badge{
	stop.Armed: {"s-ok", "ok", ""}, stop.Pending: {"s-own", "clock", ""}, stop.Exiting: {"s-own", "warn", ""},
}

// overStops that are over stand on the page.
const overStops = 10

func (s *server) stops(w http.ResponseWriter, r *http.Request) {
	if s.absent(w, r) || s.shut(w, r) {
		return
	}
	l, now, b := s.lang(r), time.Now(), stopsBody{}
	if s.o.Stops == nil {
		s.missing(w, r)
		return
	}
	for _, v := range s.o.Stops.Stops() {
		c := cardOfStop(l, v, now)
		switch {
		case !v.Over():
			b.Open = append(b.Open, c)
		case len(b.Over) < overStops:
			b.Over = append(b.Over, c)
		}
	}
	for _, v := range s.o.Stops.Natives() {
		if len(b.Native) < overStops {
			b.Native = append(b.Native, shapeNative(l, v, now))
		}
	}
	if id := r.URL.Query().Get("did"); id != "" {
		if _, open := s.foundStop(id); open {
			b.Done = &result{false, text.Say(l, "web.act.done.stopend.not", nil)}
		} else {
			b.Done = &result{true, text.Say(l, "web.act.done.stopend", nil)}
		}
	}
	s.render(w, r, http.StatusOK, "stops", b)
}

func cardOfStop(l text.Lang, v account.StopView, now time.Time) stopCard {
	look := stopLooks[v.State]
	if v.State == stop.Armed && (v.Dark || v.Unheard != "") {
		look = badge{"s-unk", "unk", ""}
	}
	c := stopCard{
		LocalStop: shapeStop(l, v, now), Class: look.Class, Icon: look.Icon,
		Title: text.Say(l, "web.stops.title", text.Args{"id": string(v.Plan.ID), "pair": say.Pair(l, v.Plan.Pair)}),
	}
	if w := c.LocalStop.Worth; w != nil {
		c.Worth = w.Text
	}
	c.Bitbank, c.Else = priceAt(l, v.Plan.Pair, v.Bitbank, now), priceAt(l, v.Plan.Pair, v.Else, now)
	return c
}

// priceAt is a price and its age; "" when there is none.
func priceAt(l text.Lang, pair string, q stop.Quote, now time.Time) string {
	if q.At.IsZero() || !q.Price.IsPositive() {
		return ""
	}
	return yenOf(l, pair, bitbank.NewNumber(q.Price.Round(8))) + " (" + ago(l, max(0, now.Sub(q.At))) + ")"
}

// removing asks before a stop is ended; its form does so. The code says of which stop the page has spoken.
func (s *server) removing(w http.ResponseWriter, r *http.Request) {
	form, ok := s.asked(w, r)
	if !ok {
		return
	}
	if s.o.Stops == nil {
		s.missing(w, r)
		return
	}
	id, l := form.Get("id"), s.lang(r)
	v, ok := s.foundStop(id)
	code := codeOf("remove", v.Plan)
	switch {
	case !ok, r.Method == http.MethodPost && r.PostForm.Get("confirm") == code:
		if ok {
			if err := s.o.Stops.RemoveStop(r.Context(), v.Plan.ID); err != nil {
				s.o.Log.Warn("a stop was not ended", "stop", id, "err", err)
			}
		}
		w.Header().Set("Location", "/stops?"+url.Values{"did": {id}}.Encode())
		w.WriteHeader(http.StatusSeeOther)
	default:
		in, _ := s.entrance.of(r)
		s.render(w, r, http.StatusOK, "stopask", struct {
			Says              []string
			ID, Form, Confirm string
		}{wouldRemove(l, v), id, in.form, code})
	}
}
