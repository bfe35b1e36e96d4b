package sim

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

func TestEveryPageIsJapaneseAndMarkedAsPractice(t *testing.T) {
	s := calm(t, Options{Seed: 1})
	for _, page := range []struct{ host, path, says string }{
		{"web", "/", "主な銘柄の価格"},
		{"web", "/docs/circuit-breaker-mode/", "板寄せ"},
		{"app", "/", "アプリ"},
		{"app", "/login", "メールアドレス"},
		{"status", "/", "すべてのシステムが稼働しています"},
		{"blog", "/", "現在お知らせはありません"},
		{"blog", "/tag/service", "現在お知らせはありません"},
		{"blog", "/news", "現在お知らせはありません"},
		{"support", "/hc/ja", "お問い合わせフォーム"},
		{"support", "/hc/ja/requests/new", "textarea"},
		{"x", "/bitbank_inc", "現在お知らせはありません"},
		{"neutral1", "/", "関係のないサイト"},
		{"neutral2", "/", "関係のないサイト"},
		{"neutral3", "/", "関係のないサイト"},
	} {
		r := get(t, s, page.host, page.path)
		body := text(t, r)
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != htmlType || !utf8.ValidString(body) {
			t.Errorf("%s%s: %d %s", page.host, page.path, r.StatusCode, r.Header.Get("Content-Type"))
		}
		for _, want := range []string{`<html lang="ja">`, "（模擬）</title>", "練習用", page.says} {
			if !strings.Contains(body, want) {
				t.Errorf("%s%s does not say %q", page.host, page.path, want)
			}
		}
		if r := ask(t, s, page.host, "HEAD", page.path, ""); r.StatusCode != 200 || text(t, r) != "" {
			t.Errorf("HEAD %s%s: %d", page.host, page.path, r.StatusCode)
		}
		if r := ask(t, s, page.host, "POST", page.path, ""); r.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST %s%s: %d", page.host, page.path, r.StatusCode)
		}
		if r := get(t, s, page.host, "/nothing/here"); r.StatusCode != 404 {
			t.Errorf("an unknown page of %s: %d", page.host, r.StatusCode)
		}
	}
}

// A notice is where its channel is read, newest first, and nowhere else.
func TestANoticeStandsWhereItsChannelIsRead(t *testing.T) {
	s := calm(t, Options{Seed: 1})
	where := map[string][]string{
		"news": {"web/", "blog/", "blog/news", "blog/atom.xml", "blog/news.xml", "blog/tag/service"},
		"blog": {"blog/", "blog/tag/service", "blog/atom.xml"}, "x": {"x/bitbank_inc"}, "app_push": {"app/"},
		"status_page": {"status/", "status/history.atom", "status/api/v2/summary.json"},
		"email":       nil, "api_docs": nil, "third_party": nil,
	}
	pages := map[string]bool{}
	for _, list := range where {
		for _, p := range list {
			pages[p] = true
		}
	}
	for channel, list := range where {
		mark := "しるし" + channel
		post(t, s, "/notices", `{"id":"N-`+channel+`","synthetic":true,"exchange":"bitbank","channel":"`+channel+`","from":"@bitbank_inc","lang":"ja",
			"published_at":"2026-11-24T14:22:00+09:00","title":"","body":"`+mark+` <script>alert(1)</script> & 続報","thread":"T","expect":{"relevant":true},"notes":""}`)
		for page := range pages {
			host, path, _ := strings.Cut(page, "/")
			body := text(t, get(t, s, host, "/"+path))
			want := false
			for _, p := range list {
				want = want || p == page
			}
			if strings.Contains(body, mark) != want {
				t.Errorf("%s on %s: %v, want %v", channel, page, !want, want)
			}
			if strings.Contains(body, "<script>alert") {
				t.Errorf("%s: a notice is no HTML", page)
			}
		}
	}
	post(t, s, "/notices", `{"channel":"news","title":"新しい","published_at":"2026-11-24T15:10:00+09:00"}`)
	body := text(t, get(t, s, "blog", "/news"))
	if strings.Index(body, "新しい") > strings.Index(body, "しるしnews") || !strings.Contains(body, "2026/11/24 15:10") {
		t.Errorf("not newest first, or without its Japanese time: %s", body)
	}
	if body := text(t, get(t, s, "blog", "/posts/N-news")); !strings.Contains(body, "しるしnews") || strings.Contains(body, "新しい") {
		t.Errorf("one notice's own page: %s", body)
	}
	var feed struct {
		Entries []struct {
			Title   string    `xml:"title"`
			Updated time.Time `xml:"updated"`
		} `xml:"entry"`
		Updated time.Time `xml:"updated"`
	}
	if err := xml.Unmarshal([]byte(text(t, get(t, s, "blog", "/news.xml"))), &feed); err != nil || len(feed.Entries) != 2 || feed.Entries[0].Title != "新しい" || !feed.Updated.Equal(feed.Entries[0].Updated) {
		t.Errorf("feed: %v %+v", err, feed)
	}
}

func TestAnImpostorsPostsStandUnderItsOwnHandle(t *testing.T) {
	s := calm(t, Options{})
	post(t, s, "/notices", `{"channel":"x","from":"@bitbank_official","body":"出金を再開しました。こちらから"}`)
	if body := text(t, get(t, s, "x", "/bitbank_inc")); strings.Contains(body, "出金を再開") {
		t.Error("it stands under the exchange's handle")
	}
	if body := text(t, get(t, s, "x", "/bitbank_official")); !strings.Contains(body, "出金を再開") {
		t.Error("it stands nowhere")
	}
}

// The status page says what its operators post, in the form of Statuspage.
func TestTheStatusPageIsGreenUntilSomebodyWrites(t *testing.T) {
	s := calm(t, Options{Seed: 1})
	summary := func() (indicator string, sick, incidents int) {
		var got struct {
			Status     struct{ Indicator string }
			Components []struct{ Name, Status string }
			Incidents  []struct{ Name, Status string }
		}
		if err := json.Unmarshal([]byte(text(t, get(t, s, "status", "/api/v2/summary.json"))), &got); err != nil {
			t.Fatal(err)
		}
		for _, c := range got.Components {
			if c.Status != "operational" {
				sick++
			}
		}
		return got.Status.Indicator, sick, len(got.Incidents)
	}
	fault(t, s, `{"host":"private","effect":"blackhole"}`)
	for _, c := range []struct {
		title           string
		indicator       string
		sick, incidents int
	}{
		{"", "none", 0, 0}, // green while everything burns
		{"Investigating - API errors", "minor", 1, 1},
		{"【一部復旧】APIについて", "minor", 1, 1},
		{"【復旧】APIについて", "none", 0, 0},
	} {
		if c.title != "" {
			post(t, s, "/notices", `{"channel":"status_page","thread":"T","title":"`+c.title+`"}`)
		}
		if indicator, sick, incidents := summary(); indicator != c.indicator || sick != c.sick || incidents != c.incidents {
			t.Errorf("after %q: %s, %d sick, %d incidents", c.title, indicator, sick, incidents)
		}
	}
}

func TestOtherExchangesHaveTheirOwnShapesAndOnePrice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := alive(t, Options{Seed: 1})
		post(t, s, "/pairs/btc_jpy", `{"status":"HALT"}`)
		post(t, s, "/market", `{"pair":"btc_jpy","move_percent":"-10","over_ms":10000}`)
		wait(11 * time.Second)
		var flyer struct {
			Product string  `json:"product_code"`
			State   string  `json:"state"`
			Bid     float64 `json:"best_bid"`
			Ask     float64 `json:"best_ask"`
			Last    float64 `json:"ltp"`
		}
		var check struct{ Last, Bid, Ask, High, Low, Volume, Timestamp float64 }
		var gmo struct {
			Status int
			Data   []struct{ Ask, Bid, High, Low, Last, Symbol, Timestamp, Volume string }
		}
		for path, into := range map[string]any{
			"venue1/v1/ticker?product_code=BTC_JPY": &flyer, "venue2/api/ticker?pair=btc_jpy": &check, "venue3/public/v1/ticker?symbol=BTC_JPY": &gmo,
		} {
			host, rest, _ := strings.Cut(path, "/")
			d := json.NewDecoder(strings.NewReader(text(t, get(t, s, host, "/"+rest))))
			if host != "venue1" && host != "venue3" {
				d.DisallowUnknownFields()
			}
			if err := d.Decode(into); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
		world := s.x.Market().Price("btc_jpy")
		for name, price := range map[string]float64{"venue1": flyer.Last, "venue2": check.Last, "venue3": mustFloat(t, gmo.Data[0].Last)} {
			// They move on while bitbank stands still, and differ by less than a thousandth.
			if price < world*0.999 || price > world*1.001 || world > 14_000_000 {
				t.Errorf("%s says %v, the world's price is %v", name, price, world)
			}
		}
		if flyer.Product != "BTC_JPY" || flyer.State != "RUNNING" || flyer.Bid >= flyer.Ask || check.Bid >= check.Ask || gmo.Status != 0 || gmo.Data[0].Symbol != "BTC_JPY" {
			t.Errorf("%+v %+v %+v", flyer, check, gmo)
		}
		for path, want := range map[string]int{
			"venue1/v1/ticker?product_code=NO_JPY": 400, "venue2/api/ticker?pair=no_jpy": 400, "venue3/public/v1/ticker?symbol=NO": 200,
			"venue1/nothing": 404, "venue2/nothing": 404, "venue3/nothing": 404,
		} {
			host, rest, _ := strings.Cut(path, "/")
			if r := get(t, s, host, "/"+rest); r.StatusCode != want {
				t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
			}
		}
	})
}

func TestPubNubTellsTheTimeAndRefusesTheRest(t *testing.T) {
	s := calm(t, Options{})
	if r := get(t, s, "pubnub", "/time/0"); r.StatusCode != 200 || len(text(t, r)) != len("[17672256000000000]") {
		t.Errorf("time: %d", r.StatusCode)
	}
	for key, want := range map[string]int{"sub-c-ecebae8e-dd60-11e6-b6b1-02ee2ddab7fe": 403, "sub-c-other": 400} {
		r := get(t, s, "pubnub", "/v2/subscribe/"+key+"/channel/0?tt=0&uuid=channel")
		if r.StatusCode != want || r.Header.Get("Content-Type") == "" || !json.Valid([]byte(text(t, r))) {
			t.Errorf("subscribe with %s: %d %s", key, r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
}
