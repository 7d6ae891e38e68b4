package ui

import (
	"math"
	"slices"

	"sipas/templates/i18n"
)

// tickAnchor keeps the first and the last word of an axis inside the picture.
func tickAnchor(i, n int) string {
	switch i {
	case 0:
		return "start"
	case n - 1:
		return "end"
	}
	return "middle"
}

// Ticks returns n+1 even steps from lo to hi.
func Ticks(lo, hi float64, n int) []float64 {
	out := make([]float64, 0, n+1)
	for i := 0; i <= n; i++ {
		out = append(out, lo+(hi-lo)*float64(i)/float64(n))
	}
	return out
}

// tickDecimals is none where every tick is a whole number, one or two otherwise.
func tickDecimals(ticks []float64) int {
	decimals := 0
	for _, t := range ticks {
		switch {
		case math.Abs(t-math.Round(t)) < 1e-9:
		case math.Abs(10*t-math.Round(10*t)) < 1e-9:
			decimals = max(decimals, 1)
		default:
			return 2
		}
	}
	return decimals
}

// first are the rows in view, rest those behind the control. One or two more rows are
// not worth a control.
func (p BarListProps) first() []BarRow {
	if p.First == 0 || len(p.Rows) <= p.First+2 {
		return p.Rows
	}
	return p.Rows[:p.First]
}

func (p BarListProps) rest() []BarRow { return p.Rows[len(p.first()):] }

// marks are the lines through all rows of a dot plot: the target and the value of the whole.
func (p DotPlotProps) marks(l i18n.Lang) []Mark {
	var out []Mark
	if !math.IsNaN(p.Target) {
		out = append(out, Mark{p.Target, i18n.T(l, "chart.target", "x", Amount(l, p.Unit, p.Target, tickDecimals(p.Ticks)))})
	}
	if p.Whole != nil {
		out = append(out, *p.Whole)
	}
	return out
}

// axisHeight leaves a line for the words of each mark above the ticks.
func (p DotPlotProps) axisHeight(l i18n.Lang) float64 {
	return 18 + 18*math.Max(1, float64(len(p.marks(l))))
}

// markAnchor keeps the words of a mark near an end of the axis inside the picture.
func markAnchor(share float64) string {
	switch {
	case share < 0.25:
		return "start"
	case share > 0.75:
		return "end"
	}
	return "middle"
}

// marked are the areas that carry a number, in its order.
func (p MapProps) marked() []MapArea {
	var out []MapArea
	for n := 1; ; n++ {
		i := slices.IndexFunc(p.Areas, func(a MapArea) bool { return a.Mark == n })
		if i < 0 {
			return out
		}
		out = append(out, p.Areas[i])
	}
}
