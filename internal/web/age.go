package web

import (
	"fmt"
	"strconv"
	"time"

	"hikeshi/internal/text"
)

// A fresh is the freshness clock of a panel. Its ring empties towards the limit; past it the panel is woven over.
type fresh struct {
	At    time.Time
	Limit int // seconds
	Age   string
	Old   bool
	Dash  string
}

// ring is the circumference of the clock's circle, of radius 8.
const ring = 50.3

func clock(l text.Lang, at time.Time, limit time.Duration, now time.Time) fresh {
	if at.IsZero() {
		return fresh{Limit: int(limit.Seconds()), Age: text.Say(l, "web.ago.never", nil), Old: true, Dash: "0 50.3"}
	}
	age := max(0, now.Sub(at))
	left := max(0, 1-age.Seconds()/limit.Seconds())
	return fresh{
		At: at, Limit: int(limit.Seconds()), Age: ago(l, age), Old: age > limit,
		Dash: fmt.Sprintf("%.1f %.1f", left*ring, ring),
	}
}

// ago is 「3秒前」. The page's script says the same from then on.
func ago(l text.Lang, d time.Duration) string {
	unit, n := "s", int(d/time.Second)
	switch {
	case d >= 24*time.Hour:
		unit, n = "d", int(d/(24*time.Hour))
	case d >= time.Hour:
		unit, n = "h", int(d/time.Hour)
	case d >= time.Minute:
		unit, n = "m", int(d/time.Minute)
	}
	return text.Say(l, "web.ago."+unit, text.Args{"n": strconv.Itoa(n)})
}

// took is a duration as people read it: 「0.21秒」, 「82ミリ秒」.
func took(l text.Lang, d time.Duration) string {
	if d < 100*time.Millisecond {
		return text.Say(l, "web.ms", text.Args{"n": strconv.Itoa(max(1, int(d.Milliseconds())))})
	}
	if d < 10*time.Second {
		return text.Say(l, "web.sec", text.Args{"n": strconv.FormatFloat(d.Seconds(), 'f', 2, 64)})
	}
	return text.Say(l, "web.sec", text.Args{"n": strconv.Itoa(int(d.Seconds()))})
}
