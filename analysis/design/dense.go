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
	residuals := make([][]float64, len(d.columns))

	for c := range d.columns {
		e, used := d.residuals(c, forms)
		if !used {
			continue
		}
		d.addSecondPhase(c, e, k, out)
		residuals[c] = e
		axpy(total, 1, e)
	}
	d.addPhases(residuals, k, out)
	var reach [][]bool
	if d.domainLonely {
		reach = d.reach(forms)
	}

	for l := range d.levels {
		d.levels[l].add(d, total, k, out, reach)
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
				d.project(col.Calibration, col.gram, col.Weights, e, k, j)
				d.project(col.Calibration, col.gram, col.Weights, e, k, j)
				d.inflate(col.Calibration, e, k, j)
			}
		}
	}

	return e, used
}

// project takes a calibration's auxiliary variables off the values of form j.
func (d *Design) project(k *Calibration, gram *Gram, weights, e []float64, forms, j int) {
	b := make([]float64, k.X.cols)

	for p, row := range d.order {
		if v := e[p*forms+j]; v != 0 {
			k.X.axpy(row, k.Base[row]*k.q(row)*v/weights[row], b)
		}
	}
	beta := gram.Solve(b)

	for p, row := range d.order {
		if w := weights[row]; w != 0 {
			e[p*forms+j] -= w * k.X.dot(row, beta)
		}
	}
}

// inflate multiplies the residuals of form j as the calibration says.
func (d *Design) inflate(c *Calibration, e []float64, forms, j int) {
	if c.Inflation == nil {
		return
	}

	for p, row := range d.order {
		e[p*forms+j] *= c.Inflation[row]
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

// add adds the level's term for row totals of k forms by position. Reach, when it is not nil, tells the rows of each form's
// domain, and strata of which it has one unit are lonely in that form.
func (lv *level) add(d *Design, total []float64, k int, out *mat.SymDense, reach [][]bool) {
	units := len(lv.stratum)
	t := make([]float64, units*k)

	for u := range units {
		for p := lv.first[u]; p < lv.first[u+1]; p++ {
			for j, v := range total[p*k : p*k+k] {
				t[u*k+j] += v
			}
		}
	}
	if lv.joint != nil {
		lv.joint.add(t, k, out)
		return
	}
	centers := lv.levelMeans(d, t, k, reach != nil)
	alone := lv.alone(d, reach)
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
				if lv.sure(i) {
					continue
				}
				for j, v := range t[i*k : i*k+k] {
					mean[j] += v / float64(st.counted)
				}
			}
		}
		var factor []float64
		if alone != nil {
			factor = alone.settle(d, g, st, mean, centers[st.parent])
			for j, f := range factor {
				mean[j] *= f
			}
		}
		for i := from; i < u; i++ {
			row := t[i*k : i*k+k]
			for j, f := range factor {
				row[j] *= f
			}
			if lv.extra != nil && lv.extra[i] != 0 {
				addOuter(out, lv.extra[i], row)
			}
			for j := range row {
				row[j] -= mean[j]
			}
			scale := st.scale
			if st.pps {
				scale = lv.center[i]
			}
			addOuter(out, scale, row)
		}
	}
}

// levelMeans returns the mean total over all units of the level inside each unit
// above, which the policy LonelyAdjust centers at.
func (lv *level) levelMeans(d *Design, t []float64, k int, always bool) map[int][]float64 {
	if !d.adjusted && !always {
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
