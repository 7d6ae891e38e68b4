package design

import (
	"math"
	"slices"
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

// rounded is the share of the terms of the products with A⁻¹ and H that must remain. They can cancel although the products are
// small: where values are large in a census stratum, which has no variance, and small in the others.
const rounded = 1e-6

// conditioned is the largest condition number of a column's scaled auxiliary variables with which
// the sparse path is taken: its inverses lose digits with the square of it.
const conditioned = 1e4

// canBeSparse reports whether the sparse path may be tried: it knows no matrix of joint probabilities and no second phase of
// fixed size, centers a lonely unit at the mean of its level only without calibration, and works with inverses.
func (d *Design) canBeSparse(forms ...normal) bool {
	if d.domainLonely {
		return false
	}
	for l := range d.levels {
		if d.levels[l].joint != nil || d.adjusted && d.levels[l].center != nil {
			return false
		}
	}
	for _, f := range forms {
		for _, p := range f {
			if c := &d.columns[p.Column]; c.phase != nil || d.adjusted && c.gram != nil {
				return false
			}
		}
	}
	for _, c := range d.calibrated() {
		if d.columns[c].gram.Condition() > conditioned {
			return false
		}
	}

	return true
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
			w *= col.Calibration.inflation(row)

			for e := x.start[row]; e < x.start[row+1]; e++ {
				acc.add(col.offset+int(x.index[e]), w*x.value[e])
			}
		}
	}
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
	f = d.inflated(f)
	rows, values := d.merge(f)

	for l := range d.levels {
		d.walkLevel(l, rows, values, form, columns, &p, touches)
	}
	for _, part := range f {
		d.walkSecondPhase(part, &p)
	}

	return p
}

// inflated returns the form with the values of calibrated columns multiplied as their residuals are.
func (d *Design) inflated(f normal) normal {
	out := f
	copied := false

	for i, p := range f {
		k := d.columns[p.Column].Calibration
		if k == nil || k.Inflation == nil {
			continue
		}
		if !copied {
			out, copied = slices.Clone(f), true
		}
		out[i].Values = make([]float64, len(p.Values))
		for j, row := range p.Rows {
			out[i].Values[j] = p.Values[j] * k.Inflation[row]
		}
	}

	return out
}

func (d *Design) walkLevel(l int, rows []int, values []float64, form int32, columns []int, p *pass, touches [][]touch) {
	lv := &d.levels[l]
	w := stratumWalk{d: d, l: l, p: p, whole: len(columns) == len(d.calibrated())}
	if p.cross != nil {
		w.total = newAccumulator(d.moments.size)
	}

	for i := 0; i < len(rows); {
		u := lv.unit[rows[i]]
		t := 0.0

		for ; i < len(rows) && lv.unit[rows[i]] == u; i++ {
			t += values[i]
		}
		g := lv.stratum[u]
		st := &lv.strata[g]

		if !lv.sure(int(u)) {
			w.units = append(w.units, u)
			w.totals = append(w.totals, t)
			w.sum += t
			w.above += t

			if touches != nil {
				touches[l] = append(touches[l], touch{unit: u, form: form, t: t})
			}
			if p.cross != nil && st.scale != 0 && t != 0 {
				weight := st.scale
				if st.pps {
					weight = lv.center[u] + lv.extra[u]
				}
				w.addCross(lv, int(u), columns, weight*t)
			}
		}
		if i < len(rows) && lv.stratum[lv.unit[rows[i]]] == g {
			continue
		}
		if st.pps {
			w.unequal(lv, int(g))
		} else {
			w.equal(st, int(g))
		}
		w.units, w.totals, w.sum = w.units[:0], w.totals[:0], 0

		if i == len(rows) || lv.strata[lv.stratum[lv.unit[rows[i]]]].parent != st.parent {
			w.elsewhere(lv, st.parent)
		}
	}
}

// stratumWalk holds the totals of a stratum's touched units, and adds the stratum to a pass when it is complete.
type stratumWalk struct {
	d      *Design
	l      int
	p      *pass
	units  []int32
	totals []float64
	sum    float64
	above  float64 // the sum over all units of the same unit above
	lonely lonelySums
	whole  bool         // all calibrated columns are asked for
	total  *accumulator // T of a unit; nil without calibration
}

// addCross adds a·T of a unit over the given columns to C(z, T).
func (w *stratumWalk) addCross(lv *level, u int, columns []int, a float64) {
	d := w.d
	kept := d.moments.totals[w.l]
	if kept == nil {
		d.auxiliaryTotal(lv, u, columns, w.total)
		for _, j := range w.total.touched {
			w.p.cross.add(j, a*w.total.value[j])
		}
		w.total.reset()
		return
	}

	for i, j := range kept[u].index {
		if w.whole || slices.ContainsFunc(columns, func(c int) bool { return d.owns(c, j) }) {
			w.p.cross.add(j, a*kept[u].value[i])
		}
	}
}

// owns reports whether an auxiliary variable is one of a calibrated column.
func (d *Design) owns(c, j int) bool {
	at := d.columns[c].offset

	return at <= j && j < at+d.columns[c].gram.cols
}

// lonelySums are those over the lonely units of the same unit above, weighted.
type lonelySums struct{ squares, totals float64 }

// elsewhere adds Σ (t − t̄)² over lonely units, with the mean of their level, and makes ready for the next unit above.
func (w *stratumWalk) elsewhere(lv *level, parent int) {
	if e, ok := lv.elsewhere[parent]; ok {
		mean := w.above / e.units
		w.p.v += w.lonely.squares - 2*mean*w.lonely.totals + mean*mean*e.weight
		w.p.energy += w.lonely.squares + mean*mean*e.weight
	}
	w.above, w.lonely = 0, lonelySums{}
}

func (w *stratumWalk) equal(st *stratum, g int) {
	if st.lonely {
		w.lonely.squares += st.scale * w.sum * w.sum
		w.lonely.totals += st.scale * w.sum
		return
	}
	mean := w.sum / float64(st.n)
	squares, centered := 0.0, 0.0

	for _, x := range w.totals {
		squares += x * x
		centered += (x - mean) * (x - mean)
	}
	centered += float64(st.n-len(w.totals)) * mean * mean
	w.p.v += st.scale * centered
	w.p.energy += st.scale * squares

	if w.p.cross != nil && st.scale != 0 {
		means := w.d.moments.means[w.l][g]
		for k, j := range means.index {
			w.p.cross.add(j, -st.scale*w.sum*means.value[k])
		}
	}
}

func (w *stratumWalk) unequal(lv *level, g int) {
	st := &lv.strata[g]
	if st.scale == 0 {
		return
	}
	mean := w.sum / float64(st.counted)
	rest := st.total // the weights of the units that are not touched
	var weighted float64

	for i, u := range w.units {
		a, e, t := lv.center[u], lv.extra[u], w.totals[i]
		w.p.v += a*(t-mean)*(t-mean) + e*t*t
		w.p.energy += (math.Abs(a) + math.Abs(e)) * t * t
		weighted += a * t
		rest -= a
	}
	if len(w.units) < st.counted {
		w.p.v += rest * mean * mean
	}
	if w.p.cross == nil {
		return
	}
	means, centers := w.d.moments.means[w.l][g], w.d.moments.centers[w.l][g]
	for k, j := range means.index {
		w.p.cross.add(j, -(weighted-mean*st.total)*means.value[k])
	}
	for k, j := range centers.index {
		w.p.cross.add(j, -mean*centers.value[k])
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
			col.Calibration.X.Row(row, func(j int, v float64) { p.cross.add(col.offset+j, a*col.Weights[row]*col.Calibration.inflation(row)*v) })
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
	linear, size := m.form(m.inverse, p.cross, p.b)
	square, more := m.form(m.h, p.b, p.b)
	v = p.v - 2*linear + square

	return v, v >= keep*(p.energy+2*math.Abs(linear)+math.Abs(square)) && v >= rounded*(size+more)
}
