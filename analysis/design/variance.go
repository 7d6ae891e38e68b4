package design

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Covariance returns the covariance matrix of the column sums of z: influence
// values of the main column with the weights inside, one row for each row of the
// design. Rows of zero weight must be zero. Särndal, Swensson and Wretman (1992),
// chapters 4 and 6; see the package's documentation for the formula.
func (d *Design) Covariance(z *mat.Dense) (*mat.SymDense, error) {
	n, k := z.Dims()
	if n != d.rows {
		return nil, &InputError{Field: "influence", Row: -1, Reason: fmt.Sprintf("%d rows for a design of %d", n, d.rows)}
	}
	forms := make([]Form, k)

	for j := range forms {
		p := Part{}
		for _, row := range d.order {
			if v := z.At(row, j); v != 0 {
				p.Rows = append(p.Rows, row)
				p.Values = append(p.Values, v)
			}
		}
		forms[j] = Form{p}
	}
	normals, err := d.normalizeAll(forms)

	if err != nil {
		return nil, err
	}

	if d.replicates != nil {
		return d.replicated(normals), nil
	}

	return d.dense(normals), nil
}

// CovarianceOf returns the joint covariance of any set of estimates, over items,
// weight columns and domains alike. The cost grows with the rows that the
// forms touch and the square of their number; a few hundred forms are quick.
func (d *Design) CovarianceOf(forms []Form) (*mat.SymDense, error) {
	normals, err := d.normalizeAll(forms)
	if err != nil {
		return nil, err
	}
	if d.replicates != nil {
		return d.replicated(normals), nil
	}
	if d.canBeSparse(normals...) {
		if v, ok := d.joint(normals); ok {
			return v, nil
		}
	}

	return d.dense(normals), nil
}

func (d *Design) normalizeAll(forms []Form) ([]normal, error) {
	if len(forms) == 0 {
		return nil, &InputError{Field: "influence", Row: -1, Reason: "there are no estimates"}
	}
	out := make([]normal, len(forms))

	for j, f := range forms {
		n, err := d.normalize(f)
		if err != nil {
			return nil, fmt.Errorf("estimate %d: %w", j, err)
		}
		out[j] = n
	}

	return out, nil
}

// Variance returns the variance of one estimate, touching only its rows.
func (d *Design) Variance(f Form) (float64, error) {
	n, err := d.normalize(f)
	if err != nil {
		return math.NaN(), err
	}
	if d.replicates != nil {
		return d.replicated([]normal{n}).At(0, 0), nil
	}
	if d.canBeSparse(n) {
		if v, ok := d.variance(d.walk(n, 0, d.calibratedIn(n), nil)); ok {
			return v, nil
		}
	}

	return d.dense([]normal{n}).At(0, 0), nil
}
