package bitbank

import "hash/maphash"

// recent remembers what was seen last, within a bound. The zero value is empty.
type recent struct {
	known map[uint64]bool
	ring  []uint64
	next  int
}

// recentMost is how much is remembered: forty times what PubNub can deliver again.
const recentMost = 4096

var recentSeed = maphash.MakeSeed()

// repeated reports whether the same parts were seen, and remembers them.
func (r *recent) repeated(parts ...[]byte) bool {
	var h maphash.Hash
	h.SetSeed(recentSeed)
	for _, p := range parts {
		h.Write(p)
		h.WriteByte(0) // no part holds it: JSON and digits
	}
	sum := h.Sum64()
	if r.known[sum] {
		return true
	}
	if r.known == nil {
		r.known = make(map[uint64]bool)
	}
	if len(r.ring) < recentMost {
		r.ring = append(r.ring, sum)
	} else {
		delete(r.known, r.ring[r.next])
		r.ring[r.next] = sum
		r.next = (r.next + 1) % recentMost
	}
	r.known[sum] = true
	return false
}
