package quadform

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Method says how a tail is worked out.
type Method uint8

const (
	// Exact chooses between Ruben and Inversion; closed forms where there is one λ.
	Exact Method = iota
	// Ruben is the series of Ruben and Farebrother, for λ of one sign.
	Ruben
	// Inversion integrates the generating function through its saddle point, for any λ.
	Inversion
	// Satterthwaite matches mean and variance by a scaled chi-squared or F.
	Satterthwaite
	// Saddlepoint is Barndorff-Nielsen's approximation.
	Saddlepoint
)

func (m Method) String() string {
	switch m {
	case Exact:
		return "exact"
	case Ruben:
		return "Ruben's series"
	case Inversion:
		return "inversion"
	case Satterthwaite:
		return "Satterthwaite"
	case Saddlepoint:
		return "saddlepoint"
	}

	return "unknown"
}

// InputError says which argument is not usable and why.
type InputError struct {
	Field  string // "lambda", "df", "x", "ddf", "method"
	Index  int    // of lambda and df; -1 when it is not one of them
	Reason string
}

func (e *InputError) Error() string {
	if e.Index < 0 {
		return fmt.Sprintf("%s: %s", e.Field, e.Reason)
	}

	return fmt.Sprintf("%s %d: %s", e.Field, e.Index, e.Reason)
}

// ChiSum returns P(Σ λ_i χ²_{ν_i} > x). df holds the ν_i, above zero and not necessarily whole; nil means that each is one.
// A λ of zero adds nothing; without any other the sum is zero with certainty. The lower tail is the upper one
// with the signs of λ and x turned, P(Q < x) = P(−Q > −x), to full relative accuracy.
//
// Exact is good to about 1e-12 of the tail itself, down to where it leaves the range of float64. An *InputError
// is returned for numbers that are not finite, for Ruben with λ of both signs or with a series too long to sum,
// and for Satterthwaite with λ of both signs; x may be infinite.
func ChiSum(x float64, lambda, df []float64, m Method) (float64, error) {
	q, err := newForm(lambda, df)
	if err != nil {
		return math.NaN(), err
	}
	if math.IsNaN(x) {
		return math.NaN(), &InputError{"x", -1, "it is not a number"}
	}

	return q.upper(x, m)
}

// FSum returns P(Q / (χ²_ddf/ddf) > x) with Q = Σ λ_i χ²_{ν_i} independent of the denominator: the same as
// P(Q − (x/ddf) χ²_ddf > 0), which is how it is worked out. With a single distinct λ it is the F distribution, with ddf +Inf
// it is ChiSum. The errors are those of ChiSum; ddf must be above zero and need not be whole.
//
// Satterthwaite's is P(F > x/Σλν) with (Σλν)²/Σλ²ν and ddf degrees of freedom.
func FSum(x float64, lambda, df []float64, ddf float64, m Method) (float64, error) {
	if math.IsInf(ddf, 1) {
		return ChiSum(x, lambda, df, m)
	}
	q, err := newForm(lambda, df)
	if err != nil {
		return math.NaN(), err
	}
	if math.IsNaN(x) {
		return math.NaN(), &InputError{"x", -1, "it is not a number"}
	}
	if !(ddf > 0) {
		return math.NaN(), &InputError{"ddf", -1, fmt.Sprintf("degrees of freedom must be above zero, not %v", ddf)}
	}
	if len(q) == 0 || math.IsInf(x, 0) {
		return q.upper(x, m)
	}

	switch {
	case m == Satterthwaite:
		scale, ndf, err := q.satterthwaite()
		if err != nil {
			return math.NaN(), err
		}
		if scale < 0 {
			return 1 - UpperF(x/(scale*ndf), ndf, ddf), nil
		}
		return UpperF(x/(scale*ndf), ndf, ddf), nil
	case m == Exact && len(q) == 1 && q[0].lambda > 0:
		return UpperF(x/(q[0].lambda*q[0].df), q[0].df, ddf), nil
	}

	return append(q, term{-x / ddf, ddf}).tidy().upper(0, m)
}

// UpperChiSquared returns P(χ²_df > x), with relative accuracy in the tail.
func UpperChiSquared(x, df float64) float64 {
	switch {
	case math.IsNaN(x) || !(df > 0):
		return math.NaN()
	case x <= 0:
		return 1
	case math.IsInf(x, 1):
		return 0
	}

	return mathext.GammaIncRegComp(df/2, x/2)
}

// UpperF returns P(F > x) with ndf and ddf degrees of freedom, of which ddf may be +Inf, with relative accuracy in the tail.
func UpperF(x, ndf, ddf float64) float64 {
	switch {
	case math.IsNaN(x) || !(ndf > 0) || !(ddf > 0):
		return math.NaN()
	case x <= 0:
		return 1
	case math.IsInf(x, 1):
		return 0
	case math.IsInf(ddf, 1):
		return UpperChiSquared(x*ndf, ndf)
	}

	// The smaller of the two arguments keeps its digits.
	return mathext.RegIncBeta(ddf/2, ndf/2, ddf/(ddf+ndf*x))
}

// UpperNormal returns P(Z > z) of a standard normal variable, with relative accuracy in the tail.
func UpperNormal(z float64) float64 { return 0.5 * math.Erfc(z/math.Sqrt2) }

type term struct{ lambda, df float64 }

// form holds distinct λ in ascending order, none of them zero.
type form []term

func newForm(lambda, df []float64) (form, error) {
	if df != nil && len(df) != len(lambda) {
		return nil, &InputError{"df", -1, fmt.Sprintf("%d degrees of freedom for %d λ", len(df), len(lambda))}
	}
	q := make(form, len(lambda))

	for i, l := range lambda {
		if math.IsNaN(l) || math.IsInf(l, 0) {
			return nil, &InputError{"lambda", i, fmt.Sprintf("it must be finite, not %v", l)}
		}
		q[i] = term{l, 1}
		if df == nil {
			continue
		}
		if !(df[i] > 0) || math.IsInf(df[i], 1) {
			return nil, &InputError{"df", i, fmt.Sprintf("degrees of freedom must be above zero and finite, not %v", df[i])}
		}
		q[i].df = df[i]
	}

	return q.tidy(), nil
}

// tidy sorts, joins equal λ and drops zeros.
func (q form) tidy() form {
	q = slices.Clone(q)
	slices.SortFunc(q, func(a, b term) int {
		switch {
		case a.lambda < b.lambda:
			return -1
		case a.lambda > b.lambda:
			return 1
		}
		return 0
	})
	out := q[:0]

	for _, t := range q {
		switch n := len(out); {
		case t.lambda == 0:
		case n > 0 && out[n-1].lambda == t.lambda:
			out[n-1].df += t.df
		default:
			out = append(out, t)
		}
	}

	return out
}

// mean returns the expectation of Q.
func (q form) mean() float64 {
	var s float64
	for _, t := range q {
		s += t.lambda * t.df
	}

	return s
}

func (q form) positive() bool { return q[0].lambda > 0 }

func (q form) negative() bool { return q[len(q)-1].lambda < 0 }

func (q form) turned() form {
	out := make(form, len(q))
	for i, t := range q {
		out[len(q)-1-i] = term{-t.lambda, t.df}
	}

	return out
}

func (q form) upper(x float64, m Method) (float64, error) {
	if m > Saddlepoint {
		return math.NaN(), &InputError{"method", -1, fmt.Sprintf("there is no method %d", m)}
	}

	// Where the tail is certain, every method says so.
	switch {
	case math.IsInf(x, 1), len(q) == 0 && x >= 0, len(q) > 0 && q.negative() && x >= 0:
		return 0, nil
	case math.IsInf(x, -1), len(q) == 0, q.positive() && x <= 0:
		return 1, nil
	}

	switch m {
	case Satterthwaite:
		scale, df, err := q.satterthwaite()
		if err != nil {
			return math.NaN(), err
		}
		if scale < 0 {
			return mathext.GammaIncReg(df/2, x/scale/2), nil
		}
		return UpperChiSquared(x/scale, df), nil
	}
	if q.beyond(x) {
		return 0, nil
	}
	if q.turned().beyond(-x) {
		return 1, nil
	}

	switch m {
	case Saddlepoint:
		return q.saddlepoint(x), nil
	case Inversion:
		return q.inversion(x), nil
	case Ruben:
		p, ok := q.series(x, longest)
		if !ok {
			return math.NaN(), &InputError{"lambda", -1, "Ruben's series needs λ of one sign whose ratio is not extreme"}
		}
		return p, nil
	}

	if len(q) == 1 && q.positive() {
		return UpperChiSquared(x/q[0].lambda, q[0].df), nil
	}
	if p, ok := q.series(x, brief); ok {
		return p, nil
	}

	return q.inversion(x), nil
}

// beyond reports whether Chernoff's bound exp(K(s) − s x), taken half way to the first singularity, puts P(Q > x) below
// what a float64 can hold.
func (q form) beyond(x float64) bool {
	l := q[len(q)-1].lambda
	if l < 0 {
		return false
	}
	bound := -x / l / 4

	for _, t := range q {
		bound -= t.df / 2 * math.Log1p(-t.lambda/l/2)
	}

	return bound < -760
}

// satterthwaite returns the scale and degrees of freedom of the chi-squared with the mean and variance of Q.
func (q form) satterthwaite() (scale, df float64, err error) {
	if !q.positive() && !q.negative() {
		return 0, 0, &InputError{"lambda", -1, "Satterthwaite's approximation needs λ of one sign"}
	}
	var one, two float64

	for _, t := range q {
		one += t.lambda * t.df
		two += t.lambda * t.lambda * t.df
	}

	return two / one, one * one / two, nil
}
