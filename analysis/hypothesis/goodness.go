package hypothesis

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"sipas/analysis/design"
)

// GoodnessOfFit tests that a factor has given probabilities in the population, one for each of its levels, which are
// scaled to sum to one. With O the estimated counts of the levels, N their sum and E = pN,
//
//	X² = n/N·Σ (O−E)²/E,
//
// and its distribution is that of Σ δ_i χ²_1, where δ are the eigenvalues of n/N times the covariance of (O−E)/√E by the delta
// method at the estimate (R's svygofchisq, whose statistic is X²·N/n with the p-value of Satterthwaite). The statistics F, Chisq,
// Satterthwaite, Lincom and Saddlepoint are offered; the number of levels less one takes the place of m.
//
// A probability that is not above zero is an *InputError. A level without answers counts.
func GoodnessOfFit(d *design.Design, f Factor, probabilities []float64, s Statistic, opt Options) (Test, error) {
	set, err := newSetting(d, opt)
	if err != nil {
		return Test{}, err
	}
	if err := f.check(d.Rows()); err != nil {
		return Test{}, err
	}
	s, err = ParseStatistic(string(s))

	if err != nil {
		return Test{}, err
	}
	if s == LR || s == Wald || s == AdjustedWald {
		return Test{}, &InputError{"statistic", -1, fmt.Sprintf("%s is not offered for goodness of fit", s)}
	}
	p, err := normalized(f, probabilities)

	if err != nil {
		return Test{}, err
	}
	rows := set.use(func(i int) bool { return f.Codes[i] >= 0 })
	out := Test{N: len(rows), DF: set.df(rows), X2: math.NaN()}
	out.Method = method(s, "goodness of fit")

	switch {
	case len(rows) == 0:
		return out.undefined("there are no answers"), nil
	case len(p) < 2:
		return out.undefined("there is a single level"), nil
	}
	group, weights := make([]int32, len(rows)), make([]float64, len(rows))

	for k, i := range rows {
		group[k], weights[k] = f.Codes[i], set.w[i]
	}
	totals := func(w []float64) []float64 {
		o := make([]float64, len(p))
		for k, i := range rows {
			o[group[k]] += w[i]
		}
		return o
	}
	o := totals(set.w)
	v, err := set.covariance(o, func() []design.Form { return set.indicators(rows, group, weights, len(p)) }, totals)

	if err != nil {
		return Test{}, fmt.Errorf("goodness of fit of %s: %w", f.Name, err)
	}
	var n float64
	for _, x := range o {
		n += x
	}
	scale := float64(len(rows)) / n
	j := mat.NewDense(len(p), len(p), nil)
	out.X2 = 0

	for a := range p {
		e := p[a] * n
		out.X2 += scale * (o[a] - e) * (o[a] - e) / e
		for b := range p {
			slope := -p[a] * (1/math.Sqrt(e) + (o[a]-e)/(2*e*math.Sqrt(e)))
			if a == b {
				slope += 1 / math.Sqrt(e)
			}
			j.Set(a, b, slope*math.Sqrt(scale))
		}
	}
	cov := mat.NewSymDense(len(p), nil)
	sandwich(cov, j, v)
	effects := descending(cov)

	// The counts have one restriction at the hypothesis: the last eigenvalue is zero there, and small at the estimate.
	if s == Chisq {
		effects = effects[:len(effects)-1]
	}

	return raoScott(out, s, "goodness of fit", out.X2, math.NaN(), effects)
}

func normalized(f Factor, probabilities []float64) ([]float64, error) {
	if len(probabilities) != len(f.Levels) {
		return nil, &InputError{f.Name, -1, fmt.Sprintf("%d probabilities for %d levels", len(probabilities), len(f.Levels))}
	}
	var sum float64

	for l, v := range probabilities {
		if !(v > 0) || math.IsInf(v, 1) {
			return nil, &InputError{f.Name, -1, fmt.Sprintf("the probability of %s must be above zero, not %v", f.Levels[l], v)}
		}
		sum += v
	}
	p := make([]float64, len(probabilities))

	for l, v := range probabilities {
		p[l] = v / sum
	}

	return p, nil
}
