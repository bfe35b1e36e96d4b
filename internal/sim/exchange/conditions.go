package exchange

import (
	"fmt"
	"slices"
	"strings"
)

// A condition of an account refuses a kind of request with a code that the documents name.
type condition struct {
	kind  string
	codes []int
	about string
}

// conditions lists what can be wrong with an account. Which of two codes with the same words bitbank sends, and which of a
// pair is for buying, is not certain: whoever sets a condition chooses.
var conditions = []condition{
	{"order", []int{50003, 50004, 50005, 50006, 50008, 50011, 50088, 60020, 70001, 70002, 70003, 70009, 70010, 70011, 70012, 70013, 70026, 10001, 10003, 10005, 10008}, "no order is taken"},
	{"cancel", []int{50003, 50005, 50006, 70001, 70002, 70003, 70011, 70012, 70013, 70018, 70019, 10001, 10003, 10005, 10008}, "no cancel is taken"},
	{"spot_buy", []int{50072, 50073, 70005}, "buying is not available to the account"},
	{"spot_sell", []int{50072, 50073, 70006}, "selling is not available to the account"},
	{"margin", []int{50058, 50059, 50060}, "margin trading is not open to the account"},
	{"open_long", []int{50078, 50080, 50059, 50060}, "no long position can be opened"},
	{"open_short", []int{50078, 50080, 50059, 50060}, "no short position can be opened"},
	{"close_long", []int{50079, 50081}, "no long position can be closed"},
	{"close_short", []int{50079, 50081}, "no short position can be closed"},
}

// CheckCondition says what is wrong with a condition and its code; 0 ends it.
func CheckCondition(kind string, code int) error {
	i := slices.IndexFunc(conditions, func(c condition) bool { return c.kind == kind })
	if i < 0 {
		return fmt.Errorf("%q is none of %s", kind, strings.Join(kinds(), ", "))
	}
	if code != 0 && !slices.Contains(conditions[i].codes, code) {
		return fmt.Errorf("%s: %d is none of its codes %v", kind, code, conditions[i].codes)
	}
	return nil
}

// Refuse sets or, with code 0, ends a condition of the account that has passed CheckCondition.
func (a *Account) Refuse(kind string, code int) { a.refuse[kind] = code }

func kinds() []string {
	out := make([]string, len(conditions))
	for i, c := range conditions {
		out[i] = c.kind
	}
	return out
}

// refuses is the code of a condition that holds, 0 for none.
func (a *Account) refuses(kind string) int { return a.refuse[kind] }
