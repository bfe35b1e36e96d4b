package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hikeshi/internal/text"
)

// terminal is a pseudo-terminal: whoever types, and what the program reads from.
func terminal(t *testing.T) (typist, tty *os.File) {
	t.Helper()
	typist, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { typist.Close() })
	if err := unix.IoctlSetPointerInt(int(typist.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(typist.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return typist, tty
}

func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	now, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return now.Lflag&unix.ECHO != 0
}

// silent waits until the terminal does not show what is typed.
func silent(t *testing.T, tty *os.File) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); echoes(t, tty); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the terminal shows what is typed")
		}
	}
}

func TestATypedSecretIsNotShownAndTheTerminalIsPutBack(t *testing.T) {
	typist, tty := terminal(t)
	var out bytes.Buffer
	p := &program{lang: text.English, stdin: tty, stdout: &out, stderr: &out}
	got := make(chan string, 1)
	go func() {
		v, err := p.askHidden(t.Context(), "cli.keys.ask.secret")
		if err != nil {
			got <- "error: " + err.Error()
			return
		}
		got <- v.Reveal()
	}()
	silent(t, tty)
	if _, err := typist.WriteString("sim-secret\n"); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "sim-secret" {
		t.Errorf("read %q", s)
	}
	if !echoes(t, tty) {
		t.Error("the terminal was left silent")
	}
	// What the terminal showed: nothing of it. A line typed afterwards shows, so the test would see it.
	if _, err := typist.WriteString("shown\n"); err != nil {
		t.Fatal(err)
	}
	var screen strings.Builder
	b := make([]byte, 100)
	for !strings.Contains(screen.String(), "shown") {
		n, err := typist.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		screen.Write(b[:n])
	}
	if strings.Contains(screen.String(), "sim") || strings.Contains(out.String(), "sim") {
		t.Errorf("on the screen: %q, printed: %q", screen.String(), out.String())
	}
}

func TestAnInterruptWhileTypingPutsTheTerminalBack(t *testing.T) {
	typist, tty := terminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	p := &program{lang: text.English, stdin: tty, stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}
	done := make(chan error, 1)
	go func() {
		_, err := p.askHidden(ctx, "cli.keys.ask.secret")
		done <- err
	}()
	silent(t, tty)
	interrupt()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "Stopped") {
		t.Errorf("got %v", err)
	}
	if !echoes(t, tty) {
		t.Error("the terminal was left silent")
	}
	// The read that stayed behind ends with a line, as it would with the program.
	if _, err := typist.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
}

// A whole conversation: new keys under a passphrase, which is wanted twice and long enough.
func TestANewPassphraseIsAskedForTwice(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"a long walk by the river", "a long walk by the river", ""},
		{"a long walk by the river", "a long walk by the sea", "differ"},
		{"short", "", "too short"},
	} {
		typist, tty := terminal(t)
		p := &program{lang: text.English, stdin: tty, stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}
		done := make(chan error, 1)
		go func() {
			v, err := p.newPassphrase(t.Context())
			if err == nil && v.Reveal() != c.first {
				err = fmt.Errorf("read %d characters", len(v.Reveal()))
			}
			done <- err
		}()
		silent(t, tty)
		for _, line := range []string{c.first, c.second} {
			if _, err := typist.WriteString(line + "\n"); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-done; (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q, %q: got %v, want %q", c.first, c.second, err, c.want)
		}
	}
}

func TestALineIsReadWithoutTheNext(t *testing.T) {
	r := strings.NewReader(" first \r\nsecond")
	for _, want := range []string{"first", "second"} {
		if got, err := readLine(r); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if _, err := readLine(r); err == nil {
		t.Error("a third line")
	}
	if _, err := readLine(strings.NewReader(strings.Repeat("x", longestLine+2))); err == nil {
		t.Error("a line without end was read")
	}
}

// The rights that are typed after a look at the page count like those of the option.
func TestRightsAreTyped(t *testing.T) {
	for typed, want := range map[string]string{"read": "", "参照、取引": "", "参照、取引、出金": "withdrawal right", "": "Reading must be among them"} {
		typist, tty := terminal(t)
		var out bytes.Buffer
		p := &program{lang: text.English, stdin: tty, stdout: &out, stderr: &out}
		if _, err := typist.WriteString(typed + "\n"); err != nil {
			t.Fatal(err)
		}
		_, err := p.rights(t.Context(), "")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", typed, err, want)
		}
		if !strings.Contains(out.String(), "app.bitbank.cc/account/api") {
			t.Errorf("the page is not named: %s", out.String())
		}
	}
}

// The whole of `keys add` at a terminal, up to a bitbank that cannot be reached.
func TestAKeyThatCannotBeTriedIsNotKept(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "hikeshi.yaml")
	cfg := "data_dir: data\nkey: {origin: 'http://127.0.0.1:1'}\nhosts: {private: {url: 'http://127.0.0.1:1'}}\n"
	if err := os.WriteFile(file, []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	typist, tty := terminal(t)
	var out bytes.Buffer
	p := &program{lang: text.English, stdin: tty, stdout: &out, stderr: &out, configFile: file}
	done := make(chan error, 1)
	go func() { done <- p.takeKey(t.Context(), taking{name: usualKey}) }()
	silent(t, tty)
	if _, err := typist.WriteString("sim-key\nsim-secret\nread\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "was not proved") || strings.Contains(err.Error(), "sim-") {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "data", "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
