package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"sipas/survey"
	"sipas/survey/store/storetest"
)

// hold takes the connection that writes, until the function that it returns is called.
func hold(t *testing.T, db *DB) (release func()) {
	t.Helper()
	conn, err := db.writer.Conn(bg)
	if err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() { _ = conn.Close() })
}

// result is what became of one sending.
type result struct {
	id  survey.ResponseID
	err error
}

// sendAll sends receipts at once, and waits until all of them wait for the writer; the results come when it is let go.
func sendAll(t *testing.T, db *DB, ids []survey.ResponseID) <-chan result {
	t.Helper()
	results := make(chan result, len(ids))
	for _, id := range ids {
		go func() {
			_, err := db.SaveReceipt(bg, storetest.Receipt(storetest.InvitedResponse(id, "1.1"), "", "", "2026-08-01"))
			results <- result{id, err}
		}()
	}
	for gathered := false; !gathered; {
		gathered = db.Busy() >= len(ids) || len(results) > 0
		runtime.Gosched()
	}
	return results
}

func ids(n int) []survey.ResponseID {
	all := make([]survey.ResponseID, n)
	for i := range all {
		all[i] = survey.NewResponseID()
	}
	return all
}

func TestOneBadAnswerHarmsNoOther(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	storetest.PrepareSample(t, db, 150, 3)
	all := ids(40)
	bad := all[17]
	trigger := fmt.Sprintf("CREATE TRIGGER bad BEFORE INSERT ON response WHEN new.id = '%s' BEGIN SELECT raise(ABORT, 'bad'); END", bad)
	if _, err := db.writer.Exec(trigger); err != nil {
		t.Fatal(err)
	}
	release := hold(t, db)
	results := sendAll(t, db, all)
	release()
	for range all {
		r := <-results
		_, missing := db.Response(bg, r.id)
		if (r.err != nil) != (r.id == bad) || (missing != nil) != (r.id == bad) {
			t.Errorf("bad %v: error %v, stored %v", r.id == bad, r.err, missing == nil)
		}
	}
	cells, err := db.Cells(bg, storetest.WaveID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cells {
		if c.N != len(all)-1 {
			t.Errorf("cell %+v of %d responses", c, len(all)-1)
		}
	}
}

func TestFullDiskRefusesAllWhoWait(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	storetest.PrepareSample(t, db, 150, 3)
	var pages int
	if err := db.writer.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := db.writer.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
	all := ids(400)
	release := hold(t, db)
	results := sendAll(t, db, all)
	release()
	refused := 0
	for range all {
		r := <-results
		_, missing := db.Response(bg, r.id)
		if (r.err == nil) != (missing == nil) {
			t.Errorf("error %v, stored %v", r.err, missing == nil)
		}
		if r.err != nil {
			refused++
			if !survey.IsCode(r.err, survey.CodeUnavailable) {
				t.Errorf("error is %v, want %s", r.err, survey.CodeUnavailable)
			}
		}
	}
	if refused == 0 {
		t.Error("the disk was never full")
	}
}

func TestTooManyWhoWaitAreRefused(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	storetest.PrepareSample(t, db, 150, 3)
	release := hold(t, db)
	defer release()
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	var wg sync.WaitGroup
	refused := make(chan error, 1)
	for range 6000 {
		wg.Go(func() {
			r := storetest.Receipt(storetest.InvitedResponse(survey.NewResponseID(), "1.1"), "", "", "2026-08-01")
			if _, err := db.SaveReceipt(ctx, r); err != nil {
				select {
				case refused <- err:
				default:
				}
			}
		})
	}
	// Nobody is answered while the writer is held, so this error is a refusal.
	if err := <-refused; !survey.IsCode(err, survey.CodeUnavailable) {
		t.Errorf("error is %v, want %s", err, survey.CodeUnavailable)
	}
	// Those who give up do not keep the others from being stored.
	cancel()
	wg.Wait()
	release()
	r := storetest.Receipt(storetest.InvitedResponse(survey.NewResponseID(), "1.1"), "", "", "2026-08-01")
	for {
		_, err := db.SaveReceipt(bg, r)
		if err == nil {
			break
		}
		if !survey.IsCode(err, survey.CodeUnavailable) {
			t.Fatal(err)
		}
	}
}

func TestClosingAnswersAllWhoWait(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sipas.db")
	db, err := Open(bg, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	storetest.PrepareSample(t, db, 150, 3)
	all := ids(300)
	release := hold(t, db)
	results := sendAll(t, db, all)
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	release()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if _, err := db.SaveReceipt(bg, storetest.Receipt(storetest.InvitedResponse("late", "1.1"), "", "", "2026-08-01")); !survey.IsCode(err, survey.CodeUnavailable) {
		t.Errorf("a closed store says %v", err)
	}
	again := reopen(t, path)
	for range all {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
		}
		if _, err := again.Response(bg, r.id); err != nil {
			t.Error(err)
		}
	}
}
