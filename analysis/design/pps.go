package design

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// PPSMethod says what stands for the joint probabilities π_ij of two units of a sample drawn with unequal probabilities
// without replacement. With Δ_ij = 1 − π_iπ_j/π_ij, the weighted covariance of their selection, the methods are, for i ≠ j of
// the same stratum with n units,
//
//	Overton      Δ_ij = −(1 − (π_i+π_j)/2)/(n−1)
//	Hartley-Rao  Δ_ij = −(1 − π_i − π_j + P)/(n−1), P = Σπ²/n over the stratum's population
//
// and zero between strata (Overton 1985; Hartley and Rao 1962). Brewer's estimator needs none (Brewer 2002):
//
//	V = n/(n−1) Σ_i (1−π_i)(t_i − t̄)(t_i − t̄)ᵀ
//
// A unit with π = 1 has Δ_ij = 0 with every other: it contributes nothing and counts neither in n nor in t̄.
type PPSMethod uint8

const (
	// PPSBrewer is Brewer's estimator, which is never negative; Estimator has no bearing on it.
	PPSBrewer PPSMethod = iota
	// PPSOverton is Overton's approximation of the joint probabilities.
	PPSOverton
	// PPSHartleyRao is the truncated approximation of Hartley and Rao, for ordered systematic selection.
	PPSHartleyRao
	// PPSJoint takes the joint probabilities as given.
	PPSJoint
)

// PPSEstimator is the form of the variance. The two are different estimates of the same thing, both without bias when the
// sample size is fixed and the joint probabilities are exact.
type PPSEstimator uint8

const (
	// HorvitzThompson is Σ_ij Δ_ij t_i t_j; also for samples of random size. It may be negative.
	HorvitzThompson PPSEstimator = iota
	// YatesGrundy is −½ Σ_ij Δ_ij (t_i − t_j)², for samples of fixed size; not negative when no Δ_ij (i ≠ j) is positive
	// (Yates and Grundy 1953; Sen 1953).
	YatesGrundy
)

// PPS is selection with unequal probabilities without replacement. The probabilities are the stage's Fraction.
type PPS struct {
	Method    PPSMethod
	Estimator PPSEstimator
	// SumSquares is P of Hartley and Rao for the stratum of each row; nil estimates it by the mean probability of
	// the stratum's sample.
	SumSquares []float64
	// Joint holds the probabilities π_ij for PPSJoint, π_i in the diagonal: square, one row for each unit of the stage. Pairs of
	// units inside different units of the stage before are not read. The stage's Fraction may then be left out.
	Joint mat.Matrix
	// Index is the row of Joint of each row's unit. Nil means that units are numbered as they first appear in the rows, so that
	// rows which are units themselves need no index.
	Index []int
	// Tolerance is under which |Δ_ij| counts as zero. Zero, the default, keeps all; R's ppsmat has 1e-4.
	Tolerance float64
}

// consistent is how close the diagonal of joint probabilities must come to the probabilities given beside them: files carry
// seven digits.
const consistent = 1e-6

func (p *PPS) check(s Stage, field string, n int) error {
	fail := func(reason string) error { return &InputError{Field: field, Row: -1, Reason: reason} }

	switch {
	case p.Method > PPSJoint || p.Estimator > YatesGrundy:
		return fail("there is no such method of unequal probabilities")
	case s.Population != nil:
		return fail("unequal probabilities are given as fractions, not as population sizes")
	case p.Method == PPSJoint && p.Joint == nil:
		return fail("there are no joint probabilities")
	case p.Method != PPSJoint && p.Joint != nil:
		return fail("joint probabilities are given, but the method does not use them")
	case p.Method != PPSJoint && s.Fraction == nil:
		return fail("selection with unequal probabilities needs the probability of each unit as its fraction")
	case p.SumSquares != nil && len(p.SumSquares) != n:
		return fail(fmt.Sprintf("%d sums of squares for %d rows", len(p.SumSquares), n))
	case p.Index != nil && len(p.Index) != n:
		return fail(fmt.Sprintf("%d indices of joint probabilities for %d rows", len(p.Index), n))
	case !(p.Tolerance >= 0):
		return fail(fmt.Sprintf("a tolerance must not be negative, not %v", p.Tolerance))
	}

	return nil
}

// probabilities sets the units' fractions of a stratum, and counts those that are no certainty.
func (b *builder) probabilities(lv *level, g int) {
	st := &lv.strata[g]
	pps, given := b.stages[b.stage].PPS, b.stages[b.stage].Fraction
	st.counted = 0
	st.given = 0
	var sum float64

	for u := st.unit; u < st.unit+st.n; u++ {
		row := b.d.order[lv.first[u]]
		if given == nil {
			continue // the diagonal of the joint probabilities will tell
		}
		p := given[row]
		if certain(p) || p > 1 {
			p = 1
		}
		lv.fraction[u] = p
		if p == 1 {
			continue
		}
		st.counted++
		sum += p
	}
	st.f = 1
	if st.counted == 0 {
		return
	}
	st.f = sum / float64(st.counted)
	st.given = st.f

	// What is said of the whole stratum contains its certainties, each with the square one.
	if pps.SumSquares != nil {
		all := pps.SumSquares[b.d.order[lv.first[st.unit]]] * float64(st.n)
		st.given = (all - float64(st.n-st.counted)) / float64(st.counted)
	}
}

// checkSquares refuses sums of squares which are none, or which differ within the stratum of a row.
func (b *builder) checkSquares(lv *level) error {
	squares := b.stages[b.stage].PPS.SumSquares

	for row, v := range squares {
		first := lv.strata[lv.stratum[lv.unit[row]]].row
		if !(v >= 0) || math.IsInf(v, 1) {
			return &ProbabilityError{Stage: b.stage + 1, Row: row, Other: -1, Reason: fmt.Sprintf("a sum of squared probabilities must not be negative, not %v", v)}
		}
		if v != squares[first] {
			return &ProbabilityError{Stage: b.stage + 1, Row: row, Other: first, Reason: "the sum of squared probabilities differs within the stratum"}
		}
	}

	return nil
}

// unequal works out the weights of a stratum's units under its approximation. Every one of them has, off the diagonal,
// Δ_ij = b_i + b_j + k, so that the form of Yates and Grundy is a sum of weighted squares about the mean and that of Horvitz and
// Thompson adds weighted squares about zero.
func (b *builder) unequal(lv *level, g int) {
	st := &lv.strata[g]
	pps := b.stages[b.stage].PPS

	if lv.center == nil {
		lv.center = make([]float64, len(lv.stratum))
		lv.extra = make([]float64, len(lv.stratum))
	}
	if st.counted < 2 || st.above == 0 {
		return
	}
	n := float64(st.counted)
	mean := lv.meanFraction(st)
	st.scale = 1

	for u := st.unit; u < st.unit+st.n; u++ {
		p := lv.fraction[u]
		if p == 1 {
			continue
		}
		var center, extra float64

		switch pps.Method {
		case PPSBrewer:
			center = (1 - p) * n / (n - 1)
		case PPSOverton:
			center = (1 - (p+mean)/2) * n / (n - 1)
			extra = (mean - p) / 2 * n / (n - 1)
		case PPSHartleyRao:
			center = (1 + st.given - p - mean) * n / (n - 1)
			extra = (n*mean-p)/(n-1) - st.given
		}
		if pps.Estimator == YatesGrundy || pps.Method == PPSBrewer {
			extra = 0
		}
		lv.center[u] = st.above * center
		lv.extra[u] = st.above * extra
		st.total += lv.center[u]
	}
}

// meanFraction is the mean probability of a stratum's units that are no certainty.
func (lv *level) meanFraction(st *stratum) float64 {
	var sum float64
	for u := st.unit; u < st.unit+st.n; u++ {
		if lv.fraction[u] != 1 {
			sum += lv.fraction[u]
		}
	}

	return sum / float64(st.counted)
}

// sure reports whether a unit of a PPS stratum was taken with certainty, and so counts in no sum.
func (lv *level) sure(u int) bool { return lv.center != nil && lv.fraction[u] == 1 }

// joint holds the symmetric matrix M of the form tᵀMt, with the fractions above inside, in blocks of the units of the level above.
type joint struct {
	blocks []block
}

type block struct {
	first    int // its first unit
	n        int
	m        []float64 // n×n
	centered bool      // rows of m sum to zero, so the mean may be taken off t first
}

// joint works out the form from joint probabilities, and the units' fractions where the stage gives none.
func (b *builder) joint(lv *level) (*joint, error) {
	stage := &b.stages[b.stage]
	at, err := b.jointIndex(lv)
	if err != nil {
		return nil, err
	}
	if err := b.jointDiagonal(lv, at); err != nil {
		return nil, err
	}
	out := &joint{}

	for u := 0; u < len(at); {
		from := u
		above, parent := lv.strata[lv.stratum[u]].above, lv.strata[lv.stratum[u]].parent
		for u < len(at) && lv.strata[lv.stratum[u]].parent == parent {
			u++
		}
		if above == 0 {
			continue
		}
		bl := block{first: from, n: u - from, centered: stage.PPS.Estimator == YatesGrundy}
		if err := b.fill(lv, at[from:u], &bl); err != nil {
			return nil, err
		}
		for i := range bl.m {
			bl.m[i] *= above
		}
		out.blocks = append(out.blocks, bl)
	}

	return out, nil
}

// jointIndex is the row of the joint probabilities of each unit.
func (b *builder) jointIndex(lv *level) ([]int, error) {
	pps := b.stages[b.stage].PPS
	rows, cols := pps.Joint.Dims()
	units := len(lv.stratum)
	if rows != cols || rows != units {
		return nil, &ProbabilityError{Stage: b.stage + 1, Row: -1, Other: -1, Reason: fmt.Sprintf(
			"the joint probabilities are %d by %d, and there are %d units", rows, cols, units)}
	}
	at := make([]int, units)
	for u := range at {
		at[u] = -1
	}
	taken := make([]bool, units)
	next := 0

	for row := range b.d.rows {
		u := lv.unit[row]
		want := at[u]
		if pps.Index != nil {
			want = pps.Index[row]
		} else if want < 0 {
			want = next
			next++
		}
		if want == at[u] && want >= 0 {
			continue
		}
		if want < 0 || want >= units || at[u] >= 0 || taken[want] {
			return nil, &ProbabilityError{Stage: b.stage + 1, Row: row, Other: -1, Reason: fmt.Sprintf(
				"each unit needs an index of its own in 0..%d, the same on all of its rows, and here it is %d", units-1, want)}
		}
		at[u] = want
		taken[want] = true
	}

	return at, nil
}

func (b *builder) jointDiagonal(lv *level, at []int) error {
	stage := &b.stages[b.stage]

	for u, i := range at {
		p := stage.PPS.Joint.At(i, i)
		row := b.d.order[lv.first[u]]
		if !(p > 0 && p <= 1+slack) {
			return &ProbabilityError{Stage: b.stage + 1, Row: row, Other: -1, Reason: fmt.Sprintf(
				"a probability must lie in (0, 1], and the diagonal of the joint probabilities has %v", p)}
		}
		if stage.Fraction != nil && math.Abs(p-stage.Fraction[row]) > consistent*p {
			return &ProbabilityError{Stage: b.stage + 1, Row: row, Other: -1, Reason: fmt.Sprintf(
				"the probability is %v, and the diagonal of the joint probabilities has %v", stage.Fraction[row], p)}
		}
		if certain(p) || p > 1 {
			p = 1
		}
		lv.fraction[u] = p
	}

	for g := range lv.strata {
		st := &lv.strata[g]
		st.counted, st.f = 0, 1
		for u := st.unit; u < st.unit+st.n; u++ {
			if lv.fraction[u] < 1 {
				st.counted++
			}
		}
		if st.counted > 0 {
			st.f = lv.meanFraction(st)
		}
	}

	return nil
}

// fill writes a block's matrix, not yet with the fractions above.
func (b *builder) fill(lv *level, at []int, bl *block) error {
	pps := b.stages[b.stage].PPS
	n := bl.n
	bl.m = make([]float64, n*n)
	drawn := 0

	for i := range n {
		p := lv.fraction[bl.first+i]
		if p == 1 {
			continue
		}
		drawn++
		bl.m[i*n+i] = 1 - p

		for j := i + 1; j < n; j++ {
			q := lv.fraction[bl.first+j]
			both, other := pps.Joint.At(at[i], at[j]), pps.Joint.At(at[j], at[i])
			fail := func(reason string) error {
				return &ProbabilityError{
					Stage: b.stage + 1, Row: b.d.order[lv.first[bl.first+i]], Other: b.d.order[lv.first[bl.first+j]], Reason: reason,
				}
			}
			if !(math.Abs(both-other) <= consistent*math.Abs(both)) {
				return fail(fmt.Sprintf("the joint probabilities are not symmetric: %v and %v", both, other))
			}
			if !(both > 0 && both <= math.Min(p, q)*(1+consistent)) {
				return fail(fmt.Sprintf("the joint probability of two units of the sample must lie in (0, %v], not %v", math.Min(p, q), both))
			}
			delta := 1 - p*q/both
			if q == 1 || math.Abs(delta) < pps.Tolerance {
				delta = 0
			}
			bl.m[i*n+j], bl.m[j*n+i] = delta, delta
		}
	}
	if pps.Estimator == HorvitzThompson {
		return nil
	}
	if drawn == 1 {
		return &ProbabilityError{Stage: b.stage + 1, Row: b.d.order[lv.first[bl.first]], Other: -1, Reason: "the form of Yates and Grundy needs two units that are no certainty"}
	}

	for i := range n {
		bl.m[i*n+i] = 0
		var sum float64
		for j := range n {
			sum += bl.m[i*n+j]
		}
		bl.m[i*n+i] = -sum
	}

	return nil
}

// add adds tᵀMt of every block, for unit totals of k forms side by side.
func (j *joint) add(t []float64, k int, out *mat.SymDense) {
	raw := out.RawSymmetric()

	for _, b := range j.blocks {
		x := t[b.first*k : (b.first+b.n)*k]
		if b.centered {
			x = centeredTotals(x, b.n, k)
		}
		w := make([]float64, k)

		for i := range b.n {
			clear(w)
			for l, m := range b.m[i*b.n : i*b.n+b.n] {
				axpy(w, m, x[l*k:l*k+k])
			}
			// The form is symmetric, so the upper triangle of Σ_i t_i (Mt)_iᵀ is what is filled.
			for a, v := range x[i*k : i*k+k] {
				if v == 0 {
					continue
				}
				row := raw.Data[a*raw.Stride:]
				for c := a; c < k; c++ {
					row[c] += v * w[c]
				}
			}
		}
	}
}

func centeredTotals(x []float64, n, k int) []float64 {
	mean := make([]float64, k)
	for i := range n {
		axpy(mean, 1/float64(n), x[i*k:i*k+k])
	}
	out := make([]float64, len(x))
	copy(out, x)

	for i := range n {
		axpy(out[i*k:i*k+k], -1, mean)
	}

	return out
}
