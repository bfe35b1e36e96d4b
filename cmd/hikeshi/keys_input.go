package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"

	"hikeshi/internal/app"
	"hikeshi/internal/config"
	"hikeshi/internal/keys"
	"hikeshi/internal/secret"
	"hikeshi/internal/text"
)

// longestLine bounds a typed or piped line: bitbank's key and secret are 36 and 64 characters.
const longestLine = 4 << 10

// shortestPassphrase, in characters, of a new one: eight of a person's own making are guessed within days.
const shortestPassphrase = 12

var errLong = errors.New("the line is too long")

// readLine takes one line and not a byte more, so that the next reader finds the next line. The end of the input ends a
// line too; with nothing on it, that is io.EOF.
func readLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for len(line) <= longestLine {
		n, err := r.Read(b)
		switch {
		case n == 1 && b[0] == '\n':
			return strings.TrimSpace(string(line)), nil
		case n == 1:
			line = append(line, b[0])
		case errors.Is(err, io.EOF) && len(line) > 0:
			return strings.TrimSpace(string(line)), nil
		case err != nil:
			return "", err
		}
	}
	return "", errLong
}

// awaitLine is readLine that ends with ctx: then the read stays behind until the program ends, which is at once.
func awaitLine(ctx context.Context, r io.Reader) (string, error) {
	type line struct {
		s   string
		err error
	}
	read := make(chan line, 1)
	go func() {
		s, err := readLine(r)
		read <- line{s, err}
	}()
	select {
	case l := <-read:
		return l.s, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// askHidden asks on the terminal, which does not show the answer, and shows it again afterwards whatever happens.
func (p *program) askHidden(ctx context.Context, id string) (secret.Value, error) {
	fmt.Fprint(p.stderr, p.say(id, nil), " ")
	restore, ok := silence(p.stdin)
	if !ok {
		return secret.Value{}, p.fail("cli.keys.terminal", "cli.keys.terminal.hint", nil)
	}
	line, err := awaitLine(ctx, p.stdin)
	fmt.Fprintln(p.stderr) // the newline was not shown either
	if err := errors.Join(err, restore()); err != nil {
		return secret.Value{}, p.inputFailed(ctx)
	}
	return secret.New(line), nil
}

func (p *program) inputFailed(ctx context.Context) error {
	if ctx.Err() != nil {
		return p.fail("cli.stopped", "", nil)
	}
	return p.fail("cli.keys.input", "cli.keys.input.hint", nil)
}

// keyPair reads an API key and its secret: from two files, from a terminal, or as two lines of standard input. Arguments
// and the environment are no way in: both show in lists of processes, and arguments in the shell's history.
func (p *program) keyPair(ctx context.Context, cfg config.Config, files [2]string) (pair [2]secret.Value, err error) {
	if files[0] != "" {
		for i, path := range files {
			if pair[i], err = readKeyFile(cfg, path); err != nil {
				return pair, p.worded(err)
			}
		}
		return pair, nil
	}
	if isTerminal(p.stdin) {
		for i, id := range []string{"cli.keys.ask.id", "cli.keys.ask.secret"} {
			if pair[i], err = p.askHidden(ctx, id); err != nil {
				return pair, err
			}
		}
	} else {
		for i := range pair {
			line, err := awaitLine(ctx, p.stdin)
			if err != nil {
				return pair, p.inputFailed(ctx)
			}
			pair[i] = secret.New(line)
		}
	}
	if pair[0].IsZero() || pair[1].IsZero() {
		return pair, p.inputFailed(ctx)
	}
	return pair, nil
}

// readKeyFile wants a file that nobody else can read. What is no ordinary file (a pipe, say) has no such modes.
func readKeyFile(cfg config.Config, path string) (secret.Value, error) {
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return secret.Value{}, app.KeysTrouble(cfg, &keys.PermissionError{Path: path, Mode: info.Mode()})
	}
	v, err := secret.Read(path)
	if err != nil {
		return v, &app.Trouble{ID: "keys.file", Args: text.Args{"path": path}, Err: err}
	}
	return v, nil
}

// openKeys opens the kept keys. A passphrase that the configuration names no file of is asked for; new asks for one when
// there are no keys yet.
func (p *program) openKeys(ctx context.Context, cfg config.Config, protect bool) (*keys.Store, error) {
	_, err := os.Stat(keys.File(keys.Folder(cfg.DataDir)))
	var with secret.Value
	if protect && errors.Is(err, fs.ErrNotExist) {
		if with, err = p.newPassphrase(ctx); err != nil {
			return nil, err
		}
	}
	s, err := app.OpenKeys(cfg, with)
	if errors.Is(err, keys.ErrPassphrase) && isTerminal(p.stdin) {
		if with, err = p.askHidden(ctx, "cli.keys.ask.passphrase"); err != nil {
			return nil, err
		}
		s, err = app.OpenKeys(cfg, with)
	}
	if err != nil {
		return nil, p.worded(err)
	}
	return s, nil
}

func (p *program) newPassphrase(ctx context.Context) (secret.Value, error) {
	first, err := p.askHidden(ctx, "cli.keys.ask.passphrase.new")
	if err != nil {
		return first, err
	}
	if utf8.RuneCountInString(first.Reveal()) < shortestPassphrase {
		return first, p.fail("cli.keys.passphrase.short", "cli.keys.passphrase.short.hint", nil)
	}
	again, err := p.askHidden(ctx, "cli.keys.ask.passphrase.again")
	if err != nil {
		return again, err
	}
	if first.Reveal() != again.Reveal() {
		return again, p.fail("cli.keys.passphrase.differ", "", nil)
	}
	return first, nil
}

// rights are what the owner confirms: by the option, or by typing them after a look at bitbank's page.
func (p *program) rights(ctx context.Context, given string) (keys.Rights, error) {
	if given == "" {
		if !isTerminal(p.stdin) {
			return keys.Rights{}, p.misused("cli.keys.rights.missing", "cli.keys.rights.hint", nil)
		}
		fmt.Fprintln(p.stderr, p.say("cli.keys.rights.page", nil))
		fmt.Fprint(p.stderr, p.say("cli.keys.ask.rights", nil), " ")
		var err error
		if given, err = awaitLine(ctx, p.stdin); err != nil {
			return keys.Rights{}, p.inputFailed(ctx)
		}
	}
	r, err := keys.ParseRights(given)
	switch {
	case errors.Is(err, keys.ErrWithdrawal):
		return r, p.fail("cli.keys.withdrawal", "cli.keys.withdrawal.hint", nil)
	case err != nil:
		return r, p.misused("cli.keys.rights.wrong", "cli.keys.rights.hint", nil)
	}
	return r, nil
}
