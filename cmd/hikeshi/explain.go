package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"hikeshi/bitbank"
	"hikeshi/internal/text"
)

// An explanation is what `explain --json` prints.
type explanation struct {
	bitbank.CodeInfo
	Known bool   `json:"known"`
	Fault string `json:"fault"` // whose trouble it is, in the chosen language
	Retry string `json:"retry"` // whether to send it again
	Todo  string `json:"todo"`  // what to do
	Order string `json:"order"` // what became of an order or cancel that got this answer
}

func (p *program) explain() *cobra.Command {
	return p.withJSON(&cobra.Command{
		Use:     "explain CODE",
		Short:   p.say("cli.explain", nil),
		Long:    p.say("cli.explain.long", nil),
		Example: "  hikeshi explain 70009\n  hikeshi explain 20001 --json",
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var all []string
			for _, c := range bitbank.Codes() {
				if len(args) == 0 {
					all = append(all, strconv.Itoa(int(c.Code)))
				}
			}
			return all, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			// bitbank's codes have five digits; six leave room for one that it may invent.
			code, err := strconv.Atoi(strings.TrimSpace(args[0]))
			if err != nil || code < 1000 || code > 999999 {
				return p.misused("explain.garbage", "explain.garbage.hint", text.Args{"given": fmt.Sprintf("%.20s", args[0])})
			}
			return p.printExplanation(bitbank.Lookup(bitbank.Code(code)))
		},
	})
}

func (p *program) printExplanation(info bitbank.CodeInfo, known bool) error {
	class := "explain." + strings.ReplaceAll(info.Class, "/", "_")
	x := explanation{
		CodeInfo: info, Known: known,
		Fault: p.say(class+".fault", nil),
		Retry: p.say(class+".retry", nil),
		Todo:  p.say(class+".todo", nil),
		Order: p.say("explain.order."+info.Write, nil),
	}
	if p.asJSON {
		return p.printJSON(x)
	}
	meaning := info.Ja
	if p.lang == text.English {
		meaning = info.En
	}
	if !known {
		meaning = p.say("explain.unknown", nil)
	}
	fmt.Fprintf(p.stdout, "%d  %s\n\n", info.Code, meaning)
	rows := []struct{ id, value string }{
		{"explain.row.fault", x.Fault}, {"explain.row.retry", x.Retry}, {"explain.row.order", x.Order}, {"explain.row.todo", x.Todo},
	}
	for _, r := range rows {
		fmt.Fprintf(p.stdout, "%s %s\n", p.say(r.id, nil), r.value)
	}
	if known && p.lang == text.English && info.Advice != "" {
		fmt.Fprintf(p.stdout, "%s %s\n", p.say("explain.row.developer", nil), info.Advice)
	}
	return nil
}
