package account

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"hikeshi/internal/journal"
	"hikeshi/internal/ledger"
	"hikeshi/internal/stop"
)

// A Memory is what is known of an account from its records.
type Memory struct {
	Ledger *ledger.Ledger
	upto   journal.Seq // the newest record that is in it
	since  int         // records after the snapshot that it was made from
	stops  stop.Book   // local stops: no snapshot holds them, they are few
	newest journal.Seq // of the snapshots that are found by their kind
	unsure bool        // newest is not known
}

// A Reader is a journal that can be read. See journal.Journal.
type Reader interface {
	Read(ctx context.Context, q journal.Query) iter.Seq2[journal.Record, error]
	Proved(ctx context.Context, from journal.Seq) iter.Seq2[journal.Record, error]
}

// Remember reads what a journal knows of its account: the newest snapshot that can be read, and the records after it, all of them
// proved by the chain. It fails with journal.ErrBroken where the chain is broken.
func Remember(ctx context.Context, j Reader) (*Memory, error) {
	m := &Memory{Ledger: &ledger.Ledger{}}
	for r, err := range j.Read(ctx, journal.Query{Kinds: []journal.Kind{journal.Snapshot}, Reverse: true}) {
		if err != nil {
			m.unsure = true
			break // what it says of the damage is no more than what the chain will say
		}
		m.newest = max(m.newest, r.Seq)
		if l, upto, ok := unpack(r.Data); ok {
			m.Ledger, m.upto = l, upto
			break
		}
	}
	if m.upto > 0 {
		for r, err := range j.Read(ctx, journal.Query{Kinds: []journal.Kind{StopKind}, To: m.upto}) {
			if err != nil {
				return m, fmt.Errorf("open the account: %w", err)
			}
			if err := m.halt(r); err != nil {
				return m, err
			}
		}
	}
	return m, m.fold(j.Proved(ctx, m.upto+1))
}

// halt takes in a record of a local stop.
func (m *Memory) halt(r journal.Record) error {
	x, err := decodeStop(r)
	if err != nil {
		return fmt.Errorf("open the account: %w", err)
	}
	m.stops.Apply(x)
	return nil
}

func (m *Memory) fold(records iter.Seq2[journal.Record, error]) error {
	for r, err := range records {
		if err != nil {
			return fmt.Errorf("open the account: %w", err)
		}
		if r.Kind == journal.Snapshot && !m.unsure && r.Seq > m.newest {
			return fmt.Errorf("open the account: %w: the snapshot in record %d is not found by its kind", journal.ErrBroken, r.Seq)
		}
		if r.Kind == StopKind {
			if err := m.halt(r); err != nil {
				return err
			}
		}
		if r.Kind != Kind {
			continue
		}
		x, err := decode(r)
		if err != nil {
			return fmt.Errorf("open the account: %w", err)
		}
		m.Ledger.Apply(x)
		m.upto = r.Seq
		m.since++
	}
	return nil
}

// A snapshot is the data of a journal.Snapshot. Fields are added, not renamed.
type snapshot struct {
	Schema int         `json:"schema"` // ledger.Schema
	Upto   journal.Seq `json:"upto"`   // the newest record that is in it
	Ledger []byte      `json:"ledger"` // JSON, deflated
}

// mostUnpacked bounds what a snapshot may unpack to. A ledger in which all that can be kept is kept takes 15 MiB.
const mostUnpacked = 256 << 20

// pack makes a snapshot of a copy of the ledger.
func pack(s *ledger.Snapshot, upto journal.Seq) (snapshot, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return snapshot{}, err
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return snapshot{}, err
	}
	w.Write(text) // into memory: cannot fail
	w.Close()
	return snapshot{Schema: ledger.Schema, Upto: upto, Ledger: out.Bytes()}, nil
}

// unpack is false when it is not a snapshot that this version can go on from.
func unpack(data []byte) (*ledger.Ledger, journal.Seq, bool) {
	var s snapshot
	if json.Unmarshal(data, &s) != nil || s.Schema != ledger.Schema {
		return nil, 0, false
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(s.Ledger)), mostUnpacked))
	l := &ledger.Ledger{}
	if err != nil || json.Unmarshal(text, l) != nil {
		return nil, 0, false
	}
	return l, s.Upto, true
}
