package probe

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"hikeshi/bitbank"
)

// refused says in our codes what an answer of one of bitbank's interfaces is instead of data.
func refused(err error, a answer, s *site, o *Observation) *trouble {
	if err == nil {
		return nil
	}
	if refusal, ok := errors.AsType[*bitbank.Error](err); ok {
		o.Code = int(refusal.Code)
	}
	t := &trouble{failure: Shape, phase: Content, detail: err.Error()}
	if f, ok := byEdge(a, s); ok {
		t.failure = f
		return t
	}
	body, isBody := errors.AsType[*bitbank.BodyError](err)
	switch {
	case errors.Is(err, bitbank.ErrMaintenance):
		t.failure = Maintenance
	case errors.Is(err, bitbank.ErrBusy):
		t.failure = Busy
	case errors.Is(err, bitbank.ErrRateLimited):
		t.failure = RateLimited
	case errors.Is(err, bitbank.ErrClock):
		t.failure = ClockRefused
	case o.Code != 0:
		t.failure = APIError
	case isBody:
		t.failure = defects[body.Defect]
	default:
		if f := byStatus(a.status); f != OK {
			t.failure = f
		}
	}
	return t
}

var defects = map[bitbank.Defect]Failure{
	bitbank.Empty: Empty, bitbank.HTML: HTML, bitbank.Truncated: Truncated, bitbank.NotJSON: NotJSON,
	bitbank.Shape: Shape, bitbank.TooLarge: Shape,
}

// byStatus reads an HTTP status alone.
func byStatus(status int) Failure {
	switch {
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusNetworkAuthenticationRequired: // RFC 6585: a portal says so
		return Portal
	case status >= 500:
		return HTTP5xx
	case status >= 400:
		return HTTP4xx
	case status >= 300:
		return HTTP4xx // a redirect from what sends none: something else answers in its place
	}
	return OK
}

// byEdge recognizes what speaks before the application does: a redirect to somebody else, and the challenges and
// blocks of content delivery networks.
func byEdge(a answer, s *site) (Failure, bool) {
	if to, ok := redirect(a, s); ok && domain(to.Hostname()) != domain(s.name) {
		return Foreign, true
	}
	h := a.header
	switch {
	case h.Get("cf-mitigated") == "challenge": // Cloudflare names it
		return Challenge, true
	case h.Get("x-amzn-waf-action") != "": // AWS WAF: captcha or challenge
		return Challenge, true
	}
	if a.status != http.StatusOK && a.status != http.StatusForbidden && a.status != http.StatusServiceUnavailable && a.status != http.StatusTooManyRequests {
		return OK, false
	}
	if !bitbank.LooksHTML(a.body) {
		return OK, false
	}
	title := titleOf(a.body)
	for _, mark := range []string{"just a moment", "attention required", "human verification", "are you a robot"} {
		if strings.Contains(title, mark) {
			return Challenge, true
		}
	}
	head := bytes.ToLower(a.body[:min(len(a.body), 16<<10)])
	for _, mark := range []string{"/cdn-cgi/challenge-platform/", "awswafintegration", "challenge.js"} {
		if a.status != http.StatusOK && bytes.Contains(head, []byte(mark)) {
			return Challenge, true
		}
	}
	// CloudFront answers 403 in its own name when a rule blocks the caller.
	if a.status == http.StatusForbidden && bytes.Contains(head, []byte("request blocked")) {
		return Challenge, true
	}
	return OK, false
}

// redirect is where an answer sends us.
func redirect(a answer, s *site) (*url.URL, bool) {
	if a.status < 300 || a.status >= 400 || a.header.Get("Location") == "" {
		return nil, false
	}
	to, err := s.url.Parse(a.header.Get("Location"))
	if err != nil || to.Hostname() == "" {
		return nil, false
	}
	return to, true
}

// domain is the part of a name that one owner holds: the last two labels, or three below the registries of the form
// co.jp. An address is its own.
func domain(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	labels := strings.Split(name, ".")
	if n := len(labels); n > 2 {
		if _, err := strconv.Atoi(labels[n-1]); err == nil {
			return name
		}
		keep := 2
		if len(labels[n-1]) == 2 && len(labels[n-2]) <= 3 {
			keep = 3
		}
		return strings.Join(labels[max(0, n-keep):], ".")
	}
	return name
}

// titleOf is a page's title in lower case.
func titleOf(page []byte) string {
	low := bytes.ToLower(page[:min(len(page), 64<<10)])
	begin := bytes.Index(low, []byte("<title"))
	if begin < 0 {
		return ""
	}
	rest := low[begin:]
	open := bytes.IndexByte(rest, '>')
	end := bytes.Index(rest, []byte("</title"))
	if open < 0 || end < open {
		return ""
	}
	return strings.TrimSpace(string(rest[open+1 : end]))
}
