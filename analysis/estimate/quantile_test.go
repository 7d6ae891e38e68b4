package estimate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sipas/analysis/design"
	"sipas/analysis/estimate"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

var rules = []estimate.Rule{
	estimate.HF1, estimate.HF2, estimate.HF3, estimate.HF4, estimate.HF5, estimate.HF6, estimate.HF7, estimate.HF8, estimate.HF9,
}

func quantiles(t fataler, d *design.Design, v estimate.Variable, p []float64, dom estimate.Domains, opt estimate.QuantileOptions) [][]estimate.Quantile {
	t.Helper()
	q, err := estimate.Quantiles(d, v, p, dom, opt)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// few are answers of a survey on five values, so that ties abound.
func few(t *rapid.T, s survey) []float64 {
	y := make([]float64, s.d.Rows())
	for i := range y {
		y[i] = float64(rapid.IntRange(1, 5).Draw(t, "answer"))
	}
	return y
}

func TestQuantileProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySurvey(t)
		y := s.x
		if rapid.Bool().Draw(t, "tied") {
			y = few(t, s)
		}
		p := rapid.Float64Range(0.02, 0.98).Draw(t, "p")
		rule := rapid.SampledFrom(rules).Draw(t, "rule")
		v := estimate.Variable{Name: "y", Values: y}
		whole := estimate.Whole(s.d, "all")
		q := quantiles(t, s.d, v, []float64{p}, whole, estimate.QuantileOptions{Rule: rule, Interval: estimate.Beta})[0][0]
		f, err := estimate.EmpiricalDistribution(s.d, v, whole)
		if err != nil {
			t.Fatal(err)
		}
		low, high := slices.Min(y), slices.Max(y)
		if !(q.Value >= low && q.Value <= high) || q.Rule != rule || q.Probability != p {
			t.Fatalf("%+v of values from %v to %v", q, low, high)
		}
		// The interval holds the point. By an interpolating rule the point may lie between two steps of F, and an interval that
		// is narrower than a step on one side of it.
		if q.Reason == "" && rule <= estimate.HF3 && !(q.Interval.Low <= q.Value && q.Value <= q.Interval.High) {
			t.Fatalf("%+v", q)
		}
		// hf1 is the inverse of the distribution function: the smallest x with F(x) ≥ p.
		first := f[0].Quantile(p, estimate.HF1)
		if f[0].At(first) < p-1e-12 || f[0].At(math.Nextafter(first, -1)) >= p+1e-12 {
			t.Fatalf("F(%v) = %v, just below it %v, for p = %v", first, f[0].At(first), f[0].At(math.Nextafter(first, -1)), p)
		}
		// F(q) is the share of the answers up to q, with its error.
		cdf, err := estimate.CDF(s.d, v, []float64{q.Value}, whole, estimate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := cdf.Estimate(0, 0)
		if !close(e.Value, q.Share) || !close(e.EffectiveN, q.EffectiveN) && q.Share < 1 || e.N != q.N || e.DF != q.DF {
			t.Fatalf("F is %+v, the quantile %+v", e, q)
		}
		// Woodruff's interval is that of F(q), inverted.
		in, _ := estimate.Proportion(estimate.Beta, e.Value, e.SE, e.N, e.DF, 0.95)
		if q.Reason == "" && (!close(f[0].Quantile(in.Low, rule), q.Interval.Low) || !close(f[0].Quantile(in.High, rule), q.Interval.High)) {
			t.Fatalf("%+v of the share, %+v of the quantile", in, q.Interval)
		}
	})
}

// Another order of the rows changes nothing: by the rules that do not interpolate, by all of them
// when ties go by weight, and for values that differ.
func TestQuantileOfPermutedRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(12, 60).Draw(t, "n")
		rule := rapid.SampledFrom(rules).Draw(t, "rule")
		tied := rapid.Bool().Draw(t, "tied")
		w, y, strata := make([]float64, n), make([]float64, n), make([]int, n)
		for i := range n {
			w[i], strata[i] = rapid.Float64Range(1, 9).Draw(t, "w"), i%3
			y[i] = float64(i) * math.Pi
			if tied {
				y[i] = float64(rapid.IntRange(1, 5).Draw(t, "y"))
			}
		}
		order := rapid.Permutation(indices(n)).Draw(t, "order")
		opt := estimate.QuantileOptions{Rule: rule, Interval: estimate.Beta, TiesByWeight: tied && rule >= estimate.HF4}
		p := []float64{0.1, 0.25, 0.5, 0.9}
		of := func(at []int) []estimate.Quantile {
			ww, yy, ss := make([]float64, n), make([]float64, n), make([]int, n)
			for i, k := range at {
				ww[i], yy[i], ss[i] = w[k], y[k], strata[k]
			}
			d, err := design.New(design.Spec{Weights: ww, Stages: []design.Stage{{Strata: design.Ints(ss)}}})
			if err != nil {
				t.Fatal(err)
			}
			return quantiles(t, d, estimate.Variable{Values: yy}, p, estimate.Whole(d, "all"), opt)[0]
		}
		a, b := of(indices(n)), of(order)
		for i := range a {
			if !close(a[i].Value, b[i].Value) || !close(a[i].Interval.Low, b[i].Interval.Low) || !close(a[i].Interval.High, b[i].Interval.High) || a[i].Reason != b[i].Reason {
				t.Fatalf("%s: %+v, permuted %+v", rule, a[i], b[i])
			}
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// hf1 and hf3 follow any recoding that keeps the order, the others a change of unit.
func TestQuantileOfRecodedValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySurvey(t)
		y := few(t, s)
		rule := rapid.SampledFrom(rules).Draw(t, "rule")
		recode := func(x float64) float64 { return 8*x - 32 }
		if rule == estimate.HF1 || rule == estimate.HF3 {
			recode = math.Exp
		}
		z := make([]float64, len(y))
		for i, x := range y {
			z[i] = recode(x)
		}
		opt := estimate.QuantileOptions{Rule: rule, Interval: estimate.Beta}
		a := quantiles(t, s.d, estimate.Variable{Values: y}, []float64{0.2, 0.5}, estimate.Whole(s.d, "all"), opt)[0]
		b := quantiles(t, s.d, estimate.Variable{Values: z}, []float64{0.2, 0.5}, estimate.Whole(s.d, "all"), opt)[0]
		for i := range a {
			if !close(recode(a[i].Value), b[i].Value) || !close(recode(a[i].Interval.Low), b[i].Interval.Low) || a[i].Share != b[i].Share {
				t.Fatalf("%s: %+v, recoded %+v", rule, a[i], b[i])
			}
		}
	})
}

// Domains that are computed together are what they are alone, also when they overlap.
func TestQuantilesOfDomains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySurvey(t)
		by, err := estimate.By(s.d, s.unit)
		if err != nil {
			t.Fatal(err)
		}
		all := estimate.Join(by, estimate.Whole(s.d, "all"))
		v := estimate.Variable{Name: "y", Values: s.y}
		opt := estimate.QuantileOptions{Rule: rapid.SampledFrom(rules).Draw(t, "rule"), Interval: estimate.Beta}
		joint := quantiles(t, s.d, v, []float64{0.5}, all, opt)
		for i := range all.Names {
			alone := quantiles(t, s.d, v, []float64{0.5}, estimate.Domains{Names: all.Names[i : i+1], Rows: all.Rows[i : i+1]}, opt)[0][0]
			if q := joint[i][0]; fmt.Sprint(q) != fmt.Sprint(alone) {
				t.Fatalf("%s: %+v, alone %+v", all.Names[i], q, alone)
			}
		}
	})
}

// The nine definitions for equal weights, by Hyndman and Fan's formula for the median and a quarter of 1, 2, 4, 8, 16.
func TestQuantileRules(t *testing.T) {
	d, err := design.New(design.Spec{Weights: []float64{3, 3, 3, 3, 3}})
	if err != nil {
		t.Fatal(err)
	}
	v := estimate.Variable{Values: []float64{4, 1, 16, 2, 8}}
	for rule, want := range map[estimate.Rule][3]float64{ // at 0.25, 0.4 and 0.5
		estimate.HF1: {2, 2, 4},
		estimate.HF2: {2, 3, 4},
		estimate.HF3: {2, 2, 4},
		estimate.HF4: {1.25, 2, 3},
		estimate.HF5: {1.75, 3, 4},
		estimate.HF6: {1.5, 2.8, 4},
		estimate.HF7: {2, 3.2, 4},
		estimate.HF8: {1 + 2.0/3, 2 + 2*14.0/15 - 2*7.0/15, 4},
		estimate.HF9: {1.6875, 2.95, 4},
	} {
		q := quantiles(t, d, v, []float64{0.25, 0.4, 0.5}, estimate.Whole(d, "all"), estimate.QuantileOptions{Rule: rule})[0]
		for i, e := range q {
			if math.Abs(e.Value-want[i]) > 1e-12 {
				t.Errorf("%s at %v: %v, want %v", rule, e.Probability, e.Value, want[i])
			}
		}
		if !strings.Contains(q[0].Method, string(rule)) {
			t.Errorf("the method %q does not name %s", q[0].Method, rule)
		}
	}
	for name, want := range map[string]estimate.Rule{"math": estimate.HF1, "school": estimate.HF2, "hf7": estimate.HF7} {
		if got, err := estimate.ParseRule(name); got != want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := estimate.ParseRule("hf10"); err == nil {
		t.Error("hf10 is read")
	}
}

func TestQuantileEdges(t *testing.T) {
	d, err := design.New(design.Spec{Weights: []float64{1, 1, 1, 1, 1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	v := estimate.Variable{Name: "y", Values: []float64{1, 2, nan, math.Copysign(0, -1), 0, 9}}
	dom, err := estimate.Masks(d, []string{"all", "one", "none"}, [][]bool{
		{true, true, true, true, true, true}, {true, false, false, false, false, false}, {false, false, true, false, false, true},
	})
	if err != nil {
		t.Fatal(err)
	}
	q := quantiles(t, d, v, []float64{0, 0.5, 1}, dom, estimate.QuantileOptions{})
	if q[0][0].Value != 0 || q[0][1].Value != 0 || q[0][2].Value != 2 || q[0][0].N != 4 {
		t.Errorf("%+v", q[0])
	}
	if e := q[0][2]; e.Share != 1 || e.Reason == "" || !math.IsNaN(e.SE) || !math.IsNaN(e.Interval.High) {
		t.Errorf("the largest answer: %+v", e)
	}
	if e := q[0][1]; e.Reason == "" || !math.IsNaN(e.Interval.Low) || !math.IsNaN(e.SE) {
		t.Errorf("an interval that leaves the probabilities: %+v", e)
	}
	if e := q[1][1]; e.Value != 1 || e.Reason == "" || !math.IsNaN(e.SE) {
		t.Errorf("one answer: %+v", e)
	}
	if e := q[2][1]; e.Defined() || e.Reason != "no answers" || e.N != 0 {
		t.Errorf("no answers: %+v", e)
	}
	score := quantiles(t, d, v, []float64{0.5}, dom, estimate.QuantileOptions{Interval: estimate.Score})
	if e := score[1][0]; e.Reason == "" || !math.IsNaN(e.SE) {
		t.Errorf("one answer: %+v", e)
	}
	for name, c := range map[string]struct {
		p   float64
		opt estimate.QuantileOptions
	}{
		"probability": {1.5, estimate.QuantileOptions{}}, "not a probability": {nan, estimate.QuantileOptions{}},
		"rule": {0.5, estimate.QuantileOptions{Rule: "hf0"}}, "interval": {0.5, estimate.QuantileOptions{Interval: "guess"}},
		"level": {0.5, estimate.QuantileOptions{Level: 95}}, "df": {0.5, estimate.QuantileOptions{DF: -1}},
		"no replicates": {0.5, estimate.QuantileOptions{Interval: estimate.Spread}},
	} {
		if _, err := estimate.Quantiles(d, v, []float64{c.p}, dom, c.opt); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := estimate.Quantiles(d, estimate.Variable{Column: "none", Values: v.Values}, []float64{0.5}, dom, estimate.QuantileOptions{}); err == nil {
		t.Error("there is no such column")
	}
}

// The distribution function rises over the distinct values in order, also where these differ in their last bits alone, and
// counts −0 as 0.
func TestStepsAscend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(
			rapid.Float64Range(-1e300, 1e300),
			rapid.Map(rapid.IntRange(0, 40), func(k int) float64 { return 1 + float64(k)*0x1p-52 }),
			rapid.Map(rapid.IntRange(0, 40), func(k int) float64 { return -3 - float64(k)*0x1p-45 }),
			rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 5e-324, -5e-324}),
		)
		y := rapid.SliceOfN(value, 2, 80).Draw(t, "y")
		w := rapid.SliceOfN(rapid.Float64Range(0.1, 9), len(y), len(y)).Draw(t, "w")
		d, err := design.New(design.Spec{Weights: w})
		if err != nil {
			t.Fatal(err)
		}
		f, err := estimate.EmpiricalDistribution(d, estimate.Variable{Values: y}, estimate.Whole(d, "all"))
		if err != nil {
			t.Fatal(err)
		}
		x, share := f[0].Steps()
		want := slices.Compact(slices.Sorted(slices.Values(y)))
		if !slices.Equal(x, want) || f[0].N() != len(y) {
			t.Fatalf("%v, want %v", x, want)
		}
		for k := range x {
			var below, all float64
			for i := range y {
				all += w[i]
				if y[i] <= x[k] {
					below += w[i]
				}
			}
			if math.Abs(share[k]-below/all) > 1e-12 || f[0].At(x[k]) != share[k] {
				t.Fatalf("F(%v) = %v, want %v", x[k], share[k], below/all)
			}
		}
	})
}

func TestQuantileJSON(t *testing.T) {
	d, err := design.New(design.Spec{Weights: slices.Repeat([]float64{2}, 30)})
	if err != nil {
		t.Fatal(err)
	}
	y := make([]float64, 30)
	for i := range y {
		y[i] = float64(i)
	}
	dom, err := estimate.Masks(d, []string{"all", "none"}, [][]bool{slices.Repeat([]bool{true}, 30), make([]bool, 30)})
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range quantiles(t, d, estimate.Variable{Values: y}, []float64{0.5, 0.9}, dom, estimate.QuantileOptions{Rule: estimate.HF7}) {
		for _, q := range of {
			text, err := json.Marshal(q)
			if err != nil {
				t.Fatal(err)
			}
			var back estimate.Quantile
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(back) != fmt.Sprint(q) || !strings.Contains(string(text), `"rule":"hf7"`) || strings.Contains(string(text), "NaN") {
				t.Errorf("%s: %+v, want %+v", text, back, q)
			}
		}
	}
	var q estimate.Quantile
	if err := json.Unmarshal([]byte(`{"probability":"half"}`), &q); err == nil {
		t.Error("half is no number")
	}
}

// jackknifed is a simple random sample with its delete-one replicates.
func jackknifed(t fataler, w []float64, kind string) *design.Design {
	t.Helper()
	n := len(w)
	p := &design.Replicates{Type: kind, Scale: float64(n-1) / float64(n), Factors: mat.NewDense(n, n, nil), RScales: slices.Repeat([]float64{1}, n)}
	for i := range n {
		for r := range n {
			if i != r {
				p.Factors.Set(i, r, float64(n)/float64(n-1))
			}
		}
	}
	d, err := design.New(design.Spec{Weights: w, Replicates: p})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestQuantilesOfReplicates(t *testing.T) {
	src := rand.New(rand.NewPCG(5, 6))
	w, y := make([]float64, 40), make([]float64, 40)
	for i := range w {
		w[i], y[i] = 2, src.NormFloat64()
	}
	linear, err := design.New(design.Spec{Weights: w})
	if err != nil {
		t.Fatal(err)
	}
	v := estimate.Variable{Values: y}
	all := estimate.Whole(linear, "all")
	d := jackknifed(t, w, "JK1")
	// For a share in a simple random sample the jackknife is the linearized variance, but for the replicates' degrees of freedom.
	a := quantiles(t, linear, v, []float64{0.3, 0.5}, all, estimate.QuantileOptions{})[0]
	b := quantiles(t, d, v, []float64{0.3, 0.5}, all, estimate.QuantileOptions{})[0]
	for i := range a {
		if a[i].Interval.Low != b[i].Interval.Low || a[i].Interval.High != b[i].Interval.High || !close(a[i].SE, b[i].SE) {
			t.Errorf("%+v, from replicates %+v", a[i], b[i])
		}
	}
	var refused *estimate.JackknifeError
	if _, err := estimate.Quantiles(d, v, []float64{0.5}, all, estimate.QuantileOptions{Interval: estimate.Spread}); !errors.As(err, &refused) || refused.Type != "JK1" {
		t.Errorf("the spread of a jackknife: %v", err)
	}
	asked := quantiles(t, d, v, []float64{0.5}, all, estimate.QuantileOptions{Interval: estimate.Spread, Jackknife: true})[0][0]
	if !strings.Contains(asked.Interval.Method, "not valid") || !(asked.SE > 0) {
		t.Errorf("%+v", asked)
	}
	other := quantiles(t, jackknifed(t, w, "bootstrap"), v, []float64{0.5}, all, estimate.QuantileOptions{Interval: estimate.Spread})[0][0]
	if strings.Contains(other.Interval.Method, "not valid") || other.SE != asked.SE {
		t.Errorf("%+v", other)
	}
	// The spread of delete-one medians, by hand: each replicate's own median.
	var medians []float64
	for i := range y {
		rest := slices.Sorted(slices.Values(slices.Delete(slices.Clone(y), i, i+1)))
		medians = append(medians, rest[len(rest)/2])
	}
	var mean, squares float64
	for _, m := range medians {
		mean += m / 40
	}
	for _, m := range medians {
		squares += (m - mean) * (m - mean)
	}
	if want := math.Sqrt(39.0 / 40 * squares); !close(asked.SE, want) {
		t.Errorf("spread %v, want %v", asked.SE, want)
	}
}

func BenchmarkQuantiles(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		src := rand.New(rand.NewPCG(3, 3))
		strata, unit, group := make([]int, n), make([]int, n), make([]string, n)
		w, y := make([]float64, n), make([]float64, n)
		for i := range n {
			u := src.IntN(2000)
			strata[i], unit[i], group[i] = u/40, u, fmt.Sprint(src.IntN(100))
			w[i], y[i] = 1+src.Float64(), src.NormFloat64()
		}
		d, err := design.New(design.Spec{Weights: w, Stages: []design.Stage{{Strata: design.Ints(strata), Clusters: design.Ints(unit)}}})
		if err != nil {
			b.Fatal(err)
		}
		by, err := estimate.By(d, group)
		if err != nil {
			b.Fatal(err)
		}
		for name, dom := range map[string]estimate.Domains{"whole": estimate.Whole(d, "all"), "100 domains": by} {
			b.Run(fmt.Sprintf("%d %s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					quantiles(b, d, estimate.Variable{Values: y}, []float64{0.25, 0.5, 0.75}, dom, estimate.QuantileOptions{})
				}
			})
		}
	}
}
