package web

import (
	"encoding/json"
	"net/http"
	"strings"
)

// contentPolicy is the content security policy. Nothing is loaded from elsewhere, nothing inline runs, and the only
// Trusted Types policy is the one that lets the page register its service worker.
const contentPolicy = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types hikeshi"

// guard refuses what no honest browser or program on this machine sends, and sets the headers of every answer.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
		h.Set("Cache-Control", "no-store")
		switch {
		case !s.hosts.Allow(r.Host):
			fail(w, http.StatusMisdirectedRequest, "wrong_host", "this dashboard answers under localhost and its own address alone")
		case !strings.Contains(s.methods(r.URL.Path), r.Method+","):
			h.Set("Allow", strings.ReplaceAll(strings.TrimSuffix(s.methods(r.URL.Path), ","), ",", ", "))
			fail(w, http.StatusMethodNotAllowed, "wrong_method", "this address does not answer "+r.Method)
		case r.Method == http.MethodPost && foreign.Check(r) != nil:
			fail(w, http.StatusForbidden, "cross_site", "only pages of this dashboard may act")
		case r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate":
			fail(w, http.StatusForbidden, "cross_site", "pages of other sites may not read this")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// foreign tells forms of other origins, other ports of this machine among them. What no browser sends passes: it has to show the
// token.
var foreign = http.NewCrossOriginProtection()

// methods are those that an address answers, each with a comma.
func (s *server) methods(path string) string {
	for _, one := range s.routes {
		if one.path == path && one.methods != "" {
			return one.methods
		}
	}
	return "GET,HEAD,"
}

// isAPI reports whether a program asks.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// fail answers with an error that a program can read.
func fail(w http.ResponseWriter, status int, code, message string) {
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message = code, message
	answer(w, status, body)
}

func answer(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		// Every shape is a struct of ours; one that cannot be written is a broken invariant.
		panic("web: write JSON: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(append(b, '\n'))
}
