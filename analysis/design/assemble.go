package design

import (
	"fmt"
	"math"
)

// FromSparse makes a Matrix of its nonzero values row by row: row i has the columns
// index[start[i]:start[i+1]] and the values at the same places. It is FromRows without a slice
// for every row, for millions of them. The slices are kept and must not be modified afterwards.
func FromSparse(cols int, start []int, index []int32, value []float64) (*Matrix, error) {
	if len(start) == 0 || start[0] != 0 || start[len(start)-1] != len(index) || len(index) != len(value) {
		return nil, fmt.Errorf("auxiliary variables: %d columns and %d values do not fit the row starts", len(index), len(value))
	}
	last := make([]int, cols)

	for i := range len(start) - 1 {
		if start[i+1] < start[i] {
			return nil, fmt.Errorf("auxiliary row %d: it ends before it starts", i)
		}
		for e := start[i]; e < start[i+1]; e++ {
			j := index[e]
			if j < 0 || int(j) >= cols {
				return nil, fmt.Errorf("auxiliary row %d: column %d is outside 0..%d", i, j, cols-1)
			}
			if v := value[e]; math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("auxiliary row %d, column %d: the value is not finite", i, j)
			}
			if last[j] == i+1 {
				return nil, fmt.Errorf("auxiliary row %d: column %d is given twice", i, j)
			}
			last[j] = i + 1
		}
	}

	return &Matrix{cols: cols, start: start, index: index, value: value}, nil
}

// Entries returns the columns and the values of a row. They must not be modified.
func (m *Matrix) Entries(i int) (columns []int32, values []float64) {
	return m.index[m.start[i]:m.start[i+1]], m.value[m.start[i]:m.start[i+1]]
}

// FactorGram factors a Gram matrix that was summed elsewhere: cols×cols, row by row,
// symmetric. The slice is kept.
func FactorGram(a []float64, cols int) *Gram {
	g := &Gram{cols: cols, a: a, scale: make([]float64, cols)}
	g.factor()

	return g
}
