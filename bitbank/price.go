package bitbank

import "cmp"

// priceDigits is how many digits a price may have before its point, and how many after it: so many fit into 64 bits
// each. bitbank's prices have at most 9 and 8.
const priceDigits = 19

// A priceKey is a price that is compared without calculating: whole yen, and what is behind the point in units of
// 1e-19. Equal prices have equal keys, however many zeros they are written with.
type priceKey struct{ whole, part uint64 }

// keyOf is the key of a price; ok is false for what is no price: absent, negative, or beyond priceDigits.
func keyOf(price Number) (key priceKey, ok bool) {
	if key, ok = plainKey(price.text); ok || !price.Known() || price.text[0] == '-' && !price.isZero() {
		return key, ok
	}
	return plainKey(price.Decimal().String()) // it has an exponent, or more zeros than digits
}

// plainKey reads digits with an optional point.
func plainKey(s string) (key priceKey, ok bool) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		key.whole = key.whole*10 + uint64(s[i]-'0')
		i++
	}
	if i == 0 || i > priceDigits {
		return priceKey{}, false
	}
	if i == len(s) {
		return key, true
	}
	if s[i] != '.' {
		return priceKey{}, false
	}
	i++
	digits := len(s) - i
	if digits > priceDigits {
		return priceKey{}, false
	}
	for ; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return priceKey{}, false
		}
		key.part = key.part*10 + uint64(s[i]-'0')
	}
	key.part *= tens[priceDigits-digits]
	return key, true
}

// tens are the powers of ten that fit.
var tens = func() (powers [priceDigits + 1]uint64) {
	powers[0] = 1
	for i := range priceDigits {
		powers[i+1] = powers[i] * 10
	}
	return powers
}()

// compare orders prices.
func (k priceKey) compare(o priceKey) int {
	if k.whole != o.whole {
		return cmp.Compare(k.whole, o.whole)
	}
	return cmp.Compare(k.part, o.part)
}

// flipped is a key that orders the other way round.
func (k priceKey) flipped() priceKey { return priceKey{^k.whole, ^k.part} }
