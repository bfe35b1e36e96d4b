package transfer

import (
	"slices"
	"testing"
	"time"
)

// The holidays as the Cabinet Office of Japan lists them (2027 and 2032 as computed by calendars everywhere).
var holidays = map[int][]string{
	2022: {"01-01", "01-10", "02-11", "02-23", "03-21", "04-29", "05-03", "05-04", "05-05", "07-18", "08-11", "09-19", "09-23", "10-10", "11-03", "11-23"},
	2023: {"01-01", "01-02", "01-09", "02-11", "02-23", "03-21", "04-29", "05-03", "05-04", "05-05", "07-17", "08-11", "09-18", "09-23", "10-09", "11-03", "11-23"},
	2024: {"01-01", "01-08", "02-11", "02-12", "02-23", "03-20", "04-29", "05-03", "05-04", "05-05", "05-06", "07-15", "08-11", "08-12", "09-16", "09-22", "09-23", "10-14", "11-03", "11-04", "11-23"},
	2025: {"01-01", "01-13", "02-11", "02-23", "02-24", "03-20", "04-29", "05-03", "05-04", "05-05", "05-06", "07-21", "08-11", "09-15", "09-23", "10-13", "11-03", "11-23", "11-24"},
	2026: {"01-01", "01-12", "02-11", "02-23", "03-20", "04-29", "05-03", "05-04", "05-05", "05-06", "07-20", "08-11", "09-21", "09-22", "09-23", "10-12", "11-03", "11-23"},
	2027: {"01-01", "01-11", "02-11", "02-23", "03-21", "03-22", "04-29", "05-03", "05-04", "05-05", "07-19", "08-11", "09-20", "09-23", "10-11", "11-03", "11-23"},
	2032: {"01-01", "01-12", "02-11", "02-23", "03-20", "04-29", "05-03", "05-04", "05-05", "07-19", "08-11", "09-20", "09-21", "09-22", "10-11", "11-03", "11-23"},
}

func TestHolidaysAreThoseOfTheLaw(t *testing.T) {
	for year, want := range holidays {
		var got []string
		for day := time.Date(year, 1, 1, 23, 59, 59, 0, jst); day.Year() == year; day = day.AddDate(0, 0, 1) {
			if Holiday(day) {
				got = append(got, day.Format("01-02"))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d:\n got %v\nwant %v", year, got, want)
		}
	}
	for _, year := range []int{2021, 2100} {
		if Holiday(time.Date(year, 1, 1, 12, 0, 0, 0, jst)) {
			t.Errorf("%d is not known, and has a holiday", year)
		}
	}
	// No year has fewer than the sixteen that the law names, nor more than a bridge and some moved days beyond them.
	for year := firstYear; year <= lastYear; year++ {
		n := 0
		for day := time.Date(year, 1, 1, 0, 0, 0, 0, jst); day.Year() == year; day = day.AddDate(0, 0, 1) {
			if Holiday(day) {
				n++
			}
		}
		if n < 16 || n > 22 {
			t.Errorf("%d has %d holidays", year, n)
		}
	}
}

func when(s string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", s, jst)
	if err != nil {
		panic(err)
	}
	return at
}

func TestYenWaitForBankHours(t *testing.T) {
	for _, c := range []struct{ from, want string }{
		{"2026-11-25 10:00", "2026-11-25 11:00"}, // a Wednesday
		{"2026-11-25 06:00", "2026-11-25 09:30"}, // before they open
		{"2026-11-25 15:00", "2026-11-26 09:00"}, // half an hour is left
		{"2026-11-25 15:30", "2026-11-26 09:30"}, // just closed
		{"2026-11-27 20:00", "2026-11-30 09:30"}, // over the weekend
		{"2026-05-01 16:00", "2026-05-07 09:30"}, // over the Golden Week
		{"2026-12-30 15:00", "2027-01-04 09:00"}, // over the New Year
		{"2026-09-18 15:29", "2026-09-24 09:29"}, // over a bridge day
	} {
		if got := AfterBankHours(when(c.from), time.Hour); !got.Equal(when(c.want)) {
			t.Errorf("an hour after %s is %s, want %s", c.from, got.In(jst).Format("2006-01-02 15:04"), c.want)
		}
	}
	for at, want := range map[string]bool{
		"2026-11-25 08:29": false, "2026-11-25 08:30": true, "2026-11-25 15:29": true, "2026-11-25 15:30": false,
		"2026-11-28 12:00": false, "2026-11-23 12:00": false, "2026-12-31 12:00": false, "2027-01-03 12:00": false, "2027-01-04 12:00": true,
	} {
		if got := BankOpen(when(at)); got != want {
			t.Errorf("banks are open at %s: %t", at, got)
		}
	}
}
