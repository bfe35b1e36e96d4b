package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Fault is what is wrong with one host, as it is posted to /faults.
type Fault struct {
	ID          string  `json:"id,omitzero"` // given by the simulator
	Host        string  `json:"host"`
	Match       Match   `json:"match,omitzero"`
	Effect      string  `json:"effect"`
	Probability float64 `json:"probability,omitzero"` // drawn for each request, connection or message; 0 means always
	DelayMS     int64   `json:"delay_ms,omitzero"`
	Count       int     `json:"count,omitzero"`  // how often it acts; 0 means without end
	ForMS       int64   `json:"for_ms,omitzero"` // how long it stays; 0 means until it is deleted
	Status      int     `json:"status,omitzero"`
	Body        string  `json:"body,omitzero"`
	Code        int     `json:"code,omitzero"`
	RetryAfter  int     `json:"retry_after,omitzero"` // seconds, for the header of that name
}

// A Match narrows a fault to some requests or, on the stream, rooms. What is empty matches all.
type Match struct {
	Method string `json:"method,omitzero"`
	Path   string `json:"path,omitzero"` // exact; with a * at its end, a prefix; on the stream a room, on pubnub also a message's method
	Pair   string `json:"pair,omitzero"` // in the path, the query or the room
}

// A level is where an effect acts.
type level int

const (
	below    level = iota // listeners and connections as a whole
	request               // one HTTP request
	messages              // what the stream says
)

// An effect is a row of the table of what can go wrong.
type effect struct {
	level level
	need  []string // fields it cannot do without
	takes []string // further fields that mean something to it
	hosts []string // the only hosts it can happen to; nil for all
}

// narrow are the fields that every effect on requests and messages understands.
var narrow = []string{"method", "path", "pair", "probability", "count"}

var effects = map[string]effect{
	"refuse":          {level: below},
	"cert_expired":    {level: below},
	"blackhole":       {level: request, takes: narrow},
	"reset":           {level: request, takes: narrow},
	"slow":            {level: request, need: []string{"delay_ms"}, takes: narrow},
	"drop_request":    {level: request, takes: append([]string{"delay_ms"}, narrow...)},
	"drop_response":   {level: request, takes: append([]string{"delay_ms"}, narrow...)},
	"truncate":        {level: request, takes: narrow},
	"html":            {level: request, takes: append([]string{"body", "status"}, narrow...)},
	"empty":           {level: request, takes: append([]string{"status"}, narrow...)},
	"status":          {level: request, need: []string{"status"}, takes: append([]string{"body", "retry_after"}, narrow...)},
	"status_after":    {level: request, need: []string{"status"}, takes: append([]string{"body"}, narrow...), hosts: apiHosts},
	"api_error":       {level: request, need: []string{"code"}, takes: append([]string{"status"}, narrow...), hosts: apiHosts},
	"api_error_after": {level: request, need: []string{"code"}, takes: append([]string{"status"}, narrow...), hosts: apiHosts},
	"maintenance":     {level: request, takes: append([]string{"status", "body"}, narrow...)},
	"stale_read":      {level: request, takes: narrow, hosts: apiHosts},
	"clock_skew":      {level: request, need: []string{"delay_ms"}, takes: narrow},
	"freeze_sequence": {level: messages, takes: narrow, hosts: []string{"public", "stream"}},
	"stall_stream":    {level: messages, takes: []string{"probability", "count"}, hosts: streams},
	"mute_channel":    {level: messages, takes: narrow, hosts: streams},
	"close_stream":    {level: messages, takes: []string{"probability", "count", "body"}, hosts: streams},
	"shuffle":         {level: messages, takes: narrow, hosts: streams},
	"duplicate":       {level: messages, takes: narrow, hosts: streams},
	"queue_delay":     {level: request, need: []string{"delay_ms"}, takes: narrow, hosts: []string{"private"}},
	"replica_lag":     {level: request, need: []string{"delay_ms"}, takes: narrow, hosts: []string{"private"}},
}

var (
	apiHosts = []string{"public", "private"}
	streams  = []string{"stream", "pubnub"}
)

// lost are the codes after which nobody knows whether a write happened: bitbank's own internal failures.
var lost = []int{10001, 10003, 10005, 70001, 70002, 70003, 70012}

const (
	maxFaults = 200
	// maxTime bounds delays and durations: a day is longer than any drill.
	maxTime = 24 * 60 * 60 * 1000
	maxBody = 64 << 10
)

// strict decodes one JSON object without unknown fields, and says what is wrong in a sentence.
func strict(r io.Reader, into any) error {
	b, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return fmt.Errorf("the body could not be read: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err = d.Decode(into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return fmt.Errorf("%s: expected %s, got %s", wrong.Field, kindOf(wrong.Type.Kind().String()), wrong.Value)
	}
	if err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return fmt.Errorf("%s: no such field", strings.Trim(name, `"`))
		}
		return fmt.Errorf("the body is no JSON object of the expected form: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("the body holds more than one JSON value")
	}
	return nil
}

// kindOf names a Go kind the way somebody who writes JSON does.
func kindOf(kind string) string {
	switch {
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "bool":
		return "true or false"
	case kind == "map", kind == "struct":
		return "an object"
	case kind == "slice":
		return "an array"
	}
	return "a " + kind
}

// check says what is wrong with a fault, naming the field and what was expected.
func (f Fault) check(tls bool) error {
	e, known := effects[f.Effect]
	if !known {
		return fmt.Errorf("effect: %q is none of %s", f.Effect, strings.Join(sortedKeys(effects), ", "))
	}
	if !slices.Contains(Hosts(), f.Host) {
		return fmt.Errorf("host: %q is none of %s", f.Host, strings.Join(Hosts(), ", "))
	}
	if e.hosts != nil && !slices.Contains(e.hosts, f.Host) {
		return fmt.Errorf("host: %s happens to %s only, not to %s", f.Effect, strings.Join(e.hosts, " and "), f.Host)
	}
	if f.ID != "" {
		return errors.New("id: the simulator gives it, leave it out")
	}
	if f.Effect == "cert_expired" && !tls {
		return errors.New("effect: cert_expired needs a simulator that was started with --tls")
	}
	given := f.given()
	for _, name := range e.need {
		if !slices.Contains(given, name) {
			return fmt.Errorf("%s: %s needs it, as a whole number other than 0", name, f.Effect)
		}
	}
	for _, name := range given {
		if !slices.Contains(e.need, name) && !slices.Contains(e.takes, name) {
			return fmt.Errorf("%s: means nothing to %s", name, f.Effect)
		}
	}
	return f.values()
}

// given lists the fields that were set, but for those that every fault has.
func (f Fault) given() []string {
	var names []string
	for name, set := range map[string]bool{
		"method": f.Match.Method != "", "path": f.Match.Path != "", "pair": f.Match.Pair != "",
		"probability": f.Probability != 0, "delay_ms": f.DelayMS != 0, "count": f.Count != 0,
		"status": f.Status != 0, "body": f.Body != "", "code": f.Code != 0,
		"retry_after": f.RetryAfter != 0,
	} {
		if set {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// values checks the range of each field.
func (f Fault) values() error {
	switch {
	case f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("probability: expected a number from 0 to 1, got %v", f.Probability)
	case f.DelayMS > maxTime || f.DelayMS < -maxTime || (f.DelayMS < 0 && f.Effect != "clock_skew"):
		return fmt.Errorf("delay_ms: expected milliseconds from 0 to %d (clock_skew: also negative), got %d", maxTime, f.DelayMS)
	case f.Effect == "replica_lag" && f.DelayMS > maxLag.Milliseconds():
		return fmt.Errorf("delay_ms: a replica lags at most %d behind here, got %d", maxLag.Milliseconds(), f.DelayMS)
	case f.Count < 0 || f.Count > 1_000_000:
		return fmt.Errorf("count: expected a number from 1 to 1000000, or 0 for without end, got %d", f.Count)
	case f.ForMS < 0 || f.ForMS > maxTime:
		return fmt.Errorf("for_ms: expected milliseconds from 0 to %d, got %d", maxTime, f.ForMS)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status: expected an HTTP status from 200 to 599, got %d", f.Status)
	case f.RetryAfter < 0 || f.RetryAfter > 3600:
		return fmt.Errorf("retry_after: expected seconds from 1 to 3600, or 0 for no such header, got %d", f.RetryAfter)
	case len(f.Body) > maxBody:
		return fmt.Errorf("body: expected at most %d bytes, got %d", maxBody, len(f.Body))
	case f.Effect == "api_error" && (f.Code < 10000 || f.Code > 99999):
		return fmt.Errorf("code: expected one of bitbank's five-digit codes, got %d", f.Code)
	case f.Effect == "api_error_after" && !slices.Contains(lost, f.Code):
		return fmt.Errorf("code: expected a code after which the outcome is unknown, one of %v, got %d", lost, f.Code)
	case f.Effect == "close_stream" && !slices.Contains([]string{"", "1", "41"}, f.Body):
		return fmt.Errorf("body: expected 41 (close the namespace), 1 (close the engine) or nothing (cut the transport), got %q", f.Body)
	case f.Match.Method != strings.ToUpper(f.Match.Method):
		return fmt.Errorf("match.method: expected an HTTP method in capitals, such as GET, got %q", f.Match.Method)
	case f.Host == "pubnub" && f.Effect == "close_stream" && f.Body != "":
		return errors.New("body: the private stream is only ever cut, leave it out")
	case !slices.Contains(streams, f.Host) && f.Match.Path != "" && f.Match.Path[0] != '/':
		return fmt.Errorf("match.path: expected a path that begins with /, got %q", f.Match.Path)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
