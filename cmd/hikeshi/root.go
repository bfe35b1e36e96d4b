package main

import (
	"strings"

	"github.com/spf13/cobra"

	"hikeshi/internal/text"
)

func (p *program) root() *cobra.Command {
	var lang string
	root := &cobra.Command{
		Use:           "hikeshi",
		Short:         p.say("cli.hikeshi", nil),
		Long:          p.say("cli.hikeshi.long", nil),
		SilenceErrors: true, // finish words them
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs, // so that we word the unknown command ourselves
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				hint := "cli.hint.commands"
				near := strings.Join(c.SuggestionsFor(args[0]), ", ")
				if near != "" {
					hint = "cli.hint.near"
				}
				return p.misused("cli.unknown", hint, text.Args{"command": args[0], "near": near})
			}
			return c.Help()
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.DisableDefaultCmd = true // completion.go words it in both languages
	root.SetHelpCommand(&cobra.Command{Use: "no-help", Hidden: true})
	root.PersistentFlags().StringVar(&lang, "lang", string(p.lang), p.say("cli.flag.lang", nil))
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if _, ok := text.Parse(lang); !ok {
			return p.misused("cli.lang", "", text.Args{"lang": lang})
		}
		return nil
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		// cobra's message names the flag; only the frame is ours.
		return p.misused("cli.flag", "cli.hint.help", text.Args{"err": err.Error(), "path": c.CommandPath()})
	})
	root.SetUsageTemplate(p.usage())
	root.SetHelpTemplate("{{with (or .Long .Short)}}{{.}}\n\n{{end}}{{.UsageString}}")
	for _, c := range p.commands() {
		root.AddCommand(c)
	}
	p.wordHelp(root)
	return root
}

// wordHelp words the flag that cobra adds to every command, and the misuse of arguments.
func (p *program) wordHelp(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	c.Flags().Lookup("help").Usage = p.say("cli.flag.help", nil)
	if check := c.Args; check != nil && c.HasParent() {
		c.Args = func(c *cobra.Command, args []string) error {
			if check(c, args) != nil {
				return p.misused("cli.args", "cli.hint.help", text.Args{"path": c.CommandPath()})
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		p.wordHelp(sub)
	}
}

// usage is cobra's template with our words.
func (p *program) usage() string {
	return p.say("cli.usage", nil) + `
{{if .Runnable}}  {{.UseLine}}
{{end}}{{if .HasAvailableSubCommands}}  {{.CommandPath}} ` + p.say("cli.usage.command", nil) + `

` + p.say("cli.commands", nil) + `{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{if .HasExample}}
` + p.say("cli.examples", nil) + `
{{.Example}}
{{end}}{{if .HasAvailableLocalFlags}}
` + p.say("cli.flags", nil) + `
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
` + p.say("cli.flags.global", nil) + `
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}`
}
