package config

import (
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

// A Config is everything that the owner can set. The zero Config is not usable; [Default] is.
type Config struct {
	Lang    string `yaml:"lang"`     // ja or en; default: what the browser asks for
	DataDir string `yaml:"data_dir"` // journal and keys of this program; default: hikeshi in the user's data folder
	Listen  string `yaml:"listen"`   // dashboard and API; a loopback address and port; default 127.0.0.1:8460
	CAFile  string `yaml:"ca_file"`  // further certificate authorities in PEM, for the simulator's --tls; default none

	// Pairs that are watched closely: plots, freshness, the first rows of the board. Default btc_jpy, xrp_jpy, eth_jpy.
	Pairs []string `yaml:"pairs"`

	Hosts   map[probe.Host]Host `yaml:"hosts"`   // by role; what is missing keeps its default
	Checks  Checks              `yaml:"checks"`  //
	Key     Key                 `yaml:"key"`     // none by default
	Gateway Gateway             `yaml:"gateway"` // closed by default
	Switch  Switch              `yaml:"switch"`  // for the dead man's switches of bots
	Windows []Window            `yaml:"windows"` // announced maintenance, until notices are read by machine
	Policy  Policy              `yaml:"policy"`
	Prices  Prices              `yaml:"prices"` // elsewhere
	Budget  Budget              `yaml:"budget"` //
	Keep    Keep                `yaml:"keep"`   //
}

// A Host is where one role lives.
type Host struct {
	URL      string `yaml:"url"`       // http, https, ws or wss; "" or "off" stops watching it
	Second   string `yaml:"second"`    // path of the second page of web, app and support; default by role
	Name     string `yaml:"name"`      // shown for neutral sites and venues
	SameEdge bool   `yaml:"same_edge"` // a neutral site that is served by bitbank's own CDN

	// Venues only. URL may hold {PAIR} (BTC_JPY), {pair} (btc_jpy), {BASE} or {base}; the watch looks at btc_jpy. Without any it is
	// the ticker of one pair alone: the first of Pairs, or btc_jpy.
	Ticker string   `yaml:"ticker"` // dot path to the last price in the JSON answer
	Bid    string   `yaml:"bid"`    // likewise; both or neither
	Ask    string   `yaml:"ask"`
	Time   string   `yaml:"time"`  // the venue's own time; "": it does not tell
	Pairs  []string `yaml:"pairs"` // those it lists; empty: found out by asking
}

// Checks of our own line that can be switched off. All are on by default.
type Checks struct {
	Interface bool     `yaml:"interface"`
	Gateway   bool     `yaml:"gateway"`
	Resolver  bool     `yaml:"resolver"`
	Second    string   `yaml:"second_resolver"` // ip:port; default 1.1.1.1:53
	NTP       bool     `yaml:"ntp"`
	Server    string   `yaml:"ntp_server"` // default ntp.nict.jp
	Families  []string `yaml:"families"`   // ipv4, ipv6: connected to apart from each other; default both
}

// A Key is the API key, by reference: secrets never stand in the configuration. It is a key that `hikeshi keys` keeps,
// or two files of the owner's.
type Key struct {
	Name           string `yaml:"name"`            // of a kept key
	PassphraseFile string `yaml:"passphrase_file"` // what the kept keys are locked with; default: their key file
	IDFile         string `yaml:"id_file"`
	SecretFile     string `yaml:"secret_file"`
	Origin         string `yaml:"origin"` // the only origin it signs for; default https://api.bitbank.cc
	// Trade is the owner's word that the key in the two files has the trading right: bitbank tells nobody. A kept key's rights
	// were confirmed when it was added.
	Trade bool `yaml:"trade"`
}

// Bound is the origin that the key signs for: scheme, host and port, without the port that a scheme implies.
func (k Key) Bound() string { return origin(k.Origin) }

// A Window is announced maintenance. Times are RFC 3339; an empty End is "not known yet".
type Window struct {
	Title  string      `yaml:"title"`
	Parts  []part.Code `yaml:"parts"` // default all
	Pairs  []string    `yaml:"pairs"`
	Start  time.Time   `yaml:"start"`
	End    time.Time   `yaml:"end"`
	Source string      `yaml:"source"`
}

// Budget bounds what the watch asks of each host, in calm and in outages alike.
type Budget struct {
	APIPerMinute     int `yaml:"api_per_minute"`     // requests per API host in any 60 s; default and maximum 60
	APIBurst         int `yaml:"api_burst"`          // of these within one second; default and maximum 6
	PagePerMinute    int `yaml:"page_per_minute"`    // per web page; default and maximum 6
	NeutralPerMinute int `yaml:"neutral_per_minute"` // per neutral site or venue; default and maximum 6
}

// Keep says how long the journal remembers. Records about money are never cut.
type Keep struct {
	MinutesDays      int `yaml:"minutes_days"`      // per-minute digests; default 90
	ObservationsDays int `yaml:"observations_days"` // raw observations around incidents; default 400
}
