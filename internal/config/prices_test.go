package config_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"hikeshi/internal/config"
	"hikeshi/internal/probe"
)

func TestVenuesAreDescribedWholeOrNotAtAll(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		fields  []string // that are wrong
	}{
		"all of it": {"prices:\n  gap_percent: '0.5'\n  hurry_per_minute: 90\n  venues:\n    - {name: A, url: 'https://a.example/{pair}', ticker: last, bid: b, ask: a, time: t, pairs: [btc_jpy]}\n" +
			"hosts:\n  venue1: {url: 'https://b.example/{BASE}', ticker: x, bid: y, ask: z}\n", nil},
		"no gap":                    {"prices: {gap_percent: '0'}\n", nil},
		"a number":                  {"prices: {gap_percent: 3}\n", nil},
		"a gap that is none":        {"prices: {gap_percent: wide}\n", []string{"prices.gap_percent"}},
		"negative":                  {"prices: {gap_percent: '-1', hurry_per_minute: -1}\n", []string{"prices.gap_percent", "prices.hurry_per_minute"}},
		"impolite":                  {"prices: {gap_percent: '101', hurry_per_minute: 91}\n", []string{"prices.gap_percent", "prices.hurry_per_minute"}},
		"half a book":               {"hosts:\n  venue2: {bid: bid, ticker: last}\n", []string{"hosts.venue2.bid"}},
		"pairs of another exchange": {"hosts:\n  venue2: {pairs: [BTC/JPY]}\n", []string{"hosts.venue2.pairs.0"}},
		"a nameless one":            {"prices:\n  venues:\n    - {url: 'https://a.example/', ticker: last}\n", []string{"prices.venues.0.name"}},
		"twice the same name": {"prices:\n  venues:\n    - {name: A, url: 'https://a.example/', ticker: last}\n    - {name: A, url: 'https://b.example/', ticker: last}\n",
			[]string{"prices.venues.1.name"}},
		"no address":        {"prices:\n  venues:\n    - {name: A, url: 'ftp://a.example/', ticker: last}\n", []string{"prices.venues.0.url"}},
		"with a password":   {"prices:\n  venues:\n    - {name: A, url: 'https://me:word@a.example/', ticker: last}\n", []string{"prices.venues.0.url"}},
		"no price":          {"prices:\n  venues:\n    - {name: A, url: 'https://a.example/', bid: b, ask: a}\n", []string{"prices.venues.0.ticker"}},
		"an unknown field":  {"prices: {gap: '2'}\n", []string{"prices.gap"}},
		"half a book again": {"prices:\n  venues:\n    - {name: A, url: 'https://a.example/', ticker: last, ask: a}\n", []string{"prices.venues.0.bid"}},
	} {
		_, err := load(t, c.content)
		ms, _ := errors.AsType[config.Mistakes](err)
		var got []string
		for _, m := range ms {
			got = append(got, m.Field)
		}
		slices.Sort(got)
		if !slices.Equal(got, c.fields) {
			t.Errorf("%s: wrong are %v, want %v (%v)", name, got, c.fields, err)
		}
	}
}

// An address of one's own for a venue keeps the shape of the one it stands for, as a mirror has it, unless it brings another.
func TestAVenuesAddressKeepsItsShapeUnlessItBringsOne(t *testing.T) {
	got, err := load(t, "hosts:\n  venue1: {url: 'http://127.0.0.1:1/{PAIR}'}\n  venue2: {url: 'http://127.0.0.1:2/', ticker: price}\n")
	if err != nil {
		t.Fatal(err)
	}
	d := config.Default().Hosts
	one := d[probe.Venue1]
	one.URL, one.Name = "http://127.0.0.1:1/{PAIR}", ""
	if diff := cmp.Diff(got.Hosts[probe.Venue1], one); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(got.Hosts[probe.Venue2], config.Host{URL: "http://127.0.0.1:2/", Ticker: "price"}); diff != "" {
		t.Error(diff)
	}
}

func TestFurtherVenuesAreReadBackAsTheyWereWritten(t *testing.T) {
	want := config.Default()
	want.Prices.Venues = []config.Venue{{Name: "A", URL: "https://a.example/{pair}", Ticker: "last", Time: "at", Pairs: []string{"btc_jpy"}}, {Name: "B", URL: "https://b.example/", Ticker: "x"}}
	b, err := yaml.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := load(t, string(b))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.Prices, want.Prices); diff != "" {
		t.Error(diff)
	}
}
