package pages

import (
	"strconv"

	"sipas/templates/i18n"
	"sipas/templates/ui"
)

func (v TrendView) lead() string {
	l := v.Shell.Lang
	last, ok := v.Total.Last()
	switch {
	case !ok:
		return i18n.T(l, "trend.lead_none")
	case v.Rank == 0 || v.Year != last.Year:
		return i18n.T(l, "trend.lead_unranked", "year", strconv.Itoa(last.Year), "x", i18n.Number(l, last.Value, 2), "max", i18n.Number(l, v.Total.Max, 0))
	}
	return i18n.T(l, "trend.lead", "year", strconv.Itoa(last.Year), "x", i18n.Number(l, last.Value, 2),
		"max", i18n.Number(l, v.Total.Max, 0), "rank", v.Rank, "ranked", v.Ranked)
}

// breaks tells each break of the total and why it is one.
func (v TrendView) breaks() []string {
	var out []string
	for _, pt := range v.Total.Points {
		if pt.Break {
			out = append(out, i18n.T(v.Shell.Lang, "trend.break", "year", strconv.Itoa(pt.Year), "why", pt.Why))
		}
	}
	return out
}

// all is the total with its dimensions below it.
func (v TrendView) all() []ui.Series {
	return append([]ui.Series{v.Total}, v.Dimensions...)
}

func (v TrendView) total() ui.Series { return ui.Fit(5, v.Total)[0] }

func (v TrendView) dimensions() []ui.Series { return ui.Fit(1, v.Dimensions...) }

// sameAxis says from where to where the axis of the small charts runs, and on what scale.
func (v TrendView) sameAxis() string {
	l := v.Shell.Lang
	fitted := v.dimensions()
	if len(fitted) == 0 {
		return ""
	}
	return i18n.T(l, "trend.same_axis", "low", i18n.Number(l, fitted[0].Min, 0), "high", i18n.Number(l, fitted[0].Max, 0),
		"min", i18n.Number(l, v.Dimensions[0].Min, 0), "max", i18n.Number(l, v.Dimensions[0].Max, 0))
}
