package model

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"sipas/analysis/formula"
)

// Scale says on which scale a prediction is.
type Scale uint8

const (
	// OnResponse is the mean μ.
	OnResponse Scale = iota
	// OnLink is the linear predictor η.
	OnLink
)

// Prediction is what a model says of a row of data.
type Prediction struct {
	Value     float64
	SE        float64 // of the mean that is predicted, not of a single case
	Low, High float64 // t with the model's degrees of freedom, on the link's scale and then carried over
	Reason    string  // why it is not defined
}

// Predict returns a prediction for each row of other data, which needs the columns of the right side and knows no other levels than the
// model (*formula.LevelError). Its variance is xᵀVx on the scale of the link, by the delta method on that of the response. A row that misses
// a value has no prediction; nor has any when a coefficient is not defined, unless its column is zero there.
func (f *GLMFit) Predict(data formula.Data, scale Scale) ([]Prediction, error) {
	m, err := f.matrix.Apply(data)
	if err != nil {
		return nil, err
	}
	nan := math.NaN()
	t := nan

	if f.DF > 0 {
		t = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: f.DF}.Quantile((1 + f.Level) / 2)
	}
	out := make([]Prediction, m.Rows())
	x := make([]float64, f.x.n)

	for i := range out {
		out[i] = Prediction{Value: nan, SE: nan, Low: nan, High: nan}

		if !m.Complete[i] {
			out[i].Reason = "a value is missing"
			continue
		}
		if m.Offset != nil {
			out[i] = f.predict(m, i, x, m.Offset[i], t, scale)
			continue
		}
		out[i] = f.predict(m, i, x, 0, t, scale)
	}

	return out, nil
}

func (f *GLMFit) predict(m *formula.Matrix, row int, x []float64, offset, t float64, scale Scale) Prediction {
	clear(x)
	eta := offset

	for _, e := range m.Row(row, nil) {
		if !f.kept[e.Column] {
			nan := math.NaN()
			return Prediction{Value: nan, SE: nan, Low: nan, High: nan, Reason: fmt.Sprintf("the coefficient of %s is not defined", f.x.names[e.Column])}
		}
		x[e.Column] = e.Value
		eta += e.Value * f.estimates[e.Column]
	}
	se := math.Sqrt(math.Max(0, f.along(x, x)))

	if scale == OnLink {
		return Prediction{Value: eta, SE: se, Low: eta - t*se, High: eta + t*se}
	}
	mu, slope := f.Family.mean(eta)
	a, _ := f.Family.mean(eta - t*se)
	b, _ := f.Family.mean(eta + t*se)

	if b < a {
		a, b = b, a
	}

	return Prediction{Value: mu, SE: math.Abs(slope) * se, Low: a, High: b}
}

// along is aᵀVb over the coefficients that are defined.
func (f *Fit) along(a, b []float64) float64 {
	var s float64
	for i, x := range a {
		if x == 0 {
			continue
		}
		for j, y := range b {
			if y != 0 {
				s += x * y * f.Covariance.At(i, j)
			}
		}
	}

	return s
}

// Margin is a predictive margin: the mean of the population as the model predicts it, had everybody the level.
type Margin struct {
	Level string
	Value float64
	SE    float64
	Low   float64
	High  float64
}

// Margins are predictive margins with their covariance.
type Margins struct {
	Margins    []Margin
	Covariance *mat.SymDense
}

// MarginVariance says what of a predictive margin counts as random.
type MarginVariance uint8

const (
	// Joint linearizes the margin as one statistic: the coefficients and the mix of the other variables come from the same sample, and vary together
	// (Graubard and Korn 1999). With replicate weights, both are worked out anew in every replicate.
	Joint MarginVariance = iota
	// Separate adds the variance of the coefficients and that of the mix as if they were independent, which is what R's svypredmeans does.
	// It is wrong by twice their covariance, and stands here to compare with R.
	Separate
)

// PredictiveMargins sets a categorical column of the data to each of its levels in turn, for all rows that the model uses, and returns the
// weighted means of the predictions (Graubard and Korn 1999): comparisons of groups, adjusted to one mix of the other variables.
//
//	m_g = Σ w_k μ(x_k(g)ᵀβ) / Σ w_k,    z_k = w_k (μ_k(g) − m_g)/Σw + (Σ w μ′ x(g) / Σw)ᵀ z_k(β)
//
// The data are those of the fit. Levels that the fit does not know are left out.
func (f *GLMFit) PredictiveMargins(data formula.Data, column string, variance MarginVariance) (*Margins, error) {
	codes, levels, ok := data.Factor(column)
	if !ok {
		return nil, &InputError{Field: "column " + column, Row: -1, Reason: "predictive margins need a categorical column"}
	}
	if !slices.Contains(f.matrix.Formula().Columns(), column) {
		return nil, &InputError{Field: "column " + column, Row: -1, Reason: "the model does not use it"}
	}
	used := make([]bool, len(levels))

	for _, row := range f.x.rows {
		used[codes[row]] = true
	}
	var all []*margin

	for code, level := range levels {
		if !used[code] {
			continue
		}
		m, err := f.matrix.Apply(oneLevel{Data: data, name: column, code: int32(code)})
		if err != nil {
			return nil, err
		}
		g := &margin{f: f, x: f.x.on(m), level: level}
		if g.value, err = g.at(f.x.gamma(f.estimates), f.weights); err != nil {
			return nil, err
		}
		all = append(all, g)
	}

	return f.margins(all, variance)
}

// oneLevel is data in which everybody has one level of a column.
type oneLevel struct {
	formula.Data
	name string
	code int32
}

func (o oneLevel) Factor(name string) ([]int32, []string, bool) {
	codes, levels, ok := o.Data.Factor(name)
	if name != o.name {
		return codes, levels, ok
	}

	return slices.Repeat([]int32{o.code}, len(codes)), levels, ok
}

// on returns the same basis for other data of the same columns.
func (x *columns) on(m *formula.Matrix) *columns {
	out := *x
	out.blocks, out.offset = m.Blocks, m.Offset

	return &out
}

// margin is one level's predictive margin under way.
type margin struct {
	f     *GLMFit
	x     *columns
	level string
	value float64
}

// at is the mean prediction at parameters with weights by rows of the data.
func (g *margin) at(gamma, w []float64) (float64, error) {
	s := g.x.scratch()
	var sum, total float64

	for _, row := range g.x.rows {
		for k := range g.x.row(row, s.index, s.value) {
			if j := s.index[k]; !g.f.kept[j] && s.value[k] != 0 {
				return 0, &InputError{Field: "model", Row: -1, Reason: fmt.Sprintf("the coefficient of %s is not defined, so level %q has no predictions", g.x.names[j], g.level)}
			}
		}
		mu, _ := g.f.Family.mean(g.x.predictor(row, gamma, s.index, s.value))
		sum += w[row] * mu
		total += w[row]
	}

	return sum / total, nil
}

// linearize returns the influence of the mix, w(μ − m)/Σw over the rows used, and the derivative by the coefficients.
func (g *margin) linearize() (mix, slope []float64) {
	s := g.x.scratch()
	gamma := g.x.gamma(g.f.estimates)
	mix, by := make([]float64, len(g.x.rows)), make([]float64, g.x.n)
	total := float64(g.f.N)

	for i, row := range g.x.rows {
		eta := g.x.predictor(row, gamma, s.index, s.value)
		mu, d := g.f.Family.mean(eta)
		w := g.f.weights[row] / total
		mix[i] = w * (mu - g.value)

		for k := range g.x.row(row, s.index, s.value) {
			by[s.index[k]] += w * d * s.value[k]
		}
	}
	// By the chain rule through γ: γ_j = β_j/scale_j and γ_0 = β_0 + Σ β_j·center_j.
	slope = make([]float64, g.x.n)

	for j, d := range by {
		if g.x.scale[j] != 0 {
			slope[j] = d / g.x.scale[j]
		}
		if g.x.intercept >= 0 && j != g.x.intercept {
			slope[j] += by[g.x.intercept] * g.x.center[j]
		}
	}

	return mix, slope
}

func (f *GLMFit) margins(all []*margin, variance MarginVariance) (*Margins, error) {
	out := &Margins{}
	var err error

	switch {
	case variance == Separate:
		out.Covariance, err = f.separate(all)
	case f.design.Replicated():
		out.Covariance, err = f.replicatedMargins(all)
	default:
		out.Covariance, err = f.joint(all)
	}
	if err != nil {
		return nil, err
	}
	t := math.NaN()

	if f.DF > 0 {
		t = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: f.DF}.Quantile((1 + f.Level) / 2)
	}
	for j, g := range all {
		se := math.Sqrt(math.Max(0, out.Covariance.At(j, j)))
		out.Margins = append(out.Margins, Margin{Level: g.level, Value: g.value, SE: se, Low: g.value - t*se, High: g.value + t*se})
	}

	return out, nil
}

func (f *GLMFit) joint(all []*margin) (*mat.SymDense, error) {
	beta := f.influence(f.x.gamma(f.estimates))
	z := make([][]float64, len(all))

	for j, g := range all {
		mix, slope := g.linearize()
		z[j] = mix

		for k, s := range slope {
			if s == 0 || !f.kept[k] {
				continue
			}
			for i, v := range beta[k] {
				z[j][i] += s * v
			}
		}
	}

	return f.covariance(z)
}

func (f *GLMFit) replicatedMargins(all []*margin) (*mat.SymDense, error) {
	theta, full := make([][]float64, len(all)), make([]float64, len(all))
	for j, g := range all {
		theta[j], full[j] = make([]float64, f.design.Replicates().Count()), g.value
	}
	err := f.design.EachReplicate(f.column, func(r int, w []float64) error {
		gamma := f.x.gamma(f.replicates.RawRowView(r))
		for j, g := range all {
			v, err := g.at(gamma, w)
			if err != nil {
				return err
			}
			theta[j][r] = v
		}
		return nil
	})

	return f.design.Replicates().Covariance(theta, full), err
}

func (f *GLMFit) separate(all []*margin) (*mat.SymDense, error) {
	mixes, slopes := make([][]float64, len(all)), make([][]float64, len(all))
	for j, g := range all {
		mixes[j], slopes[j] = g.linearize()
	}
	out, err := f.covariance(mixes)
	if err != nil {
		return nil, err
	}
	for i := range all {
		for j := i; j < len(all); j++ {
			out.SetSym(i, j, out.At(i, j)+f.along(slopes[i], slopes[j]))
		}
	}

	return out, nil
}
