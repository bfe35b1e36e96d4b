package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Verify walks the whole chain. The report names the first broken record; the error is for what kept it from looking.
func (j *Journal) Verify(ctx context.Context) (Report, error) {
	var c chain
	top, err := walk(ctx, j.read, func(_ row, r Record) error { return c.record(r) }, c.cut)
	if err == nil {
		err = c.head(top.Seq, top.Hash)
	}
	if err == nil || errors.Is(err, ErrBroken) {
		return c.report, nil
	}
	if damaged(err) {
		c.breaks(c.seq+1, "cannot be read: %v", err)
		return c.report, nil
	}
	return c.report, fmt.Errorf("verify the journal: %w", err)
}

// A line of an export is a record, a cut in place of records, or, last, the head.
type line struct {
	Record
	Cut  *Cut  `json:"cut,omitzero"`
	Head *head `json:"head,omitzero"`
}

func (l line) encode() ([]byte, error) {
	switch {
	case l.Head != nil:
		return json.Marshal(map[string]*head{"head": l.Head})
	case l.Cut != nil:
		return json.Marshal(map[string]*Cut{"cut": l.Cut})
	}
	return json.Marshal(l.Record)
}

// Export writes the journal as JSON lines, hashes included, such that [VerifyExport] can prove it. Records that do not verify
// are written as they stand.
func (j *Journal) Export(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriter(w)
	write := func(l line) error {
		b, err := l.encode()
		if err == nil {
			_, err = out.Write(append(b, '\n'))
		}
		return err
	}
	top, err := walk(ctx, j.read,
		func(_ row, r Record) error { return write(line{Record: r}) },
		func(c Cut) error { return write(line{Cut: &c}) })
	if err == nil {
		err = write(line{Head: &top})
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("export the journal: %w", err)
	}
	return nil
}

// VerifyExport checks what [Journal.Export] wrote, as [Journal.Verify] does.
func VerifyExport(r io.Reader) (Report, error) {
	var c chain
	in := bufio.NewScanner(r)
	in.Buffer(nil, 2*dataLimit)
	ended := false
	for in.Scan() {
		dec := json.NewDecoder(bytes.NewReader(in.Bytes()))
		dec.DisallowUnknownFields()
		var l line
		if err := dec.Decode(&l); err != nil || ended {
			c.breaks(c.seq+1, "is not a line of an export")
			return c.report, nil
		}
		// One way to write a line, so that every flipped byte shows.
		if again, err := l.encode(); err != nil || !bytes.Equal(again, in.Bytes()) {
			c.breaks(c.seq+1, "is not written as an export writes it")
			return c.report, nil
		}
		var err error
		switch {
		case l.Head != nil:
			ended, err = true, c.head(l.Head.Seq, l.Head.Hash)
		case l.Cut != nil:
			err = c.cut(*l.Cut)
		default:
			err = c.record(l.Record)
		}
		if err != nil {
			return c.report, nil
		}
	}
	if err := in.Err(); err != nil {
		return c.report, fmt.Errorf("verify the export: %w", err)
	}
	if !ended {
		c.breaks(c.seq+1, "and what follows are missing: the export has no end")
	}
	return c.report, nil
}
