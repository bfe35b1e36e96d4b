package web

import (
	"strings"

	"hikeshi/bitbank"
	"hikeshi/internal/text"
)

// figure is an amount as people read it: without the zeros that bitbank fills up with, and with its thousands apart.
func figure(n bitbank.Number) string {
	if !n.Known() {
		return ""
	}
	d := n.Decimal()
	whole, part, broken := strings.Cut(d.Abs().String(), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if broken {
		whole += "." + part
	}
	if d.IsNegative() {
		whole = "-" + whole
	}
	return whole
}

// coin is an asset as bitbank's pages name it.
func coin(asset string) string {
	if asset == "bcc" {
		return "BCH" // the API keeps the old ticker of Bitcoin Cash
	}
	return strings.ToUpper(asset)
}

// quantity is an amount of an order, 「0.05 BTC」.
func quantity(o bitbank.Order, n bitbank.Number) string {
	base, _, _ := strings.Cut(o.Pair, "_")
	if !n.Known() {
		return ""
	}
	return figure(n) + " " + coin(base)
}

// money is a price of an order, 「9,000,000円」.
func money(l text.Lang, o bitbank.Order, n bitbank.Number) string {
	_, quote, _ := strings.Cut(o.Pair, "_")
	return worth(l, quote, figure(n))
}

// worth is a figure with its asset.
func worth(l text.Lang, asset, figure string) string {
	switch {
	case figure == "":
		return ""
	case asset == "jpy" && l != text.English:
		return figure + "円"
	}
	return figure + " " + coin(asset)
}
