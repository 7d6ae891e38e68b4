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
	v := pages.UnitsView{Shell: p.shell, Wave: p.wave.Title.In(c.lang), Target: math.NaN()}
	if p.board == nil {
		return without(p, func(ui.Files) templ.Component { return pages.Units(v) }), nil
	}
	f, node, err := s.nodeOf(c, p)
	if err != nil {
		return nil, err
	}
	v.Shell, v.Indicator, v.Answers = p.shell, node.Label.In(c.lang), answersBehind(p.board)
	v.Whole = p.board.props(f, node.Code, "", survey.Domain{}, survey.Weighted, survey.BasisInvited)
	v.Target = targetOf(v.Whole, p.wave, f.ID, node.Code)
	if v.KioskTimes, err = s.kioskTimes(c.ctx(), p.wave); err != nil {
		return nil, err
	}
	ranks, err := s.ranks.of(p, f.ID, node.Code, "")
	if err != nil {
		return nil, err
	}
	groups := map[string]*pages.UnitGroup{}
	for _, id := range p.board.unitsWithFigures(p.units, c.lang) {
		row := pages.UnitRow{
			Name: p.units.name(id, c.lang), Href: unitHref(p.wave.ID, id, c), Rank: viewRank(ranks, id),
			Figure: p.board.props(f, node.Code, "", survey.Domain{Unit: id}, survey.Weighted, survey.BasisInvited),
		}
		kind := p.units.kind(id)
		if groups[kind] == nil {
			groups[kind] = &pages.UnitGroup{Kind: kind}
		}
		groups[kind].Rows = append(groups[kind].Rows, row)
	}
	for _, kind := range []survey.UnitKind{survey.KindProvince, survey.KindDepartment, survey.KindCommune} {
		if g := groups[string(kind)]; g != nil {
			slices.SortStableFunc(g.Rows, func(a, b pages.UnitRow) int { return cmp.Compare(highFirst(a.Figure), highFirst(b.Figure)) })
			v.Groups = append(v.Groups, *g)
		}
	}
	return p.figures(func(files ui.Files) templ.Component { v.Files = files; return pages.Units(v) },
		func() export.PageTable { return unitsTable(v) }, v.Picture), nil
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
