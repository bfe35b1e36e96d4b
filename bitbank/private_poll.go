package bitbank

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Where the private stream is: PubNub, which can fail while bitbank works, and the other way round. The key is a
// public constant (bitbank's documents, "Private stream").
const (
	DefaultPubNubURL    = "https://ps.pndsn.com"
	DefaultSubscribeKey = "sub-c-ecebae8e-dd60-11e6-b6b1-02ee2ddab7fe"
)

// ErrSilent is a long poll without an answer. PubNub answers one at the latest after 280 s (measured by others).
var ErrSilent = errors.New("the private stream fell silent")

// patience is how long a poll may take.
const patience = 310 * time.Second

// A Cursor says up to where the private stream was heard. Whoever keeps the newest one can go on from it after a
// restart. The zero Cursor begins anew.
type Cursor struct {
	Timetoken int64     // the provider's; in units of 100 ns since 1970
	Region    int64     // the provider's
	Heard     time.Time // when it came, by our clock
	// Owed says that what was missed before this point has not been read yet, and Since from when on. It is set from a
	// gap to its PrivateBackfilled.
	Owed  bool
	Since time.Time
}

// Time is when the newest message before c was published, or when there was none, by the provider's clock.
func (c Cursor) Time() time.Time {
	if c.Timetoken == 0 {
		return time.Time{}
	}
	return time.Unix(c.Timetoken/1e7, c.Timetoken%1e7*100)
}

// A delivery is one message of an answer.
type delivery struct {
	published Cursor // zero when the answer does not say
	raw       json.RawMessage
}

// A poller asks for what comes after a cursor.
type poller struct {
	http *http.Client
	base string // with the key
}

func newPoller(o PrivateOptions) (*poller, error) {
	if o.URL == "" {
		o.URL = DefaultPubNubURL
	}
	if o.SubscribeKey == "" {
		o.SubscribeKey = DefaultSubscribeKey
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%.200q is not an address such as %s", o.URL, DefaultPubNubURL)
	}
	base := strings.TrimRight(o.URL, "/") + "/v2/subscribe/" + url.PathEscape(o.SubscribeKey) + "/"
	p := &poller{http: sender(o.HTTP, patience), base: base}
	p.http.Timeout = 0 // a poll's context bounds it
	return p, nil
}

// poll waits for messages after c, at most patience. With a zero Timetoken it asks where the queue is, which is
// answered at once. No error of it shows the ticket or quotes an answer.
func (p *poller) poll(ctx context.Context, t Ticket, c Cursor) ([]delivery, Cursor, error) {
	const op = "poll the private stream"
	ctx, cancel := context.WithTimeoutCause(ctx, patience, ErrSilent)
	defer cancel()
	query := url.Values{"uuid": {t.Channel()}, "auth": {t.Token()}, "tt": {strconv.FormatInt(c.Timetoken, 10)}}
	if c.Timetoken != 0 && c.Region != 0 {
		query.Set("tr", strconv.FormatInt(c.Region, 10))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+url.PathEscape(t.Channel())+"/0?"+query.Encode(), nil)
	if err != nil {
		return nil, Cursor{}, fmt.Errorf("%s: the ticket's channel makes no address", op)
	}
	req, once := onlyOnce(req)
	defer once.end()
	fail := func(err error) ([]delivery, Cursor, error) {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, Cursor{}, fmt.Errorf("%s: %w", op, err)
	}
	res, err := p.http.Do(req)
	if err != nil {
		return fail(once.explain(err))
	}
	defer res.Body.Close()
	body, err := read(op, res)
	if _, broken := errors.AsType[*BodyError](err); broken {
		return nil, Cursor{}, quiet(err)
	}
	if err != nil {
		return fail(err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, Cursor{}, &StatusError{Op: op, Status: res.StatusCode, HTML: LooksHTML(body)}
	}
	list, next, err := readPoll(body)
	if err != nil {
		return nil, Cursor{}, quiet(notAnEnvelope(op, res.StatusCode, res.Header.Get("Content-Type"), body, err))
	}
	next.Heard = time.Now().Round(0) // the wall clock, which goes on while a machine sleeps
	return list, next, nil
}

// readPoll reads an answer. What stands in the messages is not looked at.
func readPoll(body []byte) ([]delivery, Cursor, error) {
	answer, err := fieldsOf(body)
	if err != nil {
		return nil, Cursor{}, err
	}
	next, err := readCursor(answer["t"])
	if err != nil {
		return nil, Cursor{}, err
	}
	if next.Timetoken == 0 {
		return nil, Cursor{}, errors.New("an answer without a timetoken")
	}
	var list []json.RawMessage
	if m := answer["m"]; len(m) == 0 || m[0] != '[' || json.Unmarshal(m, &list) != nil {
		return nil, Cursor{}, errors.New("an answer without a list of messages")
	}
	out := make([]delivery, len(list))
	for i, row := range list {
		fields, err := fieldsOf(row)
		if err != nil {
			return nil, Cursor{}, err
		}
		if fields["d"] == nil {
			return nil, Cursor{}, errors.New("a message without data")
		}
		out[i].raw = fields["d"]
		if p := fields["p"]; p != nil {
			if out[i].published, err = readCursor(p); err != nil {
				return nil, Cursor{}, err
			}
		}
	}
	return out, next, nil
}

// readCursor reads {"t": "…", "r": …}; both travel as numbers or as strings.
func readCursor(b json.RawMessage) (Cursor, error) {
	fields, err := fieldsOf(b)
	if err != nil {
		return Cursor{}, err
	}
	var c Cursor
	for name, into := range map[string]*int64{"t": &c.Timetoken, "r": &c.Region} {
		if v := fields[name]; v != nil && readID(into, v) != nil {
			return Cursor{}, errors.New("a timetoken that is no whole number")
		}
	}
	return c, nil
}

// fieldsOf takes an object apart. Unlike package json it tells names of different case apart, which PubNub's single
// letters need, and refuses one that stands twice.
func fieldsOf(b []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if first, err := d.Token(); err != nil || first != json.Delim('{') || !json.Valid(b) {
		return nil, errors.New("no object")
	}
	fields := map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		text := name.(string)
		if _, twice := fields[text]; twice {
			return nil, errors.New("a field stands twice in one object")
		}
		fields[text] = value
	}
	return fields, nil
}
