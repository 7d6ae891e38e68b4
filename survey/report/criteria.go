package report

import (
	"slices"
	"strings"

	"sipas/survey"
)

// Which points of a criterion count, by the supplier that the framework names: the first of these that there are. A criterion without a
// supplier takes what it finds.
var pointOrder = map[string][]survey.PointSource{
	"":           {survey.SourceAppraised, survey.SourceSelf, survey.SourceSurvey, survey.SourceStatistics},
	"appraisal":  {survey.SourceAppraised, survey.SourceSelf},
	"survey":     {survey.SourceSurvey, survey.SourceAppraised},
	"statistics": {survey.SourceStatistics, survey.SourceAppraised},
}

// PointOrder returns the sources that count for a node of a framework, the one that decides first. A node that is given as a whole is appraised.
func PointOrder(n *survey.Node) []survey.PointSource {
	source := "appraisal"
	if n.Value != nil {
		source = n.Value.Source
	}
	if order, known := pointOrder[source]; known {
		return order
	}
	return pointOrder[""]
}

// CountedPoints returns the source whose points count for a node, "" where none has any.
func CountedPoints(n *survey.Node, v survey.CriterionValues) survey.PointSource {
	for _, s := range PointOrder(n) {
		if v.Of(s) != nil {
			return s
		}
	}
	return ""
}

// ReadCriterion puts the points of one criterion into the readings of a unit, with the names of its evidence, and returns the sources
// whose points are not read.
func (r *Readings) ReadCriterion(f *survey.Framework, n *survey.Node, v survey.CriterionValues, evidence []string) (unread []survey.PointSource) {
	order := PointOrder(n)
	for _, s := range survey.PointSources() {
		if v.Of(s) != nil && !slices.Contains(order, s) {
			unread = append(unread, s)
		}
	}
	r.Evidence[n.Code] = append(r.Evidence[n.Code], evidence...)
	if len(r.Evidence[n.Code]) == 0 {
		delete(r.Evidence, n.Code)
	}
	from := CountedPoints(n, v)
	if from == "" {
		names := make([]string, len(order))
		for i, s := range order {
			names[i] = string(s)
		}
		r.Reasons[n.Code] = []survey.Note{survey.NewNote(survey.NotePointsMissing, survey.NoteParams{Nodes: names})}
		return unread
	}
	points := *v.Of(from)
	r.Values[n.Code] = points
	if f.PerCent(n) {
		r.Values[n.Code] /= 100
	}
	switch {
	case from == survey.SourceSelf:
		r.States[n.Code] = NodeSelfScored
		r.Reasons[n.Code] = []survey.Note{survey.NewNote(survey.NoteNotAppraised, survey.NoteParams{})}
		if n.Value != nil && n.Value.Evidence && len(r.Evidence[n.Code]) == 0 {
			r.Reasons[n.Code] = append(r.Reasons[n.Code], survey.NewNote(survey.NoteNoEvidence, survey.NoteParams{}))
		}
	case v.Self != nil && *v.Self != points:
		r.Reasons[n.Code] = []survey.Note{survey.NewNote(survey.NoteSelfScored, survey.NoteParams{Value: *v.Self})}
	}
	if r.States[n.Code] == "" && n.Value == nil {
		r.States[n.Code] = NodeGiven
	}
	return unread
}

// SourceWords names sources as a sentence does.
func SourceWords(order []survey.PointSource) string {
	words := make([]string, len(order))
	for i, s := range order {
		words[i] = string(s)
	}
	return strings.Join(words, " or ")
}

// Fill puts linked values where there is none of its own.
func (r *Readings) Fill(linked *Readings) {
	if linked == nil {
		return
	}
	for code, why := range linked.Reasons {
		if _, own := r.Values[code]; own {
			continue
		}
		r.Reasons[code] = why
		if x, ok := linked.Values[code]; ok {
			r.Values[code], r.States[code] = x, linked.States[code]
		}
	}
}

// Assessed are the readings of an assessment, with linked values where it has none of its own. linked may be nil.
func Assessed(f *survey.Framework, a *survey.Assessment, linked *Readings) *Readings {
	r := NewReadings()
	for _, n := range f.Root.Leaves() {
		var names []string
		for _, e := range a.FilesOf(n.Code) {
			names = append(names, e.Name)
		}
		r.ReadCriterion(f, n, a.Values[n.Code], names)
	}
	r.Fill(linked)
	return r
}

// Lack is what a criterion of an assessment is still without.
type Lack string

// The lacks.
const (
	LackPoints    Lack = "points"    // nobody gave any
	LackAppraisal Lack = "appraisal" // only the office itself did
	LackEvidence  Lack = "evidence"  // the framework asks for evidence, and there is none
)

// Lacks lists the lacks in the order in which they are told.
func Lacks() []Lack { return []Lack{LackPoints, LackAppraisal, LackEvidence} }

// LacksOf says what a criterion is without, of readings that Assessed made. Evidence is asked for where the office gives points that
// others appraise.
func (r *Readings) LacksOf(n *survey.Node, v survey.CriterionValues) []Lack {
	var out []Lack
	if _, has := r.Values[n.Code]; !has {
		out = append(out, LackPoints)
	}
	if r.States[n.Code] == NodeSelfScored {
		out = append(out, LackAppraisal)
	}
	if n.Value != nil && n.Value.Evidence && len(r.Evidence[n.Code]) == 0 && v.Self != nil {
		out = append(out, LackEvidence)
	}
	return out
}

// SoFar computes the framework from the criteria that have points alone, whatever it says of missing ones: what an office has until the rest
// is in, and in the attainable bounds what these criteria could give at most.
func (s *Scorer) SoFar(unit string, r *Readings) (UnitScore, error) {
	partial := *s.framework
	partial.Root = dropping(s.framework.Root)
	partial.Derived = nil
	scorer, err := NewScorer(&partial)
	if err != nil {
		return UnitScore{}, err
	}
	return scorer.Score(unit, r)
}

// dropping copies a node with all that is below it, so that each leaves out what is missing.
func dropping(n survey.Node) survey.Node {
	if n.Value == nil {
		n.Missing = survey.MissingDrop
	}
	children := make([]survey.Node, len(n.Children))
	for i, c := range n.Children {
		children[i] = dropping(c)
	}
	if len(children) > 0 {
		n.Children = children
	}
	return n
}
