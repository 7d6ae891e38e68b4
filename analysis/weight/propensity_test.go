package weight_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"sipas/analysis/weight"

	"pgregory.net/rapid"
)

// With one factor the logit is saturated: the chance of a level is its weighted response rate, 1/p weighting is that of
// nonresponse classes, and so are propensity classes as many as levels.
func TestPropensityOfOneFactorIsItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(8, 80).Draw(t, "n")
		base, responded, codes := make([]float64, n), make([]bool, n), make([]int32, n)
		all, yes := make([]float64, 3), make([]float64, 3)
		for i := range base {
			base[i] = float64(rapid.IntRange(0, 3).Draw(t, "base"))
			codes[i] = int32(rapid.IntRange(0, 2).Draw(t, "code"))
			responded[i] = rapid.Bool().Draw(t, "responded")
			// Every level has both.
			if i < 6 {
				base[i], codes[i], responded[i] = 1, int32(i/2), i%2 == 0
			}
			all[codes[i]] += base[i]
			if responded[i] {
				yes[codes[i]] += base[i]
			}
		}
		x, names, err := weight.Columns(n, true, weight.Term{Name: "f", Levels: []string{"a", "b", "c"}, Codes: codes})
		if err != nil {
			t.Fatal(err)
		}
		p, err := weight.Propensity(responded, base, x, names)
		if err != nil {
			t.Fatal(err)
		}
		var sum, mean, variance float64
		m := 0
		for i, b := range base {
			if b == 0 {
				if !math.IsNaN(p.Chance[i]) {
					t.Fatalf("row %d was not invited and has the chance %v", i, p.Chance[i])
				}
				continue
			}
			m++
			if want := yes[codes[i]] / all[codes[i]]; math.Abs(p.Chance[i]-want) > 1e-9 {
				t.Fatalf("row %d: %v, want %v", i, p.Chance[i], want)
			}
			sum += b
			mean += b * p.Chance[i]
		}
		mean /= sum
		for i, b := range base {
			if b > 0 {
				variance += b * (p.Chance[i] - mean) * (p.Chance[i] - mean) / sum * float64(m) / float64(m-1)
			}
		}
		if math.Abs(p.R-(1-2*math.Sqrt(variance))) > 1e-9 {
			t.Fatalf("R is %v", p.R)
		}
		w, err := p.Inverse(responded, base)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, 3)
		for i, v := range w {
			got[codes[i]] += v
		}
		for l := range got {
			if math.Abs(got[l]-all[l]) > 1e-8*all[l] {
				t.Fatalf("level %d has the weight %v after, want %v", l, got[l], all[l])
			}
		}
		for count := 1; count < 6; count++ {
			w, classes, err := p.Classes(responded, base, count)
			if err != nil {
				t.Fatal(err)
			}
			var total float64
			for _, v := range w {
				total += v
			}
			invited := 0
			for k, c := range classes {
				invited += c.Invited
				if c.Respondents == 0 || k > 0 && c.Low <= classes[k-1].High {
					t.Fatalf("classes %+v", classes)
				}
			}
			if len(classes) > count || invited != m || math.Abs(total-sum) > 1e-9*sum {
				t.Fatalf("%d classes %+v of the weight %v, want %v", count, classes, total, sum)
			}
		}
	})
}

func TestPropensityThatIsNoChance(t *testing.T) {
	x, names, err := weight.Columns(6, true, weight.Term{Name: "v", Values: []float64{1, 2, 3, 4, 5, 6}}, weight.Term{Name: "same", Values: []float64{2, 4, 6, 8, 10, 12}})
	if err != nil {
		t.Fatal(err)
	}
	base := []float64{1, 1, 1, 1, 1, 1}
	var s *weight.SeparationError
	if _, err := weight.Propensity([]bool{false, false, false, true, true, true}, base, x, names); !errors.As(err, &s) || s.Side != 0 && s.Side != 1 {
		t.Errorf("separated: %v", err)
	}
	var in *weight.InputError
	for _, all := range []bool{true, false} {
		if _, err := weight.Propensity(slices.Repeat([]bool{all}, 6), base, x, names); !errors.As(err, &in) {
			t.Errorf("all %v: %v", all, err)
		}
	}
	p, err := weight.Propensity([]bool{false, true, false, true, false, true}, base, x, names)
	if err != nil || len(p.Redundant) != 1 {
		t.Fatalf("a redundant variable: %v, %v", p, err)
	}
	if _, _, err := p.Classes([]bool{true}, base, 5); !errors.As(err, &in) {
		t.Errorf("one response: %v", err)
	}
	if _, err := p.Inverse([]bool{true}, base); !errors.As(err, &in) {
		t.Errorf("one response: %v", err)
	}
}

func TestBalance(t *testing.T) {
	base, margins := million(20000)
	r, err := weight.RakeCoded(base, margins, weight.RakeRule{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := weight.CheckMargins(base, r.Weights, margins)
	if err != nil {
		t.Fatal(err)
	}
	size := 0.0
	for _, v := range margins[0].Totals {
		size += v
	}
	x, names, err := weight.Columns(len(base), true, weight.Term{Name: "a", Levels: margins[0].Levels, Codes: margins[0].Codes})
	if err != nil {
		t.Fatal(err)
	}
	same, err := weight.CheckBalance(base, r.Weights, x, append([]float64{size}, margins[0].Totals[1:]...), size, names)
	if err != nil {
		t.Fatal(err)
	}
	for k, b := range before {
		if !(b.ASMDBefore > 1e-4) || !(b.ASMDAfter < 1e-9) {
			t.Errorf("%+v", b)
		}
		if k == 0 || k >= len(margins[0].Levels) {
			continue
		}
		if o := same[k]; math.Abs(o.ASMDBefore-b.ASMDBefore) > 1e-9 || math.Abs(o.Target-b.Target) > 1e-12 {
			t.Errorf("%+v by columns, %+v by margins", o, b)
		}
	}
	if o := same[0]; !math.IsNaN(o.ASMDAfter) || o.SD != 0 {
		t.Errorf("the intercept does not vary: %+v", o)
	}
	// A variable of numbers is measured by the sample's standard deviation.
	v, names, err := weight.Columns(4, false, weight.Term{Name: "v", Values: []float64{0, 0, 2, 2}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := weight.CheckBalance([]float64{1, 1, 1, 1}, []float64{1, 1, 3, 3}, v, []float64{15}, 10, names)
	if err != nil || math.Abs(b[0].ASMDBefore-0.5) > 1e-12 || math.Abs(b[0].ASMDAfter) > 1e-12 {
		t.Errorf("%+v, %v", b, err)
	}
	var in *weight.InputError
	if _, err := weight.CheckBalance(base, r.Weights, v, nil, 1, names); !errors.As(err, &in) {
		t.Errorf("too little: %v", err)
	}
}

func ExamplePropensity() {
	responded := []bool{true, false, true, true, false, true, false, false}
	base := []float64{2, 2, 2, 2, 3, 3, 3, 3}
	x, names, err := weight.Columns(8, true, weight.Term{Name: "late", Levels: []string{"no", "yes"}, Codes: []int32{0, 0, 0, 0, 1, 1, 1, 1}})
	if err != nil {
		panic(err)
	}
	p, err := weight.Propensity(responded, base, x, names)
	if err != nil {
		panic(err)
	}
	w, err := p.Inverse(responded, base)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.2f\n%.2f\nR-indicator %.3f\n", p.Chance, w, p.R)
	// Output:
	// [0.75 0.75 0.75 0.75 0.25 0.25 0.25 0.25]
	// [2.67 0.00 2.67 2.67 0.00 12.00 0.00 0.00]
	// R-indicator 0.476
}
