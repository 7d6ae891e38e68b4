package web

import (
	"math"
	"sync"

	"github.com/a-h/templ"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/export"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// mapWidth is the width of the map's frame; its height follows from the shapes.
const mapWidth = 720

// outlines are the boundaries that the program ships, laid out once.
type outlines struct {
	byUnit map[survey.UnitID]ui.Outline
	order  []survey.UnitID
	height float64
}

// shippedOutlines are the communes of each province whose boundaries are at hand. All of one set are units of one province.
var shippedOutlines = sync.OnceValue(func() map[survey.UnitID]outlines {
	all := map[survey.UnitID]outlines{}
	for _, set := range [][]data.Shape{data.TayNinhShapes()} {
		if len(set) == 0 {
			continue
		}
		first, _ := data.UnitByID(set[0].Unit)
		all[survey.UnitID(first.Parent)] = layOut(set)
	}
	return all
})

func layOut(set []data.Shape) outlines {
	shapes := make([]ui.Shape, len(set))
	for i, s := range set {
		shapes[i].Code = s.Unit
		for _, polygon := range s.Polygons {
			var rings [][][2]float64
			for _, ring := range polygon {
				line := make([][2]float64, len(ring))
				for k, point := range ring {
					line[k] = point
				}
				rings = append(rings, line)
			}
			shapes[i].Polygons = append(shapes[i].Polygons, rings)
		}
	}
	drawn, height := ui.Project(shapes, mapWidth)
	o := outlines{byUnit: map[survey.UnitID]ui.Outline{}, height: height}
	for _, d := range drawn {
		o.byUnit[survey.UnitID(d.Code)] = d
		o.order = append(o.order, survey.UnitID(d.Code))
	}
	return o
}

// areaMap shows the communes of the wave's province, colored by the index or by one indicator.
func (s *Server) areaMap(c *call) (*figures, error) {
	p, elsewhere, err := s.openWavePage(c, "map", "map")
	if err != nil {
		return nil, err
	}
	if elsewhere != "" {
		return &figures{elsewhere: elsewhere}, nil
	}
	v := pages.MapView{
		Shell: p.shell, Wave: p.wave.Title.In(c.lang), Province: p.units.name(p.wave.Province, c.lang), Target: math.NaN(),
	}
	if p.board == nil {
		return without(p, func(ui.Files) templ.Component { return pages.Map(v) }), nil
	}
	f, top, err := s.headlineOf(c.ctx(), p.wave)
	if err != nil {
		return nil, err
	}
	node, err := mapNode(c, f, top)
	if err != nil {
		return nil, err
	}
	p.shell.Crumb.Filters = append(p.shell.Crumb.Filters, indicatorFilter(top, node, c.lang))
	v.Shell, v.Indicator, v.Answers = p.shell, node.Label.In(c.lang), answersBehind(p.board)
	v.Target = targetFor(p.wave, f, node.Code)
	if v.KioskTimes, err = s.kioskTimes(c.ctx(), p.wave); err != nil {
		return nil, err
	}
	whole := p.board.props(f, node.Code, "", survey.Domain{}, survey.Weighted, survey.BasisInvited)
	v.Breaks = breaksOf(whole.ScaleMin, whole.ScaleMax)
	drawn := shippedOutlines()[p.wave.Province]
	v.Width, v.Height = mapWidth, drawn.height
	ids := drawn.order
	if len(ids) == 0 {
		ids = p.communes(c.lang) // without boundaries the table stands alone
	}
	for _, id := range ids {
		v.Areas = append(v.Areas, mapArea(c, p, f, node, id, drawn.byUnit[id]))
	}
	return p.figures(func(files ui.Files) templ.Component { v.Files = files; return pages.Map(v) },
		func() export.PageTable { return mapTable(v) }, v.Picture), nil
}

func mapArea(c *call, p *wavePage, f *survey.Framework, node *survey.Node, id survey.UnitID, o ui.Outline) pages.MapArea {
	name := p.units.name(id, c.lang)
	area := pages.MapArea{Code: string(id), Name: name, Path: o.Path, X: o.X, Y: o.Y}
	if u, ok := p.units.unit(id); ok {
		area.Code = u.Code
	}
	area.Figure = p.board.props(f, node.Code, "", survey.Domain{Unit: id}, survey.Weighted, survey.BasisInvited)
	if area.Figure.N > 0 {
		area.Href = unitHref(p.wave.ID, id, c)
	}
	return area
}

// communes lists the communes of the wave's province by name.
func (p *wavePage) communes(l survey.Lang) []survey.UnitID {
	var ids []survey.UnitID
	for _, u := range p.units.all {
		if u.Kind == survey.KindCommune && u.Parent == p.wave.Province && u.ValidOn(p.wave.To) {
			ids = append(ids, u.ID)
		}
	}
	sortUnits(ids, p.units, l)
	return ids
}

// mapNode is the node that the address asks for, among the headline and what is below it.
func mapNode(c *call, f *survey.Framework, top *survey.Node) (*survey.Node, error) {
	code := c.query("indicator")
	if code == "" || code == top.Code {
		return top, nil
	}
	for _, n := range below(top) {
		if n.Code == code {
			return n, nil
		}
	}
	return nil, survey.Errorf(survey.CodeNotFound, "show map", "framework %s measures no node %q", f.ID, code)
}

// below lists every node under a node, in order.
func below(n *survey.Node) []*survey.Node {
	var all []*survey.Node
	for i := range n.Children {
		all = append(all, &n.Children[i])
		all = append(all, below(&n.Children[i])...)
	}
	return all
}

func indicatorFilter(top, current *survey.Node, l survey.Lang) layout.Filter {
	f := layout.Filter{Name: "indicator", Key: "indicator"}
	for _, n := range append([]*survey.Node{top}, below(top)...) {
		f.Choices = append(f.Choices, layout.Choice{Value: n.Code, Label: n.Label.In(l), Selected: n == current})
	}
	return f
}
