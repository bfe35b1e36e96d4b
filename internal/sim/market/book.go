package market

import (
	"cmp"
	"slices"
)

// A side of a book: its prices best first, and in each price's queue who came first. What nobody owns belongs to the
// crowd, the traders of order flow.
type side struct {
	dir   int     // 1 for asks, -1 for bids: the direction away from the touch
	rungs []rung  // what is shown
	far   []rung  // orders of accounts beyond what is shown; the crowd has none here by name
	crowd int64   // what the crowd has beyond what is shown
	note  []Level // new amounts since the last settle; 0 for a price that is gone
}

// A rung is one price of a side. Without a queue all of it is the crowd's.
type rung struct {
	Level
	queue []claim
}

// A claim is a share of a rung, in the order of arrival. The crowd's has no id.
type claim struct{ id, amount int64 }

// A Fill is a share that one account's order had in a trade.
type Fill struct {
	Order         int64
	Price, Amount int64
	Taker         bool
	Trade         int64 // the trade's id
	Against       int64 // the other account's order; 0 is the crowd
}

// search finds a price among rungs, or where it would be.
func (s *side) search(rungs []rung, price int64) (int, bool) {
	return slices.BinarySearchFunc(rungs, price, func(r rung, p int64) int { return s.dir * cmp.Compare(r.Price, p) })
}

// before reports whether a is nearer to the touch than b.
func (s *side) before(a, b int64) bool { return s.dir*cmp.Compare(a, b) < 0 }

// tell notes the amount of a rung.
func (s *side) tell(l Level) { s.note = append(s.note, l) }

// put adds a claim at the end of a price's queue. What an account puts beyond the shown levels waits there, unseen.
func (s *side) put(l Level, id int64) {
	rungs := &s.rungs
	if hidden := id != 0 && len(s.rungs) >= depth && s.before(s.rungs[len(s.rungs)-1].Price, l.Price); hidden {
		rungs = &s.far
	} else {
		for s.show(l.Price) { // what is nearer than a shown price is shown
		}
	}
	i, found := s.search(*rungs, l.Price)
	if !found {
		*rungs = slices.Insert(*rungs, i, rung{Level: Level{Price: l.Price}})
	}
	r := &(*rungs)[i]
	r.join(claim{id, l.Amount})
	if rungs == &s.rungs {
		s.tell(r.Level)
	}
}

// join puts a claim at the end of the queue.
func (r *rung) join(c claim) {
	if c.id != 0 || r.queue != nil {
		if r.queue == nil && r.Amount > 0 {
			r.queue = append(r.queue, claim{0, r.Amount})
		}
		if n := len(r.queue); n > 0 && r.queue[n-1].id == c.id && c.id == 0 {
			r.queue[n-1].amount += c.amount
		} else {
			r.queue = append(r.queue, c)
		}
	}
	r.Amount += c.amount
}

// eat takes up to amount from the head of the queue and tells who was hit.
func (r *rung) eat(amount int64, hit func(id, amount int64)) (eaten int64) {
	eaten = min(amount, r.Amount)
	r.Amount -= eaten
	if r.queue == nil {
		if eaten > 0 {
			hit(0, eaten)
		}
		return eaten
	}
	for left := eaten; left > 0; {
		c := &r.queue[0]
		n := min(left, c.amount)
		hit(c.id, n)
		left -= n
		if c.amount -= n; c.amount == 0 {
			r.queue = r.queue[1:]
		}
	}
	r.settle()
	return eaten
}

// settle forgets the queue when nobody but the crowd is left in it.
func (r *rung) settle() {
	if !slices.ContainsFunc(r.queue, func(c claim) bool { return c.id != 0 }) {
		r.queue = nil
	}
}

// owned is what accounts have in a rung.
func (r *rung) owned() int64 {
	var n int64
	for _, c := range r.queue {
		if c.id != 0 {
			n += c.amount
		}
	}
	return n
}

// leave takes the crowd's last amount out of the queue, from its end: those who came last go first.
func (r *rung) leave(amount int64) {
	if r.queue == nil {
		r.Amount -= amount
		return
	}
	for i := len(r.queue) - 1; i >= 0 && amount > 0; i-- {
		if r.queue[i].id != 0 {
			continue
		}
		n := min(amount, r.queue[i].amount)
		r.queue[i].amount -= n
		r.Amount -= n
		amount -= n
	}
	r.queue = slices.DeleteFunc(r.queue, func(c claim) bool { return c.amount == 0 })
}

// remove takes one account's order out of the book and returns what was left of it.
func (s *side) remove(price, id int64) int64 {
	for _, rungs := range []*[]rung{&s.rungs, &s.far} {
		i, found := s.search(*rungs, price)
		if !found {
			continue
		}
		r := &(*rungs)[i]
		j := slices.IndexFunc(r.queue, func(c claim) bool { return c.id == id })
		if j < 0 {
			continue
		}
		left := r.queue[j].amount
		r.queue = slices.Delete(r.queue, j, j+1)
		r.Amount -= left
		r.settle()
		if rungs == &s.rungs {
			s.tell(r.Level)
		}
		s.prune(rungs, i)
		return left
	}
	return 0
}

// prune takes an empty rung away.
func (s *side) prune(rungs *[]rung, i int) {
	if (*rungs)[i].Amount == 0 {
		*rungs = slices.Delete(*rungs, i, i+1)
	}
}

// best is the price at the touch; false for an empty side.
func (s *side) best() (int64, bool) {
	if len(s.rungs) == 0 {
		return 0, false
	}
	return s.rungs[0].Price, true
}

// shown lists the levels in view.
func (s *side) shown() []Level {
	out := make([]Level, len(s.rungs))
	for i := range s.rungs {
		out[i] = s.rungs[i].Level
	}
	return out
}

// beyond is all that is not shown.
func (s *side) beyond() int64 {
	n := s.crowd
	for i := range s.far {
		n += s.far[i].Amount
	}
	return n
}

// cut lets what is beyond the most levels count as beyond.
func (s *side) cut(most int) {
	for len(s.rungs) > most {
		last := s.rungs[len(s.rungs)-1]
		s.rungs = s.rungs[:len(s.rungs)-1]
		s.tell(Level{last.Price, 0})
		s.crowd += last.Amount - last.owned()
		s.hide(last)
	}
}

// hide keeps the accounts' share of a rung that is no longer shown.
func (s *side) hide(r rung) {
	r.queue = slices.DeleteFunc(r.queue, func(c claim) bool { return c.id == 0 })
	if r.Amount = r.owned(); r.Amount > 0 {
		i, _ := s.search(s.far, r.Price)
		s.far = slices.Insert(s.far, i, r)
	}
}

// show brings the nearest hidden rung into view if it is not beyond a price.
func (s *side) show(price int64) bool {
	return len(s.far) > 0 && !s.before(price, s.far[0].Price) && s.showNext()
}

// showNext brings the nearest hidden rung into view, if there is one.
func (s *side) showNext() bool {
	if len(s.far) == 0 {
		return false
	}
	s.rungs = append(s.rungs, s.far[0])
	s.far = s.far[1:]
	s.tell(s.rungs[len(s.rungs)-1].Level)
	return true
}

// clear takes everything of the crowd away, as if all of them left at once, and hides the rest.
func (s *side) clear() {
	s.hideAll()
	s.crowd = 0
}

// hideAll keeps of what is shown only what accounts have.
func (s *side) hideAll() {
	for _, r := range s.rungs {
		s.tell(Level{r.Price, 0})
		s.hide(r)
	}
	s.rungs = nil
}

// changed hands out the notes: the last word on each price, best first.
func (s *side) changed() []Level {
	levels := s.note
	s.note = nil
	if len(levels) < 2 {
		return levels
	}
	slices.SortStableFunc(levels, func(a, b Level) int { return s.dir * cmp.Compare(a.Price, b.Price) })
	out := levels[:0]
	for i, l := range levels {
		if i+1 == len(levels) || levels[i+1].Price != l.Price {
			out = append(out, l)
		}
	}
	return out
}

func (s *side) clone() side {
	c := *s
	c.rungs, c.far, c.note = slices.Clone(s.rungs), slices.Clone(s.far), nil
	for _, rungs := range [][]rung{c.rungs, c.far} {
		for i := range rungs {
			rungs[i].queue = slices.Clone(rungs[i].queue)
		}
	}
	return c
}
