package journal

import (
	"encoding/binary"
	"errors"
	"regexp"
	"strconv"
	"time"
)

// A digest repeats the one before it but for its times and durations, and flate is bad at those: as text they look
// random. So a digest is split into a form, which hardly changes, and its numbers, which binary holds in a third of
// the space.

// The marks stand in a form for a number taken out. JSON holds no bare control bytes, so they mean nothing else.
const (
	timeMark = 0x01 // a time, in nanoseconds from the record's own; its zone stays in the form
	numMark  = 0x02
)

// What a number may be: a time of day with its date, or digits that int64 holds and that have one way to be written.
var numberPattern = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)|\d+`)

const (
	stamp   = "2006-01-02T15:04:05.999999999"
	zoneLen = len("+09:00")
)

// split takes data apart. join undoes it; the caller checks that it does.
func split(data []byte, at int64) (form, numbers []byte) {
	from := 0
	for _, m := range numberPattern.FindAllIndex(data, -1) {
		text := string(data[m[0]:m[1]])
		mark, n, end := byte(numMark), int64(0), m[1]
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			if t.Year() < 1970 || t.Year() > 2200 { // nanoseconds in an int64 do not reach there
				continue
			}
			mark, n, end = timeMark, t.UnixNano()-at, m[1]-1
			if text[len(text)-1] != 'Z' {
				end = m[1] - zoneLen
			}
		} else if n, err = strconv.ParseInt(text, 10, 64); err != nil || strconv.FormatInt(n, 10) != text {
			continue
		}
		form = append(append(form, data[from:m[0]]...), mark)
		numbers = appendNumber(numbers, n)
		from = end
	}
	return append(form, data[from:]...), numbers
}

// appendNumber writes whole milliseconds as such: many times and durations are.
func appendNumber(b []byte, n int64) []byte {
	const ms = int64(time.Millisecond)
	whole := uint64(0)
	if n != 0 && n%ms == 0 {
		n, whole = n/ms, 1
	}
	zigzag := uint64(n)<<1 ^ uint64(n>>63)
	if zigzag>>63 != 0 { // no room for the flag: the largest numbers do not occur, and join's check refuses them
		zigzag = 0
	}
	return binary.AppendUvarint(b, zigzag<<1|whole)
}

var errForm = errors.New("form and numbers do not fit")

func join(form, numbers []byte, at int64) ([]byte, error) {
	var out []byte
	for i, c := range form {
		if c != timeMark && c != numMark {
			out = append(out, c)
			continue
		}
		u, size := binary.Uvarint(numbers)
		if size <= 0 {
			return nil, errForm
		}
		numbers = numbers[size:]
		n := int64(u >> 2)
		if u>>1&1 != 0 {
			n = ^n
		}
		if u&1 != 0 {
			n *= int64(time.Millisecond)
		}
		if c == numMark {
			out = strconv.AppendInt(out, n, 10)
			continue
		}
		zone := time.UTC
		if rest := form[i+1:]; len(rest) >= zoneLen && rest[0] != 'Z' {
			t, err := time.Parse("-07:00", string(rest[:zoneLen]))
			if err != nil {
				return nil, errForm
			}
			_, offset := t.Zone()
			zone = time.FixedZone("", offset)
		}
		out = time.Unix(0, at+n).In(zone).AppendFormat(out, stamp)
	}
	return out, nil
}
