package app

import (
	"testing"
	"time"

	"hikeshi/internal/config"
	"hikeshi/internal/lease"
	"hikeshi/internal/part"
)

func TestTheOwnersRulesReachTheSwitch(t *testing.T) {
	start := time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC)
	cfg := config.Default()
	for _, w := range []struct {
		parts []part.Code
		pairs []string
		open  bool
	}{
		{nil, nil, false}, {[]part.Code{part.KYC, part.PrivateAPI}, nil, false}, // these hold the countdowns
		{[]part.Code{part.JPYDeposit}, nil, false}, {nil, []string{"btc_jpy"}, false}, {nil, nil, true},
	} {
		end := start.Add(time.Hour)
		if w.open {
			end = time.Time{}
		}
		cfg.Windows = append(cfg.Windows, config.Window{Parts: w.parts, Pairs: w.pairs, Start: start, End: end})
	}
	got := (&App{cfg: cfg}).switches()
	if got.Rules != (lease.Rules{Early: 5 * time.Minute}) || len(got.Windows) != 2 {
		t.Errorf("by default: %+v", got)
	}
	cfg.Switch = config.Switch{Maintenance: "cancel", EarlyS: 60}
	if got, want := (&App{cfg: cfg}).switches().Rules, (lease.Rules{Windows: lease.CancelBefore, Early: time.Minute}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	cfg.Switch.Maintenance = "run"
	if got := (&App{cfg: cfg}).switches().Rules; got.Windows != lease.CountOn {
		t.Errorf("%+v", got)
	}
}
