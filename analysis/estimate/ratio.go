package estimate

import (
	"fmt"
	"math"

	"sipas/analysis/design"
)

// RatioTotal is the ratio estimator of a total: Σ_g X_g·R_g over groups g with a known
// total X_g of the denominator and an estimated ratio R_g = Y_g/X̂_g.
//
// With one group it is the common ratio estimator; with the strata as groups the
// separate one, which is the better the more the ratios differ and the larger
// the strata are (Cochran 1977, sections 6.10 to 6.12). The standard error is that of
// Σ X_g·R_g with all covariances between groups inside, so groups may be of any kind, not strata only.
//
// totals has one number for each domain. A domain without a ratio makes the whole undefined, unless its total is zero.
func RatioTotal(d *design.Design, v Variable, domains Domains, totals []float64) (Stat, error) {
	if v.Kind != Ratio {
		return Stat{}, fmt.Errorf("variable %s: a ratio estimator needs a ratio", v.Name)
	}
	if len(totals) != len(domains.Names) {
		return Stat{}, fmt.Errorf("variable %s: %d totals for %d groups", v.Name, len(totals), len(domains.Names))
	}
	table, err := Compute(d, []Variable{v}, domains, Options{})
	if err != nil {
		return Stat{}, err
	}
	terms := make([]Term, len(totals))

	for i, x := range totals {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return Stat{}, fmt.Errorf("variable %s: the total of %s is %v", v.Name, domains.Names[i], x)
		}
		terms[i] = Term{Coefficient: x, Stat: table.Stat(i, 0)}
	}

	return Linear(0, terms...), nil
}
