package analysis_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sipas/analysis"
	"sipas/analysis/design"
	"sipas/analysis/hypothesis"
	"sipas/analysis/quadform"
)

var _ = register(func(a answers, all map[string]study) {
	a.quadraticForms()
	a.tables(all)
	a.means(all)
	a.ranks(all)
	a.replicatedTests(all)
},
	left{`^chisq_(lincom|saddlepoint)_\w+ 1 p\.value`, "R cuts the denominator's degrees of freedom to a whole number: see TestCutDegreesOfFreedom"},
	left{`^chisq_wls-score_`, "R divides by the number of contrasts twice; the score statistic is Wald's: see TestScoreIsWald"},
	left{`^rank_kruskal (Chisq|1) p`, "R's ranks of tied values of unequal weight depend on the order of the rows: see TestTiedRanks"},
	left{`^pchisqsum saddlepoint_x8 `, "R turns to Satterthwaite at the mean; here it is the limit, see quadform's TestSaddlepoint"},
	left{`^loglin_ind (stype|comp\.imp)`, "coefficients of log-linear models are not offered; their tests of independence are"},
)

func (a answers) quadraticForms() {
	lambda := []float64{0.5, 1, 2.5, 4}
	for _, x := range []float64{2, 8, 20, 60} {
		for name, m := range map[string]quadform.Method{"satterthwaite": quadform.Satterthwaite, "saddlepoint": quadform.Saddlepoint} {
			a.put("pchisqsum", fmt.Sprintf("%s_x%v", name, x), "value", must[float64](a.t)(quadform.ChiSum(x, lambda, nil, m)))
		}
		a.put("pFsum", fmt.Sprintf("satt_x%v", x), "value", must[float64](a.t)(quadform.FSum(x, lambda, nil, 20, quadform.Satterthwaite)))
	}
}

func (s study) factor(name string) hypothesis.Factor { return hypothesis.Labels(name, s.cols[name]) }

func (s study) tabulate(t *testing.T, row, column string, opt hypothesis.Options) *hypothesis.Crosstab {
	t.Helper()
	return must[*hypothesis.Crosstab](t)(hypothesis.Tabulate(s.d, s.factor(row), s.factor(column), opt))
}

func (a answers) f(c, pItem string, r hypothesis.Test) {
	a.put(c, "F", "statistic", r.Statistic)
	a.put(c, "ndf", "parameter", r.NDF)
	a.put(c, "ddf", "parameter", r.DDF)
	a.put(c, pItem, "p.value", r.P)
}

func (a answers) tables(all map[string]study) {
	t := a.t
	for _, name := range []string{"srs", "strat", "clus1", "clus2"} {
		s := all[name]
		tb := s.tabulate(t, "sch.wide", "stype", hypothesis.Options{})
		r := must[[]hypothesis.Test](t)(tb.Tests(hypothesis.F, hypothesis.Chisq, hypothesis.Wald, hypothesis.AdjustedWald, hypothesis.Lincom, hypothesis.Saddlepoint))
		a.f("chisq_F_"+name, "X-squared", r[0])
		c := "chisq_Chisq_" + name
		a.put(c, "X-squared", "statistic", r[1].X2)
		a.put(c, "df", "parameter", r[1].NDF)
		a.put(c, "X-squared", "p.value", r[1].P)
		a.f("chisq_Wald_"+name, "1", r[2])
		a.f("chisq_adjWald_"+name, "1", r[3])
		for k, c := range map[int]string{4: "chisq_lincom_", 5: "chisq_saddlepoint_"} {
			a.put(c+name, "X-squared", "statistic", r[k].X2)
			a.put(c+name, "1", "p.value", r[k].P)
		}
		a.f("chisq_2x2_"+name, "X-squared", must[hypothesis.Test](t)(hypothesis.Independence(s.d, s.factor("sch.wide"), s.factor("comp.imp"), "", hypothesis.Options{})))
		for c, m := range map[string]*mat.Dense{"table_": tb.Counts, "table_N100_": tb.Scaled(100)} {
			for i, row := range tb.Rows {
				for j, column := range tb.Columns {
					a.put(c+name, row+"."+column, "count", m.At(i, j))
				}
			}
		}
	}
	s := all["clus1"]
	r := must[hypothesis.Test](t)(hypothesis.GoodnessOfFit(s.d, s.factor("stype"), []float64{4421, 755, 1018}, hypothesis.Satterthwaite, hypothesis.Options{}))
	var population, one, two float64
	for _, w := range s.d.Weights(0) {
		population += w / float64(r.N)
	}
	for _, e := range r.Eigenvalues {
		one += e
		two += e * e
	}
	a.put("gof_strat", "X-squared", "statistic", r.X2*population)
	a.put("gof_strat", "scale", "parameter", two/one*population)
	a.put("gof_strat", "df", "parameter", r.NDF)
	a.put("gof_strat", "X-squared", "p.value", r.P)

	tb := s.tabulate(t, "stype", "comp.imp", hypothesis.Options{})
	x2, g2 := tb.Pearson()
	a.put("loglin_ind", "deviance", "value", g2)
	a.put("loglin_anova", "dev", "value", g2)
	a.put("loglin_anova", "score", "value", x2)

	kappa := must[analysis.Estimate](t)(hypothesis.Kappa(s.d, s.factor("comp.imp"), s.factor("sch.wide"), hypothesis.Options{}))
	a.put("kappa_clus1", "kappa", "est", kappa.Value)
	a.put("kappa_clus1", "kappa", "se", kappa.SE)
	alpha := must[analysis.Estimate](t)(hypothesis.Alpha(s.d, []string{"ell", "mobility"}, [][]float64{s.num("ell"), s.num("mobility")}, hypothesis.Options{}))
	a.put("cralpha_clus1", "alpha.*alpha*", "value", alpha.Value)
}

func (a answers) student(c, pItem, item string, r hypothesis.TTest) {
	a.put(c, "t", "statistic", r.Statistic)
	a.put(c, "df", "parameter", r.NDF)
	a.put(c, pItem, "p.value", r.P)
	a.put(c, item, "estimate", r.Estimate.Value)
	a.put(c, "conf.int", "lo", r.Estimate.Interval.Low)
	a.put(c, "conf.int", "hi", r.Estimate.Interval.High)
}

func (a answers) means(all map[string]study) {
	t := a.t
	two := func(c, study, y string, values []float64, group string) {
		s := all[study]
		a.student(c, group+"Yes", "difference in mean", must[hypothesis.TTest](t)(hypothesis.TwoSample(s.d, y, values, s.factor(group), hypothesis.Options{})))
	}
	change := all["clus2"].num("api00")
	for i, v := range all["clus2"].num("api99") {
		change[i] -= v
	}
	two("ttest_two_strat", "strat", "enroll", all["strat"].num("enroll"), "comp.imp")
	two("ttest_two_clus1", "clus1", "api00", all["clus1"].num("api00"), "comp.imp")
	two("ttest_two_clus2", "clus2", "change", change, "awards")

	// R takes a degree of freedom away where a single mean is tested.
	own := hypothesis.Options{LessOne: true}
	s := all["clus1"]
	less := s.num("api99")
	for i := range less {
		less[i] += 25
	}
	one := must[hypothesis.TTest](t)(hypothesis.Paired(s.d, "api00", s.num("api00"), less, own))
	a.student("ttest_one_clus1", "I(api00 - api99 - 25)", "mean", one)
	a.put("ttest_one_clus1", "as.numeric(I(api00 - api99 - 25))", "p.value", one.P)
	s = all["strat"]
	one = must[hypothesis.TTest](t)(hypothesis.OneSample(s.d, "api00", s.num("api00"), 670, own))
	a.student("ttest_one_strat", "I(api00 - 670)", "mean", one)
	a.put("ttest_one_strat", "as.numeric(I(api00 - 670))", "p.value", one.P)
}

func (a answers) ranks(all map[string]study) {
	t := a.t
	s := all["clus1"]
	for c, score := range map[string]hypothesis.Score{
		"rank_wilcoxon": hypothesis.Wilcoxon(), "rank_vdw": hypothesis.VanDerWaerden(), "rank_median": hypothesis.Median(),
	} {
		r := must[hypothesis.TTest](t)(hypothesis.Ranks(s.d, "api00", s.num("api00"), s.factor("comp.imp"), score, hypothesis.Options{}))
		a.student(c, "gYes", "difference in mean rank score", r)
	}
	s = all["clus2"]
	r := must[hypothesis.TTest](t)(hypothesis.Ranks(s.d, "ell", s.num("ell"), s.factor("stype"), hypothesis.Wilcoxon(), hypothesis.Options{}))
	a.put("rank_kruskal", "df", "statistic", r.NDF)
	a.put("rank_kruskal", "Chisq", "parameter", r.X2)
	a.put("rank_kruskal", "1", "p.value", r.P)
}

func (a answers) replicatedTests(all map[string]study) {
	for _, name := range append(slices.Clone(replicated), "jkn_strat") {
		s, opt := all[name], hypothesis.Options{}
		a.f("rep_chisq_"+name, "X-squared", must[hypothesis.Test](a.t)(hypothesis.Independence(s.d, s.factor("sch.wide"), s.factor("stype"), hypothesis.F, opt)))
		a.student("rep_ttest_"+name, "comp.impYes", "difference in mean",
			must[hypothesis.TTest](a.t)(hypothesis.TwoSample(s.d, "api00", s.num("api00"), s.factor("comp.imp"), opt)))
	}
}

// deleteOne makes the stratified jackknife of the stratified sample, in which each school is a unit.
func deleteOne(t *testing.T, f frame) *design.Design {
	t.Helper()
	size := map[string]float64{}
	for _, h := range f.cols["stype"] {
		size[h]++
	}
	p := &design.Replicates{Type: "JKn", Scale: 1, Factors: mat.NewDense(f.n, f.n, nil), RScales: make([]float64, f.n)}
	population := f.num("fpc")
	for r, h := range f.cols["stype"] {
		n := size[h]
		p.RScales[r] = (n - 1) / n * (1 - n/population[r])
		for i, g := range f.cols["stype"] {
			switch {
			case i == r:
			case g == h:
				p.Factors.Set(i, r, n/(n-1))
			default:
				p.Factors.Set(i, r, 1)
			}
		}
	}
	return newDesign(t, design.Spec{Weights: f.num("pw"), Replicates: p})
}

// TestCutDegreesOfFreedom shows that the p-values of R's saddlepoint and lincom are those with the degrees of freedom of
// the denominator cut to a whole number: R repeats the last λ by that count, and hands it to an algorithm for whole ones. In a simple random
// sample they are 398 but for rounding, and are cut to 397.
func TestCutDegreesOfFreedom(t *testing.T) {
	all := studies(t)
	want := map[string]float64{}
	for _, n := range reference(t) {
		if n.item == "1" && n.stat == "p.value" {
			want[n.c] = n.value
		}
	}
	for _, name := range []string{"srs", "strat", "clus1", "clus2"} {
		tb := all[name].tabulate(t, "sch.wide", "stype", hypothesis.Options{})
		r := must[[]hypothesis.Test](t)(tb.Tests(hypothesis.Lincom))[0]
		whole := math.Floor(r.DDF * (1 - 1e-12))
		for c, m := range map[string]quadform.Method{"chisq_saddlepoint_": quadform.Saddlepoint, "chisq_lincom_": quadform.Exact} {
			p := must[float64](t)(quadform.FSum(r.X2*whole/r.DDF, r.Eigenvalues, nil, whole, m))
			tolerance := 1e-7 * want[c+name]
			if m == quadform.Exact {
				tolerance = 1e-6 // what R asks of Davies's algorithm
			}
			if !(math.Abs(p-want[c+name]) <= tolerance) {
				t.Errorf("%s%s: %.17g, want R's %.17g", c, name, p, want[c+name])
			}
		}
	}
}

// TestScoreIsWald shows what R 4.5's wls-score is. The score of the least-squares model of Lipsitz et al. (2015), Σ w (x−x̄)(y−ȳ), and the
// cells less the products of their margins have the same value and the same influence function, so that the score statistic is
// Koch's. R's is that one over the number of contrasts, once more.
func TestScoreIsWald(t *testing.T) {
	all := studies(t)
	want := map[string]float64{}
	for _, n := range reference(t) {
		if n.item == "F" && n.stat == "statistic" {
			want[n.c] = n.value
		}
	}
	for _, name := range []string{"srs", "strat", "clus1", "clus2"} {
		s := all[name]
		wald := must[hypothesis.Test](t)(hypothesis.Independence(s.d, s.factor("sch.wide"), s.factor("stype"), hypothesis.Wald, hypothesis.Options{}))
		if r := want["chisq_wls-score_"+name] * wald.NDF; math.Abs(wald.Statistic/r-1) > 1e-8 {
			t.Errorf("%s: Wald %v, R's score times contrasts %v", name, wald.Statistic, r)
		}
		wide, z := s.is("sch.wide", "Yes"), mat.NewDense(s.n, 2, nil)
		u := make([]float64, 2)
		var sw float64
		for _, w := range s.d.Weights(0) {
			sw += w
		}
		for j, level := range []string{"H", "M"} {
			x := s.is("stype", level)
			var mx, my float64
			for i, w := range s.d.Weights(0) {
				mx += w * x[i] / sw
				my += w * wide[i] / sw
			}
			for i, w := range s.d.Weights(0) {
				z.Set(i, j, w*(x[i]-mx)*(wide[i]-my))
				u[j] += z.At(i, j)
			}
		}
		v := must[*mat.SymDense](t)(s.d.Covariance(z))
		var x mat.VecDense
		if err := x.SolveVec(v, mat.NewVecDense(2, u)); err != nil {
			t.Fatal(err)
		}
		if score := mat.Dot(&x, mat.NewVecDense(2, u)) / 2; math.Abs(score/wald.Statistic-1) > 1e-8 {
			t.Errorf("%s: score %v, Wald %v", name, score, wald.Statistic)
		}
	}
}

// TestTiedRanks shows that R's Kruskal-Wallis statistic is the one with ranks that average the cumulative weights of tied values without
// their weights, and that this one changes when the rows are read backwards. Mid-ranks do not.
func TestTiedRanks(t *testing.T) {
	s := studies(t)["clus2"]
	y, w := s.num("ell"), s.d.Weights(0)
	var total float64
	for _, v := range w {
		total += v
	}
	statistic := func(rows []int) float64 {
		var middle, other []float64 // positions of tied values by mid-ranks and by R's
		order := slices.Clone(rows)
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
		var below float64
		for i := 0; i < len(order); {
			j, tied, sum := i, 0.0, 0.0
			for ; j < len(order) && y[order[j]] == y[order[i]]; j++ {
				sum += below + tied + w[order[j]]/2
				tied += w[order[j]]
			}
			middle = append(middle, (below+tied/2)/total)
			other = append(other, sum/float64(j-i)/total)
			below += tied
			i = j
		}
		score := hypothesis.Score{Name: "R's", F: func(p float64) float64 {
			for k, m := range middle {
				if math.Abs(m-p) < 1e-12 {
					return other[k]
				}
			}
			return math.NaN()
		}}
		return must[hypothesis.TTest](t)(hypothesis.Ranks(s.d, "ell", y, s.factor("stype"), score, hypothesis.Options{})).X2
	}
	forth := make([]int, s.n)
	for i := range forth {
		forth[i] = i
	}
	const fromR = 2.1381470974290187
	if x := statistic(forth); math.Abs(x/fromR-1) > 1e-9 {
		t.Errorf("R's ranks: %.17g, want %.17g", x, fromR)
	}
	slices.Reverse(forth)
	if x := statistic(forth); math.Abs(x/fromR-1) < 1e-5 {
		t.Errorf("backwards: %.17g is R's as well", x)
	}
}
