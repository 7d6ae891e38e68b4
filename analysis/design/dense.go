package design

import (
	"gonum.org/v1/gonum/mat"
)

// dense computes a joint covariance from residuals written out for every row. It
// is exact also where calibration leaves nothing, and is what
// the sparse path is held against. Cost: rows × forms², memory rows × forms.
func (d *Design) dense(forms []normal) *mat.SymDense {
	k := len(forms)
	total := make([]float64, d.rows*k) // residuals summed over columns, by position
	out := mat.NewSymDense(k, nil)

	for c := range d.columns {
		e, used := d.residuals(c, forms)
		if !used {
			continue
		}
		d.addSecondPhase(c, e, k, out)

		for i, v := range e {
			total[i] += v
		}
	}

	for l := range d.levels {
		d.levels[l].add(d, total, k, out)
	}

	return out
}

// residuals returns the calibrated residuals of every form's part in a column, by
// position in the design's order, forms side by side.
func (d *Design) residuals(c int, forms []normal) (e []float64, used bool) {
	k := len(forms)
	col := &d.columns[c]

	for j, f := range forms {
		for _, p := range f {
			if p.Column != c {
				continue
			}
			if !used {
				e = make([]float64, d.rows*k)
				used = true
			}
			for i, row := range p.Rows {
				e[d.position[row]*k+j] = p.Values[i]
			}
			// Projecting twice leaves a residual that is orthogonal to rounding.
			if col.gram != nil {
				d.project(col, e, k, j)
				d.project(col, e, k, j)
			}
		}
	}

	return e, used
}

func (d *Design) project(col *column, e []float64, k, j int) {
	x := col.Calibration.X
	b := make([]float64, x.cols)

	for p, row := range d.order {
		if v := e[p*k+j]; v != 0 {
			x.axpy(row, col.Calibration.Base[row]*col.Calibration.q(row)*v/col.Weights[row], b)
		}
	}
	beta := col.gram.Solve(b)

	for p, row := range d.order {
		if w := col.Weights[row]; w > 0 {
			e[p*k+j] -= w * x.dot(row, beta)
		}
	}
}

func (d *Design) addSecondPhase(c int, e []float64, k int, out *mat.SymDense) {
	if d.columns[c].Chance == nil {
		return
	}

	for p, row := range d.order {
		a := d.second(c, row)
		if a == 0 {
			continue
		}
		addOuter(out, a, e[p*k:p*k+k])
	}
}

// second is the factor of a row's squared influence in the second-phase term.
func (d *Design) second(c, row int) float64 {
	col := &d.columns[c]
	if col.Chance == nil || col.Weights[row] == 0 {
		return 0
	}

	return d.fraction[row] * (1 - col.Chance[row])
}

// add adds the level's term for row totals of k forms by position.
func (lv *level) add(d *Design, total []float64, k int, out *mat.SymDense) {
	units := len(lv.stratum)
	t := make([]float64, units*k)

	for u := range units {
		for p := lv.first[u]; p < lv.first[u+1]; p++ {
			for j, v := range total[p*k : p*k+k] {
				t[u*k+j] += v
			}
		}
	}
	centers := lv.levelMeans(d, t, k)
	mean := make([]float64, k)
	u := 0

	for g := range lv.strata {
		st := &lv.strata[g]
		from := u
		u += st.n

		if st.scale == 0 {
			continue
		}
		clear(mean)

		if st.lonely {
			copy(mean, centers[st.parent])
		} else {
			for i := from; i < u; i++ {
				for j, v := range t[i*k : i*k+k] {
					mean[j] += v / float64(st.n)
				}
			}
		}
		for i := from; i < u; i++ {
			row := t[i*k : i*k+k]
			for j := range row {
				row[j] -= mean[j]
			}
			addOuter(out, st.scale, row)
		}
	}
}

// levelMeans returns the mean total over all units of the level inside each unit
// above, which the policy LonelyAdjust centers at.
func (lv *level) levelMeans(d *Design, t []float64, k int) map[int][]float64 {
	if !d.adjusted {
		return nil
	}
	sum := make(map[int][]float64)
	count := make(map[int]int)

	for u, g := range lv.stratum {
		parent := lv.strata[g].parent
		if sum[parent] == nil {
			sum[parent] = make([]float64, k)
		}
		count[parent]++

		for j := range k {
			sum[parent][j] += t[u*k+j]
		}
	}
	for parent, s := range sum {
		for j := range s {
			s[j] /= float64(count[parent])
		}
	}

	return sum
}

// addOuter adds a·v·vᵀ.
func addOuter(out *mat.SymDense, a float64, v []float64) {
	raw := out.RawSymmetric()

	for i, x := range v {
		if x == 0 {
			continue
		}
		row := raw.Data[i*raw.Stride:]
		for j := i; j < len(v); j++ {
			row[j] += a * x * v[j]
		}
	}
}
