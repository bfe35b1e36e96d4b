package bitbanktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// authorize is the code that refuses a request, or 0. The order of the checks is not documented; this one is a guess.
func (s *Server) authorize(r *http.Request, body []byte) int {
	get := r.Header.Get
	var stamp string
	switch {
	case get("ACCESS-KEY") == "":
		return 20003
	case get("ACCESS-REQUEST-TIME") == "" && get("ACCESS-NONCE") == "":
		return 20036
	case get("ACCESS-KEY") != s.options.Key:
		return 20002
	case get("ACCESS-REQUEST-TIME") != "":
		at, err := strconv.ParseInt(get("ACCESS-REQUEST-TIME"), 10, 64)
		if err != nil {
			return 20037
		}
		window, err := strconv.ParseInt(get("ACCESS-TIME-WINDOW"), 10, 64)
		if err != nil || window > 60000 {
			return 20038
		}
		switch now := time.Now().UnixMilli(); {
		case at >= now+1000:
			return 20034
		case now-at > window:
			return 20035
		}
		stamp = get("ACCESS-REQUEST-TIME") + get("ACCESS-TIME-WINDOW")
	default:
		stamp = get("ACCESS-NONCE")
	}
	message := r.URL.RequestURI()
	if r.Method == http.MethodPost {
		message = string(body)
	}
	mac := hmac.New(sha256.New, []byte(s.options.Secret))
	mac.Write([]byte(stamp + message))
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(get("ACCESS-SIGNATURE"))) {
		return 20005
	}
	if get("ACCESS-REQUEST-TIME") == "" {
		return s.rise(get("ACCESS-NONCE"))
	}
	return 0
}

// rise takes a nonce when it is larger than the one before.
func (s *Server) rise(nonce string) int {
	n, err := strconv.ParseInt(nonce, 10, 64)
	if err != nil {
		return 20039
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n <= s.nonce {
		return 20001
	}
	s.nonce = n
	return 0
}
