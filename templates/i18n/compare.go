package i18n

import (
	"strings"

	"sipas/survey"
)

// CompareReason says a reason of a comparison in words. Units are named by the function; the parts of a merged unit stand with the
// share that each has of the weights.
func CompareReason(l Lang, r survey.ChangeReason, parts []survey.ChangePart, unit func(survey.UnitID) string) string {
	if own := r.Text.In(l); own != "" {
		return own
	}
	about := make([]string, len(r.About))
	for i, a := range r.About {
		about[i] = a
		if name := unit(survey.UnitID(a)); name != "" {
			about[i] = name
		}
		for _, p := range parts {
			if string(p.Unit) == a && r.Code == survey.CompareMerged {
				about[i] += " " + Percent(l, p.Share, 1)
			}
		}
	}
	const most = 6
	if len(about) > most {
		about = append(about[:most], "…")
	}
	return T(l, "compare.reason."+r.Code, "about", strings.Join(about, ", "))
}
