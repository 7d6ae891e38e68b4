package model_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/formula"
	"sipas/analysis/model"
	"sipas/analysis/quadform"
	"sipas/analysis/weight"
)

// sample is a stratified cluster sample of made rows.
type sample struct {
	n                int
	weights, x, z, y []float64
	binary, count    []float64
	group, ordered   []string
	strata, clusters []int
}

func draw(seed uint64, strata, psus, size int) sample {
	src := rand.New(rand.NewPCG(seed, 7))
	var s sample
	for h := range strata {
		for i := range psus {
			shift := src.NormFloat64()
			for range size {
				x, z := 2000+10*src.NormFloat64(), src.ExpFloat64()
				g := []string{"p", "q", "r"}[src.IntN(3)]
				eta := 0.1*(x-2000) + shift/2 + 0.3*z
				if g == "q" {
					eta += 0.5
				}
				s.weights, s.x, s.z, s.group = append(s.weights, 1+9*src.Float64()), append(s.x, x), append(s.z, z), append(s.group, g)
				s.y = append(s.y, 50+3*eta+src.NormFloat64())
				s.binary = append(s.binary, math.Round(0.5+math.Copysign(0.25, eta+2*src.NormFloat64())))
				s.count = append(s.count, math.Floor(math.Exp(eta/4)*src.ExpFloat64()))
				s.ordered = append(s.ordered, fmt.Sprint(min(3, max(0, int(math.Floor(eta+1.5*src.NormFloat64()+1.5))))))
				s.strata, s.clusters = append(s.strata, h), append(s.clusters, i)
			}
		}
	}
	s.n = len(s.y)
	return s
}

func (s sample) data(t testing.TB) *formula.Columns {
	t.Helper()
	d := formula.NewColumns(s.n)
	for name, v := range map[string][]float64{"x": s.x, "z": s.z, "y": s.y, "binary": s.binary, "count": s.count} {
		check(t, d.AddNumbers(name, v))
	}
	for name, v := range map[string][]string{"group": s.group, "ordered": s.ordered} {
		check(t, d.AddTexts(name, v, func(string) bool { return false }))
	}
	return d
}

func (s sample) spec() design.Spec {
	return design.Spec{Weights: s.weights, Stages: []design.Stage{{Strata: design.Ints(s.strata), Clusters: design.Ints(s.clusters)}}}
}

func (s sample) design(t testing.TB) *design.Design {
	t.Helper()
	d, err := design.New(s.spec())
	check(t, err)
	return d
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func parse(t testing.TB, text string) *formula.Formula {
	t.Helper()
	f, err := formula.Parse(text)
	check(t, err)
	return f
}

func glm(t testing.TB, d *design.Design, data formula.Data, text, family string, o model.Options) *model.GLMFit {
	t.Helper()
	fam, err := model.ParseFamily(family)
	check(t, err)
	f, err := model.GLM(d, parse(t, text), data, fam, o)
	check(t, err)
	return f
}

func ordinal(t testing.TB, d *design.Design, data formula.Data, text string, link model.Link) *model.OrdinalFit {
	t.Helper()
	f, err := model.Ordinal(d, parse(t, text), data, link, model.Options{})
	check(t, err)
	return f
}

func near(t testing.TB, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s: %.17g, want %.17g (off by %.2g)", what, got, want, got/want-1)
	}
}

func coefficient(t testing.TB, f *model.Fit, term string) model.Coefficient {
	t.Helper()
	i := slices.IndexFunc(f.Coefficients, func(c model.Coefficient) bool { return c.Term == term })
	if i < 0 {
		t.Fatalf("no coefficient %s", term)
	}
	return f.Coefficients[i]
}

func same(t testing.TB, what string, a, b *model.Fit, relative float64) {
	t.Helper()
	if len(a.Coefficients) != len(b.Coefficients) {
		t.Fatalf("%s: %d and %d coefficients", what, len(a.Coefficients), len(b.Coefficients))
	}
	for i := range a.Coefficients {
		near(t, what+" "+a.Coefficients[i].Term, a.Coefficients[i].Estimate, b.Coefficients[i].Estimate, relative)
		near(t, what+" se of "+a.Coefficients[i].Term, a.Coefficients[i].SE, b.Coefficients[i].SE, relative)
	}
}

// means of y by group, with the engine's own linearization.
func means(t testing.TB, d *design.Design, y []float64, labels []string) []estimate.Stat {
	t.Helper()
	domains := estimate.Whole(d, "all")
	if labels != nil {
		var err error
		domains, err = estimate.By(d, labels)
		check(t, err)
	}
	tb, err := estimate.Compute(d, []estimate.Variable{{Kind: estimate.Mean, Values: y}}, domains, estimate.Options{})
	check(t, err)
	var out []estimate.Stat
	for i := range domains.Names {
		out = append(out, tb.Stat(i, 0))
	}
	return out
}

func se(t testing.TB, d *design.Design, s estimate.Stat) float64 {
	t.Helper()
	v, err := d.Variance(s.Form)
	check(t, err)
	return math.Sqrt(v)
}

// A model of the intercept alone is the mean, on the scale of its link.
func TestInterceptIsMean(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := draw(rapid.Uint64Range(0, 1000).Draw(rt, "seed"), 3, 3, 6)
		d, data := s.design(t), s.data(t)
		mean := means(t, d, s.y, nil)[0]
		f := glm(t, d, data, "y ~ 1", "gaussian", model.Options{})
		near(t, "mean", f.Coefficients[0].Estimate, mean.Value, 1e-13)
		near(t, "its se", f.Coefficients[0].SE, se(t, d, mean), 1e-11)
		near(t, "null deviance", f.NullDeviance, f.Deviance, 1e-12)

		share := means(t, d, s.binary, nil)[0]
		p := share.Value
		b := glm(t, d, data, "binary ~ 1", "binomial", model.Options{})
		near(t, "logit", b.Coefficients[0].Estimate, math.Log(p/(1-p)), 1e-10)
		near(t, "its se", b.Coefficients[0].SE, se(t, d, share)/(p*(1-p)), 1e-10)
		c := glm(t, d, data, "count ~ 1", "poisson", model.Options{})
		mean = means(t, d, s.count, nil)[0]
		near(t, "log", math.Exp(c.Coefficients[0].Estimate), mean.Value, 1e-12)
		near(t, "its se", c.Coefficients[0].SE, se(t, d, mean)/mean.Value, 1e-10)
	})
}

// Regression on a factor compares the means of domains.
func TestFactorIsDomains(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := draw(rapid.Uint64Range(0, 1000).Draw(rt, "seed"), 3, 3, 12)
		d, data := s.design(t), s.data(t)
		by := means(t, d, s.y, s.group)
		f := glm(t, d, data, "y ~ group", "gaussian", model.Options{})
		for i, term := range []string{"groupq", "groupr"} {
			diff := estimate.Linear(0, estimate.Term{Coefficient: 1, Stat: by[i+1]}, estimate.Term{Coefficient: -1, Stat: by[0]})
			near(t, term, coefficient(t, &f.Fit, term).Estimate, diff.Value, 1e-11)
			near(t, "se of "+term, coefficient(t, &f.Fit, term).SE, se(t, d, diff), 1e-10)
		}
		in := make([]bool, s.n)
		for i := range in {
			in[i] = s.group[i] == "q"
		}
		one := glm(t, d, data, "y ~ 1", "gaussian", model.Options{Rows: in})
		near(t, "domain", one.Coefficients[0].Estimate, by[1].Value, 1e-12)
		near(t, "se of the domain", one.Coefficients[0].SE, se(t, d, by[1]), 1e-10)
		// Without an intercept each level has its own mean.
		all := glm(t, d, data, "y ~ group - 1", "gaussian", model.Options{})
		for i, l := range []string{"p", "q", "r"} {
			near(t, "group"+l, coefficient(t, &all.Fit, "group"+l).SE, se(t, d, by[i]), 1e-10)
		}
	})
}

// What a model must not depend on: the order of rows, the scale of weights, the names of levels, the number of cores.
func TestInvariance(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		s := draw(seed, 4, 3, 40)
		data := s.data(t)
		fits := func(s sample) []*model.Fit {
			d, data := s.design(t), s.data(t)
			return []*model.Fit{
				&glm(t, d, data, "y ~ x + group * z", "gaussian", model.Options{}).Fit,
				&glm(t, d, data, "binary ~ x + group", "binomial", model.Options{}).Fit,
				&glm(t, d, data, "binary ~ x + group", "binomial(cloglog)", model.Options{}).Fit,
				&glm(t, d, data, "count ~ x + group", "poisson", model.Options{}).Fit,
				&ordinal(t, d, data, "ordered ~ x + group", model.Logit).Fit,
			}
		}
		base := fits(s)
		p := s
		order := rand.New(rand.NewPCG(seed, 1)).Perm(s.n)
		p.weights, p.x, p.z, p.y = permuted(order, s.weights), permuted(order, s.x), permuted(order, s.z), permuted(order, s.y)
		p.binary, p.count = permuted(order, s.binary), permuted(order, s.count)
		p.group, p.ordered, p.strata, p.clusters = permuted(order, s.group), permuted(order, s.ordered), permuted(order, s.strata), permuted(order, s.clusters)
		for i, f := range fits(p) {
			same(t, "permuted "+f.Model, f, base[i], 1e-9)
		}
		p = s
		p.weights = slices.Clone(s.weights)
		for i := range p.weights {
			p.weights[i] *= 1234.5
		}
		for i, f := range fits(p) {
			same(t, "rescaled "+f.Model, f, base[i], 1e-9)
			near(t, "deviance", f.Deviance, base[i].Deviance, 1e-11)
		}
		p = s
		p.group = slices.Clone(s.group)
		for i, g := range s.group {
			p.group[i] = "the " + strings.ToUpper(g)
		}
		for i, f := range fits(p) {
			same(t, "renamed "+f.Model, f, base[i], 1e-14)
			if f.Model == "binomial(logit)" && f.Coefficients[2].Term != "groupthe Q" {
				t.Error(f.Coefficients[2].Term)
			}
		}
		// A year far from zero costs no digits.
		shifted := formula.NewColumns(s.n)
		small := slices.Clone(s.x)
		for i := range small {
			small[i] -= 2000
		}
		check(t, shifted.AddNumbers("x", small))
		check(t, shifted.AddNumbers("y", s.y))
		a := glm(t, s.design(t), shifted, "y ~ x", "gaussian", model.Options{})
		b := glm(t, s.design(t), data, "y ~ x", "gaussian", model.Options{})
		near(t, "slope", b.Coefficients[1].Estimate, a.Coefficients[1].Estimate, 1e-11)
		near(t, "se of the slope", b.Coefficients[1].SE, a.Coefficients[1].SE, 1e-11)
	}
}

func permuted[T any](order []int, x []T) []T {
	out := make([]T, len(x))
	for i, from := range order {
		out[i] = x[from]
	}
	return out
}

func TestCores(t *testing.T) {
	s := draw(3, 5, 4, 900) // several pieces
	d, data := s.design(t), s.data(t)
	run := func(cores int) []*model.Fit {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		return []*model.Fit{
			&glm(t, d, data, "binary ~ x + group * z", "binomial", model.Options{}).Fit,
			&ordinal(t, d, data, "ordered ~ x + group", model.Probit).Fit,
		}
	}
	one := run(1)
	for i, f := range run(4) {
		for j, c := range f.Coefficients {
			if o := one[i].Coefficients[j]; c.Estimate != o.Estimate || c.SE != o.SE {
				t.Errorf("%s: %v and %v", c.Term, c, o)
			}
		}
	}
}

// The estimating equations hold at the solution, whatever family and link.
func TestScoreIsZero(t *testing.T) {
	t.Parallel()
	s := draw(11, 4, 3, 30)
	d, data := s.design(t), s.data(t)
	positive := make([]float64, s.n)
	for i, y := range s.count {
		positive[i] = y + 0.5
	}
	check(t, data.AddNumbers("positive", positive))
	score := map[string]func(mu float64) (slope, variance float64){
		"gaussian": func(float64) (float64, float64) { return 1, 1 },
		"binomial": func(mu float64) (float64, float64) { return mu * (1 - mu), mu * (1 - mu) },
		"binomial(probit)": func(mu float64) (float64, float64) {
			q := math.Sqrt2 * math.Erfinv(2*mu-1)
			return math.Exp(-q*q/2) / math.Sqrt(2*math.Pi), mu * (1 - mu)
		},
		"binomial(cloglog)": func(mu float64) (float64, float64) { return -(1 - mu) * math.Log(1-mu), mu * (1 - mu) },
		"poisson":           func(mu float64) (float64, float64) { return mu, mu },
		"Gamma(log)":        func(mu float64) (float64, float64) { return mu, mu * mu },
		"Gamma(inverse)":    func(mu float64) (float64, float64) { return -mu * mu, mu * mu },
	}
	for family, f := range score {
		response, y := "y", s.y
		switch {
		case strings.HasPrefix(family, "binomial"):
			response, y = "binary", s.binary
		case family == "poisson":
			response, y = "count", s.count
		case strings.HasPrefix(family, "Gamma"):
			response, y = "positive", positive
		}
		fit := glm(t, d, data, response+" ~ I(x - 2000) + group + z", family, model.Options{})
		predictions, err := fit.Predict(data, model.OnResponse)
		check(t, err)
		m := fit.Matrix()
		for j, name := range m.Names {
			var sum, size float64
			for i, x := range m.Column(j) {
				slope, v := f(predictions[i].Value)
				u := s.weights[i] * x * (y[i] - predictions[i].Value) * slope / v
				sum += u
				size += math.Abs(u)
			}
			if math.Abs(sum) > 1e-11*size {
				t.Errorf("%s: the score of %s is %.2g of %.2g", family, name, sum, size)
			}
		}
	}
}

// An ordinal model of two categories is the binomial model of the second, but for the sign of the threshold; loglog and cloglog are each other's mirror.
func TestOrdinalOfTwo(t *testing.T) {
	t.Parallel()
	s := draw(5, 4, 3, 40)
	for i, v := range s.binary {
		s.ordered[i] = []string{"low", "up"}[int(v)]
	}
	d, data := s.design(t), s.data(t)
	for link, family := range map[model.Link]string{model.Logit: "binomial", model.Loglog: "binomial(cloglog)"} {
		o := ordinal(t, d, data, "ordered ~ x + group", link)
		b := glm(t, d, data, "binary ~ x + group", family, model.Options{})
		for _, term := range []string{"x", "groupq", "groupr"} {
			near(t, "ordinal "+term, coefficient(t, &o.Fit, term).Estimate, coefficient(t, &b.Fit, term).Estimate, 1e-8)
			// The information is observed in one and expected in the other, which is the same with the canonical link.
			if link == model.Logit {
				near(t, "ordinal se of "+term, coefficient(t, &o.Fit, term).SE, coefficient(t, &b.Fit, term).SE, 1e-8)
			}
		}
		near(t, "threshold", -coefficient(t, &o.Fit, "low|up").Estimate, b.Coefficients[0].Estimate, 1e-8)
		near(t, "deviance", o.Deviance, b.Deviance, 1e-10)
	}
}

// A calibrated variable has no sampling error: its regression on the intercept has a standard error of zero, and a model of
// another variable has a smaller one than without calibration.
func TestCalibrationReachesModels(t *testing.T) {
	t.Parallel()
	s := draw(8, 4, 4, 10)
	d, data := s.design(t), s.data(t)
	m, err := parse(t, "group + I(x - 2000)").Build(data, formula.Options{})
	check(t, err)
	aux, err := m.Sparse()
	check(t, err)
	totals := make([]float64, len(m.Names))
	for j := range totals {
		for i, v := range m.Column(j) {
			totals[j] += 1.05 * v * s.weights[i]
		}
	}
	totals[3] += 300
	r, err := weight.Calibrate(s.weights, aux, totals, m.Names, weight.CalibrateRule{Distance: weight.Linear})
	check(t, err)
	calibrated, err := d.Calibrated(r.Weights, r.Calibration)
	check(t, err)
	f := glm(t, calibrated, data, "x ~ 1", "gaussian", model.Options{})
	if f.Coefficients[0].SE > 1e-9 {
		t.Errorf("the mean of a calibrated variable has the standard error %v", f.Coefficients[0].SE)
	}
	before, after := glm(t, d, data, "y ~ 1", "gaussian", model.Options{}), glm(t, calibrated, data, "y ~ 1", "gaussian", model.Options{})
	if !(after.Coefficients[0].SE < 0.8*before.Coefficients[0].SE) {
		t.Errorf("the standard error is %v after calibration, %v before", after.Coefficients[0].SE, before.Coefficients[0].SE)
	}
}

// Dropping one cluster after the other is the jackknife, whose variance is close to linearization's.
func jackknifed(t testing.TB, s sample) *design.Design {
	t.Helper()
	type key struct{ h, i int }
	var keys []key
	n := map[int]float64{}
	unit := make([]int32, s.n)
	for i := range s.n {
		k := key{s.strata[i], s.clusters[i]}
		at := slices.Index(keys, k)
		if at < 0 {
			at = len(keys)
			keys = append(keys, k)
			n[k.h]++
		}
		unit[i] = int32(at)
	}
	p := &design.Replicates{Type: "JKn", Unit: unit, Scale: 1, Factors: mat.NewDense(len(keys), len(keys), nil)}
	for r, out := range keys {
		for u, k := range keys {
			switch {
			case u == r:
			case k.h == out.h:
				p.Factors.Set(u, r, n[k.h]/(n[k.h]-1))
			default:
				p.Factors.Set(u, r, 1)
			}
		}
		p.RScales = append(p.RScales, (n[out.h]-1)/n[out.h])
	}
	spec := s.spec()
	spec.Replicates = p
	d, err := design.New(spec)
	check(t, err)
	return d
}

func TestReplicates(t *testing.T) {
	t.Parallel()
	s := draw(21, 4, 12, 12)
	d, jk, data := s.design(t), jackknifed(t, s), s.data(t)
	for _, c := range [][2]string{{"y ~ I(x-2000) + group", "gaussian"}, {"binary ~ I(x-2000) + group", "binomial"}, {"count ~ I(x-2000) + z", "poisson"}} {
		a, b := glm(t, d, data, c[0], c[1], model.Options{}), glm(t, jk, data, c[0], c[1], model.Options{})
		same(t, "jackknife of "+c[0], &b.Fit, &a.Fit, 0.1)
		near(t, "df", b.DF, a.DF, 0)
	}
	a, b := ordinal(t, d, data, "ordered ~ z + group", model.Logit), ordinal(t, jk, data, "ordered ~ z + group", model.Logit)
	same(t, "jackknife of the ordinal model", &b.Fit, &a.Fit, 0.1)
}

// The linearized margin agrees with the jackknife, which knows nothing of influence functions. Adding variances as if coefficients and
// mix were independent does not.
func TestPredictiveMargins(t *testing.T) {
	t.Parallel()
	s := draw(33, 5, 12, 8)
	d, jk, data := s.design(t), jackknifed(t, s), s.data(t)
	for _, c := range [][2]string{{"y ~ I(x-2000) * group", "gaussian"}, {"binary ~ I(x-2000) + group + z", "binomial"}} {
		a, b := glm(t, d, data, c[0], c[1], model.Options{}), glm(t, jk, data, c[0], c[1], model.Options{})
		joint, err := a.PredictiveMargins(data, "group", model.Joint)
		check(t, err)
		refit, err := b.PredictiveMargins(data, "group", model.Joint)
		check(t, err)
		if len(joint.Margins) != 3 {
			t.Fatalf("%d margins", len(joint.Margins))
		}
		for i, m := range joint.Margins {
			near(t, "margin of "+m.Level, m.Value, refit.Margins[i].Value, 1e-9)
			near(t, "its se", m.SE, refit.Margins[i].SE, 0.1)
		}
	}
	// With the group alone, a margin is the mean of the domain, and its standard error that of the domain.
	f := glm(t, d, data, "y ~ group", "gaussian", model.Options{})
	m, err := f.PredictiveMargins(data, "group", model.Joint)
	check(t, err)
	for i, stat := range means(t, d, s.y, s.group) {
		near(t, "mean of the domain", m.Margins[i].Value, stat.Value, 1e-12)
		near(t, "its se", m.Margins[i].SE, se(t, d, stat), 1e-10)
	}
	// A variable that explains all of y leaves the mean of the whole: its influence is that of the mean, coefficients and mix together.
	check(t, data.AddNumbers("same", s.y))
	f = glm(t, d, data, "y ~ same + group", "gaussian", model.Options{})
	if m, err = f.PredictiveMargins(data, "group", model.Joint); err != nil {
		t.Fatal(err)
	}
	near(t, "margin of a perfect model", m.Margins[0].SE, se(t, d, means(t, d, s.y, nil)[0]), 1e-6)
	if _, err := f.PredictiveMargins(data, "ordered", model.Joint); err == nil {
		t.Error("margins of a column that the model does not use")
	}
}

func TestWaldTests(t *testing.T) {
	t.Parallel()
	s := draw(17, 5, 6, 20)
	d, data := s.design(t), s.data(t)
	f := glm(t, d, data, "binary ~ x + group + z", "binomial", model.Options{})
	w, err := f.Wald("z")
	check(t, err)
	c := coefficient(t, &f.Fit, "z")
	near(t, "F of one coefficient", w.Statistic, c.T*c.T, 1e-10)
	near(t, "its p", w.P, c.P, 1e-9)
	// With one coefficient the working Wald test is the Wald test: λ is V/V₀.
	q, err := f.WorkingWald(quadform.Exact, "z")
	check(t, err)
	near(t, "p of the working test", q.P, c.P, 1e-9)
	// A small effect's likelihood ratio is close to its Wald statistic.
	lr, err := f.WorkingLikelihoodRatio(quadform.Exact, "group")
	check(t, err)
	ww, err := f.WorkingWald(quadform.Exact, "group")
	check(t, err)
	near(t, "likelihood ratio", lr.Statistic, ww.Statistic, 0.1)
	near(t, "λ", lr.Lambda[0], ww.Lambda[0], 0)
	// Another reference level changes nothing.
	g := glm(t, d, data, "binary ~ x + relevel(group, ref = 'r') + z", "binomial", model.Options{})
	a, err := f.Wald("group")
	check(t, err)
	b, err := g.Wald("relevel(group, ref = \"r\")")
	check(t, err)
	near(t, "F with another reference", b.Statistic, a.Statistic, 1e-8)
	o := ordinal(t, d, data, "ordered ~ x + group", model.Logit)
	if w, err = o.Wald("x"); err != nil {
		t.Fatal(err)
	}
	near(t, "F of the ordinal model", w.Statistic, math.Pow(coefficient(t, &o.Fit, "x").T, 2), 1e-10)
	if _, err := f.Wald("nothing"); err == nil {
		t.Error("a term was tested that is not there")
	}
}

// Under simple random sampling with equal weights, the effective number of parameters is close to the number of parameters.
func TestAIC(t *testing.T) {
	t.Parallel()
	s := draw(2, 1, 1, 4000)
	for i := range s.weights {
		s.weights[i] = 3
		s.y[i] = 2 + 0.1*(s.x[i]-2000) + rand.New(rand.NewPCG(uint64(i), 5)).NormFloat64()
	}
	d, err := design.New(design.Spec{Weights: s.weights})
	check(t, err)
	data := s.data(t)
	f := glm(t, d, data, "y ~ x + group", "gaussian", model.Options{})
	a, err := f.AIC()
	check(t, err)
	near(t, "effective parameters with the variance", a.Parameters, 5, 0.05)
	near(t, "−2ℓ", a.Value-2*a.Parameters, 4000*(1+math.Log(2*math.Pi*f.Deviance/4000)), 1e-12)
	b := glm(t, d, data, "binary ~ x + group", "binomial", model.Options{})
	if a, err = b.AIC(); err != nil {
		t.Fatal(err)
	}
	near(t, "effective parameters", a.Parameters, 3, 0.1)
	near(t, "dispersion", b.Dispersion, 1, 0.1)
	cs, nk, err := b.PseudoR2()
	check(t, err)
	near(t, "Cox and Snell", cs, 1-math.Exp((b.Deviance-b.NullDeviance)/4000), 1e-12)
	if !(nk > cs && nk < 1) {
		t.Errorf("Nagelkerke %v, Cox and Snell %v", nk, cs)
	}
	if _, _, err = f.PseudoR2(); err == nil {
		t.Error("a pseudo R² of a Gaussian model")
	}
}

func TestSeparation(t *testing.T) {
	t.Parallel()
	s := draw(9, 3, 3, 10)
	d, data := s.design(t), s.data(t)
	perfect, quasi, none, counts := make([]float64, s.n), slices.Clone(s.binary), make([]float64, s.n), slices.Clone(s.count)
	three := slices.Clone(s.ordered)
	for i := range s.n {
		if s.x[i] > 2000 {
			perfect[i] = 1
		}
		if s.group[i] == "q" {
			quasi[i], counts[i], three[i] = 1, 0, "9"
		}
	}
	check(t, data.AddNumbers("perfect", perfect))
	check(t, data.AddNumbers("quasi", quasi))
	check(t, data.AddNumbers("none", none))
	check(t, data.AddNumbers("counts", counts))
	check(t, data.AddTexts("three", three, func(string) bool { return false }))
	for text, want := range map[string][2]string{
		"perfect ~ x + z": {"binomial", "x"}, "quasi ~ x + group": {"binomial", "groupq"}, "none ~ 1": {"binomial", "(Intercept)"},
		"counts ~ z + group": {"poisson", "groupq"}, "quasi ~ group": {"binomial(probit)", "groupq"}, "quasi ~ z + group": {"binomial(cloglog)", "groupq"},
	} {
		fam, err := model.ParseFamily(want[0])
		check(t, err)
		_, err = model.GLM(d, parse(t, text), data, fam, model.Options{})
		var e *model.SeparationError
		if !errors.As(err, &e) || !slices.Contains(e.Coefficients, want[1]) {
			t.Errorf("%s, %s: %v", text, want[0], err)
			continue
		}
		if want[1] == "groupq" && len(e.Coefficients) != 1 {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, err := model.Ordinal(d, parse(t, "three ~ z + group"), data, model.Logit, model.Options{})
	var e *model.SeparationError
	if !errors.As(err, &e) || !slices.Contains(e.Coefficients, "groupq") {
		t.Errorf("ordinal: %v", err)
	}
	// A strong effect is no separation.
	for i := range s.n {
		quasi[i] = 0
		if s.x[i]+0.1*s.z[i] > 2000 {
			quasi[i] = 1
		}
	}
	quasi[0] = 1 - quasi[0]
	glm(t, d, data, "quasi ~ x", "binomial", model.Options{})
}

func TestRedundantColumns(t *testing.T) {
	t.Parallel()
	s := draw(13, 3, 3, 10)
	d, data := s.design(t), s.data(t)
	twice, constant := make([]float64, s.n), make([]float64, s.n)
	for i, x := range s.x {
		twice[i], constant[i] = 3*x-7, 5
	}
	check(t, data.AddNumbers("twice", twice))
	check(t, data.AddNumbers("constant", constant))
	f := glm(t, d, data, "y ~ x + constant + twice + group", "gaussian", model.Options{})
	g := glm(t, d, data, "y ~ x + group", "gaussian", model.Options{})
	for _, c := range f.Coefficients {
		if c.Term == "twice" || c.Term == "constant" {
			if !math.IsNaN(c.Estimate) || c.Reason == "" {
				t.Errorf("%s has the estimate %v and the reason %q", c.Term, c.Estimate, c.Reason)
			}
			continue
		}
		near(t, c.Term, c.Estimate, coefficient(t, &g.Fit, c.Term).Estimate, 1e-9)
		near(t, "se of "+c.Term, c.SE, coefficient(t, &g.Fit, c.Term).SE, 1e-9)
	}
	near(t, "df", f.DF, g.DF, 0)
	o, p := ordinal(t, d, data, "ordered ~ z + twice + x", model.Logit), ordinal(t, d, data, "ordered ~ z + twice", model.Logit)
	if c := coefficient(t, &o.Fit, "x"); !math.IsNaN(c.Estimate) {
		t.Errorf("x of the ordinal model has the estimate %v", c.Estimate)
	}
	near(t, "z", coefficient(t, &o.Fit, "z").SE, coefficient(t, &p.Fit, "z").SE, 1e-9)
	text, err := json.Marshal(f)
	check(t, err)
	if !strings.Contains(string(text), `{"term":"constant","estimate":null,"se":null`) || strings.Contains(string(text), "NaN") {
		t.Errorf("%s", text)
	}
}

// A perfect fit, a design without degrees of freedom, and missing values.
func TestEdges(t *testing.T) {
	t.Parallel()
	s := draw(14, 3, 3, 10)
	d, data := s.design(t), s.data(t)
	line := make([]float64, s.n)
	for i, x := range s.x {
		line[i] = 3 + 2*x
	}
	check(t, data.AddNumbers("line", line))
	f := glm(t, d, data, "line ~ x", "gaussian", model.Options{})
	near(t, "slope of a line", f.Coefficients[1].Estimate, 2, 1e-12)
	if f.Coefficients[1].SE > 1e-10 {
		t.Errorf("its se is %v", f.Coefficients[1].SE)
	}
	f = glm(t, d, data, "y ~ group * z + x + I(x^2)", "gaussian", model.Options{}) // 6 degrees of freedom, 8 coefficients
	if c := f.Coefficients[0]; f.DF > 0 || math.IsNaN(c.SE) || !math.IsNaN(c.P) || !math.IsNaN(c.Low) || c.Reason == "" {
		t.Errorf("%v degrees of freedom: %+v", f.DF, c)
	}
	w, err := f.Wald("group:z", "z", "x", "I(x^2)", "group")
	check(t, err)
	if !math.IsNaN(w.P) || w.Reason == "" {
		t.Errorf("%+v", w)
	}

	holes := slices.Clone(s.x)
	in := make([]bool, s.n)
	for i := range holes {
		if in[i] = i%7 != 0; !in[i] {
			holes[i] = math.NaN()
		}
	}
	check(t, data.AddNumbers("holes", holes))
	a, b := glm(t, d, data, "y ~ holes", "gaussian", model.Options{}), glm(t, d, data, "y ~ x", "gaussian", model.Options{Rows: in})
	same(t, "missing as a domain", &a.Fit, &b.Fit, 1e-12)
	if a.N != b.N || len(a.Notes) != 1 {
		t.Errorf("%d and %d rows, notes %v", a.N, b.N, a.Notes)
	}
	offset := glm(t, d, data, "y ~ z + offset(2 * x)", "gaussian", model.Options{})
	less := slices.Clone(s.y)
	for i := range less {
		less[i] -= 2 * s.x[i]
	}
	check(t, data.AddNumbers("less", less))
	same(t, "offset", &offset.Fit, &glm(t, d, data, "less ~ z", "gaussian", model.Options{}).Fit, 1e-10)
}

func TestErrors(t *testing.T) {
	t.Parallel()
	s := draw(15, 3, 3, 10)
	d, data := s.design(t), s.data(t)
	for _, c := range []struct {
		text, family string
		o            model.Options
	}{
		{"~ x", "gaussian", model.Options{}}, {"y ~ x", "binomial", model.Options{}}, {"group ~ x", "binomial", model.Options{}}, {"group ~ x", "gaussian", model.Options{}},
		{"y ~ x", "gaussian", model.Options{Level: 1.5}}, {"y ~ x", "gaussian", model.Options{Rows: make([]bool, 3)}}, {"y ~ x", "gaussian", model.Options{Rows: make([]bool, s.n)}},
		{"I(-count) ~ x", "poisson", model.Options{}}, {"count ~ x", "Gamma", model.Options{}},
	} {
		fam, err := model.ParseFamily(c.family)
		check(t, err)
		_, err = model.GLM(d, parse(t, c.text), data, fam, c.o)
		var e *model.InputError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	for _, name := range []string{"", "normal", "binomial(sqrt)", "gaussian(log)"} {
		if _, err := model.ParseFamily(name); err == nil {
			t.Errorf("there is a family %q", name)
		}
	}
	for text, link := range map[string]model.Link{"y ~ x": "", "ordered ~ x - 1": "", "ordered ~ x": "cauchit"} {
		_, err := model.Ordinal(d, parse(t, text), data, link, model.Options{})
		var e *model.InputError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", text, err)
		}
	}
	var column *design.InputError
	if _, err := model.GLM(d, parse(t, "y ~ x"), data, model.Family{Distribution: model.Gaussian}, model.Options{Column: "none"}); !errors.As(err, &column) {
		t.Error(err)
	}
}
