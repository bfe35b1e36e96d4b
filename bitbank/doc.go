// Package bitbank is a client for the reading side of the exchange bitbank that is honest about outcomes.
//
// A [Client] asks the REST interfaces. [Dial] opens the public stream, and [Follow] keeps it open; a [Book] joins its
// whole and differential depth into one order book.
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
// # The stream
//
// bitbank's stream is Socket.IO 4 in WebSocket text frames. The server asks for signs of life, at the intervals that
// it names itself; a connection that stays silent for longer is dead, however open it looks ([ErrDeadLink]). That a
// connection lives says nothing about its data: how old that is, is for the caller to judge, by [Event].At and the
// data's own time. Reconnecting replays nothing.
//
// # Data
//
// Prices and amounts are [Number], exact and printed as bitbank wrote them; null and missing fields are absent ones.
// Fields that bitbank adds are ignored. A list that the documents promise and that is missing is an error, so that
// half an answer never passes for an empty market.
//
// # Keys
//
// [Credentials] are bound to one origin, refuse to sign for another, and cannot be printed. Without any,
// [Client.Knock] tells whether the private front is alive.
//
// A Client may be used concurrently, a Book may not; see [Stream] for its rules. Package bitbanktest holds a fake
// server for tests of programs that use this one.
package bitbank
