package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"hikeshi/internal/secret"
)

// A Store is the keys of one folder, as they were read and as they were changed since.
type Store struct {
	dir      string
	lock     string       // byPassphrase or byKeyFile
	with     secret.Value // passphrase, or content of the key file; none while there is no key file yet
	was      []byte       // the file as read or written last; nil while there is none
	accounts []Account
	bots     []Bot
}

// A PermissionError is a file or folder that others than its owner may use.
type PermissionError struct {
	Path string
	Mode fs.FileMode
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("%s has mode %04o; nobody but its owner may use it", e.Path, e.Mode.Perm())
}

// Folder is where the keys of a data folder live.
func Folder(dataDir string) string { return filepath.Join(dataDir, "keys") }

// File is the sealed file in a folder.
func File(dir string) string { return filepath.Join(dir, "keys.json") }

func keyFile(dir string) string { return filepath.Join(dir, "keys.key") }

// Open reads the keys of a folder, which need not exist. A passphrase locks a new file; without one a key file beside
// it does. Its errors are [*PermissionError], ErrPassphrase, ErrKeyLock, ErrWrong, ErrKeyFile, ErrDamaged, ErrVersion,
// and those of the file system.
func Open(dir string, passphrase secret.Value) (*Store, error) {
	s := &Store{dir: dir, lock: byKeyFile}
	if !passphrase.IsZero() {
		s.lock, s.with = byPassphrase, passphrase
	}
	path := File(dir)
	b, err := readPrivate(dir, path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	head, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("read the keys in %s: %w", path, err)
	}
	switch {
	case head.Lock == byPassphrase && passphrase.IsZero():
		return nil, ErrPassphrase
	case head.Lock == byKeyFile && !passphrase.IsZero():
		return nil, ErrKeyLock
	case head.Lock == byKeyFile:
		if s.with, err = readKeyFile(dir); err != nil {
			return nil, err
		}
	}
	plain, err := head.open(s.with)
	if err == nil {
		err = s.unpack(plain)
	}
	clear(plain)
	if err != nil {
		return nil, fmt.Errorf("open the keys in %s: %w", path, err)
	}
	s.was = b
	return s, nil
}

// readPrivate reads a file of the folder, and refuses it when others may read it, write it or exchange it.
func readPrivate(dir, path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no ordinary file", path)
	}
	if err := private(dir); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if err := closed(path, info); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = ErrDamaged
	}
	return b, err
}

// private refuses a folder that others may look into.
func private(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return closed(dir, info)
}

// closed wants no permission for group and others. Windows has no such modes: there the user's folder is private.
func closed(path string, info fs.FileInfo) error {
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return &PermissionError{path, info.Mode()}
	}
	return nil
}

// keyBytes is the length of the key file's content before it is written in hexadecimal.
const keyBytes = 32

func readKeyFile(dir string) (secret.Value, error) {
	b, err := readPrivate(dir, keyFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return secret.Value{}, fmt.Errorf("%s: %w", keyFile(dir), ErrKeyFile)
	}
	if err != nil {
		return secret.Value{}, fmt.Errorf("read the key file: %w", err)
	}
	b = bytes.TrimSpace(b)
	if raw, err := hex.DecodeString(string(b)); err != nil || len(raw) != keyBytes {
		return secret.Value{}, fmt.Errorf("%s: %w", keyFile(dir), ErrKeyFile)
	}
	return secret.New(string(b)), nil
}

// Save replaces the file by the keys as they are now: sealed, synced, renamed. ErrChanged when the file is not the one
// that was read; then nothing is written. After an error the Store is as before and the file whole, old or new.
func (s *Store) Save() error {
	if err := s.save(); err != nil {
		return fmt.Errorf("save the keys: %w", err)
	}
	return nil
}

func (s *Store) save() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if err := private(s.dir); err != nil {
		return err
	}
	now, err := os.ReadFile(File(s.dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if (err == nil) != (s.was != nil) || !bytes.Equal(now, s.was) {
		return ErrChanged
	}
	if s.with.IsZero() {
		if s.with, err = s.makeKeyFile(); err != nil {
			return err
		}
	}
	plain, err := s.pack()
	if err != nil {
		return err
	}
	defer clear(plain)
	box := sealed{Format: format, Version: version, Lock: s.lock, Salt: make([]byte, saltLen)}
	if s.lock == byPassphrase {
		box.Iterations = iterations
	}
	_, _ = rand.Read(box.Salt) // it never fails: it ends the program instead
	if err := box.seal(s.with, plain); err != nil {
		return err
	}
	b, err := box.encode()
	if err != nil {
		return err
	}
	if err := replace(s.dir, File(s.dir), b); err != nil {
		return err
	}
	s.was = b
	return nil
}

// makeKeyFile writes a new key file, or takes the one that a save that did not come to its end has left.
func (s *Store) makeKeyFile() (secret.Value, error) {
	v, err := readKeyFile(s.dir)
	if !errors.Is(err, ErrKeyFile) {
		return v, err
	}
	if _, err := os.Lstat(keyFile(s.dir)); err == nil {
		return v, fmt.Errorf("%s: %w", keyFile(s.dir), ErrKeyFile)
	}
	key := random(keyBytes)
	if err := replace(s.dir, keyFile(s.dir), []byte(key+"\n")); err != nil {
		return v, err
	}
	return secret.New(key), nil
}

// replace writes path whole or not at all, and returns when it is on the disk.
func replace(dir, path string, b []byte) error {
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it is gone after the rename
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
