package design

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// The sparse path touches only the rows of a form. With T_u the weighted auxiliary totals of
// unit u, A = Σ d q x xᵀ and b = Σ d q x z/w, so that β = A⁻¹b,
//
//	V(z − Tβ) = V(z) − 2·C(z, T)·A⁻¹b + bᵀ·A⁻¹V(T)A⁻¹·b
//
// where A⁻¹ and H = A⁻¹V(T)A⁻¹ are the same for every form and computed once, while C(z, T) and b
// need the touched units only, and have values only for the auxiliary variables that occur
// there. The difference loses digits when calibration explains nearly everything; keep
// says when the dense path takes over.

// keep is the share of the terms that must remain after the subtraction. Together with
// conditioned it leaves seven digits at the very worst, and twelve or more with margins of counts.
const keep = 1e-2

// conditioned is the largest condition number of a column's scaled auxiliary variables with which
// the sparse path is taken: its inverses lose digits with the square of it.
const conditioned = 1e4

// canBeSparse reports whether the sparse path may be tried: it cannot center a lonely unit at the
// mean of its level, and it works with inverses.
func (d *Design) canBeSparse() bool {
	for _, c := range d.calibrated() {
		if d.columns[c].gram.Condition() > conditioned {
			return false
		}
	}

	return !d.adjusted
}

// moments are what the sparse path needs of the auxiliary variables of all columns.
type moments struct {
	size    int
	inverse []float64 // size×size, A⁻¹ of each column in its block
	h       []float64 // size×size
	means   [][]sparseRow
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
	m.means = make([][]sparseRow, len(d.levels))

	if m.size == 0 {
		return m
	}
	unit, whole := newAccumulator(m.size), newAccumulator(m.size)
	all := d.calibrated()

	for l := range d.levels {
		lv := &d.levels[l]
		m.means[l] = make([]sparseRow, len(lv.strata))

		for u, g := range lv.stratum {
			st := &lv.strata[g]
			d.auxiliaryTotal(lv, u, all, unit)
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
				col.Calibration.X.Row(row, func(j int, v float64) { unit.add(col.offset+j, col.Weights[row]*v) })
				unit.outer(a, v)
				unit.reset()
			}
		}
	}
	m.invert(d, v)

	return m
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

// form returns aᵀMb of a size×size matrix and sparse vectors.
func (m *moments) form(matrix []float64, a, b *accumulator) float64 {
	var s float64

	for _, i := range a.touched {
		row := matrix[i*m.size : i*m.size+m.size]
		var t float64

		for _, j := range b.touched {
			t += row[j] * b.value[j]
		}
		s += a.value[i] * t
	}

	return s
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

// calibrated returns the columns that have a calibration.
func (d *Design) calibrated() []int {
	var out []int

	for c := range d.columns {
		if d.columns[c].gram != nil {
			out = append(out, c)
		}
	}

	return out
}

// calibratedIn returns the calibrated columns that the forms use, in ascending order.
func (d *Design) calibratedIn(forms ...normal) []int {
	var out []int

	for _, c := range d.calibrated() {
		uses := func(p Part) bool { return p.Column == c }
		if slices.ContainsFunc(forms, func(f normal) bool { return slices.ContainsFunc(f, uses) }) {
			out = append(out, c)
		}
	}

	return out
}

// auxiliaryTotal adds T_u of the given columns to the accumulator.
func (d *Design) auxiliaryTotal(lv *level, u int, columns []int, acc *accumulator) {
	for _, row := range d.order[lv.first[u]:lv.first[u+1]] {
		for _, c := range columns {
			col := &d.columns[c]
			w := col.Weights[row]
			if w == 0 {
				continue
			}
			x := col.Calibration.X

			for e := x.start[row]; e < x.start[row+1]; e++ {
				acc.add(col.offset+int(x.index[e]), w*x.value[e])
			}
		}
	}
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

// touch is what one form leaves at one unit of a level.
type touch struct {
	unit int32
	form int32
	t    float64
}

// pass is the result of one form's walk.
type pass struct {
	energy float64      // Σ scale·t², uncentered, and the second phase
	v      float64      // V(z), calibration aside
	cross  *accumulator // C(z, T) over the auxiliary variables of all columns; nil without calibration
	b      *accumulator
}

// walk makes the pass of a normal form. C(z, T) is computed for the auxiliary variables
// of the given columns, which must be at least the form's own. Units touched are appended to touches[level] when it is not nil.
func (d *Design) walk(f normal, form int32, columns []int, touches [][]touch) pass {
	var p pass
	m := d.auxiliary()

	if len(columns) > 0 {
		p.cross, p.b = newAccumulator(m.size), newAccumulator(m.size)
	}
	for _, part := range f {
		d.gather(part, p.b)
	}
	rows, values := d.merge(f)

	for l := range d.levels {
		d.walkLevel(l, rows, values, form, columns, &p, touches)
	}
	for _, part := range f {
		d.walkSecondPhase(part, &p)
	}

	return p
}

func (d *Design) walkLevel(l int, rows []int, values []float64, form int32, columns []int, p *pass, touches [][]touch) {
	lv := &d.levels[l]
	var unitTotals []float64 // of the touched units of the current stratum
	var sum float64
	var acc *accumulator

	if p.cross != nil {
		acc = newAccumulator(d.moments.size)
	}

	for i := 0; i < len(rows); {
		u := lv.unit[rows[i]]
		t := 0.0

		for ; i < len(rows) && lv.unit[rows[i]] == u; i++ {
			t += values[i]
		}
		g := lv.stratum[u]
		st := &lv.strata[g]
		unitTotals = append(unitTotals, t)
		sum += t

		if touches != nil {
			touches[l] = append(touches[l], touch{unit: u, form: form, t: t})
		}
		if p.cross != nil && st.scale != 0 && t != 0 {
			d.auxiliaryTotal(lv, int(u), columns, acc)
			for _, j := range acc.touched {
				p.cross.add(j, st.scale*t*acc.value[j])
			}
			acc.reset()
		}
		if i < len(rows) && lv.stratum[lv.unit[rows[i]]] == g {
			continue
		}
		mean := sum / float64(st.n)
		squares, centered := 0.0, 0.0

		for _, x := range unitTotals {
			squares += x * x
			centered += (x - mean) * (x - mean)
		}
		centered += float64(st.n-len(unitTotals)) * mean * mean
		p.v += st.scale * centered
		p.energy += st.scale * squares

		if p.cross != nil && st.scale != 0 {
			means := d.moments.means[l][g]
			for k, j := range means.index {
				p.cross.add(j, -st.scale*sum*means.value[k])
			}
		}
		unitTotals = unitTotals[:0]
		sum = 0
	}
}

func (d *Design) walkSecondPhase(part Part, p *pass) {
	col := &d.columns[part.Column]
	if col.Chance == nil {
		return
	}

	for i, row := range part.Rows {
		a := d.second(part.Column, row) * part.Values[i]
		if a == 0 {
			continue
		}
		p.v += a * part.Values[i]
		p.energy += a * part.Values[i]

		if p.cross != nil && col.gram != nil {
			col.Calibration.X.Row(row, func(j int, v float64) { p.cross.add(col.offset+j, a*col.Weights[row]*v) })
		}
	}
}

// gather adds a part's b to that of all columns.
func (d *Design) gather(p Part, b *accumulator) {
	col := &d.columns[p.Column]
	if col.gram == nil {
		return
	}
	k := col.Calibration

	for i, row := range p.Rows {
		if p.Values[i] == 0 {
			continue
		}
		a := k.Base[row] * k.q(row) * p.Values[i] / col.Weights[row]
		for e := k.X.start[row]; e < k.X.start[row+1]; e++ {
			b.add(col.offset+int(k.X.index[e]), a*k.X.value[e])
		}
	}
}

// variance is the form's variance by the sparse path, and whether it has enough digits.
func (d *Design) variance(p pass) (v float64, ok bool) {
	if p.b == nil {
		return p.v, true
	}
	m := d.moments
	linear, square := 2*m.form(m.inverse, p.cross, p.b), m.form(m.h, p.b, p.b)
	v = p.v - linear + square

	return v, v >= keep*(p.energy+math.Abs(linear)+math.Abs(square))
}

// joint computes the joint covariance by the sparse path, and whether every
// variance has enough digits.
func (d *Design) joint(forms []normal) (*mat.SymDense, bool) {
	k := len(forms)
	touches := make([][]touch, len(d.levels))
	passes := make([]pass, k)
	columns := d.calibratedIn(forms...)

	for j, f := range forms {
		passes[j] = d.walk(f, int32(j), columns, touches)
		if v, ok := d.variance(passes[j]); !ok || v < keep*passes[j].energy {
			return nil, false
		}
	}
	out := mat.NewSymDense(k, nil)

	for l := range d.levels {
		d.levels[l].addTouches(touches[l], k, out)
	}
	d.jointSecondPhase(forms, out)

	if len(columns) == 0 {
		return out, true
	}
	m := d.moments
	crossed := make([][]float64, k) // A⁻¹·C of each form
	var rows []int                  // the auxiliary variables of the forms' columns

	for _, c := range columns {
		for j := range d.columns[c].gram.cols {
			rows = append(rows, d.columns[c].offset+j)
		}
	}
	for i, p := range passes {
		crossed[i] = m.times(m.inverse, p.cross, rows)
	}
	for i, p := range passes {
		hb := m.times(m.h, p.b, rows)

		for j := i; j < k; j++ {
			var adjust float64
			for _, c := range passes[j].b.touched {
				adjust += passes[j].b.value[c] * (hb[c] - crossed[i][c])
			}
			for _, c := range p.b.touched {
				adjust -= p.b.value[c] * crossed[j][c]
			}
			out.SetSym(i, j, out.At(i, j)+adjust)
		}
	}

	return out, true
}

// addTouches adds a level's term without calibration.
func (lv *level) addTouches(touches []touch, k int, out *mat.SymDense) {
	slices.SortStableFunc(touches, func(a, b touch) int { return int(a.unit) - int(b.unit) })
	raw := out.RawSymmetric()
	sum := newAccumulator(k)

	for i := 0; i < len(touches); {
		u := touches[i].unit
		from := i

		for ; i < len(touches) && touches[i].unit == u; i++ {
			sum.add(int(touches[i].form), touches[i].t)
		}
		g := lv.stratum[u]
		st := &lv.strata[g]

		// Forms come in ascending order, so the upper triangle is what is filled.
		for a := from; a < i; a++ {
			row := raw.Data[int(touches[a].form)*raw.Stride:]
			for b := a; b < i; b++ {
				row[touches[b].form] += st.scale * touches[a].t * touches[b].t
			}
		}
		if i < len(touches) && lv.stratum[touches[i].unit] == g {
			continue
		}
		slices.Sort(sum.touched)

		for a, x := range sum.touched {
			row := raw.Data[x*raw.Stride:]
			for _, y := range sum.touched[a:] {
				row[y] -= st.scale * sum.value[x] * sum.value[y] / float64(st.n)
			}
		}
		sum.reset()
	}
}

func (d *Design) jointSecondPhase(forms []normal, out *mat.SymDense) {
	raw := out.RawSymmetric()

	for c := range d.columns {
		if d.columns[c].Chance == nil {
			continue
		}
		var all []touch // the unit is the row's position here

		for j, f := range forms {
			for _, p := range f {
				if p.Column != c {
					continue
				}
				for i, row := range p.Rows {
					all = append(all, touch{unit: int32(d.position[row]), form: int32(j), t: p.Values[i]})
				}
			}
		}
		slices.SortStableFunc(all, func(a, b touch) int { return int(a.unit) - int(b.unit) })

		for i := 0; i < len(all); {
			u := all[i].unit
			from := i
			for i < len(all) && all[i].unit == u {
				i++
			}
			s := d.second(c, d.order[u])

			for a := from; a < i; a++ {
				row := raw.Data[int(all[a].form)*raw.Stride:]
				for b := a; b < i; b++ {
					row[all[b].form] += s * all[a].t * all[b].t
				}
			}
		}
	}
}
