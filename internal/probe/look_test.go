package probe_test

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/probe"
)

const (
	tickerBody = `{"success":1,"data":{"sell":"2","buy":"1","high":"3","low":"1","open":"1","last":"1.50","vol":"9","timestamp":946684800123}}`
	pagesBody  = `<!doctype html><html><head><title>bitbank</title></head><body>hello</body></html>`
)

var four = []netip.Addr{netip.MustParseAddr("192.0.2.1")}

func api(code string) string { return ok(`{"success":0,"data":{"code":` + code + `}}`) }

func htmlPage(title string) string {
	return "<!doctype html><html><head><title>" + title + "</title></head><body></body></html>"
}

// What a host does, and what a look at it says.
func TestEveryWayToFailHasItsOwnCode(t *testing.T) {
	type sees struct {
		name    string
		host    probe.Host
		target  probe.Target
		talk    func(net.Conn)
		failure probe.Failure
		phase   probe.Phase
		code    int
	}
	content := func(f probe.Failure) probe.Phase {
		if f == probe.OK {
			return ""
		}
		return probe.Content
	}
	public := func(name string, talk func(net.Conn), f probe.Failure, p probe.Phase) sees {
		return sees{name, probe.Public, probe.PublicTicker, talk, f, p, 0}
	}
	coded := func(code int, f probe.Failure) sees {
		return sees{"code " + itoa(code), probe.Public, probe.PublicTicker, says(api(itoa(code))), f, probe.Content, code}
	}
	web := func(name, text string, f probe.Failure) sees {
		return sees{name, probe.Web, probe.WebPage, says(text), f, content(f), 0}
	}
	neutral := func(name, text string, f probe.Failure) sees {
		return sees{name, probe.Neutral1, probe.Neutral1Page, says(text), f, content(f), 0}
	}
	for _, c := range []sees{
		public("well", says(ok(tickerBody)), probe.OK, ""),
		public("no answer", func(c net.Conn) { io.Copy(io.Discard, c) }, probe.Timeout, probe.FirstByte),
		public("cut after the request", func(c net.Conn) { c.Read(make([]byte, 4096)) }, probe.Reset, probe.FirstByte),
		public("no HTTP", says("220 mail.example ESMTP\r\n"), probe.NotJSON, probe.FirstByte),
		public("half a body", func(c net.Conn) {
			c.Read(make([]byte, 4096))
			io.WriteString(c, strings.TrimSuffix(ok(tickerBody), `00123}}`))
		}, probe.Truncated, probe.Body),
		public("half of JSON", says(ok(`{"success":1,"data":{"sell":"2`)), probe.Truncated, probe.Content),
		public("a body that trickles", func(c net.Conn) {
			c.Read(make([]byte, 4096))
			for _, b := range []byte(ok(tickerBody)) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}, probe.BodySlow, probe.Body),
		public("headers without end", func(c net.Conn) {
			c.Read(make([]byte, 4096))
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for {
				if _, err := io.WriteString(c, "X-More: "+strings.Repeat("a", 4000)+"\r\n"); err != nil {
					return
				}
			}
		}, probe.Reset, probe.FirstByte),
		public("HTML", says(page(pagesBody)), probe.HTML, probe.Content),
		public("nothing", says(ok("")), probe.Empty, probe.Content),
		public("text", says(with("200 OK", "text/plain", "hello")), probe.NotJSON, probe.Content),
		public("other JSON", says(ok(`{"hello":1}`)), probe.Shape, probe.Content),
		public("a ticker without a time", says(ok(`{"success":1,"data":{"last":"1"}}`)), probe.Shape, probe.Content),
		public("502", says(with("502 Bad Gateway", "text/html", htmlPage("502 Bad Gateway"))), probe.HTTP5xx, probe.Content),
		public("403", says(with("403 Forbidden", "text/plain", "no")), probe.HTTP4xx, probe.Content),
		public("429", says(with("429 Too Many Requests", "text/plain", "slow down")), probe.RateLimited, probe.Content),
		public("redirect to others", says("HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n"), probe.Foreign, probe.Content),
		public("Cloudflare asks", says("HTTP/1.1 403 Forbidden\r\nCf-Mitigated: challenge\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"), probe.Challenge, probe.Content),
		public("AWS WAF asks", says("HTTP/1.1 202 Accepted\r\nX-Amzn-Waf-Action: challenge\r\nContent-Length: 0\r\n\r\n"), probe.Challenge, probe.Content),
		public("CloudFront blocks", says(with("403 Forbidden", "text/html", htmlPage("ERROR: The request could not be satisfied")+"Request blocked.")), probe.Challenge, probe.Content),
		coded(10007, probe.Maintenance), coded(10008, probe.Busy), coded(70011, probe.Busy), coded(10009, probe.RateLimited),
		coded(20034, probe.ClockRefused), coded(20035, probe.ClockRefused), coded(10001, probe.APIError), coded(20002, probe.APIError),
		{"maintenance with 503", probe.Public, probe.PublicTicker, says(with("503 Service Unavailable", "application/json", `{"success":0,"data":{"code":10007}}`)), probe.Maintenance, probe.Content, 10007},
		{"refused for want of a key", probe.Private, probe.PrivateAnon, says(api("20003")), probe.OK, "", 20003},
		{"answered without a key", probe.Private, probe.PrivateAnon, says(ok(`{"success":1,"data":{"assets":[]}}`)), probe.Shape, probe.Content, 0},
		{"statuses", probe.Private, probe.PrivateStatus, says(ok(`{"success":1,"data":{"statuses":[{"pair":"btc_jpy","status":"NORMAL","min_amount":"0.0001"}]}}`)), probe.OK, "", 0},

		web("a page", page(pagesBody), probe.OK),
		web("an error page with 200", page(htmlPage("エラーが発生しました")), probe.HTML),
		web("a maintenance page with 200", page(htmlPage("メンテナンス中 | bitbank")), probe.Maintenance),
		web("a maintenance page with 503", with("503 Service Unavailable", "text/html", htmlPage("ただいまメンテナンス中です")), probe.Maintenance),
		web("a notice of maintenance", page(htmlPage("メンテナンスのお知らせ")), probe.OK),
		web("an empty page", page(" \n"), probe.Empty),
		web("just a moment", page(htmlPage("Just a moment...")), probe.Challenge),
		web("maintenance in JSON", api("10007"), probe.Maintenance),
		web("404", with("404 Not Found", "text/html", htmlPage("404")), probe.HTTP4xx),
		web("504", with("504 Gateway Time-out", "text/html", ""), probe.HTTP5xx),
		web("sent to others", "HTTP/1.1 301 Moved\r\nLocation: https://parked.example/\r\nContent-Length: 0\r\n\r\n", probe.Foreign),
		web("redirects without end", "HTTP/1.1 301 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", probe.HTTP4xx),

		neutral("a page", page(pagesBody), probe.OK),
		neutral("511", with("511 Network Authentication Required", "text/html", ""), probe.Portal),
		neutral("sent to a portal", "HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/\r\nContent-Length: 0\r\n\r\n", probe.Portal),
		neutral("a portal's page", page(htmlPage("Free Wi-Fi")), probe.Portal),
		neutral("a password is wanted", page(`<html><form><input type="password"></form></html>`), probe.Portal),
		neutral("500", with("500 Internal Server Error", "text/html", ""), probe.HTTP5xx),

		{"venue", probe.Venue1, probe.Venue1Ticker, says(ok(`{"data":[{"last":15000000.5}]}`)), probe.OK, "", 0},
		{"venue without its price", probe.Venue1, probe.Venue1Ticker, says(ok(`{"data":[]}`)), probe.Shape, probe.Content, 0},
		{"venue shows HTML", probe.Venue1, probe.Venue1Ticker, says(page(pagesBody)), probe.HTML, probe.Content, 0},
		{"PubNub", probe.PubNub, probe.PubNubTime, says(ok(`[9466848001230000]`)), probe.OK, "", 0},
		{"PubNub says something else", probe.PubNub, probe.PubNubTime, says(ok(`{"status":403}`)), probe.Shape, probe.Content, 0},
	} {
		t.Run(string(c.host)+" "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t)
				w.names["h.example"] = four
				w.serve("192.0.2.1:80", c.talk)
				o := look(t, probes(t, probe.Options{Places: map[probe.Host]probe.Place{
					c.host: {URL: "http://h.example/", Ticker: "data.0.last"},
				}}, w)[c.target])
				if o.Failure != c.failure || o.Phase != c.phase || o.Code != c.code || o.Target != c.target || o.Host != c.host {
					t.Errorf("got %q in %q, code %d (%s), want %q in %q, code %d", o.Failure, o.Phase, o.Code, o.Detail, c.failure, c.phase, c.code)
				}
				if len(o.Detail) > 200 || o.Late || o.At.IsZero() || o.Addr != four[0] || o.Family != probe.IPv4 {
					t.Errorf("odd observation: %+v", o)
				}
			})
		})
	}
}

func TestTheWayToAHostFailsInItsOwnCode(t *testing.T) {
	type setup func(t *testing.T, w *wire, a authority) probe.Machine
	door := func(err error) setup {
		return func(_ *testing.T, w *wire, _ authority) probe.Machine {
			w.door("192.0.2.1:443", func(net.Conn) error { return err })
			return w
		}
	}
	cert := func(name string, end time.Duration, ours bool) setup {
		return func(t *testing.T, w *wire, a authority) probe.Machine {
			if !ours {
				a = newAuthority(t)
			}
			w.site(t, "192.0.2.1:443", a.sign(t, name, time.Now().Add(end)), func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, tickerBody) })
			return w
		}
	}
	names := func(err error) setup {
		return func(_ *testing.T, w *wire, _ authority) probe.Machine {
			w.refuse[" h.example"] = err
			return w
		}
	}
	talk := func(talk func(net.Conn)) setup {
		return func(_ *testing.T, w *wire, _ authority) probe.Machine { w.serve("192.0.2.1:443", talk); return w }
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		name    string
		setup   setup
		failure probe.Failure
		phase   probe.Phase
	}{
		{"well", cert("h.example", day, true), probe.OK, ""},
		{"refused", door(syscall.ECONNREFUSED), probe.ConnectRefused, probe.Connect},
		{"reset while connecting", door(syscall.ECONNRESET), probe.ConnectReset, probe.Connect},
		{"no route", door(syscall.EHOSTUNREACH), probe.ConnectUnreachable, probe.Connect},
		{"black hole", func(_ *testing.T, w *wire, _ authority) probe.Machine { return hole{w} }, probe.ConnectTimeout, probe.Connect},
		{"the certificate ran out", cert("h.example", -time.Hour, true), probe.TLSExpired, probe.TLS},
		{"another name's certificate", cert("other.example", day, true), probe.TLSName, probe.TLS},
		{"a stranger's certificate", cert("h.example", day, false), probe.TLSUntrusted, probe.TLS},
		{"no handshake", talk(func(c net.Conn) { io.Copy(io.Discard, c) }), probe.TLSTimeout, probe.TLS},
		{"cut in the handshake", talk(func(c net.Conn) { c.Read(make([]byte, 64)) }), probe.TLSFailed, probe.TLS},
		{"plain HTTP at the port of TLS", talk(says("HTTP/1.1 400 Bad Request\r\n\r\n")), probe.TLSFailed, probe.TLS},
		{"no such name", names(&net.DNSError{IsNotFound: true}), probe.DNSNotFound, probe.DNS},
		{"the resolver fails", names(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), probe.DNSFailed, probe.DNS},
		{"the resolver is out of reach", names(&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}), probe.ConnectUnreachable, probe.DNS},
		{"the resolver drops everything", func(_ *testing.T, w *wire, _ authority) probe.Machine { w.mute[""] = true; return w }, probe.DNSTimeout, probe.DNS},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, a := newWire(t), newAuthority(t)
				w.names["h.example"] = four
				m := c.setup(t, w, a)
				all := probes(t, probe.Options{
					Roots: a.pool(), Families: []probe.Family{probe.IPv4},
					Places: map[probe.Host]probe.Place{probe.Public: {URL: "https://h.example"}, probe.Neutral1: {URL: "https://h.example/"}},
				}, m)
				for _, target := range []probe.Target{probe.PublicTicker, probe.PublicDepth, probe.Public4, probe.Neutral1Page} {
					o := look(t, all[target])
					if target == probe.PublicDepth && c.failure == probe.OK {
						continue // a ticker is no depth
					}
					if target == probe.Public4 && o.Target == "" && (c.failure == probe.DNSNotFound || c.failure == probe.ConnectUnreachable) {
						continue // this machine never had the way, or the host has no such address
					}
					if o.Failure != c.failure || o.Phase != c.phase {
						t.Errorf("%s: got %q in %q (%s), want %q in %q", target, o.Failure, o.Phase, o.Detail, c.failure, c.phase)
					}
				}
			})
		})
	}
}

func TestAKeptConnectionIsUsedAgainAndItsEndIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["h.example"] = four
		var conns []net.Conn
		w.door("192.0.2.1:80", func(c net.Conn) error {
			conns = append(conns, c)
			w.busy.Go(func() { defer c.Close(); says(ok(tickerBody))(c) })
			return nil
		})
		p := probes(t, probe.Options{Places: map[probe.Host]probe.Place{probe.Public: {URL: "http://h.example"}}}, w)[probe.PublicTicker]
		var fresh []bool
		for range 3 {
			o := look(t, p)
			if o.Failure != probe.OK || o.Last != "1.50" || !o.DataAt.Equal(time.UnixMilli(946684800123)) {
				t.Fatalf("got %+v", o)
			}
			fresh = append(fresh, o.Fresh)
			if len(fresh) == 2 {
				conns[0].Close() // while nobody asks
			}
		}
		if want := []bool{true, false, true}; fresh[0] != want[0] || fresh[1] != want[1] || fresh[2] != want[2] {
			t.Errorf("fresh: got %v, want %v", fresh, want)
		}
	})
}

// A request that is lost is not sent again: the budget counted one.
func TestALostRequestIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["h.example"] = four
		asked := 0
		w.serve("192.0.2.1:80", func(c net.Conn) {
			for first := true; ; first = false {
				if _, err := c.Read(make([]byte, 4096)); err != nil {
					return
				}
				asked++
				if !first {
					return // cut under the second request
				}
				io.WriteString(c, ok(tickerBody))
			}
		})
		p := probes(t, probe.Options{Places: map[probe.Host]probe.Place{probe.Public: {URL: "http://h.example"}}}, w)[probe.PublicTicker]
		look(t, p)
		if o := look(t, p); o.Failure != probe.Reset || o.Fresh {
			t.Errorf("got %q, fresh %v, want a reset of a kept connection", o.Failure, o.Fresh)
		}
		if asked != 2 {
			t.Errorf("asked %d times, want 2", asked)
		}
	})
}

func TestPhasesAreTimedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["h.example"] = four
		w.serve("192.0.2.1:80", func(c net.Conn) {
			c.Read(make([]byte, 4096))
			time.Sleep(70 * time.Millisecond)
			text := ok(tickerBody)
			io.WriteString(c, text[:len(text)-5])
			time.Sleep(110 * time.Millisecond)
			io.WriteString(c, text[len(text)-5:])
		})
		slow := slowly{w, 30 * time.Millisecond, 50 * time.Millisecond}
		o := look(t, probes(t, probe.Options{Places: map[probe.Host]probe.Place{probe.Public: {URL: "http://h.example"}}}, slow)[probe.PublicTicker])
		want := probe.Timing{DNS: 30 * time.Millisecond, Connect: 50 * time.Millisecond, FirstByte: 70 * time.Millisecond, Body: 110 * time.Millisecond}
		if o.Timing != want || o.Took != 260*time.Millisecond {
			t.Errorf("got %+v in %v, want %+v in 260ms", o.Timing, o.Took, want)
		}
	})
}

func TestASlowLookSaysSoAtOnceAndOnlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["h.example"] = four
		w.serve("192.0.2.1:80", func(c net.Conn) { io.Copy(io.Discard, c) })
		p := probes(t, probe.Options{Places: map[probe.Host]probe.Place{probe.Public: {URL: "http://h.example"}}}, w)[probe.PublicTicker]
		begin := time.Now()
		var early []probe.Observation
		o := p.Look(t.Context(), func(o probe.Observation) { early = append(early, o) })
		if len(early) != 1 || !early[0].Late || early[0].Failure != probe.OK || early[0].At.Sub(begin) != 400*time.Millisecond {
			t.Errorf("got %+v, want one warning after 400 ms", early)
		}
		if o.Late || o.Failure != probe.Timeout || o.Took != p.Deadline {
			t.Errorf("got %+v, want a timeout at the deadline", o)
		}
	})
}

func TestTheClockIsReadFromTheDateOfAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["h.example"] = four
		ahead := time.Now().Add(-40 * time.Second)
		w.serve("192.0.2.1:80", says("HTTP/1.1 200 OK\r\nDate: "+ahead.UTC().Format(http.TimeFormat)+"\r\nContent-Length: 2\r\n\r\nhi"))
		o := look(t, probes(t, probe.Options{Places: map[probe.Host]probe.Place{probe.Neutral1: {URL: "http://h.example/"}}}, w)[probe.Neutral1Page])
		if !o.SkewKnown || (o.Skew-40*time.Second).Abs() > time.Second {
			t.Errorf("got %v, %v, want about 40 s", o.Skew, o.SkewKnown)
		}
	})
}

func TestWhereARedirectEndsIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["h.example"], w.names["www.h.example"] = four, four
		var paths []string
		w.site(t, "192.0.2.1:80", nil, func(w http.ResponseWriter, r *http.Request) {
			paths = append(paths, r.Host+r.URL.Path)
			if r.Host == "h.example" {
				http.Redirect(w, r, "http://www.h.example/ja", http.StatusFound)
				return
			}
			io.WriteString(w, pagesBody)
		})
		p := probes(t, probe.Options{Places: map[probe.Host]probe.Place{probe.Web: {URL: "http://h.example/"}}}, w)[probe.WebPage]
		for range 2 {
			if o := look(t, p); o.Failure != probe.OK {
				t.Fatalf("got %+v", o)
			}
		}
		if got := strings.Join(paths, " "); got != "h.example/ www.h.example/ja www.h.example/ja" {
			t.Errorf("asked %s", got)
		}
	})
}

func TestASignedLookRevealsNothingOfTheAccount(t *testing.T) {
	key, err := bitbank.NewCredentials("id", "secret", "http://h.example", bitbank.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		talk    string
		failure probe.Failure
		code    int
	}{
		{ok(`{"success":1,"data":{"assets":[{"asset":"jpy","onhand_amount":"123456"}]}}`), probe.OK, 0},
		{ok(`{"success":1,"data":{"assets":[{"asset":"jpy","onhand":"123456"}]}}`), probe.Shape, 0},
		{api("20005"), probe.APIError, 20005},
		{api("20035"), probe.ClockRefused, 20035},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire(t)
			w.names["h.example"] = four
			w.serve("192.0.2.1:80", says(c.talk))
			o := look(t, probes(t, probe.Options{Credentials: key, Places: map[probe.Host]probe.Place{probe.Private: {URL: "http://h.example"}}}, w)[probe.PrivateSigned])
			if o.Failure != c.failure || o.Code != c.code || strings.Contains(o.Detail, "123456") {
				t.Errorf("got %q, code %d, %q", o.Failure, o.Code, o.Detail)
			}
		})
	}
}

// slowly resolves and connects with a delay.
type slowly struct {
	*wire
	dns, dial time.Duration
}
