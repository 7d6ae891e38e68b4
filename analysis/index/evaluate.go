package index

import (
	"fmt"
	"math"
)

// Value is the result of one node.
type Value struct {
	Code           string
	Value          float64 // NaN when missing
	Attainable     Bounds  // from what is present: what could have been reached
	AttainableFull Bounds  // with nothing missing
	Nominal        *Bounds
	Complete       bool     // nothing with a coefficient is missing below
	Given          bool     // the caller gave the value of a node that has parts
	Missing        []string // codes of missing leaves that would have counted, in order
	// Constant and Gradient are the node as a linear function of what was given,
	// before any rounding: Constant + Σ Gradient[code]·value. What has no effect is not in it.
	Constant float64
	Gradient map[string]float64
	Reason   string // why it is missing
}

// PercentOfAttainable is 100·Value over the attainable maximum of what is present.
func (v Value) PercentOfAttainable() float64 { return 100 * v.Value / v.Attainable.Max }

// Evaluate computes every node from the values of leaves, parents before their children, in the order of
// the tree, and then the derived nodes in theirs. A leaf that is absent or NaN is missing.
//
// A node with children may be given too, as a publisher gives a sub-dimension without its indicators: it then stands for
// all that is below it, which must not be given beside it. A derived node cannot be given.
//
// A value outside its bounds, or one of a node that the tree does not have, is an error. A given node lies within its
// nominal or its attainable bounds, and publishers print nominal ones with two decimals.
func (t *Tree) Evaluate(values map[string]float64) ([]Value, error) {
	e := evaluation{tree: t, values: values, out: make([]Value, len(t.nodes))}
	if err := e.admit(); err != nil {
		return nil, err
	}
	if err := e.node(0); err != nil {
		return nil, err
	}
	for _, at := range t.order {
		e.out[at] = e.combine(t.nodes[at], t.full[at], t.terms(t.nodes[at]))
	}

	return e.out, nil
}

// evaluation is the state of one call.
type evaluation struct {
	tree   *Tree
	values map[string]float64
	given  []bool // nodes with children whose value was given; nil for none
	out    []Value
}

// admit finds what is given that cannot be. The message does not depend on the order in which a map is read.
func (e *evaluation) admit() error {
	t := e.tree
	unknown := ""

	for code, x := range e.values {
		at, ok := t.position[code]
		if !ok || len(t.nodes[at].Terms) > 0 {
			if unknown == "" || code < unknown {
				unknown = code
			}
			continue
		}
		if t.size[at] > 1 && !math.IsNaN(x) {
			if e.given == nil {
				e.given = make([]bool, len(t.nodes))
			}
			e.given[at] = true
		}
	}
	if unknown != "" {
		if _, derived := t.position[unknown]; derived {
			return &TreeError{Code: unknown, Reason: "it follows from other nodes and cannot be given"}
		}
		return &TreeError{Code: unknown, Reason: "the tree has no such leaf"}
	}
	for at := range e.given {
		if !e.given[at] {
			continue
		}
		for below := at + 1; below < at+t.size[at]; below++ {
			if x, ok := e.values[t.nodes[below].Code]; ok && !math.IsNaN(x) {
				return &TreeError{Code: t.nodes[at].Code, Reason: fmt.Sprintf("it is given, and so is %s below it", t.nodes[below].Code)}
			}
		}
	}

	return nil
}

// node fills in the values from a position on.
func (e *evaluation) node(at int) error {
	t := e.tree
	n := t.nodes[at]

	if t.size[at] == 1 {
		v, err := e.leaf(n, t.full[at])
		e.out[at] = v
		return err
	}
	if e.given != nil && e.given[at] {
		return e.stated(at)
	}
	for child, end := at+1, at+t.size[at]; child < end; child += t.size[child] {
		if err := e.node(child); err != nil {
			return err
		}
	}
	e.out[at] = e.combine(n, t.full[at], t.children(at, e.given))

	return nil
}

// slack lets a share of 1 that is a sum of rounded terms stay inside its bounds.
const slack = 1e-9

// printed is half a unit of the last digit of nominal bounds.
const printed = 0.005

// stated takes the value that was given of a node with children.
func (e *evaluation) stated(at int) error {
	n, full := e.tree.nodes[at], e.tree.full[at]
	x := e.values[n.Code]
	hull := full

	if n.Nominal != nil {
		hull = Bounds{Min: math.Min(hull.Min, n.Nominal.Min), Max: math.Max(hull.Max, n.Nominal.Max)}
	}
	if math.IsInf(x, 0) || x < hull.Min-printed || x > hull.Max+printed {
		return &RangeError{Code: n.Code, Value: x, Bounds: hull}
	}
	e.out[at] = Value{
		Code: n.Code, Value: round(n, x), Attainable: full, AttainableFull: full, Nominal: n.Nominal,
		Complete: true, Given: true, Gradient: map[string]float64{n.Code: 1},
	}
	for below := at + 1; below < at+e.tree.size[at]; below++ {
		c := e.tree.nodes[below]
		e.out[below] = absent(c, e.tree.full[below], fmt.Sprintf("%s is given as a whole", n.Code))
	}

	return nil
}

// absent is the value of a node that has none.
func absent(n *Node, full Bounds, reason string) Value {
	nan := math.NaN()

	return Value{
		Code: n.Code, Value: nan, Constant: nan, Attainable: Bounds{Min: nan, Max: nan}, AttainableFull: full,
		Nominal: n.Nominal, Reason: reason,
	}
}

func (e *evaluation) leaf(n *Node, full Bounds) (Value, error) {
	raw, ok := e.values[n.Code]
	if !ok || math.IsNaN(raw) {
		v := absent(n, full, "no value")
		v.Missing = []string{n.Code}
		return v, nil
	}
	v := Value{Code: n.Code, Nominal: n.Nominal, AttainableFull: full, Attainable: full, Complete: true}
	bounds := n.Bounds

	if bounds == nil && n.Scale != nil {
		bounds = &n.Scale.From
	}
	if bounds != nil {
		room := slack * (bounds.Max - bounds.Min)
		if raw < bounds.Min-room || raw > bounds.Max+room {
			return v, &RangeError{Code: n.Code, Value: raw, Bounds: *bounds}
		}
	}
	if math.IsInf(raw, 0) {
		return v, &RangeError{Code: n.Code, Value: raw, Bounds: full}
	}
	a, b := n.Scale.line()

	if s := n.Scale; s != nil && s.Clip && (raw < s.From.Min || raw > s.From.Max) {
		a, b = a+b*math.Min(s.From.Max, math.Max(s.From.Min, raw)), 0
	}
	v.Value = round(n, a+b*raw)
	v.Constant = a
	v.Gradient = map[string]float64{n.Code: b}

	if b == 0 {
		v.Gradient = map[string]float64{}
	}

	return v, nil
}

// combine computes a node from its parts.
func (e *evaluation) combine(n *Node, full Bounds, parts []part) Value {
	v := Value{Code: n.Code, Nominal: n.Nominal, Complete: true, AttainableFull: full}
	var all, present float64 // sums of weights
	here := 0

	for _, p := range parts {
		child := &e.out[p.at]
		all += p.weight

		if p.weight == 0 {
			continue
		}
		if !math.IsNaN(child.Value) {
			present += p.weight
			here++
		}
		if !child.Complete {
			v.Complete = false
			v.Missing = append(v.Missing, child.Missing...)
		}
		if math.IsNaN(child.Value) && (n.Missing == Fail || n.Missing == "") {
			v.Reason = fmt.Sprintf("%s is missing", child.Code)
		}
	}
	if v.Reason == "" && here == 0 && all != 0 && n.Missing != Floor {
		v.Reason = "everything below it is missing"
	}
	if v.Reason != "" {
		missing, complete := v.Missing, v.Complete
		v = absent(n, full, v.Reason)
		v.Missing, v.Complete = missing, complete
		return v
	}
	factor := n.factor(parts)
	if n.Missing == Rescale && present != 0 {
		factor *= all / present
	}
	a, b := n.Scale.line()
	sum := n.Intercept
	reach := Bounds{Min: n.Intercept, Max: n.Intercept}
	v.Constant = a + b*n.Intercept
	v.Gradient = make(map[string]float64)

	for _, p := range parts {
		child := &e.out[p.at]
		c := p.weight * factor

		switch {
		case p.weight == 0:
		case !math.IsNaN(child.Value):
			sum += c * child.Value
			reach = reach.plus(along(0, c, child.Attainable))
			v.Constant += b * c * child.Constant
			for code, g := range child.Gradient {
				v.Gradient[code] += b * c * g
			}
		case n.Missing == Floor:
			worst := along(0, c, child.AttainableFull).Min
			if b < 0 {
				worst = along(0, c, child.AttainableFull).Max
			}
			sum += worst
			reach = reach.plus(Bounds{Min: worst, Max: worst})
			v.Constant += b * worst
		}
	}
	v.Attainable = rounded(n, along(a, b, reach))
	v.Value = round(n, a+b*sum)

	return v
}

// along maps bounds by a + b·x.
func along(a, b float64, x Bounds) Bounds {
	if b == 0 {
		return Bounds{Min: a, Max: a}
	}
	if b < 0 {
		return Bounds{Min: a + b*x.Max, Max: a + b*x.Min}
	}

	return Bounds{Min: a + b*x.Min, Max: a + b*x.Max}
}

func (b Bounds) plus(o Bounds) Bounds { return Bounds{Min: b.Min + o.Min, Max: b.Max + o.Max} }
