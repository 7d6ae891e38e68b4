package model

import (
	"math"
)

// redundant is the share of a column's squared length, unexplained by the columns before it, under which the column counts as
// their linear combination. Columns are centered and scaled before, so that real ones keep far more.
const redundant = 1e-12

// cholesky is a factorization of a symmetric matrix from the left, in which columns that depend on earlier ones are left out,
// as R's glm leaves them out.
type cholesky struct {
	n    int
	kept []int
	l    []float64 // lower triangle of the kept columns, len(kept)×len(kept)
}

// factor factors a matrix given by its lower triangle. It fails, with ok false, when the matrix has a negative pivot.
func factor(a []float64, n int) (c *cholesky, ok bool) {
	c = &cholesky{n: n}
	rows := make([][]float64, 0, n)

	for j := range n {
		d := a[j*n+j]
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return c, false
		}
		row := make([]float64, 0, len(c.kept)+1)
		left := d

		for k, i := range c.kept {
			v := a[j*n+i]
			for m := range k {
				v -= row[m] * rows[k][m]
			}
			v /= rows[k][k]
			row = append(row, v)
			left -= v * v
		}
		if left < -1e-8*math.Abs(d) {
			return c, false
		}
		if !(left > redundant*d) {
			continue
		}
		rows = append(rows, append(row, math.Sqrt(left)))
		c.kept = append(c.kept, j)
	}
	r := len(c.kept)
	c.l = make([]float64, r*r)

	for i, row := range rows {
		copy(c.l[i*r:], row)
	}

	return c, true
}

// solve returns x with Ax = b on the kept columns and zero on the others.
func (c *cholesky) solve(b []float64) []float64 {
	r := len(c.kept)
	y := make([]float64, r)

	for i, k := range c.kept {
		s := b[k]
		for j := range i {
			s -= c.l[i*r+j] * y[j]
		}
		y[i] = s / c.l[i*r+i]
	}
	for i := r - 1; i >= 0; i-- {
		for k := i + 1; k < r; k++ {
			y[i] -= c.l[k*r+i] * y[k]
		}
		y[i] /= c.l[i*r+i]
	}
	x := make([]float64, c.n)

	for i, k := range c.kept {
		x[k] = y[i]
	}

	return x
}

// inverse returns A⁻¹ on the kept columns, n×n with zeros elsewhere.
func (c *cholesky) inverse() []float64 {
	out := make([]float64, c.n*c.n)
	e := make([]float64, c.n)

	for _, k := range c.kept {
		e[k] = 1
		copy(out[k*c.n:], c.solve(e))
		e[k] = 0
	}

	return out
}

// keeps reports whether a column was kept.
func (c *cholesky) keeps(column int) bool {
	for _, k := range c.kept {
		if k == column {
			return true
		}
	}

	return false
}
