package design

import (
	"math"
)

// PrimaryUnits returns the primary unit of every row, numbered from zero, stratum by stratum in the design's order. It must
// not be modified.
func (d *Design) PrimaryUnits() []int32 { return d.levels[0].unit }

// TotalsSuffice reports whether the variance of whatever comes through a weight column follows from its totals by primary
// unit alone, so that a caller may sum those up as it likes and leave the rest to VariancesOfTotals. They do not suffice where
// the weights are calibrated, the column has a second phase that counts, a later stage has a variance of its own, units have
// unequal probabilities, a lonely unit is centered elsewhere than at its stratum's mean, or variances come from replicates.
func (d *Design) TotalsSuffice(column int) bool {
	c := &d.columns[column]

	if d.adjusted || d.domainLonely || d.replicates != nil || c.gram != nil || c.phase != nil {
		return false
	}
	for l := range d.levels {
		lv := &d.levels[l]
		if lv.joint != nil {
			return false
		}
		for g := range lv.strata {
			st := &lv.strata[g]
			if st.pps || l == 0 && c.Chance != nil && st.f != 0 || l > 0 && st.scale != 0 {
				return false
			}
		}
	}

	return true
}

// VariancesOfTotals returns the variances of several sums from their totals by primary unit, by the first term of the
// package's formula, and the degrees of freedom of the units that each of them touches: their number less that of their
// strata. Entry i is the total of sum form[i] in unit[i]. Units ascend, and a sum has at most one entry for each unit; what
// has no entry, or a NaN, is a unit that the sum does not touch. The answer is that of Variance where TotalsSuffice.
func (d *Design) VariancesOfTotals(unit, form []int32, total []float64, forms int) (variance, df []float64) {
	lv := &d.levels[0]
	variance, df = make([]float64, forms), make([]float64, forms)
	sum, units := make([]float64, forms), make([]int, forms) // of the stratum at work
	centered := make([]float64, forms)
	var touched []int32

	for i := 0; i < len(unit); {
		g := lv.stratum[unit[i]]
		from := i

		for ; i < len(unit) && lv.stratum[unit[i]] == g; i++ {
			t, f := total[i], form[i]
			if math.IsNaN(t) {
				continue
			}
			if units[f] == 0 {
				touched = append(touched, f)
			}
			sum[f] += t
			units[f]++
		}
		n := float64(lv.strata[g].n)

		for _, f := range touched {
			sum[f] /= n
		}
		for k, t := range total[from:i] {
			if f := form[from+k]; !math.IsNaN(t) {
				centered[f] += (t - sum[f]) * (t - sum[f])
			}
		}
		for _, f := range touched {
			// A stratum with a factor of zero contributes nothing, whatever its totals.
			if scale := lv.strata[g].scale; scale != 0 {
				variance[f] += scale * (centered[f] + (n-float64(units[f]))*sum[f]*sum[f])
			}
			df[f] += float64(units[f] - 1)
			sum[f], units[f], centered[f] = 0, 0, 0
		}
		touched = touched[:0]
	}

	return variance, df
}
