package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/venue"
)

// venue is a look at another exchange's public ticker.
func (d *dialer) venue(s *site, p Place) doing {
	k := &keeper{}
	return func(ctx context.Context, o *Observation) *trouble {
		a, bad := d.ask(ctx, s, k, dataMost, o, nil)
		if bad != nil {
			return bad
		}
		if bad := judgeAnswer(a, s); bad != nil {
			return bad
		}
		if p.Heard != nil {
			p.Heard(a.body, time.Now())
		}
		last, err := lastPrice(a.body, p.Ticker)
		if err != nil {
			return because(Shape, Content, err)
		}
		o.Last = last
		return nil
	}
}

// judgeAnswer is for data of others than bitbank: no envelope is expected.
func judgeAnswer(a answer, s *site) *trouble {
	t := &trouble{phase: Content, detail: string(a.body[:min(len(a.body), 200)])}
	f, edge := byEdge(a, s)
	switch {
	case edge:
		t.failure = f
	case byStatus(a.status) != OK:
		t.failure = byStatus(a.status)
	case len(bytes.TrimSpace(a.body)) == 0:
		t.failure = Empty
	case bitbank.LooksHTML(a.body):
		t.failure = HTML
	case !json.Valid(a.body):
		t.failure = NotJSON
	default:
		return nil
	}
	return t
}

// lastPrice is the number at a path, as it is written there.
func lastPrice(body []byte, path string) (string, error) {
	text, err := venue.Pick(body, path)
	if err != nil {
		return "", err
	}
	if _, err := bitbank.ParseNumber(text); err != nil {
		return "", fmt.Errorf("no price at %q", path)
	}
	return text, nil
}

// pubnub asks PubNub for the time: a list of one number, in units of 100 ns since 1970.
func (d *dialer) pubnub(s *site) doing {
	k := &keeper{}
	return func(ctx context.Context, o *Observation) *trouble {
		a, bad := d.ask(ctx, s, k, dataMost, o, nil)
		if bad != nil {
			return bad
		}
		if bad := judgeAnswer(a, s); bad != nil {
			return bad
		}
		var ticks []int64
		if err := json.Unmarshal(a.body, &ticks); err != nil || len(ticks) != 1 || ticks[0] <= 0 {
			return because(Shape, Content, errors.New("not a list of one time"))
		}
		theirs := time.Unix(0, 0).Add(time.Duration(ticks[0]) * 100 * time.Nanosecond)
		o.Skew, o.SkewKnown = time.Now().Round(0).Add(-o.Timing.FirstByte/2).Sub(theirs).Round(time.Millisecond), true
		return nil
	}
}
