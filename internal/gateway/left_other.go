//go:build !unix

package gateway

import "net"

// readAll cannot tell on this system, and says no, which is the safe word.
func readAll(net.Conn) bool { return false }
