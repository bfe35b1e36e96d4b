package pubnub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/sim/pubnub"
)

func TestTheFirstCallTellsAtOnceWhereToGoOnFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		token := r.Grant(mine, time.Now().Add(time.Hour))
		r.say(mine, 1, pubnub.Fate{}) // before anybody came
		time.Sleep(time.Second)
		began := time.Now()
		for _, tt := range []string{"", "&tt=0", "&ee=&on-demand=1&state=%7B%7D&heartbeat=300&filter-expr=a%20%3D%3D%201&tr=3&pnsdk=x"} {
			status, got := r.get("/v2/subscribe/" + key + "/" + mine + "/0?uuid=" + mine + "&auth=" + token + tt)
			if want := `{"t":{"t":"09466848010000000","r":12},"m":[]}`; status != 200 || got != want {
				t.Errorf("%s: %d %s, want %s", tt, status, got, want)
			}
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited for %v", waited)
		}
	})
}

func TestAMessageHasTheEnvelopeOfPubNub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		got := c.polling(t.Context())
		time.Sleep(time.Minute)
		r.Publish(mine, json.RawMessage(`{"method":"spot_order_new","params":[]}`), pubnub.Fate{}, time.Now())
		want := `{"t":{"t":"09466848600000000","r":12},"m":[{"a":"5","f":0,"i":"bitbank","p":{"t":"09466848600000000","r":12},` +
			`"k":"sub-c-test","c":"channel-of-mine","d":{"method":"spot_order_new","params":[]}}]}`
		if h := <-got; h.body != want {
			t.Errorf("%+v, want %s", h, want)
		}
	})
}

func TestAPollWithoutAMessageEndsWhereItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		r.say("another", 1, pubnub.Fate{})
		began, place := time.Now(), c.place
		h := c.poll(t.Context())
		if h.status != 200 || h.messages != nil || c.place != place || time.Since(began) != 280*time.Second {
			t.Errorf("%+v from %s to %s after %v", h, place, c.place, time.Since(began))
		}
	})
}

func TestMessagesBetweenTwoPollsAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{Batch: 3})
		c := r.join(t, mine)
		for n := range 5 {
			r.say(mine, n, pubnub.Fate{})
		}
		if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{"0", "1", "2"}) {
			t.Errorf("first answer: %+v", h)
		}
		r.say(mine, 5, pubnub.Fate{})
		if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{"3", "4", "5"}) {
			t.Errorf("second answer: %+v", h)
		}
	})
}

func TestWhatOverflowsOrIsTooOldIsGoneWithoutAWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		for n := range 130 {
			r.say(mine, n, pubnub.Fate{})
		}
		if h := c.poll(t.Context()); len(h.messages) != 100 || h.messages[0] != "30" || h.messages[99] != "129" {
			t.Errorf("after 130 messages: %+v", h)
		}
		r.say(mine, 200, pubnub.Fate{})
		time.Sleep(15 * time.Minute)
		r.say(mine, 201, pubnub.Fate{})
		time.Sleep(5*time.Minute + time.Millisecond)
		if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{"201"}) {
			t.Errorf("after 20 minutes: %+v", h)
		}
	})
}

func TestOneMessageWakesEverybodyWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		var all []<-chan heard
		for range 200 {
			all = append(all, r.join(t, mine).polling(t.Context()))
		}
		other := r.join(t, "another").polling(t.Context())
		synctest.Wait()
		r.say(mine, 7, pubnub.Fate{})
		for i, got := range all {
			if h := <-got; !slices.Equal(h.messages, []string{"7"}) {
				t.Errorf("poll %d: %+v", i, h)
			}
		}
		if synctest.Wait(); len(other) != 0 {
			t.Errorf("the other channel heard %+v", <-other)
		}
	})
}

func TestTokensOpenTheirChannelUntilTheyExpire(t *testing.T) {
	const forbidden = `{"message":"Forbidden","payload":{"channels":["channel-of-mine"]},"error":true,"service":"Access Manager","status":403}` + "\n"
	const expired = `{"message":"Token is expired","error":true,"service":"Access Manager","status":403}` + "\n"
	const revoked = `{"message":"Token is revoked","error":true,"service":"Access Manager","status":403}` + "\n"
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		good := r.Grant(mine, time.Now().Add(12*time.Hour))
		bad := r.Grant(mine, time.Now().Add(time.Second))
		old := r.Grant(mine, time.Now().Add(time.Second))
		theirs := r.Grant("another", time.Now().Add(12*time.Hour))
		r.Revoke(bad)
		time.Sleep(time.Second)
		for _, c := range []struct{ channel, query, want string }{
			{mine, "uuid=" + mine + "&auth=" + good, ""},
			{mine, "uuid=" + mine, forbidden},
			{mine, "uuid=" + mine + "&auth=nonsense", forbidden},
			{mine, "uuid=" + mine + "&auth=" + theirs, forbidden},
			{mine, "uuid=another&auth=" + theirs, forbidden},
			{mine, "uuid=another&auth=" + good, forbidden},
			{mine, "auth=" + good, forbidden},
			{mine, "uuid=" + mine + "&auth=" + old, expired},
			{mine, "uuid=" + mine + "&auth=" + bad, revoked},
			{mine + ",another", "uuid=" + mine + "&auth=" + good, strings.Replace(forbidden, mine, "another", 1)},
			{mine + ",another", "uuid=another&auth=" + theirs, forbidden},
			{mine, "channel-group=g,h&uuid=" + mine + "&auth=" + good, strings.Replace(forbidden, `"channels":["channel-of-mine"]`, `"channel-groups":[":g",":h"]`, 1)},
			{",", "channel-group=g&uuid=" + mine + "&auth=" + good, strings.Replace(forbidden, `"channels":["channel-of-mine"]`, `"channel-groups":[":g"]`, 1)},
		} {
			for path, fine := range map[string]string{
				"/v2/subscribe/" + key + "/" + c.channel + "/0":                        `{"t":{"t":"09466848010000000","r":12},"m":[]}`,
				"/v2/presence/sub-key/" + key + "/channel/" + c.channel + "/heartbeat": `{"message":"OK","service":"Presence","status":200}`,
				"/v2/presence/sub_key/" + key + "/channel/" + c.channel + "/leave":     `{"action":"leave","message":"OK","service":"Presence","status":200}`,
			} {
				want, wantStatus := c.want, 403
				if want == "" {
					want, wantStatus = fine, 200
				}
				if status, got := r.get(path + "?" + c.query); status != wantStatus || got != want {
					t.Errorf("%s?%s: %d %s, want %d %s", path, c.query, status, got, wantStatus, want)
				}
			}
		}
	})
}

func TestAnyUUIDMayUseATokenWhenTheOptionSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{AnyUUID: true})
		token := r.Grant(mine, time.Now().Add(time.Hour))
		if status, got := r.get("/v2/subscribe/" + key + "/" + mine + "/0?uuid=somebody&auth=" + token); status != 200 {
			t.Errorf("%d %s", status, got)
		}
	})
}

// A client that gets a new token and asks from its old place misses nothing.
func TestNothingIsHandedOverOnATokenThatExpiredWhileThePollWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		c.token = r.Grant(mine, time.Now().Add(time.Minute))
		got := c.polling(t.Context())
		time.Sleep(2 * time.Minute)
		if len(got) != 0 {
			t.Fatalf("the poll was answered at the token's end: %+v", <-got)
		}
		r.say(mine, 1, pubnub.Fate{})
		if h := <-got; h.status != 403 || !strings.Contains(h.body, "Token is expired") {
			t.Errorf("%+v", h)
		}
		c.token = r.Grant(mine, time.Now().Add(time.Minute))
		if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{"1"}) {
			t.Errorf("with a new token: %+v", h)
		}
	})
}

func TestRevokingRefusesThePollThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		one, two := r.join(t, mine), r.join(t, mine)
		first, second := one.polling(t.Context()), two.polling(t.Context())
		synctest.Wait()
		r.Revoke(one.token)
		if h := <-first; h.status != 403 || !strings.Contains(h.body, "Token is revoked") {
			t.Errorf("%+v", h)
		}
		if synctest.Wait(); len(second) != 0 {
			t.Errorf("the other token: %+v", <-second)
		}
		r.Revoke(mine)
		if h := <-second; h.status != 403 {
			t.Errorf("with all tokens of the channel: %+v", h)
		}
		if h := r.join(t, mine).poll(timeout(t, time.Second)); !errors.Is(h.err, context.DeadlineExceeded) {
			t.Errorf("a token that was granted afterwards: %+v", h)
		}
	})
}

func timeout(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestWhatIsNoRequestIsRefusedAsPubNubDoes(t *testing.T) {
	complaint := func(status int, service, message string) string {
		return fmt.Sprintf(`{"message":%q,"error":true,"service":%q,"status":%d}`+"\n", message, service, status)
	}
	bad := complaint(400, "Access Manager", "Could Not Parse Request")
	elsewhere := complaint(404, "Balancer", "Not Found")
	none := `{"message":"Forbidden","payload":{},"error":true,"service":"Access Manager","status":403}` + "\n"
	many := strings.Repeat("c,", 50)
	for i := range 101 {
		many += fmt.Sprintf("c%d,", i)
	}
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		auth := "?uuid=" + mine + "&auth=" + r.Grant(mine, time.Now().Add(time.Hour))
		for _, c := range []struct {
			path   string
			status int
			want   string
		}{
			{"/", 404, elsewhere},
			{"/time", 404, elsewhere},
			{"/time/1", 404, elsewhere},
			{"/nothing/here", 404, elsewhere},
			{"/subscribe/" + key + "/c/0/0", 404, elsewhere},
			{"/v2/subscribe/" + key, 404, elsewhere},
			{"/v2/subscribe/" + key + "/c/1", 404, elsewhere},
			{"/v2/subscribe/" + key + "/c/0/0", 404, elsewhere},
			{"/v2/presence/key/" + key + "/channel/c/leave", 404, `{"message":"Not found: '/v2/presence/key/sub-c-test/channel/c/leave'","error":1,"service":"Presence"}` + "\n"},
			{"/v2/presence/sub-key/" + key + "/channel/" + mine + auth, 403, none}, // who is here
			{"/publish/p/" + key + "/0/c/0/1" + auth, 403, none},
			{"/v3/history/sub-key/" + key + "/channel/c" + auth, 403, none},
			{"/v2/subscribe/another/" + mine + "/0" + auth, 400, complaint(400, "Access Manager", "Invalid Subscribe Key")},
			{"/v2/subscribe/" + key + "/,/0" + auth, 400, bad},
			{"/v2/subscribe/" + key + "//0" + auth, 400, bad},
			{"/v2/subscribe/" + key + "/" + many + "/0" + auth, 400, bad},
			{"/v2/subscribe/" + key + "/c/0" + auth + "&tt=x", 400, bad},
			{"/v2/subscribe/" + key + "/c/0" + auth + "&tt=-1", 400, bad},
			{"/v2/subscribe/" + key + "/c/0" + auth + "&tt=%2B1", 400, bad},
			{"/v2/subscribe/" + key + "/c/0" + auth + "&tt=99999999999999999999", 400, bad},
			{"/v2/subscribe/" + key + "/c/0" + auth + "&a=%zz", 400, bad},
			{"/v2/subscribe/" + key + "/" + strings.Repeat("c", 33<<10) + "/0", 414, complaint(414, "Balancer", "Request URI Too Long")},
		} {
			if status, got := r.get(c.path); status != c.status || got != c.want {
				t.Errorf("%.100s: %d %s, want %d %s", c.path, status, got, c.status, c.want)
			}
		}
		got, err := r.client.Post("http://pubnub/v2/subscribe/"+key+"/"+mine+"/0"+auth, "text/plain", nil)
		if err != nil || got.StatusCode != 405 || got.Header.Get("Content-Type") != `text/javascript; charset="UTF-8"` {
			t.Fatalf("POST: %v %v", got, err)
		}
		got.Body.Close()
	})
}

func TestTheTimeIsAListOfOneNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		if status, got := r.get("/time/0?pnsdk=x"); status != 200 || got != "[9466848000000000]" {
			t.Errorf("%d %s", status, got)
		}
	})
}

// A host whose clock is wrong says so everywhere but in timetokens: those are the order of messages.
func TestAWrongClockShowsInTheTimeAndInTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pubnub.New(pubnub.Options{SubscribeKey: key})
		defer s.Close()
		path := "/v2/subscribe/" + key + "/" + mine + "/0?uuid=" + mine + "&auth=" + s.Grant(mine, time.Now().Add(time.Minute))
		ask := func(path string, skew time.Duration) pubnub.Answer {
			a, ok := s.Answer(httptest.NewRequest("GET", path, nil), skew)
			if !ok {
				t.Errorf("%s: cut", path)
			}
			return a
		}
		if a := ask("/time/0", time.Hour); string(a.Body) != "[9466884000000000]" || !a.Time.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("time: %s at %v", a.Body, a.Time)
		}
		if a := ask(path, 0); string(a.Body) != `{"t":{"t":"09466848000000000","r":12},"m":[]}` {
			t.Errorf("right clock: %s", a.Body)
		}
		if a := ask(path, 59*time.Second); string(a.Body) != `{"t":{"t":"09466848000000000","r":12},"m":[]}` {
			t.Errorf("clock ahead: %s", a.Body)
		}
		if a := ask(path, time.Minute); a.Status != 403 {
			t.Errorf("clock beyond the token's end: %s", a.Body)
		}
	})
}

func TestTimetokensRiseThoughTheClockStandsOrStepsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		now := time.Now()
		for i, at := range []time.Time{now, now, now.Add(time.Second), now.Add(-time.Hour), now.Add(-time.Hour), now} {
			before := c.place
			r.Publish(mine, json.RawMessage(fmt.Sprint(i)), pubnub.Fate{}, at)
			if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{fmt.Sprint(i)}) || c.place <= before || len(c.place) != 17 {
				t.Errorf("message %d: %+v, from %s to %s", i, h, before, c.place)
			}
		}
	})
}

func TestBrowsersMayReadAndLargeAnswersAreCompressed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		r.say(mine, 1, pubnub.Fate{})
		for _, accept := range []struct {
			coding string
			zipped bool
		}{{"gzip, deflate", true}, {"br;q=1, gzip;q=0.5", true}, {"gzip;q=0", false}, {"deflate", false}, {"", false}} {
			w := httptest.NewRecorder()
			req := httptest.NewRequest("GET", c.path(), nil)
			req.Header.Set("Accept-Encoding", accept.coding)
			r.ServeHTTP(w, req)
			if h := w.Header(); (h.Get("Content-Encoding") == "gzip") != accept.zipped || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Date") == "" {
				t.Errorf("%q: %v", accept.coding, h)
			}
		}
		if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{"1"}) { // Go's client accepts gzip and unpacks it
			t.Errorf("%+v", h)
		}
		for _, method := range []string{"HEAD", "OPTIONS"} {
			req, _ := http.NewRequest(method, "http://pubnub/time/0", nil)
			got, err := r.client.Do(req)
			if err != nil || got.StatusCode != 200 || got.Header.Get("Access-Control-Allow-Methods") != "OPTIONS, GET, POST" {
				t.Fatalf("%s: %v %v", method, got, err)
			}
			got.Body.Close()
		}
	})
}

func TestOnlySoManyPollsWaitAndWhoHasGoneMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{Polls: 1})
		one, two := r.join(t, mine), r.join(t, mine)
		ctx, cancel := context.WithCancel(t.Context())
		first := one.polling(ctx)
		synctest.Wait()
		if h := two.poll(t.Context()); h.status != 429 || !strings.Contains(h.body, "Too Many Requests") {
			t.Errorf("a poll too many: %+v", h)
		}
		cancel()
		if h := <-first; !errors.Is(h.err, context.Canceled) {
			t.Errorf("%+v", h)
		}
		synctest.Wait()
		second := two.polling(t.Context())
		synctest.Wait()
		r.say(mine, 1, pubnub.Fate{})
		if h := <-second; !slices.Equal(h.messages, []string{"1"}) {
			t.Errorf("after the first had gone: %+v", h)
		}
	})
}

func TestClosingCutsEveryPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		var all []<-chan heard
		for range 10 {
			all = append(all, r.join(t, mine).polling(t.Context()))
		}
		late := r.join(t, mine)
		synctest.Wait()
		r.Close()
		r.Close()
		for _, got := range append(all, late.polling(t.Context())) {
			if h := <-got; h.err == nil {
				t.Errorf("%+v", h)
			}
		}
	})
}

func TestTheSameSeedGivesTheSameTokens(t *testing.T) {
	tokens := func(seed uint64) []string {
		s := pubnub.New(pubnub.Options{Seed: seed})
		defer s.Close()
		return []string{s.Grant("a", time.Now()), s.Grant("b", time.Now())}
	}
	one := tokens(1)
	if !slices.Equal(one, tokens(1)) || one[0] == one[1] || slices.Equal(one, tokens(2)) {
		t.Errorf("%q", one)
	}
}
