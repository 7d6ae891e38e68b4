package survey

import (
	"fmt"
	"slices"
)

// FrameworkRef names one version of a framework.
type FrameworkRef struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// String writes the reference as "sipas-2022/1".
func (r FrameworkRef) String() string { return fmt.Sprintf("%s/%d", r.ID, r.Version) }

// Framework is a versioned tree of nodes that turns answers into an index. Scales, bounds, directions,
// weights and rounding are data: official constants differ from node to node and from year to year.
type Framework struct {
	ID         string `json:"id"`
	Version    int    `json:"version"`
	Title      Text   `json:"title"`
	Unofficial bool   `json:"unofficial,omitempty"` // built from secondary sources
	Source     string `json:"source"`
	// Measure is what figures of this framework are counted in.
	Measure Measure `json:"measure"`
	Root    Node    `json:"root"`
	Grades  []Grade `json:"grades,omitempty"` // of the root, best first
}

// Measure is what a figure is counted in.
type Measure string

// The measures.
const (
	Percent Measure = "percent" // 0 to 100
	Points  Measure = "points"  // on the node's own bounds
)

// NodeKind is the level of a node.
type NodeKind string

// The kinds of nodes.
const (
	NodeIndex        NodeKind = "index"
	NodePart         NodeKind = "part"
	NodeElement      NodeKind = "element"
	NodeDimension    NodeKind = "dimension"
	NodeSubDimension NodeKind = "sub_dimension"
	NodeIndicator    NodeKind = "indicator"
)

// Combine is how a node's value comes from what is below it.
type Combine string

// The ways of combining.
const (
	// CombineMeanOfLeaves is the plain mean over all indicators below, each with the same weight.
	CombineMeanOfLeaves Combine = "mean_of_leaves"
	// CombineSum adds the children.
	CombineSum Combine = "sum"
	// CombineLinear is Intercept + Σ child.Coefficient × child.
	CombineLinear Combine = "linear"
)

// MissingRule is what happens to a node when a child has no value. There is no default: it is stated.
type MissingRule string

// The rules for a missing child.
const (
	MissingFail    MissingRule = "fail"    // the node has no value either
	MissingDrop    MissingRule = "drop"    // the child is left out; the attainable maximum falls
	MissingRescale MissingRule = "rescale" // the others take over its weight
)

// Node is one node of a framework.
type Node struct {
	Code        string      `json:"code"`
	Kind        NodeKind    `json:"kind"`
	Label       Text        `json:"label"`
	Coefficient float64     `json:"coefficient,omitempty"` // its weight in a linear parent
	Combine     Combine     `json:"combine,omitempty"`     // of inner nodes
	Intercept   float64     `json:"intercept,omitempty"`   // of a linear node
	Missing     MissingRule `json:"missing,omitempty"`     // of inner nodes
	Round       *int        `json:"round,omitempty"`       // decimals to which the value is rounded before it is used above
	Nominal     *Bounds     `json:"nominal,omitempty"`     // the bounds that the publisher states
	Attainable  *Bounds     `json:"attainable,omitempty"`  // the bounds that the weights allow
	Value       *LeafValue  `json:"value,omitempty"`       // of indicators
	Children    []Node      `json:"children,omitempty"`
}

// Bounds are a lowest and a highest value.
type Bounds struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// LeafValue says how an indicator's number comes from answers or from an office table.
type LeafValue struct {
	// Kind: "share" is the share of valid answers whose code is in Codes, in [0, 1]; "mean" is the mean of valid
	// codes scaled by Bounds and Direction to [0, 1]; "score" is the mean of valid codes as it stands;
	// "given" comes from an office table or a published file, scaled by Bounds and Direction where they are set.
	Kind  string `json:"kind"`
	Item  string `json:"item,omitempty"`  // the item of the instrument
	Codes []int  `json:"codes,omitempty"` // of a share
	// Scale bounds and direction are explicit and never inferred from a label: one official label contradicts its sign.
	Bounds    *Bounds `json:"bounds,omitempty"`
	Direction string  `json:"direction,omitempty"` // "up": higher is better; "down": higher is worse
}

// Grade is one step of a verdict on the root's value; its lower bound is included.
type Grade struct {
	Code  string  `json:"code"`
	Label Text    `json:"label"`
	From  float64 `json:"from"`
}

// Ref returns the framework's id and version.
func (f *Framework) Ref() FrameworkRef { return FrameworkRef{ID: f.ID, Version: f.Version} }

// ParseFramework reads a framework's JSON document and checks that it is whole.
func ParseFramework(doc []byte) (*Framework, error) {
	const op = "parse framework"
	f := new(Framework)
	if err := decodeStrict(doc, f); err != nil {
		return nil, &Error{Code: CodeDocumentInvalid, Op: op, Err: err}
	}
	if err := f.check(); err != nil {
		return nil, &Error{Code: CodeDocumentInvalid, Op: op, Params: map[string]string{"document": f.ID}, Err: err}
	}
	return f, nil
}

func (f *Framework) check() error {
	if f.ID == "" || f.Version < 1 {
		return fmt.Errorf("id and version are needed")
	}
	if f.Measure != Percent && f.Measure != Points {
		return fmt.Errorf("measure %q is neither percent nor points", f.Measure)
	}
	seen := map[string]bool{}
	var err error
	f.Walk(func(n *Node, _ []*Node) {
		if err != nil {
			return
		}
		if n.Code == "" || seen[n.Code] {
			err = fmt.Errorf("node %q is empty or stands twice", n.Code)
			return
		}
		seen[n.Code] = true
		err = n.check()
	})
	if err != nil {
		return err
	}
	if !slices.IsSortedFunc(f.Grades, func(a, b Grade) int {
		if a.From > b.From {
			return -1
		}
		return 1
	}) {
		return fmt.Errorf("grades are listed from the best down")
	}
	return nil
}

func (n *Node) check() error {
	if leaf := len(n.Children) == 0; leaf != (n.Value != nil) {
		return fmt.Errorf("node %s: indicators have a value, other nodes have children", n.Code)
	}
	if n.Value != nil {
		if !slices.Contains([]string{"share", "mean", "score", "given"}, n.Value.Kind) {
			return fmt.Errorf("node %s: value %q is not known", n.Code, n.Value.Kind)
		}
		if n.Value.Kind == "share" && len(n.Value.Codes) == 0 {
			return fmt.Errorf("node %s: a share names its codes", n.Code)
		}
		if n.Value.Kind == "mean" && n.Value.Bounds == nil {
			return fmt.Errorf("node %s: a mean states its bounds", n.Code)
		}
		if b := n.Value.Bounds; b != nil && b.Min >= b.Max {
			return fmt.Errorf("node %s: bounds %v to %v", n.Code, b.Min, b.Max)
		}
		if n.Value.Bounds != nil && n.Value.Direction != "up" && n.Value.Direction != "down" {
			return fmt.Errorf("node %s: direction is up or down", n.Code)
		}
		return nil
	}
	if !slices.Contains([]Combine{CombineMeanOfLeaves, CombineSum, CombineLinear}, n.Combine) {
		return fmt.Errorf("node %s: combine %q is not known", n.Code, n.Combine)
	}
	if !slices.Contains([]MissingRule{MissingFail, MissingDrop, MissingRescale}, n.Missing) {
		return fmt.Errorf("node %s: what a missing child does must be stated", n.Code)
	}
	return nil
}

// Walk visits every node from the root down, with its ancestors from the root on.
func (f *Framework) Walk(visit func(n *Node, ancestors []*Node)) {
	var walk func(n *Node, above []*Node)
	walk = func(n *Node, above []*Node) {
		visit(n, above)
		below := append(slices.Clone(above), n)
		for i := range n.Children {
			walk(&n.Children[i], below)
		}
	}
	walk(&f.Root, nil)
}

// Node returns the node of a code.
func (f *Framework) Node(code string) (*Node, bool) {
	var found *Node
	f.Walk(func(n *Node, _ []*Node) {
		if n.Code == code {
			found = n
		}
	})
	return found, found != nil
}

// Leaves returns the indicators below a node, in order.
func (n *Node) Leaves() []*Node {
	if len(n.Children) == 0 {
		return []*Node{n}
	}
	var leaves []*Node
	for i := range n.Children {
		leaves = append(leaves, n.Children[i].Leaves()...)
	}
	return leaves
}
