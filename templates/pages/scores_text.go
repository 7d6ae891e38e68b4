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
	return slices.ContainsFunc(g.all(), func(r ScoreRow) bool { return r.WithWalk.State != "" })
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

// target is the one target of some rows, NaN where they have none or several.
func target(rows []ScoreRow) float64 {
	common := rows[0].Weighted.Target
	for _, r := range rows {
		if r.Weighted.Target != common {
			return math.NaN()
		}
	}
	return common
}

// all are the rows of the group's table: what it adds up to, then its parts.
func (g ScoreGroup) all() []ScoreRow {
	if g.Whole == nil {
		return g.Rows
	}
	return append([]ScoreRow{*g.Whole}, g.Rows...)
}

// ownWhole is the group's whole where it is not the headline of the page already.
func (v ScoresView) ownWhole(g ScoreGroup) *ui.FigureProps {
	if g.Whole == nil {
		return nil
	}
	f := g.Whole.Weighted
	f.Label = g.Whole.Label
	if f.Label == v.Headline.Label && f.Value == v.Headline.Value {
		return nil
	}
	return &f
}

// difference says how far the plain count lies from the weighted headline.
func (v ScoresView) difference() string {
	l, w, u := v.Shell.Lang, v.Headline, v.Unweighted
	if !w.Shown() || !u.Shown() {
		return ""
	}
	decimals := gainDecimals(w.Unit)
	key := "scores.plain_higher"
	if u.Value < w.Value {
		key = "scores.plain_lower"
	}
	return i18n.T(l, key, "x", ui.Distance(l, w.Unit, u.Value-w.Value, decimals))
}

// figures are the weighted figures of the page.
func (v ScoresView) figures() []ui.FigureProps {
	out := []ui.FigureProps{v.Headline}
	for _, g := range v.Groups {
		for _, r := range g.all() {
			out = append(out, r.Weighted)
		}
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
		Target: target(rows),
	}
	shown := 0
	for _, r := range sorted {
		row := ui.DotRow{Label: r.Label, Figure: r.Weighted}
		row.Alert = r.Weighted.Shown() && r.Weighted.High < r.Weighted.Target
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

// All are the rows of the group's table: what it adds up to, then its parts.
func (g ScoreGroup) All() []ScoreRow { return g.all() }

// Picture is every chart of the page under its heading.
func (v ScoresView) Picture() ui.Picture {
	l := v.Shell.Lang
	p := ui.Picture{Title: joined(i18n.T(l, "scores.heading"), v.Domain), Alt: v.lead(), Caption: i18n.T(l, "scores.caption", "wave", v.Wave)}
	for _, g := range v.Groups {
		for _, plot := range v.plots(g) {
			plot.Title = g.Heading
			p.Parts = append(p.Parts, plot)
		}
	}
	return p
}
