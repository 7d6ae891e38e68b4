package pages

import (
	"math"
	"slices"

	"sipas/templates/i18n"
	"sipas/templates/ui"
)

// marked is how many of the lowest areas carry a number on the map.
const marked = 5

// sorted lists the areas by value, lowest first, what is withheld last.
func (v MapView) sorted() []MapArea {
	areas := slices.Clone(v.Areas)
	slices.SortStableFunc(areas, func(a, b MapArea) int { return compareFigures(a.Figure, b.Figure) })
	return areas
}

func (v MapView) shown() []MapArea {
	return slices.DeleteFunc(v.sorted(), func(a MapArea) bool { return !a.Figure.Shown() })
}

func (v MapView) lowest() []MapArea {
	shown := v.shown()
	return shown[:min(marked, len(shown))]
}

func (v MapView) lead() string {
	l := v.Shell.Lang
	shown := v.shown()
	withheld := len(v.Areas) - len(shown)
	if len(shown) == 0 {
		return i18n.T(l, "map.lead_withheld", "n", withheld)
	}
	low, high := shown[0], shown[len(shown)-1]
	text := i18n.T(l, "map.lead", "low", low.Name, "low_value", amount(l, low.Figure, low.Figure.Value),
		"high", high.Name, "high_value", amount(l, high.Figure, high.Figure.Value), "withheld", withheld)
	if !math.IsNaN(v.Target) {
		below := 0
		for _, a := range shown {
			if a.Figure.High < v.Target {
				below++
			}
		}
		text += " " + i18n.Count(l, "map.below", below)
	}
	return text
}

func (v MapView) props() ui.MapProps {
	l := v.Shell.Lang
	number := map[string]int{}
	for i, a := range v.lowest() {
		number[a.Code] = i + 1
	}
	p := ui.MapProps{
		Title:   i18n.T(l, "map.chart", "indicator", v.Indicator, "province", v.Province),
		Caption: i18n.T(l, "map.caption", "wave", v.Wave),
		Alt:     v.lead(),
		Width:   v.Width, Height: v.Height, Breaks: v.Breaks, Unit: ui.Percent,
	}
	for _, a := range v.Areas {
		p.Unit, p.Decimals = a.Figure.Unit, a.Figure.Decimals
		if p.Unit == ui.Percent {
			p.Decimals = 0
		}
		p.Areas = append(p.Areas, ui.MapArea{
			Name: a.Name, Path: a.Path, X: a.X, Y: a.Y, Mark: number[a.Code], Figure: a.Figure,
		})
	}
	return p
}

func (v MapView) figures() []ui.FigureProps {
	out := make([]ui.FigureProps, 0, len(v.Areas))
	for _, a := range v.Areas {
		out = append(out, a.Figure)
	}
	return out
}

// Sorted lists the areas as the table of the page does.
func (v MapView) Sorted() []MapArea { return v.sorted() }

// Picture is the map, and where there are no boundaries its words alone.
func (v MapView) Picture() ui.Picture {
	props := v.props()
	return ui.Picture{Title: props.Title, Alt: props.Alt, Caption: props.Caption, Parts: []ui.Part{props}}
}
