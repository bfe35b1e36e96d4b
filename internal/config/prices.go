package config

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// Prices is how prices at other exchanges are used. The venues are those under hosts, and further ones here.
type Prices struct {
	// GapPercent is the gap between bitbank and elsewhere that the owner wants to be told of; a decimal number in quotes, "0" for
	// none. Default 2: yen markets of one coin lie apart by some tenths of a percent in calm (our assumption).
	GapPercent string `yaml:"gap_percent"`
	// HurryPerMinute bounds what each venue is asked while bitbank is dark and a margin position or a plan depends on it; default
	// 60, at most 90 (bitFlyer's documents allow 500 in five minutes), 0 for never more than in calm.
	HurryPerMinute int     `yaml:"hurry_per_minute"`
	Venues         []Venue `yaml:"venues"`
}

// A Venue is a further exchange whose public ticker is asked for prices, but not looked at by the watch.
type Venue struct {
	Name   string   `yaml:"name"`
	URL    string   `yaml:"url"`    // as of a venue under hosts
	Ticker string   `yaml:"ticker"` // likewise what follows
	Bid    string   `yaml:"bid"`
	Ask    string   `yaml:"ask"`
	Time   string   `yaml:"time"`
	Pairs  []string `yaml:"pairs"`
}

const (
	maxHurryPerMinute = 90
	// venuesMost: more are no more certain, and each is asked.
	venuesMost = 10
)

func (v *validation) prices(p Prices) {
	if gap, err := decimal.NewFromString(p.GapPercent); err != nil || gap.IsNegative() || gap.GreaterThan(decimal.NewFromInt(100)) {
		v.wrong("prices.gap_percent", "config.want.percent", p.GapPercent)
	}
	v.within("prices.hurry_per_minute", p.HurryPerMinute, 0, maxHurryPerMinute)
	if n := len(p.Venues); n > venuesMost {
		v.within("prices.venues", n, 0, venuesMost)
	}
	names := map[string]bool{}
	for i, x := range p.Venues {
		field := "prices.venues." + strconv.Itoa(i)
		if x.Name == "" || names[x.Name] {
			v.wrong(field+".name", "config.want.venuename", x.Name)
		}
		names[x.Name] = true
		u, err := url.Parse(x.URL)
		switch {
		case err != nil || u.User != nil:
			v.quiet(field+".url", "config.want.nouser")
		case u.Hostname() == "" || !slices.Contains([]string{"http", "https"}, u.Scheme):
			v.wrong(field+".url", "config.want.url", x.URL)
		}
		if x.Ticker == "" {
			v.wrong(field+".ticker", "config.want.ticker", "")
		}
		v.sides(field, x.Bid, x.Ask)
		v.pairs(field+".pairs", x.Pairs)
	}
}

// sides are told together: one alone is no middle.
func (v *validation) sides(field, bid, ask string) {
	if (bid == "") != (ask == "") {
		v.quiet(field+".bid", "config.want.sides")
	}
}

// tidy makes empty lists none.
func (p *Prices) tidy() {
	if len(p.Venues) == 0 {
		p.Venues = nil
	}
	for i := range p.Venues {
		if len(p.Venues[i].Pairs) == 0 {
			p.Venues[i].Pairs = nil
		}
	}
}
