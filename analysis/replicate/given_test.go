package replicate_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/replicate"
	"sipas/analysis/weight"
)

// written returns the replicate weights of a design as a file would have them.
func written(d *design.Design) *mat.Dense {
	out := mat.NewDense(d.Rows(), d.Replicates().Count(), nil)
	w := make([]float64, d.Rows())
	for r := range d.Replicates().Count() {
		d.ReplicateWeights(0, r, w)
		out.SetCol(r, w)
	}
	return out
}

// Replicate weights that are written to a file and read again give the same variances and degrees of freedom, though strata and
// units are forgotten; so do factors.
func TestGivenAsMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t, 4, 2, 2, false)
		d := mustDesign(t, s.spec)
		for method, kind := range map[replicate.Method]replicate.Kind{replicate.JKn: replicate.GivenJKn, replicate.BRR: replicate.GivenBRR, replicate.Fay: replicate.GivenFay, replicate.SDR: replicate.GivenSDR} {
			opt := replicate.Options{MSE: rapid.Bool().Draw(t, "mse")}
			if method == replicate.Fay {
				opt.Rho = 0.5
			}
			made := mustMake(t, d, method, opt)
			weights := written(made)
			f := replicate.File{Kind: kind, Weights: weights, Rho: opt.Rho, MSE: opt.MSE}
			if kind == replicate.GivenJKn {
				f.RScales = made.Replicates().RScales
			}
			plain := mustDesign(t, design.Spec{Weights: s.spec.Weights})
			given, err := replicate.Given(plain, f)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := variance(t, given, s.y), variance(t, made, s.y); math.Abs(a-b) > 1e-11*squares(d, s.y) {
				t.Errorf("%s: variance %v, made %v", kind, a, b)
			}
			for range 3 {
				var rows []int
				for i := range s.y {
					if rapid.Bool().Draw(t, "in") {
						rows = append(rows, i)
					}
				}
				if a, b := given.DF(rows), made.DF(rows); method != replicate.SDR && a != b {
					t.Errorf("%s, rows %v: %v degrees of freedom by rank, %v by count", kind, rows, a, b)
				}
			}
			f.Factors = true
			for i, w := range s.spec.Weights {
				for r := range made.Replicates().Count() {
					weights.Set(i, r, weights.At(i, r)/w)
				}
			}
			factors, err := replicate.Given(plain, f)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := variance(t, factors, s.y), variance(t, given, s.y); math.Abs(a-b) > 1e-11*squares(d, s.y) {
				t.Errorf("%s: variance %v from factors, %v from weights", kind, a, b)
			}
		}
	})
}

func TestGivenScales(t *testing.T) {
	d := mustDesign(t, design.Spec{Weights: []float64{1, 2, 0}})
	w := mat.NewDense(3, 4, []float64{2, 0, 1, 1, 2, 2, 4, 0, 0, 0, 0, 0})
	for _, c := range []struct {
		f     replicate.File
		scale float64
	}{
		{replicate.File{Kind: replicate.GivenJK1}, 3.0 / 4},
		{replicate.File{Kind: replicate.GivenJK2}, 1},
		{replicate.File{Kind: replicate.GivenJKn, RScales: []float64{.5, .5, .5, .5}}, 1},
		{replicate.File{Kind: replicate.GivenBRR}, 1.0 / 4},
		{replicate.File{Kind: replicate.GivenFay, Rho: 0.5}, 1},
		{replicate.File{Kind: replicate.GivenBootstrap}, 1.0 / 3},
		{replicate.File{Kind: replicate.GivenBootstrap, MSE: true}, 1.0 / 4},
		{replicate.File{Kind: replicate.GivenSDR}, 1},
		{replicate.File{Kind: replicate.GivenOther, Scale: 0.0065}, 0.0065},
		{replicate.File{Kind: replicate.GivenBRR, Scale: 0.5}, 0.5},
	} {
		c.f.Weights = w
		given, err := replicate.Given(d, c.f)
		if err != nil {
			t.Fatal(err)
		}
		if got := given.Replicates().Scale; math.Abs(got-c.scale) > 1e-15 {
			t.Errorf("%s: scale %v, want %v", c.f.Kind, got, c.scale)
		}
	}
	for field, f := range map[string]replicate.File{
		"kind":       {Kind: "jk3", Weights: w},
		"replicates": {Kind: replicate.GivenBRR},
		"rho":        {Kind: replicate.GivenBRR, Weights: w, Rho: 0.3},
		"rscales":    {Kind: replicate.GivenJKn, Weights: w},
		"scale":      {Kind: replicate.GivenOther, Weights: w},
	} {
		var e *replicate.InputError
		if _, err := replicate.Given(d, f); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	bad := mat.DenseCopyOf(w)
	bad.Set(1, 2, math.NaN())
	orphan := mat.DenseCopyOf(w)
	orphan.Set(2, 0, 1)
	for name, c := range map[string]struct {
		w              *mat.Dense
		row, replicate int
	}{"not a number": {bad, 1, 3}, "weight of a row without": {orphan, 2, 1}, "rows": {mat.NewDense(2, 4, nil), -1, 0}} {
		var e *replicate.InputError
		if _, err := replicate.Given(d, replicate.File{Kind: replicate.GivenBRR, Weights: c.w}); !errors.As(err, &e) || e.Row != c.row || e.Replicate != c.replicate {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Rows of one unit share their factors, also where those come from a division of weights.
func TestGivenShares(t *testing.T) {
	n := 300
	w, units := make([]float64, n), make([]int, n)
	for i := range w {
		w[i], units[i] = 1+math.Sqrt(float64(i)), i/10
	}
	d := mustDesign(t, design.Spec{Weights: w, Stages: []design.Stage{{Clusters: design.Ints(units)}}})
	given, err := replicate.Given(mustDesign(t, design.Spec{Weights: w}), replicate.File{Kind: replicate.GivenJK1, Weights: written(mustMake(t, d, replicate.JK1, replicate.Options{}))})
	if err != nil {
		t.Fatal(err)
	}
	if rows, _ := given.Replicates().Factors.Dims(); rows != 30 {
		t.Errorf("factors of %d units are kept for 30", rows)
	}
}

// Where the first thousand rows have hardly any factors in common the rest are taken as they come, and all are right.
func TestGivenWithoutShares(t *testing.T) {
	n := 1500
	w, weights := make([]float64, n), mat.NewDense(n, 3, nil)
	for i := range w {
		w[i] = 1 + float64(i%13)
		weights.SetRow(i, []float64{float64(i), float64(i * i), 2})
		if i > 1200 {
			weights.SetRow(i, []float64{0, w[i], 2 * w[i]})
		}
	}
	given, err := replicate.Given(mustDesign(t, design.Spec{Weights: w}), replicate.File{Kind: replicate.GivenBRR, Weights: weights})
	if err != nil {
		t.Fatal(err)
	}
	if got := written(given); !mat.EqualApprox(got, weights, 1e-9) {
		t.Error("the replicate weights are others than were given")
	}
	columns := replicate.Columns{mat.Col(nil, 0, weights), mat.Col(nil, 1, weights), mat.Col(nil, 2, weights)}
	again, err := replicate.Given(mustDesign(t, design.Spec{Weights: w}), replicate.File{Kind: replicate.GivenBRR, Weights: columns})
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(written(again), written(given)) || !mat.Equal(columns.T(), weights.T()) {
		t.Error("columns give other replicate weights than a matrix")
	}
	var e *replicate.InputError
	if _, err := replicate.Given(mustDesign(t, design.Spec{Weights: w}), replicate.File{Kind: replicate.GivenBRR, Weights: replicate.Columns{}}); !errors.As(err, &e) {
		t.Errorf("no columns: %v", err)
	}
}

// survey is a made-up design with a margin.
func survey(t failer) (*design.Design, weight.Margin, []float64) {
	n := 60
	w, y, units, labels := make([]float64, n), make([]float64, n), make([]int, n), make([]string, n)
	for i := range w {
		w[i], y[i], units[i], labels[i] = 1+float64(i%7)/3, math.Cos(float64(i)), i/5, string(rune('a'+i%3))
	}
	d := mustDesign(t, design.Spec{
		Weights: w, Columns: []design.Column{{Name: "second", Weights: w}},
		Stages: []design.Stage{{Clusters: design.Ints(units)}},
	})
	return mustMake(t, d, replicate.JK1, replicate.Options{}), weight.Margin{Name: "m", Labels: labels, Targets: map[string]float64{"a": 50, "b": 60, "c": 70}}, y
}

func postStratify(m weight.Margin) replicate.Calibration {
	return func(base []float64) ([]float64, error) {
		r, err := weight.PostStratify(base, m)
		if err != nil {
			return nil, err
		}
		return r.Weights, nil
	}
}

func estimates(t *testing.T, d *design.Design, v ...estimate.Variable) *estimate.Table {
	t.Helper()
	tb, err := estimate.Compute(d, v, estimate.Whole(d, "all"), estimate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

// A calibrated total has no variance left, other statistics have that of the calibrated estimator, which is near its
// linearization, and other columns keep theirs.
func TestRecalibrate(t *testing.T) {
	d, margin, y := survey(t)
	out, err := replicate.Recalibrate(d, "", postStratify(margin))
	if err != nil {
		t.Fatal(err)
	}
	var level []float64
	for _, l := range margin.Labels {
		level = append(level, map[bool]float64{true: 1}[l == "b"])
	}
	tb := estimates(t, out, estimate.Variable{Kind: estimate.Total, Values: level}, estimate.Variable{Values: y},
		estimate.Variable{Column: "second", Values: y}, estimate.Variable{Column: "second", Kind: estimate.Total, Values: level})
	if e := tb.Estimate(0, 0); math.Abs(e.Value-60) > 1e-10 || e.SE > 1e-10 {
		t.Errorf("the calibrated total is %v with error %v", e.Value, e.SE)
	}
	before := estimates(t, d, estimate.Variable{Values: y}, estimate.Variable{Kind: estimate.Total, Values: level})
	if a, b := tb.Estimate(0, 2), before.Estimate(0, 0); a.Value != b.Value || a.SE != b.SE {
		t.Errorf("the column that was not calibrated has %v ± %v, want %v ± %v", a.Value, a.SE, b.Value, b.SE)
	}
	if a, b := tb.Estimate(0, 3), before.Estimate(0, 1); a.SE != b.SE || a.SE == 0 {
		t.Errorf("total of the column that was not calibrated: error %v, want %v", a.SE, b.SE)
	}
	r, err := weight.PostStratify(d.Weights(0), margin)
	if err != nil {
		t.Fatal(err)
	}
	units := make([]int, len(y))
	for i := range units {
		units[i] = i / 5
	}
	linear, err := mustDesign(t, design.Spec{Weights: d.Weights(0), Stages: []design.Stage{{Clusters: design.Ints(units)}}}).Calibrated(r.Weights, r.Calibration)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := tb.Estimate(0, 1).SE, estimates(t, linear, estimate.Variable{Values: y}).Estimate(0, 0).SE; math.Abs(a/b-1) > 0.15 {
		t.Errorf("error %v by replicates, %v by linearization", a, b)
	}
	if df := out.DF(out.Order()); df != 11 {
		t.Errorf("%v degrees of freedom, want 11", df)
	}
	again, err := replicate.Recalibrate(out, "", postStratify(margin))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := estimates(t, again, estimate.Variable{Values: y}).Estimate(0, 0), tb.Estimate(0, 1); math.Abs(a.SE/b.SE-1) > 1e-9 {
		t.Errorf("calibrated twice: error %v, once %v", a.SE, b.SE)
	}
}

// A replicate that lacks a level cannot be calibrated, and the error says which and why.
func TestRecalibrateFails(t *testing.T) {
	d, margin, _ := survey(t)
	for i := range margin.Labels {
		margin.Labels[i] = "a"
		if i/5 == 6 {
			margin.Labels[i] = "b"
		}
	}
	margin.Targets = map[string]float64{"a": 50, "b": 60}
	_, err := replicate.Recalibrate(d, "", postStratify(margin))
	var m *weight.MarginError
	if !errors.As(err, &m) || m.Level != "b" || !strings.HasPrefix(err.Error(), "replicate 7:") {
		t.Errorf("a replicate without a level: %v", err)
	}
	var input *replicate.InputError
	if _, err := replicate.Recalibrate(d, "", func([]float64) ([]float64, error) { return []float64{1}, nil }); !errors.As(err, &input) {
		t.Errorf("a weight is missing: %v", err)
	}
	if _, err := replicate.Recalibrate(d, "none", postStratify(margin)); err == nil {
		t.Error("a column that does not exist was calibrated")
	}
	plain := mustDesign(t, design.Spec{Weights: []float64{1, 1}})
	if _, err := replicate.Recalibrate(plain, "", postStratify(margin)); !errors.As(err, &input) {
		t.Errorf("no replicates: %v", err)
	}
	_, err = replicate.Recalibrate(d, "", func(base []float64) ([]float64, error) {
		out := make([]float64, len(base))
		for i := range out {
			out[i] = math.Abs(base[i] - 1)
		}
		return out, nil
	})
	if !errors.As(err, &input) || input.Row != 0 || input.Replicate == 0 {
		t.Errorf("a row whose weight becomes zero in the full sample only: %v", err)
	}
}

// Linear calibration may make replicate weights negative, and statistics take them as they are.
func TestNegativeReplicateWeights(t *testing.T) {
	d, _, y := survey(t)
	negative := func(base []float64) ([]float64, error) {
		out := make([]float64, len(base))
		for i, b := range base {
			out[i] = b
			if base[0] == 0 && i == 17 {
				out[i] = -b
			}
		}
		return out, nil
	}
	out, err := replicate.Recalibrate(d, "", negative)
	if err != nil {
		t.Fatal(err)
	}
	if low := mat.Min(out.ReplicateFactors(0).Values); low >= 0 {
		t.Errorf("least factor %v", low)
	}
	if e := estimates(t, out, estimate.Variable{Values: y}).Estimate(0, 0); !(e.SE > 0) {
		t.Errorf("error %v", e.SE)
	}
}

// What comes back is the same for any number of cores, the error too.
func TestReplicatesOnAnyCores(t *testing.T) {
	d, _, y := survey(t)
	sum := func(w []float64) ([]float64, error) {
		var s float64
		for i, v := range w {
			s += v * y[i]
		}
		return []float64{s}, nil
	}
	fails := func(w []float64) ([]float64, error) {
		if w[0] == 0 || w[59] == 0 {
			return nil, fmt.Errorf("weights %v and %v", w[0], w[59])
		}
		return sum(w)
	}
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	one, err := d.Refitted(0, sum)
	if err != nil {
		t.Fatal(err)
	}
	_, wantErr := d.Refitted(0, fails)
	for _, cores := range []int{2, 7} {
		runtime.GOMAXPROCS(cores)
		many, err := d.Refitted(0, sum)
		if err != nil || !mat.Equal(one, many) {
			t.Errorf("%d cores: %v", cores, err)
		}
		if _, err := d.Refitted(0, fails); err == nil || err.Error() != wantErr.Error() || !strings.HasPrefix(err.Error(), "replicate 1:") {
			t.Errorf("%d cores: %v, want %v", cores, err, wantErr)
		}
	}
}

// A domain of a jackknife has the degrees of freedom by count of its units that it has by rank of their factors, with strata of
// any size and some that were taken whole.
func TestDomainDF(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t, 4, 2, 5, rapid.Bool().Draw(t, "fpc"))
		made, err := replicate.Make(mustDesign(t, s.spec), replicate.JKn, replicate.Options{})
		if err != nil {
			return // all strata were taken whole
		}
		p := *made.Replicates()
		p.DF = 0
		byRank, err := made.WithReplicates(&p)
		if err != nil {
			t.Fatal(err)
		}
		var rows []int
		for i := range s.y {
			if rapid.IntRange(0, 4).Draw(t, "in") > 0 {
				rows = append(rows, i)
			}
		}
		if a, b := made.DF(rows), byRank.DF(rows); a != b {
			t.Errorf("rows %v: %v degrees of freedom by count, %v by rank", rows, a, b)
		}
	})
}
