package model

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"sipas/analysis/formula"
	"sipas/analysis/quadform"
)

// Test is a test that the coefficients of some terms are all zero.
type Test struct {
	Method string // "Wald", "working Wald", "working likelihood ratio"
	Terms  []string
	// Statistic is F of the Wald test; of the working tests the statistic whose distribution is that of Σ λ χ²_1.
	Statistic float64
	DF        float64 // the number of coefficients
	DDF       float64 // the model's degrees of freedom
	P         float64
	// Lambda are the eigenvalues that make up the working tests' distribution, descending; nil for the Wald test.
	Lambda []float64
	Reason string // why P is NaN
}

// tested returns the positions of the terms' coefficients that have an estimate.
func (f *Fit) tested(terms []string) ([]int, error) {
	var wanted []int

	for _, t := range terms {
		k := slices.Index(f.matrix.Terms, t)
		if k < 0 {
			return nil, &InputError{Field: "terms", Row: -1, Reason: fmt.Sprintf("the model has no term %s", t)}
		}
		wanted = append(wanted, k+1)
	}
	var out []int
	for j := f.first; j < len(f.matrix.Assign); j++ {
		if slices.Contains(wanted, f.matrix.Assign[j]) && !math.IsNaN(f.Coefficients[j-f.first].Estimate) {
			out = append(out, j-f.first)
		}
	}
	if len(out) == 0 {
		return nil, &InputError{Field: "terms", Row: -1, Reason: "they have no coefficient with an estimate"}
	}

	return out, nil
}

// Wald tests that the coefficients of the terms, named as in Terms, are all zero: F = bᵀV⁻¹b/q against the F distribution
// with q and the model's degrees of freedom. P is undefined without degrees of freedom, and where V is singular, as
// it is when the terms have more coefficients than the design has degrees of freedom.
func (f *Fit) Wald(terms ...string) (Test, error) {
	at, err := f.tested(terms)
	if err != nil {
		return Test{}, err
	}
	q := len(at)
	t := Test{Method: "Wald", Terms: slices.Clone(terms), Statistic: math.NaN(), DF: float64(q), DDF: f.DF, P: math.NaN()}
	v := f.block(at)

	c, ok := factor(v, q)
	if !ok || len(c.kept) < q {
		t.Reason = "the covariance of the coefficients is singular or not defined: there are too few degrees of freedom for so many"
		return t, nil
	}
	b := make([]float64, q)

	for i, j := range at {
		b[i] = f.estimates[j]
	}
	t.Statistic = 0

	for i, x := range c.solve(b) {
		t.Statistic += x * b[i] / float64(q)
	}
	if !(f.DF > 0) {
		t.Reason = fmt.Sprintf("%v degrees of freedom are left", f.DF)
		return t, nil
	}
	t.P = quadform.UpperF(t.Statistic, t.DF, t.DDF)

	return t, nil
}

// block is the covariance of some coefficients, row by row.
func (f *Fit) block(at []int) []float64 {
	q := len(at)
	out := make([]float64, q*q)

	for i, a := range at {
		for j, b := range at {
			out[i*q+j] = f.Covariance.At(a, b)
		}
	}

	return out
}

// naive is the inverse information of some coefficients: their covariance if the rows were independent draws, with weights of mean
// one and a dispersion of one.
func (f *GLMFit) naive(at []int) []float64 {
	n := f.x.n
	half := f.x.transformed(f.factor.inverse(), n) // A·G⁻¹
	turned := make([]float64, n*n)

	for i := range n {
		for j := range n {
			turned[i*n+j] = half[j*n+i]
		}
	}
	full := f.x.transformed(turned, n) // A·(A·G⁻¹)ᵀ
	q := len(at)
	out := make([]float64, q*q)

	for i, a := range at {
		for j, b := range at {
			out[i*q+j] = (full[a*n+b] + full[b*n+a]) / 2
		}
	}

	return out
}

// misspecification returns the eigenvalues of V₀⁻¹V, descending: how much larger the design's covariance is than the naive one
// in each direction (Rao and Scott's generalized design effects).
func misspecification(naive, v []float64, q int) ([]float64, error) {
	c, ok := factor(naive, q)
	if !ok || len(c.kept) < q {
		return nil, &InputError{Field: "terms", Row: -1, Reason: "their information is singular"}
	}
	// L⁻¹V L⁻ᵀ is symmetric and has the same eigenvalues.
	left := mat.NewDense(q, q, nil)

	for j := range q {
		column := make([]float64, q)
		for i := range q {
			column[i] = v[i*q+j]
		}
		left.SetCol(j, c.forward(column))
	}
	s := mat.NewSymDense(q, nil)

	for i := range q {
		row := c.forward(mat.Row(nil, i, left))
		for j := i; j < q; j++ {
			s.SetSym(i, j, row[j])
		}
	}
	var e mat.EigenSym
	if !e.Factorize(s, false) {
		return nil, &ConvergenceError{Reason: "the eigenvalues of the covariance cannot be found"}
	}
	values := e.Values(nil)
	slices.Reverse(values)

	return values, nil
}

// forward solves Ly = b, with every column kept.
func (c *cholesky) forward(b []float64) []float64 {
	y := make([]float64, c.n)
	for i := range y {
		s := b[i]
		for j := range i {
			s -= c.l[i*c.n+j] * y[j]
		}
		y[i] = s / c.l[i*c.n+i]
	}

	return y
}

// WorkingWald tests that the coefficients of the terms are all zero by Q = bᵀV₀⁻¹b, with V₀ the covariance of independent rows. Under the
// hypothesis Q is distributed as Σ λ χ²_1 with λ the eigenvalues of V₀⁻¹V; P refers to Σ λ χ²_1 / (χ²_d/d) with the model's
// degrees of freedom d (Rao and Scott 1984; Lumley and Scott 2014). It needs V, but not its inverse, so it holds up
// where the design has few degrees of freedom. The approximation says how the tail is worked out: quadform.Exact, or
// quadform.Saddlepoint as R has it.
func (f *GLMFit) WorkingWald(approximation quadform.Method, terms ...string) (Test, error) {
	at, t, naive, err := f.working("working Wald", terms)
	if err != nil {
		return t, err
	}
	c, _ := factor(naive, len(at))
	b := make([]float64, len(at))

	for i, j := range at {
		b[i] = f.estimates[j]
	}
	for i, x := range c.solve(b) {
		t.Statistic += x * b[i]
	}

	return t.tail(approximation)
}

// WorkingLikelihoodRatio tests that the coefficients of the terms are all zero by the difference of the deviances without and with
// them, with weights of mean one. Its distribution is that of WorkingWald (Lumley and Scott 2014).
func (f *GLMFit) WorkingLikelihoodRatio(approximation quadform.Method, terms ...string) (Test, error) {
	_, t, _, err := f.working("working likelihood ratio", terms)
	if err != nil {
		return t, err
	}
	x := *f.x
	x.blocks = slices.Clone(f.x.blocks)

	x.blocks = slices.DeleteFunc(x.blocks, func(b formula.Block) bool {
		return b.Term > 0 && slices.Contains(terms, f.matrix.Terms[b.Term-1])
	})
	s, err := f.fit(&x, f.weights, nil, false)

	if err != nil {
		return t, fmt.Errorf("without the terms: %w", err)
	}
	t.Statistic = s.loss - f.Deviance

	return t.tail(approximation)
}

// working prepares the tests that compare with independent rows.
func (f *GLMFit) working(method string, terms []string) (at []int, t Test, naive []float64, err error) {
	if at, err = f.tested(terms); err != nil {
		return nil, t, nil, err
	}
	naive = f.naive(at)
	t = Test{Method: method, Terms: slices.Clone(terms), DF: float64(len(at)), DDF: f.DF}
	v := f.block(at)

	if slices.ContainsFunc(v, math.IsNaN) {
		t.Reason = "the covariance of the coefficients is not defined"
		return at, t, naive, nil
	}
	t.Lambda, err = misspecification(naive, v, len(at))

	return at, t, naive, err
}

// tail fills in P.
func (t Test) tail(approximation quadform.Method) (Test, error) {
	t.P = math.NaN()

	switch {
	case t.Reason != "":
		return t, nil
	case !(t.DDF > 0):
		t.Reason = fmt.Sprintf("%v degrees of freedom are left", t.DDF)
		return t, nil
	}
	p, err := quadform.FSum(t.Statistic, t.Lambda, nil, t.DDF, approximation)
	t.P = p

	return t, err
}
