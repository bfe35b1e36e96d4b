package probe

// The targets. The way after the slash is "fresh" for a new connection that is closed again, other words for a
// kept connection or another page, so that the differential probes of one host are different questions.
const (
	LineInterface Target = "self/interface"
	LineGateway   Target = "self/gateway"
	DNSSystem     Target = "self/dns_system"  // a neutral name by the system's resolver
	DNSSecond     Target = "self/dns_second"  // the same by the second resolver
	ClockNTP      Target = "self/ntp"         //
	BitbankDNS    Target = "self/bitbank_dns" // bitbank's own names by the system's resolver
	BitbankDNS2   Target = "self/bitbank_dns2"

	PublicTicker Target = "public/ticker" // kept connection; DataAt is the freshness
	PublicDepth  Target = "public/depth"  // fresh connection; DataSeq against the stream
	Public4      Target = "public/connect4"
	Public6      Target = "public/connect6"

	PrivateStatus Target = "private/status"    // /spot/status, kept connection
	PrivatePairs  Target = "private/pairs"     // /spot/pairs, at most twice a minute
	PrivateAnon   Target = "private/anonymous" // /v1/user/assets without a key: 20003 is the sign of life
	PrivateSigned Target = "private/signed"    // the same with a key, when there is one
	Private4      Target = "private/connect4"
	Private6      Target = "private/connect6"

	StreamSocket  Target = "stream/socket"       // transport: connect, handshake, server pings
	StreamTicker  Target = "stream/ticker"       // one observation per channel: data age, repetition
	StreamDiff    Target = "stream/depth_diff"   //
	StreamWhole   Target = "stream/depth_whole"  //
	StreamTrades  Target = "stream/transactions" //
	StreamCircuit Target = "stream/circuit_break_info"
	Stream4       Target = "stream/connect4"
	Stream6       Target = "stream/connect6"

	PubNubTime Target = "pubnub/time"

	WebPage    Target = "web/page"
	WebAsset   Target = "web/asset" // a second page of the same host: the differential question
	Web4       Target = "web/connect4"
	Web6       Target = "web/connect6"
	AppPage    Target = "app/page"
	AppBackend Target = "app/backend"
	App4       Target = "app/connect4"
	App6       Target = "app/connect6"

	StatusPage  Target = "status/page"
	BlogPage    Target = "blog/page"
	SupportPage Target = "support/page"
	SupportHelp Target = "support/help"
	XPage       Target = "x/page"

	Neutral1Page Target = "neutral1/page"
	Neutral2Page Target = "neutral2/page"
	Neutral3Page Target = "neutral3/page"

	Venue1Ticker Target = "venue1/ticker"
	Venue2Ticker Target = "venue2/ticker"
	Venue3Ticker Target = "venue3/ticker"
)
