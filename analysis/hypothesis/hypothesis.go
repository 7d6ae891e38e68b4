package hypothesis

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"sipas/analysis/design"
	"sipas/analysis/quadform"
)

// Options are the choices of every test. The zero value is right for most.
type Options struct {
	Column string // the name of the weight column
	// Rows are those of the domain, in any order; nil means all. A domain without rows is an empty slice.
	Rows []int
	// DF takes the place of the degrees of freedom of the rows in use, which 0 stands for; +Inf is allowed.
	DF float64
	// LessOne takes one from the degrees of freedom in the t-test of one sample, as R's svyttest does.
	LessOne bool
	Level   float64 // of the confidence intervals of t-tests and agreement; 0 means 0.95
}

func (o Options) level() float64 {
	if o.Level == 0 {
		return 0.95
	}

	return o.Level
}

// InputError says which variable or option, and which of its rows, is not usable.
type InputError struct {
	Variable string
	Row      int // -1 when it is not one row
	Reason   string
}

func (e *InputError) Error() string {
	if e.Row < 0 {
		return fmt.Sprintf("%s: %s", e.Variable, e.Reason)
	}

	return fmt.Sprintf("%s, row %d: %s", e.Variable, e.Row, e.Reason)
}

// Factor is a categorical variable: the position of every row's level among Levels, -1 where it is missing. Package frame's
// Column.Labels gives both.
type Factor struct {
	Name   string
	Codes  []int32
	Levels []string
}

// Labels makes a factor of labels, of which the empty one is missing. The levels sort as bytes.
func Labels(name string, labels []string) Factor {
	f := Factor{Name: name, Codes: make([]int32, len(labels))}
	code := map[string]int32{"": -1}

	for _, l := range labels {
		if _, ok := code[l]; !ok {
			code[l] = 0
			f.Levels = append(f.Levels, l)
		}
	}
	slices.Sort(f.Levels)

	for i, l := range f.Levels {
		code[l] = int32(i)
	}
	for i, l := range labels {
		f.Codes[i] = code[l]
	}

	return f
}

func (f Factor) check(rows int) error {
	if len(f.Codes) != rows {
		return &InputError{f.Name, -1, fmt.Sprintf("%d values for %d rows", len(f.Codes), rows)}
	}
	for i, c := range f.Codes {
		if c < -1 || int(c) >= len(f.Levels) {
			return &InputError{f.Name, i, fmt.Sprintf("there is no level %d", c)}
		}
	}

	return nil
}

func checkValues(name string, y []float64, rows int) error {
	if len(y) != rows {
		return &InputError{name, -1, fmt.Sprintf("%d values for %d rows", len(y), rows)}
	}
	for i, v := range y {
		if math.IsInf(v, 0) {
			return &InputError{name, i, "the value is infinite"}
		}
	}

	return nil
}

// Test is the result of a test. What is not defined is NaN, and Reason says why.
type Test struct {
	Method    string  // in words for a reader
	Name      string  // of the statistic: "F", "X-squared", "t"
	Statistic float64 // what the distribution of Name belongs to
	NDF       float64 // degrees of freedom; of a t statistic those of t
	DDF       float64 // of the denominator of F; NaN where the distribution has none
	P         float64
	// X2 is Pearson's statistic of the table scaled to N, of goodness of fit likewise; for more than two groups the Wald form of the rank
	// scores; else NaN.
	X2 float64
	// Eigenvalues are the generalized design effects of a table's contrasts, the largest first.
	Eigenvalues []float64
	N           int     // rows behind the test
	DF          float64 // degrees of freedom of the design over those rows
	Notes       []string
	Reason      string
}

func (t Test) undefined(reason string) Test {
	t.Statistic, t.NDF, t.DDF, t.P = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	t.Reason = reason

	return t
}

// without keeps the statistic and says why it has no p-value.
func (t Test) without(reason string) Test {
	t.P, t.Reason = math.NaN(), reason

	return t
}

const noDF = "there are no degrees of freedom"

// f completes a test whose statistic is F.
func (t Test) f(statistic, ndf, ddf float64) Test {
	t.Name, t.Statistic, t.NDF, t.DDF = "F", statistic, ndf, ddf
	if !(ddf > 0) {
		return t.without(noDF)
	}
	t.P = quadform.UpperF(statistic, ndf, ddf)

	return t
}

// student completes a two-sided test whose statistic is t.
func (t Test) student(statistic, df float64) Test {
	t.Name, t.Statistic, t.NDF, t.DDF = "t", statistic, df, math.NaN()
	if !(df > 0) {
		return t.without(noDF)
	}
	t.P = quadform.UpperF(statistic*statistic, 1, df)

	return t
}

// setting is a design with the column and the rows of a test.
type setting struct {
	d      *design.Design
	column int
	w      []float64
	opt    Options
	domain []int // in the design's order
}

func newSetting(d *design.Design, opt Options) (*setting, error) {
	column, err := d.Column(opt.Column)
	if err != nil {
		return nil, err
	}
	if l := opt.level(); !(l > 0 && l < 1) {
		return nil, &InputError{"level", -1, fmt.Sprintf("a confidence level lies between 0 and 1, not at %v", l)}
	}
	if math.IsNaN(opt.DF) || opt.DF < 0 {
		return nil, &InputError{"df", -1, fmt.Sprintf("degrees of freedom must be above zero, not %v", opt.DF)}
	}
	s := &setting{d: d, column: column, w: d.Weights(column), opt: opt, domain: d.Order()}

	if opt.Rows == nil {
		return s, nil
	}
	in := make([]bool, d.Rows())

	for _, row := range opt.Rows {
		if row < 0 || row >= len(in) {
			return nil, &InputError{"domain", row, "there is no such row"}
		}
		in[row] = true
	}
	s.domain = make([]int, 0, len(opt.Rows))

	for _, row := range d.Order() {
		if in[row] {
			s.domain = append(s.domain, row)
		}
	}

	return s, nil
}

// use returns the rows of the domain that have weight and that keep holds for.
func (s *setting) use(keep func(row int) bool) []int {
	rows := make([]int, 0, len(s.domain))
	for _, row := range s.domain {
		if s.w[row] != 0 && keep(row) {
			rows = append(rows, row)
		}
	}

	return rows
}

func (s *setting) df(rows []int) float64 {
	if s.opt.DF != 0 {
		return s.opt.DF
	}

	return s.d.DF(rows)
}

// covariance is that of statistics with the given values: from their influence values, or from working them out anew with the
// weights of every replicate.
func (s *setting) covariance(values []float64, forms func() []design.Form, refit func(w []float64) []float64) (*mat.SymDense, error) {
	if !s.d.Replicated() {
		return s.d.CovarianceOf(forms())
	}
	theta, err := s.d.Refitted(s.column, func(w []float64) ([]float64, error) { return refit(w), nil })
	if err != nil {
		return nil, err
	}

	return s.d.ReplicateCovariance(theta, values), nil
}

// linear is the covariance of sums of influence values, which replicate weights show as they stand.
func (s *setting) linear(forms []design.Form) (*mat.SymDense, error) {
	if !s.d.Replicated() {
		return s.d.CovarianceOf(forms)
	}
	f, r := s.d.ReplicateFactors(s.column), s.d.Replicates().Count()
	theta, full := mat.NewDense(r, len(forms), nil), make([]float64, len(forms))

	for j, form := range forms {
		sum := make([]float64, r)
		for _, p := range form {
			floats.Add(sum, f.Sums(p.Rows, p.Values))
			full[j] += floats.Sum(p.Values)
		}
		theta.SetCol(j, sum)
	}

	return s.d.ReplicateCovariance(theta, full), nil
}

func (s *setting) part(rows []int, values []float64) design.Form {
	return design.Form{{Column: s.column, Rows: rows, Values: values}}
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}

	return fmt.Sprintf("%d %s", n, more)
}
