package web

import (
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"sipas/survey"
)

func languageTag(l survey.Lang) language.Tag {
	if i := slices.Index(survey.Languages(), l); i >= 0 {
		return tags[i]
	}
	return tags[0]
}

// sortUnits orders units by name as readers of the language look them up.
func sortUnits(ids []survey.UnitID, units *directory, l survey.Lang) {
	sortNamed(ids, l, func(id survey.UnitID) (string, string) { return units.name(id, l), string(id) })
}

// sortNamed orders values by name in a language, and where names are the same by another key, so that the order is always one.
func sortNamed[T any](values []T, l survey.Lang, names func(T) (name, key string)) {
	order := collate.New(languageTag(l)) // not safe for concurrent use, so each call has its own
	slices.SortStableFunc(values, func(a, b T) int {
		nameA, keyA := names(a)
		nameB, keyB := names(b)
		if c := order.CompareString(nameA, nameB); c != 0 {
			return c
		}
		return strings.Compare(keyA, keyB)
	})
}
