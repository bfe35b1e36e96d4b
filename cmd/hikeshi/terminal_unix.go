//go:build linux || darwin

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// silence stops a terminal from showing what is typed; restore puts it back. ok is false when f is no terminal.
func silence(f *os.File) (restore func() error, ok bool) {
	fd := int(f.Fd())
	was, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, false
	}
	quiet := *was
	quiet.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, setTermios, &quiet); err != nil {
		return nil, false
	}
	return func() error { return unix.IoctlSetTermios(fd, setTermios, was) }, true
}

// isTerminal reports whether somebody may be typing into f.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	return err == nil
}
