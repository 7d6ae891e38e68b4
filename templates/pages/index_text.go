package pages

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"sipas/templates/i18n"
	"sipas/templates/ui"
)

func (v IndexView) eyebrow() string { return joined(v.Framework, v.Domain) }

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

// caption says what is seen; places are there where a unit is looked at.
func (v IndexView) caption() string {
	text := i18n.T(v.Shell.Lang, "index.caption", "wave", v.Wave)
	if v.Domain != "" {
		text += " " + i18n.T(v.Shell.Lang, "index.caption_places")
	}
	return text
}

// headline is the highest node that has a figure.
func (v IndexView) headline() TreeNode {
	n := v.Root
	for n.Absent {
		i := slices.IndexFunc(n.Children, func(c TreeNode) bool { return !c.Absent })
		if i < 0 {
			break
		}
		n = n.Children[i]
	}
	return n
}

func (v IndexView) lead() string {
	l, n := v.Shell.Lang, v.headline()
	if !n.Figure.Shown() {
		return i18n.T(l, "scores.lead_withheld")
	}
	text := i18n.T(l, "index.lead", "node", n.Label, "x", amount(l, n.Figure, n.Figure.Value), "low", amount(l, n.Figure, n.Figure.Low),
		"high", amount(l, n.Figure, n.Figure.High))
	if n.Rank != nil {
		text += " " + i18n.T(l, "index.lead_rank", "place", n.Rank.Place, "of", n.Rank.Of, "low", n.Rank.Low, "high", n.Rank.High)
	}
	return text
}

// partly reports whether a node without a figure has some below it.
func (n TreeNode) partly() bool {
	return n.Absent && slices.ContainsFunc(n.Children, func(c TreeNode) bool { return !c.Absent || c.partly() })
}

// number is the code of a node that a reader knows it by: "II.A" or "s24". One that is a word says no more than the label.
func (n TreeNode) number() string {
	if strings.IndexFunc(n.Code, func(r rune) bool { return unicode.IsDigit(r) || unicode.IsUpper(r) }) < 0 {
		return ""
	}
	return n.Code
}

// longList is from how many units on a list scrolls in a box of its own.
const longList = 20

// walk visits a node and what is below it, from the top down.
func (n TreeNode) walk(visit func(TreeNode, int)) {
	var down func(TreeNode, int)
	down = func(n TreeNode, depth int) {
		visit(n, depth)
		for _, c := range n.Children {
			down(c, depth+1)
		}
	}
	down(n, 0)
}

// Walk visits every node of the tree that can have a figure, from the top down.
func (v IndexView) Walk(visit func(n TreeNode, depth int)) {
	v.Root.walk(func(n TreeNode, depth int) {
		if !n.Absent {
			visit(n, depth)
		}
	})
}

func (v IndexView) figures() []ui.FigureProps {
	var out []ui.FigureProps
	v.Walk(func(n TreeNode, _ int) { out = append(out, n.Figure) })
	return out
}

// Picture is the tree as one chart, a line for each node; nodes on another scale stand in a chart of their own.
func (v IndexView) Picture() ui.Picture {
	type axis struct{ lo, hi float64 }
	var order []axis
	plots := map[axis]*ui.DotPlotProps{}
	v.Walk(func(n TreeNode, depth int) {
		a := axis{n.Figure.ScaleMin, n.Figure.ScaleMax}
		if plots[a] == nil {
			order = append(order, a)
			plots[a] = &ui.DotPlotProps{Unit: n.Figure.Unit, Min: a.lo, Max: a.hi, Ticks: ui.Ticks(a.lo, a.hi, 4), Target: math.NaN()}
		}
		row := ui.DotRow{Label: n.Label, Figure: n.Figure, Depth: depth, Strong: len(n.Children) > 0}
		row.Alert = n.Figure.Shown() && n.Figure.High < n.Figure.Target
		plots[a].Rows = append(plots[a].Rows, row)
	})
	p := ui.Picture{Title: joined(v.Framework, v.Domain), Alt: v.lead(), Caption: v.caption()}
	for _, a := range order {
		p.Parts = append(p.Parts, *plots[a])
	}
	return p
}

func rankWords(l i18n.Lang, r Rank) string {
	return i18n.T(l, "index.rank", "place", r.Place, "of", r.Of, "low", r.Low, "high", r.High)
}

func changeWords(l i18n.Lang, c ui.ChangeProps) string {
	return ui.ChangeWords(l, c)
}

func (g UnitGroup) shown() []UnitRow {
	return slices.DeleteFunc(slices.Clone(g.Rows), func(r UnitRow) bool { return !r.Figure.Shown() })
}

func (g UnitGroup) withheld() []UnitRow {
	return slices.DeleteFunc(slices.Clone(g.Rows), func(r UnitRow) bool { return r.Figure.Shown() })
}

func (g UnitGroup) heading(l i18n.Lang) string {
	return i18n.T(l, "units.kind."+g.Kind, "n", len(g.Rows))
}

func (v UnitSet) figures() []ui.FigureProps {
	var out []ui.FigureProps
	for _, g := range v.Groups {
		for _, r := range g.Rows {
			out = append(out, r.Figure)
		}
	}
	return out
}

// lead says who stands at the ends and how many are surely below the target.
func (v UnitsView) lead() string {
	l := v.Shell.Lang
	below, units := 0, 0
	var low, high *UnitRow
	for _, g := range v.Groups {
		for _, r := range g.shown() {
			units++
			if r.Figure.High < v.Target {
				below++
			}
			if low == nil || r.Figure.Value < low.Figure.Value {
				low = &r
			}
			if high == nil || r.Figure.Value > high.Figure.Value {
				high = &r
			}
		}
	}
	if low == nil {
		return i18n.T(l, "units.lead_withheld")
	}
	text := i18n.T(l, "units.lead", "high", high.Name, "high_value", amount(l, high.Figure, high.Figure.Value),
		"low", low.Name, "low_value", amount(l, low.Figure, low.Figure.Value))
	if !math.IsNaN(v.Target) {
		text += " " + i18n.T(l, "units.lead_below", "below", below, "units", units)
	}
	return text
}

// axis runs from a tenth of the scale to another, over all intervals, the target and the whole: one for every kind of unit, and no longer than
// it must be for units to be told apart. A dot has no length that would have to begin at nothing.
func (v UnitSet) axis() (lo, hi float64) {
	start, end := v.Whole.ScaleMin, v.Whole.ScaleMax
	lo, hi = end, start
	for _, x := range append(v.ends(), v.Target) {
		if !math.IsNaN(x) {
			lo, hi = math.Min(lo, x), math.Max(hi, x)
		}
	}
	if lo > hi {
		return start, end
	}
	step := (end - start) / 10
	return start + math.Floor((lo-start)/step)*step, start + math.Ceil((hi-start)/step-1e-9)*step
}

// ends are the ends of all intervals that are shown.
func (v UnitSet) ends() []float64 {
	var out []float64
	for _, f := range append(v.figures(), v.Whole) {
		if f.Shown() {
			out = append(out, f.Value, f.Low, f.High)
		}
	}
	return out
}

// plot draws the units of a kind that are shown, from the highest.
func (v UnitSet) plot(l i18n.Lang, g UnitGroup) ui.DotPlotProps {
	p := ui.DotPlotProps{
		Title:   i18n.T(l, "units.chart", "indicator", v.Indicator),
		Caption: i18n.T(l, "units.caption", "wave", v.Wave), Target: v.Target, Unit: v.Whole.Unit,
	}
	p.Min, p.Max = v.axis()
	for _, r := range g.shown() {
		f := r.Figure
		f.Target = v.Target
		row := ui.DotRow{Label: r.Name, Href: r.Href, Figure: f, Alert: f.High < v.Target}
		if r.Rank != nil {
			row.Note = rankWords(l, *r.Rank)
		}
		p.Rows = append(p.Rows, row)
	}
	p.Ticks = ui.Ticks(p.Min, p.Max, max(2, int(math.Round((p.Max-p.Min)/(v.Whole.ScaleMax-v.Whole.ScaleMin)*10))))
	if v.Whole.Shown() {
		p.Whole = &ui.Mark{Value: v.Whole.Value, Word: i18n.T(l, "units.whole", "x", amount(l, v.Whole, v.Whole.Value))}
	}
	return p
}

// Picture is every kind of unit under one another.
func (v UnitsView) Picture() ui.Picture {
	l := v.Shell.Lang
	p := ui.Picture{Title: i18n.T(l, "units.chart", "indicator", v.Indicator), Alt: v.lead(), Caption: i18n.T(l, "units.caption", "wave", v.Wave)}
	for _, g := range v.Groups {
		if len(g.shown()) > 0 {
			part := v.plot(l, g)
			part.Title = g.heading(l)
			p.Parts = append(p.Parts, part)
		}
	}
	return p
}

func (v HistoryView) eyebrow() string { return joined(v.Indicator, v.Domain) }

// points counts the waves that have a figure.
func (v HistoryView) points() int {
	n := 0
	for _, r := range v.Rows {
		if r.Figure.Shown() {
			n++
		}
	}
	return n
}

func (v HistoryView) lead() string {
	l := v.Shell.Lang
	if v.points() == 0 {
		return i18n.T(l, "history.lead_none")
	}
	for i := len(v.Rows) - 1; i >= 0; i-- {
		r := v.Rows[i]
		if !r.Figure.Shown() {
			continue
		}
		value := amount(l, r.Figure, r.Figure.Value)
		switch {
		case r.Change == nil:
			return i18n.T(l, "history.lead_single", "wave", r.Wave, "x", value)
		case r.Change.Low > 0 || r.Change.High < 0:
			return i18n.T(l, "history.lead_moved", "wave", r.Wave, "x", value, "change", changeWords(l, *r.Change))
		}
		return i18n.T(l, "history.lead_same", "wave", r.Wave, "x", value, "change", changeWords(l, *r.Change))
	}
	return ""
}

func (v HistoryView) breaks() []string {
	var out []string
	for _, r := range v.Rows {
		if r.Break != "" {
			out = append(out, i18n.T(v.Shell.Lang, "history.break", "wave", r.Wave, "why", r.Break))
		}
	}
	return out
}

// trend draws the waves on the narrowest axis that holds the intervals and the target.
func (v HistoryView) trend() ui.TrendProps {
	l := v.Shell.Lang
	p := ui.TrendProps{Title: i18n.T(l, "history.chart", "indicator", v.Indicator)}
	s := ui.Series{Name: v.Indicator, Min: math.Inf(1), Max: math.Inf(-1)}
	for i, r := range v.Rows {
		f := r.Figure
		pt := ui.SeriesPoint{At: i, Label: r.Wave, Value: math.NaN(), Break: r.Break != "", Why: r.Break}
		if f.Shown() {
			p.Unit = f.Unit
			pt.Value, pt.N = f.Value, f.N
			if !math.IsNaN(f.Low) && !math.IsNaN(f.High) {
				pt.Interval = &ui.Interval{Low: f.Low, High: f.High, Level: f.Level}
			}
			s.Min, s.Max = math.Min(s.Min, f.ScaleMin), math.Max(s.Max, f.ScaleMax)
		} else {
			pt.Missing = ui.Why(l, f)
		}
		s.Points = append(s.Points, pt)
	}
	step := (s.Max - s.Min) / 20
	fitted := ui.Fit(step, s)[0]
	if !math.IsNaN(v.Target) {
		// The target has a step of room on either side, so that its words stand clear of the axis.
		fitted.Min = math.Max(s.Min, math.Min(fitted.Min, math.Floor((v.Target-s.Min)/step-0.5)*step+s.Min))
		fitted.Max = math.Min(s.Max, math.Max(fitted.Max, math.Ceil((v.Target-s.Min)/step+0.5)*step+s.Min))
		p.Target = &ui.Mark{Value: v.Target, Word: i18n.T(l, "chart.target", "x", ui.Amount(l, p.Unit, v.Target, targetDecimals(v.Target)))}
	}
	p.Series = fitted
	return p
}

func targetDecimals(target float64) int {
	if target == math.Trunc(target) {
		return 0
	}
	return 2
}

// Picture is the chart of the page.
func (v HistoryView) Picture() ui.Picture {
	p := ui.Picture{Title: i18n.T(v.Shell.Lang, "history.heading", "indicator", joined(v.Indicator, v.Domain)), Alt: v.lead(), Caption: i18n.T(v.Shell.Lang, "history.caption")}
	if v.points() > 0 {
		p.Parts = append(p.Parts, v.trend())
	}
	return p
}
