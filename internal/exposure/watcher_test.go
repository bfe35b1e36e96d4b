package exposure_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
)

// A play is a market over time, beside one line: what a Watcher says is folded into the line as a ledger would.
type play struct {
	in      exposure.Input
	w       exposure.Watcher
	crossed []string // "12 on", by seconds
	start   time.Time
}

func playing(l ledger.Line) *play {
	return &play{start: noon, in: exposure.Input{
		Now: noon, Read: noon, Held: noon, Holdings: []ledger.Holding{holds("btc", "1", 0)},
		Lines: []ledger.LineState{{Line: l, Set: noon}}, Markets: map[string]exposure.Market{},
	}}
}

// at shows the watcher what is known of btc_jpy so many seconds after the start.
func (p *play) at(second int, m exposure.Market) {
	p.in.Now = p.start.Add(time.Duration(second) * time.Second)
	p.in.Read, p.in.Held = p.in.Now, p.in.Now
	for i := range p.in.Holdings {
		p.in.Holdings[i].At = p.in.Now
	}
	p.in.Markets["btc_jpy"] = m
	for _, c := range p.w.Step(exposure.Of(p.in)) {
		p.crossed = append(p.crossed, fmt.Sprint(second, map[bool]string{true: " on", false: " off"}[c.On]))
		p.in.Lines[0].Last, p.in.Lines[0].At = c, p.in.Now
	}
}

// told is what is known at a second: bitbank's price and that of others, each "" for none. A price of others comes with its band.
func (p *play) told(second int, own, others string) exposure.Market {
	at := p.start.Add(time.Duration(second) * time.Second)
	m := exposure.Market{Else: exposure.Else{Listed: true, Why: "few"}}
	if own != "" {
		m.Own = exposure.Quote{Price: dec(own), Stamp: at, At: at, Moving: true}
	}
	if others != "" {
		x := dec(others)
		m.Else = exposure.Else{Listed: true, Known: true, Price: x, At: at, Expected: x, Low: x.Mul(dec("0.998")), High: x.Mul(dec("1.002"))}
	}
	return m
}

var below90 = ledger.Line{ID: 1, Kind: ledger.Below, Pair: "btc_jpy", Value: num("90")}

func TestALineIsCrossedByWhatAgreesAndLasts(t *testing.T) {
	for _, c := range []struct {
		name string
		line ledger.Line
		play func(p *play)
		want []string
	}{
		{"both fall: the first look is passed over, and three agree", below90, func(p *play) {
			for s := range 20 {
				p.at(s*2, p.told(s*2, "89", "89.1"))
			}
		}, []string{"6 on"}},
		{"bitbank alone falls", below90, func(p *play) {
			for s := range 60 {
				p.at(s, p.told(s, "50", "100"))
			}
		}, nil},
		{"the others alone fall while bitbank's price is fresh", below90, func(p *play) {
			for s := range 60 {
				p.at(s, p.told(s, "100", "50"))
			}
		}, nil},
		{"bitbank is dark and the others fall", below90, func(p *play) {
			for s := range 20 {
				p.at(s*2, p.told(s*2, "", "89"))
			}
		}, []string{"6 on"}},
		{"fewer than three of the others, and bitbank", below90, func(p *play) {
			for s := range 60 {
				m := p.told(s, "50", "50")
				m.Else.Known, m.Else.Why = false, "few"
				p.at(s, m)
			}
		}, nil},
		{"one bad tick", below90, func(p *play) {
			for s := range 60 {
				price := "100"
				if s == 20 {
					price = "1"
				}
				p.at(s, p.told(s, price, price))
			}
		}, nil},
		{"the same tick, shown again and again", below90, func(p *play) {
			m := p.told(0, "", "89")
			for s := range 9 {
				p.at(s, m)
			}
		}, nil},
		{"the first tick after an hour of silence", below90, func(p *play) {
			for s := range 10 {
				p.at(s, p.told(s, "100", "100"))
			}
			p.at(3600, p.told(3600, "10", "10"))
			for s := 3602; s < 3640; s += 2 {
				p.at(s, p.told(s, "100", "100"))
			}
		}, nil},
		{"it trembles at the line", below90, func(p *play) {
			for s := range 200 {
				p.at(s*2, p.told(s*2, []string{"89.9", "90.05"}[s/10%2], "89.95"))
			}
		}, []string{"6 on"}},
		{"and comes back", below90, func(p *play) {
			for s := range 60 {
				price := "89"
				if s >= 20 {
					price = "95"
				}
				p.at(s*2, p.told(s*2, price, price))
			}
		}, []string{"6 on", "44 off"}},
		{"the band of an old basis is wide: its middle does not decide", below90, func(p *play) {
			for s := range 30 {
				m := p.told(s*2, "", "89")
				m.Else.Low, m.Else.High = dec("80"), dec("98")
				p.at(s*2, m)
			}
		}, nil},
		{"the whole of a wide band does", below90, func(p *play) {
			for s := range 30 {
				m := p.told(s*2, "", "80")
				m.Else.Low, m.Else.High = dec("72"), dec("88")
				p.at(s*2, m)
			}
		}, []string{"6 on"}},
		{"how bitbank differs was never measured: the whole band counts", below90, func(p *play) {
			for s := range 60 {
				m := p.told(s*2, "", map[bool]string{true: "89.5", false: "89"}[s < 30])
				m.Else.Expected, m.Else.Low, m.Else.High = dec("0"), dec("0"), dec("0")
				p.at(s*2, m)
			}
		}, []string{"64 on"}},
		{"bitbank's price does not move any more and says otherwise", below90, func(p *play) {
			for s := range 30 {
				m := p.told(s*2, "100", "80")
				m.Own.Moving = false
				p.at(s*2, m)
			}
		}, []string{"6 on"}},
		{"above", ledger.Line{ID: 1, Kind: ledger.Above, Pair: "btc_jpy", Value: num("110")}, func(p *play) {
			for s := range 30 {
				p.at(s*2, p.told(s*2, "111", "110"))
			}
		}, []string{"6 on"}},
		{"a gap", ledger.Line{ID: 1, Kind: ledger.GapLine, Pair: "btc_jpy", Value: num("3")}, func(p *play) {
			for s := range 30 {
				p.at(s*2, p.told(s*2, "104", "100"))
			}
		}, []string{"6 on"}},
		{"a gap to bitbank's last price, as it stood when it went dark", ledger.Line{ID: 1, Kind: ledger.GapLine, Pair: "btc_jpy", Value: num("3")}, func(p *play) {
			for s := range 60 {
				m := p.told(s*2, "", "96")
				m.Own = exposure.Quote{Price: dec("100"), Stamp: noon, At: noon, Moving: true}
				p.at(s*2, m)
			}
		}, []string{"6 on"}},
		{"no stop on a coin that is held", ledger.Line{ID: 1, Kind: ledger.NoStop, Pair: "btc_jpy"}, func(p *play) {
			for s := range 20 {
				if s == 10 {
					p.in.Orders = []exposure.Order{order(bitbank.Sell, bitbank.Spot, bitbank.Stop, "1")}
				}
				p.at(s, p.told(s, "", ""))
			}
		}, []string{"4 on", "13 off"}},
	} {
		p := playing(c.line)
		c.play(p)
		if !slices.Equal(p.crossed, c.want) {
			t.Errorf("%s: %q, want %q", c.name, p.crossed, c.want)
		}
	}
}

func TestALossIsOverTheLineByEveryTrustedPrice(t *testing.T) {
	line := ledger.Line{ID: 1, Kind: ledger.Loss, Value: num("10"), Percent: true}
	for _, c := range []struct {
		name        string
		side        bitbank.PositionSide
		own, others string
		crossed     bool
	}{
		{"long, both", bitbank.Long, "89", "88", true},
		{"long, bitbank alone", bitbank.Long, "80", "95", false},
		{"long, the others alone", bitbank.Long, "95", "80", false},
		{"short, both", bitbank.Short, "112", "111", true},
		{"short, a gain", bitbank.Short, "80", "80", false},
	} {
		p := playing(line)
		p.in.Positions = []ledger.Position{position("btc_jpy", c.side, "1", "100")}
		for s := range 20 {
			p.at(s*2, p.told(s*2, c.own, c.others))
		}
		if got := len(p.crossed) > 0; got != c.crossed {
			t.Errorf("%s: crossed %q", c.name, p.crossed)
		}
	}
	// That no position is open must be proven before the loss counts as over.
	p := playing(line)
	p.in.Lines[0].Last = ledger.Crossed{Line: 1, N: 1, On: true}
	for s := range 20 {
		p.in.Held, p.in.Now = time.Time{}, p.start.Add(time.Duration(s)*2*time.Second)
		if c := p.w.Step(exposure.Of(p.in)); len(c) > 0 {
			t.Fatal("a loss is over although nobody has read the positions")
		}
	}
	for s := 20; s < 40; s++ {
		p.at(s*2, p.told(s*2, "100", "100"))
	}
	if !slices.Equal(p.crossed, []string{"46 off"}) {
		t.Errorf("after it is proven: %q", p.crossed)
	}
}

// Whatever one source tells, however wrong and however often: nothing is crossed.
func TestNoBadTicksOfOneSourceCrossALine(t *testing.T) {
	ticks := 20_000
	if os.Getenv("HIKESHI_LONG") != "" {
		ticks = 1_000_000
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	fired, shown := 0, 0
	for shown < ticks {
		line := below90
		if r.IntN(2) == 0 {
			line = ledger.Line{ID: 1, Kind: ledger.Above, Pair: "btc_jpy", Value: num("110")}
		}
		p := playing(line)
		source, second := r.IntN(3), 0
		for range 200 {
			second += 1 + r.IntN(30)
			wrong := decimal.NewFromInt(r.Int64N(100_000)).Div(decimal.NewFromInt(r.Int64N(1_000) + 1)).Add(decimal.New(1, -8)).String()
			good := fmt.Sprintf("%d.%02d", 95+r.IntN(10), r.IntN(100))
			m := p.told(second, good, good)
			switch source {
			case 0: // bitbank's own ticks, the others are right
				m.Own.Price = dec(wrong)
			case 1: // bitbank's own alone: the others cannot agree
				m = p.told(second, wrong, good)
				m.Else.Known, m.Else.Why = false, "apart"
			case 2: // one of the others, of which two tell a price: no three agree
				m = p.told(second, "", wrong)
				m.Else.Known, m.Else.Why = false, "few"
			}
			p.at(second, m)
			shown++
		}
		fired += len(p.crossed)
	}
	if fired != 0 {
		t.Errorf("seed %d: %d crossings", seed, fired)
	}
	fmt.Printf("figure: exposure, %d bad ticks of a single source: %d lines crossed (seed %d)\n", shown, fired, seed)
}

func TestALineThatMakesNoSenseIsRefused(t *testing.T) {
	in := exposure.Input{
		Now: noon, Read: noon, Held: noon, Holdings: []ledger.Holding{holds("btc", "1", 0)}, Positions: []ledger.Position{position("btc_jpy", bitbank.Long, "1", "120")},
		Markets: map[string]exposure.Market{"btc_jpy": there("100", 0), "mona_jpy": here("5", 0)},
		Lines:   []ledger.LineState{{Line: below90}},
	}
	dark := in
	few := there("100", 0)
	few.Else.Known = false
	dark.Markets = map[string]exposure.Market{"btc_jpy": few}
	many := in
	for i := range exposure.LinesMost {
		many.Lines = append(many.Lines, ledger.LineState{Line: ledger.Line{ID: i + 2}})
	}
	line := func(kind ledger.LineKind, pair, value string, percent bool) ledger.Line {
		l := ledger.Line{Kind: kind, Pair: pair, Percent: percent}
		if value != "" {
			l.Value = num(value)
		}
		return l
	}
	for _, c := range []struct {
		line ledger.Line
		in   exposure.Input
		want string
	}{
		{line(ledger.Below, "btc_jpy", "80", false), in, ""},
		{line(ledger.Above, "btc_jpy", "110", false), in, ""},
		{line(ledger.Loss, "", "30", false), in, ""},
		{line(ledger.Loss, "btc_jpy", "20", true), in, ""},
		{line(ledger.NoStop, "btc_jpy", "", false), in, ""},
		{line("around", "btc_jpy", "1", false), in, "kind"},
		{line(ledger.Below, "", "1", false), in, "pair.needed"},
		{line(ledger.Below, "doge_jpy", "1", false), in, "pair"},
		{line(ledger.Below, "xrp_btc", "1", false), in, "yen"},
		{line(ledger.Below, "btc_jpy", "5", true), in, "percent"},
		{line(ledger.NoStop, "btc_jpy", "5", false), in, "value.none"},
		{line(ledger.Below, "btc_jpy", "", false), in, "value"},
		{line(ledger.Below, "btc_jpy", "0", false), in, "value"},
		{line(ledger.Below, "btc_jpy", "1e13", false), in, "value"},
		{line(ledger.GapLine, "btc_jpy", "101", false), in, "value.percent"},
		{line(ledger.Below, "btc_jpy", "90.00", false), in, "twice"},
		{line(ledger.Above, "btc_jpy", "90", false), in, "contradiction"},
		{line(ledger.Below, "btc_jpy", "100", false), in, "crossed"},
		{line(ledger.Above, "btc_jpy", "99", false), in, "crossed"},
		{line(ledger.Loss, "", "20", false), in, "crossed"},
		{line(ledger.Loss, "", "16", true), in, "crossed"},
		{line(ledger.Loss, "eth_jpy", "16", true), in, "no_position"},
		{line(ledger.Below, "mona_jpy", "1", false), in, "unlisted"},
		{line(ledger.Below, "btc_jpy", "80", false), dark, "unpriced"},
		{line(ledger.NoStop, "eth_jpy", "", false), in, "not_held"},
		{line(ledger.Below, "btc_jpy", "70", false), many, "many"},
		{ledger.Line{Kind: ledger.Below, Pair: "btc_jpy", Value: num("70"), Why: string(make([]rune, 201))}, in, "why"},
	} {
		pairs := []string{"btc_jpy", "eth_jpy", "mona_jpy", "xrp_btc"}
		got := ""
		if no := exposure.Check(c.line, pairs, c.in); no != nil {
			got = no.ID
			if !slices.Contains(exposure.Refusals, got) {
				t.Errorf("%q is in no list", got)
			}
		}
		if got != c.want {
			t.Errorf("%s %s %s: refused with %q, want %q", c.line.Kind, c.line.Pair, c.line.Value, got, c.want)
		}
	}
	if no := exposure.Check(below90, nil, in); no == nil || no.ID != "pairs" {
		t.Errorf("without a list of pairs: %v", no)
	}
}
