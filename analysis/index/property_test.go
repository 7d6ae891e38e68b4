package index_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sipas/analysis/index"

	"pgregory.net/rapid"
)

// grown is a random tree with the codes of its leaves.
type grown struct {
	root   index.Node
	leaves []string
}

// grow makes a tree whose leaves are shares. With signed false every weight and slope is above zero, so that more is never worse.
func grow(t *rapid.T, rules []index.MissingRule, signed bool) grown {
	var g grown
	n := 0
	weight := rapid.Float64Range(0.1, 3)
	if signed {
		weight = rapid.Float64Range(-3, 3)
	}
	var node func(depth int) index.Node
	node = func(depth int) index.Node {
		n++
		out := index.Node{Code: fmt.Sprint("n", n), Coefficient: weight.Draw(t, "weight")}
		if rapid.Bool().Draw(t, "scaled") {
			out.Scale = &index.Scale{From: unit, To: index.Bounds{Min: 0.25, Max: 2.5}, Reverse: signed && rapid.Bool().Draw(t, "reverse")}
		}
		if depth == 0 || n > 1 && rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
			out.Bounds = &unit
			g.leaves = append(g.leaves, out.Code)
			return out
		}
		combinations := []index.Combine{index.Sum}
		if !signed {
			combinations = []index.Combine{index.Sum, index.Mean, index.MeanOfLeaves}
		}
		out.Combine = rapid.SampledFrom(combinations).Draw(t, "combine")
		out.Missing = rapid.SampledFrom(rules).Draw(t, "missing")
		for range rapid.IntRange(1, 4).Draw(t, "children") {
			out.Children = append(out.Children, node(depth-1))
		}
		return out
	}
	g.root = node(3)
	return g
}

func (g grown) draw(t *rapid.T, absent bool) map[string]float64 {
	values := map[string]float64{}
	for _, l := range g.leaves {
		if !absent || rapid.IntRange(0, 3).Draw(t, "absent") > 0 {
			values[l] = rapid.Float64Range(0, 1).Draw(t, "x")
		}
	}
	return values
}

var everyRule = []index.MissingRule{index.Fail, index.Drop, index.Rescale, index.Floor}

func byCode(t *rapid.T, root index.Node, values map[string]float64) map[string]index.Value {
	tr, err := index.New(root)
	if err != nil {
		t.Fatal(err)
	}
	vs, err := tr.Evaluate(values)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]index.Value{}
	for _, v := range vs {
		out[v.Code] = v
	}
	return out
}

// Where no weight is below zero, raising one indicator lowers no node, whatever is missing.
func TestMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grow(t, everyRule, false)
		values := g.draw(t, true)
		before := byCode(t, g.root, values)
		for code := range values {
			values[code] = math.Min(1, values[code]+rapid.Float64Range(0, 1).Draw(t, "up"))
			break
		}
		for code, after := range byCode(t, g.root, values) {
			if b := before[code].Value; after.Value < b-1e-9 || math.IsNaN(after.Value) != math.IsNaN(b) {
				t.Fatalf("%s fell from %v to %v", code, b, after.Value)
			}
		}
	})
}

// The lowest and the highest score that a node can have are had: by the indicators at the ends that their slopes point to.
func TestBoundsAreAttained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grow(t, everyRule, true)
		// The rules that rescale refuse negative weights.
		if _, err := index.New(g.root); err != nil {
			g = grow(t, []index.MissingRule{index.Fail, index.Drop, index.Floor}, true)
		}
		middle := map[string]float64{}
		for _, l := range g.leaves {
			middle[l] = 0.5
		}
		slopes := byCode(t, g.root, middle)[g.root.Code].Gradient
		for _, best := range []bool{false, true} {
			values := map[string]float64{}
			for _, l := range g.leaves {
				if (slopes[l] > 0) == best {
					values[l] = 1
				} else {
					values[l] = 0
				}
			}
			v := byCode(t, g.root, values)[g.root.Code]
			want := v.AttainableFull.Min
			if best {
				want = v.AttainableFull.Max
			}
			if math.Abs(v.Value-want) > 1e-9*math.Max(1, math.Abs(want)) {
				t.Fatalf("the end %v is not had, but %v", want, v.Value)
			}
		}
	})
}

// What lies within its bounds stays there, and the linear function gives the score, with anything missing by any rule.
func TestEveryRuleKeepsTheBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grow(t, everyRule, false)
		values := g.draw(t, true)
		for code, v := range byCode(t, g.root, values) {
			if math.IsNaN(v.Value) {
				if v.Reason == "" {
					t.Fatalf("%s is missing and nobody says why", code)
				}
				continue
			}
			linear := v.Constant
			for leaf, slope := range v.Gradient {
				linear += slope * values[leaf]
			}
			if math.Abs(linear-v.Value) > 1e-9 {
				t.Fatalf("%s is %v, its linear function %v", code, v.Value, linear)
			}
			if v.Value < v.Attainable.Min-1e-9 || v.Value > v.Attainable.Max+1e-9 {
				t.Fatalf("%s is %v, outside %v", code, v.Value, v.Attainable)
			}
			if v.Complete != (len(v.Missing) == 0) {
				t.Fatalf("%s is complete: %v, and misses %v", code, v.Complete, v.Missing)
			}
		}
	})
}

// The order in which children stand changes no score.
func TestPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grow(t, everyRule, false)
		values := g.draw(t, true)
		before := byCode(t, g.root, values)
		var turn func(n *index.Node)
		turn = func(n *index.Node) {
			n.Children = rapid.Permutation(n.Children).Draw(t, "order")
			for i := range n.Children {
				turn(&n.Children[i])
			}
		}
		turn(&g.root)
		for code, after := range byCode(t, g.root, values) {
			b := before[code]
			if math.IsNaN(b.Value) != math.IsNaN(after.Value) || math.Abs(b.Value-after.Value) > 1e-9 {
				t.Fatalf("%s was %v and is %v", code, b.Value, after.Value)
			}
		}
	})
}

// A node that is given what its parts would make counts above like them, and so does a mean over the leaves below it.
func TestGivenNodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grow(t, []index.MissingRule{index.Fail}, false)
		values := g.draw(t, false)
		before := byCode(t, g.root, values)
		if len(g.root.Children) == 0 {
			return
		}
		child := rapid.SampledFrom(g.root.Children).Draw(t, "given")
		if len(child.Children) == 0 || g.root.Combine == index.MeanOfLeaves {
			return // a mean over leaves looks through its children at leaves, not at what they make
		}
		var drop func(n *index.Node)
		drop = func(n *index.Node) {
			delete(values, n.Code)
			for i := range n.Children {
				drop(&n.Children[i])
			}
		}
		drop(&child)
		values[child.Code] = before[child.Code].Value
		after := byCode(t, g.root, values)
		if a, b := after[g.root.Code].Value, before[g.root.Code].Value; math.Abs(a-b) > 1e-9 {
			t.Fatalf("with %s given, the root is %v and not %v", child.Code, a, b)
		}
		if !after[child.Code].Given || after[g.root.Code].Gradient[child.Code] == 0 {
			t.Fatalf("%s is given and has no slope", child.Code)
		}
	})
}

func TestMeanOfLeavesLooksThrough(t *testing.T) {
	leaf := func(code string) index.Node { return index.Node{Code: code, Bounds: &index.Bounds{Min: 0, Max: 100}} }
	group := func(code string, rule index.MissingRule, leaves ...string) index.Node {
		g := index.Node{Code: code, Combine: index.MeanOfLeaves, Missing: rule}
		for _, l := range leaves {
			g.Children = append(g.Children, leaf(l))
		}
		return g
	}
	for rule, want := range map[index.MissingRule]float64{
		index.Rescale: (10 + 20 + 60) / 3.0, index.Drop: (10 + 20 + 60) / 4.0, index.Floor: (10 + 20 + 0 + 60) / 4.0,
	} {
		root := index.Node{Code: "all", Combine: index.MeanOfLeaves, Missing: rule, Children: []index.Node{group("a", index.Fail, "a1", "a2", "a3"), group("b", rule, "b1")}}
		v := evaluate(t, root, map[string]float64{"a1": 10, "a2": 20, "b1": 60})
		near(t, "mean by rule "+string(rule), v["all"].Value, want)
		if !math.IsNaN(v["a"].Value) {
			t.Errorf("group a is %v although one of its leaves is missing", v["a"].Value)
		}
	}
	// A part that is given stands for as many leaves as it has.
	root := index.Node{Code: "all", Combine: index.MeanOfLeaves, Children: []index.Node{group("a", "", "a1", "a2", "a3"), group("b", "", "b1")}}
	near(t, "with a given", evaluate(t, root, map[string]float64{"a": 40, "b1": 80})["all"].Value, (3*40+80)/4.0)
	if _, err := tree(t, root).Evaluate(map[string]float64{"a": 40, "a1": 3, "b1": 80}); err == nil {
		t.Error("a and a leaf of it were both taken")
	}
	if _, err := tree(t, root).Evaluate(map[string]float64{"a": 140, "b1": 80}); err == nil {
		t.Error("a mean of 140 per cent was taken")
	}
}

// A part that is missing by Floor counts as the worst it could be, also where a high value is bad.
func TestFloor(t *testing.T) {
	root := index.Node{Code: "n", Combine: index.Sum, Missing: index.Floor, Intercept: 1, Children: []index.Node{share("good", 2), share("bad", -3)}}
	v := evaluate(t, root, map[string]float64{"good": 0.5})["n"]
	near(t, "without the bad one", v.Value, 1+2*0.5-3)
	near(t, "its highest", v.Attainable.Max, 1+2-3)
	if v.Complete || !slices.Equal(v.Missing, []string{"bad"}) {
		t.Errorf("missing %v", v.Missing)
	}
	v = evaluate(t, root, nil)["n"]
	near(t, "without anything", v.Value, 1-3)
	root.Children[1].Bounds = nil
	var e *index.TreeError
	if _, err := index.New(root); !errors.As(err, &e) || !strings.Contains(e.Reason, "no bounds") {
		t.Errorf("a part without bounds has no worst: %v", err)
	}
}

// Full points from the target on; below it rate × points / target.
func TestTarget(t *testing.T) {
	root := index.Node{Code: "n", Combine: index.Sum, Children: []index.Node{{
		Code: "rate", Coefficient: 6, Bounds: &index.Bounds{Min: 0, Max: 100},
		Scale: &index.Scale{From: index.Bounds{Min: 0, Max: 90}, To: unit, Clip: true},
	}}}
	for rate, want := range map[float64]float64{0: 0, 45: 3, 80: 6 * 80 / 90.0, 89.99: 6 * 89.99 / 90, 90: 6, 95: 6, 100: 6} {
		v := evaluate(t, root, map[string]float64{"rate": rate})["n"]
		near(t, fmt.Sprint("points at ", rate), v.Value, want)
		slope := 6 / 90.0
		if rate > 90 {
			slope = 0
		}
		near(t, fmt.Sprint("slope at ", rate), v.Gradient["rate"], slope)
		near(t, fmt.Sprint("linear at ", rate), v.Constant+v.Gradient["rate"]*rate, want)
	}
	if _, err := tree(t, root).Evaluate(map[string]float64{"rate": 100.1}); err == nil {
		t.Error("a rate above 100 was taken")
	}
}

func TestDerivedNodes(t *testing.T) {
	root := index.Node{Code: "total", Combine: index.Sum, Children: []index.Node{share("a", 1), share("b", 1)}}
	weighted := index.Node{Code: "weighted", Combine: index.Sum, Terms: []index.Term{{Code: "a", Coefficient: 2}, {Code: "b", Coefficient: 0.5}}}
	twice := index.Node{Code: "twice", Combine: index.Mean, Terms: []index.Term{{Code: "weighted", Coefficient: 1}, {Code: "total", Coefficient: 3}}}
	tr, err := index.New(root, twice, weighted) // what it rests on stands behind it
	if err != nil {
		t.Fatal(err)
	}
	vs, err := tr.Evaluate(map[string]float64{"a": 0.4, "b": 0.6})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]index.Value{}
	for _, v := range vs {
		got[v.Code] = v
	}
	near(t, "weighted", got["weighted"].Value, 1.1)
	near(t, "twice", got["twice"].Value, (1.1+3*1)/4)
	near(t, "slope of twice", got["twice"].Gradient["a"], (2+3)/4.0)
	if _, err := tr.Evaluate(map[string]float64{"weighted": 1}); err == nil {
		t.Error("a derived node was given")
	}
	for name, derived := range map[string][]index.Node{
		"itself":         {{Code: "x", Combine: index.Sum, Terms: []index.Term{{Code: "x", Coefficient: 1}}}},
		"each other":     {{Code: "x", Combine: index.Sum, Terms: []index.Term{{Code: "y", Coefficient: 1}}}, {Code: "y", Combine: index.Sum, Terms: []index.Term{{Code: "x", Coefficient: 1}}}},
		"nothing":        {{Code: "x", Combine: index.Sum, Terms: []index.Term{{Code: "z", Coefficient: 1}}}},
		"no terms":       {{Code: "x", Combine: index.Sum}},
		"a taken code":   {{Code: "a", Combine: index.Sum, Terms: []index.Term{{Code: "b", Coefficient: 1}}}},
		"one part twice": {{Code: "x", Combine: index.Sum, Terms: []index.Term{{Code: "a", Coefficient: 1}, {Code: "a", Coefficient: 1}}}},
	} {
		var e *index.TreeError
		if _, err := index.New(root, derived...); !errors.As(err, &e) {
			t.Errorf("a derived node that rests on %s: %v", name, err)
		}
	}
	_, err = index.New(root, index.Node{Code: "x", Combine: index.Sum, Terms: []index.Term{{Code: "y", Coefficient: 1}}}, index.Node{Code: "y", Combine: index.Sum, Terms: []index.Term{{Code: "x", Coefficient: 1}}})
	if err == nil || !strings.Contains(err.Error(), "x → y → x") {
		t.Errorf("the circle is not shown: %v", err)
	}
}

func TestRounding(t *testing.T) {
	for _, c := range []struct {
		rule     index.Rounding
		x        float64
		decimals int
		want     float64
	}{
		{index.HalfAway, 1.45, 1, 1.5}, {index.HalfAway, -1.45, 1, -1.5}, {index.HalfAway, 1.449, 1, 1.4}, {"", 2.5, 0, 3},
		{index.HalfEven, 1.45, 1, 1.4}, {index.HalfEven, 1.55, 1, 1.6}, {index.HalfEven, 2.5, 0, 2}, {index.HalfEven, 2.51, 0, 3}, {index.HalfEven, -1.55, 1, -1.6},
		// What a public page printed for 12.98 of 13 and 13.51 of 16.5 was cut.
		{index.Cut, 99.846, 2, 99.84}, {index.Cut, 81.879, 2, 81.87}, {index.Cut, 0.3, 1, 0.3}, {index.Cut, -1.99, 0, -1},
	} {
		if got := c.rule.Round(c.x, c.decimals); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v to %d decimals by %q is %v, want %v", c.x, c.decimals, c.rule, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x, d := rapid.Float64Range(-1e3, 1e3).Draw(t, "x"), rapid.IntRange(0, 6).Draw(t, "decimals")
		step := math.Pow(10, -float64(d))
		for _, rule := range []index.Rounding{index.HalfAway, index.HalfEven, index.Cut} {
			r := rule.Round(x, d)
			most := step/2 + 1e-6*step
			if rule == index.Cut {
				most = step
			}
			if math.Abs(r-x) > most || rule.Round(r, d) != r || rule.Round(-x, d) != -r {
				t.Fatalf("%v by %s to %d decimals is %v", x, rule, d, r)
			}
			if rule == index.Cut && math.Abs(r) > math.Abs(x)+1e-8*step+1e-9 {
				t.Fatalf("%v was cut to %v", x, r)
			}
		}
	})
}
