package probe

import (
	"sync/atomic"
	"time"
)

const (
	// sleptLeast is how long we must have stood still to call it a sleep: a loaded machine is late by a second or two.
	sleptLeast = 5 * time.Second
	// jumpedLeast is a step of the wall clock that matters: bitbank refuses a request that is a second off.
	jumpedLeast = time.Second
	// lateFor is how long a late timer is remembered: the looks that it has spoilt are over by then.
	lateFor = 5 * time.Second
	// diskEvery is how often free space is looked at, and diskLeast how little is too little: a day of an outage with
	// everything recorded is some megabytes.
	diskEvery = 15 * time.Second
	diskLeast = 16 << 20
)

// A Health watches the watcher. It belongs to the goroutine that ticks it.
type Health struct {
	// Full reports whether a count of our own requests is at its limit; nil is never.
	Full func(now time.Time) bool

	dir  string
	last time.Time     // the newest tick
	away time.Duration // how long the kernel says that this machine was suspended since it was started
	now  Watcher

	late   time.Duration
	lateAt time.Time
	fullAt time.Time

	diskAt   time.Time
	disk     atomic.Bool // too little space
	checking atomic.Bool
}

// NewHealth watches with the journal in dataDir.
func NewHealth(dataDir string) *Health { return &Health{dir: dataDir, away: suspended()} }

// See is told of every observation. How well we are does not depend on what is seen.
func (h *Health) See(Observation) {}

// Tick is told of every tick of the watch's loop, which was due at due, and says how well we are.
func (h *Health) Tick(now, due time.Time) Watcher {
	away := suspended()
	if !h.last.IsZero() {
		h.clocks(now, due, elapsed{
			ticks: now.Sub(h.last), wall: now.Round(0).Sub(h.last.Round(0)), away: max(away-h.away, 0), told: kernelTells,
		})
	}
	h.last, h.away = now, away
	h.rate(now)
	h.space(now)
	return h.now
}

// An elapsed is what passed between two ticks, by different clocks.
type elapsed struct {
	ticks time.Duration // by the monotonic clock, which stands still in a suspend on some systems
	wall  time.Duration // by the wall clock, which anybody may set
	away  time.Duration // suspended, as the kernel tells
	told  bool          // the kernel tells
}

// clocks tells a sleep from a jump. A sleep is a pause between ticks, or one that the kernel tells of; a jump is a
// step of the wall clock while the ticks kept coming.
func (h *Health) clocks(now, due time.Time, e elapsed) {
	slept := e.ticks + e.away
	jumped := e.wall - slept
	if !e.told && jumped >= sleptLeast {
		slept, jumped = e.wall, 0 // both look alike; clocks are seldom set forward, lids are closed every day
	}
	if slept >= sleptLeast {
		h.now.Slept, h.now.WokeAt = slept, now
		h.late, h.lateAt = 0, time.Time{}
	}
	if jumped.Abs() >= jumpedLeast {
		h.now.Jumped, h.now.JumpAt = jumped, now
	}
	h.lateness(now, now.Sub(due), slept >= sleptLeast)
}

// lateness remembers the latest timer of the last seconds.
func (h *Health) lateness(now time.Time, late time.Duration, woke bool) {
	if !woke && (late >= h.late || now.Sub(h.lateAt) >= lateFor) {
		h.late, h.lateAt = max(late, 0), now
	}
	h.now.Late = h.late
}

func (h *Health) rate(now time.Time) {
	if h.Full != nil && h.Full(now) {
		h.fullAt = now
	}
	h.now.OwnRate = !h.fullAt.IsZero() && now.Sub(h.fullAt) < time.Minute
}

// space looks at the disk beside the loop: a network folder that has gone away answers after minutes.
func (h *Health) space(now time.Time) {
	if h.dir != "" && now.Sub(h.diskAt) >= diskEvery && h.checking.CompareAndSwap(false, true) {
		h.diskAt = now
		go func() {
			defer h.checking.Store(false)
			free, known := freeSpace(h.dir)
			h.disk.Store(known && free < diskLeast)
		}()
	}
	h.now.Disk = OK
	if h.disk.Load() {
		h.now.Disk = "disk_full"
	}
}
