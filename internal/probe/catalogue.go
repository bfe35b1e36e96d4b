package probe

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// The deadlines. Within one second and a half a lost packet is sent again once, and an answer from the other side of
// the earth arrives; together with the looks that are pulled forward it keeps the promised times to a verdict. Pages
// are heavier: those that people trade on are promised within ten seconds, the others within a minute.
const (
	apiDeadline   = 1500 * time.Millisecond
	entryDeadline = 1700 * time.Millisecond
	pageDeadline  = 3 * time.Second
	lineDeadline  = 1500 * time.Millisecond
	ntpDeadline   = 2500 * time.Millisecond
)

// entryEvery is how often each page of site and app is looked at. There are two of each.
const entryEvery = 14 * time.Second

// A catalogue collects the probes of some options.
type catalogue struct {
	o      Options
	m      Machine
	d      *dialer
	sites  map[Host]*site
	probes []Probe
}

// Catalogue is every look that the options configure, with its own deadline and rhythm. Looks at one host are out of
// step with each other, so that something is looked at about every second. A negative offset is a first look at once
// with the following ones on their grid.
func Catalogue(o Options, m Machine) ([]Probe, error) {
	c := &catalogue{o: o, m: m, d: &dialer{net: m, roots: o.Roots}, sites: map[Host]*site{}}
	for role, place := range o.Places {
		s, err := parseSite(role, place.URL)
		if err != nil {
			return nil, err
		}
		c.sites[role] = s
	}
	c.line()
	c.interfaces()
	c.pages()
	c.others()
	c.families()
	return c.probes, nil
}

// add adds one look. A key of the budget is shared by all that the other side counts together.
func (c *catalogue) add(p Probe, do doing) {
	p.Look = looker(p.Target, p.Host, p.Deadline, do)
	c.probes = append(c.probes, p)
}

func (c *catalogue) line() {
	line := func(t Target, every, offset, deadline time.Duration, do doing) {
		c.add(Probe{Target: t, Host: Self, Every: every, Offset: offset, Deadline: deadline}, do)
	}
	if c.o.Interface {
		line(LineInterface, 5*time.Second, 0, lineDeadline, lookInterface(c.m))
	}
	if c.o.Gateway {
		line(LineGateway, 10*time.Second, time.Second, lineDeadline, lookGateway(c.m))
	}
	if c.o.NTPServer != "" {
		line(ClockNTP, 10*time.Minute, time.Second, ntpDeadline, lookNTP(c.m, c.o.NTPServer))
	}
	if !c.o.Resolver {
		return
	}
	second := c.o.SecondResolver
	if _, err := netip.ParseAddrPort(second); err != nil {
		second = ""
	}
	for _, names := range []struct {
		of         []Host
		one, other Target
		offset     time.Duration
	}{
		{[]Host{Neutral1, Neutral2, Neutral3}, DNSSystem, DNSSecond, 2 * time.Second},
		{[]Host{Public, Private, Stream, Web, App}, BitbankDNS, BitbankDNS2, 4 * time.Second},
	} {
		ask := c.names(names.of)
		if len(ask) == 0 {
			continue
		}
		said := &opinion{}
		line(names.one, 10*time.Second, names.offset, lineDeadline, c.d.lookNames("", ask, said))
		if second != "" {
			line(names.other, 10*time.Second, names.offset+time.Second, lineDeadline, c.d.lookNames(second, ask, said))
		}
	}
}

// names are the names of some roles that need a lookup, and whose they are.
func (c *catalogue) names(roles []Host) map[string][]Host {
	out := map[string][]Host{}
	for _, r := range roles {
		s := c.sites[r]
		if s == nil || s.name == "localhost" {
			continue
		}
		if _, literal := s.literal(); !literal {
			out[s.name] = append(out[s.name], r)
		}
	}
	return out
}

// interfaces are bitbank's REST and stream.
func (c *catalogue) interfaces() {
	book := &pairBook{}
	pairs := c.o.Pairs
	if len(pairs) == 0 {
		pairs = []string{canary}
	}
	api := func(t Target, host Host, budget string, every, offset time.Duration, do doing) {
		c.add(Probe{Target: t, Host: host, Every: every, Offset: offset, Deadline: apiDeadline, Budget: budget}, do)
	}
	if s := c.sites[Public]; s != nil {
		api(PublicTicker, Public, "public", 2*time.Second, 0, c.d.api(s.under("/"+pairs[0]+"/ticker"), &keeper{}, readTicker))
		api(PublicDepth, Public, "public", 10*time.Second, time.Second, c.d.api(s.under("/"+pairs[0]+"/depth"), nil, readDepth))
	}
	if s := c.sites[Private]; s != nil {
		api(PrivateStatus, Private, "private", 4*time.Second, 0, c.d.api(s.under("/v1/spot/status"), &keeper{}, readStatus))
		api(PrivateAnon, Private, "private", 4*time.Second, 2*time.Second, c.d.knock(s.under("/v1/user/assets")))
		api(PrivatePairs, Private, "private/pairs", 30*time.Second, 500*time.Millisecond, c.d.api(s.under("/v1/spot/pairs"), nil, book.read))
		if c.o.Credentials != nil {
			api(PrivateSigned, Private, "private", 4*time.Second, 3*time.Second, c.d.signed(s.under("/v1/user/assets"), &keeper{}, c.o.Credentials))
		}
	}
	if s := c.sites[Stream]; s != nil {
		c.probes = append(c.probes, Probe{
			Target: StreamSocket, Host: Stream, Every: streamEvery, Deadline: dialLimit,
			Also:   []Target{StreamTicker, StreamDiff, StreamWhole, StreamTrades, StreamCircuit},
			Follow: c.d.follow(s, pairs, book),
		})
	}
	if s := c.sites[PubNub]; s != nil {
		api(PubNubTime, PubNub, "pubnub", 12*time.Second, 0, c.d.pubnub(s.under("/time/0")))
	}
}

// pages are what people read. Where a host has two pages, one is fetched over a new connection and the other over a
// kept one: a fresh look sees certificates and names, a kept one what those who are connected see.
func (c *catalogue) pages() {
	page := func(t Target, role Host, s *site, k *keeper, every, offset time.Duration) {
		if s == nil {
			return
		}
		deadline := pageDeadline
		if role == Web || role == App {
			deadline = entryDeadline
		}
		c.add(Probe{Target: t, Host: role, Every: every, Offset: offset, Deadline: deadline, Budget: pageKey(role, s)}, c.d.page(s, k, judgePage))
	}
	for _, two := range []struct {
		role          Host
		first, second Target
		every         time.Duration
		at, then      time.Duration
	}{
		// Something of each is asked every 7 s, so that what one look sees is known within ten. More often, and no look of
		// each page's six a minute is left for a doubt: then what two looks must agree on takes up to 13 s.
		{Web, WebPage, WebAsset, entryEvery, 0, entryEvery / 2},
		{App, AppPage, AppBackend, entryEvery, -entryEvery * 3 / 4, entryEvery * 3 / 4},
		{Support, SupportPage, SupportHelp, 25 * time.Second, 12 * time.Second, 20 * time.Second},
	} {
		s := c.sites[two.role]
		page(two.first, two.role, s, nil, two.every, two.at)
		if second := c.o.Places[two.role].Second; s != nil && second != "" {
			page(two.second, two.role, s.at(second), &keeper{}, two.every, two.then)
		}
	}
	page(StatusPage, Status, c.sites[Status], nil, 25*time.Second, 0)
	page(BlogPage, Blog, c.sites[Blog], nil, 25*time.Second, 8*time.Second)
	page(XPage, X, c.sites[X], nil, time.Minute, 0)
}

// pageKey counts by host and path: see docs/adr/0006.
func pageKey(role Host, s *site) string { return string(role) + s.url.Path }

// others are the sites that have nothing to do with bitbank, and the other exchanges.
func (c *catalogue) others() {
	// Without two neutral sites nothing is said, so their first looks are at once, like the app's.
	offsets := []time.Duration{0, -8 * time.Second, -4 * time.Second}
	for i, role := range []Host{Neutral1, Neutral2, Neutral3} {
		if s := c.sites[role]; s != nil {
			c.add(Probe{
				Target: Target(role + "/page"), Host: role, Every: 12 * time.Second, Offset: offsets[i],
				Deadline: apiDeadline, Budget: string(role),
			}, c.d.page(s, nil, judgeNeutral))
		}
	}
	for i, role := range []Host{Venue1, Venue2, Venue3} {
		if s := c.sites[role]; s != nil {
			c.add(Probe{
				Target: Target(role + "/ticker"), Host: role, Every: 12 * time.Second, Offset: time.Duration(4*i+1) * time.Second,
				Deadline: apiDeadline, Budget: string(role),
			}, c.d.venue(s, c.o.Places[role]))
		}
	}
}

// Connects reports whether a look at t only connects. It sends no request, but opens a connection, and has a budget
// of its own for that.
func Connects(t Target) bool { return strings.Contains(string(t), "/connect") }

// families are connections by each address family apart.
func (c *catalogue) families() {
	offset := time.Duration(0)
	for _, role := range []Host{Public, Private, Stream, Web, App} {
		for _, f := range []Family{IPv4, IPv6} {
			s := c.sites[role]
			if s != nil && slices.Contains(c.o.Families, f) {
				t := Target(string(role) + "/connect" + map[Family]string{IPv4: "4", IPv6: "6"}[f])
				c.add(Probe{Target: t, Host: role, Every: 10 * time.Second, Offset: offset, Deadline: apiDeadline, Budget: string(t)}, c.d.connectTo(s, f))
			}
			offset += time.Second
		}
	}
}
