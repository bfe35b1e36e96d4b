package diagnose

// Diagnose says whose trouble it is, at the time of the round.
func Diagnose(r Round) Verdict {
	return Verdict{Scope: NotProven, Sentence: "not_proven.1", At: r.Now, Reasons: []Reason{{Code: "not_seen"}}}
}
