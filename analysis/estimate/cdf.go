package estimate

import (
	"fmt"
	"math"

	"sipas/analysis/design"
)

// AtMost returns the variable that is 1 where v is at most x, 0 where it is more, and missing where v is. Its
// share is F(x), the distribution function of v at x.
func AtMost(v Variable, x float64) Variable {
	out := Variable{Name: fmt.Sprintf("%s ≤ %v", v.Name, x), Kind: Share, Column: v.Column, Values: make([]float64, len(v.Values))}

	for i, y := range v.Values {
		switch {
		case math.IsNaN(y):
			out.Values[i] = math.NaN()
		case y <= x:
			out.Values[i] = 1
		}
	}

	return out
}

// CDF estimates the distribution function of a variable at some points in every domain:
// the shares of AtMost, one variable of the table for each point, with their errors
// and intervals. EmpiricalDistribution has the whole step function without them.
func CDF(d *design.Design, v Variable, points []float64, domains Domains, opt Options) (*Table, error) {
	vars := make([]Variable, len(points))

	for i, x := range points {
		if math.IsNaN(x) {
			return nil, fmt.Errorf("distribution of %s: point %d is not a number", v.Name, i)
		}
		vars[i] = AtMost(v, x)
	}

	return Compute(d, vars, domains, opt)
}
