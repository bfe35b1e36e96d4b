package bitbank

import (
	"errors"
	"fmt"
	"net/http"
)

// Kinds of refusal, for errors.Is, so that callers can forget the numbers.
var (
	ErrMaintenance = errors.New("bitbank is in maintenance")         // 10007
	ErrBusy        = errors.New("bitbank is crowded")                // 10008, 70011, 70026
	ErrRateLimited = errors.New("too many requests")                 // 10009 and HTTP 429
	ErrClock       = errors.New("bitbank's clock and ours disagree") // 20034, 20035
	ErrAuth        = errors.New("authentication failed")             // every 2xxxx
	ErrHalted      = errors.New("trading is stopped")                // 70004, 70017, 70018
	ErrNotFound    = errors.New("there is no such data")             // 10000
	ErrInternal    = errors.New("bitbank failed inside")             // 10001, 10003, 10005, 70001 to 70003, 70012
)

// kinds says which codes each kind covers.
var kinds = map[error][]Code{
	ErrMaintenance: {10007},
	ErrBusy:        {10008, 70011, 70026},
	ErrRateLimited: {10009},
	ErrClock:       {20034, 20035},
	ErrHalted:      {70004, 70017, 70018},
	ErrNotFound:    {10000},
	ErrInternal:    {10001, 10003, 10005, 70001, 70002, 70003, 70012},
}

// An Error is a refusal by bitbank: the request arrived, and its envelope says success 0.
type Error struct {
	Op     string // the call, such as "Ticker"
	Status int    // HTTP status: 200 for most refusals
	Code   Code   // never 0: an answer without a valid code is a BodyError
}

func (e *Error) Error() string {
	info, _ := Lookup(e.Code)
	return fmt.Sprintf("%s: bitbank refused with code %d (HTTP %d): %s", e.Op, e.Code, e.Status, info.En)
}

// Is answers errors.Is for the Err values above.
func (e *Error) Is(target error) bool {
	if target == ErrAuth {
		return e.Code/10000 == 2
	}
	if target == ErrRateLimited && e.Status == http.StatusTooManyRequests {
		return true
	}
	for _, c := range kinds[target] {
		if c == e.Code {
			return true
		}
	}
	return false
}

// A Defect is what is wrong with an answer that is not a valid envelope.
type Defect string

// The defects.
const (
	Empty     Defect = "empty"
	HTML      Defect = "html"
	Truncated Defect = "truncated" // cut off: JSON that ends too early, or fewer bytes than announced
	NotJSON   Defect = "not_json"
	Shape     Defect = "shape" // JSON, but not what is documented
	TooLarge  Defect = "too_large"
)

// A BodyError is an answer whose body is not what bitbank's application sends. For a read it is a failure; for a
// write the outcome would be unknown.
type BodyError struct {
	Op     string
	Status int // HTTP status; 0 for a message of the stream
	Defect Defect
	Body   string // the first bytes, at most 200; none of an account's data
	Err    error  // the parser's reason, when there is one
}

func (e *BodyError) Error() string {
	s := e.Op + ": the answer is " + string(e.Defect)
	if e.Status != 0 {
		s += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Body != "" {
		s += fmt.Sprintf(": %q", e.Body)
	}
	return s
}

func (e *BodyError) Unwrap() error { return e.Err }

// A StatusError is an HTTP error without bitbank's envelope: something in front of bitbank's application spoke. A
// redirect counts, because bitbank's interfaces send none.
type StatusError struct {
	Op     string
	Status int
	HTML   bool   // the body is a page
	Body   string // the first bytes, at most 200
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: HTTP %d without bitbank's envelope: %q", e.Op, e.Status, e.Body)
}

// Is answers errors.Is(err, ErrRateLimited) for a bare 429.
func (e *StatusError) Is(target error) bool {
	return target == ErrRateLimited && e.Status == http.StatusTooManyRequests
}
