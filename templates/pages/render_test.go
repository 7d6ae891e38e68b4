package pages_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sipas/static"
	"sipas/templates/i18n"
	"sipas/templates/pages"
)

var (
	tag        = regexp.MustCompile(`<[a-zA-Z][^>]*>`)
	inlineCode = regexp.MustCompile(`\s(style|on[a-z]+)\s*=`)
	ids        = regexp.MustCompile(`\sid="([^"]*)"`)
	labelled   = regexp.MustCompile(`\s(?:for|aria-labelledby|aria-describedby)="([^"]*)"`)
	data       = regexp.MustCompile(`(?s)<script[^>]*type="application/json"[^>]*>.*?</script>`)
	markup     = regexp.MustCompile(`(?s)<[^>]*>`)
	bareKey    = regexp.MustCompile(`\b[a-z_]+\.[a-z_]+(\.[a-z_]+)*\b`)
	openBrace  = regexp.MustCompile(`\{[a-z_]+\}`)
)

// eachPage calls check for every page in each language it exists in.
func eachPage(t *testing.T, check func(t *testing.T, l i18n.Lang, name, html string)) {
	for _, l := range i18n.Languages() {
		samples := samplePages(l)
		for _, name := range pageNames() {
			if l == i18n.ZH && !isCitizen(name) || l != i18n.VI && name == "kiosk" {
				continue // The kiosk's page is one for all languages.
			}
			t.Run(string(l)+"/"+name, func(t *testing.T) { check(t, l, name, mustRender(samples[name])) })
		}
	}
}

func TestPagesKeepTheContentPolicy(t *testing.T) {
	eachPage(t, func(t *testing.T, _ i18n.Lang, _, html string) {
		for _, element := range tag.FindAllString(html, -1) {
			if inlineCode.MatchString(element) {
				t.Errorf("inline style or code: %s", element)
			}
			if strings.HasPrefix(element, "<style") || strings.Contains(element, "//") && !strings.Contains(element, "<path") {
				t.Errorf("style element or foreign address: %s", element)
			}
			if strings.HasPrefix(element, "<script") && !strings.Contains(element, "src=") && !strings.Contains(element, "application/json") {
				t.Errorf("inline script: %s", element)
			}
		}
	})
}

func TestPagesAreWellTied(t *testing.T) {
	eachPage(t, func(t *testing.T, l i18n.Lang, _, html string) {
		if !strings.Contains(html, `<html lang="`+i18n.Tag(l)+`"`) {
			t.Error("the page does not say its language")
		}
		var known []string
		for _, m := range ids.FindAllStringSubmatch(html, -1) {
			if slices.Contains(known, m[1]) {
				t.Errorf("id %q stands twice", m[1])
			}
			known = append(known, m[1])
		}
		for _, m := range labelled.FindAllStringSubmatch(html, -1) {
			for _, id := range strings.Fields(m[1]) {
				if !slices.Contains(known, id) {
					t.Errorf("%s points to nothing", m[0])
				}
			}
		}
	})
}

// A person never reads a key, an open parameter or a number that is not one.
func TestPagesHoldOnlyWords(t *testing.T) {
	eachPage(t, func(t *testing.T, l i18n.Lang, _, html string) {
		text := markup.ReplaceAllString(data.ReplaceAllString(html, ""), "\n")
		for _, word := range bareKey.FindAllString(text, -1) {
			if i18n.Has(i18n.EN, word) || i18n.Has(i18n.VI, word) || strings.HasPrefix(word, "error.") {
				t.Errorf("a key is shown: %s", word)
			}
		}
		for _, wrong := range append(openBrace.FindAllString(text, -1), "NaN", "%!", "Inf") {
			if strings.Contains(text, wrong) {
				t.Errorf("%q is shown", wrong)
			}
		}
	})
}

func TestFormKeepsWhatWasTyped(t *testing.T) {
	html := mustRender(samplePages(i18n.VI)["form-wrong"])
	for _, want := range []string{
		`href="#q-overall-1"`, `id="q-overall-1"`, `aria-describedby="q-overall-hint q-overall-error"`,
		`Cán bộ hướng dẫn tận tình.</textarea>`, `href="#comment"`, `aria-describedby="comment-hint comment-error"`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the form that came back lacks %s", want)
		}
	}
	if got := strings.Count(html, " checked"); got != 1 {
		t.Errorf("%d answers are chosen, want the one that was", got)
	}
}

func TestAnswersStandBestOnTop(t *testing.T) {
	html := mustRender(samplePages(i18n.EN)["form"])
	order := regexp.MustCompile(`name="a.s29" value="(-?\d)"`).FindAllStringSubmatch(html, -1)
	var codes []string
	for _, m := range order {
		codes = append(codes, m[1])
	}
	if want := []string{"5", "4", "3", "2", "1", "-1", "-2"}; !slices.Equal(codes, want) {
		t.Errorf("answers stand as %v, want %v", codes, want)
	}
}

// The most urgent watches stand in full, those behind them as lines in a table of their own; a flag always stands in full.
func TestManyWatchesStandInATable(t *testing.T) {
	v := pages.FlagsView{Shell: staff(i18n.EN, "results", "flags"), Examined: 1696, TooFew: 615}
	samples := sampleFlags(i18n.EN)
	for i := range 32 {
		row := samples[2]
		row.Indicator = fmt.Sprintf("watch no. %d.", i)
		v.Rows = append(v.Rows, row)
	}
	for i := range 25 {
		row := samples[0]
		row.Indicator = fmt.Sprintf("flag no. %d.", i)
		v.Rows = append([]pages.FlagRow{row}, v.Rows...)
	}
	full, rest, ok := strings.Cut(mustRender(pages.Flags(v)), `<details class="more"`)
	if !ok {
		t.Fatal("nothing is put away")
	}
	if n := strings.Count(full, `"block">flag no. `); n != 25 {
		t.Errorf("%d flags in full, want all 25", n)
	}
	if n := strings.Count(full, `"block">watch no. `); n != 6 {
		t.Errorf("%d watches in full, want 6", n)
	}
	if n := strings.Count(rest, "watch no. "); n != 26 || !strings.Contains(rest, "watch no. 31.") {
		t.Errorf("%d watches behind them, want the last 26", n)
	}
	for _, word := range []string{i18n.Count(i18n.EN, "flags.more", 26), "81.10%", "n = 44", "(low value)"} {
		if !strings.Contains(rest, word) {
			t.Errorf("the table does not say %q", word)
		}
	}
	if !strings.Contains(full, "615") {
		t.Error("figures with too few answers are not counted")
	}
}

// A withheld cell tells nothing of its value, not even in a title or a drawing.
func TestWithheldIsWithheld(t *testing.T) {
	v := sampleHeatmap(i18n.EN)
	v.Rows = v.Rows[:1]
	for i := range v.Rows[0].Cells {
		v.Rows[0].Cells[i] = figure("", 61.37, 1234)
		v.Rows[0].Cells[i].State, v.Rows[0].Cells[i].Reason = "withheld", "few_answers"
	}
	// The addresses of files hold their hashes, which may hold any digits.
	html := regexp.MustCompile(static.Prefix+`[^"]*`).ReplaceAllString(mustRender(pages.Heatmap(v)), "")
	for _, leak := range []string{"61", "1,234"} {
		if strings.Contains(markup.ReplaceAllString(html, ""), leak) || strings.Contains(html, leak+".") {
			t.Errorf("%q can be read", leak)
		}
	}
	if !strings.Contains(html, "Fewer than 15 answers") {
		t.Error("the reason is not said")
	}
}
