package export

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// WriteFile writes a file so that it is either whole or not there: write fills a file beside it, which is synced and
// renamed over the name. It is readable by the owner alone.
func WriteFile(path string, write func(io.Writer) error) error {
	return save(path, write, func(f *os.File) error { return os.Rename(f.Name(), path) })
}

// CreateFile does as WriteFile, but never replaces a file: one that is there is an error that errors.Is knows as
// fs.ErrExist.
func CreateFile(path string, write func(io.Writer) error) error {
	return save(path, write, func(f *os.File) error {
		// A link fails where the name is taken, which a rename does not.
		if err := os.Link(f.Name(), path); err != nil {
			return err
		}
		return os.Remove(f.Name())
	})
}

func save(path string, write func(io.Writer) error, place func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".sipas-*") // made with mode 0600
	if err != nil {
		return err
	}
	open := true
	defer func() {
		if err == nil {
			return
		}
		if open {
			err = errors.Join(err, f.Close())
		}
		if e := os.Remove(f.Name()); !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	open = false
	if err := f.Close(); err != nil {
		return err
	}
	if err := place(f); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// shuffle puts n things into an order that the system's randomness draws: Fisher and Yates.
func shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, below(uint64(i)+1))
	}
}

// below returns a number in [0, n), each with the same chance: what would favor small numbers is drawn again.
func below(n uint64) int {
	limit := -n % n // 2⁶⁴ mod n
	for {
		var b [8]byte
		// crypto/rand.Read never returns an error; it ends the program when the system has no randomness.
		_, _ = rand.Read(b[:])
		if x := binary.LittleEndian.Uint64(b[:]); x >= limit {
			return int(x % n)
		}
	}
}
