package estimate_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/replicate"
)

// clustered is a design of 50 strata with 40 units each.
func clustered(t testing.TB, rows int) (*design.Design, []float64, []string) {
	t.Helper()
	w, y := make([]float64, rows), make([]float64, rows)
	strata, units, groups := make([]int, rows), make([]int, rows), make([]string, rows)
	for i := range rows {
		u := i * 7919 % 2000
		strata[i], units[i] = u/40, u
		w[i] = 1 + float64(i*31%17)/10
		y[i] = float64(i*i%101) + float64(u%13)
		groups[i] = fmt.Sprintf("g%02d", i/2000*13%20)
		if i%3 == 0 {
			groups[i] = fmt.Sprintf("g%02d", (i*17+i/700)%20)
		}
	}
	d, err := design.New(design.Spec{Weights: w, Stages: []design.Stage{{Strata: design.Ints(strata), Clusters: design.Ints(units)}}})
	if err != nil {
		t.Fatal(err)
	}

	return d, y, groups
}

// 200 replicates by 20 groups on 100,000 rows, of factors by unit (the design's own) and of factors by row.
func BenchmarkReplicates(b *testing.B) {
	d, y, groups := clustered(b, 100_000)
	made, err := replicate.Make(d, replicate.RaoWu, replicate.Options{Replicates: 200, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	p := *made.Replicates()
	p.DF = 0
	ranked, err := d.WithReplicates(&p)
	if err != nil {
		b.Fatal(err)
	}
	by, err := estimate.By(made, groups)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		d    *design.Design
	}{{"known df", made}, {"df by rank", ranked}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := estimate.Compute(c.d, []estimate.Variable{{Name: "y", Values: y}}, by, estimate.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			if _, err := replicate.Make(d, replicate.RaoWu, replicate.Options{Replicates: 200, Seed: 1}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// replicated is the design of clustered with forty bootstrap replicates.
func replicated(t testing.TB, rows int) (*design.Design, []float64, []string) {
	t.Helper()
	d, y, groups := clustered(t, rows)
	d, err := replicate.Make(d, replicate.RaoWu, replicate.Options{Replicates: 40, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}

	return d, y, groups
}

// Every kind of estimate is what a user's own function of the weights gives, in domains and with missing values, and so are
// combinations and functions of estimates.
func TestReplicatedIsAnyFunctionOfWeights(t *testing.T) {
	d, y, groups := replicated(t, 6000)
	x := make([]float64, len(y))
	for i := range y {
		x[i] = 1 + float64(i%5)
		if i%11 == 0 {
			y[i] = math.NaN()
		}
	}
	by, err := estimate.By(d, groups)
	if err != nil {
		t.Fatal(err)
	}
	tb, err := estimate.Compute(d, []estimate.Variable{
		{Values: y}, {Values: y, Kind: estimate.Total}, {Values: y, Denominator: x, Kind: estimate.Ratio}, {Values: x, Kind: estimate.Total},
	}, by, estimate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for g, name := range by.Names {
		stats, err := estimate.WithReplicates(d, "", func(w []float64) ([]float64, error) {
			var sw, sy, sx, all float64
			for i, v := range w {
				if groups[i] != name {
					continue
				}
				all += v * x[i]
				if !math.IsNaN(y[i]) {
					sw += v
					sy += v * y[i]
					sx += v * x[i]
				}
			}
			return []float64{sy / sw, sy, sy / sx, all, sy / all, 2 + sy/sw - 3*sy/sx}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		total, all := tb.Stat(g, 1), tb.Stat(g, 3)
		have := []estimate.Stat{
			tb.Stat(g, 0), total, tb.Stat(g, 2), all,
			estimate.Delta(func(x []estimate.Dual) estimate.Dual { return x[0].Div(x[1]) }, total, all),
			estimate.Linear(2, estimate.Term{Coefficient: 1, Stat: tb.Stat(g, 0)}, estimate.Term{Coefficient: -3, Stat: tb.Stat(g, 2)}),
		}
		a, err := estimate.Covariance(d, have)
		if err != nil {
			t.Fatal(err)
		}
		b, err := estimate.Covariance(d, stats)
		if err != nil {
			t.Fatal(err)
		}
		for i := range have {
			for j := range have {
				if math.Abs(a.At(i, j)-b.At(i, j)) > 1e-9*math.Sqrt(b.At(i, i)*b.At(j, j)) {
					t.Errorf("%s, statistics %d and %d: covariance %v, want %v", name, i, j, a.At(i, j), b.At(i, j))
				}
			}
			e, err := estimate.Of(d, have[i], "test", estimate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(e.SE*e.SE/b.At(i, i)-1) > 1e-9 {
				t.Errorf("%s, statistic %d: error %v, want %v", name, i, e.SE, math.Sqrt(b.At(i, i)))
			}
			if i < 4 && e.SE != tb.Estimate(g, i).SE {
				t.Errorf("%s, statistic %d: error %v alone, %v in the table", name, i, e.SE, tb.Estimate(g, i).SE)
			}
		}
	}
}

// A stat that has influence values only has the replicates' variance of its linearization, which for a total is its own.
func TestReplicatedForm(t *testing.T) {
	d, y, _ := replicated(t, 4000)
	tb, err := estimate.Compute(d, []estimate.Variable{{Values: y, Kind: estimate.Total}, {Values: y}}, estimate.Whole(d, "all"), estimate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for j, tolerance := range []float64{1e-10, 0.05} {
		own := tb.Stat(0, j)
		form := own
		form.Replicates = nil
		v, err := estimate.Covariance(d, []estimate.Stat{own, form})
		if err != nil {
			t.Fatal(err)
		}
		direct, err := d.Variance(own.Form)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(v.At(1, 1)/v.At(0, 0)-1) > tolerance || math.Abs(direct/v.At(1, 1)-1) > 1e-10 {
			t.Errorf("statistic %d: variance %v, of its linearization %v and %v", j, v.At(0, 0), v.At(1, 1), direct)
		}
	}
}

// A domain within one unit has no value in the replicate that leaves the unit out, and that is the only one which would
// show its variance: the error is undefined, not zero. Bootstraps without the domain are left out.
func TestUndefinedReplicates(t *testing.T) {
	n := 12
	w, y, units, mask := make([]float64, n), make([]float64, n), make([]int, n), make([]bool, n)
	for i := range w {
		w[i], y[i], units[i] = 1, float64(i*i%7), i/2
		mask[i] = i < 2
	}
	d, err := design.New(design.Spec{Weights: w, Stages: []design.Stage{{Clusters: design.Ints(units)}}})
	if err != nil {
		t.Fatal(err)
	}
	jackknife, err := replicate.Make(d, replicate.JK1, replicate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	small, err := estimate.Masks(d, []string{"small"}, [][]bool{mask})
	if err != nil {
		t.Fatal(err)
	}
	vars := []estimate.Variable{{Values: y}, {Values: y, Kind: estimate.Total}}
	tb, err := estimate.Compute(jackknife, vars, small, estimate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e := tb.Estimate(0, 0); e.Value != 0.5 || !math.IsNaN(e.SE) || e.Reason == "" || !math.IsNaN(e.EffectiveN) {
		t.Errorf("mean within one unit: %+v", e)
	}
	if e := tb.Estimate(0, 1); !(e.SE > 0) {
		t.Errorf("total within one unit: %+v", e)
	}
	v, err := estimate.Covariance(jackknife, []estimate.Stat{tb.Stat(0, 0), tb.Stat(0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(v.At(0, 0)) || !math.IsNaN(v.At(0, 1)) || math.IsNaN(v.At(1, 1)) {
		t.Errorf("covariance %v", mat.Formatted(v))
	}

	// Two units of six are in the domain: one of the replicates below draws neither.
	for i := range mask {
		mask[i] = i < 4
	}
	small, err = estimate.Masks(d, []string{"small"}, [][]bool{mask})
	if err != nil {
		t.Fatal(err)
	}
	bootstrap, err := replicate.Make(d, replicate.RaoWu, replicate.Options{Replicates: 60, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	tb, err = estimate.Compute(bootstrap, vars, small, estimate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	theta := tb.Stat(0, 0).Replicates
	lost := bootstrap.Replicates().Undefined(theta)
	var sum, squares float64
	for _, x := range theta {
		if !math.IsNaN(x) {
			sum += x
		}
	}
	for _, x := range theta {
		if !math.IsNaN(x) {
			squares += math.Pow(x-sum/float64(60-lost), 2)
		}
	}
	if want := math.Sqrt(squares / 59); lost == 0 || math.Abs(tb.Estimate(0, 0).SE-want) > 1e-12 {
		t.Errorf("%d replicates without the domain: error %v, want %v", lost, tb.Estimate(0, 0).SE, want)
	}
}

func TestWithReplicatesErrors(t *testing.T) {
	d, _, _ := clustered(t, 4000)
	one := func([]float64) ([]float64, error) { return []float64{1}, nil }
	var input *design.InputError
	if _, err := estimate.WithReplicates(d, "", one); !errors.As(err, &input) {
		t.Errorf("a design without replicates: %v", err)
	}
	d, _, _ = replicated(t, 4000)
	if _, err := estimate.WithReplicates(d, "none", one); !errors.As(err, &input) {
		t.Errorf("a column that does not exist: %v", err)
	}
	if _, err := estimate.WithReplicates(d, "", func([]float64) ([]float64, error) { return nil, nil }); !errors.As(err, &input) {
		t.Errorf("no statistics: %v", err)
	}
	full := d.Weights(0)
	if _, err := estimate.WithReplicates(d, "", func(w []float64) ([]float64, error) {
		if &w[0] == &full[0] {
			return []float64{1}, nil
		}
		return []float64{1, 2}, nil
	}); !errors.As(err, &input) {
		t.Errorf("another number of statistics: %v", err)
	}
	failed := errors.New("no")
	if _, err := estimate.WithReplicates(d, "", func([]float64) ([]float64, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("a function that fails: %v", err)
	}
}

// Rows in another order, and so domains and replicates, change nothing but rounding.
func TestReplicatedInAnyOrder(t *testing.T) {
	n := 4000
	d, y, groups := replicated(t, n)
	from := make([]int, n)
	w, strata, units := make([]float64, n), make([]int, n), make([]int, n)
	z, labels := make([]float64, n), make([]string, n)
	for i := range from {
		j := i * 1237 % n
		u := j * 7919 % 2000
		w[i], strata[i], units[i] = d.Weights(0)[j], u/40, u
		z[i], labels[i] = y[j], groups[j]
	}
	other, err := design.New(design.Spec{Weights: w, Stages: []design.Stage{{Strata: design.Ints(strata), Clusters: design.Ints(units)}}})
	if err != nil {
		t.Fatal(err)
	}
	if other, err = replicate.Make(other, replicate.RaoWu, replicate.Options{Replicates: 40, Seed: 5}); err != nil {
		t.Fatal(err)
	}
	tables := make([]*estimate.Table, 2)
	for k, s := range []struct {
		d      *design.Design
		y      []float64
		groups []string
	}{{d, y, groups}, {other, z, labels}} {
		by, err := estimate.By(s.d, s.groups)
		if err != nil {
			t.Fatal(err)
		}
		if tables[k], err = estimate.Compute(s.d, []estimate.Variable{{Values: s.y}}, by, estimate.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	for g := range tables[0].Domains() {
		a, b := tables[0].Estimate(g, 0), tables[1].Estimate(g, 0)
		if math.Abs(a.Value/b.Value-1) > 1e-12 || math.Abs(a.SE/b.SE-1) > 1e-9 || a.DF != b.DF {
			t.Errorf("group %d: %v ± %v (%v), permuted %v ± %v (%v)", g, a.Value, a.SE, a.DF, b.Value, b.SE, b.DF)
		}
	}
}
