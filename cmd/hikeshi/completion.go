package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hikeshi/internal/text"
)

func (p *program) completion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion bash|zsh|fish|powershell",
		Short:     p.say("cli.completion", nil),
		Long:      p.say("cli.completion.long", nil),
		Example:   "  source <(hikeshi completion bash)",
		ValidArgs: shells,
		Args:      cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.stdout, true)
			case "zsh":
				return root.GenZshCompletion(p.stdout)
			case "fish":
				return root.GenFishCompletion(p.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(p.stdout)
			}
			return p.misused("cli.completion.shell", "cli.hint.help", text.Args{
				"shell": fmt.Sprintf("%.20q", args[0]), "path": c.CommandPath(),
			})
		},
	}
}
