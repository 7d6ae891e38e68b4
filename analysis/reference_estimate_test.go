package analysis_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/weight"
)

var _ = register(func(a answers, all map[string]study) {
	for name, s := range all {
		if !s.d.Replicated() {
			a.simple(name, s)
		}
	}
	for _, name := range []string{"srs", "strat", "clus1", "clus2", "pair"} {
		a.proportions(name, all[name])
	}
	for _, name := range []string{"srs", "strat", "clus1", "clus2"} {
		a.domains(name, all[name])
		a.givenDF(name, all[name])
	}
	a.contrasts(all)
	a.lonely(all)
	a.calibrated(all)
	a.rest(all)
},
	left{`^ciprop_ell0_asin_clus1 p lo`, "R leaves the branch of the sine on which it rises; the bound is zero here"},
	left{`^ciprop_zero_logit_clus1 `, "R's iterations stop far from the logit of zero, which is infinite; the share is 0 here and has no logit interval"},
	left{`^ciprop_zero_beta_clus1 p (lo|hi)`, "R has no interval for a share of 0; Clopper and Pearson's one-sided end is here (TestIntervalsAtTheEdge)"},
	left{`^ciprop_90_beta_strat p (lo|hi)`, "R's 0.5 for a share without sampling error; the interval is the point here"},
)

func variable(name string, k estimate.Kind, y []float64, x ...[]float64) estimate.Variable {
	v := estimate.Variable{Name: name, Kind: k, Values: y}
	if len(x) > 0 {
		v.Denominator = x[0]
	}
	return v
}

func table(t *testing.T, s study, d estimate.Domains, opt estimate.Options, vars ...estimate.Variable) *estimate.Table {
	t.Helper()
	return must[*estimate.Table](t)(estimate.Compute(s.d, vars, d, opt))
}

func whole(s study) estimate.Domains { return estimate.Whole(s.d, "all") }

// stats records value, se and, asked for, covariances of one row of a table.
func (a answers) stats(c string, s study, tb *estimate.Table, names []string, cov bool) {
	var all []estimate.Stat
	for j, n := range names {
		e := tb.Estimate(0, j)
		a.put(c, n, "est", e.Value)
		a.put(c, n, "se", e.SE)
		all = append(all, tb.Stat(0, j))
	}
	if !cov {
		return
	}
	v, err := estimate.Covariance(s.d, all)
	if err != nil {
		a.t.Fatal(err)
	}
	for i := range names {
		for j := 0; j <= i; j++ {
			a.put(c, names[i]+" | "+names[j], "cov", v.At(i, j))
		}
	}
}

func (a answers) simple(name string, s study) {
	t := a.t
	f := s.frame
	all := whole(s)
	o := estimate.Options{}
	api00, api99, meals, ell, enroll, apistu := f.num("api00"), f.num("api99"), f.num("meals"), f.num("ell"), f.num("enroll"), f.num("api.stu")
	a.put("design:"+name, "degf", "design", s.d.DF(s.d.Order()))
	a.put("design:"+name, "n", "design", float64(s.d.Rows()))

	tb := table(t, s, all, o, variable("api00", estimate.Mean, api00))
	a.stats("mean_api00_"+name, s, tb, []string{"api00"}, false)
	a.put("mean_api00_"+name, "api00", "deff", tb.DesignEffectWithoutReplacement(0, 0))

	names := []string{"api00", "api99", "meals", "ell"}
	tb = table(t, s, all, o, variable("", estimate.Mean, api00), variable("", estimate.Mean, api99), variable("", estimate.Mean, meals), variable("", estimate.Mean, ell))
	a.stats("mean_multi_"+name, s, tb, names, true)

	tb = table(t, s, all, o, variable("", estimate.Total, enroll))
	a.stats("total_enroll_"+name, s, tb, []string{"enroll"}, false)
	a.put("total_enroll_"+name, "enroll", "deff", tb.DesignEffectWithoutReplacement(0, 0))

	names = []string{"api00", "api99", "stypeE", "stypeH", "stypeM"}
	tb = table(t, s, all, o, variable("", estimate.Total, api00), variable("", estimate.Total, api99),
		variable("", estimate.Total, f.is("stype", "E")), variable("", estimate.Total, f.is("stype", "H")), variable("", estimate.Total, f.is("stype", "M")))
	a.stats("total_multi_"+name, s, tb, names, true)

	var vars []estimate.Variable
	names = nil
	for _, p := range [][2]string{{"stype", "E"}, {"stype", "H"}, {"stype", "M"}, {"sch.wide", "No"}, {"sch.wide", "Yes"}} {
		names = append(names, p[0]+p[1])
		vars = append(vars, variable("", estimate.Share, f.is(p[0], p[1])))
	}
	a.stats("mean_factor_"+name, s, table(t, s, all, o, vars...), names, true)

	vars, names = nil, nil
	both := f.labels("stype", "comp.imp")
	for _, imp := range []string{"No", "Yes"} {
		for _, st := range []string{"E", "H", "M"} {
			names = append(names, "interaction(stype, comp.imp)"+st+"."+imp)
			vars = append(vars, variable("", estimate.Mean, f.where(func(i int) bool { return both[i] == st+"."+imp })))
		}
	}
	tb = table(t, s, all, o, vars...)
	a.stats("mean_interact_"+name, s, tb, names, false)
	for j, n := range names {
		a.put("mean_interact_"+name, n, "deff", tb.DesignEffectWithoutReplacement(0, j))
	}
	for c, k := range map[string]estimate.Kind{"mean_deffreplace_": estimate.Mean, "total_deffreplace_": estimate.Total} {
		tb = table(t, s, all, o, variable("", k, api00), variable("", k, meals))
		a.stats(c+name, s, tb, []string{"api00", "meals"}, false)
		for j, n := range []string{"api00", "meals"} {
			a.put(c+name, n, "deff", tb.Estimate(0, j).DesignEffect)
			if k == estimate.Mean {
				a.put("confint_t_"+name, n, "col:2.5 %", tb.Estimate(0, j).Interval.Low)
				a.put("confint_t_"+name, n, "col:97.5 %", tb.Estimate(0, j).Interval.High)
			}
		}
	}
	tb = table(t, s, all, o, variable("", estimate.Ratio, api00, api99))
	a.stats("ratio_"+name, s, tb, []string{"api00/api99"}, false)
	a.put("ratio_"+name, "api00/api99", "deff", tb.DesignEffectWithoutReplacement(0, 0))
	a.stats("ratio_na_"+name, s, table(t, s, all, o, variable("", estimate.Ratio, apistu, enroll)), []string{"api.stu/enroll"}, false)
	a.stats("ratio_multi_"+name, s, table(t, s, all, o, variable("", estimate.Ratio, api00, api99), variable("", estimate.Ratio, meals, api99),
		variable("", estimate.Ratio, api00, ell), variable("", estimate.Ratio, meals, ell)),
		[]string{"api00/api99", "meals/api99", "api00/ell", "meals/ell"}, false)
}

func (a answers) proportions(name string, s study) {
	f := s.frame
	ell := f.num("ell")
	for m, method := range map[string]estimate.Method{
		"logit": estimate.Logit, "likelihood": estimate.Likelihood, "asin": estimate.Asin, "beta": estimate.BetaUncapped,
		"mean": estimate.T, "xlogit": estimate.XLogit, "wilson": estimate.Wilson,
	} {
		for c, v := range map[string]struct {
			y     []float64
			level float64
		}{
			"ciprop_ell0_":   {f.where(func(i int) bool { return ell[i] == 0 }), 0.95},
			"ciprop_awards_": {f.is("awards", "Yes"), 0.95},
			"ciprop_90_":     {f.is("stype", "M"), 0.90},
		} {
			tb := table(a.t, s, whole(s), estimate.Options{ShareInterval: method, Level: v.level}, variable("", estimate.Share, v.y))
			e := tb.Estimate(0, 0)
			for stat, x := range map[string]float64{"est": e.Value, "se": e.SE, "lo": e.Interval.Low, "hi": e.Interval.High} {
				a.put(c+m+"_"+name, "p", stat, x)
			}
		}
	}
}

func (a answers) domains(name string, s study) {
	t := a.t
	f := s.frame
	by := must[estimate.Domains](t)(estimate.By(s.d, f.cols["stype"]))
	tb := table(t, s, by, estimate.Options{}, variable("", estimate.Mean, f.num("api00")), variable("", estimate.Mean, f.num("api99")),
		variable("", estimate.Total, f.num("enroll")), variable("", estimate.Ratio, f.num("api00"), f.num("api99")),
		variable("", estimate.Share, f.is("awards", "No")), variable("", estimate.Share, f.is("awards", "Yes")))
	ell := f.num("ell")
	shares := table(t, s, by, estimate.Options{ShareInterval: estimate.XLogit}, variable("", estimate.Share, f.where(func(i int) bool { return ell[i] > 20 })))
	var stats []estimate.Stat
	for i, dom := range by.Names {
		for j, n := range []string{"api00", "api99"} {
			e := tb.Estimate(i, j)
			c := "by_mean_" + name
			a.put(c, dom, n, e.Value)
			a.put(c, dom, "se."+n, e.SE)
			a.put(c, dom, "var."+n, e.SE*e.SE)
			a.put(c, dom, "cv."+n, e.SE/e.Value)
			a.put(c, dom, "cv%."+n, 100*e.SE/e.Value)
		}
		e := tb.Estimate(i, 0)
		stats = append(stats, tb.Stat(i, 0))
		for _, c := range []string{"by_mean_deff_", "by_covmat_"} {
			a.put(c+name, dom, "api00", e.Value)
			a.put(c+name, dom, "se", e.SE)
		}
		a.put("by_mean_deff_"+name, dom, "DEff.api00", tb.DesignEffectWithoutReplacement(i, 0))
		e = tb.Estimate(i, 2)
		a.put("by_total_"+name, dom, "enroll", e.Value)
		a.put("by_total_"+name, dom, "se", e.SE)
		e = tb.Estimate(i, 3)
		a.put("by_ratio_"+name, dom, "api00/api99", e.Value)
		a.put("by_ratio_"+name, dom, "se.api00/api99", e.SE)
		for j, n := range []string{"awardsNo", "awardsYes"} {
			e = tb.Estimate(i, 4+j)
			a.put("by_factor_"+name, dom, n, e.Value)
			a.put("by_factor_"+name, dom, "se."+n, e.SE)
		}
		e = shares.Estimate(i, 0)
		c := "by_ciprop_" + name
		a.put(c, dom, "I(ell > 20)", e.Value)
		a.put(c, dom, "ci_l", e.Interval.Low)
		a.put(c, dom, "ci_u", e.Interval.High)
	}
	v, err := estimate.Covariance(s.d, stats)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range by.Names {
		for j, y := range by.Names[:i+1] {
			a.put("by_covmat_"+name, x+" | "+y, "cov", v.At(i, j))
		}
	}
	by = must[estimate.Domains](t)(estimate.By(s.d, f.labels("stype", "sch.wide")))
	tb = table(t, s, by, estimate.Options{}, variable("", estimate.Mean, f.num("api00")))
	for i, dom := range by.Names {
		a.put("by_mean_2_"+name, dom, "api00", tb.Estimate(i, 0).Value)
		a.put("by_mean_2_"+name, dom, "se", tb.Estimate(i, 0).SE)
	}
}

func (a answers) one(c, item string, e, se float64) {
	a.put(c, item, "est", e)
	a.put(c, item, "se", se)
}

func (a answers) single(c, item string, s study, mask func(i int) bool, k estimate.Kind, y []float64, deff bool) {
	m := make([]bool, s.n)
	for i := range m {
		m[i] = mask(i)
	}
	dom := must[estimate.Domains](a.t)(estimate.Masks(s.d, []string{c}, [][]bool{m}))
	tb := table(a.t, s, dom, estimate.Options{}, variable(item, k, y))
	e := tb.Estimate(0, 0)
	a.one(c, item, e.Value, e.SE)
	if deff {
		a.put(c, item, "deff", tb.DesignEffectWithoutReplacement(0, 0))
	}
}

func (a answers) contrasts(all map[string]study) {
	t := a.t
	s := all["clus1"]
	by := must[estimate.Domains](t)(estimate.By(s.d, s.cols["stype"]))
	tb := table(t, s, by, estimate.Options{}, variable("", estimate.Mean, s.num("api00")))
	e, h, m := tb.Stat(0, 0), tb.Stat(1, 0), tb.Stat(2, 0)
	names := []string{"EvsH", "avg"}
	lin := []estimate.Stat{
		estimate.Linear(0, estimate.Term{Coefficient: 1, Stat: e}, estimate.Term{Coefficient: -1, Stat: h}),
		estimate.Linear(0, estimate.Term{Coefficient: .5, Stat: e}, estimate.Term{Coefficient: .5, Stat: h}, estimate.Term{Coefficient: -1, Stat: m}),
	}
	v, err := estimate.Covariance(s.d, lin)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range names {
		est := must2(t, s, lin[i])
		a.one("contrast_lin", n, est.value, est.se)
		for j := range i + 1 {
			a.put("contrast_lin", n+" | "+names[j], "cov", v.At(i, j))
		}
	}
	totals := table(t, s, whole(s), estimate.Options{}, variable("", estimate.Total, s.num("api00")), variable("", estimate.Total, s.num("api99")))
	r := must2(t, s, estimate.Delta(func(x []estimate.Dual) estimate.Dual { return x[0].Div(x[1]) }, totals.Stat(0, 0), totals.Stat(0, 1)))
	a.put("contrast_ratio_equal", "contrast", "value", r.value)
	a.put("contrast_ratio_equal", "contrast", "value#2", r.se)

	s = all["strat"]
	tb = table(t, s, whole(s), estimate.Options{}, variable("", estimate.Mean, s.num("api00")), variable("", estimate.Mean, s.num("api99")))
	d := must2(t, s, estimate.Linear(0, estimate.Term{Coefficient: 1, Stat: tb.Stat(0, 0)}, estimate.Term{Coefficient: -1, Stat: tb.Stat(0, 1)}))
	a.one("contrast_lin_strat", "diff", d.value, d.se)
	totals = table(t, s, whole(s), estimate.Options{}, variable("", estimate.Total, s.num("api00")), variable("", estimate.Total, s.num("api99")))
	d = must2(t, s, estimate.Delta(func(x []estimate.Dual) estimate.Dual { return x[0].Log().Sub(x[1].Log()) }, totals.Stat(0, 0), totals.Stat(0, 1)))
	a.one("contrast_nonlin", "contrast", d.value, d.se)

	s = all["clus2"]
	logs := s.num("api00")
	for i := range logs {
		logs[i] = math.Log(logs[i])
	}
	tb = table(t, s, whole(s), estimate.Options{}, variable("", estimate.Mean, logs))
	d = must2(t, s, estimate.Delta(func(x []estimate.Dual) estimate.Dual { return x[0].Exp() }, tb.Stat(0, 0)))
	a.one("contrast_geomean", "contrast", d.value, d.se)
}

type valueSE struct{ value, se float64 }

func must2(t *testing.T, s study, st estimate.Stat) valueSE {
	t.Helper()
	e, err := estimate.Of(s.d, st, "test", estimate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return valueSE{e.Value, e.SE}
}

func (a answers) lonely(all map[string]study) {
	t := a.t
	clus1, pair := readFrame(t, "apiclus1"), readFrame(t, "apilonely")
	for name, policy := range map[string]design.Lonely{
		"fail": design.LonelyFail, "remove": design.LonelyRemove, "certainty": design.LonelyCertainty,
		"adjust": design.LonelyAdjust, "average": design.LonelyAverage,
	} {
		for dn, f := range map[string]frame{"lonely": clus1, "lonely2": pair} {
			stage := design.Stage{Strata: design.Strings(f.cols["dnum"])}
			first := "413"
			if dn == "lonely2" {
				stage = design.Stage{Strata: design.Strings(f.cols["str"]), Clusters: design.Strings(f.cols["psu"])}
				first = "3"
			}
			d, err := design.New(design.Spec{Weights: f.num("pw"), Stages: []design.Stage{stage}, Lonely: policy})
			if policy == design.LonelyFail {
				var lonely *design.LonelyError
				if !errors.As(err, &lonely) || lonely.Stage != 1 || len(lonely.Strata) != 1 || lonely.Strata[0] != first {
					t.Errorf("lonely stratum of %s: %v", dn, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			s := study{f, d}
			a.put("design:"+dn, "degf", "design", d.DF(d.Order()))
			a.put("design:"+dn, "n", "design", float64(d.Rows()))
			everywhere := func(int) bool { return true }
			a.single("lonely_mean_"+name+"_"+dn, "api00", s, everywhere, estimate.Mean, f.num("api00"), false)
			a.single("lonely_total_"+name+"_"+dn, "api00", s, everywhere, estimate.Total, f.num("api00"), false)
			if dn == "lonely2" {
				a.single("lonely_domain_noadj_"+name, "api00", s, func(i int) bool {
					return !(f.cols["str"][i] == "7" && f.cols["psu"][i] == "1")
				}, estimate.Mean, f.num("api00"), false)
			}
		}
	}
}

func (a answers) calibrated(all map[string]study) {
	t := a.t
	types := map[string]float64{"E": 4421, "H": 755, "M": 1018}
	wide := map[string]float64{"No": 1072, "Yes": 5122}
	joint := map[string]float64{"E.No": 472, "E.Yes": 3949, "H.No": 334, "H.Yes": 421, "M.No": 266, "M.Yes": 752}
	imp := map[string]float64{"No": 1712, "Yes": 4482}
	tight := weight.RakeRule{Tolerance: 1e-14}
	margin := func(f frame, targets map[string]float64, names ...string) weight.Margin {
		return weight.Margin{Name: strings.Join(names, "+"), Labels: f.labels(names...), Targets: targets}
	}
	clus1, srs := all["clus1"], all["srs"]
	base := clus1.num("pw")
	matrix := func(f frame, vars ...string) *design.Matrix {
		rows := make([][]design.Entry, f.n)
		for i := range rows {
			rows[i] = []design.Entry{{Column: 0, Value: 1}}
			for j, v := range []string{"H", "M"} {
				if f.cols["stype"][i] == v {
					rows[i] = append(rows[i], design.Entry{Column: 1 + j, Value: 1})
				}
			}
			for j, v := range vars {
				x := f.num("api99")[i]
				if v == "sch.wide" {
					x = f.is("sch.wide", "Yes")[i]
				}
				rows[i] = append(rows[i], design.Entry{Column: 3 + j, Value: x})
			}
		}
		return must[*design.Matrix](t)(design.FromRows(3+len(vars), rows))
	}
	totals := map[string][]float64{"": {6194, 755, 1018}, "api99": {6194, 755, 1018, 3914069}, "sch.wide": {6194, 755, 1018, 5122}}
	calibrate := func(f frame, b []float64, extra string, rule weight.CalibrateRule) (*weight.Result, error) {
		var vars []string
		if extra != "" {
			vars = []string{extra}
		}
		names := []string{"all", "H", "M", extra}[:3+len(vars)]
		return weight.Calibrate(b, matrix(f, vars...), totals[extra], names, rule)
	}
	q := make([]float64, clus1.n)
	for i, v := range clus1.num("api99") {
		q[i] = 1 / v
	}
	var clus2base = all["clus2"].d.Weights(0)
	do := must[*weight.Result](t)

	for name, c := range map[string]struct {
		s    study
		file string
		r    *weight.Result
	}{
		"ps1":       {clus1, "clus1", do(weight.PostStratify(base, margin(clus1.frame, types, "stype")))},
		"ps1j":      {clus1, "clus1", do(weight.PostStratify(base, margin(clus1.frame, joint, "stype", "sch.wide")))},
		"psstrat":   {srs, "srs", do(weight.PostStratify(srs.num("pw"), margin(srs.frame, types, "stype")))},
		"rk1":       {clus1, "clus1", do(weight.Rake(base, []weight.Margin{margin(clus1.frame, types, "stype"), margin(clus1.frame, wide, "sch.wide")}, tight))},
		"rk2":       {clus1, "clus1", do(weight.Rake(base, []weight.Margin{margin(clus1.frame, joint, "stype", "sch.wide"), margin(clus1.frame, imp, "comp.imp")}, tight))},
		"lin1":      {clus1, "clus1", do(calibrate(clus1.frame, base, "", weight.CalibrateRule{Distance: weight.Linear}))},
		"lin2":      {clus1, "clus1", do(calibrate(clus1.frame, base, "api99", weight.CalibrateRule{Distance: weight.Linear}))},
		"lin2b":     {clus1, "clus1", do(calibrate(clus1.frame, base, "api99", weight.CalibrateRule{Distance: weight.Linear, Lower: 0.6, Upper: 1.7}))},
		"rak2":      {clus1, "clus1", do(calibrate(clus1.frame, base, "api99", weight.CalibrateRule{Distance: weight.Exponential}))},
		"log2":      {clus1, "clus1", do(calibrate(clus1.frame, base, "api99", weight.CalibrateRule{Distance: weight.Logit, Lower: 0.6, Upper: 1.7}))},
		"raks":      {clus1, "clus1", do(calibrate(clus1.frame, base, "sch.wide", weight.CalibrateRule{Distance: weight.Exponential}))},
		"lins":      {clus1, "clus1", do(calibrate(clus1.frame, base, "sch.wide", weight.CalibrateRule{Distance: weight.Linear}))},
		"het2":      {clus1, "clus1", do(calibrate(clus1.frame, base, "api99", weight.CalibrateRule{Distance: weight.Linear, Q: q}))},
		"reg_strat": {all["strat"], "strat", do(calibrate(all["strat"].frame, all["strat"].num("pw"), "api99", weight.CalibrateRule{Distance: weight.Linear}))},
		"lin_clus2": {all["clus2"], "clus2", do(calibrate(all["clus2"].frame, clus2base, "api99", weight.CalibrateRule{Distance: weight.Linear}))},
	} {
		for i, w := range readFrame(t, "weights_"+c.file).num(name) {
			if math.Abs(c.r.Weights[i]-w) > 1e-9*w {
				t.Errorf("%s: weight %d is %v, want %v", name, i, c.r.Weights[i], w)
				break
			}
		}
		d := must[*design.Design](t)(c.s.d.Calibrated(c.r.Weights, c.r.Calibration))
		a.weights("w_"+name, d, c.r.Weights)
		a.put("design:"+name, "degf", "design", d.DF(d.Order()))
		a.put("design:"+name, "n", "design", float64(d.Rows()))
		a.calibratedStats(name, study{c.s.frame, d})
	}
	a.trims(all, do(calibrate(clus1.frame, base, "api99", weight.CalibrateRule{Distance: weight.Linear})).Weights)

	// R says no more than "Calibration failed"; the bounds are truly infeasible.
	for _, bounds := range [][2]float64{{0.6, 1.5}, {0.99, 1.01}} {
		_, err := calibrate(clus1.frame, base, "api99", weight.CalibrateRule{Distance: weight.Linear, Lower: bounds[0], Upper: bounds[1]})
		var m *weight.MarginError
		var c *weight.ConvergenceError
		if !errors.As(err, &m) && !errors.As(err, &c) {
			t.Errorf("bounds %v: %v", bounds, err)
		}
	}
}

func (a answers) weights(c string, d *design.Design, w []float64) {
	low, high, sum, squares := math.Inf(1), math.Inf(-1), 0.0, 0.0
	for _, v := range w {
		low, high = math.Min(low, v), math.Max(high, v)
		sum += v
		squares += v * v
	}
	for item, v := range map[string]float64{"sum": sum, "min": low, "max": high, "sumsq": squares} {
		a.put(c, item, "weights", v)
	}
	a.put(c, "degf", "df", d.DF(d.Order()))
}

func (a answers) calibratedStats(name string, s study) {
	f := s.frame
	o := estimate.Options{}
	tb := table(a.t, s, whole(s), o, variable("", estimate.Mean, f.num("api00")), variable("", estimate.Mean, f.num("api99")),
		variable("", estimate.Share, f.is("stype", "E")), variable("", estimate.Share, f.is("stype", "H")), variable("", estimate.Share, f.is("stype", "M")))
	a.stats("cal_mean_"+name, s, tb, []string{"api00", "api99", "stypeE", "stypeH", "stypeM"}, true)
	a.stats("cal_total_"+name, s, table(a.t, s, whole(s), o, variable("", estimate.Total, f.num("enroll"))), []string{"enroll"}, false)
	a.stats("cal_ratio_"+name, s, table(a.t, s, whole(s), o, variable("", estimate.Ratio, f.num("api.stu"), f.num("enroll"))), []string{"api.stu/enroll"}, false)
	by := must[estimate.Domains](a.t)(estimate.By(s.d, f.cols["sch.wide"]))
	tb = table(a.t, s, by, o, variable("", estimate.Mean, f.num("api00")))
	for i, dom := range by.Names {
		a.put("cal_by_"+name, dom, "api00", tb.Estimate(i, 0).Value)
		a.put("cal_by_"+name, dom, "se", tb.Estimate(i, 0).SE)
	}
}

func (a answers) trims(all map[string]study, lin2 []float64) {
	t := a.t
	w, _, err := weight.Trim(lin2, 20, 45, false)
	if err != nil {
		t.Fatal(err)
	}
	a.weights("w_trim1", all["clus1"].d, w)
	w, _, err = weight.Trim(all["strat"].num("pw"), 0, 40, false)
	if err != nil {
		t.Fatal(err)
	}
	a.weights("w_trim3", all["strat"].d, w)
}

func (a answers) rest(all map[string]study) {
	t := a.t
	clus1, clus2, strat, srs := all["clus1"], all["clus2"], all["strat"], all["srs"]
	ell := clus1.num("ell")
	df := func(name string, in func(i int) bool) {
		var rows []int
		for i := range clus1.n {
			if in(i) {
				rows = append(rows, i)
			}
		}
		a.put("domain_degf_clus1", name, "value", clus1.d.DF(rows))
	}
	df("all", func(int) bool { return true })
	df("H", func(i int) bool { return clus1.cols["stype"][i] == "H" })
	df("lowell", func(i int) bool { return ell[i] < 5 })
	a.single("domain_mean_clus1", "api00", clus1, func(i int) bool {
		return clus1.cols["comp.imp"][i] == "Yes" && clus1.cols["stype"][i] == "E"
	}, estimate.Mean, clus1.num("api00"), true)
	a.single("domain_total_clus2", "enroll", clus2, func(i int) bool { return clus2.cols["stype"][i] == "H" }, estimate.Total, clus2.num("enroll"), true)
	ellStrat := strat.num("ell")
	a.single("domain_mean_strat_small", "api00", strat, func(i int) bool { return strat.cols["stype"][i] != "H" && ellStrat[i] > 40 }, estimate.Mean, strat.num("api00"), true)
	a.single("ultimate_cluster_clus2", "api00", all["clus2_ultimate"], func(int) bool { return true }, estimate.Mean, clus2.num("api00"), false)

	k3 := table(t, srs, whole(srs), estimate.Options{}, variable("", estimate.Mean, srs.num("acs.k3"))).Estimate(0, 0)
	for _, c := range []string{"na_rm_each_srs", "na_subset_equal_srs"} {
		a.put(c, "acs.k3", "value", k3.Value)
		a.put(c, "", "value", k3.SE)
	}
	p := must[estimate.Domains](t)(estimate.Masks(clus1.d, []string{"all"}, [][]bool{make([]bool, clus1.n)}))
	for i := range clus1.n {
		p.Rows[0] = append(p.Rows[0], clus1.d.Order()[i])
	}
	zero := table(t, clus1, p, estimate.Options{ShareInterval: estimate.BetaUncapped}, variable("", estimate.Share, make([]float64, clus1.n))).Estimate(0, 0)
	for stat, x := range map[string]float64{"est": zero.Value, "se": zero.SE, "lo": zero.Interval.Low, "hi": zero.Interval.High} {
		a.put("ciprop_zero_beta_clus1", "p", stat, x)
	}
	for m, method := range map[string]estimate.Method{"mean": estimate.T, "xlogit": estimate.XLogit} {
		opt := estimate.Options{ShareInterval: method, DF: math.Inf(1)}
		e := table(t, clus1, whole(clus1), opt, variable("", estimate.Share, clus1.where(func(i int) bool { return ell[i] == 0 }))).Estimate(0, 0)
		for stat, x := range map[string]float64{"est": e.Value, "se": e.SE, "lo": e.Interval.Low, "hi": e.Interval.High} {
			a.put("ciprop_inf_"+m+"_clus1", "p", stat, x)
		}
	}
}

// TestRakingResiduals shows where the difference to R in rk2 comes from: R takes
// ten alternating projections on the margins, the limit of which is what is used here.
func TestRakingResiduals(t *testing.T) {
	f := readFrame(t, "apiclus1")
	base, y := f.num("pw"), f.num("api00")
	margins := [][]string{f.labels("stype", "sch.wide"), f.cols["comp.imp"]}
	r, err := weight.Rake(base, []weight.Margin{
		{Name: "joint", Labels: margins[0], Targets: map[string]float64{"E.No": 472, "E.Yes": 3949, "H.No": 334, "H.Yes": 421, "M.No": 266, "M.Yes": 752}},
		{Name: "imp", Labels: margins[1], Targets: map[string]float64{"No": 1712, "Yes": 4482}},
	}, weight.RakeRule{Tolerance: 1e-14})
	if err != nil {
		t.Fatal(err)
	}
	stage := design.Stage{Clusters: design.Strings(f.cols["dnum"]), Population: f.num("fpc")}
	d := newDesign(t, design.Spec{Weights: r.Weights, Stages: []design.Stage{stage}})
	calibrated := must[*design.Design](t)(d.Calibrated(r.Weights, r.Calibration))
	exact := table(t, study{f, calibrated}, estimate.Whole(d, "all"), estimate.Options{}, variable("", estimate.Mean, y)).Estimate(0, 0)

	se := func(rounds int) float64 {
		z := make([]float64, f.n)
		for i := range z {
			z[i] = r.Weights[i] * (y[i] - exact.Value) / exact.Population
		}
		for range rounds {
			for _, m := range margins {
				num, den := map[string]float64{}, map[string]float64{}
				for i, l := range m {
					num[l] += base[i] * z[i] / r.Weights[i]
					den[l] += base[i]
				}
				for i, l := range m {
					z[i] -= r.Weights[i] * num[l] / den[l]
				}
			}
		}
		v, err := d.Variance(design.Form{{Rows: d.Order(), Values: pick(z, d.Order())}})
		if err != nil {
			t.Fatal(err)
		}
		return math.Sqrt(v)
	}
	const fromR = 22.730709947587385
	if got := se(10); math.Abs(got/fromR-1) > 1e-9 {
		t.Errorf("ten projections: %.17g, want R's %.17g", got, fromR)
	}
	if got := se(1000); math.Abs(got/exact.SE-1) > 1e-12 {
		t.Errorf("a thousand projections: %.17g, want the exact projection's %.17g", got, exact.SE)
	}
}

func pick(x []float64, rows []int) []float64 {
	out := make([]float64, len(rows))
	for i, r := range rows {
		out[i] = x[r]
	}
	return out
}
