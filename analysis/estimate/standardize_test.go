package estimate_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"sipas/analysis/design"
	"sipas/analysis/estimate"

	"pgregory.net/rapid"
)

// The mean of a standardized group is Σ π_c·ȳ_gc, with the standard error of that composite, linearized or by replicates.
func TestStandardizedMeanIsAComposite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(24, 60).Draw(t, "n")
		w, y := make([]float64, n), make([]float64, n)
		class, group, both := make([]string, n), make([]string, n), make([]string, n)
		for i := range n {
			w[i], y[i] = rapid.Float64Range(1, 5).Draw(t, "w"), rapid.Float64Range(1, 5).Draw(t, "y")
			class[i], group[i] = fmt.Sprint(i%3), fmt.Sprint(i/3%2)
			both[i] = group[i] + class[i]
		}
		target := map[string]float64{"0": 20, "1": 50, "2": 10}
		linear, err := design.New(design.Spec{Weights: w})
		if err != nil {
			t.Fatal(err)
		}
		for name, d := range map[string]*design.Design{"linearized": linear, "jackknife": jackknifed(t, w, "JK1")} {
			std, err := estimate.Standardize(d, estimate.Standard{Class: class, Group: group, Target: target})
			if err != nil {
				t.Fatal(err)
			}
			v := estimate.Variable{Values: y}
			groups, err := estimate.By(d, group)
			if err != nil {
				t.Fatal(err)
			}
			cells, err := estimate.By(d, both)
			if err != nil {
				t.Fatal(err)
			}
			got, parts, plain := compute(t, std, groups, estimate.Options{}, v), compute(t, d, cells, estimate.Options{}, v), compute(t, d, groups, estimate.Options{}, v)
			for g := range 2 {
				want := of(t, d, estimate.Linear(0,
					estimate.Term{Coefficient: 0.25, Stat: parts.Stat(3*g, 0)}, estimate.Term{Coefficient: 0.625, Stat: parts.Stat(3*g+1, 0)}, estimate.Term{Coefficient: 0.125, Stat: parts.Stat(3*g+2, 0)}))
				e := got.Estimate(g, 0)
				if !close(e.Value, want.Value) || !close(e.SE, want.SE) || !close(e.Population, plain.Estimate(g, 0).Population) {
					t.Fatalf("%s: %+v, the composite %+v", name, e, want)
				}
			}
		}
	})
}

func TestStandardizeErrors(t *testing.T) {
	d, err := design.New(design.Spec{Weights: []float64{1, 1, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	group := []string{"x", "x", "y", "y"}
	var lacks *estimate.StandardError
	_, err = estimate.Standardize(d, estimate.Standard{Class: []string{"a", "b", "a", "a"}, Group: group, Target: map[string]float64{"a": 1, "b": 3}})
	if !errors.As(err, &lacks) || lacks.Group != "y" || lacks.Class != "b" || lacks.Target != 0.75 {
		t.Errorf("%v", err)
	}
	// The answer that y lacks is not asked for when the class has no share in the standard.
	out, err := estimate.Standardize(d, estimate.Standard{Class: []string{"a", "b", "a", "a"}, Group: group, Target: map[string]float64{"a": 1, "b": 0}})
	if err != nil || out.Weights(0)[1] != 0 || out.Weights(0)[0] != 2 {
		t.Errorf("%v", err)
	}
	out, err = estimate.Standardize(d, estimate.Standard{Class: []string{"a", "a", "b", ""}, Target: map[string]float64{"a": 1, "b": 1}, Answered: []bool{true, false, true, true}})
	if err != nil || out.Weights(0)[0] != 1 || out.Weights(0)[1] != 0 || out.Weights(0)[2] != 1 || out.Weights(0)[3] != 0 {
		t.Errorf("%v", err)
	}
	for name, s := range map[string]estimate.Standard{
		"short":    {Class: []string{"a"}, Target: map[string]float64{"a": 1}},
		"unknown":  {Class: []string{"a", "a", "a", "c"}, Target: map[string]float64{"a": 1}},
		"negative": {Class: []string{"a", "a", "a", "a"}, Target: map[string]float64{"a": -1}},
		"nothing":  {Class: []string{"a", "a", "a", "a"}, Target: map[string]float64{"a": 0}},
	} {
		if _, err := estimate.Standardize(d, s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRatioTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySurvey(t)
		v := estimate.Variable{Name: "r", Kind: estimate.Ratio, Values: s.y, Denominator: s.x}
		whole := estimate.Whole(s.d, "all")
		got, err := estimate.RatioTotal(s.d, v, whole, []float64{500})
		if err != nil {
			t.Fatal(err)
		}
		r := compute(t, s.d, whole, estimate.Options{}, v).Estimate(0, 0)
		if e := of(t, s.d, got); !close(e.Value, 500*r.Value) || !close(e.SE, 500*r.SE) {
			t.Fatalf("%+v of the ratio %+v", e, r)
		}
		// Known totals that are the estimated ones give the estimated total back.
		by, err := estimate.By(s.d, s.unit)
		if err != nil {
			t.Fatal(err)
		}
		x := slicesWithout(s.x, s.y)
		tb := compute(t, s.d, estimate.Join(by, whole), estimate.Options{}, estimate.Variable{Kind: estimate.Total, Values: x}, estimate.Variable{Kind: estimate.Total, Values: s.y})
		totals := make([]float64, len(by.Names))
		for i := range totals {
			if totals[i] = tb.Estimate(i, 0).Value; math.IsNaN(totals[i]) {
				totals[i] = 0
			}
		}
		separate, err := estimate.RatioTotal(s.d, v, by, totals)
		if err != nil {
			t.Fatal(err)
		}
		if want := tb.Estimate(len(by.Names), 1).Value; !close(separate.Value, want) {
			t.Fatalf("%v, want %v", separate.Value, want)
		}
		if _, err := estimate.RatioTotal(s.d, v, by, nil); err == nil {
			t.Fatal("no totals")
		}
		if _, err := estimate.RatioTotal(s.d, estimate.Variable{Values: s.y}, whole, []float64{1}); err == nil {
			t.Fatal("no ratio")
		}
	})
}

// slicesWithout is x with what y lacks missing.
func slicesWithout(x, y []float64) []float64 {
	out := make([]float64, len(x))
	for i := range out {
		out[i] = x[i] + 0*y[i]
	}
	return out
}

func TestNonresponse(t *testing.T) {
	d, err := design.New(design.Spec{Weights: []float64{1, 2, 3, 4, 0}})
	if err != nil {
		t.Fatal(err)
	}
	by, err := estimate.By(d, []string{"a", "a", "b", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := estimate.Nonresponse(d, []estimate.Variable{
		{Name: "y", Values: []float64{1, nan, 3, 4, nan}},
		{Name: "r", Kind: estimate.Ratio, Values: []float64{1, 1, 1, nan, 1}, Denominator: []float64{nan, 1, 1, 1, 1}},
		{Name: "z", Values: []float64{1, 2, 3, 4, 5}},
		{Name: "all of z too", Values: []float64{5, 4, 3, 2, 1}},
	}, by, estimate.Options{ShareInterval: estimate.Wilson})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][4]struct {
		answered, missing int
		share             float64
	}{
		{{1, 1, 2.0 / 3}, {1, 1, 1.0 / 3}, {2, 0, 0}, {2, 0, 0}},
		{{2, 0, 0}, {1, 1, 4.0 / 7}, {2, 0, 0}, {2, 0, 0}},
		{{0, 0, nan}, {0, 0, nan}, {0, 0, nan}, {0, 0, nan}},
	} {
		for j, w := range want {
			if g := got[i][j]; g.Answered != w.answered || g.Missing != w.missing || !close(g.Share.Value, w.share) {
				t.Errorf("%s, variable %d: %+v", by.Names[i], j, g)
			}
		}
	}
	if _, err := estimate.Nonresponse(d, []estimate.Variable{{Values: []float64{1}}}, by, estimate.Options{}); err == nil {
		t.Error("too few values")
	}
}
