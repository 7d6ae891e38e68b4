package weight

import (
	"math"
	"slices"
)

// RakeRule is the stopping rule of raking.
type RakeRule struct {
	Tolerance     float64 // largest relative residual of a level; 0 means 1e-10
	MaxIterations int     // rounds over all margins; 0 means 1000
}

func (r RakeRule) tolerance() float64 {
	if r.Tolerance == 0 {
		return 1e-10
	}

	return r.Tolerance
}

func (r RakeRule) maxIterations() int {
	if r.MaxIterations == 0 {
		return 1000
	}

	return r.MaxIterations
}

// PostStratify multiplies the weights of each level so that they sum to its
// total: g = T_c / Σ_c d (Holt and Smith 1979).
func PostStratify(base []float64, m Margin) (*Result, error) {
	margins, err := prepare(base, []Margin{m})
	if err != nil {
		return nil, err
	}
	w := slices.Clone(base)
	fit(margins[0], w)

	return finish("post-stratification", base, w, margins, 1, nil)
}

// Rake fits the weights to several margins in turn until every level of every
// margin is met (Deming and Stephan 1940; Deville, Särndal and Sautory 1993). The
// answer is that of calibration with F = eᵘ on the indicators of the levels. Levels
// of margins are exact to the rule's tolerance, or the error is a *ConvergenceError
// naming the one furthest off; what is impossible from the start is a *MarginError.
func Rake(base []float64, margins []Margin, rule RakeRule) (*Result, error) {
	prepared, err := prepare(base, margins)
	if err != nil {
		return nil, err
	}
	w := slices.Clone(base)
	trace, ok := rake(prepared, w, rule)

	if !ok {
		off := worst(report(prepared, base, w))
		return nil, &ConvergenceError{
			Method: "raking", Iterations: len(trace), Margin: off.Margin, Level: off.Level, Residual: off.Residual,
			Reason: "; some combination of levels without respondents may make the margins impossible together",
		}
	}

	return finish("raking", base, w, prepared, len(trace), trace)
}

// rake changes w in place and returns the largest residual after each round.
func rake(margins []levels, w []float64, rule RakeRule) (trace []float64, ok bool) {
	for range rule.maxIterations() {
		for _, l := range margins {
			fit(l, w)
		}
		off := 0.0

		for _, l := range margins {
			for i, t := range l.totals(w) {
				if l.target[i] > 0 {
					off = math.Max(off, math.Abs(t/l.target[i]-1))
				}
			}
		}
		trace = append(trace, off)

		if math.IsNaN(off) {
			return trace, false
		}
		if off <= rule.tolerance() {
			return trace, true
		}
	}

	return trace, false
}

func fit(l levels, w []float64) {
	factor := l.totals(w)

	for i, t := range factor {
		factor[i] = l.target[i] / t
	}
	for i, level := range l.of {
		if level >= 0 {
			w[i] *= factor[level]
		}
	}
}
