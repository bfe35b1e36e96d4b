//go:build !linux

package probe

import "time"

const kernelTells = false

func suspended() time.Duration { return 0 }

// freeSpace is not known here: the journal tells when it cannot write.
func freeSpace(string) (uint64, bool) { return 0, false }
