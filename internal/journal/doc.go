// Package journal is our long memory: what was seen, what was said of it and when, in one SQLite file.
//
// [Journal.Append] returns when its records are on the disk, so whatever follows (an announcement, an order) has its
// record before it. One goroutine writes; appends that wait while it does are grouped into its next commit. Its
// queue is bounded: when it is full, Append fails with [ErrBusy] and never waits. Readers have connections of their own and hold up
// nobody.
//
// # The chain
//
// Records are numbered from 1 without holes. The hash of each is the SHA-256 of the one before it and of the
// record's own bytes, and the head of the chain is written in the same commit, so [Journal.Verify] names the first
// record that was changed, removed or cut off. [Journal.Export] writes the same chain as JSON lines which
// [VerifyExport] checks without the journal.
//
// [Journal.Proved] reads and verifies at once, from a place on. A [Snapshot] says what the records before it come to, so that a
// start reads from there; it adds nothing to them, so only the newest are kept.
//
// [Journal.Prune] removes old digests, raw observations and snapshots, nothing else. In their place stays a [Cut], signed with
// the key beside the journal and held by a record of kind [Checkpoint], from which the chain goes on. The signature
// says that the holder of that key cut here: it protects an export, and a copy kept elsewhere, not the folder from
// whoever can read the key. A chain cannot prove that its owner did not rewrite all of it.
//
// # Trouble
//
// Two programs never write one journal: the second gets [ErrLocked]. On a full disk Append fails with [ErrFull] and
// writes nothing; the journal works on as soon as there is space. A reserve file of 4 MiB is given up first, so that
// everything but digests, raw observations and snapshots can still be written then; [Journal.Low] says so to whoever should do
// less. When [Open] finds a file that it cannot trust, it keeps every record that verifies, before the damage and after it, sets
// the damaged file aside whole under another name, and ends with a record that tells it; [Journal.Damage] says so to people.
// Opening checks the newest records only, because it must take milliseconds: all of it is what Verify is for, and the option
// Salvage for whoever was told [ErrBroken].
//
// SQLite takes a damaged write-ahead log for one that ends before the damage, and what is left verifies. So a mark beside the
// journal says how far it went. It is not synced: within the seconds before a power cut, damage to the newest commit looks
// like a commit that the cut tore, which nobody was told of.
//
// # Size
//
// A digest is packed against the first digest of its hour, which it mostly repeats, so that any past minute is rebuilt
// from two rows. With 45 targets a calm month stays below 50 MiB when the writer rounds times and durations to the
// millisecond; nanoseconds, which are noise that cannot be packed, double that.
package journal
