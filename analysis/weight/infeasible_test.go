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

	"pgregory.net/rapid"
)

// only keeps some columns of a matrix.
func only(t *rapid.T, x *design.Matrix, columns []int) *design.Matrix {
	n, _ := x.Dims()
	rows := make([][]design.Entry, n)
	for i := range rows {
		index, value := x.Entries(i)
		for e, j := range index {
			if k := slices.Index(columns, int(j)); k >= 0 {
				rows[i] = append(rows[i], design.Entry{Column: k, Value: value[e]})
			}
		}
	}
	m, err := design.FromRows(len(columns), rows)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// problem draws auxiliary variables and totals that need factors outside narrow bounds, often.
func problem(t *rapid.T) (base []float64, x *design.Matrix, totals []float64, names []string) {
	n, cols := rapid.IntRange(2, 25).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "columns")
	base = make([]float64, n)
	rows := make([][]design.Entry, n)
	totals = make([]float64, cols)
	for i := range base {
		base[i] = rapid.Float64Range(1, 3).Draw(t, "base")
		g := rapid.Float64Range(0.2, 2.5).Draw(t, "g")
		for j := range cols {
			v := float64(rapid.IntRange(0, 3).Draw(t, "x"))
			if v != 0 {
				rows[i] = append(rows[i], design.Entry{Column: j, Value: v})
			}
			totals[j] += base[i] * g * v
		}
	}
	for j := range cols {
		names = append(names, fmt.Sprint("x", j))
		totals[j] *= rapid.Float64Range(0.8, 1.2).Draw(t, "off")
	}
	x, err := design.FromRows(cols, rows)
	if err != nil {
		t.Fatal(err)
	}
	return base, x, totals, names
}

func calibrated(base []float64, x *design.Matrix, totals []float64, names []string, rule weight.CalibrateRule) (*weight.Result, *weight.InfeasibleError, error) {
	r, err := weight.Calibrate(base, x, totals, names, rule)
	var e *weight.InfeasibleError
	if errors.As(err, &e) {
		return nil, e, nil
	}
	return r, nil, err
}

func TestWhatCannotBeMetIsIrreducible(t *testing.T) {
	met, unmet, raised := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		base, x, totals, names := problem(t)
		rule := weight.CalibrateRule{Distance: weight.Truncated, Lower: 0.5, Upper: 1.8}
		r, e, err := calibrated(base, x, totals, names, rule)
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			met++
			for _, m := range r.Diagnostics.Margins {
				if math.Abs(m.After-m.Target) > 1e-8*(1+math.Abs(m.Target)) {
					t.Fatalf("%+v", m)
				}
			}
			if r.Diagnostics.MinFactor < 0.5-1e-12 || r.Diagnostics.MaxFactor > 1.8+1e-12 {
				t.Fatalf("factors %v to %v", r.Diagnostics.MinFactor, r.Diagnostics.MaxFactor)
			}
			return
		}
		unmet++
		var set []int
		for _, s := range e.Set {
			j := slices.Index(names, s.Margin)
			if j < 0 || s.Value != totals[j] || !strings.Contains(e.Error(), names[j]) {
				t.Fatalf("%v does not name %s", e, s.Margin)
			}
			set = append(set, j)
		}
		if len(set) == 1 && e.Set[0].Low <= e.Set[0].Value && e.Set[0].Value <= e.Set[0].High {
			t.Fatalf("%v is within reach", e.Set[0])
		}
		sub := func(columns []int) (xs *design.Matrix, ts []float64, ns []string) {
			for _, j := range columns {
				ts, ns = append(ts, totals[j]), append(ns, names[j])
			}
			return only(t, x, columns), ts, ns
		}
		xs, ts, ns := sub(set)
		if _, again, err := calibrated(base, xs, ts, ns, rule); again == nil {
			t.Fatalf("the set alone can be met: %v", err)
		}
		for k := range set {
			if len(set) == 1 {
				break
			}
			xs, ts, ns := sub(slices.Delete(slices.Clone(set), k, k+1))
			if _, again, err := calibrated(base, xs, ts, ns, rule); again != nil || err != nil {
				t.Fatalf("without %s the others cannot be met: %v, %v", names[set[k]], again, err)
			}
		}
		// The tightest bounds suffice, and tighter ones do not.
		for which, b := range []*weight.Bounds{e.Raise, e.Drop, e.Symmetric} {
			if b == nil {
				continue
			}
			raised++
			for _, side := range []float64{-1, 1} {
				try := *b
				if which != 1 {
					try.Upper += side * 1e-4 * (1 + math.Abs(try.Upper))
				}
				if which != 0 {
					try.Lower -= side * 1e-4 * (1 + math.Abs(try.Lower))
				}
				if !(try.Lower < 1 && try.Upper > 1) {
					continue
				}
				_, again, err := calibrated(base, x, totals, names, weight.CalibrateRule{Distance: weight.Truncated, Lower: try.Lower, Upper: try.Upper})
				if (again != nil) != (side < 0) || err != nil {
					t.Fatalf("bounds %d %v, moved to %v: %v, %v", which, *b, try, again, err)
				}
			}
		}
	})
	if met == 0 || unmet == 0 || raised == 0 {
		t.Errorf("%d were met, %d not, %d bounds were given", met, unmet, raised)
	}
}

func TestTotalsThatContradictEachOther(t *testing.T) {
	one := func(columns ...int) []design.Entry {
		var out []design.Entry
		for _, j := range columns {
			out = append(out, design.Entry{Column: j, Value: 1})
		}
		return out
	}
	// all = a + b, and c stands apart.
	x, err := design.FromRows(4, [][]design.Entry{one(0, 1), one(0, 2), one(0, 1, 3), one(0, 2, 3)})
	if err != nil {
		t.Fatal(err)
	}
	base, names := []float64{1, 1, 1, 1}, []string{"all", "a", "b", "c"}
	for _, d := range []weight.Distance{weight.Linear, weight.Exponential, weight.Sinh} {
		_, e, err := calibrated(base, x, []float64{10, 4, 5, 3}, names, weight.CalibrateRule{Distance: d})
		if e == nil || err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		var set []string
		for _, s := range e.Set {
			set = append(set, s.Margin)
		}
		if !slices.Equal(set, []string{"all", "a", "b"}) || e.Raise != nil {
			t.Errorf("%s: the set is %v, bounds %v", d, set, e.Raise)
		}
		var c *weight.ConvergenceError
		var m *weight.MarginError
		if !errors.As(error(e), &c) || !errors.As(error(e), &m) || len(c.Weights) != 4 {
			t.Errorf("%s: the other faces of %v", d, e)
		}
	}
	// A column without any row cannot be met at all.
	x, err = design.FromRows(2, [][]design.Entry{one(0), one(0)})
	if err != nil {
		t.Fatal(err)
	}
	_, e, err := calibrated([]float64{1, 1}, x, []float64{3, 1}, []string{"all", "nobody"}, weight.CalibrateRule{Distance: weight.Linear})
	if e == nil || err != nil || len(e.Set) != 1 || e.Set[0].Margin != "nobody" || e.Set[0].High != 0 {
		t.Errorf("a total without rows: %v, %v", e, err)
	}
}

func TestMarginsThatNoWeightsMeetTogether(t *testing.T) {
	// Whoever is b=2 is a=2, and so is one of b=1: a=2 has to have 5 at least. The third margin is innocent.
	base := []float64{1, 1, 1, 1, 1, 1}
	margins := []weight.Margin{
		{Name: "c", Labels: []string{"1", "2", "1", "2", "1", "2"}, Targets: map[string]float64{"1": 5, "2": 5}},
		{Name: "a", Labels: []string{"1", "2", "2", "1", "2", "2"}, Targets: map[string]float64{"1": 6, "2": 4}},
		{Name: "b", Labels: []string{"1", "1", "2", "1", "1", "2"}, Targets: map[string]float64{"1": 5, "2": 5}},
	}
	_, err := weight.Rake(base, margins, weight.RakeRule{MaxIterations: 200})
	var e *weight.InfeasibleError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	var set []string
	for _, s := range e.Set {
		set = append(set, s.Margin+"="+s.Level)
	}
	slices.Sort(set)
	// a=1 is within b=1, whose total is smaller; b=2 is within a=2, whose total is smaller.
	if !slices.Equal(set, []string{"a=1", "b=1"}) && !slices.Equal(set, []string{"a=2", "b=2"}) || e.Strict {
		t.Errorf("the set is %v: %v", set, err)
	}
	// With equal totals of a=1 and b=1 the cell (2, 1) has to be empty, which weights above zero cannot have it.
	margins[1].Targets = map[string]float64{"1": 5, "2": 5}
	_, err = weight.Rake(base, margins, weight.RakeRule{MaxIterations: 200})
	if !errors.As(err, &e) || !e.Strict || !strings.Contains(err.Error(), "above zero") {
		t.Errorf("a cell that has to be empty: %v", err)
	}
	var c *weight.ConvergenceError
	margins[1].Targets = map[string]float64{"1": 4, "2": 6}
	_, err = weight.Rake(base, margins, weight.RakeRule{MaxIterations: 1})
	if errors.As(err, &e) || !errors.As(err, &c) || len(c.Weights) != len(base) || !strings.Contains(err.Error(), "do exist") {
		t.Errorf("too few rounds: %v", err)
	}
}

func TestTrimmedRakingSaysWhyNot(t *testing.T) {
	met, unmet := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		base, margins := sampleOf(t)
		r, err := weight.TrimRaked(base, margins, weight.RakeRule{Tolerance: 1e-11, MaxIterations: 20000}, weight.TrimRule{Lower: 0.6, Upper: 1.7, MaxCycles: 5})
		var e *weight.InfeasibleError
		if errors.As(err, &e) {
			unmet++
			if len(e.Set) == 0 || e.Symmetric == nil {
				t.Fatalf("%v", e)
			}
			// Bounds a little wider than the tightest do.
			mean := 0.0
			n := 0
			for _, v := range margins[0].Targets {
				mean += v
			}
			for _, b := range base {
				if b > 0 {
					n++
				}
			}
			mean /= float64(n)
			b := e.Symmetric
			if b.Lower <= 0 {
				return
			}
			// The symmetric bounds are about the mean of the base weights.
			wide := weight.TrimRule{Lower: b.Lower / mean * 0.999, Upper: b.Upper / mean * 1.001}
			if wide.Lower >= 1 || wide.Upper <= 1 {
				return
			}
			if _, err := weight.TrimRaked(base, margins, weight.RakeRule{Tolerance: 1e-11, MaxIterations: 20000}, wide); err != nil {
				t.Fatalf("%v, and with %v: %v", e, wide, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		met++
		checkMargins(t, r, base, margins, 1e-9)
	})
	if met == 0 || unmet == 0 {
		t.Errorf("%d were met, %d not", met, unmet)
	}
}
