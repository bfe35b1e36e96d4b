package web

import (
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/part"
	"hikeshi/internal/probe"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// A Stamp is a time as the API writes it: RFC 3339 with Japan's offset.
type Stamp time.Time

// MarshalText writes s.
func (s Stamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(s).In(say.JST).Format("2006-01-02T15:04:05.000Z07:00")), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Stamp) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339, string(b))
	*s = Stamp(t)
	return err
}

// IsZero lets a missing time be left out.
func (s Stamp) IsZero() bool { return time.Time(s).IsZero() }

// A Verdict is a verdict for programs, with its words for people. The command line prints the same.
type Verdict struct {
	Scope      diagnose.Scope `json:"scope"`
	Parts      []part.Code    `json:"parts"`
	Pairs      []string       `json:"pairs,omitzero"`
	Since      Stamp          `json:"since"`
	At         Stamp          `json:"at"`
	SentenceID string         `json:"sentence_id"`
	Sentence   string         `json:"sentence"`
	FirstStep  string         `json:"first_step"`
	Reasons    []Reason       `json:"reasons"`
	Known      []string       `json:"known"`
	Unknown    []string       `json:"unknown"`
	Seq        uint64         `json:"seq,omitzero"` // the newest record of the journal
	Recorded   bool           `json:"recorded"`
	Mode       string         `json:"mode,omitzero"`
	Incident   *Incident      `json:"incident,omitzero"`
}

// A Reason is a reason with its words.
type Reason struct {
	Code    string         `json:"code"`
	Text    string         `json:"text"`
	Targets []probe.Target `json:"targets,omitzero"`
}

// An Incident is an incident for programs.
type Incident struct {
	ID       string         `json:"id"`
	Phase    incident.Phase `json:"phase"`
	Scope    diagnose.Scope `json:"scope"`
	Parts    []part.Code    `json:"parts"`
	Pairs    []string       `json:"pairs,omitzero"`
	Since    Stamp          `json:"since"`
	Opened   Stamp          `json:"opened"`
	WellAt   Stamp          `json:"well_at,omitzero"`
	Resolved Stamp          `json:"resolved,omitzero"`
	Flaps    int            `json:"flaps,omitzero"`
}

// Describe words a snapshot's verdict for a program that reads at now.
func Describe(l text.Lang, s watch.Snapshot, now time.Time) Verdict {
	out := describe(l, s.Verdict, now)
	out.Seq, out.Recorded, out.Mode = uint64(s.Seq), s.Recorded, s.Mode
	if s.Incident.Phase != incident.None {
		i := shapeIncident(s.Incident)
		out.Incident = &i
	}
	return out
}

func describe(l text.Lang, v diagnose.Verdict, now time.Time) Verdict {
	w := say.Verdict(l, v, now)
	since := v.Since
	if since.IsZero() {
		since = v.At // it has been so since we began to look
	}
	out := Verdict{
		Scope: v.Scope, Parts: list(v.Parts), Pairs: v.Pairs, Since: Stamp(since), At: Stamp(v.At), SentenceID: v.Sentence,
		Sentence: w.Sentence, FirstStep: w.FirstStep, Reasons: []Reason{}, Known: list(w.Known), Unknown: list(w.Unknown),
	}
	for i, r := range v.Reasons {
		out.Reasons = append(out.Reasons, Reason{Code: r.Code, Text: w.Reasons[i], Targets: r.Targets})
	}
	return out
}

func shapeIncident(i incident.Incident) Incident {
	return Incident{
		ID: i.ID, Phase: i.Phase, Scope: i.Scope, Parts: list(i.Parts), Pairs: i.Pairs, Since: Stamp(i.Since), Opened: Stamp(i.Opened),
		WellAt: Stamp(i.WellAt), Resolved: Stamp(i.Resolved), Flaps: i.Flaps,
	}
}

// list makes an empty list of a missing one: programs then need not tell them apart.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// A component is the state of one function of bitbank.
type component struct {
	Part    part.Code      `json:"part"`
	Name    string         `json:"name"`
	State   diagnose.State `json:"state"`
	Failure probe.Failure  `json:"failure,omitzero"`
	Text    string         `json:"text,omitzero"` // the failure in words
	Since   Stamp          `json:"since,omitzero"`
	Targets []probe.Target `json:"targets"`
}

func shapeComponent(l text.Lang, p diagnose.PartState) component {
	return component{
		Part: p.Part, Name: say.Part(l, p.Part), State: known(p.State), Failure: p.Failure, Text: say.Failure(l, p.Failure),
		Since: Stamp(p.Since), Targets: list(p.Targets),
	}
}

// known reads the zero state as what it means.
func known(s diagnose.State) diagnose.State {
	if s == "" {
		return diagnose.Unknown
	}
	return s
}

// A lookShape is the newest look at one target, with its phases in milliseconds.
type lookShape struct {
	Target  probe.Target  `json:"target"`
	Name    string        `json:"name"`
	Host    probe.Host    `json:"host"`
	At      Stamp         `json:"at"`
	OK      bool          `json:"ok"`
	Failure probe.Failure `json:"failure,omitzero"`
	Phase   probe.Phase   `json:"phase,omitzero"`
	Text    string        `json:"text,omitzero"`
	Took    float64       `json:"took_ms"`
	Timing  timing        `json:"timing_ms"`
	Usual   float64       `json:"usual_ms,omitzero"`
	Fresh   bool          `json:"fresh_connection,omitzero"`
	Family  int           `json:"family,omitzero"`
	Addr    string        `json:"addr,omitzero"`
	Status  int           `json:"http_status,omitzero"`
	Code    int           `json:"code,omitzero"`
	DataAt  Stamp         `json:"data_at,omitzero"`
	OKAt    Stamp         `json:"ok_at,omitzero"` // the newest look that was well
	Since   Stamp         `json:"failing_since,omitzero"`
	Void    bool          `json:"void,omitzero"` // from before we slept or our clock jumped
}

type timing struct {
	DNS       float64 `json:"dns,omitzero"`
	Connect   float64 `json:"connect,omitzero"`
	TLS       float64 `json:"tls,omitzero"`
	FirstByte float64 `json:"first_byte,omitzero"`
	Body      float64 `json:"body,omitzero"`
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func shapeLook(l text.Lang, t probe.Target, s diagnose.Signal) lookShape {
	o := s.Last
	out := lookShape{
		Target: t, Name: lookName(l, t), Host: o.Host, At: Stamp(o.At), OK: o.Failure == probe.OK, Failure: o.Failure, Phase: o.Phase,
		Text: say.Failure(l, o.Failure), Took: ms(o.Took), Usual: ms(s.Usual), Fresh: o.Fresh, Family: int(o.Family), Status: o.Status,
		Code: o.Code, DataAt: Stamp(o.DataAt), OKAt: Stamp(s.OKAt), Since: Stamp(s.Since), Void: s.Void,
		Timing: timing{ms(o.Timing.DNS), ms(o.Timing.Connect), ms(o.Timing.TLS), ms(o.Timing.FirstByte), ms(o.Timing.Body)},
	}
	if o.Addr.IsValid() {
		out.Addr = o.Addr.String()
	}
	return out
}
