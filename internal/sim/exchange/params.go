package exchange

import (
	"encoding/json"
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Params are what a request carries: a JSON object of a POST, read with numbers as [json.Number], or a query.
type Params map[string]any

// Query reads a URL's query. A key that comes twice is unreadable as any single value.
func Query(q url.Values) Params {
	p := Params{}
	for k, v := range q {
		if len(v) == 1 {
			p[k] = v[0]
		} else {
			p[k] = v
		}
	}
	return p
}

// has reports whether there is a value at all: null is none.
func (p Params) has(name string) bool { return p[name] != nil }

// text is a string; false when it is something else.
func (p Params) text(name string) (string, bool) {
	s, ok := p[name].(string)
	return s, ok
}

// number is a decimal in a string or, as JavaScript clients send it, a bare number. Texts are bounded so that nobody makes
// us calculate with a million digits.
func (p Params) number(name string) (string, bool) {
	var s string
	switch v := p[name].(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	default:
		return "", false
	}
	if len(s) > 40 || s == "" {
		return "", false
	}
	if strings.Trim(s, "0123456789.") == "" && s[0] != '.' && s[len(s)-1] != '.' && strings.Count(s, ".") <= 1 {
		return s, true
	}
	// JSON writes small numbers as 1e-7.
	if _, isNumber := p[name].(json.Number); !isNumber || s[0] == '-' {
		return "", false
	}
	if e := strings.IndexAny(s, "eE"); e >= 0 {
		if n, err := strconv.Atoi(s[e+1:]); err != nil || n < -18 || n > 18 {
			return "", false
		}
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return "", false
	}
	return d.String(), true
}

// digits reads a whole number without a sign, from a string or a bare number.
func digits(v any) (int64, bool) {
	s, isText := v.(string)
	if n, isNumber := v.(json.Number); isNumber {
		s, isText = n.String(), true
	}
	if !isText || s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// id is an order's id: a whole number, or one in a string as ccxt sends it.
func id(v any) (int64, bool) {
	n, ok := digits(v)
	return n, ok && n > 0
}

// whole is a number of a query, from 0 to most; -1 when it is absent.
func (p Params) whole(name string, most int64) (int64, bool) {
	if !p.has(name) {
		return -1, true
	}
	n, ok := digits(p[name])
	return n, ok && n <= most
}

// noEnd is the largest bound of ids and times.
const noEnd = math.MaxInt64
