package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"hikeshi/bitbank"
	"hikeshi/internal/app"
	"hikeshi/internal/config"
	"hikeshi/internal/keys"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// provingTime bounds the signed read that proves a key: a healthy bitbank answers within one second.
const provingTime = 15 * time.Second

// usualKey is the name of a key that was given none.
const usualKey = "main"

func (p *program) keys() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: p.say("cli.keys", nil),
		Long:  p.say("cli.keys.long", nil),
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		p.takesKey("add", false),
		p.withConfig(p.withJSON(&cobra.Command{
			Use:   "list",
			Short: p.say("cli.keys.list", nil),
			Args:  cobra.NoArgs,
			RunE:  func(c *cobra.Command, _ []string) error { return p.listKeys(c.Context()) },
		})),
		p.withConfig(&cobra.Command{
			Use:   "test [NAME]",
			Short: p.say("cli.keys.test", nil),
			Long:  p.say("cli.keys.test.long", nil),
			Args:  cobra.MaximumNArgs(1),
			RunE:  func(c *cobra.Command, args []string) error { return p.testKeys(c.Context(), args) },
		}),
		p.takesKey("rotate", true),
		p.withConfig(&cobra.Command{
			Use:   "remove NAME",
			Short: p.say("cli.keys.remove", nil),
			Args:  cobra.ExactArgs(1),
			RunE:  func(c *cobra.Command, args []string) error { return p.removeKey(c.Context(), args[0]) },
		}),
		p.keysBot(),
	)
	return c
}

// taking is how a key is to be taken in.
type taking struct {
	name    string
	files   [2]string // of key and secret; "" when they are typed or piped
	rights  string
	protect bool // lock new keys with a passphrase
	replace bool // in the place of the key of this name
}

// takesKey is the command that adds a key, or the one that rotates it.
func (p *program) takesKey(verb string, replace bool) *cobra.Command {
	t := taking{name: usualKey, replace: replace}
	c := p.withConfig(&cobra.Command{
		Use:     verb + " [NAME]",
		Short:   p.say("cli.keys."+verb, nil),
		Long:    p.say("cli.keys."+verb+".long", nil),
		Example: "  hikeshi keys " + verb + "\n  hikeshi keys " + verb + " --rights read --id-file key.txt --secret-file secret.txt",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				t.name = args[0]
			}
			return p.takeKey(c.Context(), t)
		},
	})
	f := c.Flags()
	f.StringVar(&t.files[0], "id-file", "", p.say("cli.keys.flag.id", nil))
	f.StringVar(&t.files[1], "secret-file", "", p.say("cli.keys.flag.secret", nil))
	f.StringVar(&t.rights, "rights", "", p.say("cli.keys.flag.rights", nil))
	if !replace {
		f.BoolVar(&t.protect, "passphrase", false, p.say("cli.keys.flag.passphrase", nil))
	}
	return c
}

// takeKey reads a key, has its rights confirmed, proves it by a signed read and keeps it. Until the last step nothing
// has changed.
func (p *program) takeKey(ctx context.Context, t taking) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	if keys.CheckName(t.name) != nil {
		return p.misused("cli.keys.name", "cli.keys.name.hint", nil)
	}
	if (t.files[0] == "") != (t.files[1] == "") {
		return p.misused("cli.keys.files", "", nil)
	}
	s, err := p.openKeys(ctx, cfg, t.protect)
	if err != nil {
		return err
	}
	// Before anybody types a secret in vain.
	_, err = s.Account(t.name)
	switch {
	case t.replace && err != nil:
		return p.keysTrouble(cfg, err, t.name)
	case !t.replace && err == nil:
		return p.keysTrouble(cfg, keys.ErrExists, t.name)
	}
	a := keys.Account{Name: t.name, Origin: cfg.Key.Bound(), Added: time.Now().UTC()}
	if t.rights != "" {
		if a.Rights, err = p.rights(ctx, t.rights); err != nil {
			return err
		}
	}
	pair, err := p.keyPair(ctx, cfg, t.files)
	if err != nil {
		return err
	}
	a.ID, a.Secret = pair[0], pair[1]
	if t.rights == "" {
		if a.Rights, err = p.rights(ctx, ""); err != nil {
			return err
		}
	}
	a.Confirmed = time.Now().UTC()
	if err := p.prove(ctx, cfg, a); err != nil {
		return err
	}
	a.Proved = time.Now().UTC()
	keep := s.Add
	if t.replace {
		keep = s.Rotate
	}
	if err := keep(a); err != nil {
		return p.keysTrouble(cfg, err, t.name)
	}
	if err := s.Save(); err != nil {
		return p.keysTrouble(cfg, err, t.name)
	}
	fmt.Fprintln(p.stdout, p.say("cli.keys.kept", text.Args{"name": a.Name, "origin": a.Origin}))
	fmt.Fprintln(p.stdout, p.say("cli.keys.confirmed", text.Args{"rights": p.wordRights(a.Rights), "at": onDay(a.Confirmed)}))
	switch {
	case t.replace:
		fmt.Fprintln(p.stdout, p.say("cli.keys.rotated", nil))
	case cfg.Key.Name != a.Name:
		fmt.Fprintln(p.stdout, p.say("cli.keys.use", text.Args{"name": a.Name}))
	}
	return nil
}

// keysTrouble words an error of package keys about the key of a name.
func (p *program) keysTrouble(cfg config.Config, err error, name string) error {
	t := app.KeysTrouble(cfg, err)
	t.Args["name"] = name
	return p.worded(t)
}

// prove sends the one request that shows that a key works: a read of the account's assets, which are not looked at.
func (p *program) prove(ctx context.Context, cfg config.Config, a keys.Account) error {
	if bound := cfg.Key.Bound(); a.Origin != bound {
		return p.fail("error.keys.origin", "hint.keys.origin", text.Args{"name": a.Name, "origin": a.Origin, "bound": bound})
	}
	key, err := app.Bind(a)
	if err != nil {
		return p.worded(err)
	}
	client, err := app.Client(cfg, key)
	if t, ok := errors.AsType[*app.Trouble](err); ok {
		return p.worded(t)
	}
	if err != nil {
		return p.fail("cli.keys.host", "cli.keys.host.hint", text.Args{"origin": a.Origin})
	}
	ctx, cancel := context.WithTimeout(ctx, provingTime)
	defer cancel()
	_, err = client.Assets(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return p.fail("cli.stopped", "", nil)
	}
	args := text.Args{"name": a.Name, "origin": a.Origin}
	refusal, refused := errors.AsType[*bitbank.Error](err)
	if refused {
		args["code"] = strconv.Itoa(int(refusal.Code))
	}
	switch {
	case errors.Is(err, bitbank.ErrClock):
		return p.fail("cli.keys.clock", "cli.keys.clock.hint", args)
	case errors.Is(err, bitbank.ErrAuth):
		return p.fail("cli.keys.refused", "cli.keys.refused.hint", args)
	case refused:
		return p.fail("cli.keys.unproved.code", "cli.keys.unproved.hint", args)
	}
	return p.fail("cli.keys.unproved", "cli.keys.unproved.hint", args)
}

func (p *program) wordRights(r keys.Rights) string {
	if r.Trade {
		return p.say("cli.keys.rights.trade", nil)
	}
	return p.say("cli.keys.rights.read", nil)
}

// onDay is when something was confirmed or proved: by its day, because months may have passed.
func onDay(t time.Time) string {
	return t.In(say.JST).Format("2006-01-02 15:04 MST")
}

// A listedKey is a kept key as programs see it.
type listedKey struct {
	Name      string      `json:"name"`
	ID        string      `json:"id"` // shortened
	Origin    string      `json:"origin"`
	Rights    keys.Rights `json:"rights"`
	Confirmed time.Time   `json:"confirmed"`
	Added     time.Time   `json:"added"`
	Proved    time.Time   `json:"proved"`
	Used      bool        `json:"used"` // the configuration names it
}

func (p *program) listKeys(ctx context.Context) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	s, err := p.openKeys(ctx, cfg, false)
	if err != nil {
		return err
	}
	all := []listedKey{}
	for _, a := range s.Accounts() {
		all = append(all, listedKey{a.Name, a.ShortID(), a.Origin, a.Rights, a.Confirmed, a.Added, a.Proved, a.Name == cfg.Key.Name})
	}
	if p.asJSON {
		return p.printJSON(all)
	}
	if len(all) == 0 {
		fmt.Fprintln(p.stdout, p.say("cli.keys.none", nil))
	}
	for _, k := range all {
		fmt.Fprintln(p.stdout, p.say("cli.keys.line", text.Args{"name": k.Name, "id": k.ID, "origin": k.Origin}))
		fmt.Fprintln(p.stdout, " ", p.say("cli.keys.confirmed", text.Args{"rights": p.wordRights(k.Rights), "at": onDay(k.Confirmed)}))
		fmt.Fprintln(p.stdout, " ", p.say("cli.keys.proved", text.Args{"at": onDay(k.Proved)}))
		if k.Used {
			fmt.Fprintln(p.stdout, " ", p.say("cli.keys.used", nil))
		}
	}
	return nil
}

// testKeys proves the key of a name, or all of them, and notes when.
func (p *program) testKeys(ctx context.Context, names []string) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	s, err := p.openKeys(ctx, cfg, false)
	if err != nil {
		return err
	}
	all := s.Accounts()
	if len(names) == 1 {
		a, err := s.Account(names[0])
		if err != nil {
			return p.keysTrouble(cfg, err, names[0])
		}
		all = []keys.Account{a}
	}
	if len(all) == 0 {
		fmt.Fprintln(p.stdout, p.say("cli.keys.none", nil))
		return nil
	}
	var failed []error
	for _, a := range all {
		if err := p.prove(ctx, cfg, a); err != nil {
			failed = append(failed, err)
			continue
		}
		if err := s.Proved(a.Name, time.Now().UTC()); err != nil {
			return p.keysTrouble(cfg, err, a.Name)
		}
		fmt.Fprintln(p.stdout, p.say("cli.keys.works", text.Args{"name": a.Name, "origin": a.Origin}))
	}
	if len(failed) < len(all) {
		if err := s.Save(); err != nil {
			return p.keysTrouble(cfg, err, "")
		}
	}
	for _, err := range failed {
		p.finish(err)
	}
	if len(failed) > 0 {
		return exitCode(exitFailed)
	}
	return nil
}

func (p *program) removeKey(ctx context.Context, name string) error {
	cfg, err := p.loadConfig()
	if err != nil {
		return err
	}
	s, err := p.openKeys(ctx, cfg, false)
	if err != nil {
		return err
	}
	if err := s.Remove(name); err != nil {
		return p.keysTrouble(cfg, err, name)
	}
	if err := s.Save(); err != nil {
		return p.keysTrouble(cfg, err, name)
	}
	fmt.Fprintln(p.stdout, p.say("cli.keys.removed", text.Args{"name": name}))
	if cfg.Key.Name == name {
		fmt.Fprintln(p.stdout, p.say("cli.keys.removed.used", nil))
	}
	return nil
}
