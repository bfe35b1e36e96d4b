package sim

import (
	"os"
	"path/filepath"
	"testing"

	"hikeshi/internal/config"
	"hikeshi/internal/probe"
)

func TestTheWrittenConfigurationIsAcceptedAndPrivate(t *testing.T) {
	for _, tls := range []bool{false, true} {
		s := calm(t, Options{TLS: tls, PortBase: 8100})
		path := filepath.Join(t.TempDir(), "new", "sim.yaml")
		for range 2 { // also over what an earlier run left
			if err := s.WriteConfig(path); err != nil {
				t.Fatal(err)
			}
		}
		c, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		scheme := map[bool]string{false: "http", true: "https"}[tls]
		if got, want := c.Hosts[probe.Private].URL, scheme+"://127.0.0.1:8101"; got != want || c.Key.Origin != want {
			t.Errorf("private lives at %s and the key is bound to %s, want %s", got, c.Key.Origin, want)
		}
		if !c.Hosts[probe.Neutral1].SameEdge || c.Hosts[probe.Neutral2].SameEdge || c.Listen != "127.0.0.1:8160" {
			t.Errorf("neutral1 %+v, neutral2 %+v, listen %s", c.Hosts[probe.Neutral1], c.Hosts[probe.Neutral2], c.Listen)
		}
		if k := c.Checks; k.Interface || k.Gateway || k.Resolver || k.NTP || len(k.Families) != 1 {
			t.Errorf("checks: %+v", k)
		}
		if (c.CAFile != "") != tls {
			t.Errorf("authority: %q", c.CAFile)
		}
		if len(c.Gateway.Bots) != 1 || c.Gateway.Listen != "127.0.0.1:8150" || !c.Key.Trade {
			t.Fatalf("the gateway: %+v", c.Gateway)
		}
		bot := c.Gateway.Bots[0]
		for file, want := range map[string]string{
			c.Key.IDFile: "sim-key\n", c.Key.SecretFile: "sim-secret\n", bot.IDFile: "bot-key\n", bot.SecretFile: "bot-secret\n",
		} {
			b, err := os.ReadFile(file)
			info, statErr := os.Stat(file)
			if err != nil || statErr != nil || string(b) != want || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %q %v %v %v", file, b, err, info.Mode(), statErr)
			}
		}
	}
}
