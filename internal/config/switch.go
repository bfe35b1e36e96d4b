package config

import "slices"

// A Switch is what holds for all dead man's switches, which bots arm by heartbeats. Nothing of it arms one.
type Switch struct {
	// Maintenance is what an announced one does to the countdowns: pause (the default), cancel (the orders of bots with an armed
	// switch are cancelled before it) or run (nothing).
	Maintenance string `yaml:"maintenance"`
	EarlyS      int    `yaml:"early_s"` // with cancel: how many seconds before it; default 300
}

// What the fields of a Switch may be; the first are the defaults.
var (
	maintenances = []string{"pause", "cancel", "run"}
	alives       = []string{"", "heartbeats", "calls"}
	lapses       = []string{"", "protect", "all"}
)

func (v *validation) guardSwitch(s Switch) {
	if !slices.Contains(maintenances, s.Maintenance) {
		v.wrong("switch.maintenance", "config.want.maintenance", s.Maintenance)
	}
	v.within("switch.early_s", s.EarlyS, 0, 3600)
}
