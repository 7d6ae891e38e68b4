package estimate_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sipas/analysis"
	"sipas/analysis/design"
	"sipas/analysis/estimate"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func TestMethodNames(t *testing.T) {
	for _, m := range estimate.Methods() {
		if got, err := estimate.ParseMethod(string(m)); got != m || err != nil {
			t.Errorf("%s: %v, %v", m, got, err)
		}
		in, _ := estimate.Proportion(m, 0.3, 0.05, 80, math.Inf(1), 0.95)
		if !strings.Contains(in.Method, "normal") {
			t.Errorf("%s with infinite df is called %q", m, in.Method)
		}
	}
	if got, err := estimate.ParseMethod("mean"); got != estimate.T || err != nil {
		t.Errorf("mean: %v, %v", got, err)
	}
	if _, err := estimate.ParseMethod("score"); err == nil {
		t.Error("there is no score interval of a share")
	}
}

// The ends solve the equation that defines them, to the last digits.
func TestLikelihoodEndsAreRoots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.OneOf(rapid.Float64Range(1e-9, 1-1e-9), rapid.SampledFrom([]float64{0, 1})).Draw(t, "p")
		n := rapid.IntRange(2, 100_000).Draw(t, "n")
		df := rapid.Float64Range(1, 400).Draw(t, "df")
		se := math.Sqrt(p * (1 - p) / float64(n))
		in, reason := estimate.Proportion(estimate.Likelihood, p, se, n, df, 0.95)
		if reason != "" {
			t.Fatal(reason)
		}
		q := distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(0.975)
		for _, end := range []float64{in.Low, in.High} {
			if end == 0 || end == 1 || end < 1e-300 || end > 1-1e-15 {
				continue
			}
			var d float64
			if p > 0 {
				d += p * math.Log(p/end)
			}
			if p < 1 {
				d += (1 - p) * math.Log((1-p)/(1-end))
			}
			slope := math.Abs((end - p) / (end * (1 - end)) * 2 * float64(n))
			if excess := math.Abs(2*float64(n)*d - q*q); excess > 1e-9*q*q+slope*end*1e-12+float64(n)*1e-15 {
				t.Fatalf("p = %v, n = %d: the end %v is off by %v", p, n, end, excess)
			}
		}
	})
}

// With replicate weights the logit interval has the spread of the replicates' logits.
func TestReplicateLogit(t *testing.T) {
	w := slices.Repeat([]float64{3}, 20)
	y := make([]float64, 20)
	for i := range 6 {
		y[i] = 1
	}
	d := jackknifed(t, w, "JK1")
	all := estimate.Whole(d, "all")
	share := estimate.Variable{Kind: estimate.Share, Values: y}
	e := compute(t, d, all, estimate.Options{ShareInterval: estimate.Logit}, share).Estimate(0, 0)
	logit := func(p float64) float64 { return math.Log(p / (1 - p)) }
	// Six replicates have 5 of 19, fourteen 6 of 19.
	a, b := logit(5.0/19), logit(6.0/19)
	mean := (6*a + 14*b) / 20
	se := math.Sqrt(19.0 / 20 * (6*(a-mean)*(a-mean) + 14*(b-mean)*(b-mean)))
	half := distuv.StudentsT{Sigma: 1, Nu: e.DF}.Quantile(0.975) * se
	expit := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	if !close(e.Interval.Low, expit(logit(0.3)-half)) || !close(e.Interval.High, expit(logit(0.3)+half)) || e.Interval.Method != "logit" {
		t.Errorf("%+v", e)
	}
	// A replicate without the only one that has it has no logit, nor has a share of zero.
	for name, ones := range map[string]int{"one": 1, "none": 0} {
		y := make([]float64, 20)
		for i := range ones {
			y[i] = 1
		}
		e := compute(t, d, all, estimate.Options{ShareInterval: estimate.Logit}, estimate.Variable{Kind: estimate.Share, Values: y}).Estimate(0, 0)
		if !e.Defined() || !math.IsNaN(e.Interval.Low) || e.Reason == "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// Degrees of freedom that the caller gives take the place of each domain's own, and the result says which they are.
func TestGivenDegreesOfFreedom(t *testing.T) {
	d, err := design.New(design.Spec{Weights: slices.Repeat([]float64{2}, 12)})
	if err != nil {
		t.Fatal(err)
	}
	y := []float64{1, 3, 2, 5, 4, 4, 2, 1, 5, 3, 3, 2}
	v := estimate.Variable{Values: y}
	all := estimate.Whole(d, "all")
	for df, method := range map[float64]string{4: "t", math.Inf(1): "normal"} {
		opt := estimate.Options{DF: df}
		tb := compute(t, d, all, opt, v)
		e := tb.Estimate(0, 0)
		half := e.SE * 1.959963984540054
		if df == 4 {
			half = e.SE * distuv.StudentsT{Sigma: 1, Nu: 4}.Quantile(0.975)
		}
		if e.DF != df || e.Interval.Method != method || !close(e.Interval.High, e.Value+half) {
			t.Errorf("%v: %+v", df, e)
		}
		composite, err := estimate.Of(d, tb.Stat(0, 0), "mean", opt)
		if err != nil || !close(composite.Interval.Low, e.Interval.Low) || composite.Interval.Method != method || composite.DF != df {
			t.Errorf("%v: %+v, %v", df, composite, err)
		}
	}
	for _, df := range []float64{-1, nan} {
		if _, err := estimate.Compute(d, []estimate.Variable{v}, all, estimate.Options{DF: df}); err == nil {
			t.Errorf("%v degrees of freedom", df)
		}
	}
}

func TestDesignEffectSaysAgainstWhat(t *testing.T) {
	d, err := design.New(design.Spec{Weights: []float64{2, 2, 2, 2}})
	if err != nil {
		t.Fatal(err)
	}
	scaled, err := design.New(design.Spec{Weights: []float64{1, 1, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	vars := []estimate.Variable{{Values: []float64{1, 2, 4, 8}}, {Values: []float64{3, 3, 3, 3}}, {Values: []float64{nan, nan, nan, nan}}}
	tb := compute(t, d, estimate.Whole(d, "all"), estimate.Options{}, vars...)
	if e := tb.DesignEffect(0, 0, estimate.WithReplacement); !close(e.Value, 1) || e.Against != "wr" || e.Reason != "" {
		t.Errorf("%+v", e)
	}
	if e := tb.DesignEffect(0, 0, estimate.WithoutReplacement); !close(e.Value, 2) || e.Against != "wor" || e.Reason != "" {
		t.Errorf("%+v", e)
	}
	if e := compute(t, scaled, estimate.Whole(scaled, "all"), estimate.Options{}, vars...).DesignEffect(0, 0, estimate.WithoutReplacement); !math.IsNaN(e.Value) || !strings.Contains(e.Reason, "population") {
		t.Errorf("%+v", e)
	}
	if e := tb.DesignEffect(0, 1, estimate.WithReplacement); !math.IsNaN(e.Value) || !strings.Contains(e.Reason, "vary") {
		t.Errorf("%+v", e)
	}
	if e := tb.DesignEffect(0, 2, estimate.WithReplacement); !math.IsNaN(e.Value) || e.Reason != "no answers" {
		t.Errorf("%+v", e)
	}
	if cv := estimate.CV(analysis.Estimate{Value: -4, SE: 1}); cv != 0.25 {
		t.Errorf("cv %v", cv)
	}
	if cv := estimate.CV(analysis.Estimate{Value: 0, SE: 1}); !math.IsNaN(cv) {
		t.Errorf("cv of zero %v", cv)
	}
}

func TestPrecision(t *testing.T) {
	e := func(value, low, high, n, df float64) analysis.Estimate {
		return analysis.Estimate{Value: value, Interval: analysis.Interval{Low: low, High: high}, EffectiveN: n, DF: df}
	}
	rules := estimate.NCHS()
	for name, c := range map[string]struct {
		e            analysis.Estimate
		show, review bool
	}{
		"plain":        {e(100, 60, 140, 40, 20), true, false},
		"just so wide": {e(100, 20, 180, 10, 8), true, false},
		"too wide":     {e(100, 19, 180, 40, 20), false, false},
		"negative":     {e(-100, -140, -60, 40, 20), true, false},
		"few":          {e(100, 60, 140, 9.9, 20), false, false},
		"few df":       {e(100, 60, 140, 40, 7), true, true},
		"zero":         {e(0, -1, 1, 40, 20), false, false},
		"no interval":  {e(100, nan, nan, 40, 20), false, false},
		"no n":         {e(100, 60, 140, nan, 20), false, false},
		"no value":     {analysis.Undefined(0, "no answers"), false, false},
	} {
		for _, kind := range []estimate.Kind{estimate.Mean, estimate.Total, estimate.Ratio} {
			v := rules.Judge(kind, c.e)
			if v.Show != c.show || v.Review != c.review || v.Note || (len(v.Reasons) == 0) != (c.show && !c.review) {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
	// Shares have their own rule.
	if v := rules.Judge(estimate.Share, e(0.4, 0.2, 0.6, 40, 20)); v.Show {
		t.Errorf("a share with an interval of 40 points: %+v", v)
	}
}
