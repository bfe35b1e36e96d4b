package relay

import (
	"net"
	"net/http"
	"strings"
)

// hostname is a Host header without port, brackets and a final dot.
func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

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
