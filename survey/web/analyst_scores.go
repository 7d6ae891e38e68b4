package web

import (
	"math"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// scores shows every index and item of a wave, or of one unit or field of it.
func (s *Server) scores(c *call) (*figures, error) {
	p, elsewhere, err := s.openWavePage(c, "scores", "scores")
	if err != nil {
		return nil, err
	}
	if elsewhere != "" {
		return &figures{elsewhere: elsewhere}, nil
	}
	v := pages.ScoresView{Shell: p.shell, Wave: p.wave.Title.In(c.lang)}
	if p.board == nil {
		return without(p, func(ui.Files) templ.Component { return pages.Scores(v) }), nil
	}
	d, err := domainOf(c, p.board)
	if err != nil {
		return nil, err
	}
	ids := p.board.unitsWithFigures(p.units, c.lang)
	p.shell.Crumb.Filters = append(p.shell.Crumb.Filters,
		unitFilter(ids, p.units, d.Unit, c.lang, true), fieldFilter(p.board.fieldsWithFigures(), d.Field, c.lang))
	if framework := c.query("framework"); framework != "" {
		p.shell.Crumb.Keep = append(p.shell.Crumb.Keep, layout.Hidden{Name: "framework", Value: framework})
	}
	v.Shell, v.Domain = p.shell, domainText(d, p.units, c.lang)
	f, node, err := s.headlineOf(c.ctx(), p.wave)
	if err != nil {
		return nil, err
	}
	v.Headline = p.board.props(f, node.Code, node.Label.In(c.lang), d, survey.Weighted, survey.BasisInvited)
	v.Unweighted = p.board.props(f, node.Code, i18n.T(c.lang, "scores.plain_count"), d, survey.Unweighted, survey.BasisInvited)
	v.WithWalk = p.board.walkIns(f, node.Code, i18n.T(c.lang, "scores.with_walk"), d)
	v.Answers = answersBehind(p.board)
	if v.KioskTimes, err = s.kioskTimes(c.ctx(), p.wave); err != nil {
		return nil, err
	}
	if d == (survey.Domain{}) {
		if v.Comparisons, err = s.comparisons(c, p); err != nil {
			return nil, err
		}
		v.Comparisons = v.Comparisons[:min(1, len(v.Comparisons))] // the page of signals has both
		v.SignalsHref = wavePath(p.wave.ID, "signals")
	}
	frameworks, err := s.frameworks(c.ctx(), p.wave)
	if err != nil {
		return nil, err
	}
	if id := c.query("framework"); id != "" {
		frameworks = slices.DeleteFunc(frameworks, func(f *survey.Framework) bool { return f.ID != id })
		if len(frameworks) == 0 {
			return nil, survey.Errorf(survey.CodeNotFound, "show scores", "the wave does not score framework %q", id)
		}
	}
	shown := map[string]bool{}
	for _, f := range frameworks {
		v.Groups = append(v.Groups, s.scoreGroups(p, f, d, c.lang, shown)...)
	}
	return p.figures(func(files ui.Files) templ.Component { v.Files = files; return pages.Scores(v) },
		func() export.PageTable { return scoresTable(v) }, v.Picture), nil
}

// domainOf reads the part of the register that the address asks for. A part without figures is CodeNotFound. Figures are made by unit and by
// field; where both are asked for and their crossing has none, the unit stands.
func domainOf(c *call, b *board) (survey.Domain, error) {
	d := survey.Domain{Unit: survey.UnitID(c.query("unit")), Field: c.query("field")}
	known := func(d survey.Domain) bool {
		return slices.ContainsFunc(b.Figures, func(f survey.Figure) bool { return f.Domain == d })
	}
	if d == (survey.Domain{}) || known(d) {
		return d, nil
	}
	if unit := (survey.Domain{Unit: d.Unit}); d.Unit != "" && d.Field != "" && known(unit) {
		return unit, nil
	}
	return d, survey.Errorf(survey.CodeNotFound, "show scores", "no figures for this part of the register")
}

func domainText(d survey.Domain, units *directory, l survey.Lang) string {
	var parts []string
	if d.Unit != "" {
		parts = append(parts, units.name(d.Unit, l))
	}
	if d.Field != "" {
		parts = append(parts, d.Field)
	}
	return strings.Join(parts, " · ")
}

func fieldFilter(fields []string, current string, l survey.Lang) layout.Filter {
	f := layout.Filter{Name: "field", Key: "field", Choices: []layout.Choice{{Label: i18n.T(l, "filter.all"), Selected: current == ""}}}
	for _, name := range fields {
		f.Choices = append(f.Choices, layout.Choice{Value: name, Label: name, Selected: name == current})
	}
	return f
}

// scoreGroups lays a framework out: a node with its inner parts as one group, then each part with its indicators. What a group adds up to
// stands apart from its rows, because an index is not to be compared with its own elements. Indicators that an earlier group showed are
// not shown again on another scale; shown collects their items.
func (s *Server) scoreGroups(p *wavePage, f *survey.Framework, d survey.Domain, l survey.Lang, shown map[string]bool) []pages.ScoreGroup {
	var groups []pages.ScoreGroup
	add := func(n *survey.Node, rows []*survey.Node, whole bool) {
		g := pages.ScoreGroup{Heading: n.Label.In(l), Part: len(groups) > 0}
		if !g.Part {
			g.Heading = f.Title.In(l)
		}
		if whole {
			row := scoreRow(p, f, n, d, l)
			g.Whole, g.Note = &row, wholeNote(p.board, f, n, d, l)
		}
		for _, r := range rows {
			g.Rows = append(g.Rows, scoreRow(p, f, r, d, l))
		}
		groups = append(groups, g)
	}
	f.Walk(func(n *survey.Node, above []*survey.Node) {
		inner, leaves := definedChildren(p.board, f, n, d)
		whole := p.board.defined(f, n.Code, d)
		// A node whose only part has figures says nothing that the part does not say itself.
		if len(inner) > 1 || len(inner) == 1 && whole {
			add(n, inner, whole)
		}
		fresh := false
		for _, leaf := range leaves {
			if leaf.Value != nil && !shown[leaf.Value.Item] {
				fresh, shown[leaf.Value.Item] = true, true
			}
		}
		if fresh {
			add(n, leaves, whole && len(above) == 0 && len(inner) == 0)
		}
	})
	return groups
}

// wholeNote says how much of a scale can be reached where some indicators are not at hand, and that a grade is not the last word then.
func wholeNote(b *board, f *survey.Framework, n *survey.Node, d survey.Domain, l survey.Lang) string {
	figure, ok := b.figure(f.ID, n.Code, d, survey.Weighted, survey.BasisInvited)
	if !ok || figure.State == survey.StateWithheld || figure.Nominal == nil {
		return ""
	}
	percent, ok := report.PercentOfAttainable(*figure)
	if !ok || axisEnd(figure.Attainable.Max) == axisEnd(figure.Nominal.Max) {
		return ""
	}
	text := i18n.T(l, "scores.attainable", "x", ui.Amount(l, f.Measure, figure.Estimate.Value, pointDecimals),
		"max", i18n.Number(l, figure.Attainable.Max, 0), "share", i18n.Percent(l, percent/100, 1), "nominal", i18n.Number(l, figure.Nominal.Max, 0))
	for _, grade := range f.Grades {
		if grade.Code == figure.Grade && figure.GradeIncomplete {
			text += " " + i18n.T(l, "scores.grade_incomplete", "grade", grade.Label.In(l))
		}
	}
	return text
}

// definedChildren are the children of a node that have figures: those with children of their own, and indicators.
func definedChildren(b *board, f *survey.Framework, n *survey.Node, d survey.Domain) (inner, leaves []*survey.Node) {
	for i := range n.Children {
		child := &n.Children[i]
		switch {
		case !b.defined(f, child.Code, d):
		case len(child.Children) > 0:
			inner = append(inner, child)
		default:
			leaves = append(leaves, child)
		}
	}
	return inner, leaves
}

func targetFor(w *survey.Wave, f *survey.Framework, node string) float64 {
	if t, ok := w.Targets[f.ID]; ok {
		return t.For(node)
	}
	return math.NaN()
}

func scoreRow(p *wavePage, f *survey.Framework, n *survey.Node, d survey.Domain, l survey.Lang) pages.ScoreRow {
	b := p.board
	return pages.ScoreRow{
		Code: n.Code, Label: n.Label.In(l),
		Weighted:   b.props(f, n.Code, "", d, survey.Weighted, survey.BasisInvited),
		Unweighted: b.props(f, n.Code, "", d, survey.Unweighted, survey.BasisInvited),
		WithWalk:   b.walkIns(f, n.Code, "", d),
	}
}
