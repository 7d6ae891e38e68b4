package weight

import (
	"math"
	"slices"

	"sipas/analysis/design"
)

// region is what weights can reach: distinct rows of the sample and known totals.
type region struct {
	x      *design.Matrix // of the units
	weight []float64      // Σ of base weights of each unit
	least  []float64      // what a lower bound multiplies: the same, or the number of rows when the weights themselves are bounded
	most   []float64      // what an upper bound multiplies
	totals []float64
	scale  []float64 // of each total
	mean   float64   // the mean weight, when the weights are bounded; one for factors; zero when no bounds are symmetric
	name   func(j int) (margin, level string)
}

// programme asks for the totals at the given columns with the given bounds.
func (r *region) programme(columns []int, bounds Bounds) *programme {
	local := make([]int32, len(r.totals))
	for j := range local {
		local[j] = -1
	}
	for k, j := range columns {
		local[j] = int32(k)
	}
	units := len(r.weight)
	p := &programme{
		rows: len(columns), start: make([]int, 1, units+1), b: make([]float64, len(columns)),
		low: make([]float64, units), high: make([]float64, units),
	}
	var sum float64

	for _, w := range r.weight {
		sum += w
	}
	for k, j := range columns {
		p.b[k] = r.totals[j] / r.scale[j]
	}
	for c := range units {
		index, value := r.x.Entries(c)
		for e, j := range index {
			if k := local[j]; k >= 0 {
				p.index = append(p.index, k)
				p.value = append(p.value, value[e]*sum/r.scale[j])
			}
		}
		p.start = append(p.start, len(p.index))
		p.low[c], p.high[c] = times(r.least[c]/sum, bounds.Lower), times(r.most[c]/sum, bounds.Upper)
	}

	return p
}

// times keeps zero bounds zero and infinite ones infinite.
func times(size, bound float64) float64 {
	if bound == 0 {
		return 0
	}

	return size * bound
}

// without returns the columns less the one at k.
func without(columns []int, k int) []int {
	out := make([]int, 0, len(columns)-1)
	out = append(out, columns[:k]...)

	return append(out, columns[k+1:]...)
}

// contradiction returns an irreducible set of columns that cannot be met together within the
// bounds, or nothing when all can. It starts from the columns of the certificate.
func (r *region) contradiction(bounds Bounds) (set []int, v verdict) {
	all := make([]int, len(r.totals))
	for j := range all {
		all[j] = j
	}
	v, ray := r.programme(all, bounds).solve()

	if v != impossible {
		return nil, v
	}
	set = r.irreducible(support(all, ray), bounds)

	// There may be many irreducible sets, and a small one says more. Another start may find it.
	if len(set) > 2 && len(r.weight) <= manyUnits {
		slices.Reverse(all)
		if other := r.irreducible(all, bounds); len(other) < len(set) {
			set = other
		}
	}
	slices.Sort(set)

	return set, impossible
}

// manyUnits are as many as make a second search for a small set too slow.
const manyUnits = 20000

// irreducible leaves out one column after the other, and keeps it out when the rest is still impossible.
func (r *region) irreducible(set []int, bounds Bounds) []int {
	for k := 0; k < len(set) && len(set) > 1; {
		rest := without(set, k)
		v, ray := r.programme(rest, bounds).solve()

		if v != impossible {
			k++
			continue
		}
		// The new certificate may leave out more. Columns before k are needed in every subset, so they stay.
		set = support(rest, ray)
	}

	return set
}

func support(columns []int, ray []float64) []int {
	var out []int

	for k, j := range columns {
		if ray[k] != 0 {
			out = append(out, j)
		}
	}

	return out
}

// widening is a family of bounds (from + t·by), wider with every t ≥ 0.
type widening struct{ from, by Bounds }

func (w widening) at(t float64) Bounds {
	return Bounds{Lower: along(w.from.Lower, w.by.Lower, t), Upper: along(w.from.Upper, w.by.Upper, t)}
}

// along keeps an infinite end where it is.
func along(from, by, t float64) float64 {
	if by == 0 {
		return from
	}

	return from + t*by
}

// tightest returns the narrowest bounds of the family with which all totals can be met; false
// when none can. A certificate of impossibility at t tells how far t must go at least for that
// certificate to fail; going there and asking again is Newton's method on a piecewise linear
// convex function, and ends after a few programmes.
func (r *region) tightest(w widening) (Bounds, bool) {
	all := make([]int, len(r.totals))
	for j := range all {
		all[j] = j
	}
	t := 0.0

	for range 100 {
		p := r.programme(all, w.at(t))
		v, ray := p.solve()

		if v == undecided {
			return Bounds{}, false
		}
		if v == possible {
			return w.at(t), true
		}
		most, _ := p.reach(ray)
		gain, _ := r.programme(all, w.by).reach(ray)
		gap := -most

		for k, v := range ray {
			gap += v * p.b[k]
		}
		if !(gain > 1e-12*math.Abs(gap)) {
			return Bounds{}, false
		}
		t += gap / gain
	}

	return Bounds{}, false
}

// explain proves that the totals cannot be met and says why; nil when they can be, or when
// that could not be decided.
func (r *region) explain(method string, bounds Bounds, bounded bool) *InfeasibleError {
	set, v := r.contradiction(bounds)
	if v != impossible {
		return nil
	}
	e := &InfeasibleError{Method: method, Asked: bounds}
	e.Set = r.describe(set, bounds)

	if !bounded {
		return e
	}
	keep := func(w widening) *Bounds {
		if b, ok := r.tightest(w); ok {
			return &b
		}
		return nil
	}
	if !math.IsInf(bounds.Upper, 1) {
		e.Raise = keep(widening{from: bounds, by: Bounds{Upper: 1}})
	}
	if !math.IsInf(bounds.Lower, -1) {
		e.Drop = keep(widening{from: bounds, by: Bounds{Lower: -1}})
	}
	if r.mean > 0 {
		e.Symmetric = keep(widening{from: Bounds{r.mean, r.mean}, by: Bounds{-r.mean, r.mean}})
	}

	return e
}

// describe names totals, and what each of them alone could be within the bounds.
func (r *region) describe(set []int, bounds Bounds) []Total {
	var out []Total

	for _, j := range set {
		margin, level := r.name(j)
		p := r.programme([]int{j}, bounds)
		high, _ := p.reach([]float64{1})
		low, _ := p.reach([]float64{-1})
		out = append(out, Total{Margin: margin, Level: level, Value: r.totals[j], Low: -low * r.scale[j], High: high * r.scale[j]})
	}

	return out
}
