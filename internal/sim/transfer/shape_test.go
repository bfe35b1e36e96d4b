package transfer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The keys of bitbank's answers in the order of its documents (rest-api.md of 2025-12-25), with the JSON type of each.
// Where the documents contradict what was seen, the latter stands: amounts of deposits are strings, deposits have an
// address, yen rows lack what only coins have.
const (
	coinDeposit = "uuid:string asset:string network:string address:string amount:string txid:string status:string found_at:number"
	grant       = "uuid:string asset:string network:string address:string amount:string txid:null status:string found_at:number"
	yenDeposit  = "uuid:string asset:string amount:string status:string found_at:number"
	confirmed   = " confirmed_at:number"
	lacking     = "uuid:string asset:string amount:string network:string txid:string created_at:number"
	ownWallet   = "uuid:string label:string deposit_type:string deposit_purpose:null originator_status:string originator_type:string " +
		"originator_last_name:null originator_first_name:null originator_country:null originator_prefecture:null originator_city:null " +
		"originator_address:null originator_building:null originator_company_name:null originator_company_type:null " +
		"originator_company_type_position:null originator_substantial_controllers:array"
	company = "uuid:string label:string deposit_type:string deposit_purpose:string originator_status:string originator_type:string " +
		"originator_last_name:null originator_first_name:null originator_country:string originator_prefecture:string originator_city:string " +
		"originator_address:string originator_building:string originator_company_name:string originator_company_type:string " +
		"originator_company_type_position:string originator_substantial_controllers:array"
	person = "uuid:string label:string deposit_type:string deposit_purpose:null originator_status:string originator_type:string " +
		"originator_last_name:string originator_first_name:string originator_country:string originator_prefecture:null originator_city:null " +
		"originator_address:null originator_building:null originator_company_name:null originator_company_type:null " +
		"originator_company_type_position:null originator_substantial_controllers:array"
	controller     = "uuid:string name:string country:string prefecture:string"
	coinAccount    = "uuid:string label:string network:string address:string"
	yenAccount     = "uuid:string label:string"
	coinWithdrawal = "uuid:string asset:string account_uuid:string amount:string fee:string label:string address:string network:string " +
		"txid:%s%s status:string requested_at:number"
	yenWithdrawal = "uuid:string asset:string account_uuid:string amount:string fee:string bank_name:string branch_name:string " +
		"account_type:string account_number:string account_owner:string status:string requested_at:number"
)

// shape lists the keys of a JSON object as "key:type", in order.
func shape(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(raw)))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		t.Fatalf("%s is no object", raw)
	}
	var keys []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		kind := "number"
		switch v[0] {
		case '"':
			kind = "string"
		case '[':
			kind = "array"
		case '{':
			kind = "object"
		case 'n':
			kind = "null"
		case 't', 'f':
			kind = "boolean"
		}
		keys = append(keys, fmt.Sprintf("%v:%s", key, kind))
	}
	return strings.Join(keys, " ")
}

// shapes are those of the rows of a list, which must be alone in its object.
func shapes(t *testing.T, list string, data any, code int) []string {
	t.Helper()
	if code != 0 {
		t.Fatalf("%s: code %d", list, code)
	}
	if got := shape(t, json.RawMessage(text(t, data))); got != list+":array" {
		t.Fatalf("the answer is %s, want %s", got, list)
	}
	var all map[string][]json.RawMessage
	if err := json.Unmarshal([]byte(text(t, data)), &all); err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, row := range all[list] {
		got = append(got, shape(t, row))
	}
	return got
}

func TestAnswersHaveTheDocumentedKeys(t *testing.T) {
	w := open(t, Options{})
	must[string](t)(w.AddOriginator(Originator{
		Label: "a friend", DepositType: "WALLET", Status: "DEPRECATED", Type: "PERSON", LastName: new("山田"), FirstName: new("花子"), Country: new("JP"),
	}))
	withdrawal := func(txid, tag string) string { return fmt.Sprintf(coinWithdrawal, txid, tag) }
	check := func(name string, got, want []string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
	list := func(name, list string, want ...string) func(data any, code int) {
		return func(data any, code int) { t.Helper(); check(name, shapes(t, list, data, code), want) }
	}

	list("no deposits", "deposits")(w.DepositHistory(nil))
	list("no unconfirmed deposits", "deposits")(w.UnconfirmedDeposits())
	list("no withdrawals", "withdrawals")(w.WithdrawalHistory(nil))
	list("no accounts", "accounts")(New(Options{Assets: Table(table)}, nil).WithdrawalAccounts(query(t, "asset=btc")))
	list("no originators", "originators")(New(Options{}, nil).DepositOriginators())

	for i, a := range []Arrival{
		{Asset: "btc", Amount: "1", Unconfirmed: true},
		{Asset: "btc", Amount: "1", Internal: true},
		{Asset: "btc", Amount: "1", Status: Confirmed},
		{Asset: "btc", Amount: "1", Status: Done},
		{Asset: "jpy", Amount: "1"},
		{Asset: "jpy", Amount: "1", Status: Done},
	} {
		must[string](t)(w.AddDeposit(a, start.Add(time.Duration(i)*time.Millisecond)))
	}
	now := start.Add(10 * time.Millisecond)
	coins := []string{coinDeposit + confirmed, coinDeposit + confirmed, grant, coinDeposit}
	list("deposits of coins", "deposits", coins...)(w.DepositHistory(nil))
	list("deposits of btc", "deposits", coins...)(w.DepositHistory(query(t, "asset=btc")))
	list("deposits of yen", "deposits", yenDeposit+confirmed, yenDeposit)(w.DepositHistory(query(t, "asset=jpy")))
	list("unconfirmed deposits", "deposits", lacking)(w.UnconfirmedDeposits())
	list("originators", "originators", ownWallet, company, person)(w.DepositOriginators())
	var all struct {
		Originators []struct {
			Controllers []json.RawMessage `json:"originator_substantial_controllers"`
		}
	}
	data, _ := w.DepositOriginators()
	if err := json.Unmarshal([]byte(text(t, data)), &all); err != nil {
		t.Fatal(err)
	}
	check("controllers", []string{shape(t, all.Originators[1].Controllers[0])}, []string{controller})
	list("accounts of btc", "accounts", coinAccount)(w.WithdrawalAccounts(query(t, "asset=btc")))
	list("accounts of eth", "accounts", coinAccount, coinAccount)(w.WithdrawalAccounts(query(t, "asset=eth")))
	list("accounts of yen", "accounts", yenAccount)(w.WithdrawalAccounts(query(t, "asset=jpy")))

	for _, answer := range []func() (any, int){
		func() (any, int) {
			return w.ConfirmDeposits(map[string]any{"deposits": []any{map[string]any{"uuid": w.deposits[0].uuid, "originator_uuid": w.sender}}}, now)
		},
		func() (any, int) { return w.ConfirmDepositsAll(map[string]any{"originator_uuid": w.sender}, now) },
	} {
		if data, code := answer(); code != 0 || text(t, data) != "{}" {
			t.Errorf("a declaration is answered with %s, code %d", text(t, data), code)
		}
	}

	w.purse.free["xlm"] = dec("10")
	w.SetReadings(Readings{UnconfirmedDoNotBlock: true})
	for _, c := range []struct{ asset, label, want string }{
		{"btc", "my btc wallet", withdrawal("null", "")},
		{"xrp", "my xrp wallet", withdrawal("null", " destination_tag:number")},
		{"xlm", "my xlm wallet", withdrawal("null", " destination_tag:string")},
		{"jpy", "サンプル銀行", yenWithdrawal},
	} {
		data, code := w.RequestWithdrawal(map[string]any{"asset": c.asset, "uuid": w.to[c.label], "amount": "1"}, now)
		if code != 0 {
			t.Fatalf("%s: code %d", c.asset, code)
		}
		check("withdraw "+c.asset, []string{shape(t, json.RawMessage(text(t, data)))}, []string{c.want})
		now = now.Add(time.Millisecond)
	}
	events := w.Advance(now.Add(50 * time.Second))
	list("withdrawals of coins", "withdrawals", withdrawal("string", " destination_tag:string"), withdrawal("string", " destination_tag:number"),
		withdrawal("string", ""))(w.WithdrawalHistory(nil))
	list("withdrawals of yen", "withdrawals", yenWithdrawal)(w.WithdrawalHistory(query(t, "asset=jpy")))
	if len(events) < 20 {
		t.Errorf("%d news", len(events))
	}
	for _, e := range events {
		known := []string{coinDeposit, coinDeposit + confirmed, grant, grant + confirmed, yenDeposit, yenDeposit + confirmed}
		if e.Method == "withdrawal" {
			known = []string{yenWithdrawal}
			for _, tag := range []string{"", " destination_tag:number", " destination_tag:string"} {
				known = append(known, withdrawal("null", tag), withdrawal("string", tag))
			}
		}
		if got := shape(t, json.RawMessage(text(t, e.Row))); !slices.Contains(known, got) {
			t.Errorf("news %s: %s", e.Method, got)
		}
	}
}

func TestValuesAreThoseOfTheAccount(t *testing.T) {
	w := open(t, Options{Seed: 7})
	uuid := w.ask(t, "jpy", "サンプル銀行", "1000", start)
	row := rows(t, "withdrawals")(w.WithdrawalHistory(query(t, "asset=jpy")))[0]
	equal(t, "yen", row, map[string]any{
		"uuid": uuid, "asset": "jpy", "account_uuid": w.to["サンプル銀行"], "amount": "1000.0000", "fee": "550.0000", "bank_name": "サンプル銀行",
		"branch_name": "本店", "account_type": "NORMAL", "account_number": "1234567", "account_owner": "ヤマダ タロウ", "status": "CONFIRMING",
		"requested_at": start.UnixMilli(),
	})
	uuid = w.ask(t, "xrp", "my xrp wallet", "1.5", start)
	row = rows(t, "withdrawals")(w.WithdrawalHistory(nil))[0]
	equal(t, "xrp", row, map[string]any{
		"uuid": uuid, "asset": "xrp", "account_uuid": w.to["my xrp wallet"], "amount": "1.500000", "fee": "0.100000", "label": "my xrp wallet",
		"address": rows(t, "accounts")(w.WithdrawalAccounts(query(t, "asset=xrp")))[0]["address"], "network": "ripple", "txid": nil,
		"destination_tag": 1234567, "status": "CONFIRMING", "requested_at": start.UnixMilli(),
	})
	if !uuidForm.MatchString(uuid) || uuid[14] != '4' || !strings.Contains("89ab", uuid[19:20]) {
		t.Errorf("%s is no random UUID", uuid)
	}
}
