package estimate

import (
	"fmt"
	"math"
	"sort"
)

// Rule names a definition of the quantile of weighted values. With the values in
// ascending order, C_k the sum of the first k weights and C_n that of all of them:
//
//	hf1  the smallest x with F(x) ≥ p: the inverse of the distribution function ("math" in R)
//	hf2  as hf1, but the middle of two values where C_k = p·C_n exactly ("school" in R)
//	hf3  as hf1 over the distinct values; where C_k = p·C_n exactly, the k-th when k is even and the next when it is odd
//	hf4  interpolates x over C_k / C_n
//	hf5  interpolates x over (C_k − w_k/2) / C_n
//	hf6  interpolates x over C_k / (C_n + w_n)
//	hf7  interpolates x over C_{k−1} / C_{n−1}
//	hf8  interpolates x over (⅓C_{k−1} + ⅔C_k) / (C_n + w_n/3)
//	hf9  interpolates x over (⅜C_{k−1} + ⅝C_k) / (C_n + w_n/4)
//
// With equal weights these are the nine definitions of Hyndman and Fan (1996) with the exception of hf3, which is R's
// generalization: theirs is the order statistic nearest to n·p. Below the first and above the
// last of its points an interpolating rule keeps to the smallest and the largest value.
//
// Ties. Whether C_k = p·C_n is decided with a tolerance of 1e-12 on the scale of
// probabilities, for with equal weights rounding would decide it otherwise. Where equal values
// have different weights, hf4 to hf9 depend on which of them comes first: the earlier row as in R, so that another
// order of the rows gives another value between the same two answers, or the smaller weight (QuantileOptions.TiesByWeight).
// hf1 to hf3 never depend on it.
type Rule string

// The rules that are offered.
const (
	HF1 Rule = "hf1"
	HF2 Rule = "hf2"
	HF3 Rule = "hf3"
	HF4 Rule = "hf4"
	HF5 Rule = "hf5"
	HF6 Rule = "hf6"
	HF7 Rule = "hf7"
	HF8 Rule = "hf8"
	HF9 Rule = "hf9"
)

// ParseRule reads a rule's name: hf1 to hf9, "math" for hf1, "school" for hf2.
func ParseRule(name string) (Rule, error) {
	switch r := Rule(name); r {
	case "math":
		return HF1, nil
	case "school":
		return HF2, nil
	case HF1, HF2, HF3, HF4, HF5, HF6, HF7, HF8, HF9:
		return r, nil
	}

	return "", fmt.Errorf("there is no quantile rule named %q; there are hf1 to hf9, math and school", name)
}

// interpolates reports whether the rule gives values between those that were observed, other than hf2's middle.
func (r Rule) interpolates() bool { return r >= HF4 && r <= HF9 }

// tieTolerance is what probabilities may differ by and still be equal.
const tieTolerance = 1e-12

// Distribution is the weighted empirical distribution function of the answers to
// one variable in one domain. It is immutable.
type Distribution struct {
	values     []float64 // ascending
	weights    []float64
	cumulative []float64 // of the weights
}

// newDistribution takes values in ascending order with weights above zero.
func newDistribution(values, weights []float64) *Distribution {
	f := &Distribution{values: values, weights: weights, cumulative: make([]float64, len(values))}
	var sum, lost float64 // compensated: ties are decided to 1e-12 however many rows there are

	for k, w := range weights {
		y := w - lost
		next := sum + y
		lost = (next - sum) - y
		sum = next
		f.cumulative[k] = sum
	}

	return f
}

// N returns the number of answers.
func (f *Distribution) N() int { return len(f.values) }

// Total returns the sum of the weights.
func (f *Distribution) Total() float64 {
	if len(f.values) == 0 {
		return 0
	}

	return f.cumulative[len(f.cumulative)-1]
}

// through returns the number of answers that are at most x.
func (f *Distribution) through(x float64) int {
	return sort.Search(len(f.values), func(k int) bool { return f.values[k] > x })
}

// At returns F(x), the weighted share of answers that are at most x. It is NaN without answers.
func (f *Distribution) At(x float64) float64 {
	k := f.through(x)
	if k == 0 {
		return 0 / f.Total()
	}

	return f.cumulative[k-1] / f.Total()
}

// Steps returns the distinct values and F at each of them.
func (f *Distribution) Steps() (x, share []float64) {
	for k, v := range f.values {
		if k+1 < len(f.values) && f.values[k+1] == v {
			continue
		}
		x = append(x, v)
		share = append(share, f.cumulative[k]/f.Total())
	}

	return x, share
}

// Quantile returns the quantile at probability p in [0, 1] by a rule. It is NaN without answers.
func (f *Distribution) Quantile(p float64, rule Rule) float64 {
	switch n := len(f.values); {
	case n == 0:
		return math.NaN()
	case n == 1:
		return f.values[0]
	case !rule.interpolates():
		return f.step(p, rule)
	}
	total, last := f.Total(), f.weights[len(f.weights)-1]
	before := func(k int) float64 {
		if k == 0 {
			return 0
		}
		return f.cumulative[k-1]
	}

	switch rule {
	case HF5:
		return f.interpolate(p, func(k int) float64 { return (f.cumulative[k] - f.weights[k]/2) / total })
	case HF6:
		return f.interpolate(p, func(k int) float64 { return f.cumulative[k] / (total + last) })
	case HF7:
		return f.interpolate(p, func(k int) float64 { return before(k) / before(len(f.values)-1) })
	case HF8:
		return f.interpolate(p, func(k int) float64 { return (before(k) + 2*f.cumulative[k]) / (3*total + last) })
	case HF9:
		return f.interpolate(p, func(k int) float64 { return (3*before(k) + 5*f.cumulative[k]) / (8*total + 2*last) })
	}

	return f.interpolate(p, func(k int) float64 { return f.cumulative[k] / total })
}

// step is the quantile by a rule that does not interpolate.
func (f *Distribution) step(p float64, rule Rule) float64 {
	n, total := len(f.values), f.Total()
	k := sort.Search(n, func(k int) bool { return f.cumulative[k]/total > p+tieTolerance }) // so many are at most p
	above := f.values[min(k, n-1)]

	if k == 0 || f.cumulative[k-1]/total < p-tieTolerance {
		return above
	}
	below := f.values[k-1]

	switch rule {
	case HF2:
		return below + (above-below)/2
	case HF3:
		if below != above && f.distinct(k)%2 == 1 {
			return above
		}
	}

	return below
}

// distinct returns how many distinct values the first k answers have.
func (f *Distribution) distinct(k int) int {
	n := 1
	for i := 1; i < k; i++ {
		if f.values[i] != f.values[i-1] {
			n++
		}
	}

	return n
}

// interpolate returns the value at p on the line through the points (at(k), value k), at being ascending.
func (f *Distribution) interpolate(p float64, at func(k int) float64) float64 {
	n := len(f.values)
	k := sort.Search(n, func(k int) bool { return at(k) > p+tieTolerance })

	switch {
	case k == 0:
		return f.values[0]
	case k == n, f.values[k] == f.values[k-1]:
		return f.values[k-1]
	}
	low, high := at(k-1), at(k)

	if low >= p-tieTolerance {
		return f.values[k-1] // so that the value itself counts as at most the quantile
	}

	return f.values[k-1] + (f.values[k]-f.values[k-1])*((p-low)/(high-low))
}
