package model

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"sipas/analysis/design"
	"sipas/analysis/formula"
)

// OrdinalFit is a fitted cumulative-link model. Its coefficients are those of the formula's columns, then the thresholds,
// named as R's svyolr names them: "1|2", "2|3".
type OrdinalFit struct {
	Fit
	Link   Link
	Levels []string // of the response, ascending
}

// Ordinal fits a cumulative-link model to an ordered response (McCullagh 1980):
//
//	P(Y ≤ j) = F(ζ_j − xᵀβ)
//
// with F of the logit, probit, cloglog (1 − e^{−e^t}) or loglog (e^{−e^{−t}}) link; "" is logit. R's svyolr calls
// the latter cloglog. A positive coefficient speaks for higher categories. The response is categorical; its levels are taken in their order. The thresholds take the place of the intercept, which the formula
// must not remove.
//
// It is solved by Newton's method with the analytic score and Hessian; the variance is that of the influence values H⁻¹ w u with the
// observed information H. The errors are those of GLM.
func Ordinal(d *design.Design, fm *formula.Formula, data formula.Data, link Link, opt Options) (*OrdinalFit, error) {
	if link == "" {
		link = Logit
	}
	if !slices.Contains([]Link{Logit, Probit, Cloglog, Loglog}, link) {
		return nil, &InputError{Field: "link", Row: -1, Reason: fmt.Sprintf("there is no cumulative link %q; logit, probit, cloglog and loglog are offered", link)}
	}
	if !fm.Intercept() {
		return nil, &InputError{Field: "formula", Row: -1, Reason: "the thresholds stand for the intercept, which cannot be removed"}
	}
	base, err := begin(d, fm, data, opt)
	if err != nil {
		return nil, err
	}
	f := &OrdinalFit{Fit: *base, Link: link}
	f.first = 1 // after the intercept, which the thresholds replace
	f.Model = fmt.Sprintf("ordinal(%s)", link)
	r := f.matrix.Response

	if r.Levels == nil {
		return nil, &InputError{Field: "response", Row: -1, Reason: fmt.Sprintf("%s is numeric; factor(%s) makes its values ordered categories", r.Name, r.Name)}
	}
	if len(r.Levels) < 2 {
		return nil, &InputError{Field: "response", Row: -1, Reason: fmt.Sprintf("%s has one level only in the rows used", r.Name)}
	}
	f.Levels = r.Levels
	p := &ordinalProblem{x: f.x, y: r.Codes, w: f.weights, link: link, levels: len(r.Levels)}
	p.findKept()
	s, err := f.solve(p, p.begin())

	if err != nil {
		return nil, err
	}
	f.Deviance, f.Iterations = s.loss, s.iterations
	f.estimates = p.coefficients(s.parameters)
	f.DF = d.DF(f.ordered) - float64(len(p.kept))

	err = f.spread(func() [][]float64 { return f.influence(p, s) }, func(w []float64) ([]float64, error) {
		return f.refit(p, s.parameters, w), nil
	})
	if err != nil {
		return nil, err
	}
	f.finish(f.names(), p.defined())

	return f, nil
}

// names are those of the columns, without the intercept, and of the thresholds.
func (f *OrdinalFit) names() []string {
	out := slices.Clone(f.x.names[1:])
	for j := range f.Levels[1:] {
		out = append(out, f.Levels[j]+"|"+f.Levels[j+1])
	}

	return out
}

func (f *OrdinalFit) solve(p *ordinalProblem, start []float64) (*solution, error) {
	s, err := newton(p, start)
	var away *receding

	if errors.As(err, &away) {
		direction := make([]float64, 0, p.size())
		for j := 1; j < p.x.n; j++ {
			direction = append(direction, 0)
			if at := slices.Index(p.kept, j); at >= 0 {
				direction[j-1] = away.direction[at]
			}
		}
		return nil, named(f.names(), append(direction, away.direction[len(p.kept):]...), true)
	}

	return s, err
}

// refit returns the coefficients with a replicate's weights; all are NaN when a category or a column has no weight left, because the
// parameters then are not the same.
func (f *OrdinalFit) refit(p *ordinalProblem, start, weights []float64) []float64 {
	undefined := slices.Repeat([]float64{math.NaN()}, len(f.estimates))
	again := *p
	again.w, again.alone = f.scaled(weights), true
	left := make([]bool, p.levels)

	for _, row := range p.x.rows {
		left[p.y[row]] = left[p.y[row]] || weights[row] != 0
	}
	if slices.Contains(left, false) {
		return undefined
	}
	s, err := f.solve(&again, slices.Clone(start))

	if err != nil || len(s.factor.kept) < p.size() {
		return undefined
	}

	return p.coefficients(s.parameters)
}

// influence returns the influence values of every coefficient over the rows used.
func (f *OrdinalFit) influence(p *ordinalProblem, s *solution) [][]float64 {
	n, k := p.size(), len(f.estimates)
	inverse := s.factor.inverse()
	w := f.design.Weights(f.column)
	scale := float64(f.N) / f.Population

	// Columns of the bread: each parameter's share in every coefficient.
	bread := make([][]float64, n)
	for a := range n {
		bread[a] = p.coefficients(inverse[a*n : a*n+n])
	}
	out := make([][]float64, k)

	for j := range out {
		out[j] = make([]float64, len(f.x.rows))
	}
	split(len(f.x.rows), false, func(_, from, to int) {
		t := p.scratch()

		for i := from; i < to; i++ {
			row := f.x.rows[i]
			_, a, b := p.terms(row, s.parameters, t)
			w := w[row] * scale

			for e, at := range t.at {
				score := w * (a.first*t.upper[e] - b.first*t.lower[e])
				for j := range k {
					out[j][i] += bread[at][j] * score
				}
			}
		}
	})

	return out
}

// tail is what an end of an interval contributes to log P, where P = F(u) − F(l): f/P and f′/P there.
type tail struct{ first, second float64 }

// cumulative returns F, 1−F, f and f′ of a link.
func cumulative(link Link, t float64) (below, above, density, slope float64) {
	switch link {
	case Probit:
		density = math.Exp(-t*t/2) / math.Sqrt(2*math.Pi)
		return 0.5 * math.Erfc(-t/math.Sqrt2), 0.5 * math.Erfc(t/math.Sqrt2), density, -t * density
	case Cloglog:
		h := math.Exp(math.Min(t, 700))
		above = math.Exp(-h)
		return -math.Expm1(-h), above, h * above, h * above * (1 - h)
	case Loglog:
		h := math.Exp(math.Min(-t, 700))
		below = math.Exp(-h)
		return below, -math.Expm1(-h), h * below, h * below * (h - 1)
	}
	e := math.Exp(-math.Abs(t))
	below, above = e/(1+e), 1/(1+e)

	if t > 0 {
		below, above = above, below
	}
	density = below * above

	return below, above, density, density * (above - below)
}

// between returns log P of the interval from l to u, which may be infinite, and what both ends contribute. P is taken from the tail on which
// it is small, so that it keeps its digits.
func between(link Link, l, u float64) (logP float64, lower, upper tail) {
	lb, la, lf, ls := cumulative(link, math.Max(l, -1e300))
	ub, ua, uf, us := cumulative(link, math.Min(u, 1e300))

	if math.IsInf(l, -1) {
		lb, la, lf, ls = 0, 1, 0, 0
	}
	if math.IsInf(u, 1) {
		ub, ua, uf, us = 1, 0, 0, 0
	}
	p := ub - lb
	if lb > 0.5 {
		p = la - ua
	}
	if !(p > 0) {
		return math.Inf(-1), lower, upper
	}

	return math.Log(p), tail{lf / p, ls / p}, tail{uf / p, us / p}
}

// ordinalProblem is the objective of a cumulative-link model. Its parameters are the coefficients of the columns that are kept, in the basis
// of the columns, and then the thresholds.
type ordinalProblem struct {
	x      *columns
	kept   []int // columns, without the intercept
	place  []int // of each column among the kept, -1 when not
	y      []int32
	w      []float64
	link   Link
	levels int
	alone  bool // a replicate: on one goroutine, and only its coefficients count
}

// findKept leaves out the columns that depend linearly on the intercept and earlier ones.
func (p *ordinalProblem) findKept() {
	flat := &glmProblem{x: p.x, y: make([]float64, len(p.w)), w: p.w, unit: gaussianUnit}
	f, _ := factor(flat.pass(make([]float64, p.x.n)).gram, p.x.n)
	p.place = slices.Repeat([]int{-1}, p.x.n)

	for _, j := range f.kept {
		if j != p.x.intercept {
			p.place[j] = len(p.kept)
			p.kept = append(p.kept, j)
		}
	}
}

// defined says which coefficients have an estimate.
func (p *ordinalProblem) defined() []bool {
	var out []bool
	for _, at := range p.place[1:] {
		out = append(out, at >= 0)
	}

	return append(out, slices.Repeat([]bool{true}, p.levels-1)...)
}

// begin are thresholds that give the categories their shares, and no effects.
func (p *ordinalProblem) begin() []float64 {
	shares := make([]float64, p.levels)
	var total, sum float64

	for _, row := range p.x.rows {
		shares[p.y[row]] += p.w[row]
		total += p.w[row]
	}
	out := make([]float64, p.size())
	link := Family{Distribution: Binomial, Link: p.link}

	for j := range p.levels - 1 {
		sum += shares[j]
		share := math.Min(sum/total, 1-1e-9)
		if p.link == Loglog {
			out[len(p.kept)+j] = -math.Log(-math.Log(share))
			continue
		}
		out[len(p.kept)+j] = link.link(share)
	}

	return out
}

// coefficients turns parameters into those of the formula's own columns and the thresholds that go with them: with x = center + x′/scale
// the thresholds shift by Σ β·center.
func (p *ordinalProblem) coefficients(parameters []float64) []float64 {
	gamma := make([]float64, p.x.n)
	for at, j := range p.kept {
		gamma[j] = parameters[at]
	}
	beta := p.x.beta(gamma)
	shift := -beta[p.x.intercept]
	out := slices.Clone(beta[1:])

	for _, t := range parameters[len(p.kept):] {
		out = append(out, t+shift)
	}

	return out
}

func (p *ordinalProblem) size() int { return len(p.kept) + p.levels - 1 }

func (p *ordinalProblem) settled() float64 {
	if p.alone {
		return settledCheaply
	}

	return settledFit
}

func (p *ordinalProblem) scale() float64 { return float64(len(p.x.rows)) }

// touched is what a row has to do with the parameters: the derivatives of its upper and its lower end by those at hand.
type touched struct {
	scratch
	at           []int
	upper, lower []float64
}

func (p *ordinalProblem) scratch() *touched {
	n := len(p.x.blocks) + 2

	return &touched{scratch: *p.x.scratch(), at: make([]int, 0, n), upper: make([]float64, 0, n), lower: make([]float64, 0, n)}
}

// gradients fills in the derivatives of both ends of a row's interval.
func (p *ordinalProblem) gradients(row int, t *touched) {
	t.at, t.upper, t.lower = t.at[:0], t.upper[:0], t.lower[:0]
	y, last := int(p.y[row]), p.levels-1
	lower, upper := 0.0, 0.0

	if y > 0 {
		lower = 1
	}
	if y < last {
		upper = 1
	}
	for e := range p.x.row(row, t.index, t.value) {
		if at := p.place[t.index[e]]; at >= 0 {
			t.at = append(t.at, at)
			t.upper, t.lower = append(t.upper, -upper*t.value[e]), append(t.lower, -lower*t.value[e])
		}
	}
	if y > 0 {
		t.at, t.upper, t.lower = append(t.at, len(p.kept)+y-1), append(t.upper, 0), append(t.lower, 1)
	}
	if y < last {
		t.at, t.upper, t.lower = append(t.at, len(p.kept)+y), append(t.upper, 1), append(t.lower, 0)
	}
}

// terms fills in a row's gradients and returns log P with what its upper and its lower end contribute.
func (p *ordinalProblem) terms(row int, parameters []float64, t *touched) (logP float64, upper, lower tail) {
	p.gradients(row, t)
	u, l := 0.0, 0.0

	if p.x.offset != nil {
		u, l = -p.x.offset[row], -p.x.offset[row]
	}
	for e, at := range t.at {
		u += t.upper[e] * parameters[at]
		l += t.lower[e] * parameters[at]
	}
	if p.y[row] == 0 {
		l = math.Inf(-1)
	}
	if int(p.y[row]) == p.levels-1 {
		u = math.Inf(1)
	}
	logP, lower, upper = between(p.link, l, u)

	return logP, upper, lower
}

func (p *ordinalProblem) pass(parameters []float64) *sums {
	n := p.size()
	parts := make([]*sums, chunks)

	split(len(p.x.rows), p.alone, func(piece, from, to int) {
		t, out := p.scratch(), newSums(n)
		for _, row := range p.x.rows[from:to] {
			if w := p.w[row]; w != 0 {
				p.add(row, w, parameters, t, out)
			}
		}
		parts[piece] = out
	})
	out := parts[0]

	for _, o := range parts[1:] {
		if o != nil {
			out.add(o)
		}
	}
	if math.IsNaN(out.loss) {
		out.loss = math.Inf(1)
	}

	return out
}

// add adds one row. With a = f(u)/P, b = f(l)/P and a′, b′ likewise, the score is a·∇u − b·∇l, and the Hessian of log P is
// (a′ − a²)∇u∇uᵀ − (b′ + b²)∇l∇lᵀ + ab(∇u∇lᵀ + ∇l∇uᵀ), because u and l are linear.
func (p *ordinalProblem) add(row int, w float64, parameters []float64, t *touched, out *sums) {
	logP, a, b := p.terms(row, parameters, t)
	out.loss -= 2 * w * logP
	uu := w * (a.first*a.first - a.second)
	ll := w * (b.first*b.first + b.second)
	ul := -w * a.first * b.first
	n := p.size()

	for e, j := range t.at {
		out.score[j] += w * (a.first*t.upper[e] - b.first*t.lower[e])
		byUpper, byLower := uu*t.upper[e]+ul*t.lower[e], ul*t.upper[e]+ll*t.lower[e]

		for g, k := range t.at[:e+1] {
			out.gram[max(j, k)*n+min(j, k)] += byUpper*t.upper[g] + byLower*t.lower[g]
		}
	}
}

func (p *ordinalProblem) reach(direction []float64) float64 {
	var most float64
	t := p.scratch()

	for _, row := range p.x.rows {
		if p.w[row] != 0 {
			u, l := p.along(row, direction, t)
			most = math.Max(most, math.Max(math.Abs(u), math.Abs(l)))
		}
	}

	return most
}

// along is the change of both ends of a row's interval along a direction; zero for an infinite end.
func (p *ordinalProblem) along(row int, direction []float64, t *touched) (upper, lower float64) {
	p.gradients(row, t)

	for e, at := range t.at {
		upper += t.upper[e] * direction[at]
		lower += t.lower[e] * direction[at]
	}

	return upper, lower
}

func (p *ordinalProblem) recedes(direction []float64) bool {
	least := contradiction * p.reach(direction)
	t := p.scratch()

	for _, row := range p.x.rows {
		if p.w[row] == 0 {
			continue
		}
		if u, l := p.along(row, direction, t); u < -least || l > least {
			return false
		}
	}

	return true
}
