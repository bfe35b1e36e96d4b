package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
	"hikeshi/internal/text"
)

// keysBot are the commands for the local keys of bots.
func (p *program) keysBot() *cobra.Command {
	c := &cobra.Command{
		Use:   "bot",
		Short: p.say("cli.keys.bot", nil),
		Long:  p.say("cli.keys.bot.long", nil),
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var types, largest []string
	guard, release := "", ""
	add := p.withConfig(p.withJSON(&cobra.Command{
		Use:     "add NAME",
		Short:   p.say("cli.keys.bot.add", nil),
		Long:    p.say("cli.keys.bot.add.long", nil),
		Example: "  hikeshi keys bot add grid --type limit --type market --largest btc_jpy=0.1 --largest xrp_jpy=500",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.addBot(c.Context(), args[0], guard, release, types, largest)
		},
	}))
	add.Flags().StringSliceVar(&types, "type", nil, p.say("cli.keys.bot.flag.type", nil))
	add.Flags().StringVar(&guard, "post-only-guard", "on", p.say("cli.keys.bot.flag.guard", nil))
	add.Flags().StringVar(&release, "release", "usual", p.say("cli.keys.bot.flag.release", nil))
	add.Flags().StringSliceVar(&largest, "largest", nil, p.say("cli.keys.bot.flag.largest", nil))
	c.AddCommand(
		add,
		p.withConfig(p.withJSON(&cobra.Command{
			Use:   "list",
			Short: p.say("cli.keys.bot.list", nil),
			Args:  cobra.NoArgs,
			RunE:  func(c *cobra.Command, _ []string) error { return p.listBots(c.Context()) },
		})),
		p.withConfig(&cobra.Command{
			Use:   "revoke NAME",
			Short: p.say("cli.keys.bot.revoke", nil),
			Args:  cobra.ExactArgs(1),
			RunE:  func(c *cobra.Command, args []string) error { return p.revokeBot(c.Context(), args[0]) },
		}),
	)
	return c
}

// A shownBot is a local key as programs see it. Key and secret are there when it was just made, and never again.
type shownBot struct {
	Name    string            `json:"name"`
	Key     string            `json:"key,omitempty"`
	Secret  string            `json:"secret,omitempty"`
	Types   []string          `json:"types"`   // none: it may only read
	Largest map[string]string `json:"largest"` // by pair
	Guard   string            `json:"post_only_guard"`
	Release string            `json:"release"`
	Made    time.Time         `json:"made"`
	Revoked time.Time         `json:"revoked,omitzero"`
}

func shown(b keys.Bot) shownBot {
	s := shownBot{Name: b.Name, Types: []string{}, Largest: map[string]string{}, Guard: b.Scope.Guard.String(), Release: b.Scope.Release.String(), Made: b.Made, Revoked: b.Revoked}
	for _, t := range b.Scope.Types {
		s.Types = append(s.Types, string(t))
	}
	for pair, most := range b.Scope.Most {
		s.Largest[pair] = most.String()
	}
	return s
}

// addBot makes a local key and shows it, once.
func (p *program) addBot(ctx context.Context, name, guard, release string, types, largest []string) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	if keys.CheckName(name) != nil {
		return p.misused("cli.keys.name", "cli.keys.name.hint", nil)
	}
	how, err := keys.ParseGuard(guard)
	if err != nil {
		return p.misused("cli.keys.bot.guard", "cli.keys.bot.guard.hint", text.Args{"got": guard})
	}
	again, err := keys.ParseRelease(release)
	if err != nil {
		return p.misused("cli.keys.bot.release", "cli.keys.bot.release.hint", text.Args{"got": release})
	}
	scope := keys.Scope{Trade: len(types)+len(largest) > 0, Guard: how, Release: again}
	for _, t := range types {
		scope.Types = append(scope.Types, bitbank.OrderType(t))
	}
	for _, l := range largest {
		pair, amount, _ := strings.Cut(l, "=")
		most, err := decimal.NewFromString(amount)
		if err != nil || pair == "" {
			return p.misused("cli.keys.bot.largest", "cli.keys.bot.scope.hint", text.Args{"got": l})
		}
		if scope.Most == nil {
			scope.Most = map[string]decimal.Decimal{}
		}
		scope.Most[pair] = most
	}
	s, err := p.openKeys(ctx, cfg, false)
	if err != nil {
		return err
	}
	b, err := s.AddBot(name, scope, time.Now().UTC())
	if errors.Is(err, keys.ErrScope) {
		return p.misused("cli.keys.bot.scope", "cli.keys.bot.scope.hint", nil)
	}
	if err == nil {
		err = s.Save()
	}
	if err != nil {
		return p.keysTrouble(cfg, err, name)
	}
	made := shown(b)
	made.Key, made.Secret = b.ID.Reveal(), b.Secret.Reveal()
	if p.asJSON {
		return p.printJSON(made)
	}
	fmt.Fprintln(p.stdout, p.say("cli.keys.bot.made", text.Args{"name": name}))
	fmt.Fprintln(p.stdout, "  key     "+made.Key)
	fmt.Fprintln(p.stdout, "  secret  "+made.Secret)
	fmt.Fprintln(p.stdout, p.may(made))
	fmt.Fprintln(p.stdout, p.say("cli.keys.bot.next", nil))
	return nil
}

// may says what a bot may do.
func (p *program) may(b shownBot) string {
	if len(b.Types) == 0 {
		return p.say("cli.keys.bot.reads", nil)
	}
	var largest []string
	for _, pair := range slices.Sorted(maps.Keys(b.Largest)) {
		largest = append(largest, pair+" "+b.Largest[pair])
	}
	may := p.say("cli.keys.bot.trades", text.Args{"types": strings.Join(b.Types, ", "), "largest": strings.Join(largest, ", ")})
	if b.Guard != keys.GuardOn.String() {
		may += "\n  " + p.say("cli.keys.bot.guarded", text.Args{"guard": b.Guard})
	}
	return may
}

func (p *program) listBots(ctx context.Context) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	s, err := p.openKeys(ctx, cfg, false)
	if err != nil {
		return err
	}
	all := []shownBot{}
	for _, b := range s.Bots() {
		all = append(all, shown(b))
	}
	if p.asJSON {
		return p.printJSON(all)
	}
	if len(all) == 0 {
		fmt.Fprintln(p.stdout, p.say("cli.keys.bot.none", nil))
	}
	for _, b := range all {
		if !b.Revoked.IsZero() {
			fmt.Fprintln(p.stdout, p.say("cli.keys.bot.over", text.Args{"name": b.Name, "at": onDay(b.Revoked)}))
			continue
		}
		fmt.Fprintln(p.stdout, p.say("cli.keys.bot.line", text.Args{"name": b.Name, "at": onDay(b.Made)}))
		fmt.Fprintln(p.stdout, " ", p.may(b))
	}
	return nil
}

func (p *program) revokeBot(ctx context.Context, name string) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	s, err := p.openKeys(ctx, cfg, false)
	if err == nil {
		if err = s.Revoke(name, time.Now().UTC()); err == nil {
			err = s.Save()
		}
		if err != nil {
			return p.keysTrouble(cfg, err, name)
		}
		fmt.Fprintln(p.stdout, p.say("cli.keys.bot.revoked", text.Args{"name": name}))
	}
	return err
}
