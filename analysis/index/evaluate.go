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
	Missing        []string // codes of missing leaves that would have counted, in order
	// Constant and Gradient are the node as a linear function of the leaves present,
	// before any rounding: Constant + Σ Gradient[code]·leaf. Leaves without effect are not in it.
	Constant float64
	Gradient map[string]float64
	Reason   string // why it is missing
}

// PercentOfAttainable is 100·Value over the attainable maximum of what is present.
func (v Value) PercentOfAttainable() float64 { return 100 * v.Value / v.Attainable.Max }

// Evaluate computes every node from the leaves, parents before their children, in the order of
// the tree. A leaf that is absent or NaN is missing. A leaf outside its bounds, or one that
// the tree does not have, is an error.
func (t *Tree) Evaluate(leaves map[string]float64) ([]Value, error) {
	known := 0

	for _, code := range t.leaves {
		if _, ok := leaves[code]; ok {
			known++
		}
	}
	if known != len(leaves) {
		return nil, t.unknown(leaves)
	}
	e := evaluation{leaves: leaves, out: make([]Value, 0, t.nodes)}
	if _, err := e.node(&t.root); err != nil {
		return nil, err
	}

	return e.out, nil
}

func (t *Tree) unknown(leaves map[string]float64) error {
	least := ""
	have := make(map[string]bool)

	for _, code := range t.leaves {
		have[code] = true
	}
	for code := range leaves {
		if !have[code] && (least == "" || code < least) {
			least = code
		}
	}

	return &TreeError{Code: least, Reason: "the tree has no such leaf"}
}

// evaluation is the state of one call.
type evaluation struct {
	leaves map[string]float64
	out    []Value
}

// node appends the node's value, then those of everything below it, and returns its position.
func (e *evaluation) node(n *Node) (int, error) {
	at := len(e.out)
	e.out = append(e.out, Value{Code: n.Code, Nominal: n.Nominal, Complete: true})

	if len(n.Children) == 0 {
		v, err := e.leaf(n)
		v.Nominal = n.Nominal
		e.out[at] = v
		return at, err
	}
	children := make([]int, len(n.Children))

	for i := range n.Children {
		c, err := e.node(&n.Children[i])
		if err != nil {
			return at, err
		}
		children[i] = c
	}
	e.out[at] = e.combine(n, children)

	return at, nil
}

// slack lets a share of 1 that is a sum of rounded terms stay inside its bounds.
const slack = 1e-9

func (e *evaluation) leaf(n *Node) (Value, error) {
	raw, ok := e.leaves[n.Code]
	bounds := n.Bounds

	if n.Scale != nil {
		bounds = &n.Scale.From
	}
	a, b := n.Scale.line()
	v := Value{Code: n.Code, Value: math.NaN(), Constant: math.NaN()}
	v.AttainableFull = Bounds{Min: math.Inf(-1), Max: math.Inf(1)}

	if bounds != nil {
		v.AttainableFull = rounded(n, along(a, b, *bounds))
	}
	v.Attainable = v.AttainableFull

	if !ok || math.IsNaN(raw) {
		v.Missing = []string{n.Code}
		v.Reason = "no value"
		v.Attainable = Bounds{Min: math.NaN(), Max: math.NaN()}
		return v, nil
	}
	if bounds != nil {
		room := slack * (bounds.Max - bounds.Min)
		if raw < bounds.Min-room || raw > bounds.Max+room {
			return v, &RangeError{Code: n.Code, Value: raw, Bounds: *bounds}
		}
	}
	if math.IsInf(raw, 0) {
		return v, &RangeError{Code: n.Code, Value: raw, Bounds: v.AttainableFull}
	}
	v.Value = round(n, a+b*raw)
	v.Complete = true
	v.Constant = a
	v.Gradient = map[string]float64{n.Code: b}

	return v, nil
}

func (e *evaluation) combine(n *Node, children []int) Value {
	v := Value{Code: n.Code, Nominal: n.Nominal, Complete: true}
	var all, present float64 // sums of coefficients

	for i, at := range children {
		c := n.Children[i].Coefficient
		all += c

		if c != 0 && !math.IsNaN(e.out[at].Value) {
			present += c
		}
		if c != 0 && !e.out[at].Complete {
			v.Complete = false
			v.Missing = append(v.Missing, e.out[at].Missing...)
		}
	}
	a, b := n.Scale.line()
	factor, full := 1.0, 1.0

	if n.Combine == Mean {
		factor, full = 1/all, 1/all
	}
	if n.Missing == Rescale && present != 0 {
		factor *= all / present
	}
	sum := n.Intercept
	reach := Bounds{Min: n.Intercept, Max: n.Intercept}
	v.AttainableFull = reach
	v.Constant = a + b*n.Intercept
	v.Gradient = make(map[string]float64)
	here := 0

	for i, at := range children {
		child := &e.out[at]
		c := n.Children[i].Coefficient

		if c == 0 {
			continue
		}
		v.AttainableFull = v.AttainableFull.plus(along(0, c*full, child.AttainableFull))

		if math.IsNaN(child.Value) {
			if n.Missing == Fail || n.Missing == "" {
				v.Reason = fmt.Sprintf("%s is missing", child.Code)
			}
			continue
		}
		here++
		sum += c * factor * child.Value
		reach = reach.plus(along(0, c*factor, child.Attainable))
		v.Constant += b * c * factor * child.Constant

		for code, g := range child.Gradient {
			v.Gradient[code] += b * c * factor * g
		}
	}
	v.AttainableFull = rounded(n, along(a, b, v.AttainableFull))
	v.Attainable = rounded(n, along(a, b, reach))
	v.Value = round(n, a+b*sum)

	if v.Reason == "" && here == 0 && all != 0 {
		v.Reason = "everything below it is missing"
	}
	if v.Reason != "" {
		v.Value, v.Constant, v.Gradient = math.NaN(), math.NaN(), nil
		v.Attainable = Bounds{Min: math.NaN(), Max: math.NaN()}
	}

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

func rounded(n *Node, b Bounds) Bounds { return Bounds{Min: round(n, b.Min), Max: round(n, b.Max)} }

func round(n *Node, x float64) float64 {
	if n.Round == nil {
		return x
	}

	return Round(x, *n.Round)
}

// Round rounds to decimals, half away from zero, as official tables do. A number
// within a billionth of half a unit counts as half: 1.45 is stored a little below 1.45
// and still gives 1.5.
func Round(x float64, decimals int) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	p := math.Pow(10, float64(decimals))

	return math.Copysign(math.Floor(math.Abs(x)*p+0.5+1e-9)/p, x)
}
