package ui

import (
	"math"
	"slices"
	"strings"

	"sipas/templates/i18n"
)

// SeriesPoint is one year of a published series, or one wave.
type SeriesPoint struct {
	At       int       // its place in time: neighbors differ by one
	Label    string    // the year or the wave
	Value    float64   // NaN where it was not published
	Interval *Interval // nil where none is known
	N        int       // answers behind the value; 0 where not known
	Missing  string    // why there is no value, in the reader's language; may be empty
	Break    bool      // not comparable with the point before: the line is broken here
	Why      string    // the reason of the break in the reader's language
}

// Interval is a confidence interval with its level.
type Interval struct{ Low, High, Level float64 }

// Mark is a line across a chart with its words.
type Mark struct {
	Value float64
	Word  string
}

// Series is a line over time on a fixed scale. Points are in the order of time.
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
			if pt.Interval != nil {
				lo, hi = math.Min(lo, pt.Interval.Low), math.Max(hi, pt.Interval.High)
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
		if b.Break || math.IsNaN(a.Value) || math.IsNaN(b.Value) || b.At != a.At+1 {
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

// share places a point in time between 0 and 1.
func (p TrendProps) share(when float64) float64 {
	if len(p.Series.Points) == 0 {
		return 0
	}
	first, last := p.Series.Points[0].At, p.Series.Points[len(p.Series.Points)-1].At
	if first == last {
		return 0.5
	}
	return at(when, float64(first), float64(last))
}

// position places a point in time between 8 and 94 per cent: the words of the scale stand on the left.
func (p TrendProps) position(when float64) string { return percent(0.08 + 0.86*p.share(when)) }

func (p TrendProps) x(when int) string { return p.position(float64(when)) }

func (p TrendProps) between(a, b int) string { return p.position(float64(a+b) / 2) }

func (p TrendProps) radius() string {
	if p.Small {
		return "3"
	}
	return "4.5"
}

// labelled reports whether a point carries its number: the first, the last, the
// highest and the lowest of a large chart and one whose interval has an unusual level, the last of a small one.
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
	return i == first || i == last || i == low || i == high || p.unusual(i)
}

// unusual reports whether a point's interval has a level that must be said.
func (p TrendProps) unusual(i int) bool {
	pt := p.Series.Points[i]
	return pt.Interval != nil && pt.Interval.Level != usualLevel
}

// labelClass hides on a narrow screen a long word that would run into its neighbors; the remarks below the chart say it too.
func (p TrendProps) labelClass(i int) string {
	if p.unusual(i) {
		return "point wide"
	}
	return "point"
}

// targetOnLeft puts the words of the target at the other end of its line where the number of the last point stands at this one.
func (p TrendProps) targetOnLeft() bool {
	i := len(p.Series.Points) - 1
	if i < 0 || !p.labelled(i) {
		return false
	}
	return math.Abs(p.labelY(i)-p.y(p.Target.Value)+6) < 20
}

// labelEnd says where the number of a point stands: above, or below where the line would run through it otherwise. The line comes from
// above into a lowest point, and leaves the first point upwards.
func (p TrendProps) labelEnd(i int) (y float64, below bool) {
	points := p.Series.Points
	before := i > 0 && points[i-1].Value > points[i].Value
	after := i+1 < len(points) && points[i+1].Value > points[i].Value
	switch {
	case i == 0:
		below = after
	case i+1 == len(points):
		below = before
	default:
		below = before && !(points[i+1].Value < points[i].Value)
	}
	if y = p.y(p.endOf(i, below)) + 18; below && y < trendHeight(p.Small)-trendBottom {
		return y, true
	}
	return p.y(p.endOf(i, false)) - 9, false
}

// labelAnchor keeps the number of the first point clear of the words of the scale on its left, and a long one clear of a break there.
func (p TrendProps) labelAnchor(i int) string {
	if p.unusual(i) && i+1 < len(p.Series.Points) || i == 0 && len(p.Series.Points) > 1 {
		return "start"
	}
	return "middle"
}

// endOf is the value at which the mark of a point ends upwards or downwards: its interval's end where it has one.
func (p TrendProps) endOf(i int, below bool) float64 {
	pt := p.Series.Points[i]
	switch {
	case pt.Interval == nil:
		return pt.Value
	case below:
		return pt.Interval.Low
	}
	return pt.Interval.High
}

func (p TrendProps) labelY(i int) float64 {
	y, _ := p.labelEnd(i)
	return y
}

// usualLevel is the level of an interval that need not be said.
const usualLevel = 0.95

// pointWord is the number beside a point; an interval of another level than the usual 95 per cent says its level there.
func (p TrendProps) pointWord(l i18n.Lang, i int) string {
	pt := p.Series.Points[i]
	text := Amount(l, p.Unit, pt.Value, p.decimals())
	if p.unusual(i) {
		text += " (" + i18n.Percent(l, pt.Interval.Level, 0) + ")"
	}
	return text
}

func (p TrendProps) decimals() int {
	if p.Unit == Percent {
		return screenDecimals
	}
	return 2
}

// crowded is from how many points on not every one of them is named.
const crowded = 7

// written reports whether the words under a point that is not an end are written: all of years, which are short, and of waves where
// there are few.
func (p TrendProps) written(i int) bool {
	return !p.Small && (len(p.Series.Points[i].Label) <= 4 || len(p.Series.Points) < crowded)
}

// anchor keeps long words under the ends inside the picture.
func (p TrendProps) anchor(i int) string {
	last := len(p.Series.Points) - 1
	switch {
	case last == 0 || len(p.Series.Points[i].Label) <= 4:
		return "middle"
	case i == 0:
		return "start"
	case i == last:
		return "end"
	}
	return "middle"
}

// pointClass says whether the words under a point are written: always for the ends, only where there is room for the others; empty for
// not at all.
func (p TrendProps) pointClass(i int) string {
	switch {
	case i == 0 || i == len(p.Series.Points)-1:
		return "year"
	case p.written(i):
		return "wide"
	}
	return ""
}

// trendWords tells the line to readers who do not see it.
func trendWords(l i18n.Lang, p TrendProps) string {
	parts := make([]string, 0, len(p.Series.Points))
	for _, pt := range p.Series.Points {
		value := Amount(l, p.Unit, pt.Value, p.decimals())
		if math.IsNaN(pt.Value) && pt.Missing != "" {
			value = pt.Missing
		}
		part := pt.Label + ": " + value
		if pt.Interval != nil {
			part += " (" + intervalWords(l, p.Unit, p.decimals(), *pt.Interval) + ")"
		}
		if pt.Break {
			part = i18n.T(l, "trend.break_before") + ", " + part
		}
		parts = append(parts, part)
	}
	return p.Series.Name + ". " + strings.Join(parts, "; ")
}

// intervalWords writes an interval with its level.
func intervalWords(l i18n.Lang, unit Unit, decimals int, i Interval) string {
	return i18n.T(l, "figure.interval", "level", i18n.Percent(l, i.Level, 0),
		"interval", i18n.Number(l, i.Low, decimals)+"–"+Amount(l, unit, i.High, decimals))
}
