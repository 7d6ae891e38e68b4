package web

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
)

// What a release has to say is read in the reader's language on both pages that show it, and as code, parameters and English text in
// the file.
func TestNotesAreSaidInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	oneMore(t, s, "H53.9-0001") // a transaction that no draw has seen
	analyst, public := s.as(survey.Analyst), s.browser()
	analyst.get("/waves/2026-q3").want(t, http.StatusOK)
	publishButton(analyst, 1, "").want(t, http.StatusSeeOther)
	var file struct {
		Weighting struct {
			Notes []struct {
				Code   survey.NoteCode   `json:"code"`
				Params survey.NoteParams `json:"params"`
				Text   string            `json:"text"`
			} `json:"notes"`
		} `json:"weighting"`
	}
	must(t, json.Unmarshal([]byte(public.get(firstRelease+".json").body), &file))
	if len(file.Weighting.Notes) < 2 {
		t.Fatalf("the release has little to say: %+v", file.Weighting.Notes)
	}
	words := map[survey.Lang]i18n.NoteWords{}
	for _, l := range i18n.StaffLanguages() {
		names, err := s.server.moduleNames(context.Background(), mustWave(t, s), l)
		must(t, err)
		words[l] = noteWords(newDirectory(nil), names, l)
	}
	for _, n := range file.Weighting.Notes {
		if made := survey.NewNote(n.Code, n.Params); n.Text == "" || made.Text != n.Text {
			t.Errorf("%s: the file says %q, the parameters %q", n.Code, n.Text, made.Text)
		}
		for _, l := range i18n.StaffLanguages() {
			want, spoken := i18n.Note(l, survey.NewNote(n.Code, n.Params), words[l])
			for path, body := range map[string]string{
				firstRelease: public.get(firstRelease + "?lang=" + string(l)).body, "/waves/2026-q3": analyst.get("/waves/2026-q3?lang=" + string(l)).body,
			} {
				if !strings.Contains(html.UnescapeString(body), `<li lang="`+string(l)+`">`+want+`</li>`) || spoken != l {
					t.Errorf("%s in %s does not say %q", path, l, want)
				}
			}
		}
	}
}

// A release of a version before notes had codes is shown with its English texts, marked as English, and proved.
func TestReleaseWithTextNotesIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	ctx := context.Background()
	publishButton(s.as(survey.Analyst), 1, "").want(t, http.StatusSeeOther)
	stored, err := s.db.Published(ctx, testWave, 1)
	must(t, err)
	r, err := stored.Decode()
	must(t, err)
	const said, why = "100 transactions (2.4 % of the register) came after the last draw; no figure speaks for them", "margin channel given up: raking"
	r.ID, r.Number, r.Supersedes, r.Reason, r.Disclosed = r.ID+"-2", 2, 1, "the register was completed", nil
	r.Weighting.Notes = []survey.Note{{Text: said}}
	r.Weighting.Modules[0].Failure = survey.Failures{{Text: why}}
	_, err = s.db.PublishRelease(ctx, testBy, r)
	must(t, err)
	public := s.browser()
	public.get("/releases/2026-q3/2").want(t, http.StatusOK, `<li lang="en">`+said+`</li>`)
	public.get("/releases/2026-q3/2.json").want(t, http.StatusOK, `"notes":["`+said+`"]`, `"failure":"`+why+`"`)
	if v, err := report.Verify(ctx, s.db, report.VerifyOptions{Program: "test"}, nil); err != nil || v.Releases != 2 || len(v.Findings) != 0 {
		t.Errorf("%v %+v", err, v)
	}
}

var (
	codeOfPage  = regexp.MustCompile(`(?s)<script.*?</script>|<(?:style|pre|textarea).*?</(?:style|pre|textarea)>|<(\w+)[^>]*\slang="(?:en|zh-Hans)"[^>]*>.*?</`)
	spoken      = regexp.MustCompile(`\s(?:aria-label|alt|title|placeholder|data-label)="([^"]*)"`)
	markup      = regexp.MustCompile(`(?s)<[^>]*>`)
	englishWord = regexp.MustCompile(`(?i)(?:^|[^\p{L}\p{M}/.@-])(the|of|and|is|are|was|were|with|from|which|than|their|not)(?:[^\p{L}\p{M}/.@-]|$)`)
)

// On the pages of a wave with answers, in their pictures and on the pages of what is refused, all that is
// said is Vietnamese, whether it comes from the catalogue, from the computation or from a document.
func TestPagesOfAWaveAreVietnamese(t *testing.T) {
	t.Parallel()
	s := newSite(t, true, demo)
	oneMore(t, s, "H53.9-0001")
	analyst := s.as(survey.Analyst)
	analyst.get("/waves/2026-q3").want(t, http.StatusOK)
	publishButton(analyst, 1, "").want(t, http.StatusSeeOther)
	fill := strings.NewReplacer(":wave", "2026-q3", ":number", "1", ":token", token(3), ":point", "point-1", ":id", "sipas-2022", ":version", "1", ":as", "svg")
	seen := 0
	for _, role := range []survey.Role{"", survey.Analyst, survey.Department, survey.Administrator} {
		b := s.as(role)
		for _, r := range s.server.table() {
			if r.method != http.MethodGet || strings.Contains(r.path, "kiosk") || r.name == "signout" {
				continue // The kiosk's page speaks all languages at once.
			}
			page := b.get(fill.Replace(r.path))
			if kind := page.header.Get("Content-Type"); page.body == "" || !strings.HasPrefix(kind, "text/html") && !strings.HasPrefix(kind, "image/svg+xml") {
				continue
			}
			seen++
			body := codeOfPage.ReplaceAllString(page.body, "<$1></")
			said := markup.ReplaceAllString(body, "\n")
			for _, m := range spoken.FindAllStringSubmatch(body, -1) {
				said += "\n" + m[1]
			}
			for line := range strings.Lines(html.UnescapeString(said)) {
				if m := englishWord.FindString(line); m != "" {
					t.Errorf("%s as %q: %q in %q", r.path, role, strings.TrimSpace(m), strings.TrimSpace(line))
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d pages were read", seen)
	}
}
