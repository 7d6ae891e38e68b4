package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"sipas/survey"
	"sipas/survey/store/storetest"
)

var bg = context.Background()

// template is a migrated, empty database, made once; every test starts from a copy of it.
var template = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "sipas-template")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "template.db")
	db, err := Open(bg, path, Options{})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// fresh opens a copy of the template that lives as long as the test.
func fresh(t testing.TB) *DB {
	t.Helper()
	content, err := template()
	if err != nil {
		t.Fatalf("template: %v", err)
	}
	path := filepath.Join(t.TempDir(), "sipas.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return reopen(t, path)
}

func reopen(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(bg, path, Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// copyAll copies the log into the file and cuts it, whether or not anything is settled.
func copyAll(db *DB) error {
	conn, err := db.writer.Conn(bg)
	if err != nil {
		return err
	}
	_, err = emptyLog(bg, conn, "TRUNCATE")
	return errors.Join(err, conn.Close())
}

// settle does all that there is to do, at once, and reports whether nothing is left.
func (s *settler) settle(ctx context.Context) (done bool, err error) {
	for !done && err == nil {
		done, err = s.slice(ctx, mostRows)
	}
	if errors.Is(err, errLogHeld) {
		return false, nil
	}
	return done, err
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t testing.TB) survey.Store { return fresh(t) })
}
