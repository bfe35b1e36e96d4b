package journal

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sync"
)

// How data is packed.
const (
	plain   = 0
	small   = 1 // flate, with the words of phrases as a dictionary
	against = 2 // form and numbers apart (numbers.go), the form with that of the record base as a dictionary
)

// keyEvery is how many digests share a key frame: an hour's worth. Fewer cost space, more cost nothing to read (two
// rows rebuild any minute) but drift away from their key.
const keyEvery = 60

// dataLimit bounds what a record may unpack to, so that a damaged row cannot fill the memory.
const dataLimit = 16 << 20

// phrases are what observations and verdicts repeat. It is part of the file's format: a change needs a new number
// above.
const phrases = `"phase":"connect","dns_timeout","connect_refused","connect_timeout","http_5xx","status":503,"detail":"` +
	`"failure":"","late":true,"family":4,"data_seq":,"skew":,"skew_known":true,"last":"","pairs":[{"pair":"btc_jpy","status":"NORMAL"}]` +
	`{"scope":"healthy","parts":["public_api","private_api","public_stream"],"sentence":"","args":{},"reasons":[{"code":"","targets":[]}],"since":"2026-` +
	`"board":[{"part":"web","state":"ok"}],"chain":[{"name":"machine","state":"ok"}],"market":[]}` +
	`{"target":"public/ticker","host":"public","at":"2026-","took":,"timing":{"dns":,"connect":,"tls":,"first_byte":,"body":},"addr":"127.0.0.1","fresh":true,"status":200,"data_at":"2026-`

// keyframe is the digest that the following ones are packed against.
type keyframe struct {
	seq  Seq
	form []byte
	used int
}

func (k *keyframe) pack(seq Seq, e packed) (enc int, base any, data []byte) {
	if e.kind != Minute {
		return e.enc, nil, e.out
	}
	if k.form != nil && k.used < keyEvery {
		k.used++
		if out := packAgainst(e.data, e.at, k.form); out != nil && len(out) < len(e.data) {
			return against, int64(k.seq), out
		}
	}
	form, _ := split(e.data, e.at)
	*k = keyframe{seq: seq, form: form, used: 1}
	enc, data = smaller(e.data)
	return enc, nil, data
}

// packAgainst returns nil when unpacking would not give back every byte.
func packAgainst(data []byte, at int64, key []byte) []byte {
	form, numbers := split(data, at)
	f := deflate(form, key)
	out := binary.AppendUvarint(nil, uint64(len(f)))
	out = append(append(out, f...), deflate(numbers, nil)...)
	// Checked by doing it: what cannot be told apart from our marks fails, and so does what cannot be compressed, before
	// which Go's flate writes the dictionary into the data.
	if again, err := unpackAgainst(out, at, key); err != nil || !bytes.Equal(again, data) {
		return nil
	}
	return out
}

func unpackAgainst(data []byte, at int64, key []byte) ([]byte, error) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return nil, fmt.Errorf("%w: a digest is cut short", ErrBroken)
	}
	data = data[size:]
	form, err := inflate(data[:n], key)
	if err != nil {
		return nil, err
	}
	numbers, err := inflate(data[n:], nil)
	if err != nil {
		return nil, err
	}
	out, err := join(form, numbers, at)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return out, nil
}

// phraseWriters are kept, because a new one costs more than a commit.
var phraseWriters = sync.Pool{New: func() any { return newWriter(nil, []byte(phrases)) }}

func newWriter(out io.Writer, dict []byte) *flate.Writer {
	w, err := flate.NewWriterDict(out, flate.BestCompression, dict)
	if err != nil {
		panic(fmt.Sprintf("journal: flate level %d: %v", flate.BestCompression, err))
	}
	return w
}

func smaller(data []byte) (int, []byte) {
	w := phraseWriters.Get().(*flate.Writer)
	defer phraseWriters.Put(w)
	var out bytes.Buffer
	w.Reset(&out) // keeps the dictionary
	w.Write(data) // into memory: cannot fail
	w.Close()
	if out.Len() < len(data) {
		if again, err := inflate(out.Bytes(), []byte(phrases)); err == nil && bytes.Equal(again, data) {
			return small, out.Bytes()
		}
	}
	return plain, data
}

func deflate(data, dict []byte) []byte {
	var out bytes.Buffer
	w := newWriter(&out, dict)
	w.Write(data) // into memory: cannot fail
	w.Close()
	return out.Bytes()
}

// unpack undoes pack. base is the packed form of the record that enc needs, if any.
func unpack(enc int, data []byte, at int64, baseEnc int, base []byte) ([]byte, error) {
	switch enc {
	case plain:
		return data, nil
	case small:
		return inflate(data, []byte(phrases))
	case against:
		if baseEnc == against || base == nil {
			return nil, fmt.Errorf("%w: its key frame is missing", ErrBroken)
		}
		key, err := unpack(baseEnc, base, 0, plain, nil)
		if err != nil {
			return nil, err
		}
		form, _ := split(key, 0)
		return unpackAgainst(data, at, form)
	}
	return nil, fmt.Errorf("%w: packed in an unknown way, %d", ErrBroken, enc)
}

// inflaters are kept, because each has a window of 32 KiB, and opening reads many thousand records.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

func inflate(data, dict []byte) ([]byte, error) {
	r := inflaters.Get().(io.Reader)
	defer inflaters.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(data), dict); err != nil {
		return nil, fmt.Errorf("%w: unpack: %w", ErrBroken, err)
	}
	out, err := io.ReadAll(io.LimitReader(r, min(dataLimit, math.MaxInt32)+1))
	if err != nil {
		return nil, fmt.Errorf("%w: unpack: %w", ErrBroken, err)
	}
	if len(out) > dataLimit {
		return nil, fmt.Errorf("%w: unpacks to more than %d bytes", ErrBroken, dataLimit)
	}
	return out, nil
}
