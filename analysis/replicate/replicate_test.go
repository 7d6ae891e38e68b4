package replicate_test

import (
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"sipas/analysis/design"
	"sipas/analysis/replicate"
)

// sample is a made-up survey: what design it has, and a variable.
type sample struct {
	spec design.Spec
	y    []float64
}

// draw makes a stratified sample of clusters. Strata have from low to high units, and sizes are given when fpc is.
func draw(t *rapid.T, maxStrata, low, high int, fpc bool) sample {
	var s sample
	var strata, units []int
	var size []float64
	for h := range rapid.IntRange(1, maxStrata).Draw(t, "strata") {
		n := rapid.IntRange(low, high).Draw(t, "units")
		whole := float64(n + rapid.IntRange(0, 10).Draw(t, "more"))
		for u := range n {
			for range rapid.IntRange(1, 3).Draw(t, "rows") {
				strata, units, size = append(strata, h), append(units, u), append(size, whole)
				s.spec.Weights = append(s.spec.Weights, rapid.Float64Range(0.5, 5).Draw(t, "w"))
				s.y = append(s.y, rapid.Float64Range(-10, 10).Draw(t, "y"))
			}
		}
	}
	stage := design.Stage{Strata: design.Ints(strata), Clusters: design.Ints(units)}
	if fpc {
		stage.Population = size
	}
	s.spec.Stages = []design.Stage{stage}
	return s
}

func mustDesign(t failer, spec design.Spec) *design.Design {
	t.Helper()
	d, err := design.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type failer interface {
	Helper()
	Fatal(args ...any)
}

func mustMake(t failer, d *design.Design, m replicate.Method, opt replicate.Options) *design.Design {
	t.Helper()
	out, err := replicate.Make(d, m, opt)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// total is the form of Σwy.
func total(d *design.Design, y []float64) design.Form {
	p := design.Part{Rows: d.Order()}
	for _, row := range d.Order() {
		p.Values = append(p.Values, d.Weights(0)[row]*y[row])
	}
	return design.Form{p}
}

func variance(t failer, d *design.Design, y []float64) float64 {
	t.Helper()
	v, err := d.Variance(total(d, y))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func squares(d *design.Design, y []float64) float64 {
	var s float64
	for i, w := range d.Weights(0) {
		s += w * w * y[i] * y[i]
	}
	return s
}

// The jackknife of a total is its linearization, with and without a finite population correction. About the estimate it
// is so too: the mean of a stratum's replicates is the estimate.
func TestJackknifeIsLinearization(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		method, strata := replicate.JKn, 4
		if rapid.Bool().Draw(t, "jk1") {
			method, strata = replicate.JK1, 1
		}
		s := draw(t, strata, 2, 5, rapid.Bool().Draw(t, "fpc"))
		d := mustDesign(t, s.spec)
		made, err := replicate.Make(d, method, replicate.Options{MSE: rapid.Bool().Draw(t, "mse")})
		if err != nil {
			// Only strata that were all taken whole leave nothing to replicate.
			if variance(t, d, s.y) != 0 {
				t.Fatal(err)
			}
			return
		}
		if a, b := variance(t, made, s.y), variance(t, d, s.y); math.Abs(a-b) > 1e-11*squares(d, s.y) {
			t.Errorf("%v, want %v", a, b)
		}
	})
}

// With as many columns as make all strata's signs orthogonal, BRR of a total is its linearization, for any ρ.
func TestBalancedIsLinearization(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t, 20, 2, 2, false)
		d := mustDesign(t, s.spec)
		method, opt := replicate.BRR, replicate.Options{MSE: rapid.Bool().Draw(t, "mse")}
		if rapid.Bool().Draw(t, "fay") {
			method, opt.Rho = replicate.Fay, rapid.Float64Range(0, 0.9).Draw(t, "rho")
		}
		made := mustMake(t, d, method, opt)
		if a, b := variance(t, made, s.y), variance(t, d, s.y); math.Abs(a-b) > 1e-10*squares(d, s.y) {
			t.Errorf("%v, want %v", a, b)
		}
		if df := made.DF(made.Order()); df != float64(d.Strata()) {
			t.Errorf("%v degrees of freedom for %d strata", df, d.Strata())
		}
	})
}

// With a row for every unit the variance of a total is half the sum of squared successive differences, around each stratum.
func TestSuccessiveDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t, 4, 2, 7, rapid.Bool().Draw(t, "fpc"))
		d := mustDesign(t, s.spec)
		made, err := replicate.Make(d, replicate.SDR, replicate.Options{MSE: true})
		if err != nil {
			// Only strata that were all taken whole leave nothing to replicate.
			if variance(t, d, s.y) != 0 {
				t.Fatal(err)
			}
			return
		}
		var want float64
		lv := d.Levels()[0]
		sum := make([]float64, len(lv.Stratum))
		for row, u := range lv.Unit {
			sum[u] += d.Weights(0)[row] * s.y[row]
		}
		for _, st := range lv.Strata {
			for i := range st.Units {
				diff := sum[st.First+i] - sum[st.First+(i+1)%st.Units]
				want += (1 - st.Fraction) / 2 * diff * diff
			}
		}
		if a := variance(t, made, s.y); math.Abs(a-want) > 1e-10*squares(d, s.y) {
			t.Errorf("%v, want %v", a, want)
		}
	})
}

// With fewer rows than units, every unit still has a factor that varies, and no factor has the constant row.
func TestFewSuccessiveDifferences(t *testing.T) {
	n := 60
	w, y, strata := make([]float64, n), make([]float64, n), make([]int, n)
	for i := range w {
		w[i], y[i], strata[i] = 1, float64(i*i%7), i/30
	}
	d := mustDesign(t, design.Spec{Weights: w, Stages: []design.Stage{{Strata: design.Ints(strata)}}})
	made := mustMake(t, d, replicate.SDR, replicate.Options{Replicates: 20})
	p := made.Replicates()
	if p.Count() != 20 || p.Scale != 4.0/20 {
		t.Fatalf("%d replicates with scale %v", p.Count(), p.Scale)
	}
	for u := range n {
		var s float64
		low, high := math.Inf(1), math.Inf(-1)
		for _, v := range p.Factors.RawRowView(u) {
			s += v
			low, high = math.Min(low, v), math.Max(high, v)
		}
		// Two rows that are orthogonal to the row of ones leave the mean of the factors at one.
		if math.Abs(s/20-1) > 1e-12 || math.Abs(high-low-4*math.Sqrt(1.0/8)) > 1e-12 {
			t.Errorf("unit %d: factors from %v to %v with mean %v", u, low, high, s/20)
		}
	}
	if n := mustMake(t, d, replicate.SDR, replicate.Options{Replicates: 2}).Replicates().Count(); n != 4 {
		t.Errorf("%d replicates where two were asked for, want 4", n)
	}
	full := mustMake(t, d, replicate.SDR, replicate.Options{})
	if a, b := variance(t, made, y), variance(t, full, y); !(a > b/3 && a < b*3) {
		t.Errorf("variance %v with 20 replicates, %v with all", a, b)
	}
}

func TestHadamard(t *testing.T) {
	for order := 1; order <= 420; order++ {
		h := replicate.Hadamard(order)
		if h == nil {
			if order%4 == 0 && replicate.HadamardOrder(order-1) == order {
				t.Errorf("no matrix of order %d", order)
			}
			continue
		}
		// Of large matrices every seventh row is held against all others.
		for i := 0; i < order; i += 1 + order/200*6 {
			for j := range order {
				dot := 0
				for k := range h[i] {
					dot += int(h[i][k]) * int(h[j][k])
				}
				want := 0
				if i == j {
					want = order
				}
				if dot != want {
					t.Fatalf("order %d, rows %d and %d: product %d, want %d", order, i, j, dot, want)
				}
			}
		}
		for i := range h {
			if h[i][0] != 1 || h[0][i] != 1 {
				t.Fatalf("order %d: the first row and column are not ones", order)
			}
		}
	}
	// No order that is asked for is far from the least one possible, the next multiple of four.
	for n := 1; n < 400; n++ {
		if order := replicate.HadamardOrder(n); order <= n || float64(order) > math.Max(float64(n+8), 1.08*float64(n)) {
			t.Errorf("order %d for %d rows", order, n)
		}
	}
}

// stages is a design of two or three stages with a correction at each, in three strata of unequal size, and one that was taken whole.
func stages(n int) design.Spec {
	var s design.Spec
	var strata, psu, ssu, tsu []int
	var n1, n2, n3 []float64
	for h, units := range []int{2, 5, 3, 2} {
		for i := range units {
			for j := range 2 + i%2 {
				for k := range 2 + j%2 {
					strata, psu, ssu, tsu = append(strata, h), append(psu, i), append(ssu, j), append(tsu, k)
					n1 = append(n1, []float64{7, 12, 9, 2}[h])
					n2 = append(n2, float64(2+i%2)*2+1)
					n3 = append(n3, float64(2+j%2)*3)
					s.Weights = append(s.Weights, 1+float64(len(s.Weights)%5))
				}
			}
		}
	}
	s.Stages = []design.Stage{
		{Strata: design.Ints(strata), Clusters: design.Ints(psu), Population: n1},
		{Clusters: design.Ints(ssu), Population: n2}, {Clusters: design.Ints(tsu), Population: n3},
	}[:n]
	return s
}

// The bootstraps' variances of totals have the design's own as their mean: those of twenty thousand
// replicates come within their Monte Carlo error.
func TestBootstrapsAreUnbiased(t *testing.T) {
	endless := stages(1)
	endless.Stages[0].Population = nil
	lonely := stages(2)
	lonely.Weights = lonely.Weights[len(lonely.Weights)-9:]
	lonely.Stages = []design.Stage{{Strata: design.Strings([]string{"a", "a", "b", "b", "b", "c", "c", "d", "d"}), Clusters: design.Ints([]int{1, 2, 1, 2, 3, 1, 1, 1, 2})}}
	nearly := design.Spec{Weights: []float64{1, 1, 1, 1, 1}, Stages: []design.Stage{{
		Strata: design.Ints([]int{1, 1, 2, 2, 2}), Fraction: []float64{0.95, 0.95, 0.4, 0.4, 0.4},
	}}}
	unequal := design.Spec{Weights: []float64{1, 2, 3, 4, 5, 6}, Stages: []design.Stage{{
		Strata: design.Ints([]int{1, 1, 1, 2, 2, 2}), Fraction: []float64{0.2, 0.5, 1, 0.3, 0.3, 0.6}, PPS: &design.PPS{Method: design.PPSBrewer},
	}}}
	single := unequal
	single.Stages = []design.Stage{unequal.Stages[0]}
	single.Stages[0].Fraction = []float64{0.2, 1, 1, 0.3, 0.3, 0.6}
	joint := design.Spec{Weights: []float64{1, 2, 3}, Stages: []design.Stage{{PPS: &design.PPS{
		Method: design.PPSJoint, Estimator: design.YatesGrundy,
		Joint: mat.NewDense(3, 3, []float64{0.5, 0.2, 0.15, 0.2, 0.6, 0.25, 0.15, 0.25, 0.7}),
	}}}}

	for name, c := range map[string]struct {
		spec   design.Spec
		lonely design.Lonely
		method replicate.Method
		mse    bool
	}{
		"Rao-Wu":                        {spec: endless, method: replicate.RaoWu},
		"Rao-Wu, corrected":             {spec: stages(1), method: replicate.RaoWu, mse: true},
		"Canty-Davison":                 {spec: endless, method: replicate.CantyDavison},
		"Canty-Davison, corrected":      {spec: stages(1), method: replicate.CantyDavison},
		"Canty-Davison, nearly all":     {spec: nearly, method: replicate.CantyDavison},
		"Preston, one stage":            {spec: stages(1), method: replicate.Preston},
		"Preston, two stages":           {spec: stages(2), method: replicate.Preston, mse: true},
		"Preston, three stages":         {spec: stages(3), method: replicate.Preston},
		"generalized, one stage":        {spec: endless, method: replicate.Generalized},
		"generalized, three stages":     {spec: stages(3), method: replicate.Generalized},
		"generalized, lonely adjusted":  {spec: lonely, lonely: design.LonelyAdjust, method: replicate.Generalized},
		"generalized, lonely averaged":  {spec: lonely, lonely: design.LonelyAverage, method: replicate.Generalized},
		"generalized, lonely removed":   {spec: lonely, lonely: design.LonelyRemove, method: replicate.Generalized},
		"Rao-Wu, lonely removed":        {spec: lonely, lonely: design.LonelyCertainty, method: replicate.RaoWu},
		"Canty-Davison, lonely removed": {spec: lonely, lonely: design.LonelyRemove, method: replicate.CantyDavison},
		"generalized, Brewer":           {spec: unequal, method: replicate.Generalized},
		"generalized, Brewer, adjusted": {spec: single, lonely: design.LonelyAdjust, method: replicate.Generalized},
		"generalized, joint":            {spec: joint, method: replicate.Generalized},
	} {
		t.Run(name, func(t *testing.T) {
			spec := c.spec
			spec.Lonely = c.lonely
			d := mustDesign(t, spec)
			const n = 20_000
			made := mustMake(t, d, c.method, replicate.Options{Replicates: n, Seed: 7, MSE: c.mse})
			for k := range 6 {
				y := make([]float64, d.Rows())
				for i := range y {
					y[i] = math.Sin(float64((i + 1) * (k + 1) * (k + 2)))
				}
				want, got := variance(t, d, y), variance(t, made, y)
				// A variance of n nearly normal values has the relative error √(2/n), 1 per cent.
				if math.Abs(got-want) > 0.06*want {
					t.Errorf("%v, want %v", got, want)
				}
			}
		})
	}
}

func TestGeneralizedIsPositive(t *testing.T) {
	made := mustMake(t, mustDesign(t, stages(3)), replicate.Generalized, replicate.Options{Replicates: 100, Seed: 3})
	p := made.Replicates()
	if low := mat.Min(p.Factors); low < 0.01-1e-9 {
		t.Errorf("least factor %v", low)
	}
	if p.Scale <= 1.0/99 {
		t.Errorf("scale %v does not undo what the factors were drawn together by", p.Scale)
	}
}

// The same seed gives the same weights, another one others; rows in another order get the same.
func TestSeeds(t *testing.T) {
	for _, m := range []replicate.Method{replicate.RaoWu, replicate.CantyDavison, replicate.Preston, replicate.Generalized} {
		spec := stages(1)
		a := mustMake(t, mustDesign(t, spec), m, replicate.Options{Seed: 1}).Replicates()
		b := mustMake(t, mustDesign(t, spec), m, replicate.Options{Seed: 1}).Replicates()
		c := mustMake(t, mustDesign(t, spec), m, replicate.Options{Seed: 2}).Replicates()
		if !mat.Equal(a.Factors, b.Factors) || mat.Equal(a.Factors, c.Factors) {
			t.Errorf("%s does not follow its seed", m)
		}
		if a.Count() != 50 {
			t.Errorf("%s: %d replicates, want 50", m, a.Count())
		}
	}
}

func TestMisfits(t *testing.T) {
	plain := func(labels ...string) design.Spec {
		w := make([]float64, len(labels))
		for i := range w {
			w[i] = 1
		}
		return design.Spec{Weights: w, Stages: []design.Stage{{Strata: design.Strings(labels)}}}
	}
	adjusted := plain("a", "a", "b")
	adjusted.Lonely = design.LonelyAdjust
	whole := plain("a", "a")
	whole.Stages[0].Fraction = []float64{1, 1}
	unequal := plain("a", "a")
	unequal.Stages[0].Fraction = []float64{0.2, 0.4}
	unequal.Stages[0].PPS = &design.PPS{}
	calibrated := plain("a", "a")
	x, err := design.FromRows(1, [][]design.Entry{{{Column: 0, Value: 1}}, {{Column: 0, Value: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	calibrated.Columns = []design.Column{{Name: "c", Weights: []float64{1, 1}, Calibration: &design.Calibration{X: x, Base: []float64{1, 1}}}}
	domains := plain("a", "a", "b")
	domains.Lonely, domains.DomainLonely = design.LonelyAverage, true
	rotated := plain("a", "a")
	rotated.Stages[0].Fraction = []float64{0.5, 0.5}
	rotated.Columns = []design.Column{{Name: "c", Weights: []float64{1, 1}, Chance: []float64{0.5, 0.5}}}

	for name, c := range map[string]struct {
		spec   design.Spec
		method replicate.Method
		row    int
	}{
		"strata in JK1":            {plain("a", "a", "b", "b"), replicate.JK1, -1},
		"three units in BRR":       {plain("a", "a", "b", "b", "b"), replicate.BRR, 2},
		"adjusted unit in BRR":     {adjusted, replicate.BRR, 2},
		"adjusted unit in Rao-Wu":  {adjusted, replicate.RaoWu, 2},
		"nothing for JKn":          {whole, replicate.JKn, -1},
		"nothing for BRR":          {whole, replicate.BRR, -1},
		"nothing for pseudo":       {whole, replicate.CantyDavison, -1},
		"nothing for Preston":      {whole, replicate.Preston, -1},
		"nothing for differences":  {whole, replicate.SDR, -1},
		"nothing for normals":      {whole, replicate.Generalized, -1},
		"unequal probabilities":    {unequal, replicate.JKn, 0},
		"calibrated weights":       {calibrated, replicate.JKn, -1},
		"average in each domain":   {domains, replicate.Generalized, -1},
		"second phase, correction": {rotated, replicate.JKn, -1},
	} {
		var e *replicate.FitError
		if _, err := replicate.Make(mustDesign(t, c.spec), c.method, replicate.Options{}); !errors.As(err, &e) || e.Method != c.method || e.Row != c.row || e.Error() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := mustDesign(t, plain("a", "a", "b", "b"))
	var fit *replicate.FitError
	if _, err := replicate.Make(mustMake(t, d, replicate.BRR, replicate.Options{}), replicate.JKn, replicate.Options{}); !errors.As(err, &fit) {
		t.Errorf("replicates of replicates: %v", err)
	}
	for field, c := range map[string]struct {
		method replicate.Method
		opt    replicate.Options
	}{
		"method":     {"jk3", replicate.Options{}},
		"rho":        {replicate.Fay, replicate.Options{Rho: 1}},
		"replicates": {replicate.RaoWu, replicate.Options{Replicates: 1}},
	} {
		var e *replicate.InputError
		if _, err := replicate.Make(d, c.method, c.opt); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, c := range []struct {
		method replicate.Method
		opt    replicate.Options
	}{{replicate.BRR, replicate.Options{Rho: 0.3}}, {replicate.JKn, replicate.Options{Replicates: 10}}} {
		var e *replicate.InputError
		if _, err := replicate.Make(d, c.method, c.opt); !errors.As(err, &e) {
			t.Errorf("an option that %s has no use for: %v", c.method, err)
		}
	}
}

func TestNotes(t *testing.T) {
	d := mustDesign(t, stages(2))
	made := mustMake(t, d, replicate.JKn, replicate.Options{})
	if len(made.Replicates().Notes) != 1 {
		t.Errorf("notes %q, want one of the later stage", made.Replicates().Notes)
	}
	if notes := mustMake(t, d, replicate.Preston, replicate.Options{}).Replicates().Notes; len(notes) != 0 {
		t.Errorf("notes %q of a method that leaves nothing out", notes)
	}
	pairs := design.Spec{Weights: []float64{1, 1}, Stages: []design.Stage{{Population: []float64{9, 9}}}}
	if notes := mustMake(t, mustDesign(t, pairs), replicate.BRR, replicate.Options{}).Replicates().Notes; len(notes) != 1 {
		t.Errorf("notes %q, want one of the correction", notes)
	}
}
