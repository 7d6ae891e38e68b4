package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"sipas/analysis"
	"sipas/analysis/estimate"
	"sipas/analysis/index"
	"sipas/survey"
)

// view is what a figure rests on: one surface, or two that are pooled.
type view struct {
	weighting survey.Weighting
	basis     survey.Basis
	surfaces  []*surface
}

// reading is one variable in one domain as a view sees it.
type reading struct {
	value      float64
	se         float64
	n          int
	population float64
	effective  float64
	df         float64
	deff       float64
	interval   analysis.Interval // of the raw value
	reason     string
	method     string
	parts      []readingPart
}

// readingPart is what one surface contributes.
type readingPart struct {
	surface *surface
	share   float64 // of the pooled value
}

// why says why a variable in a domain is withheld in the view, and how many answers there are.
//
// A pooled figure is shown only where each of its surfaces has answers and shows its own: otherwise the difference of
// the two would give what is withheld, or nothing would be pooled.
func (w view) why(v, d, minimum int) (string, int) {
	n, why, empty := 0, "", false
	for _, s := range w.surfaces {
		n += s.n[v][d]
		empty = empty || s.n[v][d] == 0
		if why == "" {
			why = s.why[v][d]
		}
	}
	switch {
	case empty:
		return survey.ReasonNoAnswers, n
	case n < minimum:
		return survey.ReasonFewAnswers, n
	case why == "":
		return "", n
	case len(w.surfaces) > 1:
		return survey.ReasonComplementary, n
	}
	return why, n
}

// read reads a variable that may be shown. Two surfaces are pooled by their effective numbers of answers.
func (w view) read(v, d int, rules survey.Rules) reading {
	var out reading
	from := w.surfaces
	estimates := make([]analysis.Estimate, len(from))
	total := 0.0
	for i, s := range from {
		estimates[i] = s.made[v][d].Estimate
		out.parts = append(out.parts, readingPart{surface: s, share: effectiveN(estimates[i])})
		total += out.parts[i].share
	}
	if len(from) == 1 {
		e := estimates[0]
		out.parts[0].share = 1
		out.value, out.se, out.n, out.population, out.effective = e.Value, e.SE, e.N, e.Population, e.EffectiveN
		out.df, out.deff, out.interval, out.reason, out.method = e.DF, e.DesignEffect, e.Interval, e.Reason, e.Method
		return out
	}
	var variances, dfs []float64
	for i, e := range estimates {
		p := &out.parts[i]
		p.share /= total
		out.value += p.share * e.Value
		out.n += e.N
		variances, dfs = append(variances, p.share*p.share*e.SE*e.SE), append(dfs, e.DF)
	}
	out.method = estimates[0].Method
	out.population, out.effective, out.deff = estimates[0].Population, total, float64(out.n)/total
	out.se, out.df = sumOf(variances, dfs)
	if strings.HasSuffix(out.method, "share") {
		out.interval, out.reason = estimate.Proportion(shareInterval(rules), math.Min(1, out.value), out.se, out.n, out.df, rules.Level)
	}
	return out
}

// effectiveN is the effective number of answers, or their number where all answers agree and it is not defined.
func effectiveN(e analysis.Estimate) float64 {
	if math.IsNaN(e.EffectiveN) {
		return float64(e.N)
	}
	return e.EffectiveN
}

// sumOf adds independent variances; the degrees of freedom are Satterthwaite's (1946).
func sumOf(variances, dfs []float64) (se, df float64) {
	if len(variances) == 1 {
		return math.Sqrt(variances[0]), dfs[0]
	}
	v, denominator, most := 0.0, 0.0, 0.0
	for i, x := range variances {
		v += x
		denominator += x * x / dfs[i]
		most += dfs[i]
	}
	if v == 0 {
		return 0, most
	}
	return math.Sqrt(v), v * v / denominator
}

// computation is the state of one Compute.
type computation struct {
	in         *Input
	groups     []*group // of the rows, in their order
	state      survey.State
	frame      frame
	columns    []column
	vars       []variable
	nodes      []node
	domains    []domain
	given      map[survey.FigureKey]float64 // framework, node and domain only
	itemColumn map[string]int
	invited    *sample
	walkIns    *sample
	views      []view
	scale      map[string][]int // the valid codes of each item
	kinds      map[survey.UnitID]survey.UnitKind
	register   map[survey.UnitID]int
	student    estimate.Student
	weighting  survey.WeightReport
	since      *changes // against the last comparable wave; nil where there is none

	history  *history // nil in a computation beside the main one
	epoch    int
	position []int // of each domain in the history
	shown    map[survey.FigureKey]*survey.Figure
	behind   int          // answers by which what stands as it was is behind, at most
	standing atomic.Int64 // figures that stand as they were
}

// figures makes the figures of one node in one domain, one for each view that has something to say there.
func (c *computation) figures(n *node, d int) ([]survey.Figure, error) {
	var out []survey.Figure
	for _, w := range c.views {
		// Walk-ins know no field; and by unit they are listed only where they may be shown, or nearly every unit
		// would stand there with nothing.
		walkIns := w.basis != survey.BasisInvited
		if walkIns && (c.domains[d].family == familyField || c.domains[d].family == familyGroup) {
			continue
		}
		f, ok, err := c.figure(n, d, w)
		if err != nil {
			return nil, err
		}
		if !ok || walkIns && d > 0 && f.State != c.state {
			continue
		}
		out = append(out, f)
	}
	return out, nil
}

// figure makes one figure; false when the node has no value in this domain by its make-up, which is said once, for the
// whole wave.
func (c *computation) figure(n *node, d int, w view) (survey.Figure, bool, error) {
	f := survey.Figure{
		FigureKey: survey.FigureKey{
			Framework: n.framework.ID, Node: n.node.Code, Domain: c.domains[d].Domain, Weighting: w.weighting, Basis: w.basis,
		},
		Measure: n.framework.Measure, Nominal: n.node.Nominal, State: c.state, Target: c.target(n),
	}
	raw, n0, whys := c.present(n, d, w)
	shape, err := n.value(raw)
	if err != nil {
		return f, false, err
	}
	if math.IsNaN(shape.Value) {
		if d > 0 {
			return f, false, nil
		}
		f.State, f.Reason = survey.StateNotComparable, survey.ReasonUndefined
		f.Estimate = analysis.Undefined(0, fmt.Sprintf("%d of %d indicators are not asked in this wave", len(n.leaves)-len(raw), len(n.leaves)))
		return f, true, nil
	}
	why := hidden(whys, n0)
	if old := c.stays(n, d, w, why); old != nil {
		if why != "" {
			c.standing.Add(1)
		}
		return *old, true, nil
	}
	if why != "" {
		f.State, f.Reason = survey.StateWithheld, why
		f.Estimate = analysis.Undefined(0, fmt.Sprintf("fewer than %d answers", c.in.Wave.Rules.MinAnswers))
		switch {
		case why == survey.ReasonComplementary:
			f.Estimate.Reason = "it would reveal a withheld figure by subtraction"
		case why == survey.ReasonNoAnswers && c.pooled(f.Domain.Unit):
			// It may well have answers, which nobody can tell from those of the units that it shares a class with.
			f.Reason, f.Estimate.Reason = survey.ReasonFewAnswers, "its transactions share a weighting class with those of other units"
		case why == survey.ReasonNoAnswers:
			f.Estimate.Reason = "no answers"
		}
		return f, true, nil
	}
	return f, true, c.fill(&f, n, d, w, raw)
}

// pooled reports whether transactions of the unit may lie in a class of several units.
func (c *computation) pooled(unit survey.UnitID) bool {
	return unit != "" && slices.ContainsFunc(c.frame.classes, func(k survey.Class) bool {
		label := k.Labels[survey.DimUnit]
		return label == "*" || label != string(unit) && slices.Contains(strings.Split(label, "|"), string(unit))
	})
}

// present puts some value for every indicator that is there, to see what the node's make-up allows, and
// lists why the asked ones are withheld and how many answers each has.
func (c *computation) present(n *node, d int, w view) (raw map[string]float64, answers []int, why []string) {
	raw = map[string]float64{}
	for _, l := range n.leaves {
		if v, ok := c.givenValue(n, l, d); ok {
			raw[l.code] = v
			continue
		}
		if l.variable < 0 {
			continue
		}
		raw[l.code] = l.probe
		reason, count := w.why(l.variable, d, c.in.Wave.Rules.MinAnswers)
		why, answers = append(why, reason), append(answers, count)
	}
	return raw, answers, why
}

// hidden is why a figure is withheld when its indicators are for these reasons. The smallest indicator decides:
// a composite with one indicator withheld would reveal that one through the others.
func hidden(why []string, answers []int) string {
	if len(why) == 0 {
		return ""
	}
	if slices.Max(answers) == 0 {
		return survey.ReasonNoAnswers
	}
	out := ""
	for _, r := range why {
		switch r {
		case survey.ReasonFewAnswers, survey.ReasonNoAnswers:
			return survey.ReasonFewAnswers
		case survey.ReasonComplementary:
			out = r
		}
	}
	return out
}

func (c *computation) givenValue(n *node, l leaf, d int) (float64, bool) {
	v, ok := c.given[survey.FigureKey{Framework: n.framework.ID, Node: l.code, Domain: c.domains[d].Domain}]
	return v, ok && l.given
}

// target is the wave's aim for an indicator, or for another node that the wave names.
func (c *computation) target(n *node) *float64 {
	t, set := c.in.Wave.Targets[n.framework.ID]
	if !set {
		return nil
	}
	v, named := t.Nodes[n.node.Code]
	if !named {
		if !n.indicator() {
			return nil
		}
		v = t.Indicator
	}
	return &v
}

// fill computes the value of a figure that may be shown.
func (c *computation) fill(f *survey.Figure, n *node, d int, w view, raw map[string]float64) error {
	rules := c.in.Wave.Rules
	readings := make([]*reading, len(n.leaves))
	for i, l := range n.leaves {
		if l.variable < 0 {
			continue
		}
		r := w.read(l.variable, d, rules)
		raw[l.code] = r.value
		readings[i] = &r
	}
	v, err := n.value(raw)
	if err != nil {
		return err
	}
	b := survey.Bounds{Min: v.Attainable.Min, Max: v.Attainable.Max}
	if !math.IsInf(b.Max-b.Min, 0) {
		f.Attainable = &b
	}
	exactValue := v.Constant
	for _, l := range n.leaves { // in their order, so that rounding is the same each time
		if g := v.Gradient[l.code]; g != 0 {
			exactValue += g * raw[l.code]
		}
	}
	e := c.estimateOf(n, v, d, exactValue, readings, b)
	e.Value = v.Value
	if v.Value != exactValue && math.Abs(v.Value-exactValue) > 1e-12*math.Max(1, math.Abs(exactValue)) {
		// Sums of tenths carry dust in the sixteenth digit, which is not the law's.
		e.Value = index.Round(v.Value, 9)
		e.Method += "; rounded as the framework says, the interval is that of the value before rounding"
	}
	f.Estimate = e
	if n.indicator() && readings[0] != nil {
		f.Shares = c.shares(&c.vars[n.leaves[0].variable], n.leaves[0].variable, d, readings[0])
	}
	c.grade(f, n, v)
	return nil
}

// estimateOf puts together what stands beside the value of a node.
func (c *computation) estimateOf(n *node, v index.Value, d int, value float64, readings []*reading, b survey.Bounds) analysis.Estimate {
	level := c.in.Wave.Rules.Level
	asked := 0
	var only *reading
	for _, r := range readings {
		if r != nil {
			asked++
			only = r
		}
	}
	if asked == 0 {
		return analysis.Estimate{
			Value: value, Interval: exact(value, level, intervalGiven), Population: math.NaN(), EffectiveN: math.NaN(),
			DF: math.NaN(), DesignEffect: math.NaN(), Method: "given by the office, counted without error",
		}
	}
	if n.indicator() {
		return c.indicator(v, value, *only, b)
	}
	return c.composite(n, v, d, value, readings, b)
}

// indicator carries a reading over to the scale of its node.
func (c *computation) indicator(v index.Value, value float64, r reading, b survey.Bounds) analysis.Estimate {
	g := 0.0
	for _, x := range v.Gradient {
		g = x
	}
	e := analysis.Estimate{
		Value: value, SE: math.Abs(g) * r.se, N: r.n, Population: r.population, EffectiveN: r.effective, DF: r.df,
		DesignEffect: r.deff, Reason: r.reason, Method: r.method + "; " + r.how(),
	}
	switch {
	case census(r):
		e.Interval, e.Reason = exact(value, c.in.Wave.Rules.Level, intervalCensus), ""
	case strings.HasSuffix(r.method, "share"):
		e.Interval = r.interval
		e.Interval.Low, e.Interval.High = v.Constant+g*r.interval.Low, v.Constant+g*r.interval.High
		if g < 0 {
			e.Interval.Low, e.Interval.High = e.Interval.High, e.Interval.Low
		}
	default:
		e.Interval, e.Reason = c.student.Bounded(value, e.SE, e.N, e.DF, c.in.Wave.Rules.Level, b.Min, b.Max)
	}
	return e
}

// composite computes the standard error of a node from the joint covariance of its indicators, over all modules
// and both phases.
func (c *computation) composite(n *node, v index.Value, d int, value float64, readings []*reading, b survey.Bounds) analysis.Estimate {
	terms := map[*surface][]term{}
	var order []*surface
	e := analysis.Estimate{Value: value, EffectiveN: math.NaN(), Population: math.NaN(), DesignEffect: math.NaN()}
	all, asked, fewest := true, 0, math.MaxInt
	for i, r := range readings {
		if r == nil {
			continue
		}
		asked++
		fewest = min(fewest, r.n)
		all = all && census(*r)
		if eff := r.effectiveN(); !(eff >= e.EffectiveN) {
			e.EffectiveN = eff
		}
		if !(r.population <= e.Population) {
			e.Population = r.population
		}
		for _, p := range r.parts {
			if terms[p.surface] == nil {
				order = append(order, p.surface)
			}
			terms[p.surface] = append(terms[p.surface], term{n.leaves[i].variable, v.Gradient[n.leaves[i].code] * p.share})
		}
	}
	var variances, dfs []float64
	for _, s := range order {
		part := s.combine(c.vars, d, terms[s])
		variances, dfs = append(variances, part.se*part.se), append(dfs, part.df)
		e.N += part.n
	}
	if len(order) > 0 && !order[0].weighted {
		// Unweighted answers speak for themselves only, whichever of the items each of them answered.
		e.Population = float64(e.N)
	}
	e.SE, e.DF = sumOf(variances, dfs)
	e.Method = fmt.Sprintf("composite of %d indicators with their joint covariance; %s", asked, weightsText(order))
	if all {
		e.Interval = exact(value, c.in.Wave.Rules.Level, intervalCensus)
		return e
	}
	e.Interval, e.Reason = c.student.Bounded(value, e.SE, fewest, e.DF, c.in.Wave.Rules.Level, b.Min, b.Max)
	return e
}

func (r *reading) effectiveN() float64 {
	if math.IsNaN(r.effective) {
		return float64(r.n)
	}
	return r.effective
}

func (r *reading) how() string {
	var from []*surface
	for _, p := range r.parts {
		from = append(from, p.surface)
	}
	return weightsText(from)
}

// weightsText says which weights made a figure, and warns where no chance of selection is known.
func weightsText(from []*surface) string {
	var how []string
	probability := true
	for _, s := range from {
		how = append(how, s.how)
		probability = probability && s.sample.probability
	}
	text := strings.Join(how, " + ")
	if len(how) > 1 {
		text += ", pooled by effective n"
	}
	if !probability {
		text += "; not a probability sample"
	}
	return text
}

// census reports whether the weights of everybody who answered are one: then all of the register answered, and nothing
// is left to chance.
func census(r reading) bool {
	if r.se != 0 || len(r.parts) != 1 {
		return false
	}
	s := r.parts[0].surface
	return s.weighted && s.sample.probability && r.population <= float64(r.n)*(1+1e-9)
}

// shares are the shares of each answer of an item, pooled like the reading.
func (c *computation) shares(v *variable, at, d int, r *reading) []survey.Share {
	codes := c.scale[v.item]
	weight := make([]float64, len(codes))
	for _, p := range r.parts {
		part := make([]float64, len(codes))
		total := 0.0
		it, column := p.surface.scored[at].item, p.surface.column(v)
		for _, g := range p.surface.domains[d] {
			for cell, n := range it.count[g] {
				if k := slices.Index(codes, it.valueOf(byte(cell))); n > 0 && k >= 0 {
					w := float64(n) * p.surface.design.Weight(column, g)
					part[k] += w
					total += w
				}
			}
		}
		for k := range part {
			weight[k] += p.share * part[k] / total
		}
	}
	return percentages(codes, weight)
}

// grade gives the root its letter. With an indicator missing the letter is marked incomplete and flags nothing.
func (c *computation) grade(f *survey.Figure, n *node, v index.Value) {
	if n.node.Code != n.framework.Root.Code || len(n.framework.Grades) == 0 {
		return
	}
	grades := make([]index.Grade, len(n.framework.Grades))
	for i, g := range n.framework.Grades {
		grades[i] = index.Grade{Name: g.Code, From: g.From}
	}
	f.Grade, _ = index.GradeOf(grades, v.Value)
	f.GradeIncomplete = !v.Complete
}

// PercentOfAttainable is a figure's value as a per cent of what the indicators at hand can reach: what the law's
// sum is shown with while indices are missing.
func PercentOfAttainable(f survey.Figure) (float64, bool) {
	if f.Attainable == nil || !(f.Attainable.Max > 0) || !f.Estimate.Defined() {
		return 0, false
	}
	return 100 * f.Estimate.Value / f.Attainable.Max, true
}
