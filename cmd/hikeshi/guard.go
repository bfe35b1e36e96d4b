package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hikeshi/internal/text"
	"hikeshi/internal/web"
)

// guard is the command that says what the owner's policy would do now, and takes the answer to what it proposes.
func (p *program) guard() *cobra.Command {
	c := p.withConfig(p.withJSON(&cobra.Command{
		Use:     "guard",
		Short:   p.say("cli.guard", nil),
		Long:    p.say("cli.guard.long", nil),
		Example: "  hikeshi guard\n  hikeshi guard cancel rest-1764050000\n  hikeshi guard leave rest-1764050000",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := p.loadConfig()
			if err != nil {
				return err
			}
			var o web.Policy
			if err := p.ask(c.Context(), cfg, "/api/v1/guard", nil, "", &o); err != nil {
				return err
			}
			return p.tellPolicy(o)
		},
	}))
	for _, verb := range []string{"cancel", "leave"} {
		c.AddCommand(p.withConfig(p.withJSON(&cobra.Command{
			Use:   verb + " PROPOSAL",
			Short: p.say("cli.guard."+verb, nil),
			Args:  cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error {
				cfg, err := p.loadConfig()
				if err != nil {
					return err
				}
				var o web.Policy
				if err := p.ask(c.Context(), cfg, "/api/v1/answer", map[string]any{"id": args[0], "cancel": verb == "cancel"}, "", &o); err != nil {
					return err
				}
				return p.tellPolicy(o)
			},
		})))
	}
	return c
}

// tellPolicy ends with 9 while a proposal waits for the owner.
func (p *program) tellPolicy(o web.Policy) error {
	waits := false
	for _, x := range o.Proposals {
		waits = waits || x.How == "waits"
	}
	if p.asJSON {
		if err := p.printJSON(o); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(p.stdout, o.Text)
		for _, r := range o.Rules {
			fmt.Fprintf(p.stdout, "  %s  %s\n", r.Name, r.Text)
		}
		for _, x := range o.Proposals {
			fmt.Fprintln(p.stdout, p.say("cli.guard.proposal", text.Args{"id": x.ID, "text": x.Text}))
		}
	}
	if waits {
		return exitCode(exitDoubt)
	}
	return nil
}
