package hypothesis_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"sipas/analysis"
	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/hypothesis"
)

// sample is made data of a stratified cluster sample with unequal weights.
type sample struct {
	d                *design.Design
	a, b, group      []string
	y, z, w          []float64
	stratum, cluster []int
}

func draw(seed uint64, strata, clusters, size int) sample {
	r := rand.New(rand.NewPCG(seed, 3))
	var s sample
	for h := range strata {
		for c := range clusters {
			shift := r.NormFloat64()
			for range 1 + r.IntN(size) {
				s.stratum, s.cluster = append(s.stratum, h), append(s.cluster, c)
				s.w = append(s.w, 1+4*r.Float64())
				y := shift + r.NormFloat64()
				s.y, s.z = append(s.y, y), append(s.z, math.Floor(3*y+r.NormFloat64()))
				s.a = append(s.a, string(rune('a'+r.IntN(3))))
				s.b = append(s.b, string(rune('p'+min(3, max(0, int(y+2))))))
				s.group = append(s.group, string(rune('x'+r.IntN(2))))
			}
		}
	}
	return s.build()
}

func (s sample) build() sample {
	d, err := design.New(design.Spec{Weights: s.w, Stages: []design.Stage{{Strata: design.Ints(s.stratum), Clusters: design.Ints(s.cluster)}}})
	if err != nil {
		panic(err)
	}
	s.d = d
	return s
}

func pick[T any](x []T, at []int) []T {
	out := make([]T, len(at))
	for i, k := range at {
		out[i] = x[k]
	}
	return out
}

// permuted is the same sample with its rows in another order.
func (s sample) permuted(seed uint64) sample {
	at := rand.New(rand.NewPCG(seed, 4)).Perm(len(s.w))
	return sample{a: pick(s.a, at), b: pick(s.b, at), group: pick(s.group, at), y: pick(s.y, at), z: pick(s.z, at), w: pick(s.w, at),
		stratum: pick(s.stratum, at), cluster: pick(s.cluster, at)}.build()
}

// jackknifed has the delete-one-cluster replicates of the sample.
func (s sample) jackknifed(t testing.TB) *design.Design {
	t.Helper()
	size := map[int]map[int]bool{}
	for i, h := range s.stratum {
		if size[h] == nil {
			size[h] = map[int]bool{}
		}
		size[h][s.cluster[i]] = true
	}
	var units [][2]int
	for h := range len(size) {
		for c := range len(size[h]) {
			units = append(units, [2]int{h, c})
		}
	}
	p := &design.Replicates{Type: "JKn", Scale: 1, Factors: mat.NewDense(len(units), len(units), nil), Unit: make([]int32, len(s.w))}
	for r, u := range units {
		n := float64(len(size[u[0]]))
		p.RScales = append(p.RScales, (n-1)/n)
		for i, v := range units {
			switch {
			case v == u:
			case v[0] == u[0]:
				p.Factors.Set(i, r, n/(n-1))
			default:
				p.Factors.Set(i, r, 1)
			}
		}
	}
	for i := range s.w {
		p.Unit[i] = int32(slices.Index(units, [2]int{s.stratum[i], s.cluster[i]}))
	}
	return ok[*design.Design](t)(design.New(design.Spec{Weights: s.w, Replicates: p}))
}

func ok[T any](t interface {
	Fatal(...any)
}) func(v T, err error) T {
	return func(v T, err error) T {
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func near(t interface{ Fatalf(string, ...any) }, what string, got, want, relative float64) {
	if !(math.Abs(got-want) <= relative*math.Abs(want)) && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Fatalf("%s: got %.17g, want %.17g", what, got, want)
	}
}

var every = []hypothesis.Statistic{
	hypothesis.F, hypothesis.LR, hypothesis.Chisq, hypothesis.Satterthwaite, hypothesis.Lincom, hypothesis.Saddlepoint,
	hypothesis.Wald, hypothesis.AdjustedWald,
}

func tests(t interface{ Fatal(...any) }, d *design.Design, a, b hypothesis.Factor, opt hypothesis.Options) []hypothesis.Test {
	tb := ok[*hypothesis.Crosstab](t)(hypothesis.Tabulate(d, a, b, opt))
	return ok[[]hypothesis.Test](t)(tb.Tests(every...))
}

func same(t interface{ Fatalf(string, ...any) }, what string, got, want []hypothesis.Test, relative float64) {
	for i, g := range got {
		for k, p := range [][2]float64{
			{g.Statistic, want[i].Statistic}, {g.NDF, want[i].NDF}, {g.DDF, want[i].DDF}, {g.P, want[i].P}, {g.X2, want[i].X2},
		} {
			near(t, fmt.Sprintf("%s, %s, number %d", what, g.Method, k), p[0], p[1], relative)
		}
	}
}

// Transposing, recoding levels, permuting rows and scaling weights change nothing.
func TestInvariance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(rapid.Uint64().Draw(t, "seed"), 3, 5, 12)
		a, b := hypothesis.Labels("a", s.a), hypothesis.Labels("b", s.b)
		want := tests(t, s.d, a, b, hypothesis.Options{})
		if want[0].Reason != "" {
			t.Fatal(want[0].Reason)
		}
		same(t, "transposed", tests(t, s.d, b, a, hypothesis.Options{}), want, 1e-8)

		recode := map[string]string{"p": "s", "q": "p", "r": "z", "s": "q"}
		other := make([]string, len(s.b))
		for i, l := range s.b {
			other[i] = recode[l]
		}
		same(t, "recoded", tests(t, s.d, a, hypothesis.Labels("b", other), hypothesis.Options{}), want, 1e-8)

		m := s.permuted(9)
		same(t, "permuted", tests(t, m.d, hypothesis.Labels("a", m.a), hypothesis.Labels("b", m.b), hypothesis.Options{}), want, 1e-8)

		for i := range m.w {
			m.w[i] *= 1000
		}
		m = m.build()
		same(t, "scaled", tests(t, m.d, hypothesis.Labels("a", m.a), hypothesis.Labels("b", m.b), hypothesis.Options{}), want, 1e-8)
		w := ok[hypothesis.TTest](t)(hypothesis.Ranks(m.d, "z", m.z, hypothesis.Labels("b", m.b), hypothesis.Wilcoxon(), hypothesis.Options{}))
		v := ok[hypothesis.TTest](t)(hypothesis.Ranks(s.d, "z", s.z, b, hypothesis.Wilcoxon(), hypothesis.Options{}))
		same(t, "ranks", []hypothesis.Test{w.Test}, []hypothesis.Test{v.Test}, 1e-8)
	})
}

// In a simple random sample with equal weights and a table that fits its margins exactly, every design effect is n/(n−1).
func TestSimpleRandomSample(t *testing.T) {
	var a, b []string
	for i, n := range []int{12, 24, 36, 8, 16, 24} { // rows in the ratio 3:2, columns 1:2:3
		for range n {
			a, b = append(a, "ab"[i/3:i/3+1]), append(b, "xyz"[i%3:i%3+1])
		}
	}
	w := make([]float64, len(a))
	for i := range w {
		w[i] = 7
	}
	d := ok[*design.Design](t)(design.New(design.Spec{Weights: w}))
	n := float64(len(a))
	r := tests(t, d, hypothesis.Labels("a", a), hypothesis.Labels("b", b), hypothesis.Options{})
	for _, e := range r[0].Eigenvalues {
		near(t, "design effect", e, n/(n-1), 1e-12)
	}
	if math.Abs(r[0].X2) > 1e-20 || r[0].P < 1-1e-9 || len(r[0].Eigenvalues) != 2 {
		t.Errorf("%+v", r[0])
	}
	// Away from independence, Rao and Scott's X² is still Pearson's, and its first-order form that over the mean effect.
	a[0], a[1], b[50] = "b", "b", "x"
	r = tests(t, d, hypothesis.Labels("a", a), hypothesis.Labels("b", b), hypothesis.Options{})
	var x2 float64
	count, rows, columns := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for i := range a {
		count[a[i]+b[i]]++
		rows[a[i]]++
		columns[b[i]]++
	}
	for i, p := range rows {
		for j, q := range columns {
			e := p * q / n
			x2 += (count[i+j] - e) * (count[i+j] - e) / e
		}
	}
	near(t, "X²", r[0].X2, x2, 1e-12)
	near(t, "first order", r[2].Statistic*(r[0].Eigenvalues[0]+r[0].Eigenvalues[1])/2, x2, 1e-12)
	near(t, "first order near Pearson", r[2].Statistic, x2, 0.05)
}

// What a test says of a domain is what it says of a design with zero weights elsewhere, and missing values are like a domain.
func TestDomain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(rapid.Uint64().Draw(t, "seed"), 3, 6, 14)
		var rows []int
		missing := slices.Clone(s.a)
		zero := s
		zero.w = slices.Clone(s.w)
		gone := slices.Clone(s.y)
		for i, y := range s.y {
			if y > -0.8 {
				rows = append(rows, i)
				continue
			}
			missing[i], zero.w[i], gone[i] = "", 0, math.NaN()
		}
		slices.Reverse(rows)
		zero = zero.build()
		opt := hypothesis.Options{Rows: rows}
		a, b, g := hypothesis.Labels("a", s.a), hypothesis.Labels("b", s.b), hypothesis.Labels("g", s.group)
		want := tests(t, s.d, a, b, opt)
		same(t, "zero weights", tests(t, zero.d, a, b, hypothesis.Options{}), want, 1e-9)
		same(t, "missing", tests(t, s.d, hypothesis.Labels("a", missing), b, hypothesis.Options{}), want, 1e-9)

		x := ok[hypothesis.TTest](t)(hypothesis.TwoSample(s.d, "y", s.y, g, opt))
		for what, o := range map[string]hypothesis.TTest{
			"zero weights": ok[hypothesis.TTest](t)(hypothesis.TwoSample(zero.d, "y", s.y, g, hypothesis.Options{})),
			"missing":      ok[hypothesis.TTest](t)(hypothesis.TwoSample(s.d, "y", gone, g, hypothesis.Options{})),
		} {
			same(t, what, []hypothesis.Test{o.Test}, []hypothesis.Test{x.Test}, 1e-9)
		}
	})
}

// A t-test is the contrast of domain means; a Wilcoxon test of two groups has the p-value of its F form; an F of two groups is t².
func TestContrasts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(rapid.Uint64().Draw(t, "seed"), 2, 6, 10)
		by := ok[estimate.Domains](t)(estimate.By(s.d, s.group))
		tb := ok[*estimate.Table](t)(estimate.Compute(s.d, []estimate.Variable{{Name: "y", Kind: estimate.Mean, Values: s.y}}, by, estimate.Options{}))
		stat := estimate.Linear(0, estimate.Term{Coefficient: 1, Stat: tb.Stat(1, 0)}, estimate.Term{Coefficient: -1, Stat: tb.Stat(0, 0)})
		want := ok[analysis.Estimate](t)(estimate.Of(s.d, stat, "difference", estimate.Options{}))
		got := ok[hypothesis.TTest](t)(hypothesis.TwoSample(s.d, "y", s.y, hypothesis.Labels("g", s.group), hypothesis.Options{}))
		near(t, "difference", got.Estimate.Value, want.Value, 1e-12)
		near(t, "se", got.Estimate.SE, want.SE, 1e-10)
		near(t, "t", got.Statistic, want.Value/want.SE, 1e-10)
		near(t, "df", got.NDF, want.DF-1, 0)

		one := ok[hypothesis.TTest](t)(hypothesis.OneSample(s.d, "y", s.y, 0.2, hypothesis.Options{Level: 0.9}))
		whole := ok[*estimate.Table](t)(estimate.Compute(s.d, []estimate.Variable{{Name: "y", Kind: estimate.Mean, Values: s.y}}, estimate.Whole(s.d, ""), estimate.Options{Level: 0.9}))
		e := whole.Estimate(0, 0)
		near(t, "mean", one.Estimate.Value, e.Value-0.2, 1e-10)
		near(t, "low", one.Estimate.Interval.Low, e.Interval.Low-0.2, 1e-10)
		// The interval excludes zero exactly when the test rejects.
		if excludes := one.Estimate.Interval.Low > 0 || one.Estimate.Interval.High < 0; excludes != (one.P < 0.1) {
			t.Fatalf("interval %v, p %v", one.Estimate.Interval, one.P)
		}
	})
}

// The jackknife of a linear statistic is its linearization; of shares and ranks it is close.
func TestReplicates(t *testing.T) {
	s := draw(5, 4, 10, 20)
	d := s.jackknifed(t)
	opt := hypothesis.Options{DF: 36}
	a, b, g := hypothesis.Labels("a", s.a), hypothesis.Labels("b", s.b), hypothesis.Labels("g", s.group)
	linear, jack := tests(t, s.d, a, b, opt), tests(t, d, a, b, opt)
	same(t, "Wald", jack[6:], linear[6:], 1e-8) // through totals
	same(t, "tables", jack[:6], linear[:6], 0.1)

	for _, score := range []hypothesis.Score{hypothesis.Wilcoxon(), hypothesis.VanDerWaerden(), hypothesis.Median()} {
		for _, f := range []hypothesis.Factor{g, a} {
			x := ok[hypothesis.TTest](t)(hypothesis.Ranks(s.d, "z", s.z, f, score, opt))
			y := ok[hypothesis.TTest](t)(hypothesis.Ranks(d, "z", s.z, f, score, opt))
			near(t, score.Name, y.Statistic, x.Statistic, 0.15)
		}
	}
	k1, k2 := ok[analysis.Estimate](t)(hypothesis.Kappa(s.d, a, b, opt)), ok[analysis.Estimate](t)(hypothesis.Kappa(d, a, b, opt))
	near(t, "kappa", k2.SE, k1.SE, 0.05)
	items, names := [][]float64{s.y, s.z}, []string{"y", "z"}
	c1, c2 := ok[analysis.Estimate](t)(hypothesis.Alpha(s.d, names, items, opt)), ok[analysis.Estimate](t)(hypothesis.Alpha(d, names, items, opt))
	near(t, "alpha", c2.Value, c1.Value, 1e-12)
	near(t, "alpha", c2.SE, c1.SE, 0.1)
	p := []float64{1, 1, 1}
	f1, f2 := ok[hypothesis.Test](t)(hypothesis.GoodnessOfFit(s.d, a, p, "", opt)), ok[hypothesis.Test](t)(hypothesis.GoodnessOfFit(d, a, p, "", opt))
	near(t, "goodness of fit", f2.P, f1.P, 1e-9)
}

// Closed answers: perfect agreement, chance agreement, and parallel items.
func TestAgreement(t *testing.T) {
	s := draw(8, 2, 6, 10)
	a := hypothesis.Labels("a", s.a)
	if k := ok[analysis.Estimate](t)(hypothesis.Kappa(s.d, a, a, hypothesis.Options{})); math.Abs(k.Value-1) > 1e-12 || k.SE > 1e-12 {
		t.Errorf("kappa with itself: %+v", k)
	}
	one := hypothesis.Labels("one", make([]string, len(s.a)))
	one.Levels = []string{"x"}
	for i := range one.Codes {
		one.Codes[i] = 0
	}
	if k := ok[analysis.Estimate](t)(hypothesis.Kappa(s.d, one, one, hypothesis.Options{})); k.Defined() || k.Reason == "" {
		t.Errorf("a single level: %+v", k)
	}
	k := ok[analysis.Estimate](t)(hypothesis.Kappa(s.d, one, a, hypothesis.Options{}))
	near(t, "no common level", k.Value, 0, 0)
	if c := ok[analysis.Estimate](t)(hypothesis.Alpha(s.d, []string{"y", "y"}, [][]float64{s.y, s.y}, hypothesis.Options{})); math.Abs(c.Value-1) > 1e-12 || c.SE > 1e-12 {
		t.Errorf("alpha of an item with itself: %+v", c)
	}
}

// The statistic of goodness of fit is zero at the estimated shares; with two levels its F is that of the one-sample t-test.
func TestGoodnessOfFit(t *testing.T) {
	s := draw(4, 2, 8, 10)
	b := hypothesis.Labels("b", s.b)
	p := make([]float64, len(b.Levels))
	for i, c := range b.Codes {
		p[c] += s.w[i]
	}
	for _, name := range []hypothesis.Statistic{hypothesis.F, hypothesis.Chisq, hypothesis.Satterthwaite, hypothesis.Lincom, hypothesis.Saddlepoint} {
		r := ok[hypothesis.Test](t)(hypothesis.GoodnessOfFit(s.d, b, p, name, hypothesis.Options{}))
		if r.X2 > 1e-20 || !(r.P > 1-1e-9) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	g := hypothesis.Labels("g", s.group)
	y := make([]float64, len(s.y))
	var share, sw float64
	for i, c := range g.Codes {
		y[i] = float64(c)
		share += s.w[i] * y[i]
		sw += s.w[i]
	}
	at := share/sw - 1e-6 // where the delta method's slope is that of the hypothesis
	r := ok[hypothesis.Test](t)(hypothesis.GoodnessOfFit(s.d, g, []float64{1 - at, at}, hypothesis.F, hypothesis.Options{}))
	x := ok[hypothesis.TTest](t)(hypothesis.OneSample(s.d, "y", y, at, hypothesis.Options{}))
	near(t, "t²", r.Statistic, x.Statistic*x.Statistic, 1e-4)
	near(t, "ndf", r.NDF, 1, 1e-4)
}

// Levels that nobody is in are left out with a note, empty cells are kept, and a table without information says why.
func TestEmpty(t *testing.T) {
	s := draw(6, 3, 6, 12)
	a, b := hypothesis.Labels("a", s.a), hypothesis.Labels("b", s.b)
	want := tests(t, s.d, a, b, hypothesis.Options{})
	wide := hypothesis.Factor{Name: "a", Levels: []string{"zero", "a", "b", "c", "end"}, Codes: make([]int32, len(a.Codes))}
	for i, c := range a.Codes {
		wide.Codes[i] = c + 1
	}
	got := tests(t, s.d, wide, b, hypothesis.Options{})
	same(t, "with empty levels", got, want, 1e-12)
	if n := strings.Join(got[0].Notes, "; "); n != "nobody is in a zero, which is left out; nobody is in a end, which is left out" {
		t.Error(n)
	}
	// One cell without answers.
	hole := slices.Clone(s.b)
	for i := range hole {
		if s.a[i] == "a" && hole[i] == "p" {
			hole[i] = "q"
		}
	}
	for _, r := range tests(t, s.d, a, hypothesis.Labels("b", hole), hypothesis.Options{}) {
		if !(r.P >= 0 && r.P <= 1) || len(r.Notes) != 1 || r.Notes[0] != "1 cell has no answers" {
			t.Errorf("%+v", r)
		}
	}
	// All on the diagonal: the empty cells leave fewer contrasts than (r−1)(c−1) = 4 to Rao and Scott, and none is negative.
	r := tests(t, s.d, a, a, hypothesis.Options{})[0]
	if len(r.Eigenvalues) != 3 || r.Notes[0] != "6 cells have no answers" {
		t.Errorf("diagonal: %+v", r)
	}
	near(t, "X² of a diagonal table", r.X2, float64(2*r.N), 1e-12)

	same := make([]string, len(s.a))
	for i := range same {
		same[i] = "one"
	}
	for _, c := range []struct {
		a, b   hypothesis.Factor
		opt    hypothesis.Options
		reason string
	}{
		{hypothesis.Labels("a", same), b, hypothesis.Options{}, "all answers are in one level of a"},
		{b, hypothesis.Labels("a", same), hypothesis.Options{}, "all answers are in one level of a"},
		{a, b, hypothesis.Options{Rows: []int{}}, "there are no answers"},
	} {
		for _, r := range tests(t, s.d, c.a, c.b, c.opt) {
			if r.Reason != c.reason || !math.IsNaN(r.P) || !math.IsNaN(r.Statistic) {
				t.Errorf("%+v, want %s", r, c.reason)
			}
		}
	}
	// A single unit has no degrees of freedom: statistics remain where they are defined, p-values do not.
	w := make([]float64, len(s.w))
	for i := range w {
		w[i] = 1
	}
	census := make([]float64, len(w))
	for i := range census {
		census[i] = float64(len(w))
	}
	d := ok[*design.Design](t)(design.New(design.Spec{Weights: w, Stages: []design.Stage{{Population: census}}}))
	for _, r := range tests(t, d, a, b, hypothesis.Options{}) {
		if r.Reason == "" || !math.IsNaN(r.P) || math.IsNaN(r.X2) {
			t.Errorf("census: %+v", r)
		}
	}
	if r := ok[hypothesis.TTest](t)(hypothesis.OneSample(d, "y", s.y, 0, hypothesis.Options{})); r.Reason != "there is no sampling variance" || !math.IsNaN(r.P) {
		t.Errorf("census: %+v", r)
	}
	two := sample{y: []float64{1, 2, 4, 3}, w: []float64{1, 1, 1, 1}, stratum: []int{0, 0, 0, 0}, cluster: []int{0, 0, 1, 1}}.build()
	g := hypothesis.Labels("g", []string{"x", "y", "x", "y"})
	if r := ok[hypothesis.TTest](t)(hypothesis.TwoSample(two.d, "y", two.y, g, hypothesis.Options{})); r.NDF != 0 || !math.IsNaN(r.P) || !math.IsNaN(r.Estimate.Interval.Low) || r.Estimate.Reason == "" || math.IsNaN(r.Statistic) {
		t.Errorf("no degrees of freedom: %+v", r)
	}
	if r := ok[hypothesis.TTest](t)(hypothesis.TwoSample(s.d, "y", s.y, a, hypothesis.Options{})); r.Reason != "a has 3 levels with answers, not 2" {
		t.Errorf("three groups: %+v", r)
	}
	if r := ok[hypothesis.TTest](t)(hypothesis.Ranks(s.d, "y", s.y, hypothesis.Labels("a", same), hypothesis.Median(), hypothesis.Options{})); r.Reason == "" {
		t.Errorf("one group: %+v", r)
	}
}

// What the weights were calibrated to has no sampling variance, and a test of it would reject whatever the data are.
func TestCalibratedTable(t *testing.T) {
	s := draw(6, 3, 6, 12)
	cell, size, total := map[string]int{}, []float64{}, []float64{}
	at := make([]int, len(s.a))
	for i := range s.a {
		k := s.a[i] + s.b[i]
		if _, ok := cell[k]; !ok {
			cell[k] = len(size)
			size, total = append(size, 0), append(total, float64(100+37*len(total)))
		}
		at[i] = cell[k]
		size[at[i]] += s.w[i]
	}
	rows, w := make([][]design.Entry, len(s.a)), make([]float64, len(s.a))
	for i, c := range at {
		rows[i] = []design.Entry{{Column: c, Value: 1}}
		w[i] = s.w[i] * total[c] / size[c]
	}
	x := ok[*design.Matrix](t)(design.FromRows(len(size), rows))
	d := ok[*design.Design](t)(s.d.Calibrated(w, &design.Calibration{X: x, Base: s.w}))
	a, b := hypothesis.Labels("a", s.a), hypothesis.Labels("b", s.b)
	for _, r := range tests(t, d, a, b, hypothesis.Options{}) {
		if r.Reason != "the table has no sampling variance" || !math.IsNaN(r.P) {
			t.Errorf("%+v", r)
		}
	}
	// Calibrated to the margins alone, the table keeps a variance.
	for i := range rows {
		rows[i] = []design.Entry{{Column: int(a.Codes[i]), Value: 1}, {Column: 3 + int(b.Codes[i]), Value: 1}}
	}
	x = ok[*design.Matrix](t)(design.FromRows(7, rows))
	d = ok[*design.Design](t)(s.d.Calibrated(w, &design.Calibration{X: x, Base: s.w}))
	for _, r := range tests(t, d, a, b, hypothesis.Options{}) {
		if r.Reason != "" || !(r.P >= 0 && r.P <= 1) {
			t.Errorf("%+v", r)
		}
	}
	y := make([]float64, len(s.a))
	for i, c := range a.Codes {
		y[i] = float64(c)
	}
	if r := ok[hypothesis.TTest](t)(hypothesis.OneSample(d, "y", y, 0.5, hypothesis.Options{})); r.Reason != "there is no sampling variance" || !math.IsNaN(r.P) {
		t.Errorf("%+v", r)
	}
}

func TestErrors(t *testing.T) {
	s := draw(1, 2, 3, 4)
	a, b := hypothesis.Labels("a", s.a), hypothesis.Labels("b", s.b)
	bad := hypothesis.Factor{Name: "bad", Codes: slices.Clone(a.Codes), Levels: a.Levels}
	bad.Codes[2] = 7
	infinite := slices.Clone(s.y)
	infinite[3] = math.Inf(1)
	p := []float64{1, 0, 1}
	for name, c := range map[string]struct {
		variable string
		row      int
		run      func() error
	}{
		"level": {"bad", 2, func() error { _, err := hypothesis.Tabulate(s.d, bad, b, hypothesis.Options{}); return err }},
		"length": {"y", -1, func() error {
			_, err := hypothesis.OneSample(s.d, "y", s.y[1:], 0, hypothesis.Options{})
			return err
		}},
		"infinite": {"y", 3, func() error {
			_, err := hypothesis.TwoSample(s.d, "y", infinite, a, hypothesis.Options{})
			return err
		}},
		"statistic": {"statistic", -1, func() error { _, err := hypothesis.Independence(s.d, a, b, "chi", hypothesis.Options{}); return err }},
		"gof statistic": {"statistic", -1, func() error {
			_, err := hypothesis.GoodnessOfFit(s.d, a, []float64{1, 1, 1}, hypothesis.Wald, hypothesis.Options{})
			return err
		}},
		"probability":   {"a", -1, func() error { _, err := hypothesis.GoodnessOfFit(s.d, a, p, "", hypothesis.Options{}); return err }},
		"probabilities": {"a", -1, func() error { _, err := hypothesis.GoodnessOfFit(s.d, a, p[:2], "", hypothesis.Options{}); return err }},
		"domain": {"domain", 10000, func() error {
			_, err := hypothesis.Tabulate(s.d, a, b, hypothesis.Options{Rows: []int{10000}})
			return err
		}},
		"confidence": {"level", -1, func() error { _, err := hypothesis.Kappa(s.d, a, b, hypothesis.Options{Level: 95}); return err }},
		"df":         {"df", -1, func() error { _, err := hypothesis.Kappa(s.d, a, b, hypothesis.Options{DF: -1}); return err }},
		"items": {"items", -1, func() error {
			_, err := hypothesis.Alpha(s.d, []string{"y"}, [][]float64{s.y}, hypothesis.Options{})
			return err
		}},
		"mu": {"y", -1, func() error {
			_, err := hypothesis.OneSample(s.d, "y", s.y, math.NaN(), hypothesis.Options{})
			return err
		}},
	} {
		var wrong *hypothesis.InputError
		if err := c.run(); !errors.As(err, &wrong) || wrong.Variable != c.variable || wrong.Row != c.row {
			t.Errorf("%s: %v", name, err)
		}
	}
	var column *design.InputError
	if _, err := hypothesis.Tabulate(s.d, a, b, hypothesis.Options{Column: "none"}); !errors.As(err, &column) {
		t.Error(err)
	}
	if st, err := hypothesis.ParseStatistic("adjWald"); st != hypothesis.AdjustedWald || err != nil {
		t.Error(st, err)
	}
}

// Under the hypothesis, with clusters that matter, second-order p-values are uniform enough and those of a naive test are not.
func TestSize(t *testing.T) {
	const draws = 400
	rejected, naive := 0, 0
	for k := range draws {
		r := rand.New(rand.NewPCG(uint64(k), 11))
		var s sample
		for c := range 40 {
			p := []float64{0.1, 0.9}[r.IntN(2)]
			q := []float64{0.1, 0.9}[r.IntN(2)]
			for range 10 {
				s.stratum, s.cluster, s.w = append(s.stratum, c%2), append(s.cluster, c), append(s.w, 1+r.Float64())
				level := func(p float64) string {
					if r.Float64() < p {
						return "yes"
					}
					return "no"
				}
				s.a, s.b = append(s.a, level(p)), append(s.b, level(q))
			}
		}
		s = s.build()
		a, b := hypothesis.Labels("a", s.a), hypothesis.Labels("b", s.b)
		x := ok[hypothesis.Test](t)(hypothesis.Independence(s.d, a, b, hypothesis.F, hypothesis.Options{}))
		if x.P < 0.05 {
			rejected++
		}
		if x.X2 > 3.841 {
			naive++
		}
	}
	if rejected < 7 || rejected > 35 || naive < 60 {
		t.Errorf("%d of %d rejected, %d by the naive test", rejected, draws, naive)
	}
}

func BenchmarkIndependence(b *testing.B) {
	const n = 1000000
	r := rand.New(rand.NewPCG(1, 1))
	w := make([]float64, n)
	stratum, cluster := make([]int, n), make([]int, n)
	x := hypothesis.Factor{Name: "x", Codes: make([]int32, n), Levels: []string{"1", "2", "3", "4", "5", "6"}}
	y := hypothesis.Factor{Name: "y", Codes: make([]int32, n), Levels: []string{"1", "2", "3", "4", "5"}}
	for i := range w {
		w[i] = 1 + r.Float64()
		stratum[i], cluster[i] = r.IntN(50), r.IntN(40)
		x.Codes[i], y.Codes[i] = int32(r.IntN(6)), int32(r.IntN(5))
	}
	d := ok[*design.Design](b)(design.New(design.Spec{Weights: w, Stages: []design.Stage{{Strata: design.Ints(stratum), Clusters: design.Ints(cluster)}}}))
	for b.Loop() {
		ok[hypothesis.Test](b)(hypothesis.Independence(d, x, y, hypothesis.F, hypothesis.Options{}))
	}
}
