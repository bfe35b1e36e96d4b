package pubnub

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An Answer is a whole HTTP answer.
type Answer struct {
	Status int
	Kind   string // content type
	Body   []byte
	Time   time.Time // by the clock of the host, when the answer was ready
}

// kind is the content type that PubNub gives to everything that is JSON. The SDK takes no answer without one.
const kind = `text/javascript; charset="UTF-8"`

// zipFrom is the smallest body that is compressed for clients that accept it: a message is, an empty answer is not.
const zipFrom = 128

var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// Send writes the answer as PubNub does: readable for pages of any origin, and compressed where that is accepted.
func (a Answer) Send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Date", a.Time.UTC().Format(http.TimeFormat))
	h.Set("Content-Type", a.Kind)
	h.Set("Cache-Control", "no-cache")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "OPTIONS, GET, POST")
	h.Set("Access-Control-Expose-Headers", "*")
	if len(a.Body) >= zipFrom && acceptsGzip(r.Header) {
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(a.Status)
		if r.Method == http.MethodHead {
			return
		}
		z := zippers.Get().(*gzip.Writer)
		defer zippers.Put(z)
		z.Reset(w)
		z.Write(a.Body)
		z.Close() // what a client misses by hanging up it asks for again
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	if r.Method != http.MethodHead {
		w.Write(a.Body)
	}
}

func acceptsGzip(h http.Header) bool {
	for one := range strings.SplitSeq(h.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(one), ";")
		if coding == "gzip" {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(quality), "q="), 64)
			return err != nil || q > 0
		}
	}
	return false
}

// A refusal is an error of PubNub's.
type refusal struct {
	status int
	body   any
}

// A complaint is the shape of most of PubNub's errors. The SDK reads status and error.
type complaint struct {
	Message string   `json:"message"`
	Payload *payload `json:"payload,omitempty"`
	Error   bool     `json:"error"`
	Service string   `json:"service"`
	Status  int      `json:"status"`
}

type payload struct {
	Channels []string `json:"channels,omitempty"`
	Groups   []string `json:"channel-groups,omitempty"`
}

func refuse(status int, service, message string) *refusal {
	return &refusal{status, complaint{Message: message, Error: true, Service: service, Status: status}}
}

// forbidden names what a token does not open. Recorded: groups begin with a colon.
func forbidden(channels, groups []string) *refusal {
	c := complaint{Message: "Forbidden", Payload: &payload{Channels: channels}, Error: true, Service: "Access Manager", Status: http.StatusForbidden}
	for _, g := range groups {
		c.Payload.Groups = append(c.Payload.Groups, ":"+g)
	}
	return &refusal{http.StatusForbidden, c}
}

// denied is about a token as a whole. "Token is expired" is documented, that a revoked one is called so our assumption.
func denied(message string) *refusal { return refuse(http.StatusForbidden, "Access Manager", message) }

// malformed is what Access Manager says to what it cannot read, as PubNub's clients have it in their tests. That a bad
// timetoken and a list of nothing or of too much end here is our assumption.
func malformed() *refusal {
	return refuse(http.StatusBadRequest, "Access Manager", "Could Not Parse Request")
}

// lost is the answer to a path that leads nowhere. Presence has a shape of its own.
func lost(path string) *refusal {
	if strings.HasPrefix(path, "/v2/presence/") {
		return &refusal{http.StatusNotFound, struct {
			Message string `json:"message"`
			Error   int    `json:"error"`
			Service string `json:"service"`
		}{"Not found: '" + path + "'", 1, "Presence"}}
	}
	return refuse(http.StatusNotFound, "Balancer", "Not Found")
}

func (r *refusal) say() (status int, body []byte) { return r.status, append(encode(r.body), '\n') }

// encode writes what always has a form in JSON.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return b
}
