package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"hikeshi/bitbank"
)

// bitbank's codes about an order or a cancel.
const (
	codeNoAmount     bitbank.Code = 30001
	codeNoID         bitbank.Code = 30006
	codeNoIDs        bitbank.Code = 30007
	codeNoPair       bitbank.Code = 30009
	codeNoPrice      bitbank.Code = 30012
	codeNoSide       bitbank.Code = 30013
	codeNoType       bitbank.Code = 30015
	codeNoTrigger    bitbank.Code = 30101
	codeAmount       bitbank.Code = 40001
	codeID           bitbank.Code = 40013
	codeIDs          bitbank.Code = 40014
	codeManyIDs      bitbank.Code = 40015
	codePair         bitbank.Code = 40017
	codePrice        bitbank.Code = 40020
	codeSide         bitbank.Code = 40021
	codeType         bitbank.Code = 40024
	codeTrigger      bitbank.Code = 40112
	codePostOnly     bitbank.Code = 40113
	codePostOnlyType bitbank.Code = 40114
	codePositionSide bitbank.Code = 40164
)

// maxIDs is how many orders one cancel may name (bitbankinc/bitbank-api-docs#90).
const maxIDs = 30

// A mistake is why a body is no order or no cancel, with the code that bitbank has for it.
type mistake struct {
	code bitbank.Code
	say  string
}

func (m *mistake) Error() string { return m.say }

// wrong is a mistake in a field.
func wrong(code bitbank.Code, format string, args ...any) error {
	return &mistake{code, fmt.Sprintf(format, args...)}
}

// mistakeOf is err as a mistake.
func mistakeOf(err error) *mistake {
	if m, ok := errors.AsType[*mistake](err); ok {
		return m
	}
	return &mistake{codeNotJSON, err.Error()}
}

// readOrder reads the body of a new order. Numbers come as strings or as bare numbers and are kept digit by digit; null is the
// same as left out.
//
// It is stricter than bitbank, which does not say what it does with fields that it does not know, or that the type of order has
// not: an order that means something to its bot that it does not mean to bitbank is refused, not placed.
func readOrder(body []byte) (bitbank.NewOrder, error) {
	f, err := fields(body, "pair", "amount", "price", "side", "position_side", "type", "post_only", "trigger_price")
	if err != nil {
		return bitbank.NewOrder{}, err
	}
	var o bitbank.NewOrder
	for _, s := range []struct {
		name string
		into func(string)
		code bitbank.Code
	}{
		{"pair", func(s string) { o.Pair = s }, codePair},
		{"side", func(s string) { o.Side = bitbank.Side(s) }, codeSide},
		{"type", func(s string) { o.Type = bitbank.OrderType(s) }, codeType},
		{"position_side", func(s string) { o.PositionSide = bitbank.PositionSide(s) }, codePositionSide},
	} {
		raw := f[s.name]
		var text string
		if raw == nil {
			continue
		}
		if json.Unmarshal(raw, &text) != nil || text == "" {
			return o, wrong(s.code, "%s: want a text", s.name)
		}
		s.into(text)
	}
	for _, n := range []struct {
		name string
		into *bitbank.Number
		code bitbank.Code
	}{{"amount", &o.Amount, codeAmount}, {"price", &o.Price, codePrice}, {"trigger_price", &o.TriggerPrice, codeTrigger}} {
		if raw := f[n.name]; raw != nil && n.into.UnmarshalJSON(raw) != nil {
			return o, wrong(n.code, "%s: want a decimal number", n.name)
		}
	}
	if raw := f["post_only"]; raw != nil && json.Unmarshal(raw, &o.PostOnly) != nil {
		return o, wrong(codePostOnly, "post_only: want true or false")
	}
	return o, judgeOrder(o)
}

// judgeOrder finds what is missing, then what is wrong, with bitbank's codes.
func judgeOrder(o bitbank.NewOrder) error {
	rests := o.Type == bitbank.Limit || o.Type == bitbank.StopLimit
	closes := o.Type == bitbank.TakeProfit || o.Type == bitbank.StopLoss
	triggers := closes || o.Type == bitbank.Stop || o.Type == bitbank.StopLimit
	for _, m := range []struct {
		name    string
		missing bool
		code    bitbank.Code
	}{
		{"pair", o.Pair == "", codeNoPair},
		{"amount", !o.Amount.Known() && !closes, codeNoAmount},
		{"price", !o.Price.Known() && rests, codeNoPrice},
		{"side", o.Side == "", codeNoSide},
		{"type", o.Type == "", codeNoType},
		{"trigger_price", !o.TriggerPrice.Known() && triggers, codeNoTrigger},
	} {
		if m.missing {
			return wrong(m.code, "%s is missing", m.name)
		}
	}
	positive := func(n bitbank.Number) bool { return !n.Known() || n.Decimal().IsPositive() }
	switch {
	case !isPair(o.Pair):
		return wrong(codePair, "pair: %.40q is none such as btc_jpy", o.Pair)
	case o.Side != bitbank.Buy && o.Side != bitbank.Sell:
		return wrong(codeSide, "side: %.40q is neither buy nor sell", o.Side)
	case o.Type != bitbank.Market && !rests && !triggers:
		return wrong(codeType, "type: %.40q is none that can be placed", o.Type)
	case o.PositionSide != bitbank.Spot && o.PositionSide != bitbank.Long && o.PositionSide != bitbank.Short:
		return wrong(codePositionSide, "position_side: %.40q is neither long nor short", o.PositionSide)
	case closes && o.PositionSide == bitbank.Spot:
		return wrong(codePositionSide, "position_side: %s needs one", o.Type)
	case o.PostOnly && o.Type != bitbank.Limit:
		return wrong(codePostOnlyType, "post_only: %s has none", o.Type)
	case !positive(o.Amount):
		return wrong(codeAmount, "amount: %s is not above zero", o.Amount)
	case !positive(o.Price) || o.Price.Known() && !rests:
		return wrong(codePrice, "price: want one above zero, for limit and stop_limit alone")
	case !positive(o.TriggerPrice) || o.TriggerPrice.Known() && !triggers:
		return wrong(codeTrigger, "trigger_price: want one above zero, for orders with a trigger alone")
	}
	if err := o.Validate(); err != nil { // one rule more than ours is a refusal as well
		return wrong(codeType, "%v", err)
	}
	return nil
}

// readCancel reads the body of a cancel: one id for cancel_order, a list for cancel_orders. ccxt sends ids as strings,
// node-bitbankcc as numbers.
func readCancel(body []byte, many bool) (pair string, ids []bitbank.OrderID, err error) {
	name := "order_id"
	if many {
		name = "order_ids"
	}
	f, err := fields(body, "pair", name)
	if err != nil {
		return "", nil, err
	}
	switch {
	case f["pair"] == nil:
		return "", nil, wrong(codeNoPair, "pair is missing")
	case f[name] == nil && many:
		return "", nil, wrong(codeNoIDs, "order_ids is missing")
	case f[name] == nil:
		return "", nil, wrong(codeNoID, "order_id is missing")
	case json.Unmarshal(f["pair"], &pair) != nil || !isPair(pair):
		return "", nil, wrong(codePair, "pair: want one such as btc_jpy")
	}
	code := codeID
	if many {
		code = codeIDs
		if json.Unmarshal(f[name], &ids) != nil {
			return "", nil, wrong(code, "order_ids: want a list of whole numbers")
		}
	} else {
		ids = make([]bitbank.OrderID, 1)
		if json.Unmarshal(f[name], &ids[0]) != nil {
			return "", nil, wrong(code, "order_id: want a whole number")
		}
	}
	switch {
	case len(ids) == 0 || slices.ContainsFunc(ids, func(id bitbank.OrderID) bool { return id <= 0 }):
		return "", nil, wrong(code, "%s: want whole numbers above zero", name)
	case len(ids) > maxIDs:
		return "", nil, wrong(codeManyIDs, "order_ids: %d, want at most %d", len(ids), maxIDs)
	}
	seen := map[bitbank.OrderID]bool{}
	ids = slices.DeleteFunc(ids, func(id bitbank.OrderID) bool { // one named twice is cancelled once
		again := seen[id]
		seen[id] = true
		return again
	})
	return pair, ids, nil
}

// isPair takes what can be a pair: two parts of small letters and digits.
func isPair(s string) bool {
	under := 0
	for i, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c == '_' && i > 0 && i < len(s)-1:
			under++
		default:
			return false
		}
	}
	return under == 1 && len(s) <= 40
}

// fields takes a JSON object apart. Names are compared as they are; one that stands twice, or is not among known, is a mistake.
// null is left out.
func fields(body []byte, known ...string) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, wrong(codeNotJSON, "the body is no JSON object")
	}
	all := map[string]json.RawMessage{}
	named := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		name, isText := t.(string)
		var v json.RawMessage
		if err != nil || !isText || dec.Decode(&v) != nil {
			return nil, wrong(codeNotJSON, "the body is no JSON object")
		}
		switch {
		case named[name]:
			return nil, wrong(codeNotJSON, "the field %.40q stands twice", name)
		case !slices.Contains(known, name):
			return nil, wrong(codeNotJSON, "the field %.40q is none that the gateway knows", name)
		}
		named[name] = true
		if string(v) != "null" {
			all[name] = v
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, wrong(codeNotJSON, "the body is no JSON object")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, wrong(codeNotJSON, "something follows the JSON object")
	}
	return all, nil
}
