package hypothesis

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"sipas/analysis"
	"sipas/analysis/design"
)

// TTest is a t-test with what it tests: a mean less its hypothesis, or a difference of means, and its interval.
type TTest struct {
	Test
	Estimate analysis.Estimate
}

// OneSample tests that the mean of a variable is mu: t = (ȳ − mu)/se. Its degrees of freedom are those of the design over the rows in
// use, or one less with Options.LessOne, which is R's rule.
func OneSample(d *design.Design, name string, y []float64, mu float64, opt Options) (TTest, error) {
	s, err := newSetting(d, opt)
	if err != nil {
		return TTest{}, err
	}
	if err := checkValues(name, y, d.Rows()); err != nil {
		return TTest{}, err
	}
	if math.IsNaN(mu) || math.IsInf(mu, 0) {
		return TTest{}, &InputError{name, -1, fmt.Sprintf("the mean to test must be finite, not %v", mu)}
	}
	rows := s.use(func(i int) bool { return !math.IsNaN(y[i]) })
	less := 0.0

	if opt.LessOne {
		less = 1
	}
	mean := func(w []float64) float64 { return weightedMean(rows, y, w) - mu }

	return s.difference(rows, "t-test of the mean of "+name, less, mean, func() []float64 {
		m, sw := mean(s.w)+mu, weight(rows, s.w)
		z := make([]float64, len(rows))
		for k, i := range rows {
			z[k] = s.w[i] * (y[i] - m) / sw
		}
		return z
	})
}

// Paired tests that the mean of a − b is zero, over the rows that have both. It is OneSample of the difference.
func Paired(d *design.Design, name string, a, b []float64, opt Options) (TTest, error) {
	if err := checkValues(name, a, d.Rows()); err != nil {
		return TTest{}, err
	}
	if err := checkValues(name, b, d.Rows()); err != nil {
		return TTest{}, err
	}
	y := make([]float64, len(a))

	for i := range y {
		y[i] = a[i] - b[i]
	}

	return OneSample(d, name, y, 0, opt)
}

// TwoSample tests that the means of a variable in the two levels of a factor are equal: the mean in the second level less that in the
// first, as a regression on the group gives it, with the covariance of the two domains inside. Its degrees of freedom are those of the rows in use
// less one. Only levels that have rows count; if these are not two, the test is undefined.
func TwoSample(d *design.Design, name string, y []float64, group Factor, opt Options) (TTest, error) {
	s, err := newSetting(d, opt)
	if err != nil {
		return TTest{}, err
	}
	rows, groups, err := s.groups(name, y, group)
	if err != nil {
		return TTest{}, err
	}
	label := "t-test of " + name + " by " + group.Name

	if len(groups) != 2 {
		return undefinedT(label, len(rows), s.df(rows), fmt.Sprintf("%s has %s with answers, not 2", group.Name, count(len(groups), "level", "levels"))), nil
	}
	first, second := groups[0], groups[1]
	label += fmt.Sprintf(", %s less %s", group.Levels[second.level], group.Levels[first.level])

	return s.difference(rows, label, 1, func(w []float64) float64 {
		return weightedMean(second.rows, y, w) - weightedMean(first.rows, y, w)
	}, func() []float64 { return s.contrast(rows, y, group, first, second) })
}

// contrast are the influence values of the difference of two domain means.
func (s *setting) contrast(rows []int, y []float64, group Factor, first, second domain) []float64 {
	m1, m2 := weightedMean(first.rows, y, s.w), weightedMean(second.rows, y, s.w)
	w1, w2 := weight(first.rows, s.w), weight(second.rows, s.w)
	z := make([]float64, len(rows))

	for k, i := range rows {
		if group.Codes[i] == second.level {
			z[k] = s.w[i] * (y[i] - m2) / w2
			continue
		}
		z[k] = -s.w[i] * (y[i] - m1) / w1
	}

	return z
}

// domain is the rows of one level.
type domain struct {
	level int32
	rows  []int
}

// groups returns the rows that have a value and a group, and those of every level that has any.
func (s *setting) groups(name string, y []float64, group Factor) (rows []int, out []domain, err error) {
	if err := checkValues(name, y, s.d.Rows()); err != nil {
		return nil, nil, err
	}
	if err := group.check(s.d.Rows()); err != nil {
		return nil, nil, err
	}
	rows = s.use(func(i int) bool { return !math.IsNaN(y[i]) && group.Codes[i] >= 0 })
	by := make([][]int, len(group.Levels))

	for _, i := range rows {
		by[group.Codes[i]] = append(by[group.Codes[i]], i)
	}
	for l, r := range by {
		if len(r) > 0 {
			out = append(out, domain{int32(l), r})
		}
	}

	return rows, out, nil
}

func weight(rows []int, w []float64) float64 {
	var sw float64
	for _, i := range rows {
		sw += w[i]
	}

	return sw
}

func weightedMean(rows []int, y, w []float64) float64 {
	var sw, sy float64
	for _, i := range rows {
		sw += w[i]
		sy += w[i] * y[i]
	}

	return sy / sw
}

func undefinedT(label string, n int, df float64, reason string) TTest {
	e := analysis.Undefined(n, reason)
	e.Method = label

	return TTest{Test: Test{Method: label, Name: "t", N: n, DF: df, X2: math.NaN()}.undefined(reason), Estimate: e}
}

// difference makes the test of one number against zero, its degrees of freedom less than the design's by less.
func (s *setting) difference(rows []int, label string, less float64, value func(w []float64) float64, influence func() []float64) (TTest, error) {
	if len(rows) == 0 {
		return undefinedT(label, 0, s.df(rows), "there are no answers"), nil
	}
	v, z := value(s.w), influence()
	cov, err := s.covariance([]float64{v},
		func() []design.Form { return []design.Form{s.part(rows, z)} },
		func(w []float64) []float64 { return []float64{value(w)} })

	if err != nil {
		return TTest{}, fmt.Errorf("%s: %w", label, err)
	}

	return s.student(rows, label, v, cov.At(0, 0), z, s.df(rows)-less), nil
}

// student tests a number with influence values z against zero.
func (s *setting) student(rows []int, label string, value, variance float64, z []float64, df float64) TTest {
	t := Test{Method: label, Name: "t", N: len(rows), DF: s.df(rows), X2: math.NaN()}
	e := s.estimate(label, value, variance, rows, df)

	switch {
	case math.IsNaN(e.SE):
		t = t.undefined("the replicates do not show its variance")
		e.Reason = t.Reason
	case e.SE*e.SE <= 1e-20*dot(z, z):
		// Nothing but rounding: a census, a constant, or weights that were calibrated to the variable.
		t = t.undefined("there is no sampling variance")
	default:
		t = t.student(value/e.SE, df)
	}

	return TTest{Test: t, Estimate: e}
}

// estimate is a number with its standard error and t interval.
func (s *setting) estimate(label string, value, variance float64, rows []int, df float64) analysis.Estimate {
	nan, level := math.NaN(), s.opt.level()
	e := analysis.Estimate{
		Value: value, SE: math.Sqrt(math.Max(0, variance)), N: len(rows), Population: weight(rows, s.w),
		EffectiveN: nan, DF: df, DesignEffect: nan, Method: label,
		Interval: analysis.Interval{Low: nan, High: nan, Level: level, Method: "t"},
	}
	if !(df > 0) {
		e.Reason = noDF
		return e
	}
	q := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile((1 + level) / 2)

	if math.IsInf(df, 1) {
		q = distuv.UnitNormal.Quantile((1 + level) / 2)
	}
	e.Interval.Low, e.Interval.High = value-q*e.SE, value+q*e.SE

	return e
}

// several is the Wald test that all of several numbers are zero, as F with ddf degrees of freedom.
func (t Test) several(values []float64, v *mat.SymDense, ddf float64) Test {
	w, ok := quadratic(mat.NewVecDense(len(values), values), v)
	if !ok {
		return t.undefined("the covariance of the differences is singular")
	}
	t.X2 = w

	return t.f(w/float64(len(values)), float64(len(values)), ddf)
}
