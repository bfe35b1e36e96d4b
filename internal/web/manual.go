package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How long the owner may trade by hand in one go: whoever means longer says so again, and whoever forgets it has bots again at
// the end of the day.
const (
	ManualUsual = 30 * time.Minute
	ManualLeast = time.Minute
	ManualMost  = 12 * time.Hour
)

// apiManual holds a bot's new orders while the owner trades by hand.
func (s *server) apiManual(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Bot     string `json:"bot"`
		Seconds *int64 `json:"seconds"`
		Why     string `json:"why"`
	}
	if !s.acting(w, r, &asked) {
		return
	}
	seconds := int64(ManualUsual / time.Second)
	if asked.Seconds != nil {
		seconds = *asked.Seconds
	}
	least, most := int64(ManualLeast/time.Second), int64(ManualMost/time.Second)
	switch {
	case seconds < least || seconds > most:
		fail(w, http.StatusBadRequest, "bad_time", "seconds must be from "+strconv.FormatInt(least, 10)+" to "+strconv.FormatInt(most, 10))
	case s.stranger(w, asked.Bot):
	default:
		until := time.Now().Add(time.Duration(seconds) * time.Second).Truncate(time.Second)
		s.o.Accounts.Manual(asked.Bot, until, words(asked.Why))
		s.views.drop()
		s.apiOrders(w, r)
	}
}

// words are the owner's, within their bound.
func words(why string) string {
	if r := []rune(strings.TrimSpace(why)); len(r) > whyMost {
		why = string(r[:whyMost])
	}
	return strings.TrimSpace(why)
}
