package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/internal/app"
	"hikeshi/internal/config"
	"hikeshi/internal/text"
	"hikeshi/internal/web"
)

// link is the command that prints what opens the pages about money.
func (p *program) link() *cobra.Command {
	return p.withConfig(&cobra.Command{
		Use:   "link",
		Short: p.say("cli.link", nil),
		Long:  p.say("cli.link.long", nil),
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := p.loadConfig()
			if err != nil {
				return err
			}
			url, err := p.loginLink(cfg, cfg.Listen)
			if err == nil {
				fmt.Fprintln(p.stdout, url)
			}
			return err
		},
	})
}

// loginLink is the address that opens the pages about money in a browser. It holds the token.
func (p *program) loginLink(cfg config.Config, addr string) (string, error) {
	token, err := app.Token(cfg)
	if errors.Is(err, fs.ErrNotExist) {
		return "", p.fail("cli.token.none", "cli.token.none.hint", nil)
	}
	if err != nil {
		return "", p.worded(err)
	}
	return "http://" + addr + "/login?token=" + token.Reveal(), nil
}

// freezes is the command that holds bots' orders, or the one that lets them go.
func (p *program) freezes(verb string, on bool) *cobra.Command {
	why := ""
	c := p.withConfig(&cobra.Command{
		Use:     verb + " [BOT]",
		Short:   p.say("cli."+verb, nil),
		Long:    p.say("cli."+verb+".long", nil),
		Example: "  hikeshi " + verb + "\n  hikeshi " + verb + " grid",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			bot := ""
			if len(args) == 1 {
				bot = args[0]
			}
			return p.freeze(c.Context(), verb, bot, on, why)
		},
	})
	if on {
		c.Flags().StringVar(&why, "why", "", p.say("cli.freeze.flag.why", nil))
	}
	return c
}

func (p *program) freeze(ctx context.Context, verb, bot string, on bool, why string) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	var o struct{ Stops []struct{ Bot string } }
	if err := p.ask(ctx, cfg, "/api/v1/freeze", map[string]any{"bot": bot, "on": on, "why": why}, bot, &o); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, p.say("cli."+verb+".done", text.Args{"who": web.Who(p.lang, bot)}))
	for _, s := range o.Stops {
		if !on {
			fmt.Fprintln(p.stdout, p.say("cli.thaw.still", text.Args{"who": web.Who(p.lang, s.Bot)}))
		}
	}
	return nil
}

// askingTime bounds a question to the daemon, which answers within milliseconds.
const askingTime = 5 * time.Second

// ask has the running daemon do something; with nothing to do, say something.
func (p *program) ask(ctx context.Context, cfg config.Config, path string, what any, bot string, into any) error {
	return p.askFor(ctx, askingTime, cfg, path, what, bot, into)
}

// askFor is ask for what may take longer.
func (p *program) askFor(ctx context.Context, most time.Duration, cfg config.Config, path string, what any, bot string, into any) error {
	none := p.fail("cli.daemon.none", "cli.daemon.none.hint", text.Args{"addr": cfg.Listen})
	token, err := app.Token(cfg)
	if errors.Is(err, fs.ErrNotExist) {
		return none // it never ran with this data folder
	}
	if err != nil {
		return p.worded(err)
	}
	method, body := http.MethodGet, []byte(nil)
	if what != nil {
		method = http.MethodPost
		if body, err = json.Marshal(what); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+cfg.Listen+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	r.Header.Set("Accept-Language", string(p.lang))
	// No proxy: the token stays on this machine.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		return none
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		return json.NewDecoder(res.Body).Decode(into)
	}
	var refused struct {
		Error struct{ Code, Message string }
	}
	if json.NewDecoder(res.Body).Decode(&refused) != nil {
		return none // another program listens there
	}
	switch refused.Error.Code {
	case "no_account":
		return p.fail("cli.daemon.account", "cli.daemon.account.hint", nil)
	case "no_pair":
		return p.fail("cli.cancel.pair", "cli.cancel.pair.hint", nil)
	case "read_only":
		return p.fail("cli.cancel.readonly", "cli.cancel.readonly.hint", nil)
	case "no_proposal":
		return p.fail("cli.guard.none", "cli.guard.none.hint", nil)
	case "no_plan":
		return p.fail("cli.cancel.plan", "cli.cancel.plan.hint", nil)
	case "no_bot":
		return p.fail("cli.daemon.bot", "cli.daemon.bot.hint", text.Args{"bot": bot})
	case "not_awaited":
		return p.fail("cli.transfers.missing", "cli.transfers.missing.hint", nil)
	case "too_many":
		return p.fail("web.move.mistake.full", "", nil)
	case "bad_asset", "bad_network", "bad_txid", "bad_amount", "bad_sent":
		_, known, _ := strings.Cut(refused.Error.Message, ": expected ")
		_, known, _ = strings.Cut(known, ": ")
		return p.fail("web.move.mistake."+strings.TrimPrefix(refused.Error.Code, "bad_"), "", text.Args{"known": known})
	case "refused_line", "no_line":
		return p.fail("cli.positions."+refused.Error.Code, "cli.positions.line.hint", text.Args{"why": refused.Error.Message})
	case "dark", "unread":
		return p.fail("cli.check."+refused.Error.Code, "cli.check.hint", nil)
	case "login":
		return p.fail("cli.daemon.token", "cli.daemon.none.hint", nil)
	}
	return p.fail("cli.daemon.refused", "", text.Args{"err": refused.Error.Message})
}
