package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"sipas/survey"
)

// assessed is an assessment of the suite's framework, whose criteria are in per cent.
func assessed() survey.Assessment {
	return survey.Assessment{
		ID: "so-a-2026", Framework: survey.FrameworkRef{ID: "sipas-small", Version: 1}, Office: "Sở A", Year: 2026, Unit: UnitA,
		Values: map[string]survey.CriterionValues{"s24": {Self: points(80), Appraised: points(75.5)}},
	}
}

func points(x float64) *float64 { return &x }

func publishedSmall(t *testing.T, s survey.Store) {
	t.Helper()
	_, err := s.PublishFramework(bg, By, FrameworkDocument())
	ok(t, err)
	_, err = s.PutUnits(bg, By, Units())
	ok(t, err)
}

func testAssessments(t *testing.T, s survey.Store) {
	a := assessed()
	_, err := s.SaveAssessment(bg, By, a)
	is(t, err, survey.CodeNotFound) // the framework is not there
	publishedSmall(t, s)
	_, err = s.Assessment(bg, a.ID)
	is(t, err, survey.CodeNotFound)
	for name, spoil := range map[string]func(*survey.Assessment){
		"a criterion that is none": func(a *survey.Assessment) { a.Values = map[string]survey.CriterionValues{"sipas": {Self: points(1)}} },
		"points beyond the bounds": func(a *survey.Assessment) { a.Values = map[string]survey.CriterionValues{"s24": {Self: points(101)}} },
	} {
		x := assessed()
		spoil(&x)
		if _, err := s.SaveAssessment(bg, By, x); !survey.IsCode(err, survey.CodeCriterionInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	x := assessed()
	x.Unit = "none@2020-01-01"
	_, err = s.SaveAssessment(bg, By, x)
	is(t, err, survey.CodeUnitUnknown)
	first, err := s.SaveAssessment(bg, By, a)
	if err != nil || first != 1 {
		t.Fatalf("revision %d, %v", first, err)
	}
	_, err = s.SaveAssessment(bg, By, a)
	is(t, err, survey.CodeConflict) // it is no new one any more
	x = assessed()
	x.ID = "so-a-2026-2"
	_, err = s.SaveAssessment(bg, By, x)
	is(t, err, survey.CodeConflict) // the office has one of that year
	a.Revision = first
	if same, err := s.SaveAssessment(bg, By, a); err != nil || same != first {
		t.Fatalf("saved unchanged: revision %d, %v", same, err)
	}
	a.Values = map[string]survey.CriterionValues{"s25": {Self: points(0)}}
	second, err := s.SaveAssessment(bg, By, a)
	ok(t, err)
	_, err = s.SaveAssessment(bg, By, a)
	is(t, err, survey.CodeConflict) // of an older revision
	got, err := s.Assessment(bg, a.ID)
	ok(t, err)
	if got.Revision != second || got.By != By.Name || got.Changed.IsZero() || got.Unit != UnitA || got.Values["s25"].String() != "0|||" || len(got.Values) != 1 {
		t.Errorf("%+v", got)
	}
	is(t, s.DropAssessment(bg, By, a.ID, first), survey.CodeConflict)
	ok(t, s.DropAssessment(bg, By, a.ID, second))
	is(t, s.DropAssessment(bg, By, a.ID, second), survey.CodeNotFound)
	same(t, "acts", acts(t, s)[:3], []string{"drop_assessment", "save_assessment", "save_assessment"})
}

// testEvidence loads files of every awkward size, and reads them back as they were.
func testEvidence(t *testing.T, s survey.Store) {
	publishedSmall(t, s)
	a := assessed()
	rng := rand.NewChaCha8([32]byte{4})
	var files []survey.Evidence
	contents := map[string][]byte{}
	for i, size := range []int{1, 2, 3, 48<<10 - 1, 48 << 10, 48<<10 + 1, 500_000} {
		content := make([]byte, size)
		_, _ = rng.Read(content)
		// A reader may hand out as little as it likes.
		e, err := s.LoadEvidence(bg, iotest.HalfReader(bytes.NewReader(content)))
		ok(t, err)
		sum := sha256.Sum256(content)
		if e.Size != int64(size) || e.SHA256 != hex.EncodeToString(sum[:]) {
			t.Fatalf("%d bytes are %+v", size, e)
		}
		e.Criterion, e.Name = "s24", fmt.Sprintf("tài liệu %d.pdf", i)
		files, contents[e.Name] = append(files, e), content
	}
	if _, err := s.SaveAssessment(bg, By, a, files[:3]...); err != nil {
		t.Fatal(err)
	}
	ok(t, s.AttachEvidence(bg, By, a.ID, files[3:]...))
	got, err := s.Assessment(bg, a.ID)
	ok(t, err)
	if len(got.Files) != len(files) || got.Revision != 1 {
		t.Fatalf("%d files at revision %d", len(got.Files), got.Revision)
	}
	for _, e := range got.Files {
		var b bytes.Buffer
		ok(t, s.ReadEvidence(bg, a.ID, e.ID, &b))
		if !bytes.Equal(b.Bytes(), contents[e.Name]) || e.By != By.Name || e.Added.IsZero() {
			t.Errorf("%+v came back as %d bytes", e, b.Len())
		}
		is(t, s.ReadEvidence(bg, "other", e.ID, io.Discard), survey.CodeNotFound)
	}
	// The same again is there already; other content under the name is refused, with all that comes with it.
	again, err := s.LoadEvidence(bg, bytes.NewReader(contents[files[0].Name]))
	ok(t, err)
	again.Criterion, again.Name = files[0].Criterion, files[0].Name
	ok(t, s.AttachEvidence(bg, By, a.ID, again))
	fresh, err := s.LoadEvidence(bg, strings.NewReader("mới"))
	ok(t, err)
	fresh.Criterion, fresh.Name = "s25", "mới.txt"
	other, err := s.LoadEvidence(bg, strings.NewReader("khác"))
	ok(t, err)
	other.Criterion, other.Name = files[0].Criterion, files[0].Name
	is(t, s.AttachEvidence(bg, By, a.ID, fresh, other), survey.CodeEvidenceTaken)
	other.Name, other.Criterion = "khác.txt", "sipas"
	is(t, s.AttachEvidence(bg, By, a.ID, other), survey.CodeCriterionInvalid)
	ok(t, s.UnloadEvidence(bg, fresh, other))
	is(t, s.AttachEvidence(bg, By, a.ID, fresh), survey.CodeNotFound)
	// What is attached is not unloaded, and what is removed is gone.
	ok(t, s.UnloadEvidence(bg, files...))
	ok(t, s.SweepEvidence(bg))
	ok(t, s.ReadEvidence(bg, a.ID, files[6].ID, io.Discard))
	ok(t, s.DetachEvidence(bg, By, a.ID, files[6].ID))
	is(t, s.DetachEvidence(bg, By, a.ID, files[6].ID), survey.CodeNotFound)
	is(t, s.ReadEvidence(bg, a.ID, files[6].ID, io.Discard), survey.CodeNotFound)
	ok(t, s.DropAssessment(bg, By, a.ID, 1))
	ok(t, s.SweepEvidence(bg))
	if all, err := s.Assessments(bg); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	is(t, s.ReadEvidence(bg, a.ID, files[0].ID, io.Discard), survey.CodeNotFound)
}

// testEvidenceLimits refuses what is too much, and what never came whole.
func testEvidenceLimits(t *testing.T, s survey.Store) {
	publishedSmall(t, s)
	a := assessed()
	_, err := s.SaveAssessment(bg, By, a)
	ok(t, err)
	for name, c := range map[string]struct {
		content io.Reader
		want    survey.Code
	}{
		"nothing":         {strings.NewReader(""), survey.CodeEvidenceEmpty},
		"a byte too much": {io.LimitReader(endless{}, survey.MaxEvidence+1), survey.CodeEvidenceTooLarge},
		"a cut line":      {io.MultiReader(io.LimitReader(endless{}, 300_000), iotest.ErrReader(&survey.Error{Code: survey.CodeBadRequest})), survey.CodeBadRequest},
	} {
		if _, err := s.LoadEvidence(bg, c.content); !survey.IsCode(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A load that panics or is killed leaves no file: the row that makes one comes last.
	if got, err := s.Assessment(bg, a.ID); err != nil || len(got.Files) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for i := range survey.MaxEvidenceFiles + 1 {
		e, err := s.LoadEvidence(bg, strings.NewReader(fmt.Sprint(i)))
		ok(t, err)
		e.Criterion, e.Name = "s24", fmt.Sprintf("%d.txt", i)
		err = s.AttachEvidence(bg, By, a.ID, e)
		if i < survey.MaxEvidenceFiles && err != nil || i == survey.MaxEvidenceFiles && !survey.IsCode(err, survey.CodeEvidenceFull) {
			t.Fatalf("file %d: %v", i, err)
		}
	}
	if _, err := s.LoadEvidence(bg, iotest.ErrReader(errors.New("the line was cut"))); err == nil {
		t.Error("a reader that fails is no fault")
	}
}

// endless is zeros without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
