package diagnose

import (
	"slices"
	"strings"
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

// references are sites that have nothing to do with bitbank, on three networks.
var references = []probe.Target{probe.Neutral1Page, probe.Neutral2Page, probe.Neutral3Page}

func isReference(t probe.Target) bool { return slices.Contains(references, t) }

// elsewhere: the look is at a site that has nothing to do with bitbank.
func elsewhere(t probe.Target) bool {
	return isReference(t) || t == probe.XPage || t == probe.Venue1Ticker || t == probe.Venue2Ticker || t == probe.Venue3Ticker
}

// answers: a good look at t is an answer from outside. A stream is not asked: it reports its last message for a while
// after the line was cut.
func answers(t probe.Target) bool { return !isChannel(t) && t != probe.StreamSocket }

// connects: the look makes a connection and asks nothing.
func connects(t probe.Target) bool {
	return strings.HasSuffix(string(t), "/connect4") || strings.HasSuffix(string(t), "/connect6")
}

// sibling is the look that connects to the same host by the other family; "" when t connects by none.
func sibling(t probe.Target) probe.Target {
	if host, ok := strings.CutSuffix(string(t), "/connect4"); ok {
		return probe.Target(host + "/connect6")
	}
	if host, ok := strings.CutSuffix(string(t), "/connect6"); ok {
		return probe.Target(host + "/connect4")
	}
	return ""
}

// An entrance is a way into bitbank that can be looked at on its own.
type entrance struct {
	host  probe.Host
	part  part.Code
	looks []probe.Target // the different looks that add up
	four  probe.Target
	six   probe.Target
	aside bool // its failing says nothing of bitbank as a whole
}

// entrances in the order in which pages show their parts. Those aside come last: they are served by others (help desk, status
// page, PubNub) or are only read.
var entrances = []entrance{
	{host: probe.Web, part: part.Web, looks: []probe.Target{probe.WebPage, probe.WebAsset}, four: probe.Web4, six: probe.Web6},
	{host: probe.App, part: part.App, looks: []probe.Target{probe.AppPage, probe.AppBackend}, four: probe.App4, six: probe.App6},
	{host: probe.Public, part: part.PublicAPI, looks: []probe.Target{probe.PublicTicker, probe.PublicDepth}, four: probe.Public4, six: probe.Public6},
	{host: probe.Private, part: part.PrivateAPI, looks: []probe.Target{probe.PrivateStatus, probe.PrivateAnon, probe.PrivateSigned, probe.PrivatePairs}, four: probe.Private4, six: probe.Private6},
	{host: probe.Stream, part: part.PublicStream, looks: []probe.Target{probe.StreamSocket, probe.StreamTicker, probe.StreamDiff, probe.StreamWhole, probe.StreamTrades, probe.StreamCircuit}, four: probe.Stream4, six: probe.Stream6},
	{host: probe.PubNub, part: part.PrivateStream, looks: []probe.Target{probe.PubNubTime}, aside: true},
	{host: probe.Support, part: part.Support, looks: []probe.Target{probe.SupportPage, probe.SupportHelp}, aside: true},
	{host: probe.Status, part: part.Notification, looks: []probe.Target{probe.StatusPage}, aside: true},
	{host: probe.Blog, part: part.Notification, looks: []probe.Target{probe.BlogPage}, aside: true},
}

// ageLimit is how old a look may be and still say something of now: three of its intervals, so that one look may be
// lost, but at least 30 s for what is looked at every few seconds, and at most what a reader would call "now".
func ageLimit(s Signal) time.Duration {
	least := 30 * time.Second
	switch t := s.Last.Target; {
	case t == probe.ClockNTP:
		least = 30 * time.Minute
	case t == probe.PrivatePairs, s.Last.Host == probe.Status, s.Last.Host == probe.Blog, s.Last.Host == probe.Support, s.Last.Host == probe.X:
		least = 100 * time.Second
	case s.Last.Host == probe.Web, s.Last.Host == probe.App:
		least = 70 * time.Second
	case isReference(t), strings.HasPrefix(string(t), "venue"):
		least = 45 * time.Second
	}
	return min(max(least, 3*s.Every), 3*least)
}
