package estimate

import (
	"fmt"
	"math"

	"sipas/analysis"
	"sipas/analysis/design"

	"gonum.org/v1/gonum/mat"
)

// Moments are the means, variances and covariances of some variables over the rows of one domain that have all of
// them. They are immutable.
type Moments struct {
	design *design.Design
	column int
	values [][]float64 // variable by variable
	rows   []int
	means  []float64
	matrix *mat.SymDense
	total  float64
	reason string

	replicates [][]float64 // of each entry of the lower triangle; nil for linearized designs
}

// NewMoments computes the weighted covariance matrix of variables that share one weight column:
//
//	s_jk = n/(n−1) · Σw (y_j − ȳ_j)(y_k − ȳ_k) / Σw
//
// with n the number of rows that have a weight and all the variables. It estimates the covariance in the
// population, and with equal weights is the usual one. Its influence values are
// w·(n/(n−1)·(y_j − ȳ_j)(y_k − ȳ_k) − s_jk)/Σw; the means add nothing, for the
// deviations from them sum to zero. With replicate weights the whole is worked out anew in each
// replicate, n staying what it is in the sample.
//
// Only pairs of values make a covariance: a row that lacks one of the variables is
// left out of all. Ask for variables apart where that matters. With fewer than two rows everything is undefined.
func NewMoments(d *design.Design, vars []Variable, rows []int) (*Moments, error) {
	if len(vars) == 0 {
		return nil, fmt.Errorf("moments: there are no variables")
	}
	m := &Moments{design: d}

	for _, v := range vars {
		v.Kind, v.Denominator = Mean, nil
		if err := v.check(d.Rows()); err != nil {
			return nil, err
		}
		if v.Column != vars[0].Column {
			return nil, fmt.Errorf("moments: %s and %s have different weights", vars[0].Name, v.Name)
		}
		m.values = append(m.values, v.Values)
	}
	column, err := d.Column(vars[0].Column)
	if err != nil {
		return nil, fmt.Errorf("variable %s: %w", vars[0].Name, err)
	}
	m.column = column
	w := d.Weights(column)

	for _, row := range rows {
		if w[row] != 0 && m.complete(row) {
			m.rows = append(m.rows, row)
			m.total += w[row]
		}
	}
	if len(m.rows) < 2 {
		m.reason = "fewer than two answers"
		return m, nil
	}
	m.compute()

	return m, nil
}

func (m *Moments) complete(row int) bool {
	for _, y := range m.values {
		if math.IsNaN(y[row]) {
			return false
		}
	}

	return true
}

// compute fills in means and covariances, and the covariances in every replicate.
func (m *Moments) compute() {
	k := len(m.values)
	w := m.design.Weights(m.column)
	m.means, m.matrix = make([]float64, k), mat.NewSymDense(k, nil)

	for _, row := range m.rows {
		for j, y := range m.values {
			m.means[j] += w[row] * y[row]
		}
	}
	for j := range m.means {
		m.means[j] /= m.total
	}
	products := make([]float64, len(m.rows))

	for a := range k {
		for b := range a + 1 {
			var sum float64
			for i, row := range m.rows {
				products[i] = w[row] * (m.values[a][row] - m.means[a]) * (m.values[b][row] - m.means[b])
				sum += products[i]
			}
			m.matrix.SetSym(a, b, sum/m.total*m.correction())

			if m.design.Replicated() {
				m.replicates = append(m.replicates, m.sums(products))
			}
		}
	}
	if m.design.Replicated() {
		m.center()
	}
}

// sums returns the total of some values by replicate.
func (m *Moments) sums(values []float64) []float64 {
	return m.design.ReplicateFactors(m.column).Sums(m.rows, values)
}

// center turns the sums of products about the full means into covariances about the means of each replicate.
func (m *Moments) center() {
	w := m.design.Weights(m.column)
	values := make([]float64, len(m.rows))
	shifts := make([][]float64, len(m.values))

	for i, row := range m.rows {
		values[i] = w[row]
	}
	totals := m.sums(values)

	for j, y := range m.values {
		for i, row := range m.rows {
			values[i] = w[row] * (y[row] - m.means[j])
		}
		shifts[j] = m.sums(values)
	}
	for a := range m.values {
		for b := range a + 1 {
			theta := m.replicates[triangle(a, b)]
			for r, total := range totals {
				theta[r] = m.correction() * (theta[r]/total - shifts[a][r]/total*shifts[b][r]/total)
			}
		}
	}
}

// triangle is the position of an entry in the lower triangle, row by row.
func triangle(j, k int) int {
	if j < k {
		j, k = k, j
	}

	return j*(j+1)/2 + k
}

func (m *Moments) correction() float64 { return float64(len(m.rows)) / float64(len(m.rows)-1) }

// N returns the number of rows that have all the variables.
func (m *Moments) N() int { return len(m.rows) }

// Matrix returns the covariance matrix of the variables; it is nil when undefined. It must not be modified.
func (m *Moments) Matrix() *mat.SymDense { return m.matrix }

// Covariance returns the covariance of two variables, or the variance of one, with its influence function.
func (m *Moments) Covariance(j, k int) Stat {
	if m.reason != "" {
		return m.undefined()
	}
	w := m.design.Weights(m.column)
	p := design.Part{Column: m.column, Rows: m.rows, Values: make([]float64, len(m.rows))}
	s := m.matrix.At(j, k)

	for i, row := range m.rows {
		product := (m.values[j][row] - m.means[j]) * (m.values[k][row] - m.means[k])
		p.Values[i] = w[row] * (m.correction()*product - s) / m.total
	}

	out := Stat{Value: s, Form: design.Form{p}, N: len(m.rows), Population: m.total, EffectiveN: math.NaN()}
	if m.replicates != nil {
		out.Replicates = m.replicates[triangle(j, k)]
	}

	return out
}

// Correlation returns Pearson's correlation of two variables with its influence function, by the delta method from the
// three moments behind it. It is undefined when one of them does not vary.
func (m *Moments) Correlation(j, k int) Stat {
	if m.reason != "" {
		return m.undefined()
	}

	return Delta(func(x []Dual) Dual { return x[0].Div(x[1].Mul(x[2]).Sqrt()) }, m.Covariance(j, k), m.Covariance(j, j), m.Covariance(k, k))
}

func (m *Moments) undefined() Stat {
	nan := math.NaN()

	return Stat{Value: nan, N: len(m.rows), Population: nan, EffectiveN: nan, Reason: m.reason}
}

// CovarianceMatrix is the joint design-based covariance of all entries of the lower triangle of Matrix, row by row:
// (0,0), (1,0), (1,1), (2,0), and so on. It is NaN where they are undefined.
func (m *Moments) CovarianceMatrix() (*mat.SymDense, error) {
	var stats []Stat

	for j := range m.values {
		for k := range j + 1 {
			stats = append(stats, m.Covariance(j, k))
		}
	}

	return Covariance(m.design, stats)
}

// Variance returns the variance of a variable as an estimate, with its interval by Student's distribution. A
// variance is skewed: with few degrees of freedom its interval is rough.
func (m *Moments) Variance(j int, opt Options) (analysis.Estimate, error) {
	return Of(m.design, m.Covariance(j, j), "weighted variance", opt)
}

// Correlate returns the correlation of two variables as an estimate. Its interval is t·se on Fisher's scale,
//
//	tanh(atanh r ± t·se/(1−r²))
//
// so that it stays between −1 and 1 (Fisher 1921); at −1 and 1 there is none.
func (m *Moments) Correlate(j, k int, opt Options) (analysis.Estimate, error) {
	e, err := Of(m.design, m.Correlation(j, k), "weighted correlation", opt)
	if err != nil || e.Reason != "" {
		return e, err
	}
	e.Interval.Method = "Fisher z, " + e.Interval.Method
	room := 1 - e.Value*e.Value

	if !(room > 1e-14) {
		e.Interval.Low, e.Interval.High = math.NaN(), math.NaN()
		e.Reason = "a correlation of −1 or 1 has no interval"
		return e, nil
	}
	at, half := math.Atanh(e.Value), quantileT((1+opt.level())/2, e.DF)*e.SE/room
	e.Interval.Low, e.Interval.High = math.Tanh(at-half), math.Tanh(at+half)

	return e, nil
}
