package bitbank

import (
	"encoding/json"
	"errors"
	"fmt"
)

// maxLevels bounds a side of a book. bitbank sends at most 400.
const maxLevels = 5000

// A Level is one price of a book and the amount that waits there. In a difference the amount is the new one, and
// zero removes the level.
type Level struct{ Price, Amount Number }

// UnmarshalJSON reads ["price","amount"].
func (l *Level) UnmarshalJSON(b []byte) error {
	var pair []Number
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("a book level that is not a price and an amount: %.80s", b)
	}
	level := Level{pair[0], pair[1]}
	if _, ok := keyOf(level.Price); !ok || !level.Amount.Known() || level.Amount.text[0] == '-' && !level.Amount.isZero() {
		return fmt.Errorf("a book level that is not a price and an amount: %.80s", b)
	}
	*l = level
	return nil
}

// MarshalJSON writes ["price","amount"].
func (l Level) MarshalJSON() ([]byte, error) { return json.Marshal([]Number{l.Price, l.Amount}) }

// Totals are the amounts that wait outside the listed levels.
type Totals struct {
	AsksOver  Number // beyond the listed asks
	BidsUnder Number // beyond the listed bids
	AsksUnder Number // on the far side; zero except in an auction
	BidsOver  Number
	AskMarket Number // waiting market orders; zero except in an auction
	BidMarket Number
}

// A Depth is a whole order book around the touch: asks ascending, bids descending. In a circuit break it may cross.
type Depth struct {
	Asks, Bids []Level
	Totals     Totals
	At         Millis
	Seq        Sequence
}

// UnmarshalJSON reads the form that REST and the stream's depth_whole share.
func (d *Depth) UnmarshalJSON(b []byte) error {
	if d.scan(b) {
		return nil
	}
	var w struct {
		Asks      []Level  `json:"asks"`
		Bids      []Level  `json:"bids"`
		AsksOver  Number   `json:"asks_over"`
		BidsUnder Number   `json:"bids_under"`
		AsksUnder Number   `json:"asks_under"`
		BidsOver  Number   `json:"bids_over"`
		AskMarket Number   `json:"ask_market"`
		BidMarket Number   `json:"bid_market"`
		At        Millis   `json:"timestamp"`
		Seq       Sequence `json:"sequenceId"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	if w.Asks == nil || w.Bids == nil {
		return errors.New("a depth without asks or bids")
	}
	*d = Depth{w.Asks, w.Bids, Totals{w.AsksOver, w.BidsUnder, w.AsksUnder, w.BidsOver, w.AskMarket, w.BidMarket}, w.At, w.Seq}
	return nil
}

func (d *Depth) check() error {
	if d.At <= 0 || d.Seq == 0 {
		return errors.New("a depth without timestamp or sequence id")
	}
	return checkSides(d.Asks, d.Bids)
}

// A DepthDiff changes a book: amounts are absolute, zero removes a level. A total that is absent is unchanged. Its
// fields are those of a Depth.
type DepthDiff struct {
	Asks, Bids []Level
	Totals     Totals
	At         Millis
	Seq        Sequence
}

// UnmarshalJSON reads the stream's depth_diff, whose keys are single letters.
func (d *DepthDiff) UnmarshalJSON(b []byte) error {
	if d.scan(b) {
		return nil
	}
	var w struct {
		Asks      []Level  `json:"a"`
		Bids      []Level  `json:"b"`
		AsksOver  Number   `json:"ao"`
		BidsUnder Number   `json:"bu"`
		AsksUnder Number   `json:"au"`
		BidsOver  Number   `json:"bo"`
		AskMarket Number   `json:"am"`
		BidMarket Number   `json:"bm"`
		At        Millis   `json:"t"`
		Seq       Sequence `json:"s"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*d = DepthDiff{w.Asks, w.Bids, Totals{w.AsksOver, w.BidsUnder, w.AsksUnder, w.BidsOver, w.AskMarket, w.BidMarket}, w.At, w.Seq}
	return nil
}

func (d *DepthDiff) check() error {
	if d.At <= 0 || d.Seq == 0 {
		return errors.New("a depth difference without timestamp or sequence id")
	}
	return checkSides(d.Asks, d.Bids)
}

func checkSides(asks, bids []Level) error {
	if len(asks) > maxLevels || len(bids) > maxLevels {
		return fmt.Errorf("a book of %d asks and %d bids", len(asks), len(bids))
	}
	return nil
}
