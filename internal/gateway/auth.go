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

// echo is how long after a request the same one may come again. A program that asks twice within a millisecond, which the
// answers of a gateway on the same machine make easy, signs the same twice: as a copy it would be told that its key is wrong.
const echo = 50 * time.Millisecond

// nonceMemory is how long the nonce of a POST is remembered as it is, and not only as one of those below the highest.
const nonceMemory = time.Minute

// A guest is what is remembered of a bot's requests. Times are in UNIX milliseconds.
type guest struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]ending
	ends []ending // the same in the order in which they came
	gone int      // how many of ends are used up

	// The text that a time and a window put before a message reads the same as a nonce of these digits, and bitbank's two
	// methods sign the same otherwise. So a number that one method has used is none that the other takes.
	nonce uint64 // the highest one
	stamp uint64 // the highest time and window, read as one number
}

// An ending is when a remembered signature is of no use any more.
type ending struct {
	signature [sha256.Size]byte
	since, at int64
}

// An admission is what came of a request's signature.
type admission struct {
	bot  keys.Bot
	code bitbank.Code // why it is not let in; 0 when it is
	// again says that this very request came before. It may have been let in all the same, when that was just now.
	again bool
}

// verify says whose request it is, or bitbank's code for why it is not let in. The order of the checks is not documented; this one is our assumption:
// key, then which method, then its values, then the signature, then whether it was used before. target is the path and query
// as they came.
func (d *doorman) verify(method, target string, h http.Header, body []byte, now time.Time) admission {
	sent, nonce := h.Get("ACCESS-REQUEST-TIME"), h.Get("ACCESS-NONCE")
	switch {
	case h.Get("ACCESS-KEY") == "":
		return admission{code: codeNoKey}
	// What was begun and left empty is told apart from what is not there at all.
	case sent == "" && nonce == "" && h.Get("ACCESS-TIME-WINDOW") != "":
		return admission{code: codeNoTime}
	case sent == "" && nonce == "" && len(h.Values("ACCESS-NONCE")) > 0:
		return admission{code: codeNoNonce}
	case sent == "" && nonce == "":
		return admission{code: codeNeither}
	}
	bot, ok := d.lookup(h.Get("ACCESS-KEY"))
	if !ok {
		return admission{code: codeWrongKey}
	}
	message := target
	if method == http.MethodPost {
		message = string(body) // the path of a POST is not signed
	}
	c := claim{bot: bot, signature: h.Get("ACCESS-SIGNATURE"), message: message}
	a := admission{bot: bot}
	if sent != "" { // with both kinds of headers this method wins, documented
		a.code, a.again = d.windowed(c, sent, h.Get("ACCESS-TIME-WINDOW"), now)
	} else {
		a.code, a.again = d.counted(c, nonce, method == http.MethodPost, now)
	}
	return a
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
func (d *doorman) windowed(c claim, sent, window string, now time.Time) (_ bitbank.Code, again bool) {
	at, ok := digits(sent)
	if !ok {
		return codeTimeMalformed, false
	}
	width := int64(defaultWindow)
	if window != "" {
		if width, ok = digits(window); !ok || width > maxWindow {
			return codeWindow, false
		}
	}
	open := now.Sub(d.opened).Milliseconds() + 1 // a time in whole milliseconds may lie before the moment that it stands for
	switch behind := now.UnixMilli() - at; {
	case behind <= -maxAhead:
		return codeEarly, false
	case behind > min(width, open):
		return codeLate, false
	}
	mac, ok := c.signs(sent + window)
	if !ok && window == "" {
		// What is signed when the window's header is left out is not documented. Both need the secret.
		window = strconv.Itoa(defaultWindow)
		mac, ok = c.signs(sent + window)
	}
	if !ok {
		return codeSignature, false
	}
	stamp, err := strconv.ParseUint(sent+window, 10, 64)
	if err != nil {
		return codeTimeMalformed, false
	}
	return d.guest(c.bot.Name).window(ending{mac, now.UnixMilli(), at + width}, stamp)
}

// counted is the method with a nonce, which is higher than every one before.
func (d *doorman) counted(c claim, nonce string, post bool, now time.Time) (_ bitbank.Code, again bool) {
	n, err := strconv.ParseUint(nonce, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != nonce {
		return codeNonce, false
	}
	mac, ok := c.signs(nonce)
	if !ok {
		return codeSignature, false
	}
	g := d.guest(c.bot.Name)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(now.UnixMilli())
	if n <= g.nonce || n <= g.stamp {
		_, again = g.seen[mac]
		return codeUnauthorized, again
	}
	if post && !g.remember(ending{mac, now.UnixMilli(), now.Add(nonceMemory).UnixMilli()}) {
		return codeTooMany, false
	}
	g.nonce = n
	return 0, false
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
		g = &guest{seen: map[[sha256.Size]byte]ending{}}
		d.bots[bot] = g
	}
	return g
}

// window takes a signature that came now and is valid until e.at, unless it, or its number as a nonce, was used before.
func (g *guest) window(e ending, stamp uint64) (_ bitbank.Code, again bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(e.since)
	if before, ok := g.seen[e.signature]; ok && before.at >= e.since {
		if e.since-before.since <= echo.Milliseconds() {
			return 0, true
		}
		return codeUnauthorized, true
	}
	switch {
	case stamp <= g.nonce:
		return codeUnauthorized, false
	case !g.remember(e):
		return codeTooMany, false
	}
	g.stamp = max(g.stamp, stamp)
	return 0, false
}

// remember keeps a signature, if there is room.
func (g *guest) remember(e ending) bool {
	if len(g.ends)-g.gone >= maxSeen {
		return false
	}
	g.seen[e.signature] = e
	g.ends = append(g.ends, e)
	return true
}

// forget lets go of the oldest signatures that have run out. One that runs out sooner than an older one stays until that one
// goes: a minute at most.
func (g *guest) forget(now int64) {
	for g.gone < len(g.ends) && g.ends[g.gone].at < now {
		e := g.ends[g.gone]
		if g.seen[e.signature] == e {
			delete(g.seen, e.signature)
		}
		g.gone++
	}
	if g.gone > len(g.ends)/2 {
		g.ends = append(g.ends[:0], g.ends[g.gone:]...)
		g.gone = 0
	}
}
