package design

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Matrix is a matrix of auxiliary variables, stored by rows without its zeros:
// margins of a register are indicators and nearly all zero. It is immutable.
type Matrix struct {
	cols  int
	start []int
	index []int32
	value []float64
}

// Entry is one value of a row of a Matrix.
type Entry struct {
	Column int
	Value  float64
}

// FromRows makes a Matrix of the entries of each row. Columns of a row
// must differ from each other and lie in [0, cols).
func FromRows(cols int, rows [][]Entry) (*Matrix, error) {
	m := &Matrix{cols: cols, start: make([]int, 1, len(rows)+1)}

	for i, row := range rows {
		for j, e := range row {
			if e.Column < 0 || e.Column >= cols {
				return nil, fmt.Errorf("auxiliary row %d: column %d is outside 0..%d", i, e.Column, cols-1)
			}
			if math.IsNaN(e.Value) || math.IsInf(e.Value, 0) {
				return nil, fmt.Errorf("auxiliary row %d, column %d: the value is not finite", i, e.Column)
			}
			for _, other := range row[:j] {
				if other.Column == e.Column {
					return nil, fmt.Errorf("auxiliary row %d: column %d is given twice", i, e.Column)
				}
			}
			if e.Value == 0 {
				continue
			}
			m.index = append(m.index, int32(e.Column))
			m.value = append(m.value, e.Value)
		}
		m.start = append(m.start, len(m.index))
	}

	return m, nil
}

// FromDense makes a Matrix of a dense one, whose values must be finite.
func FromDense(x mat.Matrix) (*Matrix, error) {
	n, cols := x.Dims()
	rows := make([][]Entry, n)

	for i := range rows {
		for j := range cols {
			if v := x.At(i, j); v != 0 {
				rows[i] = append(rows[i], Entry{Column: j, Value: v})
			}
		}
	}

	return FromRows(cols, rows)
}

// Dims returns the number of rows and columns.
func (m *Matrix) Dims() (rows, cols int) { return len(m.start) - 1, m.cols }

// Row calls f for every nonzero value of a row.
func (m *Matrix) Row(i int, f func(column int, value float64)) {
	for e := m.start[i]; e < m.start[i+1]; e++ {
		f(int(m.index[e]), m.value[e])
	}
}

// dot returns x_i·b.
func (m *Matrix) dot(i int, b []float64) float64 {
	var s float64

	for e := m.start[i]; e < m.start[i+1]; e++ {
		s += m.value[e] * b[m.index[e]]
	}

	return s
}

// axpy adds a·x_i to y.
func (m *Matrix) axpy(i int, a float64, y []float64) {
	for e := m.start[i]; e < m.start[i+1]; e++ {
		y[m.index[e]] += a * m.value[e]
	}
}

// Gram is Σ w_k x_k x_kᵀ with a rank-revealing factorization: columns
// that depend linearly on others are left out and get the coefficient zero.
type Gram struct {
	a     []float64 // cols×cols
	cols  int
	scale []float64 // 1/√diagonal
	pivot []int     // kept columns in the order of elimination
	chol  []float64 // lower triangle of the kept columns, row by row
}

// redundant is the share of a column's length, unexplained by the columns
// before it, under which it counts as their linear combination. A matrix
// of counts and measured totals is exact to about 1e-13; real margins that are
// almost but not quite redundant differ by one row in a million at least.
const redundant = 1e-11

// NewGram factors Σ w_k x_k x_kᵀ.
func NewGram(x *Matrix, w []float64) *Gram {
	g := &Gram{cols: x.cols, a: make([]float64, x.cols*x.cols), scale: make([]float64, x.cols)}

	for i, wi := range w {
		if wi == 0 {
			continue
		}
		for e := x.start[i]; e < x.start[i+1]; e++ {
			row := g.a[int(x.index[e])*g.cols:]
			for f := x.start[i]; f < x.start[i+1]; f++ {
				row[x.index[f]] += wi * x.value[e] * x.value[f]
			}
		}
	}
	g.factor()

	return g
}

// factor is Cholesky's with complete pivoting on the matrix scaled to a unit diagonal.
func (g *Gram) factor() {
	q := g.cols
	left := make([]float64, q) // diagonal still unexplained
	rows := make([][]float64, q)

	for i := range q {
		if d := g.a[i*q+i]; d > 0 {
			g.scale[i] = 1 / math.Sqrt(d)
			left[i] = 1
		}
	}
	used := make([]bool, q)

	for {
		best := -1
		for i := range q {
			if !used[i] && left[i] > redundant && (best < 0 || left[i] > left[best]) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		used[best] = true
		root := math.Sqrt(left[best])
		rank := len(g.pivot)
		g.pivot = append(g.pivot, best)

		for i := range q {
			if used[i] && i != best || g.scale[i] == 0 {
				continue
			}
			if i == best {
				rows[i] = append(rows[i], root)
				continue
			}
			v := g.a[i*q+best] * g.scale[i] * g.scale[best]
			for k := range rank {
				v -= rows[i][k] * rows[best][k]
			}
			v /= root
			rows[i] = append(rows[i], v)
			left[i] -= v * v
		}
	}

	r := len(g.pivot)
	g.chol = make([]float64, r*r)

	for i, p := range g.pivot {
		copy(g.chol[i*r:], rows[p][:i+1])
	}
}

// Redundant returns the columns that were left out, ascending.
func (g *Gram) Redundant() []int {
	kept := make([]bool, g.cols)
	for _, p := range g.pivot {
		kept[p] = true
	}
	var out []int

	for i, k := range kept {
		if !k {
			out = append(out, i)
		}
	}

	return out
}

// Solve returns β with Gβ = b on the kept columns and zero on the others. One
// step of iterative refinement follows the triangular solves.
func (g *Gram) Solve(b []float64) []float64 {
	beta := g.solveOnce(b)
	rest := make([]float64, g.cols)
	copy(rest, b)

	for _, i := range g.pivot {
		for _, j := range g.pivot {
			rest[i] -= g.a[i*g.cols+j] * beta[j]
		}
	}

	for i, v := range g.solveOnce(rest) {
		beta[i] += v
	}

	return beta
}

func (g *Gram) solveOnce(b []float64) []float64 {
	r := len(g.pivot)
	y := make([]float64, r)

	for i, p := range g.pivot {
		s := b[p] * g.scale[p]
		for k := range i {
			s -= g.chol[i*r+k] * y[k]
		}
		y[i] = s / g.chol[i*r+i]
	}

	for i := r - 1; i >= 0; i-- {
		for k := i + 1; k < r; k++ {
			y[i] -= g.chol[k*r+i] * y[k]
		}
		y[i] /= g.chol[i*r+i]
	}
	beta := make([]float64, g.cols)

	for i, p := range g.pivot {
		beta[p] = y[i] * g.scale[p]
	}

	return beta
}

// Condition is the ratio of the largest to the smallest pivot of the scaled
// matrix: a cheap lower bound of its condition number.
func (g *Gram) Condition() float64 {
	r := len(g.pivot)
	if r == 0 {
		return math.NaN()
	}
	first, last := g.chol[0], g.chol[r*r-1]

	return (first / last) * (first / last)
}
