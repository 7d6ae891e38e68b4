package storetest

import (
	"context"
	"slices"
	"testing"

	"sipas/survey"
)

// testDrafts: a draft is changed only by whoever read it last, and what is published is listed.
func testDrafts(t *testing.T, s survey.Store) {
	ctx := context.Background()
	if _, err := s.Draft(ctx, "own"); !survey.IsCode(err, survey.CodeNotFound) {
		t.Errorf("a draft that is not there: %v", err)
	}
	for _, doc := range InstrumentDocuments() {
		if _, err := s.PublishInstrument(ctx, By, doc); err != nil {
			t.Fatal(err)
		}
	}
	refs, err := s.InstrumentRefs(ctx)
	if err != nil || len(refs) != len(InstrumentDocuments()) || !slices.IsSortedFunc(refs, func(a, b survey.InstrumentRef) int {
		return slices.Compare([]string{a.ID}, []string{b.ID})
	}) {
		t.Errorf("questionnaires %v, %v", refs, err)
	}
	d := survey.Draft{ID: "own", Document: []byte(`{"id":"own"}`)}
	first, err := s.SaveDraft(ctx, By, d)
	if err != nil || first != 1 {
		t.Fatalf("revision %d, %v", first, err)
	}
	if _, err := s.SaveDraft(ctx, By, d); !survey.IsCode(err, survey.CodeConflict) {
		t.Errorf("a second draft of one id: %v", err)
	}
	d.Revision, d.Document = first, []byte(`{"id":"own","version":1}`)
	second, err := s.SaveDraft(ctx, By, d)
	if err != nil || second != 2 {
		t.Fatalf("revision %d, %v", second, err)
	}
	if _, err := s.SaveDraft(ctx, By, d); !survey.IsCode(err, survey.CodeConflict) {
		t.Errorf("a change of an older revision: %v", err)
	}
	got, err := s.Draft(ctx, "own")
	if err != nil || string(got.Document) != string(d.Document) || got.Revision != 2 || got.By != By.Name || got.Changed.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	if all, err := s.Drafts(ctx); err != nil || len(all) != 1 || all[0].ID != "own" {
		t.Errorf("drafts %+v, %v", all, err)
	}
	if err := s.DropDraft(ctx, By, "own", first); !survey.IsCode(err, survey.CodeConflict) {
		t.Errorf("dropped at an older revision: %v", err)
	}
	if err := s.DropDraft(ctx, By, "own", second); err != nil {
		t.Error(err)
	}
	if err := s.DropDraft(ctx, By, "own", second); !survey.IsCode(err, survey.CodeNotFound) {
		t.Errorf("dropped twice: %v", err)
	}
	// Another draft of the id continues where the one before it ended, so that nobody takes the two for one.
	d.Revision = 0
	third, err := s.SaveDraft(ctx, By, d)
	if err != nil || third <= second {
		t.Errorf("a draft after one that was dropped: revision %d, %v", third, err)
	}
	if err := s.DropDraft(ctx, By, "own", third); err != nil {
		t.Error(err)
	}
	if trail, err := s.Trail(ctx, 1); err != nil || len(trail) != 1 || trail[0].Act != "drop_draft" {
		t.Errorf("trail %+v, %v", trail, err)
	}
	// Publishing removes the draft with it, and does neither where the draft is another one by then.
	doc := FrameworkDocument()
	f, err := survey.ParseFramework(doc)
	if err != nil {
		t.Fatal(err)
	}
	f.ID = "own"
	if doc, err = f.Document(); err != nil {
		t.Fatal(err)
	}
	last, err := s.SaveDraft(ctx, By, survey.Draft{ID: "own", Document: doc})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PublishDraft(ctx, By, "own", last-1, doc); !survey.IsCode(err, survey.CodeConflict) {
		t.Errorf("published at an older revision: %v", err)
	}
	if _, err := s.Framework(ctx, f.Ref()); !survey.IsCode(err, survey.CodeNotFound) {
		t.Errorf("a version was left by what was refused: %v", err)
	}
	if _, err := s.PublishDraft(ctx, By, "own", last, doc); err != nil {
		t.Error(err)
	}
	if _, err := s.Draft(ctx, "own"); !survey.IsCode(err, survey.CodeNotFound) {
		t.Errorf("the draft is still there: %v", err)
	}
	if _, err := s.PublishDraft(ctx, By, "own", last, doc); !survey.IsCode(err, survey.CodeNotFound) {
		t.Errorf("published twice: %v", err)
	}
}
