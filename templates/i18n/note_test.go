package i18n

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"sipas/data"
	"sipas/survey"
)

// What files say in English is what the English catalogue says, and no note has a sentence that the program does not know.
func TestNotesOfFilesAndPagesAgree(t *testing.T) {
	known := map[string]bool{}
	for _, code := range survey.NoteCodes() {
		key := "note." + string(code)
		if known[key] {
			t.Errorf("%s is listed twice", code)
		}
		known[key] = true
		if got, want := code.English(), catalogues[EN][key]; got == "" || got != want {
			t.Errorf("%s: files say %q, pages %q", code, got, want)
		}
	}
	for key := range catalogues[EN] {
		if strings.HasPrefix(key, "note.") && !known[key] {
			t.Errorf("%s: the program has no such note", key)
		}
	}
}

// Every parameter of every note finds its place in every language, and the words of the domain are the reader's.
func TestNote(t *testing.T) {
	p := survey.NoteParams{
		N: 1234, Min: 15, Most: 40, Share: 0.063, Module: "a", Modules: []string{"a", "b"}, Margin: "unit × lateness",
		Levels: []string{"u1 × late", "(pooled) × *"}, At: []survey.NoteLevel{{Margin: "channel", Level: "(mixed)"}, {Margin: "field"}},
		Class: []string{"u1|u2", "late", "Đất đai", "Đất đai", "*", "2026-07"}, Respondents: 30, Invited: 60, Factor: 2.5, Limit: 3, Node: "1.2",
		Nodes: []string{"1.3", "1.4"}, Value: 8.125, Times: 0.1, Framework: "sipas-2022", Wave: "q3",
	}
	words := NoteWords{
		Unit:   func(id string) string { return "Xã " + id },
		Module: func(code string) string { return "Phần " + code },
	}
	for _, code := range survey.NoteCodes() {
		made := survey.NewNote(code, p)
		for _, l := range StaffLanguages() {
			got, spoken := Note(l, made, words)
			if spoken != l || strings.ContainsAny(got, "{}") || got == "" {
				t.Errorf("%s: %s in %s: %q", l, code, spoken, got)
			}
		}
		if strings.ContainsAny(made.Text, "{}") {
			t.Errorf("%s: %q", code, made.Text)
		}
	}
	for _, c := range []struct {
		lang survey.Lang
		code survey.NoteCode
		want string
	}{
		{VI, survey.NoteAfterDraw, "Có 1.234 hồ sơ (6,3% danh sách) đến sau lần rút mẫu cuối. Không con số nào nói thay cho các hồ sơ này."},
		{VI, survey.NoteMarginPooled, "Đơn vị × Đúng hẹn hay trễ hẹn: gộp Xã u1 × Trễ hẹn, Các nhóm nhỏ, gộp lại × Gộp chung, vì có mức chưa tới 15 người trả lời. Gộp lại có 1.234 người."},
		{VI, survey.NoteClassJoined, "Gộp 1.234 nhóm thành: Xã u1 · Xã u2 / Trễ hẹn / Đất đai / 07/2026. Có 30 người trả lời trên 60 người được mời, hệ số bù 2,500."},
		{EN, survey.NoteMarginImpossible, "Phần a: the margin Unit × Lateness was given up. No weights meet these totals together: Channel – Several, not told apart, Field."},
	} {
		if got, _ := Note(c.lang, survey.NewNote(c.code, p), words); got != c.want {
			t.Errorf("%s: %s\n%s\nwant\n%s", c.lang, c.code, got, c.want)
		}
	}
	// A note of an older program, and one of a newer: their English text is all there is.
	for _, n := range []survey.Note{{Text: "3 margins met"}, {Code: "from_the_future", Text: "3 margins met"}} {
		if got, spoken := Note(VI, n, words); got != "3 margins met" || spoken != EN {
			t.Errorf("%+v: %q in %s", n, got, spoken)
		}
	}
}

// A parameter that no sentence can name would be forgotten.
func TestEveryParameterOfNotesIsNamed(t *testing.T) {
	all := ""
	for _, code := range survey.NoteCodes() {
		all += code.English()
	}
	for i := range reflect.TypeFor[survey.NoteParams]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[survey.NoteParams]().Field(i).Tag.Get("json"), ",")
		if !strings.Contains(all, "{"+name+"}") {
			t.Errorf("no sentence names {%s}", name)
		}
	}
}

// The source of a framework that ships is said in the reader's language; that of an office's own framework is its own.
func TestSourceText(t *testing.T) {
	for _, id := range data.Frameworks() {
		doc, _ := data.Framework(id)
		var f survey.Framework
		if err := json.Unmarshal(doc, &f); err != nil {
			t.Fatal(err)
		}
		if got := SourceText(EN, &f); got != f.Source {
			t.Errorf("%s: %q, its document says %q", f.ID, got, f.Source)
		}
		if got := SourceText(VI, &f); got == f.Source {
			t.Errorf("%s has no source in Vietnamese", f.ID)
		}
		f.Source = "Quyết định của tỉnh"
		if got := SourceText(EN, &f); got != f.Source {
			t.Errorf("%s: an office's own source is %q", f.ID, got)
		}
	}
}
