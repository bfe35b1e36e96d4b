package relay

import (
	"net/http"
	"strings"
)

// foreign reports whether a page of another origin asks. A browser names the origin of the page with every WebSocket, and the port
// of the relay has no pages. python-socketio names the address that it connects to, as if a page of it were there.
func foreign(q *http.Request) bool {
	if site := q.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return true
	}
	for _, origin := range q.Header.Values("Origin") {
		if !strings.EqualFold(origin, "http://"+q.Host) {
			return true
		}
	}
	return false
}
