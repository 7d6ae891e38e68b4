package sqlite

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"sipas/survey"
	"sipas/survey/store"
	"sipas/survey/store/storetest"

	"github.com/google/go-cmp/cmp"
)

// fixture is a database as the first version of the program wrote it, compressed. It is never written again: it stands for
// the files that are out there.
const fixture = "testdata/first.db.gz"

var writeFixture = flag.Bool("write-fixture", false, "write "+fixture+", which must not exist yet")

// fill puts one of everything into a store, the same every time.
func fill(t testing.TB, db *DB) {
	t.Helper()
	_, invitations, _ := storetest.PrepareSample(t, db, 150, 3)
	for i := range 4 {
		id := storetest.Key.ResponseID(survey.Token(invitations[i].TokenHash[:26]))
		r := storetest.Receipt(storetest.InvitedResponse(id, invitations[i].Class), fmt.Sprint("góp ý ", i), storetest.PointID, "2026-08-01")
		if _, err := db.SaveReceipt(bg, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.AddUser(bg, storetest.By, survey.User{ID: "u-1", Name: "an", Role: survey.Department, Units: []survey.UnitID{storetest.UnitA}}); err != nil {
		t.Fatal(err)
	}
	// The first version had no rules about gaming.
	rules := survey.DefaultRules()
	rules.Gaming = survey.Gaming{}
	release := &survey.Release{ID: "r-1", Wave: storetest.WaveID, State: survey.StatePublished, Number: 1, MadeAt: time.UnixMilli(0).UTC(), Rules: rules}
	if _, err := db.PublishRelease(bg, storetest.By, release); err != nil {
		t.Fatal(err)
	}
}

// content reads everything that fill put in, but the times of the trail and the keys of the comments.
func content(t testing.TB, db *DB) map[string]any {
	t.Helper()
	all := map[string]any{}
	put := func(name string, v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = v
	}
	w := storetest.WaveID
	units, err := db.Units(bg)
	put("units", units, err)
	wave, err := db.Wave(bg, w)
	put("wave", wave, err)
	ts, err := db.Transactions(bg, w)
	put("register", ts, err)
	counts, err := db.RegisterCounts(bg, w)
	put("counts of the register", counts, err)
	covered, err := db.Covered(bg, w)
	put("coverage", covered, err)
	draws, err := db.Draws(bg, w)
	put("draws", draws, err)
	cells, err := db.Cells(bg, w)
	put("cells", cells, err)
	days, err := db.DayCounts(bg, w)
	put("days", days, err)
	comments, err := db.Comments(bg, w)
	put("number of comments", len(comments), err)
	users, err := db.Users(bg)
	put("users", users, err)
	points, err := db.Points(bg)
	put("points", points, err)
	release, err := db.Release(bg, w, survey.StatePublished)
	if err == nil {
		release.ContentHash = "" // of a document that had no rules about gaming at all
	}
	put("release", release, err)
	instrument, err := db.Instrument(bg, survey.InstrumentRef{ID: "kiosk", Version: 1})
	put("instrument", instrument, err)
	var responses []survey.Response
	err = db.EachResponse(bg, w, func(r *survey.Response) error {
		c := *r
		c.Answers = map[string]int{}
		for k, v := range r.Answers {
			c.Answers[k] = v
		}
		responses = append(responses, c)
		return nil
	})
	put("responses", responses, err)
	trail, err := db.Trail(bg, 100)
	for i := range trail {
		trail[i].At = time.Time{}
	}
	put("trail", trail, err)
	return all
}

func TestFirstVersionIsMigrated(t *testing.T) {
	t.Parallel()
	if *writeFixture {
		storeFixture(t)
	}
	compressed, err := os.Open(fixture)
	if err != nil {
		t.Fatal(err)
	}
	defer compressed.Close()
	z, err := gzip.NewReader(compressed)
	if err != nil {
		t.Fatal(err)
	}
	old, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "old.db")
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	migrated, written := reopen(t, path), fresh(t)
	fill(t, written)
	if d := cmp.Diff(content(t, written), content(t, migrated)); d != "" {
		t.Errorf("the migrated database says other things (-want +got):\n%s", d)
	}
	schema := func(db *DB) string {
		var all string
		rows, err := db.reader.Query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			all += s + ";\n"
		}
		return all
	}
	if d := cmp.Diff(schema(written), schema(migrated)); d != "" {
		t.Errorf("the migrated schema is another (-want +got):\n%s", d)
	}
}

func storeFixture(t *testing.T) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "first.db")
	db, err := Open(bg, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fixture, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	_, err = z.Write(read(t, path))
	if err := errors.Join(err, z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	steps, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "newer.db")
	if err := db.Backup(bg, path); err != nil {
		t.Fatal(err)
	}
	extra := store.Migration{Version: len(steps) + 1, Name: "9999_later.sql", SQL: "CREATE TABLE later (id text NOT NULL PRIMARY KEY) WITHOUT ROWID", Checksum: "x"}
	newer, err := open(bg, path, Options{Now: time.Now, Settle: time.Second, Readers: 1}, append(steps, extra))
	if err != nil {
		t.Fatal(err)
	}
	if err := newer.Close(); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	if _, err := Open(bg, path, Options{}); !survey.IsCode(err, survey.CodeDatabaseNewer) {
		t.Fatalf("error is %v, want %s", err, survey.CodeDatabaseNewer)
	}
	if !bytes.Equal(before, read(t, path)) {
		t.Error("the refused database was changed")
	}
}

func TestChangedMigrationIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "other.db")
	steps, err := store.Migrations(fstest.MapFS{"0001_first.sql": {Data: []byte("CREATE TABLE other (id text)")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(bg, path, Options{Now: time.Now, Settle: time.Second, Readers: 1}, steps); err == nil {
		t.Fatal("a store opened on a schema that it cannot use")
	}
	if _, err := Open(bg, path, Options{}); !survey.IsCode(err, survey.CodeDatabaseForeign) {
		t.Fatalf("error is %v, want %s", err, survey.CodeDatabaseForeign)
	}
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(createMigration); err != nil {
		t.Fatal(err)
	}
	steps, err := store.Migrations(fstest.MapFS{
		"0001_a.sql": {Data: []byte("CREATE TABLE a (x text)")},
		"0002_b.sql": {Data: []byte("CREATE TABLE b (x text); CREATE TABLE a (x text)")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(bg, db, steps, time.Now); err == nil {
		t.Fatal("a step that makes a table twice was applied")
	}
	var tables, recorded int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b')").Scan(&tables); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("SELECT count(*) FROM migration").Scan(&recorded); err != nil {
		t.Fatal(err)
	}
	if tables != 1 || recorded != 1 {
		t.Errorf("%d tables and %d recorded steps are left, want the first step only", tables, recorded)
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	other := filepath.Join(folder, "other.db")
	db, err := sql.Open("sqlite", other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE a (b text)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"other.db": read(t, other), "letter.txt": []byte("Kính gửi"),
		"long.txt": bytes.Repeat([]byte("not a database "), 1000), "short.db": []byte("SQLite format 3\x00 and no more"),
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(bg, path, Options{}); !survey.IsCode(err, survey.CodeDatabaseForeign) {
			t.Errorf("%s: error is %v, want %s", name, err, survey.CodeDatabaseForeign)
		}
		if !bytes.Equal(content, read(t, path)) {
			t.Errorf("%s was changed", name)
		}
	}
	if _, err := Open(bg, filepath.Join(folder, "nowhere", "a.db"), Options{}); !survey.IsCode(err, survey.CodeUnavailable) {
		t.Errorf("a folder that is not there: error is %v", err)
	}
}

func TestAnyPathOpens(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tỉnh 80%?mode=memory#&x=1.db")
	db, err := Open(bg, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Record(bg, storetest.By, "a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v: others may read it", info.Mode())
	}
	again := reopen(t, path)
	trail, err := again.Trail(bg, 9)
	if err != nil || len(trail) != 1 {
		t.Errorf("trail is %v, %v", trail, err)
	}
}

func TestBackupIsWhole(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	fill(t, db)
	dest := filepath.Join(t.TempDir(), "backup.db")
	if err := db.Backup(bg, dest); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(bg, dest); !survey.IsCode(err, survey.CodeConflict) {
		t.Errorf("a second backup to the same file: error is %v", err)
	}
	if err := db.Backup(bg, filepath.Join(dest, "below", "a.db")); !survey.IsCode(err, survey.CodeUnavailable) {
		t.Errorf("a backup to nowhere: error is %v", err)
	}
	names, err := filepath.Glob(filepath.Join(filepath.Dir(dest), "*"))
	if err != nil || len(names) != 1 {
		t.Errorf("the backup left %v", names)
	}
	want := content(t, db)
	if d := cmp.Diff(want, content(t, reopen(t, dest))); d != "" {
		t.Errorf("the backup says other things (-want +got):\n%s", d)
	}
}

func TestPublishedReleaseCannotBeChangedBySQL(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	fill(t, db)
	live := &survey.Release{ID: "p-1", Wave: storetest.WaveID, State: survey.StateProvisional, MadeAt: time.UnixMilli(0).UTC()}
	if err := db.SaveRelease(bg, storetest.By, live); err != nil {
		t.Fatal(err)
	}
	before, err := db.Published(bg, storetest.WaveID, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"UPDATE release SET document = 'x'", "UPDATE release SET state = 'provisional'", "DELETE FROM release", "DELETE FROM release WHERE id = 'r-1'",
		"INSERT OR REPLACE INTO release (id, wave, state, made_at, document) SELECT id, wave, 'provisional', made_at, 'x' FROM release",
		"REPLACE INTO release (id, wave, state, made_at, document) SELECT id, wave, state, made_at, 'x' FROM release",
		"INSERT INTO release (id, wave, state, made_at, document) SELECT id, wave, state, made_at, 'x' FROM release WHERE true ON CONFLICT (id) DO UPDATE SET document = 'x'",
		"UPDATE OR REPLACE release SET id = 'r-1' WHERE id = 'p-1'", "UPDATE release SET state = 'published' WHERE id = 'p-1'",
		"UPDATE publication SET number = 2", "UPDATE publication SET content_hash = 'x'", "UPDATE publication SET seal = 'x', previous = 'x'", "DELETE FROM publication",
		"INSERT OR REPLACE INTO publication SELECT position, release, wave, number, 'x', document_hash, previous, seal FROM publication",
		"REPLACE INTO publication SELECT position, release, wave, number + 1, content_hash, document_hash, previous, seal FROM publication",
		"INSERT INTO publication SELECT position + 1, 'p-1', wave, number + 1, content_hash, document_hash, seal, 'x' FROM publication",
		"INSERT INTO publication SELECT position + 2, release, wave, number + 2, content_hash, document_hash, seal, 'x' FROM publication",
		"DELETE FROM wave", "UPDATE wave SET id = 'x'",
	} {
		if _, err := db.writer.Exec(statement); err == nil {
			t.Errorf("%s went through", statement)
		}
	}
	after, err := db.Published(bg, storetest.WaveID, 1)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("it changed:\n%s", d)
	}
	if _, err := db.reader.Exec("DELETE FROM session"); err == nil {
		t.Error("a reading connection may write")
	}
}

func TestFullDiskIsUnavailable(t *testing.T) {
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
	var acknowledged []survey.ResponseID
	var failure error
	for failure == nil && len(acknowledged) < 10000 {
		r := storetest.Receipt(storetest.InvitedResponse(survey.NewResponseID(), "1.1"), "", "", "2026-08-01")
		if _, failure = db.SaveReceipt(bg, r); failure == nil {
			acknowledged = append(acknowledged, r.Response.ID)
		}
	}
	if !survey.IsCode(failure, survey.CodeUnavailable) {
		t.Fatalf("error is %v, want %s", failure, survey.CodeUnavailable)
	}
	for _, id := range acknowledged {
		if _, err := db.Response(bg, id); err != nil {
			t.Fatalf("an acknowledged answer is gone: %v", err)
		}
	}
	// With room again, answers go on.
	if _, err := db.writer.Exec("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	r := storetest.Receipt(storetest.InvitedResponse(survey.NewResponseID(), "1.1"), "", "", "2026-08-01")
	if _, err := db.SaveReceipt(bg, r); err != nil {
		t.Error(err)
	}
}

func TestCancelledIsUnavailable(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if err := db.Record(ctx, storetest.By, "a", "b", "c"); !survey.IsCode(err, survey.CodeUnavailable) {
		t.Errorf("error is %v, want %s", err, survey.CodeUnavailable)
	}
}

func TestLockedFileIsUnavailable(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	other, err := openWriter(bg, db.path, writerCopies)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := db.writer.Exec("PRAGMA busy_timeout = 10"); err != nil {
		t.Fatal(err)
	}
	if err := db.Record(bg, storetest.By, "a", "b", "c"); !survey.IsCode(err, survey.CodeUnavailable) {
		t.Errorf("error is %v, want %s", err, survey.CodeUnavailable)
	}
}
