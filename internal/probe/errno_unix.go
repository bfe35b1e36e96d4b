//go:build !windows

package probe

import "syscall"

// What the kernel says of a connection.
var (
	errnoRefused     = []error{syscall.ECONNREFUSED}
	errnoReset       = []error{syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE}
	errnoUnreachable = []error{
		syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.EADDRNOTAVAIL,
		syscall.EAFNOSUPPORT, // IPv6 is switched off
		syscall.EACCES, syscall.EPERM,
	}
)
