package report

import (
	"math"
	"sync"

	"sipas/analysis"
	"sipas/analysis/estimate"
	"sipas/survey"

	"gonum.org/v1/gonum/stat/distuv"
)

// The names of intervals that this package makes; those of shares come from the wave's rules.
const (
	intervalT      = "t"
	intervalXLogit = "t on the logit scale of the bounds"
	intervalBeta   = "beta on the bounds"
	intervalCensus = "census"
	intervalGiven  = "given"
)

// shareInterval is the method of shares that the wave's rules name.
func shareInterval(r survey.Rules) estimate.Method {
	if r.Interval == "mean" {
		return estimate.T
	}
	return estimate.Method(r.Interval)
}

// bounded returns the interval of a mean or a composite that can only lie within bounds: value ± t·se where that stays
// inside, and otherwise the same on the logit scale of the bounds, so that no end is cut off silently. When all answers
// agree the standard error is zero and says nothing: the interval is then the one of a share of the same
// position and number of answers, which no bounded answer can vary more than.
func (q *studentCache) bounded(value, se float64, n int, df, level float64, b survey.Bounds) (analysis.Interval, string) {
	out := analysis.Interval{Low: math.NaN(), High: math.NaN(), Level: level, Method: intervalT}
	switch {
	case math.IsNaN(value) || math.IsNaN(se):
		return out, "the standard error is not defined"
	case !(df > 0):
		return out, "no degrees of freedom"
	}
	width := b.Max - b.Min
	if se > 0 {
		half := q.of((1+level)/2, df) * se
		out.Low, out.High = value-half, value+half
		if !(width > 0) || out.Low >= b.Min && out.High <= b.Max {
			return out, ""
		}
	}
	if !(width > 0) || math.IsInf(width, 1) {
		return out, "the bounds are not known"
	}
	position := math.Min(1, math.Max(0, (value-b.Min)/width))
	method, name := estimate.XLogit, intervalXLogit
	if se == 0 || position == 0 || position == 1 {
		method, name = estimate.Beta, intervalBeta
	}
	share, reason := estimate.Proportion(method, position, se/width, n, df, level)
	out.Low, out.High, out.Method = b.Min+width*share.Low, b.Min+width*share.High, name
	return out, reason
}

// studentCache keeps quantiles of Student's distribution that were computed before: thousands of figures share a few
// hundred degrees of freedom, and each quantile takes as long as a figure.
// It belongs to one computation.
type studentCache struct{ known sync.Map }

func (q *studentCache) of(p, df float64) float64 {
	key := [2]float64{p, df}
	if v, ok := q.known.Load(key); ok {
		return v.(float64)
	}
	v := distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(p)
	q.known.Store(key, v)
	return v
}

// exact is the interval of a number without error.
func exact(value, level float64, method string) analysis.Interval {
	return analysis.Interval{Low: value, High: value, Level: level, Method: method}
}
