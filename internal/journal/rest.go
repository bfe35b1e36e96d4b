package journal

import (
	"context"
	"database/sql"
	"encoding/hex"
)

// A rest is what of a damaged journal lies beyond its first broken record, and verifies by itself all the same: beside the
// record or the cut before it, by its own hash, or by the next one's. Checkpoints and snapshots are not among it, because they
// speak of numbers that are given anew.
type rest struct {
	keep func(Record) error
	n    int // records kept

	cuts    map[Seq][32]byte // the hashes at the ends of cuts
	seq     Seq              // of the record before
	hash    [32]byte         // as it says
	doubted *Record          // the record before, when its own hash does not fit
	own     [32]byte         // what its hash would be
}

// leaps bounds how often a page that cannot be read is leapt over, each time twice as far.
const leaps = 64

// read hands on all of it, in order. The error is keep's: what the old file cannot give any more is lost.
func (s *rest) read(ctx context.Context, old *sql.DB) error {
	s.cuts = map[Seq][32]byte{}
	cuts, _ := loadCuts(ctx, old)
	for _, c := range cuts {
		if h, err := hex.DecodeString(c.Hash); err == nil && len(h) == len(s.hash) && c.valid() {
			s.cuts[c.Last] = [32]byte(h)
		}
	}
	next, leap := s.seq+1, Seq(1)
	for range leaps {
		whole := true
		for r, err := range readRows(ctx, old, Query{From: next}) {
			if err != nil {
				whole = false
				break
			}
			next, leap = Seq(r.seq)+1, 1
			if err := s.row(r); err != nil {
				return err
			}
		}
		if whole {
			return nil
		}
		next, leap = next+leap, 2*leap
	}
	return nil
}

func (s *rest) row(r row) error {
	rec, err := r.record()
	if err != nil {
		rec = Record{Seq: Seq(r.seq)}
	}
	prev, known := s.hash, s.seq == rec.Seq-1
	if !known {
		prev, known = s.cuts[rec.Seq-1]
	}
	doubted, wouldBe := s.doubted, s.own
	s.doubted, s.own = nil, chainHash(prev, rec.Seq, rec.At.UnixNano(), rec.Kind, rec.V, rec.Data)
	s.seq = rec.Seq
	good := known && hex.EncodeToString(s.own[:]) == rec.Hash
	if !good && known && doubted != nil {
		if h := chainHash(wouldBe, rec.Seq, rec.At.UnixNano(), rec.Kind, rec.V, rec.Data); hex.EncodeToString(h[:]) == rec.Hash {
			good = true
			if err := s.take(*doubted); err != nil {
				return err
			}
		}
	}
	if b, err := hex.DecodeString(rec.Hash); err == nil {
		copy(s.hash[:], b)
	}
	if good {
		return s.take(rec)
	}
	if known {
		s.doubted = &rec
	}
	return nil
}

func (s *rest) take(r Record) error {
	if r.Kind == Checkpoint || r.Kind == Snapshot {
		return nil
	}
	s.n++
	return s.keep(r)
}
