package estimate

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"sipas/analysis/design"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// sheet is a survey of any design that the one pass serves, with domains that overlap, have no rows, or have some twice.
type sheet struct {
	design  *design.Design
	vars    []Variable
	domains Domains
}

func anySheet(t *rapid.T) sheet {
	n := rapid.IntRange(5, 80).Draw(t, "rows")
	// Many rows of a few units, and rows that are units themselves.
	units := rapid.SampledFrom([]int{3, 1000}).Draw(t, "units")
	strata, clusters := make([]int, n), make([]int, n)
	w, module, fraction := make([]float64, n), make([]float64, n), make([]float64, n)
	y, x, share, codes := make([]float64, n), make([]float64, n), make([]float64, n), make([]uint8, n)
	center := rapid.SampledFrom([]float64{0, 1000}).Draw(t, "center")

	for i := range n {
		strata[i], clusters[i] = rapid.IntRange(0, 2).Draw(t, "stratum"), rapid.IntRange(1, units).Draw(t, "cluster")
		w[i], fraction[i] = rapid.Float64Range(1, 9).Draw(t, "w"), 0.1*float64(strata[i])
		y[i], x[i] = center+rapid.Float64Range(-5, 5).Draw(t, "y"), rapid.Float64Range(1, 5).Draw(t, "x")
		share[i] = float64(rapid.IntRange(0, 1).Draw(t, "share"))
		codes[i] = uint8(rapid.IntRange(0, 2).Draw(t, "answer"))
		if rapid.IntRange(0, 5).Draw(t, "missing") == 0 {
			y[i], share[i] = math.NaN(), math.NaN()
		}
		if rapid.IntRange(0, 9).Draw(t, "not in") == 0 {
			w[i] = 0
		}
		if rapid.Bool().Draw(t, "asked") {
			module[i] = 2 * w[i]
		}
	}
	d, err := design.New(design.Spec{
		Weights: w, Columns: []design.Column{{Name: "m", Weights: module}}, Lonely: rapid.SampledFrom([]design.Lonely{design.LonelyRemove, design.LonelyCertainty}).Draw(t, "lonely"),
		Stages: []design.Stage{{Strata: design.Ints(strata), Clusters: design.Ints(clusters), Fraction: fraction}, {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := sheet{design: d, vars: []Variable{
		{Name: "mean", Values: y}, {Name: "total", Kind: Total, Values: y, Column: "m"}, {Name: "share", Kind: Share, Values: share},
		{Name: "ratio", Kind: Ratio, Values: y, Denominator: x}, {Name: "module", Values: x, Column: "m"},
		{Name: "codes", Codes: codes, Scores: []float64{center, math.NaN(), center + 1}},
		{Name: "shares of codes", Kind: Share, Codes: codes, Scores: []float64{1, 0, math.NaN()}},
	}}
	// More domains than there is a place for in each unit, when units are many.
	names := strings.Split("abcdefghijkl", "")
	labels, groups := make([]string, n), make([]int32, n)
	for i := range n {
		labels[i], groups[i] = fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "label")), int32(rapid.IntRange(-1, 10).Draw(t, "group"))
	}
	by, err := By(d, labels)
	if err != nil {
		t.Fatal(err)
	}
	byCodes, err := ByCodes(d, groups, names)
	if err != nil {
		t.Fatal(err)
	}
	twice := rapid.IntRange(0, n-1).Draw(t, "twice")
	odd := Domains{Names: []string{"twice", "none", "reversed"}, Rows: [][]int{{twice, twice}, {}, {n - 1, 0}}}
	s.domains = Join(by, Whole(d, "all"), odd, byCodes, Whole(d, "again"))

	return s
}

// slowly computes the same table row by row.
func slowly(t *rapid.T, s sheet, opt Options) *Table {
	tb := &Table{design: s.design, vars: s.vars, domains: s.domains, intervals: newIntervals(opt.level()), cells: make([]cell, len(s.vars)*len(s.domains.Names))}
	for _, v := range s.vars {
		c, err := s.design.Column(v.Column)
		if err != nil {
			t.Fatal(err)
		}
		tb.columns = append(tb.columns, c)
	}
	for i := range s.domains.Names {
		if err := tb.fill(i, tb.all(), opt); err != nil {
			t.Fatal(err)
		}
	}
	return tb
}

func figures(tb *Table) (out []any) {
	for i, c := range tb.cells {
		out = append(out, tb.domains.Names[i/len(tb.vars)], tb.vars[i%len(tb.vars)].Name, c.estimate, c.value, c.denominator, c.unity, c.finite)
	}
	return out
}

// The pass and the rows' influence values give the same figures. What is zero in truth comes out of both as rounding, of the
// size of what cancels: the standard errors of a value are compared with the value, too.
func TestOnePassIsTheRowByRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySheet(t)
		tb, err := Compute(s.design, s.vars, s.domains, Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := slowly(t, s, Options{})
		for i, a := range tb.cells {
			b := want.cells[i]
			e, f := a.estimate, b.estimate
			name := fmt.Sprintf("%s in %s", tb.vars[i%len(tb.vars)].Name, tb.domains.Names[i/len(tb.vars)])
			if e.N != f.N || e.DF != f.DF && !(math.IsNaN(e.DF) && math.IsNaN(f.DF)) || e.Reason != f.Reason || e.Method != f.Method {
				t.Fatalf("%s: %+v, row by row %+v", name, e, f)
			}
			// The influence values that are made when somebody asks have the same variance.
			if st := tb.Stat(i/len(tb.vars), i%len(tb.vars)); e.Defined() {
				v, err := s.design.Variance(st.Form)
				if err != nil || math.Abs(math.Sqrt(math.Max(0, v))-e.SE) > 1e-12*(math.Abs(e.Value)+e.Population+e.SE) {
					t.Fatalf("%s: a variance of %v, standard error %v, error %v", name, v, e.SE, err)
				}
			}
			size := math.Abs(f.Value)
			if tb.vars[i%len(tb.vars)].Kind == Total {
				size += f.Population
			}
			for what, pair := range map[string][3]float64{
				"value": {e.Value, f.Value, size}, "standard error": {e.SE, f.SE, size}, "population": {e.Population, f.Population, f.Population},
				"low": {e.Interval.Low, f.Interval.Low, size}, "high": {e.Interval.High, f.Interval.High, size},
				"denominator": {a.denominator, b.denominator, b.denominator},
				"unity":       {math.Sqrt(a.unity), math.Sqrt(b.unity), size}, "finite": {a.finite, b.finite, 1},
			} {
				// Where the interval is one of Beta quantiles, those are found to about 1e-9 only.
				tolerance := 1e-12
				if (what == "low" || what == "high") && tb.vars[i%len(tb.vars)].Kind == Share {
					tolerance = 1e-7
				}
				if math.IsNaN(pair[0]) != math.IsNaN(pair[1]) || math.Abs(pair[0]-pair[1]) > tolerance*(1e-3+math.Abs(pair[1])+math.Abs(pair[2])) {
					t.Fatalf("%s: %s %v, row by row %v", name, what, pair[0], pair[1])
				}
			}
		}
	})
}

// Every bit is the same whatever the number of cores.
func TestOnePassDoesNotDependOnCores(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	rapid.Check(t, func(t *rapid.T) {
		s := anySheet(t)
		var first []any
		for _, cores := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(cores)
			tb, err := Compute(s.design, s.vars, s.domains, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := figures(tb); first == nil {
				first = got
			} else if diff := cmp.Diff(first, got, cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("with %d cores:\n%s", cores, diff)
			}
		}
	})
}

// Rows that jump about between many pieces are dealt out to buckets first: the figures are those of the rows in order.
func TestBucketsChangeNothing(t *testing.T) {
	const units, each, groups = 2100, 32, 40
	n := units * each
	made := func(at func(i int) int) *Table {
		strata, clusters, codes := make([]int, n), make([]int, n), make([]int32, n)
		w, y := make([]float64, n), make([]float64, n)
		for i := range n {
			k := at(i) // the row's place in order
			strata[i], clusters[i], codes[i] = k/each/210, k/each, int32(k*7%groups)
			w[i], y[i] = 1+float64(k%13), float64(k*k%17)
			if k%11 == 0 {
				y[i] = math.NaN()
			}
		}
		d, err := design.New(design.Spec{Weights: w, Stages: []design.Stage{{Strata: design.Ints(strata), Clusters: design.Ints(clusters)}}})
		if err != nil {
			t.Fatal(err)
		}
		by, err := ByCodes(d, codes, make([]string, groups))
		if err != nil {
			t.Fatal(err)
		}
		tb, err := Compute(d, []Variable{{Values: y}, {Kind: Ratio, Values: y, Denominator: w}}, by, Options{})
		if err != nil {
			t.Fatal(err)
		}
		next := 0
		l, _ := newSorter(d, by.Rows).layer(&next)
		p := newPlan(l, 0, w, true)
		if (p.dealt != nil) != (at(1) != 1) || next != groups {
			t.Fatalf("buckets: %v, with %d pieces; %d domains", p.dealt != nil, len(l.unit), next)
		}
		return tb
	}
	sorted, mixed := made(func(i int) int { return i }), made(func(i int) int { return i * 40001 % n })
	diff := cmp.Diff(figures(sorted), figures(mixed), cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-12, 0))
	if diff != "" {
		t.Error(diff)
	}
}

// What overflows is refused by the engine, which says where.
func TestOverflowIsRefused(t *testing.T) {
	d, err := design.New(design.Spec{Weights: []float64{9, 9, 9}})
	if err != nil {
		t.Fatal(err)
	}
	v := Variable{Kind: Total, Values: []float64{1, math.MaxFloat64, 1}}
	var wrong *design.InputError
	if _, err := Compute(d, []Variable{v}, Whole(d, "all"), Options{}); !errors.As(err, &wrong) || wrong.Row != 1 {
		t.Errorf("got %v", err)
	}
}

func TestCodesAreChecked(t *testing.T) {
	d, err := design.New(design.Spec{Weights: []float64{1, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	codes, scores := []uint8{0, 1, 0}, []float64{0, 1}
	for name, v := range map[string]Variable{
		"a code without a score": {Codes: []uint8{0, 1, 2}, Scores: scores},
		"too few":                {Codes: codes[:2], Scores: scores},
		"values, too":            {Codes: codes, Scores: scores, Values: []float64{1, 2, 3}},
		"a ratio":                {Kind: Ratio, Codes: codes, Scores: scores, Denominator: []float64{1, 1, 1}},
		"an infinite score":      {Codes: codes, Scores: []float64{0, math.Inf(1)}},
		"a share of 2":           {Kind: Share, Codes: codes, Scores: []float64{0, 2}},
	} {
		if _, err := Compute(d, []Variable{v}, Whole(d, "all"), Options{}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := Quantiles(d, Variable{Codes: codes, Scores: scores}, []float64{0.5}, Whole(d, "all"), QuantileOptions{}); err == nil {
		t.Error("a quantile of codes was accepted")
	}
	for name, c := range map[string][]int32{"a code without a name": {0, 1, 2}, "too few": {0}} {
		if _, err := ByCodes(d, c, []string{"a", "b"}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	by, err := ByCodes(d, []int32{-1, 0, 0}, []string{"a", "b"})
	if diff := cmp.Diff(Domains{Names: []string{"a", "b"}, Rows: [][]int{{1, 2}, {}}}, by); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// Replicate designs compute codes as values.
func TestCodesWithReplicates(t *testing.T) {
	factors := mat.NewDense(4, 4, []float64{0, 2, 1, 1, 2, 0, 1, 1, 1, 1, 0, 2, 1, 1, 2, 0})
	d, err := design.New(design.Spec{
		Weights:    []float64{1, 2, 3, 4},
		Replicates: &design.Replicates{Factors: factors, Scale: 0.25, RScales: []float64{1, 1, 1, 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	vars := []Variable{{Codes: []uint8{0, 1, 1, 0}, Scores: []float64{3, 7}}, {Values: []float64{3, 7, 7, 3}}}
	tb, err := Compute(d, vars, Whole(d, "all"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tb.Estimate(0, 0), tb.Estimate(0, 1), cmpopts.EquateNaNs()); diff != "" || !(tb.Estimate(0, 0).SE > 0) {
		t.Error(diff, tb.Estimate(0, 0))
	}
	if vars[0].Values != nil {
		t.Error("the caller's variable was changed")
	}
}
