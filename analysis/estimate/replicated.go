package estimate

import (
	"fmt"
	"math"
	"slices"

	"sipas/analysis/design"

	"gonum.org/v1/gonum/mat"
)

// WithReplicates works out any statistics that are functions of the weights and returns them with their values in
// every replicate, from which standard errors, covariances and further functions follow (Wolter 2007, section 1.6).
// f is given the weights of the named column, first the full ones and then those of each replicate; it
// returns the same number of statistics every time, NaN for one that a replicate does not define, and must
// be safe to run on many goroutines. Weights may be negative. The rows behind the statistics are taken to be all that
// have a weight; where f reads a domain only, set Rows and N of the result, for the degrees of freedom.
//
// It is an error when the design has no replicate weights, and when f returns one.
func WithReplicates(d *design.Design, column string, f design.Refit) ([]Stat, error) {
	c, err := d.Column(column)
	if err != nil {
		return nil, err
	}
	if !d.Replicated() {
		return nil, &design.InputError{Field: "replicates", Row: -1, Reason: "the design has none, and a function of the weights has no other variance"}
	}
	w := d.Weights(c)
	full, err := f(w)
	if err != nil {
		return nil, err
	}
	if len(full) == 0 {
		return nil, &design.InputError{Field: "replicates", Row: -1, Reason: "the function returns no statistics"}
	}
	theta, err := d.Refitted(c, f)
	if err != nil {
		return nil, err
	}
	if _, k := theta.Dims(); k != len(full) {
		return nil, &design.InputError{Field: "replicates", Row: -1, Reason: fmt.Sprintf("%d statistics in the replicates and %d with the full weights", k, len(full))}
	}
	var rows []int
	var population float64

	for _, row := range d.Order() {
		if w[row] != 0 {
			rows = append(rows, row)
			population += w[row]
		}
	}
	out := make([]Stat, len(full))

	for j, v := range full {
		out[j] = Stat{Value: v, Rows: rows, N: len(rows), Population: population, EffectiveN: math.NaN(), Replicates: mat.Col(nil, j, theta)}
		if math.IsNaN(v) {
			out[j].Reason = "the statistic is not defined"
		}
	}

	return out, nil
}

// combineReplicates works a function of stats out in every replicate. It is nil when none of the stats that matter carries
// replicates; one that carries none, a constant with no influence, keeps its value.
func combineReplicates(gradient []float64, stats []Stat, at func(x []float64) float64) []float64 {
	n := 0
	for i, s := range stats {
		if gradient[i] != 0 {
			n = max(n, len(s.Replicates))
		}
	}
	if n == 0 {
		return nil
	}
	out := make([]float64, n)
	x := make([]float64, len(stats))

	for r := range out {
		for i, s := range stats {
			x[i] = s.Value
			if len(s.Replicates) == n {
				x[i] = s.Replicates[r]
			}
		}
		out[r] = at(x)
		if math.IsInf(out[r], 0) {
			out[r] = math.NaN()
		}
	}

	return out
}

// variance returns the variance of a stat, and where it is not defined the reason.
func variance(d *design.Design, s Stat) (v float64, reason string, err error) {
	if !d.Replicated() {
		v, err = d.Variance(s.Form)
		return v, "", err
	}
	theta, err := inReplicates(d, s)
	if err != nil {
		return math.NaN(), "", err
	}
	v, reason = replicateVariance(d, theta, s.Value)

	return v, reason, nil
}

// replicateVariance is the variance of one statistic from its values in the replicates.
func replicateVariance(d *design.Design, theta []float64, full float64) (v float64, reason string) {
	p := d.Replicates()
	v = p.Covariance([][]float64{theta}, []float64{full}).At(0, 0)

	if math.IsNaN(v) {
		reason = fmt.Sprintf("it is not defined in %d of %d replicates, and does not vary over the others", p.Undefined(theta), p.Count())
	}

	return v, reason
}

// inReplicates returns a stat's values in the replicates; where it has influence values only, those of its linearization.
func inReplicates(d *design.Design, s Stat) ([]float64, error) {
	n := d.Replicates().Count()
	if s.Replicates != nil {
		if len(s.Replicates) != n {
			return nil, fmt.Errorf("%d values in the replicates of a design that has %d", len(s.Replicates), n)
		}
		return s.Replicates, nil
	}
	theta := make([]float64, n)
	for r := range theta {
		theta[r] = s.Value
	}
	for _, p := range s.Form {
		var full float64
		for _, z := range p.Values {
			full += z
		}
		for r, sum := range d.ReplicateFactors(p.Column).Sums(p.Rows, p.Values) {
			theta[r] += sum - full
		}
	}

	return theta, nil
}

// covariance is the joint covariance of defined stats.
func covariance(d *design.Design, stats []Stat) (*mat.SymDense, error) {
	if !d.Replicated() {
		forms := make([]design.Form, len(stats))
		for i, s := range stats {
			forms[i] = s.Form
		}
		return d.CovarianceOf(forms)
	}
	theta, full := make([][]float64, len(stats)), make([]float64, len(stats))

	for i, s := range stats {
		var err error
		if theta[i], err = inReplicates(d, s); err != nil {
			return nil, err
		}
		full[i] = s.Value
	}

	return d.Replicates().Covariance(theta, full), nil
}

// standardError is the root of a variance; rounding may have left a zero slightly negative.
func standardError(variance float64) float64 {
	if variance < 0 {
		return 0
	}

	return math.Sqrt(variance)
}

// fillReplicated computes all cells from replicate weights.
func (t *Table) fillReplicated(opt Options) {
	t.replicates = make([][]float64, len(t.cells))
	parallel(len(t.domains.Names), func(i int) { t.replicateDomain(i, opt) })
}

// replicateDomain computes the cells of one domain: the sums of which a statistic is made are totalled by the
// units of the factors once, and multiplied by the factors once.
func (t *Table) replicateDomain(domain int, opt Options) {
	var rows []int // of the variable before, whose degrees of freedom may be used again
	var df float64

	for j, v := range t.vars {
		now := t.answers(domain, j)
		if j == 0 || !slices.Equal(now, rows) {
			rows, df = now, t.design.DF(now)
		}
		at := domain*len(t.vars) + j
		t.cells[at], t.replicates[at] = t.replicate(j, rows, df, opt)
		t.cells[at].estimate.Method = v.Kind.String()
	}
}

// replicate computes one cell and its values in the replicates.
func (t *Table) replicate(variable int, rows []int, df float64, opt Options) (cell, []float64) {
	if len(rows) == 0 {
		return undefined(0, "no answers"), nil
	}
	v := t.vars[variable]
	w := t.design.Weights(t.columns[variable])
	top, bottom := make([]float64, len(rows)), make([]float64, len(rows))
	var sum, y, x float64

	for i, row := range rows {
		sum += w[row]
		top[i] = w[row] * v.at(row)
		bottom[i] = w[row]
		if v.Kind == Ratio {
			bottom[i] *= v.Denominator[row]
		}
		y += top[i]
		x += bottom[i]
	}
	if v.Kind == Ratio && x == 0 {
		return undefined(len(rows), "the denominator is zero"), nil
	}
	c := cell{value: y / x, denominator: x}
	factors := t.design.ReplicateFactors(t.columns[variable])
	theta := factors.Sums(rows, top)

	if v.Kind == Total {
		c.value, c.denominator = y, sum
	} else {
		for r, b := range factors.Sums(rows, bottom) {
			if theta[r] /= b; math.IsInf(theta[r], 0) {
				theta[r] = math.NaN()
			}
		}
	}
	value, reason := replicateVariance(t.design, theta, c.value)
	c.unity = simple(t.influenceOf(rows, variable, c), w, sum)
	c = t.finish(v.Kind, c, len(rows), sum, value, df, opt)
	e := &c.estimate

	if v.Kind == Share && opt.ShareInterval == Logit {
		e.Interval, e.Reason = replicateLogit(t.design.Replicates(), theta, e.Value, e.DF, opt.level())
	}
	if reason != "" {
		e.Reason = reason
	}

	return c, theta
}
