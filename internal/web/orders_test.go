package web

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/text"
)

func TestTheWorldOfOrdersHoldsEveryStanding(t *testing.T) {
	now := time.Now()
	seen := map[account.Standing]int{}
	for _, x := range everything(now).View().Orders {
		seen[x.Standing]++
	}
	for s, want := range map[account.Standing]int{
		account.Ambiguous: 1, account.Uncertain: 6, account.Ghost: 1, account.Live: 5, account.Filled: 1, account.Cancelled: 2, account.Refused: 4, account.NotPlaced: 3,
	} {
		if got := seen[s]; got < want {
			t.Errorf("%d orders are %s, want %d at least", got, s, want)
		}
	}
}

// accountPages calls f with every page that shows an account.
func accountPages(t *testing.T, f func(t *testing.T, l text.Lang, path, page string)) {
	t.Helper()
	now := time.Now()
	stale := everything(now)
	stale.read, stale.full = now.Add(-time.Hour), 12
	unread := calmly(now)
	unread.read = time.Time{}
	for name, o := range map[string]*owner{"everything": everything(now), "calm": calmly(now), "nothing": {read: now}, "stale": stale, "unread": unread} {
		h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
		in := enter(t, h)
		for _, l := range bothLangs {
			for _, path := range []string{
				"/", "/orders", "/orders?did=freeze&what=grid", "/orders?did=thaw&what=arb", "/orders?did=decide&what=2-7", "/orders/freeze", "/orders/freeze?bot=grid", "/orders/thaw?bot=grid", "/orders/cancel", "/orders/cancel?bot=grid", "/orders/cancel?protective=1", "/orders/giveup?id=plan-9", "/orders/answer?id=rest-0", "/orders?did=answer&what=rest-1",
				"/orders/decide?intent=2-7", "/orders/decide?intent=2-7&asked=1", "/orders/decide?intent=2-7&ours=71", "/orders/decide?intent=2-7&none=1",
				"/login", "/explain?code=60001", "/explain?code=79999", "/orders/freeze?bot=nobody",
			} {
				t.Run(fmt.Sprintf("%s %s %s", name, l, path), func(t *testing.T) {
					if r := get(t, h, path+map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]+"lang="+string(l), in); r.StatusCode != http.StatusSeeOther {
						f(t, l, path, body(t, r))
					}
				})
			}
		}
	}
}

// The same frame and the same care as on every other page.
func TestPagesOfOrdersKeepTheRulesOfPages(t *testing.T) {
	accountPages(t, func(t *testing.T, l text.Lang, path, page string) {
		wellMade(t, l, page)
		if strings.HasPrefix(path, "/orders?") || path == "/orders" {
			if n := strings.Count(page, `<h1 id="v">`); n != 1 {
				t.Errorf("the sentence stands %d times", n)
			}
		}
		if strings.Contains(page, "<prices>") {
			t.Error("the owner's words became markup")
		}
	})
}

func TestTheSentenceSaysWhatIsWorstAndHowOldThatIs(t *testing.T) {
	now := time.Now()
	unread, old := calmly(now), calmly(now)
	unread.read, old.read = time.Time{}, now.Add(-time.Hour)
	one := calmly(now)
	one.lost("3-1", "0.01", now.Add(-time.Minute))
	for _, c := range []struct {
		name  string
		view  account.View
		state string
		want  string
	}{
		{"calm", calmly(now).View(), "confirmed", "全部の注文の結果が確認できています。"},
		{"one is lost", one.View(), "uncertain", "1件の注文の結果がまだ確認できていません。同じ注文を出し直さないでください。"},
		{"everything", everything(now).View(), "ambiguous", "1件の注文は、どれがそれなのか決められません。"},
		{"not read of late", old.View(), "confirmed", "いまのことは、わかりません。"},
		{"not read since the start", unread.View(), "confirmed", "口座をまだ読めていません。"},
		{"no order", (&owner{read: now}).View(), "confirmed", "結果のわからない注文はありません。"},
		{"from the journal", account.ViewOf(&calmly(now).l, now), "confirmed", "までの記録では、全部の注文の結果が確認できています。"},
		{"from an empty journal", account.ViewOf(&ledger.Ledger{}, now), "confirmed", "注文の記録は、まだありません。"},
	} {
		got := DescribeOrders(text.Japanese, c.view, 10, now)
		if got.State != c.state || !strings.Contains(got.Sentence, c.want) {
			t.Errorf("%s: %s, %s", c.name, got.State, got.Sentence)
		}
	}
}

// Each proof says which step it is at, and what it rests on.
func TestAProofIsToldStepByStep(t *testing.T) {
	now := time.Now()
	got := map[string]Order{}
	for _, x := range DescribeOrders(text.Japanese, everything(now).View(), 100, now).Orders {
		got[x.Intent] = x
	}
	for intent, c := range map[string]struct{ verdict, assumes, waits, states string }{
		"2-1":  {"unknown", "", "fence", "done now todo todo todo done todo"},
		"2-2":  {"unknown", "", "fence", "done now todo todo todo done todo"},
		"2-3":  {"unknown", "", "looks", "done done now todo todo done todo"},
		"2-4":  {"unknown", "", "barrier", "done done done now done done todo"},
		"2-5":  {"unknown", "", "barrier", "done done done now done done todo"},
		"2-6":  {"unknown", "", "barrier", "done done done now done todo todo"},
		"2-7":  {"ambiguous", "", "", ""},
		"2-8":  {"not_placed", "A1", "", "done done done done done done done"},
		"2-9":  {"not_placed", "A1", "", "done done done done done done done"},
		"2-10": {"not_placed", "Q", "", "done done done done done done done"},
		"2-11": {"not_placed", "human", "", ""},
		"2-12": {"placed", "", "", ""},
	} {
		p := got[intent].Proof
		if p == nil {
			t.Errorf("%s has no proof", intent)
			continue
		}
		var states []string
		for _, s := range p.Steps {
			states = append(states, s.State)
		}
		if p.Verdict != c.verdict || p.Assumes != c.assumes || p.Waits != c.waits || strings.Join(states, " ") != c.states || p.Why == "" {
			t.Errorf("%s: %s %s, waits for %q, steps %v, why %q", intent, p.Verdict, p.Assumes, p.Waits, states, p.Why)
		}
	}
	for intent, want := range map[string]string{"2-2": "2/3", "2-3": "2/3", "2-5": "0/3"} {
		for _, s := range got[intent].Proof.Steps {
			if s.State == "now" && s.Progress != want {
				t.Errorf("%s has come to %q, want %q", intent, s.Progress, want)
			}
		}
	}
	if s := got["2-6"].Proof.Steps[5]; s.ID != "stream" {
		t.Errorf("the sixth step is %s", s.ID)
	}
}

func TestFiguresAreReadAsTheyAre(t *testing.T) {
	for in, want := range map[string]string{
		"9000000.0000": "9,000,000", "0.0500": "0.05", "1234567.8901": "1,234,567.8901", "-1000": "-1,000", "999": "999", "0": "0", "1000": "1,000", "0.00000001": "0.00000001",
	} {
		if got := figure(number(in)); got != want {
			t.Errorf("%s is written %s, want %s", in, got, want)
		}
	}
}

func TestTheOrdersAndTransfersAreWhatTheDescriptionSays(t *testing.T) {
	now := time.Now()
	targets := []string{"/api/v1/orders", "/api/v1/orders?limit=0", "/api/v1/orders?limit=ten", "/api/v1/transfers"}
	for name, o := range map[string]*owner{"everything": everything(now), "calm": calmly(now), "nothing": {}, "none": nil} {
		h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
		if o == nil {
			h = New(Options{Source: &fake{}, Token: secretOf(testToken)})
		}
		c := published(t, h)
		for _, l := range bothLangs {
			for _, target := range targets {
				t.Run(name+" "+string(l)+" "+target, func(t *testing.T) {
					c.answers(t, h, target, l, with(testToken))
					c.answers(t, h, target, l)
					c.answers(t, h, target, l, with("wrong"))
				})
			}
		}
	}
	h, _ := guarded(&fake{}, everything(now))
	r := get(t, h, "/api/v1/orders?limit=2", with(testToken))
	var got struct{ Omitted int }
	if err := json.Unmarshal([]byte(body(t, r)), &got); err != nil {
		t.Fatal(err)
	}
	if want := 1 + 2 + 4 + 3 - 2; got.Omitted != want {
		t.Errorf("%d orders are left out, want %d", got.Omitted, want)
	}
}

// What the address claims is not believed: the banner says what the account says.
func TestTheResultOfAnActIsWhatTheAccountSays(t *testing.T) {
	now := time.Now()
	o := everything(now)
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	in := enter(t, h)
	for query, id := range map[string]string{
		"did=freeze&what=grid": "web.act.done.freeze.not", "did=freeze&what=arb": "web.act.done.freeze", "did=thaw&what=arb": "web.act.done.thaw.not", "did=decide&what=2-7": "web.act.done.decide.not",
	} {
		page := html.UnescapeString(body(t, get(t, h, "/orders?lang=en&"+query, in)))
		a := text.Args{"who": Who(text.English, query[strings.Index(query, "what=")+len("what="):]), "what": "BTC/JPY buy limit"}
		if want := text.Say(text.English, id, a); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q", query, want)
		}
	}
	for _, query := range []string{"did=freeze&what=nobody", "did=decide&what=9-9", "did=win&what=grid"} {
		if page := body(t, get(t, h, "/orders?lang=en&"+query, in)); strings.Contains(page, `data-live="done"`) {
			t.Errorf("%s has a result", query)
		}
	}
}

func TestTheFirstPageTellsOfDoubtAndNothingElseOfTheAccount(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		o    *owner
		want bool
	}{{everything(now), true}, {calmly(now), false}} {
		h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, c.o)
		page := body(t, get(t, h, "/?lang=en"))
		if got := strings.Contains(page, text.Say(text.English, "web.home.orders", nil)); got != c.want {
			t.Errorf("the first page tells of doubt: %t, want %t", got, c.want)
		}
		if strings.Contains(page, "grid") || strings.Contains(page, "0.42") {
			t.Error("the first page tells of the account without the login")
		}
	}
}

func TestWithoutAnAccountThePageSaysHowToConnectOne(t *testing.T) {
	now := time.Now()
	h := handler(&fake{snap: scenes(now)[0].snapshot(now)})
	for _, l := range bothLangs {
		for _, path := range []string{"/orders", "/orders/freeze", "/orders/decide?intent=1"} {
			r := get(t, h, path, in(l))
			page := body(t, r)
			wellMade(t, l, page)
			if r.StatusCode != http.StatusOK || !strings.Contains(page, "hikeshi keys add") {
				t.Errorf("%s: %s without the way", path, r.Status)
			}
		}
	}
}

// formOf are the fields of the form on a page.
func formOf(t *testing.T, page string) url.Values {
	t.Helper()
	out := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		out.Add(m[1], html.UnescapeString(m[2]))
	}
	return out
}
