package sim

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A loader sends signed requests over one connection, one after the other, with as little work of its own as it can.
type loader struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte
}

func newLoader(b *testing.B, base int) *loader {
	c, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+1)))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return &loader{conn: c, r: bufio.NewReaderSize(c, 32<<10)}
}

// send asks and returns the body, which is good until the next call.
func (l *loader) send(method, path string, body []byte) ([]byte, error) {
	payload := body
	if method == "GET" {
		payload = []byte(path)
	}
	at := strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(accountSecret))
	mac.Write([]byte(at + "5000"))
	mac.Write(payload)
	l.buf = fmt.Appendf(l.buf[:0], "%s %s HTTP/1.1\r\nHost: x\r\nACCESS-KEY: %s\r\nACCESS-REQUEST-TIME: %s\r\nACCESS-TIME-WINDOW: 5000\r\nACCESS-SIGNATURE: %s\r\nContent-Length: %d\r\n\r\n",
		method, path, accountKey, at, hex.EncodeToString(mac.Sum(nil)), len(body))
	if _, err := l.conn.Write(append(l.buf, body...)); err != nil {
		return nil, err
	}
	length := 0
	for first := true; ; first = false {
		line, err := l.r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return nil, fmt.Errorf("%s", line)
		}
		if len(line) == 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(string(v)))
		}
	}
	l.buf = append(l.buf[:0], make([]byte, length)...)
	_, err := io.ReadFull(l.r, l.buf)
	return l.buf, err
}

// A process is `hikeshi sim` as a user starts it, with the limits raised.
type process struct {
	base  int
	pid   int
	ready time.Duration // until it has printed its last line, on a busy machine too
}

func startProcess(b *testing.B) process {
	b.Helper()
	path := filepath.Join(b.TempDir(), "hikeshi")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "hikeshi/cmd/hikeshi").CombinedOutput(); err != nil {
		b.Fatalf("build: %v %s", err, out)
	}
	p := process{base: freeBase(b)}
	c := exec.Command(path, "sim", "--port-base", itoa(p.base), "--query-limit", "1000000000", "--update-limit", "1000000000")
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		c.Process.Signal(os.Interrupt)
		c.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "Ctrl-C") {
			p.pid, p.ready = c.Process.Pid, time.Since(began)
			go io.Copy(io.Discard, out)
			return p
		}
	}
	b.Fatal("hikeshi sim ended before it was ready")
	return p
}

// loaded runs each on four connections until the benchmark has had enough.
func loaded(b *testing.B, each func(l *loader, n int) error) {
	p := startProcess(b)
	const conns = 4
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range conns {
		l := newLoader(b, p.base)
		wg.Go(func() {
			for n := i; n < b.N; n += conns {
				if err := each(l, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(p.ready.Milliseconds()), "ready-ms")
	b.ReportMetric(p.resident(b), "MiB")
}

// resident is the memory that the process has.
func (p process) resident(b *testing.B) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		b.Logf("resident memory is only read on Linux: %v", err)
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	n, _ := strconv.Atoi(strings.Fields(after)[0])
	return float64(n) / 1024
}

func success1(body []byte, err error) error {
	if err == nil && !bytes.HasPrefix(body, []byte(`{"success":1`)) {
		return fmt.Errorf("refused: %.100s", body)
	}
	return err
}

func BenchmarkSignedReads(b *testing.B) {
	loaded(b, func(l *loader, _ int) error { return success1(l.send("GET", assetsPath, nil)) })
}

// Orders are accepted and filled at once: bought and sold in turn.
func BenchmarkSignedOrders(b *testing.B) {
	bodies := [][]byte{
		[]byte(`{"pair":"btc_jpy","amount":"0.0001","side":"buy","type":"market"}`),
		[]byte(`{"pair":"btc_jpy","amount":"0.0001","side":"sell","type":"market"}`),
	}
	loaded(b, func(l *loader, n int) error { return success1(l.send("POST", orderPath, bodies[n/4%2])) })
}
