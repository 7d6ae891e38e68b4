package pages

import (
	"math"
	"strconv"

	"github.com/a-h/templ"

	"sipas/templates/i18n"
	"sipas/templates/ui"
)

// lead names the lowest cell of all: the one thing to look at first.
func (v HeatmapView) lead() string {
	l := v.Shell.Lang
	var worst ui.FigureProps
	unit, indicator, below, shown := "", "", 0, 0
	for _, r := range v.Rows {
		for i, c := range r.Cells {
			if !c.Shown() {
				continue
			}
			shown++
			if c.High < v.Target {
				below++
			}
			if unit == "" || c.Value < worst.Value {
				worst, unit, indicator = c, r.Name, v.column(i)
			}
		}
	}
	if shown == 0 {
		return i18n.T(l, "heatmap.lead_withheld")
	}
	if math.IsNaN(v.Target) {
		return i18n.T(l, "heatmap.lead_no_target", "unit", unit, "indicator", indicator, "x", amount(l, worst, worst.Value))
	}
	return i18n.T(l, "heatmap.lead", "below", below, "shown", shown, "unit", unit,
		"indicator", indicator, "x", amount(l, worst, worst.Value))
}

func (v HeatmapView) column(i int) string {
	if i >= len(v.Columns) {
		return ""
	}
	return v.Columns[i].Long
}

func (v HeatmapView) unit() ui.Unit {
	if len(v.Rows) == 0 {
		return ui.Percent
	}
	return v.Rows[0].Index.Unit
}

func heatClass(f ui.FigureProps, breaks []float64) string {
	return "h" + strconv.Itoa(ui.Step(f, breaks))
}

// heatDecimals keeps a cell of per cents to whole numbers: with some dozens of
// answers in a cell a decimal would claim what the interval denies.
func heatDecimals(f ui.FigureProps) int {
	if f.Unit == ui.Points {
		return f.Decimals
	}
	return 0
}

// sorted marks the head of the column that orders the rows, lowest first.
func (v HeatmapView) sorted(column string) templ.Attributes {
	if v.SortedBy != column {
		return nil
	}
	return templ.Attributes{"aria-sort": "ascending"}
}

// Picture is the same table in the colors of the scale.
func (v HeatmapView) Picture() ui.Picture {
	l := v.Shell.Lang
	m := ui.Matrix{Unit: v.unit(), Breaks: v.Breaks, Columns: []string{i18n.T(l, "heatmap.index")}}
	for _, c := range v.Columns {
		m.Columns = append(m.Columns, c.Short)
	}
	for i, r := range v.Rows {
		if i == 0 {
			m.Decimals = heatDecimals(r.Index)
		}
		m.Rows = append(m.Rows, ui.MatrixRow{Name: r.Name, Cells: append([]ui.FigureProps{r.Index}, r.Cells...)})
	}
	return ui.Picture{
		Title: i18n.T(l, "heatmap.heading"), Alt: v.lead(), Caption: i18n.T(l, "heatmap.caption", "wave", v.Wave), Parts: []ui.Part{m},
	}
}
