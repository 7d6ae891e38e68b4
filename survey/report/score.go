package report

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"sipas/analysis/index"
	"sipas/survey"
)

// NodeState says how a node of a scored framework came by its score, or why it has none.
type NodeState string

// The states of a node. The first five have a score.
const (
	NodeComputed   NodeState = "computed"    // from everything that it is made of
	NodeGiven      NodeState = "given"       // stated by the table as a whole
	NodeIncomplete NodeState = "incomplete"  // without parts that are missing, as the framework allows
	NodeSelfScored NodeState = "self_scored" // some of it is what the unit gave itself, and nobody appraised
	NodeProjection NodeState = "projection"  // some of it stands in for a figure that is not there
	NodeMissing    NodeState = "missing"     // something that it is made of has no value
	NodeNoFormula  NodeState = "no_formula"  // nobody knows how it follows from what is there, and nothing is guessed
	NodeWithheld   NodeState = "withheld"    // it rests on fewer answers than the framework asks for
)

// ScoreDocument is the scores of units by one framework.
type ScoreDocument struct {
	Framework string        `json:"framework"`
	Version   int           `json:"version"`
	Level     float64       `json:"confidence,omitempty"` // of the intervals, where there are any
	Method    string        `json:"method,omitempty"`     // of the standard errors
	Notes     []survey.Note `json:"notes,omitempty"`
	Units     []UnitScore   `json:"units"`
}

// UnitScore is the scores of one unit. Total is that of the root, whose node says how it came about or why there is none.
type UnitScore struct {
	Unit  string      `json:"unit"`
	Total *float64    `json:"total"`
	Nodes []NodeScore `json:"nodes"`
	// Grade and PercentOfAttainable belong to the total. A grade is incomplete as long as something is missing.
	Grade               string   `json:"grade,omitempty"`
	GradeIncomplete     bool     `json:"grade_incomplete,omitempty"`
	PercentOfAttainable *float64 `json:"percent_of_attainable,omitempty"`
}

// NodeScore is the score of one node. Min and Max are the nominal scale where the framework states one, and else what
// can be attained; both are nil where nobody knows them. The attainable bounds are those of what is present.
type NodeScore struct {
	Code          string    `json:"code"`
	Score         *float64  `json:"score"`
	Min           *float64  `json:"min"`
	Max           *float64  `json:"max"`
	State         NodeState `json:"state"`
	Reason        string    `json:"reason"` // in English
	AttainableMin *float64  `json:"attainable_min"`
	AttainableMax *float64  `json:"attainable_max"`
	*NodeError
	Evidence []string `json:"evidence,omitempty"`
	// Because is the reason by code, so that it can be said in the reader's language.
	Because []survey.Note `json:"because,omitempty"`
}

// NodeError is how sure a score from answers is.
type NodeError struct {
	SE   *float64 `json:"se"`
	Low  *float64 `json:"ci_low"`
	High *float64 `json:"ci_high"`
	N    int      `json:"n"`
	DF   *float64 `json:"df"`
	// Interval is the method of the interval.
	Interval string `json:"interval,omitempty"`
}

// Scorer computes a framework from tables and files of answers. It is immutable.
type Scorer struct {
	framework *survey.Framework
	tree      *index.Tree
	leaves    []*survey.Node
	above     map[string][]*survey.Node
}

// NewScorer compiles a framework.
func NewScorer(f *survey.Framework) (*Scorer, error) {
	tree, err := Compile(f)
	if err != nil {
		return nil, err
	}
	s := &Scorer{framework: f, tree: tree, leaves: f.Root.Leaves(), above: map[string][]*survey.Node{}}
	f.Walk(func(n *survey.Node, above []*survey.Node) { s.above[n.Code] = slices.Clone(above) })
	return s, nil
}

// Framework returns what is computed.
func (s *Scorer) Framework() *survey.Framework { return s.framework }

// Reach returns the lowest and the highest score that a node can have; known is false where a part has no bounds.
func (s *Scorer) Reach(code string) (low, high float64, known bool) {
	b, ok := s.tree.Reach(code)
	return b.Min, b.Max, ok && !math.IsInf(b.Max-b.Min, 0)
}

// Column is a column that a table for a framework may have.
type Column struct {
	Name   string
	Bounds *survey.Bounds // of numbers; nil admits any, and of facts also words
	Words  bool           // it holds facts for rules, in numbers or words
	Also   string         // another heading under which it may come
}

// Columns lists the columns that a table for the framework may have: the codes of its indicators; those of nodes above,
// which a publisher may give as a whole; and the facts of rates and rules. Shares of a per cent framework stand in per cent.
func (s *Scorer) Columns() []Column {
	var out []Column
	add := func(c Column) {
		if !slices.ContainsFunc(out, func(o Column) bool { return o.Name == c.Name }) {
			out = append(out, c)
		}
	}
	for _, l := range s.leaves {
		add(Column{Name: l.Code, Bounds: s.framework.TableBounds(l), Also: l.Value.Column})
		for _, t := range slices.Concat(l.Value.Of, l.Value.Over) {
			add(Column{Name: t.Column, Bounds: &survey.Bounds{Min: 0, Max: math.Inf(1)}})
		}
		for _, name := range l.Value.RuleColumns() {
			fact := Column{Name: name, Words: true}
			if b, stated := s.framework.Facts[name]; stated {
				fact.Bounds = &b
			}
			add(fact)
		}
	}
	s.framework.Walk(func(n *survey.Node, above []*survey.Node) {
		if n.Value != nil || len(above) == 0 {
			return
		}
		reach, _ := s.tree.Reach(n.Code)
		if n.Nominal != nil {
			reach = index.Bounds{Min: min(reach.Min, n.Nominal.Min), Max: max(reach.Max, n.Nominal.Max)}
		}
		// Nominal bounds are printed with two decimals.
		add(Column{Name: n.Code, Bounds: &survey.Bounds{Min: reach.Min - 0.005, Max: reach.Max + 0.005}})
	})
	return out
}

// TablePlan says which columns of a table a score is made of. Of a node and what is below it, the most detailed columns are taken.
type TablePlan struct {
	scorer *Scorer
	has    map[string]bool
	inner  map[string]bool // nodes that are taken as a whole
	Notes  []survey.Note   // columns that are not read although they have a name of the framework, and why
}

// Plan looks at the columns that a table has.
func (s *Scorer) Plan(columns []string) *TablePlan {
	p := &TablePlan{scorer: s, has: map[string]bool{}, inner: map[string]bool{}}
	for _, c := range columns {
		p.has[c] = true
	}
	s.framework.Walk(func(n *survey.Node, above []*survey.Node) {
		if n.Value != nil || len(above) == 0 || !p.has[n.Code] {
			return
		}
		if p.below(n) {
			p.Notes = append(p.Notes, survey.NewNote(survey.NoteColumnComputed, survey.NoteParams{Node: n.Code}))
			return
		}
		p.inner[n.Code] = true
	})
	for _, l := range s.leaves {
		if facts := p.facts(l); facts && p.has[l.Code] {
			p.Notes = append(p.Notes, survey.NewNote(survey.NoteColumnRead, survey.NoteParams{Node: l.Code}))
		}
	}
	return p
}

// below reports whether the table has a column for anything below a node.
func (p *TablePlan) below(n *survey.Node) bool {
	for i := range n.Children {
		c := &n.Children[i]
		if p.has[c.Code] || c.Value != nil && p.facts(c) || p.below(c) {
			return true
		}
	}
	return false
}

// facts reports whether the table has all columns from which an indicator can be made.
func (p *TablePlan) facts(l *survey.Node) bool {
	names := l.Value.RuleColumns()
	for _, t := range slices.Concat(l.Value.Of, l.Value.Over) {
		names = append(names, t.Column)
	}
	return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !p.has[n] })
}

// TableRow is what a row of a table has in its columns; what is blank is in neither map.
type TableRow struct {
	Numbers map[string]float64
	Words   map[string]string
}

// RowError says which cell of a row does not go together with the others.
type RowError struct {
	Column, Value string
	Reason        string
}

func (e *RowError) Error() string { return fmt.Sprintf("%s %q: %s", e.Column, e.Value, e.Reason) }

// Readings are the raw values of indicators and given nodes, with what is to be said of them.
type Readings struct {
	Values   map[string]float64
	States   map[string]NodeState     // of a value that is not simply read
	Reasons  map[string][]survey.Note // why there is none, or what is to be said of it
	Evidence map[string][]string
}

// NewReadings returns readings without any value.
func NewReadings() *Readings {
	return &Readings{Values: map[string]float64{}, States: map[string]NodeState{}, Reasons: map[string][]survey.Note{}, Evidence: map[string][]string{}}
}

// clone copies readings, so that what is added to the copy is not in them.
func (r *Readings) clone() *Readings {
	return &Readings{Values: maps.Clone(r.Values), States: maps.Clone(r.States), Reasons: maps.Clone(r.Reasons), Evidence: r.Evidence}
}

// Read takes the values out of a row. The errors are what is wrong with its cells; the readings are then not to be used.
func (p *TablePlan) Read(row TableRow) (*Readings, []*RowError) {
	r := NewReadings()
	var bad []*RowError
	for code := range p.inner {
		if x, ok := row.Numbers[code]; ok {
			r.Values[code], r.States[code] = x, NodeGiven
			continue
		}
		r.Reasons[code] = because(survey.NoteCellBlank, survey.NoteParams{})
	}
	for _, l := range p.scorer.leaves {
		if slices.ContainsFunc(p.scorer.above[l.Code], func(a *survey.Node) bool { return p.inner[a.Code] }) {
			continue
		}
		x, why, err := p.leaf(l, row)
		switch {
		case err != nil:
			bad = append(bad, err)
		case why != nil:
			r.Reasons[l.Code] = why
		default:
			r.Values[l.Code] = x
		}
	}
	return r, bad
}

// leaf takes one indicator out of a row, or says why it has no value.
func (p *TablePlan) leaf(l *survey.Node, row TableRow) (x float64, why []survey.Note, bad *RowError) {
	v := l.Value
	if p.has[l.Code] {
		x, ok := row.Numbers[l.Code]
		if !ok {
			return 0, because(survey.NoteCellBlank, survey.NoteParams{}), nil
		}
		if p.scorer.framework.PerCent(l) {
			x /= 100
		}
		return x, nil, nil
	}
	if !p.facts(l) {
		if facts := slices.Concat(v.RuleColumns(), rateColumns(v)); len(facts) > 0 {
			return 0, because(survey.NoteColumnsMissing, survey.NoteParams{Nodes: facts}), nil
		}
		return 0, because(survey.NoteColumnMissing, survey.NoteParams{}), nil
	}
	if v.Kind == survey.ValueRate {
		return p.rate(l, row)
	}
	x, missing, err := v.Judge(func(column string) string { return row.Words[column] })
	var cell *survey.CellError
	switch {
	case errors.As(err, &cell) && cell.Column == "":
		return 0, because(survey.NoteNoRule, survey.NoteParams{}), nil
	case errors.As(err, &cell):
		return 0, nil, &RowError{Column: cell.Column, Value: cell.Value, Reason: cell.Reason + "; write 0.5 or 0,5 and leave the cell empty where there is none"}
	case missing != "":
		return 0, because(survey.NoteFactBlank, survey.NoteParams{Nodes: []string{missing}}), nil
	}
	return x, nil, nil
}

func rateColumns(v *survey.LeafValue) []string {
	var names []string
	for _, t := range slices.Concat(v.Of, v.Over) {
		if !slices.Contains(names, t.Column) {
			names = append(names, t.Column)
		}
	}
	return names
}

// rate computes 100 × one sum over another.
func (p *TablePlan) rate(l *survey.Node, row TableRow) (x float64, why []survey.Note, bad *RowError) {
	var sums [2]float64
	for i, terms := range [][]survey.RateTerm{l.Value.Of, l.Value.Over} {
		for _, t := range terms {
			n, ok := row.Numbers[t.Column]
			if !ok {
				return 0, because(survey.NoteFactBlank, survey.NoteParams{Nodes: []string{t.Column}}), nil
			}
			sums[i] += t.Coefficient * n
		}
	}
	if sums[1] == 0 {
		return 0, because(survey.NoteRateOfNothing, survey.NoteParams{Node: l.Value.Over[0].Column}), nil
	}
	x = 100 * sums[0] / sums[1]
	if b := l.Raw(); b != nil && !(x >= b.Min-1e-9 && x <= b.Max+1e-9) {
		return 0, nil, &RowError{Column: l.Value.Of[0].Column, Value: fmt.Sprintf("%g", row.Numbers[l.Value.Of[0].Column]),
			Reason: fmt.Sprintf("makes a rate of %.6g for %s, outside %g to %g; do the parts belong to this whole?", x, l.Code, b.Min, b.Max)}
	}
	return x, nil, nil
}

// Score computes one unit from its readings.
func (s *Scorer) Score(unit string, r *Readings) (UnitScore, error) {
	u, _, err := s.score(unit, r)
	return u, err
}

// score also returns the values behind the scores, in their order.
func (s *Scorer) score(unit string, r *Readings) (UnitScore, []index.Value, error) {
	values, err := s.tree.Evaluate(r.Values)
	if err != nil {
		return UnitScore{}, nil, fmt.Errorf("score %s: %w", unit, err)
	}
	u := UnitScore{Unit: unit}
	states := map[string]NodeState{}
	// What is below comes after what is above in the list, but for derived nodes, which come last of all.
	order := make([]int, 0, len(values))
	for i := range values {
		order = append(order, len(values)-1-i)
	}
	nodes := make([]NodeScore, len(values))
	for _, pass := range []bool{false, true} {
		for _, i := range order {
			if derived := i >= len(values)-len(s.framework.Derived); derived == pass {
				nodes[i] = s.node(values[i], r, states)
				states[values[i].Code] = nodes[i].State
			}
		}
	}
	u.Nodes = nodes
	u.Total = nodes[0].Score
	if u.Total != nil && len(s.framework.Grades) > 0 {
		u.Grade, _ = index.GradeOf(gradesOf(s.framework), *u.Total)
		u.GradeIncomplete = nodes[0].State == NodeIncomplete
		percent := values[0].PercentOfAttainable()
		u.PercentOfAttainable = number(percent)
	}
	return u, values, nil
}

func gradesOf(f *survey.Framework) []index.Grade {
	grades := make([]index.Grade, len(f.Grades))
	for i, g := range f.Grades {
		grades[i] = index.Grade{Name: g.Code, From: g.From}
	}
	return grades
}

// node writes the score of one node. states are those of the nodes that it is made of.
func (s *Scorer) node(v index.Value, r *Readings, states map[string]NodeState) NodeScore {
	out := NodeScore{
		Code: v.Code, Score: number(v.Value), Evidence: r.Evidence[v.Code], Because: r.Reasons[v.Code],
		AttainableMin: number(v.Attainable.Min), AttainableMax: number(v.Attainable.Max),
	}
	full := v.AttainableFull
	if v.Nominal != nil {
		full = *v.Nominal
	}
	if out.Min, out.Max = number(full.Min), number(full.Max); out.Score == nil {
		reach := v.AttainableFull
		out.AttainableMin, out.AttainableMax = number(reach.Min), number(reach.Max)
	}
	n, _ := s.framework.Node(v.Code)
	switch {
	case out.Score == nil && n != nil && n.Value != nil:
		out.State, out.Because = s.absentLeaf(n, out.Because)
	case out.Score == nil:
		out.State, out.Because = s.absentNode(v, r)
	case !v.Complete:
		out.State = NodeIncomplete
		code := survey.NotePartsLeftOut
		if n != nil && n.Missing == survey.MissingFloor {
			code = survey.NotePartsAtWorst
		}
		out.Because = because(code, survey.NoteParams{Nodes: v.Missing})
	default:
		out.State = s.presentState(v.Code, n, r, states)
	}
	if n != nil && v.Nominal != nil && v.Value > v.Nominal.Max+0.005*float64(len(n.Leaves())) {
		// Nominal bounds are printed with two decimals, and so are those of the parts.
		out.Because = append(slices.Clone(out.Because), survey.NewNote(survey.NoteAboveMax, survey.NoteParams{Value: v.Nominal.Max}))
	}
	out.Reason = reasonText(out.Because)
	return out
}

// presentState is the state of a node that has a score and misses nothing.
func (s *Scorer) presentState(code string, n *survey.Node, r *Readings, states map[string]NodeState) NodeState {
	if st, told := r.States[code]; told {
		return st
	}
	var parts []string
	switch {
	case n == nil:
		for _, d := range s.framework.Derived {
			for _, t := range d.Terms {
				if d.Code == code {
					parts = append(parts, t.Node)
				}
			}
		}
	case n.Value != nil && n.Value.Kind == survey.ValueGiven && n.Value.Rules == nil:
		return NodeGiven
	}
	if n != nil {
		for i := range n.Children {
			parts = append(parts, n.Children[i].Code)
		}
	}
	worst := NodeComputed
	for _, part := range parts {
		switch states[part] {
		case NodeProjection:
			return NodeProjection
		case NodeSelfScored:
			worst = NodeSelfScored
		}
	}
	return worst
}

// absentLeaf says why an indicator has no score.
func (s *Scorer) absentLeaf(n *survey.Node, why []survey.Note) (NodeState, []survey.Note) {
	if len(n.Value.Unknown) > 0 {
		return NodeNoFormula, []survey.Note{{Text: n.Value.Unknown.In(survey.English)}}
	}
	switch {
	case len(why) > 0:
		return NodeMissing, why
	case len(s.above[n.Code]) == 0:
		return NodeMissing, because(survey.NoteNoValue, survey.NoteParams{})
	}
	return NodeMissing, because(survey.NoteGivenAbove, survey.NoteParams{})
}

// absentNode says why a node above has none.
func (s *Scorer) absentNode(v index.Value, r *Readings) (NodeState, []survey.Note) {
	if why := r.Reasons[v.Code]; len(why) > 0 {
		return NodeMissing, why
	}
	if len(v.Missing) == 0 && v.Reason != "" {
		return NodeMissing, []survey.Note{{Text: v.Reason}}
	}
	var unknown, blank []string
	for _, code := range v.Missing {
		n, _ := s.framework.Node(code)
		if n != nil && n.Value != nil && len(n.Value.Unknown) > 0 {
			unknown = append(unknown, code)
			continue
		}
		blank = append(blank, code)
	}
	var why []survey.Note
	if len(blank) > 0 {
		why = because(survey.NotePartsMissing, survey.NoteParams{Nodes: blank})
	}
	if len(unknown) > 0 {
		why = append(why, survey.NewNote(survey.NoteFormulaUnknown, survey.NoteParams{Nodes: unknown}))
	}
	state := NodeMissing
	if len(blank) == 0 {
		state = NodeNoFormula
	}
	return state, why
}

// because is a reason of one part.
func because(code survey.NoteCode, p survey.NoteParams) []survey.Note {
	return []survey.Note{survey.NewNote(code, p)}
}

// reasonText is a reason in English.
func reasonText(why []survey.Note) string {
	parts := make([]string, len(why))
	for i, n := range why {
		parts[i] = n.Text
	}
	return strings.Join(parts, "; ")
}

// number is nil for what is not a finite number.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
