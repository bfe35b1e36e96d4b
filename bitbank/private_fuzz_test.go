package bitbank

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// privateExamples are messages of every method, in the forms of bitbank's documents and in those that were seen.
var privateExamples = []string{
	`{"method":"asset_update","params":[{"asset":"jpy","freeAmount":"100.5","lockedAmount":"1","onhandAmount":"101.5","withdrawingAmount":"0","amountPrecision":4}]}`,
	`{"method":"asset_update","params":[{"asset":"btc","free_amount":"0.0001","locked_amount":"0","onhand_amount":"0.0001","withdrawing_amount":"0","amount_precision":8}]}`,
	`{"method":"spot_order_new","params":[{"order_id":59600000001,"pair":"btc_jpy","side":"buy","type":"limit","price":"15000000","start_amount":"0.0100","remaining_amount":"0.0100","executed_amount":"0","average_price":"0","ordered_at":1767225600000,"expire_at":1782777600000,"post_only":false,"user_cancelable":true,"is_just_triggered":false,"status":"UNFILLED"}]}`,
	`{"message":{"method":"spot_order","params":[{"order_id":9007199254740993,"pair":"xrp_jpy","status":"CANCELED_UNFILLED","price":null,"canceled_at":1767225601500,"triggered_at":1,"trigger_price":"1.50","position_side":"long","executed_at":null}]}}`,
	`{"data":{"message":{"method":"spot_order","params":{"order_id":"59600000001","pair":"xrp_jpy","status":"SOMETHING_NEW","user_cancelable":false}}}}`,
	`{"method":"spot_order_invalidation","params":{"order_id":[1,2,3]}}`,
	`{"method":"spot_order_invalidation","params":9007199254740993}`,
	`{"method":"spot_order_invalidation","params":["1",{"order_id":2},{"order_id":[3]}]}`,
	`{"method":"spot_trade","params":[{"trade_id":1210000003,"order_id":59600000001,"pair":"btc_jpy","side":"sell","position_side":null,"type":"market","price":"15000000","amount":"0.0100","maker_taker":"taker","fee_amount_base":"0","fee_amount_quote":"-15.0000","fee_occurred_amount_quote":"-15.0000","profit_loss":null,"interest":null,"executed_at":1767225600100}]}`,
	`{"method":"dealer_order_new","params":[{"order_id":"17","asset":"btc","side":"buy","price":"15000000","amount":"0.1","ordered_at":1767225600000}]}`,
	`{"method":"withdrawal","params":[{"uuid":"u","asset":"xrp","account_uuid":"a","amount":"10","fee":"0.15","status":"SENDING","requested_at":1767225600000,"label":"","address":"r","network":"xrp","txid":null,"destination_tag":4294967296}]}`,
	`{"method":"deposit","params":[{"uuid":"u","asset":"btc","network":"btc","address":"x","amount":0.1,"txid":null,"status":"FOUND","found_at":1767225600000}]}`,
	`{"method":"margin_position_update","params":[{"pair":"btc_jpy","position_side":"short","average_price":"1","open":"0.1","locked":"0","product":"2","unrealized_fee":"0","unrealized_interest":"0.5"}]}`,
	`{"method":"margin_position_update","params":[{"pair":"btc_jpy","position_side":"long","open_amount":"0.1","open":"0.10"}]}`,
	`{"method":"margin_payable_update","params":[{"amount":"0"}]}`,
	`{"method":"margin_notice_update","params":[{"what":"marginCall","occurred_at":1767225600000,"amount":"1000","due_date_at":1767225700000}]}`,
	`{"method":"margin_notice_update","params":[{"what":null,"occurred_at":null,"amount":null,"due_date_at":null}]}`,
	`{"method":"something_new","params":7}`,
}

// otherNames are the names that a field travels under, by the documented one.
var otherNames = map[string]string{
	"free_amount": "freeAmount", "locked_amount": "lockedAmount", "onhand_amount": "onhandAmount",
	"withdrawing_amount": "withdrawingAmount", "amount_precision": "amountPrecision",
	"open_amount": "open", "unrealized_fee_amount": "unrealized_fee", "unrealized_interest_amount": "unrealized_interest",
}

// A message is read as it stands, or refused.
func FuzzPrivate(f *testing.F) {
	for _, s := range privateExamples {
		f.Add([]byte(s))
	}
	for _, s := range []string{
		`{}`, `[]`, `null`, `"x"`, `<html>`, `{"method":1}`, `{"method":"spot_order"}`, `{"method":"spot_order","params":null}`,
		`{"method":"spot_order","params":[null]}`, `{"method":"spot_order","method":"x"}`, `{"message":{"message":{"message":{"message":{}}}}}`,
		`{"method":"spot_order","params":[{"order_id":1.5,"pair":"btc_jpy","status":"UNFILLED"}]}`,
		`{"method":"spot_order","params":[{"order_id":1,"ORDER_ID":2,"pair":"btc_jpy","status":"UNFILLED"}]}`,
		`{"method":"spot_order_invalidation","params":[[[[1]]]]}`, `{"method":"spot_order_invalidation","params":{"order_id":null}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var e PrivateEvent
		err := readPrivate(b, &e)
		if err != nil {
			if len(err.Error()) > 300 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		value, ok := slowly(e.Raw)
		m, _ := value.(map[string]any)
		if _, whole := slowly(b); !ok || !whole || m["method"] != e.Method {
			t.Fatalf("%q is %q with method %q", b, e.Raw, e.Method)
		}
		compareEvent(t, &e, m["params"])
	})
}

// compareEvent fails when a list of e differs from the rows of params.
func compareEvent(t *testing.T, e *PrivateEvent, params any) {
	t.Helper()
	lists := map[string]any{
		MethodOrder: e.Orders, MethodOrderNew: e.Orders, MethodTrade: e.Trades, MethodAssetUpdate: e.Assets, MethodDealerOrderNew: e.DealerOrders,
		MethodWithdrawal: e.Withdrawals, MethodDeposit: e.Deposits, MethodPositionUpdate: e.Positions,
		MethodPayableUpdate: e.Payables, MethodNoticeUpdate: e.Notices,
	}
	list, rows := lists[e.Method]
	switch {
	case e.Kind == PrivateUnknown && !rows && e.Method != MethodOrderInvalidation:
		return
	case e.Kind != PrivateMessage:
		t.Fatalf("%q is of kind %d", e.Method, e.Kind)
	case e.Method == MethodOrderInvalidation:
		got := strings.Trim(fmt.Sprint(e.Invalidated), "[]")
		if want := strings.Join(idsIn(params), " "); got != want {
			t.Fatalf("invalidated %s, want %s", got, want)
		}
		return
	}
	want, isList := params.([]any)
	if !isList {
		want = []any{params}
	}
	out, err := json.Marshal(list)
	var got []map[string]any
	if v, ok := slowly(out); err != nil || !ok || v == nil {
		t.Fatalf("%s: %s, %v", e.Method, out, err)
	} else {
		for _, row := range v.([]any) {
			got = append(got, row.(map[string]any))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i, row := range got {
		compareRow(t, row, want[i].(map[string]any))
	}
}

// compareRow compares a row that was read and written again with the row as it came.
func compareRow(t *testing.T, got, came map[string]any) {
	t.Helper()
	exact, folded := map[string]bool{}, map[string]bool{}
	for name := range got {
		for _, n := range []string{name, otherNames[name]} {
			exact[n], folded[fold(n)] = true, true
		}
	}
	for name := range came {
		if !exact[name] && folded[fold(name)] {
			return // package json takes a name of another case for ours
		}
	}
	for name, value := range got {
		want, there := came[name]
		if other := otherNames[name]; other != "" && want == nil {
			want, there = came[other]
		}
		if name == "locked_amount" && want == nil {
			want = came["locked"]
		}
		a, b := text(value), text(want)
		empty := a == "" || a == "0" || a == "false"
		if a != b && !(empty && (!there || want == nil || b == "-0" || b == "")) {
			t.Fatalf("%s is %q, came as %q", name, a, b)
		}
	}
}

func fold(name string) string { return strings.Map(foldRune, name) }

// idsIn are the ids in order, wherever they stand.
func idsIn(v any) (ids []string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			ids = append(ids, idsIn(x)...)
		}
	case map[string]any:
		ids = idsIn(v["order_id"])
	default:
		ids = []string{text(v)}
	}
	return ids
}

// An answer to a poll is read as it stands, or refused.
func FuzzPoll(f *testing.F) {
	for _, s := range []string{
		`{"t":{"t":"17672256000000000","r":12},"m":[]}`,
		`{"t":{"t":"17672256000000001","r":12},"m":[{"a":"4","f":0,"i":"x","p":{"t":"17672256000000000","r":12},"k":"sub-c","c":"ch","d":{"method":"x","params":[]}}]}`,
		`{"t":{"t":17672256000000000,"r":"12"},"m":[{"d":"text"},{"d":null}]}`, `{"t":{"t":"9223372036854775808"},"m":[]}`,
		`{"t":{"t":"1","t":"2"},"m":[]}`, `{"T":{"t":"1"},"t":{"T":"2","t":"3"},"M":1,"m":[{"D":1,"d":2}]}`, `{"t":{"t":"1"},"m":[],"m":[{"d":1}]}`,
		`{"t":{"t":"1","r":1},"m":[{"d":{"a":1,"a":2}}]}`, `{"status":403,"error":true}`, `<html>`, `{"t":{"t":"1"},"m":[]}}`, `[]`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, next, err := readPoll(b)
		if err != nil {
			return
		}
		var answer struct{ v map[string]any }
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		if err := d.Decode(&answer.v); err != nil || !json.Valid(b) {
			t.Fatalf("%q is an answer: %v", b, err)
		}
		at := answer.v["t"].(map[string]any)
		rows := answer.v["m"].([]any)
		if got := fmt.Sprint(next.Timetoken); got != text(at["t"]) || len(rows) != len(list) || next.Timetoken <= 0 {
			t.Fatalf("%q: timetoken %s with %d messages", b, got, len(list))
		}
		for i, row := range rows {
			row := row.(map[string]any)
			if want, ok := row["d"]; !ok || !json.Valid(list[i].raw) {
				t.Fatalf("message %d is %q, want %v", i, list[i].raw, want)
			} else if got, unique := slowly(list[i].raw); unique && fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("message %d is %v, want %v", i, got, want)
			}
			if p, ok := row["p"].(map[string]any); ok && text(p["t"]) != "" && text(p["t"]) != fmt.Sprint(list[i].published.Timetoken) {
				t.Fatalf("message %d was published at %d, want %v", i, list[i].published.Timetoken, p)
			}
		}
	})
}

// Every documented message is read, in whichever form.
func TestEveryMethodIsRead(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range privateExamples {
		var e PrivateEvent
		if err := readPrivate([]byte(s), &e); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		seen[e.Method] = true
	}
	if len(seen) != 12 {
		t.Errorf("%d methods in the examples, want 11 and an unknown one", len(seen))
	}
	var order, position PrivateEvent
	readPrivate([]byte(privateExamples[3]), &order)
	if o := order.Orders[0]; o.ID != 1<<53+1 || o.Status != StatusCanceledUnfilled || o.Price.Known() || o.TriggerPrice.String() != "1.50" || o.CanceledAt != 1767225601500 {
		t.Errorf("got %+v", o)
	}
	readPrivate([]byte(privateExamples[12]), &position)
	if p := position.Positions[0]; p.OpenAmount.String() != "0.1" || p.UnrealizedInterest.String() != "0.5" {
		t.Errorf("got %+v", p)
	}
}

func TestKindsHaveNames(t *testing.T) {
	for k := PrivateMessage; k <= PrivateTicketFailed; k++ {
		if s := k.String(); s == "" || strings.Contains(s, "(") {
			t.Errorf("kind %d is %q", int(k), s)
		}
	}
	if s := PrivateKind(0).String() + PrivateKind(99).String(); s != "PrivateKind(0)PrivateKind(99)" {
		t.Errorf("no kinds are %q", s)
	}
}

// What cannot be read is refused with its method, and nothing of it is quoted.
func TestMessagesThatAreRefusedAreNotQuoted(t *testing.T) {
	for _, s := range []string{
		`{"method":"asset_update","params":[{"asset":"jpy","free_amount":"secret"}]}`,
		`{"method":"asset_update","params":[{"asset":"jpy","free_amount":"1","freeAmount":"424242"}]}`,
		`{"method":"spot_trade","params":[{"trade_id":"secret"}]}`,
		`{"method":"withdrawal","params":[{"uuid":"secret"}]}`,
		`{"method":"deposit","params":["secret"]}`,
		`{"method":"spot_order_invalidation","params":["secret"]}`,
		`{"method":"margin_notice_update","params":[{"occurred_at":"secret"}]}`,
		`{"method":"withdrawal","params":"secret"}`,
	} {
		var e PrivateEvent
		err := readPrivate([]byte(s), &e)
		if err == nil || !strings.HasPrefix(err.Error(), e.Method+": ") || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "424242") {
			t.Errorf("%s: %v", s, err)
		}
	}
}
