package web

import (
	"strconv"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/lease"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// A Switch is the dead man's switch of a bot that ever armed one.
type Switch struct {
	Bot       string    `json:"bot"`
	State     string    `json:"state"` // off, or a state of package lease
	Epoch     int64     `json:"epoch"`
	TTL       int64     `json:"ttl_ms"`
	Since     Stamp     `json:"since"`
	Expires   Stamp     `json:"expires_at,omitzero"` // while it counts
	Held      bool      `json:"held,omitzero"`       // a maintenance is under way, and nothing is counted
	HeldUntil Stamp     `json:"held_until,omitzero"`
	Why       lease.Why `json:"why,omitzero"`
	Anew      Stamp     `json:"anew,omitzero"` // when the countdown began anew because Hikeshi itself was away
	AnewWhy   lease.Why `json:"anew_why,omitzero"`
	Text      string    `json:"text"`
}

// shapeSwitch words a lease. One that counts and has no end was read from the journal alone.
func shapeSwitch(l text.Lang, s lease.Lease, now time.Time) Switch {
	out := Switch{
		Bot: s.Bot, State: string(s.State), Epoch: s.Epoch, TTL: s.TTL.Milliseconds(), Since: Stamp(s.Since), Expires: Stamp(s.Expires),
		Held: s.Held, HeldUntil: Stamp(s.HeldUntil), Why: s.Why, Anew: Stamp(s.Anew), AnewWhy: s.AnewWhy,
	}
	id := string(s.State)
	switch {
	case s.State == lease.Off:
		id, out.State = "off", "off"
	case s.Held:
		id = "held"
	case s.State == lease.Armed && s.Expires.IsZero():
		id = "recorded"
	case s.State == lease.Suspect && s.Why != lease.Silent:
		id = "anew"
	}
	out.Text = text.Say(l, "web.switch."+id, text.Args{
		"who": Who(l, s.Bot), "since": say.About(l, s.Since, now), "for": say.For(l, s.TTL), "epoch": strconv.FormatInt(s.Epoch, 10),
	})
	if s.State.Lapsed() && s.Why == lease.Maintenance {
		out.Text += space(l, out.Text) + text.Say(l, "web.switch.why.maintenance", nil)
	}
	return out
}

// switchRows are the switches that a person should see.
func switchRows(l text.Lang, v account.View, now time.Time) (rows []transferRow) {
	for _, s := range v.Switches {
		if s.State != lease.Off {
			rows = append(rows, transferRow{Key: s.Bot, What: Who(l, s.Bot), Text: shapeSwitch(l, s, now).Text, At: s.Since, Time: when(l, s.Since, now)})
		}
	}
	return rows
}
