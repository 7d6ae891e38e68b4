package estimate

import (
	"math"
)

// sums are those of a piece. A piece without answers has no weight.
type sums struct{ y, weight float64 }

// whole are the sums of a domain. The pivot is its c, or its R; below the denominator of a ratio.
type whole struct {
	pivot, below  float64
	y, yy, weight float64
	n             int
}

func (w *whole) add(y, yy, weight float64, n int) sums {
	w.y += y
	w.yy += yy
	w.weight += weight
	w.n += n

	return sums{y, weight}
}

// scratch is what a pass works with.
type scratch struct {
	sums   []sums
	wholes []whole
	values []float64 // dealt out to buckets
	totals []float64 // of the influence values, by piece
	shift  []float64
	factor []float64
}

// grown returns a slice of n places, the same where it has room; they hold anything.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}

	return s[:n]
}

// pass fills the cells of one variable in the plan's domains, and returns the domains where the result is not a finite number.
func (t *Table) pass(p *plan, variable int, s *scratch, opt Options) (left []int) {
	v := t.vars[variable]
	s.wholes, s.sums = grown(s.wholes, len(p.domains)), grown(s.sums, len(p.unit))
	clear(s.wholes)

	if v.Kind == Ratio {
		s.addProducts(p, v)
		s.addResiduals(p, v)
	} else {
		w := t.design.Weights(p.column)
		for k, i := range p.domains {
			s.wholes[k].pivot = anAnswer(v, w, t.domains.Rows[i])
		}
		s.addAll(p, v)
	}
	variance, df := s.variances(t, p, v.Kind)

	for k, i := range p.domains {
		c, ok := t.settle(v.Kind, &s.wholes[k], variance[k], df[k], opt)
		if !ok {
			left = append(left, i)
			continue
		}
		c.estimate.Method = v.Kind.String()
		t.cells[i*len(t.vars)+variable] = c
	}

	return left
}

// anAnswer returns the first value of a variable in a domain, zero when there is none. Zero is right for a share, too, whose
// sums are exact as they are.
func anAnswer(v Variable, w []float64, rows []int) float64 {
	if v.Kind == Share {
		return 0
	}
	for _, row := range rows {
		if y := v.at(row); w[row] > 0 && !math.IsNaN(y) {
			return y
		}
	}

	return 0
}

// addAll sums up a variable.
func (s *scratch) addAll(p *plan, v Variable) {
	switch {
	case v.Codes != nil:
		s.addScores(p, v)
	case p.dealt == nil:
		s.addValues(p, v.Values, p.row)
	default:
		s.values = grown(s.values, len(p.row))
		p.dealt.out(v.Values, s.values)
		s.addValues(p, s.values, p.dealt.at)
	}
}

// out deals values out.
func (d *dealing) out(from, to []float64) {
	var next [manyBuckets]int
	copy(next[:], d.start)
	bucket := d.bucket[:len(d.row)]

	for i, row := range d.row {
		place := &next[bucket[i]]
		to[*place] = from[row]
		*place++
	}
}

// addValues and addScores are the innermost loops. They differ in where the values stand.
func (s *scratch) addValues(p *plan, values []float64, at []int32) {
	for k, i := range p.domain {
		at, weight := at[p.first[k]:p.first[k+1]], p.weight[p.first[k]:p.first[k+1]]
		whole := &s.wholes[i]
		pivot := whole.pivot
		var y, yy, all float64
		n := 0

		for j, place := range at {
			v := values[place]
			if v != v { // missing
				continue
			}
			v -= pivot
			wv := weight[j] * v
			y += wv
			yy += wv * v
			all += weight[j]
			n++
		}
		s.sums[k] = whole.add(y, yy, all, n)
	}
}

func (s *scratch) addScores(p *plan, scored Variable) {
	var score [256]float64
	copy(score[:], scored.Scores)
	codes := scored.Codes

	for k, i := range p.domain {
		rows, weight := p.row[p.first[k]:p.first[k+1]], p.weight[p.first[k]:p.first[k+1]]
		whole := &s.wholes[i]
		pivot := whole.pivot
		var y, yy, all float64
		n := 0

		for j, row := range rows {
			v := score[codes[row]]
			if v != v { // missing
				continue
			}
			v -= pivot
			wv := weight[j] * v
			y += wv
			yy += wv * v
			all += weight[j]
			n++
		}
		s.sums[k] = whole.add(y, yy, all, n)
	}
}

// addProducts finds the ratios and their denominators.
func (s *scratch) addProducts(p *plan, v Variable) {
	for k, i := range p.domain {
		for j := p.first[k]; j < p.first[k+1]; j++ {
			y, x := v.Values[p.row[j]], v.Denominator[p.row[j]]
			if !math.IsNaN(y) && !math.IsNaN(x) {
				s.wholes[i].y += p.weight[j] * y
				s.wholes[i].below += p.weight[j] * x
			}
		}
	}
	for i := range s.wholes {
		w := &s.wholes[i]
		w.pivot, w.y = w.y/w.below, 0
	}
}

// addResiduals sums up y − R·x.
func (s *scratch) addResiduals(p *plan, v Variable) {
	for k, i := range p.domain {
		whole := &s.wholes[i]
		var e, ee, all float64
		n := 0

		for j := p.first[k]; j < p.first[k+1]; j++ {
			y, x := v.Values[p.row[j]], v.Denominator[p.row[j]]
			if math.IsNaN(y) || math.IsNaN(x) {
				continue
			}
			z := y - whole.pivot*x
			e += p.weight[j] * z
			ee += p.weight[j] * z * z
			all += p.weight[j]
			n++
		}
		s.sums[k] = whole.add(e, ee, all, n)
	}
}

// variances turns the sums into totals of influence values, and these into variances.
func (s *scratch) variances(t *Table, p *plan, k Kind) (variance, df []float64) {
	s.shift, s.factor = grown(s.shift, len(s.wholes)), grown(s.factor, len(s.wholes))

	for i, w := range s.wholes {
		switch k {
		case Total:
			s.shift[i], s.factor[i] = w.pivot, 1
		case Ratio:
			s.shift[i], s.factor[i] = 0, 1/w.below
		default:
			s.shift[i], s.factor[i] = -w.y/w.weight, 1/w.weight
		}
	}
	s.totals = grown(s.totals, len(s.sums))

	for k, i := range p.domain {
		s.totals[k] = math.NaN() // not touched
		if a := &s.sums[k]; a.weight > 0 {
			s.totals[k] = (a.y + s.shift[i]*a.weight) * s.factor[i]
		}
	}

	return t.design.VariancesOfTotals(p.unit, p.domain, s.totals, len(s.wholes))
}

// settle makes an estimate of a domain's sums, and says whether it is a finite number or undefined.
func (t *Table) settle(k Kind, w *whole, variance, df float64, opt Options) (c cell, ok bool) {
	switch {
	case w.n == 0:
		return undefined(0, "no answers"), true
	case k == Ratio && w.below == 0:
		return undefined(w.n, "the denominator is zero"), true
	}
	mean := w.y / w.weight
	c = cell{value: w.pivot + mean, denominator: w.weight}
	spread := 1.0 // of what the variance is linear in, by that of y − c

	switch k {
	case Total:
		c.value = w.y + w.pivot*w.weight
		spread = w.weight
	case Ratio:
		c.value, c.denominator = w.pivot, w.below
		spread = w.weight / w.below
	}
	c.unity = math.NaN()

	if w.n > 1 {
		squares := math.Max(0, w.yy-mean*w.y) // Σw(y−ȳ)²
		c.unity = spread * spread * squares / w.weight / float64(w.n-1)
	}

	return t.finish(k, c, w.n, w.weight, variance, df, opt), !math.IsNaN(c.value - c.value + variance - variance)
}
