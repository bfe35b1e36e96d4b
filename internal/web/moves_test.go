package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/text"
)

const testTx = "f00dfeed0123456789abcdef"

// moved is an account with a transfer in every stand.
func moved(now time.Time) *owner {
	o := calmly(now)
	in := func(uuid, asset, network, status string, found time.Duration) {
		d := &bitbank.Deposit{UUID: uuid, Asset: asset, Network: network, Address: "rSecretAddress", TxID: testTx, Amount: number("1.5"), Status: bitbank.DepositStatus(status), FoundAt: bitbank.Millis(now.Add(-found).UnixMilli())}
		o.apply(ledger.Record{At: now.Add(-found), Transfer: &ledger.Transfer{Deposit: d}})
	}
	out := func(uuid, status string, ago time.Duration, before ...string) {
		for i, s := range append(before, status) {
			w := &bitbank.Withdrawal{UUID: uuid, Asset: "xrp", Network: "ripple", Address: "rSecretAddress", Amount: number("20"), Fee: number("0.1"), Status: bitbank.WithdrawalStatus(s), RequestedAt: bitbank.Millis(now.Add(-ago).UnixMilli())}
			o.apply(ledger.Record{At: now.Add(-ago).Add(time.Duration(i) * time.Minute), Transfer: &ledger.Transfer{Withdrawal: w}})
		}
	}
	in("d-moving", "xrp", "ripple", "FOUND", time.Minute)
	in("d-late", "xrp", "ripple", "FOUND", 2*time.Hour)
	in("d-stopped", "eth", "arbitrum", "FOUND", 5*time.Hour)
	in("d-word", "xrp", "ripple", "CREDITING", time.Minute)
	in("d-done", "xrp", "ripple", "DONE", 3*time.Hour)
	in("d-held", "btc", "bitcoin", "FOUND", time.Hour)
	out("w-owner", "CONFIRMING", 2*time.Minute)
	out("w-examined", "EXAMINING", 20*time.Minute)
	out("w-sending", "SENDING", 20*time.Minute)
	out("w-done", "DONE", time.Hour, "SENDING")
	out("w-rejected", "REJECTED", 30*time.Minute, "EXAMINING")
	out("w-timeout", "CONFIRM_TIMEOUT", 5*time.Hour, "CONFIRMING")
	out("w-canceled", "CANCELED", time.Hour, "CONFIRMING")
	out("w-missing", "REJECTED", time.Hour, "EXAMINING")
	o.apply(
		ledger.Record{At: now, CameBack: &ledger.CameBack{UUID: "w-canceled", Back: ledger.BackReturned}},
		ledger.Record{At: now, CameBack: &ledger.CameBack{UUID: "w-missing", Back: ledger.BackMissing}},
		ledger.Record{At: now.Add(-24 * time.Hour), Routes: &ledger.Routes{Rows: []ledger.Route{
			{Asset: "jpy"}, {Asset: "btc", Network: "bitcoin"}, {Asset: "eth", Network: "ethereum"}, {Asset: "eth", Network: "arbitrum", StopDeposit: true}, {Asset: "xrp", Network: "ripple"},
		}}},
		ledger.Record{At: now.Add(-10 * time.Second), Waiting: &ledger.Waiting{
			Deposits: []bitbank.UnconfirmedDeposit{{UUID: "d-held", Asset: "btc", Network: "bitcoin", Amount: number("1.5"), CreatedAt: bitbank.Millis(now.Add(-time.Hour).UnixMilli())}},
			Senders:  map[string]int{"CONFIRMED": 1, "SCREENING": 2},
		}},
		ledger.Record{At: now.Add(-10 * time.Second), Balance: &ledger.Balance{Rows: []bitbank.AssetUpdate{{Asset: "xrp", OnHand: number("5"), Free: number("5"), Locked: number("0"), Withdrawing: number("0")}}}},
		ledger.Record{At: now, Expected: &ledger.Expected{ID: "e-1", Asset: "eth", Network: "ethereum", TxID: strings.Repeat("a", 64), Amount: number("2"), Sent: now.Add(-5 * time.Minute)}},
		ledger.Record{At: now, Expected: &ledger.Expected{ID: "e-2", Asset: "jpy", Amount: number("50000"), Sent: now.Add(-5 * time.Minute)}},
		ledger.Record{At: now, Alerted: &ledger.Alerted{Key: "in d-late", N: 1, State: "late"}},
	)
	return o
}

// What programs are told is described, whole in both languages, and holds no address.
func TestProgramsAreToldWhereTransfersStand(t *testing.T) {
	now := time.Now()
	o := moved(now)
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	c := published(t, h)
	for _, lang := range []string{"ja", "en"} {
		page := body(t, get(t, h, "/api/v1/transfers?lang="+lang, with(testToken)))
		var raw any
		var got Moves
		if err := json.Unmarshal([]byte(page), &raw); err != nil {
			t.Fatal(err)
		}
		c.check(t, "transfers", c.at(t, c.root, "components", "schemas", "Moves"), raw)
		if err := json.Unmarshal([]byte(page), &got); err != nil {
			t.Fatal(err)
		}
		if got.State != "attention" || len(got.Transfers) != 16 {
			t.Errorf("%s: %s, %d transfers", lang, got.State, len(got.Transfers))
		}
		for _, m := range got.Transfers {
			if m.Text == "" || strings.ContainsAny(m.Text, "{}") || strings.Contains(m.Text, "web.") {
				t.Errorf("%s %s: %q", lang, m.Key, m.Text)
			}
		}
		if gap := regexp.MustCompile(`"(web\.|[^"]*\{[a-z])`).FindString(page); gap != "" {
			t.Errorf("%s: words are missing: %s", lang, gap)
		}
		if strings.Contains(page, "rSecretAddress") {
			t.Errorf("%s: an address is told", lang)
		}
	}
}

// The sentences of every stand.
func TestWhereATransferStandsIsSaidInNumbers(t *testing.T) {
	now := time.Now()
	v := account.ViewOf(&moved(now).l, now)
	got := map[string]string{}
	for _, m := range DescribeMoves(text.English, v, now).Transfers {
		got[m.UUID] = m.Text
	}
	for uuid, want := range map[string]string{
		"d-moving":   "Found. It waits to be confirmed. It has been so for 1 min. Usually it takes 2 min, and counts as late after 30 min (our assumption: bitbank publishes no times). The network is next to act.",
		"d-late":     "Found. It waits to be confirmed. It has been so for 2 h. Usually it takes 2 min, and counts as late after 30 min (our assumption: bitbank publishes no times). That is later than usual. The network is next to act.",
		"d-stopped":  "Found. It waits to be confirmed. It has been so for 5 h. Usually it takes 20 min, and counts as late after 2 h (our assumption: bitbank publishes no times). That is later than usual. bitbank has stopped this network. bitbank is next to act.",
		"d-word":     "bitbank says “CREDITING”. Its documents do not have that word, so it counts neither as done nor as failed. It has been so for 1 min. Whose turn it is cannot be told from here.",
		"d-done":     "Credited.",
		"d-held":     "bitbank waits until its sender is declared. Registered senders: 1 usable, 2 being screened. It is your turn.",
		"w-owner":    "It waits for your confirmation. It has been so for 2 min. It is your turn.",
		"w-done":     "Sent.",
		"w-rejected": "bitbank rejected it. Nothing was sent. That the amount is back is not proved yet. It has been so for 29 min. bitbank is next to act.",
		"w-timeout":  "It was not confirmed in time. Nothing was sent. Whether the amount is back cannot be told from here. Look at bitbank's balance. It has been so for 4 h 59 min. Whose turn it is cannot be told from here.",
		"w-canceled": "It was cancelled. Nothing was sent. The amount is back: the balance was counted.",
		"w-missing":  "bitbank rejected it. Nothing was sent. It is neither held nor on hand. Check bitbank's page and its history, and ask bitbank. It has been so for 59 min. bitbank is next to act.",
		"e-1":        "bitbank does not show it yet. It has been so for 5 min. Usually it takes 10 min, and counts as late after 1 h (our assumption: bitbank publishes no times). The network is next to act.",
	} {
		if got[uuid] != want {
			t.Errorf("%s:\n got %s\nwant %s", uuid, got[uuid], want)
		}
	}
}

// What was never read, was read long ago, or is not shown to the key is said so.
func TestWhatIsNotKnownOfTransfersIsSaid(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name, state string
		records     []ledger.Record
		want        string
	}{
		{"nothing was read", "unread", nil, "Deposits and withdrawals have not been read yet."},
		{"there is none", "calm", []ledger.Record{{At: now, Waiting: &ledger.Waiting{}}}, "No deposit or withdrawal is under way."},
		{"it was read long ago", "calm", []ledger.Record{{At: now.Add(-2 * time.Hour), Waiting: &ledger.Waiting{}}}, "No deposit or withdrawal is under way. What happened after "},
		{"a list is refused", "calm", []ledger.Record{{At: now, Waiting: &ledger.Waiting{Refused: []ledger.Kind{ledger.Withdrawals}}}}, "No deposit or withdrawal is under way. bitbank does not show some lists to this key: withdrawals. Transfers may be missing here."},
	} {
		var l ledger.Ledger
		for _, r := range c.records {
			l.Apply(r)
		}
		d := DescribeMoves(text.English, account.ViewOf(&l, now), now)
		if d.State != c.state || !strings.HasPrefix(d.Sentence, c.want) {
			t.Errorf("%s: %s, %q", c.name, d.State, d.Sentence)
		}
	}
}

// Before one sends: what is stopped, how old that is, and what can hold a withdrawal up.
func TestWhatIsStoppedIsSaidBeforeOneSends(t *testing.T) {
	now := time.Now()
	v := account.ViewOf(&moved(now).l, now)
	for _, c := range []struct {
		asset, network string
		stop, known    bool
		want           string
	}{
		{"eth", "", true, true, "Deposits that wait for their sender to be declared: 1."},
		{"eth", "ethereum", false, true, "A deposit came within the last hour"},
		{"eth", "arbitrum", true, true, "Of your transfers on this way 1 are late now."},
		{"sui", "", false, false, "bitbank has said nothing of SUI so far. Whether it is stopped is not known."},
	} {
		d := DescribeSending(text.English, v, c.asset, c.network, now)
		if d.Stop != c.stop || d.Known != c.known || !strings.Contains(strings.Join(d.Notes, "\n"), c.want) {
			t.Errorf("%s %s: %+v", c.asset, c.network, d)
		}
	}
	if d := DescribeSending(text.English, v, "eth", "", now.Add(time.Hour)); !d.Old || !strings.Contains(strings.Join(d.Notes, " "), "That is old.") {
		t.Errorf("an hour later: %+v", d)
	}
	if d := DescribeSending(text.English, account.View{}, "eth", "", now); d.Known || !strings.Contains(strings.Join(d.Notes, " "), "never read") {
		t.Errorf("never read: %+v", d)
	}
}

// An announcement is made and taken back on the page and by programs; what cannot be taken is told with its field.
func TestADepositIsAnnounced(t *testing.T) {
	now := time.Now()
	o := moved(now)
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	in := enter(t, h)
	page := body(t, get(t, h, "/transfers", in))
	m := regexp.MustCompile(`name="form" value="([^"]+)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the page has no form")
	}
	send := func(form url.Values) *http.Response {
		t.Helper()
		form.Set("form", m[1])
		return post(t, h, "/transfers/expect", form.Encode(), func(r *http.Request) {
			in(r)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		})
	}
	r := send(url.Values{"asset": {"xrp"}, "txid": {"<b>no</b>"}, "amount": {"5"}})
	if page := body(t, r); r.StatusCode != http.StatusBadRequest || !strings.Contains(page, "16文字から128文字") || !strings.Contains(page, "&lt;b&gt;no&lt;/b&gt;") {
		t.Errorf("a wrong txid: %s", r.Status)
	}
	if r := send(url.Values{"asset": {"xrp"}, "txid": {strings.Repeat("b", 64)}, "amount": {"5"}}); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/transfers" {
		t.Errorf("a right one: %s", r.Status)
	}
	if page := body(t, get(t, h, "/transfers", in)); !strings.Contains(page, strings.Repeat("b", 64)) {
		t.Error("it is not on the page")
	}
	if r := send(url.Values{"drop": {"exrp"}}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("dropped: %s", r.Status)
	}
	if page := body(t, get(t, h, "/transfers", in)); strings.Contains(page, strings.Repeat("b", 64)) {
		t.Error("it is on the page still")
	}
	for _, c := range []struct {
		body string
		want int
		code string
	}{
		{`{"asset":"eth","txid":"` + testTx + `"}`, 400, "bad_network"},
		{`{"asset":"eth","network":"ethereum","txid":"` + testTx + `","amount":"much"}`, 400, "bad_amount"},
		{`{"asset":"eth","network":"ethereum","txid":"` + testTx + `","sent":"yesterday"}`, 400, "bad_sent"},
		{`{"drop":"nothing"}`, 404, "not_awaited"},
		{`{"asset":"eth","network":"ethereum","txid":"` + testTx + `","amount":"2"}`, 200, `"eth"`},
		{`{"drop":"eeth"}`, 200, `"attention"`},
	} {
		r := post(t, h, "/api/v1/transfers/expect", c.body, with(testToken))
		if got := body(t, r); r.StatusCode != c.want || !strings.Contains(got, c.code) {
			t.Errorf("%s: %s %.200s", c.body, r.Status, got)
		}
	}
	if r := post(t, h, "/api/v1/transfers/expect", `{"asset":"jpy","amount":"5"}`, in); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the token: %s", r.Status)
	}
}
