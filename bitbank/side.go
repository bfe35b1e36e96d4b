package bitbank

import "slices"

// A side is one half of a book. Keys ascend and the best price stands last, because most changes are near the touch
// and what stands behind a change must be moved.
type side []rung

// A rung is a level with the key that orders it.
type rung struct {
	key   priceKey
	level Level
}

// A trader says which half a side is, by the key that a price has there: keys rise towards the touch.
type trader int

const (
	buyers  trader = iota
	sellers        // the lowest price is the best: their keys are flipped
)

func (t trader) key(l Level) (priceKey, bool) {
	key, ok := keyOf(l.Price)
	if t == sellers {
		key = key.flipped()
	}
	return key, ok
}

// replace makes s out of levels, best first as bitbank lists them. In any other order they are sorted; of two with
// one price the later counts; empty ones are left out.
func (s *side) replace(levels []Level, who trader) {
	out := (*s)[:0]
	inOrder := true
	for i := len(levels) - 1; i >= 0; i-- {
		key, ok := who.key(levels[i])
		if !ok {
			continue // no decoder lets such a level through
		}
		if n := len(out); n > 0 && out[n-1].key.compare(key) >= 0 {
			inOrder = false
		}
		out = append(out, rung{key, levels[i]})
	}
	if !inOrder {
		slices.SortStableFunc(out, func(a, b rung) int { return a.key.compare(b.key) })
		out = slices.CompactFunc(out, func(a, b rung) bool { return a.key == b.key }) // the first stood last in levels
	}
	out = slices.DeleteFunc(out, func(r rung) bool { return r.level.Amount.isZero() })
	clear(out[len(out):max(len(out), len(*s))])
	*s = out
	s.trim()
}

// set puts a level into s, or takes it out when its amount is zero. It does nothing when a difference in newer has
// the same price.
func (s *side) set(l Level, who trader, newer []DepthDiff) {
	key, ok := who.key(l)
	if !ok || overruled(key, who, newer) {
		return
	}
	i, found := s.find(key)
	switch {
	case l.Amount.isZero() && found:
		*s = slices.Delete(*s, i, i+1)
	case l.Amount.isZero():
	case found:
		(*s)[i].level = l
	default:
		*s = slices.Insert(*s, i, rung{key, l})
		s.trim()
	}
}

func overruled(key priceKey, who trader, newer []DepthDiff) bool {
	for i := range newer {
		levels := newer[i].Bids
		if who == sellers {
			levels = newer[i].Asks
		}
		for _, l := range levels {
			if other, ok := who.key(l); ok && other == key {
				return true
			}
		}
	}
	return false
}

// find is where a key is, or would be.
func (s *side) find(key priceKey) (int, bool) {
	low, high := 0, len(*s)
	for low < high {
		middle := int(uint(low+high) >> 1)
		switch c := (*s)[middle].key.compare(key); {
		case c < 0:
			low = middle + 1
		case c > 0:
			high = middle
		default:
			return middle, true
		}
	}
	return low, false
}

// trim gives up what is furthest from the touch when there is too much.
func (s *side) trim() {
	if n := len(*s) - maxLevels; n > 0 {
		*s = slices.Delete(*s, 0, n)
	}
}

// best are the n levels nearest the touch, best first; all of them when n is negative.
func (s *side) best(n int) []Level {
	if n < 0 || n > len(*s) {
		n = len(*s)
	}
	out := make([]Level, n)
	for i := range out {
		out[i] = (*s)[len(*s)-1-i].level
	}
	return out
}
