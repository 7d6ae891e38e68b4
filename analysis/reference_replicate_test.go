package analysis_test

import (
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/replicate"
	"sipas/analysis/weight"
)

var _ = register(func(a answers, all map[string]study) {
	for name, s := range all {
		if s.d.Replicated() {
			a.replicated(name, s)
		}
	}
	a.recalibrated(all["jk1_clus1"])
	a.lonelyJackknife()

	for n, item := range map[int]string{3: "3", 7: "7", 11: "11", 19: "19", 35: "35", 51: "51", 67: "67", 99: "99"} {
		a.put("hadamard_sizes", item, "value", float64(replicate.HadamardOrder(n)))
	}
},
	left{`^(w_|design:)jk1_trim`, "R keeps all weights outside of bounds that contradict their sum; here that is a typed error: see TestTrimmedReplicates"},
	left{`^rep_mean_jkn_strat stype[EHM] deff`, "the strata fix these shares, so that their variance is zero: R has the rounding of it, see TestSharesOfStrata"},
	left{`^rep_total_mrb_clus2 api00`, "R leaves a row out of every total when one variable is missing; each total has its own rows here: see TestListwiseTotal"},
)

func (a answers) replicated(name string, s study) {
	t := a.t
	f := s.frame
	o := estimate.Options{}
	api00, api99, enroll := f.num("api00"), f.num("api99"), f.num("enroll")
	a.put("design:"+name, "degf", "design", s.d.DF(s.d.Order()))
	a.put("design:"+name, "n", "design", float64(s.d.Rows()))

	names := []string{"api00", "api99", "stypeE", "stypeH", "stypeM"}
	tb := table(t, s, whole(s), o, variable("", estimate.Mean, api00), variable("", estimate.Mean, api99),
		variable("", estimate.Share, f.is("stype", "E")), variable("", estimate.Share, f.is("stype", "H")), variable("", estimate.Share, f.is("stype", "M")))
	a.stats("rep_mean_"+name, s, tb, names, true)
	for j, n := range names {
		a.put("rep_mean_"+name, n, "deff", tb.DesignEffectWithoutReplacement(0, j))
	}
	a.stats("rep_total_"+name, s, table(t, s, whole(s), o, variable("", estimate.Total, enroll), variable("", estimate.Total, api00)), []string{"enroll", "api00"}, false)
	a.stats("rep_ratio_"+name, s, table(t, s, whole(s), o, variable("", estimate.Ratio, f.num("api.stu"), enroll)), []string{"api.stu/enroll"}, false)

	by := must[estimate.Domains](t)(estimate.By(s.d, f.cols["stype"]))
	tb = table(t, s, by, o, variable("", estimate.Mean, api00))
	for i, dom := range by.Names {
		a.put("rep_by_"+name, dom, "api00", tb.Estimate(i, 0).Value)
		a.put("rep_by_"+name, dom, "se", tb.Estimate(i, 0).SE)
	}

	stats, err := estimate.WithReplicates(s.d, "", func(w []float64) ([]float64, error) {
		var sum, y, x, squares float64
		for i, v := range w {
			sum += v
			y += v * api00[i]
			x += v * api99[i]
		}
		for i, v := range w {
			squares += v * (api00[i] - y/sum) * (api00[i] - y/sum)
		}
		n := float64(len(w))

		return []float64{y / x, n / (n - 1) * squares / sum}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for j, c := range []string{"rep_with_", "rep_var_"} {
		e := must2(t, s, stats[j])
		a.one(c+name, "1", e.value, e.se)
	}
}

func (a answers) recalibrated(s study) {
	t := a.t
	types := weight.Margin{Name: "stype", Labels: s.cols["stype"], Targets: map[string]float64{"E": 4421, "H": 755, "M": 1018}}
	wide := weight.Margin{Name: "sch.wide", Labels: s.cols["sch.wide"], Targets: map[string]float64{"No": 1072, "Yes": 5122}}
	x := stypeAnd(t, s.frame, "api99")
	weights := func(r *weight.Result, err error) ([]float64, error) {
		if err != nil {
			return nil, err
		}
		return r.Weights, nil
	}

	for name, f := range map[string]replicate.Calibration{
		"jk1_ps": func(base []float64) ([]float64, error) { return weights(weight.PostStratify(base, types)) },
		"jk1_rake": func(base []float64) ([]float64, error) {
			return weights(weight.Rake(base, []weight.Margin{types, wide}, weight.RakeRule{Tolerance: 1e-13}))
		},
		"jk1_lin": func(base []float64) ([]float64, error) {
			return weights(weight.Calibrate(base, x, []float64{6194, 755, 1018, 3914069}, []string{"all", "H", "M", "api99"}, weight.CalibrateRule{Distance: weight.Linear}))
		},
	} {
		d := must[*design.Design](t)(replicate.Recalibrate(s.d, "", f))
		w := d.Weights(0)
		want := readFrame(t, "weights/w_"+name).num("weight")
		for i := range w {
			if math.Abs(w[i]-want[i]) > 1e-9*want[i] {
				t.Errorf("%s: weight %d is %v, want %v", name, i, w[i], want[i])
				break
			}
		}
		a.weights("w_"+name, d, w)
		a.put("design:"+name, "degf", "design", d.DF(d.Order()))
		a.put("design:"+name, "n", "design", float64(d.Rows()))
		a.calibratedStats(name, study{s.frame, d})
	}
}

// stypeAnd are the model matrix's columns of R's formula ~stype + x.
func stypeAnd(t *testing.T, f frame, x string) *design.Matrix {
	t.Helper()
	rows := make([][]design.Entry, f.n)
	values, h, m := f.num(x), f.is("stype", "H"), f.is("stype", "M")
	for i := range rows {
		rows[i] = []design.Entry{{Column: 0, Value: 1}, {Column: 1, Value: h[i]}, {Column: 2, Value: m[i]}, {Column: 3, Value: values[i]}}
	}
	return must[*design.Matrix](t)(design.FromRows(4, rows))
}

func (a answers) lonelyJackknife() {
	t := a.t
	for name, policy := range map[string]design.Lonely{
		"remove": design.LonelyRemove, "certainty": design.LonelyCertainty, "adjust": design.LonelyAdjust, "average": design.LonelyAverage,
	} {
		for dn, file := range map[string]string{"lonely": "apiclus1", "lonely2": "apilonely"} {
			f := readFrame(t, file)
			stage := design.Stage{Strata: design.Strings(f.cols["dnum"])}
			if dn == "lonely2" {
				stage = design.Stage{Strata: design.Strings(f.cols["str"]), Clusters: design.Strings(f.cols["psu"])}
			}
			d := newDesign(t, design.Spec{Weights: f.num("pw"), Stages: []design.Stage{stage}, Lonely: policy})
			s := study{f, must[*design.Design](t)(replicate.Make(d, replicate.JKn, replicate.Options{}))}
			a.single("lonely_jkn_"+name+"_"+dn, "api00", s, func(int) bool { return true }, estimate.Mean, f.num("api00"), false)
		}
	}
}

// TestMadeAsR makes the replicate weights that R wrote to files.
func TestMadeAsR(t *testing.T) {
	all := studies(t)
	for name, c := range map[string]struct {
		from   string
		method replicate.Method
		opt    replicate.Options
	}{
		"jk1_clus1":     {"clus1", replicate.JK1, replicate.Options{}},
		"jk1_clus1_mse": {"clus1", replicate.JK1, replicate.Options{MSE: true}},
		"jk1_clus1_wr":  {"clus1_wr", replicate.JK1, replicate.Options{}},
		"jkn_pair":      {"pair", replicate.JKn, replicate.Options{}},
		"brr_pair":      {"pair", replicate.BRR, replicate.Options{}},
		"brr_pair_mse":  {"pair", replicate.BRR, replicate.Options{MSE: true}},
		"fay_pair":      {"pair", replicate.Fay, replicate.Options{Rho: 0.3}},
	} {
		want := all[name].d
		got := must[*design.Design](t)(replicate.Make(all[c.from].d, c.method, c.opt))
		p, q := got.Replicates(), want.Replicates()
		if math.Abs(p.Scale-q.Scale) > 1e-14 || p.MSE != q.MSE || p.Count() != q.Count() {
			t.Errorf("%s: %d replicates with scale %v, want %d with %v", name, p.Count(), p.Scale, q.Count(), q.Scale)
			continue
		}
		// The units of the jackknives come in the order of their labels here, and of their rows in R.
		if order := permutation(got, want); order == nil {
			t.Errorf("%s: R's replicates are others", name)
		} else {
			for r, at := range order {
				if math.Abs(p.RScales[r]-q.RScales[at]) > 1e-14 {
					t.Errorf("%s: rscale %d is %v, want %v", name, r, p.RScales[r], q.RScales[at])
				}
			}
		}
		if math.Abs(got.DF(got.Order())-want.DF(want.Order())) > 0 {
			t.Errorf("%s: %v degrees of freedom by count, %v by rank", name, got.DF(got.Order()), want.DF(want.Order()))
		}
	}
}

// permutation matches the replicates of two designs, each with another that has the same weights.
func permutation(a, b *design.Design) []int {
	n := a.Replicates().Count()
	var order []int
	x, y := make([]float64, a.Rows()), make([]float64, a.Rows())
	taken := make([]bool, n)
	for r := range n {
		a.ReplicateWeights(0, r, x)
		for s := range n {
			b.ReplicateWeights(0, s, y)
			if taken[s] {
				continue
			}
			if mat.EqualApprox(mat.NewVecDense(len(x), x), mat.NewVecDense(len(y), y), 1e-10) {
				taken[s] = true
				order = append(order, s)
				break
			}
		}
	}
	if len(order) < n {
		return nil
	}
	return order
}

// TestTrimmedReplicates: the weights of jk1_clus1 are all 33.85, so no weights between 20 and 33 have their sum. R's trimWeights
// returns them as they were, all outside; between 20 and 34 nothing is to be cut, in the full weights, and
// in the replicates, whose weights are 36.26, nothing can be.
func TestTrimmedReplicates(t *testing.T) {
	d := studies(t)["jk1_clus1"].d
	for _, upper := range []float64{33, 34} {
		_, err := replicate.Recalibrate(d, "", func(base []float64) ([]float64, error) {
			w, _, err := weight.Trim(base, 20, upper, false)
			return w, err
		})
		var e *weight.InputError
		if !errors.As(err, &e) || e.Field != "bounds" {
			t.Errorf("bounds 20 to %v: %v", upper, err)
		}
	}
}

// TestSharesOfStrata: the replicates of jkn_strat all have the same shares of the strata, but for rounding.
func TestSharesOfStrata(t *testing.T) {
	s := studies(t)["jkn_strat"]
	for _, level := range []string{"E", "H", "M"} {
		tb := table(t, s, whole(s), estimate.Options{}, variable("", estimate.Share, s.is("stype", level)))
		for r, v := range tb.Stat(0, 0).Replicates {
			if math.Abs(v-tb.Estimate(0, 0).Value) > 1e-14 {
				t.Errorf("share of %s in replicate %d: %v, want %v", level, r+1, v, tb.Estimate(0, 0).Value)
			}
		}
		if deff := tb.DesignEffectWithoutReplacement(0, 0); !(deff >= 0 && deff < 1e-20) {
			t.Errorf("design effect of the share of %s: %v, want zero", level, deff)
		}
	}
}

// TestListwiseTotal: over the rows where enroll is known the total of api00 is R's.
func TestListwiseTotal(t *testing.T) {
	s := studies(t)["mrb_clus2"]
	y, enroll := s.num("api00"), s.num("enroll")
	for i := range y {
		if math.IsNaN(enroll[i]) {
			y[i] = math.NaN()
		}
	}
	e := table(t, s, whole(s), estimate.Options{}, variable("", estimate.Total, y)).Estimate(0, 0)
	for _, c := range [][2]float64{{e.Value, 3375652.2500000005}, {e.SE, 838444.94077545602}} {
		if math.Abs(c[0]/c[1]-1) > 1e-9 {
			t.Errorf("%.17g, want R's %.17g", c[0], c[1])
		}
	}
}
