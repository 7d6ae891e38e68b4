package formula

import (
	"math"
	"slices"
	"strconv"
)

// functions are what a formula may call.
var functions map[string]func(e *evaluator, n *node) (value, error)

func init() {
	functions = map[string]func(e *evaluator, n *node) (value, error){
		"I": func(e *evaluator, n *node) (value, error) {
			if len(n.args) != 1 {
				return value{}, e.fail(n, "I() has one argument")
			}
			return e.eval(n.args[0])
		},
		"offset": func(e *evaluator, n *node) (value, error) { return e.numbers(n.args[0]) },
		"factor": (*evaluator).factor, "as.factor": (*evaluator).factor,
		"as.numeric": (*evaluator).asNumeric, "relevel": (*evaluator).relevel,
		"cut": (*evaluator).cut, "c": (*evaluator).list,
	}
	for name, f := range map[string]func(float64) float64{
		"log": math.Log, "log2": math.Log2, "log10": math.Log10, "log1p": math.Log1p, "exp": math.Exp, "expm1": math.Expm1,
		"sqrt": math.Sqrt, "abs": math.Abs, "floor": math.Floor, "ceiling": math.Ceil, "round": math.RoundToEven,
	} {
		functions[name] = func(e *evaluator, n *node) (value, error) {
			if len(n.args) != 1 {
				return value{}, e.fail(n, "%s() has one argument", name)
			}
			v, err := e.numbers(n.args[0])
			if err != nil {
				return v, err
			}
			out := mapped(v, f)
			// A missing value stays missing; what has no logarithm or root is an error of the formula, not of the data.
			for i, x := range out.number {
				if math.IsNaN(x) && !math.IsNaN(v.number[i]) || math.IsInf(x, 0) && !math.IsInf(v.number[i], 0) {
					return out, e.fail(n, "%s of %v, in row %d, is not defined", name, v.number[i], i)
				}
			}
			return out, nil
		}
	}
}

// arguments sorts out a call's arguments: those without a name fill the parameters from the first.
func (e *evaluator) arguments(n *node, parameters ...string) (map[string]*node, error) {
	out := make(map[string]*node)

	for i, key := range n.keys {
		if key != "" {
			if !slices.Contains(parameters, key) || out[key] != nil {
				return nil, e.fail(n.args[i], "%s() has no argument %s, or has it twice", n.s, key)
			}
			out[key] = n.args[i]
		}
	}
	next := 0

	for i, key := range n.keys {
		if key != "" {
			continue
		}
		for next < len(parameters) && out[parameters[next]] != nil {
			next++
		}
		if next == len(parameters) {
			return nil, e.fail(n.args[i], "%s() has too many arguments", n.s)
		}
		out[parameters[next]] = n.args[i]
	}
	if out[parameters[0]] == nil {
		return nil, e.fail(n, "%s() needs a column", n.s)
	}

	return out, nil
}

// texts evaluates a constant list as texts.
func (e *evaluator) texts(n *node) ([]string, error) {
	v, err := e.eval(n)
	if err != nil {
		return nil, err
	}
	out, ok := v.labels()

	if !ok {
		return nil, e.fail(n, "%s must be given as a list of texts or numbers", n)
	}

	return out, nil
}

// longest is how many constants a list may have.
const longest = 10000

func (e *evaluator) list(n *node) (value, error) {
	out := value{fixed: true}
	var labels []string
	numeric := true

	for _, a := range n.args {
		v, err := e.eval(a)
		if err != nil {
			return v, err
		}
		l, ok := v.labels()
		if !ok {
			return v, e.fail(a, "c() joins constants, not columns")
		}
		if len(labels)+len(l) > longest {
			return v, e.fail(n, "the list is too long")
		}
		labels = append(labels, l...)
		out.number = append(out.number, v.number...)
		numeric = numeric && v.texts == nil
	}
	if len(labels) == 0 {
		return out, e.fail(n, "c() is empty")
	}
	if !numeric {
		out.number, out.texts = nil, labels
	}

	return out, nil
}

// factor makes a column categorical: factor(x, levels = c(…), labels = c(…)). Without levels they sort as numbers or stand as the data
// have them. A value that is none of the levels is missing.
func (e *evaluator) factor(n *node) (value, error) {
	args, err := e.arguments(n, "x", "levels", "labels")
	if err != nil {
		return value{}, err
	}
	v, err := e.eval(args["x"])
	if err != nil {
		return v, err
	}
	if v.fixed {
		return v, e.fail(n, "%s() needs a column, not a constant", n.s)
	}
	v = factorOf(v)

	if args["levels"] != nil {
		levels, err := e.texts(args["levels"])
		if err != nil {
			return v, err
		}
		v = recode(v, levels)
	}
	if args["labels"] != nil {
		labels, err := e.texts(args["labels"])
		if err != nil {
			return v, err
		}
		if len(labels) != len(v.levels) {
			return v, e.fail(args["labels"], "%d labels for %d levels", len(labels), len(v.levels))
		}
		v.levels = labels
	}
	if repeated, ok := twice(v.levels); ok {
		return v, e.fail(n, "the level %q is given twice", repeated)
	}

	return v, nil
}

func twice(levels []string) (string, bool) {
	for i, l := range levels {
		if slices.Contains(levels[:i], l) {
			return l, true
		}
	}

	return "", false
}

// recode gives a categorical value other levels; what is none of them is missing.
func recode(v value, levels []string) value {
	to := make([]int32, len(v.levels))
	for i, l := range v.levels {
		to[i] = int32(slices.Index(levels, l))
	}
	out := value{codes: make([]int32, len(v.codes)), levels: levels}

	for i, c := range v.codes {
		out.codes[i] = -1
		if c >= 0 {
			out.codes[i] = to[c]
		}
	}

	return out
}

// relevel makes another level the reference: relevel(x, ref = "H").
func (e *evaluator) relevel(n *node) (value, error) {
	args, err := e.arguments(n, "x", "ref")
	if err != nil {
		return value{}, err
	}
	v, err := e.eval(args["x"])
	if err != nil {
		return v, err
	}
	if v.levels == nil || args["ref"] == nil {
		return v, e.fail(n, "relevel() needs a categorical column and a level, ref")
	}
	ref, err := e.texts(args["ref"])
	if err != nil {
		return v, err
	}
	if len(ref) != 1 || !slices.Contains(v.levels, ref[0]) {
		return v, &LevelError{Variable: n.String(), Level: ref[0], Row: -1, Reason: "the column has no such level"}
	}
	levels := slices.Concat(ref, slices.DeleteFunc(slices.Clone(v.levels), func(l string) bool { return l == ref[0] }))

	return recode(v, levels), nil
}

// asNumeric reads labels as numbers; what is no number is missing.
func (e *evaluator) asNumeric(n *node) (value, error) {
	args, err := e.arguments(n, "x")
	if err != nil {
		return value{}, err
	}
	v, err := e.eval(args["x"])
	if err != nil {
		return v, err
	}
	if v.texts != nil {
		return v, e.fail(n, "as.numeric() needs a column")
	}
	if v.levels == nil {
		return value{number: v.number, fixed: v.fixed}, nil
	}
	out := value{number: make([]float64, len(v.codes))}

	for i, c := range v.codes {
		out.number[i] = math.NaN()
		if c >= 0 {
			out.number[i] = parseLabel(v.levels[c])
		}
	}

	return out, nil
}

// cut groups numbers by breaks: cut(x, c(0, 10, 20), labels = c("a", "b"), right = TRUE, include.lowest = FALSE).
// What lies outside the breaks is missing.
func (e *evaluator) cut(n *node) (value, error) {
	args, err := e.arguments(n, "x", "breaks", "labels", "include.lowest", "right")
	if err != nil {
		return value{}, err
	}
	x, err := e.numbers(args["x"])
	if err != nil {
		return x, err
	}
	if args["breaks"] == nil || x.fixed {
		return x, e.fail(n, "cut() needs a column and its breaks")
	}
	b, err := e.eval(args["breaks"])
	if err != nil {
		return b, err
	}
	if !b.fixed || b.texts != nil || len(b.number) < 2 {
		return b, e.fail(n, "the breaks must be given, two numbers or more")
	}
	breaks := slices.Clone(b.number)
	slices.Sort(breaks)

	if len(slices.Compact(slices.Clone(breaks))) != len(breaks) || math.IsNaN(breaks[0]) {
		return b, e.fail(n, "a break is given twice or is no number")
	}
	right, err := e.flag(args["right"], true)
	if err != nil {
		return b, err
	}
	lowest, err := e.flag(args["include.lowest"], false)
	if err != nil {
		return b, err
	}
	out := value{codes: make([]int32, len(x.number)), levels: intervals(breaks, right, lowest)}

	if args["labels"] != nil {
		if out.levels, err = e.texts(args["labels"]); err != nil {
			return out, err
		}
		if len(out.levels) != len(breaks)-1 {
			return out, e.fail(args["labels"], "%d labels for %d intervals", len(out.levels), len(breaks)-1)
		}
		if repeated, ok := twice(out.levels); ok {
			return out, e.fail(args["labels"], "the level %q is given twice", repeated)
		}
	}
	for i, v := range x.number {
		out.codes[i] = interval(breaks, v, right, lowest)
	}

	return out, nil
}

func (e *evaluator) flag(n *node, otherwise bool) (bool, error) {
	if n == nil {
		return otherwise, nil
	}
	v, err := e.numbers(n)
	if err != nil {
		return false, err
	}
	if !v.fixed {
		return false, e.fail(n, "TRUE or FALSE is needed here")
	}

	return v.number[0] != 0, nil
}

// interval is the code of the interval that x lies in; -1 for none.
func interval(breaks []float64, x float64, right, lowest bool) int32 {
	last := len(breaks) - 1

	switch {
	case math.IsNaN(x) || x < breaks[0] || x > breaks[last]:
		return -1
	case x == breaks[0]:
		if right && !lowest {
			return -1
		}
		return 0
	case x == breaks[last]:
		if !right && !lowest {
			return -1
		}
		return int32(last - 1)
	}
	i, exact := slices.BinarySearch(breaks, x)
	if exact && !right {
		i++
	}

	return int32(i - 1)
}

// intervals names them as R does: three significant digits, or as many as it takes to tell the breaks apart.
func intervals(breaks []float64, right, lowest bool) []string {
	names := make([]string, len(breaks))

	for digits := 3; digits <= 15; digits++ {
		for i, b := range breaks {
			v, _ := strconv.ParseFloat(strconv.FormatFloat(b, 'g', digits, 64), 64)
			names[i] = label(v)
		}
		if _, ok := twice(names); !ok {
			break
		}
	}
	out := make([]string, len(breaks)-1)

	for i := range out {
		open, closing := "(", "]"
		if !right {
			open, closing = "[", ")"
		}
		if lowest && right && i == 0 {
			open = "["
		}
		if lowest && !right && i == len(out)-1 {
			closing = "]"
		}
		out[i] = open + names[i] + "," + names[i+1] + closing
	}

	return out
}
