package bitbank

import (
	"errors"
	"io"
	"sync"
)

// A letter is the body of a POST that can be handed over once, or never. A request acts only with its body, so a
// letter that was sealed before anything read it proves that the request had no effect, whatever connection, proxy or
// transport it went through; and one that was handed over cannot be handed over again, whatever wants to repeat it.
type letter struct {
	mu     sync.Mutex
	body   []byte
	taken  bool // a part of it left
	sealed bool
}

var errSealed = errors.New("the request was given up")

// Read implements io.Reader.
func (l *letter) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sealed {
		return 0, errSealed
	}
	l.taken = true
	if len(l.body) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.body)
	l.body = l.body[n:]
	return n, nil
}

// Close implements io.Closer. Transports close a body when they are through with it.
func (l *letter) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sealed = true
	return nil
}

// seal keeps back what has not left, and reports whether that is all of it.
func (l *letter) seal() (unread bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sealed = true
	return !l.taken
}
