// Package lease is the dead man's switch: when a bot counts as silent, and what has become of that.
//
// bitbank has no such switch of its own, so ours cancels in its place. A bot arms its [Lease] with an epoch and a time to live, and
// renews it by heartbeats ([Book.Beat]) or, where its owner allows that, by any call ([Book.Touch]). When nothing comes for the
// time to live it lapses: [Book.Tick] says so, and the caller stops the bot's orders first and cancels what rests then.
//
// # Epochs
//
// An epoch is one life of a bot's program. Each arms with a higher one than the life before, so a program that was given up and
// goes on all the same renews nothing, and a heartbeat that was under way when its lease ended brings nothing back: an epoch that
// was disarmed or has lapsed is used up. Disarming is compare-and-set: it names the epoch that it ends.
//
// # Whose silence it is
//
// The countdown runs on the monotonic clock. Where it shows that we were away ourselves (the two clocks have moved apart, or we
// were called late) no silence of a bot is proved by that time: the countdown begins anew, with the whole time to live, and the
// lease is [Suspect] until the bot is heard. So it is after a restart too.
//
//   - A suspended Linux or macOS stops the monotonic clock: after it the wall clock is ahead.
//   - On Windows both go on while it is suspended, as in a container that is frozen: we are called late.
//   - A wall clock that is set moves against the monotonic one, and nothing else happens.
//
// # How soon
//
// Never before the whole time to live has passed since the last sign of life, by the monotonic clock, and as soon as it has, if
// the caller ticks when [Book.Next] says. A clock that jumps again and again holds a countdown up for as long; a lease says when
// its countdown last began anew, and why.
//
// The package reads no clock: a [Moment] is a reading of both.
package lease
