package web

import (
	"cmp"
	"math"
	"slices"

	"github.com/a-h/templ"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// unitsPage lists the units of a wave by the index or by one node of it, those of a kind together.
func (s *Server) unitsPage(c *call) (*figures, error) {
	p, elsewhere, err := s.openWavePage(c, "units", "units")
	if err != nil {
		return nil, err
	}
	if elsewhere != "" {
		return &figures{elsewhere: elsewhere}, nil
	}
	v := pages.UnitsView{Shell: p.shell, UnitSet: pages.UnitSet{Wave: p.wave.Title.In(c.lang), Target: math.NaN()}}
	if p.board == nil {
		return without(p, func(ui.Files) templ.Component { return pages.Units(v) }), nil
	}
	f, node, err := s.nodeOf(c, p)
	if err != nil {
		return nil, err
	}
	v.Shell, v.Answers = p.shell, answersBehind(p.board)
	if v.KioskTimes, err = s.kioskTimes(c.ctx(), p.wave); err != nil {
		return nil, err
	}
	ranks, err := s.ranks.of(p, f.ID, node.Code, "")
	if err != nil {
		return nil, err
	}
	v.UnitSet = p.board.unitSet(c.lang, f, node, p.units, p.wave.Targets, func(row *pages.UnitRow, id survey.UnitID) {
		row.Href, row.Rank = unitHref(p.wave.ID, id, c), viewRank(ranks, id)
	})
	v.Wave = p.wave.Title.In(c.lang)
	return p.figures(func(files ui.Files) templ.Component { v.Files = files; return pages.Units(v) },
		func() export.PageTable { return unitsTable(v) }, v.Picture), nil
}

// unitSet is the units of a release by one node, those of a kind together and the highest first. beside adds to each what the release itself
// does not hold; it may be nil.
func (b *board) unitSet(l survey.Lang, f *survey.Framework, node *survey.Node, units *directory, targets survey.Targets, beside func(*pages.UnitRow, survey.UnitID)) pages.UnitSet {
	set := pages.UnitSet{Indicator: node.Label.In(l), Whole: b.props(f, node.Code, "", survey.Domain{}, survey.Weighted, survey.BasisInvited)}
	set.Target = targetOf(set.Whole, targets, f.ID, node.Code)
	groups := map[survey.UnitKind]*pages.UnitGroup{}
	for _, id := range b.unitsWithFigures(units, l) {
		row := pages.UnitRow{Name: units.name(id, l), Figure: b.props(f, node.Code, "", survey.Domain{Unit: id}, survey.Weighted, survey.BasisInvited)}
		if beside != nil {
			beside(&row, id)
		}
		kind := survey.UnitKind(units.kind(id))
		if groups[kind] == nil {
			groups[kind] = &pages.UnitGroup{Kind: string(kind)}
		}
		groups[kind].Rows = append(groups[kind].Rows, row)
	}
	for _, kind := range []survey.UnitKind{survey.KindProvince, survey.KindDepartment, survey.KindCommune} {
		if g := groups[kind]; g != nil {
			slices.SortStableFunc(g.Rows, func(a, b pages.UnitRow) int { return cmp.Compare(highFirst(a.Figure), highFirst(b.Figure)) })
			set.Groups = append(set.Groups, *g)
		}
	}
	return set
}

// nodeOf is the node that a page speaks of: the headline, or what the address asks for below it. The crumb gets the list of them.
func (s *Server) nodeOf(c *call, p *wavePage) (*survey.Framework, *survey.Node, error) {
	f, top, err := s.headlineOf(c.ctx(), p.wave)
	if err != nil {
		return nil, nil, err
	}
	node, err := mapNode(c, f, top)
	if err != nil {
		return nil, nil, err
	}
	p.shell.Crumb.Filters = append(p.shell.Crumb.Filters, indicatorFilter(top, node, c.lang))
	return f, node, nil
}

// highFirst orders figures from the highest down, what is not shown last.
func highFirst(f ui.FigureProps) float64 {
	if !f.Shown() {
		return math.Inf(1)
	}
	return -f.Value
}
