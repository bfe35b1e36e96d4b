package bitbank

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// An OrderID names an order. It needs its pair as well: bitbank finds an order by both. Ids are beyond 2^32 and seem
// to grow with time (observed by others, promised nowhere).
type OrderID int64

// A TradeID names a trade within its pair; two pairs may use the same number (measured by others).
type TradeID int64

// UnmarshalJSON reads a number or a decimal string exactly.
func (id *OrderID) UnmarshalJSON(b []byte) error { return readID((*int64)(id), b) }

// UnmarshalJSON reads a number or a decimal string exactly.
func (id *TradeID) UnmarshalJSON(b []byte) error { return readID((*int64)(id), b) }

// readID takes digits only: 1.5, 1e3, signs, leading zeros and what is beyond 63 bits are errors, never another id.
// null is no id, which is 0.
func readID(into *int64, b []byte) error {
	text := string(b)
	if text == "null" {
		*into = 0
		return nil
	}
	if b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text || n < 0 {
		return fmt.Errorf("read an id: %.40q is no whole number from 0 to 2^63-1", text)
	}
	*into = n
	return nil
}
