package design

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Replicates are the replicate weights of a design: replicate r gives row i the weight
//
//	w_ir = w_i · Factors[Unit[i], r]
//
// where w is the weight column in question. The variance of a statistic θ is
//
//	V = Scale · Σ_r RScales_r (θ_r − c)(θ_r − c)ᵀ
//
// with c the mean of the replicates whose RScales are not zero, or, with MSE, θ itself (Wolter 2007).
// Factors stand by units and not by rows, so that memory stays small: two thousand clusters and two hundred
// replicates need 3 MB whatever the number of rows.
type Replicates struct {
	Type    string     // how they were made: "JK1", "BRR", …; for the record only
	Unit    []int32    // of each row, its row of Factors; nil means that each row is its own unit
	Factors *mat.Dense // units × replicates
	Scale   float64
	RScales []float64 // one per replicate
	MSE     bool
	// DF are the degrees of freedom of the whole, where the maker knows them; zero means the rank of the
	// replicate weights less one.
	DF float64
}

// Replicated reports whether variances come from replicate weights rather than from linearization.
func (d *Design) Replicated() bool { return d.replicates != nil }

// Replicates returns the replicate weights; nil when there are none. They must not be modified.
func (d *Design) Replicates() *Replicates { return d.replicates }

// ReplicateWeights writes the weights of replicate r of a column to dst, which has one place for each row.
func (d *Design) ReplicateWeights(column, r int, dst []float64) {
	w := d.columns[column].Weights
	for i := range dst {
		dst[i] = w[i] * d.replicates.Factor(i, r)
	}
}

// Factor is what replicate r multiplies the weight of a row by.
func (p *Replicates) Factor(row, r int) float64 {
	if p.Unit == nil {
		return p.Factors.At(row, r)
	}

	return p.Factors.At(int(p.Unit[row]), r)
}

// Count returns the number of replicates.
func (p *Replicates) Count() int { return len(p.RScales) }

// Refit works a vector of statistics out anew with other weights of the same rows. It must not keep or modify them.
type Refit func(weights []float64) ([]float64, error)

// Refitted calls f with the weights of every replicate of a column and returns its results, one row for each replicate.
// A replicate for which f fails is a row of NaN.
func (d *Design) Refitted(column int, f Refit) (*mat.Dense, error) {
	var out *mat.Dense
	w := make([]float64, d.rows)
	r := d.replicates.Count()

	for i := range r {
		d.ReplicateWeights(column, i, w)
		theta, err := f(w)
		if err != nil {
			return nil, fmt.Errorf("replicate %d: %w", i+1, err)
		}
		if out == nil {
			out = mat.NewDense(r, len(theta), nil)
		}
		out.SetRow(i, theta)
	}

	return out, nil
}

// ReplicateCovariance is the covariance of statistics from their values in each replicate, one row for each, and their
// values with the full weights.
func (d *Design) ReplicateCovariance(theta *mat.Dense, full []float64) *mat.SymDense {
	p := d.replicates
	r, k := theta.Dims()
	center := make([]float64, k)

	for j := range k {
		if center[j] = full[j]; p.MSE {
			continue
		}
		center[j] = 0
		n := 0
		for i := range r {
			if p.RScales[i] > 0 {
				center[j] += theta.At(i, j)
				n++
			}
		}
		center[j] /= float64(n)
	}
	out := mat.NewSymDense(k, nil)

	for a := range k {
		for b := a; b < k; b++ {
			var s float64
			for i := range r {
				if p.RScales[i] != 0 {
					s += p.RScales[i] * (theta.At(i, a) - center[a]) * (theta.At(i, b) - center[b])
				}
			}
			out.SetSym(a, b, p.Scale*s)
		}
	}

	return out
}

func (p *Replicates) check(rows int) error {
	field := "replicates"
	if p.Factors == nil {
		return &InputError{Field: field, Row: -1, Reason: "there are none"}
	}
	units, n := p.Factors.Dims()

	switch {
	case n != len(p.RScales):
		return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("%d replicates and %d rscales", n, len(p.RScales))}
	case p.Unit == nil && units != rows, p.Unit != nil && len(p.Unit) != rows:
		return &InputError{Field: field, Row: -1, Reason: "one unit of the factors is needed for each row"}
	case !(p.Scale >= 0) || math.IsInf(p.Scale, 0):
		return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("the scale must not be negative, not %v", p.Scale)}
	}
	for i, u := range p.Unit {
		if u < 0 || int(u) >= units {
			return &InputError{Field: field, Row: i, Reason: fmt.Sprintf("there is no unit %d", u)}
		}
	}
	for i, s := range p.RScales {
		if !(s >= 0) || math.IsInf(s, 0) {
			return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("rscale %d must not be negative, not %v", i+1, s)}
		}
	}
	for _, v := range p.Factors.RawMatrix().Data {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return &InputError{Field: field, Row: -1, Reason: "a factor is not finite"}
		}
	}

	return nil
}
