package model

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"sipas/analysis/formula"
)

// columns are the columns of a model on the rows that it uses, in a basis in which they are centered (where there is an
// intercept) and scaled: γ there is β in the formula's own columns by β_j = γ_j·scale_j and β_0 = γ_0 − Σ γ_j·scale_j·center_j.
type columns struct {
	names     []string
	rows      []int // of the data
	blocks    []formula.Block
	n         int       // of columns
	intercept int       // its column, -1 without
	center    []float64 // of each column; zero but for numbers beside an intercept
	scale     []float64 // one over the standard deviation, or over the root mean square
	offset    []float64 // of each row of the data, nil without
}

// newColumns prepares the columns for rows with weights, which stand by the rows of the data.
func newColumns(m *formula.Matrix, rows []int, weights []float64) *columns {
	x := &columns{names: m.Names, rows: rows, blocks: m.Blocks, n: len(m.Names), intercept: -1, offset: m.Offset}
	x.center, x.scale = make([]float64, x.n), make([]float64, x.n)

	if m.Formula().Intercept() {
		x.intercept = 0
	}
	for j := range x.scale {
		x.scale[j] = 1
	}
	var total float64

	for _, row := range rows {
		total += weights[row]
	}
	for i := range x.blocks {
		if x.blocks[i].Value != nil {
			x.standardize(&x.blocks[i], weights, total)
		}
	}

	return x
}

func (x *columns) standardize(b *formula.Block, weights []float64, total float64) {
	if b.Code == nil && x.intercept >= 0 {
		var sum float64
		for _, row := range x.rows {
			sum += weights[row] * b.Value[row]
		}
		x.center[b.First] = sum / total
	}
	squares := make([]float64, b.Width)

	for _, row := range x.rows {
		at := 0
		if b.Code != nil {
			at = int(b.Code[row])
		}
		if at >= 0 {
			d := b.Value[row] - x.center[b.First]
			squares[at] += weights[row] * d * d
		}
	}
	for k, s := range squares {
		j := b.First + k
		// What is left of a constant column is rounding; it is not to be blown up to a column of its own.
		if sd := math.Sqrt(s / total); sd > 1e-13*math.Abs(x.center[j]) {
			x.scale[j] = 1 / sd
			continue
		}
		x.scale[j] = 0
	}
}

// row writes the columns and values of a row of the data that are not zero, in the basis, and returns how many there are.
func (x *columns) row(row int, index []int, value []float64) int {
	n := 0

	for i := range x.blocks {
		b := &x.blocks[i]
		j := b.First

		if b.Code != nil {
			c := b.Code[row]
			if c < 0 {
				continue
			}
			j += int(c)
		}
		v := 1.0
		if b.Value != nil {
			v = (b.Value[row] - x.center[j]) * x.scale[j]
		}
		index[n], value[n] = j, v
		n++
	}

	return n
}

// predictor returns η of a row of the data.
func (x *columns) predictor(row int, gamma []float64, index []int, value []float64) float64 {
	var eta float64

	if x.offset != nil {
		eta = x.offset[row]
	}
	for k := range x.row(row, index, value) {
		eta += value[k] * gamma[index[k]]
	}

	return eta
}

// beta returns the coefficients of the formula's own columns.
func (x *columns) beta(gamma []float64) []float64 {
	out := make([]float64, x.n)
	var shift float64

	for j, g := range gamma {
		out[j] = g * x.scale[j]
		shift += out[j] * x.center[j]
	}
	if x.intercept >= 0 {
		out[x.intercept] -= shift
	}

	return out
}

// gamma is the inverse of beta.
func (x *columns) gamma(beta []float64) []float64 {
	out := make([]float64, x.n)
	var shift float64

	for j, b := range beta {
		if x.scale[j] != 0 {
			out[j] = b / x.scale[j]
		}
		shift += b * x.center[j]
	}
	if x.intercept >= 0 {
		out[x.intercept] += shift
	}

	return out
}

// weighted reports whether a row with weight has a value in a column.
func (x *columns) weighted(column int, weights []float64) bool {
	s := x.scratch()

	for _, row := range x.rows {
		if weights[row] == 0 {
			continue
		}
		for k := range x.row(row, s.index, s.value) {
			if s.index[k] == column && s.value[k] != 0 {
				return true
			}
		}
	}

	return false
}

// chunks is into how many pieces the rows are cut at most. It does not depend on the cores, so neither do the sums.
const chunks = 64

// smallest is the least number of rows of a piece.
const smallest = 2048

// scratch is what a goroutine needs to write rows to.
type scratch struct {
	index []int
	value []float64
}

func (x *columns) scratch() *scratch {
	return &scratch{index: make([]int, len(x.blocks)), value: make([]float64, len(x.blocks))}
}

// split calls f for pieces of n rows, on several goroutines unless alone, and returns how many pieces there are. Each has a number, by which
// the caller puts the results back in order.
func split(n int, alone bool, f func(piece, from, to int)) {
	size := max(smallest, (n+chunks-1)/chunks)
	pieces := (n + size - 1) / size
	workers := min(pieces, runtime.GOMAXPROCS(0))

	if alone || workers < 2 {
		for k := range pieces {
			f(k, k*size, min(n, (k+1)*size))
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup

	for range workers {
		wg.Go(func() {
			for k := int(next.Add(1)) - 1; k < pieces; k = int(next.Add(1)) - 1 {
				f(k, k*size, min(n, (k+1)*size))
			}
		})
	}
	wg.Wait()
}
