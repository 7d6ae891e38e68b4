package sample

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Dimensions is the number of labels of a case.
const Dimensions = 6

// The dimensions, from the one that is kept longest to the one given up first.
const (
	Unit = iota
	Lateness
	FieldGroup
	Field
	Channel
	Month
)

// Labels are the labels of a case, in the order of the dimensions.
type Labels [Dimensions]string

// Case is one transaction of the register: its stable id (the dossier code) and labels.
type Case struct {
	ID     string
	Labels Labels
}

// Rule says how fine the classes may be.
type Rule struct {
	Fraction float64 `json:"fraction"` // of the register to be invited, in (0, 1]
	Min      int     `json:"min"`      // least number of invited in a class
	// Kind gives the kind of a unit: units that are too small by themselves are pooled
	// with units of the same kind as long as there are any. Nil means that all are of one kind.
	Kind func(unit string) string `json:"-"`
}

// invited is the number to be invited of N: the fraction, rounded, but at least as many as must share a class. Only a class
// that lateness made can be so small that this is more than the fraction.
func (r Rule) invited(n int) int {
	return min(n, max(1, r.expected(n), r.Min))
}

// expected is the fraction of n, rounded.
func (r Rule) expected(n int) int { return int(math.Round(r.Fraction * float64(n))) }

// Class is one sampling class.
type Class struct {
	ID     string `json:"id"`
	Labels Labels `json:"labels"` // coarsened: "*" for any, "a|b" for pooled
	N      int    `json:"N"`
	Invite int    `json:"n"`
}

// Chance is the chance of invitation of each case of the class, n/N.
func (c Class) Chance() float64 { return float64(c.Invite) / float64(c.N) }

// Map is the coarsening map of one register.
type Map struct {
	Rule    Rule    `json:"rule"`
	Classes []Class `json:"classes"`
	Root    *Node   `json:"tree"`
}

// Node is one node of the tree. A leaf stands for a class; any other node is
// split by the label of its depth.
type Node struct {
	Class    int     `json:"class"` // position in Classes of a leaf, -1 otherwise
	Children []Child `json:"children,omitempty"`
}

// Child is a part of a node: the cases with one of the labels, or with any
// label where the dimension was given up here.
type Child struct {
	Labels []string `json:"labels"`
	Any    bool     `json:"any,omitempty"`
	Node   *Node    `json:"node"`
}

// Build makes the map of a register. Every class can expect at least Min invited,
// unless the whole register cannot: then there is one class.
func Build(cases []Case, rule Rule) (*Map, error) {
	if !(rule.Fraction > 0 && rule.Fraction <= 1) {
		return nil, fmt.Errorf("sample: a fraction lies in (0, 1], not at %v", rule.Fraction)
	}
	if rule.Min < 1 {
		return nil, fmt.Errorf("sample: at least one must be invited in a class, not %d", rule.Min)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("sample: the register is empty")
	}
	counts := make(map[Labels]int)

	for _, c := range cases {
		counts[c.Labels]++
	}
	cells := make([]cell, 0, len(counts))

	for l, n := range counts {
		cells = append(cells, cell{labels: l, n: n})
	}
	slices.SortFunc(cells, func(a, b cell) int { return slices.Compare(a.labels[:], b.labels[:]) })
	m := &Map{Rule: rule}
	m.Root = m.grow(cells, 0, Labels{})

	return m, nil
}

// cell is the number of cases with the same labels.
type cell struct {
	labels Labels
	n      int
}

func size(cells []cell) int {
	n := 0

	for _, c := range cells {
		n += c.n
	}

	return n
}

// grow makes the node of the given cells, which agree on the dimensions above depth.
func (m *Map) grow(cells []cell, depth int, path Labels) *Node {
	if depth == Dimensions {
		n := size(cells)
		m.Classes = append(m.Classes, Class{
			ID: fmt.Sprintf("c%04d", len(m.Classes)+1), Labels: path, N: n, Invite: m.Rule.invited(n),
		})
		return &Node{Class: len(m.Classes) - 1}
	}
	node := &Node{Class: -1}
	parts := m.split(cells, depth)

	for _, p := range parts {
		child := Child{Labels: p.labels, Any: len(parts) == 1 && len(p.labels) > 1}
		path[depth] = strings.Join(p.labels, "|")
		if child.Any {
			path[depth] = "*"
		}
		child.Node = m.grow(p.cells, depth+1, path)
		node.Children = append(node.Children, child)
	}

	return node
}

// part is a set of labels that stay together, with their cells.
type part struct {
	labels []string
	cells  []cell
	n      int
}

func (p *part) join(o part) {
	p.labels = append(p.labels, o.labels...)
	slices.Sort(p.labels)
	p.cells = append(p.cells, o.cells...)
	p.n += o.n
}

// split divides cells by their label at depth into parts that are large enough,
// sorted by their first label.
func (m *Map) split(cells []cell, depth int) []part {
	at := make(map[string]int)
	var parts []part

	for _, c := range cells {
		l := c.labels[depth]
		i, ok := at[l]
		if !ok {
			i = len(parts)
			at[l] = i
			parts = append(parts, part{labels: []string{l}})
		}
		parts[i].cells = append(parts[i].cells, c)
		parts[i].n += c.n
	}
	if depth == Unit && m.Rule.Kind != nil {
		parts = m.poolKinds(parts)
	}
	parts = m.pool(parts, depth)

	for i := range parts {
		slices.SortFunc(parts[i].cells, func(a, b cell) int { return slices.Compare(a.labels[:], b.labels[:]) })
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.labels[0], b.labels[0]) })

	return parts
}

// poolKinds pools units inside their kind first. What is still too small
// afterwards is left for pool, which looks across kinds.
func (m *Map) poolKinds(parts []part) []part {
	kinds := make(map[string][]part)
	var names []string

	for _, p := range parts {
		k := m.Rule.Kind(p.labels[0])
		if kinds[k] == nil {
			names = append(names, k)
		}
		kinds[k] = append(kinds[k], p)
	}
	slices.Sort(names)
	var out []part

	for _, k := range names {
		out = append(out, m.pool(kinds[k], Unit)...)
	}

	return out
}

// pool joins the parts that are too small into one, and, if that is still too
// small, joins it with one of the others: with the smallest, which loses least, but under lateness with
// the largest, which is spoiled least (ties by label).
func (m *Map) pool(parts []part, depth int) []part {
	var kept []part
	var rest *part

	for _, p := range parts {
		if m.enough(p, depth) {
			kept = append(kept, p)
			continue
		}
		if rest == nil {
			first := p
			rest = &first
			continue
		}
		rest.join(p)
	}
	if rest == nil {
		return kept
	}
	if m.enough(*rest, depth) || len(kept) == 0 {
		return append(kept, *rest)
	}
	slices.SortFunc(kept, func(a, b part) int { return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(b.labels[0], a.labels[0])) })
	host := 0
	if depth == Lateness {
		host = len(kept) - 1
	}
	kept[host].join(*rest)

	return kept
}

// enough reports whether a part can be a class: the fraction of it is at least as many as must share one. Under lateness
// it is enough that there are so many at all: late cases answer less and are less satisfied, so losing sight of them costs more than
// inviting a few of them beyond the fraction.
func (m *Map) enough(p part, depth int) bool {
	return m.Rule.expected(p.n) >= m.Rule.Min || depth == Lateness && p.n >= m.Rule.Min
}

// Assign returns the position in Classes of the class that labels belong to. It
// is false for labels that the register did not have where the tree is split by them.
func (m *Map) Assign(labels Labels) (int, bool) {
	node := m.Root

	for depth := range Dimensions {
		var next *Node

		if node == nil {
			return 0, false
		}
		for _, c := range node.Children {
			if c.Any || slices.Contains(c.Labels, labels[depth]) {
				next = c.Node
				break
			}
		}
		node = next
	}
	if node == nil || node.Class < 0 || node.Class >= len(m.Classes) {
		return 0, false
	}

	return node.Class, true
}
