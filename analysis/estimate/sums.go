package estimate

import (
	"sipas/analysis"
)

// Sums are what the answers to a variable in a domain add up to, where somebody else has counted them: by groups of rows that share
// their weight, say (design.Grouped).
type Sums struct {
	N       int     // answers
	Weight  float64 // Σw
	Mean    float64 // Σwy/Σw
	Squares float64 // Σw(y−mean)²
}

// OfSums makes the estimate of a mean or share from its sums, its variance and its degrees of freedom: the figure that Compute
// gives for the same rows.
func OfSums(k Kind, s Sums, variance, df float64, opt Options) (analysis.Estimate, error) {
	if err := opt.check(); err != nil {
		return analysis.Estimate{}, err
	}
	t := Table{intervals: newIntervals(opt.level())}
	c := cell{value: s.Mean, denominator: s.Weight, unity: s.Squares / s.Weight / float64(s.N-1)}
	e := t.finish(k, c, s.N, s.Weight, variance, df, opt).estimate
	e.Method = k.String()

	return e, nil
}
