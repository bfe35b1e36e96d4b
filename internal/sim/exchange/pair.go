package exchange

import (
	"strings"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// A pair is the settings of a market in numbers.
type pair struct {
	market.Settings
	maker, taker        decimal.Decimal
	allowance           decimal.Decimal
	unit, limitMax, max int64 // amounts in units; max is for market orders
	digits              int32 // of the quote asset
	stops               []*Order
}

func newPair(s market.Settings) *pair {
	p := &pair{
		Settings: s, maker: decimal.RequireFromString(s.Maker), taker: decimal.RequireFromString(s.Taker),
		allowance: decimal.RequireFromString(s.Allowance), digits: Precision(s.Quote),
	}
	p.unit, _ = p.units(s.Unit, p.AmountDigits)
	p.limitMax, _ = p.units(s.LimitMax, p.AmountDigits)
	p.max, _ = p.units(s.MarketMax, p.AmountDigits)
	return p
}

// Precision is how many decimals bitbank keeps of an asset.
func Precision(asset string) int32 {
	switch asset {
	case "jpy":
		return 4
	case "xrp":
		return 6
	}
	return 8
}

// units reads a decimal as whole units of 10^-digits; false when it has more decimals or is out of range.
func (p *pair) units(text string, digits int) (int64, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > digits || len(whole)+digits > 18 {
		return 0, false
	}
	n := int64(0)
	for _, c := range whole + fraction + strings.Repeat("0", digits-len(fraction)) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// amount and price write units and ticks as bitbank does.
func (p *pair) amount(n int64) string { return market.Decimal(n, p.AmountDigits) }
func (p *pair) price(n int64) string  { return market.Decimal(n, p.PriceDigits) }

// coins is an amount as money.
func (p *pair) coins(n int64) decimal.Decimal { return decimal.New(n, -int32(p.AmountDigits)) }

// exact is what an amount costs at a price, with all its decimals. Both were checked against the pair's limits, so the
// product fits.
func (p *pair) exact(price, amount int64) decimal.Decimal {
	return decimal.New(price, -int32(p.PriceDigits)).Mul(decimal.New(amount, -int32(p.AmountDigits)))
}

// value is what is paid for it: cut to the quote asset's decimals.
func (p *pair) value(price, amount int64) decimal.Decimal {
	return p.exact(price, amount).Truncate(p.digits)
}

// fee of a value, cut likewise. A negative one is a rebate.
func (p *pair) fee(value decimal.Decimal, takes bool) decimal.Decimal {
	rate := p.maker
	if takes {
		rate = p.taker
	}
	return value.Mul(rate).Truncate(p.digits)
}

// money writes an amount of the quote asset.
func (p *pair) money(d decimal.Decimal) string { return d.StringFixed(p.digits) }
