// Package probe looks at bitbank, at neutral sites and at our own line, and says what it saw.
//
// A probe is one look in one way, with its own deadline; an [Observation] is what it saw, with the time that each
// phase took and a stable [Failure] code. Probes decide nothing: whose trouble it is, is for package diagnose.
//
// A refused connection, an HTML page with status 200, a stream that is open but silent, a certificate that ran out
// and a name that does not resolve are different observations, and stay different all the way to the screen.
//
// Nothing here waits without a deadline, reads without a limit, or keeps another probe waiting.
package probe
