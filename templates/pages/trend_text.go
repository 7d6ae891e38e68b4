package pages

import (
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

func (v TrendView) lead() string {
	l := v.Shell.Lang
	last, ok := v.Total.Last()
	switch {
	case !ok:
		return i18n.T(l, "trend.lead_none")
	case v.Rank == 0 || v.Year != last.At:
		return i18n.T(l, "trend.lead_unranked", "year", last.Label, "x", i18n.Number(l, last.Value, 2), "max", i18n.Number(l, v.Total.Max, 0))
	}
	return i18n.T(l, "trend.lead", "year", last.Label, "x", i18n.Number(l, last.Value, 2),
		"max", i18n.Number(l, v.Total.Max, 0), "rank", v.Rank, "ranked", v.Ranked)
}

// remarks tell each break of the total and why it is one, and of intervals that the publishers print.
func (v TrendView) remarks() []string {
	l := v.Shell.Lang
	var out []string
	for _, pt := range v.Total.Points {
		if pt.Break {
			out = append(out, i18n.T(l, "trend.break", "year", pt.Label, "why", pt.Why))
		}
		if i := pt.Interval; i != nil {
			out = append(out, i18n.T(l, "trend.level", "year", pt.Label, "level", i18n.Percent(l, i.Level, 0),
				"low", i18n.Number(l, i.Low, 2), "high", i18n.Number(l, i.High, 2)))
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

// intervalCell writes an interval with its level as short as a cell of a table wants it: "90%: 41,85–42,91".
func intervalCell(l i18n.Lang, i ui.Interval) string {
	return i18n.Percent(l, i.Level, 0) + ": " + i18n.Number(l, i.Low, 2) + "–" + i18n.Number(l, i.High, 2)
}

// Points are the total and every dimension with its years, as the table shows them.
func (v TrendView) Points() []ui.Series { return v.all() }

// Picture is the total and the dimensions below it.
func (v TrendView) Picture() ui.Picture {
	l := v.Shell.Lang
	p := ui.Picture{
		Title: i18n.T(l, "trend.heading", "province", v.Province), Alt: v.lead(), Caption: i18n.T(l, "trend.caption", "source", v.Source),
		Parts: []ui.Part{ui.TrendProps{Title: v.Total.Name, Series: v.total()}},
	}
	for _, d := range v.dimensions() {
		p.Parts = append(p.Parts, ui.TrendProps{Title: d.Name, Series: d, Small: true})
	}
	return p
}
