package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"hikeshi/internal/config"
	"hikeshi/internal/probe"
	"hikeshi/internal/text"
)

func write(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, content string) (config.Config, error) {
	t.Helper()
	return config.Load(write(t, "config.yaml", content, 0o600))
}

func TestAnEmptyFileWatchesBitbank(t *testing.T) {
	for _, content := range []string{"", "\n", "# nothing yet\n", "---\n", "budget:\nchecks:\nkey:\nhosts:\nkeep:\n"} {
		got, err := load(t, content)
		if err != nil {
			t.Fatalf("%q: %v", content, err)
		}
		if diff := cmp.Diff(got, config.Default()); diff != "" {
			t.Errorf("%q differs from the defaults:\n%s", content, diff)
		}
	}
}

func TestTheReferenceConfigurationIsTheDefaults(t *testing.T) {
	got, err := load(t, config.Example)
	if err != nil {
		t.Fatal(err)
	}
	got.Windows = nil // the file shows an empty list
	if diff := cmp.Diff(got, config.Default()); diff != "" {
		t.Error(diff)
	}
	docs, err := os.ReadFile("../../docs/config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(docs) != config.Example {
		t.Error("docs/config.example.yaml and internal/config/example.yaml differ: copy one over the other")
	}
	var names func(reflect.Type)
	names = func(typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			if name := f.Tag.Get("yaml"); !strings.Contains(config.Example, name+":") {
				t.Errorf("the reference configuration does not show %s", name)
			}
			if f.Type.PkgPath() == typ.PkgPath() && f.Type.Kind() == reflect.Struct {
				names(f.Type)
			}
		}
	}
	names(reflect.TypeFor[config.Config]())
	names(reflect.TypeFor[config.Host]())
	names(reflect.TypeFor[config.Window]())
	names(reflect.TypeFor[config.Bot]())
}

func TestWhatAProgramWritesIsReadBackUnchanged(t *testing.T) {
	want := config.Default()
	want.Lang = "en"
	want.Checks = config.Checks{Second: "127.0.0.1:5353", Server: "localhost"}
	want.Hosts[probe.Neutral2] = config.Host{URL: "http://127.0.0.1:8111/", Name: "neutral 2"}
	want.Hosts[probe.Private] = config.Host{URL: "http://127.0.0.1:8101"}
	want.Key = config.Key{
		IDFile: write(t, "id", "sim-key\n", 0o600), SecretFile: write(t, "secret", "sim-secret\n", 0o600),
		Origin: "http://127.0.0.1:8101",
	}
	b, err := yaml.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := load(t, string(b))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Windows) == 0 {
		got.Windows = nil
	}
	if len(got.Checks.Families) == 0 {
		got.Checks.Families = nil
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestAMistakeNamesLineFieldAndWhatWasExpected(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"unknown field", "listne: 127.0.0.1:1\n", "FILE line 1: no field `listne`. Did you mean `listen`?"},
		{"unknown field below", "lang: ja\nbudget:\n  api_burts: 3\n", "FILE line 3: no field `budget.api_burts`. Did you mean `api_burst`?"},
		{"unknown host", "hosts:\n  pubic: {url: off}\n", "FILE line 2: no field `hosts.pubic`. Did you mean `public`?"},
		{"unknown field in a list", "windows:\n- strat: 2026-11-25T02:00:00+09:00\n", "FILE line 2: no field `windows.0.strat`. Did you mean `start`?"},
		{"nothing near", "zzzzzzzzzz: 1\n", "FILE line 1: no field `zzzzzzzzzz`."},
		{"wrong type", "lang: ja\nbudget:\n  api_burst: many\n", "FILE line 3, `budget.api_burst`: expected a whole number."},
		{"wrong kind", "budget: 3\n", "FILE line 1, `budget`: expected indented fields."},
		{"a bool that is not", "checks:\n  ntp: perhaps\n", "FILE line 2, `checks.ntp`: expected true or false."},
		{"too many requests", "budget:\n  api_per_minute: 61\n", "FILE line 2, `budget.api_per_minute`: expected a number from 1 to 60, found \"61\"."},
		{"open to the world", "\nlisten: 0.0.0.0:8460\n", "FILE line 2, `listen`: expected an address of this machine only, such as 127.0.0.1:8460, found \"0.0.0.0:8460\"."},
		{"pair", "pairs:\n- btc_jpy\n- BTC/JPY\n", "FILE line 1, `pairs.1`: expected a pair such as btc_jpy, found \"BTC/JPY\"."},
		{"address", "hosts:\n  public:\n    url: ftp://x\n", "FILE line 3, `hosts.public.url`: expected a URL that begins with https:// or http://, or off, found \"ftp://x\"."},
		{"window", "windows:\n- start: 2026-11-25T02:00:00+09:00\n  end: 2026-11-25T01:00:00+09:00\n", "FILE line 3, `windows.0.end`: expected a time after the start, found \"2026-11-25T01:00:00+09:00\"."},
		{"window's part", "windows:\n- start: 2026-11-25T02:00:00+09:00\n  parts: [traiding]\n", "FILE line 3, `windows.0.parts.0`: expected the name of a function, such as trading, found \"traiding\"."},
		{"twice", "lang: ja\nlang: en\n", "FILE line 2: the same field stands there twice. Keep one."},
		{"syntax", "lang: [ja\nlisten: x\n", "this is not valid YAML"},
		{"two documents", "lang: ja\n---\nlang: en\n", "write one configuration only"},
	} {
		path := write(t, "config.yaml", c.content, 0o600)
		_, err := config.Load(path)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		got := strings.ReplaceAll(err.Error(), path, "FILE")
		if !strings.Contains(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestAMistakeIsWordedInJapanese(t *testing.T) {
	_, err := load(t, "budget:\n  api_burst: 9\n")
	ms, ok := err.(config.Mistakes)
	if !ok || len(ms) != 1 {
		t.Fatalf("got %v", err)
	}
	got, want := ms[0].Sentence(text.Japanese), "の2行目、`budget.api_burst`: 1から6までの数を書いてください(いまは「9」)。"
	if !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want …%s", got, want)
	}
}

func TestAPastedSecretIsNeverRepeated(t *testing.T) {
	const secret = "0f3d5c1e9b7a42d8a6c1e0f94b7d2c5a0f3d5c1e9b7a42d8a6c1e0f94b7d2c5a"
	for _, content := range []string{
		"key:\n  secret: " + secret + "\n",
		"key: " + secret + "\n",
		"key:\n  secret_file: " + secret + "\n",
		"key:\n  id_file: [" + secret + "]\n",
		"key:\n  origin: " + secret + "\n",
		secret + ": 1\n",
		"key:\n  " + secret + "\n",
		"key:\n  id_file: \"" + secret + "\n",
		"hosts:\n  private:\n    url: https://me:" + secret + "@api.bitbank.cc\n",
	} {
		_, err := load(t, content)
		if err == nil {
			t.Errorf("%q: accepted", content)
		} else if strings.Contains(err.Error(), secret[:12]) {
			t.Errorf("%q: repeated in %q", content, err)
		}
	}
}

func TestAKeySignsForItsOwnOriginOnly(t *testing.T) {
	id, secret := write(t, "id", "k", 0o600), write(t, "secret", "s", 0o600)
	key := "key:\n  id_file: " + id + "\n  secret_file: " + secret + "\n"
	for _, c := range []struct {
		name, content string
		ok            bool
	}{
		{"bitbank", key, true},
		{"bitbank with its port", key + "hosts: {private: {url: 'https://API.bitbank.cc:443/'}}\n", true},
		{"bitbank without encryption", key + "hosts: {private: {url: 'http://api.bitbank.cc'}}\n", false},
		{"another host", key + "hosts: {private: {url: 'https://api.bitbank.example'}}\n", false},
		{"a host that begins alike", key + "hosts: {private: {url: 'https://api.bitbank.cc.example'}}\n", false},
		{"a stranger, given", key + "  origin: https://api.bitbank.example\nhosts: {private: {url: 'https://api.bitbank.example'}}\n", false},
		{"the simulator, not given", key + "hosts: {private: {url: 'http://127.0.0.1:8101'}}\n", false},
		{"the simulator, given", key + "  origin: http://127.0.0.1:8101\nhosts: {private: {url: 'http://127.0.0.1:8101'}}\n", true},
		{"another port", key + "  origin: http://127.0.0.1:8101\nhosts: {private: {url: 'http://127.0.0.1:8102'}}\n", false},
	} {
		_, err := load(t, c.content)
		if (err == nil) != c.ok {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestKeyFilesArePrivateAndHoldSomething(t *testing.T) {
	good := write(t, "id", "k", 0o600)
	for name, bad := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "none"), "empty": write(t, "empty", " \n", 0o600),
		"open to others": write(t, "open", "s", 0o644), "a folder": t.TempDir(),
	} {
		_, err := load(t, "key: {id_file: '"+good+"', secret_file: '"+bad+"'}\n")
		if err == nil || !strings.Contains(err.Error(), "`key.secret_file`") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := load(t, "key: {id_file: '"+good+"'}\n"); err == nil {
		t.Error("half a key was accepted")
	}
}

func TestAKeyIsNamedOrInFilesNotBoth(t *testing.T) {
	id, open := write(t, "id", "k", 0o600), write(t, "open", "s", 0o644)
	for _, c := range []struct{ content, wrong string }{
		{"key: {name: main}\n", ""},
		{"key: {name: main, passphrase_file: '" + id + "'}\n", ""},
		{"key: {name: ../main}\n", "`key.name`"},
		{"key: {name: main, id_file: '" + id + "', secret_file: '" + id + "'}\n", "`key.name`"},
		{"key: {name: main, secret_file: '" + id + "'}\n", "`key.name`"},
		{"key: {name: main, passphrase_file: '" + open + "'}\n", "`key.passphrase_file`"},
		{"key: {name: main}\nhosts: {private: {url: 'http://127.0.0.1:8101'}}\n", "signs for no other host"},
	} {
		_, err := load(t, c.content)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%q: got %v, want %q", c.content, err, c.wrong)
		}
	}
}

func TestACredentialOfSystemdMayShowAMaskForItsGroup(t *testing.T) {
	path := write(t, "passphrase", "s", 0o440)
	content := "key: {name: main, passphrase_file: '" + path + "'}\n"
	if _, err := load(t, content); err == nil {
		t.Error("an ordinary file of this mode was accepted")
	}
	t.Setenv("CREDENTIALS_DIRECTORY", filepath.Dir(path))
	if _, err := load(t, content); err != nil {
		t.Error(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", filepath.Dir(filepath.Dir(path)))
	if _, err := load(t, content); err == nil {
		t.Error("a file below the folder of credentials was accepted")
	}
}

func TestAnAddressBringsItsOwnDescription(t *testing.T) {
	got, err := load(t, "hosts:\n  neutral2: {url: 'http://127.0.0.1:1/'}\n  web: {url: 'http://127.0.0.1:2/'}\n  x: {url: off}\n  status: {second: /a}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default().Hosts
	want[probe.Neutral2] = config.Host{URL: "http://127.0.0.1:1/"}
	want[probe.Web] = config.Host{URL: "http://127.0.0.1:2/", Second: want[probe.Web].Second}
	want[probe.X] = config.Host{URL: "off"}
	want[probe.Status] = config.Host{URL: want[probe.Status].URL, Second: "/a"}
	if diff := cmp.Diff(got.Hosts, want); diff != "" {
		t.Error(diff)
	}
}

func TestRelativePathsAreRelativeToTheFile(t *testing.T) {
	path := write(t, "config.yaml", "data_dir: data\n", 0o600)
	got, err := config.Load(path)
	if want := filepath.Join(filepath.Dir(path), "data"); err != nil || got.DataDir != want {
		t.Errorf("got %q, %v; want %q", got.DataDir, err, want)
	}
}

func TestAMissingFileIsSaidInOneSentence(t *testing.T) {
	_, err := config.Load("/nowhere/config.yaml")
	if got, want := err.Error(), "There is no configuration file /nowhere/config.yaml."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzLoadNeverPanics(f *testing.F) {
	f.Add("")
	f.Add(config.Example)
	f.Add("hosts: [1]\nkey: &a {origin: *a}\n")
	f.Add("? [a]\n: b\n<<: c\n")
	f.Add("00\x00]0\n]\x0e\n---") // a second document that is empty
	path := filepath.Join(f.TempDir(), "config.yaml")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if cfg, err := config.Load(path); err == nil && cfg.Validate() != nil {
			t.Error("Load accepted what Validate refuses")
		}
	})
}
