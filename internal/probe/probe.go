package probe

import (
	"net/netip"
	"time"
)

// A Host is the role of one machine of the outside world, such as "public" for bitbank's public REST. Roles carry
// the same names as the simulator's hosts.
type Host string

// The hosts. Neutral sites and venues are numbered from 1.
const (
	Self     Host = "self" // this machine and its line
	Public   Host = "public"
	Private  Host = "private"
	Stream   Host = "stream"
	PubNub   Host = "pubnub"
	Web      Host = "web"
	App      Host = "app"
	Status   Host = "status"
	Blog     Host = "blog"
	Support  Host = "support"
	X        Host = "x"
	Neutral1 Host = "neutral1"
	Neutral2 Host = "neutral2"
	Neutral3 Host = "neutral3"
	Venue1   Host = "venue1"
	Venue2   Host = "venue2"
	Venue3   Host = "venue3"
)

// A Target is one thing looked at in one way: host, slash, way. Stable: targets stand in the journal.
type Target string

// A Phase is a step of a request.
type Phase string

// The phases, in order. Content is what the answer says, after it has arrived whole.
const (
	DNS       Phase = "dns"
	Connect   Phase = "connect"
	TLS       Phase = "tls"
	FirstByte Phase = "first_byte"
	Body      Phase = "body"
	Content   Phase = "content"
)

// A Failure is a stable code for what went wrong; the empty one means that all was well. Words for people are in
// the text catalogue under "failure." + code.
type Failure string

// The failure codes.
const (
	OK Failure = ""

	DNSTimeout  Failure = "dns_timeout"
	DNSNotFound Failure = "dns_not_found" // the name does not exist
	DNSFailed   Failure = "dns_failed"    // the resolver says that it failed
	DNSDiffers  Failure = "dns_differs"   // two resolvers disagree on whether the name exists

	ConnectRefused     Failure = "connect_refused"
	ConnectTimeout     Failure = "connect_timeout"
	ConnectUnreachable Failure = "connect_unreachable" // no route; our own network says so
	ConnectReset       Failure = "connect_reset"

	TLSExpired   Failure = "tls_expired"
	TLSName      Failure = "tls_name"
	TLSUntrusted Failure = "tls_untrusted" // signed by nobody we know: portal or interception
	TLSFailed    Failure = "tls_failed"
	TLSTimeout   Failure = "tls_timeout"

	Timeout   Failure = "timeout" // connected, but no first byte in time
	Reset     Failure = "reset"   // cut after the request was sent
	BodySlow  Failure = "body_timeout"
	Truncated Failure = "truncated"
	Empty     Failure = "empty"
	HTML      Failure = "html"      // a page where data was expected, or an error page where a page was
	Challenge Failure = "challenge" // the edge asks for a captcha: blocked, not an outage
	NotJSON   Failure = "not_json"
	Shape     Failure = "shape" // JSON, but not what is documented
	HTTP5xx   Failure = "http_5xx"
	HTTP4xx   Failure = "http_4xx"
	Foreign   Failure = "redirect_foreign" // sent to another domain
	Portal    Failure = "portal"           // a neutral site shows somebody else's page

	APIError     Failure = "api_error"    // success 0 with Code
	RateLimited  Failure = "rate_limited" // 429 or 10009
	Maintenance  Failure = "maintenance"  // 10007
	Busy         Failure = "busy"         // 10008
	ClockRefused Failure = "clock"        // 20034, 20035: bitbank's clock and ours disagree

	Stale         Failure = "stale"          // answers, but its data is older than another source's
	Silent        Failure = "silent"         // open stream, nothing arrives at all
	ChannelSilent Failure = "channel_silent" // one channel stopped while REST moves on
	Frozen        Failure = "frozen"         // the same data again and again while REST moves on
	Behind        Failure = "behind"         // stream data with timestamps well behind REST's
	StreamClosed  Failure = "stream_closed"
	Handshake     Failure = "handshake" // not a Socket.IO peer

	NoInterface Failure = "no_interface" // no network interface is up
	NoGateway   Failure = "no_gateway"   // the router does not answer
	ClockOff    Failure = "clock_off"    // NTP or several Date headers say that our clock is off
)

// A Family is an address family. Zero means either.
type Family int

// The families.
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

// Timing is how long each phase took; zero for a phase that did not happen (a warm connection has no DNS, Connect
// or TLS).
type Timing struct {
	DNS       time.Duration `json:"dns,omitzero"`
	Connect   time.Duration `json:"connect,omitzero"`
	TLS       time.Duration `json:"tls,omitzero"`
	FirstByte time.Duration `json:"first_byte,omitzero"`
	Body      time.Duration `json:"body,omitzero"`
}

// An Observation is what one probe saw, once. It is a value: nothing changes it after it was made.
type Observation struct {
	Target  Target        `json:"target"`
	Host    Host          `json:"host"`
	At      time.Time     `json:"at"`                // when it ended, by our wall clock
	Took    time.Duration `json:"took"`              // from start to end, by the monotonic clock
	Failure Failure       `json:"failure,omitzero"`  // OK when all was well
	Late    bool          `json:"late,omitzero"`     // not over yet: unusually slow, so far. A final one follows
	Phase   Phase         `json:"phase,omitzero"`    // where Failure happened
	Timing  Timing        `json:"timing,omitzero"`   //
	Addr    netip.Addr    `json:"addr,omitzero"`     // the address that was used
	Family  Family        `json:"family,omitzero"`   //
	Fresh   bool          `json:"fresh,omitzero"`    // a new connection, not a kept one
	Status  int           `json:"status,omitzero"`   // HTTP status
	Code    int           `json:"code,omitzero"`     // bitbank's code
	DataAt  time.Time     `json:"data_at,omitzero"`  // the data's own timestamp
	DataSeq uint64        `json:"data_seq,omitzero"` // the data's own sequence number
	Skew    time.Duration `json:"skew,omitzero"`     // our clock minus theirs, from a Date header or NTP; see SkewKnown
	// SkewKnown says that Skew was measured (a Date header has a resolution of one second).
	SkewKnown bool        `json:"skew_known,omitzero"`
	Missing   []Host      `json:"missing,omitzero"` // whose names a resolver says not to know
	Detail    string      `json:"detail,omitzero"`  // at most 200 bytes of raw evidence
	Pairs     []PairState `json:"pairs,omitzero"`   // from private/status, private/pairs and circuit-break data only
	Last      string      `json:"last,omitzero"`    // last price as text, from tickers and venues
}

// A PairState is what bitbank says of one pair; only the fields of the endpoint that was asked are set.
type PairState struct {
	Pair      string   `json:"pair"`
	Status    string   `json:"status,omitzero"`     // NORMAL, BUSY, VERY_BUSY, HALT
	MinAmount string   `json:"min_amount,omitzero"` // smallest order now
	UnitSize  string   `json:"unit_amount,omitzero"`
	Flags     []string `json:"flags,omitzero"`     // names of the stop flags that are set, sorted; with HasFlags
	HasFlags  bool     `json:"has_flags,omitzero"` // Flags was read, even if empty
	Margin    bool     `json:"margin,omitzero"`    // the pair can be traded on margin
	Mode      string   `json:"mode,omitzero"`      // circuit-break mode
}

// A Watcher is how well we ourselves are: a sick watcher proves nothing.
type Watcher struct {
	Slept   time.Duration `json:"slept,omitzero"`    // the machine stood still for so long just before WokeAt
	WokeAt  time.Time     `json:"woke_at,omitzero"`  //
	Jumped  time.Duration `json:"jumped,omitzero"`   // the wall clock jumped by so much at JumpAt
	JumpAt  time.Time     `json:"jump_at,omitzero"`  //
	Late    time.Duration `json:"late,omitzero"`     // how late our timers fire now
	Disk    Failure       `json:"disk,omitzero"`     // "disk_full" or "disk_failed" when the journal cannot be written
	OwnRate bool          `json:"own_rate,omitzero"` // our own count of requests was at the limit within the last minute
	Since   time.Time     `json:"since,omitzero"`    // when this watch began
}
