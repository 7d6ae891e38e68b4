package pages

import (
	"cmp"
	"math"
	"slices"

	"sipas/templates/i18n"
	"sipas/templates/ui"
)

func (v ScoresView) lead() string {
	l := v.Shell.Lang
	h := v.Headline
	if !h.Shown() {
		return i18n.T(l, "scores.lead_withheld")
	}
	key := "scores.lead_points"
	if h.Unit == ui.Percent {
		key = "scores.lead"
	}
	return i18n.T(l, key, "x", amount(l, h, h.Value), "low", amount(l, h, h.Low), "high", amount(l, h, h.High))
}

func (g ScoreGroup) hasWalk() bool {
	return slices.ContainsFunc(g.Rows, func(r ScoreRow) bool { return r.WithWalk.State != "" })
}

// plots draws the rows of a group, lowest first: one chart for each axis, because
// figures on different scales must not share one.
func (v ScoresView) plots(g ScoreGroup) []ui.DotPlotProps {
	type axis struct {
		unit   ui.Unit
		lo, hi float64
	}
	var order []axis
	rows := map[axis][]ScoreRow{}
	for _, r := range g.Rows {
		a := axis{r.Weighted.Unit, r.Weighted.ScaleMin, r.Weighted.ScaleMax}
		if _, seen := rows[a]; !seen {
			order = append(order, a)
		}
		rows[a] = append(rows[a], r)
	}
	out := make([]ui.DotPlotProps, 0, len(order))
	for _, a := range order {
		out = append(out, v.plot(g, a.unit, a.lo, a.hi, rows[a]))
	}
	return out
}

func (v ScoresView) plot(g ScoreGroup, unit ui.Unit, lo, hi float64, rows []ScoreRow) ui.DotPlotProps {
	l := v.Shell.Lang
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b ScoreRow) int { return compareFigures(a.Weighted, b.Weighted) })
	p := ui.DotPlotProps{
		Title:   i18n.T(l, "scores.plot_none", "group", g.Heading),
		Caption: i18n.T(l, "scores.caption", "wave", v.Wave),
		Unit:    unit, Min: lo, Max: hi, Ticks: ui.Ticks(lo, hi, 4),
		Target: axisTarget(g.Target),
	}
	shown := 0
	for _, r := range sorted {
		row := ui.DotRow{Label: r.Label, Figure: r.Weighted}
		row.Alert = r.Weighted.Shown() && r.Weighted.High < g.Target
		if r.Weighted.Shown() {
			shown++
		}
		p.Rows = append(p.Rows, row)
	}
	if shown > 1 {
		low, high := sorted[0], sorted[shown-1]
		p.Title = i18n.T(l, "scores.plot", "low", low.Label, "low_value", amount(l, low.Weighted, low.Weighted.Value),
			"high", high.Label, "high_value", amount(l, high.Weighted, high.Weighted.Value))
	}
	return p
}

// compareFigures orders by value, what is not shown last.
func compareFigures(a, b ui.FigureProps) int {
	value := func(f ui.FigureProps) float64 {
		if !f.Shown() {
			return math.Inf(1)
		}
		return f.Value
	}
	return cmp.Compare(value(a), value(b))
}
