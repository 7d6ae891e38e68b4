package sqlite

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/store"
	"sipas/survey/store/storetest"
)

// TestWholeTableIsForgotten goes through a whole table, as after a storm of more answers than are remembered.
func TestWholeTableIsForgotten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sipas.db")
	db, err := Open(bg, path, Options{Settle: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	storetest.PrepareSample(t, db, 150, 3)
	s := &theft{order: map[survey.ResponseID]int{}}
	// Groups arrive one after the other; within a group the order is not known.
	for group := range 250 {
		all := ids(20)
		for _, id := range all {
			s.order[id] = group
		}
		for results := sendAll(t, db, all); len(all) > 0; all = all[1:] {
			if r := <-results; r.err != nil {
				t.Fatal(r.err)
			}
		}
	}
	look := func() []byte {
		t.Helper()
		if err := copyAll(db); err != nil {
			t.Fatal(err)
		}
		return read(t, path)
	}
	if tau, z := s.layout(t, look(), "response"); z < traceable {
		t.Errorf("before, the places tell nothing either: tau %.3f, z %.1f", tau, z)
	}
	db.settler.mu.Lock()
	db.settler.incoming = newWork()
	many := make([]store.Place, mostPending+1)
	for i := range many {
		many[i] = store.Place{Table: store.TableResponse, ID: "a"}
	}
	db.settler.incoming.add(many)
	if k := db.settler.incoming.keys[store.TableResponse]; !k.whole || len(k.ids) > 0 {
		t.Errorf("%d keys are remembered, whole %v", len(k.ids), k.whole)
	}
	db.settler.mu.Unlock()
	slices := 0
	for done := false; !done; slices++ {
		if done, err = db.settler.slice(bg, fewestRows); err != nil {
			t.Fatal(err)
		}
	}
	if slices < 10 {
		t.Errorf("the table was gone through in %d slices", slices)
	}
	content := look()
	if tau, z := s.layout(t, content, "response"); math.Abs(z) > traceable {
		t.Errorf("the places tell the order of arrival: tau %.3f, z %.1f", tau, z)
	}
	n := 0
	if err := db.EachResponse(bg, storetest.WaveID, func(r *survey.Response) error {
		if _, known := s.order[r.ID]; !known {
			t.Errorf("a response that nobody sent: %s", r.ID)
		}
		n++
		return nil
	}); err != nil || n != len(s.order) {
		t.Errorf("%d responses of %d, %v", n, len(s.order), err)
	}
	if err := check(bg, path); err != nil {
		t.Error(err)
	}
}

// TestLongLogBeginsAgain writes a log that is too long while nobody answers, and finds that it begins again.
func TestLongLogBeginsAgain(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	storetest.PrepareSample(t, db, 150, 3)
	const fill = "CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT hex(randomblob(3000)) AS x FROM n"
	if _, err := db.writer.Exec(fill); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(db.path + "-wal")
	if err != nil || info.Size() < longestLog {
		t.Fatalf("the log has %v, %v", info, err)
	}
	// The settler's own look at it comes within a second.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(lookAtLog / 10) {
		if err := db.Record(bg, storetest.By, "a", "b", "c"); err != nil {
			t.Fatal(err)
		}
		var busy, frames, copied int
		if err := db.copier.QueryRow("PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &copied); err != nil {
			t.Fatal(err)
		}
		if frames*pageSize < longLog {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the log still holds %d pages", frames)
		}
	}
}
