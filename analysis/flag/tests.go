package flag

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// BelowTarget is the one-sided p-value of "the value is at or above its target":
// P(T ≤ (value − target)/se) with df degrees of freedom. With a standard error of
// zero it is 0 or 1. It is NaN where df ≤ 0 or anything is undefined.
func BelowTarget(value, se, df, target float64) float64 { return lower(value-target, se, df) }

// lower is the p-value against "the difference is zero or more".
func lower(difference, se, df float64) float64 {
	switch {
	case math.IsNaN(difference) || !(se >= 0) || !(df > 0):
		return math.NaN()
	case se == 0 && difference < 0:
		return 0
	case se == 0:
		return 1
	}
	t := difference / se

	if math.IsInf(df, 1) {
		return 0.5 * math.Erfc(-t/math.Sqrt2)
	}

	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.CDF(t)
}

// BenjaminiHochberg returns adjusted p-values: the smallest q at which the step-up rule
// rejects each (Benjamini and Hochberg 1995). NaN stays NaN and is not in the family.
func BenjaminiHochberg(p []float64) []float64 {
	return adjust(p, func(order []int, out []float64) {
		m, least := float64(len(order)), 1.0

		for i := len(order) - 1; i >= 0; i-- {
			least = math.Min(least, p[order[i]]*m/float64(i+1))
			out[order[i]] = least
		}
	})
}

// Holm returns p-values adjusted by Holm's step-down rule (1979), which bounds the
// chance of even one false rejection. NaN stays NaN and is not in the family.
func Holm(p []float64) []float64 {
	return adjust(p, func(order []int, out []float64) {
		most := 0.0

		for i, k := range order {
			most = math.Max(most, math.Min(1, p[k]*float64(len(order)-i)))
			out[k] = most
		}
	})
}

func adjust(p []float64, rule func(order []int, out []float64)) []float64 {
	out := make([]float64, len(p))
	var order []int

	for i, x := range p {
		out[i] = math.NaN()
		if !math.IsNaN(x) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	rule(order, out)

	return out
}

// Difference is an estimated difference with the one-sided p-value of "it is zero
// or more".
type Difference struct {
	Value, SE, DF, P float64
	Reason           string // why it is undefined
}

func undefined(reason string) Difference {
	nan := math.NaN()

	return Difference{Value: nan, SE: nan, DF: nan, P: nan, Reason: reason}
}

// Peers compares each estimate with the unweighted mean of the others of its group: d_i = θ_i − mean_j θ_j,
// variance cᵀΣc with the joint covariance of the estimates, df those of the estimate itself. Missing estimates (NaN)
// are nobody's peers. Without a peer the difference is undefined.
func Peers(values []float64, cov mat.Symmetric, df []float64, group []string) []Difference {
	members := make(map[string][]int)

	for i, v := range values {
		if !math.IsNaN(v) {
			members[group[i]] = append(members[group[i]], i)
		}
	}
	out := make([]Difference, len(values))

	for i, v := range values {
		peers := members[group[i]]

		switch {
		case math.IsNaN(v):
			out[i] = undefined("the estimate is not defined")
			continue
		case len(peers) < 2:
			out[i] = undefined("there are no peers")
			continue
		}
		weight := -1 / float64(len(peers)-1)
		at := func(j int) float64 {
			if j == i {
				return 1
			}
			return weight
		}
		d := Difference{DF: df[i]}
		var variance float64

		for _, j := range peers {
			d.Value += at(j) * values[j]
			for _, k := range peers {
				variance += at(j) * at(k) * cov.At(j, k)
			}
		}
		d.SE = math.Sqrt(math.Max(0, variance))
		d.P = lower(d.Value, d.SE, d.DF)
		out[i] = d
	}

	return out
}

// Change tests whether a value has fallen since an earlier wave: d = now − before,
// V(d) = V₁ + V₂ − 2C. The covariance C is zero for independent waves, and then
// df are Satterthwaite's; otherwise they are the smaller of the two.
func Change(now, seNow, dfNow, before, seBefore, dfBefore, covariance float64) Difference {
	if math.IsNaN(now) || math.IsNaN(before) {
		return undefined("one of the waves has no estimate")
	}
	v1, v2 := seNow*seNow, seBefore*seBefore
	d := Difference{Value: now - before, SE: math.Sqrt(math.Max(0, v1+v2-2*covariance)), DF: math.Min(dfNow, dfBefore)}

	if covariance == 0 && v1+v2 > 0 && dfNow > 0 && dfBefore > 0 {
		d.DF = (v1 + v2) * (v1 + v2) / (v1*v1/dfNow + v2*v2/dfBefore)
	}
	d.P = lower(d.Value, d.SE, d.DF)

	return d
}

// PercentileRank is the percentile rank of values[i] among the values that are
// not missing: 100·(number below + half of those equal, itself included)/number. It is for published
// scores, which have no standard error. NaN for a missing value.
func PercentileRank(values []float64, i int) float64 {
	if math.IsNaN(values[i]) {
		return math.NaN()
	}
	var below, equal, n float64

	for _, v := range values {
		switch {
		case math.IsNaN(v):
			continue
		case v < values[i]:
			below++
		case v == values[i]:
			equal++
		}
		n++
	}

	return 100 * (below + equal/2) / n
}
