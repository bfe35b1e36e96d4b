package journal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// chainHash is the hash of a record: over the one before it and the record's own bytes, lengths included, so that no
// two records share them.
func chainHash(prev [32]byte, seq Seq, at int64, kind Kind, v int, data []byte) [32]byte {
	b := make([]byte, 0, len(prev)+5*8+len(kind))
	b = append(b, prev[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	b = binary.BigEndian.AppendUint64(b, uint64(v))
	b = binary.BigEndian.AppendUint64(b, uint64(len(kind)))
	b = append(b, kind...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(data)))
	h := sha256.New()
	h.Write(b)
	h.Write(data)
	return [32]byte(h.Sum(nil))
}

// A Cut stands for the records from First to Last, which retention removed. The chain goes on from Hash.
type Cut struct {
	First Seq    `json:"first"`
	Last  Seq    `json:"last"`
	Hash  string `json:"hash"` // of record Last
	Key   []byte `json:"key"`  // the public half
	Sig   []byte `json:"sig"`
}

// Cuts is the data of a [Checkpoint] record.
type Cuts struct {
	Cuts []Cut `json:"cuts"`
}

func (c Cut) message() []byte {
	return fmt.Appendf(nil, "hikeshi journal cut %d %d %s", c.First, c.Last, c.Hash)
}

func (c *Cut) sign(key ed25519.PrivateKey) {
	c.Key = key.Public().(ed25519.PublicKey)
	c.Sig = ed25519.Sign(key, c.message())
}

func (c Cut) valid() bool {
	return c.First > 0 && c.Last >= c.First && len(c.Key) == ed25519.PublicKeySize && ed25519.Verify(c.Key, c.message(), c.Sig)
}

func (c Cut) same(o Cut) bool {
	return c.First == o.First && c.Last == o.Last && c.Hash == o.Hash && bytes.Equal(c.Key, o.Key)
}

// A Report is what a verification found.
type Report struct {
	Records int      `json:"records"`         // that verify
	Cut     int      `json:"cut"`             // that retention removed, as signed cuts prove
	Head    Seq      `json:"head"`            // the newest that verifies
	Keys    []string `json:"keys,omitzero"`   // public keys that signed the cuts, in hex
	Broken  Seq      `json:"broken,omitzero"` // the first that does not verify; 0: all is well
	Reason  string   `json:"reason,omitzero"` // why
}

// chain walks records and cuts in order and notes the first that does not fit.
type chain struct {
	seq     Seq
	hash    [32]byte
	report  Report
	used    []Cut // that the walk went over
	claimed []Cut // that checkpoint records on the way hold
}

func (c *chain) breaks(at Seq, format string, args ...any) error {
	c.report.Broken, c.report.Reason = at, fmt.Sprintf(format, args...)
	return fmt.Errorf("%w: record %d %s", ErrBroken, at, c.report.Reason)
}

func (c *chain) record(r Record) error {
	next := c.seq + 1
	if r.Seq != next {
		return c.breaks(next, "is missing: record %d follows %d", r.Seq, c.seq)
	}
	h := chainHash(c.hash, r.Seq, r.At.UnixNano(), r.Kind, r.V, r.Data)
	if hex.EncodeToString(h[:]) != r.Hash {
		return c.breaks(next, "is not what its hash was made of")
	}
	if r.Kind == Checkpoint {
		var held Cuts
		if err := json.Unmarshal(r.Data, &held); err != nil {
			return c.breaks(next, "is a checkpoint that cannot be read")
		}
		c.claimed = append(c.claimed, held.Cuts...)
	}
	c.seq, c.hash = r.Seq, h
	c.report.Records++
	c.report.Head = r.Seq
	return nil
}

func (c *chain) cut(k Cut) error {
	next := c.seq + 1
	h, err := hex.DecodeString(k.Hash)
	if k.First != next || err != nil || len(h) != len(c.hash) || !k.valid() {
		return c.breaks(next, "is missing, and the cut in its place is not signed")
	}
	if key := hex.EncodeToString(k.Key); !slices.Contains(c.report.Keys, key) {
		c.report.Keys = append(c.report.Keys, key)
	}
	c.used = append(c.used, k)
	c.seq, c.hash = k.Last, [32]byte(h)
	c.report.Cut += int(k.Last - k.First + 1)
	c.report.Head = k.Last
	return nil
}

// head ends the walk: it must have come as far as the journal says it goes.
func (c *chain) head(seq Seq, hash string) error {
	if seq != c.seq || hash != hex.EncodeToString(c.hash[:]) {
		return c.breaks(c.seq+1, "and later ones are missing: the journal went up to record %d", seq)
	}
	for _, k := range c.used {
		if !slices.ContainsFunc(c.claimed, k.same) {
			return c.breaks(k.First, "is missing, and no checkpoint record tells of the cut")
		}
	}
	return nil
}

// A head is where the journal's own count stands.
type head struct {
	Seq  Seq    `json:"seq"`
	Hash string `json:"hash"`
}

// walk hands every record, and the cut in place of every gap, to the functions, in order, as of one moment.
func walk(ctx context.Context, db *sql.DB, record func(row, Record) error, cut func(Cut) error) (head, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return head{}, err
	}
	defer tx.Rollback()
	cuts, err := loadCuts(ctx, tx)
	if err != nil {
		return head{}, err
	}
	return walkFrom(ctx, tx, 1, cuts, record, cut)
}

// walkFrom walks from a place on.
func walkFrom(ctx context.Context, tx querier, next Seq, cuts map[Seq]Cut, record func(row, Record) error, cut func(Cut) error) (head, error) {
	var top head
	var hash []byte
	if err := tx.QueryRowContext(ctx, "SELECT seq, hash FROM head").Scan(&top.Seq, &hash); err != nil {
		return head{}, scanned(ctx, err)
	}
	top.Hash = hex.EncodeToString(hash)
	jump := func(to Seq) error {
		for next < to {
			c, ok := cuts[next]
			if !ok || c.Last < c.First {
				return nil // the chain will say what is missing
			}
			if err := cut(c); err != nil {
				return err
			}
			next = c.Last + 1
		}
		return nil
	}
	for r, err := range readRows(ctx, tx, Query{From: next}) {
		if err != nil {
			return top, err
		}
		if err := jump(Seq(r.seq)); err != nil {
			return top, err
		}
		rec, err := r.record()
		if err != nil {
			// A record that cannot be unpacked is still handed on: its hash will not fit.
			rec = Record{Seq: Seq(r.seq), Kind: Kind(r.kind)}
		}
		if err := record(r, rec); err != nil {
			return top, err
		}
		next = Seq(r.seq) + 1
	}
	return top, jump(top.Seq + 1)
}

// loadCuts reads every checkpoint. What it reads is proven by the chain and the signatures, not here.
func loadCuts(ctx context.Context, db querier) (map[Seq]Cut, error) {
	cuts := map[Seq]Cut{}
	for r, err := range readRows(ctx, db, Query{Kinds: []Kind{Checkpoint}}) {
		if err != nil {
			return cuts, err
		}
		rec, err := r.record()
		var held Cuts
		if err != nil || json.Unmarshal(rec.Data, &held) != nil {
			continue
		}
		for _, c := range held.Cuts {
			cuts[c.First] = c
		}
	}
	return cuts, nil
}

// checkTail verifies the newest records only: what a crash or a bad disk would have hit first.
func checkTail(ctx context.Context, db querier, top Seq, hash [32]byte) error {
	const tail = 64
	var c *chain
	var from Seq
	if top > tail {
		from = top - tail
	}
	for r, err := range readRows(ctx, db, Query{From: from}) {
		if err != nil {
			return err
		}
		rec, err := r.record()
		if err != nil {
			return err
		}
		if c != nil && rec.Seq == c.seq+1 || rec.Seq == 1 {
			if c == nil {
				c = &chain{}
			}
			if err := c.record(rec); err != nil {
				return err
			}
			continue
		}
		c = &chain{seq: rec.Seq}
		if n, err := hex.Decode(c.hash[:], []byte(rec.Hash)); err != nil || n != len(c.hash) {
			return fmt.Errorf("%w: record %d has no hash", ErrBroken, rec.Seq)
		}
	}
	if c == nil {
		c = &chain{}
	}
	if c.seq != top || c.hash != hash {
		return fmt.Errorf("%w: its newest record is %d, its head says %d", ErrBroken, c.seq, top)
	}
	return nil
}
