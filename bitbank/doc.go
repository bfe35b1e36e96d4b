// Package bitbank is a client for the exchange bitbank that is honest about outcomes.
//
// A [Client] asks the REST interfaces, the public and the account's. [Dial] opens the public stream, and [Follow] keeps
// it open; a [Book] joins its whole and differential depth into one order book, and [Books] keep one for each of some
// pairs. [FollowPrivate] follows an account's private stream, and an [OrderMerger] brings its reports into order.
//
// HTTP 200 is not success: bitbank answers most failures with status 200 and an envelope that says so, and in an
// outage with pages of HTML, with nothing, or with half an answer. Every such answer is an error of its own type:
//
//   - [*Error]: bitbank's application refused, with a [Code]
//   - [*BodyError]: something answered, but not with a valid envelope (HTML, empty, cut off, of another shape)
//   - [*StatusError]: an HTTP error without an envelope: a proxy or edge in front of bitbank spoke
//   - everything else comes from the connection and says so by its own type (net.Error, x509 errors)
//
// # Writes
//
// Placing an order, cancelling, confirming deposits and asking for a withdrawal return an [Outcome], which is exactly
// one of three: done, with what bitbank answered; refused, with the proof that nothing happened ([Refusal]); or lost,
// when it may have happened ([LostError]). Whatever left and was not answered by a valid success, or by a code whose
// refusal the documents promise, is lost: time-outs, cut connections, pages, half answers, unknown codes.
//
// Nothing is ever sent twice: no layer repeats a request, follows a redirect or replays it on another connection, and
// the body of a write can leave only once. Whether to send again is for the caller to decide, and a lost order must
// not be sent again at all: bitbank has no mark by which it could tell the second from the first.
//
// Writes are signed for two seconds ([Options].WriteWindow), so that one which was held up somewhere dies by itself.
// [Call] records a write before it leaves, signs with another time, or asks for a fresh connection.
//
// A [Limiter] keeps an account within bitbank's limits; all clients of one account share one. Every call ends: with
// its context, or ten seconds after it was sent.
//
// # The stream
//
// bitbank's stream is Socket.IO 4 in WebSocket text frames. The server asks for signs of life, at the intervals that
// it names itself; a connection that stays silent for longer is dead, however open it looks ([ErrDeadLink]). That a
// connection lives says nothing about its data: how old that is, is for the caller to judge, by [Event].At and the
// data's own time. Reconnecting replays nothing.
//
// # The private stream
//
// An account's orders, trades and balances come over PubNub, which is not bitbank: either can fail without the other.
// [FollowPrivate] polls it over plain HTTP, renews its ticket, and goes on after an outage from where it was. What it
// delivers is a hint that comes early, at most once and in no order; REST is the truth. So it says where something may
// have been missed, has the owner read that over REST, and keeps saying so in its [Cursor] until it was read.
//
// # Data
//
// Prices and amounts are [Number], exact and printed as bitbank wrote them; null and missing fields are absent ones.
// Fields that bitbank adds are ignored. A list that the documents promise and that is missing is an error, so that
// half an answer never passes for an empty market. A field that stands twice, an id that is no whole number and an
// answer about another order than was asked for are errors too. Ids are 64-bit ([OrderID], [TradeID]), and a status that
// bitbank adds is kept as it came.
//
// # Keys
//
// [Credentials] are bound to one origin, refuse to sign for another, and cannot be printed. Without any,
// [Client.Knock] tells whether the private front is alive.
//
// A Client may be used concurrently, a Book may not; see [Stream] for its rules. Package bitbanktest holds a fake
// server for tests of programs that use this one.
package bitbank
