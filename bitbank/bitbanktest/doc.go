// Package bitbanktest is a bitbank for tests: a small server that answers like bitbank and fails like bitbank.
//
// A [Server] is an http.Handler that speaks the public REST interfaces, the account's with both methods of signing,
// and the public stream. It remembers the orders that are placed with it, shows and cancels them, and fills none. Its
// other answers are the payloads of this package, made up in bitbank's form; [Server.Answer]
// replaces one, [Server.Fail] breaks some or all of them, [Server.Publish] speaks to the stream's rooms and
// [Server.Send] sends any frame, also ones that no server should. A [PubNub] is the service behind the private stream.
//
// Serve them with httptest, or with [Memory], which needs no socket and works under the virtual time of
// testing/synctest.
//
// It shares no code with package bitbank: they meet on the wire, so that one misreading of bitbank's documents cannot
// hide in both. It is no exchange: prices do not move by themselves.
package bitbanktest
