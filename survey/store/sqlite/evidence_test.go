package sqlite

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"sipas/survey"
	"sipas/survey/store/storetest"
)

// rowsOf counts the rows of the tables of evidence.
func rowsOf(t *testing.T, db *DB) (files, pieces, loose int) {
	t.Helper()
	err := db.reader.QueryRow(`SELECT (SELECT count(*) FROM evidence), (SELECT count(*) FROM evidence_piece), (SELECT count(*) FROM evidence_loose)`).Scan(&files, &pieces, &loose)
	if err != nil {
		t.Fatal(err)
	}
	return files, pieces, loose
}

// What never became a file leaves no piece: at once where somebody is there to see it, after a day where the process was killed; what a
// removed file had goes too, and the content of an attached one stays, whatever is swept. A backup has it.
func TestEvidenceLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 8, 0, 0, 0, survey.Zone)
	path := filepath.Join(t.TempDir(), "sipas.db")
	db, err := Open(bg, path, Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	left := func(what string, files, pieces, loose int) {
		t.Helper()
		if f, p, l := rowsOf(t, db); f != files || p != pieces || l != loose {
			t.Errorf("%s: %d files, %d pieces, %d loose; want %d, %d, %d", what, f, p, l, files, pieces, loose)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = db.PublishFramework(bg, storetest.By, storetest.FrameworkDocument())
	must(err)
	a := survey.Assessment{ID: "a-2026", Framework: survey.FrameworkRef{ID: "sipas-small", Version: 1}, Office: "A", Year: 2026}
	_, err = db.SaveAssessment(bg, storetest.By, a)
	must(err)
	content := bytes.Repeat([]byte("0123456789"), 40_000)
	if _, err := db.LoadEvidence(bg, io.MultiReader(bytes.NewReader(content), iotest.ErrReader(errors.New("cut")))); err == nil {
		t.Error("a cut load is taken")
	}
	left("a cut line", 0, 0, 0)
	ctx, cancel := context.WithCancel(bg)
	if _, err := db.LoadEvidence(ctx, io.MultiReader(bytes.NewReader(content), readerFunc(func([]byte) (int, error) { cancel(); return 0, ctx.Err() }))); err == nil {
		t.Error("a load that nobody waits for is taken")
	}
	left("a sender who left", 0, 0, 0)
	kept, err := db.LoadEvidence(bg, bytes.NewReader(content))
	must(err)
	kept.Criterion, kept.Name = "s24", "a.pdf"
	must(db.AttachEvidence(bg, storetest.By, a.ID, kept))
	_, err = db.LoadEvidence(bg, strings.NewReader("its process is killed now"))
	must(err)
	left("a killed process", 1, 10, 1)
	must(db.SweepEvidence(bg))
	left("it might still be loading", 1, 10, 1)
	now = now.Add(25 * time.Hour)
	must(db.SweepEvidence(bg))
	left("a day later", 1, 9, 0)
	copied := filepath.Join(t.TempDir(), "copy.db")
	must(db.Backup(bg, copied))
	must(db.DetachEvidence(bg, storetest.By, a.ID, kept.ID))
	left("detached", 0, 0, 0)
	backup, err := Open(bg, copied, Options{})
	must(err)
	defer backup.Close()
	var b bytes.Buffer
	must(backup.ReadEvidence(bg, a.ID, kept.ID, &b))
	if !bytes.Equal(b.Bytes(), content) {
		t.Error("the backup has other content")
	}
	// A changed piece is found out.
	_, err = backup.writer.Exec(`UPDATE evidence_piece SET content = 'AAAA' || substr(content, 5) WHERE position = 1`)
	must(err)
	if err := backup.ReadEvidence(bg, a.ID, kept.ID, io.Discard); !survey.IsCode(err, survey.CodeInternal) {
		t.Errorf("content that was changed: %v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// While the largest file comes in as fast as it can, and while it goes, others who write wait for a piece and never for the file.
func TestEvidenceHoldsUpNobody(t *testing.T) {
	t.Parallel()
	db, err := Open(bg, filepath.Join(t.TempDir(), "sipas.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var waits []time.Duration
	write := func(done <-chan struct{}) {
		for {
			select {
			case <-done:
				return
			default:
			}
			begun := time.Now()
			if err := db.Record(bg, storetest.By, "test", "x", ""); err != nil {
				t.Error(err)
				return
			}
			waits = append(waits, time.Since(begun))
		}
	}
	beside := func(work func() error) time.Duration {
		done, ended := make(chan struct{}), make(chan struct{})
		go func() { write(done); close(ended) }()
		begun := time.Now()
		err := work()
		took := time.Since(begun)
		close(done)
		<-ended
		if err != nil {
			t.Fatal(err)
		}
		return took
	}
	var e survey.Evidence
	content := bytes.Repeat([]byte("evidence"), survey.MaxEvidence/8)
	for _, c := range []struct {
		what string
		work func() error
	}{
		{"loading", func() (err error) { e, err = db.LoadEvidence(bg, bytes.NewReader(content)); return err }},
		{"unloading", func() error { return db.UnloadEvidence(bg, e) }},
	} {
		waits = nil
		took := beside(c.work)
		slices.Sort(waits)
		at := func(share float64) time.Duration { return waits[int(share*float64(len(waits)-1))] }
		t.Logf("%s %d MB took %v; %d others waited %v in the middle, %v at 99 %%, %v at most", c.what, survey.MaxEvidence>>20, took, len(waits), at(0.5), at(0.99), at(1))
		// Who comes while a piece is written has his turn before the next but one.
		if pieces := survey.MaxEvidence / (48 << 10); len(waits) < pieces/2 || at(1) > took/2 {
			t.Errorf("%s %d pieces: only %d others came through, and one waited %v of %v", c.what, pieces, len(waits), at(1), took)
		}
	}
}
