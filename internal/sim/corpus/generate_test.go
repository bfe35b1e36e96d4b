package corpus

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated scenarios anew")

// A row is a line of the attribution table, or one place in it: what can be wrong there, and whose trouble that is.
type row struct {
	place  string
	wrongs []string // of hosts the effects alone; "*" stands for the place
	scope  string
	parts  string
	blame  string
	keys   string // "both" by default; "yes" or "no"
	lines  string // families of our line: "46 4 6" by default
}

var (
	// dead are the ways in which a host does not answer as it should, alike for every kind of host.
	dead = []string{"refuse", "blackhole", "reset", "slow 8s", "html", "empty", "truncate", "status 500", "status 503", "drop_request", "cert_expired"}
	// api are those of bitbank's interfaces alone.
	api = []string{"slow 1s", "api_error 10007", "api_error 10008", "api_error 10009", "api_error 70001", "maintenance", "drop_response"}
	// unseen are the dead that an open stream does not notice, because they act on requests; so it is closed, too.
	unseen = []string{"html", "empty", "truncate", "status 500", "status 503", "drop_request"}
	page   = []string{"refuse", "blackhole", "reset", "html", "empty", "status 503", "maintenance", "cert_expired"}
)

var rows = []row{
	{place: "public", wrongs: join(dead, api, []string{"stale_read", "freeze_sequence"}), scope: "part", parts: "public_api"},
	{place: "public", wrongs: []string{"clock_skew 60s"}, scope: "healthy", blame: "never"},
	{place: "private", wrongs: join(dead, api, []string{"api_error 20034 at /v1/user/assets", "api_error 20035 at /v1/user/assets"}), scope: "part", parts: "private_api"},
	{place: "private", wrongs: []string{"clock_skew 60s", "clock_skew -60s"}, scope: "part", parts: "private_api", keys: "yes"},
	{place: "private", wrongs: []string{"clock_skew 60s", "clock_skew -60s"}, scope: "healthy", blame: "never", keys: "no"},
	{place: "private", wrongs: []string{"stale_read", "api_error 20001 at /v1/user/assets"}, scope: "healthy", blame: "never"},
	{
		place: "stream", scope: "part", parts: "public_stream",
		wrongs: join([]string{
			"refuse", "blackhole", "reset", "cert_expired", "maintenance", "slow 10s", "stall_stream", "mute_channel", "freeze_sequence", "close_stream",
			"mute_channel in ticker_btc_jpy", "mute_channel in depth_diff_btc_jpy", "mute_channel in depth_whole_btc_jpy", "mute_channel in transactions_btc_jpy",
			"freeze_sequence in ticker_btc_jpy", "freeze_sequence in depth_whole_btc_jpy",
		}, and(unseen, "; stream: close_stream")),
	},
	{place: "stream", wrongs: []string{"close_stream once", "shuffle", "duplicate", "mute_channel in circuit_break_info_xrp_jpy"}, scope: "healthy", blame: "never"},
	{place: "web", wrongs: join(dead, []string{"maintenance"}), scope: "part", parts: "web"},
	{place: "app", wrongs: join(dead, []string{"maintenance"}), scope: "part", parts: "app"},
	{place: "pubnub", wrongs: dead, scope: "part", parts: "private_stream"},
	{place: "support", wrongs: page, scope: "part", parts: "support"},
	{place: "status", wrongs: page, scope: "part", parts: "notification"},
	{place: "blog", wrongs: page, scope: "part", parts: "notification"},
	{place: "x", wrongs: page, scope: "healthy", blame: "never"},
	{place: "venue1", wrongs: page, scope: "healthy", blame: "never"},
	{place: "neutral1", wrongs: page, scope: "healthy", blame: "never"},
	{place: "neutral2", wrongs: page, scope: "healthy", blame: "never"},
	{place: "neutrals", wrongs: page, scope: "healthy", blame: "never"},
	{
		place: "bitbank", scope: "bitbank", parts: "all",
		wrongs: join([]string{"refuse", "blackhole", "reset", "slow 8s", "maintenance", "cert_expired"}, and(unseen, "; stream: close_stream")),
	},

	{
		place: "our-line", scope: "own_line", blame: "never",
		wrongs: []string{
			"router: gone", "interface: down", "line: silent", "line: unreachable", "line: loss 100%", "names: dropped", "names: fail", "names: not found",
			"names at system: dropped", "names at system: fail", "names of bitbank at system: not found", "portal: opens",
		},
	},
	{place: "our-clock", wrongs: []string{"clock: +90s", "clock: -90s", "clock: +20m"}, scope: "own_line", blame: "never", keys: "yes"},
	{place: "our-clock", wrongs: []string{"clock: +90s", "clock: -90s", "clock: +20m"}, scope: "healthy", blame: "never", keys: "no"},
	{place: "our-rate", wrongs: []string{"rate: full; private: api_error 10009", "rate: full; public: api_error 10009"}, scope: "own_line", blame: "never"},
	{place: "our-sleep", wrongs: []string{"machine: sleeps 30s", "machine: sleeps 20m", "machine: sleeps 9h"}, scope: "healthy", blame: "never"},
	{place: "path", wrongs: []string{"path to bitbank: unreachable", "path to bitbank,neutral2: silent", "path to bitbank: divert"}, scope: "path"},
	{place: "path", wrongs: []string{"path to all by ipv6: silent", "path to bitbank by ipv6: silent", "path to bitbank by ipv6: unreachable"}, scope: "path", lines: "46"},
	{place: "path", wrongs: []string{"path to all by ipv4: silent", "path to bitbank by ipv4: silent"}, scope: "path", lines: "46"},
	{place: "path", wrongs: []string{"path to all by ipv6: silent"}, scope: "healthy", blame: "never", lines: "4"},
	{place: "path", wrongs: []string{"path to all by ipv4: silent"}, scope: "own_line", blame: "never", lines: "4"},
	{place: "names", wrongs: []string{"names of bitbank: not found", "names of bitbank: fail"}, scope: "bitbank", parts: "all"},

	{place: "pair", wrongs: pairs("HALT", "stops stop_order", "stops stop_buy_order", "stops stop_sell_order", "BUSY", "VERY_BUSY"), scope: "part", parts: "trading"},
	{place: "pair", wrongs: pairs("stops stop_order_and_cancel"), scope: "part", parts: "order_cancel trading"},
	{place: "pair", wrongs: pairs("stops stop_market_order", "mode CIRCUIT_BREAK", "mode FULL_RANGE_CIRCUIT_BREAK", "mode RESUMPTION"), scope: "part", parts: "market_order"},
	{place: "pair", wrongs: pairs("stops stop_stop_order", "stops stop_stop_limit_order"), scope: "part", parts: "stop_order"},
	{place: "pair", wrongs: pairs("stops stop_margin_long_order", "stops stop_margin_short_order"), scope: "part", parts: "margin"},
	{place: "pair", wrongs: pairs("mode LISTING"), scope: "healthy", blame: "never"},
}

func join(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func and(list []string, more string) []string {
	var out []string
	for _, s := range list {
		out = append(out, s+more)
	}
	return out
}

// pairs lets something happen to one pair, and to all of them.
func pairs(wrongs ...string) []string {
	var out []string
	for _, w := range wrongs {
		out = append(out, "pair btc_jpy: "+w, "pair all: "+w)
	}
	return out
}

// generate crosses what is wrong with the key and the address families of our line.
func generate() string {
	var b strings.Builder
	b.WriteString("# Written by go test -run Generated -update from the rows of generate_test.go: edit those, or handwritten.tsv.\n")
	b.WriteString(strings.Join(columns, "\t") + "\n")
	for _, r := range rows {
		keys, lines := []string{"no", "yes"}, []string{"46", "4", "6"}
		if r.keys != "" {
			keys = []string{r.keys}
		}
		if r.lines != "" {
			lines = strings.Fields(r.lines)
		}
		blame := "may"
		if r.blame != "" {
			blame = r.blame
		}
		for _, w := range r.wrongs {
			wrong, name := w, w
			if groups[r.place] != nil || isHost(r.place) {
				wrong = r.place + ": " + w
			}
			name = strings.NewReplacer(" ", "-", ":", "", ";", ",", "/", "_").Replace(name)
			for _, k := range keys {
				for _, l := range lines {
					key := map[string]string{"no": "no-key", "yes": "key"}[k]
					b.WriteString(strings.Join([]string{
						strings.Join([]string{r.place, name, key, "ipv" + l}, "/"), k, l, wrong, r.scope, r.parts, "", blame,
					}, "\t") + "\n")
				}
			}
		}
	}
	return b.String()
}

func isHost(name string) bool {
	_, err := hostsOf(name)
	return err == nil
}

func TestGeneratedScenariosAreUpToDate(t *testing.T) {
	want := generate()
	if *update {
		if err := os.WriteFile(generated, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(generated)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("testdata/generated.tsv is not what the rows expand to: go test -run Generated -update")
	}
}

func TestTheCorpusIsAsLargeAsItWasPromised(t *testing.T) {
	all := scenarios(t)
	if len(all) < 120 {
		t.Errorf("%d scenarios, want at least 120", len(all))
	}
	seen := map[string]int{}
	for _, s := range all {
		for _, scope := range s.Scopes {
			seen[scope.String()]++
		}
	}
	for _, scope := range []string{"healthy", "own_line", "path", "bitbank", "part", "maintenance", "not_proven"} {
		if seen[scope] == 0 {
			t.Errorf("no scenario expects %s", scope)
		}
	}
}
