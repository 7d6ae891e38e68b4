package report

import (
	"fmt"
	"math"
	"slices"

	"sipas/analysis/index"
	"sipas/survey"
)

// variable is one thing to estimate of an item, in the raw unit in which the answers come: a share in [0, 1], or a
// mean of codes. Several frameworks may share one.
type variable struct {
	item   string
	codes  []int // of a share; nil for a mean
	column int
}

func (v variable) same(o variable) bool {
	return v.item == o.item && slices.Equal(v.codes, o.codes) && (v.codes == nil) == (o.codes == nil)
}

// leaf is an indicator below a node.
type leaf struct {
	code     string
	variable int // -1 when no instrument of the wave asks it
	given    bool
	probe    float64
}

// node is a node of a framework that figures are made for, with the tree that computes it from its indicators.
type node struct {
	framework *survey.Framework
	node      *survey.Node
	tree      *index.Tree
	leaves    []leaf
}

func (n *node) indicator() bool { return len(n.node.Children) == 0 }

// plan lists the nodes of the frameworks of which at least one indicator is asked or given, and the variables
// that they need.
func plan(in *Input, itemColumn map[string]int) ([]node, []variable, error) {
	var nodes []node
	var vars []variable
	given := map[string]bool{}
	for _, g := range in.Given {
		given[g.Framework+"/"+g.Node] = true
	}
	for _, f := range in.Frameworks {
		var all []*survey.Node
		f.Walk(func(n *survey.Node, _ []*survey.Node) { all = append(all, n) })
		for _, sn := range all {
			n := node{framework: f, node: sn}
			some := false
			for _, l := range sn.Leaves() {
				lf := leaf{code: l.Code, variable: -1, given: l.Value.Kind == survey.ValueGiven, probe: probe(f.Measure, l)}
				if c, asked := itemColumn[l.Value.Item]; asked && fromCells(l.Value.Kind) {
					lf.variable = enlist(&vars, variableOf(l.Value, c))
				}
				some = some || lf.variable >= 0 || given[f.ID+"/"+l.Code]
				n.leaves = append(n.leaves, lf)
			}
			if !some {
				continue
			}
			tree, err := index.New(indexNode(f.Measure, sn))
			if err != nil {
				return nil, nil, survey.Errorf(survey.CodeDocumentInvalid, "compute", "framework %s, node %s: %w", f.Ref(), sn.Code, err)
			}
			n.tree = tree
			nodes = append(nodes, n)
		}
	}
	return nodes, vars, nil
}

// fromCells reports whether an indicator follows from an item's answers as a mean does. The others (medians, counts over several
// items, totals) are scored from a file of answers; in a wave they are indicators that nobody is asked.
func fromCells(kind string) bool {
	return kind == survey.ValueShare || kind == survey.ValueMean || kind == survey.ValueScore
}

func variableOf(v *survey.LeafValue, column int) variable {
	if v.Kind == survey.ValueShare {
		return variable{item: v.Item, codes: v.Codes, column: column}
	}
	return variable{item: v.Item, column: column}
}

// enlist returns the position of a variable, which it adds when it is new.
func enlist(vars *[]variable, v variable) int {
	if at := slices.IndexFunc(*vars, v.same); at >= 0 {
		return at
	}
	*vars = append(*vars, v)
	return len(*vars) - 1
}

// indexNode writes a framework's node as a tree of package index. Indicators take raw values: shares in [0, 1], means
// of codes, given numbers; the tree scales them, so that a per cent framework counts from 0 to 100.
func indexNode(measure survey.Measure, n *survey.Node) index.Node {
	out := index.Node{Code: n.Code, Coefficient: 1, Round: n.Round, Rounding: index.Rounding(n.Rounding), Nominal: boundsOf(n.Nominal)}
	if n.Value != nil {
		out.Scale = scaleOf(measure, n.Value)
		switch {
		case out.Scale == nil:
			out.Bounds = boundsOf(n.Raw())
		case out.Scale.Clip:
			out.Bounds = boundsOf(n.Value.Range)
		}
		return out
	}
	out.Combine, out.Missing, out.Intercept = combinations[n.Combine], missingRules[n.Missing], n.Intercept
	for i := range n.Children {
		child := indexNode(measure, &n.Children[i])
		if n.Combine == survey.CombineLinear || n.Combine == survey.CombineMean {
			child.Coefficient = n.Children[i].Coefficient
		}
		out.Children = append(out.Children, child)
	}
	return out
}

var combinations = map[survey.Combine]index.Combine{
	survey.CombineMeanOfLeaves: index.MeanOfLeaves, survey.CombineSum: index.Sum, survey.CombineLinear: index.Sum, survey.CombineMean: index.Mean,
}

var missingRules = map[survey.MissingRule]index.MissingRule{
	survey.MissingFail: index.Fail, survey.MissingDrop: index.Drop, survey.MissingRescale: index.Rescale, survey.MissingFloor: index.Floor,
}

func boundsOf(b *survey.Bounds) *index.Bounds {
	if b == nil {
		return nil
	}
	return &index.Bounds{Min: b.Min, Max: b.Max}
}

// scaleOf maps an indicator's raw values to what its framework counts in; nil leaves them as they are.
func scaleOf(measure survey.Measure, v *survey.LeafValue) *index.Scale {
	if !v.Scaled() {
		return nil
	}
	s := &index.Scale{From: index.Bounds{Min: 0, Max: 1}, To: index.Bounds{Min: 0, Max: 1}, Reverse: v.Direction == "down", Clip: v.Range != nil}
	if measure == survey.Percent {
		s.To.Max = 100
	}
	if v.Bounds != nil {
		s.From = *boundsOf(v.Bounds)
	}
	return s
}

// value evaluates the node from raw values of its indicators. The node's own value is the one that its tree lists
// under its code.
func (n *node) value(raw map[string]float64) (index.Value, error) {
	all, err := n.tree.Evaluate(raw)
	if err != nil {
		return index.Value{}, fmt.Errorf("node %s: %w", n.node.Code, err)
	}
	at := slices.IndexFunc(all, func(v index.Value) bool { return v.Code == n.node.Code })
	if at < 0 {
		return index.Value{Value: math.NaN()}, nil
	}
	return all[at], nil
}

// probe is a raw value that an indicator can take, to ask a tree what it makes of an indicator being there.
func probe(measure survey.Measure, n *survey.Node) float64 {
	if s := scaleOf(measure, n.Value); s != nil {
		return s.From.Min
	}
	if b := n.Raw(); b != nil {
		return b.Min
	}
	return 0
}
