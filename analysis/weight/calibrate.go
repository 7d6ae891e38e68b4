package weight

import (
	"fmt"
	"math"
	"slices"

	"sipas/analysis/design"
)

// Distance is the calibration function F with g = F(q·xᵀλ).
type Distance string

const (
	// Linear is F = 1 + u: the generalized regression estimator. Weights may be
	// negative unless Lower and Upper bound them (truncated linear).
	Linear Distance = "linear"
	// Exponential is F = eᵘ, of which raking is the case with indicators.
	Exponential Distance = "raking"
	// Logit keeps L < g < U.
	Logit Distance = "logit"
)

// CalibrateRule says how to calibrate.
type CalibrateRule struct {
	Distance      Distance
	Lower, Upper  float64   // bounds of g: needed by Logit, both zero otherwise means none
	Q             []float64 // 1/c of each row, for heteroscedastic calibration; nil means one
	Tolerance     float64   // largest relative residual; 0 means 1e-11
	MaxIterations int       // 0 means 100
}

func (r CalibrateRule) bounded() bool { return r.Lower != 0 || r.Upper != 0 }

func (r CalibrateRule) check(n int) error {
	switch r.Distance {
	case Linear, Exponential:
	case Logit:
		if !r.bounded() {
			return &InputError{Field: "bounds", Row: -1, Reason: "logit calibration needs them"}
		}
	default:
		return &InputError{Field: "distance", Row: -1, Reason: fmt.Sprintf("there is none named %q", r.Distance)}
	}
	if r.bounded() && !(r.Lower < 1 && r.Upper > 1) {
		return &InputError{Field: "bounds", Row: -1, Reason: fmt.Sprintf("they must lie on both sides of one, not at %v and %v", r.Lower, r.Upper)}
	}
	if r.Q != nil && len(r.Q) != n {
		return &InputError{Field: "q", Row: -1, Reason: "one value is needed for each row"}
	}

	return nil
}

// f returns F(u) and its derivative.
func (r CalibrateRule) f(u float64) (g, slope float64) {
	switch r.Distance {
	case Exponential:
		g = math.Exp(u)
		slope = g
	case Logit:
		l, h := r.Lower, r.Upper
		a := (h - l) / ((1 - l) * (h - 1))
		// Written with e^{−|Au|}, so that it cannot overflow.
		e := math.Exp(-math.Abs(a * u))
		top, bottom := l*(h-1)+h*(1-l)*e, (h-1)+(1-l)*e
		if u > 0 {
			top, bottom = l*(h-1)*e+h*(1-l), (h-1)*e+(1-l)
		}
		g = top / bottom
		slope = a * (g - l) * (h - g) / (h - l)
		return g, slope
	default:
		g, slope = 1+u, 1
	}
	if r.bounded() && (g < r.Lower || g > r.Upper) {
		return math.Min(math.Max(g, r.Lower), r.Upper), 0
	}

	return g, slope
}

// Calibrate finds g = F(q·xᵀλ) with Σ d·g·x = totals by Newton's method with step
// halving and a pivoted, rank-revealing solve (Deville and Särndal 1992; Deville,
// Särndal and Sautory 1993). The columns of x are named for messages; redundant
// ones are dropped and listed, and fail only where their total contradicts the others.
//
// A column whose total lies outside what the bounds can reach is a *MarginError
// before the first step; anything else that fails is a *ConvergenceError.
func Calibrate(base []float64, x *design.Matrix, totals []float64, names []string, rule CalibrateRule) (*Result, error) {
	if err := checkBase(base); err != nil {
		return nil, err
	}
	if err := rule.check(len(base)); err != nil {
		return nil, err
	}
	rows, cols := x.Dims()

	if rows != len(base) || cols != len(totals) || cols != len(names) {
		return nil, &InputError{Field: "auxiliary variables", Row: -1, Reason: fmt.Sprintf("%d rows and %d columns for %d weights, %d totals and %d names", rows, cols, len(base), len(totals), len(names))}
	}
	c := &calibration{base: base, x: x, totals: totals, names: names, rule: rule}
	c.scales()

	if err := c.reachable(); err != nil {
		return nil, err
	}
	if err := c.newton(); err != nil {
		return nil, err
	}

	return c.result(), nil
}

// calibration is the state of one call.
type calibration struct {
	base      []float64
	x         *design.Matrix
	totals    []float64
	names     []string
	rule      CalibrateRule
	scale     []float64 // of each column's residual: max(|T|, Σ d|x|)
	g         []float64
	lambda    []float64
	trace     []float64
	redundant []int
	condition float64
}

func (c *calibration) scales() {
	c.scale = make([]float64, len(c.totals))

	for i, b := range c.base {
		c.x.Row(i, func(j int, v float64) { c.scale[j] += b * math.Abs(v) })
	}
	for j, t := range c.totals {
		c.scale[j] = math.Max(c.scale[j], math.Abs(t))
		if c.scale[j] == 0 {
			c.scale[j] = 1
		}
	}
}

// reachable finds totals that no weights can reach: outside the bounds, or, where
// factors are positive, on the wrong side of zero.
func (c *calibration) reachable() error {
	low, high := make([]float64, len(c.totals)), make([]float64, len(c.totals))
	lower, upper := math.Inf(-1), math.Inf(1)

	if c.rule.Distance == Exponential {
		lower = 0
	}
	if c.rule.bounded() {
		lower, upper = c.rule.Lower, c.rule.Upper
	}

	for i, b := range c.base {
		if b == 0 {
			continue
		}
		c.x.Row(i, func(j int, v float64) {
			a, z := b*v*lower, b*v*upper
			low[j] += math.Min(a, z)
			high[j] += math.Max(a, z)
		})
	}
	for j, t := range c.totals {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return &MarginError{Margin: c.names[j], Reason: "its total is not finite"}
		}
		slack := 1e-9 * c.scale[j]
		if t < low[j]-slack || t > high[j]+slack {
			return &MarginError{Margin: c.names[j], Reason: fmt.Sprintf("its total %v is outside the reach of the weights, %v to %v", t, low[j], high[j])}
		}
	}

	return nil
}

func (c *calibration) q(i int) float64 {
	if c.rule.Q == nil {
		return 1
	}

	return c.rule.Q[i]
}

// evaluate returns g, the weights of the Newton matrix and totals less Σ d·g·x.
func (c *calibration) evaluate(lambda []float64) (g, slope, rest []float64) {
	g, slope = make([]float64, len(c.base)), make([]float64, len(c.base))
	rest = slices.Clone(c.totals)

	for i, b := range c.base {
		if b == 0 {
			continue
		}
		var u float64
		c.x.Row(i, func(j int, v float64) { u += v * lambda[j] })
		gi, si := c.rule.f(u * c.q(i))
		g[i], slope[i] = gi, b*c.q(i)*si
		c.x.Row(i, func(j int, v float64) { rest[j] -= b * gi * v })
	}

	return g, slope, rest
}

func (c *calibration) off(rest []float64) float64 {
	var m float64

	for j, r := range rest {
		if a := math.Abs(r) / c.scale[j]; a > m || math.IsNaN(a) {
			m = a
		}
	}

	return m
}

func (c *calibration) newton() error {
	tolerance, limit := c.rule.Tolerance, c.rule.MaxIterations
	if tolerance == 0 {
		tolerance = 1e-11
	}
	if limit == 0 {
		limit = 100
	}
	c.lambda = make([]float64, len(c.totals))
	g, slope, rest := c.evaluate(c.lambda)
	now := c.off(rest)
	reason := ""

	for range limit {
		if now <= tolerance && len(c.trace) > 0 {
			break
		}
		gram := design.NewGram(c.x, slope)
		if len(c.trace) == 0 {
			c.redundant, c.condition = gram.Redundant(), gram.Condition()
		}
		step := gram.Solve(rest)
		moved := false

		for size := 1.0; size > 1e-10; size /= 2 {
			try := slices.Clone(c.lambda)
			for j := range try {
				try[j] += size * step[j]
			}
			g2, slope2, rest2 := c.evaluate(try)
			after := c.off(rest2)

			// A step is taken when it helps; at the level of rounding any step is the last.
			if after < now || after <= tolerance {
				c.lambda, g, slope, rest, now = try, g2, slope2, rest2, after
				moved = true
				break
			}
		}
		c.trace = append(c.trace, now)

		if !moved {
			reason = "; no step brings the totals nearer, so they contradict each other or the bounds"
			break
		}
	}
	c.g = g

	if now <= tolerance {
		return nil
	}
	at := 0

	for j := range rest {
		if math.Abs(rest[j])/c.scale[j] > math.Abs(rest[at])/c.scale[at] {
			at = j
		}
	}

	return &ConvergenceError{
		Method: "calibration (" + string(c.rule.Distance) + ")", Iterations: len(c.trace),
		Margin: c.names[at], Residual: -rest[at] / c.scale[at], Reason: reason,
	}
}

func (c *calibration) result() *Result {
	w := make([]float64, len(c.base))
	negative := 0

	for i, b := range c.base {
		w[i] = b * c.g[i]
		if w[i] < 0 {
			negative++
		}
	}
	r := &Result{
		Weights: w, G: factors(c.base, w),
		Calibration: &design.Calibration{X: c.x, Base: slices.Clone(c.base), Q: c.rule.Q},
		Diagnostics: Diagnose("calibration ("+string(c.rule.Distance)+")", c.base, w),
	}
	d := &r.Diagnostics
	d.Iterations, d.Converged, d.Trace, d.Condition = len(c.trace), true, c.trace, c.condition

	if negative > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d weights are negative; bounds or another distance avoid that", negative))
	}
	for _, j := range c.redundant {
		d.Redundant = append(d.Redundant, c.names[j])
	}
	before, after := make([]float64, len(c.totals)), make([]float64, len(c.totals))
	rows := make([]int, len(c.totals))

	for i, b := range c.base {
		if b == 0 {
			continue
		}
		c.x.Row(i, func(j int, v float64) {
			rows[j]++
			before[j] += b * v
			after[j] += w[i] * v
		})
	}
	for j, name := range c.names {
		d.Margins = append(d.Margins, MarginReport{
			Margin: name, Rows: rows[j], Target: c.totals[j], Before: before[j], After: after[j],
			Residual: relative(after[j], c.totals[j]),
		})
	}

	return r
}
