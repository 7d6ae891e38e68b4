package estimate_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sipas/analysis"
	"sipas/analysis/design"
	"sipas/analysis/estimate"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

var nan = math.NaN()

// survey is a stratified sample with a module column and two variables with missing values.
type survey struct {
	d      *design.Design
	unit   []string
	y, x   []float64
	module []float64
}

func anySurvey(t *rapid.T) survey {
	n := rapid.IntRange(12, 60).Draw(t, "n")
	strata := make([]int, n)
	s := survey{unit: make([]string, n), y: make([]float64, n), x: make([]float64, n), module: make([]float64, n)}
	w, chance := make([]float64, n), make([]float64, n)
	for i := range n {
		strata[i] = i % 3
		s.unit[i] = fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "unit"))
		s.y[i], s.x[i] = rapid.Float64Range(1, 5).Draw(t, "y"), rapid.Float64Range(1, 9).Draw(t, "x")
		if rapid.IntRange(0, 7).Draw(t, "missing") == 0 {
			s.y[i] = nan
		}
		w[i], chance[i] = rapid.Float64Range(2, 6).Draw(t, "w"), 0.5
		if rapid.Bool().Draw(t, "asked") {
			s.module[i] = 2 * w[i]
		}
	}
	d, err := design.New(design.Spec{
		Weights: w, Stages: []design.Stage{{Strata: design.Ints(strata), Fraction: slices.Repeat([]float64{0.3}, n)}},
		Columns: []design.Column{{Name: "m", Weights: s.module, Chance: chance}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.d = d
	return s
}

type fataler interface {
	Helper()
	Fatal(args ...any)
}

func compute(t fataler, d *design.Design, dom estimate.Domains, opt estimate.Options, vars ...estimate.Variable) *estimate.Table {
	t.Helper()
	tb, err := estimate.Compute(d, vars, dom, opt)
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

func of(t fataler, d *design.Design, s estimate.Stat) analysis.Estimate {
	t.Helper()
	e, err := estimate.Of(d, s, "test", estimate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func close(a, b float64) bool {
	return math.Abs(a-b) <= 1e-9*(math.Abs(a)+math.Abs(b)+1e-6) || math.IsNaN(a) && math.IsNaN(b)
}

func TestIdentities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySurvey(t)
		by, err := estimate.By(s.d, s.unit)
		if err != nil {
			t.Fatal(err)
		}
		ones := slices.Repeat([]float64{1}, s.d.Rows())
		yOnes := make([]float64, len(ones)) // 1 where y is there
		for i := range yOnes {
			yOnes[i] = s.y[i]*0 + 1
		}
		vars := []estimate.Variable{
			{Name: "mean", Values: s.y}, {Name: "total", Kind: estimate.Total, Values: s.y},
			{Name: "as ratio", Kind: estimate.Ratio, Values: s.y, Denominator: yOnes},
			{Name: "ratio", Kind: estimate.Ratio, Values: s.y, Denominator: s.x},
		}
		tb := compute(t, s.d, estimate.Join(by, estimate.Whole(s.d, "all")), estimate.Options{}, vars...)
		last := tb.Domains() - 1
		var parts []estimate.Term
		n := 0
		for i := range by.Names {
			mean, ratio := tb.Estimate(i, 0), tb.Estimate(i, 2)
			if !close(mean.Value, ratio.Value) || !close(mean.SE, ratio.SE) || mean.N != ratio.N || !close(mean.DF, ratio.DF) {
				t.Fatalf("a mean %+v is the ratio to one %+v", mean, ratio)
			}
			if mean.N == 0 {
				continue
			}
			n += mean.N
			parts = append(parts, estimate.Term{Coefficient: 1, Stat: tb.Stat(i, 1)})
			if mean.EffectiveN > float64(mean.N) {
				t.Fatalf("effective n %v of %d", mean.EffectiveN, mean.N)
			}
		}
		// The total is the sum over the domains, with its standard error.
		sum, total := of(t, s.d, estimate.Linear(0, parts...)), tb.Estimate(last, 1)
		if !close(sum.Value, total.Value) || !close(sum.SE, total.SE) || sum.N != total.N || n != total.N || !close(sum.DF, total.DF) {
			t.Fatalf("domains sum to %+v, the total is %+v", sum, total)
		}
		// A linear function through dual numbers is Linear.
		a, b := tb.Stat(last, 0), tb.Stat(last, 3)
		lin := of(t, s.d, estimate.Linear(1, estimate.Term{Coefficient: 2, Stat: a}, estimate.Term{Coefficient: -3, Stat: b}))
		dual := of(t, s.d, estimate.Delta(func(v []estimate.Dual) estimate.Dual {
			return estimate.Number(1).Add(v[0].Scale(2)).Sub(v[1].Mul(estimate.Number(3)))
		}, a, b))
		if !close(lin.Value, dual.Value) || !close(lin.SE, dual.SE) {
			t.Fatalf("%+v and %+v", lin, dual)
		}
		// The variance of a difference follows from the covariance.
		c, err := estimate.Covariance(s.d, []estimate.Stat{a, b})
		if err != nil {
			t.Fatal(err)
		}
		if want := 4*c.At(0, 0) + 9*c.At(1, 1) - 12*c.At(0, 1); math.Abs(lin.SE*lin.SE-want) > 1e-9*(4*c.At(0, 0)+9*c.At(1, 1)) {
			t.Fatalf("variance %v, from the covariance %v", lin.SE*lin.SE, want)
		}
	})
}

// A composite of items from different weight columns has one influence value per row, and the
// second-phase term by column.
func TestCompositeOverColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySurvey(t)
		tb := compute(t, s.d, estimate.Whole(s.d, "all"), estimate.Options{}, estimate.Variable{Values: s.x}, estimate.Variable{Column: "m", Values: s.y})
		if !tb.Estimate(0, 1).Defined() {
			return
		}
		got := of(t, s.d, estimate.Linear(0, estimate.Term{Coefficient: 0.5, Stat: tb.Stat(0, 0)}, estimate.Term{Coefficient: 0.5, Stat: tb.Stat(0, 1)}))
		z := mat.NewDense(s.d.Rows(), 1, nil)
		second, answered := 0.0, 0
		for i, w := range s.d.Weights(0) {
			v := 0.5 * w * (s.x[i] - tb.Estimate(0, 0).Value) / tb.Estimate(0, 0).Population
			answered++
			if m := s.module[i]; m > 0 && !math.IsNaN(s.y[i]) {
				u := 0.5 * m * (s.y[i] - tb.Estimate(0, 1).Value) / tb.Estimate(0, 1).Population
				v += u
				second += 0.3 * 0.5 * u * u
			}
			z.Set(i, 0, v)
		}
		c, err := s.d.Covariance(z)
		if err != nil {
			t.Fatal(err)
		}
		if want := math.Sqrt(c.At(0, 0) + second); math.Abs(got.SE-want) > 1e-9*want || got.N != answered {
			t.Fatalf("standard error %v of %d, want %v of %d", got.SE, got.N, want, answered)
		}
	})
}

func TestProportionIntervals(t *testing.T) {
	methods := []estimate.Method{estimate.Beta, estimate.BetaUncapped, estimate.XLogit, estimate.Logit, estimate.Asin, estimate.Wilson, estimate.Likelihood}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Float64Range(0.001, 0.999).Draw(t, "p")
		n := rapid.IntRange(2, 5000).Draw(t, "n")
		se := math.Sqrt(p*(1-p)/float64(n)) * rapid.Float64Range(0.5, 2).Draw(t, "root deff")
		df := float64(rapid.IntRange(1, 300).Draw(t, "df"))
		m := rapid.SampledFrom(methods).Draw(t, "method")
		a, reason := estimate.Proportion(m, p, se, n, df, 0.95)
		b, _ := estimate.Proportion(m, p, se, n, df, 0.8)
		if reason != "" || !(a.Low <= p && p <= a.High) || a.Low < 0 || a.High > 1 || a.Method != string(m) || a.Level != 0.95 {
			t.Fatalf("%s of %v: %+v, at 80%% %+v, %q", m, p, a, b, reason)
		}
		// Korn and Graubard's effective number depends on the level, so that theirs need not be nested.
		if m != estimate.Beta && m != estimate.BetaUncapped && (b.Low < a.Low || b.High > a.High) {
			t.Fatalf("%s of %v: %+v, at 80%% %+v", m, p, a, b)
		}
		// The interval of the complement is the mirror image.
		c, _ := estimate.Proportion(m, 1-p, se, n, df, 0.95)
		if math.Abs(c.Low-(1-a.High)) > 1e-7 || math.Abs(c.High-(1-a.Low)) > 1e-7 {
			t.Fatalf("%s of %v: %+v, of the complement %+v", m, p, a, c)
		}
	})
}

func TestIntervalsAtTheEdge(t *testing.T) {
	for _, m := range []estimate.Method{estimate.Beta, estimate.Wilson, estimate.Likelihood} {
		low, _ := estimate.Proportion(m, 0, 0, 20, 15, 0.95)
		high, _ := estimate.Proportion(m, 1, 0, 20, 15, 0.95)
		if low.Low != 0 || !(low.High > 0.05 && low.High < 0.3) || high.High != 1 || math.Abs(high.Low-(1-low.High)) > 1e-9 {
			t.Errorf("%s: %+v at 0, %+v at 1", m, low, high)
		}
	}
	// Clopper and Pearson's one-sided end for none of 20: 1 − 0.05^(1/20).
	if in, _ := estimate.Proportion(estimate.Beta, 0, 0, 20, 15, 0.95); math.Abs(in.High-(1-math.Pow(0.05, 1.0/20))) > 1e-9 {
		t.Errorf("none of 20: %+v", in)
	}
	for name, c := range map[string]struct {
		m         estimate.Method
		p, se, df float64
		n         int
	}{
		"no df":          {estimate.Beta, 0.5, 0.1, 0, 20},
		"df NaN":         {estimate.Beta, 0.5, 0.1, nan, 20},
		"one answer":     {estimate.Beta, 1, 0, 5, 1},
		"no share":       {estimate.Beta, 1.5, 0.1, 5, 20},
		"no error":       {estimate.Beta, 0.5, nan, 5, 20},
		"logit at 0":     {estimate.XLogit, 0, 0, 5, 20},
		"unknown method": {"guess", 0.5, 0.1, 5, 20},
	} {
		in, reason := estimate.Proportion(c.m, c.p, c.se, c.n, c.df, 0.95)
		if !math.IsNaN(in.Low) || !math.IsNaN(in.High) || reason == "" {
			t.Errorf("%s: %+v, %q", name, in, reason)
		}
	}
	if in, reason := estimate.Proportion(estimate.XLogit, 0.25, 0, 20, 5, 0.95); in.Low != 0.25 || in.High != 0.25 || reason != "" {
		t.Errorf("a share that the design fixes: %+v, %q", in, reason)
	}
}

func TestUndefinedIsSaid(t *testing.T) {
	d, err := design.New(design.Spec{Weights: []float64{2, 2, 0}, Stages: []design.Stage{{}}})
	if err != nil {
		t.Fatal(err)
	}
	dom, err := estimate.Masks(d, []string{"both", "one", "unweighted", "empty"}, [][]bool{{true, true, true}, {true, false, false}, {false, false, true}, {false, false, false}})
	if err != nil {
		t.Fatal(err)
	}
	tb := compute(t, d, dom, estimate.Options{}, estimate.Variable{Values: []float64{4, 5, 1}},
		estimate.Variable{Kind: estimate.Ratio, Values: []float64{1, 1, 1}, Denominator: []float64{1, -1, 1}})
	if e := tb.Estimate(0, 0); e.N != 2 || e.Value != 4.5 || e.DF != 1 || e.Reason != "" {
		t.Errorf("two answers: %+v", e)
	}
	if e := tb.Estimate(1, 0); e.N != 1 || e.Value != 4 || e.DF != 0 || !math.IsNaN(e.Interval.Low) || e.Reason != "no degrees of freedom" {
		t.Errorf("one answer: %+v", e)
	}
	for _, i := range []int{2, 3} {
		if e := tb.Estimate(i, 0); e.Defined() || e.N != 0 || e.Reason != "no answers" {
			t.Errorf("no answers: %+v", e)
		}
	}
	if e := tb.Estimate(0, 1); e.Defined() || e.N != 2 || e.Reason != "the denominator is zero" {
		t.Errorf("a ratio to zero: %+v", e)
	}
	half := estimate.Linear(0, estimate.Term{Coefficient: 1, Stat: tb.Stat(0, 0)}, estimate.Term{Coefficient: 1, Stat: tb.Stat(2, 0)})
	if e := of(t, d, half); e.Defined() || e.Reason != "no answers" {
		t.Errorf("a sum with an undefined part: %+v", e)
	}
	unused := estimate.Linear(0, estimate.Term{Coefficient: 1, Stat: tb.Stat(0, 0)}, estimate.Term{Coefficient: 0, Stat: tb.Stat(2, 0)})
	if e := of(t, d, unused); e.Value != 4.5 {
		t.Errorf("an undefined part without a coefficient: %+v", e)
	}
	if e := of(t, d, estimate.Delta(func(x []estimate.Dual) estimate.Dual { return x[0].Sub(x[0]).Log() }, tb.Stat(0, 0))); e.Defined() || e.Reason == "" {
		t.Errorf("the logarithm of zero: %+v", e)
	}
	c, err := estimate.Covariance(d, []estimate.Stat{tb.Stat(0, 0), tb.Stat(2, 0)})
	if err != nil || math.IsNaN(c.At(0, 0)) || !math.IsNaN(c.At(0, 1)) || !math.IsNaN(c.At(1, 1)) {
		t.Errorf("covariance %v, %v", c, err)
	}
	for name, v := range map[string]estimate.Variable{
		"length":              {Values: []float64{1}},
		"no denominator":      {Kind: estimate.Ratio, Values: []float64{1, 1, 1}},
		"denominator of mean": {Values: []float64{1, 1, 1}, Denominator: []float64{1, 1, 1}},
		"share of two":        {Kind: estimate.Share, Values: []float64{1, 2, 1}},
		"infinite":            {Values: []float64{1, math.Inf(1), 1}},
		"no column":           {Values: []float64{1, 1, 1}, Column: "z"},
	} {
		if _, err := estimate.Compute(d, []estimate.Variable{v}, dom, estimate.Options{}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for _, o := range []estimate.Options{{Level: 1}, {ShareInterval: "guess"}} {
		if _, err := estimate.Compute(d, nil, dom, o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// Derivatives by dual numbers against central differences.
func TestDualNumbers(t *testing.T) {
	f := func(x []estimate.Dual) estimate.Dual {
		a := x[0].Mul(x[1]).Sqrt().Add(x[1].Div(x[0]))
		return a.Log().Mul(x[0].Exp().Atan()).Sub(x[1].Pow(2.5).Scale(0.3)).Add(x[0].Sin()).Add(x[1].Cos()).Add(x[0].Pow(0))
	}
	at := func(a, b float64) estimate.Dual {
		return f([]estimate.Dual{{V: a, D: []float64{1, 0}}, {V: b, D: []float64{0, 1}}})
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(0.5, 3).Draw(t, "a"), rapid.Float64Range(0.5, 3).Draw(t, "b")
		const h = 1e-5
		got := at(a, b)
		for i, want := range []float64{(at(a+h, b).V - at(a-h, b).V) / (2 * h), (at(a, b+h).V - at(a, b-h).V) / (2 * h)} {
			if math.Abs(got.D[i]-want) > 1e-6*(1+math.Abs(want)) {
				t.Fatalf("derivative %d at %v, %v: %v, by differences %v", i, a, b, got.D[i], want)
			}
		}
	})
}

func TestPresentation(t *testing.T) {
	e := func(p, low, high, eff, df float64) analysis.Estimate {
		return analysis.Estimate{Value: p, Interval: analysis.Interval{Low: low, High: high}, EffectiveN: eff, DF: df, N: 100}
	}
	rule := estimate.NCHS2017()
	for name, c := range map[string]struct {
		e                  analysis.Estimate
		show, note, review bool
	}{
		"plain":              {e(0.4, 0.33, 0.47, 80, 60), true, false, false},
		"few":                {e(0.4, 0.38, 0.42, 29, 60), false, false, false},
		"narrow though rare": {e(0.01, 0, 0.05, 100, 60), true, false, false},
		"wide":               {e(0.5, 0.35, 0.65, 40, 60), false, false, false},
		"relatively wide":    {e(0.05, 0.02, 0.12, 80, 60), false, false, false},
		"complement":         {e(0.95, 0.88, 0.98, 80, 60), true, true, false},
		"few df":             {e(0.4, 0.33, 0.47, 80, 7), true, false, true},
		"none":               {e(0, 0, 0.03, 100, 60), true, false, true},
		"no interval":        {e(0.4, nan, nan, 80, 60), false, false, false},
		"no value":           {analysis.Undefined(3, "no answers"), false, false, false},
	} {
		v := rule.Judge(c.e)
		if v.Show != c.show || v.Note != c.note || v.Review != c.review || (len(v.Reasons) == 0) != (c.show && !c.note && !c.review) {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestKish(t *testing.T) {
	deff, n := estimate.Kish([]float64{1, 1, 0, 2})
	if math.Abs(deff-3*6.0/16) > 1e-12 || math.Abs(n-16.0/6) > 1e-12 {
		t.Errorf("%v, %v", deff, n)
	}
}

// A short form of the coverage simulation: a stratified population with unequal chances, 95 % intervals
// of a mean and a share cover the truth in 95 % of 1,500 draws, within 3 Monte Carlo errors and the
// half point that a linearized variance is known to lack in samples of this size.
func TestCoverage(t *testing.T) {
	src := rand.New(rand.NewPCG(8, 9))
	sizes, take := []int{200, 400, 80}, []int{30, 40, 25}
	var y [][]float64
	var truth, satisfied, all float64
	for h, n := range sizes {
		y = append(y, make([]float64, n))
		for k := range n {
			y[h][k] = float64(3-h) + src.NormFloat64()
			truth += y[h][k]
			if y[h][k] > 2.5 {
				satisfied++
			}
			all++
		}
	}
	truth, satisfied = truth/all, satisfied/all
	const repetitions = 1500
	var hits [2]int
	for range repetitions {
		var spec design.Spec
		var strata []int
		var population, mean, share []float64
		for h := range sizes {
			for _, k := range src.Perm(sizes[h])[:take[h]] {
				strata = append(strata, h)
				population = append(population, float64(sizes[h]))
				spec.Weights = append(spec.Weights, float64(sizes[h])/float64(take[h]))
				mean = append(mean, y[h][k])
				share = append(share, 0)
				if y[h][k] > 2.5 {
					share[len(share)-1] = 1
				}
			}
		}
		spec.Stages = []design.Stage{{Strata: design.Ints(strata), Population: population}}
		d, err := design.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		tb := compute(t, d, estimate.Whole(d, "all"), estimate.Options{}, estimate.Variable{Values: mean}, estimate.Variable{Kind: estimate.Share, Values: share})
		for j, want := range []float64{truth, satisfied} {
			if in := tb.Estimate(0, j).Interval; in.Low <= want && want <= in.High {
				hits[j]++
			}
		}
	}
	for j, name := range []string{"mean", "share"} {
		got := float64(hits[j]) / repetitions
		slack := 3 * math.Sqrt(0.95*0.05/repetitions)
		if got < 0.945-slack || j == 0 && got > 0.95+slack || got > 0.985 {
			t.Errorf("the interval of the %s covers in %.4f of the draws", name, got)
		}
	}
}

func large(b fataler, n, units, items int) (*design.Design, []estimate.Variable, estimate.Domains) {
	src := rand.New(rand.NewPCG(1, 1))
	strata, unit := make([]int, n), make([]string, n)
	w := make([]float64, n)
	rows := make([][]design.Entry, n)
	for i := range n {
		u := src.IntN(units)
		strata[i], unit[i] = u, fmt.Sprint(u)
		w[i] = 1 + src.Float64()
		rows[i] = []design.Entry{{Column: src.IntN(3), Value: 1}, {Column: 3 + src.IntN(17), Value: 1}, {Column: 20 + u, Value: 1}}
	}
	x, err := design.FromRows(20+units, rows)
	if err != nil {
		b.Fatal(err)
	}
	d, err := design.New(design.Spec{
		Weights: w, Stages: []design.Stage{{Strata: design.Ints(strata), Fraction: slices.Repeat([]float64{0.2}, n)}},
	})
	if err != nil {
		b.Fatal(err)
	}
	if d, err = d.Calibrated(w, &design.Calibration{X: x, Base: slices.Repeat([]float64{1}, n)}); err != nil {
		b.Fatal(err)
	}
	vars := make([]estimate.Variable, items)
	for j := range vars {
		vars[j] = estimate.Variable{Name: fmt.Sprint(j), Kind: estimate.Share, Values: make([]float64, n)}
		for i := range n {
			vars[j].Values[i] = float64(src.IntN(2))
		}
	}
	dom, err := estimate.By(d, unit)
	if err != nil {
		b.Fatal(err)
	}
	return d, vars, dom
}

func BenchmarkManyDomains(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, vars, dom := large(b, n, 300, 20)
			b.ReportAllocs()
			for b.Loop() {
				compute(b, d, dom, estimate.Options{}, vars...)
			}
		})
	}
}

func BenchmarkJointCovariance(b *testing.B) {
	d, vars, dom := large(b, 10_000, 100, 1)
	tb := compute(b, d, dom, estimate.Options{}, vars...)
	var stats []estimate.Stat
	for i := range tb.Domains() {
		stats = append(stats, tb.Stat(i, 0))
	}
	for b.Loop() {
		if _, err := estimate.Covariance(d, stats); err != nil {
			b.Fatal(err)
		}
	}
}
