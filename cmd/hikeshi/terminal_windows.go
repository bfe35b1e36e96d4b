package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// silence stops a console from showing what is typed; restore puts it back. ok is false when f is no console.
func silence(f *os.File) (restore func() error, ok bool) {
	h := windows.Handle(f.Fd())
	var was uint32
	if windows.GetConsoleMode(h, &was) != nil || windows.SetConsoleMode(h, was&^windows.ENABLE_ECHO_INPUT) != nil {
		return nil, false
	}
	return func() error { return windows.SetConsoleMode(h, was) }, true
}

// isTerminal reports whether somebody may be typing into f.
func isTerminal(f *os.File) bool {
	var mode uint32
	return windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil
}
