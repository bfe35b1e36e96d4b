package app

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hikeshi/internal/config"
	"hikeshi/internal/keys"
	"hikeshi/internal/probe"
	"hikeshi/internal/secret"
	"hikeshi/internal/text"
)

func TestEveryRefusalOfTheKeysHasWords(t *testing.T) {
	for _, c := range keysTroubles {
		if !text.Has("error."+c.id) || !text.Has("hint."+c.id) {
			t.Errorf("no words for %s", c.id)
		}
	}
}

// keeping is a configuration that names a kept key.
func keeping(t *testing.T) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.Key.Name = "main"
	s, err := keys.Open(keys.Folder(cfg.DataDir), secret.Value{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	err = s.Add(keys.Account{
		Name: "main", ID: secret.New("sim-key"), Secret: secret.New("sim-secret"), Origin: cfg.Key.Bound(),
		Rights: keys.Rights{Read: true}, Confirmed: now, Added: now, Proved: now,
	})
	if err := errors.Join(err, s.Save()); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestTheWatchSignsWithTheKeyThatTheConfigurationNames(t *testing.T) {
	cfg := keeping(t)
	po, err := probeOptions(cfg, Options{})
	if err != nil || po.Credentials == nil {
		t.Fatalf("got %v, %v", po.Credentials, err)
	}
	if _, err := Client(cfg, po.Credentials); err != nil {
		t.Error(err)
	}
	cfg.Hosts[probe.Private] = config.Host{URL: "https://api.bitbank.example"}
	if _, err := Client(cfg, po.Credentials); err == nil {
		t.Error("the key was taken to another host")
	}
	cfg.Key.Name = ""
	if po, err := probeOptions(cfg, Options{}); err != nil || po.Credentials != nil {
		t.Errorf("a key that nothing names is used: %v, %v", po.Credentials, err)
	}
}

func TestAKeyThatCannotBeUsedSaysWhy(t *testing.T) {
	for _, c := range []struct {
		want  string
		spoil func(*config.Config)
	}{
		{"keys.unknown", func(cfg *config.Config) { cfg.Key.Name = "other" }},
		{"keys.unknown", func(cfg *config.Config) { cfg.DataDir = filepath.Join(cfg.DataDir, "elsewhere") }},
		{"keys.origin", func(cfg *config.Config) { cfg.Key.Origin = "http://127.0.0.1:8101" }},
		{"keys.damaged", func(cfg *config.Config) { overwrite(t, cfg, "{}") }},
		{"keys.version", func(cfg *config.Config) { overwrite(t, cfg, `{"format":"hikeshi keys","version":2}`) }},
		{"keys.keyfile.lock", func(cfg *config.Config) {
			cfg.Key.PassphraseFile = filepath.Join(t.TempDir(), "p")
			if err := os.WriteFile(cfg.Key.PassphraseFile, []byte("a long walk"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"key", func(cfg *config.Config) { cfg.Key.PassphraseFile = filepath.Join(t.TempDir(), "none") }},
		{"keys.mode", func(cfg *config.Config) {
			if err := os.Chmod(keys.Folder(cfg.DataDir), 0o755); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		cfg := keeping(t)
		c.spoil(&cfg)
		_, err := WatchOptions(cfg, Options{})
		trouble, ok := errors.AsType[*Trouble](err)
		if !ok || trouble.ID != c.want {
			t.Errorf("want %s, got %v", c.want, err)
			continue
		}
		trouble.Args["err"] = "the reason" // as the command adds it
		if said := text.Say(text.English, "error."+c.want, trouble.Args); said == "" {
			t.Errorf("%s: a sentence without its values", c.want)
		}
	}
}

func overwrite(t *testing.T, cfg *config.Config, content string) {
	t.Helper()
	if err := os.WriteFile(keys.File(keys.Folder(cfg.DataDir)), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
