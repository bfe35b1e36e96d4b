package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"hikeshi/internal/text"
)

// release is set by the Makefile (-ldflags -X); a build without it is a development build.
var release = "dev"

// A build is what this binary was made from.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // commit
	Modified bool   `json:"modified"`           // built with changes that are in no commit
	Time     string `json:"time,omitempty"`     // of the commit, RFC 3339
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func thisBuild() build {
	b := build{Version: release, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (p *program) version() *cobra.Command {
	return p.withJSON(&cobra.Command{
		Use:   "version",
		Short: p.say("cli.version", nil),
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if p.asJSON {
				return p.printJSON(b)
			}
			fmt.Fprintf(p.stdout, "hikeshi %s (%s, %s/%s)\n", b.Version, b.Go, b.OS, b.Arch)
			if b.Revision != "" {
				fmt.Fprintln(p.stdout, p.say("cli.version.commit", text.Args{"commit": b.Revision[:min(12, len(b.Revision))], "time": b.Time}))
			}
			fmt.Fprintln(p.stdout, p.say("cli.unofficial", nil))
			return nil
		},
	})
}
