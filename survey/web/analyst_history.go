package web

import (
	"cmp"
	"slices"

	"github.com/a-h/templ"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// history shows one node's figure over the waves of a province, up to the wave of the address.
func (s *Server) history(c *call) (*figures, error) {
	p, elsewhere, err := s.openWavePage(c, "history", "history")
	if err != nil {
		return nil, err
	}
	if elsewhere != "" {
		return &figures{elsewhere: elsewhere}, nil
	}
	v := pages.HistoryView{Shell: p.shell}
	f, node, err := s.nodeOf(c, p)
	if err != nil {
		return nil, err
	}
	v.Indicator = node.Label.In(c.lang)
	v.Target = targetFor(p.wave, f, node.Code)
	if p.board == nil {
		v.Shell = p.shell
		return without(p, func(ui.Files) templ.Component { return pages.History(v) }), nil
	}
	d, err := domainOf(c, p.board)
	if err != nil {
		return nil, err
	}
	d.Field = "" // units alone go on from wave to wave
	p.shell.Crumb.Filters = append(p.shell.Crumb.Filters, unitFilter(p.board.unitsWithFigures(p.units, c.lang), p.units, d.Unit, c.lang, true))
	v.Shell, v.Domain = p.shell, domainText(d, p.units, c.lang)
	var before *board
	for _, w := range wavesUntil(p) {
		b := p.board
		if w.ID != p.wave.ID {
			if b, err = s.shownBoard(c.ctx(), w); survey.IsCode(err, survey.CodeNotFound) {
				continue // nothing was ever computed of it
			}
			if err != nil {
				return nil, err
			}
		}
		row := pages.HistoryRow{Wave: w.Title.In(c.lang), Figure: b.props(f, node.Code, "", d, survey.Weighted, survey.BasisInvited)}
		if before != nil {
			moved, err := s.movement(c.ctx(), p, before, b, f.ID, d, func(code string) bool { return code == node.Code }, c.lang)
			if err != nil {
				return nil, err
			}
			row.Change = moved.change(node.Code, row.Figure, c.lang)
			if x, ok := moved.nodes[node.Code]; ok && breaks(x) {
				row.Change, row.Break = nil, moved.words(x, c.lang, survey.ChangeReason.Refuses)
			}
		}
		v.Rows, before = append(v.Rows, row), b
	}
	return p.figures(func(files ui.Files) templ.Component { v.Files = files; return pages.History(v) },
		func() export.PageTable { return historyTable(v) }, v.Picture), nil
}

// wavesUntil are the waves of the page's province up to its own, the earliest first.
func wavesUntil(p *wavePage) []*survey.Wave {
	var out []*survey.Wave
	for _, w := range p.waves {
		if w.Province == p.wave.Province && (w.ID == p.wave.ID || w.To < p.wave.From) {
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b *survey.Wave) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.ID, b.ID)) })
	return out
}
