package bitbank

import (
	"fmt"
	"time"
)

// An Outcome is what became of a write: exactly one of done, refused and lost. The zero Outcome is lost, and so is
// everything that is not proved to be one of the others.
//
//	order, done := outcome.Done()       // it happened: here is the object
//	refusal, refused := outcome.Refused() // it did not happen, and refusal says how that is known
//	open, lost := outcome.Lost()        // it may have happened: look it up, never send it again
type Outcome[T any] struct {
	done    *T
	refused *Refusal
	lost    *LostError
}

// Done gives what bitbank answered, when the write happened.
func (o Outcome[T]) Done() (T, bool) {
	if o.done == nil {
		var none T
		return none, false
	}
	return *o.done, true
}

// Refused gives the reason, when the write is proved not to have happened.
func (o Outcome[T]) Refused() (*Refusal, bool) { return o.refused, o.refused != nil }

// Lost gives what is known, when the write may have happened.
func (o Outcome[T]) Lost() (*LostError, bool) {
	if o.done != nil || o.refused != nil {
		return nil, false
	}
	if o.lost == nil {
		return &LostError{}, true
	}
	return o.lost, true
}

// Err is nil when the write is done, else the *Refusal or the *LostError. It is for logs and tests: a program that
// trades asks which of the three it is.
func (o Outcome[T]) Err() error {
	if refusal, ok := o.Refused(); ok {
		return refusal
	}
	if lost, ok := o.Lost(); ok {
		return lost
	}
	return nil
}

// String says which of the three it is, and why.
func (o Outcome[T]) String() string {
	if err := o.Err(); err != nil {
		return err.Error()
	}
	return "done"
}

// A Proof is how it is known that a write did not happen.
type Proof string

// The proofs.
const (
	// ProofInvalid: nothing was sent, because the request could not have been right.
	ProofInvalid Proof = "invalid"
	// ProofLimit: nothing was sent, because the rate limiter had no room before the context ended.
	ProofLimit Proof = "limit"
	// ProofNotBegun: nothing was sent, because there is no key, the context had ended, or Call.BeforeSend said no.
	ProofNotBegun Proof = "not_begun"
	// ProofNotSent: sending failed before the first byte of the body was handed to a connection. A body that was
	// held back cannot leave later.
	ProofNotSent Proof = "not_sent"
	// ProofCode: bitbank answered with a code that says so.
	ProofCode Proof = "code"
)

// A Refusal is a write that did not happen.
type Refusal struct {
	Op    string // the call, such as "PlaceOrder"
	Proof Proof
	Code  Code  // bitbank's, with ProofCode; else 0
	Err   error // the reason; an *Error with ProofCode
}

// NeverSent reports whether bitbank has not seen the request.
func (r *Refusal) NeverSent() bool { return r.Proof != ProofCode }

func (r *Refusal) Error() string {
	if r.Proof == ProofCode {
		return r.Err.Error()
	}
	return fmt.Sprintf("%s: never sent: %v", r.Op, r.Err)
}

// Unwrap lets errors.Is find ErrHalted, context.Canceled and so on.
func (r *Refusal) Unwrap() error { return r.Err }

// A LostError is a write that may have happened: bytes of it left, and no answer came that settles what they did. It
// must never be sent again. Look for the order, the cancel or the withdrawal until evidence settles it.
type LostError struct {
	Op string
	// Code is bitbank's, when it answered with one that leaves the outcome open; else 0.
	Code Code
	// At is the time that the request was signed with, zero with nonces. bitbank does not accept the request later
	// than Window after it, by the clock of the host that it reaches.
	At     time.Time
	Window time.Duration
	// Err is what came instead of an answer: *Error with Code, *BodyError, *StatusError, or of the connection.
	Err error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("%s: lost, it may have happened: %v", e.Op, e.Err)
}

// Unwrap gives what came instead of an answer.
func (e *LostError) Unwrap() error { return e.Err }
