package model

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"sipas/analysis/design"
	"sipas/analysis/formula"
	"sipas/analysis/quadform"
)

// Options are the choices of a fit; the result echoes them.
type Options struct {
	Column string  // the design's weight column; "" is the main one
	Rows   []bool  // the domain; nil means all rows. The whole design is kept
	Level  float64 // of the confidence intervals; 0 means 0.95
	// Unused says what becomes of levels that no used row has; by default they are dropped and noted.
	Unused formula.Unused
}

func (o Options) level() float64 {
	if o.Level == 0 {
		return 0.95
	}

	return o.Level
}

// Coefficient is one coefficient of a model with its design-based inference: T = Estimate/SE against Student's
// distribution with the model's degrees of freedom, the two-sided P, and the interval Estimate ± t·SE.
// What is not defined is NaN, and Reason says why.
type Coefficient struct {
	Term      string // as R names it: "(Intercept)", "stypeH", "1|2"
	Estimate  float64
	SE        float64
	T         float64
	P         float64
	Low, High float64
	Reason    string
}

// Fit is what all models have. It is immutable and holds on to the data that it was made of.
type Fit struct {
	Model        string // "gaussian(identity)", "ordinal(logit)"
	Formula      string
	Coefficients []Coefficient
	// Covariance of the coefficients in their order; NaN for those that are not defined.
	Covariance *mat.SymDense
	// DF are the degrees of freedom of the coefficients: the design's on the rows used, plus one, less the number of
	// coefficients (thresholds count as one, as an intercept does).
	DF    float64
	Level float64 // of the intervals
	// Deviance is that of the model, with weights scaled to a mean of one; of an ordinal model, minus twice the log-likelihood.
	Deviance   float64
	N          int     // rows used
	Population float64 // the sum of their weights
	Iterations int
	Notes      []string

	design     *design.Design
	column     int
	matrix     *formula.Matrix
	x          *columns
	ordered    []int      // the rows used in the design's order
	place      []int32    // of each of these among x.rows, which are in the order of the data
	first      int        // the column of the first coefficient
	weights    []float64  // of each row of the data, mean one over the rows used and zero elsewhere
	estimates  []float64  // zero where a coefficient is not defined
	replicates *mat.Dense // coefficients by replicate, nil with linearization
}

// Terms returns the labels of the model's terms, by which tests name them.
func (f *Fit) Terms() []string { return slices.Clone(f.matrix.Terms) }

// Matrix returns the model's columns, names and assignment to terms. It must not be modified.
func (f *Fit) Matrix() *formula.Matrix { return f.matrix }

// begin checks the arguments that all models share, and finds the rows.
func begin(d *design.Design, fm *formula.Formula, data formula.Data, opt Options) (*Fit, error) {
	if data.Rows() != d.Rows() {
		return nil, &InputError{Field: "data", Row: -1, Reason: fmt.Sprintf("%d rows for a design of %d", data.Rows(), d.Rows())}
	}
	if opt.Rows != nil && len(opt.Rows) != d.Rows() {
		return nil, &InputError{Field: "domain", Row: -1, Reason: fmt.Sprintf("%d marks for %d rows", len(opt.Rows), d.Rows())}
	}
	if l := opt.level(); !(l > 0 && l < 1) {
		return nil, &InputError{Field: "level", Row: -1, Reason: fmt.Sprintf("a confidence level lies between 0 and 1, not at %v", l)}
	}
	if !fm.HasResponse() {
		return nil, &InputError{Field: "formula", Row: -1, Reason: "it has no response: write y ~ x"}
	}
	c, err := d.Column(opt.Column)
	if err != nil {
		return nil, err
	}
	w := d.Weights(c)
	in := make([]bool, d.Rows())

	for i := range in {
		in[i] = w[i] != 0 && (opt.Rows == nil || opt.Rows[i])
		if in[i] && w[i] < 0 {
			return nil, &InputError{Field: "weights", Row: i, Reason: fmt.Sprintf("a model needs weights that are not negative, not %v", w[i])}
		}
	}
	m, err := fm.Build(data, formula.Options{Rows: in, Unused: opt.Unused})
	if err != nil {
		return nil, err
	}
	f := &Fit{Formula: fm.String(), Level: opt.level(), design: d, column: c, matrix: m}
	// The fit goes through the data as they stand, which in a file of a million rows in no order is several times as fast.
	rows, place, left := make([]int, 0, d.Rows()), make([]int32, d.Rows()), 0

	for row := range in {
		if in[row] && m.Complete[row] {
			place[row] = int32(len(rows))
			rows = append(rows, row)
		} else if in[row] {
			left++
		}
	}
	f.N = len(rows)
	f.ordered, f.place = make([]int, 0, f.N), make([]int32, 0, f.N)

	for _, row := range d.Order() {
		if in[row] && m.Complete[row] {
			f.ordered, f.place = append(f.ordered, row), append(f.place, place[row])
			f.Population += w[row]
		}
	}

	if f.N == 0 {
		return nil, &InputError{Field: "data", Row: -1, Reason: "no row has a weight and a value of every variable"}
	}
	if left > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d rows miss a value of some variable and are not used", left))
	}
	for _, l := range m.Dropped {
		f.Notes = append(f.Notes, fmt.Sprintf("level %q of %s is dropped: no used row has it", l.Level, l.Variable))
	}
	f.weights = make([]float64, d.Rows())

	for _, row := range rows {
		f.weights[row] = w[row] * float64(f.N) / f.Population
	}
	f.x = newColumns(m, rows, f.weights)

	return f, nil
}

// finish fills in the coefficients from their estimates and covariance. Defined says which have an estimate.
func (f *Fit) finish(names []string, defined []bool) {
	f.Coefficients = make([]Coefficient, len(names))
	nan := math.NaN()
	t := nan

	if f.DF > 0 {
		t = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: f.DF}.Quantile((1 + f.Level) / 2)
	}
	for j, name := range names {
		c := Coefficient{Term: name, Estimate: nan, SE: nan, T: nan, P: nan, Low: nan, High: nan}

		if !defined[j] {
			c.Reason = "the column depends linearly on earlier ones"
			f.Coefficients[j] = c
			continue
		}
		c.Estimate, c.SE = f.estimates[j], math.Sqrt(math.Max(0, f.Covariance.At(j, j)))
		if math.IsNaN(f.Covariance.At(j, j)) {
			c.SE = nan
		}
		c.T = c.Estimate / c.SE

		switch {
		case math.IsNaN(c.SE):
			c.Reason = "the replicates do not show its variance"
		case !(f.DF > 0):
			c.Reason = fmt.Sprintf("%v degrees of freedom are left", f.DF)
		case c.SE == 0:
			c.T, c.Low, c.High = nan, c.Estimate, c.Estimate
			c.Reason = "it has no sampling error, so there is no test"
		default:
			c.P = quadform.UpperF(c.T*c.T, 1, f.DF)
			c.Low, c.High = c.Estimate-t*c.SE, c.Estimate+t*c.SE
		}
		f.Coefficients[j] = c
	}
	// Whatever has no estimate has no covariance either.
	for j := range names {
		for i := range names {
			if !defined[i] || !defined[j] {
				f.Covariance.SetSym(i, j, nan)
			}
		}
	}
}

// spread works out the covariance of coefficients: from influence values of the rows used, or from refits.
func (f *Fit) spread(influence func() [][]float64, refit func(weights []float64) ([]float64, error)) error {
	if f.design.Replicated() {
		theta, err := f.design.Refitted(f.column, refit)
		if err != nil {
			return err
		}
		f.replicates = theta
		f.Covariance = f.design.ReplicateCovariance(theta, f.estimates)
		f.noteReplicates()
		return nil
	}
	v, err := f.covariance(influence())
	f.Covariance = v

	return err
}

func (f *Fit) noteReplicates() {
	r, k := f.replicates.Dims()
	bad := 0

	for i := range r {
		if f.design.Replicates().RScales[i] > 0 && slices.ContainsFunc(f.replicates.RawRowView(i)[:k], math.IsNaN) {
			bad++
		}
	}
	if bad > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d of %d replicates do not define every coefficient and are left out of its variance", bad, r))
	}
}

// covariance passes influence values, one list for each statistic over the rows used, through the design, in whose order it leaves
// them.
func (f *Fit) covariance(z [][]float64) (*mat.SymDense, error) {
	forms := make([]design.Form, len(z))
	asRead := make([]float64, len(f.place))

	for j := range z {
		copy(asRead, z[j])
		for k, at := range f.place {
			z[j][k] = asRead[at]
		}
		forms[j] = design.Form{{Column: f.column, Rows: f.ordered, Values: z[j]}}
	}

	return f.design.CovarianceOf(forms)
}

// scaled returns weights of a replicate on the scale of the fit's own.
func (f *Fit) scaled(weights []float64) []float64 {
	out := make([]float64, len(weights))
	for _, row := range f.x.rows {
		out[row] = weights[row] * float64(f.N) / f.Population
	}

	return out
}

// named turns a direction along which a fit recedes into an error.
func named(names []string, direction []float64, thresholds bool) error {
	var most float64
	for _, v := range direction {
		most = math.Max(most, math.Abs(v))
	}
	e := &SeparationError{}

	for j, v := range direction {
		if math.Abs(v) > 1e-2*most && (names[j] != "(Intercept)" && !thresholds || thresholds && !strings.Contains(names[j], "|")) {
			e.Coefficients = append(e.Coefficients, names[j])
		}
	}
	if e.Coefficients == nil {
		e.Coefficients = slices.Clone(names[:1])
	}

	return e
}

// fitJSON is the file form of a fit: what is not defined is null.
type fitJSON struct {
	Model        string            `json:"model"`
	Formula      string            `json:"formula"`
	Coefficients []coefficientJSON `json:"coefficients"`
	Covariance   [][]*float64      `json:"cov"`
	DF           *float64          `json:"df"`
	Level        float64           `json:"confidence"`
	Deviance     *float64          `json:"deviance"`
	NullDeviance *float64          `json:"null_deviance,omitempty"`
	Dispersion   *float64          `json:"dispersion,omitempty"`
	N            int               `json:"n"`
	Population   float64           `json:"population"`
	Notes        []string          `json:"notes,omitempty"`
}

type coefficientJSON struct {
	Term     string   `json:"term"`
	Estimate *float64 `json:"estimate"`
	SE       *float64 `json:"se"`
	T        *float64 `json:"t"`
	P        *float64 `json:"p"`
	Low      *float64 `json:"ci_low"`
	High     *float64 `json:"ci_high"`
	Reason   string   `json:"reason,omitempty"`
}

func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}

	return &x
}

func (f *Fit) file() fitJSON {
	out := fitJSON{
		Model: f.Model, Formula: f.Formula, DF: finite(f.DF), Level: f.Level, Deviance: finite(f.Deviance),
		N: f.N, Population: f.Population, Notes: f.Notes,
	}
	for i, c := range f.Coefficients {
		out.Coefficients = append(out.Coefficients, coefficientJSON{
			Term: c.Term, Estimate: finite(c.Estimate), SE: finite(c.SE), T: finite(c.T), P: finite(c.P),
			Low: finite(c.Low), High: finite(c.High), Reason: c.Reason,
		})
		row := make([]*float64, len(f.Coefficients))
		for j := range row {
			row[j] = finite(f.Covariance.At(i, j))
		}
		out.Covariance = append(out.Covariance, row)
	}

	return out
}

// MarshalJSON writes what is not defined as null.
func (f *Fit) MarshalJSON() ([]byte, error) { return json.Marshal(f.file()) }
