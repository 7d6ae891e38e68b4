package report

import (
	"sipas/analysis"
	"sipas/analysis/estimate"
	"sipas/survey"
)

// The names of intervals that this package makes; those of shares come from the wave's rules.
const (
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

// exact is the interval of a number without error.
func exact(value, level float64, method string) analysis.Interval {
	return analysis.Interval{Low: value, High: value, Level: level, Method: method}
}
