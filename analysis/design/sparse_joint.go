package design

import (
	"slices"

	"gonum.org/v1/gonum/mat"
)

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
	inflated := make([]normal, k)
	for j, f := range forms {
		inflated[j] = d.inflated(f)
	}
	d.jointSecondPhase(inflated, out)

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
	var weighted []float64 // with PPS: the sums of center times total
	if lv.center != nil {
		weighted = make([]float64, k)
	}
	away := newAway(lv, k)

	for i := 0; i < len(touches); {
		u := touches[i].unit
		from := i

		for ; i < len(touches) && touches[i].unit == u; i++ {
			sum.add(int(touches[i].form), touches[i].t)
		}
		g := lv.stratum[u]
		st := &lv.strata[g]
		scale := st.scale

		if st.pps {
			scale = lv.center[u] + lv.extra[u]
			for a := from; a < i; a++ {
				weighted[touches[a].form] += lv.center[u] * touches[a].t
			}
		}

		// Forms come in ascending order, so the upper triangle is what is filled.
		for a := from; a < i; a++ {
			row := raw.Data[int(touches[a].form)*raw.Stride:]
			for b := a; b < i; b++ {
				row[touches[b].form] += scale * touches[a].t * touches[b].t
			}
		}
		if i < len(touches) && lv.stratum[touches[i].unit] == g {
			continue
		}
		slices.Sort(sum.touched)
		if away != nil {
			away.stratum(st, sum)
			if i == len(touches) || lv.strata[lv.stratum[touches[i].unit]].parent != st.parent {
				away.flush(st.parent, out)
			}
			if st.lonely {
				sum.reset()
				continue
			}
		}
		n := float64(st.counted)

		for a, x := range sum.touched {
			row := raw.Data[x*raw.Stride:]
			for _, y := range sum.touched[a:] {
				if st.pps {
					row[y] += (sum.value[x]*sum.value[y]*st.total/n - sum.value[x]*weighted[y] - weighted[x]*sum.value[y]) / n
					continue
				}
				row[y] -= st.scale * sum.value[x] * sum.value[y] / n
			}
		}
		if st.pps {
			for _, x := range sum.touched {
				weighted[x] = 0
			}
		}
		sum.reset()
	}
}

// away gathers what lonely units, which are centered at the mean of their level, need of a unit above: the sums of all its units,
// and those of its lonely ones, weighted.
type away struct {
	lv             *level
	all, weightedT *accumulator
}

func newAway(lv *level, k int) *away {
	if lv.elsewhere == nil {
		return nil
	}

	return &away{lv: lv, all: newAccumulator(k), weightedT: newAccumulator(k)}
}

func (a *away) stratum(st *stratum, sum *accumulator) {
	for _, j := range sum.touched {
		a.all.add(j, sum.value[j])
		if st.lonely {
			a.weightedT.add(j, st.scale*sum.value[j])
		}
	}
}

// flush adds −m_i S_j − S_i m_j + m_i m_j Λ for the means m and the weighted sums S, beside the squares that are there already.
func (a *away) flush(parent int, out *mat.SymDense) {
	if e, ok := a.lv.elsewhere[parent]; ok {
		slices.Sort(a.all.touched)
		raw := out.RawSymmetric()

		for i, x := range a.all.touched {
			mx, sx := a.all.value[x]/e.units, a.weightedT.value[x]
			row := raw.Data[x*raw.Stride:]

			for _, y := range a.all.touched[i:] {
				my, sy := a.all.value[y]/e.units, a.weightedT.value[y]
				row[y] += mx*my*e.weight - mx*sy - sx*my
			}
		}
	}
	a.all.reset()
	a.weightedT.reset()
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
