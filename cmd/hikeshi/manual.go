package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/web"
)

// manual is the command that holds the bots while their owner trades by hand.
func (p *program) manual() *cobra.Command {
	length, why := web.ManualUsual, ""
	c := p.withConfig(&cobra.Command{
		Use:     "manual [BOT]",
		Short:   p.say("cli.manual", nil),
		Long:    p.say("cli.manual.long", nil),
		Example: "  hikeshi manual\n  hikeshi manual --for 2h grid",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			bot := ""
			if len(args) == 1 {
				bot = args[0]
			}
			if length < web.ManualLeast || length > web.ManualMost {
				return p.misused("cli.manual.for", "cli.manual.for.hint", text.Args{"got": length.String()})
			}
			return p.byHand(c.Context(), bot, length, why)
		},
	})
	c.Flags().DurationVar(&length, "for", web.ManualUsual, p.say("cli.manual.flag.for", nil))
	c.Flags().StringVar(&why, "why", "", p.say("cli.freeze.flag.why", nil))
	return c
}

func (p *program) byHand(ctx context.Context, bot string, length time.Duration, why string) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	var o struct {
		Stops []struct {
			Bot   string
			Until time.Time
		}
	}
	asked := map[string]any{"bot": bot, "seconds": int64(length / time.Second), "why": why}
	if err := p.ask(ctx, cfg, "/api/v1/manual", asked, bot, &o); err != nil {
		return err
	}
	who := text.Args{"who": web.Who(p.lang, bot)}
	for _, s := range o.Stops {
		switch {
		case s.Bot == bot && s.Until.IsZero():
			fmt.Fprintln(p.stdout, p.say("cli.manual.frozen", who))
		case s.Bot == bot:
			who["until"] = say.Day(p.lang, s.Until) + " " + say.Instant(p.lang, s.Until)
			fmt.Fprintln(p.stdout, p.say("cli.manual.done", who))
		}
	}
	return nil
}
