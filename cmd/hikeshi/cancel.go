package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/internal/account"
	"hikeshi/internal/config"
	"hikeshi/internal/text"
	"hikeshi/internal/web"
)

// cancelUsual is how long the command waits for its plan: three hundred orders take two seconds while bitbank answers.
const cancelUsual = 30 * time.Second

// A cancelAsked is what the command was asked for, as the daemon's API takes it.
type cancelAsked struct {
	Bot        string `json:"bot"`
	Pair       string `json:"pair"`
	Protective bool   `json:"protective"`
	Why        string `json:"why"`
	DryRun     bool   `json:"dry_run"`
}

// cancelAll is the command that cancels every order of a bot or of the account.
func (p *program) cancelAll() *cobra.Command {
	var asked cancelAsked
	yes, wait, giveUp := false, cancelUsual, ""
	c := p.withConfig(p.withJSON(&cobra.Command{
		Use:     "cancel-all [BOT]",
		Short:   p.say("cli.cancel", nil),
		Long:    p.say("cli.cancel.long", nil),
		Example: "  hikeshi cancel-all --dry-run\n  hikeshi cancel-all grid --pair btc_jpy\n  hikeshi cancel-all --give-up plan-3-17",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				asked.Bot = args[0]
			}
			if yes && asked.DryRun {
				return p.misused("cli.cancel.both", "cli.cancel.both.hint", nil)
			}
			cfg, err := p.loadConfig()
			if err != nil {
				return err
			}
			if giveUp != "" {
				var o web.Plans
				if err := p.ask(c.Context(), cfg, "/api/v1/give-up", map[string]any{"id": giveUp}, "", &o); err != nil {
					return err
				}
				return p.tellPlan(planNamed(o, giveUp))
			}
			return p.cancelOrders(c.Context(), cfg, asked, yes, wait)
		},
	}))
	c.Flags().StringVar(&asked.Pair, "pair", "", p.say("cli.cancel.flag.pair", nil))
	c.Flags().BoolVar(&asked.Protective, "protective", false, p.say("cli.cancel.flag.protective", nil))
	c.Flags().StringVar(&asked.Why, "why", "", p.say("cli.freeze.flag.why", nil))
	c.Flags().BoolVar(&asked.DryRun, "dry-run", false, p.say("cli.cancel.flag.dry", nil))
	c.Flags().BoolVar(&yes, "yes", false, p.say("cli.cancel.flag.yes", nil))
	c.Flags().DurationVar(&wait, "wait", cancelUsual, p.say("cli.cancel.flag.wait", nil))
	c.Flags().StringVar(&giveUp, "give-up", "", p.say("cli.cancel.flag.giveup", nil))
	return c
}

func (p *program) cancelOrders(ctx context.Context, cfg config.Config, asked cancelAsked, yes bool, wait time.Duration) error {
	look := asked
	look.DryRun = true
	var would, plan web.Plan
	if !yes {
		if err := p.ask(ctx, cfg, "/api/v1/cancel-all", look, asked.Bot, &would); err != nil {
			return err
		}
		if asked.DryRun {
			return p.tellPlan(would)
		}
		if err := p.sure(ctx, would); err != nil {
			return err
		}
	}
	if err := p.ask(ctx, cfg, "/api/v1/cancel-all", asked, asked.Bot, &plan); err != nil {
		return err
	}
	for end := time.Now().Add(wait); time.Time(plan.Ended).IsZero() && time.Now().Before(end); {
		if !p.asJSON {
			fmt.Fprintln(p.stderr, plan.Text)
		}
		select {
		case <-ctx.Done():
			return p.goesOn(plan)
		case <-time.After(time.Second):
		}
		var o web.Plans
		if err := p.ask(ctx, cfg, "/api/v1/plans", nil, "", &o); err != nil {
			return err
		}
		plan = planNamed(o, plan.ID)
	}
	if err := p.tellPlan(plan); err != nil {
		return err
	}
	return p.goesOn(plan)
}

// sure shows what would be done, and asks.
func (p *program) sure(ctx context.Context, would web.Plan) error {
	if !isTerminal(p.stdin) {
		return p.fail("cli.cancel.mute", "cli.cancel.mute.hint", nil)
	}
	p.printPlan(would)
	fmt.Fprint(p.stderr, p.say("cli.cancel.ask", text.Args{"n": strconv.Itoa(len(would.Orders) + len(would.Lost))}), " ")
	line, err := awaitLine(ctx, p.stdin)
	if err != nil || line != "yes" {
		return p.fail("cli.cancel.no", "", nil)
	}
	return nil
}

// goesOn ends the command: 9 while orders are left.
func (p *program) goesOn(plan web.Plan) error {
	if time.Time(plan.Ended).IsZero() {
		fmt.Fprintln(p.stderr, p.say("cli.cancel.goes", text.Args{"id": plan.ID}))
	}
	if plan.Left > 0 {
		return exitCode(exitDoubt)
	}
	return nil
}

func planNamed(o web.Plans, id string) web.Plan {
	for _, x := range o.Plans {
		if x.ID == id {
			return x
		}
	}
	return web.Plan{ID: id, State: string(account.PlanOver)}
}

func (p *program) tellPlan(plan web.Plan) error {
	if p.asJSON {
		return p.printJSON(plan)
	}
	p.printPlan(plan)
	return nil
}

func (p *program) printPlan(plan web.Plan) {
	fmt.Fprintln(p.stdout, plan.Text)
	for _, o := range plan.Orders {
		fmt.Fprintf(p.stdout, "  #%d  %s  %s\n", o.OrderID, whatAndHow(o.Order), o.Text)
	}
	for _, x := range plan.Lost {
		fmt.Fprintln(p.stdout, " ", p.say("cli.cancel.lost", text.Args{"what": whatAndHow(x)}))
	}
	for _, o := range plan.Spared {
		fmt.Fprintln(p.stdout, " ", p.say("cli.cancel.spare", text.Args{"what": whatAndHow(o)}))
	}
}

// whatAndHow is an order with its amount and prices as the API gives them.
func whatAndHow(o web.Order) string {
	out := o.What + " " + o.Amount
	for _, price := range []string{o.Price, o.TriggerPrice} {
		if price != "" {
			out += " @ " + price
		}
	}
	return out
}
