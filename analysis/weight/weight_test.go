package weight_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sipas/analysis/design"
	"sipas/analysis/weight"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sampleOf draws base weights, margins and totals that some positive weights meet.
func sampleOf(t *rapid.T) (base []float64, margins []weight.Margin) {
	n := rapid.IntRange(5, 60).Draw(t, "n")
	truth := make([]float64, n)
	base = make([]float64, n)
	for i := range base {
		base[i] = rapid.Float64Range(1, 4).Draw(t, "base")
		truth[i] = base[i] * rapid.Float64Range(0.5, 2).Draw(t, "factor")
		if i > 1 && rapid.IntRange(0, 6).Draw(t, "absent") == 0 {
			base[i], truth[i] = 0, 0
		}
	}
	for m := range rapid.IntRange(1, 3).Draw(t, "margins") {
		margin := weight.Margin{Name: fmt.Sprint("m", m), Targets: map[string]float64{}}
		levels := rapid.IntRange(1, 4).Draw(t, "levels")
		for i := range base {
			l := fmt.Sprint(rapid.IntRange(0, levels-1).Draw(t, "level"))
			if base[i] > 0 {
				margin.Targets[l] += truth[i]
			}
			margin.Labels = append(margin.Labels, l)
		}
		margins = append(margins, margin)
	}
	return base, margins
}

func checkMargins(t *rapid.T, r *weight.Result, base []float64, margins []weight.Margin, tolerance float64) {
	for _, m := range margins {
		got := map[string]float64{}
		for i, w := range r.Weights {
			if base[i] == 0 {
				if w != 0 || r.G[i] != 1 {
					t.Fatalf("row %d is not in the sample and has weight %v", i, w)
				}
				continue
			}
			got[m.Labels[i]] += w
			if math.Abs(r.G[i]*base[i]-w) > 1e-12*math.Abs(w) {
				t.Fatalf("row %d: g %v of base %v is not %v", i, r.G[i], base[i], w)
			}
		}
		for l, want := range m.Targets {
			if math.Abs(got[l]-want) > tolerance*want {
				t.Fatalf("%s %s sums to %v, want %v", m.Name, l, got[l], want)
			}
		}
	}
}

func indicators(base []float64, margins []weight.Margin) (*design.Matrix, []float64, []string, error) {
	var totals []float64
	var names []string
	rows := make([][]design.Entry, len(base))
	for _, m := range margins {
		for _, l := range slices.Sorted(mapKeys(m.Targets)) {
			for i := range base {
				if base[i] > 0 && m.Labels[i] == l {
					rows[i] = append(rows[i], design.Entry{Column: len(totals), Value: 1})
				}
			}
			totals = append(totals, m.Targets[l])
			names = append(names, m.Name+"="+l)
		}
	}
	x, err := design.FromRows(len(totals), rows)
	return x, totals, names, err
}

func mapKeys(m map[string]float64) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestRakingMeetsItsMargins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, margins := sampleOf(t)
		kept := slices.Clone(base)
		r, err := weight.Rake(base, margins, weight.RakeRule{Tolerance: 1e-11, MaxIterations: 20000})
		if err != nil {
			t.Fatal(err)
		}
		checkMargins(t, r, base, margins, 1e-10)
		if !slices.Equal(kept, base) {
			t.Fatal("the base weights were changed")
		}
		d := r.Diagnostics
		if !d.Converged || d.Iterations != len(d.Trace) || d.Kish < 1-1e-12 || d.EffectiveN > float64(d.Rows)+1e-9 || d.MinFactor > d.MaxFactor {
			t.Fatalf("diagnostics %+v", d)
		}

		// Raking is calibration with F = eᵘ on the indicators.
		x, totals, names, err := indicators(base, margins)
		if err != nil {
			t.Fatal(err)
		}
		e, err := weight.Calibrate(base, x, totals, names, weight.CalibrateRule{Distance: weight.Exponential})
		if err != nil {
			t.Fatal(err)
		}
		for i := range base {
			if math.Abs(e.Weights[i]-r.Weights[i]) > 1e-6*(1+r.Weights[i]) {
				t.Fatalf("row %d: %v by raking and %v by calibration", i, r.Weights[i], e.Weights[i])
			}
		}
		if len(e.Diagnostics.Redundant) != len(r.Diagnostics.Redundant) || len(margins) > 1 && len(r.Diagnostics.Redundant) < len(margins)-1 {
			t.Fatalf("redundant %v and %v", e.Diagnostics.Redundant, r.Diagnostics.Redundant)
		}
	})
}

func TestRakingOneMarginIsPostStratification(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, margins := sampleOf(t)
		p, err := weight.PostStratify(base, margins[0])
		if err != nil {
			t.Fatal(err)
		}
		r, err := weight.Rake(base, margins[:1], weight.RakeRule{})
		if err != nil {
			t.Fatal(err)
		}
		checkMargins(t, p, base, margins[:1], 1e-12)
		for i := range base {
			if math.Abs(p.Weights[i]-r.Weights[i]) > 1e-12*p.Weights[i] {
				t.Fatalf("row %d: %v and %v", i, p.Weights[i], r.Weights[i])
			}
		}
	})
}

func TestCalibrationDistances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, margins := sampleOf(t)
		x, totals, names, err := indicators(base, margins)
		if err != nil {
			t.Fatal(err)
		}
		linear, err := weight.Calibrate(base, x, totals, names, weight.CalibrateRule{Distance: weight.Linear})
		if err != nil {
			t.Fatal(err)
		}
		checkMargins(t, linear, base, margins, 1e-9)
		// The truth lies between factors 0.5 and 2, so bounds of 0.4 and 2.2 leave room.
		for _, d := range []weight.Distance{weight.Logit, weight.Linear} {
			b, err := weight.Calibrate(base, x, totals, names, weight.CalibrateRule{Distance: d, Lower: 0.4, Upper: 2.2})
			if err != nil {
				t.Fatalf("%s: %v", d, err)
			}
			checkMargins(t, b, base, margins, 1e-9)
			if b.Diagnostics.MinFactor < 0.4-1e-9 || b.Diagnostics.MaxFactor > 2.2+1e-9 {
				t.Fatalf("%s: factors %v to %v", d, b.Diagnostics.MinFactor, b.Diagnostics.MaxFactor)
			}
		}
	})
}

func TestImpossibleMarginsAreNamed(t *testing.T) {
	base := []float64{1, 2, 0, 3}
	sex := weight.Margin{Name: "sex", Labels: []string{"f", "m", "x", "m"}, Targets: map[string]float64{"f": 5, "m": 5}}
	with := func(change func(m *weight.Margin)) weight.Margin {
		m := weight.Margin{Name: "unit", Labels: slices.Clone(sex.Labels), Targets: map[string]float64{"f": 5, "m": 5}}
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		m     weight.Margin
		level string
		says  string
	}{
		"nobody responded": {with(func(m *weight.Margin) { m.Targets["z"] = 1; m.Targets["m"] = 4 }), "z", "nobody responded"},
		"no total":         {with(func(m *weight.Margin) { m.Labels[0] = "q" }), "q", "no total"},
		"sums disagree":    {with(func(m *weight.Margin) { m.Targets["f"] = 6 }), "", "sum to 11"},
		"negative":         {with(func(m *weight.Margin) { m.Targets["f"] = -1 }), "f", "not negative"},
		"not a number":     {with(func(m *weight.Margin) { m.Targets["f"] = math.NaN() }), "f", "finite"},
		"zero":             {with(func(m *weight.Margin) { m.Targets["f"] = 0; m.Targets["m"] = 10 }), "f", "zero"},
		"labels":           {with(func(m *weight.Margin) { m.Labels = m.Labels[:2] }), "", "2 labels"},
	} {
		var e *weight.MarginError
		_, err := weight.Rake(base, []weight.Margin{sex, c.m}, weight.RakeRule{})
		if !errors.As(err, &e) || e.Margin != "unit" || e.Level != c.level || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Each margin alone is possible; the empty combination makes them impossible together.
	two := []weight.Margin{
		{Name: "a", Labels: []string{"1", "2", "2"}, Targets: map[string]float64{"1": 6, "2": 4}},
		{Name: "b", Labels: []string{"1", "1", "2"}, Targets: map[string]float64{"1": 5, "2": 5}},
	}
	var c *weight.ConvergenceError
	if _, err := weight.Rake([]float64{1, 1, 1}, two, weight.RakeRule{MaxIterations: 200}); !errors.As(err, &c) || c.Residual == 0 || c.Margin == "" {
		t.Errorf("impossible together: %v", err)
	}
	var in *weight.InputError
	for _, bad := range [][]float64{{0, 0}, {1, -1}, {1, math.NaN()}} {
		if _, err := weight.Rake(bad, two, weight.RakeRule{}); !errors.As(err, &in) {
			t.Errorf("base %v: %v", bad, err)
		}
	}
	x, err := design.FromRows(1, [][]design.Entry{{{Column: 0, Value: 1}}, {{Column: 0, Value: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	var m *weight.MarginError
	if _, err := weight.Calibrate([]float64{1, 1}, x, []float64{9}, []string{"size"}, weight.CalibrateRule{Distance: weight.Logit, Lower: 0.5, Upper: 2}); !errors.As(err, &m) || m.Margin != "size" {
		t.Errorf("bounds that cannot reach the total: %v", err)
	}
	xx, err := design.FromRows(2, [][]design.Entry{{{Column: 0, Value: 1}, {Column: 1, Value: 1}}, {{Column: 0, Value: 1}, {Column: 1, Value: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := weight.Calibrate([]float64{1, 1}, xx, []float64{3, 4}, []string{"size", "same again"}, weight.CalibrateRule{Distance: weight.Linear}); !errors.As(err, &c) {
		t.Errorf("totals that contradict each other: %v", err)
	}
}

func TestPool(t *testing.T) {
	base := []float64{1, 1, 1, 1, 1, 1, 0}
	m := weight.Margin{Name: "field", Labels: []string{"land", "land", "land", "civil", "civil", "trade", "trade"},
		Targets: map[string]float64{"land": 30, "civil": 20, "trade": 10, "empty": 5}}
	out, steps, err := weight.Pool(base, m, 2, "other")
	if err != nil {
		t.Fatal(err)
	}
	// Trade has one respondent and empty none; together still one, so the smallest other joins.
	want := []weight.PoolStep{{Margin: "field", Levels: []string{"civil", "empty", "trade"}, Into: "other", Rows: 3, Reason: "fewer than 2 respondents"}}
	if d := cmp.Diff(want, steps); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]float64{"land": 30, "other": 35}, out.Targets); d != "" {
		t.Error(d)
	}
	if m.Labels[3] != "civil" || len(m.Targets) != 4 {
		t.Error("the margin given was changed")
	}
	if _, steps, err = weight.Pool(base, out, 2, "other"); err != nil || steps != nil {
		t.Errorf("nothing is left to pool: %v, %v", steps, err)
	}
	var e *weight.MarginError
	if _, _, err = weight.Pool(base, m, 2, "land"); !errors.As(err, &e) {
		t.Errorf("the name is taken: %v", err)
	}
}

func TestTrimKeepsTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.SliceOfN(rapid.Float64Range(0.1, 10), 2, 40).Draw(t, "w")
		var sum float64
		for _, v := range w {
			sum += v
		}
		mean := sum / float64(len(w))
		got, share, err := weight.Trim(w, 0.5*mean, 2*mean, true)
		var in *weight.InputError
		if errors.As(err, &in) {
			return // every weight was cut, which the error says
		}
		if err != nil {
			t.Fatal(err)
		}
		var after float64
		for _, v := range got {
			after += v
			if v < 0.5*mean*(1-1e-9) || v > 2*mean*(1+1e-9) {
				t.Fatalf("%v is outside %v to %v", v, 0.5*mean, 2*mean)
			}
		}
		if math.Abs(after-sum) > 1e-9*sum || share < 0 || share > 1 {
			t.Fatalf("sum %v became %v, share %v", sum, after, share)
		}
	})
	var in *weight.InputError
	if _, _, err := weight.Trim([]float64{1, 1}, 2, 3, true); !errors.As(err, &in) {
		t.Errorf("bounds above all weights: %v", err)
	}
}

func TestTrimmedRakingKeepsTheMargins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, margins := sampleOf(t)
		r, err := weight.TrimRaked(base, margins, weight.RakeRule{Tolerance: 1e-11, MaxIterations: 20000}, weight.TrimRule{Lower: 0.05, Upper: 6})
		var c *weight.ConvergenceError
		if errors.As(err, &c) {
			return // the bounds leave no room, which the error says
		}
		if err != nil {
			t.Fatal(err)
		}
		checkMargins(t, r, base, margins, 1e-9)
		mean := r.Diagnostics.Sum / float64(r.Diagnostics.Rows)
		if r.Diagnostics.MinWeight < 0.05*mean*(1-1e-8) || r.Diagnostics.MaxWeight > 6*mean*(1+1e-8) {
			t.Fatalf("weights %v to %v, mean %v", r.Diagnostics.MinWeight, r.Diagnostics.MaxWeight, mean)
		}
	})
	// One weight of 10 among 1s is cut to 3 means and its margin is still met.
	base := []float64{10, 1, 1, 1, 1, 1}
	m := weight.Margin{Name: "all", Labels: []string{"a", "a", "a", "a", "a", "a"}, Targets: map[string]float64{"a": 30}}
	r, err := weight.TrimRaked(base, []weight.Margin{m}, weight.RakeRule{}, weight.TrimRule{Upper: 3})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.Weights[0]-15) > 1e-6 || math.Abs(r.Weights[1]-3) > 1e-6 || math.Abs(r.Diagnostics.ShareTrimmed-1.0/6) > 1e-12 {
		t.Errorf("weights %v, share %v", r.Weights, r.Diagnostics.ShareTrimmed)
	}
}

func cells(t *rapid.T) []weight.Cell {
	n := rapid.IntRange(1, 60).Draw(t, "n")
	out := make([]weight.Cell, n)
	for i := range out {
		invited := rapid.IntRange(1, 60).Draw(t, "invited")
		r := rapid.IntRange(0, invited).Draw(t, "respondents")
		w := rapid.Float64Range(1, 5).Draw(t, "w")
		label := func(k int) string { return fmt.Sprint(rapid.IntRange(0, k).Draw(t, "label")) }
		out[i] = weight.Cell{Labels: []string{label(4), label(1), label(2)}, Invited: invited, Respondents: r, Sampled: w * float64(invited), RespondentWeight: w * float64(r)}
	}
	return out
}

var collapse = weight.Collapse{Dimensions: []string{"unit", "lateness", "month"}, Drop: []int{2, 1, 0}, MinRespondents: 30, MaxFactor: 3}

func TestNonresponseClasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := cells(t)
		c, err := weight.Nonresponse(in, collapse)
		var e *weight.InputError
		if errors.As(err, &e) {
			for _, cell := range in {
				if cell.Respondents > 0 {
					t.Fatal(err)
				}
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]int, len(in))
		for k, class := range c.Classes {
			var sampled, responding float64
			n := 0
			for _, i := range class.Cells {
				seen[i]++
				if c.ClassOf[i] != k {
					t.Fatalf("cell %d is in class %d and listed in %d", i, c.ClassOf[i], k)
				}
				sampled += in[i].Sampled
				responding += in[i].RespondentWeight
				n += in[i].Respondents
			}
			if math.Abs(class.Factor*responding-sampled) > 1e-9*sampled || n != class.Respondents {
				t.Fatalf("class %+v", class)
			}
			holds := class.Respondents >= 30 && class.Factor <= 3*c.Overall*(1+1e-9)
			if !holds && (len(c.Classes) > 1 || len(c.Notes) != 1) {
				t.Fatalf("class %+v fails the rule among %d, notes %v", class, len(c.Classes), c.Notes)
			}
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("cell %d is in %d classes", i, n)
			}
		}
		// The order of the cells does not matter.
		at := make([]int, len(in))
		for i := range at {
			at[i] = i
		}
		at = rapid.Permutation(at).Draw(t, "order")
		mixed := make([]weight.Cell, len(in))
		for i, j := range at {
			mixed[i] = in[j]
		}
		other, err := weight.Nonresponse(mixed, collapse)
		if err != nil {
			t.Fatal(err)
		}
		for i, j := range at {
			if other.ClassOf[i] != c.ClassOf[j] {
				t.Fatalf("cell %d changed its class", j)
			}
		}
	})
}

func TestNonresponseJoinsNoMoreThanNeeded(t *testing.T) {
	cell := func(n int, labels ...string) weight.Cell {
		return weight.Cell{Labels: labels, Invited: 2 * n, Respondents: n, Sampled: 4 * float64(n), RespondentWeight: 2 * float64(n)}
	}
	c, err := weight.Nonresponse([]weight.Cell{
		cell(10, "A", "late", "7"), cell(25, "A", "late", "8"), cell(50, "A", "late", "9"),
		cell(12, "B", "late", "7"), cell(40, "B", "on time", "7"),
	}, collapse)
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, k := range c.Classes {
		got = append(got, k.Labels)
	}
	want := [][]string{{"A", "late", "7|8"}, {"A", "late", "9"}, {"B", "*", "7"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(c.Log) != 4 || c.Log[0].Dimension != "month" || c.Log[2].Dimension != "lateness" || !strings.Contains(c.Log[0].Reason, "10 respondents, fewer than 30") {
		t.Errorf("log %+v", c.Log)
	}
	if c.Overall != 2 || c.Classes[0].Factor != 2 {
		t.Errorf("factors %v and %v", c.Overall, c.Classes[0].Factor)
	}
	for name, bad := range map[string]weight.Collapse{
		"order":   {Dimensions: []string{"a"}, Drop: nil},
		"twice":   {Dimensions: []string{"a", "b"}, Drop: []int{0, 0}},
		"unknown": {Dimensions: []string{"a"}, Drop: []int{3}},
	} {
		var e *weight.InputError
		if _, err := weight.Nonresponse([]weight.Cell{cell(1, "A")}, bad); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ExampleRake() {
	base := []float64{2, 2, 2, 2, 2}
	r, err := weight.Rake(base, []weight.Margin{
		{Name: "lateness", Labels: []string{"late", "on time", "on time", "on time", "late"}, Targets: map[string]float64{"late": 6, "on time": 6}},
		{Name: "unit", Labels: []string{"A", "A", "B", "B", "B"}, Targets: map[string]float64{"A": 5, "B": 7}},
	}, weight.RakeRule{})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.3f\n", r.Weights)
	fmt.Printf("Kish %.3f, effective n %.2f\n", r.Diagnostics.Kish, r.Diagnostics.EffectiveN)
	// Output:
	// [3.000 2.000 2.000 2.000 3.000]
	// Kish 1.042, effective n 4.80
}

func ExampleNonresponse() {
	c, err := weight.Nonresponse([]weight.Cell{
		{Labels: []string{"A", "late"}, Invited: 40, Respondents: 10, Sampled: 120, RespondentWeight: 30},
		{Labels: []string{"A", "on time"}, Invited: 100, Respondents: 50, Sampled: 300, RespondentWeight: 150},
	}, weight.Collapse{Dimensions: []string{"unit", "lateness"}, Drop: []int{1, 0}, MinRespondents: 30, MaxFactor: 3})
	if err != nil {
		panic(err)
	}
	for _, k := range c.Classes {
		fmt.Printf("%v: %d respondents, factor %.3f\n", k.Labels, k.Respondents, k.Factor)
	}
	fmt.Println(c.Log[0].Reason)
	// Output:
	// [A *]: 60 respondents, factor 2.333
	// 10 respondents, fewer than 30
}
