// Package bitbank is a client for the reading side of the exchange bitbank that is honest about outcomes.
//
// A [Client] asks the REST interfaces.
//
// HTTP 200 is not success: bitbank answers most failures with status 200 and an envelope that says so, and in an
// outage with pages of HTML, with nothing, or with half an answer. Every such answer is an error of its own type:
//
//   - [*Error]: bitbank's application refused, with a [Code]
//   - [*BodyError]: something answered, but not with a valid envelope (HTML, empty, cut off, of another shape)
//   - [*StatusError]: an HTTP error without an envelope: a proxy or edge in front of bitbank spoke
//   - everything else comes from the connection and says so by its own type (net.Error, x509 errors)
//
// Nothing is ever sent twice: no layer repeats a request. Credentials are bound to one origin and sign for no other.
//
// A Client may be used concurrently.
package bitbank
