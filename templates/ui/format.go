package ui

import (
	"math"
	"strconv"

	"sipas/templates/i18n"
)

// Screen and table decimals of a per cent.
const (
	screenDecimals = 1
	tableDecimals  = 2
)

// Amount writes a value in its unit: per cents with their sign, points as they are.
func Amount(l i18n.Lang, unit Unit, v float64, decimals int) string {
	if unit == Percent {
		return i18n.Percent(l, v/100, decimals)
	}
	return i18n.Number(l, v, decimals)
}

// Difference writes a change with its sign: per cents differ by percentage points.
func Difference(l i18n.Lang, unit Unit, v float64, decimals int) string {
	return steps(l, unit, i18n.Signed(l, v, decimals))
}

// Distance writes the size of a difference where the sentence says which way it goes.
func Distance(l i18n.Lang, unit Unit, v float64, decimals int) string {
	return steps(l, unit, i18n.Number(l, math.Abs(v), decimals))
}

func steps(l i18n.Lang, unit Unit, number string) string {
	switch {
	case number == i18n.Unknown:
		return number
	case unit == Percent:
		return i18n.T(l, "unit.pp", "x", number)
	}
	return i18n.T(l, "unit.points", "x", number)
}

func (p FigureProps) decimals(table bool) int {
	if p.Unit == Points {
		return p.Decimals
	}
	if table {
		return tableDecimals
	}
	return screenDecimals
}

func (p FigureProps) amount(l i18n.Lang, v float64, table bool) string {
	return Amount(l, p.Unit, v, p.decimals(table))
}

// interval writes "78,1–86,2%": the sign of the unit stands once.
func (p FigureProps) interval(l i18n.Lang, table bool) string {
	return i18n.Number(l, p.Low, p.decimals(table)) + "–" + p.amount(l, p.High, table)
}

func (p FigureProps) hasInterval() bool { return !math.IsNaN(p.Low) && !math.IsNaN(p.High) }

// why says in words why a figure is not shown.
func (p FigureProps) why(l i18n.Lang) string {
	switch {
	case p.Reason == "" && p.State != Withheld:
		return i18n.T(l, "reason.undefined")
	case p.Reason == "":
		return i18n.T(l, "reason.few_answers", "min", p.Threshold)
	case i18n.Has(l, "reason."+p.Reason):
		return i18n.T(l, "reason."+p.Reason, "min", p.Threshold)
	}
	return p.Reason
}

// Sentence says the whole figure in one line of words, for readers who do not see
// the picture and for titles.
func (p FigureProps) Sentence(l i18n.Lang) string {
	s := ""
	if p.Label != "" {
		s = p.Label + ": "
	}
	if !p.Shown() {
		return s + p.why(l)
	}
	s += p.amount(l, p.Value, true)
	if p.hasInterval() {
		s += ", " + i18n.T(l, "figure.interval", "level", i18n.Percent(l, p.Level, 0), "interval", p.interval(l, true))
	}
	return s + ", n = " + i18n.Integer(l, p.N)
}

// Step returns which of the five steps of the color scale a value falls in, 1 the
// lowest, or 0 for a figure that is not shown. A value on a bound belongs above it.
func Step(p FigureProps, breaks []float64) int {
	if !p.Shown() {
		return 0
	}
	step := 1
	for _, b := range breaks {
		if p.Value >= b {
			step++
		}
	}
	return min(step, 5)
}

// stepClass is the class of a step: "h1" to "h5", "h0" for withheld.
func stepClass(step int) string { return "h" + strconv.Itoa(step) }

// stepRange writes the bounds of a step: "dưới 60%", "60–70%", "từ 90%".
func stepRange(l i18n.Lang, unit Unit, decimals int, breaks []float64, step int) string {
	text := func(v float64) string { return Amount(l, unit, v, decimals) }
	switch {
	case len(breaks) == 0:
		return ""
	case step == 1:
		return i18n.T(l, "scale.below", "x", text(breaks[0]))
	case step > len(breaks):
		return i18n.T(l, "scale.from", "x", text(breaks[len(breaks)-1]))
	}
	return text(breaks[step-2]) + "–" + text(breaks[step-1])
}

// percent writes a position on an axis from 0 to 1 as an SVG length.
func percent(x float64) string {
	return strconv.FormatFloat(100*math.Max(0, math.Min(1, x)), 'f', 2, 64) + "%"
}

func px(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// at places v on the axis from lo to hi.
func at(v, lo, hi float64) float64 {
	if hi <= lo {
		return 0
	}
	return (v - lo) / (hi - lo)
}

// between is the length of the stretch from a to b on the axis, as an SVG length.
func between(a, b, lo, hi float64) string {
	from := math.Max(0, math.Min(1, at(a, lo, hi)))
	to := math.Max(0, math.Min(1, at(b, lo, hi)))
	return percent(math.Max(0, to-from))
}

// se writes the standard error: of a per cent in percentage points, without a sign.
func (p FigureProps) se(l i18n.Lang, table bool) string {
	if p.Unit == Percent {
		return i18n.Number(l, p.SE, p.decimals(table))
	}
	return i18n.Number(l, p.SE, max(p.Decimals, 2))
}

// Why says in words why a figure is not shown.
func Why(l i18n.Lang, p FigureProps) string { return p.why(l) }

// ChangeWords writes a change with its direction and its interval in one line.
func ChangeWords(l i18n.Lang, c ChangeProps) string {
	if math.IsNaN(c.Value) {
		text := i18n.T(l, "change.not_comparable")
		if c.Reason != "" {
			text += ": " + c.Reason
		}
		return text
	}
	text := c.arrow() + " " + Difference(l, c.Unit, c.Value, c.decimals())
	if !math.IsNaN(c.Low) && !math.IsNaN(c.High) {
		text += " (" + i18n.T(l, "change.interval", "low", Difference(l, c.Unit, c.Low, c.decimals()), "high", Difference(l, c.Unit, c.High, c.decimals())) + ")"
	}
	if c.Since != "" {
		text += " " + i18n.T(l, "change.since", "since", c.Since)
	}
	if c.Note != "" {
		text += ". " + c.Note
	}
	return text
}
