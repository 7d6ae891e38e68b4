package export

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// A file is whole or not there, readable by its owner alone, and nothing is left beside it.
func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := WriteFile(path, text("one")); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, text("two")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := WriteFile(path, func(w io.Writer) error { _ = text("half")(w); return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if err := CreateFile(path, text("three")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating a file that is there: %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "two" {
		t.Errorf("%q %v", got, err)
	}
	if err := CreateFile(filepath.Join(dir, "g"), text("new")); err != nil {
		t.Error(err)
	}
	if err := CreateFile(filepath.Join(dir, "none", "g"), text("new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v %v", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

// Shuffling keeps all that is there, and every order of three comes up about as often as any other.
func TestShuffle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 50).Draw(t, "n")
		seen, list := map[int]bool{}, make([]int, n)
		for i := range list {
			list[i] = i
		}
		shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
		for _, x := range list {
			seen[x] = true
		}
		if len(seen) != n {
			t.Fatalf("%v", list)
		}
	})
	counts := map[string]int{}
	const runs = 60_000
	for range runs {
		list := []int{1, 2, 3}
		shuffle(3, func(i, j int) { list[i], list[j] = list[j], list[i] })
		counts[fmt.Sprint(list)]++
	}
	// Each of six orders is expected 10,000 times with a standard deviation of 91; six of them are never seen by chance.
	if len(counts) != 6 {
		t.Fatalf("orders %v", counts)
	}
	for order, n := range counts {
		if n < runs/6-550 || n > runs/6+550 {
			t.Errorf("order %s came up %d times of %d", order, n, runs)
		}
	}
}
