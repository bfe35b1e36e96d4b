package probe

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"hikeshi/bitbank"
)

// hopsMost is how many redirects within one owner's domain a look follows: to https, to www, to a language.
const hopsMost = 3

// page is a look at what people read. Redirects within the same domain are followed, and where they end is
// remembered, so that a look is one request from then on.
func (d *dialer) page(s *site, k *keeper, judge func(answer, *site) *trouble) doing {
	at := s
	return func(ctx context.Context, o *Observation) *trouble {
		for range hopsMost {
			a, bad := d.ask(ctx, at, k, pageMost, o, nil)
			if bad != nil {
				return bad
			}
			if to, ok := redirect(a, at); ok && domain(to.Hostname()) == domain(s.name) {
				next, err := parseSite(s.role, to.String())
				if err != nil {
					return because(Foreign, Content, err)
				}
				if next.name != at.name || next.port != at.port || next.tls != at.tls {
					k.drop()
				}
				at = next
				continue
			}
			if bad = judge(a, at); bad != nil {
				at = s // what was remembered may be what is wrong
				k.drop()
			}
			return bad
		}
		at = s
		return &trouble{failure: HTTP4xx, phase: Content, detail: "redirects without end"}
	}
}

// drop closes a kept connection.
func (k *keeper) drop() {
	if k != nil && k.link != nil {
		k.link.conn.Close()
		k.link = nil
	}
}

// judgePage tells a page from an error page.
func judgePage(a answer, s *site) *trouble {
	t := &trouble{phase: Content, detail: titleOf(a.body)}
	if to, ok := redirect(a, s); ok {
		t.detail = to.String()
	}
	if f, ok := byEdge(a, s); ok {
		t.failure = f
		return t
	}
	html := bitbank.LooksHTML(a.body)
	switch {
	case html && isMaintenance(t.detail):
		t.failure = Maintenance
	case byStatus(a.status) != OK:
		t.failure = byStatus(a.status)
	case len(bytes.TrimSpace(a.body)) == 0:
		t.failure = Empty
	case html && isErrorPage(t.detail):
		t.failure = HTML
	case !html:
		return judgeData(a, s)
	default:
		return nil
	}
	return t
}

// judgeData is for pages that turn out to be data, such as the address of an app's back end.
func judgeData(a answer, s *site) *trouble {
	if body := bytes.TrimSpace(a.body); len(body) == 0 || body[0] != '{' || !bytes.Contains(body, []byte(`"success"`)) {
		return nil // text of some kind; it is there, and more was not promised
	}
	var o Observation
	return refused(bitbank.Check(a.status, a.header.Get("Content-Type"), a.body), a, s, &o)
}

// Titles in which servers and bitbank say that a page is none. Titles alone are read: the pages themselves tell of
// past maintenance all the time.
func isMaintenance(title string) bool {
	for _, mark := range []string{"メンテナンス中", "under maintenance", "down for maintenance", "site maintenance"} {
		if strings.Contains(title, mark) {
			return true
		}
	}
	return false
}

func isErrorPage(title string) bool {
	for _, mark := range []string{
		"エラーが発生", "表示できません", "アクセスできません", "internal server error", "bad gateway", "service unavailable",
		"service temporarily unavailable", "gateway time-out", "gateway timeout", "could not be satisfied", "application error",
		"server error", "404 not found", "403 forbidden", "access denied",
	} {
		if strings.Contains(title, mark) {
			return true
		}
	}
	return title == "error" || title == "エラー" || strings.HasPrefix(title, "error ") || strings.HasPrefix(title, "エラー ")
}

// judgeNeutral asks only whether the answer is the site's own. Over TLS that is proven by the certificate, so
// whatever the site says, short of failing, our line has carried it. In the clear anybody on the way could have
// answered, and a page that wants us to log in is somebody's portal.
func judgeNeutral(a answer, s *site) *trouble {
	if to, ok := redirect(a, s); ok && domain(to.Hostname()) != domain(s.name) {
		return &trouble{failure: Portal, phase: Content, detail: to.String()}
	}
	if a.status == http.StatusNetworkAuthenticationRequired {
		return &trouble{failure: Portal, phase: Content, detail: "HTTP 511"}
	}
	if s.tls {
		if a.status >= 500 {
			return &trouble{failure: HTTP5xx, phase: Content, detail: titleOf(a.body)}
		}
		return nil
	}
	if a.status == http.StatusOK && isPortal(a.body, s) {
		return &trouble{failure: Portal, phase: Content, detail: titleOf(a.body)}
	}
	return judgePage(a, s)
}

// isPortal recognizes the pages of hotels, trains and cafes: they name themselves, ask for a password, or send the
// reader on to their own host.
func isPortal(page []byte, s *site) bool {
	low := bytes.ToLower(page[:min(len(page), 64<<10)])
	for _, mark := range []string{"captive portal", "captiveportal", "wispaccessgatewayparam", "hotspot", "wi-fiに接続", "wi-fi接続", `type="password"`, "type=password"} {
		if bytes.Contains(low, []byte(mark)) {
			return true
		}
	}
	title := titleOf(page)
	for _, mark := range []string{"wi-fi", "wifi", "portal", "login", "ログイン", "利用規約", "インターネット接続"} {
		if strings.Contains(title, mark) {
			return true
		}
	}
	at := bytes.Index(low, []byte(`http-equiv="refresh"`))
	if at < 0 {
		return false
	}
	rest := low[at:]
	from := bytes.Index(rest, []byte("url="))
	if from < 0 {
		return false
	}
	to, _, _ := strings.Cut(strings.Trim(string(rest[from+4:min(len(rest), from+400)]), `"' `), `"`)
	u, err := s.url.Parse(to)
	return err == nil && domain(u.Hostname()) != domain(s.name)
}
