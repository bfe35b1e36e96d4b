package bitbank

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// uniqueKeys fails when an object within b names a field twice. Package json would take the last value, and it
// matches names without regard to case, so `{"order_id":1,"ORDER_ID":2}` is a field twice as well. b must be valid
// JSON.
func uniqueKeys(b []byte) error {
	// One set of names for each depth, used again by the next object there: an object's own number marks its names.
	var names []map[string]*int
	objects := 0
	open := []int{} // the number of each object that is open; 0 is an array
	key := false    // the next string is a name
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{':
			objects++
			open, key = append(open, objects), true
		case '[':
			open, key = append(open, 0), false
		case '}', ']':
			open = open[:len(open)-1]
		case ',':
			key = open[len(open)-1] != 0
		case '"':
			end := endOfString(b, i)
			if key {
				depth := len(open) - 1
				for len(names) <= depth {
					names = append(names, map[string]*int{})
				}
				name, err := foldName(b[i:end])
				if err != nil {
					return err
				}
				owner := names[depth][string(name)]
				switch {
				case owner == nil:
					names[depth][string(name)] = new(open[depth])
				case *owner == open[depth]:
					return fmt.Errorf("the field %.40q stands twice in one object", name)
				default:
					*owner = open[depth]
				}
				key = false
			}
			i = end - 1
		}
	}
	return nil
}

// endOfString is where the string that begins at i is over.
func endOfString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// foldName is a quoted name as package json compares names. Nearly all are plain lower case, which is the name
// itself.
func foldName(quoted []byte) ([]byte, error) {
	plain := quoted[1 : len(quoted)-1]
	for _, c := range plain {
		if c >= 0x80 || c == '\\' || c >= 'A' && c <= 'Z' {
			var name string
			if err := json.Unmarshal(quoted, &name); err != nil {
				return nil, err
			}
			return []byte(strings.Map(foldRune, name)), nil
		}
	}
	return plain, nil
}

// foldRune is the same rune for all that differ only in case.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if least >= 'A' && least <= 'Z' {
		return least - 'A' + 'a'
	}
	return least
}
