package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/sim/exchange"
)

const (
	defaultWindow = 5000  // milliseconds, when the header is left out
	maxWindow     = 60000 // documented
	maxAhead      = 1000  // milliseconds that a request may come from the future, documented
)

// authorize checks a signed request: whose it is, or bitbank's code. The order of the checks is not documented; this one is
// our assumption: key, then which method, then its values, then the signature, then the nonce.
func (s *Sim) authorize(now time.Time, r *http.Request, body []byte) (*user, int) {
	h := r.Header
	sentTime, sentNonce := h.Get("ACCESS-REQUEST-TIME"), h.Get("ACCESS-NONCE")
	switch {
	case h.Get("ACCESS-KEY") == "":
		return nil, codeNoKey
	// What was begun and left empty is told apart from what is not there at all.
	case sentTime == "" && sentNonce == "" && h.Get("ACCESS-TIME-WINDOW") != "":
		return nil, codeNoTime
	case sentTime == "" && sentNonce == "" && len(h.Values("ACCESS-NONCE")) > 0:
		return nil, codeNoNonce
	case sentTime == "" && sentNonce == "":
		return nil, codeNeither
	}
	u, k := s.keyed(h.Get("ACCESS-KEY"))
	if u == nil {
		return nil, codeWrongKey
	}
	payload := string(body)
	if r.Method == http.MethodGet {
		payload = r.RequestURI // raw, as sent: the query's order and escapes are signed
		if payload == "" {
			payload = r.URL.RequestURI()
		}
	}
	if sentTime != "" { // with both kinds of headers this method wins, documented
		return u, s.checkWindow(k, now, h, sentTime, payload)
	}
	nonce, err := strconv.ParseUint(sentNonce, 10, 64)
	switch {
	case err != nil:
		return nil, codeNonce
	case !k.signed(h, sentNonce+payload):
		return nil, codeSignature
	case nonce <= k.nonce:
		return nil, codeUnauthorized
	}
	k.nonce = nonce
	return u, 0
}

// checkWindow is the method with a time window.
func (s *Sim) checkWindow(k *apiKey, now time.Time, h http.Header, sentTime, payload string) int {
	window := h.Get("ACCESS-TIME-WINDOW")
	if code := s.checkTime(now, sentTime, window); code != 0 {
		return code
	}
	good := k.signed(h, sentTime+window+payload)
	if window == "" {
		// What is signed without the window header is not documented.
		preset := k.signed(h, sentTime+strconv.Itoa(defaultWindow)+payload)
		switch {
		case s.x.Plays(exchange.NoWindow, "default"):
			good = preset
		case s.x.Plays(exchange.NoWindow, "either"):
			good = good || preset
		}
	}
	if !good {
		return codeSignature
	}
	if s.x.Plays(exchange.Replay, "refuse") && k.replayed(h.Get("ACCESS-SIGNATURE"), now) {
		return codeUnauthorized
	}
	return 0
}

// checkTime holds the documented rule: request time < now + 1000 ms, and now - request time <= window.
func (s *Sim) checkTime(now time.Time, sent, window string) int {
	at, err := strconv.ParseInt(sent, 10, 64)
	if err != nil || at < 0 {
		return codeTimeMalformed
	}
	width := int64(defaultWindow)
	if window != "" {
		if width, err = strconv.ParseInt(window, 10, 64); err != nil || width < 0 || width > maxWindow {
			return codeWindow
		}
	}
	switch behind := now.UnixMilli() - at; {
	case behind <= -maxAhead:
		return codeEarly
	case behind > width && s.x.Plays(exchange.TimeOff, "one"):
		return codeEarly
	case behind > width:
		return codeLate
	}
	return 0
}

func (k *apiKey) signed(h http.Header, message string) bool {
	mac := hmac.New(sha256.New, []byte(k.secret))
	mac.Write([]byte(message))
	got, err := hex.DecodeString(h.Get("ACCESS-SIGNATURE"))
	return err == nil && hmac.Equal(got, mac.Sum(nil)) && strings.ToLower(h.Get("ACCESS-SIGNATURE")) == h.Get("ACCESS-SIGNATURE")
}

// replayed notes a signature and reports whether it was seen within the longest window.
func (k *apiKey) replayed(signature string, now time.Time) bool {
	if k.seen == nil {
		k.seen = map[string]time.Time{}
	}
	for s, at := range k.seen {
		if now.Sub(at) > maxWindow*time.Millisecond {
			delete(k.seen, s)
		}
	}
	_, again := k.seen[signature]
	k.seen[signature] = now
	return again
}
