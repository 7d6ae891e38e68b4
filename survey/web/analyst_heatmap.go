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

// heatmap shows units by the indicators of the headline framework.
func (s *Server) heatmap(c *call) (*figures, error) {
	p, elsewhere, err := s.openWavePage(c, "heatmap", "heatmap")
	if err != nil {
		return nil, err
	}
	if elsewhere != "" {
		return &figures{elsewhere: elsewhere}, nil
	}
	v := pages.HeatmapView{Shell: p.shell, Wave: p.wave.Title.In(c.lang), Target: math.NaN(), SortedBy: "index"}
	if p.board == nil {
		return without(p, func(ui.Files) templ.Component { return pages.Heatmap(v) }), nil
	}
	f, node, err := s.headlineOf(c.ctx(), p.wave)
	if err != nil {
		return nil, err
	}
	v.Answers = answersBehind(p.board)
	heat := heatRows(c, p, f, node)
	v.Columns, v.Rows = heat.columns, heat.rows
	whole := p.board.props(f, node.Code, "", survey.Domain{}, survey.Weighted, survey.BasisInvited)
	v.Breaks = breaksOf(whole.ScaleMin, whole.ScaleMax)
	v.Target = targetFor(p.wave, f, node.Code)
	if by := c.query("sort"); by == "name" || slices.ContainsFunc(v.Columns, func(col pages.HeatColumn) bool { return col.Code == by }) {
		v.SortedBy = by
	}
	sortHeat(v.Rows, v.Columns, v.SortedBy)
	return p.figures(func(files ui.Files) templ.Component { v.Files = files; return pages.Heatmap(v) },
		func() export.PageTable { return heatmapTable(v) }, v.Picture), nil
}

type heat struct {
	columns []pages.HeatColumn
	rows    []pages.HeatRow
}

// heatRows makes a row of every unit with figures, in order of name, and a column of every indicator below the headline.
func heatRows(c *call, p *wavePage, f *survey.Framework, node *survey.Node) heat {
	var h heat
	leaves := node.Leaves()
	for _, leaf := range leaves {
		h.columns = append(h.columns, pages.HeatColumn{Code: leaf.Code, Short: leaf.Label.In(c.lang), Long: leaf.Label.In(c.lang)})
	}
	for _, id := range p.board.unitsWithFigures(p.units, c.lang) {
		d := survey.Domain{Unit: id}
		row := pages.HeatRow{
			Name: p.units.name(id, c.lang), Href: unitHref(p.wave.ID, id, c),
			Index: p.board.props(f, node.Code, "", d, survey.Weighted, survey.BasisInvited),
		}
		for _, leaf := range leaves {
			row.Cells = append(row.Cells, p.board.props(f, leaf.Code, "", d, survey.Weighted, survey.BasisInvited))
		}
		h.rows = append(h.rows, row)
	}
	return h
}

// sortHeat puts the lowest on top by a column; what is not shown stands last. Rows come in order of name and keep it among equals.
func sortHeat(rows []pages.HeatRow, columns []pages.HeatColumn, by string) {
	if by == "name" {
		return
	}
	at := slices.IndexFunc(columns, func(col pages.HeatColumn) bool { return col.Code == by })
	value := func(r pages.HeatRow) float64 {
		f := r.Index
		if at >= 0 {
			f = r.Cells[at]
		}
		return lowFirst(f)
	}
	slices.SortStableFunc(rows, func(a, b pages.HeatRow) int { return cmp.Compare(value(a), value(b)) })
}

// lowFirst orders figures from the lowest up, what is not shown last.
func lowFirst(f ui.FigureProps) float64 {
	if !f.Shown() {
		return math.Inf(1)
	}
	return f.Value
}
