package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"hikeshi/internal/journal"
	"hikeshi/internal/text"
)

func (p *program) journal() *cobra.Command {
	c := &cobra.Command{
		Use:   "journal",
		Short: p.say("cli.journal", nil),
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		p.withConfig(p.withJSON(&cobra.Command{
			Use:   "verify [EXPORT]",
			Short: p.say("cli.journal.verify", nil),
			Long:  p.say("cli.journal.verify.long", nil),
			Args:  cobra.MaximumNArgs(1),
			RunE: func(c *cobra.Command, args []string) error {
				if len(args) == 1 {
					return p.verifyExport(args[0])
				}
				return p.withJournal(c.Context(), func(j *journal.Journal) error {
					report, err := j.Verify(c.Context())
					if err != nil {
						return err
					}
					return p.tellReport(report)
				})
			},
		})),
		p.withConfig(&cobra.Command{
			Use:     "export",
			Short:   p.say("cli.journal.export", nil),
			Example: "  hikeshi journal export > journal.jsonl\n  hikeshi journal verify journal.jsonl",
			Args:    cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				return p.withJournal(c.Context(), func(j *journal.Journal) error { return j.Export(c.Context(), p.stdout) })
			},
		}),
	)
	return c
}

// withJournal opens the journal for reading, beside a daemon that may be writing it.
func (p *program) withJournal(ctx context.Context, use func(*journal.Journal) error) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	path := filepath.Join(cfg.DataDir, "journal.db")
	j, err := journal.Open(ctx, path, journal.Options{ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) {
		return p.fail("cli.journal.none", "cli.journal.none.hint", text.Args{"path": path})
	}
	if err != nil {
		return err
	}
	return errors.Join(use(j), j.Close())
}

func (p *program) verifyExport(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p.fail("cli.journal.none", "", text.Args{"path": path})
	}
	if err != nil {
		return err
	}
	defer f.Close()
	report, err := journal.VerifyExport(f)
	if err != nil {
		return err
	}
	return p.tellReport(report)
}

func (p *program) tellReport(r journal.Report) error {
	if p.asJSON {
		if err := p.printJSON(r); err != nil {
			return err
		}
		if r.Broken != 0 {
			return exitCode(exitFailed)
		}
		return nil
	}
	if r.Broken != 0 {
		return p.fail("cli.journal.broken", "cli.journal.broken.hint", text.Args{"n": fmt.Sprint(r.Broken)})
	}
	fmt.Fprintln(p.stdout, p.say("cli.journal.ok", text.Args{"n": strconv.Itoa(r.Records)}))
	return nil
}
