package survey_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"sipas/survey"
)

// A release whose notes are plain strings, as they were before they had codes, is read, shown and proved as it was: its hash was
// computed by another program.
func TestReleaseWithTextNotes(t *testing.T) {
	doc, err := os.ReadFile("testdata/release-with-text-notes.json")
	if err != nil {
		t.Fatal(err)
	}
	var stored struct {
		ContentHash string `json:"content_hash"`
		Weighting   struct {
			Notes []string `json:"notes"`
		} `json:"weighting"`
	}
	if err := json.Unmarshal(doc, &stored); err != nil {
		t.Fatal(err)
	}
	hash := func(doc []byte) string {
		t.Helper()
		sum, err := survey.ContentHash(doc)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	if got := hash(doc); got != stored.ContentHash {
		t.Errorf("its hash is %s, want %s", got, stored.ContentHash)
	}
	p := survey.Published{Document: doc}
	p.Number, p.ContentHash = 1, stored.ContentHash
	r, err := p.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Weighting.Notes) != len(stored.Weighting.Notes) {
		t.Fatalf("%d notes, want %d", len(r.Weighting.Notes), len(stored.Weighting.Notes))
	}
	for i, n := range r.Weighting.Notes {
		if n.Code != "" || n.Text != stored.Weighting.Notes[i] {
			t.Errorf("note %d is %+v", i, n)
		}
	}
	m := r.Weighting.Modules[0]
	if len(m.Failure) != 1 || !strings.HasPrefix(m.Failure[0].Text, "margin channel given up") || len(m.Collapsed) != 2 || m.Collapsed[1].Text == "" {
		t.Errorf("failures %+v, collapsed %+v", m.Failure, m.Collapsed)
	}
	// What was read is written as it was: the notes of the form that it had.
	again, err := json.Marshal(r.Weighting)
	if err != nil {
		t.Fatal(err)
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(doc, &whole); err != nil {
		t.Fatal(err)
	}
	whole["weighting"] = again
	if doc, err = json.Marshal(whole); err != nil {
		t.Fatal(err)
	}
	if got := hash(doc); got != stored.ContentHash {
		t.Errorf("written again its hash is %s, want %s\n%s", got, stored.ContentHash, again)
	}
}

// A note says in a file its code, its parameters and an English sentence, and comes back as it was.
func TestNotesInFiles(t *testing.T) {
	report := survey.WeightReport{
		Modules: []survey.ModuleWeights{{Failure: survey.Failures{survey.NewNote(survey.NoteMarginUnmet, survey.NoteParams{
			Module: "a", Margin: "channel", N: 5000, At: []survey.NoteLevel{{Margin: "field", Level: "Đất đai"}}, Share: 0.00125,
		})}}},
		Notes: []survey.Note{survey.NewNote(survey.NoteAfterDraw, survey.NoteParams{N: 100, Share: 0.024})},
	}
	doc, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"notes":[{"code":"after_draw","params":{"n":100,"share":0.024},"text":"Transactions that came after the last draw: 100 (2.4% of the register). No figure speaks for them."}]`,
		`"failure":[{"code":"margin_unmet","params":{"n":5000,"share":0.00125,"module":"a","margin":"channel","at":[{"margin":"field","level":"Đất đai"}]},` +
			`"text":"a: the margin channel was given up. After 5000 rounds it was not met together with the others; furthest off was field Đất đai, by 0.125% of its total."}]`,
	} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("%s\nlacks %s", doc, want)
		}
	}
	var read survey.WeightReport
	if err := json.Unmarshal(doc, &read); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(read); err != nil || string(again) != string(doc) {
		t.Errorf("%s\n%v", again, err)
	}
	if err := json.Unmarshal([]byte(`{"notes":[7]}`), &read); err == nil {
		t.Error("a number is a note")
	}
}
