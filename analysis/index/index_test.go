package index_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"sipas/analysis/index"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func tree(t testing.TB, n index.Node) *index.Tree {
	t.Helper()
	tr, err := index.New(n)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func evaluate(t testing.TB, n index.Node, leaves map[string]float64) map[string]index.Value {
	t.Helper()
	vs, err := tree(t, n).Evaluate(leaves)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]index.Value{}
	for _, v := range vs {
		out[v.Code] = v
	}
	return out
}

func near(t testing.TB, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12*math.Max(1, math.Abs(want))) {
		t.Errorf("%s is %.15g, want %.15g", what, got, want)
	}
}

var unit = index.Bounds{Min: 0, Max: 1}

func share(code string, coefficient float64) index.Node {
	return index.Node{Code: code, Coefficient: coefficient, Bounds: &unit}
}

// The sub-dimensions of PAPI 2018-2019 whose formula is known exactly.
func TestPAPI(t *testing.T) {
	nominal := index.Bounds{Min: 0.25, Max: 2.5}
	root := index.Node{Code: "1", Combine: index.Sum, Children: []index.Node{
		{Code: "1.1", Coefficient: 1, Combine: index.Sum, Intercept: 0.25, Nominal: &nominal,
			Children: []index.Node{share("a", 0.5625), share("b", 1.125), share("not scored", 0)}},
		{Code: "6.3", Coefficient: 1, Combine: index.Sum, Intercept: 0.875,
			Children: []index.Node{share("electricity", 0.375), share("power cut", -0.375)}},
	}}
	v := evaluate(t, root, map[string]float64{"a": 0.6, "b": 0.2, "electricity": 0.9, "power cut": 0.3})
	near(t, "1.1", v["1.1"].Value, 0.25+0.5625*0.6+1.125*0.2)
	near(t, "attainable maximum of 1.1", v["1.1"].AttainableFull.Max, 1.9375)
	near(t, "nominal maximum of 1.1", v["1.1"].Nominal.Max, 2.5)
	near(t, "6.3", v["6.3"].Value, 0.875+0.375*0.9-0.375*0.3)
	near(t, "attainable minimum of 6.3", v["6.3"].AttainableFull.Min, 0.5)
	near(t, "1", v["1"].Value, v["1.1"].Value+v["6.3"].Value)
	if !v["1"].Complete || len(v["1"].Missing) != 0 {
		t.Errorf("an indicator that is not scored counts as missing: %v", v["1"].Missing)
	}
	near(t, "gradient of b", v["1"].Gradient["b"], 1.125)
}

func style() index.Node {
	root := index.Node{Code: "total", Combine: index.Sum}
	item := 24
	for i, n := range []int{3, 3, 4, 3, 3} {
		e := index.Node{
			Code: fmt.Sprintf("e%d", i+1), Coefficient: 1, Combine: index.Mean, Missing: index.Rescale,
			Scale: &index.Scale{From: unit, To: index.Bounds{Min: 0.2, Max: 2}},
		}
		for range n {
			e.Children = append(e.Children, index.Node{
				Code: fmt.Sprintf("s%d", item), Coefficient: 1,
				Scale: &index.Scale{From: index.Bounds{Min: 1, Max: 5}, To: unit},
			})
			item++
		}
		root.Children = append(root.Children, e)
	}
	return root
}

func TestPAPIStyle(t *testing.T) {
	leaves := map[string]float64{}
	for i := 24; i < 40; i++ {
		leaves[fmt.Sprintf("s%d", i)] = 3.4
	}
	v := evaluate(t, style(), leaves)
	near(t, "element", v["e3"].Value, 0.2+1.8*(3.4-1)/4)
	near(t, "total", v["total"].Value, 5*(0.2+1.8*0.6))
	near(t, "lowest", v["total"].AttainableFull.Min, 1)
	near(t, "highest", v["total"].AttainableFull.Max, 10)
	near(t, "gradient", v["total"].Gradient["s30"], 1.8/4/4)
	delete(leaves, "s30")
	v = evaluate(t, style(), leaves)
	near(t, "element without one", v["e3"].Value, 0.2+1.8*0.6)
	near(t, "gradient without one", v["e3"].Gradient["s31"], 1.8/4/3)
	if d := cmp.Diff([]string{"s30"}, v["total"].Missing); d != "" {
		t.Error(d)
	}
	for _, c := range []string{"s31", "s32", "s33"} {
		delete(leaves, c)
	}
	v = evaluate(t, style(), leaves)
	if !math.IsNaN(v["e3"].Value) || !math.IsNaN(v["total"].Value) || v["total"].Reason == "" {
		t.Errorf("an element without answers: %v, and the total %v", v["e3"], v["total"])
	}
}

func TestSIPASIsTheMeanOverItems(t *testing.T) {
	root := index.Node{Code: "sipas", Combine: index.Mean}
	group := func(code string, n int, at int) index.Node {
		g := index.Node{Code: code, Coefficient: float64(n), Combine: index.Mean}
		for i := range n {
			g.Children = append(g.Children, index.Node{Code: fmt.Sprint("i", at+i), Coefficient: 1, Bounds: &index.Bounds{Min: 0, Max: 100}})
		}
		return g
	}
	root.Children = []index.Node{group("policy", 23, 1), group("service", 16, 24)}
	leaves := map[string]float64{}
	for i := 1; i <= 39; i++ {
		leaves[fmt.Sprint("i", i)] = 83.84
		if i >= 24 {
			leaves[fmt.Sprint("i", i)] = 84.09
		}
	}
	v := evaluate(t, root, leaves)
	// Published for 2024: policy 83.84, service 84.09, total 83.94.
	near(t, "total to two decimals", index.Round(v["sipas"].Value, 2), 83.94)
	near(t, "gradient", v["sipas"].Gradient["i39"], 1.0/39)
}

func law() index.Node {
	one := 1
	root := index.Node{Code: "law", Combine: index.Sum, Missing: index.Drop}
	for i := 1; i <= 9; i++ {
		root.Children = append(root.Children, index.Node{Code: fmt.Sprint("law", i), Coefficient: 1, Bounds: &index.Bounds{Min: 0, Max: 2}, Round: &one})
	}
	return root
}

func TestOneStopEvaluation(t *testing.T) {
	v := evaluate(t, law(), map[string]float64{"law1": 1.45, "law3": 1.44, "law4": 2, "law7": 1.25})
	near(t, "1.45 rounds", v["law1"].Value, 1.5)
	near(t, "1.44 rounds", v["law3"].Value, 1.4)
	near(t, "sum", v["law"].Value, 1.5+1.4+2+1.3)
	near(t, "attainable", v["law"].Attainable.Max, 8)
	near(t, "attainable in full", v["law"].AttainableFull.Max, 18)
	near(t, "percent", v["law"].PercentOfAttainable(), 100*6.2/8)
	near(t, "linear part", v["law"].Gradient["law1"], 1)
	if v["law"].Complete || len(v["law"].Missing) != 5 {
		t.Errorf("missing %v", v["law"].Missing)
	}
	grades := []index.Grade{{"excellent", 15}, {"good", 12}, {"fair", 9}, {"average", 6}, {"weak", 0}}
	for value, want := range map[float64]string{15: "excellent", 14.9: "good", 12: "good", 9: "fair", 6: "average", 5.9: "weak", 0: "weak", 18: "excellent"} {
		if got, ok := index.GradeOf(grades, value); !ok || got != want {
			t.Errorf("%v is %s, want %s", value, got, want)
		}
	}
	tenths := 0.0
	for range 120 {
		tenths += 0.1
	}
	if got, _ := index.GradeOf(grades, tenths); got != "good" {
		t.Errorf("a hundred and twenty tenths are %s", got)
	}
	if _, ok := index.GradeOf(grades, math.NaN()); ok {
		t.Error("a missing value has a grade")
	}
}

func TestMissingRules(t *testing.T) {
	node := func(c index.Combine, m index.MissingRule) index.Node {
		return index.Node{Code: "n", Combine: c, Missing: m, Intercept: 1, Children: []index.Node{share("a", 1), share("b", 3)}}
	}
	leaves := map[string]float64{"a": 0.5}
	for _, c := range []struct {
		node index.Node
		want float64
	}{
		{node(index.Sum, index.Drop), 1.5},
		{node(index.Sum, index.Rescale), 3},
		{node(index.Mean, index.Drop), 1 + 0.5/4},
		{node(index.Mean, index.Rescale), 1.5},
	} {
		near(t, string(c.node.Combine+" "+index.Combine(c.node.Missing)), evaluate(t, c.node, leaves)["n"].Value, c.want)
	}
	for _, m := range []index.MissingRule{index.Fail, ""} {
		v := evaluate(t, node(index.Sum, m), leaves)["n"]
		if !math.IsNaN(v.Value) || v.Reason != "b is missing" {
			t.Errorf("rule %q: %v, %q", m, v.Value, v.Reason)
		}
	}
}

// Every node equals its linear function, and lies inside its attainable bounds.
func TestLinearFormAndBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := 0
		var leaves []string
		number := rapid.Float64Range(-2, 2)
		var grow func(depth int) index.Node
		grow = func(depth int) index.Node {
			n++
			node := index.Node{Code: fmt.Sprint(n), Coefficient: number.Draw(t, "c")}
			if rapid.Bool().Draw(t, "scaled") {
				node.Scale = &index.Scale{From: unit, To: index.Bounds{Min: -1, Max: 3}, Reverse: rapid.Bool().Draw(t, "reverse")}
			}
			if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 && depth < 3 {
				node.Bounds = &unit
				leaves = append(leaves, node.Code)
				return node
			}
			node.Combine, node.Intercept = index.Sum, number.Draw(t, "i")
			node.Missing = rapid.SampledFrom([]index.MissingRule{index.Fail, index.Drop}).Draw(t, "rule")
			for range rapid.IntRange(1, 3).Draw(t, "children") {
				node.Children = append(node.Children, grow(depth-1))
			}
			return node
		}
		root := grow(3)
		values := map[string]float64{}
		for _, l := range leaves {
			if rapid.IntRange(0, 5).Draw(t, "absent") > 0 {
				values[l] = rapid.Float64Range(0, 1).Draw(t, "x")
			}
		}
		tr, err := index.New(root)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tr.Evaluate(values)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range got {
			if math.IsNaN(v.Value) {
				continue
			}
			linear := v.Constant
			for code, g := range v.Gradient {
				linear += g * values[code]
			}
			if math.Abs(linear-v.Value) > 1e-9 {
				t.Fatalf("node %s: %v, its linear function %v", v.Code, v.Value, linear)
			}
			if v.Value < v.Attainable.Min-1e-9 || v.Value > v.Attainable.Max+1e-9 {
				t.Fatalf("node %s: %v outside %v", v.Code, v.Value, v.Attainable)
			}
		}
	})
}

func TestTreesThatAreRefused(t *testing.T) {
	for name, n := range map[string]index.Node{
		"no code":            {},
		"code twice":         {Code: "a", Combine: index.Sum, Children: []index.Node{share("b", 1), share("b", 1)}},
		"no combination":     {Code: "a", Children: []index.Node{share("b", 1)}},
		"bounds":             {Code: "a", Bounds: &index.Bounds{Min: 1, Max: 1}},
		"infinite bounds":    {Code: "a", Bounds: &index.Bounds{Min: 1, Max: math.Inf(1)}},
		"mean of nothing":    {Code: "a", Combine: index.Mean, Children: []index.Node{share("b", 0)}},
		"rescaling a sign":   {Code: "a", Combine: index.Sum, Missing: index.Rescale, Children: []index.Node{share("b", 1), share("c", -1)}},
		"unknown rule":       {Code: "a", Combine: index.Sum, Missing: "guess", Children: []index.Node{share("b", 1)}},
		"leaf with a rule":   {Code: "a", Missing: index.Drop},
		"coefficient":        {Code: "a", Combine: index.Sum, Children: []index.Node{share("b", math.NaN())}},
		"node with bounds":   {Code: "a", Combine: index.Sum, Bounds: &unit, Children: []index.Node{share("b", 1)}},
		"bounds and a scale": {Code: "a", Bounds: &unit, Scale: &index.Scale{From: index.Bounds{Min: 0, Max: 2}, To: unit}},
	} {
		var e *index.TreeError
		if _, err := index.New(n); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tr := tree(t, index.Node{Code: "a", Combine: index.Sum, Children: []index.Node{share("b", 1)}})
	var r *index.RangeError
	if _, err := tr.Evaluate(map[string]float64{"b": 1.2}); !errors.As(err, &r) || r.Code != "b" {
		t.Errorf("a share of 1.2: %v", err)
	}
	var e *index.TreeError
	if _, err := tr.Evaluate(map[string]float64{"z": 1}); !errors.As(err, &e) || e.Code != "z" {
		t.Errorf("a leaf that is not in the tree: %v", err)
	}
}

func TestTreesAreData(t *testing.T) {
	b, err := json.Marshal(law())
	if err != nil {
		t.Fatal(err)
	}
	var back index.Node
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(law(), back); d != "" {
		t.Error(d)
	}
}

func TestRanksAndGroups(t *testing.T) {
	values := []float64{3, math.NaN(), 5, 3, 1}
	ranks, ranked := index.Rank(values)
	if d := cmp.Diff([]int{2, 0, 1, 2, 4}, ranks); d != "" || ranked != 4 {
		t.Errorf("%d ranked: %s", ranked, d)
	}
	groups, err := index.Groups(values, []int{2, 2})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{1, 0, 1, 1, 2}, groups); d != "" {
		t.Error(d)
	}
	if _, err := index.Groups(values, []int{2, 3}); err == nil {
		t.Error("groups of five for four were accepted")
	}
	if d := cmp.Diff([]int{16, 16, 16, 15}, index.EqualGroups(63, 4)); d != "" {
		t.Error(d)
	}
	rapid.Check(t, func(t *rapid.T) {
		n, k := rapid.IntRange(0, 100).Draw(t, "n"), rapid.IntRange(1, 9).Draw(t, "k")
		sizes := index.EqualGroups(n, k)
		total := 0
		for _, s := range sizes {
			total += s
		}
		if total != n || slices.Max(sizes)-slices.Min(sizes) > 1 || !slices.IsSortedFunc(sizes, func(a, b int) int { return b - a }) {
			t.Fatalf("%d in %d: %v", n, k, sizes)
		}
	})
}

func ExampleTree_Evaluate() {
	t, err := index.New(index.Node{
		Code: "1.1", Combine: index.Sum, Intercept: 0.25,
		Children: []index.Node{
			{Code: "civic knowledge", Coefficient: 0.5625, Bounds: &index.Bounds{Min: 0, Max: 1}},
			{Code: "knowledge of leaders", Coefficient: 1.125, Bounds: &index.Bounds{Min: 0, Max: 1}},
		},
	})
	if err != nil {
		panic(err)
	}
	values, err := t.Evaluate(map[string]float64{"civic knowledge": 0.60, "knowledge of leaders": 0.12})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.4f of at most %.4f\n", values[0].Value, values[0].AttainableFull.Max)
	// Output: 0.7225 of at most 1.9375
}
