package config

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"

	"hikeshi/internal/probe"
)

// realOrigin is the only origin outside this machine that a key may be bound to.
const realOrigin = "https://api.bitbank.cc"

// Upper bounds and defaults of [Budget]: politeness under stress is a promise, so an owner may ask for less only.
const (
	maxAPIPerMinute     = 60
	maxAPIBurst         = 6
	maxPagePerMinute    = 6
	maxNeutralPerMinute = 6
)

// defaultHosts are the real addresses. Their sources: bitbank's API documents for public, private, stream and pubnub
// (rest-api.md, public-stream.md, private-stream.md); the README of the same repository for blog; bitbank's published
// tools for status; the help centre's own address for support. The second pages of web and app are not documented
// anywhere: they were chosen because a site of this kind has them, and are configuration for that reason.
//
// The neutral sites stand on three networks, none of them an exchange: the second is served by CloudFront, which serves
// bitbank.cc too (crawl of September 2026), so that a fault of the CDN is told apart from one of bitbank. The tickers of
// the venues are the ones that their public API documents name. None was reachable where this list was made: the
// reference configuration says 未確認 beside what nobody has checked.
var defaultHosts = map[probe.Host]Host{
	probe.Public:   {URL: "https://public.bitbank.cc"},
	probe.Private:  {URL: "https://api.bitbank.cc"},
	probe.Stream:   {URL: "wss://stream.bitbank.cc"},
	probe.PubNub:   {URL: "https://ps.pndsn.com"},
	probe.Web:      {URL: "https://bitbank.cc/", Second: "/docs/circuit-breaker-mode/"},
	probe.App:      {URL: "https://app.bitbank.cc/", Second: "/login"},
	probe.Status:   {URL: "https://status.bitbank.cc/"},
	probe.Blog:     {URL: "https://blog.bitbank.cc/tag/service"},
	probe.Support:  {URL: "https://support.bitbank.cc/hc/ja/requests/new", Second: "/hc/ja"},
	probe.X:        {URL: "https://x.com/bitbank_inc"},
	probe.Neutral1: {URL: "https://www.nict.go.jp/", Name: "NICT"},
	probe.Neutral2: {URL: "https://aws.amazon.com/", Name: "AWS", SameEdge: true},
	probe.Neutral3: {URL: "https://www.wikipedia.org/", Name: "Wikipedia"},
	probe.Venue1: {
		URL: "https://api.bitflyer.com/v1/ticker?product_code={PAIR}", Name: "bitFlyer",
		Ticker: "ltp", Bid: "best_bid", Ask: "best_ask", Time: "timestamp",
	},
	probe.Venue2: {
		URL: "https://coincheck.com/api/ticker?pair={pair}", Name: "Coincheck",
		Ticker: "last", Bid: "bid", Ask: "ask", Time: "timestamp",
	},
	probe.Venue3: {
		URL: "https://api.coin.z.com/public/v1/ticker?symbol={BASE}", Name: "GMO Coin",
		Ticker: "data.0.last", Bid: "data.0.bid", Ask: "data.0.ask", Time: "data.0.timestamp",
	},
}

// Default watches bitbank without a key.
func Default() Config {
	return Config{
		DataDir: dataDir(runtime.GOOS, os.Getenv),
		Listen:  "127.0.0.1:8460",
		Pairs:   []string{"btc_jpy", "xrp_jpy", "eth_jpy"},
		Hosts:   maps.Clone(defaultHosts),
		Gateway: Gateway{AnswerMS: 7500},
		Switch:  Switch{Maintenance: "pause", EarlyS: 300},
		Checks: Checks{
			Interface: true, Gateway: true,
			Resolver: true, Second: "1.1.1.1:53",
			NTP: true, Server: "ntp.nict.jp",
			Families: []string{"ipv4", "ipv6"},
		},
		Key:    Key{Origin: realOrigin},
		Prices: Prices{GapPercent: "2", HurryPerMinute: 60},
		Budget: Budget{
			APIPerMinute: maxAPIPerMinute, APIBurst: maxAPIBurst,
			PagePerMinute: maxPagePerMinute, NeutralPerMinute: maxNeutralPerMinute,
		},
		Keep: Keep{MinutesDays: 90, ObservationsDays: 400},
	}
}

// dataDir is the folder in which programs of this system keep a user's data.
func dataDir(goos string, getenv func(string) string) string {
	home := getenv("HOME")
	switch goos {
	case "windows":
		if d := getenv("LocalAppData"); d != "" {
			return filepath.Join(d, "hikeshi")
		}
		home = getenv("USERPROFILE")
	case "darwin":
		if home != "" {
			return filepath.Join(home, "Library", "Application Support", "hikeshi")
		}
	default:
		// The XDG base directory specification says that a relative path is to be ignored.
		if d := getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
			return filepath.Join(d, "hikeshi")
		}
	}
	if home == "" {
		return "hikeshi-data"
	}
	return filepath.Join(home, ".local", "share", "hikeshi")
}

// Path is where the configuration is looked for when none is named; it need not exist. "" when this system has no
// such folder.
func Path() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "hikeshi", "config.yaml")
}
