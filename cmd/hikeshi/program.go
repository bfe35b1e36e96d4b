package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"hikeshi/internal/config"
	"hikeshi/internal/text"
)

// Exit codes of every command.
const (
	exitDone    = 0
	exitFailed  = 1
	exitMisused = 2
)

// A program is one run of hikeshi: what every command shares.
type program struct {
	lang           text.Lang
	getenv         func(string) string
	stdin          *os.File // a terminal, where keys are typed
	stdout, stderr io.Writer
	configFile     string // --config; "" looks in the usual place
	asJSON         bool   // --json, of the commands that have it
}

// say is a sentence of the catalogue in the program's language.
func (p *program) say(id string, args text.Args) string { return text.Say(p.lang, id, args) }

// A failure is an error that is worded for the owner: "hikeshi: " + what, then a line for the hint, if there is one.
type failure struct {
	code       int
	what, hint string
}

func (f *failure) Error() string { return f.what }

// fail words a failure by its ids in the catalogue; an empty hint says that there is nothing to try.
func (p *program) fail(what, hint string, args text.Args) error {
	f := &failure{code: exitFailed, what: p.say(what, args)}
	if hint != "" {
		f.hint = p.say(hint, args)
	}
	return f
}

// misused is fail for a command line that is wrong.
func (p *program) misused(what, hint string, args text.Args) error {
	err := p.fail(what, hint, args)
	if f, ok := errors.AsType[*failure](err); ok {
		f.code = exitMisused
	}
	return err
}

// An exitCode ends a command with a code and no message: what there was to say stands on standard output.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// finish tells what went wrong, if anything, and returns the exit code.
func (p *program) finish(err error) int {
	if err == nil {
		return exitDone
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	if ms, ok := errors.AsType[config.Mistakes](err); ok {
		for _, m := range ms {
			fmt.Fprintln(p.stderr, "hikeshi:", m.Sentence(p.lang))
		}
		fmt.Fprintln(p.stderr, "hikeshi: hint:", p.say("config.hint", nil))
		return exitFailed
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{code: exitFailed, what: err.Error()}
	}
	fmt.Fprintln(p.stderr, "hikeshi:", f.what)
	if f.hint != "" {
		fmt.Fprintln(p.stderr, "hikeshi: hint:", f.hint)
	}
	return f.code
}

// printJSON writes v for programs.
func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// loadConfig reads the file that --config names, or the usual one.
func (p *program) loadConfig() (config.Config, error) { return config.Load(p.configFile) }

// withConfig gives a command the flag --config.
func (p *program) withConfig(c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&p.configFile, "config", "", p.say("cli.flag.config", nil))
	return c
}

// withJSON gives a command the flag --json.
func (p *program) withJSON(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&p.asJSON, "json", false, p.say("cli.flag.json", nil))
	return c
}

// language is known before the command line is parsed, because help and mistakes are worded in it: --lang, else the
// locale by its usual precedence, else Japanese.
func language(args []string, getenv func(string) string) text.Lang {
	for i, a := range args {
		if a == "--" {
			break
		}
		v, ok := strings.CutPrefix(a, "--lang=")
		if a == "--lang" && i+1 < len(args) {
			v, ok = args[i+1], true
		}
		if !ok {
			continue
		}
		if l, known := text.Parse(v); known {
			return l
		}
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if l, ok := text.Parse(getenv(name)); ok {
			return l
		}
	}
	return text.Japanese
}
