package gateway

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
	"hikeshi/internal/lease"
)

var struck = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)

// lapses is a lease as it was left by a lapse.
var lapses = lease.Lease{Word: lease.Word{Bot: "maker", Epoch: 3, TTL: 30 * time.Second, State: lease.Safe, Why: lease.Silent}, Since: struck}

func TestAHeartbeatIsAnswered(t *testing.T) {
	k := newKit(t, fine(0))
	k.desk.beat = func(a lease.Ask) (lease.Lease, error) {
		armed := lease.Lease{Word: lease.Word{Bot: a.Bot, Epoch: a.Epoch, TTL: a.TTL, State: lease.Armed}, Since: struck, Expires: struck.Add(a.TTL)}
		switch {
		case a.Epoch < 3:
			return lapses, lease.ErrOld
		case a.Epoch == 8:
			return armed, ErrUnrecorded
		case a.Epoch == 9:
			return lease.Lease{}, ErrNotNow
		case a.TTL == 0:
			return lease.Lease{Word: lease.Word{Bot: a.Bot, Epoch: a.Epoch}}, nil
		}
		return armed, nil
	}
	const armed = `{"epoch":4,"expires_at":"2026-11-25T03:00:30Z","state":"armed","ttl_ms":30000,"since":"2026-11-25T03:00:00Z"}`
	for _, c := range []struct {
		bot, body string
		status    int
		want      string
	}{
		{"maker", `{"epoch":4,"ttl_ms":30000}`, 200, armed},
		{"maker", `{"epoch":8,"ttl_ms":30000}`, 200, strings.Replace(armed, `"epoch":4`, `"epoch":8`, 1)},
		{"maker", `{"epoch":4,"ttl_ms":0}`, 200, `{"epoch":4,"state":"off"}`},
		{"maker", `{"epoch":2,"ttl_ms":30000}`, 409, `{"epoch":3,"state":"safe","ttl_ms":30000,"since":"2026-11-25T03:00:00Z","why":"silent","reason":"` + lease.ErrOld.Error() + `"}`},
		{"maker", `{"epoch":9,"ttl_ms":30000}`, 200, `{"success":0,"data":{"code":10008}}`},
		{"reader", `{"epoch":4,"ttl_ms":30000}`, 200, `{"success":0,"data":{"code":70004}}`},
		{"", `{"epoch":4,"ttl_ms":30000}`, 200, `{"success":0,"data":{"code":20003}}`},
	} {
		w := k.ask(t, c.bot, http.MethodPost, pathBeat, c.body)
		if w.Code != c.status || w.Body.String() != c.want || w.Header().Get("Hikeshi-Outcome") != "" {
			t.Errorf("%s %s: HTTP %d %s, want %d %s", c.bot, c.body, w.Code, w.Body, c.status, c.want)
		}
		if said := w.Header().Get("Hikeshi-Reason"); strings.Contains(c.body, "8,") != strings.Contains(said, "not recorded") {
			t.Errorf("%s: the reason is %q", c.body, said)
		}
	}
}

func TestABadHeartbeatIsToldWhatIsWrong(t *testing.T) {
	k := newKit(t, fine(0))
	for _, c := range []struct{ body, says string }{
		{``, "no JSON object"},
		{`{"epoch":1}`, "ttl_ms must be"},
		{`{"ttl_ms":30000}`, "epoch must be"},
		{`{"epoch":0,"ttl_ms":30000}`, "epoch must be"},
		{`{"epoch":-1,"ttl_ms":30000}`, "epoch must be"},
		{`{"epoch":1.5,"ttl_ms":30000}`, "epoch must be"},
		{`{"epoch":"1","ttl_ms":30000}`, "epoch must be"},
		{`{"epoch":9007199254740993,"ttl_ms":30000}`, "epoch must be"},
		{`{"epoch":1,"ttl_ms":999}`, "from 1000 to 600000"},
		{`{"epoch":1,"ttl_ms":600001}`, "from 1000 to 600000"},
		{`{"epoch":1,"ttl_ms":-1}`, "from 1000 to 600000"},
		{`{"epoch":1,"epoch":2,"ttl_ms":30000}`, "stands twice"},
		{`{"epoch":1,"ttl_ms":30000,"policy":"all"}`, "none that the gateway knows"},
		{`{"epoch":1,"ttl_ms":30000}` + strings.Repeat(" ", maxBody), "too large"},
	} {
		w := k.ask(t, "maker", http.MethodPost, pathBeat, c.body)
		if said := w.Header().Get("Hikeshi-Reason"); w.Body.String() != `{"success":0,"data":{"code":10002}}` || !strings.Contains(said, c.says) {
			t.Errorf("%.60s: %s, %q", c.body, w.Body, said)
		}
	}
	if len(k.desk.beats) > 0 {
		t.Errorf("the desk heard %+v", k.desk.beats)
	}
}

// What the owner has said of a bot: what its lapse cancels, and whether any call is a sign of life.
func TestTheOwnerSaysWhatTheSwitchOfABotDoes(t *testing.T) {
	k := newKit(t, fine(0))
	id := bot("maker", everything).ID.Reveal()
	maker := k.bots[id]
	get := func() { k.ask(t, "maker", http.MethodGet, "/v1/user/assets", "") }
	get()
	k.ask(t, "maker", http.MethodPost, pathBeat, `{"epoch":1,"ttl_ms":1000}`)
	maker.Scope.Alive, maker.Scope.Lapse = keys.AliveByCalls, keys.LapseAll
	k.bots[id] = maker
	get()
	k.ask(t, "maker", http.MethodPost, pathBeat, `{"epoch":1,"ttl_ms":1000}`)
	if want := []int64{0, 0}; !slices.Equal(k.desk.alive, want) {
		t.Errorf("signs of life: %v, want %v", k.desk.alive, want)
	}
	if b := k.desk.beats; len(b) != 2 || b[0].Spare != lease.Protection || b[1].Spare != lease.Nothing || b[0].Bot != "maker" {
		t.Errorf("heartbeats: %+v", b)
	}
}

// A bot that says which life of its program an order comes from can be told when it is not the newest.
func TestAnOrderNamesItsEpoch(t *testing.T) {
	k := newKit(t, fine(0))
	for n, c := range []struct {
		header []string
		epoch  int64
		ok     bool
	}{{nil, 0, true}, {[]string{"3"}, 3, true}, {[]string{"0"}, 0, false}, {[]string{"x"}, 0, false}, {[]string{""}, 0, false}, {[]string{"3", "4"}, 0, false}} {
		k.desk.orders = nil
		r := request(t, t.Context(), "maker", http.MethodPost, pathOrder, strings.Replace(goodOrder, "0.01", "0.01"+strconv.Itoa(n+1), 1))
		r.Header["Hikeshi-Epoch"] = c.header
		w := k.do(r)
		if c.ok != (len(k.desk.orders) == 1) || c.ok && k.desk.orders[0].Epoch != c.epoch || !c.ok && !strings.Contains(w.Body.String(), "10002") {
			t.Errorf("%q: %s, %+v", c.header, w.Body, k.desk.orders)
		}
	}
}

func TestTheStateTellsOfTheSwitch(t *testing.T) {
	k := newKit(t, fine(0))
	k.desk.state = &State{Trading: "frozen", Since: struck, Switch: lapses, Report: &Report{
		Plan: "plan-1-1", Began: struck, Ended: struck.Add(time.Second), Left: []bitbank.OrderID{7},
		Orders: []bitbank.Order{{ID: 7, Pair: "btc_jpy", Status: bitbank.StatusUnfilled}}, Lost: []string{"1-2"},
	}}
	var got struct {
		Switch struct {
			State, Why string
			Epoch      int64
		}
		Report struct {
			Plan, Began, Ended string
			Orders             []struct {
				ID int64 `json:"order_id"`
			}
			Left   []int64
			Spared []json.RawMessage
			Lost   []string
		}
	}
	w := k.ask(t, "maker", http.MethodGet, pathOwn+"state", "")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	r := got.Report
	if got.Switch.State != "safe" || got.Switch.Epoch != 3 || got.Switch.Why != "silent" || r.Plan != "plan-1-1" || r.Ended != "2026-11-25T03:00:01Z" ||
		len(r.Orders) != 1 || r.Orders[0].ID != 7 || !slices.Equal(r.Left, []int64{7}) || r.Spared == nil || !slices.Equal(r.Lost, []string{"1-2"}) {
		t.Errorf("the state is %s", w.Body)
	}
}

func FuzzHeartbeat(f *testing.F) {
	for _, s := range []string{`{"epoch":1,"ttl_ms":30000}`, `{"epoch":1,"ttl_ms":0}`, `{"epoch":1e3,"ttl_ms":1}`, `{"epoch":null}`, `[]`, `{"ttl_ms":0,"epoch":9007199254740992}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := readBeat(body)
		if err != nil {
			if a != (lease.Ask{}) || mistakeOf(err).say == "" {
				t.Errorf("refused, and read as %+v: %v", a, err)
			}
			return
		}
		if a.Epoch < 1 || a.Epoch > lease.MostEpoch || a.TTL != 0 && (a.TTL < lease.LeastTTL || a.TTL > lease.MostTTL) {
			t.Errorf("taken: %+v", a)
		}
		again, err := json.Marshal(map[string]int64{"epoch": a.Epoch, "ttl_ms": a.TTL.Milliseconds()})
		if b, err2 := readBeat(again); err != nil || err2 != nil || b != a {
			t.Errorf("%s reads as %+v, %+v was meant", again, b, a)
		}
	})
}
