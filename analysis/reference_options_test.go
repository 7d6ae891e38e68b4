package analysis_test

import (
	"fmt"
	"math"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
)

var _ = register(func(a answers, all map[string]study) {
	for name, s := range all {
		if !s.d.Replicated() {
			a.normal(name, s)
			a.moments("var_"+name, s, "api00", "api99")
		}
	}
	for name, s := range a.replicatedStudies(all) {
		a.moments("rep_var_"+name, s, "api00")
		a.replicateProportions(name, s)
	}
	a.ratioTotals(all["strat"])
	a.standardized(all["clus1"])
	a.counts(all["clus1"])
	a.listwise(all["srs"])
},
	left{`^rep_ciprop_logit_(jk1_clus1(_mse|_wr)?|boot_clus1) p (lo|hi)`, "a replicate has the share 0, whose logit is infinite: R's interval depends on where its iterations stop, and there is none here"},
	left{`^by_unwtd \w se`, "the number of answers is a count and has no standard error"},
)

// replicatedStudies are the designs with given replicates, and the stratified jackknife which follows from its sample.
func (a answers) replicatedStudies(all map[string]study) map[string]study {
	out := map[string]study{"jkn_strat": {all["strat"].frame, deleteOne(a.t, all["strat"].frame)}}
	for _, name := range replicated {
		out[name] = all[name]
	}
	return out
}

// normal are intervals and coefficients that R gives by default.
func (a answers) normal(name string, s study) {
	tb := table(a.t, s, whole(s), estimate.Options{DF: math.Inf(1)}, variable("", estimate.Mean, s.num("api00")), variable("", estimate.Mean, s.num("meals")))
	for j, n := range []string{"api00", "meals"} {
		e := tb.Estimate(0, j)
		a.put("confint_z_"+name, n, "col:2.5 %", e.Interval.Low)
		a.put("confint_z_"+name, n, "col:97.5 %", e.Interval.High)
		a.put("cv_"+name, n, "value", estimate.CV(e))
	}
}

// givenDF are the intervals of domains by the normal distribution, and with the degrees of freedom of the whole.
func (a answers) givenDF(name string, s study) {
	by := must[estimate.Domains](a.t)(estimate.By(s.d, s.cols["stype"]))
	api00, api99 := variable("api00", estimate.Mean, s.num("api00")), variable("api99", estimate.Mean, s.num("api99"))
	normal := table(a.t, s, by, estimate.Options{DF: math.Inf(1)}, api00, api99)
	student := table(a.t, s, by, estimate.Options{DF: s.d.DF(s.d.Order())}, api00)
	for i, dom := range by.Names {
		for j, n := range []string{"api00", "api99"} {
			in := normal.Estimate(i, j).Interval
			a.put("by_mean_"+name, dom, "ci_l."+n, in.Low)
			a.put("by_mean_"+name, dom, "ci_u."+n, in.High)
		}
		in := student.Estimate(i, 0).Interval
		a.put("by_dfci_"+name, dom, "col:2.5 %", in.Low)
		a.put("by_dfci_"+name, dom, "col:97.5 %", in.High)
	}
}

// moments are the covariance matrix and its standard errors, entry by entry.
func (a answers) moments(c string, s study, names ...string) {
	var vars []estimate.Variable
	for _, n := range names {
		vars = append(vars, variable(n, estimate.Mean, s.num(n)))
	}
	m := must[*estimate.Moments](a.t)(estimate.NewMoments(s.d, vars, s.d.Order()))
	item := 0
	for j := range names {
		for k := range names {
			item++
			e := must2(a.t, s, m.Covariance(j, k))
			a.one(c, fmt.Sprint(item), e.value, e.se)
		}
	}
}

func (a answers) replicateProportions(name string, s study) {
	ell := s.num("ell")
	none := variable("p", estimate.Share, s.where(func(i int) bool { return ell[i] == 0 }))
	for m, method := range map[string]estimate.Method{"logit": estimate.Logit, "xlogit": estimate.XLogit, "beta": estimate.BetaUncapped} {
		e := table(a.t, s, whole(s), estimate.Options{ShareInterval: method}, none).Estimate(0, 0)
		for stat, x := range map[string]float64{"est": e.Value, "se": e.SE, "lo": e.Interval.Low, "hi": e.Interval.High} {
			a.put("rep_ciprop_"+m+"_"+name, "p", stat, x)
		}
	}
}

// ratioTotals predict the pupils that were tested from the enrollment of the population.
func (a answers) ratioTotals(s study) {
	enrolled := map[string]float64{"E": 1877350, "H": 1013824, "M": 920298} // sums of enroll over all 6,194 schools
	by := must[estimate.Domains](a.t)(estimate.By(s.d, s.cols["stype"]))
	tested := variable("api.stu/enroll", estimate.Ratio, s.num("api.stu"), s.num("enroll"))
	var totals []float64
	var sum float64
	for _, n := range by.Names {
		totals = append(totals, enrolled[n])
		sum += enrolled[n]
	}
	separate := must2(a.t, s, must[estimate.Stat](a.t)(estimate.RatioTotal(s.d, tested, by, totals)))
	common := must2(a.t, s, must[estimate.Stat](a.t)(estimate.RatioTotal(s.d, tested, whole(s), []float64{sum})))
	for c, e := range map[string]valueSE{"ratio_separate_strat": separate, "ratio_common_strat": common} {
		a.put(c, "total", "value", e.value)
		a.put(c, "se", "value", e.se)
	}
}

func (a answers) standardized(s study) {
	d := must[*design.Design](a.t)(estimate.Standardize(s.d, estimate.Standard{
		Class: s.cols["stype"], Group: s.cols["sch.wide"], Target: map[string]float64{"E": 4421, "H": 755, "M": 1018},
	}))
	by := must[estimate.Domains](a.t)(estimate.By(d, s.cols["sch.wide"]))
	tb := table(a.t, study{s.frame, d}, by, estimate.Options{}, variable("api00", estimate.Mean, s.num("api00")))
	for i, dom := range by.Names {
		a.put("standardize", dom, "api00", tb.Estimate(i, 0).Value)
		a.put("standardize", dom, "se", tb.Estimate(i, 0).SE)
	}
}

// counts are the distribution function and the plain numbers of answers, which have no error.
func (a answers) counts(s study) {
	points := []float64{400, 500, 600, 650, 700, 800}
	api00 := variable("api00", estimate.Mean, s.num("api00"))
	cdf := must[*estimate.Table](a.t)(estimate.CDF(s.d, api00, points, whole(s), estimate.Options{}))
	for j, x := range points {
		a.put("cdf_clus1", fmt.Sprint(x), "value", cdf.Estimate(0, j).Value)
	}
	by := must[estimate.Domains](a.t)(estimate.By(s.d, s.cols["stype"]))
	tb := table(a.t, s, by, estimate.Options{}, api00)
	for i, dom := range by.Names {
		a.put("by_unwtd", dom, "counts", float64(tb.Estimate(i, 0).N))
	}
}

// listwise are two means over the rows that have both variables, which here takes a domain.
func (a answers) listwise(s study) {
	names := []string{"acs.k3", "acs.core"}
	vars := []estimate.Variable{variable(names[0], estimate.Mean, s.num(names[0])), variable(names[1], estimate.Mean, s.num(names[1]))}
	both := make([]bool, s.n)
	for i := range both {
		both[i] = !math.IsNaN(vars[0].Values[i]) && !math.IsNaN(vars[1].Values[i])
	}
	dom := must[estimate.Domains](a.t)(estimate.Masks(s.d, []string{"both"}, [][]bool{both}))
	a.stats("na_rm_mean_srs", s, table(a.t, s, dom, estimate.Options{}, vars...), names, false)
}
