package diagnose

import (
	"testing"
	"time"

	"hikeshi/internal/probe"
)

// What bitbank has not said is not known: without its stop flags no operation is called working, but a halt is a halt.
func TestWithoutStopFlagsNothingIsCalledWorking(t *testing.T) {
	m := NewMemory()
	status := func(at time.Time) {
		m.See(probe.Observation{Target: probe.PrivateStatus, Host: probe.Private, At: at, Took: time.Millisecond, Pairs: []probe.PairState{
			{Pair: "btc_jpy", Status: "NORMAL", MinAmount: "0.0001"}, {Pair: "xrp_jpy", Status: "HALT", MinAmount: "0.0001"},
		}})
	}
	board := func(at time.Time) map[string]PairBoard {
		out := map[string]PairBoard{}
		for _, p := range Diagnose(m.Round(at)).Market {
			out[p.Pair] = p
		}
		return out
	}
	at := noon
	status(at)
	got := board(at)
	if p := got["btc_jpy"]; p.New != Unknown || p.Cancel != Unknown || p.Market != Unknown || p.Stop != Unknown {
		t.Errorf("before the flags were read: %+v", p)
	}
	if p := got["xrp_jpy"]; p.New != Down || p.Cancel != Unknown {
		t.Errorf("halted, before the flags were read: %+v", p)
	}
	m.See(probe.Observation{Target: probe.PrivatePairs, Host: probe.Private, At: at, Took: time.Millisecond, Pairs: []probe.PairState{{Pair: "btc_jpy", HasFlags: true}}})
	if p := board(at)["btc_jpy"]; p.New != Well || p.Cancel != Well {
		t.Errorf("with flags: %+v", p)
	}
	for range 60 { // the flags fail to come for five minutes, while the status does
		at = at.Add(5 * time.Second)
		status(at)
	}
	if p := board(at)["btc_jpy"]; p.Cancel != Unknown {
		t.Errorf("five minutes after the flags were read: %+v", p)
	}
}
