package replicate

import (
	"fmt"
	"math"

	"sipas/analysis/design"

	"gonum.org/v1/gonum/mat"
)

// Kind says how replicate weights of a file were made, from which their scale follows.
type Kind string

const (
	GivenJK1       Kind = "jk1"       // scale (R−1)/R
	GivenJKn       Kind = "jkn"       // scale 1; the rscales, (n_h−1)/n_h of each, must be given
	GivenJK2       Kind = "jk2"       // one replicate for each pair of units: scale 1
	GivenBRR       Kind = "brr"       // scale 1/R
	GivenFay       Kind = "fay"       // scale 1/(R(1−ρ)²)
	GivenBootstrap Kind = "bootstrap" // scale 1/(R−1), or 1/R with MSE
	GivenSDR       Kind = "sdr"       // successive differences, as of the American Community Survey: scale 4/R
	GivenOther     Kind = "other"     // scale and rscales must be given
)

// File is what a file of replicate weights and its documentation say.
type File struct {
	Kind Kind
	// Weights holds the replicate weights, one row for each row of the design and one column for each replicate.
	// It is read row by row and not kept.
	Weights mat.Matrix
	// Factors says that Weights are factors, to be multiplied by the weights; otherwise they are weights already.
	Factors bool
	Scale   float64   // in the place of the kind's own; 0 means that
	RScales []float64 // one per replicate; nil means all 1
	Rho     float64   // Fay's ρ
	MSE     bool      // squares about the estimate instead of the mean of the replicates
	// DF are the degrees of freedom where they are known; 0 means the rank of the weights less one, which takes a
	// while to find for many replicates.
	DF float64
}

// Columns are replicate weights as a file has them, column by column. They serve as a File's Weights without a copy.
type Columns [][]float64

// Dims returns the numbers of rows and of replicates.
func (c Columns) Dims() (rows, replicates int) {
	if len(c) == 0 {
		return 0, 0
	}

	return len(c[0]), len(c)
}

// At returns the weight of a row in a replicate.
func (c Columns) At(row, replicate int) float64 { return c[replicate][row] }

// T returns the transpose, as a matrix must.
func (c Columns) T() mat.Matrix { return mat.Transpose{Matrix: c} }

// Given returns the same design with replicate weights that were made elsewhere. They belong to the main column; all
// columns share their factors. A row of weight zero must have zeros in all replicates. Rows whose factors agree
// to twelve digits share them, so that weights made by units take little memory. What is wrong is an *InputError
// that names the row and the replicate.
func Given(d *design.Design, f File) (*design.Design, error) {
	if d.Replicated() {
		return nil, &InputError{Field: "replicates", Row: -1, Reason: "the design has replicate weights already"}
	}
	if f.Weights == nil {
		return nil, &InputError{Field: "replicates", Row: -1, Reason: "there are none"}
	}
	rows, n := f.Weights.Dims()
	if rows != d.Rows() {
		return nil, &InputError{Field: "replicates", Row: -1, Reason: fmt.Sprintf("replicate weights of %d rows for a design of %d", rows, d.Rows())}
	}
	p := &design.Replicates{Type: string(f.Kind), RScales: f.RScales, MSE: f.MSE, DF: f.DF}
	if err := f.scale(p, n); err != nil {
		return nil, err
	}
	shared := newSharing(rows, n)
	to := make([]float64, n)

	for i, w := range d.Weights(0) {
		for r := range to {
			v := f.Weights.At(i, r)
			switch {
			case math.IsNaN(v) || math.IsInf(v, 0):
				return nil, &InputError{Field: "replicates", Row: i, Replicate: r + 1, Reason: fmt.Sprintf("a replicate weight must be finite, not %v", v)}
			case f.Factors:
				to[r] = v
			case w == 0 && v != 0:
				return nil, &InputError{Field: "replicates", Row: i, Replicate: r + 1, Reason: fmt.Sprintf("the weight is zero and the replicate weight %v", v)}
			case w == 0:
				to[r] = 1
			default:
				to[r] = v / w
			}
		}
		shared.add(to)
	}
	own := shared.factors()
	p.Unit, p.Factors = own.Unit, own.Values

	return d.WithReplicates(p)
}

// scale sets scale and rscales by kind, where they are not given.
func (f File) scale(p *design.Replicates, n int) error {
	size := float64(n)
	fail := func(field, reason string) error { return &InputError{Field: field, Row: -1, Reason: reason} }

	switch {
	case n < 2:
		return fail("replicates", fmt.Sprintf("two at least are needed, not %d", n))
	case f.RScales != nil && len(f.RScales) != n:
		return fail("rscales", fmt.Sprintf("%d for %d replicates", len(f.RScales), n))
	case !(f.Scale >= 0) || math.IsInf(f.Scale, 0):
		return fail("scale", fmt.Sprintf("it must be finite and above zero, not %v", f.Scale))
	case f.Kind == GivenFay && !(f.Rho >= 0 && f.Rho < 1):
		return fail("rho", fmt.Sprintf("it lies in [0, 1), not at %v", f.Rho))
	case f.Kind != GivenFay && f.Rho != 0:
		return fail("rho", fmt.Sprintf("replicates of kind %s have none", f.Kind))
	}

	switch f.Kind {
	case GivenJK1:
		p.Scale = (size - 1) / size
	case GivenJKn:
		if f.RScales == nil {
			return fail("rscales", "a stratified jackknife needs them: (n−1)/n of the stratum of each replicate")
		}
		p.Scale = 1
	case GivenJK2:
		p.Scale = 1
	case GivenBRR:
		p.Scale = 1 / size
	case GivenFay:
		p.Scale = 1 / (size * (1 - f.Rho) * (1 - f.Rho))
	case GivenBootstrap:
		p.Scale = 1 / (size - 1)
		if f.MSE {
			p.Scale = 1 / size
		}
	case GivenSDR:
		p.Scale = 4 / size
	case GivenOther:
		if f.Scale == 0 {
			return fail("scale", "replicates of kind other need it")
		}
	default:
		return fail("kind", fmt.Sprintf("there is none named %q", f.Kind))
	}
	if f.Scale > 0 {
		p.Scale = f.Scale
	}
	if p.RScales == nil {
		p.RScales = make([]float64, n)
		for r := range p.RScales {
			p.RScales[r] = 1
		}
	}

	return nil
}
