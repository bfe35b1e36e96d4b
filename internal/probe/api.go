package probe

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"hikeshi/bitbank"
)

// codeNoKey is bitbank's answer to a request for balances without a key: the sign of life of the private front.
const codeNoKey = 20003

// api is a look at one of bitbank's interfaces: read takes out of the body what is observed.
func (d *dialer) api(s *site, k *keeper, read func(*Observation, []byte) error) doing {
	return func(ctx context.Context, o *Observation) *trouble {
		a, bad := d.ask(ctx, s, k, dataMost, o, nil)
		if bad != nil {
			return bad
		}
		return refused(checked(a, o, read), a, s, o)
	}
}

func checked(a answer, o *Observation, read func(*Observation, []byte) error) error {
	if err := bitbank.Check(a.status, a.header.Get("Content-Type"), a.body); err != nil {
		return err
	}
	return read(o, a.body)
}

func readTicker(o *Observation, body []byte) error {
	t, err := bitbank.DecodeTicker(body)
	o.DataAt, o.Last = t.At.Time(), t.Last.String()
	return err
}

func readDepth(o *Observation, body []byte) error {
	d, err := bitbank.DecodeDepth(body)
	o.DataAt, o.DataSeq = d.At.Time(), uint64(d.Seq)
	return err
}

func readStatus(o *Observation, body []byte) error {
	all, err := bitbank.DecodeSpotStatus(body)
	for _, p := range all {
		o.Pairs = append(o.Pairs, PairState{Pair: p.Pair, Status: p.Status, MinAmount: p.MinAmount.String()})
	}
	return err
}

// A pairBook is the list of all pairs, as bitbank told it last.
type pairBook struct {
	mu      sync.Mutex
	names   []string
	version int // counts the lists
}

func (b *pairBook) set(names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names = names
	b.version++
}

func (b *pairBook) all() (names []string, version int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.names, b.version
}

func (b *pairBook) read(o *Observation, body []byte) error {
	all, err := bitbank.DecodeSpotPairs(body)
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
		o.Pairs = append(o.Pairs, PairState{
			Pair: p.Name, UnitSize: p.UnitAmount.String(), Flags: p.Flags(), HasFlags: true, Margin: p.Margin(),
		})
	}
	if err == nil {
		b.set(names)
	}
	return err
}

// knock asks for balances without a key. Being refused for want of one is well.
func (d *dialer) knock(s *site) doing {
	return func(ctx context.Context, o *Observation) *trouble {
		a, bad := d.ask(ctx, s, nil, dataMost, o, nil)
		if bad != nil {
			return bad
		}
		err := bitbank.Check(a.status, a.header.Get("Content-Type"), a.body)
		if refusal, ok := errors.AsType[*bitbank.Error](err); ok && refusal.Code == codeNoKey {
			o.Code = codeNoKey
			return nil
		}
		if err == nil {
			return &trouble{failure: Shape, phase: Content, detail: "an answer to a request without a key"}
		}
		return refused(err, a, s, o)
	}
}

// signed asks for balances with the key. Of the answer nothing but its kind is kept: it is the account's.
func (d *dialer) signed(s *site, k *keeper, key *bitbank.Credentials) doing {
	sign := func(req *http.Request) error { return key.Sign(req, nil, time.Now()) }
	return func(ctx context.Context, o *Observation) *trouble {
		a, bad := d.ask(ctx, s, k, dataMost, o, sign)
		if bad == nil {
			bad = refused(checked(a, o, func(_ *Observation, body []byte) error {
				_, err := bitbank.DecodeAssets(body)
				return err
			}), a, s, o)
		}
		if bad != nil && o.Code == 0 && bad.phase == Content {
			bad.detail = "" // it would quote the body
		}
		return bad
	}
}
