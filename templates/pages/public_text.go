package pages

import (
	"regexp"

	"sipas/templates/i18n"
)

func (v SignInView) errorText() string {
	l := v.Shell.Lang
	if v.RetryAfter > 0 {
		return i18n.Count(l, "signin.wait", v.RetryAfter)
	}
	return i18n.T(l, "error."+v.ErrorCode)
}

// sentence falls back to the general error where the catalogue has none for the
// code: a person must never read a key.
func (v ErrorView) sentence() string {
	l := v.Shell.Lang
	if key := "error." + v.Code; v.Code != "" && i18n.Has(l, key) {
		return openPlace.ReplaceAllString(i18n.T(l, key, v.Params...), "")
	}
	return i18n.T(l, "error.internal")
}

// openPlace is a parameter that nobody gave, with the colon before it: the sentence
// is read without.
var openPlace = regexp.MustCompile(`[:：]?\s*\{[a-z_]+\}`)

func (v ErrorView) remedy() string {
	l := v.Shell.Lang
	if key := "error." + v.Code + ".do"; v.Code != "" && i18n.Has(l, key) {
		return i18n.T(l, key, v.Params...)
	}
	if key := "error." + v.Code; v.Code == "" || !i18n.Has(l, key) {
		return i18n.T(l, "error.internal.do")
	}
	return ""
}

func (v ErrorView) home() string {
	if v.HomeHref == "" {
		return "/"
	}
	return v.HomeHref
}
