package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"hikeshi/internal/config"
)

func TestTheTokenIsMadeOnceAndForItsOwnerAlone(t *testing.T) {
	cfg := config.Config{DataDir: t.TempDir()}
	path := filepath.Join(cfg.DataDir, "token")
	if _, err := Token(cfg); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first start: %v", err)
	}
	made, err := token(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(made.Reveal()) {
		t.Error("the token is not 32 bytes in hexadecimal")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its file: %v, %v", info.Mode(), err)
	}
	again, err := token(cfg)
	if read, _ := Token(cfg); err != nil || again.Reveal() != made.Reveal() || read.Reveal() != made.Reveal() {
		t.Error("the second start has another token")
	}
	other, err := token(config.Config{DataDir: t.TempDir()})
	if err != nil || other.Reveal() == made.Reveal() {
		t.Error("two folders have one token")
	}
	for name, spoil := range map[string]func() error{
		"others may read it": func() error { return os.Chmod(path, 0o640) },
		"it is empty":        func() error { return errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, nil, 0o600)) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		_, err := token(cfg)
		if trouble, ok := errors.AsType[*Trouble](err); !ok || trouble.ID != "token" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
