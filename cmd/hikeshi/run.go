package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/internal/app"
	"hikeshi/internal/config"
	"hikeshi/internal/incident"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

func (p *program) run() *cobra.Command {
	return p.withConfig(&cobra.Command{
		Use:   "run",
		Short: p.say("cli.run", nil),
		Long:  p.say("cli.run.long", nil),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := p.loadConfig()
			if err != nil {
				return err
			}
			return p.daemon(c.Context(), cfg, app.Options{})
		},
	})
}

// daemon runs the watch and its dashboard until ctx ends, and tells on standard output what people should hear of.
func (p *program) daemon(ctx context.Context, cfg config.Config, o app.Options) error {
	o.Version, o.Log = thisBuild().Version, p.log()
	a, err := app.New(ctx, cfg, o)
	if err != nil {
		return p.worded(err)
	}
	for _, w := range a.Warnings() {
		fmt.Fprintln(p.stderr, "hikeshi:", p.say("error."+w.ID, w.Args))
		fmt.Fprintln(p.stderr, "hikeshi: hint:", p.say("hint."+w.ID, w.Args))
	}
	fmt.Fprintln(p.stdout, p.say("cli.run.ready", text.Args{"url": "http://" + a.Addr() + "/"}))
	if a.HasAccount() {
		if err := p.tellLink(cfg, a.Addr()); err != nil {
			return err
		}
	}
	if at := a.Gateway(); at != "" {
		fmt.Fprintln(p.stdout, p.say("cli.run.gateway", text.Args{"url": "http://" + at}))
	}
	told := make(chan struct{})
	news := a.Subscribe(ctx)
	go func() {
		defer close(told)
		for e := range news {
			if did, ok := e.Data.(incident.Action); ok && did.Announce {
				fmt.Fprintln(p.stdout, p.news(did, a.Snapshot()))
			}
		}
	}()
	err = a.Run(ctx)
	<-told
	if err == nil {
		fmt.Fprintln(p.stdout, p.say("cli.run.over", nil))
	}
	return err
}

// tellLink says how to see orders and balances. The link itself, which holds the token, goes to a person's eyes and to nothing
// that keeps it: a terminal, or a demo, whose account is none.
func (p *program) tellLink(cfg config.Config, addr string) error {
	out, ok := p.stdout.(*os.File)
	if !cfg.Practice() && (!ok || !isTerminal(out)) {
		fmt.Fprintln(p.stdout, p.say("cli.run.link.how", nil))
		return nil
	}
	url, err := p.loginLink(cfg, addr)
	if err == nil {
		fmt.Fprintln(p.stdout, p.say("cli.run.link", text.Args{"url": url}))
	}
	return err
}

// news is one line: when, and what an incident has come to.
func (p *program) news(did incident.Action, s watch.Snapshot) string {
	sentence := ""
	switch did.Kind {
	case "resolved":
		sentence = say.Recovered(p.lang, did.Incident, did.At)
	default:
		sentence = say.Verdict(p.lang, s.Verdict, time.Now()).Sentence
	}
	return say.Instant(p.lang, did.At) + "  " + sentence
}
