package transfer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// noon of a Wednesday on which banks work.
var noon = when("2026-11-25 12:00")

func ms(t time.Time) bitbank.Millis { return bitbank.Millis(t.UnixMilli()) }

func num(s string) bitbank.Number {
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return n
}

const txid = "f00dfeed0123456789abcdef"

func deposit(status, asset, network string, found time.Time) *bitbank.Deposit {
	d := &bitbank.Deposit{UUID: "d", Asset: asset, Network: network, Amount: num("1.5"), TxID: txid, Address: "rSecretAddress", Status: bitbank.DepositStatus(status), FoundAt: ms(found)}
	if asset == yen {
		d.TxID, d.Address = "", ""
	}
	return d
}

func withdrawal(status, asset, network string, requested time.Time) *bitbank.Withdrawal {
	return &bitbank.Withdrawal{UUID: "w", Asset: asset, Network: network, Amount: num("2"), Fee: num("0.5"), Address: "rSecretAddress", AccountUUID: "acc", Status: bitbank.WithdrawalStatus(status), RequestedAt: ms(requested)}
}

func in(at time.Time, d *bitbank.Deposit) ledger.Record {
	return ledger.Record{At: at, Transfer: &ledger.Transfer{Deposit: d}}
}

func out(at time.Time, w *bitbank.Withdrawal) ledger.Record {
	return ledger.Record{At: at, Transfer: &ledger.Transfer{Withdrawal: w}}
}

func fold(records ...ledger.Record) *ledger.Ledger {
	l := &ledger.Ledger{}
	for _, r := range records {
		l.Apply(r)
	}
	return l
}

// marks are the stations of a case on one line.
func marks(c Case) string {
	var out []string
	for _, s := range c.Stations {
		out = append(out, string(s.Place)+":"+string(s.Mark))
	}
	return strings.Join(out, " ")
}

func TestEveryStationOfATransfer(t *testing.T) {
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	held := func(at time.Time, senders map[string]int) ledger.Record {
		return ledger.Record{At: noon, Waiting: &ledger.Waiting{Deposits: []bitbank.UnconfirmedDeposit{{UUID: "d", Asset: "xrp", Network: "ripple", Amount: num("1.5"), TxID: txid, CreatedAt: ms(at)}}, Senders: senders}}
	}
	stop := ledger.Record{At: ago(time.Hour), Routes: &ledger.Routes{Rows: []ledger.Route{{Asset: "xrp", Network: "ripple", StopDeposit: true, StopWithdrawal: true}}}}
	awaits := func(e ledger.Expected) ledger.Record { e.ID = "e"; return ledger.Record{At: e.Sent, Expected: &e} }
	xrp := ledger.Expected{Asset: "xrp", Network: "ripple", TxID: "0x" + strings.ToUpper(txid), Amount: num("1.5"), Sent: ago(10 * time.Minute)}
	for _, c := range []struct {
		name    string
		records []ledger.Record
		stand   Stand
		turn    Turn
		marks   string
		check   string // one of the checks; "" for none wanted
	}{
		{"a coin that nobody has seen", []ledger.Record{awaits(xrp)}, Moving, Chain, "sent:done chain:unknown found:now declared:todo confirmed:todo credited:todo", ""},
		{"one that was not seen for long", []ledger.Record{awaits(ledger.Expected{Asset: "xrp", Network: "ripple", TxID: txid, Sent: ago(2 * time.Hour)})}, Late, Chain, "sent:done chain:unknown found:now declared:todo confirmed:todo credited:todo", "explorer"},
		{"one that was not seen, and its network is stopped", []ledger.Record{stop, awaits(ledger.Expected{Asset: "xrp", Network: "ripple", TxID: txid, Sent: ago(2 * time.Hour)})}, Stopped, Bitbank, "sent:done chain:unknown found:now declared:todo confirmed:todo credited:todo", "stopped"},
		{"a coin that is found", []ledger.Record{in(ago(time.Minute), deposit("FOUND", "xrp", "ripple", ago(time.Minute)))}, Moving, Chain, "sent:done chain:done found:done declared:done confirmed:now credited:todo", ""},
		{"one that is found for long", []ledger.Record{in(ago(time.Minute), deposit("FOUND", "xrp", "ripple", ago(31*time.Minute)))}, Late, Chain, "sent:done chain:done found:done declared:done confirmed:now credited:todo", "explorer"},
		{"another network takes longer", []ledger.Record{in(ago(time.Minute), deposit("FOUND", "btc", "bitcoin", ago(31*time.Minute)))}, Moving, Chain, "sent:done chain:done found:done declared:done confirmed:now credited:todo", ""},
		{"a network that we do not know", []ledger.Record{in(ago(time.Minute), deposit("FOUND", "new", "newchain", ago(4*time.Hour)))}, Late, Chain, "sent:done chain:done found:done declared:done confirmed:now credited:todo", "support"},
		{"one that waits for its sender to be declared", []ledger.Record{in(ago(time.Minute), deposit("FOUND", "xrp", "ripple", ago(time.Minute))), held(ago(time.Minute), map[string]int{"CONFIRMED": 1})}, Owner, You, "sent:done chain:done found:done declared:now confirmed:todo credited:todo", "declare"},
		{"the same, in no other list", []ledger.Record{held(ago(time.Minute), nil)}, Owner, You, "sent:done chain:done found:done declared:now confirmed:todo credited:todo", "held"},
		{"a coin that is confirmed", []ledger.Record{in(ago(time.Minute), deposit("CONFIRMED", "xrp", "ripple", ago(5*time.Hour)))}, Moving, Bitbank, "sent:done chain:done found:done declared:done confirmed:done credited:now", ""},
		{"one that is confirmed for long", []ledger.Record{in(ago(time.Hour), deposit("CONFIRMED", "xrp", "ripple", ago(5*time.Hour)))}, Late, Bitbank, "sent:done chain:done found:done declared:done confirmed:done credited:now", "support"},
		{"a coin that is credited", []ledger.Record{in(ago(time.Minute), deposit("DONE", "xrp", "ripple", ago(5*time.Hour)))}, Done, Nobody, "sent:done chain:done found:done declared:done confirmed:done credited:done", ""},
		{"a word that the documents do not have", []ledger.Record{in(ago(time.Minute), deposit("CREDITED", "xrp", "ripple", ago(time.Minute)))}, Untold, Unknown, "sent:done chain:done found:done declared:done confirmed:unknown credited:unknown", "word"},
		{"a coin that was awaited", []ledger.Record{awaits(xrp), in(ago(time.Minute), deposit("FOUND", "xrp", "ripple", ago(time.Minute)))}, Moving, Chain, "sent:done chain:done found:done declared:done confirmed:now credited:todo", ""},
		{"a credit of another amount", []ledger.Record{awaits(ledger.Expected{Asset: "xrp", Network: "ripple", TxID: txid, Amount: num("1.6"), Sent: ago(time.Hour)}), in(ago(time.Minute), deposit("DONE", "xrp", "ripple", ago(time.Hour)))}, Differs, Nobody, "sent:done chain:done found:done declared:done confirmed:done credited:done", "amount"},

		{"yen on a weekday", []ledger.Record{awaits(ledger.Expected{Asset: yen, Amount: num("5"), Sent: ago(30 * time.Minute)})}, Moving, Bank, "sent:done bank:unknown found:now confirmed:todo credited:todo", ""},
		{"yen that are late", []ledger.Record{awaits(ledger.Expected{Asset: yen, Amount: num("5"), Sent: ago(2 * time.Hour)})}, Late, Bank, "sent:done bank:unknown found:now confirmed:todo credited:todo", "name"},
		{"yen that arrived", []ledger.Record{awaits(ledger.Expected{Asset: yen, Amount: num("1.5"), Sent: ago(2 * time.Hour)}), in(ago(time.Minute), deposit("DONE", yen, "", ago(time.Minute)))}, Done, Nobody, "sent:done bank:done found:done confirmed:done credited:done", ""},
		{"yen that were found", []ledger.Record{in(ago(time.Minute), deposit("FOUND", yen, "", ago(time.Minute)))}, Moving, Bitbank, "sent:done bank:done found:done confirmed:now credited:todo", ""},

		{"a withdrawal that its owner must confirm", []ledger.Record{out(ago(time.Minute), withdrawal("CONFIRMING", "xrp", "ripple", ago(time.Minute)))}, Owner, You, "requested:done approved:now examined:todo sent_out:todo arrived:unknown", "confirm"},
		{"one that is examined", []ledger.Record{out(ago(time.Hour), withdrawal("EXAMINING", "xrp", "ripple", ago(30*time.Hour)))}, Moving, Bitbank, "requested:done approved:done examined:now sent_out:todo arrived:unknown", ""},
		{"one that is examined for long", []ledger.Record{out(ago(25*time.Hour), withdrawal("EXAMINING", "xrp", "ripple", ago(30*time.Hour)))}, Late, Bitbank, "requested:done approved:done examined:now sent_out:todo arrived:unknown", "support"},
		{"one that is being sent", []ledger.Record{out(ago(time.Hour), withdrawal("SENDING", "xrp", "ripple", ago(30*time.Hour)))}, Moving, Bitbank, "requested:done approved:done examined:done sent_out:now arrived:unknown", ""},
		{"one that is being sent for long", []ledger.Record{out(ago(4*time.Hour), withdrawal("SENDING", "xrp", "ripple", ago(30*time.Hour)))}, Late, Bitbank, "requested:done approved:done examined:done sent_out:now arrived:unknown", "explorer"},
		{"one on a network that is stopped", []ledger.Record{stop, out(ago(4*time.Hour), withdrawal("SENDING", "xrp", "ripple", ago(30*time.Hour)))}, Stopped, Bitbank, "requested:done approved:done examined:done sent_out:now arrived:unknown", "stopped"},
		{"one that was sent", []ledger.Record{out(ago(time.Minute), withdrawal("DONE", "xrp", "ripple", ago(time.Hour)))}, Done, Nobody, "requested:done approved:done examined:done sent_out:done arrived:unknown", "receiver"},
		{"yen that are examined", []ledger.Record{out(ago(time.Hour), withdrawal("EXAMINING", yen, "", ago(time.Hour)))}, Moving, Bitbank, "requested:done approved:done examined:now sent_out:todo arrived:unknown", ""},
		{"yen that are examined since Monday", []ledger.Record{out(ago(48*time.Hour), withdrawal("EXAMINING", yen, "", ago(48*time.Hour)))}, Late, Bitbank, "requested:done approved:done examined:now sent_out:todo arrived:unknown", "support"},
		{"one that timed out", []ledger.Record{out(ago(time.Hour), withdrawal("CONFIRMING", "xrp", "ripple", ago(2*time.Hour))), out(ago(time.Minute), withdrawal("CONFIRM_TIMEOUT", "xrp", "ripple", ago(2*time.Hour)))}, Ended, Bitbank, "requested:done approved:failed examined:failed sent_out:failed given_back:now", "balance"},
		{"one that was rejected long ago, as we saw", []ledger.Record{out(ago(30*time.Hour), withdrawal("EXAMINING", "xrp", "ripple", ago(31*time.Hour))), out(ago(29*time.Hour), withdrawal("REJECTED", "xrp", "ripple", ago(31*time.Hour)))}, Ended, Unknown, "requested:done approved:done examined:failed sent_out:failed given_back:unknown", "balance"},
		{"one that ended before we looked", []ledger.Record{out(ago(time.Minute), withdrawal("CANCELED", "xrp", "ripple", ago(30*time.Hour)))}, Before, Nobody, "requested:done approved:failed examined:failed sent_out:failed given_back:unknown", "balance"},
		{"one that ended before the first read", []ledger.Record{{At: ago(time.Minute), Transfer: &ledger.Transfer{Withdrawal: withdrawal("CANCELED", "xrp", "ripple", ago(2*time.Hour)), After: ago(2 * time.Hour)}}}, Before, Nobody, "requested:done approved:failed examined:failed sent_out:failed given_back:unknown", "balance"},
		{"one that began and ended between two reads", []ledger.Record{{At: ago(time.Minute), Transfer: &ledger.Transfer{Withdrawal: withdrawal("CANCELED", "xrp", "ripple", ago(2*time.Hour)), After: ago(3 * time.Hour)}}}, Ended, Bitbank, "requested:done approved:failed examined:failed sent_out:failed given_back:now", "balance"},
		{"one whose money is back", []ledger.Record{out(ago(time.Hour), withdrawal("REJECTED", "xrp", "ripple", ago(2*time.Hour))), {At: ago(time.Minute), CameBack: &ledger.CameBack{UUID: "w", Back: ledger.BackReturned}}}, Returned, Nobody, "requested:done approved:failed examined:failed sent_out:failed given_back:done", ""},
		{"one whose money is missing", []ledger.Record{out(ago(time.Hour), withdrawal("CANCELED", "xrp", "ripple", ago(2*time.Hour))), {At: ago(time.Minute), CameBack: &ledger.CameBack{UUID: "w", Back: ledger.BackMissing}}}, Missing, Bitbank, "requested:done approved:failed examined:failed sent_out:failed given_back:failed", "balance"},
		{"a withdrawal with a word that the documents do not have", []ledger.Record{out(ago(time.Minute), withdrawal("HELD", "xrp", "ripple", ago(time.Minute)))}, Untold, Unknown, "requested:done approved:unknown examined:unknown sent_out:unknown arrived:unknown", "word"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Judge(fold(c.records...), noon, noon)
			if len(got) != 1 {
				t.Fatalf("%d cases", len(got))
			}
			x := got[0]
			if x.Stand != c.stand || x.Turn != c.turn || marks(x) != c.marks {
				t.Errorf("it is %s, turn of %q, %s\nwant %s, %q, %s", x.Stand, x.Turn, marks(x), c.stand, c.turn, c.marks)
			}
			if c.check == "" && len(x.Checks) > 0 || c.check != "" && !slices.Contains(x.Checks, c.check) {
				t.Errorf("to be checked are %v, want %q among them", x.Checks, c.check)
			}
			if s := fmt.Sprintf("%+v", x); strings.Contains(s, "rSecretAddress") {
				t.Errorf("an address is part of it: %s", s)
			}
		})
	}
}

// What happens while bitbank cannot be read is not known, so time stands still.
func TestNothingBecomesLateWhileWeAreBlind(t *testing.T) {
	l := fold(in(noon, deposit("FOUND", "xrp", "ripple", noon)))
	for _, c := range []struct {
		read  time.Duration // after noon
		stand Stand
		long  time.Duration
	}{{5 * time.Minute, Moving, 5 * time.Minute}, {4 * time.Hour, Late, 5 * time.Hour}, {29 * time.Minute, Moving, 29 * time.Minute}} {
		now := noon.Add(5 * time.Hour)
		if c.read == 4*time.Hour {
			now = noon.Add(4*time.Hour + blind)
			c.long = 4*time.Hour + blind
		}
		x := Judge(l, noon.Add(c.read), now)[0]
		if x.Stand != c.stand || x.For != c.long {
			t.Errorf("read after %v: %s for %v", c.read, x.Stand, x.For)
		}
	}
	if x := Judge(l, time.Time{}, noon.Add(5*time.Hour))[0]; x.Stand != Moving || x.For != 0 {
		t.Errorf("never read: %s for %v", x.Stand, x.For)
	}
}

// With five transfers of the account's own on the same way, those count and not the table.
func TestTheAccountsOwnTimesCountOnceThereAreFive(t *testing.T) {
	for n := range 7 {
		var records []ledger.Record
		for i := range n {
			d := deposit("DONE", "xrp", "ripple", noon.Add(-time.Duration(i+2)*time.Hour))
			d.UUID, d.ConfirmedAt = fmt.Sprint("past", i), d.FoundAt+bitbank.Millis((i+1)*60_000)
			other := *d
			other.UUID, other.Network, other.ConfirmedAt = fmt.Sprint("other", i), "elsewhere", d.FoundAt+1
			records = append(records, in(noon, d), in(noon, &other))
		}
		records = append(records, in(noon, deposit("FOUND", "xrp", "ripple", noon.Add(-25*time.Minute))))
		l := fold(records...)
		cases := Judge(l, noon, noon)
		x := cases[slices.IndexFunc(cases, func(c Case) bool { return c.UUID == "d" })]
		if n < 5 {
			if x.Usual.Own != 0 || x.Usual.Late != 30*time.Minute || x.Stand != Moving {
				t.Errorf("of %d own ones: %+v, %s", n, *x.Usual, x.Stand)
			}
			continue
		}
		want := Usual{Step: Confirm, Own: n, Median: 3 * time.Minute, P90: time.Duration(n) * time.Minute, Late: time.Duration(n+10) * time.Minute}
		if *x.Usual != want || x.Stand != Late {
			t.Errorf("of %d own ones: %+v, %s; want %+v", n, *x.Usual, x.Stand, want)
		}
	}
}

// A station that was reached at some time in a long gap of ours says nothing of how long it usually takes.
func TestTimesFromAGapAreNotCounted(t *testing.T) {
	var records []ledger.Record
	for i := range 6 {
		w := withdrawal("EXAMINING", "xrp", "ripple", noon.Add(-time.Duration(i+3)*time.Hour))
		w.UUID = fmt.Sprint("w", i)
		sent := *w
		sent.Status = bitbank.WithdrawalSending
		at := noon.Add(-time.Duration(i+2) * time.Hour)
		records = append(records, out(at, w), ledger.Record{At: at.Add(30 * time.Minute), Transfer: &ledger.Transfer{Withdrawal: &sent, After: at.Add(5 * time.Minute)}})
		done := sent
		done.Status = bitbank.WithdrawalDone
		records = append(records, ledger.Record{At: at.Add(40 * time.Minute), Transfer: &ledger.Transfer{Withdrawal: &done, After: at.Add(39 * time.Minute)}})
	}
	p := pastOf(fold(records...).Followed())
	k := lane{true, "xrp", "ripple"}
	if n := len(p[k][Examine]) + len(p[k][Send]); n != 0 {
		t.Errorf("%d times are counted: %v", n, p[k])
	}
}

// Five announcements and one transaction: one deposit answers one of them.
func TestADepositAnswersOneAnnouncement(t *testing.T) {
	var records []ledger.Record
	for i := range 3 {
		records = append(records, ledger.Record{At: noon, Expected: &ledger.Expected{ID: fmt.Sprint(i), Asset: yen, Amount: num("1.5"), Sent: noon.Add(time.Duration(i) * time.Minute)}})
	}
	records = append(records, in(noon.Add(time.Hour), deposit("DONE", yen, "", noon.Add(time.Hour))))
	cases := Judge(fold(records...), noon.Add(time.Hour), noon.Add(time.Hour))
	var still []string
	for _, c := range cases {
		if c.Kind == Awaited {
			still = append(still, c.UUID)
		}
	}
	slices.Sort(still)
	if !slices.Equal(still, []string{"1", "2"}) {
		t.Errorf("still awaited are %v", still)
	}
}

// Whatever bitbank says in whatever order, money counts as arrived, and a transfer as done, only when bitbank's word for it is DONE.
func TestNothingCountsAsArrivedBeforeItIsDone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := []string{"FOUND", "CONFIRMED", "DONE", "CONFIRMING", "EXAMINING", "SENDING", "REJECTED", "CANCELED", "CONFIRM_TIMEOUT", "", "done", "COMPLETED"}
		l := &ledger.Ledger{}
		at := noon
		for range rapid.IntRange(1, 30).Draw(t, "records") {
			at = at.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "seconds")) * time.Second)
			status := rapid.SampledFrom(words).Draw(t, "status")
			asset := rapid.SampledFrom([]string{"xrp", yen, "btc"}).Draw(t, "asset")
			id := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "uuid")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				d := deposit(status, asset, "ripple", at)
				d.UUID = id
				l.Apply(in(at, d))
			case 1:
				w := withdrawal(status, asset, "ripple", at)
				w.UUID = id
				l.Apply(out(at, w))
			case 2:
				l.Apply(ledger.Record{At: at, Expected: &ledger.Expected{ID: id, Asset: asset, TxID: txid, Amount: num("1.5"), Sent: at, Dropped: rapid.Bool().Draw(t, "dropped")}})
			case 3:
				l.Apply(ledger.Record{At: at, Waiting: &ledger.Waiting{Deposits: []bitbank.UnconfirmedDeposit{{UUID: id, Asset: asset, Amount: num("1")}}}})
			case 4:
				l.Apply(ledger.Record{At: at, CameBack: &ledger.CameBack{UUID: id, Back: rapid.SampledFrom([]ledger.Back{ledger.BackReturned, ledger.BackMissing}).Draw(t, "back")}})
			}
		}
		statuses := map[string]string{}
		for _, f := range l.Followed() {
			if f.Deposit != nil {
				statuses["in "+f.Deposit.UUID] = string(f.Deposit.Status)
			} else {
				statuses["out "+f.Withdrawal.UUID] = string(f.Withdrawal.Status)
			}
		}
		cases := Judge(l, at, at)
		for _, c := range cases {
			done := statuses[c.Key] == "DONE"
			if c.Arrived() != (done && c.Kind == Deposit) || c.Stand == Done && !done {
				t.Fatalf("%s is %q: arrived %t, %s", c.Key, statuses[c.Key], c.Arrived(), c.Stand)
			}
			for _, s := range c.Stations {
				if (s.Place == Credited || s.Place == SentOut) && s.Mark == Past && !done {
					t.Fatalf("%s is %q: %s", c.Key, statuses[c.Key], marks(c))
				}
				if s.Place == Arrived && s.Mark == Past {
					t.Fatalf("%s is said to be at the other side", c.Key)
				}
			}
		}
	})
}

func TestLinksLeadToPagesOfOthersAndNowhereElse(t *testing.T) {
	for _, c := range []struct{ network, txid, want string }{
		{"bitcoin", txid, "https://mempool.space/tx/" + txid},
		{"ripple", strings.ToUpper(txid), "https://livenet.xrpl.org/transactions/" + strings.ToUpper(txid)},
		{"newchain", txid, ""}, {"bitcoin", "", ""}, {"bitcoin", "../../../../../evil?x=1", ""}, {"bitcoin", "javascript:alert(1)xxxx", ""}, {"bitcoin", strings.Repeat("a", 129), ""},
	} {
		if _, got := Explorer(c.network, c.txid); got != c.want {
			t.Errorf("%s %q: %q", c.network, c.txid, got)
		}
	}
}

func TestAnAnnouncementIsCheckedFieldByField(t *testing.T) {
	routes := []ledger.Route{{Asset: "eth", Network: "ethereum"}, {Asset: "eth", Network: "arbitrum"}, {Asset: "jpy"}, {Asset: "xrp", Network: "ripple"}}
	good := ledger.Expected{Asset: " XRP", TxID: txid, Sent: noon}
	for _, c := range []struct {
		name  string
		e     func(*ledger.Expected)
		field string
	}{
		{"as it should be", func(*ledger.Expected) {}, ""},
		{"no coin", func(e *ledger.Expected) { e.Asset = "" }, "asset"},
		{"a coin that bitbank does not have", func(e *ledger.Expected) { e.Asset = "bch" }, "asset"},
		{"one of two networks is not said", func(e *ledger.Expected) { e.Asset = "eth" }, "network"},
		{"one of two networks is said", func(e *ledger.Expected) { e.Asset, e.Network = "eth", "Arbitrum" }, ""},
		{"a network that the coin does not have", func(e *ledger.Expected) { e.Network = "ethereum" }, "network"},
		{"no transaction", func(e *ledger.Expected) { e.TxID = "" }, "txid"},
		{"something else for a transaction", func(e *ledger.Expected) { e.TxID = "my transaction of today" }, "txid"},
		{"nothing", func(e *ledger.Expected) { e.Amount = num("0") }, "amount"},
		{"less than nothing", func(e *ledger.Expected) { e.Amount = num("-1") }, "amount"},
		{"tomorrow", func(e *ledger.Expected) { e.Sent = noon.AddDate(0, 0, 1) }, "sent"},
		{"last year", func(e *ledger.Expected) { e.Sent = noon.AddDate(-1, 0, 0) }, "sent"},
		{"yen", func(e *ledger.Expected) { *e = ledger.Expected{Asset: "jpy", Amount: num("1000"), Sent: noon} }, ""},
		{"yen of no amount", func(e *ledger.Expected) { *e = ledger.Expected{Asset: "jpy", Sent: noon} }, "amount"},
		{"yen over a network", func(e *ledger.Expected) {
			*e = ledger.Expected{Asset: "jpy", Amount: num("1000"), Network: "ripple", Sent: noon}
		}, "network"},
		{"yen with a transaction", func(e *ledger.Expected) {
			*e = ledger.Expected{Asset: "jpy", Amount: num("1000"), TxID: txid, Sent: noon}
		}, "txid"},
	} {
		e := good
		c.e(&e)
		got, err := Complete(e, routes, noon)
		m, wrong := err.(*Mistake)
		if wrong != (c.field != "") || wrong && (m.Field != c.field || !strings.HasPrefix(m.Error(), c.field+": expected ")) {
			t.Errorf("%s: %v", c.name, err)
		}
		if !wrong && got.Asset == "xrp" && got.Network != "ripple" {
			t.Errorf("%s: the only network is not filled in: %+v", c.name, got)
		}
	}
	if _, err := Complete(ledger.Expected{Asset: "any", Network: "net", TxID: txid, Sent: noon}, nil, noon); err != nil {
		t.Errorf("before bitbank was asked: %v", err)
	}
}

func TestBeforeOneSends(t *testing.T) {
	l := fold(
		ledger.Record{At: noon, Routes: &ledger.Routes{Rows: RoutesOf([]bitbank.Asset{
			{Asset: "jpy", StopWithdrawal: true},
			{Asset: "eth", Networks: []bitbank.Network{{Network: "ethereum"}, {Network: "arbitrum", StopDeposit: true}}},
			{Asset: "xrp", StopDeposit: true, Networks: []bitbank.Network{{Network: "ripple"}}},
		})}},
		in(noon, deposit("FOUND", "eth", "arbitrum", noon.Add(-5*time.Hour))),
		ledger.Record{At: noon, Waiting: &ledger.Waiting{Deposits: []bitbank.UnconfirmedDeposit{{UUID: "u", Asset: "btc", Amount: num("1"), CreatedAt: ms(noon)}}}},
	)
	cases := Judge(l, noon, noon)
	for _, c := range []struct {
		asset, network, want string
	}{
		{"eth", "", "[{eth ethereum open open} {eth arbitrum stopped open}] 1 2 1 false"},
		{"eth", "ethereum", "[{eth ethereum open open}] 1 2 0 false"},
		{"xrp", "ripple", "[{xrp ripple stopped open}] 1 2 0 false"},
		{"jpy", "", "[{jpy  open stopped}] 1 2 0 false"},
		{"sui", "", "[] 1 2 0 false"},
	} {
		k := Check(Ways(l), cases, c.asset, c.network, noon, noon)
		if got := fmt.Sprintln(k.Ways, k.Undeclared, k.Recent, k.Late, k.Old); strings.TrimSpace(got) != c.want {
			t.Errorf("%s %s: got %swant %s", c.asset, c.network, got, c.want)
		}
	}
	if k := Check(Ways(l), cases, "eth", "", noon, noon.Add(time.Hour)); !k.Old {
		t.Error("what was read an hour ago is not old")
	}
	if k := Check(nil, nil, "eth", "", time.Time{}, noon); len(k.Ways) != 0 || !k.Old {
		t.Error("what was never read is known")
	}
}

// A full account is judged while orders wait for its lock.
func BenchmarkAFullAccountIsJudged(b *testing.B) {
	l := &ledger.Ledger{}
	for i := range 5_000 {
		at := noon.Add(-time.Duration(i) * time.Hour)
		d := deposit("DONE", "xrp", "ripple", at)
		d.UUID, d.ConfirmedAt = fmt.Sprint(i), d.FoundAt+60_000
		l.Apply(in(at, d))
	}
	for i := range 50 {
		w := withdrawal("SENDING", "xrp", "ripple", noon.Add(-time.Hour))
		w.UUID = fmt.Sprint(i)
		l.Apply(out(noon, w))
	}
	for b.Loop() {
		Judge(l, noon, noon)
	}
}
