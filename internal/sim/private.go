package sim

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"hikeshi/internal/sim/market"
)

// private is the api host: exchange status and pair settings for anybody, the rest for signed requests. ccxt asks for
// /spot/pairs without /v1, and the real host answers.
func (s *Sim) private(v visit, r *http.Request) answer {
	path := r.URL.Path
	open := strings.TrimPrefix(path, "/v1")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		open = "" // what anybody may ask is only ever read
	}
	switch open {
	case "/spot/status":
		var rows []market.Status
		s.read(v, func(m *market.Market) { rows = m.Statuses() })
		return success(map[string]any{"statuses": rows})
	case "/spot/pairs":
		var rows []market.Info
		s.read(v, func(m *market.Market) { rows = m.Infos() })
		return success(map[string]any{"pairs": rows})
	}
	switch {
	case strings.HasPrefix(path, "/v1/user/"):
		return s.user(v, r)
	case strings.HasPrefix(path, "/user/"):
		return failure(http.StatusOK, codeNoVersion)
	}
	return notFound()
}

// user answers what needs a key. Authorization comes before routing: an unknown path looks like a failed one (measured).
func (s *Sim) user(v visit, r *http.Request) answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return failure(http.StatusOK, codeNotJSON)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.account.authorize(v.now, r, body); code != 0 {
		return failure(http.StatusOK, code)
	}
	if !s.account.reads.allow(v.now) {
		return failure(http.StatusTooManyRequests, codeTooMany)
	}
	if r.Method == http.MethodGet && r.URL.Path == "/v1/user/assets" {
		return success(map[string]any{"assets": s.account.assets()})
	}
	return failure(http.StatusOK, codeUnauthorized)
}

// The codes of bitbank's errors.md that the simulator speaks by itself.
const (
	codeNotJSON       = 10002
	codeTooMany       = 10009
	codeUnauthorized  = 20001
	codeWrongKey      = 20002
	codeNoKey         = 20003
	codeNoNonce       = 20004
	codeSignature     = 20005
	codeNoVersion     = 20018
	codeNoTime        = 20033
	codeEarly         = 20034
	codeLate          = 20035
	codeNeither       = 20036
	codeTimeMalformed = 20037
	codeWindow        = 20038
	codeNonce         = 20039
)
