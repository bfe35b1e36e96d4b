package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/journal"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/web"
)

// pastPrinted is how many orders of a past time are printed for people; --json has all.
const pastPrinted = 200

// pastAsked is what `orders` was asked about a past time.
type pastAsked struct{ since, until, pair string }

// history tells the orders of a past time.
func (p *program) history(ctx context.Context, asked pastAsked, now time.Time) error {
	q := account.Query{Until: now, Pair: asked.pair}
	for _, t := range []struct {
		text string
		into *time.Time
	}{{asked.since, &q.Since}, {asked.until, &q.Until}} {
		if t.text == "" {
			continue
		}
		at, ok := moment(t.text)
		if !ok {
			return p.misused("cli.history.time", "cli.history.time.hint", text.Args{"time": t.text})
		}
		*t.into = at
	}
	if !q.Since.Before(q.Until) {
		return p.misused("cli.history.empty", "", nil)
	}
	var h account.History
	err := p.withJournal(ctx, func(j *journal.Journal) (err error) {
		h, err = account.HistoryOf(account.RecordsOf(j.Read(ctx, journal.Query{Kinds: []journal.Kind{account.Kind}})), q, now)
		return err
	})
	if errors.Is(err, account.ErrTooMany) {
		return p.fail("cli.history.many", "cli.history.many.hint", nil)
	}
	if err != nil {
		return err
	}
	o := web.DescribeHistory(p.lang, h, now)
	if p.asJSON {
		return p.printJSON(o)
	}
	p.printHistory(o)
	return nil
}

// moment reads a time as people write it: a day or a time of Japan, or one with its zone.
func moment(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02T15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, s, say.JST); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// instant is a time with its day and year.
func instant(s web.Stamp) string { return time.Time(s).In(say.JST).Format("2006-01-02 15:04:05") }

func (p *program) printHistory(h web.History) {
	fmt.Fprintln(p.stdout, p.say("cli.history", text.Args{"since": instant(h.Since), "until": instant(h.Until), "n": strconv.Itoa(len(h.Orders))}))
	if len(h.Holes) == 0 {
		fmt.Fprintln(p.stdout, p.say("cli.history.whole", nil))
	}
	for _, s := range h.Holes {
		id := "cli.history.hole"
		if first := time.Time(h.First); !first.IsZero() && !time.Time(s.To).After(first) {
			id = "cli.history.nothing"
		}
		fmt.Fprintln(p.stdout, p.say(id, text.Args{"since": instant(s.From), "until": instant(s.To)}))
	}
	if followed := time.Time(h.Followed); followed.After(time.Time(h.Since)) {
		fmt.Fprintln(p.stdout, p.say("cli.history.followed", text.Args{"since": instant(h.Followed)}))
	}
	for i, x := range h.Orders {
		if i == pastPrinted {
			fmt.Fprintf(p.stdout, "\n%s\n", p.say("cli.orders.more", text.Args{"n": strconv.Itoa(len(h.Orders) - i)}))
			break
		}
		id := x.Intent
		if x.OrderID != 0 {
			id = "#" + strconv.FormatInt(int64(x.OrderID), 10)
		}
		fmt.Fprintf(p.stdout, "\n%s  %s  %s  %s\n  %s\n", instant(x.Since), p.say("web.order.standing."+string(x.Standing), nil), x.Line(), id, x.Text)
		if n := len(x.Trades); n > 0 {
			fmt.Fprintln(p.stdout, " ", p.say("cli.history.trades", text.Args{"n": strconv.Itoa(n), "since": instant(x.Trades[0].ExecutedAt), "until": instant(x.Trades[n-1].ExecutedAt)}))
		}
	}
	var moved []string
	for _, t := range h.Transfers {
		moved = append(moved, instant(t.Began)+"  "+p.say("web.transfer."+t.Kind, nil)+"  "+t.Line()+"  "+t.Text)
	}
	p.list("cli.history.transfers", moved)
	fmt.Fprintf(p.stdout, "\n%s\n", p.say("cli.unofficial", nil))
}

// checkFor bounds a check of the account by the daemon.
const checkFor = 40 * time.Second

// checkAccount has the running daemon read the account now, and tells what its books and bitbank's differ in.
func (p *program) checkAccount(ctx context.Context) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	var o web.Orders
	if err := p.askFor(ctx, checkFor, cfg, "/api/v1/check?lang="+string(p.lang), struct{}{}, "", &o); err != nil {
		return err
	}
	if p.asJSON {
		if err := p.printJSON(o); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(p.stdout, o.Sentence)
		fmt.Fprintln(p.stdout, p.say("cli.check.read", text.Args{"at": say.Instant(p.lang, time.Time(o.Read))}))
		p.printBooks(o)
		fmt.Fprintf(p.stdout, "\n%s\n", p.say("cli.unofficial", nil))
	}
	if o.State != "confirmed" || open(o.Breaks) > 0 {
		return exitCode(exitDoubt)
	}
	return nil
}

// open is how many breaks are not over.
func open(all []web.Break) (n int) {
	for _, b := range all {
		if b.State == "open" {
			n++
		}
	}
	return n
}

// printBooks tells what our books and bitbank's differ in, the positions, and how far back the books go.
func (p *program) printBooks(o web.Orders) {
	fmt.Fprintf(p.stdout, "\n%s\n", o.Books)
	for _, b := range o.Breaks {
		line := p.say("cli.check.state."+b.State, nil) + "  " + b.Title
		if b.Order != nil {
			line += "  " + b.What + "  #" + strconv.FormatInt(int64(b.Order.OrderID), 10)
		}
		fmt.Fprintf(p.stdout, "\n%s  %s\n  %s\n", line, instant(b.Since), b.Text)
	}
	var positions []string
	for _, x := range o.Positions {
		positions = append(positions, x.Text+" ("+instant(x.At)+")")
	}
	if o.Demand != nil {
		fmt.Fprintf(p.stdout, "\n%s\n", o.Demand.Text)
	}
	p.list("cli.check.positions", positions)
	fmt.Fprintf(p.stdout, "\n%s\n", o.Past.Text)
}
