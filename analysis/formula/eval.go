package formula

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Data is where the columns of a formula come from. A column is numeric or categorical; both methods may know the
// same name, and then it is taken as categorical. What they return is kept and must not be modified afterwards.
type Data interface {
	Rows() int
	// Numeric returns a column of numbers with NaN for missing.
	Numeric(name string) (values []float64, ok bool)
	// Factor returns a categorical column: codes from 0 into its levels, -1 for missing. The first level is the reference.
	Factor(name string) (codes []int32, levels []string, ok bool)
}

// value is what an expression is worth: numbers, codes with levels, or constants.
type value struct {
	number  []float64 // of a constant, its elements
	codes   []int32
	levels  []string // not nil for a categorical value
	logical bool     // number holds 0, 1 or NaN
	texts   []string // a constant of texts
	fixed   bool     // a constant
}

type evaluator struct {
	f    *Formula
	data Data
}

func (e *evaluator) fail(n *node, format string, args ...any) error {
	return &ValueError{Formula: e.f.text, At: n.at, Reason: fmt.Sprintf(format, args...)}
}

func (e *evaluator) eval(n *node) (value, error) {
	switch n.op {
	case "number":
		return value{number: []float64{n.v}, fixed: true}, nil
	case "text":
		return value{texts: []string{n.s}, fixed: true}, nil
	case "name":
		return e.column(n)
	case "(":
		return e.eval(n.args[0])
	case "unary":
		return e.unary(n)
	case "call":
		return functions[n.s](e, n)
	}

	return e.binary(n)
}

func (e *evaluator) column(n *node) (value, error) {
	rows := e.data.Rows()

	if codes, levels, ok := e.data.Factor(n.s); ok {
		if len(codes) != rows {
			return value{}, e.fail(n, "column %s has %d rows of %d", n.s, len(codes), rows)
		}
		for i, c := range codes {
			if int(c) >= len(levels) || c < -1 {
				return value{}, e.fail(n, "column %s has no level of code %d, which row %d has", n.s, c, i)
			}
		}
		if levels == nil {
			levels = []string{}
		}
		return value{codes: codes, levels: levels}, nil
	}
	x, ok := e.data.Numeric(n.s)

	if !ok {
		// R's own constants are names that the data rarely have.
		if n.s == "TRUE" || n.s == "FALSE" {
			return value{number: []float64{truth(n.s == "TRUE")}, logical: true, fixed: true}, nil
		}
		if n.s == "Inf" {
			return value{number: []float64{math.Inf(1)}, fixed: true}, nil
		}
		return value{}, &ColumnError{Formula: e.f.text, At: n.at, Name: n.s}
	}
	if len(x) != rows {
		return value{}, e.fail(n, "column %s has %d rows of %d", n.s, len(x), rows)
	}

	return value{number: x}, nil
}

func truth(b bool) float64 {
	if b {
		return 1
	}

	return 0
}

// numbers evaluates an operand that must be numbers; of a constant, a single one.
func (e *evaluator) numbers(n *node) (value, error) {
	v, err := e.eval(n)
	if err != nil {
		return v, err
	}
	if v.isTruth() {
		v = v.truths()
	}

	switch {
	case v.levels != nil:
		return v, e.fail(n, "%s is categorical; arithmetic needs numbers", n)
	case v.texts != nil:
		return v, e.fail(n, "a text stands where a number is needed")
	case v.fixed && len(v.number) != 1:
		return v, e.fail(n, "a list of %d numbers stands where one is needed", len(v.number))
	}

	return v, nil
}

// isTruth reports whether a categorical value says TRUE and FALSE and nothing else, as a file writes logical columns.
func (v value) isTruth() bool {
	for _, l := range v.levels {
		if l != "TRUE" && l != "FALSE" {
			return false
		}
	}

	return len(v.levels) > 0
}

// truths makes it zeros and ones.
func (v value) truths() value {
	out := value{number: make([]float64, len(v.codes)), logical: true}

	for i, c := range v.codes {
		out.number[i] = math.NaN()
		if c >= 0 {
			out.number[i] = truth(v.levels[c] == "TRUE")
		}
	}

	return out
}

func (e *evaluator) unary(n *node) (value, error) {
	v, err := e.numbers(n.args[0])

	switch {
	case err != nil:
		return v, err
	case n.s == "+":
		return v, nil
	case n.s == "-":
		return mapped(v, func(x float64) float64 { return -x }), nil
	}
	out := mapped(v, func(x float64) float64 {
		if math.IsNaN(x) {
			return x
		}
		return truth(x == 0)
	})
	out.logical = true

	return out, nil
}

func mapped(v value, f func(float64) float64) value {
	out := value{number: make([]float64, len(v.number)), fixed: v.fixed}
	for i, x := range v.number {
		out.number[i] = f(x)
	}

	return out
}

var arithmetic = map[string]func(a, b float64) float64{
	"+": func(a, b float64) float64 { return a + b },
	"-": func(a, b float64) float64 { return a - b },
	"*": func(a, b float64) float64 { return a * b },
	"/": func(a, b float64) float64 { return a / b },
	"^": math.Pow,
}

// logic are the operators whose result is true, false or missing. A missing operand is missing,
// but for "and false" and "or true", which are known all the same.
var logic = map[string]func(a, b float64) float64{
	"==": known(func(a, b float64) bool { return a == b }),
	"!=": known(func(a, b float64) bool { return a != b }),
	"<":  known(func(a, b float64) bool { return a < b }),
	"<=": known(func(a, b float64) bool { return a <= b }),
	">":  known(func(a, b float64) bool { return a > b }),
	">=": known(func(a, b float64) bool { return a >= b }),
	"&":  and, "&&": and,
	"|": or, "||": or,
}

func known(f func(a, b float64) bool) func(a, b float64) float64 {
	return func(a, b float64) float64 {
		if math.IsNaN(a) || math.IsNaN(b) {
			return math.NaN()
		}
		return truth(f(a, b))
	}
}

func and(a, b float64) float64 {
	switch {
	case a == 0 || b == 0:
		return 0
	case math.IsNaN(a) || math.IsNaN(b):
		return math.NaN()
	}

	return 1
}

func or(a, b float64) float64 {
	switch {
	case a == a && a != 0 || b == b && b != 0:
		return 1
	case math.IsNaN(a) || math.IsNaN(b):
		return math.NaN()
	}

	return 0
}

func (e *evaluator) binary(n *node) (value, error) {
	if n.op == ":" {
		return e.sequence(n)
	}
	if n.op == "==" || n.op == "!=" {
		v, done, err := e.compareTexts(n)
		if err != nil || done {
			return v, err
		}
	}
	f, isLogic := logic[n.op]

	if !isLogic {
		var ok bool
		if f, ok = arithmetic[n.op]; !ok {
			return value{}, e.fail(n, "%s has no meaning here", n.op)
		}
	}
	a, err := e.numbers(n.args[0])
	if err != nil {
		return a, err
	}
	b, err := e.numbers(n.args[1])
	if err != nil {
		return b, err
	}
	out := value{logical: isLogic, fixed: a.fixed && b.fixed}
	out.number = make([]float64, max(len(a.number), len(b.number)))

	if !out.fixed {
		out.number = make([]float64, e.data.Rows())
	}
	for i := range out.number {
		out.number[i] = f(a.at(i), b.at(i))
	}

	return out, nil
}

// at is the number of a row.
func (v value) at(i int) float64 {
	if v.fixed {
		return v.number[0]
	}

	return v.number[i]
}

// sequence is a:b of whole constants, as labels and breaks need it.
func (e *evaluator) sequence(n *node) (value, error) {
	var ends [2]float64

	for i, a := range n.args {
		v, err := e.numbers(a)
		if err != nil {
			return v, err
		}
		if !v.fixed || math.Abs(v.number[0]) > 1e6 || math.IsNaN(v.number[0]) {
			return v, e.fail(n, "a:b stands for whole numbers here, and both must be given")
		}
		ends[i] = v.number[0]
	}
	out := value{fixed: true}

	if math.Abs(ends[1]-ends[0]) >= longest {
		return out, e.fail(n, "the sequence is too long")
	}
	for x := ends[0]; x <= ends[1]; x++ {
		out.number = append(out.number, x)
	}
	for x := ends[0]; ends[0] > ends[1] && x >= ends[1]; x-- {
		out.number = append(out.number, x)
	}

	return out, nil
}

// compareTexts compares a categorical column with a text or a number, which then stands for its label.
func (e *evaluator) compareTexts(n *node) (v value, done bool, err error) {
	a, err := e.eval(n.args[0])
	if err != nil {
		return a, false, err
	}
	b, err := e.eval(n.args[1])
	if err != nil {
		return b, false, err
	}
	if b.levels != nil && a.levels == nil {
		a, b = b, a
	}
	switch {
	case a.levels == nil && a.texts == nil && b.texts == nil:
		return v, false, nil
	case a.levels == nil, b.levels != nil:
		return v, false, e.fail(n, "%s compares a categorical column with one text", n.op)
	}
	label, err := e.one(n, b)

	if err != nil {
		return v, false, err
	}
	v = value{number: make([]float64, len(a.codes)), logical: true}

	for i, c := range a.codes {
		v.number[i] = math.NaN()
		if c >= 0 {
			v.number[i] = truth((a.levels[c] == label) == (n.op == "=="))
		}
	}

	return v, true, nil
}

// one is a constant of one element as a text.
func (e *evaluator) one(n *node, v value) (string, error) {
	all, ok := v.labels()
	if !ok || len(all) != 1 {
		return "", e.fail(n, "one text is needed here")
	}

	return all[0], nil
}

// labels are the elements of a constant as texts.
func (v value) labels() ([]string, bool) {
	if !v.fixed {
		return nil, false
	}
	if v.texts != nil {
		return v.texts, true
	}
	out := make([]string, len(v.number))

	for i, x := range v.number {
		out[i] = label(x)
		if v.logical && x == x {
			out[i] = logicalLevels[int(x)]
		}
	}

	return out, true
}

var logicalLevels = []string{"FALSE", "TRUE"}

// variable evaluates what stands as a variable of the formula: numbers, or codes with levels.
func (e *evaluator) variable(n *node) (value, error) {
	v, err := e.eval(n)

	switch {
	case err != nil:
		return v, err
	case v.fixed:
		return v, e.fail(n, "%s is a constant, not a variable", n)
	case v.levels == nil && v.logical:
		codes := make([]int32, len(v.number))
		for i, x := range v.number {
			codes[i] = -1
			if x == x {
				codes[i] = int32(x)
			}
		}
		return value{codes: codes, levels: logicalLevels, logical: true}, nil
	case v.levels == nil:
		for i, x := range v.number {
			if math.IsInf(x, 0) {
				return v, e.fail(n, "%s is infinite in row %d", n, i)
			}
		}
	}

	return v, nil
}

// factorOf makes a categorical value of numbers: their levels sort as numbers.
func factorOf(v value) value {
	if v.levels != nil {
		return v
	}
	distinct := make(map[float64]int32)

	for _, x := range v.number {
		if x == x {
			distinct[x] = 0
		}
	}
	sorted := make([]float64, 0, len(distinct))
	for x := range distinct {
		sorted = append(sorted, x)
	}
	slices.Sort(sorted)
	out := value{codes: make([]int32, len(v.number)), levels: []string{}}

	// Numbers that agree to fifteen digits are one level, as their labels are one.
	for _, x := range sorted {
		l := label(x)
		if v.logical {
			l = logicalLevels[int(x)]
		}
		if n := len(out.levels); n == 0 || out.levels[n-1] != l {
			out.levels = append(out.levels, l)
		}
		distinct[x] = int32(len(out.levels) - 1)
	}
	for i, x := range v.number {
		out.codes[i] = -1
		if x == x {
			out.codes[i] = distinct[x]
		}
	}

	return out
}

// parseLabel reads a label back as a number; NaN when it is none.
func parseLabel(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}

	return v
}
