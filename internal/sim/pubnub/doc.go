// Package pubnub serves what bitbank's private stream needs of PubNub: subscribing to a channel by long polls that catch up by
// timetoken, heartbeat, leave and time.
//
// [Server] is the service. Its owner grants tokens for channels ([Server.Grant]), publishes ([Server.Publish]) and lets time
// pass ([Server.Advance]); clients poll over HTTP. A channel keeps a short queue. A poll that names an old timetoken gets
// what came after it, at once; a poll that is up to date waits. What overflows or is too old is gone, and nothing in the
// answer says so: that is a gap without a marker, as at PubNub.
//
// # Faults
//
// A [Fate] is what becomes of one message: lost, doubled, late, or out of order. A [PollFate] is what becomes of one poll:
// silent, or cut. Tokens can be revoked, queues cleared. The owner decides which; the server does it.
//
// # Facts
//
// Paths, parameters and envelopes are those that PubNub's JavaScript SDK 11.0.2 sends and reads, and those that PubNub's own
// clients have recorded for their tests (2020 and 2025). PubNub's documents give the queue's 100 messages and 20 minutes.
// What is marked as our assumption has no source.
//
// # What it leaves out
//
// A token opens one channel for reading, as bitbank's do, so an answer speaks of one channel. Publishing, presence, history,
// groups and everything else of PubNub is refused as a token without those permissions would be. Filter expressions,
// presence time-outs and states are accepted and have no effect: they need add-ons that nobody knows bitbank to have.
//
// # Concurrency
//
// All methods may be called at any time. No goroutine runs but those of the HTTP server. No lock is held while a client is
// written to or while [Options.Poll] is asked.
package pubnub
