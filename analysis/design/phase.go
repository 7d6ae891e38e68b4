package design

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Phase is a second phase of selection: among the rows of the design, which are the first-phase sample, some were drawn again by
// simple random sampling without replacement within strata that the first phase made known. Rows that were not drawn stay in
// the design with a weight of zero in the column, and the drawn ones have the weight of the first phase times N_g/n_g
// (Phase.Weights).
//
// With z the influence values, Δ the first phase's weighted covariance of selection, and π_kl the chance that both of two
// rows of the first phase are drawn, the variance is
//
//	V = Σ_kl Δ_kl·(π_k π_l/π_kl)·z_k z_l + Σ_g (1−f_g)·n_g/(n_g−1)·Σ_k (e_k − ē_g)²
//
// over drawn rows: without bias for totals whatever the first phase, with strata, clusters, stages or unequal
// probabilities (Särndal, Swensson and Wretman 1992, section 9.3; R's twophase with method "full"). The sum over pairs needs no
// pairs, for π_k π_l/π_kl is one between strata and a constant within. Columns that share a *Phase share the
// draw; columns of different ones are drawn independently.
type Phase struct {
	Strata  Labels // of every row of the first phase; none means a single stratum
	Sampled []bool // the rows that were drawn
	// Calibration is how the weights were calibrated to totals of the first-phase sample; nil when they were not. It is the second
	// term only that has residuals e of it, since the totals themselves have the first phase's variance. Base is the
	// weight after both phases. Totals of the population belong in the column's own Calibration. (R calibrates the factor of the
	// second phase to unweighted totals: that is X divided by the first-phase weight, and Q equal to it.)
	Calibration *Calibration
}

// Weights returns the weights of both phases from those of the first: N_g/n_g times as large where a row was drawn, and zero where
// it was not.
func (p *Phase) Weights(first []float64) ([]float64, error) {
	q, err := p.compile(Column{Weights: first}, len(first))
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(first))

	for row, w := range first {
		if p.Sampled[row] {
			out[row] = w / q.fraction[q.group[row]]
		}
	}

	return out, nil
}

// phase is a second phase, flattened.
type phase struct {
	of       *Phase
	group    []int     // of each row
	fraction []float64 // of each group, n/N
	within   []float64 // π_k π_l/π_kl of two rows of a group
	scale    []float64 // (1−f) n/(n−1)
	n        []int
	gram     *Gram
}

func (p *Phase) compile(c Column, rows int) (*phase, error) {
	field := "second phase of column " + c.Name

	switch {
	case len(p.Sampled) != rows:
		return nil, &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("%d rows are said to be drawn or not, of %d", len(p.Sampled), rows)}
	case !p.Strata.none() && p.Strata.Len() != rows:
		return nil, &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("%d strata for %d rows", p.Strata.Len(), rows)}
	case c.Chance != nil:
		return nil, &InputError{Field: field, Row: -1, Reason: "a chance and a phase are two ways to say the same, give one"}
	}
	groups := max(1, len(p.Strata.names))
	q := &phase{
		of: p, group: p.Strata.codes, n: make([]int, groups),
		fraction: make([]float64, groups), within: make([]float64, groups), scale: make([]float64, groups),
	}
	if q.group == nil {
		q.group = make([]int, rows)
	}
	size := make([]float64, groups)

	for row, g := range q.group {
		size[g]++
		if p.Sampled[row] {
			q.n[g]++
		}
	}

	for g, big := range size {
		n := float64(q.n[g])
		name := "all"
		if !p.Strata.none() {
			name = p.Strata.names[g]
		}
		q.fraction[g] = n / big
		q.within[g] = 1

		switch {
		case n == 0:
			return nil, &PhaseError{Column: c.Name, Stratum: name, Reason: fmt.Sprintf("none of its %v rows was drawn", big)}
		case n == big:
		case n == 1:
			return nil, &PhaseError{Column: c.Name, Stratum: name, Reason: fmt.Sprintf("one of its %v rows was drawn, and two are needed", big)}
		default:
			q.within[g] = n * (big - 1) / (big * (n - 1))
			q.scale[g] = (1 - n/big) * n / (n - 1)
		}
	}

	return q, nil
}

// compilePhase checks a column's second phase and keeps it, shared with other columns of the same one.
func (d *Design) compilePhase(col *column) error {
	p := col.Phase
	if p == nil {
		return nil
	}
	field := "second phase of column " + col.Name
	if d.domainLonely {
		return &InputError{Field: field, Row: -1, Reason: "single units of domains cannot be set apart in a second phase"}
	}
	q, err := p.compile(col.Column, d.rows)
	if err != nil {
		return err
	}
	for row, w := range col.Weights {
		if w != 0 && !p.Sampled[row] {
			return &InputError{Field: field, Row: row, Reason: "a row that was not drawn has a weight"}
		}
	}
	if k := p.Calibration; k != nil {
		if err := checkCalibration(field, k, col.Weights); err != nil {
			return err
		}
		q.gram = k.gram(col.Weights)
	}
	col.phase = q

	return nil
}

// addPhases adds what second phases contribute beyond the first phase's variance of the same influence values. The residuals are
// of each column, by position, k forms side by side; nil where no form uses the column.
func (d *Design) addPhases(residuals [][]float64, k int, out *mat.SymDense) {
	done := make(map[*Phase]bool)

	for c := range d.columns {
		of := d.columns[c].Phase
		if of == nil || done[of] {
			continue
		}
		done[of] = true
		q := d.columns[c].phase
		z, e := make([]float64, d.rows*k), make([]float64, d.rows*k)
		used := false

		for o := range d.columns {
			if d.columns[o].Phase != of || residuals[o] == nil {
				continue
			}
			used = true
			axpy(z, 1, residuals[o])
			own := residuals[o]
			if gram := d.columns[o].phase.gram; gram != nil {
				own = append([]float64(nil), own...)
				for j := range k {
					d.project(of.Calibration, gram, d.columns[o].Weights, own, k, j)
					d.project(of.Calibration, gram, d.columns[o].Weights, own, k, j)
				}
			}
			axpy(e, 1, own)
		}
		if used {
			d.addExpansion(q, z, k, out)
			d.addDraw(q, e, k, out)
		}
	}
}

// addExpansion adds what the first phase's sum over pairs of drawn rows lacks when it is taken without π_k π_l/π_kl.
func (d *Design) addExpansion(q *phase, z []float64, k int, out *mat.SymDense) {
	own := d.ownVariance()
	part := make([]float64, len(z))

	for g, within := range q.within {
		if within == 1 {
			continue
		}
		clear(part)
		for p, row := range d.order {
			if q.group[row] == g {
				copy(part[p*k:p*k+k], z[p*k:p*k+k])
			}
		}
		v := mat.NewSymDense(k, nil)
		for l := range d.levels {
			d.levels[l].add(d, part, k, v, nil)
		}
		axpy(out.RawSymmetric().Data, within-1, v.RawSymmetric().Data)
	}

	for p, row := range d.order {
		g := q.group[row]
		if a := (q.fraction[g] - q.within[g]) * own[row]; a != 0 {
			addOuter(out, a, z[p*k:p*k+k])
		}
	}
}

// addDraw adds the second phase's own term.
func (d *Design) addDraw(q *phase, e []float64, k int, out *mat.SymDense) {
	mean := make([][]float64, len(q.n))
	for g := range mean {
		mean[g] = make([]float64, k)
	}
	for p, row := range d.order {
		if g := q.group[row]; q.of.Sampled[row] {
			axpy(mean[g], 1/float64(q.n[g]), e[p*k:p*k+k])
		}
	}
	r := make([]float64, k)

	for p, row := range d.order {
		g := q.group[row]
		if q.scale[g] == 0 || !q.of.Sampled[row] {
			continue
		}
		copy(r, e[p*k:p*k+k])
		axpy(r, -1, mean[g])
		addOuter(out, q.scale[g], r)
	}
}

// ownVariance is Δ_kk of the first phase: the variance of a sum of influence values that are one on a row and zero on all others.
func (d *Design) ownVariance() []float64 {
	out := make([]float64, d.rows)

	for l := range d.levels {
		for u, v := range d.levels[l].ownVariance() {
			lv := &d.levels[l]
			for _, row := range d.order[lv.first[u]:lv.first[u+1]] {
				out[row] += v
			}
		}
	}

	return out
}

// ownVariance is the level's part of it, of each unit.
func (lv *level) ownVariance() []float64 {
	out := make([]float64, len(lv.stratum))
	if lv.joint != nil {
		for _, b := range lv.joint.blocks {
			for i := range b.n {
				out[b.first+i] = b.m[i*b.n+i]
			}
		}
		return out
	}

	for u, g := range lv.stratum {
		st := &lv.strata[g]
		n := float64(st.counted)
		var share float64 // of the level's mean
		if e, ok := lv.elsewhere[st.parent]; ok {
			share = 1 / e.units
			out[u] = e.weight * share * share
		}

		switch {
		case st.scale == 0 || lv.sure(u):
		case st.lonely:
			out[u] += st.weight() * (1 - 2*share)
		case st.pps:
			out[u] += lv.center[u]*(1-2/n) + st.total/(n*n) + lv.extra[u]
		default:
			out[u] += st.scale * (1 - 1/n)
		}
	}

	return out
}

// weight is what the squared deviation of a lonely stratum's unit from the level's mean is multiplied by.
func (st *stratum) weight() float64 {
	if st.pps {
		return st.total
	}

	return st.scale
}
