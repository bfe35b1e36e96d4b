package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"hikeshi/internal/config"
	"hikeshi/internal/text"
)

func (p *program) config() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: p.say("cli.config", nil),
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		p.withConfig(&cobra.Command{
			Use:   "check",
			Short: p.say("cli.config.check", nil),
			Args:  cobra.NoArgs,
			RunE:  func(*cobra.Command, []string) error { return p.checkConfig() },
		}),
		&cobra.Command{
			Use:   "example",
			Short: p.say("cli.config.example", nil),
			Args:  cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				_, err := io.WriteString(p.stdout, config.Example)
				return err
			},
		},
	)
	return c
}

func (p *program) checkConfig() error {
	if _, err := p.loadConfig(); err != nil {
		return err
	}
	file := p.configFile
	if file == "" {
		file = config.Path()
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			file = ""
		}
	}
	if file == "" {
		fmt.Fprintln(p.stdout, p.say("config.ok.default", nil))
		return nil
	}
	fmt.Fprintln(p.stdout, p.say("config.ok", text.Args{"file": file}))
	return nil
}
