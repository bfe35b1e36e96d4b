package broker

import "time"

// A weather is how well bitbank and the way to it are.
type weather struct {
	kind  string
	wild  float64 // how often a write is struck
	ended bool
}

// Kinds of bad weather. Each strikes writes, reads or both; calm strikes hardly anything.
var weathers = []string{
	"answers lost", "requests lost", "slow", "code before", "code after", "html", "limited", "mixed", "mixed", "outage", "dark",
	"maintenance", "cancels stopped", "halt",
}

func (x *weather) begin(w *world) {
	if x.ended {
		return
	}
	x.set(w, "calm")
	w.after(w.between(30*time.Second, 110*time.Second), func() {
		if x.ended {
			return
		}
		x.set(w, weathers[w.rng.IntN(len(weathers))])
		lasts := w.between(15*time.Second, 60*time.Second)
		if w.plan.quick {
			lasts = w.between(2*time.Second, 8*time.Second)
		}
		w.after(lasts, func() { x.begin(w) })
	})
}

func (x *weather) set(w *world, kind string) {
	was := x.kind
	x.kind, x.wild = kind, 0.3+0.6*w.rng.Float64()
	if was == "cancels stopped" || was == "halt" {
		w.bank.flags(false, false)
	}
	if kind == "cancels stopped" || kind == "halt" {
		w.bank.flags(kind == "halt", kind == "cancels stopped")
	}
	if was != "calm" && was != "well" {
		w.shell.brightened = w.now
	}
}

func (x *weather) calm() bool { return x.kind == "calm" || x.kind == "well" }

func (x *weather) well(w *world) {
	x.set(w, "calm")
	x.kind, x.ended = "well", true
}

// A fate is what befalls one write.
type fate struct {
	unsent, lost, mute bool // no connection; the request never arrives; the answer never comes
	travels            time.Duration
	code               int  // of an answer that says nothing sure
	after              bool // the code comes although it was executed
	nothing            bool // an answer that is none: HTML, or cut short
	limited            bool // 10009
}

func (x *weather) write(w *world) fate {
	f := fate{travels: w.between(5*time.Millisecond, 60*time.Millisecond)}
	kind := x.kind
	if kind == "well" || kind == "calm" && !w.chance(0.003) {
		return f
	}
	switch kind {
	case "calm":
		kind = "mixed"
	case "outage", "dark", "maintenance":
	default:
		if !w.chance(x.wild) {
			return f
		}
	}
	if kind == "mixed" {
		kind = weathers[w.rng.IntN(7)]
	}
	switch kind {
	case "answers lost":
		f.mute = true
	case "requests lost":
		f.lost, f.mute = true, true
	case "slow":
		f.travels = w.between(0, 7*time.Second)
		f.mute = w.chance(0.5)
	case "code before", "code after":
		f.code, f.after = []int{10001, 10003, 10005, 10007, 10008, 70001, 70002, 70003, 70011, 70012, 70026}[w.rng.IntN(11)], kind == "code after"
	case "html":
		f.nothing, f.lost = true, w.chance(0.5)
	case "limited":
		f.limited = w.chance(0.5)
		f.nothing, f.lost = !f.limited, true // 429 without an envelope
	case "outage":
		f.unsent = w.chance(0.5)
		f.lost, f.mute, f.nothing = w.chance(0.8), true, w.chance(0.5)
	case "dark":
		f.lost, f.mute, f.unsent = true, true, w.chance(0.3)
	case "maintenance":
		f.lost, f.nothing = true, w.chance(0.3)
		f.code = 10008
	}
	return f
}

// read says whether a read is answered, and how long it takes.
func (x *weather) read(w *world) (ok bool, takes time.Duration) {
	takes = w.between(10*time.Millisecond, 80*time.Millisecond)
	switch x.kind {
	case "outage":
		return w.chance(0.1), takes
	case "dark", "maintenance":
		return false, takes
	case "slow":
		return w.chance(0.9), w.between(0, 1500*time.Millisecond)
	case "html", "mixed", "limited":
		return w.chance(0.8), takes
	}
	return true, takes
}
