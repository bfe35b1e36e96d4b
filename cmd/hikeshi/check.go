package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/internal/app"
	"hikeshi/internal/diagnose"
	"hikeshi/internal/say"
	"hikeshi/internal/watch"
	"hikeshi/internal/web"
)

// exitCodes are what `check` ends with, so that scripts need not read it.
var exitCodes = map[diagnose.Scope]int{
	diagnose.Healthy: exitDone, diagnose.OwnLine: 3, diagnose.Path: 4, diagnose.Bitbank: 5, diagnose.Part: 6, diagnose.Maintenance: 7,
	diagnose.NotProven: 8,
}

func (p *program) check() *cobra.Command {
	return p.withConfig(p.withJSON(&cobra.Command{
		Use:     "check",
		Short:   p.say("cli.check", nil),
		Long:    p.say("cli.check.long", nil),
		Example: "  hikeshi check\n  hikeshi check --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := p.loadConfig()
			if err != nil {
				return err
			}
			waiting := time.AfterFunc(patience, func() { fmt.Fprintln(p.stderr, p.say("cli.check.looking", nil)) })
			s, err := app.Check(c.Context(), cfg, app.Options{})
			waiting.Stop()
			if err != nil {
				return p.worded(err)
			}
			if err := c.Context().Err(); err != nil {
				return p.fail("cli.stopped", "", nil)
			}
			if err := p.tellVerdict(s); err != nil {
				return err
			}
			if code := exitCodes[s.Verdict.Scope]; code != exitDone {
				return exitCode(code)
			}
			return nil
		},
	}))
}

func (p *program) tellVerdict(s watch.Snapshot) error {
	now := time.Now()
	if p.asJSON {
		return p.printJSON(web.Describe(p.lang, s, now))
	}
	w := say.Verdict(p.lang, s.Verdict, now)
	fmt.Fprintln(p.stdout, w.Sentence)
	if w.Since != "" {
		fmt.Fprintln(p.stdout, w.Since)
	}
	p.list("cli.check.first", []string{w.FirstStep})
	p.list("cli.check.reasons", w.Reasons)
	p.list("cli.check.known", w.Known)
	p.list("cli.check.unknown", w.Unknown)
	fmt.Fprintf(p.stdout, "\n%s  %s\n", w.Looked, p.say("cli.unofficial", nil))
	return nil
}

// list prints a heading and its lines, or nothing when there is none.
func (p *program) list(id string, lines []string) {
	if len(lines) == 0 || lines[0] == "" {
		return
	}
	fmt.Fprintf(p.stdout, "\n%s\n", p.say(id, nil))
	for _, l := range lines {
		fmt.Fprintln(p.stdout, "  -", l)
	}
}
