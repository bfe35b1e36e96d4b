package say

import (
	"strconv"
	"time"

	"hikeshi/internal/text"
)

// JST is the time of Japan, in which bitbank and its customers live and every time is written. It needs no time-zone data: there has
// been no summer time since 1951.
var JST = time.FixedZone("JST", 9*60*60)

// Since is 「14:05頃から(26分)」 for a state of affairs that still lasts.
func Since(l text.Lang, t, now time.Time) string {
	return text.Say(l, "phase.since", text.Args{"since": About(l, t, now), "for": For(l, now.Sub(t))})
}

// About is a time to the minute: 「14:05頃」 today, 「11月24日(火) 14:05頃」 on another day.
func About(l text.Lang, t, now time.Time) string {
	t, now = t.In(JST), now.In(JST)
	clock := t.Format("15:04")
	today := t.YearDay() == now.YearDay() && t.Year() == now.Year()
	switch {
	case l == text.English && today:
		return "about " + clock + " JST"
	case l == text.English:
		return t.Format("Mon 2 Jan") + ", about " + clock + " JST"
	case today:
		return clock + "頃"
	}
	return Day(l, t) + " " + clock + "頃"
}

// Instant is a measured time, with its seconds.
func Instant(l text.Lang, t time.Time) string {
	s := t.In(JST).Format("15:04:05")
	if l == text.English {
		return s + " JST"
	}
	return s
}

// Day is 「11月24日(火)」.
func Day(l text.Lang, t time.Time) string {
	t = t.In(JST)
	if l == text.English {
		return t.Format("Mon 2 Jan")
	}
	return t.Format("1月2日") + "(" + string([]rune("日月火水木金土")[t.Weekday()]) + ")"
}

// For is a duration in its two greatest units.
func For(l text.Lang, d time.Duration) string {
	d = max(d, 0)
	units := []struct {
		size   time.Duration
		ja, en string
	}{{24 * time.Hour, "日", " d"}, {time.Hour, "時間", " h"}, {time.Minute, "分", " min"}, {time.Second, "秒", " s"}}
	for i, u := range units {
		n := d / u.size
		if n == 0 && i < len(units)-1 {
			continue
		}
		name := func(n time.Duration, i int) string {
			if l == text.English {
				return strconv.Itoa(int(n)) + units[i].en
			}
			return strconv.Itoa(int(n)) + units[i].ja
		}
		out := name(n, i)
		// Seconds after minutes are noise: 「26分」.
		if i < 2 {
			if rest := (d - n*u.size) / units[i+1].size; rest > 0 {
				if l == text.English {
					out += " "
				}
				out += name(rest, i+1)
			}
		}
		return out
	}
	return ""
}
