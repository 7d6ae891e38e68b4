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
	prepared, err := ofLabels(base, []Margin{m})
	if err != nil {
		return nil, err
	}

	return postStratify(base, prepared)
}

// PostStratifyCoded is PostStratify for numbered levels.
func PostStratifyCoded(base []float64, m CodedMargin) (*Result, error) {
	prepared, err := ofCodes(base, []CodedMargin{m})
	if err != nil {
		return nil, err
	}

	return postStratify(base, prepared)
}

func postStratify(base []float64, margins []levels) (*Result, error) {
	c := newCells(base, margins)
	y := slices.Clone(c.weight)
	c.fit(0, y)

	return c.finish("post-stratification", base, c.spread(base, y), y, nil)
}

// Rake fits the weights to several margins in turn until every level of every
// margin is met (Deming and Stephan 1940; Deville, Särndal and Sautory 1993). The
// answer is that of calibration with F = eᵘ on the indicators of the levels. Levels
// of margins are exact to the rule's tolerance.
//
// What is impossible from the start is a *MarginError. Margins that no weights above zero can meet
// together, because combinations of levels have no respondents, are an *InfeasibleError that names an
// irreducible set of levels. Iterations that end early are a *ConvergenceError that names the level furthest off
// and has the weights reached.
func Rake(base []float64, margins []Margin, rule RakeRule) (*Result, error) {
	prepared, err := ofLabels(base, margins)
	if err != nil {
		return nil, err
	}

	return rake(base, prepared, rule)
}

// RakeCoded is Rake for numbered levels. Its time hardly depends on the number of rounds: rows are
// gathered into the combinations of levels, once, and spread again at the end.
func RakeCoded(base []float64, margins []CodedMargin, rule RakeRule) (*Result, error) {
	prepared, err := ofCodes(base, margins)
	if err != nil {
		return nil, err
	}

	return rake(base, prepared, rule)
}

func rake(base []float64, margins []levels, rule RakeRule) (*Result, error) {
	c := newCells(base, margins)
	y := slices.Clone(c.weight)
	trace, ok := c.rake(y, rule)

	if !ok {
		off := worst(c.report(y))
		return nil, c.impossible(&ConvergenceError{
			Method: "raking", Iterations: len(trace), Margin: off.Margin, Level: off.Level, Residual: off.Residual,
			Weights: c.spread(base, y),
		})
	}

	return c.finish("raking", base, c.spread(base, y), y, trace)
}

// impossible proves that the margins cannot be met by weights above zero, or says that they can.
func (c *cells) impossible(failed *ConvergenceError) error {
	r, err := c.region()
	if err != nil {
		return err
	}
	anything := Bounds{Lower: 0, Upper: math.Inf(1)}

	if e := r.explain(failed.Method, anything, false); e != nil {
		e.Failed = failed
		return e
	}
	// Weights of zero may do where weights above zero do not: then the largest lower bound is zero.
	if b, ok := r.tightest(widening{from: Bounds{Lower: 1, Upper: math.Inf(1)}, by: Bounds{Lower: -1}}); ok && b.Lower < 1e-9 {
		if e := r.explain(failed.Method, Bounds{Lower: 1e-4, Upper: math.Inf(1)}, false); e != nil {
			e.Failed, e.Asked.Lower = failed, 0
			e.Strict = true
			return e
		}
	}
	failed.Reason = "; weights that meet the margins do exist, so that more rounds may find them"

	return failed
}
