package index

import (
	"fmt"
	"math"
)

// Node is one node of a composite index; a leaf has no children.
//
// A leaf's value is what the caller measured. A node's is
// Intercept + Σ Coefficient·child (Sum), or Intercept + Σ Coefficient·child / Σ Coefficient
// (Mean), each child after its own scale and rounding. Then come Scale and Round.
type Node struct {
	Code string `json:"code"`
	// Coefficient is the weight inside the parent. Zero is meant: an indicator that
	// is published but not scored. The root's is not read.
	Coefficient float64     `json:"coefficient"`
	Intercept   float64     `json:"intercept,omitempty"`
	Combine     Combine     `json:"combine,omitempty"` // of a node with children
	Bounds      *Bounds     `json:"bounds,omitempty"`  // of a leaf: the values it can take
	Scale       *Scale      `json:"scale,omitempty"`
	Nominal     *Bounds     `json:"nominal,omitempty"` // the bounds that are printed
	Missing     MissingRule `json:"missing,omitempty"` // of a node with children; empty means Fail
	Round       *int        `json:"round,omitempty"`   // decimals, half away from zero, before the value goes up
	Children    []Node      `json:"children,omitempty"`
}

// Combine says how children make the node.
type Combine string

const (
	Sum  Combine = "sum"
	Mean Combine = "mean"
)

// Bounds is a closed interval.
type Bounds struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// Scale maps From linearly onto To. Reverse makes the lowest value the best; it is
// a field of its own because labels have contradicted signs.
type Scale struct {
	From    Bounds `json:"from"`
	To      Bounds `json:"to"`
	Reverse bool   `json:"reverse,omitempty"`
}

// line returns the scale as a + b·x.
func (s *Scale) line() (a, b float64) {
	if s == nil {
		return 0, 1
	}
	b = (s.To.Max - s.To.Min) / (s.From.Max - s.From.Min)

	if s.Reverse {
		return s.To.Max + b*s.From.Min, -b
	}

	return s.To.Min - b*s.From.Min, b
}

// MissingRule says what a node does when a child with a coefficient is missing.
type MissingRule string

const (
	// Fail makes the node missing too.
	Fail MissingRule = "fail"
	// Drop lets the child count nothing and changes no other weight: the
	// attainable maximum falls with it.
	Drop MissingRule = "drop_without_rescale"
	// Rescale spreads the child's weight over the others in proportion to theirs.
	Rescale MissingRule = "rescale"
)

// TreeError says which node of a tree is not usable and why.
type TreeError struct {
	Code   string
	Reason string
}

func (e *TreeError) Error() string { return fmt.Sprintf("index node %s: %s", e.Code, e.Reason) }

// RangeError says that a leaf's value lies outside the values it can take.
type RangeError struct {
	Code   string
	Value  float64
	Bounds Bounds
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("index leaf %s: %v is outside %v to %v", e.Code, e.Value, e.Bounds.Min, e.Bounds.Max)
}

// Tree is a checked index. It is immutable.
type Tree struct {
	root   Node
	leaves []string
	nodes  int
}

// New checks a tree: codes are there and unique, numbers finite, bounds in order,
// rules known and able to do what they say. The tree must not be modified afterwards.
func New(root Node) (*Tree, error) {
	t := &Tree{root: root}
	if err := t.check(&t.root, make(map[string]bool)); err != nil {
		return nil, err
	}

	return t, nil
}

// Leaves returns the codes of the leaves in the order of the tree.
func (t *Tree) Leaves() []string { return append([]string(nil), t.leaves...) }

func (t *Tree) check(n *Node, seen map[string]bool) error {
	bad := func(format string, a ...any) error {
		return &TreeError{Code: n.Code, Reason: fmt.Sprintf(format, a...)}
	}
	t.nodes++

	if n.Code == "" {
		return bad("it has no code")
	}
	if seen[n.Code] {
		return bad("its code occurs twice")
	}
	seen[n.Code] = true

	for _, x := range []float64{n.Coefficient, n.Intercept} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return bad("a coefficient is not finite")
		}
	}
	for _, b := range []*Bounds{n.Bounds, n.Nominal} {
		if b != nil && !b.ordered() {
			return bad("bounds %v to %v are not in order", b.Min, b.Max)
		}
	}
	if s := n.Scale; s != nil && (!s.From.ordered() || !s.To.ordered()) {
		return bad("the bounds of its scale are not in order")
	}
	if n.Round != nil && (*n.Round < 0 || *n.Round > 12) {
		return bad("it cannot be rounded to %d decimals", *n.Round)
	}
	if len(n.Children) == 0 {
		if n.Combine != "" || n.Missing != "" || n.Intercept != 0 {
			return bad("a leaf has no intercept, no rule of combination and no rule for what is missing")
		}
		if n.Bounds != nil && n.Scale != nil && *n.Bounds != n.Scale.From {
			return bad("its bounds are not those its scale starts from")
		}
		t.leaves = append(t.leaves, n.Code)
		return nil
	}
	if n.Bounds != nil {
		return bad("only a leaf is given its bounds; a node's follow from its children")
	}
	if err := n.checkRules(bad); err != nil {
		return err
	}
	for i := range n.Children {
		if err := t.check(&n.Children[i], seen); err != nil {
			return err
		}
	}

	return nil
}

func (n *Node) checkRules(bad func(string, ...any) error) error {
	switch n.Combine {
	case Sum, Mean:
	default:
		return bad("there is no combination %q", n.Combine)
	}
	switch n.Missing {
	case "", Fail, Drop, Rescale:
	default:
		return bad("there is no rule %q for what is missing", n.Missing)
	}
	var total float64
	negative := false

	for _, c := range n.Children {
		total += c.Coefficient
		negative = negative || c.Coefficient < 0
	}
	if n.Combine == Mean && (negative || total == 0) {
		return bad("a mean needs coefficients above zero")
	}
	if n.Missing == Rescale && negative {
		return bad("rescaling is not defined where a coefficient is negative")
	}

	return nil
}

// ordered also refuses bounds that are not finite, since no difference of them is.
func (b Bounds) ordered() bool { return b.Max-b.Min > 0 && !math.IsInf(b.Max-b.Min, 1) }
