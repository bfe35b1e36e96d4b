package probe

import (
	"time"

	"golang.org/x/sys/unix"
)

// kernelTells: Linux has a clock that goes on in a suspend and one that does not.
const kernelTells = true

// suspended is how long this machine was suspended since it was started.
func suspended() time.Duration {
	var with, without unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &with) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &without) != nil {
		return 0
	}
	return time.Duration(with.Nano() - without.Nano()).Round(time.Millisecond)
}

// freeSpace is how many bytes a user may still write to the disk of dir.
func freeSpace(dir string) (free uint64, known bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil || s.Bsize <= 0 {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
