package bitbank

import "strings"

// Depth is most of what the stream carries: 62 pairs with a whole a second are some 25,000 levels, for which package
// json takes a twentieth of a core by itself. A scanner reads the one form in which bitbank writes it: no spaces, the
// documented fields each once, prices and amounts as plain decimals in quotes. For everything else it gives up, and
// package json reads the message; so it never has to decide what is wrong with one.
type scanner struct {
	s    string // what is read is a part of it, so that a message is copied once
	i    int
	lost bool // the rest is not of that form
}

// eat takes one character.
func (p *scanner) eat(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

// want takes a character that must be there.
func (p *scanner) want(c byte) {
	if !p.eat(c) {
		p.lost = true
	}
}

// digits takes up to most digits, at least one.
func (p *scanner) digits(most int) {
	from := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	if n := p.i - from; n == 0 || n > most {
		p.lost = true
	}
}

// number takes a plain decimal in quotes.
func (p *scanner) number() Number {
	p.want('"')
	from := p.i
	p.digits(priceDigits)
	if p.eat('.') {
		p.digits(priceDigits)
	}
	to := p.i
	p.want('"')
	if p.lost {
		return Number{}
	}
	return Number{p.s[from:to]}
}

// whole takes a positive number that fits into 63 bits.
func (p *scanner) whole() (n uint64) {
	from := p.i
	p.digits(priceDigits - 1)
	if p.lost || p.s[from] == '0' {
		p.lost = true
		return 0
	}
	for _, c := range p.s[from:p.i] {
		n = n*10 + uint64(c-'0')
	}
	return n
}

// sequence takes an id with or without quotes.
func (p *scanner) sequence() Sequence {
	quoted := p.eat('"')
	n := p.whole()
	if quoted {
		p.want('"')
	}
	return Sequence(n)
}

// levels takes one side.
func (p *scanner) levels() []Level {
	p.want('[')
	if p.lost || p.eat(']') {
		return []Level{}
	}
	end := strings.Index(p.s[p.i:], "]]")
	if end < 0 {
		p.lost = true
		return nil
	}
	out := make([]Level, 0, min(strings.Count(p.s[p.i:p.i+end], "["), maxLevels))
	for !p.lost {
		p.want('[')
		price := p.number()
		p.want(',')
		amount := p.number()
		p.want(']')
		out = append(out, Level{price, amount})
		if !p.eat(',') {
			break
		}
	}
	p.want(']')
	return out
}

// The fields of a depth, in one order for both forms.
var (
	wholeFields = [...]string{"asks", "bids", "asks_over", "bids_under", "asks_under", "bids_over", "ask_market", "bid_market", "timestamp", "sequenceId"}
	diffFields  = [...]string{"a", "b", "ao", "bu", "au", "bo", "am", "bm", "t", "s"}
)

// field takes a name and the colon behind it. The answer is its place in fields; a name that is none, or that seen
// has already, is not of our form.
func (p *scanner) field(fields *[10]string, seen *[10]bool) int {
	p.want('"')
	end := strings.IndexByte(p.s[p.i:], '"')
	if end >= 0 {
		name := p.s[p.i : p.i+end]
		p.i += end + 1
		for i := range fields {
			if fields[i] == name && !seen[i] {
				seen[i] = true
				p.want(':')
				return i
			}
		}
	}
	p.lost = true
	return -1
}

// scanDepth reads a depth with these fields. ok is false for one in another form.
func scanDepth(b []byte, fields *[10]string) (d Depth, ok bool) {
	p := scanner{s: string(b)}
	var seen [10]bool
	p.want('{')
	for !p.lost {
		switch p.field(fields, &seen) {
		case 0:
			d.Asks = p.levels()
		case 1:
			d.Bids = p.levels()
		case 2:
			d.Totals.AsksOver = p.number()
		case 3:
			d.Totals.BidsUnder = p.number()
		case 4:
			d.Totals.AsksUnder = p.number()
		case 5:
			d.Totals.BidsOver = p.number()
		case 6:
			d.Totals.AskMarket = p.number()
		case 7:
			d.Totals.BidMarket = p.number()
		case 8:
			d.At = Millis(p.whole())
		case 9:
			d.Seq = p.sequence()
		}
		if !p.eat(',') {
			break
		}
	}
	p.want('}')
	return d, !p.lost && p.i == len(p.s)
}

// scan reads a whole in bitbank's own form, and reports whether it is in it.
func (d *Depth) scan(b []byte) bool {
	scanned, ok := scanDepth(b, &wholeFields)
	if !ok || scanned.Asks == nil || scanned.Bids == nil {
		return false
	}
	*d = scanned
	return true
}

// scan reads a difference in bitbank's own form, and reports whether it is in it.
func (d *DepthDiff) scan(b []byte) bool {
	scanned, ok := scanDepth(b, &diffFields)
	if ok {
		*d = DepthDiff(scanned)
	}
	return ok
}
