package i18n

import "sipas/survey"

// Lang is one of the languages that the program speaks: the domain's own type, so
// that a page never has to convert.
type Lang = survey.Lang

// The languages. Vietnamese is written first; the others follow it.
const (
	VI = survey.Vietnamese
	EN = survey.English
	ZH = survey.Chinese
)

// Languages returns every language in the order of the switch on a citizen's page.
func Languages() []Lang { return survey.Languages() }

// StaffLanguages returns the languages of the pages behind the sign-in.
func StaffLanguages() []Lang { return []Lang{VI, EN} }

// Tag is the value of an HTML lang attribute.
func Tag(l Lang) string {
	if l == ZH {
		return "zh-Hans"
	}
	return string(l)
}

// Name is the language's own name for itself, which is how a reader finds it.
func Name(l Lang) string {
	switch l {
	case EN:
		return "English"
	case ZH:
		return "中文"
	}
	return "Tiếng Việt"
}
