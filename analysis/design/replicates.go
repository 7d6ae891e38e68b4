package design

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/floats"
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
// replicates need 3 MB whatever the number of rows. Factors may be negative.
type Replicates struct {
	Type    string     // how they were made: "JK1", "BRR", …; for the record only
	Unit    []int32    // of each row, its row of Factors; nil means that each row is its own unit
	Factors *mat.Dense // units × replicates
	Scale   float64
	RScales []float64 // one per replicate
	MSE     bool
	// DF are the degrees of freedom of the whole, where the maker knows them; zero means the rank of the
	// replicate weights less one. A domain has at most these, and at most the rank that its units have.
	DF float64
	// Own holds, by name, the factors of weight columns that were calibrated anew in every replicate and
	// so have factors of their own.
	Own map[string]Factors
	// Notes say what an analyst should know of how they were made, such as a finite population correction left out.
	Notes []string
}

// Factors are replicate factors: a row of Values for each unit, and the unit of each row of the design.
type Factors struct {
	Unit   []int32 // nil means that each row is its own unit
	Values *mat.Dense
}

// Of returns the factors of a weight column.
func (p *Replicates) Of(column string) Factors {
	if own, ok := p.Own[column]; ok {
		return own
	}

	return Factors{Unit: p.Unit, Values: p.Factors}
}

// Row returns the factors of a row of the design in every replicate. It must not be modified.
func (f Factors) Row(row int) []float64 {
	if f.Unit == nil {
		return f.Values.RawRowView(row)
	}

	return f.Values.RawRowView(int(f.Unit[row]))
}

// Sums returns Σ_i value_i·factor_ir of every replicate r, the sums of some rows' weighted values in the
// replicates. Values are totalled by unit first, so that the cost is rows + units × replicates.
func (f Factors) Sums(rows []int, values []float64) []float64 {
	units, r := f.Values.Dims()
	out := make([]float64, r)

	if f.Unit == nil {
		for i, row := range rows {
			if values[i] != 0 {
				floats.AddScaled(out, values[i], f.Values.RawRowView(row))
			}
		}
		return out
	}
	total := make([]float64, units)

	for i, row := range rows {
		total[f.Unit[row]] += values[i]
	}
	for u, t := range total {
		if t != 0 {
			floats.AddScaled(out, t, f.Values.RawRowView(u))
		}
	}

	return out
}

// Replicated reports whether variances come from replicate weights rather than from linearization.
func (d *Design) Replicated() bool { return d.replicates != nil }

// Replicates returns the replicate weights; nil when there are none. They must not be modified.
func (d *Design) Replicates() *Replicates { return d.replicates }

// ReplicateFactors returns the factors of a weight column.
func (d *Design) ReplicateFactors(column int) Factors { return d.replicates.Of(d.columns[column].Name) }

// ReplicateWeights writes the weights of replicate r of a column to dst, which has one place for each row.
func (d *Design) ReplicateWeights(column, r int, dst []float64) {
	w := d.columns[column].Weights
	f := d.ReplicateFactors(column)
	raw := f.Values.RawMatrix()

	if f.Unit == nil {
		for i := range dst {
			dst[i] = w[i] * raw.Data[i*raw.Stride+r]
		}
		return
	}
	of := make([]float64, raw.Rows)
	mat.Col(of, r, f.Values)

	for i := range dst {
		dst[i] = w[i] * of[f.Unit[i]]
	}
}

// Count returns the number of replicates.
func (p *Replicates) Count() int { return len(p.RScales) }

// EachReplicate calls f with the weights of every replicate of a column, on as many goroutines as there are cores: f
// must be safe for that, and must not keep or modify the weights. The error is that of the first replicate that
// has one, whatever the order in which they ran.
func (d *Design) EachReplicate(column int, f func(r int, weights []float64) error) error {
	n := d.replicates.Count()
	errs := make([]error, n)
	var next atomic.Int64
	var wg sync.WaitGroup

	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			w := make([]float64, d.rows)

			for r := int(next.Add(1)) - 1; r < n; r = int(next.Add(1)) - 1 {
				d.ReplicateWeights(column, r, w)
				errs[r] = f(r, w)
			}
		})
	}
	wg.Wait()

	for r, err := range errs {
		if err != nil {
			return fmt.Errorf("replicate %d: %w", r+1, err)
		}
	}

	return nil
}

// Refit works a vector of statistics out anew with other weights of the same rows. It must not keep or modify them, and
// runs for several replicates at the same time, so it must not share anything that changes.
type Refit func(weights []float64) ([]float64, error)

// Refitted calls f with the weights of every replicate of a column and returns its results, one row for each replicate,
// the same for any number of cores. A statistic that a replicate does not define is NaN there. An error of f
// ends the work; it names the replicate.
func (d *Design) Refitted(column int, f Refit) (*mat.Dense, error) {
	theta := make([][]float64, d.replicates.Count())

	if err := d.EachReplicate(column, func(r int, w []float64) (err error) {
		theta[r], err = f(w)
		return err
	}); err != nil {
		return nil, err
	}
	out := mat.NewDense(len(theta), len(theta[0]), nil)

	for r, v := range theta {
		if len(v) != len(theta[0]) {
			return nil, &InputError{Field: "replicates", Row: -1, Reason: fmt.Sprintf("%d statistics in replicate %d and %d in the first", len(v), r+1, len(theta[0]))}
		}
		out.SetRow(r, v)
	}

	return out, nil
}

// ReplicateCovariance is the covariance of statistics from their values in each replicate, one row for each, and their
// values with the full weights. See Replicates.Covariance for statistics that some replicates do not define.
func (d *Design) ReplicateCovariance(theta *mat.Dense, full []float64) *mat.SymDense {
	columns := make([][]float64, len(full))
	for j := range columns {
		columns[j] = mat.Col(nil, j, theta)
	}

	return d.replicates.Covariance(columns, full)
}

// Covariance is the covariance of statistics, given for each its values in the replicates and its value with the full
// weights.
//
// A replicate in which a statistic is not defined (NaN: a domain that has no row left) is left out of that statistic.
// Where that happens and the others are all equal, every replicate that would show its variance is
// among those left out, as in a jackknife of a domain within one unit: the variance is then NaN and not zero.
func (p *Replicates) Covariance(theta [][]float64, full []float64) *mat.SymDense {
	deviation := mat.NewDense(len(theta), len(p.RScales), nil)

	for j, values := range theta {
		center := p.center(values, full[j])
		to := deviation.RawRowView(j)

		for r, scale := range p.RScales {
			if scale > 0 && !math.IsNaN(values[r]) {
				to[r] = math.Sqrt(scale) * (values[r] - center)
			}
		}
	}
	out := new(mat.SymDense)
	out.SymOuterK(p.Scale, deviation)

	for j := range theta {
		if p.shows(theta[j], full[j], out.At(j, j)) {
			continue
		}
		for i := range theta {
			out.SetSym(i, j, math.NaN())
		}
	}

	return out
}

// center is what the values of a statistic are held against.
func (p *Replicates) center(theta []float64, full float64) float64 {
	if p.MSE {
		return full
	}
	var sum float64
	n := 0

	for r, scale := range p.RScales {
		if scale > 0 && !math.IsNaN(theta[r]) {
			sum += theta[r]
			n++
		}
	}

	return sum / float64(n)
}

// equal is the ratio to the value of a standard error under which replicates are equal but for rounding.
const equal = 1e-11

// shows reports whether the replicates show the variance of a statistic: see Covariance.
func (p *Replicates) shows(theta []float64, full, variance float64) bool {
	if p.Undefined(theta) == 0 {
		return true
	}

	return variance > equal*equal*full*full
}

// Undefined counts the replicates that do not define a statistic and would count in its variance.
func (p *Replicates) Undefined(theta []float64) int {
	n := 0
	for r, scale := range p.RScales {
		if scale > 0 && math.IsNaN(theta[r]) {
			n++
		}
	}

	return n
}

// replicated is the covariance of sums of influence values under the replicates' own quadratic form. For totals that is
// the replicates' variance itself; for a smooth statistic it is that of its linearization, which agrees
// with what its own values in the replicates give to first order.
func (d *Design) replicated(forms []normal) *mat.SymDense {
	theta := make([][]float64, len(forms))
	full := make([]float64, len(forms))

	for j, f := range forms {
		theta[j] = make([]float64, d.replicates.Count())

		for _, part := range f {
			floats.Add(theta[j], d.ReplicateFactors(part.Column).Sums(part.Rows, part.Values))
			full[j] += floats.Sum(part.Values)
		}
	}

	return d.replicates.Covariance(theta, full)
}

func (p *Replicates) check(rows int) error {
	field := "replicates"
	if p.Factors == nil {
		return &InputError{Field: field, Row: -1, Reason: "there are none"}
	}
	for name, f := range p.Own {
		if f.Values == nil {
			return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("column %q has no factors", name)}
		}
		if err := f.check(rows, len(p.RScales)); err != nil {
			return err
		}
	}
	if !(p.Scale >= 0) || math.IsInf(p.Scale, 0) {
		return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("the scale must not be negative, not %v", p.Scale)}
	}
	if !(p.DF >= 0) {
		return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("the degrees of freedom must not be negative, not %v", p.DF)}
	}
	used := false

	for i, s := range p.RScales {
		if !(s >= 0) || math.IsInf(s, 0) {
			return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("rscale %d must not be negative, not %v", i+1, s)}
		}
		used = used || s > 0
	}
	if !used {
		return &InputError{Field: field, Row: -1, Reason: "no replicate has an rscale above zero"}
	}

	return Factors{Unit: p.Unit, Values: p.Factors}.check(rows, len(p.RScales))
}

func (f Factors) check(rows, replicates int) error {
	field := "replicates"
	units, n := f.Values.Dims()

	switch {
	case n != replicates:
		return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("%d replicates and %d rscales", n, replicates)}
	case f.Unit == nil && units != rows, f.Unit != nil && len(f.Unit) != rows:
		return &InputError{Field: field, Row: -1, Reason: "one unit of the factors is needed for each row"}
	}
	for i, u := range f.Unit {
		if u < 0 || int(u) >= units {
			return &InputError{Field: field, Row: i, Reason: fmt.Sprintf("there is no unit %d", u)}
		}
	}
	for u := range units {
		for r, v := range f.Values.RawRowView(u) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("the factor of unit %d in replicate %d is not finite", u, r+1)}
			}
		}
	}

	return nil
}
