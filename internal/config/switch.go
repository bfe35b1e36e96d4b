package config

import "slices"

// A Switch is what holds for all dead man's switches, which bots arm by heartbeats. Nothing of it arms one.
type Switch struct {
	// Maintenance is what an announced one does to the countdowns: pause (the default), cancel (the orders of bots with an armed
	// switch are cancelled before it) or run (nothing).
	Maintenance string `yaml:"maintenance"`
	EarlyS      int    `yaml:"early_s"` // with cancel: how many seconds before it; default 300
	// Cutoff is what happens while bitbank is out of reach, whatever the bots do: keep (the default), ask (it is shown) or cancel
	// (the bots' orders are cancelled as soon as they can be).
	Cutoff  string `yaml:"cutoff"`
	CutoffS int    `yaml:"cutoff_s"` // after so many seconds; default 120
}

// What the fields of a Switch may be; the first are the defaults.
var (
	maintenances = []string{"pause", "cancel", "run"}
	cutoffs      = []string{"keep", "ask", "cancel"}
	alives       = []string{"", "heartbeats", "calls"}
	lapses       = []string{"", "protect", "all"}
)

func (v *validation) guardSwitch(s Switch) {
	if !slices.Contains(maintenances, s.Maintenance) {
		v.wrong("switch.maintenance", "config.want.maintenance", s.Maintenance)
	}
	if !slices.Contains(cutoffs, s.Cutoff) {
		v.wrong("switch.cutoff", "config.want.cutoff", s.Cutoff)
	}
	v.within("switch.early_s", s.EarlyS, 0, 3600)
	// Below half a minute a connection that is being made anew would count.
	v.within("switch.cutoff_s", s.CutoffS, 30, 86_400)
}
