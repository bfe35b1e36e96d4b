package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
)

// bitbank's codes that are about a key and a signature.
const (
	codeUnauthorized  bitbank.Code = 20001
	codeWrongKey      bitbank.Code = 20002
	codeNoKey         bitbank.Code = 20003
	codeNoNonce       bitbank.Code = 20004
	codeSignature     bitbank.Code = 20005
	codeNoTime        bitbank.Code = 20033
	codeEarly         bitbank.Code = 20034
	codeLate          bitbank.Code = 20035
	codeNeither       bitbank.Code = 20036
	codeTimeMalformed bitbank.Code = 20037
	codeWindow        bitbank.Code = 20038
	codeNonce         bitbank.Code = 20039
)

// Times of bitbank's method with a window, in milliseconds (bitbank's documents, "Authorization").
const (
	defaultWindow = 5000
	maxWindow     = 60000
	maxAhead      = 1000
)

// maxSeen is how many signatures are remembered for a bot: 5 s of 3,000 requests a second, two megabytes. A bot that needs more
// is refused with 10009 until the oldest have run out, because what was forgotten could be copied.
const maxSeen = 16384

// A doorman verifies the signatures of bots.
type doorman struct {
	lookup func(id string) (keys.Bot, bool)
	opened time.Time

	mu   sync.Mutex
	bots map[string]*guest // by name; only names that lookup gave, so there are as many as there are bots
}

// A guest is what is remembered of a bot's requests.
type guest struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]int64 // signatures with a time: until when each is valid, in UNIX milliseconds
	ends []ending                    // the same in the order in which they came
	gone int                         // how many of ends are used up

	// The text that a time and a window put before a message reads the same as a nonce of these digits, and bitbank's two
	// methods sign the same otherwise. So a number that one method has used is none that the other takes.
	nonce uint64 // the highest one
	stamp uint64 // the highest time and window, read as one number
}

// An ending is when a remembered signature is of no use any more.
type ending struct {
	signature [sha256.Size]byte
	at        int64
}

// verify says whose request it is, or bitbank's code. The order of the checks is not documented; this one is our assumption:
// key, then which method, then its values, then the signature, then whether it was used before. target is the path and query
// as they came.
func (d *doorman) verify(method, target string, h http.Header, body []byte, now time.Time) (keys.Bot, bitbank.Code) {
	sent, nonce := h.Get("ACCESS-REQUEST-TIME"), h.Get("ACCESS-NONCE")
	switch {
	case h.Get("ACCESS-KEY") == "":
		return keys.Bot{}, codeNoKey
	// What was begun and left empty is told apart from what is not there at all.
	case sent == "" && nonce == "" && h.Get("ACCESS-TIME-WINDOW") != "":
		return keys.Bot{}, codeNoTime
	case sent == "" && nonce == "" && len(h.Values("ACCESS-NONCE")) > 0:
		return keys.Bot{}, codeNoNonce
	case sent == "" && nonce == "":
		return keys.Bot{}, codeNeither
	}
	bot, ok := d.lookup(h.Get("ACCESS-KEY"))
	if !ok {
		return keys.Bot{}, codeWrongKey
	}
	message := target
	if method == http.MethodPost {
		message = string(body) // the path of a POST is not signed
	}
	c := claim{bot: bot, signature: h.Get("ACCESS-SIGNATURE"), message: message}
	if sent != "" { // with both kinds of headers this method wins, documented
		return bot, d.windowed(c, sent, h.Get("ACCESS-TIME-WINDOW"), now)
	}
	return bot, d.counted(c, nonce)
}

// A claim is a signature and what it should be over, without the time or nonce.
type claim struct {
	bot       keys.Bot
	signature string
	message   string
}

// signs reports whether the signature is over stamp and the message. It is compared in constant time.
func (c claim) signs(stamp string) (mac [sha256.Size]byte, ok bool) {
	h := hmac.New(sha256.New, []byte(c.bot.Secret.Reveal()))
	h.Write([]byte(stamp))
	h.Write([]byte(c.message))
	h.Sum(mac[:0])
	got, err := hex.DecodeString(c.signature)
	// bitbank's documents ask for lower case; another spelling would be a second text for one signature.
	return mac, err == nil && hmac.Equal(got, mac[:]) && strings.ToLower(c.signature) == c.signature
}

// windowed is the method with a time window: the time is before ours + 1 s and not further back than the window, which ends
// where the gateway began, because what it has seen before that it does not know.
func (d *doorman) windowed(c claim, sent, window string, now time.Time) bitbank.Code {
	at, ok := digits(sent)
	if !ok {
		return codeTimeMalformed
	}
	width := int64(defaultWindow)
	if window != "" {
		if width, ok = digits(window); !ok || width > maxWindow {
			return codeWindow
		}
	}
	open := now.Sub(d.opened).Milliseconds() + 1 // a time in whole milliseconds may lie before the moment that it stands for
	switch behind := now.UnixMilli() - at; {
	case behind <= -maxAhead:
		return codeEarly
	case behind > min(width, open):
		return codeLate
	}
	mac, ok := c.signs(sent + window)
	if !ok && window == "" {
		// What is signed when the window's header is left out is not documented. Both need the secret.
		window = strconv.Itoa(defaultWindow)
		mac, ok = c.signs(sent + window)
	}
	if !ok {
		return codeSignature
	}
	stamp, err := strconv.ParseUint(sent+window, 10, 64)
	if err != nil {
		return codeTimeMalformed
	}
	return d.guest(c.bot.Name).window(mac, at+width, stamp, now.UnixMilli())
}

// counted is the method with a nonce, which is higher than every one before.
func (d *doorman) counted(c claim, nonce string) bitbank.Code {
	n, err := strconv.ParseUint(nonce, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != nonce {
		return codeNonce
	}
	if _, ok := c.signs(nonce); !ok {
		return codeSignature
	}
	g := d.guest(c.bot.Name)
	g.mu.Lock()
	defer g.mu.Unlock()
	if n <= g.nonce || n <= g.stamp {
		return codeUnauthorized
	}
	g.nonce = n
	return 0
}

// digits reads a whole number that is written as one, so that no two texts are the same time.
func digits(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == s
}

func (d *doorman) guest(bot string) *guest {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.bots[bot]
	if g == nil {
		g = &guest{seen: map[[sha256.Size]byte]int64{}}
		d.bots[bot] = g
	}
	return g
}

// window takes a signature that is valid until end, unless it, or its number as a nonce, was used before.
func (g *guest) window(mac [sha256.Size]byte, end int64, stamp uint64, now int64) bitbank.Code {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(now)
	if until, again := g.seen[mac]; again && until >= now || stamp <= g.nonce {
		return codeUnauthorized
	}
	if len(g.ends)-g.gone >= maxSeen {
		return codeTooMany
	}
	g.seen[mac] = end
	g.ends = append(g.ends, ending{mac, end})
	g.stamp = max(g.stamp, stamp)
	return 0
}

// forget lets go of the oldest signatures that have run out. One that runs out sooner than an older one stays until that one
// goes: a minute at most.
func (g *guest) forget(now int64) {
	for g.gone < len(g.ends) && g.ends[g.gone].at < now {
		e := g.ends[g.gone]
		if g.seen[e.signature] == e.at {
			delete(g.seen, e.signature)
		}
		g.gone++
	}
	if g.gone > len(g.ends)/2 {
		g.ends = append(g.ends[:0], g.ends[g.gone:]...)
		g.gone = 0
	}
}
