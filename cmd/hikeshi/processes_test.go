package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What follows runs hikeshi as its users do: separate processes of the real binary, loopback ports, signals.

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hikeshi-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "hikeshi")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// A process is one running hikeshi.
type process struct {
	cmd    *exec.Cmd
	over   chan error
	stdout lines
	stderr lines
}

// lines collects output and can be read while it grows.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// start runs hikeshi in dir until the test ends, if nothing ends it before.
func start(t testing.TB, dir string, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(path, args...), over: make(chan error, 1)}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, &p.stdout, &p.stderr
	p.cmd.Env = append(os.Environ(), "LANG=en_US.UTF-8", "HOME="+dir)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.over <- p.cmd.Wait() }()
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	p.over <- <-p.over
}

// stop interrupts and wants an orderly end.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case err := <-p.over:
		p.over <- err
		if err != nil {
			t.Errorf("%v ended with %v\n%s", p.cmd.Args, err, p.stderr.String())
		}
	case <-time.After(20 * time.Second):
		t.Errorf("%v does not end on an interrupt", p.cmd.Args)
	}
}

// await waits until p has printed want, and fails when p ends before that.
func (p *process) await(t testing.TB, want string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(p.stdout.String(), want); {
		select {
		case err := <-p.over:
			p.over <- err
			t.Fatalf("%v ended (%v) before it printed %q:\n%s%s", p.cmd.Args, err, want, p.stdout.String(), p.stderr.String())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(end) {
			t.Fatalf("%v did not print %q:\n%s%s", p.cmd.Args, want, p.stdout.String(), p.stderr.String())
		}
	}
}

// ports hands out blocks of a hundred that nobody listens in, from a range where systems open few ports by themselves.
var ports = struct {
	sync.Mutex
	next int
}{next: 20000 + os.Getpid()%50*200}

func freeBlock(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range 50 {
		base := ports.next
		if ports.next += 100; ports.next > 32000 {
			ports.next = 20000
		}
		free := true
		for port := base; port < base+100 && free; port++ {
			l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
			if free = err == nil; free {
				l.Close()
			}
		}
		if free {
			return base
		}
	}
	t.Fatal("no block of a hundred free ports was found")
	return 0
}

// A practice is a simulator and the daemon that watches it, each a process.
type practice struct {
	dir     string
	base    int
	config  string
	sim     *process
	watcher *process
}

func practise(t testing.TB, simArgs ...string) *practice {
	t.Helper()
	w := &practice{dir: t.TempDir(), base: freeBlock(t)}
	w.config = filepath.Join(w.dir, "hikeshi.yaml")
	w.sim = start(t, w.dir, append([]string{"sim", "--port-base", fmt.Sprint(w.base), "--write-config", w.config}, simArgs...)...)
	w.sim.await(t, "Ctrl-C")
	return w
}

func (w *practice) watch(t testing.TB) {
	t.Helper()
	w.watcher = start(t, w.dir, "run", "--config", w.config)
	w.watcher.await(t, "Dashboard")
}

func (w *practice) dashboard(path string) string {
	return fmt.Sprintf("http://127.0.0.1:%d%s", w.base+60, path)
}

// control calls the simulator's control interface and decodes its answer into v, when there is one.
func (w *practice) control(t testing.TB, method, path string, body, v any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, fmt.Sprintf("http://127.0.0.1:%d%s", w.base+99, path), bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s (%v)", method, path, res.StatusCode, got, err)
	}
	if v != nil {
		if err := json.Unmarshal(got, v); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, got)
		}
	}
}

// A seen is what a program reads of a verdict.
type seen struct {
	Scope      string
	Parts      []string
	Pairs      []string
	Sentence   string
	SentenceID string `json:"sentence_id"`
	Text       string
	at         time.Time // when it arrived
}

func (s seen) String() string { return strings.TrimSpace(s.Scope + " " + strings.Join(s.Parts, "+")) }

// listen follows the daemon's event stream until the test ends; verdicts arrive on the channel.
func (w *practice) listen(t testing.TB) <-chan seen {
	t.Helper()
	res, err := http.Get(w.dashboard("/api/v1/events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	out := make(chan seen, 1024)
	go func() {
		defer close(out)
		kind := ""
		for in := bufio.NewReader(res.Body); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if k, ok := strings.CutPrefix(line, "event: "); ok {
				kind = strings.TrimSpace(k)
			}
			if d, ok := strings.CutPrefix(line, "data: "); ok && kind == "verdict" {
				s := seen{at: time.Now()}
				if json.Unmarshal([]byte(d), &s) == nil {
					out <- s
				}
			}
		}
	}()
	return out
}
