package bitbank

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// ErrMorePages is what AllTrades ends with when its pages are used up and there may be more trades.
var ErrMorePages = errors.New("there may be more pages")

// tradeKey names a row of the history: an id is unique within its pair only, and of a trade between two orders of the account both
// have a row.
type tradeKey struct {
	pair  string
	id    TradeID
	order OrderID
}

// smallestFullPage is the least that bitbank was seen to give when it had more (docs issue 19 of bitbank's documents).
const smallestFullPage = 500

// AllTrades goes through the trades of q from its Since to its End, oldest first, each once, in at most so many pages
// (0 is 100). It asks page after page by time, a millisecond before the last trade that it has seen, because several
// trades share one; it ends only when bitbank answers with an empty page, because a short one proves nothing. It
// yields an error once, as the last thing: of a page that failed, ErrMorePages, or that two pages contradict each
// other.
//
// q's Ascending, FromID and EndID are not used; a Count of 0 is 1000. A trade that bitbank makes visible late, with a time that was passed
// already, is not found: after an incident, begin again from before it.
func (c *Client) AllTrades(ctx context.Context, q TradeQuery, pages int) iter.Seq2[Trade, error] {
	q.Ascending, q.FromID, q.EndID = true, 0, 0
	if q.Count == 0 {
		q.Count = 1000
	}
	if pages <= 0 {
		pages = 100
	}
	return func(yield func(Trade, error) bool) {
		seen := map[tradeKey]bool{}
		var last Trade  // the latest one seen
		beyond := false // this page is of what is later than last only
		for range pages {
			page, err := c.TradeHistory(ctx, q)
			if err == nil && last.ID != 0 {
				err = follows(page, last, beyond)
			}
			if err != nil {
				yield(Trade{}, err)
				return
			}
			if len(page) == 0 {
				return
			}
			fresh := false
			for _, t := range page {
				if key := (tradeKey{t.Pair, t.ID, t.OrderID}); !seen[key] {
					seen[key], fresh = true, true
					if t.ExecutedAt >= last.ExecutedAt {
						last = t
					}
					if !yield(t, nil) {
						return
					}
				}
			}
			if beyond = !fresh; beyond {
				if len(page) >= min(q.Count, smallestFullPage) {
					yield(Trade{}, fmt.Errorf("AllTrades: more trades share the time of trade %d of %s than a page holds", last.ID, last.Pair))
					return
				}
				q.Since = (last.ExecutedAt + 1).Time()
			} else {
				q.Since = (last.ExecutedAt - 1).Time()
			}
			if !q.End.IsZero() && q.Since.After(q.End) {
				return
			}
		}
		yield(Trade{}, fmt.Errorf("AllTrades: %w after %d", ErrMorePages, pages))
	}
}

// follows reports why page is not what comes after the pages up to last.
func follows(page []Trade, last Trade, beyond bool) error {
	if !beyond {
		if !slices.ContainsFunc(page, func(t Trade) bool { return t.ID == last.ID && t.Pair == last.Pair }) {
			return fmt.Errorf("AllTrades: the next page does not reach back to trade %d of %s", last.ID, last.Pair)
		}
		return nil
	}
	if slices.ContainsFunc(page, func(t Trade) bool { return t.ExecutedAt <= last.ExecutedAt }) {
		return fmt.Errorf("AllTrades: a page of what is later than trade %d of %s holds earlier trades", last.ID, last.Pair)
	}
	return nil
}
