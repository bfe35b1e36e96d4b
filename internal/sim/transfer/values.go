package transfer

import (
	"encoding/json"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// A window is which part of a history is asked for. Times are milliseconds, both ends belong to it.
type window struct {
	asset      *Asset // nil for all coins
	count      int
	since, end int64
}

// mostRows is the documented largest count, and our choice when none is given.
const mostRows = 100

// readWindow reads the parameters of a history. That count comes before end and end before since is measured (for orders);
// that asset comes first is our assumption.
func (d *Desk) readWindow(q url.Values, assetRequired bool) (window, int) {
	w := window{count: mostRows, end: math.MaxInt64}
	a, code := d.readAsset(q, assetRequired)
	if code != 0 {
		return w, code
	}
	w.asset = a
	if q.Has("count") {
		n, ok := readNumber(q, "count")
		if d.o.ClampCount {
			n = min(n, mostRows)
		}
		if !ok || n < 1 || n > mostRows {
			return w, codeCount
		}
		w.count = int(n)
	}
	for _, p := range []struct {
		name string
		into *int64
		code int
	}{{"end", &w.end, codeEnd}, {"since", &w.since, codeSince}} {
		if q.Has(p.name) {
			n, ok := readNumber(q, p.name)
			if !ok {
				return w, p.code
			}
			*p.into = n
		}
	}
	return w, 0
}

// readNumber reads a parameter as digits. Empty and repeated ones are unreadable (measured for orders).
func readNumber(q url.Values, name string) (int64, bool) {
	if len(q[name]) != 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(q.Get(name), 10, 63)
	return int64(n), err == nil
}

func (d *Desk) readAsset(q url.Values, required bool) (*Asset, int) {
	if !q.Has("asset") {
		if required {
			return nil, codeNoAsset
		}
		return nil, 0
	}
	a := d.assets[q.Get("asset")]
	if a == nil || len(q["asset"]) != 1 {
		return nil, codeAsset
	}
	return a, 0
}

// A withdrawal is a request whose parameters are right.
type withdrawal struct {
	asset       *Asset
	to          Account
	amount, fee decimal.Decimal
}

// readWithdrawal checks what is there before what it says, each in the documented order of the parameters, our assumption.
// null counts as absent. An account that is unknown, or of another asset, has no code of its own: its uuid is not
// acceptable.
func (d *Desk) readWithdrawal(body map[string]any) (withdrawal, int) {
	for _, p := range []struct {
		name string
		code int
	}{{"asset", codeNoAsset}, {"uuid", codeNoUUID}, {"amount", codeNoAmount}} {
		if body[p.name] == nil {
			return withdrawal{}, p.code
		}
	}
	name, _ := body["asset"].(string)
	a := d.assets[name]
	if a == nil {
		return withdrawal{}, codeAsset
	}
	uuid, code := readUUID(body, "uuid")
	if code != 0 {
		return withdrawal{}, code
	}
	to := d.account(uuid)
	if to == nil || to.Asset != name {
		return withdrawal{}, codeUUID
	}
	amount, ok := d.readAmount(body["amount"])
	if !ok || !a.fits(amount) {
		return withdrawal{}, codeAmount
	}
	return withdrawal{a, *to, amount, a.fee(to.Network, amount)}, 0
}

func (d *Desk) readAmount(v any) (decimal.Decimal, bool) {
	switch v := v.(type) {
	case string:
		return readDecimal(v)
	case json.Number:
		// What programs write for a small number has an exponent; a short one cannot fill the memory.
		if !d.o.StringAmounts && scientific.MatchString(v.String()) {
			n, err := decimal.NewFromString(v.String())
			return n, err == nil
		}
	}
	return decimal.Zero, false
}

var scientific = regexp.MustCompile(`^[0-9]{1,20}(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2})?$`)

// fits reports whether an amount is positive and has no more decimals than the asset.
func (a *Asset) fits(amount decimal.Decimal) bool {
	return amount.IsPositive() && amount.Equal(amount.Truncate(a.Precision))
}

var plain = regexp.MustCompile(`^[0-9]{1,20}(\.[0-9]{1,20})?$`)

// readDecimal reads digits and a point. Exponents are refused: few characters of them make numbers that fill the memory.
func readDecimal(text string) (decimal.Decimal, bool) {
	if !plain.MatchString(text) {
		return decimal.Zero, false
	}
	v, err := decimal.NewFromString(text)
	return v, err == nil
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func readUUID(body map[string]any, name string) (string, int) {
	if body[name] == nil {
		return "", codeNoUUID
	}
	uuid, _ := body[name].(string)
	if !uuidForm.MatchString(uuid) {
		return "", codeUUID
	}
	return strings.ToLower(uuid), 0
}

// A declaration names the sender of a deposit.
type declaration struct{ deposit, originator string }

// readDeclarations reads the body of confirm_deposits. No code names its array: one that is absent counts as absent uuids,
// one that is no array, or empty, as uuids that are not acceptable. Our assumption, by what was measured for order ids.
func readDeclarations(body map[string]any) ([]declaration, int) {
	if body["deposits"] == nil {
		return nil, codeNoUUID
	}
	rows, _ := body["deposits"].([]any)
	if len(rows) == 0 {
		return nil, codeUUID
	}
	all := make([]declaration, len(rows))
	for i, row := range rows {
		fields, ok := row.(map[string]any)
		if !ok {
			return nil, codeUUID
		}
		var code int
		if all[i].deposit, code = readUUID(fields, "uuid"); code != 0 {
			return nil, code
		}
		if all[i].originator, code = readUUID(fields, "originator_uuid"); code != 0 {
			return nil, code
		}
	}
	return all, 0
}

// token is a token as it came; a number is read as its digits, anything else as none.
func token(body map[string]any, name string) string {
	switch v := body[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
