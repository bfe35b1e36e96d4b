// Package resilience keeps us polite: it bounds what we ask of others, in calm and in trouble alike.
//
// [Budget] is an exact sliding-window limiter. It takes the time as a value, so that it can be tested without
// waiting and replayed.
package resilience
