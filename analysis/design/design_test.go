package design

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// anyDesign draws a design of up to two stages, of equal or unequal probabilities, with calibrated and module columns.
func anyDesign(t *rapid.T) *Design {
	d, err := New(anySpec(t))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func anySpec(t *rapid.T) Spec {
	n := rapid.IntRange(4, 40).Draw(t, "rows")
	ints := func(name string, k int) []int {
		return rapid.SliceOfN(rapid.IntRange(0, k), n, n).Draw(t, name)
	}
	positive := func(name string) []float64 {
		return rapid.SliceOfN(rapid.Float64Range(0.5, 5), n, n).Draw(t, name)
	}
	spec := Spec{Weights: positive("w"), Lonely: rapid.SampledFrom([]Lonely{LonelyRemove, LonelyCertainty, LonelyAdjust}).Draw(t, "lonely")}
	for s := range rapid.IntRange(1, 2).Draw(t, "stages") {
		st := Stage{Strata: Ints(ints(fmt.Sprint("strata", s), 2))}
		units := make([]int, n)
		for i := range units {
			units[i] = i
		}
		if rapid.Bool().Draw(t, "clusters") {
			units = ints(fmt.Sprint("clusters", s), 5)
			st.Clusters = Ints(units)
		}
		switch rapid.IntRange(0, 2).Draw(t, "fpc") {
		case 1:
			st.Fraction = slices.Repeat([]float64{rapid.Float64Range(0, 1).Draw(t, "f")}, n)
		case 2:
			st.Fraction = make([]float64, n)
			for i, u := range units {
				st.Fraction[i] = []float64{0.1, 0.3, 0.2, 0.5, 0.45, 1}[u%6]
			}
			st.PPS = &PPS{
				Method:    PPSMethod(rapid.IntRange(0, 2).Draw(t, "method")),
				Estimator: PPSEstimator(rapid.IntRange(0, 1).Draw(t, "estimator")),
			}
		}
		spec.Stages = append(spec.Stages, st)
	}
	for c := range rapid.IntRange(0, 3).Draw(t, "columns") {
		w := positive("cw")
		p := make([]float64, n)
		for i, off := range ints("asked", 2) {
			p[i] = 0.2 + 0.3*float64(off)
			if off == 0 {
				w[i] = 0
			}
		}
		col := Column{Name: fmt.Sprint("m", c), Weights: w}
		if rapid.Bool().Draw(t, "phase") {
			col.Chance = p
		}
		if rapid.Bool().Draw(t, "calibrated") {
			x, err := FromRows(5, entries(ints("margin", 3), positive("x")))
			if err != nil {
				t.Fatal(err)
			}
			col.Calibration = &Calibration{X: x, Base: positive("base"), Q: positive("q")}
			if rapid.Bool().Draw(t, "inflated") {
				col.Calibration.Inflation = positive("inflation")
			}
		}
		spec.Columns = append(spec.Columns, col)
	}
	return spec
}

func entries(level []int, x []float64) [][]Entry {
	rows := make([][]Entry, len(level))
	for i, l := range level {
		rows[i] = []Entry{{Column: l, Value: 1}, {Column: 4, Value: x[i]}}
	}
	return rows
}

func anyForms(t *rapid.T, d *Design) []Form {
	forms := make([]Form, rapid.IntRange(1, 4).Draw(t, "forms"))
	for f := range forms {
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			p := Part{Column: rapid.IntRange(0, len(d.columns)-1).Draw(t, "column")}
			for row, w := range d.columns[p.Column].Weights {
				if w > 0 && rapid.IntRange(0, 2).Draw(t, "in") > 0 {
					p.Rows = append(p.Rows, row)
					p.Values = append(p.Values, w*float64(rapid.IntRange(-1000, 1000).Draw(t, "z"))/1000)
				}
			}
			forms[f] = append(forms[f], p)
		}
	}
	return forms
}

// accuracy is for the worst designs that are drawn here, at the edge of where the sparse path gives
// up: margins that nearly repeat each other and residuals that nearly vanish.
const accuracy = 1e-7

// The sparse path gives what the residuals written out for every row give.
func TestSparseEqualsDense(t *testing.T) {
	sparse := 0 // joint covariances of calibrated columns that did not fall back
	rapid.Check(t, func(t *rapid.T) {
		d := anyDesign(t)
		forms := anyForms(t, d)
		normals, err := d.normalizeAll(forms)
		if err != nil {
			t.Fatal(err)
		}
		want := d.dense(normals)
		if _, ok := d.joint(normals); ok && d.canBeSparse() && d.auxiliary().size > 0 {
			sparse++
		}
		got, err := d.CovarianceOf(forms)
		if err != nil {
			t.Fatal(err)
		}
		for i := range forms {
			v, err := d.Variance(forms[i])
			if err != nil {
				t.Fatal(err)
			}
			energy := energyOf(forms[i])
			if math.Abs(v-want.At(i, i)) > accuracy*(math.Abs(want.At(i, i))+1e-3*energy) {
				t.Fatalf("variance %d: %v sparse, %v dense", i, v, want.At(i, i))
			}
			for j := range forms {
				scale := math.Sqrt(math.Abs(want.At(i, i)*want.At(j, j))) + 1e-3*math.Sqrt(energy*energyOf(forms[j]))
				if math.Abs(got.At(i, j)-want.At(i, j)) > accuracy*scale {
					t.Fatalf("covariance %d, %d: %v sparse, %v dense", i, j, got.At(i, j), want.At(i, j))
				}
			}
		}
		if !d.neverNegative() {
			return
		}
		// No contrast has a negative variance.
		var contrast, size float64
		a := rapid.SliceOfN(rapid.IntRange(-3, 3), len(forms), len(forms)).Draw(t, "contrast")
		for i := range forms {
			for j := range forms {
				contrast += float64(a[i]*a[j]) * got.At(i, j)
			}
			size += float64(a[i]*a[i]) * (got.At(i, i) + 1e-3*energyOf(forms[i]))
		}
		if contrast < -accuracy*size*float64(len(forms)) {
			t.Fatalf("contrast %v has the variance %v", a, contrast)
		}
	})
	if sparse == 0 {
		t.Error("no case went the sparse way")
	}
}

// neverNegative reports whether theory says that no variance is negative: no unit's square is weighted by less than nothing.
func (d *Design) neverNegative() bool {
	for _, lv := range d.levels {
		if slices.ContainsFunc(lv.center, func(v float64) bool { return v < 0 }) || slices.ContainsFunc(lv.extra, func(v float64) bool { return v < 0 }) {
			return false
		}
	}
	return true
}

// energyOf is the size that rounding is measured by: parts of a form may cancel.
func energyOf(f Form) float64 {
	var s float64
	for _, p := range f {
		for _, v := range p.Values {
			s += v * v
		}
	}
	return s
}

// One stage against the formula of the textbook, written out.
func TestOneStageFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(6, 40).Draw(t, "n")
		strata, clusters := make([]int, n), make([]int, n)
		w, z, size := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			strata[i], clusters[i] = i%2, rapid.IntRange(0, 3).Draw(t, "c")
			if i < 4 {
				clusters[i] = i / 2 // two clusters at least in each stratum
			}
			w[i], z[i] = 1, rapid.Float64Range(-10, 10).Draw(t, "z")
			size[i] = []float64{9, 20}[strata[i]]
		}
		d, err := New(Spec{Weights: w, Stages: []Stage{{Strata: Ints(strata), Clusters: Ints(clusters), Population: size}}})
		if err != nil {
			t.Fatal(err)
		}
		var want float64
		for h, big := range []float64{9, 20} {
			totals := map[int]float64{}
			for i := range n {
				if strata[i] == h {
					totals[clusters[i]] += z[i]
				}
			}
			k := float64(len(totals))
			var sum, squares float64
			for _, v := range totals {
				sum += v
			}
			for _, v := range totals {
				squares += (v - sum/k) * (v - sum/k)
			}
			want += (1 - k/big) * k / (k - 1) * squares
		}
		got, err := d.Covariance(mat.NewDense(n, 1, z))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got.At(0, 0)-want) > 1e-9*(1+want) {
			t.Fatalf("variance %v, want %v", got.At(0, 0), want)
		}
	})
}

func TestCensusHasNoVariance(t *testing.T) {
	d, err := New(Spec{Weights: []float64{1, 1, 1}, Stages: []Stage{{Population: []float64{3, 3, 3}}}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.Variance(Form{{Rows: []int{0, 1, 2}, Values: []float64{1, 5, 9}}})
	if err != nil || v != 0 {
		t.Errorf("variance %v, error %v", v, err)
	}
}

// The answer is the same for any order of the rows, to the rounding of sums inside units.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(4, 30).Draw(t, "n")
		at := make([]int, n)
		labels, units := make([]string, n), make([]string, n)
		w, z := make([]float64, n), make([]float64, n)
		for i := range n {
			at[i] = i
			labels[i], units[i] = fmt.Sprint(i%2), fmt.Sprint(rapid.IntRange(0, 6).Draw(t, "u"))
			w[i], z[i] = 1, rapid.Float64Range(-1, 1).Draw(t, "z")
		}
		at = rapid.Permutation(at).Draw(t, "order")
		variance := func(at []int) float64 {
			s := Stage{Strata: Strings(pick(labels, at)), Clusters: Strings(pick(units, at)), Fraction: slices.Repeat([]float64{0.25}, n)}
			d, err := New(Spec{Weights: w, Stages: []Stage{s}, Lonely: LonelyRemove})
			if err != nil {
				t.Fatal(err)
			}
			rows := make([]int, n)
			for i := range rows {
				rows[i] = i
			}
			v, err := d.Variance(Form{{Rows: rows, Values: pick(z, at)}})
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		same := make([]int, n)
		for i := range same {
			same[i] = i
		}
		if a, b := variance(same), variance(at); math.Abs(a-b) > 1e-12*(a+b) {
			t.Fatalf("%v and %v", a, b)
		}
	})
}

func pick[T any](x []T, at []int) []T {
	out := make([]T, len(at))
	for i, j := range at {
		out[i] = x[j]
	}
	return out
}

// What was calibrated has no variance, through either path.
func TestCalibratedTotalsAreCertain(t *testing.T) {
	src := rand.New(rand.NewPCG(1, 2))
	n := 200
	level, x, base, w := make([]int, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		level[i], x[i], base[i] = src.IntN(4), 300+100*src.Float64(), 1+src.Float64()
		w[i] = base[i] * (0.5 + src.Float64())
	}
	m, err := FromRows(5, entries(level, x))
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(Spec{Weights: base})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Calibrated(w, &Calibration{X: m, Base: base})
	if err != nil {
		t.Fatal(err)
	}
	var f Form
	p := Part{}
	for i := range n {
		p.Rows = append(p.Rows, i)
		p.Values = append(p.Values, w[i]*x[i])
	}
	f = Form{p}
	before, err := d.Variance(f)
	if err != nil {
		t.Fatal(err)
	}
	after, err := c.Variance(f)
	if err != nil {
		t.Fatal(err)
	}
	if math.Sqrt(after) > 1e-10*math.Sqrt(before) {
		t.Errorf("standard error %v, before calibration %v", math.Sqrt(after), math.Sqrt(before))
	}
	if v, err := d.Variance(f); err != nil || v != before {
		t.Errorf("the design that was calibrated changed: %v, %v", v, err)
	}
}

// Two-phase simulation: a stratum of 120, a sample of 60, and modules asked with chance 0.4,
// independently or exactly one of two. The estimated variance agrees with the empirical one
// for independent draws, and is not below it for exclusive ones of positively related items.
func TestSecondPhaseTerm(t *testing.T) {
	const big, n, repetitions = 120, 60, 3000
	src := rand.New(rand.NewPCG(5, 6))
	y := make([][2]float64, big)
	for k := range y {
		common := src.NormFloat64()
		y[k] = [2]float64{3 + common + 0.3*src.NormFloat64(), 3 + common + 0.3*src.NormFloat64()}
	}
	for _, exclusive := range []bool{false, true} {
		chance := 0.4
		if exclusive {
			chance = 0.5
		}
		var sum, squares, estimated, withoutTerm float64
		for range repetitions {
			rows := src.Perm(big)[:n]
			w := [2][]float64{make([]float64, n), make([]float64, n)}
			var f Form
			total := 0.0
			for m := range 2 {
				f = append(f, Part{Column: m + 1})
			}
			for i, k := range rows {
				pickOne := src.IntN(2)
				for m := range 2 {
					asked := src.Float64() < chance
					if exclusive {
						asked = m == pickOne
					}
					if !asked {
						continue
					}
					w[m][i] = float64(big) / n / chance
					f[m].Rows = append(f[m].Rows, i)
					f[m].Values = append(f[m].Values, w[m][i]*y[k][m])
					total += w[m][i] * y[k][m]
				}
			}
			variance := func(chances []float64) float64 {
				d, err := New(Spec{
					Weights: slices.Repeat([]float64{float64(big) / n}, n),
					Stages:  []Stage{{Population: slices.Repeat([]float64{big}, n)}},
					Columns: []Column{{Name: "a", Weights: w[0], Chance: chances}, {Name: "b", Weights: w[1], Chance: chances}},
				})
				if err != nil {
					t.Fatal(err)
				}
				v, err := d.Variance(f)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			sum += total
			squares += total * total
			estimated += variance(slices.Repeat([]float64{chance}, n))
			withoutTerm += variance(nil)
		}
		mean := sum / repetitions
		empirical := squares/repetitions - mean*mean
		ratio := estimated / repetitions / empirical
		// The empirical variance of 3,000 draws has a relative error of √(2/3000) = 2.6 %.
		if !exclusive && math.Abs(ratio-1) > 0.08 {
			t.Errorf("independent draws: estimated over empirical variance is %.3f", ratio)
		}
		if exclusive && ratio < 1 {
			t.Errorf("one of two: estimated over empirical variance is %.3f", ratio)
		}
		if !exclusive && withoutTerm/repetitions/empirical > 0.85 {
			t.Errorf("the term makes no difference here: %.3f without it", withoutTerm/repetitions/empirical)
		}
	}
}

func TestDegreesOfFreedom(t *testing.T) {
	d, err := New(Spec{
		Weights: []float64{1, 1, 1, 1, 1, 1},
		Stages:  []Stage{{Strata: Strings([]string{"a", "a", "a", "b", "b", "b"}), Clusters: Strings([]string{"1", "1", "2", "1", "2", "3"})}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for want, rows := range map[float64][]int{3: {5, 0, 1, 2, 3, 4}, 0: {0, 1}, 1: {0, 2}, 2: {0, 3, 4, 5}} {
		if got := d.DF(rows); got != want {
			t.Errorf("rows %v have %v degrees of freedom, want %v", rows, got, want)
		}
	}
	if d.PSUs() != 5 || d.Strata() != 2 || d.Rows() != 6 {
		t.Errorf("%d units in %d strata of %d rows", d.PSUs(), d.Strata(), d.Rows())
	}
}

func TestDesignsThatAreRefused(t *testing.T) {
	w := []float64{1, 1, 1}
	var in *InputError
	var fraction *FractionError
	var lonely *LonelyError
	x, err := FromRows(1, make([][]Entry, 2))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spec Spec
		want any
	}{
		"no rows":             {Spec{}, &in},
		"negative weight":     {Spec{Weights: []float64{1, -1}}, &in},
		"infinite weight":     {Spec{Weights: []float64{1, math.Inf(1)}}, &in},
		"labels":              {Spec{Weights: w, Stages: []Stage{{Strata: Ints([]int{1})}}}, &in},
		"population and f":    {Spec{Weights: w, Stages: []Stage{{Population: w, Fraction: w}}}, &in},
		"more than there are": {Spec{Weights: w, Stages: []Stage{{Population: []float64{2, 2, 2}}}}, &fraction},
		"sizes differ":        {Spec{Weights: w, Stages: []Stage{{Population: []float64{5, 6, 5}}}}, &fraction},
		"no size":             {Spec{Weights: w, Stages: []Stage{{Population: []float64{5, math.NaN(), 5}}}}, &fraction},
		"fraction of two":     {Spec{Weights: w, Stages: []Stage{{Fraction: []float64{2, 2, 2}}}}, &fraction},
		"lonely":              {Spec{Weights: w, Stages: []Stage{{Strata: Strings([]string{"a", "a", "b"})}}}, &lonely},
		"all lonely":          {Spec{Weights: w, Lonely: LonelyAverage, Stages: []Stage{{Strata: Ints([]int{1, 2, 3})}}}, &lonely},
		"chance of zero":      {Spec{Weights: w, Columns: []Column{{Name: "m", Weights: w, Chance: []float64{1, 0, 1}}}}, &in},
		"calibration rows":    {Spec{Weights: w, Columns: []Column{{Name: "m", Weights: w, Calibration: &Calibration{X: x, Base: w}}}}, &in},
	} {
		if _, err := New(c.spec); !errors.As(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A certainty is no lonely stratum.
	d, err := New(Spec{Weights: w, Stages: []Stage{{Strata: Strings([]string{"a", "a", "b"}), Population: []float64{9, 9, 1}}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]Form{
		"no such column": {{Column: 4}},
		"no such row":    {{Rows: []int{7}, Values: []float64{1}}},
		"not finite":     {{Rows: []int{0}, Values: []float64{math.NaN()}}},
		"lengths":        {{Rows: []int{0}}},
	} {
		if _, err := d.Variance(f); !errors.As(err, &in) {
			t.Errorf("%s: %v", name, err)
		}
	}
	zero, err := d.WithColumn(Column{Name: "m", Weights: []float64{1, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zero.Variance(Form{{Column: 1, Rows: []int{1}, Values: []float64{1}}}); !errors.As(err, &in) {
		t.Errorf("influence without weight: %v", err)
	}
}

// A residual, inflated, is the difference of the row's value from the fit of all other rows.
func TestLeverageInflation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(6, 30).Draw(t, "n")
		rows := make([][]Entry, n)
		base, q := make([]float64, n), make([]float64, n)
		for i := range rows {
			base[i], q[i] = rapid.Float64Range(0.5, 3).Draw(t, "base"), rapid.Float64Range(0.5, 2).Draw(t, "q")
			rows[i] = []Entry{{Column: rapid.IntRange(0, 2).Draw(t, "level"), Value: 1}, {Column: 3, Value: float64(rapid.IntRange(-9, 9).Draw(t, "x")) / 4}}
		}
		x, err := FromRows(4, rows)
		if err != nil {
			t.Fatal(err)
		}
		k := &Calibration{X: x, Base: base, Q: q}
		weights := timesEach(base, q)
		g := NewGram(x, weights)
		y := rapid.SliceOfN(rapid.Float64Range(-5, 5), n, n).Draw(t, "y")
		for i, v := range k.LeverageInflation() {
			full, others := x.dot(i, fit(x, y, weights)), slices.Clone(weights)
			others[i] = 0
			if len(NewGram(x, others).Redundant()) > len(g.Redundant()) {
				if v != 1 {
					t.Fatalf("row %d fixes a margin alone, and is inflated by %v", i, v)
				}
				continue
			}
			if got, want := (y[i]-full)*v, y[i]-x.dot(i, fit(x, y, others)); math.Abs(got-want) > 1e-6*(1+math.Abs(want)) {
				t.Fatalf("row %d: %v inflated, %v without the row", i, got, want)
			}
		}
	})
}

// fit returns the coefficients of a weighted regression.
func fit(x *Matrix, y, w []float64) []float64 {
	b := make([]float64, x.cols)
	for i := range y {
		x.axpy(i, w[i]*y[i], b)
	}
	return NewGram(x, w).Solve(b)
}

func timesEach(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] * b[i]
	}
	return out
}
