package ui

import "math"

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
