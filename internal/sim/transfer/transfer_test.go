package transfer

import (
	"strings"
	"testing"
	"time"
)

func TestADepositReachesTheBalanceWhenItIsDone(t *testing.T) {
	w := open(t, Options{})
	uuid := must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "0.5"}, start))
	for _, step := range []struct {
		after     time.Duration
		news      []string
		free      string
		confirmed any
	}{
		{0, []string{"deposit FOUND"}, "10", nil},
		{59 * time.Second, []string{}, "10", nil},
		{60 * time.Second, []string{"deposit CONFIRMED"}, "10", start.Add(time.Minute).UnixMilli()},
		{65 * time.Second, []string{"deposit DONE"}, "10.5", start.Add(time.Minute).UnixMilli()},
		{time.Hour, []string{}, "10.5", start.Add(time.Minute).UnixMilli()},
	} {
		equal(t, "news", told(t, w.Advance(start.Add(step.after))), step.news)
		equal(t, "free", w.purse.free["btc"], step.free)
		row := rows(t, "deposits")(w.DepositHistory(nil))[0]
		equal(t, "confirmed_at", row["confirmed_at"], step.confirmed)
		equal(t, "uuid, amount, found_at", []any{row["uuid"], row["amount"], row["found_at"]}, []any{uuid, "0.50000000", start.UnixMilli()})
	}
}

func TestOneLateLookSeesEveryStateAtItsOwnMoment(t *testing.T) {
	w := open(t, Options{})
	must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "0.5"}, start))
	w.ask(t, "xrp", "my xrp wallet", "100", start.Add(time.Second))
	events := w.Advance(start.Add(time.Hour))
	equal(t, "news", told(t, events), []string{
		"deposit FOUND", "withdrawal CONFIRMING", "withdrawal EXAMINING", "withdrawal SENDING", "deposit CONFIRMED", "deposit DONE", "withdrawal DONE",
	})
	var at []int
	for _, e := range events {
		at = append(at, int(e.At.Sub(start)/time.Second))
	}
	equal(t, "seconds", at, []int{0, 1, 11, 41, 60, 65, 101})
	equal(t, "assets", []string{events[0].Asset, events[1].Asset}, []string{"btc", "xrp"})
}

func TestAWithdrawalLocksAmountAndFeeAndPaysThem(t *testing.T) {
	for _, c := range []struct {
		asset, label, amount, fee string
	}{
		{"btc", "my btc wallet", "0.25000000", "0.00010000"},
		{"xrp", "my xrp wallet", "100.000000", "0.100000"},
		{"jpy", "サンプル銀行", "29999.9999", "550.0000"},
		{"jpy", "サンプル銀行", "30000.0000", "770.0000"},
	} {
		w := open(t, Options{})
		before, cost := w.purse.free[c.asset], dec(c.amount).Add(dec(c.fee))
		w.ask(t, c.asset, c.label, c.amount, start)
		equal(t, "locked", w.purse.locked[c.asset], cost)
		row := rows(t, "withdrawals")(w.WithdrawalHistory(query(t, "asset="+c.asset)))[0]
		equal(t, "amount and fee", []any{row["amount"], row["fee"], row["txid"]}, []any{c.amount, c.fee, nil})
		w.Advance(start.Add(41 * time.Second))
		row = rows(t, "withdrawals")(w.WithdrawalHistory(query(t, "asset="+c.asset)))[0]
		if _, has := row["txid"].(string); row["status"] != "SENDING" || has != (c.asset != "jpy") {
			t.Errorf("%s: after 41 s: %v", c.asset, row)
		}
		w.Advance(start.Add(101 * time.Second))
		equal(t, "paid", w.purse.paid[c.asset], cost)
		equal(t, "free", w.purse.free[c.asset], before.Sub(cost))
		equal(t, "locked at the end", w.purse.locked[c.asset].IsZero(), true)
	}
}

func TestWhatFailsReleasesWhatItLocked(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(w *world, uuid string) error
		want Status
	}{
		{"rejected at once", func(w *world, uuid string) error { return w.Move(uuid, Rejected, start) }, Rejected},
		{"canceled under examination", func(w *world, uuid string) error { return w.Move(uuid, Canceled, start.Add(15*time.Second)) }, Canceled},
		{"confirmed by nobody", func(w *world, _ string) error { w.Advance(start.Add(30 * time.Minute)); return nil }, ConfirmTimeout},
	} {
		w := open(t, Options{})
		w.SetConditions(Conditions{NobodyConfirms: c.want == ConfirmTimeout})
		uuid := w.ask(t, "btc", "my btc wallet", "1", start)
		if err := c.end(w, uuid); err != nil {
			t.Fatal(c.name, err)
		}
		row := rows(t, "withdrawals")(w.WithdrawalHistory(nil))[0]
		equal(t, c.name, []any{row["status"], w.purse.free["btc"], w.purse.locked["btc"]}, []any{c.want, "10", "0"})
		w.Advance(start.Add(30 * time.Minute))
		equal(t, c.name+": later", told(t, w.Advance(start.Add(24*time.Hour))), []string{})
	}
}

func TestUnconfirmedDepositsWaitForAConfirmedOriginator(t *testing.T) {
	w := open(t, Options{})
	one := must[string](t)(w.AddDeposit(Arrival{Asset: "eth", Network: "op", Amount: "1", Unconfirmed: true}, start))
	two := must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "2", Unconfirmed: true}, start))
	later := start.Add(24 * time.Hour)
	w.Advance(later)
	if got := rows(t, "deposits")(w.UnconfirmedDeposits()); len(got) != 2 || got[0]["uuid"] != one || got[0]["created_at"] != float64(start.UnixMilli()) {
		t.Fatalf("unconfirmed: %v", got)
	}
	if err := w.Move(one, Confirmed, later); err == nil {
		t.Error("a person moved a deposit whose sender nobody knows")
	}
	declare := func(uuid, originator string) int {
		_, code := w.ConfirmDeposits(body(t, `{"deposits":[{"uuid":"`+uuid+`","originator_uuid":"`+originator+`"}]}`), later)
		return code
	}
	equal(t, "under review", declare(one, w.screened), 50051)
	equal(t, "accepted", declare(one, w.sender), 0)
	equal(t, "a second time", declare(one, w.sender), 50045)
	equal(t, "not before it is done", w.purse.received["eth"].IsZero(), true)
	w.Advance(later.Add(65 * time.Second))
	equal(t, "received", w.purse.received["eth"], "1")
	data, code := w.ConfirmDepositsAll(body(t, `{"originator_uuid":"`+strings.ToUpper(w.sender)+`"}`), later)
	equal(t, "all", []any{data, code}, []any{struct{}{}, 0})
	equal(t, "none is left", rows(t, "deposits")(w.UnconfirmedDeposits()), []any{})
	w.Advance(later.Add(time.Hour))
	equal(t, "received", w.purse.received["btc"], "2")
	equal(t, "both are in the history", len(rows(t, "deposits")(w.DepositHistory(nil))), 2)
	if _, code := w.ConfirmDeposits(body(t, `{"deposits":[{"uuid":"`+two+`","originator_uuid":"`+w.sender+`"}]}`), later); code != 50045 {
		t.Errorf("declare a done deposit: %d", code)
	}
}

func TestADeclarationIsTakenWholeOrNotAtAll(t *testing.T) {
	w := open(t, Options{})
	one := must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1", Unconfirmed: true}, start))
	two := must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1", Unconfirmed: true}, start))
	for _, rows := range []string{
		`{"uuid":"` + one + `","originator_uuid":"` + w.sender + `"},{"uuid":"` + two + `","originator_uuid":"` + w.screened + `"}`,
		`{"uuid":"` + one + `","originator_uuid":"` + w.sender + `"},{"uuid":"` + one + `","originator_uuid":"` + w.sender + `"}`,
	} {
		if _, code := w.ConfirmDeposits(body(t, `{"deposits":[`+rows+`]}`), start); code == 0 {
			t.Errorf("accepted %s", rows)
		}
	}
	equal(t, "unconfirmed", len(rows(t, "deposits")(w.UnconfirmedDeposits())), 2)
}

func TestAStopKeepsDepositsUnseenAndWithdrawalsUnsent(t *testing.T) {
	w := open(t, Options{})
	before := w.ask(t, "btc", "my btc wallet", "1", start)
	must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1"}, start))
	stop := func(on bool, network string, now time.Time) {
		if err := w.SetStop(Stop{Asset: "btc", Network: network, Deposits: new(on), Withdrawals: new(on)}, now); err != nil {
			t.Fatal(err)
		}
	}
	stop(true, "bitcoin", start)
	must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "2"}, start))
	equal(t, "standing", []bool{w.Standing("btc").StopDeposit, w.Standing("btc").StopWithdrawal}, []bool{true, true})
	later := start.Add(time.Hour)
	equal(t, "news", told(t, w.Advance(later)), []string{"withdrawal CONFIRMING", "deposit FOUND", "withdrawal EXAMINING"})
	equal(t, "seen", len(rows(t, "deposits")(w.DepositHistory(nil))), 1)
	if _, code := w.RequestWithdrawal(map[string]any{"asset": "btc", "uuid": w.to["my btc wallet"], "amount": "1"}, later); code != 70014 {
		t.Errorf("a withdrawal while stopped: %d, want 70014", code)
	}
	stop(false, "", later)
	equal(t, "news after it", told(t, w.Advance(later)), []string{"deposit CONFIRMED", "deposit FOUND", "withdrawal SENDING"})
	row := rows(t, "deposits")(w.DepositHistory(nil))[0]
	equal(t, "found when the stop ended", []any{row["amount"], row["found_at"]}, []any{"2.00000000", later.UnixMilli()})
	w.Advance(later.Add(time.Hour))
	equal(t, "money", []any{w.purse.received["btc"], w.purse.paid["btc"]}, []any{"3", "1.0001"})
	if err := w.Move(before, Done, later); err == nil {
		t.Error("what is DONE became DONE")
	}
}

func TestOneNetworkStopsAlone(t *testing.T) {
	w := open(t, Options{})
	if err := w.SetStop(Stop{Asset: "eth", Network: "arbitrum", Withdrawals: new(true)}, start); err != nil {
		t.Fatal(err)
	}
	w.purse.free["eth"] = dec("5")
	w.ask(t, "eth", "my eth wallet", "1", start)
	if _, code := w.RequestWithdrawal(map[string]any{"asset": "eth", "uuid": w.to["my eth wallet on arbitrum"], "amount": "1"}, start); code != 70014 {
		t.Errorf("on the stopped network: %d, want 70014", code)
	}
	s := w.Standing("eth")
	equal(t, "standing", []any{s.StopWithdrawal, s.Networks, s.Fee}, []any{false, []NetworkRow{
		{"eth", "ethereum", false, false, "0.0001"}, {"eth", "arbitrum", false, true, "0.0001"}, {"eth", "op", false, false, "0.0001"},
	}, CoinFee{"0.0001", "0.0001"}})
	equal(t, "yen", []any{w.Standing("jpy").Networks, w.Standing("jpy").Fee}, []any{nil, YenFee{"550", "770", "30000"}})
}

func TestWhatIsHeldMovesOnlyByHand(t *testing.T) {
	w := open(t, Options{})
	uuid := must[string](t)(w.AddDeposit(Arrival{Asset: "jpy", Amount: "100", Hold: true}, start))
	later := start.Add(time.Hour)
	equal(t, "news", told(t, w.Advance(later)), []string{"deposit FOUND"})
	if err := w.Move(uuid, Done, later); err == nil {
		t.Error("FOUND became DONE")
	}
	if err := w.Move(uuid, Confirmed, later); err != nil {
		t.Fatal(err)
	}
	equal(t, "news", told(t, w.Advance(later.Add(time.Hour))), []string{"deposit CONFIRMED"})
	equal(t, "truth", []any{w.Truth()[0].Held, w.Truth()[0].Due}, []any{true, 0})
	if err := w.Hold(uuid, false, later.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	equal(t, "truth", []any{w.Truth()[0].Next, w.Truth()[0].Due}, []any{Done, later.Add(time.Hour + 5*time.Second).UnixMilli()})
	equal(t, "news", told(t, w.Advance(later.Add(2*time.Hour))), []string{"deposit DONE"})
}

func TestAPersonAddsDepositsOfThePast(t *testing.T) {
	w := open(t, Options{})
	past := start.Add(-48 * time.Hour)
	must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1", Status: Done, FoundAt: past.UnixMilli()}, start))
	must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "2", Internal: true, Status: Confirmed}, start))
	must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "3", Hold: true, FoundAt: past.UnixMilli()}, start))
	for _, e := range w.Advance(start) {
		if e.At.Before(start) {
			t.Errorf("news of the past: %v", e)
		}
	}
	got := rows(t, "deposits")(w.DepositHistory(nil))
	equal(t, "newest first", []any{got[0]["amount"], got[1]["amount"], got[2]["amount"]}, []any{"2.00000000", "3.00000000", "1.00000000"})
	equal(t, "a grant", []any{got[0]["txid"], got[0]["address"], got[0]["network"]}, []any{nil, placeholder, "bitcoin"})
	equal(t, "still found", got[1]["status"], "FOUND")
	equal(t, "long done", []any{got[2]["status"], got[2]["confirmed_at"]}, []any{"DONE", past.Add(time.Minute).UnixMilli()})
	equal(t, "received", w.purse.received["btc"], "1")
}

func TestListsAnswerTheWindowThatIsAskedFor(t *testing.T) {
	w := open(t, Options{Keep: 200})
	for i := range 150 {
		asset := "btc"
		if i%10 == 0 {
			asset = "jpy"
		}
		must[string](t)(w.AddDeposit(Arrival{Asset: asset, Amount: "1", Status: Done}, start.Add(time.Duration(i)*time.Second)))
	}
	ms := func(i int) string { return decimalOf(start.Add(time.Duration(i) * time.Second).UnixMilli()) }
	for _, c := range []struct {
		query       string
		n           int
		first, last int // seconds after the start
	}{
		{"", 100, 149, 39},
		{"asset=btc", 100, 149, 39},
		{"asset=jpy", 15, 140, 0},
		{"asset=xrp", 0, 0, 0},
		{"count=2", 2, 149, 148},
		{"count=100", 100, 149, 39},
		{"since=" + ms(145), 5, 149, 145},
		{"end=" + ms(3), 3, 3, 1},
		{"since=" + ms(11) + "&end=" + ms(13) + "&asset=btc", 3, 13, 11},
		{"since=" + ms(13) + "&end=" + ms(11), 0, 0, 0},
		{"nonsense=1&count=1", 1, 149, 149},
	} {
		got := rows(t, "deposits")(w.DepositHistory(query(t, c.query)))
		if len(got) != c.n {
			t.Errorf("%q: %d rows, want %d", c.query, len(got), c.n)
			continue
		}
		if c.n > 0 {
			equal(t, c.query, []any{got[0]["found_at"], got[c.n-1]["found_at"]}, []any{jsonNumber(ms(c.first)), jsonNumber(ms(c.last))})
		}
	}
}

func TestTheOldestThatHasEndedIsForgotten(t *testing.T) {
	w := open(t, Options{Keep: 3})
	held := must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1", Hold: true}, start))
	for range 5 {
		must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1", Status: Done}, start))
	}
	got := rows(t, "deposits")(w.DepositHistory(nil))
	if len(got) != 3 || got[2]["uuid"] != held {
		t.Errorf("kept: %v", got)
	}
	for range 3 {
		w.ask(t, "btc", "my btc wallet", "1", start)
	}
	if _, code := w.RequestWithdrawal(map[string]any{"asset": "btc", "uuid": w.to["my btc wallet"], "amount": "1"}, start); code != 70014 {
		t.Errorf("more withdrawals under way than can be kept: %d, want 70014", code)
	}
	equal(t, "locked", w.purse.locked["btc"], "3.0003")
}

func TestACloneLivesOnItsOwn(t *testing.T) {
	w := open(t, Options{})
	w.ask(t, "btc", "my btc wallet", "1", start)
	must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1", Unconfirmed: true}, start))
	read := func(d *Desk) string {
		var all []any
		for _, f := range []func() (any, int){
			func() (any, int) { return d.DepositHistory(nil) },
			func() (any, int) { return d.WithdrawalHistory(nil) },
			d.UnconfirmedDeposits, d.DepositOriginators,
			func() (any, int) { return d.WithdrawalAccounts(query(t, "asset=btc")) },
		} {
			data, code := f()
			all = append(all, data, code)
		}
		return text(t, append(all, d.Truth(), d.Standing("btc"), d.Conditions()))
	}
	old := w.Clone(nil)
	before := read(old)
	equal(t, "the clone", before, read(w.Desk))
	twin := w.Clone(w.purse.copy())
	change := func(d *Desk) {
		if err := d.SetOriginator(w.screened, "CONFIRMED"); err != nil {
			t.Fatal(err)
		}
		must[string](t)(d.AddOriginator(Originator{Label: "x", DepositType: "ELSE", Status: "REJECTED", Type: "PERSON"}))
		must[string](t)(d.AddAccount(Account{Asset: "btc", Network: "bitcoin", Label: "x", Address: "y"}))
		d.SetConditions(Conditions{Busy: true})
		if _, code := d.ConfirmDepositsAll(map[string]any{"originator_uuid": w.sender}, start); code != 0 {
			t.Fatal(code)
		}
		d.Advance(start.Add(time.Hour))
		if err := d.SetStop(Stop{Asset: "btc", Deposits: new(true)}, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	change(w.Desk)
	equal(t, "the clone after the original changed", read(old), before)
	change(twin)
	equal(t, "two that are told the same", read(twin), read(w.Desk))
	if read(old) == read(w.Desk) {
		t.Error("nothing changed")
	}
}

func TestSpeedAndTimingShapeWhatBeginsAfterwards(t *testing.T) {
	w := open(t, Options{Speed: 10, Timing: Timing{ConfirmMS: 1000}})
	must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1"}, start))
	w.SetSpeed(1)
	if err := (Timing{SendMS: -1}).Check(); err == nil {
		t.Error("a negative timing passed")
	}
	w.SetTiming(Timing{CreditMS: 7})
	var at []int
	for _, e := range w.Advance(start.Add(time.Hour)) {
		at = append(at, int(e.At.Sub(start)/time.Millisecond))
	}
	equal(t, "milliseconds", at, []int{0, 100, 107})
}

func TestACloneKeepsItsOwnRefusalsAndStates(t *testing.T) {
	w := open(t, Options{})
	for range 2 {
		named(50037)(t, w)
		named(50034)(t, w)
	}
	twin := &world{Desk: w.Clone(w.purse.copy()), to: w.to}
	to(Refused)(t, w)
	equal(t, "the original", []int{withdraw()(w), withdraw()(w), withdraw()(w), withdraw()(w), withdraw()(w)}, []int{50037, 50034, 50037, 50034, 50050})
	equal(t, "the clone", []int{withdraw()(twin), withdraw()(twin), withdraw()(twin), withdraw()(twin), withdraw()(twin)}, []int{50037, 50034, 50037, 50034, 0})
}

func TestADepositThatNobodySeesCanBeHeldAndIsFoundAllTheSame(t *testing.T) {
	w := open(t, Options{})
	w.SetConditions(Conditions{CheckDeposits: true, NoCoins: true})
	stop := func(on bool) {
		if err := w.SetStop(Stop{Asset: "btc", Deposits: new(on)}, start); err != nil {
			t.Fatal(err)
		}
	}
	stop(true)
	uuid := must[string](t)(w.AddDeposit(Arrival{Asset: "btc", Amount: "1"}, start))
	equal(t, "what nobody sees keeps no yen back, nor does a rule for coins", withdrawYen(w), 0)
	w.Advance(start)
	if err := w.Move(uuid, Confirmed, start); err == nil {
		t.Error("a deposit that nobody has seen was confirmed")
	}
	if err := w.Hold(uuid, true, start); err != nil {
		t.Fatal(err)
	}
	stop(false)
	equal(t, "news", told(t, w.Advance(start.Add(time.Second))), []string{"deposit FOUND"})
	equal(t, "yen after it", withdrawYen(w), 50037)
}
