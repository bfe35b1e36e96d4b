package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"hikeshi/internal/config"
	"hikeshi/internal/probe"
)

// WriteConfig writes a configuration under which the daemon watches this world instead of the real one: the addresses of
// [Sim.Run], the account's key and a bot's local key ("bot-key", "bot-secret") in files beside path that only their owner reads, and, with TLS, the authority's
// certificate as ca.pem. The checks of the line are off: loopback has neither router nor resolver.
func (s *Sim) WriteConfig(path string) error {
	dir, base := filepath.Dir(path), strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	c := config.Default()
	// Relative paths are relative to the file's own folder, so the folder can be moved.
	c.DataDir = base + "-data"
	c.Listen = s.address(dashboard)
	c.Key = config.Key{IDFile: base + "-key", SecretFile: base + "-secret", Origin: s.URL("private"), Trade: true}
	bot := config.Bot{
		Name: "bot", IDFile: base + "-bot-key", SecretFile: base + "-bot-secret",
		Types: []string{"limit", "market", "stop", "stop_limit", "take_profit", "stop_loss"}, Largest: map[string]string{},
	}
	for _, pair := range s.x.Market().Names() {
		bot.Largest[pair] = botLargest
	}
	c.Gateway.Listen, c.Gateway.Bots = s.address(gatewayPort), []config.Bot{bot}
	c.Checks.Interface, c.Checks.Gateway, c.Checks.Resolver, c.Checks.NTP = false, false, false, false
	c.Checks.Families = []string{"ipv4"}
	c.Hosts = s.watched()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write the simulator's configuration: %w", err)
	}
	if s.ca != nil {
		c.CAFile = "ca.pem"
		if err := os.WriteFile(filepath.Join(dir, c.CAFile), s.ca.pem, 0o644); err != nil {
			return fmt.Errorf("write the simulator's authority: %w", err)
		}
	}
	for name, secret := range map[string]string{
		c.Key.IDFile: accountKey, c.Key.SecretFile: accountSecret, bot.IDFile: "bot-key", bot.SecretFile: "bot-secret",
	} {
		if err := private(filepath.Join(dir, name), secret+"\n"); err != nil {
			return fmt.Errorf("write the simulator's key: %w", err)
		}
	}
	b, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("write the simulator's configuration: %w", err)
	}
	head := "# Written by hikeshi sim: a world to practise on (模擬). hikeshi run --config " + filepath.Base(path) + "\n"
	if err := os.WriteFile(path, append([]byte(head), b...), 0o644); err != nil {
		return fmt.Errorf("write the simulator's configuration: %w", err)
	}
	return nil
}

// botLargest is no limit to practise with: the account has less.
const botLargest = "1000000"

// private writes a file that only its owner reads, also over one that others could read.
func private(path, content string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// watched are the addresses of the roles.
func (s *Sim) watched() map[probe.Host]config.Host {
	hosts := map[probe.Host]config.Host{
		probe.Stream:   {URL: strings.Replace(s.URL("stream"), "http", "ws", 1)},
		probe.Web:      {URL: s.URL("web") + "/", Second: "/docs/circuit-breaker-mode/"},
		probe.App:      {URL: s.URL("app") + "/", Second: "/login"},
		probe.Status:   {URL: s.URL("status") + "/"},
		probe.Blog:     {URL: s.URL("blog") + "/tag/service"},
		probe.Support:  {URL: s.URL("support") + "/hc/ja/requests/new", Second: "/hc/ja"},
		probe.X:        {URL: s.URL("x") + "/bitbank_inc"},
		probe.Neutral1: {URL: s.URL("neutral1") + "/", Name: "neutral1", SameEdge: true},
		probe.Neutral2: {URL: s.URL("neutral2") + "/", Name: "neutral2"},
		probe.Neutral3: {URL: s.URL("neutral3") + "/", Name: "neutral3"},
	}
	// The other exchanges have their real shapes, at other addresses.
	real := config.Default().Hosts
	for _, role := range []probe.Host{probe.Venue1, probe.Venue2, probe.Venue3} {
		h := real[role]
		_, path, _ := strings.Cut(strings.TrimPrefix(h.URL, "https://"), "/")
		h.URL = s.URL(string(role)) + "/" + path
		hosts[role] = h
	}
	for _, role := range []probe.Host{probe.Public, probe.Private, probe.PubNub} {
		hosts[role] = config.Host{URL: s.URL(string(role))}
	}
	return hosts
}
