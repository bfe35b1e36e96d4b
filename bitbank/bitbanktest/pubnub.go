package bitbanktest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// PubNubOptions of a PubNub.
type PubNubOptions struct {
	// Bare leaves the time of publishing out of the messages.
	Bare bool
}

// What PubNub does by itself: it lets a poll wait, keeps a short queue, and bitbank's tokens end.
const (
	pubnubHold  = 280 * time.Second
	pubnubKeeps = 20 * time.Minute
	pubnubMost  = 100
	pubnubToken = 12 * time.Hour
	pubnubKey   = "sub-c-ecebae8e-dd60-11e6-b6b1-02ee2ddab7fe"
)

// A PubNub is the service behind the private stream, for one account: long polls that catch up by timetoken out of a
// queue of 100 messages and 20 minutes, for a token of 12 hours. It may be used concurrently.
type PubNub struct {
	options PubNubOptions

	mu      sync.Mutex
	channel string
	tokens  map[string]time.Time // until when
	queue   []published
	again   []published // put before the next answer's messages
	last    int64       // the newest timetoken
	faults  []*fault
	polls   []Poll
	waiting int
	cuts    int
	changed chan struct{} // closed at every change
}

type published struct {
	timetoken int64
	payload   string
}

// A Poll is a request that arrived.
type Poll struct {
	At        time.Time
	Timetoken int64
	Token     string
}

// NewPubNub returns a service that is well.
func NewPubNub(o PubNubOptions) *PubNub {
	return &PubNub{options: o, channel: "channel-of-the-account", tokens: map[string]time.Time{}, changed: make(chan struct{})}
}

// Ticket is what /v1/user/subscribe answers: the account's channel and a new token.
func (p *PubNub) Ticket() (channel, token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	token = fmt.Sprintf("token-%d", len(p.tokens)+1)
	p.tokens[token] = time.Now().Add(pubnubToken)
	return p.channel, token
}

// Move gives the account another channel; what is published goes there only.
func (p *PubNub) Move(channel string) { p.change(func() { p.channel, p.queue = channel, nil }) }

// Publish sends a payload, which is JSON, and says with which timetoken.
func (p *PubNub) Publish(payload string) (timetoken int64) {
	p.change(func() {
		timetoken = p.tick()
		p.queue = append(p.queue, published{timetoken, payload})
	})
	return timetoken
}

// Repeat delivers the newest n messages once more, with what is delivered next.
func (p *PubNub) Repeat(n int) {
	p.change(func() { p.again = append(p.again, p.queue[max(0, len(p.queue)-n):]...) })
}

// Revoke ends every token; polls that wait are refused.
func (p *PubNub) Revoke() { p.change(func() { clear(p.tokens) }) }

// Cut ends every poll that waits, without an answer.
func (p *PubNub) Cut() { p.change(func() { p.cuts++ }) }

// Fail breaks the answers to polls that arrive from now on and whose address contains the fault's Path, such as
// "tt=0&"; of several faults the oldest acts. undo ends it.
func (p *PubNub) Fail(f Fault) (undo func()) {
	added := &fault{f}
	p.change(func() { p.faults = append(p.faults, added) })
	return func() { p.change(func() { p.drop(added) }) }
}

func (p *PubNub) drop(f *fault) {
	for i, x := range p.faults {
		if x == f {
			p.faults = append(p.faults[:i:i], p.faults[i+1:]...)
			return
		}
	}
}

// Polls are all that arrived.
func (p *PubNub) Polls() []Poll {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Poll(nil), p.polls...)
}

// Waiting says how many polls wait for a message.
func (p *PubNub) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting
}

func (p *PubNub) change(act func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	act()
	close(p.changed)
	p.changed = make(chan struct{})
}

// tick is a new timetoken: the time, in units of 100 ns, and always more than the one before.
func (p *PubNub) tick() int64 {
	p.last = max(p.last+1, time.Now().UnixNano()/100)
	return p.last
}

// ServeHTTP implements http.Handler.
func (p *PubNub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	tt, err := strconv.ParseInt(query.Get("tt"), 10, 64)
	if f := p.arrive(r, Poll{time.Now(), tt, query.Get("auth")}); f != nil {
		f.answer(w, r, func() outcome { return outcome{http.StatusOK, p.render(nil, time.Now().UnixNano()/100)} })
		return
	}
	part := strings.Split(r.URL.EscapedPath(), "/")
	if len(part) != 6 || part[1] != "v2" || part[2] != "subscribe" || part[3] != pubnubKey || part[5] != "0" || err != nil || tt < 0 {
		reply(w, outcome{http.StatusBadRequest, `{"status":400,"error":true,"message":"Bad request"}`})
		return
	}
	channel, err := url.PathUnescape(part[4])
	if err != nil || query.Get("uuid") != channel {
		reply(w, outcome{http.StatusForbidden, `{"status":403,"error":true,"message":"Forbidden"}`})
		return
	}
	p.wait(w, r, channel, query.Get("auth"), tt)
}

// arrive notes a poll and finds the fault that it meets.
func (p *PubNub) arrive(r *http.Request, poll Poll) *fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.polls = append(p.polls, poll)
	for _, f := range p.faults {
		if !strings.Contains(r.URL.RequestURI(), f.Path) {
			continue
		}
		if f.Count > 0 {
			if f.Count--; f.Count == 0 {
				p.drop(f)
			}
		}
		return f
	}
	return nil
}

// wait answers when there is something to say.
func (p *PubNub) wait(w http.ResponseWriter, r *http.Request, channel, token string, tt int64) {
	over := time.NewTimer(pubnubHold)
	defer over.Stop()
	p.mu.Lock()
	cuts := p.cuts
	p.waiting++
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.waiting--
		p.mu.Unlock()
	}()
	for ended := false; ; {
		o, changed, cut := p.look(channel, token, tt, cuts, ended)
		switch {
		case cut:
			panic(http.ErrAbortHandler)
		case o.status != 0:
			reply(w, o)
			return
		}
		select {
		case <-changed:
		case <-over.C:
			ended = true
		case <-r.Context().Done():
			return
		}
	}
}

// look is the answer to a poll, if there is one by now, and when to look again.
func (p *PubNub) look(channel, token string, tt int64, cuts int, ended bool) (o outcome, changed <-chan struct{}, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cuts != p.cuts {
		return outcome{}, nil, true
	}
	until, known := p.tokens[token]
	if !known || time.Now().After(until) {
		return outcome{http.StatusForbidden, `{"status":403,"error":true,"message":"Token is expired."}`}, nil, false
	}
	for len(p.queue) > pubnubMost || len(p.queue) > 0 && time.Since(time.Unix(0, p.queue[0].timetoken*100)) > pubnubKeeps {
		p.queue = p.queue[1:]
	}
	var list []published
	if channel == p.channel && tt != 0 {
		for _, m := range p.queue {
			if m.timetoken > tt {
				list = append(list, m)
			}
		}
		list, p.again = append(p.again, list...), nil
	}
	switch {
	case len(list) > 0:
		return outcome{http.StatusOK, p.render(list, max(tt, list[len(list)-1].timetoken))}, nil, false
	case ended || tt == 0:
		return outcome{http.StatusOK, p.render(nil, p.tick())}, nil, false
	}
	return outcome{}, p.changed, false
}

// render writes an answer as PubNub does.
func (p *PubNub) render(list []published, next int64) string {
	var rows []string
	for _, m := range list {
		at := ""
		if !p.options.Bare {
			at = fmt.Sprintf(`"p":{"t":"%d","r":12},`, m.timetoken)
		}
		rows = append(rows, fmt.Sprintf(`{"a":"4","f":0,"i":"sender",%s"k":"%s","c":"%s","d":%s}`, at, pubnubKey, p.channel, m.payload))
	}
	return fmt.Sprintf(`{"t":{"t":"%d","r":12},"m":[%s]}`, next, strings.Join(rows, ","))
}
