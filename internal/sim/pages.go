package sim

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"hikeshi/internal/sim/market"
)

//go:embed pages.html
var pageSource string

var pageTemplates = template.Must(template.New("pages").Parse(pageSource))

// errorPage is what an edge says when what is behind it fails; maintenancePage is the exchange's own.
const (
	errorPage = `<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>エラーが発生しました（模擬）</title></head>` +
		`<body><h1>エラーが発生しました</h1><p>ただいまページを表示できません。しばらくしてからもう一度お試しください。（模擬）</p></body></html>`
	maintenancePage = `<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>メンテナンス中（模擬）</title></head>` +
		`<body><h1>ただいまメンテナンス中です</h1><p>システムメンテナンスのため、すべてのサービスを一時的に停止しています。（模擬）</p></body></html>`
)

// neutralText gives a neutral site the weight of a real one, so that a line which swallows large packets swallows it, too.
var neutralText = strings.Repeat("この文は、ふつうのサイトの頁と同じくらいの重さにするために繰り返しています。", 200)

// Japan is the zone of every time that bitbank writes for people; it has had no summer time since 1951.
var japan = time.FixedZone("JST", 9*60*60)

// A view is what the templates show.
type view struct {
	Title      string
	Feed       string
	Link       bool
	Notices    []Notice
	Prices     []market.Ticker
	Summary    string
	Components []component
}

func render(name string, v view) answer {
	var b bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&b, name, v); err != nil {
		panic(fmt.Sprintf("write the page %s: %v", name, err)) // embedded templates, tested
	}
	return answer{status: http.StatusOK, kind: htmlType, body: b.Bytes()}
}

// page answers the hosts that people read.
func (s *Sim) page(host string, v visit, r *http.Request) answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return plain(http.StatusMethodNotAllowed, "")
	}
	path := r.URL.Path
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	switch host {
	case "web":
		return s.webPage(v, path)
	case "app":
		return s.appPage(v, path)
	case "status":
		return s.statusPage(v, path)
	case "blog":
		return s.blogPage(path)
	case "support":
		switch path {
		case "/hc/ja/requests/new":
			return render("form", view{Title: "お問い合わせ"})
		case "/", "/hc/ja":
			return render("help", view{Title: "ヘルプセンター"})
		}
	case "x":
		return s.timeline(strings.TrimPrefix(path, "/"))
	case "neutral1", "neutral2", "neutral3":
		if path == "/" {
			return render("neutral", view{Title: "中立サイト" + strings.TrimPrefix(host, "neutral"), Summary: neutralText})
		}
	}
	return plain(http.StatusNotFound, "")
}

func (s *Sim) webPage(v visit, path string) answer {
	switch path {
	case "/":
		var prices []market.Ticker
		s.read(v, func(m *market.Market) {
			prices = slices.DeleteFunc(m.Tickers(true), func(t market.Ticker) bool {
				return t.Pair != "btc_jpy" && t.Pair != "xrp_jpy" && t.Pair != "eth_jpy"
			})
		})
		return render("web", view{Title: "bitbank 暗号資産取引所", Prices: prices, Notices: s.published("news")})
	case "/docs/circuit-breaker-mode":
		return render("circuit", view{Title: "サーキットブレイク制度"})
	}
	return plain(http.StatusNotFound, "")
}

func (s *Sim) appPage(v visit, path string) answer {
	switch path {
	case "/":
		return render("app", view{Title: "bitbank アプリ", Notices: s.published("app_push")})
	case "/login":
		return render("login", view{Title: "ログイン"})
	case "/api/status": // the back end of the app; the real one's paths are not documented
		return asJSON(http.StatusOK, map[string]any{"success": 1, "data": map[string]any{"time": v.now.UnixMilli()}})
	}
	return plain(http.StatusNotFound, "")
}

func (s *Sim) blogPage(path string) answer {
	blog, news := s.published("blog"), s.published("news")
	switch path {
	case "/", "/tag/service":
		return render("posts", view{Title: "bitbank ブログ", Feed: "/atom.xml", Link: true, Notices: newest(blog, news)})
	case "/news":
		return render("posts", view{Title: "bitbank からのお知らせ", Feed: "/news.xml", Link: true, Notices: news})
	case "/atom.xml":
		return feed("bitbank ブログ（模擬）", newest(blog, news))
	case "/news.xml":
		return feed("bitbank からのお知らせ（模擬）", news)
	}
	if id, ok := strings.CutPrefix(path, "/posts/"); ok {
		for _, n := range newest(blog, news) {
			if n.ID == id {
				return render("posts", view{Title: n.Heading(), Notices: []Notice{n}})
			}
		}
	}
	return plain(http.StatusNotFound, "")
}

// official is the exchange's handle on X. Impostors have others, and so their posts stand elsewhere.
const official = "bitbank_inc"

// timeline is what one handle has posted on X.
func (s *Sim) timeline(handle string) answer {
	handle = orElse(handle, official)
	posts := slices.DeleteFunc(s.published("x"), func(n Notice) bool { return strings.TrimPrefix(orElse(n.From, official), "@") != handle })
	if len(posts) == 0 && handle != official {
		return plain(http.StatusNotFound, "")
	}
	return render("posts", view{Title: handle + " の投稿", Notices: posts})
}

// feed writes Atom (RFC 4287).
func feed(title string, notices []Notice) answer {
	type entry struct {
		ID      string `xml:"id"`
		Title   string `xml:"title"`
		Updated string `xml:"updated"`
		Content string `xml:"content"`
	}
	doc := struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Title   string   `xml:"title"`
		Updated string   `xml:"updated"`
		Entries []entry  `xml:"entry"`
	}{ID: "urn:hikeshi:sim", Title: title, Updated: "1970-01-01T00:00:00Z"}
	for i, n := range notices {
		if i == 0 {
			doc.Updated = n.PublishedAt
		}
		doc.Entries = append(doc.Entries, entry{"urn:hikeshi:sim:" + n.ID, n.Heading(), n.PublishedAt, n.Body})
	}
	b, err := xml.Marshal(doc)
	if err != nil {
		panic(fmt.Sprintf("write a feed: %v", err))
	}
	return answer{status: http.StatusOK, kind: "application/atom+xml; charset=utf-8", body: append([]byte(xml.Header), b...)}
}

// A component is a row of the status page.
type component struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Word   string `json:"-"`
}

// statusPage has the form of Statuspage's public pages and of its /api/v2/summary.json. It says what its operators have
// posted to it, not what is measured: green while everything burns, as such pages are.
func (s *Sim) statusPage(v visit, path string) answer {
	notices := s.published("status_page")
	open := unresolved(notices)
	state, word, summary, indicator := "operational", "正常", "すべてのシステムが稼働しています", "none"
	if len(open) > 0 {
		state, word, summary, indicator = "partial_outage", "一部障害", "一部のシステムで障害が起きています", "minor"
	}
	var parts []component
	for i, name := range []string{"ウェブサイト", "アプリ", "現物取引", "Public REST API", "Private REST API", "Public Stream", "入出金"} {
		c := component{fmt.Sprintf("component%d", i+1), name, "operational", "正常"}
		if name == "Private REST API" {
			c.Status, c.Word = state, word
		}
		parts = append(parts, c)
	}
	switch path {
	case "/":
		return render("status", view{Title: "bitbank 稼働状況", Feed: "/history.atom", Summary: summary, Components: parts, Notices: notices})
	case "/history.atom":
		return feed("bitbank 稼働状況（模擬）", notices)
	case "/api/v2/summary.json":
		updated := v.now
		incidents := []any{}
		for _, n := range open {
			incidents = append(incidents, map[string]any{
				"id": n.ID, "name": n.Heading(), "status": n.stage(), "impact": "minor", "created_at": n.PublishedAt, "updated_at": n.PublishedAt,
				"incident_updates": []any{map[string]any{"id": n.ID + "-1", "status": n.stage(), "body": n.Body, "created_at": n.PublishedAt}},
			})
		}
		return asJSON(http.StatusOK, map[string]any{
			"page": map[string]any{
				"id": "hikeshisim", "name": "bitbank（模擬）", "url": s.URL("status"), "time_zone": "Asia/Tokyo", "updated_at": updated.In(japan).Format(time.RFC3339),
			},
			"status":     map[string]string{"indicator": indicator, "description": summary},
			"components": parts, "incidents": incidents, "scheduled_maintenances": []any{},
		})
	}
	return plain(http.StatusNotFound, "")
}
