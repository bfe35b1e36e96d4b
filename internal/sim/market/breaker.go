package market

import (
	"math"
	"slices"
	"time"
)

// auctionLength is how long a CIRCUIT_BREAK or RESUMPTION says it will last. Our choice: the official page names none.
const auctionLength = 10 * time.Minute

type circuit struct {
	mode   Mode
	fee    string
	reopen time.Time
	own    bool // begun by the price, so it ends by itself; what the control host has set, the control host ends
}

// ends reports whether a break that began by itself is over.
func (c circuit) ends(now time.Time) bool { return c.own && !c.reopen.After(now) }

// band is where the price may go before trading breaks: bitbank's pages say 20 % for the majors against yen, 50 % for the
// others, and wider by 10 (20) points after each break within an hour, up to 50 (90) %.
func (p *pair) band() (lower, upper int64) {
	width, step, most := 0.5, 0.2, 0.9
	if p.Base == "btc" || p.Base == "eth" || p.Base == "xrp" {
		width, step, most = 0.2, 0.1, 0.5
	}
	width = min(most, width+step*float64(len(p.breaks)))
	return int64(math.Round(float64(p.reference) * (1 - width))), int64(math.Round(float64(p.reference) * (1 + width)))
}

// leaves reports whether a change has traded outside the band.
func (p *pair) leaves(c *Change) bool {
	if p.circuit.mode != ModeNone || len(c.Trades) == 0 {
		return false
	}
	lower, upper := p.band()
	return p.last < lower || p.last > upper
}

// halt begins a break.
func (p *pair) halt(c *Change) {
	p.circuit = circuit{mode: ModeBreak, fee: "NORMAL", reopen: c.At.Add(auctionLength), own: true}
	p.breaks = append(slices.DeleteFunc(p.breaks, func(t time.Time) bool { return c.At.Sub(t) > time.Hour }), c.At)
	c.Circuit = true
}
