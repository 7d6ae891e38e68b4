package weight

import (
	"fmt"
	"math"
	"slices"

	"sipas/analysis/design"
)

// Trim cuts weights to [lower, upper] and spreads what was cut evenly over the
// others, so that the sum stays. With strict it repeats until none is outside;
// otherwise spreading may push some beyond the bounds again. Margins are
// not kept: TrimRaked does that. It returns the weights and the share of rows cut.
// Bounds that the sum cannot satisfy are an *InputError. Potter 1990.
func Trim(weights []float64, lower, upper float64, strict bool) ([]float64, float64, error) {
	w := slices.Clone(weights)
	cut := make([]bool, len(w))
	var sum float64
	n := 0

	for _, v := range w {
		if v != 0 {
			sum += v
			n++
		}
	}
	if !(lower >= 0 && lower < upper) || n == 0 || sum < lower*float64(n) || sum > upper*float64(n) {
		return nil, 0, &InputError{Field: "bounds", Row: -1, Reason: fmt.Sprintf("%d weights that sum to %v cannot lie between %v and %v", n, sum, lower, upper)}
	}
	slack := 1e-12 * sum / float64(n)

	for range n + 1 {
		var excess float64
		outside := false
		free := 0

		for i, v := range w {
			// Spreading may bring a weight to zero on the way; who is in was settled before.
			if weights[i] == 0 {
				continue
			}
			if v < lower-slack || v > upper+slack {
				cut[i] = true
				outside = true
				w[i] = math.Min(math.Max(v, lower), upper)
				excess += v - w[i]
			}
		}
		if !outside {
			break
		}
		for i, v := range weights {
			if v != 0 && !cut[i] {
				free++
			}
		}
		if free == 0 {
			return nil, 0, &InputError{Field: "bounds", Row: -1, Reason: "every weight was cut and nothing is left to spread over"}
		}
		for i, v := range weights {
			if v != 0 && !cut[i] {
				w[i] += excess / float64(free)
			}
		}
		if !strict {
			break
		}
	}
	trimmed := 0

	for _, c := range cut {
		if c {
			trimmed++
		}
	}

	return w, float64(trimmed) / float64(n), nil
}

// TrimCalibrated is Trim for calibrated weights: the variance stays that of the calibrated design, where
// what trimming did to a weight counts as part of the row's values. With t_k = trimmed/calibrated,
// Σ w t y is the calibration estimator of the total of t·y, so the residuals are those of t·y on x. Margins
// are not kept, and the result's margin reports say by how much: TrimRaked and CalibrateRule.OnWeights keep them.
func TrimCalibrated(r *Result, lower, upper float64, strict bool) (*Result, error) {
	w, share, err := Trim(r.Weights, lower, upper, strict)
	if err != nil {
		return nil, err
	}
	c, err := rescaled(r.Calibration, r.Weights, w)
	if err != nil {
		return nil, err
	}

	return r.trimmed(w, share, c)
}

// rescaled is a calibration for weights that differ from the calibrated ones: a projection of z/calibrated on x that takes
// calibrated·x·β from z is one of z/trimmed on x·calibrated/trimmed with base weights times (trimmed/calibrated)².
func rescaled(c *design.Calibration, calibrated, trimmed []float64) (*design.Calibration, error) {
	n, cols := c.X.Dims()
	base := make([]float64, n)
	start := make([]int, 1, n+1)
	var index []int32
	var value []float64

	for i, b := range c.Base {
		if calibrated[i] != 0 && trimmed[i] != 0 {
			t := trimmed[i] / calibrated[i]
			base[i] = b * t * t
			columns, values := c.X.Entries(i)
			for e, j := range columns {
				index = append(index, j)
				value = append(value, values[e]/t)
			}
		}
		start = append(start, len(index))
	}
	x, err := design.FromSparse(cols, start, index, value)
	if err != nil {
		return nil, err
	}

	return &design.Calibration{X: x, Base: base, Q: c.Q}, nil
}

// TrimFactors cuts the factors of calibrated weights to [lower, upper] and multiplies the others by adding the same to each
// factor, so that the sum of the weights stays: what R's calibrate does with its argument trim. Margins are not
// kept, and the result's margin reports say by how much. The variance is that of the cut factors as if they had met the totals.
func TrimFactors(r *Result, lower, upper float64) (*Result, error) {
	if !(lower <= upper) {
		return nil, &InputError{Field: "bounds", Row: -1, Reason: fmt.Sprintf("factors cannot lie between %v and %v", lower, upper)}
	}
	w := slices.Clone(r.Weights)
	cut := make([]bool, len(w))
	var excess, free float64
	n, trimmed := 0, 0

	for i, b := range r.Calibration.Base {
		if b == 0 {
			continue
		}
		n++
		if g := r.G[i]; g < lower || g > upper {
			cut[i] = true
			trimmed++
			w[i] = b * math.Min(math.Max(g, lower), upper)
			excess += r.Weights[i] - w[i]
			continue
		}
		free += b
	}
	if free == 0 {
		return nil, &InputError{Field: "bounds", Row: -1, Reason: "every factor was cut and nothing is left to spread over"}
	}
	for i, b := range r.Calibration.Base {
		if b != 0 && !cut[i] {
			w[i] += b * excess / free
		}
	}

	return r.trimmed(w, float64(trimmed)/float64(n), r.Calibration)
}

// trimmed is the result with other weights.
func (r *Result) trimmed(w []float64, share float64, c *design.Calibration) (*Result, error) {
	base := r.Calibration.Base
	out := &Result{Weights: w, G: factors(base, w), Calibration: c, Diagnostics: Diagnose(r.Diagnostics.Method+", trimmed", base, w)}
	d := &out.Diagnostics
	d.ShareTrimmed = share
	d.Iterations, d.Trace, d.Redundant, d.Condition = r.Diagnostics.Iterations, r.Diagnostics.Trace, r.Diagnostics.Redundant, r.Diagnostics.Condition
	d.Margins = slices.Clone(r.Diagnostics.Margins)
	_, cols := r.Calibration.X.Dims()
	after := make([]float64, cols)

	for i, v := range w {
		index, value := r.Calibration.X.Entries(i)
		for e, j := range index {
			after[j] += v * value[e]
		}
	}
	d.Converged = true

	for j := range d.Margins {
		d.Margins[j].After = after[j]
		d.Margins[j].Residual = relative(after[j], d.Margins[j].Target)
		d.Converged = d.Converged && math.Abs(d.Margins[j].Residual) <= 1e-9
	}
	if !d.Converged {
		d.Notes = append(d.Notes, "trimming moved the weights off the margins")
	}

	return out, nil
}

// TrimRule bounds the weights relative to the mean weight.
type TrimRule struct {
	Lower, Upper float64 // as multiples of the mean weight; Upper 0 means none
	MaxCycles    int     // 0 means 200
}

// TrimRaked rakes, cuts weights to the bounds, and repeats both until the margins are met by
// weights inside the bounds; where that does not settle, raking with factors cut at the bounds
// (Exponential with CalibrateRule.OnWeights) takes over. Bounds that leave no room for the margins are an *InfeasibleError, which
// names the levels that contradict each other and the tightest bounds: the caller widens them or pools levels. The
// variance is that of the calibrated weights; that the bounds were chosen after a look at the weights is not in it.
func TrimRaked(base []float64, margins []Margin, stop RakeRule, rule TrimRule) (*Result, error) {
	prepared, err := ofLabels(base, margins)
	if err != nil {
		return nil, err
	}

	return trimRaked(base, prepared, stop, rule)
}

// TrimRakedCoded is TrimRaked for numbered levels.
func TrimRakedCoded(base []float64, margins []CodedMargin, stop RakeRule, rule TrimRule) (*Result, error) {
	prepared, err := ofCodes(base, margins)
	if err != nil {
		return nil, err
	}

	return trimRaked(base, prepared, stop, rule)
}

func trimRaked(base []float64, margins []levels, stop RakeRule, rule TrimRule) (*Result, error) {
	c := newCells(base, append(slices.Clone(margins), byWeight(base)))
	c.margins = margins
	n := 0

	for _, r := range c.rows {
		n += r
	}
	mean := margins[0].sum() / float64(n)
	bounds := Bounds{Lower: rule.Lower * mean, Upper: rule.Upper * mean}

	if rule.Upper == 0 {
		bounds.Upper = math.Inf(1)
	}
	if !(rule.Lower >= 0 && rule.Lower < 1 && bounds.Upper > mean) {
		return nil, &InputError{Field: "bounds", Row: -1, Reason: fmt.Sprintf("they must lie on both sides of the mean weight, not at %v and %v of it", rule.Lower, rule.Upper)}
	}
	cycles := rule.MaxCycles
	if cycles == 0 {
		cycles = 200
	}
	y := slices.Clone(c.weight)
	cut := make([]bool, len(y))
	var trace []float64

	for range cycles {
		t, ok := c.rake(y, stop)
		trace = append(trace, t[len(t)-1])

		if !ok {
			break
		}
		if !c.clamp(y, cut, bounds) {
			return c.finishTrimmed(base, y, cut, n, trace)
		}
	}

	return c.trimByCalibration(base, bounds, mean, n, y, trace)
}

// byWeight makes the base weight a margin of its own, so that rows of a cell share it.
func byWeight(base []float64) levels {
	l := levels{of: make([]int32, len(base))}
	at := make(map[float64]int32)

	for i, b := range base {
		k, ok := at[b]
		if !ok {
			k = int32(len(at))
			at[b] = k
		}
		l.of[i] = k
	}
	l.names = make([]string, len(at))

	return l
}

// clamp cuts weights to the bounds and reports whether any was outside by more than rounding.
func (c *cells) clamp(y []float64, cut []bool, b Bounds) bool {
	outside := false

	for k, r := range c.rows {
		w := y[k] / float64(r)
		if w < b.Lower*(1-1e-9) || w > b.Upper*(1+1e-9) {
			outside, cut[k] = true, true
			y[k] = math.Min(math.Max(w, b.Lower), b.Upper) * float64(r)
		}
	}

	return outside
}

// trimByCalibration meets margins and bounds in one convex problem, or proves that they contradict each other.
func (c *cells) trimByCalibration(base []float64, bounds Bounds, mean float64, n int, y []float64, trace []float64) (*Result, error) {
	r, err := c.region()
	if err != nil {
		return nil, err
	}
	u := &units{of: c.of, x: r.x, weight: c.weight, rows: c.rows}
	u.low, u.high = make([]float64, len(y)), make([]float64, len(y))
	r.mean = mean
	r.least, r.most = make([]float64, len(y)), make([]float64, len(y))

	for k, rows := range c.rows {
		each := c.weight[k] / float64(rows)
		u.low[k], u.high[k] = bounds.Lower/each, bounds.Upper/each
		r.least[k], r.most[k] = float64(rows), float64(rows)
	}
	solve := &calibration{
		units: u, base: base, totals: r.totals, names: make([]string, len(r.totals)),
		rule: CalibrateRule{Distance: Exponential, Lower: bounds.Lower, Upper: bounds.Upper, OnWeights: true},
	}
	solve.scales()
	rest := solve.iterate()

	if rest == nil {
		cut := make([]bool, len(y))
		for k, g := range solve.g {
			y[k] = c.weight[k] * g
			cut[k] = g <= u.low[k] || g >= u.high[k]
		}
		return c.finishTrimmed(base, y, cut, n, append(trace, solve.trace...))
	}
	off := worst(c.report(y))
	failed := &ConvergenceError{
		Method: "raking with bounds", Iterations: len(trace) + len(solve.trace), Margin: off.Margin, Level: off.Level, Residual: off.Residual,
		Weights: c.spread(base, y),
	}
	if e := r.explain(failed.Method, bounds, true); e != nil {
		e.Failed = failed
		return nil, e
	}
	failed.Reason = "; weights that meet the margins do exist, if only at the very bounds: more cycles or wider bounds may find them"

	return nil, failed
}

func (c *cells) finishTrimmed(base, y []float64, cut []bool, n int, trace []float64) (*Result, error) {
	r, err := c.finish("raking with bounds", base, c.spread(base, y), y, trace)
	if err != nil {
		return nil, err
	}
	trimmed := 0

	for k, is := range cut {
		if is {
			trimmed += c.rows[k]
		}
	}
	r.Diagnostics.ShareTrimmed = float64(trimmed) / float64(n)

	return r, nil
}
