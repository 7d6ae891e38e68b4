package pages

import (
	"math"
	"slices"
	"strconv"

	"sipas/templates/i18n"
	"sipas/templates/ui"
)

// ratio is part of whole, NaN where there is no whole.
func ratio(part, whole int) float64 {
	if whole <= 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole)
}

func (v WavesView) open() int {
	n := 0
	for _, w := range v.Waves {
		if w.State == "open" {
			n++
		}
	}
	return n
}

// pValue writes a p-value; below a thousandth its digits say nothing.
func pValue(l i18n.Lang, p float64) string {
	if p < 0.001 {
		return "p < " + i18n.Number(l, 0.001, 3)
	}
	return "p = " + i18n.Number(l, p, 3)
}

// amount writes the value of a figure with one decimal, or its own for points.
func amount(l i18n.Lang, f ui.FigureProps, value float64) string {
	if f.Unit == ui.Points {
		return ui.Amount(l, f.Unit, value, f.Decimals)
	}
	return ui.Amount(l, f.Unit, value, 1)
}

// partID makes the id of the nth part of a page.
func partID(prefix string, n int) string { return prefix + "-" + strconv.Itoa(n+1) }

// thin reports whether some figure's effective number of answers is far below their
// number: less than a third.
func thin(figures []ui.FigureProps) bool {
	return slices.ContainsFunc(figures, func(f ui.FigureProps) bool {
		return f.Shown() && f.Effective < float64(f.N)/3
	})
}
