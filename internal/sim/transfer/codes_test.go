package transfer

import (
	"slices"
	"testing"
	"time"
)

// Parameters come first, in the documented order, what is absent before what is wrong.
func TestBadParametersGetBitbanksCodes(t *testing.T) {
	w := open(t, Options{})
	btc, xrp := w.to["my btc wallet"], w.to["my xrp wallet"]
	unknown := "12345678-1234-4123-8123-123456789abc"
	for _, c := range []struct {
		body string
		want int
	}{
		{`{}`, 30016},
		{`{"asset":null,"uuid":1,"amount":""}`, 30016},
		{`{"asset":""}`, 30019},
		{`{"asset":"","uuid":""}`, 30039},
		{`{"asset":"btc","uuid":"` + btc + `"}`, 30039},
		{`{"asset":"btc","amount":"1"}`, 30019},
		{`{"asset":"","uuid":"","amount":""}`, 40025},
		{`{"asset":"BTC","uuid":"` + btc + `","amount":"1"}`, 40025},
		{`{"asset":7,"uuid":"` + btc + `","amount":"1"}`, 40025},
		{`{"asset":["btc"],"uuid":"` + btc + `","amount":"1"}`, 40025},
		{`{"asset":"btc","uuid":"","amount":""}`, 40028},
		{`{"asset":"btc","uuid":5,"amount":"1"}`, 40028},
		{`{"asset":"btc","uuid":"` + btc[1:] + `","amount":"1"}`, 40028},
		{`{"asset":"btc","uuid":"` + unknown + `","amount":"1"}`, 40028},
		{`{"asset":"btc","uuid":"` + xrp + `","amount":"1"}`, 40028},
		{`{"asset":"btc","uuid":"` + btc + `","amount":""}`, 40048},
		{`{"asset":"btc","uuid":"` + btc + `","amount":"0"}`, 40048},
		{`{"asset":"btc","uuid":"` + btc + `","amount":"-1"}`, 40048},
		{`{"asset":"btc","uuid":"` + btc + `","amount":"1e1"}`, 40048},
		{`{"asset":"btc","uuid":"` + btc + `","amount":"0.000000001"}`, 40048},
		{`{"asset":"btc","uuid":"` + btc + `","amount":" 1"}`, 40048},
		{`{"asset":"btc","uuid":"` + btc + `","amount":true}`, 40048},
		{`{"asset":"btc","uuid":"` + btc + `","amount":1e999999999}`, 40048},
		{`{"asset":"btc","uuid":"` + btc + `","amount":-1}`, 40048},
		{`{"asset":"btc","uuid":"` + btc + `","amount":"11"}`, 60001},
		{`{"asset":"btc","uuid":"` + btc + `","amount":1e99}`, 60001},
		{`{"asset":"btc","uuid":"` + btc + `","amount":"99999999999999999999.00000000000000000000"}`, 60001},
		{`{"asset":"btc","uuid":"` + btc + `","amount":1e-2,"more":[1]}`, 0},
		{`{"asset":"btc","uuid":"` + btc + `","amount":"0.0100000000"}`, 0},
	} {
		if _, got := w.RequestWithdrawal(body(t, c.body), start); got != c.want {
			t.Errorf("request_withdrawal %s: %d, want %d", c.body, got, c.want)
		}
	}
	for _, c := range []struct {
		body string
		want int
	}{
		{`{}`, 30019},
		{`{"deposits":null}`, 30019},
		{`{"deposits":[]}`, 40028},
		{`{"deposits":{}}`, 40028},
		{`{"deposits":[5]}`, 40028},
		{`{"deposits":[{}]}`, 30019},
		{`{"deposits":[{"uuid":"` + unknown + `"}]}`, 30019},
		{`{"deposits":[{"uuid":"` + unknown + `","originator_uuid":"me"}]}`, 40028},
		{`{"deposits":[{"uuid":"` + unknown + `","originator_uuid":"` + w.sender + `"}]}`, 50045},
	} {
		if _, got := w.ConfirmDeposits(body(t, c.body), start); got != c.want {
			t.Errorf("confirm_deposits %s: %d, want %d", c.body, got, c.want)
		}
	}
	for text, want := range map[string]int{
		`{}`: 30019, `{"originator_uuid":5}`: 40028, `{"originator_uuid":""}`: 40028, `{"originator_uuid":"` + unknown + `"}`: 50044,
		`{"originator_uuid":"` + w.screened + `"}`: 50051, `{"originator_uuid":"` + w.sender + `"}`: 0,
	} {
		if _, got := w.ConfirmDepositsAll(body(t, text), start); got != want {
			t.Errorf("confirm_deposits_all %s: %d, want %d", text, got, want)
		}
	}
}

func TestBadFiltersGetBitbanksCodesInTheMeasuredOrder(t *testing.T) {
	w := open(t, Options{})
	for _, c := range []struct {
		query string
		want  int
	}{
		{"asset=&count=&end=&since=", 40025},
		{"count=&end=&since=", 40006},
		{"end=&since=", 40007},
		{"since=", 40022},
		{"asset=doge", 40025},
		{"asset=btc&asset=btc", 40025},
		{"count=0", 40006},
		{"count=101", 40006},
		{"count=1&count=2", 40006},
		{"count=1.5", 40006},
		{"count=-1", 40006},
		{"count=%2B1", 40006},
		{"count=99999999999999999999", 40006},
		{"end=now", 40007},
		{"since=-1", 40022},
		{"since=1e3", 40022},
		{"asset=jpy&count=100&end=0&since=0", 0},
	} {
		if _, got := w.DepositHistory(query(t, c.query)); got != c.want {
			t.Errorf("deposit_history?%s: %d, want %d", c.query, got, c.want)
		}
		if _, got := w.WithdrawalHistory(query(t, c.query)); got != c.want {
			t.Errorf("withdrawal_history?%s: %d, want %d", c.query, got, c.want)
		}
	}
	for text, want := range map[string]int{"": 30016, "asset=": 40025, "asset=doge": 40025, "asset=btc": 0, "asset=jpy": 0} {
		if _, got := w.WithdrawalAccounts(query(t, text)); got != want {
			t.Errorf("withdrawal_account?%s: %d, want %d", text, got, want)
		}
	}
}

// A way to make a request fail: what a person sets up, and the request.
type way struct {
	code    int
	set     func(t *testing.T, w *world)
	request func(w *world) int
}

func withdraw(body ...string) func(w *world) int {
	return func(w *world) int {
		m := map[string]any{"asset": "btc", "uuid": w.to["my btc wallet"], "amount": "1"}
		for i := 0; i < len(body); i += 2 {
			m[body[i]] = body[i+1]
		}
		_, code := w.RequestWithdrawal(m, start)
		return code
	}
}

func withdrawYen(w *world) int {
	_, code := w.RequestWithdrawal(map[string]any{"asset": "jpy", "uuid": w.to["サンプル銀行"], "amount": "10000"}, start)
	return code
}

func declareWith(originator func(w *world) string) func(w *world) int {
	return func(w *world) int {
		_, code := w.ConfirmDepositsAll(map[string]any{"originator_uuid": originator(w)}, start)
		return code
	}
}

func own(w *world) string { return w.sender }

func with(c Conditions) func(t *testing.T, w *world) {
	return func(_ *testing.T, w *world) { w.SetConditions(c) }
}

func to(state AccountState) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		if err := w.SetAccount(w.to["my btc wallet"], state); err != nil {
			t.Fatal(err)
		}
	}
}

func from(status string) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		if err := w.SetOriginator(w.sender, status); err != nil {
			t.Fatal(err)
		}
	}
}

func limits(min, max string) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		if err := w.SetLimits("btc", min, max); err != nil {
			t.Fatal(err)
		}
	}
}

func arrival(a Arrival) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		w.SetConditions(Conditions{CheckDeposits: !a.Unconfirmed})
		must[string](t)(w.AddDeposit(a, start))
	}
}

func named(code int) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		if err := w.Refuse(code, 1); err != nil {
			t.Fatal(err)
		}
	}
}

// conditional are the codes that a condition of the account or of the exchange gives.
var conditional = []way{
	{20011, with(Conditions{OTPToken: "123456"}), withdraw("otp_token", "000000")},
	{20014, with(Conditions{SMSToken: "123456"}), withdraw("sms_token", "000000")},
	{20023, with(Conditions{OTPToken: "123456"}), withdraw()},
	{20024, with(Conditions{SMSToken: "123456"}), withdraw("otp_token", "123456")},
	{20025, with(Conditions{OTPToken: "123456", SMSToken: "654321"}), withdraw()},
	{20026, func(_ *testing.T, w *world) {
		w.SetConditions(Conditions{OTPToken: "123456"})
		for range wrongTokens {
			withdraw("otp_token", "000000")(w)
		}
	}, withdraw("otp_token", "123456")},
	{50003, with(Conditions{Account: "RESTRICTED"}), withdraw()},
	{50004, with(Conditions{Account: "PROVISIONAL"}), withdraw()},
	{50005, with(Conditions{Account: "LOCKED"}), declareWith(own)},
	{50006, with(Conditions{Account: "LOCKED_2"}), declareWith(own)},
	{50008, with(Conditions{Account: "UNVERIFIED"}), withdraw()},
	{50033, to(AddressIncomplete), withdraw()},
	{50034, to(UnknownVASP), withdraw()},
	{50035, with(Conditions{NoCompany: true}), withdraw()},
	{50037, arrival(Arrival{Asset: "jpy", Amount: "1"}), withdraw()},
	{50038, to(RefusedVASP), withdraw()},
	{50044, from("CONFIRMED"), declareWith(func(w *world) string { return w.to["my btc wallet"] })},
	{50045, from("CONFIRMED"), func(w *world) int {
		_, code := w.ConfirmDeposits(map[string]any{"deposits": []any{map[string]any{"uuid": w.sender, "originator_uuid": w.sender}}}, start)
		return code
	}},
	{50048, to(UnderReview), withdraw()},
	{50049, to(Incomplete), withdraw()},
	{50050, to(Refused), withdraw()},
	{50051, from("SCREENING"), declareWith(own)},
	{50051, from("REJECTED"), declareWith(own)},
	{50052, from("DEPRECATED"), declareWith(own)},
	{50054, arrival(Arrival{Asset: "btc", Amount: "1", Unconfirmed: true}), withdrawYen},
	{50070, with(Conditions{NoYen: true}), withdrawYen},
	{50071, with(Conditions{NoCoins: true}), withdraw()},
	{50083, with(Conditions{RealizedLoss: true}), withdraw()},
	{60017, limits("", "0.9"), withdraw()},
	{60020, limits("1.1", ""), withdraw()},
	{70014, with(Conditions{Busy: true}), withdraw()},
}

func TestConditionsGiveTheirCodeAndNothingElseHappens(t *testing.T) {
	for _, c := range conditional {
		w := open(t, Options{})
		c.set(t, w)
		if got := c.request(w); got != c.code {
			t.Errorf("code %d, want %d", got, c.code)
		}
		if !w.purse.locked["btc"].IsZero() || len(w.withdrawals) > 0 {
			t.Errorf("%d: %s is locked, %d withdrawals", c.code, w.purse.locked["btc"], len(w.withdrawals))
		}
	}
}

// Every code of deposits and withdrawals can be had from a request: by a condition, or by its name.
func TestEveryCodeOfDepositsAndWithdrawalsCanBeProduced(t *testing.T) {
	var all []int
	for _, r := range [][2]int{{20011, 20011}, {20014, 20014}, {20023, 20026}, {30103, 30123}, {40116, 40127}, {40152, 40160}, {40163, 40163},
		{50003, 50006}, {50008, 50008}, {50033, 50035}, {50037, 50038}, {50043, 50054}, {50070, 50071}, {50083, 50083}, {60017, 60017},
		{60020, 60020}, {70014, 70014}} {
		for code := r[0]; code <= r[1]; code++ {
			all = append(all, code)
		}
	}
	if len(all) != 77 {
		t.Fatalf("%d codes", len(all))
	}
	onlyNamed := 0
	for _, code := range all {
		if !slices.ContainsFunc(conditional, func(c way) bool { return c.code == code }) {
			onlyNamed++
		}
		w := open(t, Options{})
		named(code)(t, w)
		got := []int{withdraw()(w), declareWith(own)(w), withdraw()(w), declareWith(own)(w)}
		if n := slices.Index(got, code); n < 0 || slices.Contains(got[n+1:], code) || len(slices.DeleteFunc(got, func(c int) bool { return c == 0 })) != 1 {
			t.Errorf("%d, named once: %v", code, got)
		}
	}
	// The forms' data and what belongs to editing them.
	if want := 21 + 12 + 9 + 1 + 4; onlyNamed != want {
		t.Errorf("%d codes have no condition, want %d", onlyNamed, want)
	}
	for _, code := range []int{0, 10002, 10009, 50007, 50009, 50036, 60018, 70004, 99999} {
		if err := open(t, Options{}).Refuse(code, 1); err == nil {
			t.Errorf("Refuse took %d", code)
		}
	}
}

func TestANamedRefusalHoldsUntilItIsUsedUpOrTakenBack(t *testing.T) {
	w := open(t, Options{})
	for _, r := range [][2]int{{10007, 2}, {30105, 1}, {50088, 0}} {
		if err := w.Refuse(r[0], r[1]); err != nil {
			t.Fatal(err)
		}
	}
	read := func() int { _, code := w.DepositHistory(nil); return code }
	bad := func() int { _, code := w.WithdrawalHistory(query(t, "count=0")); return code }
	equal(t, "answers", []int{bad(), read(), read(), read(), withdraw()(w), withdraw()(w), withdraw()(w), declareWith(own)(w)},
		[]int{40006, 10007, 10007, 0, 30105, 50088, 50088, 50088})
	w.Allow()
	equal(t, "afterwards", withdraw()(w), 0)
}

func TestTokens(t *testing.T) {
	w := open(t, Options{})
	both := Conditions{OTPToken: "123456", SMSToken: "654321"}
	w.SetConditions(both)
	for _, c := range []struct {
		name  string
		both  bool
		given []string
		want  int
	}{
		{"one of two", false, []string{"otp_token", "123456"}, 0},
		{"the other", false, []string{"sms_token", "654321"}, 0},
		{"a right one beside a wrong one", false, []string{"otp_token", "123456", "sms_token", "0"}, 20014},
		{"one of two where both are wanted", true, []string{"otp_token", "123456"}, 20024},
		{"the other where both are wanted", true, []string{"sms_token", "654321"}, 20023},
		{"both", true, []string{"otp_token", "123456", "sms_token", "654321"}, 0},
	} {
		w.SetReadings(Readings{BothTokens: c.both})
		if got := withdraw(c.given...)(w); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	w.SetReadings(Readings{})
	send := func(token string, at time.Duration) int {
		_, code := w.RequestWithdrawal(body(t, `{"asset":"btc","uuid":"`+w.to["my btc wallet"]+`","amount":"0.01","otp_token":`+token+`}`), start.Add(at))
		return code
	}
	for range wrongTokens - 1 {
		send(`"0"`, 0)
	}
	equal(t, "a right one in between forgives", []int{send("123456", 0), send(`"0"`, 0)}, []int{0, 20011})
	for range wrongTokens - 1 {
		send(`"0"`, time.Second)
	}
	equal(t, "locked for 60 s", []int{send(`"123456"`, time.Second), send(`"123456"`, time.Minute+999*time.Millisecond), send(`"123456"`, 61*time.Second)},
		[]int{20026, 20026, 0})
}

func TestReadingsPlayTheOtherWay(t *testing.T) {
	for _, c := range []struct {
		name   string
		other  Readings
		ask    func(w *world) any
		usual  any
		played any
	}{
		{"asset of withdrawal_history", Readings{AssetRequired: true}, func(w *world) any {
			_, code := w.WithdrawalHistory(nil)
			return code
		}, 0, 30016},
		{"unconfirmed in the history", Readings{HideUnconfirmed: true}, func(w *world) any {
			must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1", Unconfirmed: true}, start))
			n := len(rows(t, "deposits")(w.DepositHistory(nil)))
			code := declareWith(own)(w)
			return []any{n, code, told(t, w.Advance(start)), len(rows(t, "deposits")(w.DepositHistory(nil)))}
		}, []any{1, 0, []string{"deposit FOUND"}, 1}, []any{0, 0, []string{"deposit FOUND"}, 1}},
		{"withdrawals beside unconfirmed deposits", Readings{UnconfirmedDoNotBlock: true}, func(w *world) any {
			must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1", Unconfirmed: true}, start))
			return withdraw()(w)
		}, 50054, 0},
		{"an originator to be corrected", Readings{DeprecatedUnderReview: true}, func(w *world) any {
			from("DEPRECATED")(t, w)
			return declareWith(own)(w)
		}, 50052, 50051},
		{"txid", Readings{LateTxID: true}, func(w *world) any {
			withdraw()(w)
			var got []bool
			for _, s := range []int{41, 101} {
				w.Advance(start.Add(time.Duration(s) * time.Second))
				got = append(got, rows(t, "withdrawals")(w.WithdrawalHistory(nil))[0]["txid"] != nil)
			}
			return got
		}, []bool{true, true}, []bool{false, true}},
		{"a large count", Readings{ClampCount: true}, func(w *world) any {
			_, code := w.DepositHistory(query(t, "count=5000"))
			return code
		}, 40006, 0},
		{"a numeric amount", Readings{StringAmounts: true}, func(w *world) any {
			_, code := w.RequestWithdrawal(body(t, `{"asset":"btc","uuid":"`+w.to["my btc wallet"]+`","amount":1}`), start)
			return code
		}, 0, 40048},
	} {
		equal(t, c.name, c.ask(open(t, Options{})), c.usual)
		equal(t, c.name+", the other way", c.ask(open(t, Options{Readings: c.other})), c.played)
	}
}

func TestControlsSayWhatIsWrong(t *testing.T) {
	w := open(t, Options{})
	deposit := func(a Arrival) error { _, err := w.AddDeposit(a, start); return err }
	account := func(a Account) error { _, err := w.AddAccount(a); return err }
	originator := func(o Originator) error { _, err := w.AddOriginator(o); return err }
	for want, err := range map[string]error{
		`asset: "dogecoin" is no asset of this exchange`:                                                 deposit(Arrival{Asset: "dogecoin", Amount: "1"}),
		`network: btc does not travel on "ripple"`:                                                       deposit(Arrival{Asset: "btc", Network: "ripple", Amount: "1"}),
		`network: jpy does not travel on "bitcoin"`:                                                      deposit(Arrival{Asset: "jpy", Network: "bitcoin", Amount: "1"}),
		`status: "SENDING" is none of FOUND, CONFIRMED, DONE`:                                            deposit(Arrival{Asset: "btc", Amount: "1", Status: Sending}),
		`internal, unconfirmed, txid: only coins have them`:                                              deposit(Arrival{Asset: "jpy", Amount: "1", Internal: true}),
		`internal: a grant has no sender to declare and no txid`:                                         deposit(Arrival{Asset: "btc", Amount: "1", Internal: true, TxID: "x"}),
		`status: an unconfirmed deposit is FOUND, not DONE`:                                              deposit(Arrival{Asset: "btc", Amount: "1", Unconfirmed: true, Status: Done}),
		`found_at: expected milliseconds of a time that is not after now, got -1`:                        deposit(Arrival{Asset: "btc", Amount: "1", FoundAt: -1}),
		`uuid: there is no transfer "x"`:                                                                 w.Move("x", Done, start),
		`uuid: there is no transfer "y"`:                                                                 w.Hold("y", true, start),
		`uuid: there is no originator "x"`:                                                               w.SetOriginator("x", "CONFIRMED"),
		`uuid: there is no withdrawal account "x"`:                                                       w.SetAccount("x", ""),
		`originator_status: "" is none of SCREENING, CONFIRMED, REJECTED, DEPRECATED`:                    w.SetOriginator(w.sender, ""),
		`asset: "doge" is no asset of this exchange`:                                                     w.SetStop(Stop{Asset: "doge"}, start),
		`network: xrp does not travel on "x"`:                                                            w.SetStop(Stop{Asset: "xrp", Network: "x"}, start),
		`min: "x" is no decimal number in a string, such as "0.1"`:                                       w.SetLimits("btc", "x", ""),
		`asset: "y" is no asset of this exchange`:                                                        w.SetLimits("y", "", ""),
		`label: expected a text`:                                                                         account(Account{Asset: "btc", Network: "bitcoin"}),
		`address: expected a text`:                                                                       account(Account{Asset: "btc", Network: "bitcoin", Label: "x"}),
		`bank: only yen go to one`:                                                                       account(Account{Asset: "btc", Network: "bitcoin", Label: "x", Address: "y", Bank: Bank{Name: "z"}}),
		`bank: expected at least bank_name and account_number`:                                           account(Account{Asset: "jpy", Label: "x"}),
		`address, destination_tag: yen go to a bank`:                                                     account(Account{Asset: "jpy", Label: "x", Address: "y"}),
		`destination_tag: expected a whole number or a string, got [1]`:                                  account(Account{Asset: "xrp", Network: "ripple", Label: "x", Address: "y", Tag: []byte("[1]")}),
		`deposit_type: "" is none of WALLET, ELSE`:                                                       originator(Originator{Label: "x"}),
		`originator_type: "ME" is none of OWN, PERSON, COMPANY`:                                          originator(Originator{Label: "x", DepositType: "ELSE", Type: "ME"}),
		`uuid: is given by the simulator, leave it out`:                                                  originator(Originator{UUID: "x"}),
		`originator_substantial_controllers[0]: expected a name and no uuid`:                             originator(Originator{Label: "x", DepositType: "ELSE", Type: "OWN", Controllers: []Controller{{}}}),
		`send_ms: expected milliseconds from 0 to 31622400000, got 31622400001`:                          Timing{SendMS: longest + 1}.Check(),
		`times: expected 0 (until taken back) or more, got -1`:                                           w.Refuse(50037, -1),
		`code: 50009 is none that deposits or withdrawals are refused with`:                              w.Refuse(50009, 1),
		`account: "x" is neither empty nor one of RESTRICTED, PROVISIONAL, LOCKED, LOCKED_2, UNVERIFIED`: Conditions{Account: "x"}.Check(),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for _, amount := range []string{"", "0", "-1", "1e3", "0.000000001", "x"} {
		if err := deposit(Arrival{Asset: "btc", Amount: amount}); err == nil {
			t.Errorf("a deposit of %q was added", amount)
		}
	}
}
