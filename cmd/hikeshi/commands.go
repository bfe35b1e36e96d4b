package main

import "github.com/spf13/cobra"

// commands lists what the program can do, in the order of the help. One line a command.
func (p *program) commands() []*cobra.Command {
	return []*cobra.Command{
		p.run(),
		p.check(),
		p.demo(),
		p.sim(),
		p.orders(),
		p.transfers(),
		p.positions(),
		p.freezes("freeze", true),
		p.freezes("thaw", false),
		p.manual(),
		p.stop(),
		p.cancelAll(),
		p.guard(),
		p.link(),
		p.explain(),
		p.config(),
		p.keys(),
		p.journal(),
		p.completion(),
		p.version(),
	}
}
