package web

import (
	"testing"
	"time"
)

func TestScenesAreWhatTheirNamesSay(t *testing.T) {
	now := time.Now()
	for _, s := range scenes(now) {
		if v := s.snapshot(now).Verdict; v.Scope != s.scope {
			t.Errorf("%s: the scope is %s (%s), want %s", s.name, v.Scope, v.Sentence, s.scope)
		}
	}
}
