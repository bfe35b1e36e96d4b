//go:build unix

package gateway

import (
	"net"
	"syscall"
)

// readAll reports whether the other side of a connection, if it has closed it, had read everything that was written to it. A
// kernel answers what comes too late, and the closing of a connection that holds unread bytes, with a reset, which is the pending
// error of our side; on this machine it is there at once. It is not sure of what is no connection of a kernel.
func readAll(c net.Conn) (all, sure bool) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false, false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false, false
	}
	pending := -1
	err = raw.Control(func(fd uintptr) {
		if n, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR); err == nil {
			pending = n
		}
	})
	return err == nil && pending == 0, true
}
