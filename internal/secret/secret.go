package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

const redacted = "[redacted]"

// ErrEmpty means that a file held nothing but white space.
var ErrEmpty = errors.New("the file is empty")

// A Value is a credential. The zero Value is none at all.
type Value struct{ p *string } // a pointer: fmt does not look behind it

// New hides s.
func New(s string) Value { return Value{&s} }

// Read takes a credential from a file, without the white space around it, which editors like to add. Its errors are
// those of the file system, or [ErrEmpty]; they name the file, never its content.
func Read(path string) (Value, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Value{}, fmt.Errorf("read a credential: %w", err)
	}
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return Value{}, fmt.Errorf("read a credential from %s: %w", path, ErrEmpty)
	}
	return New(string(b)), nil
}

// Reveal is the credential itself; "" for the zero Value.
func (v Value) Reveal() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

// IsZero reports whether there is no credential.
func (v Value) IsZero() bool { return v.p == nil || *v.p == "" }

// Format writes "[redacted]" whatever the verb.
func (Value) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText keeps encoders of JSON, YAML and logs out.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
