package survey

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Draft is a framework's document in the making: nothing uses it until it is published.
type Draft struct {
	ID       string // of the framework that it is to be
	Revision int    // rises with every change
	Document []byte
	Changed  time.Time
	By       string // the name of the account that changed it last
}

// The largest draft. The largest framework shipped is a tenth of it.
const (
	MaxDraft      = 512 << 10 // bytes
	maxDraftDepth = 64        // of the JSON
	maxDraftNodes = 1500
)

// ParseDraft reads a framework's document that need not be whole, and says what is wrong with it. Its error is CodeTooLarge where the
// document is larger or deeper than any real one, and CodeDocumentInvalid where it cannot be read at all.
func ParseDraft(doc []byte) (*Framework, Faults, error) {
	const op = "read draft"
	if len(doc) > MaxDraft || depthOf(doc) > maxDraftDepth {
		return nil, nil, Errorf(CodeTooLarge, op, "%d bytes, %d levels", len(doc), depthOf(doc))
	}
	f := new(Framework)
	if err := decodeDocument(doc, f); err != nil {
		return nil, nil, &Error{Code: CodeDocumentInvalid, Op: op, Params: map[string]string{"document": "framework"}, Err: err}
	}
	nodes := 0
	f.Walk(func(*Node, []*Node) { nodes++ })
	if nodes > maxDraftNodes {
		return nil, nil, Errorf(CodeTooLarge, op, "%d nodes", nodes)
	}
	return f, f.check(), nil
}

// depthOf is how deep the brackets of a text go. Brackets inside of strings do not count.
func depthOf(doc []byte) int {
	depth, most, inside, escaped := 0, 0, false, false
	for _, b := range doc {
		switch {
		case escaped:
			escaped = false
		case inside && b == '\\':
			escaped = true
		case b == '"':
			inside = !inside
		case inside:
		case b == '{' || b == '[':
			depth++
			most = max(most, depth)
		case b == '}' || b == ']':
			depth--
		}
	}
	return most
}

// Document writes the framework as its document.
func (f *Framework) Document() ([]byte, error) {
	doc, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, Errorf(CodeDocumentInvalid, "write framework", "%w", err)
	}
	return doc, nil
}

// At returns the node at a place: which child at each level, from the root down. The empty place is the root.
func (f *Framework) At(place []int) (*Node, bool) {
	n := &f.Root
	for _, i := range place {
		if i < 0 || i >= len(n.Children) {
			return nil, false
		}
		n = &n.Children[i]
	}
	return n, true
}

// AddChild puts a new indicator below a node, with a code that nothing else has: a number from 0 to 1 in the column of its code, until
// its author says otherwise. A leaf becomes a node with it.
func (f *Framework) AddChild(place []int) ([]int, error) {
	parent, ok := f.At(place)
	if !ok {
		return nil, noPlace("add to framework", place)
	}
	if parent.Value != nil {
		parent.Value, parent.Combine, parent.Missing = nil, CombineSum, MissingFail
		if parent.Kind == NodeIndicator {
			parent.Kind = NodeElement
		}
	}
	taken := map[string]bool{}
	f.Walk(func(n *Node, _ []*Node) { taken[n.Code] = true })
	code := ""
	for i := 1; ; i++ {
		if code = fmt.Sprintf("new-%d", i); !taken[code] {
			break
		}
	}
	parent.Children = append(parent.Children, Node{Code: code, Kind: NodeIndicator, Label: Text{}, Value: &LeafValue{
		Kind: ValueGiven, Bounds: &Bounds{Min: 0, Max: 1}, Direction: "up",
	}})
	return append(slices.Clone(place), len(parent.Children)-1), nil
}

// RemoveNode takes a node out, with everything below it. The root stays.
func (f *Framework) RemoveNode(place []int) error {
	if _, ok := f.At(place); !ok || len(place) == 0 {
		return noPlace("remove from framework", place)
	}
	parent, _ := f.At(place[:len(place)-1])
	i := place[len(place)-1]
	parent.Children = slices.Delete(parent.Children, i, i+1)
	return nil
}

// MoveNode moves a node by some places among its siblings, as far as there are any, and returns where it is then.
func (f *Framework) MoveNode(place []int, by int) ([]int, error) {
	if _, ok := f.At(place); !ok || len(place) == 0 {
		return nil, noPlace("move in framework", place)
	}
	parent, _ := f.At(place[:len(place)-1])
	from := place[len(place)-1]
	to := min(max(from+by, 0), len(parent.Children)-1)
	n := parent.Children[from]
	parent.Children = slices.Insert(slices.Delete(parent.Children, from, from+1), to, n)
	return append(slices.Clone(place[:len(place)-1]), to), nil
}

func noPlace(op string, place []int) error {
	return Errorf(CodeNotFound, op, "no node at %v", place)
}
