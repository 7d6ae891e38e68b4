package survey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// FaultCode names one kind of fault of a framework's document. It is stable: machines read it.
type FaultCode string

// The faults of a document.
const (
	FaultID            FaultCode = "id_missing"
	FaultMeasure       FaultCode = "measure_unknown"
	FaultSubject       FaultCode = "subject_unknown"
	FaultDecimals      FaultCode = "decimals_out_of_range"
	FaultDays          FaultCode = "days_out_of_order"
	FaultYears         FaultCode = "years_out_of_order"
	FaultNoCode        FaultCode = "code_missing"
	FaultTwice         FaultCode = "code_twice"
	FaultNumber        FaultCode = "number_not_finite"
	FaultBounds        FaultCode = "bounds_out_of_order"
	FaultShape         FaultCode = "neither_leaf_nor_node"
	FaultCombine       FaultCode = "combine_unknown"
	FaultMissing       FaultCode = "missing_rule_unknown"
	FaultRescale       FaultCode = "rescale_negative"
	FaultWeight        FaultCode = "weight_missing"
	FaultWeightUnread  FaultCode = "weight_unread"
	FaultWeightSum     FaultCode = "weights_sum_wrong"
	FaultMeanNegative  FaultCode = "mean_negative"
	FaultIntercept     FaultCode = "intercept_unread"
	FaultRound         FaultCode = "round_out_of_range"
	FaultRounding      FaultCode = "rounding_unknown"
	FaultValueKind     FaultCode = "value_unknown"
	FaultItem          FaultCode = "item_missing"
	FaultItemUnread    FaultCode = "item_unread"
	FaultItemUnasked   FaultCode = "item_not_asked"
	FaultAnswers       FaultCode = "codes_missing"
	FaultBoundsMissing FaultCode = "bounds_missing"
	FaultDirection     FaultCode = "direction_unknown"
	FaultUnanswered    FaultCode = "unanswered_unknown"
	FaultRange         FaultCode = "range_inside_bounds"
	FaultRate          FaultCode = "rate_incomplete"
	FaultRule          FaultCode = "rule_unreadable"
	FaultRuleLast      FaultCode = "rule_after_last"
	FaultRuleValue     FaultCode = "rule_value_outside"
	FaultFact          FaultCode = "fact_unread"
	FaultLink          FaultCode = "link_incomplete"
	FaultNodeUnknown   FaultCode = "node_unknown"
	FaultCycle         FaultCode = "cycle"
	FaultBreakYear     FaultCode = "break_outside_years"
	FaultGradeOrder    FaultCode = "grades_out_of_order"
	FaultAttainable    FaultCode = "attainable_wrong"
)

var faultSentences = map[FaultCode]string{
	FaultID:            "a framework needs an id of small letters, digits and hyphens, and a version from 1 on",
	FaultMeasure:       "{value} is neither percent nor points",
	FaultSubject:       "{value} is neither unit nor officer",
	FaultDecimals:      "{value} decimals cannot be printed; write 0 to 9",
	FaultDays:          "the last day {to} lies before the first, {from}, or one of them is no day; write 2019-01-06",
	FaultYears:         "the last year {to} lies before the first, {from}",
	FaultNoCode:        "the node has no code; give each node one of its own",
	FaultTwice:         "the code stands already at {first}; give each node one of its own",
	FaultNumber:        "{value} is no number that can stand here; write a finite one, and no count below 0",
	FaultBounds:        "the bounds {min} to {max} are not in order; the smaller one comes first",
	FaultShape:         "a node has either children, and says how they combine, or a value; this one has both or neither",
	FaultCombine:       "{value} is no way to combine; write sum, linear, mean or mean_of_leaves",
	FaultMissing:       "{value} does not say what a missing part does; write fail, drop, rescale or floor",
	FaultRescale:       "weights cannot be spread over the others where one is below zero ({child}); write drop, fail or floor",
	FaultWeight:        "the parent weighs its children and this one has no coefficient; give it one, or say \"unscored\": true",
	FaultWeightUnread:  "the parent does not weigh its children, so the coefficient {value} would have no effect; make the parent linear or leave it out",
	FaultWeightSum:     "the coefficients of the children sum to {sum} and not to {value}; mend one of them",
	FaultMeanNegative:  "a mean cannot weigh {child} by {value}; weights of a mean are above zero",
	FaultIntercept:     "only a linear node has an intercept; make it linear or leave the intercept out",
	FaultRound:         "{value} decimals cannot be kept; write 0 to 9",
	FaultRounding:      "{value} is no way to round; write half_away, half_even or cut, and the decimals in \"round\"",
	FaultValueKind:     "{value} is no kind of value; write share, mean, score, median, count, total, rate or given",
	FaultItem:          "the value is not bound to anything; name the item or the column of its answers",
	FaultItemUnread:    "a {kind} does not read {value}; leave it out",
	FaultItemUnasked:   "no questionnaire asks {value}; bind the indicator to an item that is asked",
	FaultAnswers:       "a {kind} names the answers that count, as whole numbers",
	FaultBoundsMissing: "a {kind} states the lowest and the highest value that it is scaled from",
	FaultDirection:     "{value} is no direction; write up where higher is better and down where higher is worse",
	FaultUnanswered:    "{value} does not say what an open answer does to the count; write leave_out or not_met",
	FaultRange:         "the range {min} to {max} does not reach over the bounds; it holds the values that can come, beyond which the bounds cut",
	FaultRate:          "a rate has columns in \"of\" and in \"over\", each with a name and a coefficient other than 0",
	FaultRule:          "rule {rule} cannot be read: {why}",
	FaultRuleLast:      "rule {rule} has no condition and so always holds; put it last",
	FaultRuleValue:     "rule {rule} gives {value}, outside {min} to {max}",
	FaultFact:          "no rule reads the column {value}; leave it out, or name it as the rule does",
	FaultLink:          "a link names a framework, at least one node and a factor other than 0",
	FaultNodeUnknown:   "there is no node {value}",
	FaultCycle:         "the node rests on itself: {path}",
	FaultBreakYear:     "the break of {value} lies outside the framework's years",
	FaultGradeOrder:    "grades are listed from the best down, each with a lower bound of its own",
	FaultAttainable:    "the weights allow {min} to {max}, and {stated} is stated; mend the weights or the statement",
}

// FaultCodes lists every kind of fault, so that a test can hold the checks and the sentences against it.
func FaultCodes() []FaultCode { return slices.Sorted(maps.Keys(faultSentences)) }

// Fault is one thing that is wrong with a framework's document, and where.
type Fault struct {
	Path   string            `json:"path"` // the codes from the root down, "total/1/1.1"; the document itself is ""
	Field  string            `json:"field"`
	Code   FaultCode         `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}

// String says where, what and what to do.
func (f Fault) String() string {
	s := faultSentences[f.Code]
	for _, k := range slices.Sorted(maps.Keys(f.Params)) {
		s = strings.ReplaceAll(s, "{"+k+"}", f.Params[k])
	}
	where := f.Path
	if f.Field != "" {
		if where != "" {
			where += ", "
		}
		where += f.Field
	}
	return where + ": " + s
}

// Faults are all that is wrong with a document.
type Faults []Fault

// mostFaults is how many faults an error's text names; the value holds them all.
const mostFaults = 12

func (f Faults) Error() string {
	parts := make([]string, 0, mostFaults+1)
	for i, fault := range f {
		if i == mostFaults {
			parts = append(parts, fmt.Sprintf("and %d more", len(f)-i))
			break
		}
		parts = append(parts, fault.String())
	}
	return strings.Join(parts, "; ")
}

// decodeDocument reads a JSON document. Unknown and repeated keys are refused: a misspelt key would silently lose a weight. The
// error says on which line the text is not what it should be.
func decodeDocument(doc []byte, into any) error {
	if err := singleKeys(doc); err != nil {
		return err
	}
	err := decodeStrict(doc, into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: %w", lineOf(doc, syntax.Offset), err)
	case errors.As(err, &kind):
		return fmt.Errorf("%s, %s: a %s stands where it should be another kind of value", lineOf(doc, kind.Offset), kind.Field, kind.Value)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%s: the document ends in the middle", lineOf(doc, int64(len(doc))))
	}
	return err
}

func lineOf(doc []byte, offset int64) string {
	offset = min(max(offset, 0), int64(len(doc)))
	return fmt.Sprintf("line %d", 1+bytes.Count(doc[:offset], []byte{'\n'}))
}

// singleKeys refuses an object that has a key twice. What is no JSON at all is for the decoder to tell.
func singleKeys(doc []byte) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	type level struct {
		keys map[string]bool // nil in an array
		key  bool            // a key comes next
	}
	var open []level
	for {
		token, err := d.Token()
		if err != nil {
			return nil
		}
		in := func() *level {
			if len(open) == 0 {
				return &level{}
			}
			return &open[len(open)-1]
		}
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				in().key = in().keys != nil
				open = append(open, level{keys: map[string]bool{}, key: true})
			case '[':
				in().key = in().keys != nil
				open = append(open, level{})
			default:
				open = open[:len(open)-1]
			}
		case string:
			if l := in(); l.key {
				if l.keys[t] {
					return fmt.Errorf("%s: the key %q stands twice", lineOf(doc, d.InputOffset()), t)
				}
				l.keys[t], l.key = true, false
				continue
			}
			in().key = in().keys != nil
		default:
			in().key = in().keys != nil
		}
	}
}

// checker collects the faults of a document.
type checker struct {
	framework *Framework
	faults    Faults
	path      string
	places    map[string]string // of each code
}

func (c *checker) fault(field string, code FaultCode, params ...any) {
	f := Fault{Path: c.path, Field: field, Code: code}
	for i := 0; i+1 < len(params); i += 2 {
		if f.Params == nil {
			f.Params = map[string]string{}
		}
		f.Params[fmt.Sprint(params[i])] = fmt.Sprint(params[i+1])
	}
	c.faults = append(c.faults, f)
}

func (f *Framework) check() Faults {
	c := &checker{framework: f, places: map[string]string{}}
	c.document()
	f.Walk(func(n *Node, above []*Node) {
		codes := make([]string, 0, len(above)+1)
		for _, a := range above {
			codes = append(codes, a.Code)
		}
		c.path = strings.Join(append(codes, n.Code), "/")
		var parent *Node
		if len(above) > 0 {
			parent = above[len(above)-1]
		}
		c.node(n, parent)
	})
	for i := range f.Derived {
		c.path = f.Derived[i].Code
		c.derived(&f.Derived[i])
	}
	c.path = ""
	c.cycles()
	for _, b := range f.Breaks {
		if _, known := c.places[b.Node]; !known {
			c.fault("breaks", FaultNodeUnknown, "value", b.Node)
		}
		if !f.Years.Holds(b.Year) {
			c.fault("breaks", FaultBreakYear, "value", b.Node)
		}
	}
	c.facts()
	for i, g := range f.Grades {
		if !finite(g.From) || g.Code == "" || i > 0 && g.From >= f.Grades[i-1].From {
			c.fault("grades", FaultGradeOrder)
			break
		}
	}
	return c.faults
}

// facts checks the bounds of columns of facts.
func (c *checker) facts() {
	read := map[string]bool{}
	c.framework.Walk(func(n *Node, _ []*Node) {
		if n.Value == nil {
			return
		}
		for _, column := range n.Value.RuleColumns() {
			read[column] = true
		}
	})
	for _, column := range slices.Sorted(maps.Keys(c.framework.Facts)) {
		b := c.framework.Facts[column]
		c.bounds("facts."+column, &b)
		if !read[column] {
			c.fault("facts", FaultFact, "value", column)
		}
	}
}

func (c *checker) document() {
	f := c.framework
	plain := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	}
	if f.ID == "" || f.Version < 1 || strings.ContainsFunc(f.ID, plain) {
		c.fault("id", FaultID)
	}
	if f.Measure != Percent && f.Measure != Points {
		c.fault("measure", FaultMeasure, "value", quoted(string(f.Measure)))
	}
	if f.Subject != "" && f.Subject != SubjectUnit && f.Subject != SubjectOfficer {
		c.fault("subject", FaultSubject, "value", quoted(string(f.Subject)))
	}
	if f.Decimals < 0 || f.Decimals > 9 {
		c.fault("decimals", FaultDecimals, "value", f.Decimals)
	}
	if f.MinAnswers < 0 {
		c.fault("min_answers", FaultNumber, "value", f.MinAnswers)
	}
	if v := f.InForce; v != nil {
		_, from := ParseDay(string(v.From))
		_, to := ParseDay(string(v.To))
		if v.From != "" && !from || v.To != "" && !to || v.From != "" && v.To != "" && v.To < v.From {
			c.fault("in_force", FaultDays, "from", v.From, "to", v.To)
		}
	}
	c.years(f.Years)
}

func (c *checker) years(y *Years) {
	if y != nil && (y.From < 1 || y.To < y.From) {
		c.fault("years", FaultYears, "from", y.From, "to", y.To)
	}
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// code takes note of a node's code.
func (c *checker) code(code string) {
	if code == "" {
		c.fault("code", FaultNoCode)
		return
	}
	if first, twice := c.places[code]; twice {
		c.fault("code", FaultTwice, "first", first)
		return
	}
	c.places[code] = c.path
}

func (c *checker) bounds(field string, b *Bounds) {
	if b != nil && (!finite(b.Min) || !finite(b.Max) || !(b.Min < b.Max) || !finite(b.Max-b.Min)) {
		c.fault(field, FaultBounds, "min", b.Min, "max", b.Max)
	}
}

func (c *checker) rounding(round *int, rule Rounding) {
	if round != nil && (*round < 0 || *round > 9) {
		c.fault("round", FaultRound, "value", *round)
	}
	known := rule == "" || rule == RoundHalfAway || rule == RoundHalfEven || rule == RoundCut
	if !known || rule != "" && round == nil {
		c.fault("rounding", FaultRounding, "value", quoted(string(rule)))
	}
}

func (c *checker) node(n, parent *Node) {
	c.code(n.Code)
	if !finite(n.Coefficient) {
		c.fault("coefficient", FaultNumber, "value", n.Coefficient)
	}
	c.bounds("nominal", n.Nominal)
	c.bounds("attainable", n.Attainable)
	c.rounding(n.Round, n.Rounding)
	switch {
	case parent == nil:
	case parent.Combine.weighted():
		if n.Coefficient == 0 && !n.Unscored {
			c.fault("coefficient", FaultWeight)
		}
		if parent.Combine == CombineMean && n.Coefficient < 0 {
			c.fault("coefficient", FaultMeanNegative, "child", n.Code, "value", n.Coefficient)
		}
	case n.Coefficient != 0:
		c.fault("coefficient", FaultWeightUnread, "value", n.Coefficient)
	}
	if (n.Value == nil) == (len(n.Children) == 0) {
		c.fault("", FaultShape)
		return
	}
	if n.Value != nil {
		if n.Combine != "" || n.Missing != "" || n.Intercept != 0 || n.WeightsSum != nil {
			c.fault("", FaultShape)
		}
		c.value(n)
		return
	}
	c.inner(n)
}

// inner checks a node with children.
func (c *checker) inner(n *Node) {
	if !slices.Contains([]Combine{CombineMeanOfLeaves, CombineSum, CombineMean, CombineLinear}, n.Combine) {
		c.fault("combine", FaultCombine, "value", quoted(string(n.Combine)))
	}
	if !slices.Contains([]MissingRule{MissingFail, MissingDrop, MissingRescale, MissingFloor}, n.Missing) {
		c.fault("missing", FaultMissing, "value", quoted(string(n.Missing)))
	}
	if n.Intercept != 0 && n.Combine != CombineLinear || !finite(n.Intercept) {
		c.fault("intercept", FaultIntercept)
	}
	if !n.Combine.weighted() {
		if n.WeightsSum != nil {
			c.fault("weights_sum", FaultItemUnread, "kind", string(n.Combine), "value", "weights_sum")
		}
		return
	}
	sum := 0.0
	for _, child := range n.Children {
		sum += child.Coefficient
		if child.Coefficient < 0 && n.Missing == MissingRescale {
			c.fault("missing", FaultRescale, "child", child.Code)
		}
	}
	if n.Combine == CombineMean && sum == 0 {
		c.fault("combine", FaultMeanNegative, "child", "everything", "value", 0)
	}
	if n.WeightsSum != nil && math.Abs(sum-*n.WeightsSum) > 1e-9*math.Max(1, math.Abs(sum)) {
		c.fault("weights_sum", FaultWeightSum, "sum", sum, "value", *n.WeightsSum)
	}
}

// value checks where an indicator's number comes from.
func (c *checker) value(n *Node) {
	v := n.Value
	kinds := []string{ValueShare, ValueMean, ValueScore, ValueMedian, ValueCount, ValueTotal, ValueRate, ValueGiven}
	if !slices.Contains(kinds, v.Kind) {
		c.fault("value.kind", FaultValueKind, "value", quoted(v.Kind))
		return
	}
	is := func(kinds ...string) bool { return slices.Contains(kinds, v.Kind) }
	unread := func(field string, there bool) {
		if there {
			c.fault("value."+field, FaultItemUnread, "kind", v.Kind, "value", field)
		}
	}
	switch {
	case is(ValueCount):
		if len(v.Items) == 0 || slices.Contains(v.Items, "") {
			c.fault("value.items", FaultItem)
		}
		unread("item", v.Item != "")
		if v.Unanswered != "leave_out" && v.Unanswered != "not_met" {
			c.fault("value.unanswered", FaultUnanswered, "value", quoted(v.Unanswered))
		}
	case is(ValueRate, ValueGiven):
		unread("item", v.Item != "")
	case v.Item == "":
		c.fault("value.item", FaultItem)
	}
	unread("items", len(v.Items) > 0 && !is(ValueCount))
	unread("unanswered", v.Unanswered != "" && !is(ValueCount))
	if is(ValueShare, ValueCount) && len(v.Codes) == 0 {
		c.fault("value.codes", FaultAnswers, "kind", v.Kind)
	}
	unread("codes", len(v.Codes) > 0 && !is(ValueShare, ValueCount))
	c.scale(n, is)
	if is(ValueRate) && !wholeRate(v.Of, v.Over) {
		c.fault("value.of", FaultRate)
	}
	unread("of", !is(ValueRate) && len(v.Of)+len(v.Over) > 0)
	unread("rules", len(v.Rules) > 0 && !is(ValueScore, ValueGiven))
	unread("unknown", len(v.Unknown) > 0 && !is(ValueGiven))
	c.rules(n)
	if l := v.Link; l != nil && (l.Framework == "" || len(l.Nodes) == 0 || slices.Contains(l.Nodes, "") || l.Factor == 0 || !finite(l.Factor)) {
		c.fault("value.link", FaultLink)
	}
}

// scale checks bounds, direction and range of an indicator.
func (c *checker) scale(n *Node, is func(...string) bool) {
	v := n.Value
	c.bounds("value.bounds", v.Bounds)
	if v.Bounds == nil && is(ValueMean, ValueMedian, ValueCount, ValueRate) {
		c.fault("value.bounds", FaultBoundsMissing, "kind", v.Kind)
	}
	if v.Bounds != nil && is(ValueShare, ValueScore) {
		c.fault("value.bounds", FaultItemUnread, "kind", v.Kind, "value", "bounds")
	}
	known := v.Direction == "up" || v.Direction == "down"
	if v.Bounds != nil && !known || v.Direction != "" && !known {
		c.fault("value.direction", FaultDirection, "value", quoted(v.Direction))
	}
	if v.Direction != "" && !v.Scaled() {
		c.fault("value.direction", FaultItemUnread, "kind", v.Kind, "value", "direction")
	}
	c.bounds("value.answers", v.Answers)
	if v.Answers != nil && is(ValueRate, ValueGiven) {
		c.fault("value.answers", FaultItemUnread, "kind", v.Kind, "value", "answers")
	}
	if v.Range == nil {
		return
	}
	c.bounds("value.range", v.Range)
	if v.Bounds == nil && !is(ValueGiven) {
		c.fault("value.range", FaultItemUnread, "kind", v.Kind, "value", "range")
	}
	if v.Bounds != nil && (v.Range.Min > v.Bounds.Min || v.Range.Max < v.Bounds.Max) {
		c.fault("value.range", FaultRange, "min", v.Range.Min, "max", v.Range.Max)
	}
}

func wholeRate(sums ...[]RateTerm) bool {
	for _, terms := range sums {
		if len(terms) == 0 {
			return false
		}
		for _, t := range terms {
			if t.Column == "" || t.Coefficient == 0 || !finite(t.Coefficient) {
				return false
			}
		}
	}
	return true
}

func (c *checker) rules(n *Node) {
	for i, r := range n.Value.Rules {
		if len(r.When) == 0 && i < len(n.Value.Rules)-1 {
			c.fault("value.rules", FaultRuleLast, "rule", i+1)
		}
		if b := n.Raw(); !finite(r.Value) || b != nil && (r.Value < b.Min || r.Value > b.Max) {
			low, high := math.Inf(-1), math.Inf(1)
			if b != nil {
				low, high = b.Min, b.Max
			}
			c.fault("value.rules", FaultRuleValue, "rule", i+1, "value", r.Value, "min", low, "max", high)
		}
		for _, w := range r.When {
			if why := w.fault(); why != "" {
				c.fault("value.rules", FaultRule, "rule", i+1, "why", why)
			}
		}
	}
}

// fault says what is wrong with a condition; "" when nothing is.
func (w Condition) fault() string {
	sides := 0
	for _, there := range []bool{w.Number != nil, w.Than != "", len(w.Words) > 0} {
		if there {
			sides++
		}
	}
	switch {
	case w.Column == "":
		return "a condition names a column"
	case comparisons[w.Op] == nil:
		return fmt.Sprintf("%q is no comparison; write <, <=, =, !=, >= or >", w.Op)
	case sides != 1:
		return "a condition compares with one of number, than and words"
	case w.Number != nil && !finite(*w.Number):
		return "the number is not finite"
	case len(w.Words) > 0 && (w.Op != "=" && w.Op != "!=" || slices.Contains(w.Words, "")):
		return "words are compared by = or !=, and none is empty"
	}
	return ""
}

func (c *checker) derived(d *DerivedNode) {
	c.code(d.Code)
	c.bounds("nominal", d.Nominal)
	c.rounding(d.Round, d.Rounding)
	c.years(d.Years)
	if !d.Combine.weighted() {
		c.fault("combine", FaultCombine, "value", quoted(string(d.Combine)))
	}
	if !slices.Contains([]MissingRule{MissingFail, MissingDrop, MissingRescale, MissingFloor}, d.Missing) {
		c.fault("missing", FaultMissing, "value", quoted(string(d.Missing)))
	}
	if d.Intercept != 0 && d.Combine != CombineLinear || !finite(d.Intercept) {
		c.fault("intercept", FaultIntercept)
	}
	if len(d.Terms) == 0 {
		c.fault("terms", FaultShape)
	}
	seen := map[string]bool{}
	for _, t := range d.Terms {
		switch {
		case t.Coefficient == 0:
			c.fault("terms", FaultWeight)
		case !finite(t.Coefficient):
			c.fault("terms", FaultNumber, "value", t.Coefficient)
		case d.Combine == CombineMean && t.Coefficient < 0:
			c.fault("terms", FaultMeanNegative, "child", t.Node, "value", t.Coefficient)
		case d.Missing == MissingRescale && t.Coefficient < 0:
			c.fault("missing", FaultRescale, "child", t.Node)
		}
		if seen[t.Node] {
			c.fault("terms", FaultTwice, "first", c.path+"/"+t.Node)
		}
		seen[t.Node] = true
	}
}

// cycles finds derived nodes that name what is not there, or that rest on themselves.
func (c *checker) cycles() {
	byCode := map[string]*DerivedNode{}
	for i := range c.framework.Derived {
		byCode[c.framework.Derived[i].Code] = &c.framework.Derived[i]
	}
	state := map[string]int{} // 1 while it is being looked at, 2 when done
	var path []string
	var visit func(d *DerivedNode)
	visit = func(d *DerivedNode) {
		state[d.Code] = 1
		path = append(path, d.Code)
		for _, t := range d.Terms {
			c.path = d.Code
			if _, known := c.places[t.Node]; !known {
				c.fault("terms", FaultNodeUnknown, "value", t.Node)
				continue
			}
			next := byCode[t.Node]
			switch {
			case next == nil || state[t.Node] == 2:
			case state[t.Node] == 1:
				c.fault("terms", FaultCycle, "path", strings.Join(append(path, t.Node), " → "))
			default:
				visit(next)
			}
		}
		path = path[:len(path)-1]
		state[d.Code] = 2
	}
	for i := range c.framework.Derived {
		if d := &c.framework.Derived[i]; state[d.Code] == 0 {
			visit(d)
		}
	}
	c.path = ""
}

// Unasked returns a fault for every indicator that is computed from answers to an item which is not asked.
func (f *Framework) Unasked(asked func(item string) bool) Faults {
	c := &checker{framework: f}
	f.Walk(func(n *Node, above []*Node) {
		if n.Value == nil {
			return
		}
		c.path = ""
		for _, a := range above {
			c.path += a.Code + "/"
		}
		c.path += n.Code
		items := n.Value.Items
		if n.Value.Item != "" {
			items = []string{n.Value.Item}
		}
		for _, item := range items {
			if !asked(item) {
				c.fault("value.item", FaultItemUnasked, "value", item)
			}
		}
	})
	return c.faults
}
