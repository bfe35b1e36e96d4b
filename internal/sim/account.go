package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The one account of the world. Its secret is no secret.
const (
	accountKey    = "sim-key"
	accountSecret = "sim-secret"
)

// An account is one user of the exchange.
type account struct {
	key     string
	secret  string
	nonce   uint64 // the last accepted one: they must rise
	reads   limiter
	balance map[string]string
}

// newAccount opens it as the contract says. Margin is on.
func newAccount() *account {
	return &account{
		key: accountKey, secret: accountSecret,
		// 10 reads a second a user is documented for the class QUERY.
		reads:   limiter{most: 10, within: time.Second},
		balance: map[string]string{"jpy": "10000000.0000", "btc": "10.00000000", "xrp": "100000.000000"},
	}
}

// A limiter counts in a sliding window. Whether the real one slides, and whether refused calls count, is not known: this
// one slides and does not count them.
type limiter struct {
	most   int
	within time.Duration
	taken  []time.Time
}

func (l *limiter) allow(now time.Time) bool {
	for len(l.taken) > 0 && (now.Sub(l.taken[0]) >= l.within || now.Before(l.taken[0])) {
		l.taken = l.taken[1:]
	}
	if len(l.taken) >= l.most {
		return false
	}
	l.taken = append(l.taken, now)
	return true
}

const (
	defaultWindow = 5000  // milliseconds, when the header is left out
	maxWindow     = 60000 // documented
	maxAhead      = 1000  // milliseconds that a request may come from the future, documented
)

// authorize checks a signed request and returns bitbank's code, 0 when all is right. The order of the checks is not
// documented; this one is our assumption: key, then which method, then its values, then the signature, then the nonce.
func (a *account) authorize(now time.Time, r *http.Request, body []byte) int {
	h := r.Header
	sentTime, sentNonce := h.Get("ACCESS-REQUEST-TIME"), h.Get("ACCESS-NONCE")
	switch {
	case h.Get("ACCESS-KEY") == "":
		return codeNoKey
	// What was begun and left empty is told apart from what is not there at all.
	case sentTime == "" && sentNonce == "" && h.Get("ACCESS-TIME-WINDOW") != "":
		return codeNoTime
	case sentTime == "" && sentNonce == "" && len(h.Values("ACCESS-NONCE")) > 0:
		return codeNoNonce
	case sentTime == "" && sentNonce == "":
		return codeNeither
	case h.Get("ACCESS-KEY") != a.key:
		return codeWrongKey
	}
	payload := string(body)
	if r.Method == http.MethodGet {
		payload = r.RequestURI // raw, as sent: the query's order and escapes are signed
		if payload == "" {
			payload = r.URL.RequestURI()
		}
	}
	if sentTime != "" { // with both kinds of headers this method wins, documented
		window := h.Get("ACCESS-TIME-WINDOW")
		if code := checkTime(now, sentTime, window); code != 0 {
			return code
		}
		// What is signed without the window header is not documented: either reading is accepted.
		if !a.signed(h, sentTime+window+payload) && !(window == "" && a.signed(h, sentTime+strconv.Itoa(defaultWindow)+payload)) {
			return codeSignature
		}
		return 0
	}
	nonce, err := strconv.ParseUint(sentNonce, 10, 64)
	switch {
	case err != nil:
		return codeNonce
	case !a.signed(h, sentNonce+payload):
		return codeSignature
	case nonce <= a.nonce:
		return codeUnauthorized
	}
	a.nonce = nonce
	return 0
}

// checkTime holds the documented rule: request time < now + 1000 ms, and now - request time <= window.
func checkTime(now time.Time, sent, window string) int {
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
	case behind > width:
		return codeLate
	}
	return 0
}

func (a *account) signed(h http.Header, message string) bool {
	mac := hmac.New(sha256.New, []byte(a.secret))
	mac.Write([]byte(message))
	got, err := hex.DecodeString(h.Get("ACCESS-SIGNATURE"))
	return err == nil && hmac.Equal(got, mac.Sum(nil)) && strings.ToLower(h.Get("ACCESS-SIGNATURE")) == h.Get("ACCESS-SIGNATURE")
}

//go:embed assets.tsv
var assetTable string

// An asset is a row of /v1/user/assets. The fee has another shape for yen than for coins.
type asset struct {
	Asset       string    `json:"asset"`
	Free        string    `json:"free_amount"`
	Precision   int       `json:"amount_precision"`
	Onhand      string    `json:"onhand_amount"`
	Locked      string    `json:"locked_amount"`
	Withdrawing string    `json:"withdrawing_amount"`
	Fee         any       `json:"withdrawal_fee"`
	StopDeposit bool      `json:"stop_deposit"`
	StopOut     bool      `json:"stop_withdrawal"`
	Networks    []network `json:"network_list,omitempty"` // absent for yen
	Collateral  string    `json:"collateral_ratio"`
}

type network struct {
	Asset       string `json:"asset"`
	Network     string `json:"network"`
	StopDeposit bool   `json:"stop_deposit"`
	StopOut     bool   `json:"stop_withdrawal"`
	Fee         string `json:"withdrawal_fee"`
}

type yenFee struct {
	Under     string `json:"under"`
	Over      string `json:"over"`
	Threshold string `json:"threshold"`
}

type coinFee struct {
	Min string `json:"min"`
	Max string `json:"max"`
}

// assets lists all 48 assets in bitbank's order, those that the account has nothing of too.
func (a *account) assets() []asset {
	var all []asset
	for line := range strings.Lines(assetTable) {
		name, networks, _ := strings.Cut(strings.TrimSpace(line), "\t")
		as := asset{Asset: name, Precision: 8, Collateral: "0.5", Fee: coinFee{"0.0001", "0.0001"}}
		switch name {
		case "jpy":
			as.Precision, as.Collateral, as.Fee = 4, "1", yenFee{Under: "550", Over: "770", Threshold: "30000"}
		case "xrp":
			as.Precision, as.Fee = 6, coinFee{"0.1", "0.1"}
		}
		zero := "0." + strings.Repeat("0", as.Precision)
		as.Free, as.Locked, as.Withdrawing = zero, zero, zero
		if b := a.balance[name]; b != "" {
			as.Free = b
		}
		as.Onhand = as.Free
		for _, n := range strings.Fields(networks) {
			as.Networks = append(as.Networks, network{Asset: name, Network: n, Fee: as.Fee.(coinFee).Min})
		}
		all = append(all, as)
	}
	return all
}
