//go:build unix

package gateway

import (
	"net"
	"syscall"
)

// readAll reports whether the other side of a connection that it has closed had read everything that was written to it. A kernel
// answers what comes too late, and the closing of a connection that holds unread bytes, with a reset, which is the pending error
// of our side; on this machine it is there at once.
func readAll(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	pending := -1
	err = raw.Control(func(fd uintptr) {
		if n, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR); err == nil {
			pending = n
		}
	})
	return err == nil && pending == 0
}
