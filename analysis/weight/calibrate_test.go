package weight_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"sipas/analysis/design"
	"sipas/analysis/weight"

	"pgregory.net/rapid"
)

func TestAllDistancesHitTheirTotals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, margins := sampleOf(t)
		x, totals, names, err := indicators(base, margins)
		if err != nil {
			t.Fatal(err)
		}
		q := make([]float64, len(base))
		for i := range q {
			q[i] = rapid.Float64Range(0.5, 2).Draw(t, "q")
		}
		for _, rule := range []weight.CalibrateRule{
			{Distance: weight.Linear}, {Distance: weight.Linear, Q: q}, {Distance: weight.Exponential}, {Distance: weight.Sinh},
			{Distance: weight.Truncated, Lower: 0.4, Upper: 2.2}, {Distance: weight.Logit, Lower: 0.4, Upper: 2.2},
			{Distance: weight.Sinh, Lower: 0.4, Upper: 2.2}, {Distance: weight.Exponential, Lower: 0.4, Upper: 2.2},
			{Distance: weight.Exponential, Lower: math.Inf(-1), Upper: 2.2},
			// The truth lies between weights of 0.5 and 8.
			{Distance: weight.Truncated, Lower: 0.4, Upper: 8.5, OnWeights: true},
		} {
			r, err := weight.Calibrate(base, x, totals, names, rule)
			if err != nil {
				t.Fatalf("%+v: %v", rule, err)
			}
			checkMargins(t, r, base, margins, 1e-9)
			d := r.Diagnostics
			low, high := d.MinFactor, d.MaxFactor
			if rule.OnWeights {
				low, high = d.MinWeight, d.MaxWeight
			}
			if rule.Upper != 0 && (low < rule.Lower-1e-12 || high > rule.Upper+1e-12) {
				t.Fatalf("%+v: %v to %v", rule, low, high)
			}
			if rule.Distance == weight.Sinh && !(low > 0) {
				t.Fatalf("a factor of %v", low)
			}
		}
	})
}

func TestFactorsAreEqualWithinGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(4, 40).Draw(t, "n")
		base, groups := make([]float64, n), make([]int32, n)
		rows := make([][]design.Entry, n)
		factor := map[int32]float64{}
		totals := make([]float64, 2)
		for i := range base {
			base[i] = rapid.Float64Range(1, 4).Draw(t, "base")
			groups[i] = int32(rapid.IntRange(0, 8).Draw(t, "group"))
			if factor[groups[i]] == 0 {
				factor[groups[i]] = rapid.Float64Range(0.7, 1.4).Draw(t, "factor")
			}
			v := rapid.Float64Range(-1, 3).Draw(t, "x")
			rows[i] = []design.Entry{{Column: 0, Value: 1}, {Column: 1, Value: v}}
			totals[0] += base[i] * factor[groups[i]]
			totals[1] += base[i] * factor[groups[i]] * v
		}
		x, err := design.FromRows(2, rows)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{"all", "x"}
		for _, rule := range []weight.CalibrateRule{
			{Distance: weight.Linear, Groups: groups},
			{Distance: weight.Truncated, Lower: 0.6, Upper: 1.5, Groups: groups},
		} {
			r, err := weight.Calibrate(base, x, totals, names, rule)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]float64, 2)
			first := map[int32]float64{}
			for i, w := range r.Weights {
				got[0] += w
				got[1] += w * rows[i][1].Value
				if f, ok := first[groups[i]]; ok && math.Abs(f-r.G[i]) > 1e-12*math.Abs(f) {
					t.Fatalf("group %d has the factors %v and %v", groups[i], f, r.G[i])
				}
				first[groups[i]] = r.G[i]
			}
			for j, v := range got {
				if math.Abs(v-totals[j]) > 1e-8*(1+totals[0]) {
					t.Fatalf("total %v, want %v", v, totals[j])
				}
			}
		}
		// Rows that are each their own group are no groups.
		for i := range groups {
			groups[i] = int32(i)
		}
		a, err := weight.Calibrate(base, x, totals, names, weight.CalibrateRule{Distance: weight.Linear, Groups: groups})
		if err != nil {
			t.Fatal(err)
		}
		b, err := weight.Calibrate(base, x, totals, names, weight.CalibrateRule{Distance: weight.Linear})
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Weights {
			if math.Abs(a.Weights[i]-b.Weights[i]) > 1e-9*(1+math.Abs(b.Weights[i])) {
				t.Fatalf("row %d: %v and %v", i, a.Weights[i], b.Weights[i])
			}
		}
	})
}

func TestOrderAndNamesChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, margins := sampleOf(t)
		rule := weight.RakeRule{Tolerance: 1e-13, MaxIterations: 20000}
		r, err := weight.Rake(base, margins, rule)
		if err != nil {
			t.Fatal(err)
		}
		at := make([]int, len(base))
		for i := range at {
			at[i] = i
		}
		at = rapid.Permutation(at).Draw(t, "rows")
		base2 := make([]float64, len(base))
		order := rapid.Permutation(indexes(len(margins))).Draw(t, "margins")
		other := make([]weight.Margin, len(margins))
		for k, m := range order {
			other[k] = weight.Margin{Name: "other " + margins[m].Name, Labels: make([]string, len(base)), Targets: map[string]float64{}}
			// Names in the reverse order.
			rename := func(l string) string { return string(rune('z' - l[0] + '0')) }
			for l, v := range margins[m].Targets {
				other[k].Targets[rename(l)] = v
			}
			for i, j := range at {
				other[k].Labels[i] = rename(margins[m].Labels[j])
			}
		}
		for i, j := range at {
			base2[i] = base[j]
		}
		r2, err := weight.Rake(base2, other, rule)
		if err != nil {
			t.Fatal(err)
		}
		for i, j := range at {
			if math.Abs(r2.Weights[i]-r.Weights[j]) > 1e-8*r.Weights[j] {
				t.Fatalf("row %d: %v and %v", j, r2.Weights[i], r.Weights[j])
			}
		}
		// Numbered levels are the same margins.
		coded := make([]weight.CodedMargin, len(margins))
		for m := range margins {
			if coded[m], err = margins[m].Coded(base); err != nil {
				t.Fatal(err)
			}
		}
		r3, err := weight.RakeCoded(base, coded, rule)
		if err != nil || !slices.Equal(r3.Weights, r.Weights) {
			t.Fatalf("numbered levels: %v, %v and %v", err, r3, r)
		}
		p, err := weight.PostStratifyCoded(base, coded[0])
		if err != nil {
			t.Fatal(err)
		}
		checkMargins(t, p, base, margins[:1], 1e-12)
	})
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Many rows take several blocks, and few distinct ones are gathered.
func TestCoresChangeNothing(t *testing.T) {
	base, margins := million(40000)
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	var raked, linear, numbers [][]float64
	for _, cores := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(cores)
		r, err := weight.RakeCoded(base, margins, weight.RakeRule{})
		if err != nil {
			t.Fatal(err)
		}
		raked = append(raked, r.Weights)
		v := make([]float64, len(base))
		for i := range v {
			v[i] = math.Sin(float64(i))
		}
		for _, x := range [][]float64{nil, v} {
			terms := []weight.Term{{Name: "a", Levels: margins[0].Levels, Codes: margins[0].Codes}}
			totals := append([]float64{0}, margins[0].Totals[1:]...)
			for _, v := range margins[0].Totals {
				totals[0] += v
			}
			if x != nil {
				terms = append(terms, weight.Term{Name: "v", Values: x})
				totals = append(totals, 100)
			}
			m, names, err := weight.Columns(len(base), true, terms...)
			if err != nil {
				t.Fatal(err)
			}
			c, err := weight.Calibrate(base, m, totals, names, weight.CalibrateRule{Distance: weight.Exponential})
			if err != nil {
				t.Fatal(err)
			}
			for j, r := range c.Diagnostics.Margins {
				if math.Abs(r.After-totals[j]) > 1e-8*totals[0] {
					t.Fatalf("%+v", r)
				}
			}
			if x == nil {
				linear = append(linear, c.Weights)
				continue
			}
			numbers = append(numbers, c.Weights)
		}
	}
	for k := range raked {
		if !slices.Equal(raked[0], raked[k]) || !slices.Equal(linear[0], linear[k]) || !slices.Equal(numbers[0], numbers[k]) {
			t.Fatal("the weights depend on the number of cores")
		}
	}
	// Many margins of many levels go through the map of combinations.
	many := slices.Clone(margins)
	for len(many) < 6 {
		m := margins[1]
		m.Name = fmt.Sprint("b", len(many))
		m.Codes = slices.Clone(m.Codes)
		for i := range m.Codes {
			m.Codes[i] = int32((int(m.Codes[i]) + i*len(many)) % 20)
		}
		m.Totals = make([]float64, 20)
		for i, k := range m.Codes {
			m.Totals[k] += raked[0][i]
		}
		many = append(many, m)
	}
	r, err := weight.RakeCoded(base, many, weight.RakeRule{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Diagnostics.Margins {
		if math.Abs(m.Residual) > 1e-9 {
			t.Fatalf("%+v", m)
		}
	}
}

func TestTrimmingAfterCalibration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, margins := sampleOf(t)
		r, err := weight.Rake(base, margins, weight.RakeRule{MaxIterations: 20000})
		if err != nil {
			t.Fatal(err)
		}
		mean := r.Diagnostics.Sum / float64(r.Diagnostics.Rows)
		w, err := weight.TrimCalibrated(r, 0.5*mean, 2*mean, true)
		var in *weight.InputError
		if err != nil && !errors.As(err, &in) {
			t.Fatal(err)
		}
		if err == nil {
			if math.Abs(w.Diagnostics.Sum-r.Diagnostics.Sum) > 1e-9*r.Diagnostics.Sum || w.Diagnostics.MaxWeight > 2*mean*(1+1e-9) {
				t.Fatalf("%+v", w.Diagnostics)
			}
			for j, m := range w.Diagnostics.Margins {
				var after float64
				for i, v := range w.Weights {
					index, value := r.Calibration.X.Entries(i)
					for e, k := range index {
						if int(k) == j {
							after += v * value[e]
						}
					}
				}
				if math.Abs(after-m.After) > 1e-9*(1+m.After) {
					t.Fatalf("%+v, in fact %v", m, after)
				}
			}
		}
		f, err := weight.TrimFactors(r, 0.9, 1.1)
		if err != nil && !errors.As(err, &in) {
			t.Fatal(err)
		}
		if err == nil && math.Abs(f.Diagnostics.Sum-r.Diagnostics.Sum) > 1e-9*r.Diagnostics.Sum {
			t.Fatalf("%+v", f.Diagnostics)
		}
	})
}

func TestColumns(t *testing.T) {
	x, names, err := weight.Columns(3, true,
		weight.Term{Name: "stype", Levels: []string{"E", "H", "M"}, Codes: []int32{0, 1, 2}},
		weight.Term{Name: "api99", Values: []float64{0, 500, 600}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(names, []string{"(Intercept)", "stypeH", "stypeM", "api99"}) {
		t.Errorf("names %v", names)
	}
	want := [][]float64{{1, 0, 0, 0}, {1, 1, 0, 500}, {1, 0, 1, 600}}
	for i, row := range want {
		got := make([]float64, 4)
		x.Row(i, func(j int, v float64) { got[j] = v })
		if !slices.Equal(got, row) {
			t.Errorf("row %d is %v", i, got)
		}
	}
	// Without an intercept the first factor has all of its levels, and the next one not.
	_, names, err = weight.Columns(1, false, weight.Term{Name: "a", Levels: []string{"1", "2"}, Codes: []int32{0}}, weight.Term{Name: "b", Levels: []string{"1", "2"}, Codes: []int32{1}})
	if err != nil || !slices.Equal(names, []string{"a1", "a2", "b2"}) {
		t.Errorf("names %v, %v", names, err)
	}
	for name, bad := range map[string]weight.Term{
		"missing":     {Name: "v", Values: []float64{math.NaN()}},
		"no level":    {Name: "v", Levels: []string{"a"}, Codes: []int32{-1}},
		"too long":    {Name: "v", Values: []float64{1, 2}},
		"no levels":   {Name: "v", Codes: []int32{0}},
		"few of them": {Name: "v", Levels: []string{"a"}, Codes: nil},
	} {
		var in *weight.InputError
		if _, _, err := weight.Columns(1, true, bad); !errors.As(err, &in) || in.Field != "v" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRulesThatMakeNoSense(t *testing.T) {
	x, names, err := weight.Columns(2, true)
	if err != nil {
		t.Fatal(err)
	}
	base := []float64{1, 2}
	for name, rule := range map[string]weight.CalibrateRule{
		"no distance":         {},
		"unbounded logit":     {Distance: weight.Logit},
		"half bounded logit":  {Distance: weight.Logit, Lower: 0.5, Upper: math.Inf(1)},
		"unbounded truncated": {Distance: weight.Truncated},
		"one not inside":      {Distance: weight.Linear, Lower: 1.1, Upper: 2},
		"logit on weights":    {Distance: weight.Logit, Lower: 1.5, Upper: 3, OnWeights: true},
		"weights upside down": {Distance: weight.Linear, Lower: 3, Upper: 2, OnWeights: true},
		"weights without":     {Distance: weight.Linear, OnWeights: true},
		"q":                   {Distance: weight.Linear, Q: []float64{1, 0}},
		"q for one":           {Distance: weight.Linear, Q: []float64{1}},
		"groups for one":      {Distance: weight.Linear, Groups: []int32{1}},
		"q within a group":    {Distance: weight.Linear, Q: []float64{1, 2}, Groups: []int32{1, 1}},
		"no common factor":    {Distance: weight.Truncated, Lower: 0.9, Upper: 1.1, OnWeights: true, Groups: []int32{1, 1}},
	} {
		var in *weight.InputError
		if _, err := weight.Calibrate(base, x, []float64{4}, names, rule); !errors.As(err, &in) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var m *weight.MarginError
	if _, err := weight.Calibrate(base, x, []float64{math.Inf(1)}, names, weight.CalibrateRule{Distance: weight.Linear}); !errors.As(err, &m) || m.Margin != "(Intercept)" {
		t.Errorf("an infinite total: %v", err)
	}
}

func TestNumberedMarginsAreChecked(t *testing.T) {
	base := []float64{1, 2, 0}
	good := weight.CodedMargin{Name: "a", Levels: []string{"x", "y"}, Totals: []float64{3, 4}, Codes: []int32{0, 1, 9}}
	if _, err := weight.RakeCoded(base, []weight.CodedMargin{good}, weight.RakeRule{}); err != nil {
		t.Errorf("the code of a row without weight was read: %v", err)
	}
	for name, change := range map[string]func(m *weight.CodedMargin){
		"codes":       func(m *weight.CodedMargin) { m.Codes = m.Codes[:2] },
		"code":        func(m *weight.CodedMargin) { m.Codes = []int32{0, 2, 0} },
		"minus one":   func(m *weight.CodedMargin) { m.Codes = []int32{0, -1, 0} },
		"totals":      func(m *weight.CodedMargin) { m.Totals = m.Totals[:1] },
		"nobody":      func(m *weight.CodedMargin) { m.Codes = []int32{0, 0, 0} },
		"negative":    func(m *weight.CodedMargin) { m.Totals = []float64{-3, 4} },
		"not finite":  func(m *weight.CodedMargin) { m.Totals = []float64{3, math.Inf(1)} },
		"sums differ": func(m *weight.CodedMargin) { m.Totals = []float64{3, 5} },
	} {
		bad := good
		bad.Name = "b"
		change(&bad)
		var m *weight.MarginError
		if _, err := weight.RakeCoded(base, []weight.CodedMargin{good, bad}, weight.RakeRule{}); !errors.As(err, &m) || m.Margin != "b" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := weight.TrimRakedCoded(base, []weight.CodedMargin{good, bad}, weight.RakeRule{}, weight.TrimRule{Upper: 3}); !errors.As(err, &m) {
			t.Errorf("%s, trimmed: %v", name, err)
		}
	}
	var in *weight.InputError
	if _, err := weight.RakeCoded(base, nil, weight.RakeRule{}); !errors.As(err, &in) {
		t.Errorf("no margins: %v", err)
	}
}

func ExampleCalibrate() {
	x, names, err := weight.Columns(4, true,
		weight.Term{Name: "type", Levels: []string{"A", "B"}, Codes: []int32{0, 0, 1, 1}},
		weight.Term{Name: "size", Values: []float64{10, 20, 30, 40}})
	if err != nil {
		panic(err)
	}
	r, err := weight.Calibrate([]float64{25, 25, 25, 25}, x, []float64{100, 40, 2300}, names, weight.CalibrateRule{Distance: weight.Exponential})
	if err != nil {
		panic(err)
	}
	for _, m := range r.Diagnostics.Margins {
		fmt.Printf("%s: %.0f before, %.0f after\n", m.Margin, m.Before, m.After)
	}
	fmt.Printf("%.2f\n", r.Weights)

	// Bounds that no weights can keep are proven to be so, and the tightest that would do are named.
	_, err = weight.Calibrate([]float64{25, 25, 25, 25}, x, []float64{100, 40, 2300}, names, weight.CalibrateRule{Distance: weight.Logit, Lower: 0.9, Upper: 1.3})
	fmt.Println(err)
	// Output:
	// (Intercept): 100 before, 100 after
	// typeB: 50 before, 40 after
	// size: 2500 before, 2300 after
	// [30.00 30.00 20.00 20.00]
	// calibration (logit): no weights with bounds 0.9 to 1.3 meet the total 40 of typeB, for which 45 to 65 can be reached; the tightest bounds that would do are 0.8 to 1.3 or 0.8 to 1.2
}
