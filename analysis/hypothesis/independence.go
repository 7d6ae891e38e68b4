package hypothesis

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"sipas/analysis/design"
	"sipas/analysis/quadform"
)

// Statistic names a test of a table. The package's documentation has the formulas.
type Statistic string

const (
	F             Statistic = "F"             // Rao and Scott's second order as F; the default
	LR            Statistic = "LR"            // the same of the likelihood ratio
	Chisq         Statistic = "Chisq"         // Rao and Scott's first order
	Satterthwaite Statistic = "satterthwaite" // second order as χ²
	Lincom        Statistic = "lincom"        // the exact distribution of the sum
	Saddlepoint   Statistic = "saddlepoint"   // an approximation of it
	Wald          Statistic = "Wald"          // Koch's, for tables
	AdjustedWald  Statistic = "adjWald"       // for tables
)

// statistics are all of them, in the order of the documentation.
var statistics = []Statistic{F, LR, Chisq, Satterthwaite, Lincom, Saddlepoint, Wald, AdjustedWald}

// ParseStatistic returns the statistic of a name; "" is F.
func ParseStatistic(name string) (Statistic, error) {
	if name == "" {
		return F, nil
	}
	for _, s := range statistics {
		if string(s) == name {
			return s, nil
		}
	}

	return "", &InputError{"statistic", -1, fmt.Sprintf("there is none named %q; there are %v", name, statistics)}
}

// Independence tests that two factors are independent: Tabulate, then the table's Test.
func Independence(d *design.Design, row, column Factor, s Statistic, opt Options) (Test, error) {
	t, err := Tabulate(d, row, column, opt)
	if err != nil {
		return Test{}, err
	}
	out, err := t.Tests(s)
	if err != nil {
		return Test{}, err
	}

	return out[0], nil
}

// Tests tests that rows and columns of the table are independent, by several statistics of one covariance. A table with a
// single row or column, or without sampling variance, gives an undefined test with its reason.
func (t *Crosstab) Tests(statistics ...Statistic) ([]Test, error) {
	out := make([]Test, len(statistics))
	reason := ""

	switch {
	case t.N == 0:
		reason = "there are no answers"
	case len(t.Rows) < 2:
		reason = fmt.Sprintf("all answers are in one level of %s", t.Row)
	case len(t.Columns) < 2:
		reason = fmt.Sprintf("all answers are in one level of %s", t.Column)
	}
	x2, g2 := t.Pearson()
	base := Test{X2: x2, N: t.N, DF: t.DF, Notes: t.Notes}
	var v *moments

	for i, name := range statistics {
		s, err := ParseStatistic(string(name))
		if err != nil {
			return nil, err
		}
		if reason == "" && v == nil {
			if v, err = t.moments(); err != nil {
				return nil, err
			}
		}

		switch {
		case reason != "":
			base.Method = method(s, "independence")
			out[i] = base.undefined(reason)
		case s == Wald || s == AdjustedWald:
			out[i] = t.wald(base, v, s)
		default:
			out[i], err = raoScott(base, s, "independence", x2, g2, v.effects)
			if err != nil {
				return nil, err
			}
		}
	}

	return out, nil
}

func method(s Statistic, of string) string {
	switch s {
	case F:
		return "Pearson's X² of " + of + ", Rao-Scott second order, F"
	case LR:
		return "likelihood ratio of " + of + ", Rao-Scott second order, F"
	case Chisq:
		return "Pearson's X² of " + of + ", Rao-Scott first order"
	case Satterthwaite:
		return "Pearson's X² of " + of + ", Rao-Scott second order, χ²"
	case Lincom:
		return "Pearson's X² of " + of + ", exact linear combination"
	case Saddlepoint:
		return "Pearson's X² of " + of + ", saddlepoint approximation"
	case AdjustedWald:
		return "design-based Wald test of " + of + ", adjusted"
	}

	return "design-based Wald test of " + of
}

// raoScott refers a statistic to the sum of chi-squared variables with the design effects as weights.
func raoScott(t Test, s Statistic, of string, x2, g2 float64, effects []float64) (Test, error) {
	t.Method, t.Eigenvalues = method(s, of), effects
	var one, two float64

	if reason := known(effects); reason != "" {
		return t.undefined(reason), nil
	}
	for _, e := range effects {
		one += e
		two += e * e
	}
	d0, m := one*one/two, float64(len(effects))

	switch s {
	case F:
		return t.f(x2/one, d0, d0*t.DF), nil
	case LR:
		return t.f(g2/one, d0, d0*t.DF), nil
	case Chisq, Satterthwaite:
		t.Name, t.Statistic, t.NDF, t.DDF = "X-squared", x2/(one/m), m, math.NaN()
		if s == Satterthwaite {
			t.Statistic, t.NDF = x2*one/two, d0
		}
		t.P = quadform.UpperChiSquared(t.Statistic, t.NDF)
		return t, nil
	}
	t.Name, t.Statistic, t.NDF, t.DDF = "X-squared", x2, d0, d0*t.DF

	if !(t.DDF > 0) {
		return t.without(noDF), nil
	}
	how := quadform.Exact
	if s == Saddlepoint {
		how = quadform.Saddlepoint
	}
	var err error
	t.P, err = quadform.FSum(x2, effects, nil, t.DDF, how)

	return t, err
}

// known says why there is nothing to test against: design effects of zero but for rounding belong to a census, or to weights that
// were calibrated to the table itself.
func known(effects []float64) string {
	var sum float64
	for _, e := range effects {
		sum += e
	}

	switch {
	case math.IsNaN(sum):
		return "the replicates do not show its variance"
	case !(sum > 1e-10*float64(len(effects))):
		return "the table has no sampling variance"
	}

	return ""
}

// moments are what the tests need of a table's sampling variance.
type moments struct {
	totals  *mat.SymDense // of the cells' totals
	effects []float64     // generalized design effects
}

func (t *Crosstab) moments() (*moments, error) {
	r, c := t.Counts.Dims()
	k := r * c
	totals := t.totals()
	share := make([]float64, k)

	for i, v := range totals {
		share[i] = v / t.Population
	}
	var v, shares *mat.SymDense

	if t.s.d.Replicated() {
		v, shares = t.replicated(totals, share)
	} else {
		var err error
		if v, err = t.s.d.CovarianceOf(t.forms()); err != nil {
			return nil, fmt.Errorf("table of %s and %s: %w", t.Row, t.Column, err)
		}
		shares = mat.NewSymDense(k, nil)
		j := mat.NewDense(k, k, nil)
		for a := range k {
			for b := range k {
				j.Set(a, b, -share[a]/t.Population)
			}
			j.Set(a, a, (1-share[a])/t.Population)
		}
		sandwich(shares, j, v)
	}
	effects, err := t.effects(share, shares)

	return &moments{totals: v, effects: effects}, err
}

// replicated are the covariances of the cells' totals and of their shares, which are worked out in every replicate.
func (t *Crosstab) replicated(totals, share []float64) (ofTotals, ofShares *mat.SymDense) {
	f := t.s.d.ReplicateFactors(t.s.column)
	r := t.s.d.Replicates().Count()
	sum := make([]float64, r)
	in, of := mat.NewDense(r, len(totals), nil), mat.NewDense(r, len(totals), nil)

	for cell, form := range t.forms() {
		v := f.Sums(form[0].Rows, form[0].Values)
		in.SetCol(cell, v)
		for i, x := range v {
			sum[i] += x
		}
	}
	of.Apply(func(i, j int, v float64) float64 { return v / sum[i] }, in)

	return t.s.d.ReplicateCovariance(in, totals), t.s.d.ReplicateCovariance(of, share)
}

// sandwich sets out to a·v·aᵀ.
func sandwich(out *mat.SymDense, a mat.Matrix, v mat.Symmetric) {
	var half, full mat.Dense
	half.Mul(a, v)
	full.Mul(&half, a.T())

	for i := range out.SymmetricDim() {
		for j := range i + 1 {
			out.SetSym(i, j, (full.At(i, j)+full.At(j, i))/2)
		}
	}
}

// effects are the eigenvalues of Δ. With B = D^−½C = U S Wᵀ they are those of n·Uᵀ D^−½ V D^−½ U, which needs no inverse and leaves out
// the directions on which B has none.
func (t *Crosstab) effects(share []float64, v *mat.SymDense) ([]float64, error) {
	var cm, u mat.Dense
	cm.Kronecker(contrasts(len(t.Columns)), contrasts(len(t.Rows)))
	root := make([]float64, len(share))

	for i, p := range share {
		if p > 0 {
			root[i] = 1 / math.Sqrt(p)
		}
	}
	b := mat.DenseCopyOf(&cm)
	b.Apply(func(i, _ int, x float64) float64 { return x * root[i] }, b)
	var svd mat.SVD

	if !svd.Factorize(b, mat.SVDThin) {
		return nil, &InputError{t.Row + " × " + t.Column, -1, "the contrasts of the table cannot be factored"}
	}
	s := svd.Values(nil)
	svd.UTo(&u)
	m := 0

	for m < len(s) && s[m] > 1e-10*s[0] {
		m++
	}
	basis := mat.DenseCopyOf(u.Slice(0, len(share), 0, m))
	basis.Apply(func(i, _ int, x float64) float64 { return x * root[i] * math.Sqrt(float64(t.N)) }, basis)
	delta := mat.NewSymDense(m, nil)
	sandwich(delta, basis.T(), v)

	for i := range m {
		if math.IsNaN(delta.At(i, i)) {
			return []float64{math.NaN()}, nil
		}
	}

	return descending(delta), nil
}

// wald is Koch's test: y_ij = T_ij − T_i·T_·j/N for all but the first row and column, with its covariance by the delta method.
func (t *Crosstab) wald(out Test, v *moments, s Statistic) Test {
	out.Method = method(s, "independence")
	if reason := known(v.effects); reason != "" {
		return out.undefined(reason)
	}
	r, c := t.Counts.Dims()
	rows, columns := t.margins()
	n := t.Population
	m := (r - 1) * (c - 1)
	y := mat.NewVecDense(m, nil)
	j := mat.NewDense(m, r*c, nil)

	for a := 1; a < r; a++ {
		for b := 1; b < c; b++ {
			at := (b-1)*(r-1) + a - 1
			y.SetVec(at, t.Counts.At(a, b)-rows[a]*columns[b]/n)

			for i := range r {
				for k := range c {
					d := rows[a] * columns[b] / (n * n)
					if i == a {
						d -= columns[b] / n
					}
					if k == b {
						d -= rows[a] / n
					}
					if i == a && k == b {
						d++
					}
					j.Set(at, k*r+i, d)
				}
			}
		}
	}
	cov := mat.NewSymDense(m, nil)
	sandwich(cov, j, v.totals)
	w, ok := quadratic(y, cov)

	if !ok {
		return out.undefined("the covariance of the table's contrasts is singular")
	}
	k, nu := float64(m), out.DF

	if s == Wald {
		return out.f(w/k, k, nu)
	}
	if nu < k {
		return out.undefined("there are fewer degrees of freedom than contrasts")
	}
	if math.IsInf(nu, 1) {
		return out.f(w/k, k, nu)
	}

	return out.f(w*(nu-k+1)/(k*nu), k, nu-k+1)
}

// quadratic returns yᵀV⁻¹y, and false where V is singular. V is scaled to a unit diagonal first, so that the units do not matter.
func quadratic(y *mat.VecDense, v *mat.SymDense) (float64, bool) {
	k := y.Len()
	scaled, z := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)

	for i := range k {
		if !(v.At(i, i) > 0) || math.IsInf(v.At(i, i), 1) {
			return math.NaN(), false
		}
		z.SetVec(i, y.AtVec(i)/math.Sqrt(v.At(i, i)))
		for j := range i + 1 {
			scaled.SetSym(i, j, v.At(i, j)/math.Sqrt(v.At(i, i)*v.At(j, j)))
		}
	}
	var chol mat.Cholesky

	if !chol.Factorize(scaled) || chol.Cond() > 1e13 {
		return math.NaN(), false
	}
	var x mat.VecDense
	if err := chol.SolveVecTo(&x, z); err != nil {
		return math.NaN(), false
	}

	return mat.Dot(z, &x), true
}
