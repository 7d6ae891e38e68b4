package web

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// assessmentPage shows an assessment as a tree, with the form of each criterion in its place.
func (s *Server) assessmentPage(c *call, status int, o *opened, edit assessmentEdit) error {
	path := assessmentPath(o.ID)
	shell, waves, err := s.assessmentShell(c, path)
	if err != nil {
		return err
	}
	v := pages.AssessmentView{
		Shell: shell, Office: o.Office, Year: strconv.Itoa(o.Year), Framework: o.framework.Title.In(c.lang), Ref: o.Framework.String(),
		Unofficial: o.framework.Unofficial, BackHref: assessmentsPath, Action: path, AttachAction: path + "/files",
		CriteriaHref: path + "/criteria.csv", ZipHref: path + "/evidence.zip", Changed: o.Changed.In(survey.Zone), By: o.By,
		SoFar: o.points(c.lang, o.soFar.Total), SoFarOf: o.points(c.lang, o.soFar.Nodes[0].AttainableMax), Most: o.points(c.lang, o.soFar.Nodes[0].Max),
		Files: len(o.Files), MaxFiles: survey.MaxEvidenceFiles, MaxMB: survey.MaxEvidence >> 20, SendMB: evidenceBody >> 20,
		Kinds: strings.Join(survey.EvidenceKinds(), ", "), Accept: "." + strings.Join(survey.EvidenceKinds(), ",."),
		MayEdit: c.actor.Can(survey.ActAssess), Revision: o.Revision,
	}
	if o.score.Total != nil {
		v.Total = o.points(c.lang, o.score.Total)
	}
	if y := o.framework.Years; y != nil && !y.Holds(o.Year) {
		v.OtherYears = i18n.T(c.lang, "assessment.other_years", "from", strconv.Itoa(y.From), "to", strconv.Itoa(y.To))
	}
	size := int64(0)
	for _, e := range o.Files {
		size += e.Size
	}
	v.Size = sizeText(c.lang, size)
	tree := assessmentTree{c: c, o: o, edit: edit, view: &v, scores: map[string]report.NodeScore{}}
	for _, n := range o.score.Nodes {
		tree.scores[n.Code] = n
	}
	for i := range o.framework.Root.Children {
		v.Areas = append(v.Areas, tree.node(&o.framework.Root.Children[i]))
	}
	if len(v.Areas) == 0 {
		v.Areas = append(v.Areas, tree.node(&o.framework.Root))
	}
	settings := assessmentForm{office: o.Office, year: strconv.Itoa(o.Year), wave: string(o.Wave), revision: o.Revision}
	if o.Unit != "" {
		settings.unit, _, _ = strings.Cut(string(o.Unit), "@")
	}
	if edit.settings != nil {
		settings = *edit.settings
		v.Errors = append(v.Errors, settings.errors...)
	}
	if v.MayEdit {
		form := settings.view(c.lang, path, waves)
		v.Settings = &form
	}
	return c.page(status, pages.Assessment(v))
}

// assessmentTree lays out the nodes of an assessment.
type assessmentTree struct {
	c      *call
	o      *opened
	edit   assessmentEdit
	view   *pages.AssessmentView
	scores map[string]report.NodeScore
}

func (t *assessmentTree) node(n *survey.Node) pages.AssessmentNode {
	l, score := t.c.lang, t.scores[n.Code]
	if n.Value == nil && score.Score == nil {
		// Of an area that is not whole yet there is what it has so far.
		if i := slices.IndexFunc(t.o.soFar.Nodes, func(s report.NodeScore) bool { return s.Code == n.Code }); i >= 0 && t.o.soFar.Nodes[i].Score != nil {
			score = t.o.soFar.Nodes[i]
			score.State = report.NodeIncomplete
		}
	}
	out := pages.AssessmentNode{
		Code: n.Code, Name: n.Label.In(l), Score: t.o.points(l, score.Score), Share: shareOf(score.Score, score), Self: math.NaN(),
	}
	if score.Max != nil && !math.IsInf(*score.Max, 0) {
		out.Of = digitsOf(l, axisEnd(*score.Max))
	}
	if score.Score != nil && score.Max != nil && *score.Score > *score.Max+1e-9 {
		out.Notes = append(out.Notes, i18n.T(l, "assessment.over"))
	}
	switch {
	case score.State == report.NodeSelfScored && n.Value == nil: // a criterion says so by what it lacks
		out.State = i18n.T(l, "assessment.self_scored")
	case score.State == report.NodeProjection:
		out.State = i18n.T(l, "assessment.projection")
	case score.State == report.NodeIncomplete:
		out.State = i18n.T(l, "assessment.incomplete")
	}
	if n.Value != nil {
		t.criterion(n, score, &out)
		return out
	}
	for i := range n.Children {
		child := t.node(&n.Children[i])
		out.Open = out.Open || child.Open
		out.Children = append(out.Children, child)
	}
	return out
}

// shareOf is how much of the scale of a node its score is.
func shareOf(x *float64, of report.NodeScore) float64 {
	if x == nil || of.Min == nil || of.Max == nil || *of.Max <= *of.Min {
		return math.NaN()
	}
	return max(0, min(1, (*x-*of.Min)/(*of.Max-*of.Min)))
}

// criterion fills in what an indicator has besides its score.
func (t *assessmentTree) criterion(n *survey.Node, score report.NodeScore, out *pages.AssessmentNode) {
	l, values := t.c.lang, t.o.Values[n.Code]
	t.view.Criteria++
	if score.Score != nil {
		t.view.Scored++
	}
	out.ID, out.Seen, out.Evidence = t.o.anchor(n.Code), values.String(), n.Value.Evidence
	out.Open = t.edit.open == n.Code
	if values.Self != nil && report.CountedPoints(n, values) != survey.SourceSelf {
		out.Self = shareOf(values.Self, score)
	}
	counted := report.CountedPoints(n, values)
	for _, source := range t.o.fields(n) {
		name := string(source)
		field := pages.PointField{
			ID: out.ID + "-" + name, Name: name, Label: i18n.T(l, "assessment.source."+name), Counted: source == counted, Value: plainDigits(l, values.Of(source)),
			Unread: !slices.Contains(report.PointOrder(n), source),
		}
		if out.Open && t.edit.typed != nil {
			stored := field.Value
			if field.Value = t.edit.typed[name]; t.edit.overtook && field.Value != stored {
				field.Stored = i18n.T(l, "assessment.stored", "value", orUnknown(stored))
			}
			if why := t.edit.wrong[name]; why != "" {
				field.Error = why
				t.view.Errors = append(t.view.Errors, ui.FieldError{ID: field.ID, Text: n.Code + " · " + field.Label + ": " + why})
			}
		}
		out.Points = append(out.Points, field)
	}
	if out.Open && t.edit.overtook {
		t.view.Errors = append(t.view.Errors, ui.FieldError{ID: out.ID, Text: i18n.T(l, "assessment.overtaken", "code", n.Code)})
	}
	if out.Open && t.edit.problem != "" {
		out.Problem = t.edit.problem
		t.view.Errors = append(t.view.Errors, ui.FieldError{ID: out.ID + "-file", Text: n.Code + ": " + t.edit.problem})
	}
	if score.State == report.NodeProjection && n.Value.Link != nil {
		out.Notes = append(out.Notes, i18n.T(l, "assessment.from_wave", "wave", t.o.wave))
	}
	for _, lack := range t.o.readings.LacksOf(n, values) {
		out.Badges = append(out.Badges, i18n.T(l, "assessment.lack."+string(lack)))
		t.lack(lack, pages.AssessmentLink{Href: t.o.place(n.Code), Text: n.Code + " · " + out.Name})
	}
	for _, e := range t.o.FilesOf(n.Code) {
		out.Files = append(out.Files, pages.EvidenceRow{
			ID: string(e.ID), Href: assessmentPath(t.o.ID) + "/files/" + string(e.ID), Name: e.Name, Size: sizeText(l, e.Size), Added: e.Added.In(survey.Zone), By: e.By,
		})
	}
}

// lack adds a criterion to those that are without the same.
func (t *assessmentTree) lack(lack report.Lack, link pages.AssessmentLink) {
	heading := i18n.T(t.c.lang, "assessment.lack."+string(lack))
	i := slices.IndexFunc(t.view.Lacking, func(g pages.AssessmentLacks) bool { return g.Heading == heading })
	if i < 0 {
		t.view.Lacking = append(t.view.Lacking, pages.AssessmentLacks{Heading: heading, Rank: slices.Index(report.Lacks(), lack)})
		slices.SortFunc(t.view.Lacking, func(a, b pages.AssessmentLacks) int { return a.Rank - b.Rank })
		i = slices.IndexFunc(t.view.Lacking, func(g pages.AssessmentLacks) bool { return g.Heading == heading })
	}
	t.view.Lacking[i].Links = append(t.view.Lacking[i].Links, link)
}

// plainDigits writes all digits of points as somebody would type them.
func plainDigits(l survey.Lang, x *float64) string {
	if x == nil {
		return ""
	}
	text := strconv.FormatFloat(*x, 'f', -1, 64)
	if l == survey.Vietnamese {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}

func orUnknown(text string) string {
	if text == "" {
		return i18n.Unknown
	}
	return text
}

// sizeText writes a number of bytes as people read it.
func sizeText(l survey.Lang, n int64) string {
	switch {
	case n >= 1<<20:
		return i18n.Number(l, float64(n)/(1<<20), 1) + " MB"
	case n >= 1<<10:
		return i18n.Number(l, float64(n)/(1<<10), 0) + " kB"
	}
	return i18n.Number(l, float64(n), 0) + " B"
}
