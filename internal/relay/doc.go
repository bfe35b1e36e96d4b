// Package relay passes bitbank's public stream on to the owner's bots, and tells them what they did not hear.
//
// A [Relay] is an http.Handler for /socket.io/. A bot connects to it as to bitbank's stream, joins rooms with join-room, and gets
// message events, byte for byte as bitbank sent them. Towards bitbank there is one connection, and none while nobody wants
// anything: it carries the union of all rooms, comes back by itself with jitter, and when it is away the bots stay connected.
// The program itself hears rooms through [Relay.Watch].
//
// # Marks
//
// A bot that keeps its connection through an outage would take silence for calm. So beside message there is an event hikeshi,
// which a client that does not listen for it ignores:
//
//	["hikeshi",{"kind":"lost","room":"ticker_btc_jpy","from":1767225600123,"reason":"upstream"}]
//	["hikeshi",{"kind":"gap","room":"ticker_btc_jpy","from":1767225600123,"to":1767225603456,"reason":"upstream","dropped":3}]
//	["hikeshi",{"kind":"refused","room":"ticker_btc","reason":"no_room"}]
//
// Lost says that the room is not passed on at present; gap stands where it goes on, after what came before and before what comes
// next. Times are in milliseconds by this machine's clock: from is the last sign of life before, to is when it went on. A room goes
// on when it was asked for again, which bitbank does not confirm, so who fills a gap over REST reads a second more. Dropped counts the
// messages that came and were kept from this bot. The reasons:
//
//	upstream    there was no connection to bitbank
//	unreadable  bitbank sent something that could not be read
//	sequence    ids went back, which the documents rule out: the exchange began anew, or messages came in a wrong order
//	slow        this bot did not keep up
//
// Holes between the ids of depth_diff mark nothing: bitbank's ids have holes (measured by others).
//
// # Depth
//
// After a gap the first depth_diff would be applied to a book that misses what came in between, and no bot could tell. So
// differences of a pair are kept back until bitbank has sent the next whole; those that are newer than it follow it, in the order of
// their ids, and the others are contained in it. For that the relay asks for depth_whole of every pair whose depth_diff somebody
// wants. A bot that follows depth_diff alone misses what was dropped: bitbank's documents want both. See docs/adr/0012.
//
// Whoever joins a room that others hear already gets what bitbank would send soon after a join: the newest depth_whole with the
// differences since, and the newest circuit_break_info. All of it is what bitbank sent over the present connection.
//
// # Bounds
//
// A bot has a queue of 1024 messages or 2 MiB. When that is full, messages to it are dropped and counted; when it has read down to a
// quarter, it gets its marks and its books anew. One that stays behind for 10 s is cut. At most 32 bots may connect, with 320
// rooms each (bitbank has 62 pairs with five rooms each) and 512 together; what is more is refused. What is no room stays silent, as
// at bitbank, and is never asked for there; the mark refused says why. A room that nobody wants any more is left a minute later.
//
// The stream needs no key, so the relay asks for none. It answers under names of this machine only and refuses web pages: a request
// with an Origin other than its own address.
package relay
