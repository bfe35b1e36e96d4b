package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"hikeshi/internal/secret"
)

const (
	// sessionFor is a long day at the desk; after it the link is needed again.
	sessionFor = 12 * time.Hour
	// sessionsMost: one a browser. Beyond it the oldest ends.
	sessionsMost = 32
	// triesPerMinute are wrong tokens that are answered as wrong; more are told to wait. A right one is always taken: 32 random
	// bytes cannot be guessed, and nothing on this machine shall keep its owner from stopping the bots.
	triesPerMinute = 10
)

// An entrance knows who may see and do what concerns money: whoever shows the token of the data folder, or the session that the
// token has opened in a browser.
type entrance struct {
	token  [sha256.Size]byte // its hash; comparing hashes takes the same time for every guess
	none   bool              // there is no token: nobody may
	cookie string

	mu       sync.Mutex
	sessions map[[sha256.Size]byte]session // by the hash of the cookie's value
	wrong    []time.Time                   // tries within the last minute
}

// A session is one browser's.
type session struct {
	until time.Time
	form  string // stands in every form of its pages, so that no other site's form is taken for ours
}

// newEntrance names its cookie after the dashboard's port, because browsers give cookies of one port to the others.
func newEntrance(token secret.Value, addr string) *entrance {
	_, port, _ := net.SplitHostPort(addr)
	return &entrance{
		token: sha256.Sum256([]byte(token.Reveal())), none: token.IsZero(), cookie: "hikeshi_session_" + port,
		sessions: map[[sha256.Size]byte]session{},
	}
}

// right reports whether a token is the one.
func (e *entrance) right(token string) bool {
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], e.token[:]) == 1 && !e.none
}

// guess counts a wrong try, and reports whether there were too many.
func (e *entrance) guess(now time.Time) (tooMany bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	recent := e.wrong[:0]
	for _, at := range e.wrong {
		if now.Sub(at) < time.Minute {
			recent = append(recent, at)
		}
	}
	e.wrong = recent
	if len(e.wrong) >= triesPerMinute {
		return true
	}
	e.wrong = append(e.wrong, now)
	return false
}

// begin opens a session and returns the cookie's value.
func (e *entrance) begin(now time.Time) string {
	value := rand.Text() + rand.Text()
	e.mu.Lock()
	defer e.mu.Unlock()
	var oldest [sha256.Size]byte
	for key, s := range e.sessions {
		if o, ok := e.sessions[oldest]; !ok || s.until.Before(o.until) {
			oldest = key
		}
	}
	if len(e.sessions) >= sessionsMost {
		delete(e.sessions, oldest)
	}
	e.sessions[sha256.Sum256([]byte(value))] = session{now.Add(sessionFor), rand.Text()}
	return value
}

// of is the session of a request.
func (e *entrance) of(r *http.Request) (session, bool) {
	key := sha256.Sum256([]byte(cookie(r, e.cookie)))
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.sessions[key]
	if ok && time.Now().After(s.until) {
		delete(e.sessions, key)
		ok = false
	}
	return s, ok
}

// end ends the session of a request.
func (e *entrance) end(r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.sessions, sha256.Sum256([]byte(cookie(r, e.cookie))))
}

// bearer is the token that a program shows.
func bearer(r *http.Request) (string, bool) {
	return strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// mayRead reports whether a request may see what concerns money.
func (s *server) mayRead(r *http.Request) bool {
	if token, shown := bearer(r); shown {
		return s.entrance.right(token)
	}
	_, ok := s.entrance.of(r)
	return ok
}

// shut answers whoever may not, and reports whether that was so.
func (s *server) shut(w http.ResponseWriter, r *http.Request) bool {
	token, shown := bearer(r)
	if shown && s.entrance.right(token) {
		return false
	}
	if _, ok := s.entrance.of(r); ok && !shown {
		return false
	}
	status, code, message := http.StatusUnauthorized, "login", "this needs the header Authorization: Bearer TOKEN; the token is in the file token of the data folder"
	if shown && s.entrance.guess(time.Now()) {
		status, code, message = http.StatusTooManyRequests, "too_many_tries", "too many wrong tokens; try again in a minute"
		w.Header().Set("Retry-After", "60")
	}
	if isAPI(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="hikeshi"`)
		fail(w, status, code, message)
	} else {
		s.render(w, r, status, "login", loginBody{})
	}
	return true
}

// loginBody is what the page says beside how to come in.
type loginBody struct {
	Wrong bool // the link's token is not the one
	Wait  bool // too many of them
	In    bool // there is a session already
	Left  bool // it was ended just now
}

// login takes the token of a link, and leads on so that it does not stay in the address bar. Without one it says how to get in.
func (s *server) login(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	switch {
	case token == "" || r.Method == http.MethodHead:
		s.render(w, r, http.StatusOK, "login", loginBody{In: s.mayRead(r), Left: r.URL.Query().Has("left") && !s.mayRead(r)})
	case s.entrance.right(token):
		http.SetCookie(w, &http.Cookie{
			Name: s.entrance.cookie, Value: s.entrance.begin(time.Now()), Path: "/", MaxAge: int(sessionFor.Seconds()), HttpOnly: true,
			SameSite: http.SameSiteStrictMode,
		})
		w.Header().Set("Location", "/orders")
		w.WriteHeader(http.StatusSeeOther)
	case s.entrance.guess(time.Now()):
		w.Header().Set("Retry-After", "60")
		s.render(w, r, http.StatusTooManyRequests, "login", loginBody{Wait: true})
	default:
		s.render(w, r, http.StatusUnauthorized, "login", loginBody{Wrong: true})
	}
}

// logout ends the session, and has the browser drop the pages that it keeps for when we are gone.
func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	if !s.ours(w, r) {
		return
	}
	s.entrance.end(r)
	http.SetCookie(w, &http.Cookie{Name: s.entrance.cookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Clear-Site-Data", `"storage"`)
	w.Header().Set("Location", "/login?left")
	w.WriteHeader(http.StatusSeeOther)
}

// ours reports whether a form comes from a page that we gave to this session; whatever else it is gets its answer here.
func (s *server) ours(w http.ResponseWriter, r *http.Request) bool {
	if s.shut(w, r) {
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyMost)
	if err := r.ParseForm(); err != nil {
		fail(w, http.StatusBadRequest, "bad_form", "the form could not be read")
		return false
	}
	in, _ := s.entrance.of(r)
	if in.form == "" || subtle.ConstantTimeCompare([]byte(r.PostForm.Get("form")), []byte(in.form)) != 1 {
		fail(w, http.StatusForbidden, "bad_form", "this form does not come from a page of this session; go back and open it again")
		return false
	}
	return true
}

// NewToken makes a token, to be kept in the data folder.
func NewToken() secret.Value {
	var b [32]byte
	rand.Read(b[:])
	return secret.New(hex.EncodeToString(b[:]))
}
