package index

import (
	"fmt"
	"math"
	"strings"
)

// Node is one node of a composite index; a leaf has no children and no terms.
//
// A leaf's value is what the caller measured. A node's is
// Intercept + Σ Coefficient·child (Sum), Intercept + Σ Coefficient·child / Σ Coefficient (Mean), or
// Intercept + the plain mean of all leaves below (MeanOfLeaves), each part after its own scale and rounding. Then come
// Scale and Round.
type Node struct {
	Code string `json:"code"`
	// Coefficient is the weight inside the parent. Zero is meant: an indicator that
	// is published but not scored. The root's is not read, nor is any below a MeanOfLeaves.
	Coefficient float64     `json:"coefficient"`
	Intercept   float64     `json:"intercept,omitempty"`
	Combine     Combine     `json:"combine,omitempty"` // of a node with children or terms
	Bounds      *Bounds     `json:"bounds,omitempty"`  // of a leaf: the values it can take
	Scale       *Scale      `json:"scale,omitempty"`
	Nominal     *Bounds     `json:"nominal,omitempty"` // the bounds that are printed
	Missing     MissingRule `json:"missing,omitempty"` // of a node with children or terms; empty means Fail
	Round       *int        `json:"round,omitempty"`   // decimals, before the value goes up
	Rounding    Rounding    `json:"rounding,omitempty"`
	Children    []Node      `json:"children,omitempty"`
	// Terms are the parts of a derived node, which stands beside the tree and combines nodes of it, or other derived
	// ones, by their codes: a weighted total of the dimensions whose plain sum is the root.
	Terms []Term `json:"terms,omitempty"`
}

// Term is one part of a derived node.
type Term struct {
	Code        string  `json:"code"`
	Coefficient float64 `json:"coefficient"`
}

// Combine says how parts make the node.
type Combine string

// The ways of combining.
const (
	Sum          Combine = "sum"
	Mean         Combine = "mean"
	MeanOfLeaves Combine = "mean_of_leaves" // each leaf below with the same weight, whatever stands between
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
	// Clip lets a value outside From count as the nearer end of it: full points for whoever reaches a target, and no
	// more for passing it. The values that the leaf can take are then its Bounds, and beyond From its slope is zero.
	Clip bool `json:"clip,omitempty"`
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

// MissingRule says what a node does when a part with a coefficient is missing.
type MissingRule string

// The rules for what is missing.
const (
	// Fail makes the node missing too: it is withheld.
	Fail MissingRule = "fail"
	// Drop lets the part count nothing and changes no other weight: the
	// attainable maximum falls with it.
	Drop MissingRule = "drop_without_rescale"
	// Rescale spreads the part's weight over the others in proportion to theirs.
	Rescale MissingRule = "rescale"
	// Floor lets the part count as the worst that it could be.
	Floor MissingRule = "floor"
)

// TreeError says which node of a tree is not usable and why.
type TreeError struct {
	Code   string
	Reason string
}

func (e *TreeError) Error() string { return fmt.Sprintf("index node %s: %s", e.Code, e.Reason) }

// RangeError says that a value lies outside the values that its node can take.
type RangeError struct {
	Code   string
	Value  float64
	Bounds Bounds
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("index node %s: %v is outside %v to %v", e.Code, e.Value, e.Bounds.Min, e.Bounds.Max)
}

// Tree is a checked index. It is immutable, and may be evaluated by many goroutines at once.
type Tree struct {
	root     Node
	derived  []Node
	order    []int // in which the derived nodes are computed: what a term names comes before
	nodes    []*Node
	size     []int // of each node in nodes, with all below it; 1 for derived ones
	leaves   []string
	position map[string]int
	full     []Bounds // what each node can reach with nothing missing
}

// New checks a tree and the nodes derived from it: codes are there and unique, numbers finite, bounds in order,
// rules known and able to do what they say, and no node rests on itself. The nodes must not be modified afterwards.
func New(root Node, derived ...Node) (*Tree, error) {
	t := &Tree{root: root, derived: derived, position: make(map[string]int)}
	if err := t.check(&t.root); err != nil {
		return nil, err
	}
	for i := range t.derived {
		if err := t.checkDerived(&t.derived[i]); err != nil {
			return nil, err
		}
	}
	if err := t.sort(); err != nil {
		return nil, err
	}
	t.full = make([]Bounds, len(t.nodes))
	t.reach(0)

	for _, at := range t.order {
		t.full[at] = t.reachOfParts(t.nodes[at], t.terms(t.nodes[at]))
	}
	for at, n := range t.nodes {
		if err := t.checkFloor(at, n); err != nil {
			return nil, err
		}
	}

	return t, nil
}

// Leaves returns the codes of the leaves in the order of the tree.
func (t *Tree) Leaves() []string { return append([]string(nil), t.leaves...) }

// Reach returns what a node can reach with nothing missing, and whether the tree has the node. Where a leaf has no
// bounds, the ends are infinite. Of a derived node whose terms share leaves it is what interval arithmetic says, which
// may be wider than what can occur.
func (t *Tree) Reach(code string) (Bounds, bool) {
	at, ok := t.position[code]
	if !ok {
		return Bounds{}, false
	}

	return t.full[at], true
}

func (n *Node) bad(format string, a ...any) error {
	return &TreeError{Code: n.Code, Reason: fmt.Sprintf(format, a...)}
}

// enter gives a node its position.
func (t *Tree) enter(n *Node) error {
	if n.Code == "" {
		return n.bad("it has no code")
	}
	if _, twice := t.position[n.Code]; twice {
		return n.bad("its code occurs twice")
	}
	t.position[n.Code] = len(t.nodes)
	t.nodes = append(t.nodes, n)
	t.size = append(t.size, 1)

	return n.checkNumbers()
}

func (n *Node) checkNumbers() error {
	for _, x := range []float64{n.Coefficient, n.Intercept} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return n.bad("a coefficient is not finite")
		}
	}
	for _, b := range []*Bounds{n.Bounds, n.Nominal} {
		if b != nil && !b.ordered() {
			return n.bad("bounds %v to %v are not in order", b.Min, b.Max)
		}
	}
	if s := n.Scale; s != nil && (!s.From.ordered() || !s.To.ordered()) {
		return n.bad("the bounds of its scale are not in order")
	}
	if n.Round != nil && (*n.Round < 0 || *n.Round > 12) {
		return n.bad("it cannot be rounded to %d decimals", *n.Round)
	}
	if n.Rounding != "" && (n.Round == nil || !n.Rounding.known()) {
		return n.bad("there is no way %q to round, or nothing says to how many decimals", n.Rounding)
	}

	return nil
}

func (t *Tree) check(n *Node) error {
	at := len(t.nodes)
	if err := t.enter(n); err != nil {
		return err
	}
	if len(n.Terms) > 0 {
		return n.bad("only a node beside the tree has terms")
	}
	if len(n.Children) == 0 {
		t.leaves = append(t.leaves, n.Code)
		return n.checkLeaf()
	}
	if n.Bounds != nil {
		return n.bad("only a leaf is given its bounds; a node's follow from its children")
	}
	if n.Scale != nil && n.Scale.Clip {
		return n.bad("only a leaf can be clipped")
	}
	coefficients := make([]float64, len(n.Children))
	for i, c := range n.Children {
		coefficients[i] = c.Coefficient
	}
	if n.Combine == MeanOfLeaves {
		coefficients = []float64{1}
	}
	if err := n.checkRules(coefficients); err != nil {
		return err
	}
	for i := range n.Children {
		if err := t.check(&n.Children[i]); err != nil {
			return err
		}
	}
	t.size[at] = len(t.nodes) - at

	return nil
}

func (n *Node) checkLeaf() error {
	if n.Combine != "" || n.Missing != "" || n.Intercept != 0 {
		return n.bad("a leaf has no intercept, no rule of combination and no rule for what is missing")
	}
	if n.Scale == nil || n.Bounds == nil {
		if n.Scale != nil && n.Scale.Clip {
			return n.bad("a scale that clips needs the bounds of the values that can come")
		}
		return nil
	}
	if !n.Scale.Clip && *n.Bounds != n.Scale.From {
		return n.bad("its bounds are not those its scale starts from")
	}
	if n.Scale.Clip && (n.Bounds.Min > n.Scale.From.Min || n.Bounds.Max < n.Scale.From.Max) {
		return n.bad("it is clipped to %v to %v, which its bounds %v to %v do not reach", n.Scale.From.Min, n.Scale.From.Max, n.Bounds.Min, n.Bounds.Max)
	}

	return nil
}

func (n *Node) checkRules(coefficients []float64) error {
	switch n.Combine {
	case Sum, Mean, MeanOfLeaves:
	default:
		return n.bad("there is no combination %q", n.Combine)
	}
	switch n.Missing {
	case "", Fail, Drop, Rescale, Floor:
	default:
		return n.bad("there is no rule %q for what is missing", n.Missing)
	}
	var total float64
	negative := false

	for _, c := range coefficients {
		total += c
		negative = negative || c < 0
	}
	if math.IsInf(total, 0) || math.IsNaN(total) {
		return n.bad("its coefficients have no finite sum")
	}
	if n.Combine != Sum && (negative || total == 0) {
		return n.bad("a mean needs coefficients above zero")
	}
	if n.Missing == Rescale && negative {
		return n.bad("rescaling is not defined where a coefficient is negative")
	}

	return nil
}

func (t *Tree) checkDerived(n *Node) error {
	if err := t.enter(n); err != nil {
		return err
	}
	if len(n.Children) > 0 || len(n.Terms) == 0 || n.Bounds != nil || n.Scale != nil && n.Scale.Clip || n.Combine == MeanOfLeaves {
		return n.bad("a node beside the tree has terms, and neither children nor bounds of its own; it is a sum or a mean")
	}
	coefficients := make([]float64, len(n.Terms))
	seen := make(map[string]bool)

	for i, term := range n.Terms {
		if math.IsNaN(term.Coefficient) || math.IsInf(term.Coefficient, 0) {
			return n.bad("the coefficient of %s is not finite", term.Code)
		}
		if seen[term.Code] {
			return n.bad("it names %s twice", term.Code)
		}
		seen[term.Code] = true
		coefficients[i] = term.Coefficient
	}

	return n.checkRules(coefficients)
}

// sort finds the order in which derived nodes can be computed.
func (t *Tree) sort() error {
	const open, done = 1, 2
	state := make(map[int]int)
	var path []string
	var visit func(at int) error

	visit = func(at int) error {
		n := t.nodes[at]
		path = append(path, n.Code)

		switch {
		case state[at] == done || len(n.Terms) == 0:
			path = path[:len(path)-1]
			return nil
		case state[at] == open:
			return n.bad("it rests on itself: %s", strings.Join(path, " → "))
		}
		state[at] = open

		for _, term := range n.Terms {
			next, ok := t.position[term.Code]
			if !ok {
				return n.bad("it names %s, which the index does not have", term.Code)
			}
			if err := visit(next); err != nil {
				return err
			}
		}
		state[at] = done
		path = path[:len(path)-1]
		t.order = append(t.order, at)

		return nil
	}
	for i := range t.derived {
		if err := visit(t.position[t.derived[i].Code]); err != nil {
			return err
		}
	}

	return nil
}

// part is one summand of a node: a position and its weight.
type part struct {
	at     int
	weight float64
}

func (t *Tree) terms(n *Node) []part {
	parts := make([]part, len(n.Terms))
	for i, term := range n.Terms {
		parts[i] = part{t.position[term.Code], term.Coefficient}
	}

	return parts
}

// children returns the parts of a node of the tree. given tells which inner nodes stand for what is below them; nil means none.
func (t *Tree) children(at int, given []bool) []part {
	n := t.nodes[at]
	parts := make([]part, 0, len(n.Children))

	if n.Combine == MeanOfLeaves {
		return t.leavesBelow(at, given, parts)
	}
	child := at + 1

	for i := range n.Children {
		parts = append(parts, part{child, n.Children[i].Coefficient})
		child += t.size[child]
	}

	return parts
}

func (t *Tree) leavesBelow(at int, given []bool, parts []part) []part {
	for child, end := at+1, at+t.size[at]; child < end; child += t.size[child] {
		switch {
		case t.size[child] == 1:
			parts = append(parts, part{child, 1})
		case given != nil && given[child]:
			parts = append(parts, part{child, float64(t.leafCount(child))})
		default:
			parts = t.leavesBelow(child, given, parts)
		}
	}

	return parts
}

func (t *Tree) leafCount(at int) int {
	count := 0
	for i := at; i < at+t.size[at]; i++ {
		if t.size[i] == 1 {
			count++
		}
	}

	return count
}

// reach fills in what the nodes from a position on can reach.
func (t *Tree) reach(at int) {
	n := t.nodes[at]
	if t.size[at] == 1 {
		t.full[at] = n.reachOfLeaf()
		return
	}
	for child, end := at+1, at+t.size[at]; child < end; child += t.size[child] {
		t.reach(child)
	}
	t.full[at] = t.reachOfParts(n, t.children(at, nil))
}

func (n *Node) reachOfLeaf() Bounds {
	bounds := n.Bounds
	if n.Scale != nil {
		bounds = &n.Scale.From
	}
	if bounds == nil {
		return Bounds{Min: math.Inf(-1), Max: math.Inf(1)}
	}
	a, b := n.Scale.line()

	return rounded(n, along(a, b, *bounds))
}

func (t *Tree) reachOfParts(n *Node, parts []part) Bounds {
	factor := n.factor(parts)
	sum := Bounds{Min: n.Intercept, Max: n.Intercept}

	for _, p := range parts {
		if p.weight != 0 {
			sum = sum.plus(along(0, p.weight*factor, t.full[p.at]))
		}
	}
	a, b := n.Scale.line()

	return rounded(n, along(a, b, sum))
}

// factor is what the weights of parts are multiplied by with nothing missing.
func (n *Node) factor(parts []part) float64 {
	if n.Combine == Sum {
		return 1
	}
	var all float64
	for _, p := range parts {
		all += p.weight
	}

	return 1 / all
}

// checkFloor refuses to count the worst of what has no worst.
func (t *Tree) checkFloor(at int, n *Node) error {
	if n.Missing != Floor {
		return nil
	}
	parts := t.terms(n)
	if len(n.Terms) == 0 {
		parts = t.children(at, nil)
	}
	for _, p := range parts {
		if b := t.full[p.at]; p.weight != 0 && math.IsInf(b.Max-b.Min, 0) {
			return n.bad("a missing %s cannot count as the worst it could be, because it has no bounds", t.nodes[p.at].Code)
		}
	}

	return nil
}

// ordered also refuses bounds that are not finite, since no difference of them is.
func (b Bounds) ordered() bool { return b.Max-b.Min > 0 && !math.IsInf(b.Max-b.Min, 1) }
