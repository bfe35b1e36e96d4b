package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/internal/account"
	"hikeshi/internal/journal"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/web"
)

// exitDoubt is what `orders` ends with when there are orders to look at.
const exitDoubt = 9

// Orders that are over and printed for people; --json has as many as the ledger keeps.
const (
	overPrinted = 20
	overAll     = 20_000
)

func (p *program) orders() *cobra.Command {
	var asked pastAsked
	check := false
	c := p.withConfig(p.withJSON(&cobra.Command{
		Use:     "orders",
		Short:   p.say("cli.orders", nil),
		Long:    p.say("cli.orders.long", nil),
		Example: "  hikeshi orders\n  hikeshi orders --check\n  hikeshi orders --since 2026-08-25 --until 2026-08-27 --pair btc_jpy --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch past := asked != (pastAsked{}); {
			case past && check, past && asked.since == "":
				return p.misused("cli.orders.flags", "", nil)
			case past:
				return p.history(c.Context(), asked, time.Now())
			case check:
				return p.checkAccount(c.Context())
			}
			var m *account.Memory
			err := p.withJournal(c.Context(), func(j *journal.Journal) (err error) {
				m, err = account.Remember(c.Context(), j)
				return err
			})
			if err != nil {
				return err
			}
			return p.tellOrders(account.ViewOf(m.Ledger, time.Now()), time.Now())
		},
	}))
	c.Flags().BoolVar(&check, "check", false, p.say("cli.orders.flag.check", nil))
	c.Flags().StringVar(&asked.since, "since", "", p.say("cli.orders.flag.since", nil))
	c.Flags().StringVar(&asked.until, "until", "", p.say("cli.orders.flag.until", nil))
	c.Flags().StringVar(&asked.pair, "pair", "", p.say("cli.orders.flag.pair", nil))
	return c
}

func (p *program) tellOrders(v account.View, now time.Time) error {
	limit := overPrinted
	if p.asJSON {
		limit = overAll
	}
	o := web.DescribeOrders(p.lang, v, limit, now)
	if p.asJSON {
		if err := p.printJSON(o); err != nil {
			return err
		}
	} else {
		p.printOrders(o, now)
	}
	if o.State != "confirmed" {
		return exitCode(exitDoubt)
	}
	return nil
}

func (p *program) printOrders(o web.Orders, now time.Time) {
	fmt.Fprintln(p.stdout, o.Sentence)
	if at := time.Time(o.Newest); !at.IsZero() {
		fmt.Fprintln(p.stdout, p.say("cli.orders.age", text.Args{"since": say.Day(p.lang, at) + " " + say.Instant(p.lang, at), "age": p.ago(now.Sub(at))}))
	}
	for _, s := range o.Stops {
		id, a := "cli.orders.held", text.Args{"who": web.Who(p.lang, s.Bot), "since": say.Since(p.lang, time.Time(s.Since), now)}
		if until := time.Time(s.Until); !until.IsZero() {
			id, a["until"] = "cli.orders.held.until", say.Day(p.lang, until)+" "+say.Instant(p.lang, until)
		}
		if s.Lapsed {
			id = "cli.orders.lapsed"
		}
		fmt.Fprintln(p.stdout, p.say(id, a))
	}
	for _, s := range o.Switches {
		if s.State != "off" {
			fmt.Fprintln(p.stdout, p.say("cli.orders.switch", text.Args{"who": web.Who(p.lang, s.Bot), "text": s.Text}))
		}
	}
	for _, x := range o.Plans {
		fmt.Fprintln(p.stdout, p.say("cli.orders.plan", text.Args{"id": x.ID, "text": x.Text}))
	}
	attention := false
	for _, x := range o.Orders {
		id := x.Intent
		if x.OrderID != 0 {
			id = "#" + strconv.FormatInt(int64(x.OrderID), 10)
		}
		fmt.Fprintf(p.stdout, "\n%s  %s  %s\n  %s\n", p.say("web.order.standing."+string(x.Standing), nil), x.Line(), id, x.Text)
		if x.Proof != nil {
			fmt.Fprintln(p.stdout, " ", x.Proof.Why)
		}
		for _, a := range x.Alike {
			fmt.Fprintf(p.stdout, "  #%d  %s\n", a.OrderID, a.Line())
		}
		attention = attention || slices.Contains([]account.Standing{account.Ambiguous, account.Uncertain, account.Ghost}, x.Standing)
	}
	if o.Omitted > 0 {
		fmt.Fprintf(p.stdout, "\n%s\n", p.say("cli.orders.more", text.Args{"n": strconv.Itoa(o.Omitted)}))
	}
	p.list("cli.orders.balances", balanceLines(o.Balances))
	p.printBooks(o)
	if attention {
		fmt.Fprintf(p.stdout, "\n%s\n", p.say("cli.orders.page", nil))
	}
	fmt.Fprintf(p.stdout, "\n%s\n", p.say("cli.unofficial", nil))
}

// balanceLines are the assets of which there is something.
func balanceLines(all []web.Balance) []string {
	var out []string
	for _, b := range all {
		if line := b.Line(); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// ago is how old something is.
func (p *program) ago(d time.Duration) string {
	return p.say("cli.orders.ago", text.Args{"for": say.For(p.lang, d)})
}
