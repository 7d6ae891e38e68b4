package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/survey/store/storetest"
)

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// openCopy opens a copy of a file with nothing of this package.
func openCopy(t testing.TB, content []byte) *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestOneAnswerTouchesOnlyItsTables compares the bytes of every page before and after one answer.
func TestOneAnswerTouchesOnlyItsTables(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	_, invitations, _ := storetest.PrepareSample(t, db, 900, 3)
	device := storetest.EnrolAt(t, db, storetest.PointID, storetest.Enrolled)
	look := func() []byte {
		t.Helper()
		if done, err := db.settler.settle(bg); err != nil || !done {
			t.Fatalf("settle: %v, done %v", err, done)
		}
		return read(t, db.path)
	}
	answer := func(i int) {
		t.Helper()
		r := storetest.InvitedResponse(storetest.Key.ResponseID(survey.Token(invitations[i].TokenHash[:26])), invitations[i].Class)
		receipt := storetest.Receipt(r, fmt.Sprint("góp ý ", i), storetest.PointID, "2026-08-01")
		receipt.Delivery = &survey.Delivery{Device: device.ID, Queue: queueID, Seq: i + 1}
		receipt.Signals = []survey.Signal{survey.SignalBurst}
		if _, err := db.SaveReceipt(bg, receipt); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 50 {
		answer(i)
	}
	content := look()
	answer(50)
	later := look()

	before, after := parseFile(t, content), parseFile(t, later)
	written := []string{"response", "comment", "stratum", "answer_state", "day_count", "delivery", "signal_count"}
	changed := 0
	for name := range before.roots() {
		pages := before.pagesOf(name)
		if !slices.Equal(pages, after.pagesOf(name)) && !slices.Contains(written, name) {
			t.Errorf("the pages of %s are others", name)
			continue
		}
		for _, n := range pages {
			if (n-1)*before.pageSize >= len(later) || bytes.Equal(before.page(n), after.page(n)) {
				continue
			}
			changed++
			if !slices.Contains(written, name) {
				t.Errorf("page %d of %s changed", n, name)
			}
		}
	}
	if changed < 3 {
		t.Errorf("only %d pages changed: the comparison looks at the wrong ones", changed)
	}
	if got, want := len(after.rows("response")), 51; got != want {
		t.Errorf("read %d responses from the pages, want %d", got, want)
	}
	if got, want := len(after.rows("invitation")), len(invitations); got != want {
		t.Errorf("read %d invitations from the pages, want %d", got, want)
	}
}
