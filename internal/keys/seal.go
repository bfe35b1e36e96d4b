package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"hikeshi/internal/secret"
)

const (
	format  = "hikeshi keys"
	version = 1
	saltLen = 32
	// iterations of PBKDF2-HMAC-SHA256: OWASP's recommendation of 2023, about a fifth of a second here.
	iterations = 600_000
	// A damaged or planted head must not keep us computing for hours.
	mostIterations = 10_000_000
	// maxFile bounds what is read: a key takes less than 1 KiB.
	maxFile = 1 << 20
)

// The locks.
const (
	byPassphrase = "passphrase"
	byKeyFile    = "key file"
)

// A sealed is the file as it stands on disk.
type sealed struct {
	Format     string `json:"format"`
	Version    int    `json:"version"`
	Lock       string `json:"lock"`
	Iterations int    `json:"iterations"` // 0 with a key file
	Salt       []byte `json:"salt"`       // new at every write
	Box        []byte `json:"box"`        // nonce, ciphertext, tag
}

// decode reads the head of a file without opening it. Its errors are ErrDamaged and ErrVersion.
func decode(b []byte) (sealed, error) {
	// A later version may have other fields, so it is looked at first.
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err != nil || head.Format != format || head.Version < 1 {
		return sealed{}, ErrDamaged
	}
	if head.Version > version {
		return sealed{}, ErrVersion
	}
	var s sealed
	if err := strict(b, &s); err != nil || len(s.Salt) != saltLen || len(s.Box) == 0 {
		return sealed{}, ErrDamaged
	}
	switch {
	case s.Lock == byKeyFile && s.Iterations == 0:
	case s.Lock == byPassphrase && s.Iterations >= 1 && s.Iterations <= mostIterations:
	default:
		return sealed{}, ErrDamaged
	}
	// The parser forgives the case of names and stray bits behind base64. We do not: the file is as we wrote it.
	if again, err := s.encode(); err != nil || !bytes.Equal(again, b) {
		return sealed{}, ErrDamaged
	}
	return s, nil
}

// strict decodes one JSON value without unknown fields and with nothing behind it.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err == nil {
		return ErrDamaged
	}
	return nil
}

// encode is the file of s.
func (s sealed) encode() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// head is what is authenticated beside the box.
func (s sealed) head() []byte {
	return fmt.Appendf(nil, "%s %d\n%s\n%d\n%x", s.Format, s.Version, s.Lock, s.Iterations, s.Salt)
}

// box is the cipher that with makes: a passphrase, or the content of the key file.
func (s sealed) box(with secret.Value) (cipher.AEAD, error) {
	var key []byte
	var err error
	if s.Lock == byPassphrase {
		key, err = pbkdf2.Key(sha256.New, with.Reveal(), s.Salt, s.Iterations, 32)
	} else {
		key, err = hkdf.Key(sha256.New, []byte(with.Reveal()), s.Salt, format, 32)
	}
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// open returns what seal was given. A box that does not open gives ErrWrong under a passphrase, else ErrDamaged.
func (s sealed) open(with secret.Value) ([]byte, error) {
	c, err := s.box(with)
	if err != nil {
		return nil, err
	}
	plain, err := c.Open(nil, nil, s.Box, s.head())
	if err != nil {
		if s.Lock == byPassphrase {
			return nil, ErrWrong
		}
		return nil, ErrDamaged
	}
	return plain, nil
}

// seal puts plain into the box.
func (s *sealed) seal(with secret.Value, plain []byte) error {
	c, err := s.box(with)
	if err != nil {
		return err
	}
	s.Box = c.Seal(nil, nil, plain, s.head())
	return nil
}
