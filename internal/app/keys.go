package app

import (
	"errors"
	"io/fs"
	"net/http"

	"hikeshi/bitbank"
	"hikeshi/internal/config"
	"hikeshi/internal/keys"
	"hikeshi/internal/probe"
	"hikeshi/internal/secret"
	"hikeshi/internal/text"
)

// OpenKeys opens the keys of cfg's data folder with a passphrase; a zero one stands for the file that cfg names, or for
// none. Its errors are *Trouble, of the kinds that [KeysTrouble] tells apart.
func OpenKeys(cfg config.Config, passphrase secret.Value) (*keys.Store, error) {
	if file := cfg.Key.PassphraseFile; passphrase.IsZero() && file != "" {
		var err error
		if passphrase, err = secret.Read(file); err != nil {
			return nil, &Trouble{ID: "key", Args: text.Args{"path": file}, Err: err}
		}
	}
	s, err := keys.Open(keys.Folder(cfg.DataDir), passphrase)
	if err != nil {
		return nil, KeysTrouble(cfg, err)
	}
	return s, nil
}

// keysTroubles are the refusals of package keys that the owner can do something about.
var keysTroubles = []struct {
	err error
	id  string
}{
	{keys.ErrPassphrase, "keys.locked"},
	{keys.ErrKeyLock, "keys.keyfile.lock"},
	{keys.ErrWrong, "keys.wrong"},
	{keys.ErrKeyFile, "keys.keyfile.missing"},
	{keys.ErrDamaged, "keys.damaged"},
	{keys.ErrVersion, "keys.version"},
	{keys.ErrChanged, "keys.changed"},
	{keys.ErrUnknown, "keys.unknown"},
	{keys.ErrExists, "keys.exists"},
	{keys.ErrSame, "keys.same"},
}

// KeysTrouble words an error of package keys.
func KeysTrouble(cfg config.Config, err error) *Trouble {
	dir := keys.Folder(cfg.DataDir)
	args := text.Args{"path": keys.File(dir)}
	if p, ok := errors.AsType[*keys.PermissionError](err); ok {
		mode := "600"
		if p.Mode.IsDir() {
			mode = "700"
		}
		return &Trouble{ID: "keys.mode", Args: text.Args{"path": p.Path, "mode": mode}, Err: err}
	}
	for _, t := range keysTroubles {
		if errors.Is(err, t.err) {
			return &Trouble{ID: t.id, Args: args, Err: err}
		}
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		args["path"] = p.Path
	}
	return &Trouble{ID: "data", Args: args, Err: err}
}

// keptKey is the key that cfg names among the kept ones, and whether it may trade.
func keptKey(cfg config.Config) (c *bitbank.Credentials, trade bool, err error) {
	s, err := OpenKeys(cfg, secret.Value{})
	if err != nil {
		return nil, false, err
	}
	a, err := s.Account(cfg.Key.Name)
	if err != nil {
		t := KeysTrouble(cfg, err)
		t.Args["name"] = cfg.Key.Name
		return nil, false, t
	}
	if bound := cfg.Key.Bound(); a.Origin != bound {
		return nil, false, &Trouble{
			ID: "keys.origin", Args: text.Args{"name": a.Name, "origin": a.Origin, "bound": bound}, Err: errors.New("the key is bound to another origin"),
		}
	}
	c, err = Bind(a)
	return c, a.Rights.Trade, err
}

// Bind makes a kept key ready to sign for its origin.
func Bind(a keys.Account) (*bitbank.Credentials, error) {
	c, err := bitbank.NewCredentials(a.ID.Reveal(), a.Secret.Reveal(), a.Origin, bitbank.Auth{})
	if err != nil {
		return nil, &Trouble{ID: "keys.unusable", Args: text.Args{"name": a.Name}, Err: err}
	}
	return c, nil
}

// Client asks the private API that cfg names, with a key. It trusts the system's certificate authorities and cfg's.
func Client(cfg config.Config, key *bitbank.Credentials) (*bitbank.Client, error) {
	t, err := transport(cfg)
	if err != nil {
		return nil, err
	}
	return bitbank.New(bitbank.Options{PrivateURL: cfg.Hosts[probe.Private].URL, Credentials: key, HTTP: &http.Client{Transport: t}})
}
