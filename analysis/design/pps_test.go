package design

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// universe is a design of fixed size with unequal probabilities whose every sample is known: conditional Poisson
// sampling, the probability of a sample being proportional to the product of its units' odds.
type universe struct {
	samples [][]int
	p       []float64
	pi      []float64
	pair    [][]float64
}

func newUniverse(odds []float64, n int) universe {
	u := universe{samples: subsets(len(odds), n), pi: make([]float64, len(odds)), pair: make([][]float64, len(odds))}
	sum := 0.0
	for _, s := range u.samples {
		p := 1.0
		for _, k := range s {
			p *= odds[k]
		}
		u.p = append(u.p, p)
		sum += p
	}
	for k := range odds {
		u.pair[k] = make([]float64, len(odds))
	}
	for i, s := range u.samples {
		u.p[i] /= sum
		for _, k := range s {
			u.pi[k] += u.p[i]
			for _, l := range s {
				u.pair[k][l] += u.p[i]
			}
		}
	}
	return u
}

// joint is the matrix of the units of a sample.
func (u universe) joint(s []int) *mat.SymDense {
	m := mat.NewSymDense(len(s), nil)
	for i, k := range s {
		for j := i; j < len(s); j++ {
			m.SetSym(i, j, u.pair[k][s[j]])
		}
	}
	return m
}

// Over every sample, the mean of the estimates by joint probabilities is the true variance, and the approximations come
// close where they are meant to: no unit is large, and values are not far from proportional.
func TestUnequalProbabilitiesByEnumeration(t *testing.T) {
	y := []float64{2, 5, 7, 11, 4, 9, 14, 6, 8, 3}
	for _, odds := range [][]float64{{1, 1.2, 1.3, 1.5, 1, 1.4, 1.7, 1.2, 1.6, 1.1}, {1, 2, 3, 4, 2, 4, 6, 3, 1, 9}} {
		u := newUniverse(odds, 4)
		squares := 0.0
		for _, p := range u.pi {
			squares += p * p / 4
		}
		for name, c := range map[string]struct {
			pps PPS
			off float64 // how far the mean estimate may lie from the true variance
		}{
			"Horvitz-Thompson":                     {PPS{Method: PPSJoint}, 1e-12},
			"Yates-Grundy":                         {PPS{Method: PPSJoint, Estimator: YatesGrundy}, 1e-12},
			"Brewer":                               {PPS{}, 0.02},
			"Overton":                              {PPS{Method: PPSOverton}, 0.2},
			"Overton, Yates-Grundy":                {PPS{Method: PPSOverton, Estimator: YatesGrundy}, 0.02},
			"Hartley-Rao":                          {PPS{Method: PPSHartleyRao}, 0.1},
			"Hartley-Rao, known sum":               {PPS{Method: PPSHartleyRao, SumSquares: slices.Repeat([]float64{squares}, 4)}, 0.05},
			"Hartley-Rao, known sum, Yates-Grundy": {PPS{Method: PPSHartleyRao, Estimator: YatesGrundy, SumSquares: slices.Repeat([]float64{squares}, 4)}, 0.05},
		} {
			var all census
			for i, s := range u.samples {
				pps := c.pps
				if pps.Method == PPSJoint {
					pps.Joint = u.joint(s)
				}
				w, z := make([]float64, 4), make([]float64, 4)
				total := 0.0
				for j, k := range s {
					w[j] = 1 / u.pi[k]
					z[j] = w[j] * y[k]
					total += z[j]
				}
				d := built(t, Spec{Weights: w, Stages: []Stage{{Fraction: pick(u.pi, s), PPS: &pps}}})
				all.add(u.p[i], total, sumVariance(t, d, z))
			}
			// With large units only the exact probabilities hold what they promise.
			if odds[9] > 2 && c.pps.Method != PPSJoint {
				continue
			}
			if r := all.ratio(); math.Abs(r-1) > c.off {
				t.Errorf("odds %v, %s: estimated over true variance is %v", odds, name, r)
			}
		}
	}
}

// Clusters with unequal probabilities and a simple random sample inside each.
func TestUnequalClustersByEnumeration(t *testing.T) {
	y := [][]float64{{1, 4, 2}, {7, 8, 12}, {3, 3, 5}, {10, 6, 20}, {2, 9, 1}}
	u := newUniverse([]float64{1, 3, 1, 4, 2}, 3)
	for _, estimator := range []PPSEstimator{HorvitzThompson, YatesGrundy} {
		var all census
		for i, s := range u.samples {
			inside := product(subsets(3, 2), shifted(subsets(3, 2), 3), shifted(subsets(3, 2), 6))
			for _, rows := range inside {
				cluster := make([]int, len(rows))
				w, z, f := make([]float64, len(rows)), make([]float64, len(rows)), make([]float64, len(rows))
				total := 0.0
				for r, at := range rows {
					k := s[at/3]
					cluster[r], f[r] = k, u.pi[k]
					w[r] = 1 / u.pi[k] * 1.5
					z[r] = w[r] * y[k][at%3]
					total += z[r]
				}
				d := built(t, Spec{Weights: w, Stages: []Stage{
					{Clusters: Ints(cluster), Fraction: f, PPS: &PPS{Method: PPSJoint, Estimator: estimator, Joint: u.joint(s)}},
					{Population: slices.Repeat([]float64{3}, len(rows))},
				}})
				all.add(u.p[i]/float64(len(inside)), total, sumVariance(t, d, z))
			}
		}
		if r := all.ratio(); math.Abs(r-1) > 1e-12 {
			t.Errorf("estimator %d: estimated over true variance is %v", estimator, r)
		}
	}
}

// With equal probabilities every form is that of simple random sampling.
func TestEqualProbabilitiesAreSimpleRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "n")
		big := float64(n + rapid.IntRange(1, 20).Draw(t, "rest"))
		f := float64(n) / big
		z := rapid.SliceOfN(rapid.Float64Range(-10, 10), n, n).Draw(t, "z")
		w, fraction := slices.Repeat([]float64{1 / f}, n), slices.Repeat([]float64{f}, n)
		want := sumVariance(t, built(t, Spec{Weights: w, Stages: []Stage{{Fraction: fraction}}}), z)
		pair := mat.NewSymDense(n, nil)
		for i := range n {
			pair.SetSym(i, i, f)
			for j := i + 1; j < n; j++ {
				pair.SetSym(i, j, f*float64(n-1)/(big-1))
			}
		}
		for m := PPSBrewer; m <= PPSJoint; m++ {
			for _, e := range []PPSEstimator{HorvitzThompson, YatesGrundy} {
				pps := &PPS{Method: m, Estimator: e}
				if m == PPSJoint {
					pps.Joint = pair
				}
				if m == PPSHartleyRao {
					pps.SumSquares = fraction // Σ_U f²/n = N f²/n = f
				}
				got := sumVariance(t, built(t, Spec{Weights: w, Stages: []Stage{{Fraction: fraction, PPS: pps}}}), z)
				if math.Abs(got-want) > 1e-9*(want+1) {
					t.Fatalf("method %d, estimator %d: %v, want %v", m, e, got, want)
				}
			}
		}
	})
}

// What R 4.2.2 with survey 4.1-1 gives for a total and a mean of made data, to all digits, and for a domain that misses units of every
// stratum.
func TestUnequalProbabilitiesAgainstR(t *testing.T) {
	x := []float64{19.789, 8.557, 3.198, 2.325, 5.631, 16.048, 7.461, 19.469, 4.151, 9.723, 4.263, 5.398, 15.683, 2.83, 9.616, 2.609, 11.653, 1.165, 19.729, 7.015, 13.15, 6.609, 19.937, 18.214}
	y := []float64{68.493, 26.967, 17.178, 8.846, 13.318, 46.915, 22.364, 62.36, 15.812, 31.99, 18.013, 10.642, 52.141, 9.227, 31.857, 10.194, 31.027, 2.391, 55.704, 23.92, 39.893, 19.513, 58.129, 52.393}
	n := len(x)
	stratum, p, whole := make([]int, n), make([]float64, n), make([]float64, n)
	sum := 0.0
	for i := range n {
		stratum[i] = i / 8
		p[i] = 8 * x[i] / []float64{900, 700, 400}[i/8]
		sum += p[i]
	}
	for i := range n {
		whole[i] = p[i] * 24 / sum / 4
	}
	pair := mat.NewSymDense(n, nil)
	for i := range n {
		pair.SetSym(i, i, whole[i])
		for j := i + 1; j < n; j++ {
			pair.SetSym(i, j, whole[i]*whole[j]*0.93*(1-0.02*math.Abs(x[i]-x[j])/20))
		}
	}
	strata := Ints(stratum)
	quarter := slices.Repeat([]float64{0.25}, n)
	for name, c := range map[string]struct {
		stage Stage
		want  [2]float64
	}{
		"brewer":      {Stage{Strata: strata, Fraction: p, PPS: &PPS{}}, [2]float64{327.16145613435413, 2.8883251568979542}},
		"overton":     {Stage{Strata: strata, Fraction: p, PPS: &PPS{Method: PPSOverton}}, [2]float64{337.46336341495152, 2.8899132978126296}},
		"overton yg":  {Stage{Strata: strata, Fraction: p, PPS: &PPS{Method: PPSOverton, Estimator: YatesGrundy}}, [2]float64{323.09799644225859, 2.8214744553198572}},
		"hr":          {Stage{Strata: strata, Fraction: p, PPS: &PPS{Method: PPSHartleyRao}}, [2]float64{330.76716881445986, 2.9051923178479142}},
		"hr yg":       {Stage{Strata: strata, Fraction: p, PPS: &PPS{Method: PPSHartleyRao, Estimator: YatesGrundy}}, [2]float64{327.16145613435424, 2.8883251568979542}},
		"hr known":    {Stage{Fraction: whole, PPS: &PPS{Method: PPSHartleyRao, SumSquares: quarter}}, [2]float64{291.07024499406219, 2.7198428337494907}},
		"hr known yg": {Stage{Fraction: whole, PPS: &PPS{Method: PPSHartleyRao, Estimator: YatesGrundy, SumSquares: quarter}}, [2]float64{286.91676305627431, 2.7118952768006346}},
		"joint ht":    {Stage{Fraction: whole, PPS: &PPS{Method: PPSJoint, Joint: pair, Tolerance: 1e-4}}, [2]float64{math.NaN(), 2.8650069033446308}},
		"joint yg":    {Stage{PPS: &PPS{Method: PPSJoint, Joint: pair, Tolerance: 1e-4, Estimator: YatesGrundy}}, [2]float64{453.40245910961175, 4.1056793175556496}},
	} {
		w := make([]float64, n)
		for i := range n {
			w[i] = 1 / whole[i]
			if !c.stage.Strata.none() {
				w[i] = 1 / p[i]
			}
		}
		d := built(t, Spec{Weights: w, Stages: []Stage{c.stage}})
		if name == "brewer" {
			var domain Part
			for i := 2; i < n; i += 2 {
				domain.Rows, domain.Values = append(domain.Rows, i), append(domain.Values, w[i]*y[i])
			}
			v, err := d.Variance(Form{domain})
			if want := 808.594586088515; err != nil || math.Abs(math.Sqrt(v)-want) > 1e-12*want {
				t.Errorf("domain: %v, want %v, error %v", math.Sqrt(v), want, err)
			}
		}
		got := totalAndMean(t, d, w, y)
		for i, se := range []float64{got[1], got[3]} {
			if math.IsNaN(c.want[i]) && math.IsNaN(se) {
				continue // the form by Horvitz and Thompson is negative here, in R too
			}
			if !(math.Abs(se-c.want[i]) <= 1e-12*c.want[i]) {
				t.Errorf("%s: %v, want %v", name, se, c.want[i])
			}
		}
	}
}

// R's number for Brewer's estimator on two stages.
func TestBrewerStagesAgainstR(t *testing.T) {
	n := 20
	y := []float64{7.11, 9.12, 10.78, 6.54, 10.59, 10.09, 10.26, 13.35, 6.34, 13.8, 7.77, 6.61, 7.85, 10.76, 10.46, 9.08, 7.14, 8.06, 13.67, 10.6}
	clusters, p, q, z, w := make([]int, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		clusters[i] = i / 4
		p[i], q[i] = []float64{.2, .4, .3, .5, .1}[i/4], []float64{.5, .25, .4, .2, .8}[i/4]
		w[i] = 1 / (p[i] * q[i])
		z[i] = w[i] * y[i]
	}
	d := built(t, Spec{Weights: w, Stages: []Stage{{Clusters: Ints(clusters), Fraction: p, PPS: &PPS{}}, {Fraction: q, PPS: &PPS{}}}})
	if got, want := math.Sqrt(sumVariance(t, d, z)), 166.66983454281; math.Abs(got-want) > 1e-12*want {
		t.Errorf("two stages: %v, want %v", got, want)
	}
}

// Joint probabilities inside the clusters of a first stage, over all samples of both.
func TestJointProbabilitiesOfALaterStage(t *testing.T) {
	y := [][]float64{{1, 4, 2, 9}, {7, 8, 12, 3}, {3, 3, 5, 11}}
	inside := []universe{newUniverse([]float64{1, 2, 3, 1}, 2), newUniverse([]float64{1, 1, 4, 2}, 2), newUniverse([]float64{2, 1, 1, 1}, 2)}
	for _, estimator := range []PPSEstimator{HorvitzThompson, YatesGrundy} {
		var all census
		for _, s := range subsets(3, 2) {
			a, b := inside[s[0]], inside[s[1]]
			for i, first := range a.samples {
				for j, second := range b.samples {
					joint := mat.NewSymDense(4, nil) // what it says of two clusters is not read
					for x := range 2 {
						for y := x; y < 2; y++ {
							joint.SetSym(x, y, a.joint(first).At(x, y))
							joint.SetSym(2+x, 2+y, b.joint(second).At(x, y))
						}
					}
					w, z, cluster := make([]float64, 4), make([]float64, 4), []int{0, 0, 1, 1}
					total := 0.0
					for r := range 4 {
						u, k := a, first[r%2]
						if r > 1 {
							u, k = b, second[r%2]
						}
						w[r] = 1.5 / u.pi[k]
						z[r] = w[r] * y[s[r/2]][k]
						total += z[r]
					}
					d := built(t, Spec{Weights: w, Stages: []Stage{
						{Clusters: Ints(cluster), Population: []float64{3, 3, 3, 3}}, {PPS: &PPS{Method: PPSJoint, Estimator: estimator, Joint: joint}},
					}})
					all.add(a.p[i]*b.p[j], total, sumVariance(t, d, z))
				}
			}
		}
		if r := all.ratio(); math.Abs(r-1) > 1e-12 {
			t.Errorf("estimator %d: estimated over true variance is %v", estimator, r)
		}
	}
}

// withJoint is the same stage with its approximation's joint probabilities written out, π_iπ_j/(1−Δ_ij).
func withJoint(d *Design, stage Stage) Stage {
	lv := &d.levels[0]
	units := len(lv.stratum)
	m := mat.NewSymDense(units, nil)
	index := make([]int, d.rows)
	for row, u := range lv.unit {
		index[row] = int(u)
	}
	for u := range units {
		m.SetSym(u, u, lv.fraction[u])
		for v := u + 1; v < units; v++ {
			p, q := lv.fraction[u], lv.fraction[v]
			delta := 0.0
			if st := lv.strata[lv.stratum[u]]; lv.stratum[u] == lv.stratum[v] && p < 1 && q < 1 {
				n := float64(st.counted)
				delta = -(1 - (p+q)/2) / (n - 1)
				if stage.PPS.Method == PPSHartleyRao {
					delta = -(1 - p - q + st.given) / (n - 1)
				}
			}
			m.SetSym(u, v, p*q/(1-delta))
		}
	}
	stage.PPS = &PPS{Method: PPSJoint, Estimator: stage.PPS.Estimator, Joint: m, Index: index}
	return stage
}

// An approximation is what it is as a matrix of joint probabilities, also with calibration, a second stage and certainties.
func TestApproximationsAsMatrices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(12, 40).Draw(t, "n")
		strata, clusters, level := make([]int, n), make([]int, n), make([]int, n)
		w, p, x, base := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		chances := rapid.SliceOfN(rapid.SampledFrom([]float64{0.1, 0.25, 0.4, 0.45, 1}), 6, 6).Draw(t, "p")
		chances[0], chances[1] = 0.3, 0.35 // two units of each stratum are no certainty
		for i := range n {
			strata[i], clusters[i] = i%2, (i/2)%6
			p[i] = chances[clusters[i]]
			w[i], base[i], x[i] = 1/p[i]+rapid.Float64Range(0, 1).Draw(t, "w"), 1/p[i], rapid.Float64Range(1, 3).Draw(t, "x")
			level[i] = rapid.IntRange(0, 3).Draw(t, "level")
		}
		m, err := FromRows(5, entries(level, x))
		if err != nil {
			t.Fatal(err)
		}
		stage := Stage{Strata: Ints(strata), Clusters: Ints(clusters), Fraction: p, PPS: &PPS{
			Method:    rapid.SampledFrom([]PPSMethod{PPSOverton, PPSHartleyRao}).Draw(t, "method"),
			Estimator: rapid.SampledFrom([]PPSEstimator{HorvitzThompson, YatesGrundy}).Draw(t, "estimator"),
		}}
		spec := Spec{Weights: w, Lonely: LonelyRemove, Stages: []Stage{stage, {Fraction: slices.Repeat([]float64{0.5}, n)}}}
		if rapid.Bool().Draw(t, "calibrated") {
			spec.Columns = []Column{{Weights: w, Calibration: &Calibration{X: m, Base: base}}}
		}
		d := built(t, spec)
		spec.Stages = []Stage{withJoint(d, stage), spec.Stages[1]}
		e := built(t, spec)
		forms := anyForms(t, d)
		a, err := d.CovarianceOf(forms)
		if err != nil {
			t.Fatal(err)
		}
		b, err := e.CovarianceOf(forms)
		if err != nil {
			t.Fatal(err)
		}
		for i := range forms {
			for j := range forms {
				if math.Abs(a.At(i, j)-b.At(i, j)) > 1e-8*math.Sqrt(energyOf(forms[i])*energyOf(forms[j])) {
					t.Fatalf("covariance %d, %d: %v, as a matrix %v", i, j, a.At(i, j), b.At(i, j))
				}
			}
		}
	})
}

// A unit that was taken with certainty contributes nothing, whatever its value, and is not lonely.
func TestCertaintiesContributeNothing(t *testing.T) {
	fraction := []float64{0.2, 0.5, 0.3, 1}
	for m := PPSBrewer; m <= PPSJoint; m++ {
		for _, e := range []PPSEstimator{HorvitzThompson, YatesGrundy} {
			pps := func(n int) *PPS {
				p := &PPS{Method: m, Estimator: e}
				if m == PPSHartleyRao {
					// The sum over a population of which the certainty is one: 3·0.4 of the rest, and 1.
					p.SumSquares = slices.Repeat([]float64{(3*0.4 + float64(n-3)) / float64(n)}, n)
				}
				if m == PPSJoint {
					j := mat.NewSymDense(n, nil)
					for a := range n {
						for b := a; b < n; b++ {
							j.SetSym(a, b, fraction[a]*fraction[b])
							if a != b && b < 3 {
								j.SetSym(a, b, 0.8*fraction[a]*fraction[b])
							}
						}
						j.SetSym(a, a, fraction[a])
					}
					p.Joint = j
				}
				return p
			}
			without := built(t, Spec{Weights: []float64{5, 2, 3}, Stages: []Stage{{Fraction: fraction[:3], PPS: pps(3)}}})
			with := built(t, Spec{Weights: []float64{5, 2, 3, 1}, Stages: []Stage{{Fraction: fraction, PPS: pps(4)}}})
			want := sumVariance(t, without, []float64{1, 7, 4})
			if got := sumVariance(t, with, []float64{1, 7, 4, 1000}); math.Abs(got-want) > 1e-12*math.Abs(want) {
				t.Errorf("method %d, estimator %d: %v, without the certainty %v", m, e, got, want)
			}
		}
	}
	d := built(t, Spec{Weights: []float64{1, 2, 2}, Stages: []Stage{{
		Strata: Ints([]int{1, 2, 2}), Fraction: []float64{1, 0.5, 0.5}, PPS: &PPS{},
	}}})
	if got := sumVariance(t, d, []float64{5, 1, 1}); got != 0 {
		t.Errorf("a certainty alone in its stratum: %v", got)
	}
}

// Brewer's is the form of Yates and Grundy with Hartley and Rao's probabilities when their sum is estimated; neither is negative.
func TestBrewerIsHartleyRaoInTheFormOfYatesAndGrundy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "n")
		p := rapid.SliceOfN(rapid.Float64Range(0.01, 1), n, n).Draw(t, "p")
		z := rapid.SliceOfN(rapid.Float64Range(-10, 10), n, n).Draw(t, "z")
		w := slices.Repeat([]float64{1}, n)
		v := func(pps PPS) float64 {
			return sumVariance(t, built(t, Spec{Weights: w, Lonely: LonelyRemove, Stages: []Stage{{Fraction: p, PPS: &pps}}}), z)
		}
		a, b := v(PPS{}), v(PPS{Method: PPSHartleyRao, Estimator: YatesGrundy})
		if math.Abs(a-b) > 1e-12*(a+1) || a < 0 {
			t.Fatalf("%v and %v", a, b)
		}
		if c := v(PPS{Method: PPSOverton, Estimator: YatesGrundy}); c < 0 {
			t.Fatalf("Overton's form of Yates and Grundy is %v", c)
		}
	})
}

func TestProbabilitiesThatAreRefused(t *testing.T) {
	w := []float64{1, 1, 1}
	p := []float64{0.5, 0.4, 0.3}
	joint := func(change func(m *mat.Dense)) *PPS {
		m := mat.NewDense(3, 3, []float64{0.5, 0.15, 0.1, 0.15, 0.4, 0.1, 0.1, 0.1, 0.3})
		change(m)
		return &PPS{Method: PPSJoint, Joint: m}
	}
	index := func(index []int) *PPS {
		j := joint(func(*mat.Dense) {})
		j.Index = index
		return j
	}
	sums := func(s ...float64) *PPS { return &PPS{Method: PPSHartleyRao, SumSquares: s} }
	var in *InputError
	var probability *ProbabilityError
	var lonely *LonelyError
	for name, c := range map[string]struct {
		stage Stage
		want  any
	}{
		"zero":              {Stage{Fraction: []float64{0.5, 0, 0.1}, PPS: &PPS{}}, &probability},
		"above one":         {Stage{Fraction: []float64{0.5, 1.1, 0.1}, PPS: &PPS{}}, &probability},
		"not a number":      {Stage{Fraction: []float64{0.5, 0.1, math.NaN()}, PPS: &PPS{}}, &probability},
		"differs in a unit": {Stage{Clusters: Ints([]int{1, 1, 2}), Fraction: p, PPS: &PPS{}}, &probability},
		"no fraction":       {Stage{PPS: &PPS{}}, &in},
		"population":        {Stage{Population: []float64{9, 9, 9}, PPS: &PPS{}}, &in},
		"no such method":    {Stage{Fraction: p, PPS: &PPS{Method: 9}}, &in},
		"no matrix":         {Stage{Fraction: p, PPS: &PPS{Method: PPSJoint}}, &in},
		"needless matrix":   {Stage{Fraction: p, PPS: &PPS{Joint: mat.NewDense(3, 3, nil)}}, &in},
		"sums":              {Stage{Fraction: p, PPS: sums(1)}, &in},
		"sum below zero":    {Stage{Fraction: p, PPS: sums(-1, -1, -1)}, &probability},
		"sums differ":       {Stage{Fraction: p, PPS: sums(1, 1, 2)}, &probability},
		"tolerance":         {Stage{Fraction: p, PPS: &PPS{Tolerance: math.NaN()}}, &in},
		"size":              {Stage{Fraction: p, PPS: &PPS{Method: PPSJoint, Joint: mat.NewDense(2, 2, nil)}}, &probability},
		"not square":        {Stage{Fraction: p, PPS: &PPS{Method: PPSJoint, Joint: mat.NewDense(3, 2, nil)}}, &probability},
		"asymmetric":        {Stage{Fraction: p, PPS: joint(func(m *mat.Dense) { m.Set(0, 1, 0.14) })}, &probability},
		"diagonal":          {Stage{Fraction: p, PPS: joint(func(m *mat.Dense) { m.Set(1, 1, 0.41) })}, &probability},
		"diagonal of zero":  {Stage{PPS: joint(func(m *mat.Dense) { m.Set(1, 1, 0) })}, &probability},
		"pair of zero":      {Stage{Fraction: p, PPS: joint(func(m *mat.Dense) { m.Set(0, 1, 0); m.Set(1, 0, 0) })}, &probability},
		"pair too large":    {Stage{Fraction: p, PPS: joint(func(m *mat.Dense) { m.Set(0, 1, 0.45); m.Set(1, 0, 0.45) })}, &probability},
		"pair not a number": {Stage{Fraction: p, PPS: joint(func(m *mat.Dense) { m.Set(0, 1, math.NaN()); m.Set(1, 0, math.NaN()) })}, &probability},
		"index":             {Stage{Fraction: p, PPS: index([]int{0, 1})}, &in},
		"index twice":       {Stage{Fraction: p, PPS: index([]int{0, 1, 1})}, &probability},
		"index outside":     {Stage{Fraction: p, PPS: index([]int{0, 1, 3})}, &probability},
		"lonely":            {Stage{Strata: Ints([]int{1, 1, 2}), Fraction: p, PPS: &PPS{}}, &lonely},
		"one of Yates and Grundy": {Stage{Fraction: []float64{0.5, 1, 1}, PPS: &PPS{Method: PPSJoint, Estimator: YatesGrundy,
			Joint: mat.NewDense(3, 3, []float64{.5, .5, .5, .5, 1, 1, .5, 1, 1})}}, &probability},
	} {
		if _, err := New(Spec{Weights: w, Stages: []Stage{c.stage}}); !errors.As(err, c.want) {
			t.Errorf("%s: %v", name, err)
		} else if fmt.Sprint(err) == "" {
			t.Errorf("%s: no words", name)
		}
	}
}
