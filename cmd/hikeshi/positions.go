package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/internal/account"
	"hikeshi/internal/exposure"
	"hikeshi/internal/journal"
	"hikeshi/internal/text"
	"hikeshi/internal/web"
)

const positionsPath = "/api/v1/positions"

// positions is the command that says what the account holds and what it is worth.
func (p *program) positions() *cobra.Command {
	c := p.withConfig(p.withJSON(&cobra.Command{
		Use:     "positions",
		Short:   p.say("cli.positions", nil),
		Long:    p.say("cli.positions.long", nil),
		Example: "  hikeshi positions\n  hikeshi positions line add below btc_jpy 9000000\n  hikeshi positions line list",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			x, err := p.exposed(c.Context())
			if err != nil {
				return err
			}
			if p.asJSON {
				err = p.printJSON(x)
			} else {
				p.printExposed(x)
			}
			if err == nil && (x.State == "alarm" || x.State == "crossed") {
				err = exitCode(exitDoubt)
			}
			return err
		},
	}))
	c.AddCommand(p.line())
	return c
}

// exposed asks the running daemon, which knows prices, and without one the journal, which knows none.
func (p *program) exposed(ctx context.Context) (web.Exposed, error) {
	var x web.Exposed
	cfg, err := p.loadConfig()
	if err != nil {
		return x, err
	}
	err = p.ask(ctx, cfg, positionsPath+"?lang="+string(p.lang), nil, "", &x)
	if f, is := errors.AsType[*failure](err); !is || f.what != p.say("cli.daemon.none", text.Args{"addr": cfg.Listen}) {
		return x, err
	}
	err = p.withJournal(ctx, func(j *journal.Journal) error {
		m, err := account.Remember(ctx, j)
		if err == nil {
			x = web.DescribeExposure(p.lang, exposure.Of(account.ViewOf(m.Ledger, time.Now()).Exposure), true)
		}
		return err
	})
	return x, err
}

func (p *program) printExposed(x web.Exposed) {
	fmt.Fprintln(p.stdout, x.Sentence)
	if at := time.Time(x.Worth.Prices); !at.IsZero() {
		fmt.Fprintln(p.stdout, p.say("positions.worth.prices", text.Args{"age": p.ago(time.Time(x.At).Sub(at))}))
	}
	if x.Worth.Note != "" {
		fmt.Fprintln(p.stdout, x.Worth.Note)
	}
	if x.Margin.Demand != nil {
		fmt.Fprintln(p.stdout, x.Margin.Demand.Text)
	}
	var open, held, coins, stops []string
	for _, o := range x.Positions {
		open = append(open, join("  ", o.Position.Text, o.Result, o.Priced.Text, p.read(time.Time(x.At), time.Time(o.Position.At), o.Old)))
	}
	for _, a := range x.Assets {
		value := a.ValueText
		held = append(held, join("  ", a.Text, value, a.Priced.Text, p.read(time.Time(x.At), time.Time(a.Of), a.Old)))
	}
	for _, c := range x.Coins {
		if c.Text != "" || c.Long != "0" || c.Short != "0" {
			coins = append(coins, join("  ", p.say("cli.positions.coin", text.Args{"coin": strings.ToUpper(c.Asset), "spot": c.Spot, "long": c.Long, "short": c.Short, "net": c.Net}), c.Text))
		}
	}
	for _, s := range x.Stops {
		if s.Wanted {
			stops = append(stops, join("  ", s.What, s.Text, s.How))
		}
	}
	p.list("web.order.positions", open)
	p.list("positions.assets", held)
	p.list("positions.coins", coins)
	margin := []string{x.Margin.Text}
	if e := x.Margin.Ours; e != nil {
		margin = append(margin, e.Text)
		for _, r := range e.Reaches {
			margin = append(margin, r.Text)
		}
		margin = append(margin, p.say("cli.positions.assumes", text.Args{"what": strings.Join(e.Assuming, "; ")}))
	}
	p.list("positions.margin", margin)
	p.list("positions.stops", stops)
	p.printLines(x)
	fmt.Fprintf(p.stdout, "\n%s\n", p.say("cli.unofficial", nil))
}

// read says how old a figure is, and that it is too old.
func (p *program) read(now, at time.Time, old bool) string {
	id := "cli.positions.read"
	if old {
		id = "cli.positions.old"
	}
	return p.say(id, text.Args{"age": p.ago(now.Sub(at))})
}

func join(by string, parts ...string) string {
	var some []string
	for _, s := range parts {
		if s != "" {
			some = append(some, s)
		}
	}
	return strings.Join(some, by)
}

func (p *program) printLines(x web.Exposed) {
	var out []string
	for _, l := range x.Lines {
		s := fmt.Sprintf("%d  %s  %s", l.ID, l.What, l.Text)
		if l.Why != "" {
			s += "  " + p.say("positions.line.why", text.Args{"why": l.Why})
		}
		out = append(out, s)
	}
	p.list("positions.lines", out)
}

// line are the commands about the owner's lines.
func (p *program) line() *cobra.Command {
	c := &cobra.Command{Use: "line", Short: p.say("cli.positions.line", nil), Long: p.say("cli.positions.line.long", nil), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	why := ""
	add := p.withConfig(&cobra.Command{
		Use:     "add KIND [PAIR] [VALUE]",
		Short:   p.say("cli.positions.line.add", nil),
		Long:    p.say("cli.positions.line.add.long", nil),
		Example: "  hikeshi positions line add below btc_jpy 9000000\n  hikeshi positions line add loss 10%\n  hikeshi positions line add gap btc_jpy 3%\n  hikeshi positions line add stop btc_jpy",
		Args:    cobra.RangeArgs(1, 3),
		RunE: func(c *cobra.Command, args []string) error {
			asked := map[string]any{"kind": args[0], "why": why}
			for _, a := range args[1:] {
				key := "value"
				if strings.ContainsAny(a, "_/") {
					key = "pair"
				}
				if asked[key] != nil {
					return p.misused("cli.positions.line.twice", "cli.positions.line.hint", nil)
				}
				asked[key] = a
			}
			return p.lined(c.Context(), asked)
		},
	})
	add.Flags().StringVar(&why, "why", "", p.say("cli.positions.flag.why", nil))
	list := p.withConfig(p.withJSON(&cobra.Command{
		Use: "list", Short: p.say("cli.positions.line.list", nil), Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			x, err := p.exposed(c.Context())
			switch {
			case err != nil:
				return err
			case p.asJSON:
				return p.printJSON(x.Lines)
			case len(x.Lines) == 0:
				fmt.Fprintln(p.stdout, p.say("positions.lines.empty", nil))
			}
			p.printLines(x)
			return nil
		},
	}))
	remove := p.withConfig(&cobra.Command{
		Use: "remove NUMBER", Short: p.say("cli.positions.line.remove", nil), Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 1 {
				return p.misused("cli.positions.line.number", "cli.positions.line.hint", text.Args{"got": args[0]})
			}
			return p.lined(c.Context(), map[string]any{"remove": n})
		},
	})
	c.AddCommand(add, list, remove)
	return c
}

// lined sets or removes a line, and shows those that stand.
func (p *program) lined(ctx context.Context, asked map[string]any) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	var x web.Exposed
	if err := p.ask(ctx, cfg, positionsPath+"/line?lang="+string(p.lang), asked, "", &x); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, p.say("cli.positions.line.done", nil))
	if len(x.Lines) == 0 {
		fmt.Fprintln(p.stdout, p.say("positions.lines.empty", nil))
	}
	p.printLines(x)
	return nil
}
