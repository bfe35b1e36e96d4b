package bitbank

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"hikeshi/bitbank/bitbanktest"
)

// slowly reads JSON without any type of ours: numbers keep their text. ok is false when b is not JSON, or when it names
// a field twice, where no reading is right.
func slowly(b []byte) (value any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if !json.Valid(b) || uniqueKeys(b) != nil || d.Decode(&value) != nil {
		return nil, false
	}
	return value, true
}

// text is how a value is written that is a number, bare or in quotes; "" for null and for what is absent.
func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// Whatever reads a depth, the scanner or package json, has every level, total, time and id as it was written.
func FuzzDepth(f *testing.F) {
	for _, s := range []string{
		bitbanktest.Payload("stream_depth_whole"), bitbanktest.Payload("stream_depth_diff"),
		`{"a":[["350.120","0"]],"b":[["350.001","1200.0000"]],"ao":"10.5","t":1767225600123,"s":"9000000003"}`,
		`{"asks":[],"bids":[],"timestamp":1,"sequenceId":9007199254740993}`,
		`{"a":[],"a":[["1","1"]],"t":1,"s":"2"}`, `{"a":[],"A":[["1","1"]],"t":1,"s":"2"}`,
		`{"a":[[1,2]],"b":null,"t":1,"s":9223372036854775808}`, `{"a":[["1e2","1"]],"t":1,"s":"2"}`,
		`{"a":[["-1","1"]],"t":1,"s":"2"}`, `{"a":[["1","-1"]],"t":1,"s":"2"}`, `{"a":[["1","1","1"]],"t":1,"s":"2"}`,
		`{"a":[["0001.50","00"]],"t":1,"s":"2","am":null,"bm":"0"}`, `{"a":[["1\u0030","1"]],"t":1,"s":"2"}`,
		`{"a":[["1","1"],],"t":1,"s":"2"}`, `{"t":1,"s":"2"`, `{"t":01,"s":"2"}`, `{"t":1,"s":"02"}`, `{"t":1.0,"s":"2"}`, `<html>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var whole Depth
		var diff DepthDiff
		if (whole.scan(b) || diff.scan(b)) && !json.Valid(b) {
			t.Fatalf("the scanner takes %q, which is not JSON", b)
		}
		whole, diff = Depth{}, DepthDiff{}
		for _, c := range []struct {
			fields *[10]string
			err    error
			got    *Depth
		}{{&wholeFields, json.Unmarshal(b, &whole), &whole}, {&diffFields, json.Unmarshal(b, &diff), (*Depth)(&diff)}} {
			value, ok := slowly(b)
			m, isObject := value.(map[string]any)
			if c.err != nil || !ok || !isObject {
				continue
			}
			compareDepth(t, c.got, m, c.fields)
		}
	})
}

func compareDepth(t *testing.T, got *Depth, want map[string]any, fields *[10]string) {
	t.Helper()
	exact := map[string]bool{}
	for _, name := range fields {
		exact[name] = true
	}
	for name := range want {
		if folded, err := foldName([]byte(`"` + name + `"`)); err != nil || !exact[name] && folds(fields, string(folded)) {
			return // package json takes a name of another case for ours
		}
	}
	for i, side := range [][]Level{got.Asks, got.Bids} {
		rows, _ := want[fields[i]].([]any)
		if len(rows) != len(side) {
			t.Fatalf("%d levels, want %d", len(side), len(rows))
		}
		for j, l := range side {
			row, ok := rows[j].([]any)
			if !ok || len(row) != 2 || text(row[0]) != l.Price.String() || text(row[1]) != l.Amount.String() {
				t.Fatalf("%s %d is %v, want %v", fields[i], j, l, rows[j])
			}
			if _, ok := keyOf(l.Price); !ok || l.Amount.Decimal().IsNegative() {
				t.Fatalf("%v is no level", l)
			}
		}
	}
	totals := got.Totals
	for i, n := range []Number{totals.AsksOver, totals.BidsUnder, totals.AsksUnder, totals.BidsOver, totals.AskMarket, totals.BidMarket} {
		if n.String() != text(want[fields[2+i]]) {
			t.Fatalf("%s is %q, want %v", fields[2+i], n, want[fields[2+i]])
		}
	}
	if at := text(want[fields[8]]); at != "" && at != "-0" && at != fmt.Sprint(got.At) {
		t.Fatalf("time %d, want %s", got.At, at)
	}
	if seq := text(want[fields[9]]); seq != "" && bytes.TrimLeft([]byte(seq), "0") != nil && string(bytes.TrimLeft([]byte(seq), "0")) != fmt.Sprint(got.Seq) {
		t.Fatalf("id %d, want %s", got.Seq, seq)
	}
}

func folds(fields *[10]string, folded string) bool {
	for _, name := range fields {
		if f, _ := foldName([]byte(`"` + name + `"`)); string(f) == folded {
			return true
		}
	}
	return false
}

// An event has the room and the data that stand in it, whichever way it is read.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		`["message",{"room_name":"ticker_btc_jpy","message":{"data":{"last":"1"}}}]`,
		`["message",{"room_name":"ticker_btc_jpy","message":{"data":{}},"x":{"data":{}}}]`,
		`["message",{"room_name":"ticker_btc_jpy","message":{"data":{},"data":{"a":1}}}]`,
		`["message",{"room_name":"a","message":{"data":{"b":"}}]"}}},{"c":{}}]`,
		`["message",{"room_name":"a","room_name":"b","message":{"data":{}}}]`,
		`["message", {"message":{"pid":7,"data":[1]},"room_name":"a\u0062"}]`,
		`["message",{"room_name":"","message":{"data":{}}}]`, `["message"]`, `["hello",{}]`, `[]`, `{}`, `["message",<html>]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		room, data, ok, err := parseMessage(b)
		value, valid := slowly(b)
		parts, _ := value.([]any)
		if !valid || len(parts) < 2 || parts[0] != "message" {
			if ok && !(json.Valid(b) && uniqueKeys(data) != nil) { // within data that is for who reads it
				t.Fatalf("%q is a message", b)
			}
			return
		}
		m, _ := parts[1].(map[string]any)
		inner, _ := m["message"].(map[string]any)
		name, _ := m["room_name"].(string)
		want, there := inner["data"]
		if !ok {
			if name != "" && there && err == nil {
				t.Fatalf("%q is no message, and nothing is said about it", b)
			}
			return
		}
		got, _ := slowly(data)
		if name != "" && there && (room != name || !reflect.DeepEqual(got, want)) {
			t.Fatalf("%q: room %q with %s, want %q with %v", b, room, data, name, want)
		}
	})
}
