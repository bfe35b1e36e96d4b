package pubnub

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A call is what a request is for.
type call int

const (
	clockCall call = iota // the time
	preflight             // a browser asks whether it may ask
	subscribe
	heartbeat
	leave
	other // what PubNub has and the tokens do not open
)

// A request is one that names a call and can be understood.
type request struct {
	call     call
	key      string
	channels []string // without doubles
	groups   []string
	token    string
	uuid     string
	place    timetoken // after which the messages are wanted; 0 for a new subscriber
}

const (
	// maxURI is PubNub's documented limit of a request's address.
	maxURI = 32 << 10
	// maxChannels is more than the 50 that PubNub's documents recommend for one connection. Our assumption.
	maxChannels = 100
)

// parse reads a request's method, its path as it was escaped, and its query.
func parse(method, path, query string) (request, *refusal) {
	switch {
	case len(path)+len(query) > maxURI:
		return request{}, refuse(http.StatusRequestURITooLong, "Balancer", "Request URI Too Long")
	case method == http.MethodOptions:
		return request{call: preflight}, nil
	case method != http.MethodGet && method != http.MethodHead:
		return request{}, refuse(http.StatusMethodNotAllowed, "Balancer", "Method Not Allowed")
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return request{}, malformed()
	}
	r := request{token: q.Get("auth"), uuid: q.Get("uuid"), groups: names(q.Get("channel-group"))}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	list := ""
	switch {
	case len(parts) == 2 && parts[0] == "time" && parts[1] == "0":
		return request{call: clockCall}, nil
	case len(parts) == 5 && parts[0] == "v2" && parts[1] == "subscribe" && parts[4] == "0":
		r.call, r.key, list = subscribe, parts[2], parts[3]
	case len(parts) == 7 && parts[0] == "v2" && parts[1] == "presence" && parts[4] == "channel" && (parts[6] == "heartbeat" || parts[6] == "leave"):
		// Recorded clients write sub-key and sub_key.
		if parts[2] != "sub-key" && parts[2] != "sub_key" {
			return request{}, lost(path)
		}
		r.call, r.key, list = heartbeat, parts[3], parts[5]
		if parts[6] == "leave" {
			r.call = leave
		}
	default:
		return elsewhere(path, parts)
	}
	return r.wants(list, q.Get("tt"))
}

// wants completes a request that is about channels.
func (r request) wants(list, place string) (request, *refusal) {
	for _, escaped := range names(list) {
		name, err := url.PathUnescape(escaped)
		if err != nil {
			return request{}, malformed()
		}
		if !slices.Contains(r.channels, name) {
			r.channels = append(r.channels, name)
		}
	}
	if n := len(r.channels) + len(r.groups); n == 0 || n > maxChannels {
		return request{}, malformed()
	}
	if place != "" && r.call == subscribe {
		at, err := strconv.ParseInt(place, 10, 64)
		if err != nil || at < 0 || place[0] == '+' {
			return request{}, malformed()
		}
		r.place = timetoken(at)
	}
	return r, nil
}

// elsewhere tells PubNub's other services, which the tokens do not open, from paths that lead nowhere.
func elsewhere(path string, parts []string) (request, *refusal) {
	switch parts[0] {
	case "publish", "signal", "v1", "v2", "v3":
		if len(parts) > 1 && parts[1] != "subscribe" {
			return request{call: other}, nil
		}
	}
	return request{}, lost(path)
}

// names splits a list and leaves out what is empty: "," alone is a list of nothing.
func names(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(s string) bool { return s == "" })
}
