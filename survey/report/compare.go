package report

import (
	"cmp"
	"math"
	"slices"

	"sipas/analysis"
	"sipas/analysis/estimate"
	"sipas/analysis/flag"
	"sipas/survey"
)

// CompareOptions say what of two releases is compared, and by what knowledge.
type CompareOptions struct {
	Framework string              // of either side; empty: the headline framework of the later side
	Unit      survey.UnitID       // of this unit alone; empty: of the whole and of every unit and field
	Level     float64             // of the intervals of differences
	Units     []survey.Unit       // the directory, with who came of whom
	Find      survey.Frameworks   // for frameworks that follow one another
	Weighting survey.Weighting    // empty: weighted
	Basis     survey.Basis        // empty: invited answers alone
	Nodes     func(n string) bool // nil: all of them
}

// Compare holds every figure of one release against that of another: the change of each node of a framework in each part of
// the register, from the first release to the second. The two may be of different waves, of one wave, or one and the same.
//
// Whether a pair compares is decided by its documents before any number is looked at: framework and version, stated breaks,
// the words and the scale of each question, the indicators that are there, basis and weighting, and the unit over time. What
// refuses a question refuses every composite over it. A refused pair has no difference, and neither has a pair of which one figure is
// withheld: a difference would give it away.
//
// A unit that was merged between the two periods is compared with its parts. Its past is Σ w·x / Σ w, w being the
// transactions that the part's figure speaks for in the earlier release, and withheld where any part is. Its standard error is the bound
// Σ w·se / Σ w, which holds whatever the covariance of the parts is: the parts are domains of one raked sample, and releases keep no covariances.
//
// Waves draw independently, so that a difference of two waves has the variance of both, Satterthwaite's degrees of freedom and
// a two-sided p. Two figures of one release have the bound se + se'. Two releases of one wave rest on the same answers: their
// difference has no error, and none is shown.
func Compare(from, to *Side, o CompareOptions) []survey.Change {
	o.Weighting, o.Basis = cmp.Or(o.Weighting, survey.Weighted), cmp.Or(o.Basis, survey.BasisInvited)
	early, late, turned := from, to, false
	if earlier(to, from) {
		early, late, turned = to, from, true
	}
	c := newComparer(early, late, o.Units, o.Find)
	m := &changes{comparer: c, before: figuresByKey(early), after: figuresByKey(late), level: o.Level}
	taken := map[survey.UnitID]bool{} // units that are the past of another
	o.Framework = c.scored(o.Framework)
	wanted := func(k survey.FigureKey) bool {
		return k.Framework == o.Framework && k.Weighting == o.Weighting && k.Basis == o.Basis &&
			(o.Unit == "" || k.Domain.Unit == o.Unit) && (o.Nodes == nil || o.Nodes(k.Node))
	}
	var out []survey.Change
	listed := map[survey.FigureKey]bool{}
	for i := range late.Figures {
		k := late.Figures[i].FigureKey
		if !wanted(k) {
			continue
		}
		listed[k] = true
		for _, part := range m.partsOf(k.Domain.Unit) {
			taken[part] = true
		}
		out = append(out, m.change(k, k))
	}
	for i := range early.Figures {
		k := early.Figures[i].FigureKey
		if wanted(k) && !listed[k] && !taken[k.Domain.Unit] {
			out = append(out, m.change(k, k))
		}
	}
	slices.SortStableFunc(out, byNode(late))
	if turned {
		for i := range out {
			out[i] = reversed(out[i])
		}
	}
	return out
}

// earlier reports whether a side is the earlier of two, so that the order in which they are named does not matter.
func earlier(a, b *Side) bool {
	return cmp.Or(cmp.Compare(a.Wave.To, b.Wave.To), cmp.Compare(a.Wave.From, b.Wave.From), cmp.Compare(a.Wave.ID, b.Wave.ID), a.MadeAt.Compare(b.MadeAt)) < 0
}

// CompareUnits holds two units of one release against each other, from the first to the second.
func CompareUnits(side *Side, from, to survey.UnitID, o CompareOptions) []survey.Change {
	o.Weighting, o.Basis = cmp.Or(o.Weighting, survey.Weighted), cmp.Or(o.Basis, survey.BasisInvited)
	if o.Framework == "" && len(side.Frameworks) > 0 {
		o.Framework = side.Frameworks[0].ID
	}
	figures := figuresByKey(side)
	m := &changes{comparer: newComparer(side, side, o.Units, o.Find), before: figures, after: figures, level: o.Level}
	var out []survey.Change
	for i := range side.Figures {
		k := side.Figures[i].FigureKey
		if k.Framework != o.Framework || k.Weighting != o.Weighting || k.Basis != o.Basis || k.Domain != (survey.Domain{Unit: to}) {
			continue
		}
		old := k
		old.Domain.Unit = from
		out = append(out, m.change(old, k))
	}
	slices.SortStableFunc(out, byNode(side))
	return out
}

// byNode orders changes as a framework's tree has its nodes: the whole first, then units, then fields.
func byNode(s *Side) func(a, b survey.Change) int {
	order := map[[2]string]int{}
	for _, f := range s.Frameworks {
		f.Walk(func(n *survey.Node, _ []*survey.Node) { order[[2]string{f.ID, n.Code}] = len(order) })
	}
	return func(a, b survey.Change) int {
		return cmp.Or(cmp.Compare(a.Domain.Field, b.Domain.Field), cmp.Compare(a.Domain.Unit, b.Domain.Unit),
			cmp.Compare(order[[2]string{a.Framework, a.Node}], order[[2]string{b.Framework, b.Node}]))
	}
}

// reversed is the change the other way round.
func reversed(c survey.Change) survey.Change {
	c.From, c.To = c.To, c.From
	minus := func(x *float64) *float64 {
		if x == nil {
			return nil
		}
		y := -*x
		return &y
	}
	d := c.Change
	c.Change.Value, c.Change.Low, c.Change.High = minus(d.Value), minus(d.High), minus(d.Low)
	return c
}

func figuresByKey(s *Side) map[survey.FigureKey]*survey.Figure {
	all := make(map[survey.FigureKey]*survey.Figure, len(s.Figures))
	for i := range s.Figures {
		all[s.Figures[i].FigureKey] = &s.Figures[i]
	}
	return all
}

// changes makes changes of pairs of figures.
type changes struct {
	*comparer
	before, after map[survey.FigureKey]*survey.Figure
	level         float64
	student       estimate.Student
}

// against finds the figure of the earlier side that a figure of the later side is held against, and says whether the two compare.
// It is the one rule: pages, commands and the flag "fallen" all ask here.
func (m *changes) against(then, now survey.FigureKey, to *survey.Figure) (*survey.Figure, []survey.ChangePart, []survey.ChangeReason) {
	rule := m.node(now.Framework, now.Node)
	if then.Framework == now.Framework {
		then.Framework = rule.framework
	}
	reasons := slices.Concat(m.whole, rule.reasons)
	if then.Weighting != now.Weighting || then.Basis != now.Basis {
		reasons = append(reasons, reason(survey.CompareBasis))
	}
	if now.Domain == (survey.Domain{}) && m.early.Wave.Province != m.late.Wave.Province {
		reasons = append(reasons, reason(survey.CompareProvince, string(m.early.Wave.Province), string(m.late.Wave.Province)))
	}
	from, parts, why := m.past(then, now)
	reasons = append(reasons, why...)
	for i, f := range []*survey.Figure{from, to} {
		switch {
		case f == nil && verdict(why) != survey.ChangeRefused:
			reasons = append(reasons, reason(survey.CompareNoFigure, string([]*Side{m.early, m.late}[i].Wave.ID)))
		case f == nil:
		case f.State == survey.StateWithheld:
			reasons = append(reasons, reason(survey.CompareWithheld))
		case f.State == survey.StateNotComparable || !f.Estimate.Defined():
			reasons = append(reasons, reason(survey.CompareUndefined))
		case !(f.Estimate.SE >= 0):
			reasons = append(reasons, reason(survey.CompareGiven))
		}
	}
	if from != nil && to != nil && from.Measure != to.Measure {
		reasons = append(reasons, reason(survey.CompareMeasure))
	}
	return from, parts, distinctReasons(reasons)
}

// change holds a figure of the earlier side against one of the later side.
func (m *changes) change(then, now survey.FigureKey) survey.Change {
	to := m.after[now]
	from, parts, reasons := m.against(then, now, to)
	out := survey.Change{
		Framework: now.Framework, Node: now.Node, Domain: now.Domain, Reasons: reasons, State: verdict(reasons),
		From: changeEnd(m.early, from, then.Domain.Unit), To: changeEnd(m.late, to, now.Domain.Unit), Change: survey.Difference{Level: m.level},
	}
	out.From.Parts = parts
	switch {
	case to != nil:
		out.Measure = to.Measure
	case from != nil:
		out.Measure = from.Measure
	}
	if out.State != survey.ChangeRefused {
		out.Change = m.difference(from.Estimate, to.Estimate)
	}
	return out
}

func distinctReasons(all []survey.ChangeReason) []survey.ChangeReason {
	out := []survey.ChangeReason{}
	for _, r := range all {
		if !slices.ContainsFunc(out, func(o survey.ChangeReason) bool { return o.Code == r.Code && slices.Equal(o.About, r.About) }) {
			out = append(out, r)
		}
	}
	return out
}

func verdict(reasons []survey.ChangeReason) survey.Comparability {
	switch {
	case slices.ContainsFunc(reasons, survey.ChangeReason.Refuses):
		return survey.ChangeRefused
	case len(reasons) > 0:
		return survey.ChangeMarked
	}
	return survey.ChangeComparable
}

// changeEnd is what is shown of one side. Of a figure that may not be shown, nothing is left but why.
func changeEnd(s *Side, f *survey.Figure, unit survey.UnitID) survey.ChangeEnd {
	e := survey.ChangeEnd{Wave: s.Release.Wave, Release: s.ID, Number: s.Number, Unit: unit, State: survey.StateNotComparable, Estimate: analysis.Undefined(0, "")}
	if f == nil {
		return e
	}
	e.State, e.Reason = f.State, f.Reason
	if f.State == survey.StatePublished || f.State == survey.StateProvisional {
		e.Estimate = f.Estimate
	}
	return e
}

// difference is later less earlier, with the error that the relation of the two sides allows.
func (m *changes) difference(then, now analysis.Estimate) survey.Difference {
	d := survey.Difference{Level: m.level}
	d.Value = defined(now.Value - then.Value)
	var x flag.Difference
	switch {
	case !(then.SE >= 0) || !(now.SE >= 0):
		return d
	case m.early.Release.Wave != m.late.Release.Wave:
		x = flag.Change(now.Value, now.SE, now.DF, then.Value, then.SE, then.DF, 0)
	case m.early.ID == m.late.ID:
		x = flag.Change(now.Value-then.Value, now.SE+then.SE, math.Min(now.DF, then.DF), 0, 0, math.Inf(1), 0)
	default:
		return d
	}
	d.SE, d.DF = defined(x.SE), defined(x.DF)
	if x.SE > 0 && x.DF > 0 {
		half := m.student.Quantile((1+m.level)/2, x.DF) * x.SE
		d.Low, d.High = defined(x.Value-half), defined(x.Value+half)
		d.P = defined(math.Min(1, 2*math.Min(x.P, 1-x.P)))
	}
	return d
}

func defined(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
