package survey

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Lang is a language of the citizen's pages.
type Lang string

// The languages that every text of a citizen's page exists in. Vietnamese is written first.
const (
	Vietnamese Lang = "vi"
	English    Lang = "en"
	Chinese    Lang = "zh"
)

// Languages lists the languages in the order in which they are offered.
func Languages() []Lang { return []Lang{Vietnamese, English, Chinese} }

// ParseLang returns the language of a tag such as "vi", "en-GB" or "zh-Hans", and whether it is offered.
func ParseLang(tag string) (Lang, bool) {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	lang := Lang(base)
	return lang, slices.Contains(Languages(), lang)
}

// Text is one text in several languages.
type Text map[Lang]string

// In returns the text in the language asked for. Where it is missing, Vietnamese stands in,
// then English: a question in the wrong language can be answered, an empty one cannot.
func (t Text) In(lang Lang) string {
	for _, l := range []Lang{lang, Vietnamese, English} {
		if s := t[l]; s != "" {
			return s
		}
	}
	return ""
}

// CleanText brings what a person typed to NFC, so that the same Vietnamese letter is always the
// same bytes, drops control characters other than line breaks, and trims the ends.
func CleanText(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
