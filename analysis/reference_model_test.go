package analysis_test

import (
	"math"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"sipas/analysis/design"
	"sipas/analysis/formula"
	"sipas/analysis/model"
	"sipas/analysis/quadform"
)

var _ = register(func(a answers, all map[string]study) {
	all["jkn_strat"] = study{all["strat"].frame, a.jackknifeOfStrata(all["strat"])}
	quasi := map[string]string{"quasibin": "quasibinomial", "binprobit": "quasibinomial(link = \"probit\")", "quasipois": "quasipoisson", "gamma": "Gamma(log)"}
	for _, name := range []string{"srs", "strat", "clus1", "clus2"} {
		s := all[name]
		a.fitted("glm_gauss_"+name, a.glm(s, "api00 ~ ell + meals + mobility", "gaussian", nil))
		a.fitted("glm_gauss_fac_"+name, a.glm(s, "api00 ~ stype * meals", "gaussian", nil))
		a.fitted("glm_quasibin_"+name, a.glm(s, "sch.wide ~ ell + meals + mobility", quasi["quasibin"], nil))
		a.fitted("glm_binprobit_"+name, a.glm(s, "sch.wide ~ ell + meals", quasi["binprobit"], nil))
		a.fitted("glm_quasipois_"+name, a.glm(s, "ell ~ meals + stype", quasi["quasipois"], nil))
		a.fitted("glm_gamma_"+name, a.glm(s, "api00 ~ meals", quasi["gamma"], nil))
		a.ordinal("olr_"+name, s, "meals + ell", model.Logit)
	}
	clus2, clus1 := all["clus2"], all["clus1"]
	a.ordinal("olr_probit_clus2", clus2, "meals", model.Probit)
	a.ordinal("olr_cloglog_clus1", clus1, "meals", model.Loglog)
	inE := make([]bool, clus2.n)
	for i, v := range clus2.cols["stype"] {
		inE[i] = v == "E"
	}
	a.fitted("glm_domain", a.glm(clus2, "api00 ~ ell + meals", "gaussian", inE))
	mean := a.glm(clus1, "api00 ~ 1", "gaussian", nil).Coefficients[0]
	a.have["glm_influence_mean\x00(Intercept)\x00value"] = mean.Estimate
	a.have["glm_influence_mean\x00(Intercept)\x00value#2"] = mean.SE
	a.modelTests(clus2)

	for _, name := range append([]string{"jkn_strat"}, replicated...) {
		a.fitted("rep_glm_"+name, a.glm(all[name], "api00 ~ ell + meals", "gaussian", nil))
		a.fitted("rep_glmb_"+name, a.glm(all[name], "sch.wide ~ ell + meals", "quasibinomial", nil))
	}
	a.ordinal("rep_olr_brr", all["brr_pair"], "meals", model.Logit)
},
	left{`^glm_binprobit_\w+ .* (se|t|p|lo|hi|cov)$`, "R stops when the deviance is still, with the information of the step before: good to 1e-7; the limit is used here (TestRStopsEarly)"},
	left{`^glm_gamma_srs \S+ p$`, "p-values of 1e-44 and 1e-285, in which R's early stop shows: the limit is used here (TestRStopsEarly)"},
)

// data are the columns of a file: numeric where everything is a number, and text otherwise. An empty field is missing.
func (f frame) data() *formula.Columns {
	f.t.Helper()
	out := formula.NewColumns(f.n)
	for name, values := range f.cols {
		numeric := true
		for _, v := range values {
			if _, err := strconv.ParseFloat(v, 64); v != "" && err != nil {
				numeric = false
			}
		}
		var err error
		if numeric {
			err = out.AddNumbers(name, f.num(name))
		} else {
			err = out.AddTexts(name, values, func(s string) bool { return s == "" })
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
	return out
}

func (a answers) glm(s study, text, family string, in []bool) *model.GLMFit {
	a.t.Helper()
	fm := must[*formula.Formula](a.t)(formula.Parse(text))
	fam := must[model.Family](a.t)(model.ParseFamily(family))
	return must[*model.GLMFit](a.t)(model.GLM(s.d, fm, s.data(), fam, model.Options{Rows: in}))
}

func (a answers) fitted(c string, f *model.GLMFit) {
	for i, k := range f.Coefficients {
		for stat, v := range map[string]float64{"est": k.Estimate, "se": k.SE, "t": k.T, "p": k.P, "lo": k.Low, "hi": k.High} {
			a.put(c, k.Term, stat, v)
		}
		for j := range i + 1 {
			a.put(c, k.Term+" | "+f.Coefficients[j].Term, "cov", f.Covariance.At(i, j))
		}
	}
	a.put(c, "df.residual", "df", f.DF)
	a.put(c, "deviance", "deviance", f.Deviance)
	a.put(c, "null.deviance", "deviance", f.NullDeviance)
}

func (a answers) ordinal(c string, s study, right string, link model.Link) {
	a.t.Helper()
	fm := must[*formula.Formula](a.t)(formula.Parse("cut(mobility, c(-1, 10, 20, 40, 101), labels = 1:4) ~ " + right))
	f := must[*model.OrdinalFit](a.t)(model.Ordinal(s.d, fm, s.data(), link, model.Options{}))
	for _, k := range f.Coefficients {
		a.put(c, k.Term, "est", k.Estimate)
		a.put(c, k.Term, "se", k.SE)
	}
	a.put(c, "deviance", "deviance", f.Deviance)
	a.put(c, "df.residual", "df", f.DF)
}

func (a answers) modelTests(clus2 study) {
	t := a.t
	linear := a.glm(clus2, "api00 ~ stype + ell + meals", "gaussian", nil)
	for c, terms := range map[string][]string{"termtest_wald": {"ell", "meals"}, "termtest_wald_fac": {"stype"}} {
		w := must[model.Test](t)(linear.Wald(terms...))
		for stat, v := range map[string]float64{"Ftest": w.Statistic, "df": w.DF, "ddf": w.DDF, "p": w.P} {
			a.put(c, stat, stat, v)
		}
	}
	logistic := a.glm(clus2, "sch.wide ~ ell + meals + mobility", "quasibinomial", nil)
	lr := must[model.Test](t)(logistic.WorkingLikelihoodRatio(quadform.Saddlepoint, "ell", "mobility"))
	for stat, v := range map[string]float64{"chisq": lr.Statistic, "df": lr.DF, "ddf": lr.DDF, "p": lr.P} {
		a.put("termtest_lrt", stat, stat, v)
	}
	wald := must[model.Test](t)(logistic.WorkingWald(quadform.Saddlepoint, "ell", "mobility"))
	for item, v := range map[string]float64{"chisq": wald.Statistic, "df": wald.DF, "ddf": wald.DDF, "p": wald.P} {
		a.put("termtest_wwald", item+":1", "value", v)
	}
	for i := range lr.Lambda {
		n := strconv.Itoa(i + 1)
		a.put("termtest_lrt", "lambda"+n, "lambda", lr.Lambda[i])
		a.put("termtest_wwald", "lambda:"+n, "value", wald.Lambda[i])
	}

	small := a.glm(clus2, "sch.wide ~ ell + meals", "quasibinomial", nil)
	aic := must[model.AIC](t)(small.AIC())
	a.put("aic_bic", "eff.p", "value", aic.Parameters)
	a.put("aic_bic", "AIC", "value", aic.Value)
	a.put("aic_bic", "deltabar", "value", aic.MeanEffect)
	cs, nk, err := small.PseudoR2()
	if err != nil {
		t.Fatal(err)
	}
	a.put("psrsq_cs", "CS", "value", cs)
	a.put("psrsq_cs", "NK", "value", nk)
	fresh := formula.NewColumns(3)
	for name, v := range map[string][]float64{"ell": {0, 20, 50}, "meals": {10, 50, 90}} {
		if err := fresh.AddNumbers(name, v); err != nil {
			t.Fatal(err)
		}
	}
	for i, p := range must[[]model.Prediction](t)(small.Predict(fresh, model.OnResponse)) {
		a.put("predict_resp", strconv.Itoa(i+1), "col:est", p.Value)
		a.put("predict_resp", strconv.Itoa(i+1), "col:se", p.SE)
	}
	adjusted := a.glm(clus2, "api00 ~ stype + meals + factor(sch.wide)", "gaussian", nil)
	margins := must[*model.Margins](t)(adjusted.PredictiveMargins(clus2.data(), "sch.wide", model.Separate))
	for _, m := range margins.Margins {
		a.put("predmeans", m.Level, "est", m.Value)
		a.put("predmeans", m.Level, "se", m.SE)
	}
}

// jackknifeOfStrata is the JKn of a stratified sample of single rows with its finite population corrections, which R made without a file:
// without row i of stratum h the others of h count n_h/(n_h−1), and rscale is (1−f_h)(n_h−1)/n_h.
func (a answers) jackknifeOfStrata(s study) *design.Design {
	n := map[string]float64{}
	for _, l := range s.cols["stype"] {
		n[l]++
	}
	size := s.num("fpc")
	p := &design.Replicates{Type: "JKn", Scale: 1, Factors: mat.NewDense(s.n, s.n, nil)}
	for r, h := range s.cols["stype"] {
		for i, l := range s.cols["stype"] {
			switch {
			case i == r:
			case l == h:
				p.Factors.Set(i, r, n[h]/(n[h]-1))
			default:
				p.Factors.Set(i, r, 1)
			}
		}
		p.RScales = append(p.RScales, (1-n[h]/size[r])*(n[h]-1)/n[h])
	}
	stage := design.Stage{Strata: design.Strings(s.cols["stype"])}
	return newDesign(a.t, design.Spec{Weights: s.num("pw"), Stages: []design.Stage{stage}, Replicates: p})
}

// TestRStopsEarly shows where the differences to R in the probit models come from. Scoring takes off a constant share of the error there,
// so the deviance is still long before the coefficients are, and R takes the information at those of the step before.
// Stopped by R's rule it gives R's numbers; carried on, it gives ours.
func TestRStopsEarly(t *testing.T) {
	all := studies(t)
	a := answers{t: t}
	r := map[string]float64{}
	for _, n := range reference(t) {
		r[n.key] = n.value
	}
	probit := link{
		start: func(y, w float64) float64 {
			return math.Sqrt2 * math.Erfinv(2*(w*y+0.5)/(w+1)-1)
		},
		mean: func(eta float64) (float64, float64) {
			return 0.5 * math.Erfc(-eta/math.Sqrt2), math.Exp(-eta*eta/2) / math.Sqrt(2*math.Pi)
		},
		variance: func(mu float64) float64 { return mu * (1 - mu) },
		deviance: func(y, mu float64) float64 { return -2 * math.Log(y*mu+(1-y)*(1-mu)) },
	}
	gamma := link{
		start:    func(y, _ float64) float64 { return math.Log(y) },
		mean:     func(eta float64) (float64, float64) { return math.Exp(eta), math.Exp(eta) },
		variance: func(mu float64) float64 { return mu * mu },
		deviance: func(y, mu float64) float64 { return -2 * (math.Log(y/mu) - (y-mu)/mu) },
	}
	for _, c := range []struct {
		name, study, formula, family string
		y                            func(s study) []float64
		x                            []string
		link                         link
	}{
		{"glm_binprobit_srs", "srs", "sch.wide ~ ell + meals", "binomial(probit)", yes, []string{"ell", "meals"}, probit},
		{"glm_binprobit_strat", "strat", "sch.wide ~ ell + meals", "binomial(probit)", yes, []string{"ell", "meals"}, probit},
		{"glm_binprobit_clus1", "clus1", "sch.wide ~ ell + meals", "binomial(probit)", yes, []string{"ell", "meals"}, probit},
		{"glm_binprobit_clus2", "clus2", "sch.wide ~ ell + meals", "binomial(probit)", yes, []string{"ell", "meals"}, probit},
		{"glm_gamma_srs", "srs", "api00 ~ meals", "Gamma(log)", func(s study) []float64 { return s.num("api00") }, []string{"meals"}, gamma},
	} {
		s := all[c.study]
		x := mat.NewDense(s.n, 1+len(c.x), nil)
		for i := range s.n {
			x.Set(i, 0, 1)
			for j, name := range c.x {
				x.Set(i, j+1, s.num(name)[i])
			}
		}
		ours := a.glm(s, c.formula, c.family, nil)
		for _, v := range []struct {
			stop float64
			want func(j int, term, stat string, own float64) float64
			tol  float64
		}{
			{1e-14, func(_ int, term, stat string, _ float64) float64 { return r[c.name+"\x00"+term+"\x00"+stat] }, 1e-10},
			{-1, func(_ int, _, _ string, own float64) float64 { return own }, 1e-11},
		} {
			beta, cov := scoring(t, s.d, x, c.y(s), c.link, v.stop)
			for j, k := range ours.Coefficients {
				se := math.Sqrt(cov.At(j, j))
				p := quadform.UpperF(beta[j]*beta[j]/(se*se), 1, ours.DF)
				for stat, got := range map[string]struct{ got, own float64 }{"est": {beta[j], k.Estimate}, "se": {se, k.SE}, "p": {p, k.P}} {
					tol := v.tol
					if stat == "p" {
						tol *= 1000 // p moves by t² and more times what t does
					}
					if want := v.want(j, k.Term, stat, got.own); !(math.Abs(got.got/want-1) <= tol) {
						t.Errorf("%s %s %s, stopped at %v: %.17g, want %.17g (off by %.2g)", c.name, k.Term, stat, v.stop, got.got, want, got.got/want-1)
					}
				}
			}
		}
	}
}

func yes(s study) []float64 { return s.is("sch.wide", "Yes") }

// link is what iteratively reweighted least squares needs of a family.
type link struct {
	start    func(y, w float64) float64
	mean     func(eta float64) (mu, slope float64)
	variance func(mu float64) float64
	deviance func(y, mu float64) float64
}

// scoring is iteratively reweighted least squares to R's stopping rule, or a hundred steps for a rule below zero, with the covariance from the
// last step's weights.
func scoring(t *testing.T, d *design.Design, x *mat.Dense, y []float64, l link, stop float64) ([]float64, *mat.SymDense) {
	n, p := x.Dims()
	w := make([]float64, n)
	for i, v := range d.Weights(0) {
		w[i] = v * float64(n) / floats.Sum(d.Weights(0))
	}
	eta, working := make([]float64, n), make([]float64, n)
	for i := range eta {
		eta[i] = l.start(y[i], w[i])
	}
	deviance := func() (sum float64) {
		for i := range eta {
			mu, _ := l.mean(eta[i])
			sum += w[i] * l.deviance(y[i], mu)
		}
		return sum
	}
	var beta, information mat.Dense
	before := deviance()
	for range 100 {
		weighted, z := mat.NewDense(n, p, nil), mat.NewDense(n, 1, nil)
		for i := range eta {
			mu, slope := l.mean(eta[i])
			working[i] = w[i] * slope * slope / l.variance(mu)
			root := math.Sqrt(working[i])
			for j := range p {
				weighted.Set(i, j, root*x.At(i, j))
			}
			z.Set(i, 0, root*(eta[i]+(y[i]-mu)/slope))
		}
		var qr mat.QR
		qr.Factorize(weighted)
		if err := qr.SolveTo(&beta, false, z); err != nil {
			t.Fatal(err)
		}
		information.Mul(weighted.T(), weighted)
		for i := range eta {
			eta[i] = floats.Dot(x.RawRowView(i), beta.RawMatrix().Data)
		}
		now := deviance()
		if math.Abs(now-before)/(math.Abs(now)+0.1) < stop {
			break
		}
		before = now
	}
	var inverse, z mat.Dense
	if err := inverse.Inverse(&information); err != nil {
		t.Fatal(err)
	}
	scores := mat.NewDense(n, p, nil)
	for i := range eta {
		mu, slope := l.mean(eta[i])
		for j := range p {
			scores.Set(i, j, x.At(i, j)*working[i]*(y[i]-mu)/slope)
		}
	}
	z.Mul(scores, &inverse)
	return beta.RawMatrix().Data, must[*mat.SymDense](t)(d.Covariance(&z))
}
