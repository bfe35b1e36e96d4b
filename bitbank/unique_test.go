package bitbank

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestAFieldThatStandsTwiceIsFound(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, `[]`: true, `1`: true, `"a"`: true, `null`: true,
		`{"a":1,"b":1}`:                          true,
		`{"a":1,"a":1}`:                          false,
		`{"a":1, "b":2 , "a" :3}`:                false,
		`[{"a":1},{"a":1}]`:                      true,
		`{"a":{"a":{"a":[]}},"b":{"a":1}}`:       true,
		`{"x":{"a":1,"b":2,"a":3}}`:              false,
		`{"x":[{"a":1},{"b":1,"c":2,"b":3}]}`:    false,
		`{"a":{"b":1},"c":{"b":1},"a":2}`:        false,
		`{"a":["a","a","a"],"b":"a"}`:            true,
		`{"a":"}{,\"a\":","b":"\\"}`:             true,
		`{"order_id":1,"ORDER_ID":2}`:            false,
		`{"order_id":1,"order\u005fid":2}`:       false,
		`{"ask":1,"a\u017fK":2}`:                 false, // long s and Kelvin fold to s and k
		`{"a":1,"a ":2}`:                         true,
		`{"":1,"":2}`:                            false,
		`{"a":[1,{"b":[{"c":1,"d":{}}]}],"b":1}`: true,
	} {
		if err := uniqueKeys([]byte(text)); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What package json reads in an object whose names are unique does not depend on their order.
func FuzzUniqueKeys(f *testing.F) {
	for _, s := range []string{`{"a":1,"A":2}`, `{"a":{"b":[1,"x\\\""]}}`, `[{"order_id":1}]`, `{"ſ":1,"S":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !json.Valid(b) {
			return
		}
		fields, ok := topLevelNames(b)
		if !ok {
			return
		}
		again := false
		for i, a := range fields {
			for _, c := range fields[:i] {
				again = again || strings.EqualFold(a, c)
			}
		}
		if err := uniqueKeys(b); again && err == nil {
			t.Fatalf("%q has a field twice", b)
		}
	})
}

// topLevelNames reads an object's names another way.
func topLevelNames(b []byte) ([]string, bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, false
	}
	var names []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, false
		}
		names = append(names, name.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, false
		}
	}
	return names, true
}
