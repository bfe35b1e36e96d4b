package bitbank

import (
	"encoding/json"
	"errors"
	"testing"

	"hikeshi/bitbank/bitbanktest"
)

var payloadNames = []string{
	"ticker", "tickers", "depth", "transactions", "candlestick", "circuit_break_info", "spot_status", "spot_pairs", "assets",
}

// Whatever an answer holds, it is one of the errors that callers know, or data.
func FuzzEnvelope(f *testing.F) {
	for _, name := range payloadNames {
		f.Add(200, "application/json", []byte(bitbanktest.Payload(name)))
	}
	f.Add(503, "text/html", []byte("<html>"))
	f.Add(200, "", []byte(`{"success":0,"data":{"code":10007}}`))
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		err := Check(status, kind, body)
		_, refused := errors.AsType[*Error](err)
		_, broken := errors.AsType[*BodyError](err)
		_, foreign := errors.AsType[*StatusError](err)
		if err != nil && !refused && !broken && !foreign {
			t.Fatalf("an error of type %T", err)
		}
		if err != nil && len(err.Error()) > 2000 {
			t.Fatalf("an error of %d bytes", len(err.Error()))
		}
		if err == nil && (!json.Valid(body) || status >= 300) {
			t.Fatalf("status %d with %q passes", status, body)
		}
	})
}

// Data never makes a decoder panic, and what it lets through is complete.
func FuzzData(f *testing.F) {
	for i, name := range payloadNames {
		f.Add(i, []byte(bitbanktest.Payload(name)))
	}
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		var err error
		switch which {
		case 0:
			var v Ticker
			if v, err = DecodeTicker(body); err == nil && v.At <= 0 {
				t.Fatalf("%+v", v)
			}
		case 1:
			var v []Ticker
			if v, err = DecodeTickers(body); err == nil && (len(v) == 0 || v[0].Pair == "") {
				t.Fatalf("%+v", v)
			}
		case 2:
			var v Depth
			if v, err = DecodeDepth(body); err == nil {
				var b Book
				if !b.ApplyWhole(v) || b.Seq() != v.Seq {
					t.Fatalf("%+v makes no book", v)
				}
				inOrder(t, &b)
			}
		case 3:
			_, err = DecodeTransactions(body)
		case 4:
			_, err = DecodeCandlestick(body)
		case 5:
			_, err = DecodeCircuitBreakInfo(body)
		case 6:
			_, err = DecodeSpotStatus(body)
		case 7:
			var v []Pair
			if v, err = DecodeSpotPairs(body); err == nil {
				v[0].Flags()
			}
		case 8:
			_, err = DecodeAssets(body)
		}
		if _, typed := errors.AsType[*BodyError](err); err != nil && !typed {
			t.Fatalf("%T is no BodyError: %v", err, err)
		}
	})
}

// A frame of any text is an event, nothing, or an error; the same is true of what it carries.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{
		"2", "3", "40", "41", "1", "", "4", "42", `42["message"]`, `40/x,{}`, `44{"message":"no"}`, `4217["message",{}]`,
		`0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`,
		`42["message",{"room_name":"depth_diff_btc_jpy","message":{"data":` + bitbanktest.Payload("stream_depth_diff") + `}}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := parseFrame(b)
		if err != nil {
			return
		}
		switch frame.kind {
		case frameOpen:
			if s, err := parseSession(frame.data); err == nil && (s.Silence() <= 0 || s.ID == "") {
				t.Fatalf("a session %+v", s)
			}
		case frameEvent:
			room, data, ok, err := parseMessage(frame.data)
			if ok && (err != nil || room == "" || !json.Valid(data)) {
				t.Fatalf("a message for %q: %q, %v", room, data, err)
			}
			if c, pair := SplitRoom(room); c != "" && Room(c, pair) != room {
				t.Fatalf("room %q is %q of %q", room, c, pair)
			}
			e := Event{Room: room, Raw: data}
			if d, err := e.DepthDiff(); err == nil {
				var b Book
				b.ApplyWhole(Depth{Seq: 1, At: 1})
				b.ApplyDiff(d)
				inOrder(t, &b)
			}
		}
	})
}

// inOrder fails when a book is not sorted, or holds a price twice or an amount of nothing.
func inOrder(t *testing.T, b *Book) {
	t.Helper()
	for sign, side := range map[int][]Level{1: b.Asks(-1), -1: b.Bids(-1)} {
		for i, l := range side {
			if l.Amount.Decimal().IsZero() || i > 0 && side[i-1].Price.Decimal().Cmp(l.Price.Decimal()) != -sign {
				t.Fatalf("a book's side %v", side)
			}
		}
	}
}
