package config

import (
	"path/filepath"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// A Gateway is the door for the owner's bots. It is closed by default.
type Gateway struct {
	Listen string `yaml:"listen"` // a loopback address and port; "" is closed
	// AnswerMS is how long a bot waits for an answer before it is told what is known; default 7500, since ccxt gives up after
	// ten seconds.
	AnswerMS int `yaml:"answer_ms"`
	// Barrier allows orders of Hikeshi's own, the smallest that bitbank takes, post-only, a tenth below the market and cancelled
	// soon: a lost order is proved not to exist within half a minute by them, where a bot's own later orders do not show it.
	Barrier bool  `yaml:"barrier"`
	Bots    []Bot `yaml:"bots"` // beside those of `hikeshi keys bot`
}

// A Bot is a local key in two files, and what it may do.
type Bot struct {
	Name       string   `yaml:"name"`
	IDFile     string   `yaml:"id_file"`
	SecretFile string   `yaml:"secret_file"`
	AnswerMS   int      `yaml:"answer_ms"` // default: the gateway's
	Types      []string `yaml:"types"`     // of orders; none: it may only read
	// PostOnlyGuard says when its post_only orders are sent: "on" (the default), "known" or "off"; see the example.
	PostOnlyGuard string `yaml:"post_only_guard"`
	// Alive is what keeps its dead man's switch from lapsing: "heartbeats" (the default) or "calls", every one that it signs.
	Alive string `yaml:"alive"`
	// Lapse is what is cancelled when the switch lapses: "protect" (the default), all but what protects, or "all".
	Lapse   string            `yaml:"lapse"`
	Largest map[string]string `yaml:"largest"` // the largest amount of one order, in the base currency, of each pair that it may trade
}

// Bounds of a bot's patience. bitbank's own client gives up after three seconds.
const (
	leastAnswerMS = 100
	mostAnswerMS  = 60_000
)

// orderTypes are those that an owner can place (bitbank's documents, "Create new order").
var orderTypes = []string{"limit", "market", "stop", "stop_limit", "take_profit", "stop_loss"}

// guards are when post_only orders may be sent; "" is the first.
var guards = []string{"", "on", "known", "off"}

func (v *validation) gateway(c Config) {
	g := c.Gateway
	if g.Listen != "" && (!loopback(g.Listen) || g.Listen == c.Listen) {
		v.wrong("gateway.listen", "config.want.loopback", g.Listen)
	}
	v.within("gateway.answer_ms", g.AnswerMS, leastAnswerMS, mostAnswerMS)
	if g.Listen != "" && !c.Key.Set() {
		v.found = append(v.found, Mistake{Field: "gateway.listen", ID: "config.gateway.key"})
	}
	names := map[string]bool{}
	for i, b := range g.Bots {
		field := "gateway.bots." + strconv.Itoa(i)
		if !keyName.MatchString(b.Name) || names[b.Name] {
			v.quiet(field+".name", "config.want.botname")
		}
		names[b.Name] = true
		v.keyFile(field+".id_file", b.IDFile)
		v.keyFile(field+".secret_file", b.SecretFile)
		if b.AnswerMS != 0 {
			v.within(field+".answer_ms", b.AnswerMS, leastAnswerMS, mostAnswerMS)
		}
		for k, t := range b.Types {
			if !slices.Contains(orderTypes, t) {
				v.wrong(field+".types."+strconv.Itoa(k), "config.want.ordertype", t)
			}
		}
		for pair, most := range b.Largest {
			if d, err := decimal.NewFromString(most); !pairName.MatchString(pair) || err != nil || !d.IsPositive() {
				v.wrong(field+".largest."+pair, "config.want.largest", most)
			}
		}
		if !slices.Contains(guards, b.PostOnlyGuard) {
			v.wrong(field+".post_only_guard", "config.want.guard", b.PostOnlyGuard)
		}
		if !slices.Contains(alives, b.Alive) {
			v.wrong(field+".alive", "config.want.alive", b.Alive)
		}
		if !slices.Contains(lapses, b.Lapse) {
			v.wrong(field+".lapse", "config.want.lapse", b.Lapse)
		}
		if (len(b.Types) == 0) != (len(b.Largest) == 0) {
			v.quiet(field+".largest", "config.want.scope")
		}
	}
}

// Set reports whether there is a key.
func (k Key) Set() bool { return k.Name != "" || k.IDFile != "" || k.SecretFile != "" }

// absolute makes the paths of the bots' files absolute from dir.
func (g *Gateway) absolute(dir string) {
	if len(g.Bots) == 0 {
		g.Bots = nil // an empty list is none
	}
	for i := range g.Bots {
		for _, p := range []*string{&g.Bots[i].IDFile, &g.Bots[i].SecretFile} {
			if *p != "" && !filepath.IsAbs(*p) {
				*p = filepath.Join(dir, *p)
			}
		}
	}
}
