package bitbank

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// A Number is an exact decimal that prints the way bitbank wrote it: "0.0100" keeps its zeros. The zero Number is
// absent, which is what null and a missing field become. It is a text that was checked; == compares texts, and Equal
// compares values.
type Number struct{ text string }

// maxNumber is the longest text that is read as a number. Real ones stay below 32 bytes; the bound, and the one on
// exponents, keeps a hostile peer from making us calculate with a million digits.
const maxNumber = 64

// ParseNumber reads a decimal, such as "15000000" or "-0.0002".
func ParseNumber(s string) (Number, error) {
	if !looksDecimal(s) {
		return Number{}, fmt.Errorf("read a number: %.*q is none", maxNumber, s)
	}
	return Number{s}, nil
}

// looksDecimal accepts digits with an optional sign, point and an exponent of at most two digits.
func looksDecimal(s string) bool {
	if len(s) > maxNumber {
		return false
	}
	digits, point, i := 0, false, 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && !point && digits > 0:
			point = true
		case (c == 'e' || c == 'E') && digits > 0:
			rest := s[i+1:]
			if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') {
				rest = rest[1:]
			}
			_, err := strconv.ParseUint(rest, 10, 8)
			return err == nil && len(rest) <= 2
		default:
			return false
		}
	}
	return digits > 0 && s[len(s)-1] != '.'
}

// Known reports whether there is a number at all.
func (n Number) Known() bool { return n.text != "" }

// Decimal is the value; zero when n is absent. It is worked out anew by every call.
func (n Number) Decimal() decimal.Decimal {
	d, _ := decimal.NewFromString(n.text) // fails for "" only, with zero: FuzzNumber
	return d
}

// String is the number as bitbank wrote it; "" when it is absent.
func (n Number) String() string { return n.text }

// NewNumber is a value of the caller's own.
func NewNumber(d decimal.Decimal) Number { return Number{d.String()} }

// plain is the number without an exponent, as requests carry it; "" when it is absent.
func (n Number) plain() string {
	if strings.ContainsAny(n.text, "eE") {
		return n.Decimal().String()
	}
	return n.text
}

// Equal compares values, not texts: bitbank writes the same amount with more or fewer zeros. Two absent numbers are
// equal.
func (n Number) Equal(o Number) bool {
	return n == o || n.Known() && o.Known() && n.Decimal().Equal(o.Decimal())
}

// or is n, or other when n is absent.
func (n Number) or(other Number) Number {
	if n.Known() {
		return n
	}
	return other
}

// isZero reports whether the value is zero, which an absent number is not.
func (n Number) isZero() bool {
	for i := range len(n.text) {
		switch c := n.text[i]; {
		case c >= '1' && c <= '9':
			return false
		case c == 'e' || c == 'E':
			return true
		}
	}
	return n.Known()
}

// UnmarshalJSON reads a string, a bare number or null.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number{}
		return nil
	}
	text := string(b)
	switch {
	case b[0] == '"' && bytes.IndexByte(b, '\\') < 0:
		text = text[1 : len(text)-1]
	case b[0] == '"':
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	parsed, err := ParseNumber(text)
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}

// MarshalJSON writes the text as a string, and null when the number is absent.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(n.text)
}

// Millis is a time that travels as UNIX milliseconds. The zero Millis is "not said".
type Millis int64

// Time is m as a time, the zero time when it is not said.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m))
}

// Sequence is a depth's sequence id. It travels as a string, although the documents' table says number; both are
// read. It rises and has holes.
type Sequence uint64

// UnmarshalJSON reads a number or a string.
func (s *Sequence) UnmarshalJSON(b []byte) error {
	text := b
	if len(b) >= 2 && b[0] == '"' {
		text = bytes.Trim(b, `"`)
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return fmt.Errorf("read a sequence id: %w", err)
	}
	*s = Sequence(n)
	return nil
}
