package web

import (
	"context"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// index shows a framework of a wave as a tree, of the whole or of one unit.
func (s *Server) index(c *call) (*figures, error) {
	p, elsewhere, err := s.openWavePage(c, "index", "index")
	if err != nil {
		return nil, err
	}
	if elsewhere != "" {
		return &figures{elsewhere: elsewhere}, nil
	}
	v := pages.IndexView{Shell: p.shell, Wave: p.wave.Title.In(c.lang)}
	if p.board == nil {
		return without(p, func(ui.Files) templ.Component { return pages.Index(v) }), nil
	}
	d, err := domainOf(c, p.board)
	if err != nil {
		return nil, err
	}
	d.Field = "" // the tree is of units
	frameworks, err := s.frameworks(c.ctx(), p.wave)
	if err != nil {
		return nil, err
	}
	f, err := frameworkOf(c, frameworks)
	if err != nil {
		return nil, err
	}
	p.shell.Crumb.Filters = append(p.shell.Crumb.Filters, frameworkFilter(frameworks, f, c.lang),
		unitFilter(p.board.unitsWithFigures(p.units, c.lang), p.units, d.Unit, c.lang, true))
	v.Shell, v.Domain, v.Framework, v.Source = p.shell, domainText(d, p.units, c.lang), f.Title.In(c.lang), f.Source
	v.Answers = answersBehind(p.board)
	if v.KioskTimes, err = s.kioskTimes(c.ctx(), p.wave); err != nil {
		return nil, err
	}
	earlier, err := s.earlier(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	if v.Root, err = s.tree(c, p, f, &f.Root, d, earlier); err != nil {
		return nil, err
	}
	return p.figures(func(files ui.Files) templ.Component { v.Files = files; return pages.Index(v) },
		func() export.PageTable { return indexTable(v) }, v.Picture), nil
}

// frameworkOf is the framework that the address asks for, or the wave's first.
func frameworkOf(c *call, all []*survey.Framework) (*survey.Framework, error) {
	id := c.query("framework")
	if id == "" {
		return all[0], nil
	}
	if i := slices.IndexFunc(all, func(f *survey.Framework) bool { return f.ID == id }); i >= 0 {
		return all[i], nil
	}
	return nil, survey.Errorf(survey.CodeNotFound, "show index", "the wave does not score framework %q", id)
}

func frameworkFilter(all []*survey.Framework, current *survey.Framework, l survey.Lang) layout.Filter {
	f := layout.Filter{Name: "framework", Key: "framework"}
	for _, one := range all {
		f.Choices = append(f.Choices, layout.Choice{Value: one.ID, Label: one.Title.In(l), Selected: one == current})
	}
	return f
}

// tree is a node with what is below it.
func (s *Server) tree(c *call, p *wavePage, f *survey.Framework, n *survey.Node, d survey.Domain, earlier *earlierWave) (pages.TreeNode, error) {
	b := p.board
	t := pages.TreeNode{Code: n.Code, Label: n.Label.In(c.lang), Absent: !b.defined(f, n.Code, survey.Domain{})}
	t.Figure = b.props(f, n.Code, "", d, survey.Weighted, survey.BasisInvited)
	t.Figure.Target = targetOf(t.Figure, p.wave, f.ID, n.Code)
	t.Method = pages.MethodOf(c.lang, f, n, t.Figure)
	if !t.Absent {
		now, _ := b.figure(f.ID, n.Code, d, survey.Weighted, survey.BasisInvited)
		t.Change = earlier.change(f, n, now, t.Figure, c.lang)
		if d.Unit != "" && t.Figure.Shown() {
			ranks, err := s.ranks.of(p, f.ID, n.Code, d.Unit)
			if err != nil {
				return t, err
			}
			t.Rank = viewRank(ranks, d.Unit)
		}
	}
	for i := range n.Children {
		child, err := s.tree(c, p, f, &n.Children[i], d, earlier)
		if err != nil {
			return t, err
		}
		t.Children = append(t.Children, child)
	}
	return t, nil
}

func viewRank(ranks map[survey.UnitID]report.Rank, unit survey.UnitID) *pages.Rank {
	r, ok := ranks[unit]
	if !ok || r.Of < 2 {
		return nil
	}
	return &pages.Rank{Place: r.Place, Low: r.Low, High: r.High, Of: r.Of}
}

// rankMemo keeps the places of units by the figures of the newest boards, because a confidence set is simulated.
type rankMemo struct {
	mu     sync.Mutex
	boards map[survey.WaveID]*board
	kept   map[survey.WaveID]map[[3]string]map[survey.UnitID]report.Rank
}

// of returns the places of units by a node's figures: of all of them, or with unit of that one alone, which costs a hundredth.
func (m *rankMemo) of(p *wavePage, framework, node string, unit survey.UnitID) (map[survey.UnitID]report.Rank, error) {
	key := [3]string{framework, node, string(unit)}
	m.mu.Lock()
	if m.boards == nil {
		m.boards, m.kept = map[survey.WaveID]*board{}, map[survey.WaveID]map[[3]string]map[survey.UnitID]report.Rank{}
	}
	if m.boards[p.wave.ID] != p.board {
		m.boards[p.wave.ID], m.kept[p.wave.ID] = p.board, map[[3]string]map[survey.UnitID]report.Rank{}
	}
	mine := m.kept[p.wave.ID]
	ranks, ok := mine[key]
	m.mu.Unlock()
	if ok {
		return ranks, nil
	}
	var only []survey.UnitID
	if unit != "" {
		only = []survey.UnitID{unit}
	}
	ranks, err := report.Ranks(p.board.unitFigures(framework, node), p.units.kind, only...)
	if err != nil {
		return nil, survey.Errorf(survey.CodeInternal, "rank units", "%w", err)
	}
	m.mu.Lock()
	mine[key] = ranks
	m.mu.Unlock()
	return ranks, nil
}

// unitFigures are the weighted figures of a node in each unit, in the release's order.
func (b *board) unitFigures(framework, node string) []*survey.Figure {
	var out []*survey.Figure
	for i := range b.Figures {
		f := &b.Figures[i]
		if f.Framework == framework && f.Node == node && f.Domain.Unit != "" && f.Domain.Field == "" && f.Weighting == survey.Weighted && f.Basis == survey.BasisInvited {
			out = append(out, f)
		}
	}
	return out
}

// kind is what a unit is; units of one kind are peers.
func (d *directory) kind(id survey.UnitID) string {
	u, _ := d.unit(id)
	return string(u.Kind)
}

// earlierWave is the latest wave before another one of the same province that has figures. A nil one has none.
type earlierWave struct {
	wave    *survey.Wave
	board   *board
	changed map[string]bool // items that the two waves ask differently
}

// earlier finds the wave that changes are measured from.
func (s *Server) earlier(ctx context.Context, p *wavePage) (*earlierWave, error) {
	for _, w := range p.waves { // the latest first
		if w.Province != p.wave.Province || w.To >= p.wave.From {
			continue
		}
		b, err := s.shownBoard(ctx, w)
		if survey.IsCode(err, survey.CodeNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		e := &earlierWave{wave: w, board: b}
		e.changed, err = s.changedItems(ctx, w, p.wave)
		return e, err
	}
	return nil, nil
}

// shownBoard returns what a wave shows, without computing anything: its published release, or the provisional one that is stored. One
// without either is CodeNotFound.
func (s *Server) shownBoard(ctx context.Context, w *survey.Wave) (*board, error) {
	b, err := s.published(ctx, w.ID)
	if err == nil || !survey.IsCode(err, survey.CodeNotFound) {
		return b, err
	}
	id, err := s.store.ReleaseID(ctx, w.ID, survey.StateProvisional)
	if err != nil {
		return nil, err
	}
	if at := s.atHand(w.ID); at != nil && at.ID == id {
		return at, nil
	}
	r, err := s.store.Release(ctx, w.ID, survey.StateProvisional)
	if err != nil {
		return nil, err
	}
	return s.keep(w.ID, r), nil
}

// changedItems are the items that two waves ask in other words, with other answers, or only in one of them.
func (s *Server) changedItems(ctx context.Context, a, b *survey.Wave) (map[string]bool, error) {
	asked := func(w *survey.Wave) (map[string]survey.Item, error) {
		items := map[string]survey.Item{}
		for _, ref := range w.Instruments {
			in, err := s.instrument(ctx, ref)
			if err != nil {
				return nil, err
			}
			for _, it := range in.Items {
				items[string(in.Mode)+" "+it.Code] = it
			}
		}
		return items, nil
	}
	before, err := asked(a)
	if err != nil {
		return nil, err
	}
	now, err := asked(b)
	if err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	for _, one := range []map[string]survey.Item{before, now} {
		for key := range one {
			if !reflect.DeepEqual(before[key], now[key]) {
				_, code, _ := strings.Cut(key, " ")
				changed[code] = true
			}
		}
	}
	return changed, nil
}

// whyNot says why a node's figures of the two waves may not be held against each other; it is empty where they may.
func (e *earlierWave) whyNot(f *survey.Framework, n *survey.Node, l survey.Lang) string {
	if !slices.Contains(e.wave.Frameworks, f.Ref()) {
		return i18n.T(l, "history.break_framework")
	}
	items := map[string]bool{}
	for _, leaf := range n.Leaves() {
		if v := leaf.Value; v != nil {
			for _, item := range append([]string{v.Item}, v.Items...) {
				if e.changed[item] {
					items[item] = true
				}
			}
		}
	}
	if len(items) == 0 {
		return ""
	}
	return i18n.T(l, "history.break_items", "items", strings.Join(slices.Sorted(maps.Keys(items)), ", "))
}

// change is how a figure moved since the earlier wave, with its reason where the two do not compare; nil where there is no earlier one.
func (e *earlierWave) change(f *survey.Framework, n *survey.Node, now *survey.Figure, shown ui.FigureProps, l survey.Lang) *ui.ChangeProps {
	if e == nil || now == nil || !shown.Shown() {
		return nil
	}
	c := &ui.ChangeProps{Unit: shown.Unit, Decimals: shown.Decimals, Value: math.NaN(), Low: math.NaN(), High: math.NaN(), Since: e.wave.Title.In(l)}
	if c.Reason = e.whyNot(f, n, l); c.Reason != "" {
		return c
	}
	before, ok := e.board.figures[now.FigureKey]
	if !ok {
		return nil
	}
	moved, ok := report.ChangeBetween(before, now)
	if !ok {
		return nil
	}
	c.Value, c.Low, c.High = moved.Value, moved.Low, moved.High
	return c
}
