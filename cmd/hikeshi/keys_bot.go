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
	var how botHow
	add := p.withConfig(p.withJSON(&cobra.Command{
		Use:     "add NAME",
		Short:   p.say("cli.keys.bot.add", nil),
		Long:    p.say("cli.keys.bot.add.long", nil),
		Example: "  hikeshi keys bot add grid --type limit --type market --largest btc_jpy=0.1 --largest xrp_jpy=500",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.addBot(c.Context(), args[0], how, types, largest)
		},
	}))
	add.Flags().StringSliceVar(&types, "type", nil, p.say("cli.keys.bot.flag.type", nil))
	add.Flags().StringVar(&how.guard, "post-only-guard", "on", p.say("cli.keys.bot.flag.guard", nil))
	add.Flags().StringVar(&how.release, "release", "usual", p.say("cli.keys.bot.flag.release", nil))
	add.Flags().StringVar(&how.alive, "alive", "heartbeats", p.say("cli.keys.bot.flag.alive", nil))
	add.Flags().StringVar(&how.lapse, "lapse", "protect", p.say("cli.keys.bot.flag.lapse", nil))
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
	Alive   string            `json:"alive"` // what keeps its dead man's switch from lapsing
	Lapse   string            `json:"lapse"` // what is cancelled when it lapses
	Made    time.Time         `json:"made"`
	Revoked time.Time         `json:"revoked,omitzero"`
}

func shown(b keys.Bot) shownBot {
	s := shownBot{Name: b.Name, Types: []string{}, Largest: map[string]string{}, Guard: b.Scope.Guard.String(), Release: b.Scope.Release.String(), Alive: b.Scope.Alive.String(), Lapse: b.Scope.Lapse.String(), Made: b.Made, Revoked: b.Revoked}
	for _, t := range b.Scope.Types {
		s.Types = append(s.Types, string(t))
	}
	for pair, most := range b.Scope.Most {
		s.Largest[pair] = most.String()
	}
	return s
}

// botHow are the flags of a bot that have few values.
type botHow struct{ guard, release, alive, lapse string }

// into reads them into a scope.
func (h botHow) into(s *keys.Scope) (flag, got string, err error) {
	if s.Guard, err = keys.ParseGuard(h.guard); err != nil {
		return "guard", h.guard, err
	}
	if s.Release, err = keys.ParseRelease(h.release); err != nil {
		return "release", h.release, err
	}
	if s.Alive, err = keys.ParseAlive(h.alive); err != nil {
		return "alive", h.alive, err
	}
	s.Lapse, err = keys.ParseLapse(h.lapse)
	return "lapse", h.lapse, err
}

// addBot makes a local key and shows it, once.
func (p *program) addBot(ctx context.Context, name string, how botHow, types, largest []string) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	if keys.CheckName(name) != nil {
		return p.misused("cli.keys.name", "cli.keys.name.hint", nil)
	}
	scope := keys.Scope{Trade: len(types)+len(largest) > 0}
	if flag, got, err := how.into(&scope); err != nil {
		return p.misused("cli.keys.bot."+flag, "cli.keys.bot."+flag+".hint", text.Args{"got": got})
	}
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
	if b.Alive != keys.AliveByHeartbeats.String() {
		may += "\n  " + p.say("cli.keys.bot.alived", nil)
	}
	if b.Lapse != keys.LapseSpares.String() {
		may += "\n  " + p.say("cli.keys.bot.lapsed", nil)
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
