package say

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/part"
	"hikeshi/internal/probe"
	"hikeshi/internal/text"
)

// Worded is a verdict in words. Empty fields have nothing to say.
type Worded struct {
	Sentence  string   `json:"sentence"`
	Since     string   `json:"since,omitzero"` // such as 「14:05頃から(26分)」
	FirstStep string   `json:"first_step"`
	Known     []string `json:"known"`   // what was measured, a line each
	Unknown   []string `json:"unknown"` // what was not, a line each
	Looked    string   `json:"looked"`  // when we last looked
	Reasons   []string `json:"reasons"` // strongest first
}

// Verdict words v for a reader at now.
func Verdict(l text.Lang, v diagnose.Verdict, now time.Time) Worded {
	w := Worded{
		Sentence:  text.Say(l, "verdict."+v.Sentence, words(l, v.Args, now)),
		FirstStep: firstStep(l, v, now),
		Looked:    text.Say(l, "known.looked", text.Args{"since": Instant(l, v.At)}),
	}
	if !v.Since.IsZero() && v.Scope != diagnose.Healthy {
		w.Since = Since(l, v.Since, now)
	}
	for _, r := range v.Reasons {
		w.Reasons = append(w.Reasons, Reason(l, r, now))
	}
	line := false
	for _, link := range v.Chain {
		line = line || link.Name == "line" && link.State == diagnose.Well
	}
	if line {
		w.Known = append(w.Known, text.Say(l, "known.line_well", nil))
	} else if v.Scope != diagnose.OwnLine {
		w.Unknown = append(w.Unknown, text.Say(l, "known.line_unknown", nil))
	}
	for _, p := range v.Board {
		if p.State == diagnose.Unknown || p.State == "" {
			w.Unknown = append(w.Unknown, Part(l, p.Part))
			continue
		}
		w.Known = append(w.Known, text.Say(l, "known.state", text.Args{"parts": Part(l, p.Part), "state": State(l, p.State)}))
	}
	for _, r := range v.Reasons {
		if r.Code == "quiet" {
			w.Unknown = append(w.Unknown, Reason(l, r, now))
		}
	}
	return w
}

// firstStep is the one thing to do now.
func firstStep(l text.Lang, v diagnose.Verdict, now time.Time) string {
	id := v.Scope.String()
	switch v.Sentence {
	case "own_line.4", "own_line.7":
		id = "own_line_clock"
	case "own_line.5":
		id = "own_line_portal"
	case "own_line.6":
		id = "own_line_rate"
	case "own_line.8":
		id = "own_line_slow"
	case "path.6":
		id = "path_login"
	case "bitbank.4":
		id = "bitbank_login"
	case "part.support", "part.notification":
		id = "part_minor"
	case "part.busy", "part.busy_pairs", "part.slow", "part.slow_unknown", "part.overloaded":
		id = "part_late"
	case "part.1", "part.errors", "part.mixed", "part.partial":
		// Another way in replaces a broken one only when a person can use it.
		if works := only(v.Args["works"], part.Web, part.App); works != "" {
			return text.Say(l, "first_step.part_works", words(l, map[string]string{"parts": v.Args["parts"], "works": works}, now))
		}
	}
	return text.Say(l, "first_step."+id, words(l, v.Args, now))
}

func only(list string, codes ...part.Code) string {
	var out []string
	for _, c := range strings.Split(list, ",") {
		if slices.Contains(codes, part.Code(c)) {
			out = append(out, c)
		}
	}
	return strings.Join(out, ",")
}

// Reason words one reason.
func Reason(l text.Lang, r diagnose.Reason, now time.Time) string {
	return text.Say(l, "reason."+r.Code, words(l, r.Args, now))
}

// Incident words how far an incident has come.
func Incident(l text.Lang, i incident.Incident, now time.Time) string {
	if i.Phase == incident.Monitoring && !i.WellAt.IsZero() {
		left := i.QuietFor - now.Sub(i.WellAt)
		n := max(1, int((left+time.Minute-1)/time.Minute))
		return text.Say(l, "phase.monitoring_for", text.Args{"n": strconv.Itoa(n)})
	}
	if i.Phase == incident.None {
		return ""
	}
	return text.Say(l, "phase."+string(i.Phase), nil)
}

// Recovered is the sentence for an incident that is over.
func Recovered(l text.Lang, i incident.Incident, now time.Time) string {
	return text.Say(l, "verdict.healthy.3", text.Args{"since": About(l, i.Since, now), "for": For(l, i.Resolved.Sub(i.Since))})
}

// words turns the codes and times of arguments into words.
func words(l text.Lang, in map[string]string, now time.Time) text.Args {
	out := text.Args{}
	for k, v := range in {
		switch k {
		case "parts", "works":
			var codes []part.Code
			for _, c := range strings.Split(v, ",") {
				if c != "" {
					codes = append(codes, part.Code(c))
				}
			}
			v = Parts(l, codes)
		case "pair":
			v = Pairs(l, strings.Split(v, ","))
		case "since", "until", "from":
			if t, err := time.Parse(time.RFC3339, v); err == nil {
				v = About(l, t, now)
			}
		case "for":
			if d, err := time.ParseDuration(v); err == nil {
				v = For(l, d)
			}
		case "failure":
			v = Failure(l, probe.Failure(v))
		case "host":
			v = text.Say(l, "host."+v, nil)
		case "check":
			v = text.Say(l, "own_check."+v, nil)
		}
		out[k] = v
	}
	return out
}

// Part names a function of bitbank.
func Part(l text.Lang, c part.Code) string { return text.Say(l, "part."+string(c), nil) }

// Parts names several.
func Parts(l text.Lang, cs []part.Code) string {
	var out []string
	for _, c := range cs {
		out = append(out, Part(l, c))
	}
	return List(l, out)
}

// Failure says what a look met.
func Failure(l text.Lang, f probe.Failure) string {
	if f == probe.OK {
		return ""
	}
	return text.Say(l, "failure."+string(f), nil)
}

// State says how something stands.
func State(l text.Lang, s diagnose.State) string {
	if s == "" {
		s = diagnose.Unknown
	}
	return text.Say(l, "state."+string(s), nil)
}

// pairsShown: a sentence with more pairs than this is no longer read.
const pairsShown = 4

// Pairs names pairs, the first few of many.
func Pairs(l text.Lang, pairs []string) string {
	var out []string
	for _, p := range pairs {
		if p != "" {
			out = append(out, Pair(l, p))
		}
	}
	if more := len(out) - pairsShown; more > 0 {
		if l == text.English {
			return strings.Join(out[:pairsShown], ", ") + " and " + strconv.Itoa(more) + " more"
		}
		return strings.Join(out[:pairsShown], "、") + "ほか" + strconv.Itoa(more) + "ペア"
	}
	return List(l, out)
}

// Pair names a pair as bitbank's pages do: BTC/円.
func Pair(l text.Lang, p string) string {
	base, quote, ok := strings.Cut(p, "_")
	if !ok {
		return p
	}
	base, quote = strings.ToUpper(base), strings.ToUpper(quote)
	if base == "BCC" {
		base = "BCH" // the API keeps the old ticker of Bitcoin Cash
	}
	if quote == "JPY" && l != text.English {
		quote = "円"
	}
	return base + "/" + quote
}

// List joins names.
func List(l text.Lang, names []string) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case l == text.English && n > 1:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	case n == 2:
		return names[0] + "と" + names[1]
	}
	return strings.Join(names, "、")
}
