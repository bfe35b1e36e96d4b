package probe

import "syscall"

// What the kernel says of a connection. Windows has numbers of its own (winsock2.h), and package syscall does not map
// them to the POSIX names; those are kept for networks in memory.
var (
	errnoRefused     = []error{syscall.Errno(10061), syscall.ECONNREFUSED}
	errnoReset       = []error{syscall.Errno(10054), syscall.Errno(10053), syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE}
	errnoUnreachable = []error{
		syscall.Errno(10051), syscall.Errno(10065), syscall.Errno(10050), syscall.Errno(10064), syscall.Errno(10049),
		syscall.Errno(10047), syscall.Errno(10013), syscall.ENETUNREACH, syscall.EHOSTUNREACH,
	}
)
