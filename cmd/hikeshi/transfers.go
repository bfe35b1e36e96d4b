package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/journal"
	"hikeshi/internal/ledger"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/transfer"
	"hikeshi/internal/web"
)

// transfers are the commands about deposits and withdrawals. What they tell is out of the records; what they announce, the daemon
// takes.
func (p *program) transfers() *cobra.Command {
	c := p.withConfig(p.withJSON(&cobra.Command{
		Use:     "transfers",
		Short:   p.say("cli.transfers", nil),
		Long:    p.say("cli.transfers.long", nil),
		Example: "  hikeshi transfers\n  hikeshi transfers check --asset xrp --network ripple\n  hikeshi transfers expect --asset xrp --network ripple --txid TXID --amount 50",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withMemory(c.Context(), func(v account.View, now time.Time) error {
				return p.tellMoves(web.DescribeMoves(p.lang, v, now), now)
			})
		},
	}))
	c.AddCommand(p.transfersCheck(), p.transfersExpect(), p.transfersDrop())
	return c
}

// withMemory reads what the journal knows of the account.
func (p *program) withMemory(ctx context.Context, use func(account.View, time.Time) error) error {
	var m *account.Memory
	err := p.withJournal(ctx, func(j *journal.Journal) (err error) {
		m, err = account.Remember(ctx, j)
		return err
	})
	if err != nil {
		return err
	}
	now := time.Now()
	return use(account.ViewOf(m.Ledger, now), now)
}

// tellMoves ends with exitDoubt when a person should look at a transfer.
func (p *program) tellMoves(d web.Moves, now time.Time) error {
	if p.asJSON {
		if err := p.printJSON(d); err != nil {
			return err
		}
	} else {
		p.printMoves(d, now)
	}
	if d.State == "attention" {
		return exitCode(exitDoubt)
	}
	return nil
}

func (p *program) printMoves(d web.Moves, now time.Time) {
	fmt.Fprintln(p.stdout, d.Sentence)
	if at := time.Time(d.Read); !at.IsZero() {
		fmt.Fprintln(p.stdout, p.say("cli.transfers.read", text.Args{"since": say.Day(p.lang, at) + " " + say.Instant(p.lang, at), "age": p.ago(now.Sub(at))}))
	}
	for _, m := range d.Transfers {
		began := ""
		if at := time.Time(m.Began); !at.IsZero() {
			began = "  " + say.Day(p.lang, at) + " " + say.Instant(p.lang, at)
		}
		fmt.Fprintf(p.stdout, "\n%s  %s %s  %s%s\n", p.say("web.move.stand."+string(m.Stand), nil), p.say("web.move.kind."+m.Kind, nil), m.Line(), m.UUID, began)
		for _, s := range m.Says() {
			fmt.Fprintln(p.stdout, " ", s)
		}
		if m.Over {
			continue
		}
		var way []string
		for _, s := range m.Stations {
			switch s.Mark {
			case transfer.Present:
				way = append(way, "["+s.Title+"]")
			case transfer.Past:
				way = append(way, s.Title)
			default:
				way = append(way, "("+s.Title+")")
			}
		}
		fmt.Fprintln(p.stdout, " ", strings.Join(way, " > "))
		for _, s := range m.Checks {
			fmt.Fprintln(p.stdout, "  -", s)
		}
		if m.Explorer != nil {
			fmt.Fprintln(p.stdout, " ", m.Explorer.URL)
		}
	}
	fmt.Fprintf(p.stdout, "\n%s\n", p.say("cli.unofficial", nil))
}

// transfersCheck tells what is stopped before one sends, and ends with exitDoubt when something is, or when that is not known.
func (p *program) transfersCheck() *cobra.Command {
	var asset, network string
	c := p.withConfig(p.withJSON(&cobra.Command{
		Use:   "check",
		Short: p.say("cli.transfers.check", nil),
		Long:  p.say("cli.transfers.check.long", nil),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if asset == "" {
				return p.misused("cli.transfers.asset", "cli.transfers.asset.hint", nil)
			}
			return p.withMemory(c.Context(), func(v account.View, now time.Time) error {
				d := web.DescribeSending(p.lang, v, strings.ToLower(asset), strings.ToLower(network), now)
				if p.asJSON {
					if err := p.printJSON(d); err != nil {
						return err
					}
				} else {
					p.printSending(d)
				}
				if d.Stop || d.Old || !d.Known {
					return exitCode(exitDoubt)
				}
				return nil
			})
		},
	}))
	c.Flags().StringVar(&asset, "asset", "", p.say("cli.transfers.flag.asset", nil))
	c.Flags().StringVar(&network, "network", "", p.say("cli.transfers.flag.network", nil))
	return c
}

func (p *program) printSending(d web.Sending) {
	for _, w := range d.Ways {
		name := strings.TrimSpace(w.Asset + " " + w.Network)
		fmt.Fprintln(p.stdout, p.say("cli.transfers.way", text.Args{"name": name, "deposit": p.say("web.send."+w.Deposit, nil), "withdrawal": p.say("web.send."+w.Withdrawal, nil)}))
	}
	for _, s := range d.Notes {
		fmt.Fprintln(p.stdout, s)
	}
	fmt.Fprintf(p.stdout, "\n%s\n", p.say("cli.unofficial", nil))
}

// transfersExpect announces a deposit to the daemon.
func (p *program) transfersExpect() *cobra.Command {
	var e struct {
		Asset   string `json:"asset"`
		Network string `json:"network,omitempty"`
		TxID    string `json:"txid,omitempty"`
		Amount  string `json:"amount,omitempty"`
		Sent    string `json:"sent,omitempty"`
	}
	sent := ""
	c := p.withConfig(&cobra.Command{
		Use:     "expect",
		Short:   p.say("cli.transfers.expect", nil),
		Long:    p.say("cli.transfers.expect.long", nil),
		Example: "  hikeshi transfers expect --asset xrp --network ripple --txid TXID --amount 50\n  hikeshi transfers expect --asset jpy --amount 100000 --sent \"2026-11-25 10:00\"",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			now := time.Now()
			at := now
			if sent != "" {
				var ok bool
				if at, ok = moment(sent); !ok {
					return p.misused("cli.history.time", "cli.history.time.hint", text.Args{"time": sent})
				}
				e.Sent = at.Format(time.RFC3339)
			}
			if err := p.wellPut(e.Asset, e.Network, e.TxID, e.Amount, at, now); err != nil {
				return err
			}
			return p.announce(c.Context(), e)
		},
	})
	c.Flags().StringVar(&e.Asset, "asset", "", p.say("cli.transfers.flag.asset", nil))
	c.Flags().StringVar(&e.Network, "network", "", p.say("cli.transfers.flag.network", nil))
	c.Flags().StringVar(&e.TxID, "txid", "", p.say("cli.transfers.flag.txid", nil))
	c.Flags().StringVar(&e.Amount, "amount", "", p.say("cli.transfers.flag.amount", nil))
	c.Flags().StringVar(&sent, "sent", "", p.say("cli.transfers.flag.sent", nil))
	return c
}

// wellPut words what is wrong with an announcement whatever bitbank lists, before the daemon is asked.
func (p *program) wellPut(asset, network, txid, amount string, sent, now time.Time) error {
	e := ledger.Expected{Asset: asset, Network: network, TxID: txid, Sent: sent}
	if amount != "" {
		n, err := bitbank.ParseNumber(amount)
		if err != nil {
			return p.misused("web.move.mistake.amount", "", nil)
		}
		e.Amount = n
	}
	if network == "" && strings.ToLower(asset) != "jpy" {
		e.Network = "any" // the daemon knows whether the coin has only one
	}
	_, err := transfer.Complete(e, nil, now)
	if m, ok := errors.AsType[*transfer.Mistake](err); ok {
		return p.misused("web.move.mistake."+m.Field, "", nil)
	}
	return nil
}

// announced is what the daemon answers with.
type announced struct {
	Sentence  string
	Transfers []struct {
		Kind, UUID, Asset, Network, Amount, Text string
		Awaited                                  *struct{ ID string }
	}
}

func (p *program) announce(ctx context.Context, what any) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	var got announced
	if err := p.ask(ctx, cfg, "/api/v1/transfers/expect?lang="+string(p.lang), what, "", &got); err != nil {
		return err
	}
	n := 0
	for _, t := range got.Transfers {
		if t.Awaited != nil {
			fmt.Fprintf(p.stdout, "%s  %s\n  %s\n", t.Awaited.ID, strings.Join(strings.Fields(p.say("web.move.kind."+t.Kind, nil)+" "+t.Amount+" "+t.Asset+" "+t.Network), " "), t.Text)
			n++
		}
	}
	if n == 0 {
		fmt.Fprintln(p.stdout, p.say("cli.transfers.none", nil))
	}
	return nil
}

// transfersDrop takes an announcement back.
func (p *program) transfersDrop() *cobra.Command {
	return p.withConfig(&cobra.Command{
		Use:   "drop ID",
		Short: p.say("cli.transfers.drop", nil),
		Long:  p.say("cli.transfers.drop.long", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.announce(c.Context(), map[string]string{"drop": args[0]})
		},
	})
}
