package diagnose

import (
	"math"
	"time"

	"hikeshi/internal/probe"
)

// A kind is what a failure proves, whatever its exact code.
type kind int

const (
	fine         kind = iota
	silent            // nobody answered: the host, the path and the line are all under suspicion
	answered          // somebody answered, and not as promised
	unreachable       // a router says that there is no way
	unnamed           // the name could not be looked up
	closedDown        // bitbank says maintenance
	busy              // bitbank says busy: late, but trading
	overload          // too many requests, ours or everybody's
	clockRefused      // refused because of our clock
	keyRefused        // refused because of our key
	challenged        // the edge wants to see a human
	intercepted       // a certificate of nobody we know, or of somebody else
	old               // it flows, but the data is old
)

// The scale of the evidence, in nats of log-likelihood.
const (
	// A verdict is weighed about four times a second. e^-15 is one chance error in three million: less than one in
	// a week of a quiet line, before hysteresis.
	sickAt = 15
	// aloneAt is for a look that fails while other looks at the same host are well. About ten looks a second are a
	// million a day: at e^-15.6, four losses in a row at one of them would be believed every week.
	aloneAt = 19
	// doubtAt is half of it: the verdict says that it does not know, and asks.
	doubtAt = 7.5

	// A home line that loses one packet in fifty loses a look about as often, which alone would weigh ln(1/0.02) = 3.9.
	// Losses come in bunches, and half a million looks a day are many chances: five in a row, not four (by four there
	// was a false alarm every month).
	silentWeight = 3.2
	// Silence on a connection that has just been made: what is lost on it is sent again three times within the look, so
	// it takes a host that does not answer, or a line that went away in that second.
	heldWeight = 6
	// A look that is silent while nobody else answers either says more of our own line: enough to ask others.
	lonelyWeight = 1
	// A name that is not looked up in time says something of the resolver, not of the host: enough to ask, never enough
	// to accuse. The looks at the resolvers and the references weigh it.
	unnamedWeight = 0.5
	// An answer does not come about by loss. What remains is a passing fault, such as a restart of one server behind a
	// balancer, so one is not enough; two that agree are.
	answeredWeight = 8
	// Streams are closed by the other side in calm, too, at every deployment: four of these in a row.
	closedWeight = 4
	// A stream that is silent on a connection which was made before may be half open, or wait for a lost packet: enough to
	// ask, never enough to accuse. The probe makes another one.
	staleWeight = 0.5
	// The state of our own interface is known, not guessed.
	localWeight = 16
	// A sick host answers well in about one look of fifty (one good server behind a balancer).
	wellWeight = -4

	// Bounds: no history is so good or so bad that four looks would not turn it.
	scoreMost  = 24
	scoreLeast = -4
)

// kindOf says what a look proves.
func kindOf(o probe.Observation) kind {
	switch o.Failure {
	case probe.OK:
		return fine
	case probe.DNSTimeout, probe.DNSNotFound, probe.DNSFailed, probe.DNSDiffers:
		return unnamed
	case probe.ConnectTimeout, probe.TLSTimeout, probe.Timeout, probe.BodySlow, probe.NoGateway, probe.NoInterface:
		return silent
	case probe.ConnectUnreachable:
		return unreachable
	case probe.Challenge:
		return challenged
	case probe.TLSUntrusted, probe.TLSName, probe.Portal:
		return intercepted
	case probe.RateLimited:
		return overload
	case probe.Maintenance:
		return closedDown
	case probe.Busy:
		return busy
	case probe.ClockRefused:
		return clockRefused
	case probe.ClockOff:
		return fine // a fact about ourselves: see the rules about the clock
	case probe.Stale, probe.Silent, probe.ChannelSilent, probe.Frozen, probe.Behind:
		return old
	case probe.APIError:
		return apiKind(o.Code)
	}
	return answered
}

// unheard: nobody said anything, which a line that loses packets explains.
func unheard(f probe.Failure) bool {
	switch f {
	case probe.DNSTimeout, probe.ConnectTimeout, probe.TLSTimeout, probe.Timeout, probe.BodySlow:
		return true
	}
	return false
}

// saved: a good look that took a second longer than it should has lost a packet, and TCP has sent it again (RFC 6298).
func saved(s Signal, took time.Duration) bool {
	return took >= time.Second && (s.Usual == 0 || isSlow(s, took))
}

// apiKind sorts bitbank's own codes (errors.md of its API documents).
func apiKind(code int) kind {
	switch {
	case code == 10007:
		return closedDown
	case code == 10008 || code == 70011 || code == 70026:
		return busy
	case code == 10009:
		return overload
	case code == 20034 || code == 20035:
		return clockRefused
	case code >= 20001 && code <= 20099:
		return keyRefused
	}
	return answered
}

// weight is how much a look speaks for "sick", in nats; zero or less when it does not.
func weight(o probe.Observation) float64 {
	switch kindOf(o) {
	case fine, keyRefused:
		return 0
	case silent, unnamed:
		switch o.Failure {
		case probe.NoInterface:
			return localWeight
		case probe.NoGateway, probe.DNSNotFound, probe.DNSFailed, probe.DNSDiffers:
			return answeredWeight
		}
		if o.Failure == probe.DNSTimeout && o.Host != probe.Self && !isReference(o.Target) {
			return unnamedWeight
		}
		if o.Failure == probe.Timeout && o.Phase == probe.FirstByte && o.Fresh {
			return heldWeight
		}
		return silentWeight
	}
	switch {
	case o.Failure == probe.StreamClosed:
		return closedWeight
	case o.Failure == probe.Silent && !o.Fresh:
		return staleWeight
	}
	return answeredWeight
}

// fade is the score at now: full while the look is fresh, then halved with every further age limit.
func fade(s Signal, now time.Time) float64 {
	limit := ageLimit(s)
	if over := now.Sub(s.Last.At) - limit; over > 0 && limit > 0 {
		return s.Score * math.Exp2(-float64(over)/float64(limit))
	}
	return s.Score
}

// isSlow tells whether a look took several times its usual time, and long enough for a person to notice.
func isSlow(s Signal, took time.Duration) bool {
	const noticed = 700 * time.Millisecond
	return s.Usual > 0 && took >= slowFactor*s.Usual && took-s.Usual >= noticed || took >= slowAnyway
}

const (
	slowFactor = 4               // a page that takes twice its time is an ordinary evening
	slowAnyway = 4 * time.Second // slow for everybody, also before the usual time is learned
	slowLooks  = 3               // in a row: one slow look is a lost packet
)
