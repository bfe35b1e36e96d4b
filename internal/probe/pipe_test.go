package probe_test

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipe is a connection in memory with buffers, as a kernel has: a write does not wait for its reader.
func pipe() (near, far *end) {
	a, b := newStretch(), newStretch()
	return &end{in: a, out: b}, &end{in: b, out: a}
}

// A stretch is one direction.
type stretch struct {
	mu     sync.Mutex
	wake   *sync.Cond
	data   []byte
	closed error // what a reader hears after the data
	until  time.Time
	timer  *time.Timer
}

const stretchMost = 64 << 10

func newStretch() *stretch {
	s := &stretch{}
	s.wake = sync.NewCond(&s.mu)
	return s
}

func (s *stretch) close(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == nil {
		s.closed = why
	}
	s.wake.Broadcast()
}

// deadline wakes readers when it has come.
func (s *stretch) deadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	s.until = t
	if !t.IsZero() {
		s.timer = time.AfterFunc(time.Until(t), s.wake.Broadcast)
	}
	s.wake.Broadcast()
}

func (s *stretch) read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case !s.until.IsZero() && !time.Now().Before(s.until):
			return 0, os.ErrDeadlineExceeded
		case len(s.data) > 0:
			n := copy(b, s.data)
			s.data = s.data[n:]
			s.wake.Broadcast()
			return n, nil
		case s.closed != nil:
			return 0, s.closed
		}
		s.wake.Wait()
	}
}

func (s *stretch) write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.closed == nil && len(s.data) > stretchMost {
		s.wake.Wait()
	}
	if s.closed != nil {
		return 0, syscall.EPIPE
	}
	s.data = append(s.data, b...)
	s.wake.Broadcast()
	return len(b), nil
}

type end struct{ in, out *stretch }

func (e *end) Read(b []byte) (int, error)  { return e.in.read(b) }
func (e *end) Write(b []byte) (int, error) { return e.out.write(b) }

func (e *end) Close() error {
	e.out.close(io.EOF)
	e.in.close(net.ErrClosed)
	return nil
}

func (e *end) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (e *end) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// Only readers have a deadline: the buffers are larger than anything that is written here.
func (e *end) SetDeadline(t time.Time) error      { e.in.deadline(t); return nil }
func (e *end) SetReadDeadline(t time.Time) error  { e.in.deadline(t); return nil }
func (e *end) SetWriteDeadline(t time.Time) error { return nil }
