package design

import (
	"math"
	"slices"
)

// moments are what the sparse path needs of the auxiliary variables of all columns.
type moments struct {
	size    int
	inverse []float64 // size×size, A⁻¹ of each column in its block
	h       []float64 // size×size
	means   [][]sparseRow
	centers [][]sparseRow // with PPS: the sums over a stratum's units of center times T
	totals  [][]sparseRow // of each unit, T over the calibrated columns; nil for levels with about as many units as rows
}

type sparseRow struct {
	index []int
	value []float64
}

func (d *Design) auxiliary() *moments {
	d.once.Do(func() { d.moments = d.buildMoments() })

	return d.moments
}

func (d *Design) buildMoments() *moments {
	m := &moments{}

	for i := range d.columns {
		if k := d.columns[i].Calibration; k != nil {
			m.size += k.X.cols
		}
	}
	v := make([]float64, m.size*m.size)
	m.means, m.centers = make([][]sparseRow, len(d.levels)), make([][]sparseRow, len(d.levels))
	m.totals = make([][]sparseRow, len(d.levels))

	if m.size == 0 {
		return m
	}
	unit, whole := newAccumulator(m.size), newAccumulator(m.size)
	all := d.calibrated()

	for l := range d.levels {
		lv := &d.levels[l]
		m.means[l] = make([]sparseRow, len(lv.strata))
		if 2*len(lv.stratum) <= d.rows {
			m.totals[l] = make([]sparseRow, len(lv.stratum))
		}
		if lv.center != nil {
			m.unequal(d, l, v)
			continue
		}

		for u, g := range lv.stratum {
			st := &lv.strata[g]
			d.auxiliaryTotal(lv, u, all, unit)
			m.keepTotal(l, u, unit)
			unit.outer(st.scale, v)
			unit.into(whole)
			unit.reset()

			if u+1 == len(lv.stratum) || lv.stratum[u+1] != g {
				whole.outer(-st.scale/float64(st.n), v)
				m.means[l][g] = whole.row(1 / float64(st.n))
				whole.reset()
			}
		}
	}

	for c := range d.columns {
		col := &d.columns[c]
		if col.Calibration == nil || col.Chance == nil {
			continue
		}
		for _, row := range d.order {
			if a := d.second(c, row); a != 0 {
				w := col.Weights[row] * col.Calibration.inflation(row)
				col.Calibration.X.Row(row, func(j int, v float64) { unit.add(col.offset+j, w*v) })
				unit.outer(a, v)
				unit.reset()
			}
		}
	}
	m.invert(d, v)

	return m
}

// unequal adds a PPS level's V(T) to v, and keeps its strata's means and sums.
func (m *moments) unequal(d *Design, l int, v []float64) {
	lv := &d.levels[l]
	m.centers[l] = make([]sparseRow, len(lv.strata))
	unit, mean, center := newAccumulator(m.size), newAccumulator(m.size), newAccumulator(m.size)
	all := d.calibrated()

	for g := range lv.strata {
		st := &lv.strata[g]
		for u := st.unit; u < st.unit+st.n; u++ {
			if lv.sure(u) {
				continue
			}
			d.auxiliaryTotal(lv, u, all, unit)
			m.keepTotal(l, u, unit)
			unit.outer(lv.center[u]+lv.extra[u], v)

			for _, j := range unit.touched {
				mean.add(j, unit.value[j]/float64(st.counted))
				center.add(j, unit.value[j]*lv.center[u])
			}
			unit.reset()
		}
		mean.outer(st.total, v)
		crossOuter(-1, mean, center, v)
		crossOuter(-1, center, mean, v)
		m.means[l][g], m.centers[l][g] = mean.row(1), center.row(1)
		mean.reset()
		center.reset()
	}
}

// keepTotal keeps T of a unit, in the order in which its rows came upon the auxiliary variables: a sum over them must not depend
// on whether it was kept.
func (m *moments) keepTotal(l, u int, total *accumulator) {
	if m.totals[l] == nil {
		return
	}
	r := sparseRow{index: slices.Clone(total.touched), value: make([]float64, len(total.touched))}
	for i, j := range r.index {
		r.value[i] = total.value[j]
	}
	m.totals[l][u] = r
}

// crossOuter adds scale·abᵀ.
func crossOuter(scale float64, a, b *accumulator, m []float64) {
	n := len(a.value)

	for _, i := range a.touched {
		row := m[i*n : i*n+n]
		for _, j := range b.touched {
			row[j] += scale * a.value[i] * b.value[j]
		}
	}
}

// invert fills A⁻¹ and H.
func (m *moments) invert(d *Design, v []float64) {
	n := m.size
	m.inverse, m.h = make([]float64, n*n), make([]float64, n*n)
	half := make([]float64, n*n) // A⁻¹V

	for _, c := range d.calibrated() {
		col := &d.columns[c]
		at, q := col.offset, col.gram.cols
		e := make([]float64, q)

		for i := range q {
			e[i] = 1
			copy(m.inverse[(at+i)*n+at:], col.gram.Solve(e))
			e[i] = 0
		}
		for i := at; i < at+q; i++ {
			for k := at; k < at+q; k++ {
				axpy(half[i*n:i*n+n], m.inverse[i*n+k], v[k*n:k*n+n])
			}
		}
	}
	for _, c := range d.calibrated() {
		at, q := d.columns[c].offset, d.columns[c].gram.cols

		for i := range n {
			for k := at; k < at+q; k++ {
				axpy(m.h[i*n+at:i*n+at+q], half[i*n+k], m.inverse[k*n+at:k*n+at+q])
			}
		}
	}
}

func axpy(out []float64, a float64, x []float64) {
	if a == 0 {
		return
	}
	for j, v := range x {
		out[j] += a * v
	}
}

// form returns aᵀMb of a size×size matrix and sparse vectors, and the sum of the sizes of its terms, which its rounding is measured by.
func (m *moments) form(matrix []float64, a, b *accumulator) (sum, size float64) {
	for _, i := range a.touched {
		row := matrix[i*m.size : i*m.size+m.size]
		var t, u float64

		for _, j := range b.touched {
			x := row[j] * b.value[j]
			t += x
			u += math.Abs(x)
		}
		sum += a.value[i] * t
		size += math.Abs(a.value[i]) * u
	}

	return sum, size
}

// times returns Mb at the given rows of M, which must hold all that is touched and counts; the others are zero.
func (m *moments) times(matrix []float64, b *accumulator, rows []int) []float64 {
	out := make([]float64, m.size)
	wanted := make([]bool, m.size)

	for _, i := range rows {
		wanted[i] = true
	}
	touched := make([]int, 0, len(rows))

	for _, j := range b.touched {
		if wanted[j] {
			touched = append(touched, j)
		}
	}

	for _, i := range rows {
		row := matrix[i*m.size : i*m.size+m.size]
		for _, j := range touched {
			out[i] += row[j] * b.value[j]
		}
	}

	return out
}

// accumulator is a sparse vector under construction.
type accumulator struct {
	value   []float64
	seen    []bool
	touched []int
}

func newAccumulator(n int) *accumulator {
	return &accumulator{value: make([]float64, n), seen: make([]bool, n)}
}

func (a *accumulator) add(i int, v float64) {
	if !a.seen[i] {
		a.seen[i] = true
		a.touched = append(a.touched, i)
	}
	a.value[i] += v
}

func (a *accumulator) into(b *accumulator) {
	for _, i := range a.touched {
		b.add(i, a.value[i])
	}
}

func (a *accumulator) outer(scale float64, m []float64) {
	if scale == 0 {
		return
	}
	n := len(a.value)

	for _, i := range a.touched {
		s := scale * a.value[i]
		row := m[i*n : i*n+n]

		for _, j := range a.touched {
			row[j] += s * a.value[j]
		}
	}
}

func (a *accumulator) row(scale float64) sparseRow {
	slices.Sort(a.touched)
	r := sparseRow{index: slices.Clone(a.touched), value: make([]float64, len(a.touched))}

	for i, j := range a.touched {
		r.value[i] = a.value[j] * scale
	}

	return r
}

func (a *accumulator) reset() {
	for _, i := range a.touched {
		a.value[i] = 0
		a.seen[i] = false
	}
	a.touched = a.touched[:0]
}
