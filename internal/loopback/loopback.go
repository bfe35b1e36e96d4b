// Package loopback knows the names of this machine. A page elsewhere can point a name of its own at this machine and so reach what
// listens here (DNS rebinding); the name that it asks for gives it away.
package loopback

import (
	"net"
	"strings"
)

// Names are those under which this machine may be asked.
type Names map[string]bool

// NewNames are localhost, 127.0.0.1, ::1 and more, without ports.
func NewNames(more ...string) Names {
	n := Names{"localhost": true, "127.0.0.1": true, "::1": true}
	for _, name := range more {
		n[strings.ToLower(name)] = true
	}
	return n
}

// Allow reports whether a Host header is one of the names, whatever its port, brackets and final dot.
func (n Names) Allow(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return n[strings.ToLower(strings.TrimSuffix(host, "."))]
}
