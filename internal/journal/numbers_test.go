package journal

import (
	"bytes"
	"testing"
)

// Whatever the data, packing gives back every byte or says that it cannot.
func FuzzPackingLosesNothing(f *testing.F) {
	for _, s := range []string{
		`{"at":"2026-11-24T12:00:00.123Z","n":-17,"f":0.0050,"s":"connect4"}`, `"2026-11-24T12:00:00+09:00"`,
		`"2026-11-24T12:00:00.100Z"`, `"0001-01-01T00:00:00Z"`, `9223372036854775807`, `"2026-11-24T12:00:00-00:00"`, "1\x012",
	} {
		f.Add([]byte(s), int64(1795521600_000000000))
	}
	f.Fuzz(func(t *testing.T, data []byte, at int64) {
		key := []byte(`{"at":"` + "\x01" + `Z"}`)
		packed := packAgainst(data, at, key)
		if packed == nil {
			return
		}
		if got, err := unpackAgainst(packed, at, key); err != nil || !bytes.Equal(got, data) {
			t.Errorf("packed %q came back as %q, %v", data, got, err)
		}
	})
}
