package estimate

import (
	"math"

	"sipas/analysis"
	"sipas/analysis/design"
)

// Against names what a design effect compares with.
type Against string

const (
	// WithReplacement compares with a simple random sample drawn with replacement: V/(s²/n).
	WithReplacement Against = "wr"
	// WithoutReplacement compares with one drawn without: V/(s²/n·(1 − n/Σw)). The weights must
	// sum to a population count.
	WithoutReplacement Against = "wor"
)

// DesignEffect is a design effect that says what it compares with. Value is NaN where it is not defined, with the Reason.
type DesignEffect struct {
	Value   float64
	Against Against
	Reason  string
}

// DesignEffect returns the design effect of an estimate, by the positions of its domain and
// variable. Without replacement it is refused where Σw ≤ n, rather than nonsense
// from weights that were scaled to the sample.
func (t *Table) DesignEffect(domain, variable int, against Against) DesignEffect {
	out := DesignEffect{Value: t.Estimate(domain, variable).DesignEffect, Against: against}
	if against == WithoutReplacement {
		out.Value = t.DesignEffectWithoutReplacement(domain, variable)
	}
	e := t.Estimate(domain, variable)

	switch {
	case !math.IsNaN(out.Value):
	case !e.Defined():
		out.Reason = e.Reason
	case against == WithoutReplacement && !(e.Population > float64(e.N)):
		out.Reason = "the weights do not sum to a population count"
	default:
		out.Reason = "the answers do not vary"
	}

	return out
}

// CV returns the coefficient of variation of an estimate, se/|value|; NaN where the value is zero or not defined.
func CV(e analysis.Estimate) float64 {
	if e.Value == 0 {
		return math.NaN()
	}

	return e.SE / math.Abs(e.Value)
}

// simple is the variance that the estimate would have under simple random
// sampling with replacement of as many answers: s²/n for a mean, with
// s² = n/(n−1)·Σw(y−ȳ)²/Σw, and the same on the linearized variable for totals and ratios.
// (Kish 1965; Lumley 2010, section 2.4.)
func simple(p design.Part, w []float64, sum float64) float64 {
	n := float64(len(p.Rows))
	if n < 2 {
		return math.NaN()
	}
	// With u = z·Σw/w the statistic behaves as the mean of u, whose weighted mean
	// is zero for means and ratios and the total itself for a total.
	var mean, squares float64

	for i := range p.Rows {
		mean += p.Values[i]
	}
	for i, row := range p.Rows {
		u := p.Values[i]*sum/w[row] - mean
		squares += w[row] * u * u
	}

	return squares / sum / (n - 1)
}

// finiteCorrection is 1 − n/Σw where the weights sum to a population count.
func finiteCorrection(n int, sum float64) float64 {
	if sum <= float64(n) {
		return math.NaN()
	}

	return 1 - float64(n)/sum
}

// effective returns the design effect against sampling with replacement and the
// effective number of answers, n over the effect, at most n. Without spread in
// the answers both are undefined.
func effective(variance, simple float64, n int) (deff, effectiveN float64) {
	if !(simple > 0) {
		return math.NaN(), math.NaN()
	}
	deff = math.Max(0, variance) / simple

	return deff, math.Min(float64(n), float64(n)/deff)
}

// Kish returns Kish's design effect of weights alone, n·Σw²/(Σw)² = 1 + CV²(w),
// over the weights that are not zero, and the effective number n over it.
// It is NaN when there are none (Kish 1992).
func Kish(weights []float64) (deff, effectiveN float64) {
	var n, sum, squares float64

	for _, w := range weights {
		if w == 0 {
			continue
		}
		n++
		sum += w
		squares += w * w
	}
	deff = n * squares / (sum * sum)

	return deff, n / deff
}
