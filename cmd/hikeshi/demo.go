package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"hikeshi/internal/app"
	"hikeshi/internal/config"
	"hikeshi/internal/say"
	"hikeshi/internal/sim"
	"hikeshi/internal/text"
)

func (p *program) demo() *cobra.Command {
	var base int
	var scenario string
	c := &cobra.Command{
		Use:   "demo",
		Short: p.say("cli.demo", nil),
		Long:  p.say("cli.demo.long", nil),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "hikeshi-demo-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			return p.rehearse(c.Context(), dir, base, scenario)
		},
	}
	c.Flags().IntVar(&base, "port-base", 0, p.say("cli.demo.flag.port", nil))
	c.Flags().StringVar(&scenario, "scenario", "demo", p.say("cli.sim.flag.scenario", nil))
	return c
}

// calmFirst is how long the demo shows a healthy bitbank, so that a newcomer sees what changes.
const calmFirst = 8 * time.Second

// rehearse runs the simulator and the daemon side by side, plays the scenario, and goes on until ctx ends.
func (p *program) rehearse(ctx context.Context, dir string, base int, scenario string) error {
	world, err := p.openWorld(base)
	if err != nil {
		return err
	}
	defer world.Close()
	if err := p.knownScenario(scenario); err != nil {
		return err
	}
	file := filepath.Join(dir, "hikeshi.yaml")
	if err := world.WriteConfig(file); err != nil {
		return err
	}
	cfg, err := config.Load(file)
	if err != nil {
		return err
	}
	bot, err := newQuoter(cfg)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, p.say("cli.demo.begins", nil))
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return world.Run(ctx) })
	g.Go(func() error { return p.daemon(ctx, cfg, app.Options{}) })
	g.Go(func() error { bot.run(ctx); return nil })
	g.Go(func() error { p.tellLost(ctx, cfg); return nil })
	g.Go(func() error {
		if !pause(ctx, calmFirst) {
			return nil
		}
		length, err := world.PlayScenario(scenario)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.stdout, p.say("cli.demo.plays", text.Args{"for": say.For(p.lang, length.Round(time.Second))}))
		if pause(ctx, length) {
			fmt.Fprintln(p.stdout, p.say("cli.demo.played", nil))
		}
		return nil
	})
	return g.Wait()
}

// openWorld takes the ports from base, or from the first free block when base is 0.
func (p *program) openWorld(base int) (*sim.Sim, error) {
	given := base != 0
	if !given {
		base = 8100
	}
	for {
		world, err := sim.New(sim.Options{Seed: 1, PortBase: base, Logger: p.log()})
		if err != nil {
			return nil, p.misused("cli.sim.options", "cli.hint.help", text.Args{"err": err.Error(), "path": "hikeshi demo"})
		}
		err = world.Listen()
		if err == nil {
			return world, nil
		}
		world.Close()
		// Ten blocks of a hundred ports: somebody who uses them all has another problem.
		if given || base >= 9100 || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, p.simPort(err, base)
		}
		base += 100
	}
}

// pause waits and reports whether it was not cut short.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
