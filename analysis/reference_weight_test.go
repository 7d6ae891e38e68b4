package analysis_test

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/weight"
)

var _ = register(func(a answers, all map[string]study) {
	a.calibratedOtherwise(all)
	a.trimmed(all)
	a.raked(all)
})

// auxiliaries of a frame: the intercept, two types of school, and more.
func auxiliaries(f frame, more ...[]float64) (*design.Matrix, error) {
	x := [][]float64{f.is("stype", "H"), f.is("stype", "M")}
	var terms []weight.Term
	for j, v := range append(x, more...) {
		terms = append(terms, weight.Term{Name: strconv.Itoa(j), Values: v})
	}
	m, _, err := weight.Columns(f.n, true, terms...)
	return m, err
}

var typeTotals = []float64{6194, 755, 1018, 3914069}

const populationEnroll = 3811472

// sameWeights compares all weights with R's, row by row.
func (a answers) sameWeights(c, file string, w []float64) {
	a.t.Helper()
	f, err := os.Open(filepath.Join("testdata", "api", "weights", file+".csv"))
	if err != nil {
		a.t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		a.t.Fatal(err)
	}
	if len(records) != len(w)+1 {
		a.t.Fatalf("%s: %d weights for %d rows", c, len(records)-1, len(w))
	}
	for i, r := range records[1:] {
		want, err := strconv.ParseFloat(r[1], 64)
		if err != nil {
			a.t.Fatal(err)
		}
		if math.Abs(w[i]-want) > 1e-9*math.Abs(want) {
			a.t.Errorf("%s: weight %d is %.17g, want %.17g", c, i, w[i], want)
			return
		}
	}
}

func (a answers) design(name string, d *design.Design) {
	a.put("design:"+name, "degf", "design", d.DF(d.Order()))
	a.put("design:"+name, "n", "design", float64(d.Rows()))
}

// calibratedOtherwise has the calibrations beyond the common distances.
func (a answers) calibratedOtherwise(all map[string]study) {
	t := a.t
	clus1, strat := all["clus1"], all["strat"]
	base := clus1.num("pw")
	x := must[*design.Matrix](t)(auxiliaries(clus1.frame, clus1.num("api99")))
	names := []string{"(Intercept)", "stypeH", "stypeM", "api99"}
	do := must[*weight.Result](t)

	sinh := do(weight.Calibrate(base, x, typeTotals, names, weight.CalibrateRule{Distance: weight.Sinh, Lower: 1e-5, Upper: 1e5}))
	a.sameWeights("sinh2", "w_sinh2", sinh.Weights)
	a.calibratedDesign("sinh2", clus1, sinh)

	district := make([]int32, clus1.n)
	for i, v := range clus1.num("dnum") {
		district[i] = int32(v)
	}
	enroll := must[*design.Matrix](t)(allAnd(clus1.num("enroll")))
	agg := do(weight.Calibrate(base, enroll, []float64{6194, populationEnroll}, []string{"(Intercept)", "enroll"}, weight.CalibrateRule{Distance: weight.Linear, Groups: district}))
	a.sameWeights("agg1", "w_agg1", agg.Weights)
	a.calibratedDesign("agg1", clus1, agg)

	within := do(weight.Calibrate(base, x, typeTotals, names, weight.CalibrateRule{Distance: weight.Truncated, Lower: 18, Upper: 60, OnWeights: true}))
	a.sameWeights("bounds_const", "bounds_const", within.Weights)
	a.weights("bounds_const", clus1.d, within.Weights)

	bounded := do(weight.Calibrate(base, x, typeTotals, names, weight.CalibrateRule{Distance: weight.Truncated, Lower: 0.5, Upper: 2}))
	cut := do(weight.TrimFactors(bounded, 2.0/3, 1.5))
	a.sameWeights("w_trimopt", "w_trimopt", cut.Weights)
	a.weights("w_trimopt", clus1.d, cut.Weights)

	size := strat.num("enroll")
	q := make([]float64, strat.n)
	for i, v := range size {
		q[i] = 1 / v
	}
	only, columns, err := weight.Columns(strat.n, false, weight.Term{Name: "enroll", Values: size})
	if err != nil {
		t.Fatal(err)
	}
	ratio := do(weight.Calibrate(strat.num("pw"), only, []float64{populationEnroll}, columns, weight.CalibrateRule{Distance: weight.Linear, Q: q}))
	a.sameWeights("w_ratio_cal", "w_ratio_cal", ratio.Weights)
	d := must[*design.Design](t)(strat.d.Calibrated(ratio.Weights, ratio.Calibration))
	a.design("ratio_cal", d)
	a.weights("w_ratio_cal", d, ratio.Weights)
	s := study{strat.frame, d}
	a.stats("ratio_cal_total", s, table(t, s, whole(s), estimate.Options{}, variable("", estimate.Total, strat.num("api.stu"))), []string{"api.stu"}, false)
}

func allAnd(v []float64) (*design.Matrix, error) {
	m, _, err := weight.Columns(len(v), true, weight.Term{Name: "v", Values: v})
	return m, err
}

func (a answers) calibratedDesign(name string, s study, r *weight.Result) {
	d := must[*design.Design](a.t)(s.d.Calibrated(r.Weights, r.Calibration))
	a.design(name, d)
	a.weights("w_"+name, d, r.Weights)
	a.calibratedStats(name, study{s.frame, d})
}

// trimmed has weights cut after calibration, and without any.
func (a answers) trimmed(all map[string]study) {
	t := a.t
	clus1, strat := all["clus1"], all["strat"]
	x := must[*design.Matrix](t)(auxiliaries(clus1.frame, clus1.num("api99")))
	do := must[*weight.Result](t)
	linear := do(weight.Calibrate(clus1.num("pw"), x, typeTotals, []string{"(Intercept)", "stypeH", "stypeM", "api99"}, weight.CalibrateRule{Distance: weight.Linear}))
	one := do(weight.TrimCalibrated(linear, 20, 45, false))
	a.sameWeights("trim1", "w_trim1", one.Weights)
	a.calibratedDesign("trim1", clus1, one)
	a.calibratedDesign("trim2", clus1, do(weight.TrimCalibrated(linear, 20, 45, true)))

	w, _, err := weight.Trim(strat.num("pw"), 0, 40, false)
	if err != nil {
		t.Fatal(err)
	}
	a.sameWeights("trim3", "w_trim3", w)
	d := must[*design.Design](t)(strat.d.Calibrated(w, nil))
	a.design("trim3", d)
	a.weights("w_trim3", d, w)
	a.calibratedStats("trim3", study{strat.frame, d})
}

// raked has the state that one round reaches; R warns and goes on with it.
func (a answers) raked(all map[string]study) {
	s := all["clus1"]
	_, err := weight.Rake(s.num("pw"), []weight.Margin{
		{Name: "stype", Labels: s.cols["stype"], Targets: map[string]float64{"E": 4421, "H": 755, "M": 1018}},
		{Name: "sch.wide", Labels: s.cols["sch.wide"], Targets: map[string]float64{"No": 1072, "Yes": 5122}},
	}, weight.RakeRule{Tolerance: 1e-12, MaxIterations: 1})
	var unmet *weight.ConvergenceError
	if !errors.As(err, &unmet) {
		a.t.Fatalf("one round of raking: %v", err)
	}
	a.sameWeights("rake_not_converged", "rake_not_converged", unmet.Weights)
	a.weights("rake_not_converged", s.d, unmet.Weights)
}

// TestInfeasibleBoundsAreProven holds the linear programme against HiGHS, which was asked for apiclus1 with ~stype+api99:
// bounds of 0.6–1.5 and 0.6–1.55 are infeasible and 0.6–1.6 feasible. R says "Calibration failed".
func TestInfeasibleBoundsAreProven(t *testing.T) {
	f := readFrame(t, "apiclus1")
	x := must[*design.Matrix](t)(auxiliaries(f, f.num("api99")))
	names := []string{"(Intercept)", "stypeH", "stypeM", "api99"}
	for _, d := range []weight.Distance{weight.Truncated, weight.Logit, weight.Exponential, weight.Sinh} {
		for _, b := range []weight.Bounds{{Lower: 0.6, Upper: 1.5}, {Lower: 0.6, Upper: 1.55}, {Lower: 0.99, Upper: 1.01}} {
			_, err := weight.Calibrate(f.num("pw"), x, typeTotals, names, weight.CalibrateRule{Distance: d, Lower: b.Lower, Upper: b.Upper})
			var e *weight.InfeasibleError
			if !errors.As(err, &e) {
				t.Fatalf("%s with %v: %v", d, b, err)
			}
			if b.Lower == 0.6 && (e.Raise == nil || e.Raise.Lower != 0.6 || !(e.Raise.Upper > 1.55 && e.Raise.Upper < 1.6)) {
				t.Errorf("%s with %v: raising the upper bound to %v", d, b, e.Raise)
			}
			if len(e.Set) == 0 || len(e.Set) == len(names) && b.Lower == 0.6 {
				t.Errorf("%s with %v: the set is %v", d, b, e.Set)
			}
		}
		r, err := weight.Calibrate(f.num("pw"), x, typeTotals, names, weight.CalibrateRule{Distance: d, Lower: 0.6, Upper: 1.6})
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		if r.Diagnostics.MinFactor < 0.6-1e-12 || r.Diagnostics.MaxFactor > 1.6+1e-12 {
			t.Errorf("%s: factors %v to %v", d, r.Diagnostics.MinFactor, r.Diagnostics.MaxFactor)
		}
	}
}
