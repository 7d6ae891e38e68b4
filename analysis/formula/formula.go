package formula

import (
	"fmt"
	"slices"
	"strings"
)

// Formula is a formula that was read. It is immutable and knows nothing of data.
type Formula struct {
	text      string
	response  *node // nil for a one-sided formula
	variables []*node
	labels    []string // of the variables
	offsets   []*node
	intercept bool
	terms     []term
}

// term is a set of variables, ascending in the order in which the formula names them.
type term []int

// terms is how many terms a formula may have: more than a computer can fit, and few enough to list.
const maxTerms = 5000

// Parse reads a formula. Its errors are of the type *SyntaxError.
func Parse(s string) (*Formula, error) {
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{src: s, tokens: tokens}
	f := &Formula{text: s, intercept: true}
	var left *node

	if !p.is("~") {
		if left, err = p.expression(0); err != nil {
			return nil, err
		}
	}
	right := left

	if p.is("~") {
		p.i++
		f.response = left
		if right, err = p.expression(0); err != nil {
			return nil, err
		}
	}
	if t := p.peek(); t.kind != end {
		return nil, p.fail(t.at, "unexpected "+t.s)
	}

	return f, f.expand(right)
}

// String returns the formula as it was given.
func (f *Formula) String() string { return f.text }

// HasResponse reports whether the formula has a left side.
func (f *Formula) HasResponse() bool { return f.response != nil }

// Response returns the left side as R writes it, or "".
func (f *Formula) Response() string {
	if f.response == nil {
		return ""
	}

	return f.response.String()
}

// Intercept reports whether the formula has an intercept.
func (f *Formula) Intercept() bool { return f.intercept }

// Terms returns the labels of the terms in order, without the intercept: "stype", "meals", "stype:meals".
func (f *Formula) Terms() []string {
	out := make([]string, len(f.terms))
	for i, t := range f.terms {
		out[i] = f.label(t)
	}

	return out
}

// Columns returns the names of the columns of data that the formula needs, those of the response first, each once.
func (f *Formula) Columns() []string {
	var out []string
	var walk func(n *node)
	walk = func(n *node) {
		if n.op == "name" && !slices.Contains(out, n.s) {
			out = append(out, n.s)
		}
		for _, a := range n.args {
			walk(a)
		}
	}
	if f.response != nil {
		walk(f.response)
	}
	used := f.used()

	for i, v := range f.variables {
		if used[i] {
			walk(v)
		}
	}
	for _, o := range f.offsets {
		walk(o)
	}

	return out
}

// used says which variables stand in a term: one that was added and taken away does not.
func (f *Formula) used() []bool {
	out := make([]bool, len(f.variables))

	for _, t := range f.terms {
		for _, v := range t {
			out[v] = true
		}
	}

	return out
}

// Without returns the formula with some of its terms taken away, given by their labels.
func (f *Formula) Without(labels ...string) (*Formula, error) {
	out := *f
	out.terms = nil
	missing := slices.Clone(labels)

	for _, t := range f.terms {
		l := f.label(t)
		if slices.Contains(labels, l) {
			missing = slices.DeleteFunc(missing, func(m string) bool { return m == l })
			continue
		}
		out.terms = append(out.terms, t)
	}
	if len(missing) > 0 {
		return nil, &SyntaxError{Formula: f.text, At: 0, Reason: fmt.Sprintf("it has no term %s", missing[0])}
	}
	out.text = out.compose()

	return &out, nil
}

// compose writes a formula from its terms.
func (f *Formula) compose() string {
	right := f.Terms()
	if !f.intercept {
		right = append(right, "0")
	}
	for _, o := range f.offsets {
		right = append(right, o.String())
	}
	if len(right) == 0 {
		right = []string{"1"}
	}

	return strings.TrimSpace(f.Response() + " ~ " + strings.Join(right, " + "))
}

func (f *Formula) label(t term) string {
	parts := make([]string, len(t))
	for i, v := range t {
		parts[i] = f.labels[v]
	}

	return strings.Join(parts, ":")
}

// expand works out the terms of the right side.
func (f *Formula) expand(right *node) error {
	x := &expansion{f: f}
	found, err := x.terms(right, true)

	if err != nil {
		return err
	}
	if f.response != nil {
		own := f.response.String()
		found = slices.DeleteFunc(found, func(t term) bool { return f.label(t) == own })
	}
	slices.SortStableFunc(found, func(a, b term) int { return len(a) - len(b) })
	f.terms = found

	return nil
}

type expansion struct{ f *Formula }

func (x *expansion) fail(n *node, reason string) error {
	return &SyntaxError{Formula: x.f.text, At: n.at, Reason: reason}
}

// terms returns the terms of a part. A 1 or 0 sets the intercept at once, and the other way round under a minus.
func (x *expansion) terms(n *node, plus bool) ([]term, error) {
	switch n.op {
	case "number":
		if n.v != 0 && n.v != 1 {
			return nil, x.fail(n, "a number other than 0 and 1 stands for no term; I(…) does arithmetic")
		}
		x.f.intercept = (n.v == 1) == plus
		return nil, nil
	case "text":
		return nil, x.fail(n, "a text stands for no term")
	case "(":
		return x.terms(n.args[0], plus)
	case "+", "-", "*", "/", ":", "%in%":
		return x.binary(n, plus)
	case "^":
		return x.power(n)
	case "unary":
		if n.s != "!" {
			t, err := x.terms(n.args[0], plus == (n.s == "+"))
			if n.s == "-" {
				t = nil
			}
			return t, err
		}
	case "call":
		if n.s == "offset" {
			if !plus || len(n.args) != 1 {
				return nil, x.fail(n, "an offset has one argument and is added")
			}
			x.f.offsets = append(x.f.offsets, n)
			return nil, nil
		}
	}

	return []term{{x.variable(n)}}, nil
}

func (x *expansion) variable(n *node) int {
	s := n.String()
	if i := slices.Index(x.f.labels, s); i >= 0 {
		return i
	}
	x.f.variables, x.f.labels = append(x.f.variables, n), append(x.f.labels, s)

	return len(x.f.labels) - 1
}

func (x *expansion) binary(n *node, plus bool) ([]term, error) {
	if n.op != "+" && n.op != "-" {
		for _, a := range n.args {
			if a.op == "number" {
				return nil, x.fail(a, "a number stands for no term here; I(…) does arithmetic")
			}
		}
	}
	left, err := x.terms(n.args[0], plus)
	if err != nil {
		return nil, err
	}
	right, err := x.terms(n.args[1], plus == (n.op != "-"))
	if err != nil {
		return nil, err
	}
	var out []term

	switch n.op {
	case "+":
		out = union(left, right)
	case "-":
		out = slices.DeleteFunc(left, func(t term) bool { return contains(right, t) })
	case "*":
		out = union(union(left, right), product(left, right))
	case "/":
		var all term
		for _, t := range left {
			all = merge(all, t)
		}
		out = union(left, product([]term{all}, right))
	default:
		out = product(left, right)
	}
	if len(out) > maxTerms {
		return nil, x.fail(n, fmt.Sprintf("the formula has more than %d terms", maxTerms))
	}

	return out, nil
}

func (x *expansion) power(n *node) ([]term, error) {
	base, err := x.terms(n.args[0], true)
	if err != nil {
		return nil, err
	}
	k := n.args[1]

	if k.op != "number" || k.v < 1 || k.v != float64(int(k.v)) {
		return nil, x.fail(n, "the degree must be a whole number from 1; I(…) does arithmetic")
	}
	out := base

	for range min(int(k.v), len(base)) - 1 {
		if len(out)*len(base) > maxTerms*20 {
			return nil, x.fail(n, fmt.Sprintf("the formula has more than %d terms", maxTerms))
		}
		out = union(out, product(out, base))
		if len(out) > maxTerms {
			return nil, x.fail(n, fmt.Sprintf("the formula has more than %d terms", maxTerms))
		}
	}

	return out, nil
}

func contains(all []term, t term) bool {
	return slices.ContainsFunc(all, func(o term) bool { return slices.Equal(o, t) })
}

func union(a, b []term) []term {
	seen := make(map[string]bool, len(a)+len(b))
	out := make([]term, 0, len(a)+len(b))

	for _, t := range slices.Concat(a, b) {
		k := fmt.Sprint(t)
		if !seen[k] {
			seen[k] = true
			out = append(out, t)
		}
	}

	return out
}

// product returns the interactions of every term of a with every one of b; it stops counting
// once there are too many.
func product(a, b []term) []term {
	var out []term

	for _, s := range a {
		for _, t := range b {
			out = append(out, merge(s, t))
			if len(out) > 20*maxTerms {
				return out
			}
		}
	}

	return union(out, nil)
}

func merge(a, b term) term {
	out := slices.Concat(a, b)
	slices.Sort(out)

	return slices.Compact(out)
}
