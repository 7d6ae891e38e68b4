package report

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/index"
	"sipas/survey"
)

// Answers hands out the columns of a file of answers, one value for each row of its design.
type Answers interface {
	// Numbers returns a column of numbers, NaN where one is missing; ok is false where there is no such column.
	Numbers(name string) (values []float64, ok bool, err error)
	// Words returns a column as it is written, "" where a cell is missing.
	Words(name string) (cells []string, ok bool)
}

// AnswerError says which answer cannot be.
type AnswerError struct {
	Row    int
	Column string
	Reason string
}

func (e *AnswerError) Error() string { return fmt.Sprintf("row %d: %s: %s", e.Row, e.Column, e.Reason) }

// SampleOptions are the choices of scoring a file of answers. All of them are printed with the result.
type SampleOptions struct {
	Level float64       // of the intervals
	Rule  estimate.Rule // of medians; empty means estimate.HF1
	// MinAnswers takes the place of the framework's own rule where it is not negative.
	MinAnswers int
	// Given returns values that an office states of a domain; nil, or nil of a domain, where there are none. They have no
	// sampling error, and come before the answers to the same indicator.
	Given func(domain string) *Readings
}

// Sample computes a framework from answers, in every domain. An indicator is estimated by the design; a node is the linear
// function of its indicators that the framework makes it, and its standard error that of this function, from the joint
// covariance of the indicators and never by adding variances. A rate is a ratio of totals, a median has Woodruff's standard
// error and the density that goes with it. Rounding that the framework states is done to the score; standard error and
// interval are those of the value before it.
//
// The interval of a share is Korn and Graubard's; others are score ± t·se, brought inside the bounds on the logit scale
// where they would leave them.
func (s *Scorer) Sample(d *design.Design, answers Answers, domains estimate.Domains, opt SampleOptions) (*ScoreDocument, error) {
	if opt.MinAnswers < 0 {
		opt.MinAnswers = s.framework.MinAnswers
	}
	x := &sampleScore{scorer: s, design: d, domains: domains, options: opt, source: map[string]int{}, absent: map[string][]survey.Note{}}
	for _, l := range s.leaves {
		if err := x.bind(l, answers); err != nil {
			return nil, err
		}
	}
	if err := x.estimate(); err != nil {
		return nil, err
	}
	out := &ScoreDocument{Framework: s.framework.ID, Version: s.framework.Version, Level: opt.Level, Method: "linearization, joint covariance"}
	if p := d.Replicates(); p != nil {
		out.Method = "replicates (" + p.Type + "), joint covariance"
	}
	withheld := false
	for i, name := range domains.Names {
		u, hidden, err := x.unit(i, name)
		if err != nil {
			return nil, err
		}
		withheld = withheld || hidden
		out.Units = append(out.Units, u)
	}
	if withheld {
		out.Notes = append(out.Notes, survey.NewNote(survey.NoteScoresWithheld, survey.NoteParams{Min: opt.MinAnswers}))
	}
	return out, nil
}

// sampleScore is the state of one call of Sample.
type sampleScore struct {
	scorer    *Scorer
	design    *design.Design
	domains   estimate.Domains
	options   SampleOptions
	variables []estimate.Variable
	medians   []bool                   // of each variable
	source    map[string]int           // of an indicator, the variable that it is estimated by
	absent    map[string][]survey.Note // why an indicator has none
	table     *estimate.Table
	stats     [][]estimate.Stat // by domain and variable
	student   estimate.Student
}

// bind finds the answers that an indicator is estimated from.
func (x *sampleScore) bind(l *survey.Node, answers Answers) error {
	v := l.Value
	variable := estimate.Variable{Name: l.Code, Kind: estimate.Mean}
	var err error
	ok := false
	switch v.Kind {
	case survey.ValueCount:
		variable.Values, ok, err = x.count(l, answers)
	case survey.ValueRate:
		variable.Kind = estimate.Ratio
		variable.Values, variable.Denominator, ok, err = x.rate(l, answers)
	default:
		variable.Values, ok, err = x.column(l, answers)
		switch v.Kind {
		case survey.ValueShare:
			variable.Kind = estimate.Share
			variable.Values = slices.Clone(variable.Values)
			for i, y := range variable.Values {
				variable.Values[i] = met(y, v.Codes)
			}
		case survey.ValueTotal:
			variable.Kind = estimate.Total
		}
	}
	if err != nil {
		return err
	}
	if !ok {
		x.absent[l.Code] = because(survey.NoteAnswersMissing, survey.NoteParams{Node: answerColumn(l)})
		return nil
	}
	x.source[l.Code] = len(x.variables)
	x.variables = append(x.variables, variable)
	x.medians = append(x.medians, v.Kind == survey.ValueMedian)
	return nil
}

// answerColumn is the column that an indicator is read from.
func answerColumn(l *survey.Node) string {
	if l.Value.Item != "" {
		return l.Value.Item
	}
	return l.Code
}

// met is 1 where an answer is one of those that count, and NaN where there is none.
func met(y float64, codes []int) float64 {
	if math.IsNaN(y) {
		return y
	}
	for _, c := range codes {
		if y == float64(c) {
			return 1
		}
	}
	return 0
}

// column reads the answers to one item, or makes them of the facts that its rules read.
func (x *sampleScore) column(l *survey.Node, answers Answers) ([]float64, bool, error) {
	for _, name := range []string{answerColumn(l), l.Value.Column} {
		if name == "" {
			continue
		}
		values, ok, err := answers.Numbers(name)
		if err != nil {
			return nil, false, err
		}
		if ok {
			return values, true, x.check(name, values, answerBounds(l))
		}
	}
	ok := false
	facts := map[string][]string{}
	for _, column := range l.Value.RuleColumns() {
		if facts[column], ok = answers.Words(column); !ok {
			return nil, false, nil
		}
		if b, stated := x.scorer.framework.Facts[column]; stated {
			if err := checkFacts(column, facts[column], b); err != nil {
				return nil, false, err
			}
		}
	}
	if len(facts) == 0 {
		return nil, false, nil
	}
	values := make([]float64, x.design.Rows())
	for i := range values {
		score, missing, err := l.Value.Judge(func(column string) string { return facts[column][i] })
		var cell *survey.CellError
		switch {
		case errors.As(err, &cell) && cell.Column != "":
			return nil, false, &AnswerError{Row: i, Column: cell.Column, Reason: fmt.Sprintf("%q %s", cell.Value, cell.Reason)}
		case err != nil || missing != "":
			values[i] = math.NaN()
		default:
			values[i] = score
		}
	}
	return values, true, nil
}

// checkFacts refuses facts that cannot be.
func checkFacts(column string, cells []string, b survey.Bounds) error {
	for row, cell := range cells {
		if x, ok := survey.ParseNumber(cell); ok && (x < b.Min || x > b.Max) {
			return &AnswerError{Row: row, Column: column, Reason: fmt.Sprintf("%v lies outside %g to %g", x, b.Min, b.Max)}
		}
	}
	return nil
}

// answerBounds are the answers that can come; nil where nothing is known.
func answerBounds(l *survey.Node) *survey.Bounds {
	if b := l.Value.Answerable(); b != nil || l.Value.Kind == survey.ValueShare || l.Value.Kind == survey.ValueTotal {
		return b
	}
	return l.Raw()
}

// check refuses an answer that cannot be: it is a slip, and would else count as somebody who is not satisfied.
func (x *sampleScore) check(column string, values []float64, b *survey.Bounds) error {
	for row, y := range values {
		if math.IsInf(y, 0) {
			return &AnswerError{Row: row, Column: column, Reason: "the answer is infinite"}
		}
		if b != nil && (y < b.Min-1e-9 || y > b.Max+1e-9) {
			return &AnswerError{Row: row, Column: column, Reason: fmt.Sprintf("%v lies outside %g to %g; name the codes of don't know and refused with --na", y, b.Min, b.Max)}
		}
	}
	return nil
}

// count reads how many of its items each person answered by one of the codes.
func (x *sampleScore) count(l *survey.Node, answers Answers) ([]float64, bool, error) {
	counts, answered := make([]float64, x.design.Rows()), make([]bool, x.design.Rows())
	for _, item := range l.Value.Items {
		values, ok, err := answers.Numbers(item)
		if err != nil || !ok {
			return nil, false, err
		}
		if err := x.check(item, values, l.Value.Answers); err != nil {
			return nil, false, err
		}
		for i, y := range values {
			one := met(y, l.Value.Codes)
			if !math.IsNaN(one) {
				answered[i] = true
			} else if l.Value.Unanswered == "not_met" {
				one = 0
			}
			counts[i] += one // NaN stays NaN
		}
	}
	for i := range counts {
		if !answered[i] {
			counts[i] = math.NaN()
		}
	}
	return counts, true, nil
}

// rate reads the two sums of a rate.
func (x *sampleScore) rate(l *survey.Node, answers Answers) (top, bottom []float64, ok bool, err error) {
	sum := func(terms []survey.RateTerm, factor float64) ([]float64, bool, error) {
		out := make([]float64, x.design.Rows())
		for _, t := range terms {
			values, ok, err := answers.Numbers(t.Column)
			if err != nil || !ok {
				return nil, false, err
			}
			if err := x.check(t.Column, values, nil); err != nil {
				return nil, false, err
			}
			for i, y := range values {
				out[i] += factor * t.Coefficient * y
			}
		}
		return out, true, nil
	}
	if top, ok, err = sum(l.Value.Of, 100); !ok || err != nil {
		return nil, nil, false, err
	}
	bottom, ok, err = sum(l.Value.Over, 1)
	return top, bottom, ok, err
}

// estimate makes the statistics of every indicator in every domain.
func (x *sampleScore) estimate() error {
	x.stats = make([][]estimate.Stat, len(x.domains.Names))
	if len(x.variables) == 0 {
		return nil
	}
	var err error
	if x.table, err = estimate.Compute(x.design, x.variables, x.domains, estimate.Options{Level: x.options.Level}); err != nil {
		return err
	}
	for i := range x.stats {
		x.stats[i] = make([]estimate.Stat, len(x.variables))
		for j := range x.variables {
			x.stats[i][j] = x.table.Stat(i, j)
		}
	}
	for j, v := range x.variables {
		if !x.medians[j] {
			continue
		}
		found, err := estimate.Quantiles(x.design, v, []float64{0.5}, x.domains, estimate.QuantileOptions{Rule: x.options.Rule, Level: x.options.Level})
		if err != nil {
			return err
		}
		for i, q := range found {
			if x.stats[i][j], err = x.median(v, i, q[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

// median makes a statistic of a median: its influence is that of the share below it over the density there, and the density
// is the one that makes the standard error Woodruff's.
func (x *sampleScore) median(v estimate.Variable, domain int, q estimate.Quantile) (estimate.Stat, error) {
	if math.IsNaN(q.Value) {
		return estimate.Stat{Value: math.NaN(), N: q.N, Reason: q.Reason}, nil
	}
	one := estimate.Domains{Names: x.domains.Names[domain : domain+1], Rows: x.domains.Rows[domain : domain+1]}
	below, err := estimate.Compute(x.design, []estimate.Variable{estimate.AtMost(v, q.Value)}, one, estimate.Options{Level: x.options.Level})
	if err != nil {
		return estimate.Stat{}, err
	}
	share, k := below.Estimate(0, 0), 0.0
	if share.SE > 0 && !math.IsNaN(q.SE) {
		k = q.SE / share.SE
	}
	// A slope of zero would lose the rows behind it.
	out := estimate.Linear(q.Value+k*share.Value, estimate.Term{Coefficient: -k, Stat: below.Stat(0, 0)})
	if k == 0 {
		out = below.Stat(0, 0)
		for p := range out.Form {
			out.Form[p].Values = make([]float64, len(out.Form[p].Values))
		}
		out.Replicates = nil
	}
	out.Value = q.Value
	return out, nil
}

// unit scores one domain. hidden reports whether anything was withheld.
func (x *sampleScore) unit(domain int, name string) (u UnitScore, hidden bool, err error) {
	r := NewReadings()
	if x.options.Given != nil {
		if given := x.options.Given(name); given != nil {
			r = given.clone()
		}
	}
	stats := map[string]estimate.Stat{}
	for _, l := range x.scorer.leaves {
		if _, told := r.Values[l.Code]; told || x.covered(l, r) {
			continue
		}
		j, bound := x.source[l.Code]
		if !bound {
			if len(r.Reasons[l.Code]) == 0 || x.options.Given == nil {
				r.Reasons[l.Code] = x.absent[l.Code]
			}
			continue
		}
		st := x.stats[domain][j]
		if math.IsNaN(st.Value) {
			r.Reasons[l.Code] = []survey.Note{{Text: st.Reason}}
			continue
		}
		stats[l.Code] = st
		r.Values[l.Code] = st.Value
		r.States[l.Code] = NodeComputed
		delete(r.Reasons, l.Code)
	}
	u, values, err := x.scorer.score(name, r)
	if err != nil {
		return u, false, err
	}
	for i, v := range values {
		least, err := x.attach(&u.Nodes[i], v, domain, r.Values, stats)
		if err != nil {
			return u, false, err
		}
		if u.Nodes[i].Score != nil && least < x.options.MinAnswers {
			hidden = true
			n := &u.Nodes[i]
			n.Score, n.NodeError, n.State = nil, nil, NodeWithheld
			n.Because = because(survey.NoteFewAnswers, survey.NoteParams{Min: x.options.MinAnswers})
			n.Reason = reasonText(n.Because)
		}
	}
	if u.Nodes[0].Score == nil {
		u.Total, u.Grade, u.GradeIncomplete, u.PercentOfAttainable = nil, "", false, nil
	}
	return u, hidden, nil
}

// covered reports whether a node above an indicator was given as a whole.
func (x *sampleScore) covered(l *survey.Node, r *Readings) bool {
	return slices.ContainsFunc(x.scorer.above[l.Code], func(a *survey.Node) bool {
		_, given := r.Values[a.Code]
		return given
	})
}

// attach puts the error of a score beside it, and returns how many answers the least of its indicators has. raw are the values
// that it was made of.
func (x *sampleScore) attach(n *NodeScore, v index.Value, domain int, raw map[string]float64, stats map[string]estimate.Stat) (least int, err error) {
	least = math.MaxInt
	if n.Score == nil {
		return least, nil
	}
	constant := v.Constant // with what the office states, which moves the value and has no error
	var terms []estimate.Term
	for _, code := range slices.Sorted(maps.Keys(v.Gradient)) {
		g := v.Gradient[code]
		st, estimated := stats[code]
		if !estimated {
			constant += g * raw[code]
			continue
		}
		least = min(least, st.N)
		terms = append(terms, estimate.Term{Coefficient: g, Stat: st})
	}
	if len(terms) == 0 {
		return least, nil
	}
	e, err := estimate.Of(x.design, estimate.Linear(constant, terms...), "score", estimate.Options{Level: x.options.Level})
	if err != nil {
		return least, fmt.Errorf("score of %s in %s: %w", v.Code, x.domains.Names[domain], err)
	}
	interval, _ := x.student.Bounded(e.Value, e.SE, e.N, e.DF, x.options.Level, v.AttainableFull.Min, v.AttainableFull.Max)
	if j, bound := x.source[v.Code]; bound && x.variables[j].Kind == estimate.Share {
		// The score of a share is a line through it, and so are the ends of its interval.
		interval = x.table.Estimate(domain, j).Interval
		a, b := constant, terms[0].Coefficient
		interval.Low, interval.High = min(a+b*interval.Low, a+b*interval.High), max(a+b*interval.Low, a+b*interval.High)
	}
	n.NodeError = &NodeError{
		SE: number(e.SE), Low: number(interval.Low), High: number(interval.High), N: e.N, DF: number(e.DF), Interval: interval.Method,
	}
	return least, nil
}
