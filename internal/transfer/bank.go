package transfer

import "time"

// jst is the time of Japan's banks. There has been no summer time since 1951.
var jst = time.FixedZone("JST", 9*60*60)

// Hours in which banks in Japan settle with each other on business days: the core time of the Zengin system. Most banks also settle
// at other times since 2018; whether a given one does is not known here, so nothing counts as late before these hours.
const (
	bankOpens  = 8*time.Hour + 30*time.Minute
	bankCloses = 15*time.Hour + 30*time.Minute
)

// The years for which holidays are known: before, special laws moved some; after, the usual formula for the equinoxes ends.
const (
	firstYear = 2022
	lastYear  = 2099
)

// Holiday reports whether a day in Japan is a national holiday (Act on National Holidays of 1948, as amended to 2018). Of years
// outside 2022 to 2099 nothing is known, and only weekends count there.
func Holiday(at time.Time) bool {
	y, m, d := at.In(jst).Date()
	if y < firstYear || y > lastYear {
		return false
	}
	day := time.Date(y, m, d, 0, 0, 0, 0, jst)
	if named(day) {
		return true
	}
	// A holiday on a Sunday moves to the next day that is none itself.
	for back := day.AddDate(0, 0, -1); named(back); back = back.AddDate(0, 0, -1) {
		if back.Weekday() == time.Sunday {
			return true
		}
	}
	// A day between two holidays is one.
	return day.Weekday() != time.Sunday && named(day.AddDate(0, 0, -1)) && named(day.AddDate(0, 0, 1))
}

// named reports whether the law names the day itself.
func named(day time.Time) bool {
	y, m, d := day.Date()
	switch m {
	case time.January:
		return d == 1 || monday(day, 2)
	case time.February:
		return d == 11 || d == 23
	case time.March:
		return d == equinox(y, 20.8431)
	case time.April:
		return d == 29
	case time.May:
		return d >= 3 && d <= 5
	case time.July:
		return monday(day, 3)
	case time.August:
		return d == 11
	case time.September:
		return monday(day, 3) || d == equinox(y, 23.2488)
	case time.October:
		return monday(day, 2)
	case time.November:
		return d == 3 || d == 23
	}
	return false
}

// monday reports whether a day is the nth Monday of its month.
func monday(day time.Time, nth int) bool {
	return day.Weekday() == time.Monday && (day.Day()-1)/7+1 == nth
}

// equinox is the day of the month, by the usual formula for 1980 to 2099. The government announces the day in February of the year
// before.
func equinox(year int, base float64) int {
	n := year - 1980
	return int(base+0.242194*float64(n)) - n/4
}

// BankDay reports whether banks in Japan work on a day: not on weekends, holidays, and 31 December to 3 January (Order for
// Enforcement of the Banking Act, article 5).
func BankDay(at time.Time) bool {
	at = at.In(jst)
	_, m, d := at.Date()
	w := at.Weekday()
	return w != time.Saturday && w != time.Sunday && !(m == time.December && d == 31) && !(m == time.January && d <= 3) && !Holiday(at)
}

// BankOpen reports whether banks in Japan settle at a time.
func BankOpen(at time.Time) bool {
	since := at.Sub(midnight(at))
	return BankDay(at) && since >= bankOpens && since < bankCloses
}

func midnight(at time.Time) time.Time {
	y, m, d := at.In(jst).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, jst)
}

// AfterBankHours is when so much time has passed in which banks were open.
func AfterBankHours(from time.Time, wait time.Duration) time.Time {
	for day := midnight(from); ; day = day.AddDate(0, 0, 1) {
		if !BankDay(day) {
			continue
		}
		opens, closes := day.Add(bankOpens), day.Add(bankCloses)
		if from.After(opens) {
			opens = from
		}
		if !opens.Before(closes) {
			continue
		}
		if end := opens.Add(wait); !end.After(closes) {
			return end
		}
		wait -= closes.Sub(opens)
	}
}
