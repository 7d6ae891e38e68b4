package design

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Rows are ordered as a comparison of their labels, stage by stage, orders them.
func TestOrderIsThatOfTheLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		spec.Lonely = LonelyRemove
		d := built(t, spec)
		want := make([]int, d.rows)
		for i := range want {
			want[i] = i
		}
		slices.SortStableFunc(want, func(a, b int) int {
			for _, s := range spec.Stages {
				if !s.Strata.none() && s.Strata.codes[a] != s.Strata.codes[b] {
					return s.Strata.codes[a] - s.Strata.codes[b]
				}
				if s.Clusters.none() {
					return a - b
				}
				if s.Clusters.codes[a] != s.Clusters.codes[b] {
					return s.Clusters.codes[a] - s.Clusters.codes[b]
				}
			}
			return 0
		})
		if !slices.Equal(d.order, want) {
			t.Fatalf("%v, want %v", d.order, want)
		}
	})
}

func TestUniqueLabels(t *testing.T) {
	w := slices.Repeat([]float64{1}, 4)
	strata := Strings([]string{"north", "north", "south", "south"})
	stage := func(unique bool, labels ...string) Stage {
		return Stage{Strata: strata, Clusters: Strings(labels), Unique: unique}
	}
	if d := built(t, Spec{Weights: w, Stages: []Stage{stage(false, "7", "8", "7", "8")}}); d.PSUs() != 4 {
		t.Errorf("nested labels make %d units", d.PSUs())
	}
	built(t, Spec{Weights: w, Stages: []Stage{stage(true, "7", "8", "9", "10")}})
	_, err := New(Spec{Weights: w, Stages: []Stage{stage(true, "7", "8", "9", "7")}})
	var in *InputError
	if !errors.As(err, &in) || in.Row != 3 {
		t.Fatal(err)
	}
	for _, word := range []string{"cluster 7", "stratum north", "stratum south"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not name %s", err, word)
		}
	}
	// On a later stage a label may repeat in another unit, but not in another stratum of the same unit.
	first := Stage{Clusters: Ints([]int{1, 1, 2, 2}), Fraction: slices.Repeat([]float64{0.5}, 4)}
	second := Stage{Strata: Ints([]int{1, 2, 1, 2}), Clusters: Ints([]int{1, 2, 2, 1}), Unique: true}
	if _, err := New(Spec{Weights: w, Lonely: LonelyRemove, Stages: []Stage{first, second}}); err != nil {
		t.Error(err)
	}
	second.Clusters = Ints([]int{1, 1, 2, 3})
	if _, err := New(Spec{Weights: w, Lonely: LonelyRemove, Stages: []Stage{first, second}}); !errors.As(err, &in) {
		t.Error(err)
	}
}

func TestWeightsFromStages(t *testing.T) {
	got, err := WeightsFromStages([]Stage{
		{Strata: Ints([]int{1, 1, 1, 2, 2}), Clusters: Ints([]int{1, 1, 2, 1, 2}), Population: []float64{8, 8, 8, 6, 6}},
		{Fraction: []float64{0.5, 0.5, 0.25, 1, 1}},
	})
	if want := []float64{8, 8, 16, 3, 3}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v, error %v", got, want, err)
	}
	got, err = WeightsFromStages([]Stage{{Fraction: []float64{0.5, 0.25, 1}, PPS: &PPS{}}})
	if want := []float64{2, 4, 1}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v, error %v", got, want, err)
	}
	var fraction *FractionError
	var in *InputError
	ids := Ints([]int{1, 1, 2})
	for name, c := range map[string]struct {
		stages []Stage
		stage  int
	}{
		"no sizes":          {[]Stage{{Strata: ids}}, 1},
		"infinite":          {[]Stage{{Population: []float64{math.Inf(1), math.Inf(1)}}}, 1},
		"none on the last":  {[]Stage{{Clusters: ids, Fraction: []float64{0.5, 0.5, 0.5}}, {}}, 2},
		"none on the first": {[]Stage{{Clusters: ids}, {Fraction: []float64{0.5, 0.5, 0.5}}}, 1},
	} {
		if _, err := WeightsFromStages(c.stages); !errors.As(err, &fraction) || fraction.Stage != c.stage {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := WeightsFromStages(nil); !errors.As(err, &in) {
		t.Errorf("no stages: %v", err)
	}
	if _, err := WeightsFromStages([]Stage{{Population: []float64{1, 1}}}); !errors.As(err, &fraction) {
		t.Errorf("two of one: %v", err)
	}
}

// relabel gives labels other names, in another order.
func relabel(l Labels, by []int) Labels {
	if l.none() {
		return l
	}
	values := make([]string, l.Len())
	for i := range values {
		values[i] = fmt.Sprintf("%03d", (l.codes[i]*7+by[l.codes[i]%len(by)])%101)
	}
	return Strings(values)
}

// permuted is the spec with its rows in another order and, where other is not nil, with other labels.
func permuted(s Spec, at, other []int) Spec {
	out := s
	out.Weights = pick(s.Weights, at)
	out.Columns, out.Stages = nil, nil
	for _, c := range s.Columns {
		c.Weights = pick(c.Weights, at)
		if c.Chance != nil {
			c.Chance = pick(c.Chance, at)
		}
		if k := c.Calibration; k != nil {
			rows := make([][]Entry, len(at))
			for i, row := range at {
				k.X.Row(row, func(j int, v float64) { rows[i] = append(rows[i], Entry{Column: j, Value: v}) })
			}
			x, err := FromRows(k.X.cols, rows)
			if err != nil {
				panic(err)
			}
			c.Calibration = &Calibration{X: x, Base: pick(k.Base, at), Q: pick(k.Q, at)}
			if k.Inflation != nil {
				c.Calibration.Inflation = pick(k.Inflation, at)
			}
		}
		out.Columns = append(out.Columns, c)
	}
	for _, st := range s.Stages {
		for _, l := range []*Labels{&st.Strata, &st.Clusters} {
			if !l.none() {
				l.codes = pick(l.codes, at)
			}
			if other != nil {
				*l = relabel(*l, other)
			}
		}
		if st.Fraction != nil {
			st.Fraction = pick(st.Fraction, at)
		}
		out.Stages = append(out.Stages, st)
	}
	return out
}

// The order of rows and the names of strata and units change nothing but the last digits, and goroutines not even these.
func TestRowsLabelsAndGoroutines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		d := built(t, spec)
		forms := anyForms(t, d)
		want, err := d.CovarianceOf(forms)
		if err != nil {
			t.Fatal(err)
		}
		at := make([]int, d.rows)
		for i := range at {
			at[i] = i
		}
		at = rapid.Permutation(at).Draw(t, "rows")
		back := make([]int, d.rows)
		for i, row := range at {
			back[row] = i
		}
		others := []int{0, 0, 0}
		if rapid.Bool().Draw(t, "relabel") {
			others = nil
		}
		e := built(t, permuted(spec, at, others))
		moved := make([]Form, len(forms))
		for f := range forms {
			for _, p := range forms[f] {
				moved[f] = append(moved[f], Part{Column: p.Column, Rows: pick(back, p.Rows), Values: p.Values})
			}
		}
		got, err := e.CovarianceOf(moved)
		if err != nil {
			t.Fatal(err)
		}
		for i := range forms {
			for j := range forms {
				scale := math.Sqrt(math.Abs(want.At(i, i)*want.At(j, j))) + 1e-3*math.Sqrt(energyOf(forms[i])*energyOf(forms[j]))
				if math.Abs(got.At(i, j)-want.At(i, j)) > accuracy*scale {
					t.Fatalf("covariance %d, %d: %v, and %v in another order", i, j, want.At(i, j), got.At(i, j))
				}
			}
		}
		fresh := built(t, spec)
		var wg sync.WaitGroup
		same := make([]bool, 4)
		for g := range same {
			wg.Go(func() {
				v, err := fresh.CovarianceOf(forms)
				same[g] = err == nil && slices.Equal(v.RawSymmetric().Data, want.RawSymmetric().Data)
			})
		}
		wg.Wait()
		if slices.Contains(same, false) {
			t.Fatal("goroutines have other digits")
		}
	})
}

// The totals of the domains of a partition add up, and so do their covariances.
func TestPartitionAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := built(t, anySpec(t))
		forms := make([]Form, 4) // three domains, and the whole
		column := rapid.IntRange(0, len(d.columns)-1).Draw(t, "column")
		parts := make([]Part, 4)
		for g := range parts {
			parts[g].Column = column
		}
		for row, w := range d.columns[column].Weights {
			if w == 0 {
				continue
			}
			g := rapid.IntRange(0, 2).Draw(t, "domain")
			z := w * rapid.Float64Range(-1, 1).Draw(t, "z")
			for _, p := range []*Part{&parts[g], &parts[3]} {
				p.Rows, p.Values = append(p.Rows, row), append(p.Values, z)
			}
		}
		for g := range forms {
			forms[g] = Form{parts[g]}
		}
		v, err := d.CovarianceOf(forms)
		if err != nil {
			t.Fatal(err)
		}
		for j := range 4 {
			sum := v.At(0, j) + v.At(1, j) + v.At(2, j)
			scale := math.Abs(v.At(3, 3)) + 1e-3*energyOf(forms[3])
			for g := range 3 {
				scale += math.Abs(v.At(g, g))
			}
			if math.Abs(sum-v.At(3, j)) > accuracy*scale {
				t.Fatalf("covariances with %d add up to %v, not %v", j, sum, v.At(3, j))
			}
		}
	})
}

// What was calibrated has no variance under any kind of selection.
func TestCalibratedTotalsAreCertainEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := built(t, anySpec(t))
		for c, col := range d.columns {
			if col.gram == nil || col.gram.Condition() > 1e6 {
				continue
			}
			p := Part{Column: c}
			beta := rapid.SliceOfN(rapid.Float64Range(-1, 1), 5, 5).Draw(t, "beta")
			for row, w := range col.Weights {
				if w > 0 {
					p.Rows, p.Values = append(p.Rows, row), append(p.Values, w*col.Calibration.X.dot(row, beta))
				}
			}
			v, err := d.Variance(Form{p})
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(v) > 1e-15*energyOf(Form{p}) {
				t.Fatalf("variance %v of %v", v, energyOf(Form{p}))
			}
		}
	})
}
