package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/text"
	"hikeshi/internal/transfer"
)

// movesBody is the page of deposits and withdrawals.
type movesBody struct {
	Class, Icon, Scope string
	Sentence           string
	Read               fresh
	Cards              []moveCard // what a person should look at
	Under              []moveCard
	Over               []moveCard
	Send               sendPanel
	Form               string
	Asked              asked // of an announcement that could not be taken
	Wrong              string
	Done               *result
}

// A moveCard is one transfer.
type moveCard struct {
	N, Key, Class, Icon string
	Title, What         string
	Says                []string
	Facts               []fact
	Steps               []moveStep
	Checks              []string
	Explorer            *Link
	Await               string // the name under which it is awaited
}

type moveStep struct {
	Mark, Icon, Title, Word, When string
}

// A sendPanel is what is known before one sends.
type sendPanel struct {
	Asset  string
	Assets []string
	Read   fresh
	Rows   []sendRow
	Notes  []string
	Sum    string // of all, when no coin is chosen
}

type sendRow struct {
	Network             string
	Deposit, Withdrawal badge
}

type asked struct{ Asset, Network, TxID, Amount string }

// moveLooks are the shapes of the stands. Whose turn it is has the hue: ours is amber, bitbank's plum.
var moveLooks = map[transfer.Stand]badge{
	transfer.Untold: {"s-unk", "unk", ""}, transfer.Moving: {"s-ok", "clock", ""}, transfer.Late: {"s-part", "clock", ""}, transfer.Stopped: {"s-mnt", "mnt", ""},
	transfer.Owner: {"s-own", "own", ""}, transfer.Differs: {"s-own", "warn", ""}, transfer.Ended: {"s-part", "notplaced", ""}, transfer.Missing: {"s-part", "warn", ""},
	transfer.Returned: {"s-ok", "ok", ""}, transfer.Before: {"s-unk", "unk", ""}, transfer.Done: {"s-ok", "ok", ""},
}

// moves shows the page, and takes announcements of it.
func (s *server) moves(w http.ResponseWriter, r *http.Request) {
	if s.absent(w, r) || s.shut(w, r) {
		return
	}
	s.showMoves(w, r, http.StatusOK, asked{}, "")
}

func (s *server) showMoves(w http.ResponseWriter, r *http.Request, status int, a asked, wrong string) {
	l, now, v := s.lang(r), time.Now(), s.views.now()
	d := DescribeMoves(l, v, now)
	in, _ := s.entrance.of(r)
	b := movesBody{Sentence: d.Sentence, Read: clock(l, v.Moved, limitMoves, now), Form: in.form, Asked: a, Wrong: wrong, Send: sendOf(l, v, r.URL.Query().Get("asset"), now)}
	look := badge{"s-ok", "ok", text.Say(l, "web.title.transfers", nil)}
	switch {
	case d.State == "attention":
		look.Class, look.Icon = "s-own", "warn"
	case b.Read.Old:
		look.Class, look.Icon = "s-unk", "unk"
	}
	b.Class, b.Icon, b.Scope = look.Class, look.Icon, look.Word
	for i, m := range d.Transfers {
		c := moveCardOf(l, m, now)
		switch c.N = "m" + strings.ReplaceAll(v.Moves[i].Key, " ", "-"); {
		case m.Attention:
			b.Cards = append(b.Cards, c)
		case !m.Over:
			b.Under = append(b.Under, c)
		default:
			b.Over = append(b.Over, c)
		}
	}
	s.render(w, r, status, "transfers", b)
}

func moveCardOf(l text.Lang, m Move, now time.Time) moveCard {
	look := moveLooks[m.Stand]
	c := moveCard{
		Key: m.Key, Class: look.Class, Icon: look.Icon, Title: text.Say(l, "web.move.stand."+string(m.Stand), nil),
		What: text.Say(l, "web.move.kind."+m.Kind, nil) + " " + m.Line(), Says: m.says, Checks: m.Checks, Explorer: m.Explorer,
	}
	if m.Stand == transfer.Late && (m.Turn == transfer.Chain || m.Turn == transfer.Bank) {
		c.Class = "s-path" // it is between the two sides
	}
	if m.Attention {
		c.Class += " open"
	}
	if m.Awaited != nil {
		c.Await = m.Awaited.ID
	}
	add := func(id, value string) {
		if value != "" {
			c.Facts = append(c.Facts, fact{text.Say(l, "web.move.fact."+id, nil), value})
		}
	}
	add("amount", worth(l, m.Asset, m.figure))
	if m.Fee != "" {
		add("fee", worth(l, m.Asset, m.Fee))
	}
	add("network", m.Network)
	add("began", when(l, time.Time(m.Began), now))
	add("status", m.Status)
	if m.Kind != string(transfer.Awaited) {
		add("id", m.UUID)
	}
	add("txid", m.TxID)
	for _, s := range m.Stations {
		step := moveStep{Mark: map[transfer.Mark]string{transfer.Past: "done", transfer.Present: "now"}[s.Mark], Title: s.Title, Word: text.Say(l, "web.move.mark."+string(s.Mark), nil), When: when(l, time.Time(s.At), now)}
		if step.Mark == "" {
			step.Mark = "todo"
		}
		c.Steps = append(c.Steps, step)
	}
	return c
}

// sendOf is the panel for one coin, or with "" for all.
func sendOf(l text.Lang, v account.View, asset string, now time.Time) sendPanel {
	p := sendPanel{Read: clock(l, time.Time{}, limitMoves, now)}
	if !v.Routed.IsZero() {
		p.Read = clock(l, v.Balanced, limitMoves, now)
	}
	var stopped []string
	flags := func(f transfer.Flag) badge {
		switch f {
		case transfer.Open:
			return badge{"s-ok", "ok", text.Say(l, "web.send.open", nil)}
		case transfer.Shut:
			return badge{"s-mnt", "mnt", text.Say(l, "web.send.stopped", nil)}
		}
		return badge{"s-unk", "unk", text.Say(l, "web.send.unknown", nil)}
	}
	for _, w := range v.Ways {
		p.Assets = append(p.Assets, w.Asset)
		name := coin(w.Asset) + onNetwork(w.Network)
		if w.Deposit == transfer.Shut {
			stopped = append(stopped, name+" "+text.Say(l, "web.send.deposit", nil))
		}
		if w.Withdrawal == transfer.Shut {
			stopped = append(stopped, name+" "+text.Say(l, "web.send.withdrawal", nil))
		}
	}
	p.Assets = slices.Compact(p.Assets)
	if asset == "" || !slices.Contains(p.Assets, asset) {
		switch n := len(v.Ways); {
		case n == 0:
			p.Sum = text.Say(l, "web.send.unread", nil)
		case len(stopped) > 0:
			p.Sum = text.Say(l, "web.send.some", text.Args{"list": strings.Join(stopped, ", ")})
		default:
			p.Sum = text.Say(l, "web.send.stopped.none", text.Args{"n": strconv.Itoa(n)})
		}
		return p
	}
	p.Asset = asset
	d := DescribeSending(l, v, asset, "", now)
	p.Notes = d.Notes
	for _, w := range d.Ways {
		p.Rows = append(p.Rows, sendRow{w.Network, flags(transfer.Flag(w.Deposit)), flags(transfer.Flag(w.Withdrawal))})
	}
	return p
}

// expecting takes an announcement from the page.
func (s *server) expecting(w http.ResponseWriter, r *http.Request) {
	if s.absent(w, r) || !s.ours(w, r) {
		return
	}
	f := r.PostForm
	a := asked{f.Get("asset"), f.Get("network"), f.Get("txid"), f.Get("amount")}
	if id := f.Get("drop"); id != "" {
		if err := s.o.Accounts.Unexpect(id); err != nil {
			s.o.Log.Warn("a deposit was not dropped", "err", err)
		}
		s.views.drop()
		backTo(w, "/transfers")
		return
	}
	e, err := expectation(a.Asset, a.Network, a.TxID, a.Amount, "", time.Now())
	if err == nil {
		_, err = s.o.Accounts.Expect(e)
	}
	s.views.drop()
	if err != nil {
		s.showMoves(w, r, http.StatusBadRequest, a, Mistaken(s.lang(r), err))
		return
	}
	backTo(w, "/transfers")
}

func backTo(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
}

// Mistaken words why an announcement was not taken.
func Mistaken(l text.Lang, err error) string {
	m, ok := errors.AsType[*transfer.Mistake](err)
	if !ok {
		return text.Say(l, "web.move.mistake.full", nil)
	}
	return text.Say(l, "web.move.mistake."+m.Field, text.Args{"known": strings.Join(m.Known, ", ")})
}

func (s *server) apiTransfers(w http.ResponseWriter, r *http.Request) {
	if s.shut(w, r) || s.absent(w, r) {
		return
	}
	answer(w, http.StatusOK, DescribeMoves(s.lang(r), s.views.now(), time.Now()))
}

// apiExpect takes an announcement of a program, or drops one.
func (s *server) apiExpect(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Asset   string `json:"asset"`
		Network string `json:"network"`
		TxID    string `json:"txid"`
		Amount  string `json:"amount"`
		Sent    string `json:"sent"`
		Drop    string `json:"drop"`
	}
	if !s.acting(w, r, &q) {
		return
	}
	e, err := expectation(q.Asset, q.Network, q.TxID, q.Amount, q.Sent, time.Now())
	switch {
	case q.Drop != "":
		if err = s.o.Accounts.Unexpect(q.Drop); err != nil {
			fail(w, http.StatusNotFound, "not_awaited", err.Error())
			return
		}
	case err == nil:
		_, err = s.o.Accounts.Expect(e)
	}
	s.views.drop()
	if err != nil {
		code := "too_many"
		if m, ok := errors.AsType[*transfer.Mistake](err); ok {
			code = "bad_" + m.Field
		}
		fail(w, http.StatusBadRequest, code, err.Error())
		return
	}
	s.apiTransfers(w, r)
}
