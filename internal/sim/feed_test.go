package sim

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A poller polls the private stream as a client without an SDK does.
type poller struct {
	t             *testing.T
	s             *Sim
	channel, auth string
	tt            string
}

func (c caller) listen() *poller {
	c.t.Helper()
	got := c.want(0, "GET", "/v1/user/subscribe", "")
	return &poller{c.t, c.s, got["pubnub_channel"].(string), got["pubnub_token"].(string), "0"}
}

// poll asks once and returns the methods of the messages that came.
func (l *poller) poll(want int) (methods []string) {
	l.t.Helper()
	r := get(l.t, l.s, "pubnub", "/v2/subscribe/sub-c-ecebae8e-dd60-11e6-b6b1-02ee2ddab7fe/"+l.channel+"/0?uuid="+l.channel+"&auth="+l.auth+"&tt="+l.tt)
	if r.StatusCode != want {
		l.t.Fatalf("poll: HTTP %d, want %d: %s", r.StatusCode, want, text(l.t, r))
	}
	if want != http.StatusOK {
		return nil
	}
	var got struct {
		T struct{ T string }
		M []struct{ D struct{ Method string } }
	}
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
		l.t.Fatal(err)
	}
	for _, m := range got.M {
		methods = append(methods, m.D.Method)
	}
	l.tt = got.T.T
	return methods
}

func TestTheOwnerOfAnOrderHearsOfItBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := calm(t, Options{Seed: 1})
		c := firstCaller(t, s)
		l := c.listen()
		l.poll(200) // where the stream stands
		heard := make(chan []string, 1)
		go func() { heard <- l.poll(200) }()
		synctest.Wait()
		c.want(0, "POST", orderPath, far(""))
		synctest.Wait()
		select {
		case got := <-heard:
			if len(got) == 0 || got[0] != "spot_order_new" {
				t.Errorf("heard %v", got)
			}
		default:
			t.Error("the order was answered, and its owner has heard nothing")
		}
		// What is told between two polls is not lost, other accounts hear none of it, and a revoked token ends it.
		c.want(0, "POST", orderPath, far(""))
		time.Sleep(time.Second)
		if got := l.poll(200); len(got) < 2 {
			t.Errorf("caught up with %v", got)
		}
		if status, _ := callControl(t, s, "POST", "/accounts/sim", `{"revoke":true}`); status != 200 {
			t.Errorf("revoke: %d", status)
		}
		l.poll(403)
	})
}

// The faults of the public stream happen to the private one as well.
func TestFaultsOfThePrivateStream(t *testing.T) {
	for _, c := range []struct {
		fault string
		want  func(got []string) bool
	}{
		{`{"host":"pubnub","effect":"mute_channel","match":{"path":"spot_order_new"}}`, func(got []string) bool { return len(got) == 1 && got[0] == "asset_update" }},
		{`{"host":"pubnub","effect":"duplicate","match":{"path":"spot_order_new"}}`, func(got []string) bool { return len(got) == 3 && got[1] == "spot_order_new" }},
		{`{"host":"pubnub","effect":"slow","delay_ms":3000,"match":{"path":"spot_order_new"}}`, func(got []string) bool { return len(got) == 1 }},
	} {
		t.Run(c.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := calm(t, Options{Seed: 1})
				go s.Play(t.Context())
				a := firstCaller(t, s)
				l := a.listen()
				l.poll(200)
				fault(t, s, c.fault)
				a.want(0, "POST", orderPath, far(""))
				time.Sleep(time.Second)
				if got := l.poll(200); !c.want(got) {
					t.Errorf("heard %v", got)
				}
			})
		})
	}
}
