package pubnub

import (
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"
)

// maxGrants bounds the tokens that are remembered, oldest forgotten first: a quarter of an hour of a client that asks for a
// new one ten times a second, which is bitbank's limit for one user. A forgotten one is unknown.
const maxGrants = 10_000

// A grant is what a token opens.
type grant struct {
	token   string
	channel string
	until   time.Time
	revoked bool
}

// grants are the tokens that were given out. Not safe for concurrent use.
type grants struct {
	rng   *rand.Rand
	known map[string]*grant
	order []*grant // by age
}

func newGrants(rng *rand.Rand) grants { return grants{rng: rng, known: map[string]*grant{}} }

// give makes a token. Clients must not read it; it has the look of PubNub's, which is CBOR in base64url.
func (g *grants) give(channel string, until time.Time) string {
	b := []byte("\xa7av\x02at\x1a")
	for range 12 {
		b = binary.BigEndian.AppendUint64(b, g.rng.Uint64())
	}
	made := &grant{token: base64.RawURLEncoding.EncodeToString(b), channel: channel, until: until}
	g.known[made.token] = made
	g.order = append(g.order, made)
	if n := len(g.order) - maxGrants; n > 0 {
		for _, old := range g.order[:n] {
			delete(g.known, old.token)
		}
		g.order = slices.Delete(g.order, 0, n)
	}
	return made.token
}

// revoke ends one token, or all of a channel, and returns the channels that it concerned.
func (g *grants) revoke(name string) map[string]bool {
	struck := map[string]bool{}
	for _, x := range g.order {
		if x.token == name || x.channel == name {
			x.revoked = true
			struck[x.channel] = true
		}
	}
	return struck
}

// admit checks what a request may have at a time; nil when it may have all that it asks for. anyone lets every uuid use a
// token.
func (g *grants) admit(r request, now time.Time, anyone bool) *refusal {
	x := g.known[r.token]
	switch {
	case x == nil:
		return forbidden(r.channels, r.groups)
	case x.revoked:
		return denied("Token is revoked")
	case !now.Before(x.until):
		return denied("Token is expired")
	case !anyone && r.uuid != x.channel:
		return forbidden(r.channels, r.groups)
	}
	others := slices.DeleteFunc(slices.Clone(r.channels), func(c string) bool { return c == x.channel })
	if len(others)+len(r.groups) > 0 {
		return forbidden(others, r.groups)
	}
	return nil
}
