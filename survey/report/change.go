package report

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"sipas/analysis/flag"
	"sipas/survey"
)

// Change is how far a figure moved from one wave to a later one, with the interval of that movement at the later figure's level.
type Change struct {
	Value, SE, DF, Low, High, Level float64
}

// ChangeBetween returns how a figure moved since an earlier wave, and false where the two may not be held against each other: one of
// them is not shown or has no error, or they are of different nodes, parts of the register, weightings or measures. The two waves drew
// independently, so their covariance is zero. Whether the waves themselves compare is for the caller to know.
func ChangeBetween(before, now *survey.Figure) (Change, bool) {
	for _, f := range []*survey.Figure{before, now} {
		if f == nil || f.State == survey.StateWithheld || f.State == survey.StateNotComparable || !f.Estimate.Defined() || math.IsNaN(f.Estimate.SE) {
			return Change{}, false
		}
	}
	if before.FigureKey != now.FigureKey || before.Measure != now.Measure {
		return Change{}, false
	}
	a, b := before.Estimate, now.Estimate
	d := flag.Change(b.Value, b.SE, b.DF, a.Value, a.SE, a.DF, 0)
	c := Change{Value: d.Value, SE: d.SE, DF: d.DF, Level: b.Interval.Level, Low: math.NaN(), High: math.NaN()}
	if c.DF > 0 && c.Level > 0 && c.Level < 1 {
		half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: c.DF}.Quantile((1+c.Level)/2) * c.SE
		c.Low, c.High = c.Value-half, c.Value+half
	}
	return c, true
}
