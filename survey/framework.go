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

// Framework is a versioned tree of nodes that turns answers and an office's numbers into an index. Scales, bounds,
// directions, weights, rounding, what a missing part does and which years compare are data: official constants differ
// from node to node and from year to year.
type Framework struct {
	ID         string `json:"id"`
	Version    int    `json:"version"`
	Title      Text   `json:"title"`
	Unofficial bool   `json:"unofficial,omitempty"` // built from secondary sources
	Source     string `json:"source"`
	// Measure is what figures of this framework are counted in.
	Measure Measure `json:"measure"`
	// Decimals is how many decimals of a figure are printed. It rounds nothing that is used further.
	Decimals int `json:"decimals,omitempty"`
	// MinAnswers is how many answers a figure from a file of answers must rest on to be shown. A wave has its own rule.
	MinAnswers int `json:"min_answers,omitempty"`
	// Subject is whom a row of a table is about; empty means a unit.
	Subject Subject `json:"subject,omitempty"`
	// InForce are the days on which the rules of the framework bind; nil where nothing is known of it.
	InForce *Validity `json:"in_force,omitempty"`
	// Years are the survey years that the framework was made for; nil where it has none.
	Years *Years `json:"years,omitempty"`
	// Follows is the framework of the years before, with which scores compare but for Breaks. Without it, nothing before
	// Years compares.
	Follows *FrameworkRef `json:"follows,omitempty"`
	Breaks  []Break       `json:"breaks,omitempty"`
	// Facts are the values that the columns which rules read can have, where they hold numbers: a rate of 250 per cent is a slip.
	Facts map[string]Bounds `json:"facts,omitempty"`
	Root  Node              `json:"root"`
	// Derived are nodes beside the tree, made of nodes of it or of each other: a weighted total beside the plain one.
	Derived []DerivedNode `json:"derived,omitempty"`
	Grades  []Grade       `json:"grades,omitempty"` // of the root, best first
}

// Measure is what a figure is counted in.
type Measure string

// The measures.
const (
	Percent Measure = "percent" // 0 to 100
	Points  Measure = "points"  // on the node's own bounds
)

// Subject is whom a framework is about.
type Subject string

// The subjects.
const (
	SubjectUnit    Subject = "unit"
	SubjectOfficer Subject = "officer"
)

// Validity is a range of days; an empty end is open. Note says what is not certain about it.
type Validity struct {
	From Day  `json:"from,omitempty"`
	To   Day  `json:"to,omitempty"`
	Note Text `json:"note,omitempty"`
}

// Holds reports whether a day lies in the range.
func (v *Validity) Holds(d Day) bool {
	return v == nil || (v.From == "" || d >= v.From) && (v.To == "" || d <= v.To)
}

// Years is a range of years, both included.
type Years struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Holds reports whether a year lies in the range.
func (y *Years) Holds(year int) bool { return y != nil && year >= y.From && year <= y.To }

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
	// CombineMean is Σ child.Coefficient × child / Σ child.Coefficient.
	CombineMean Combine = "mean"
	// CombineLinear is Intercept + Σ child.Coefficient × child.
	CombineLinear Combine = "linear"
)

// weighted reports whether children carry coefficients.
func (c Combine) weighted() bool { return c == CombineMean || c == CombineLinear }

// MissingRule is what happens to a node when a child has no value. There is no default: it is stated.
type MissingRule string

// The rules for a missing child.
const (
	MissingFail    MissingRule = "fail"    // the node is withheld: it has no value either
	MissingDrop    MissingRule = "drop"    // the child is left out; the attainable maximum falls
	MissingRescale MissingRule = "rescale" // the others take over its weight
	MissingFloor   MissingRule = "floor"   // the child counts as the worst that it could be
)

// Node is one node of a framework.
type Node struct {
	Code        string   `json:"code"`
	Kind        NodeKind `json:"kind"`
	Label       Text     `json:"label"`
	Coefficient float64  `json:"coefficient,omitempty"` // its weight in a linear parent or a mean
	// Unscored is said of an indicator that is published and has no effect, which would else be a forgotten weight.
	Unscored bool    `json:"unscored,omitempty"`
	Combine  Combine `json:"combine,omitempty"` // of inner nodes
	// WeightsSum is what the coefficients of the children must sum to, where somebody says so: a check, and no more.
	WeightsSum *float64    `json:"weights_sum,omitempty"`
	Intercept  float64     `json:"intercept,omitempty"` // of a linear node
	Missing    MissingRule `json:"missing,omitempty"`   // of inner nodes
	Round      *int        `json:"round,omitempty"`     // decimals to which the value is rounded before it is used above
	// Rounding is what becomes of the digits that Round does not keep; empty means that a half goes away from zero.
	Rounding   Rounding   `json:"rounding,omitempty"`
	Nominal    *Bounds    `json:"nominal,omitempty"`    // the bounds that the publisher states
	Attainable *Bounds    `json:"attainable,omitempty"` // the bounds that the weights allow
	Value      *LeafValue `json:"value,omitempty"`      // of indicators
	Children   []Node     `json:"children,omitempty"`
}

// Rounding is what becomes of digits that are not kept.
type Rounding string

// The ways of rounding.
const (
	RoundHalfAway Rounding = "half_away"
	RoundHalfEven Rounding = "half_even"
	RoundCut      Rounding = "cut"
)

// DerivedNode is a node that stands beside the tree: Intercept + Σ coefficient × node, or with CombineMean the weighted mean.
type DerivedNode struct {
	Code      string        `json:"code"`
	Label     Text          `json:"label"`
	Combine   Combine       `json:"combine"` // CombineLinear or CombineMean
	Intercept float64       `json:"intercept,omitempty"`
	Terms     []DerivedTerm `json:"terms"`
	Missing   MissingRule   `json:"missing"`
	Round     *int          `json:"round,omitempty"`
	Rounding  Rounding      `json:"rounding,omitempty"`
	Nominal   *Bounds       `json:"nominal,omitempty"`
	Source    string        `json:"source,omitempty"`
	// Years are the years whose scores it is for, where they are not all of the framework's.
	Years *Years `json:"years,omitempty"`
}

// DerivedTerm is one summand of a derived node.
type DerivedTerm struct {
	Node        string  `json:"node"`
	Coefficient float64 `json:"coefficient"`
}

// Bounds are a lowest and a highest value.
type Bounds struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// The ways in which an indicator's number comes about.
const (
	ValueShare  = "share"  // the share of valid answers whose code is in Codes, in [0, 1]
	ValueMean   = "mean"   // the mean of valid answers, scaled by Bounds and Direction to [0, 1]
	ValueScore  = "score"  // the mean of valid answers as it stands
	ValueMedian = "median" // the median of valid answers, scaled by Bounds and Direction to [0, 1]
	ValueCount  = "count"  // the mean number of Items that a person answered by one of Codes, scaled likewise
	ValueTotal  = "total"  // the total of the answers, as it stands or scaled likewise
	ValueRate   = "rate"   // 100 × the sum of Of over the sum of Over, from an office's table, scaled likewise
	ValueGiven  = "given"  // from an office's table or a published file, scaled likewise where Bounds are set
)

// LeafValue says how an indicator's number comes from answers or from an office table.
type LeafValue struct {
	Kind string `json:"kind"`
	// Item is the item of the instrument, or the column of a file of answers. A given value is in the column of its node's code.
	Item string `json:"item,omitempty"`
	// Column is another heading under which an office's table may have the value of the node.
	Column string   `json:"column,omitempty"`
	Items  []string `json:"items,omitempty"` // of a count
	Codes  []int    `json:"codes,omitempty"` // of a share or a count
	// Unanswered says what an open item does to a count: "leave_out" the person, or count it as "not_met".
	Unanswered string `json:"unanswered,omitempty"`
	// Scale bounds and direction are explicit and never inferred from a label: one official label contradicts its sign.
	Bounds    *Bounds `json:"bounds,omitempty"`
	Direction string  `json:"direction,omitempty"` // "up": higher is better; "down": higher is worse
	// Answers are the lowest and the highest answer that can come, where Bounds do not tell: one outside is a slip of the pen
	// and not somebody who is not satisfied.
	Answers *Bounds `json:"answers,omitempty"`
	// Range are the values that can come where they go beyond Bounds: whatever lies outside Bounds counts as the nearer end of
	// them. A part with a target has full points from the target on. Without Bounds it holds the values of a given number
	// whose maximum nobody states.
	Range *Bounds `json:"range,omitempty"`
	// Rules make a score of facts, where a table has the facts and not the score: the first rule that holds.
	Rules []Rule `json:"rules,omitempty"`
	// Of and Over are the sums of a rate.
	Of   []RateTerm `json:"of,omitempty"`
	Over []RateTerm `json:"over,omitempty"`
	// Unknown says why there is no formula: the value can only be taken as it is published.
	Unknown Text `json:"unknown,omitempty"`
	// Source is who supplies the number: "appraisal", "survey", "statistics".
	Source string `json:"source,omitempty"`
	// Evidence says that a score which somebody gives himself must name the files that prove it.
	Evidence bool `json:"evidence,omitempty"`
	// Link names a figure of another framework from which the number can be had.
	Link *Link `json:"link,omitempty"`
}

// Link takes Factor × a node of another framework. The first of Nodes that has a value is taken; any but the first
// stands in for it and is marked so.
type Link struct {
	Framework string   `json:"framework"`
	Nodes     []string `json:"nodes"`
	Factor    float64  `json:"factor"`
}

// RateTerm is one summand of a rate.
type RateTerm struct {
	Column      string  `json:"column"`
	Coefficient float64 `json:"coefficient"`
}

// Grade is one step of a verdict on the root's value; its lower bound is included.
type Grade struct {
	Code  string  `json:"code"`
	Label Text    `json:"label"`
	From  float64 `json:"from"`
}

// Ref returns the framework's id and version.
func (f *Framework) Ref() FrameworkRef { return FrameworkRef{ID: f.ID, Version: f.Version} }

// ParseFramework reads a framework's JSON document and checks that it is whole. The cause of its error is Faults, which
// names every fault with its place, or says where the text is no JSON.
func ParseFramework(doc []byte) (*Framework, error) {
	const op = "parse framework"
	f := new(Framework)
	if err := decodeDocument(doc, f); err != nil {
		return nil, &Error{Code: CodeDocumentInvalid, Op: op, Params: map[string]string{"document": "framework"}, Err: err}
	}
	if faults := f.check(); len(faults) > 0 {
		id := f.ID
		if id == "" {
			id = "framework"
		}
		return nil, &Error{Code: CodeDocumentInvalid, Op: op, Params: map[string]string{"document": id}, Err: faults}
	}
	return f, nil
}

// Walk visits every node from the root down, with its ancestors from the root on. Derived nodes are not among them.
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

// Scaled reports whether an indicator's raw value is brought to its own scale by bounds and direction.
func (v *LeafValue) Scaled() bool { return v.Kind == ValueShare || v.Bounds != nil }

// Answerable are the answers of a person that can come; nil where the framework does not say.
func (v *LeafValue) Answerable() *Bounds {
	switch {
	case v.Answers != nil:
		return v.Answers
	case v.Kind == ValueMean || v.Kind == ValueMedian:
		return v.Bounds
	}
	return nil
}

// Raw are the values that can come of an indicator before it is scaled; nil where the framework does not say.
func (n *Node) Raw() *Bounds {
	v := n.Value
	switch {
	case v == nil:
		return nil
	case v.Range != nil:
		return v.Range
	case v.Bounds != nil:
		return v.Bounds
	case v.Kind == ValueShare:
		return &Bounds{Min: 0, Max: 1}
	case v.Kind == ValueRate:
		return &Bounds{Min: 0, Max: 100}
	case n.Attainable != nil:
		return n.Attainable
	}
	return n.Nominal
}
