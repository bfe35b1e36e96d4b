package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hikeshi/internal/config"
	"hikeshi/internal/probe"
	"hikeshi/internal/text"
)

// What is not a terminal keeps what it is told: the journal of systemd, a file.
func TestTheLinkGoesToEyesAlone(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	const token = "0123456789abcdef"
	if err := os.WriteFile(filepath.Join(cfg.DataDir, "token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	tell := func(cfg config.Config) string {
		var out bytes.Buffer
		p := &program{lang: text.English, stdout: &out}
		if err := p.tellLink(cfg, "127.0.0.1:8710"); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := tell(cfg); strings.Contains(got, token) || !strings.Contains(got, "hikeshi link") {
		t.Errorf("a pipe is told %q", got)
	}
	cfg.Hosts = map[probe.Host]config.Host{probe.Private: {URL: "http://127.0.0.1:8101"}}
	if got := tell(cfg); !strings.Contains(got, "http://127.0.0.1:8710/login?token="+token) {
		t.Errorf("a demo is told %q", got)
	}
}
