package ui

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sipas/templates/i18n"
)

// SeriesPoint is one year of a published series.
type SeriesPoint struct {
	Year  int
	Value float64 // NaN where it was not published
	Break bool    // not comparable with the year before: the line is broken here
	Why   string  // the reason of the break in the reader's language
}

// Series is a line over years on a fixed scale. Points are in the order of years.
type Series struct {
	Code   string
	Name   string
	Min    float64
	Max    float64
	Points []SeriesPoint
}

// Last returns the last published point, and false where there is none.
func (s Series) Last() (SeriesPoint, bool) {
	for i := len(s.Points) - 1; i >= 0; i-- {
		if !math.IsNaN(s.Points[i].Value) {
			return s.Points[i], true
		}
	}
	return SeriesPoint{}, false
}

// Fit returns the same series on the narrowest common axis that holds them all, its ends
// on multiples of step: a line is read by its slope, and on the nominal scale of an index
// every line is flat.
func Fit(step float64, series ...Series) []Series {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, s := range series {
		for _, pt := range s.Points {
			if !math.IsNaN(pt.Value) {
				lo, hi = math.Min(lo, pt.Value), math.Max(hi, pt.Value)
			}
		}
	}
	out := slices.Clone(series)
	if lo > hi {
		return out
	}
	for i := range out {
		out[i].Min = math.Max(series[i].Min, math.Floor(lo/step)*step)
		out[i].Max = math.Min(series[i].Max, math.Ceil(hi/step)*step)
	}
	return out
}

type segment struct{ from, to SeriesPoint }

// segments joins neighbors in time that are both published and comparable. A year
// that is missing altogether is a gap too.
func segments(s Series) []segment {
	var out []segment
	for i := 1; i < len(s.Points); i++ {
		a, b := s.Points[i-1], s.Points[i]
		if b.Break || math.IsNaN(a.Value) || math.IsNaN(b.Value) || b.Year != a.Year+1 {
			continue
		}
		out = append(out, segment{a, b})
	}
	return out
}

// The room around the line: for the words of the axis below and the largest label above.
const (
	trendTop    = 24
	trendBottom = 26
)

func trendHeight(small bool) float64 {
	if small {
		return 132
	}
	return 280
}

func (p TrendProps) y(v float64) float64 {
	bottom := trendHeight(p.Small) - trendBottom
	return bottom - at(v, p.Series.Min, p.Series.Max)*(bottom-trendTop)
}

// position places a year between 8 and 94 per cent: the words of the scale stand on the left.
func (p TrendProps) position(year float64) string {
	if len(p.Series.Points) == 0 {
		return "0"
	}
	first := float64(p.Series.Points[0].Year)
	last := float64(p.Series.Points[len(p.Series.Points)-1].Year)
	return percent(0.08 + 0.86*at(year, first, last))
}

func (p TrendProps) x(year int) string { return p.position(float64(year)) }

func (p TrendProps) between(a, b int) string { return p.position(float64(a+b) / 2) }

func (p TrendProps) radius() string {
	if p.Small {
		return "3"
	}
	return "4.5"
}

// labelled reports whether a point carries its number: the first, the last, the
// highest and the lowest of a large chart, the last of a small one.
func (p TrendProps) labelled(i int) bool {
	points := p.Series.Points
	if math.IsNaN(points[i].Value) {
		return false
	}
	first, last, low, high := -1, -1, -1, -1
	for j, pt := range points {
		if math.IsNaN(pt.Value) {
			continue
		}
		if first < 0 {
			first, low, high = j, j, j
		}
		last = j
		if pt.Value < points[low].Value {
			low = j
		}
		if pt.Value > points[high].Value {
			high = j
		}
	}
	if p.Small {
		return i == last
	}
	return i == first || i == last || i == low || i == high
}

// labelY puts a number above its point, or below where the line comes from above.
func (p TrendProps) labelY(i int) float64 {
	points := p.Series.Points
	y := p.y(points[i].Value)
	if i > 0 && points[i-1].Value > points[i].Value && (i+1 == len(points) || points[i+1].Value >= points[i].Value) {
		return y + 18
	}
	return y - 9
}

// yearWord says whether the year under a point is written: always for the ends, only
// where there is room for the others; empty for not at all.
func (p TrendProps) yearWord(i int) string {
	switch {
	case i == 0 || i == len(p.Series.Points)-1:
		return "year"
	case p.Small:
		return ""
	}
	return "wide"
}

// trendWords tells the line to readers who do not see it.
func trendWords(l i18n.Lang, s Series) string {
	parts := make([]string, 0, len(s.Points))
	for _, pt := range s.Points {
		part := fmt.Sprintf("%d: %s", pt.Year, i18n.Number(l, pt.Value, 2))
		if pt.Break {
			part = i18n.T(l, "trend.break_before") + ", " + part
		}
		parts = append(parts, part)
	}
	return s.Name + ". " + strings.Join(parts, "; ")
}
