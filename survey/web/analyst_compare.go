package web

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"

	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// compare shows what changed since another wave or an earlier release, or how two units of this one differ.
func (s *Server) compare(c *call) error {
	p, elsewhere, err := s.openWavePage(c, "compare", "compare")
	if err != nil {
		return err
	}
	if elsewhere != "" {
		return c.redirect(elsewhere)
	}
	v := pages.CompareView{Shell: p.shell, Now: p.wave.Title.In(c.lang)}
	published, err := s.store.Publications(c.ctx())
	if err != nil {
		return err
	}
	at, err := sideAsked(p, published, c.query("release"))
	if err != nil {
		return err
	}
	if at.number > 0 {
		o, err := s.openRelease(c.ctx(), *at.publication)
		if err != nil {
			return err
		}
		p.board, p.shell.MadeAt, p.shell.Since = o.board, o.board.MadeAt.In(survey.Zone), 0
		v.Now = at.title(c.lang)
	}
	if p.board == nil {
		return c.page(http.StatusOK, pages.Compare(v))
	}
	unit, against := survey.UnitID(c.query("unit")), survey.UnitID(c.query("against"))
	ids := p.board.unitsWithFigures(p.units, c.lang)
	for _, id := range []survey.UnitID{unit, against} {
		if id != "" && !slices.Contains(ids, id) {
			return survey.Errorf(survey.CodeNotFound, "compare", "no figures for unit %q", id)
		}
	}
	if unit == against {
		against = ""
	}
	with, all := comparedWith(p, published, at, c.query("with"))
	p.shell.Crumb.Filters = append(p.shell.Crumb.Filters, releaseFilter(p, published, at, c.lang), withFilter(p, all, with, c.lang), unitFilter(ids, p.units, unit, c.lang, true))
	if unit != "" {
		f := unitFilter(ids, p.units, against, c.lang, true)
		f.Name, f.Key = "against", "against"
		f.Choices[0].Label = i18n.T(c.lang, "compare.no_unit")
		p.shell.Crumb.Filters = append(p.shell.Crumb.Filters, f)
	}
	v.Shell, v.Level = p.shell, p.board.Rules.Level
	to, err := report.LoadSide(c.ctx(), s.store, p.board.Release)
	if err != nil {
		return err
	}
	o := report.CompareOptions{
		Unit: unit, Level: p.board.Rules.Level, Units: p.units.all, Find: report.FrameworksOf(to.Frameworks), Framework: c.query("framework"),
	}
	var changes []survey.Change
	switch {
	case unit != "" && against != "":
		changes = report.CompareUnits(to, against, unit, o)
		v.Now, v.With, v.TwoUnits = p.units.name(unit, c.lang), p.units.name(against, c.lang), true
	case with != nil:
		from, err := s.sideOf(c.ctx(), with)
		if err != nil {
			return err
		}
		if from == nil {
			break
		}
		changes, v.With = report.Compare(from, to, o), with.title(c.lang)
	}
	if err := s.compareRows(c, p, &v, changes, unit); err != nil {
		return err
	}
	return c.page(http.StatusOK, pages.Compare(v))
}

// comparedSide is one side of a comparison: a published release of a wave by its number, or with 0 what the wave shows.
type comparedSide struct {
	wave        *survey.Wave
	number      int
	publication *survey.Publication // of the number; nil for 0
}

// value names a side in an address. The number of a release follows the last slash.
func (d *comparedSide) value() string {
	if d.number == 0 {
		return string(d.wave.ID)
	}
	return string(d.wave.ID) + "/" + strconv.Itoa(d.number)
}

func (d *comparedSide) title(l survey.Lang) string {
	if d.number == 0 {
		return d.wave.Title.In(l)
	}
	return i18n.T(l, "releases.title", "wave", d.wave.Title.In(l), "number", d.number)
}

// sidesOf are the published releases of a wave, the newest first.
func sidesOf(w *survey.Wave, published []survey.Publication) []*comparedSide {
	var sides []*comparedSide
	for i := range published {
		if published[i].Wave == w.ID {
			sides = append(sides, &comparedSide{w, published[i].Number, &published[i]})
		}
	}
	slices.SortFunc(sides, func(a, b *comparedSide) int { return cmp.Compare(b.number, a.number) })
	return sides
}

// sideAsked is the side of the page's wave: its figures of now, or the release whose number is asked for.
func sideAsked(p *wavePage, published []survey.Publication, number string) (*comparedSide, error) {
	if number == "" {
		return &comparedSide{wave: p.wave}, nil
	}
	for _, d := range sidesOf(p.wave, published) {
		if strconv.Itoa(d.number) == number {
			return d, nil
		}
	}
	return nil, survey.Errorf(survey.CodeNotFound, "compare", "the wave has no release of number %q", number)
}

// comparedWith is the side asked for, or else the latest wave before the page's of the same province, or else the latest release of the
// same wave; nil where there is none. It is one of those that can be chosen, which are returned too.
func comparedWith(p *wavePage, published []survey.Publication, at *comparedSide, asked string) (with *comparedSide, all []*comparedSide) {
	var before, own *comparedSide
	for _, w := range p.waves {
		if w.ID != p.wave.ID {
			d := &comparedSide{wave: w}
			all = append(all, d)
			if w.Province == p.wave.Province && w.To <= p.wave.To && (before == nil || w.To > before.wave.To) {
				before = d
			}
		}
		for _, d := range sidesOf(w, published) {
			if w.ID == p.wave.ID && d.number == at.number {
				continue
			}
			all = append(all, d)
			if w.ID == p.wave.ID && own == nil && (at.number == 0 || d.number < at.number) {
				own = d
			}
		}
	}
	for _, d := range all {
		if d.value() == asked {
			return d, all
		}
	}
	return cmp.Or(before, own), all
}

// releaseFilter chooses between the page's figures of now and each published release of the wave.
func releaseFilter(p *wavePage, published []survey.Publication, at *comparedSide, l survey.Lang) layout.Filter {
	f := layout.Filter{Name: "release", Key: "release", Choices: []layout.Choice{{Label: i18n.T(l, "compare.live"), Selected: at.number == 0}}}
	for _, d := range sidesOf(p.wave, published) {
		f.Choices = append(f.Choices, layout.Choice{
			Value: strconv.Itoa(d.number), Label: i18n.T(l, "compare.release", "number", d.number), Selected: d.number == at.number,
		})
	}
	return f
}

func withFilter(p *wavePage, all []*comparedSide, with *comparedSide, l survey.Lang) layout.Filter {
	f := layout.Filter{Name: "with", Key: "with"}
	for _, d := range all {
		label := d.wave.Title.In(l)
		if d.number > 0 {
			// The number comes first: a narrow list cuts the end off.
			label = i18n.T(l, "compare.release", "number", d.number)
			if d.wave.ID != p.wave.ID {
				label += " · " + d.wave.Title.In(l)
			}
		}
		f.Choices = append(f.Choices, layout.Choice{Value: d.value(), Label: label, Selected: d == with})
	}
	if len(f.Choices) == 0 {
		f.Choices = []layout.Choice{{Label: i18n.T(l, "compare.no_wave")}}
	}
	return f
}

// sideOf reads a side: the release of a number, or else the newest published release of the wave, or its provisional one; nil where it
// has no figures.
func (s *Server) sideOf(ctx context.Context, d *comparedSide) (*report.Side, error) {
	if d.number > 0 {
		o, err := s.openRelease(ctx, *d.publication)
		if err != nil {
			return nil, err
		}
		return report.LoadSide(ctx, s.store, o.release)
	}
	for _, state := range []survey.State{survey.StatePublished, survey.StateProvisional} {
		r, err := s.store.Release(ctx, d.wave.ID, state)
		if survey.IsCode(err, survey.CodeNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return report.LoadSide(ctx, s.store, r)
	}
	return nil, nil
}

// compareRows lays the changes out: the nodes of the whole or of a unit, and the headline of every unit.
func (s *Server) compareRows(c *call, p *wavePage, v *pages.CompareView, all []survey.Change, unit survey.UnitID) error {
	f, node, err := s.headlineOf(c.ctx(), p.wave)
	if err != nil {
		return err
	}
	frameworks, err := s.frameworks(c.ctx(), p.wave)
	if err != nil {
		return err
	}
	type place struct {
		label string
		depth int
	}
	nodes := map[[2]string]place{}
	for _, f := range frameworks {
		f.Walk(func(n *survey.Node, above []*survey.Node) {
			nodes[[2]string{f.ID, n.Code}] = place{n.Label.In(c.lang), len(above)}
		})
	}
	name := func(id survey.UnitID) string {
		if u, ok := p.units.unit(id); ok {
			return u.Name.In(c.lang)
		}
		return ""
	}
	common := commonReasons(all)
	for _, r := range common {
		v.Common = append(v.Common, i18n.CompareReason(c.lang, r, nil, name))
	}
	for _, x := range all {
		at := nodes[[2]string{x.Framework, x.Node}]
		row := compareRow(x, cmp.Or(at.label, x.Node), p, c.lang)
		row.Depth = at.depth
		for _, r := range x.Reasons {
			if !hasReason(common, r) {
				row.Why = append(row.Why, i18n.CompareReason(c.lang, r, slices.Concat(x.From.Parts, x.To.Parts), name))
			}
		}
		headline := x.Framework == f.ID && x.Node == node.Code
		switch {
		case x.Domain == survey.Domain{Unit: unit}:
			if headline && v.Head == nil {
				head := row
				v.Head = &head
			}
			v.Rows = append(v.Rows, row)
		case unit == "" && headline && x.Domain.Unit != "" && x.Domain.Field == "":
			row.Label, row.Depth = p.units.name(x.Domain.Unit, c.lang), 0
			v.Units = append(v.Units, row)
		}
	}
	sortNamed(v.Units, c.lang, func(r pages.CompareRow) (string, string) { return r.Label, "" })
	return nil
}

// commonReasons are those that hold for every change and refuse none: they are said once.
func commonReasons(all []survey.Change) []survey.ChangeReason {
	if len(all) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(all[0].Reasons), func(r survey.ChangeReason) bool {
		return r.Refuses() || slices.ContainsFunc(all, func(x survey.Change) bool { return !hasReason(x.Reasons, r) })
	})
}

func hasReason(all []survey.ChangeReason, r survey.ChangeReason) bool {
	return slices.ContainsFunc(all, func(o survey.ChangeReason) bool { return o.Code == r.Code && slices.Equal(o.About, r.About) })
}

func compareRow(x survey.Change, label string, p *wavePage, l survey.Lang) pages.CompareRow {
	nan := math.NaN()
	row := pages.CompareRow{
		Label: label, State: x.State, P: nan,
		Then: compareEnd(x.From, x.Measure, p), Now: compareEnd(x.To, x.Measure, p),
		Change: ui.ChangeProps{Unit: x.Measure, Decimals: pointDecimals, Value: nan, Low: nan, High: nan},
	}
	set := func(to *float64, from *float64) {
		if from != nil {
			*to = *from
		}
	}
	set(&row.Change.Value, x.Change.Value)
	set(&row.Change.Low, x.Change.Low)
	set(&row.Change.High, x.Change.High)
	set(&row.P, x.Change.P)
	return row
}

// compareEnd is one side as the component of figures shows it.
func compareEnd(e survey.ChangeEnd, measure survey.Measure, p *wavePage) ui.FigureProps {
	f := survey.Figure{Measure: measure, Estimate: e.Estimate, State: e.State, Reason: e.Reason}
	return figureProps(&f, "", p.board.Rules)
}
