package config

import (
	"bytes"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
	"hikeshi/internal/text"
)

// pairName is the shape of every pair in bitbank's pairs.md: coin, underscore, quote.
var pairName = regexp.MustCompile(`^[a-z0-9]{2,10}_[a-z0-9]{2,10}$`)

// keyName is what `hikeshi keys` takes as a name.
var keyName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// Validate finds every value that cannot be used. Its error is [Mistakes] without file and line.
func (c Config) Validate() error {
	v := &validation{}
	if c.Lang != "" && c.Lang != string(text.Japanese) && c.Lang != string(text.English) {
		v.wrong("lang", "config.want.lang", c.Lang)
	}
	if !loopback(c.Listen) {
		v.wrong("listen", "config.want.loopback", c.Listen)
	}
	if c.CAFile != "" && !certificates(c.CAFile) {
		v.wrong("ca_file", "config.want.ca", c.CAFile)
	}
	v.pairs("pairs", c.Pairs)
	v.hosts(c.Hosts)
	v.checks(c.Checks)
	v.key(c.Key, c.Hosts[probe.Private].URL)
	v.gateway(c)
	v.guardSwitch(c.Switch)
	for i, w := range c.Windows {
		v.window("windows."+strconv.Itoa(i), w)
	}
	v.policy(c.Policy)
	v.prices(c.Prices)
	v.within("budget.api_per_minute", c.Budget.APIPerMinute, 1, maxAPIPerMinute)
	v.within("budget.api_burst", c.Budget.APIBurst, 1, maxAPIBurst)
	v.within("budget.page_per_minute", c.Budget.PagePerMinute, 1, maxPagePerMinute)
	v.within("budget.neutral_per_minute", c.Budget.NeutralPerMinute, 1, maxNeutralPerMinute)
	// Ten years: beyond that a number is a slip, and the arithmetic on durations stays far from overflow.
	v.within("keep.minutes_days", c.Keep.MinutesDays, 1, 3650)
	v.within("keep.observations_days", c.Keep.ObservationsDays, 1, 3650)
	if len(v.found) > 0 {
		return v.found
	}
	return nil
}

type validation struct{ found Mistakes }

func (v *validation) wrong(field, want, got string) {
	v.found = append(v.found, Mistake{Field: field, ID: "config.wrong", Want: want, Args: text.Args{"got": safeGot(got)}})
}

// quiet is wrong for a value that might be a secret: it is not repeated.
func (v *validation) quiet(field, want string) {
	v.found = append(v.found, Mistake{Field: field, ID: "config.wrong", Want: want})
}

func (v *validation) within(field string, n, least, most int) {
	if n < least || n > most {
		v.found = append(v.found, Mistake{
			Field: field, ID: "config.wrong", Want: "config.want.between",
			Args: text.Args{"got": strconv.Itoa(n), "least": strconv.Itoa(least), "most": strconv.Itoa(most)},
		})
	}
}

func (v *validation) pairs(field string, pairs []string) {
	for i, p := range pairs {
		if !pairName.MatchString(p) {
			v.wrong(field+"."+strconv.Itoa(i), "config.want.pair", p)
		}
	}
}

func (v *validation) hosts(hosts map[probe.Host]Host) {
	for _, role := range roles {
		h, ok := hosts[role]
		if !ok || h.URL == "" || h.URL == "off" {
			continue
		}
		field := "hosts." + string(role)
		schemes, want := []string{"http", "https"}, "config.want.url"
		if role == probe.Stream {
			schemes, want = []string{"ws", "wss", "http", "https"}, "config.want.stream"
		}
		u, err := url.Parse(h.URL)
		switch {
		case err != nil || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme):
			if err == nil && u.User == nil {
				v.wrong(field+".url", want, h.URL)
			} else {
				v.quiet(field+".url", want)
			}
		case u.User != nil:
			v.quiet(field+".url", "config.want.nouser")
		}
		if h.Second != "" && (!strings.HasPrefix(h.Second, "/") || strings.HasPrefix(h.Second, "//")) {
			v.wrong(field+".second", "config.want.path", h.Second)
		}
		if strings.HasPrefix(string(role), "venue") && h.Ticker == "" {
			v.wrong(field+".ticker", "config.want.ticker", "")
		}
		v.sides(field, h.Bid, h.Ask)
		v.pairs(field+".pairs", h.Pairs)
	}
}

func (v *validation) checks(c Checks) {
	if c.Resolver && c.Second != "off" {
		if _, err := netip.ParseAddrPort(c.Second); err != nil {
			v.wrong("checks.second_resolver", "config.want.addrport", c.Second)
		}
	}
	if c.NTP && (c.Server == "" || strings.ContainsAny(c.Server, "/@ ")) {
		v.wrong("checks.ntp_server", "config.want.hostname", c.Server)
	}
	for i, f := range c.Families {
		if f != "ipv4" && f != "ipv6" {
			v.wrong("checks.families."+strconv.Itoa(i), "config.want.family", f)
		}
	}
}

// key checks that both halves are there and private, and that the key signs for nobody but its own origin.
func (v *validation) key(k Key, private string) {
	bound := origin(k.Origin)
	if bound != realOrigin && !loopbackOrigin(bound) {
		v.quiet("key.origin", "config.want.origin")
		return
	}
	if k.PassphraseFile != "" {
		v.keyFile("key.passphrase_file", k.PassphraseFile)
	}
	files := k.IDFile != "" || k.SecretFile != ""
	switch {
	case k.Name == "" && !files:
		return
	case k.Name != "" && files:
		v.found = append(v.found, Mistake{Field: "key.name", ID: "config.key.both"})
		return
	case k.Name != "":
		if !keyName.MatchString(k.Name) {
			v.quiet("key.name", "config.want.keyname")
		}
	default:
		v.keyFile("key.id_file", k.IDFile)
		v.keyFile("key.secret_file", k.SecretFile)
	}
	if private != "off" && origin(private) != bound {
		v.found = append(v.found, Mistake{Field: "key.origin", ID: "config.key.origin", Args: text.Args{"host": bound}})
	}
}

// keyFile wants a file that holds something and that nobody else on this machine can read. Windows has no such modes.
func (v *validation) keyFile(field, path string) {
	if path == "" {
		v.quiet(field, "config.want.keyfile")
		return
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		v.quiet(field, "config.want.keyfile")
		return
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 && !credential(path) {
		v.quiet(field, "config.want.mode")
		return
	}
	// 4 KiB: bitbank's key and secret are 36 and 64 characters; something longer is another file.
	if info.Size() > 4<<10 {
		v.quiet(field, "config.want.keyfile")
		return
	}
	if b, err := os.ReadFile(path); err != nil || len(bytes.TrimSpace(b)) == 0 {
		v.quiet(field, "config.want.keyfile")
	}
}

// credential reports whether systemd handed a file to this service (systemd.exec, "Credentials"). A service with User= gets
// it through an access list, whose mask shows as 0440 (systemd's issue 29435), in a folder that nobody else may enter.
func credential(path string) bool {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	return dir != "" && filepath.Dir(path) == filepath.Clean(dir)
}

func (v *validation) window(field string, w Window) {
	if w.Start.IsZero() {
		v.quiet(field+".start", "config.want.time")
	}
	if !w.End.IsZero() && !w.Start.Before(w.End) {
		v.wrong(field+".end", "config.want.after", w.End.Format("2006-01-02T15:04:05Z07:00"))
	}
	for i, p := range w.Parts {
		if !part.Known(p) {
			v.wrong(field+".parts."+strconv.Itoa(i), "config.want.part", string(p))
		}
	}
	v.pairs(field+".pairs", w.Pairs)
}

// origin is scheme, host and port of an address, without a default port, in lower case; "" when it has none.
func origin(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if port == "" || (scheme == "https" && port == "443") || (scheme == "http" && port == "80") {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func loopbackOrigin(o string) bool {
	u, err := url.Parse(o)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && loopbackHost(u.Hostname())
}

// Practice reports whether every host that c watches is on this machine, as in the simulator's configuration: then every page
// says so.
func (c Config) Practice() bool {
	watched := false
	for _, h := range c.Hosts {
		if h.URL == "" || h.URL == "off" {
			continue
		}
		u, err := url.Parse(h.URL)
		if err != nil || !loopbackHost(u.Hostname()) {
			return false
		}
		watched = true
	}
	return watched
}

// loopback reports whether addr is a port of this machine that no other machine reaches.
func loopback(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || !loopbackHost(host) {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// loopbackHost takes addresses and "localhost", which RFC 6761 reserves for them.
func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

func certificates(path string) bool {
	b, err := os.ReadFile(path)
	return err == nil && x509.NewCertPool().AppendCertsFromPEM(b)
}
