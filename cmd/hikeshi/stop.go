package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/bitbank"
	"hikeshi/internal/text"
	"hikeshi/internal/web"
)

// stopTime bounds what the daemon asks of bitbank for a stop.
const stopTime = 15 * time.Second

// stop is the command of local stops.
func (p *program) stop() *cobra.Command {
	c := &cobra.Command{
		Use: "stop", Short: p.say("cli.stop", nil), Long: p.say("cli.stop.long", nil),
		Example: "  hikeshi stop add btc_jpy --trigger 9000000 --guard 8500000 --amount 0.1\n  hikeshi stop list\n  hikeshi stop what-now 1",
		Args:    cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.stopAdd(), p.stopList(), p.stopRemove(), p.stopGuard(), p.stopNow(), p.stopNative())
	return c
}

func (p *program) stopAdd() *cobra.Command {
	var f struct{ trigger, guard, amount, position, side, slippage, until, confirm string }
	c := p.withConfig(&cobra.Command{
		Use: "add PAIR", Short: p.say("cli.stop.add", nil), Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			body := map[string]any{"pair": args[0], "position_side": f.position, "side": f.side, "expires_at": f.until, "confirm": f.confirm}
			numbers := map[string]string{"trigger_price": f.trigger, "guard_price": f.guard, "amount": f.amount, "slippage_percent": f.slippage}
			if err := p.stopNumbers(body, numbers); err != nil {
				return err
			}
			return p.stopStep(c.Context(), "", body)
		},
	})
	flag := func(into *string, name string) {
		c.Flags().StringVar(into, name, "", p.say("cli.stop.flag."+name, nil))
	}
	flag(&f.trigger, "trigger")
	flag(&f.guard, "guard")
	flag(&f.amount, "amount")
	flag(&f.position, "position")
	flag(&f.side, "side")
	flag(&f.slippage, "slippage")
	flag(&f.until, "until")
	flag(&f.confirm, "confirm")
	return c
}

// stopStep does the first or the second step of an act.
func (p *program) stopStep(ctx context.Context, act string, body map[string]any) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	var o struct {
		web.Confirmation
		web.StopList
	}
	if err := p.askFor(ctx, stopTime, cfg, p.stopPath(act), body, "", &o); err != nil {
		return err
	}
	if o.Confirm == "" {
		p.printStops(o.StopList)
		return nil
	}
	for _, says := range o.Says {
		fmt.Fprintln(p.stdout, says)
	}
	fmt.Fprintln(p.stdout)
	fmt.Fprintln(p.stdout, p.say("cli.stop.step", text.Args{"code": o.Confirm}))
	return nil
}

// stopPath is an address of stops, answered in our language.
func (p *program) stopPath(act string) string {
	path := "/api/v1/stops"
	if act != "" {
		path += "/" + act
	}
	return path + "?" + url.Values{"lang": {string(p.lang)}}.Encode()
}

func (p *program) printStops(o web.StopList) {
	if len(o.Stops)+len(o.Native) == 0 {
		fmt.Fprintln(p.stdout, p.say("cli.stop.none", nil))
	}
	for _, n := range o.Native {
		fmt.Fprintf(p.stdout, "%s  %s\n", n.ID, n.Text)
	}
	for _, s := range o.Stops {
		fmt.Fprintf(p.stdout, "%s  %s\n", s.ID, s.What)
		lines := []string{s.Text}
		if s.Worth != nil {
			lines = append(lines, s.Worth.Text)
		}
		for _, e := range s.Exits {
			lines = append(lines, strings.Join([]string{e.What, e.Amount, e.Price, e.Text}, " "))
		}
		for _, c := range s.Choices {
			lines = append(lines, "- "+c.Text)
		}
		for _, line := range lines {
			fmt.Fprintln(p.stdout, "   "+line)
		}
	}
}

func (p *program) stopList() *cobra.Command {
	asJSON := false
	c := p.withConfig(&cobra.Command{
		Use: "list", Short: p.say("cli.stop.list", nil), Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.stopAsk(c.Context(), "", nil, asJSON, func(raw json.RawMessage) error {
				var o web.StopList
				if err := json.Unmarshal(raw, &o); err != nil {
					return err
				}
				p.printStops(o)
				return nil
			})
		},
	})
	c.Flags().BoolVar(&asJSON, "json", false, p.say("cli.flag.json", nil))
	return c
}

// stopAsk asks the daemon, and prints what it answers as it is or in words.
func (p *program) stopAsk(ctx context.Context, act string, body any, asJSON bool, words func(json.RawMessage) error) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := p.askFor(ctx, stopTime, cfg, p.stopPath(act), body, "", &raw); err != nil {
		return err
	}
	if asJSON {
		_, err := fmt.Fprintf(p.stdout, "%s\n", raw)
		return err
	}
	return words(raw)
}

func (p *program) stopRemove() *cobra.Command {
	confirm := ""
	c := p.withConfig(&cobra.Command{
		Use: "remove ID", Short: p.say("cli.stop.remove", nil), Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.stopStep(c.Context(), "remove", map[string]any{"id": args[0], "confirm": confirm})
		},
	})
	c.Flags().StringVar(&confirm, "confirm", "", p.say("cli.stop.flag.confirm", nil))
	return c
}

func (p *program) stopGuard() *cobra.Command {
	confirm := ""
	c := p.withConfig(&cobra.Command{
		Use: "guard ID PRICE", Short: p.say("cli.stop.guard", nil), Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			n, err := bitbank.ParseNumber(args[1])
			if err != nil {
				return p.misused("cli.stop.bad.number", "cli.stop.bad.number.hint", text.Args{"value": args[1]})
			}
			return p.stopStep(c.Context(), "guard", map[string]any{"id": args[0], "guard_price": n, "confirm": confirm})
		},
	})
	c.Flags().StringVar(&confirm, "confirm", "", p.say("cli.stop.flag.confirm", nil))
	return c
}

func (p *program) stopNative() *cobra.Command {
	var f struct{ trigger, price, amount, position, replaces, confirm string }
	c := p.withConfig(&cobra.Command{
		Use: "native PAIR", Short: p.say("cli.stop.native", nil), Args: cobra.ExactArgs(1),
		Example: "  hikeshi stop native btc_jpy --trigger 9000000 --amount 0.1\n  hikeshi stop native btc_jpy --trigger 9500000 --replaces 59592963728",
		RunE: func(c *cobra.Command, args []string) error {
			body := map[string]any{"pair": args[0], "position_side": f.position, "confirm": f.confirm}
			if f.replaces != "" {
				id, err := strconv.ParseInt(f.replaces, 10, 64)
				if err != nil || id <= 0 {
					return p.misused("cli.stop.bad.order", "cli.stop.bad.order.hint", text.Args{"value": f.replaces})
				}
				body["replaces"] = id
			}
			if err := p.stopNumbers(body, map[string]string{"trigger_price": f.trigger, "price": f.price, "amount": f.amount}); err != nil {
				return err
			}
			return p.stopStep(c.Context(), "native", body)
		},
	})
	for name, into := range map[string]*string{"trigger": &f.trigger, "price": &f.price, "amount": &f.amount, "position": &f.position, "replaces": &f.replaces, "confirm": &f.confirm} {
		c.Flags().StringVar(into, name, "", p.say("cli.stop.flag."+name, nil))
	}
	return c
}

// stopNumbers puts numbers into what is asked, and takes out what was not said.
func (p *program) stopNumbers(body map[string]any, numbers map[string]string) error {
	for name, value := range numbers {
		if value == "" {
			continue
		}
		n, err := bitbank.ParseNumber(value)
		if err != nil {
			return p.misused("cli.stop.bad.number", "cli.stop.bad.number.hint", text.Args{"value": value})
		}
		body[name] = n
	}
	for name, value := range body {
		if value == "" {
			delete(body, name)
		}
	}
	return nil
}

func (p *program) stopNow() *cobra.Command {
	asJSON := false
	c := p.withConfig(&cobra.Command{
		Use: "what-now ID", Short: p.say("cli.stop.now", nil), Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.stopAsk(c.Context(), "now", map[string]any{"id": args[0]}, asJSON, func(raw json.RawMessage) error {
				var o web.StopAnswer
				if err := json.Unmarshal(raw, &o); err != nil {
					return err
				}
				fmt.Fprintln(p.stdout, o.Text)
				return nil
			})
		},
	})
	c.Flags().BoolVar(&asJSON, "json", false, p.say("cli.flag.json", nil))
	return c
}
