package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"sipas/analysis/design"
	"sipas/analysis/formula"
)

// GLMFit is a fitted generalized linear model.
type GLMFit struct {
	Fit
	Family Family
	// Dispersion is the weighted variance of the Pearson residuals, n/(n−1)·Σw(r−r̄)²/Σw. No standard error here rests on it.
	Dispersion float64
	// NullDeviance is that of the mean alone, or of the offset alone without an intercept.
	NullDeviance float64

	y      []float64 // of each row of the data
	factor *cholesky // of the information, in the basis of the columns
	kept   []bool
}

// GLM fits a generalized linear model to survey data.
//
// The response is a column of numbers; for the binomial family 0 and 1, shares between them, or a categorical variable of two
// levels, of which the second is success.
//
// Errors: *InputError and the errors of the formula for what cannot be used, *SeparationError where the maximum does not
// exist, *ConvergenceError. A column that depends linearly on earlier ones has an undefined coefficient; a
// model without degrees of freedom keeps its standard errors but has no tests and no intervals.
//
// Binder 1983; the formulas stand in the package's documentation.
func GLM(d *design.Design, fm *formula.Formula, data formula.Data, family Family, opt Options) (*GLMFit, error) {
	if err := family.settle(); err != nil {
		return nil, err
	}
	base, err := begin(d, fm, data, opt)
	if err != nil {
		return nil, err
	}
	f := &GLMFit{Fit: *base, Family: family}
	f.Model = family.String()

	if err := f.response(); err != nil {
		return nil, err
	}
	s, err := f.fit(f.x, f.weights, nil, false)

	if err != nil {
		return nil, err
	}
	f.factor, f.Deviance, f.Iterations = s.factor, s.loss, s.iterations
	f.kept = make([]bool, f.x.n)

	for _, j := range s.factor.kept {
		f.kept[j] = true
	}
	f.estimates = f.x.beta(s.parameters)
	f.DF = d.DF(f.ordered) + 1 - float64(len(s.factor.kept))

	if err := f.null(); err != nil {
		return nil, err
	}
	f.disperse(s.parameters)
	err = f.spread(func() [][]float64 { return f.influence(s.parameters) }, func(w []float64) ([]float64, error) {
		return f.refit(w, s.parameters), nil
	})
	if err != nil {
		return nil, err
	}
	f.finish(f.x.names, f.kept)

	return f, nil
}

// response reads the left side.
func (f *GLMFit) response() error {
	r := f.matrix.Response
	f.y = r.Numbers

	if r.Levels != nil {
		if f.Family.Distribution != Binomial {
			return &InputError{Field: "response", Row: -1, Reason: fmt.Sprintf("%s is categorical; the %s family needs numbers", r.Name, f.Family.Distribution)}
		}
		if len(r.Levels) != 2 {
			return &InputError{Field: "response", Row: -1, Reason: fmt.Sprintf("%s has %d levels in the rows used; a binomial response has two, of which the second is success", r.Name, len(r.Levels))}
		}
		f.y = make([]float64, len(r.Codes))
		for i, c := range r.Codes {
			f.y[i] = float64(c)
		}
		f.Notes = append(f.Notes, fmt.Sprintf("the model is of %s = %s", r.Name, r.Levels[1]))
	}
	for _, row := range f.x.rows {
		if reason := f.Family.allowed(f.y[row]); reason != "" {
			return &InputError{Field: "response", Row: row, Reason: reason}
		}
	}

	return nil
}

// fit solves the estimating equations for columns and weights.
func (f *GLMFit) fit(x *columns, weights, start []float64, alone bool) (*solution, error) {
	p := &glmProblem{x: x, y: f.y, w: weights, family: f.Family, unit: f.Family.observed(), expected: f.Family.unit(), alone: alone}
	p.measure()
	s, err := newton(p, start)
	var stuck *ConvergenceError

	// Where the rows' own values lead nowhere, the mean is a start that every family allows.
	if errors.As(err, &stuck) && x.intercept >= 0 && start == nil {
		flat := make([]float64, x.n)
		flat[x.intercept] = f.Family.link(p.mean)
		s, err = newton(p, flat)
	}
	var away *receding

	if errors.As(err, &away) {
		return nil, named(x.names, away.direction, false)
	}
	if err != nil || alone || f.Family.canonical() {
		return s, err
	}
	// Influence values and tests take the expected information, which is another one where the link is not canonical.
	p.unit = p.expected
	var ok bool

	if s.factor, ok = factor(p.pass(s.parameters).gram, x.n); !ok {
		return nil, &ConvergenceError{Iterations: s.iterations, Reason: "the information matrix is not positive"}
	}

	return s, nil
}

// refit returns the coefficients with the weights of a replicate; NaN for those that it does not define.
func (f *GLMFit) refit(weights, start []float64) []float64 {
	undefined := slices.Repeat([]float64{math.NaN()}, f.x.n)
	s, err := f.fit(f.x, f.scaled(weights), slices.Clone(start), true)

	if err != nil {
		return undefined
	}
	out := f.x.beta(s.parameters)

	for j, kept := range f.kept {
		switch {
		case !kept:
			out[j] = 0
		case s.factor.keeps(j):
		case f.x.weighted(j, weights):
			// Its share cannot be told from the others', so theirs mean something else here too.
			return undefined
		default:
			out[j] = math.NaN()
		}
	}

	return out
}

// null fits the mean alone.
func (f *GLMFit) null() error {
	p := &glmProblem{x: f.x, y: f.y, w: f.weights, family: f.Family, unit: f.Family.unit()}
	p.measure()
	at := 0.0

	switch {
	case f.x.intercept >= 0 && f.x.offset == nil:
		at = f.Family.link(p.mean)
	case f.x.intercept >= 0:
		one := *f.x
		one.blocks, one.n, one.names = f.x.blocks[:1], 1, f.x.names[:1]
		s, err := f.fit(&one, f.weights, nil, false)
		if err != nil {
			return err
		}
		f.NullDeviance = s.loss
		return nil
	}
	parts := make([]float64, chunks)

	split(len(f.x.rows), false, func(piece, from, to int) {
		for _, row := range f.x.rows[from:to] {
			eta := at
			if f.x.offset != nil {
				eta += f.x.offset[row]
			}
			loss, _, _ := p.unit(f.y[row], eta)
			parts[piece] += f.weights[row] * loss
		}
	})
	f.NullDeviance = floats.Sum(parts)

	return nil
}

// disperse works out the variance of the Pearson residuals.
func (f *GLMFit) disperse(gamma []float64) {
	r := make([]float64, len(f.x.rows))

	split(len(r), false, func(_, from, to int) {
		s := f.x.scratch()
		for i := from; i < to; i++ {
			row := f.x.rows[i]
			r[i] = f.Family.pearson(f.y[row], f.x.predictor(row, gamma, s.index, s.value))
		}
	})
	n := float64(f.N)
	var mean, squares float64

	for i, row := range f.x.rows {
		mean += f.weights[row] * r[i] / n
	}
	for i, row := range f.x.rows {
		squares += f.weights[row] * (r[i] - mean) * (r[i] - mean)
	}
	f.Dispersion = squares / (n - 1)
}

// influence returns the influence values of every coefficient over the rows used: H⁻¹ w u, with zeros for
// coefficients that are not defined.
func (f *GLMFit) influence(gamma []float64) [][]float64 {
	bread := f.bread()
	w := f.design.Weights(f.column)
	scale := float64(f.N) / f.Population
	n := f.x.n
	out := make([][]float64, n)

	for j := range out {
		out[j] = make([]float64, len(f.x.rows))
	}
	u := f.Family.unit()

	split(len(f.x.rows), false, func(_, from, to int) {
		s := f.x.scratch()

		for i := from; i < to; i++ {
			row := f.x.rows[i]
			eta := f.x.predictor(row, gamma, s.index, s.value)
			k := f.x.row(row, s.index, s.value)
			_, score, _ := u(f.y[row], eta)
			score *= w[row] * scale

			for j := range n {
				var v float64
				for e := range k {
					v += bread[j*n+s.index[e]] * s.value[e]
				}
				out[j][i] = v * score
			}
		}
	})

	return out
}

// bread is A·G⁻¹, where G is the information in the basis and β = A·γ.
func (f *GLMFit) bread() []float64 { return f.x.transformed(f.factor.inverse(), f.x.n) }

// transformed applies β = A·γ to the first n rows of a matrix of n columns.
func (x *columns) transformed(a []float64, n int) []float64 {
	out := make([]float64, len(a))

	for j := range x.n {
		for k := range n {
			out[j*n+k] = a[j*n+k] * x.scale[j]
		}
	}
	if x.intercept < 0 {
		return out
	}
	for j := range x.n {
		for k := range n {
			out[x.intercept*n+k] -= x.center[j] * out[j*n+k]
		}
	}

	return out
}

// MarshalJSON writes what is not defined as null.
func (f *GLMFit) MarshalJSON() ([]byte, error) {
	out := f.file()
	out.NullDeviance, out.Dispersion = finite(f.NullDeviance), finite(f.Dispersion)

	return json.Marshal(out)
}

// glmProblem is the objective of a generalized linear model.
type glmProblem struct {
	x        *columns
	y, w     []float64 // by rows of the data
	family   Family
	unit     unit // of the steps
	expected unit // with the expected information, for the first step
	alone    bool // a replicate: on one goroutine, and only its coefficients count

	mean   float64 // Σwy/Σw
	energy float64
}

// measure works out the mean and the ordinary size of a loss.
func (p *glmProblem) measure() {
	var sum, squares, total float64

	for _, row := range p.x.rows {
		sum += p.w[row] * p.y[row]
		squares += p.w[row] * p.y[row] * p.y[row]
		total += p.w[row]
	}
	p.mean, p.energy = sum/total, math.Abs(total)

	if p.family.Distribution == Gaussian {
		p.energy = squares
	}
}

func (p *glmProblem) size() int { return p.x.n }

func (p *glmProblem) settled() float64 {
	if p.alone {
		return settledCheaply
	}

	return settledFit
}

func (p *glmProblem) scale() float64 { return p.energy }

func (p *glmProblem) pass(gamma []float64) *sums {
	n := p.x.n
	parts := make([]*sums, chunks)

	split(len(p.x.rows), p.alone, func(piece, from, to int) {
		s, out := p.x.scratch(), newSums(n)
		for _, row := range p.x.rows[from:to] {
			if w := p.w[row]; w != 0 {
				p.add(row, w, gamma, s, out)
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
	if gamma == nil {
		out.loss = math.Inf(1)
	}
	if math.IsNaN(out.loss) {
		out.loss = math.Inf(1)
	}

	return out
}

// add adds one row's deviance, score and information.
func (p *glmProblem) add(row int, w float64, gamma []float64, s *scratch, out *sums) {
	k := p.x.row(row, s.index, s.value)
	index, value := s.index[:k], s.value[:k]
	var eta, first float64
	unit := p.unit

	if p.x.offset != nil {
		eta = p.x.offset[row]
	}
	if gamma == nil {
		// Scoring from γ = 0 by way of a predictor near the row's own value.
		own := p.family.start(p.y[row])
		eta, first = own, own-eta
		unit = p.expected
	}
	for e, j := range index {
		if gamma != nil {
			eta += value[e] * gamma[j]
		}
	}
	loss, score, info := unit(p.y[row], eta)
	score += info * first
	out.loss += w * loss
	score *= w
	info *= w
	n := p.x.n

	for a, j := range index {
		out.score[j] += score * value[a]
		v := info * value[a]
		line := out.gram[j*n:]

		for b := 0; b <= a; b++ {
			line[index[b]] += v * value[b]
		}
	}
}

func (p *glmProblem) reach(direction []float64) float64 {
	var most float64
	s := p.x.scratch()

	for _, row := range p.x.rows {
		if p.w[row] != 0 {
			most = math.Max(most, math.Abs(p.along(row, direction, s)))
		}
	}

	return most
}

// along is the change of a row's linear predictor along a direction.
func (p *glmProblem) along(row int, direction []float64, s *scratch) float64 {
	var v float64
	for e := range p.x.row(row, s.index, s.value) {
		v += s.value[e] * direction[s.index[e]]
	}

	return v
}

// contradiction is the share of a direction's reach under which a row counts as not touched by it.
const contradiction = 1e-4

func (p *glmProblem) recedes(direction []float64) bool {
	if !p.family.discrete() {
		return false
	}
	least := contradiction * p.reach(direction)
	s := p.x.scratch()

	for _, row := range p.x.rows {
		if p.w[row] == 0 {
			continue
		}
		v, y := p.along(row, direction, s), p.y[row]
		up := p.family.Distribution == Binomial && y == 1
		down := y == 0

		if v > least && !up || v < -least && !down {
			return false
		}
	}

	return true
}
