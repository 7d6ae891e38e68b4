package estimate

import (
	"math"
	"sync"

	"sipas/analysis"
)

// The names of the intervals that Bounded makes.
const (
	IntervalT            = "t"
	IntervalLogitBounds  = "t on the logit scale of the bounds"
	IntervalBetaOfBounds = "beta on the bounds"
)

// Student computes intervals and keeps the quantiles of Student's distribution that it needed: thousands of
// figures share a few hundred degrees of freedom, and each quantile takes as long as a figure. It belongs to one
// computation, is ready to use as its zero value, and may be used by many goroutines.
type Student struct{ known sync.Map }

// Quantile returns the quantile of Student's distribution with df degrees of freedom; infinite df are the normal distribution.
func (q *Student) Quantile(p, df float64) float64 {
	key := [2]float64{p, df}
	if v, ok := q.known.Load(key); ok {
		return v.(float64)
	}
	v := quantileT(p, df)
	q.known.Store(key, v)

	return v
}

// Bounded returns the interval of a mean or a composite that can only lie within [low, high]: value ± t·se where that
// stays inside, and otherwise the same on the logit scale of the bounds, so that no end is cut off silently.
// Bounds that are equal or infinite bound nothing.
//
// Edge cases. When all answers agree the standard error is zero and says nothing: the interval is then the Korn-Graubard
// one of a share of the same position and number of answers, which no bounded answer can vary more than. Without
// degrees of freedom or standard error the interval is NaN, and the reason says why.
func (q *Student) Bounded(value, se float64, n int, df, level, low, high float64) (analysis.Interval, string) {
	out := analysis.Interval{Low: math.NaN(), High: math.NaN(), Level: level, Method: IntervalT}
	switch {
	case math.IsNaN(value) || math.IsNaN(se):
		return out, "the standard error is not defined"
	case !(df > 0):
		return out, "no degrees of freedom"
	}
	width := high - low

	if se > 0 {
		half := q.Quantile((1+level)/2, df) * se
		out.Low, out.High = value-half, value+half
		if !(width > 0) || out.Low >= low && out.High <= high {
			return out, ""
		}
	}
	if !(width > 0) || math.IsInf(width, 1) {
		return out, "the bounds are not known"
	}
	position := math.Min(1, math.Max(0, (value-low)/width))
	method, name := XLogit, IntervalLogitBounds

	if se == 0 || position == 0 || position == 1 {
		method, name = Beta, IntervalBetaOfBounds
	}
	share, reason := Proportion(method, position, se/width, n, df, level)
	out.Low, out.High, out.Method = low+width*share.Low, low+width*share.High, name

	return out, reason
}
