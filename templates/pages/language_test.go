package pages_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sipas/templates/i18n"
)

var (
	inEnglish   = regexp.MustCompile(`(?s)<(\w+)[^>]*\slang="en"[^>]*>.*?</`)
	spoken      = regexp.MustCompile(`\s(?:aria-label|alt|title|placeholder|data-label|content)="([^"]*)"`)
	englishWord = regexp.MustCompile(`(?i)(?:^|[^\p{L}\p{M}/.@-])(the|of|and|is|are|was|were|with|from|which|than|their|not)(?:[^\p{L}\p{M}/.@-]|$)`)
	gap         = regexp.MustCompile(`\{[^{}]*\}`)
)

// words is what a page says in the language of its reader: its text and what is read aloud, without what is marked as English.
func words(html string) string {
	html = data.ReplaceAllString(html, "")
	html = inEnglish.ReplaceAllString(html, "<$1></")
	var text strings.Builder
	for _, m := range spoken.FindAllStringSubmatch(html, -1) {
		text.WriteString(m[1] + "\n")
	}
	text.WriteString(markup.ReplaceAllString(html, "\n"))
	return strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&").Replace(text.String())
}

// foreign lists the longest fixed parts of the English texts that a page in l would show only by mistake: three words or more that
// are no part of the text in l.
func foreign(l i18n.Lang) map[string]string {
	parts := map[string]string{}
	own := i18n.Section(l, "")
	for key, text := range i18n.Section(i18n.EN, "") {
		longest := ""
		for _, part := range gap.Split(text, -1) {
			if part = strings.TrimSpace(part); len(part) > len(longest) {
				longest = part
			}
		}
		if len(strings.Fields(longest)) >= 3 && !strings.Contains(own[key], longest) {
			parts[key] = longest
		}
	}
	return parts
}

// Who reads Vietnamese or Chinese meets no English sentence, whether the catalogue has it or not.
func TestNoEnglishIsLeft(t *testing.T) {
	texts := map[i18n.Lang]map[string]string{i18n.VI: foreign(i18n.VI), i18n.ZH: foreign(i18n.ZH)}
	if len(texts[i18n.VI]) < 300 {
		t.Fatalf("only %d texts are looked for", len(texts[i18n.VI]))
	}
	eachPage(t, func(t *testing.T, l i18n.Lang, name, html string) {
		if l == i18n.EN || name == "kiosk" {
			return // The kiosk's page speaks all languages at once.
		}
		said := words(html)
		for _, key := range slices.Sorted(maps.Keys(texts[l])) {
			if strings.Contains(said, texts[l][key]) {
				t.Errorf("%s is shown in English: %s", key, texts[l][key])
			}
		}
		for line := range strings.Lines(said) {
			if m := englishWord.FindString(line); m != "" {
				t.Errorf("%q in %q", strings.TrimSpace(m), strings.TrimSpace(line))
			}
		}
	})
}
