package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"hikeshi/internal/config"
	"hikeshi/internal/secret"
	"hikeshi/internal/text"
	"hikeshi/internal/web"
)

// Token reads what opens the dashboard's pages and addresses about money. It lies in the data folder, for its owner alone;
// fs.ErrNotExist says that hikeshi never ran with that folder. Its errors are *Trouble: "token".
func Token(cfg config.Config) (secret.Value, error) {
	path := filepath.Join(cfg.DataDir, "token")
	v, err := readToken(path)
	if err != nil {
		return secret.Value{}, &Trouble{ID: "token", Args: text.Args{"path": path}, Err: err}
	}
	return v, nil
}

func readToken(path string) (secret.Value, error) {
	info, err := os.Stat(path)
	if err != nil {
		return secret.Value{}, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return secret.Value{}, fmt.Errorf("others may use it: its mode is %04o", info.Mode().Perm())
	}
	return secret.Read(path)
}

// token reads the token, or makes it at the first start. It is never made anew: programs hold it.
func token(cfg config.Config) (secret.Value, error) {
	v, err := Token(cfg)
	if !errors.Is(err, fs.ErrNotExist) {
		return v, err
	}
	path := filepath.Join(cfg.DataDir, "token")
	v = web.NewToken()
	// Whole or not at all: a file that a crash has left empty would lock its owner out. The journal's lock keeps others away.
	err = os.WriteFile(path+".new", []byte(v.Reveal()+"\n"), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return secret.Value{}, &Trouble{ID: "token", Args: text.Args{"path": path}, Err: err}
	}
	return v, nil
}

// money gives the dashboard what concerns money: the account, if there is one, and what opens it.
func (a *App) money(o *web.Options) (err error) {
	if a.account != nil {
		o.Accounts, o.Stops = a.account, a.account
	}
	if a.door != nil {
		o.Bots = a.door.bots.names
	}
	o.Token, err = token(a.cfg)
	return err
}

// HasAccount reports whether an account is followed.
func (a *App) HasAccount() bool { return a.account != nil }
