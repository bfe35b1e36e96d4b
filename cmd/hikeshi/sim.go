package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"hikeshi/internal/sim"
	"hikeshi/internal/text"
)

func (p *program) sim() *cobra.Command {
	var o sim.Options
	var file, scenario string
	c := &cobra.Command{
		Use:     "sim",
		Short:   p.say("cli.sim", nil),
		Long:    p.say("cli.sim.long", nil),
		Example: "  hikeshi sim --write-config practice/hikeshi.yaml\n  hikeshi run --config practice/hikeshi.yaml",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.Logger = p.log()
			if p.getenv("GOGC") == "" {
				debug.SetGCPercent(50) // it lives beside the bot that is tested; small is worth more than the last order a second
			}
			s, err := sim.New(o)
			if err != nil {
				return p.misused("cli.sim.options", "cli.hint.help", text.Args{"err": err.Error(), "path": c.CommandPath()})
			}
			defer s.Close()
			if err := p.knownScenario(scenario); err != nil {
				return err
			}
			if err := s.Listen(); err != nil {
				return p.simPort(err, o.PortBase)
			}
			if file != "" {
				if err := s.WriteConfig(file); err != nil {
					return p.fail("cli.sim.config", "cli.sim.config.hint", text.Args{"err": err.Error(), "path": file})
				}
			}
			for _, h := range sim.Hosts() {
				fmt.Fprintf(p.stdout, "%-9s %s\n", h, s.URL(h))
			}
			fmt.Fprintf(p.stdout, "%-9s %s\n", sim.Control, s.URL(sim.Control))
			key, secret := sim.Key()
			fmt.Fprintln(p.stdout, p.say("cli.sim.key", text.Args{"key": key, "secret": secret}))
			if file != "" {
				fmt.Fprintln(p.stdout, p.say("cli.sim.ready.config", text.Args{"path": file}))
			}
			fmt.Fprintln(p.stdout, p.say("cli.sim.ready", nil))
			if scenario != "" {
				if _, err := s.PlayScenario(scenario); err != nil {
					return err
				}
			}
			return s.Run(c.Context())
		},
	}
	f := c.Flags()
	f.IntVar(&o.PortBase, "port-base", 8100, p.say("cli.sim.flag.port", nil))
	f.StringVar(&file, "write-config", "", p.say("cli.sim.flag.config", nil))
	f.Uint64Var(&o.Seed, "seed", 1, p.say("cli.sim.flag.seed", nil))
	f.Float64Var(&o.Speed, "speed", 1, p.say("cli.sim.flag.speed", nil))
	f.BoolVar(&o.TLS, "tls", false, p.say("cli.sim.flag.tls", nil))
	f.IntVar(&o.Limits.Query, "query-limit", 10, p.say("cli.sim.flag.query", nil))
	f.IntVar(&o.Limits.Update, "update-limit", 6, p.say("cli.sim.flag.update", nil))
	f.IntVar(&o.Limits.Live, "live-limit", 30, p.say("cli.sim.flag.live", nil))
	f.StringVar(&scenario, "scenario", "", p.say("cli.sim.flag.scenario", nil))
	return c
}

// knownScenario refuses a name that no scenario has; "" is none.
func (p *program) knownScenario(name string) error {
	if name == "" || slices.Contains(sim.Scenarios(), name) {
		return nil
	}
	return p.misused("cli.sim.scenario", "cli.sim.scenario.hint", text.Args{"name": name, "all": strings.Join(sim.Scenarios(), ", ")})
}

// simPort words a port that could not be had.
func (p *program) simPort(err error, base int) error {
	id := "cli.sim.listen"
	if errors.Is(err, syscall.EADDRINUSE) {
		id = "cli.sim.port"
	}
	return p.fail(id, "cli.sim.port.hint", text.Args{"from": strconv.Itoa(base), "to": strconv.Itoa(base + 99), "err": err.Error()})
}
