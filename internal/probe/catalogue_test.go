package probe_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/config"
	"hikeshi/internal/probe"
)

// everything is all that can be configured, at the shipped addresses.
func everything(t *testing.T) probe.Options {
	t.Helper()
	key, err := bitbank.NewCredentials("id", "secret", "https://api.bitbank.cc", bitbank.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	o := probe.Options{
		Pairs: []string{"btc_jpy"}, Interface: true, Gateway: true, Resolver: true, SecondResolver: "1.1.1.1:53", NTPServer: "ntp.nict.jp",
		Families: []probe.Family{probe.IPv4, probe.IPv6}, Credentials: key, Places: map[probe.Host]probe.Place{},
	}
	for role, h := range config.Default().Hosts {
		o.Places[role] = probe.Place{URL: h.URL, Second: h.Second, Ticker: h.Ticker}
	}
	return o
}

func TestTheCatalogueHasEveryTargetOnce(t *testing.T) {
	all, err := probe.Catalogue(everything(t), probe.ThisMachine())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range all {
		for _, target := range p.Targets() {
			got = append(got, string(target))
		}
		switch {
		case p.Every <= 0 || p.Deadline <= 0 || p.Deadline > 3*time.Second:
			t.Errorf("%s: every %v, deadline %v", p.Target, p.Every, p.Deadline)
		case (p.Look == nil) == (p.Follow == nil):
			t.Errorf("%s has neither or both of Look and Follow", p.Target)
		case p.Host != probe.Self && p.Look != nil && p.Budget == "":
			t.Errorf("%s asks others without a budget", p.Target)
		}
	}
	slices.Sort(got)
	const want = `app/backend app/connect4 app/connect6 app/page blog/page neutral1/page neutral2/page neutral3/page
		private/anonymous private/connect4 private/connect6 private/pairs private/signed private/status
		public/connect4 public/connect6 public/depth public/ticker pubnub/time
		self/bitbank_dns self/bitbank_dns2 self/dns_second self/dns_system self/gateway self/interface self/ntp
		status/page stream/circuit_break_info stream/connect4 stream/connect6 stream/depth_diff stream/depth_whole
		stream/socket stream/ticker stream/transactions support/help support/page venue1/ticker venue2/ticker venue3/ticker
		web/asset web/connect4 web/connect6 web/page x/page`
	if w := strings.Fields(want); !slices.Equal(got, w) {
		t.Errorf("got %v, want %v", got, w)
	}
}

func TestWhatIsNotConfiguredIsNotLookedAt(t *testing.T) {
	for _, o := range []probe.Options{{}, {Pairs: []string{"btc_jpy"}, Resolver: true, SecondResolver: "off", Families: []probe.Family{probe.IPv4}}} {
		if all, err := probe.Catalogue(o, probe.ThisMachine()); err != nil || len(all) != 0 {
			t.Errorf("%+v: got %d probes, %v", o, len(all), err)
		}
	}
	o := probe.Options{Places: map[probe.Host]probe.Place{probe.Web: {URL: "ftp://example.com/"}}}
	if _, err := probe.Catalogue(o, probe.ThisMachine()); err == nil {
		t.Error("an address of ftp was taken")
	}
}

// In calm the steady looks stay within the budget of every key, with room for those that a doubt pulls forward.
func TestTheSteadyLooksLeaveRoomInEveryBudget(t *testing.T) {
	all, err := probe.Catalogue(everything(t), probe.ThisMachine())
	if err != nil {
		t.Fatal(err)
	}
	perMinute := map[string]float64{}
	for _, p := range all {
		if p.Budget != "" {
			perMinute[p.Budget] += float64(time.Minute) / float64(p.Every)
		}
	}
	for key, n := range perMinute {
		most := 5.0 // of six a page
		switch {
		case key == "public" || key == "private":
			most = 48 // of sixty an interface
		case key == "private/pairs":
			most = 2
		case strings.Contains(key, "/connect"):
			most = 6 // of twelve
		}
		if n > most {
			t.Errorf("%s: %.1f looks a minute, want at most %.0f", key, n, most)
		}
	}
}
