package web

import (
	"context"
	"math"
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
	v.Shell, v.Domain, v.Framework, v.Source = p.shell, domainText(d, p.units, c.lang), f.Title.In(c.lang), i18n.SourceText(c.lang, f)
	v.Answers = answersBehind(p.board)
	if v.KioskTimes, err = s.kioskTimes(c.ctx(), p.wave); err != nil {
		return nil, err
	}
	earlier, err := s.earlier(c.ctx(), p, f.ID, d, c.lang)
	if err != nil {
		return nil, err
	}
	v.Root, err = p.board.tree(c.lang, f, &f.Root, d, p.wave.Targets, func(t *pages.TreeNode) error {
		t.Change = earlier.change(t.Code, t.Figure, c.lang)
		if d.Unit == "" || !t.Figure.Shown() {
			return nil
		}
		ranks, err := s.ranks.of(p, f.ID, t.Code, d.Unit)
		t.Rank = viewRank(ranks, d.Unit)
		return err
	})
	if err != nil {
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

// tree is a node with what is below it. beside adds to each node that can have a figure what the release itself does not hold; it may be nil.
func (b *board) tree(l survey.Lang, f *survey.Framework, n *survey.Node, d survey.Domain, targets survey.Targets, beside func(*pages.TreeNode) error) (pages.TreeNode, error) {
	t := pages.TreeNode{Code: n.Code, Label: n.Label.In(l), Absent: !b.defined(f, n.Code, survey.Domain{})}
	t.Figure = b.props(f, n.Code, "", d, survey.Weighted, survey.BasisInvited)
	t.Figure.Target = targetOf(t.Figure, targets, f.ID, n.Code)
	t.Method = pages.MethodOf(l, f, n, t.Figure)
	if !t.Absent && beside != nil {
		if err := beside(&t); err != nil {
			return t, err
		}
	}
	for i := range n.Children {
		child, err := b.tree(l, f, &n.Children[i], d, targets, beside)
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

// earlier returns how each node moved since the latest wave before the page's of the same province that has figures; nil where there is none.
func (s *Server) earlier(ctx context.Context, p *wavePage, framework string, d survey.Domain, l survey.Lang) (*movement, error) {
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
		return s.movement(ctx, p, b, p.board, framework, d, nil, l)
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
	if at := s.atHand(w.ID, survey.StateProvisional); at != nil && at.ID == id {
		return at, nil
	}
	r, err := s.store.Release(ctx, w.ID, survey.StateProvisional)
	if err != nil {
		return nil, err
	}
	return s.keep(r), nil
}

// movement is how the nodes of a framework moved from one wave to a later one, for the whole or for a unit. A nil one moved nothing.
type movement struct {
	since string
	nodes map[string]survey.Change
	name  func(survey.UnitID) string
}

// movement compares two releases by the one rule of comparisons.
func (s *Server) movement(ctx context.Context, p *wavePage, from, to *board, framework string, d survey.Domain, nodes func(string) bool, l survey.Lang) (*movement, error) {
	before, err := report.LoadSide(ctx, s.store, from.Release)
	if err != nil {
		return nil, err
	}
	now, err := report.LoadSide(ctx, s.store, to.Release)
	if err != nil {
		return nil, err
	}
	m := &movement{since: p.waveTitle(from.Wave, l), nodes: map[string]survey.Change{}, name: func(id survey.UnitID) string { return p.units.known(id, l) }}
	for _, x := range report.Compare(before, now, report.CompareOptions{
		Framework: framework, Unit: d.Unit, Level: to.Rules.Level, Units: p.units.all, Find: report.FrameworksOf(now.Frameworks), Nodes: nodes,
	}) {
		if x.Domain == d {
			m.nodes[x.Node] = x
		}
	}
	return m, nil
}

// known is the name of a unit, and empty for what is no unit.
func (d *directory) known(id survey.UnitID, l survey.Lang) string {
	u, _ := d.unit(id)
	return u.Name.In(l)
}

// waveTitle is the title of one of the page's waves.
func (p *wavePage) waveTitle(id survey.WaveID, l survey.Lang) string {
	for _, w := range p.waves {
		if w.ID == id {
			return w.Title.In(l)
		}
	}
	return string(id)
}

// change is how a node's figure moved, or why it does not compare. It is nil where there is nothing to compare with: no earlier figure, or
// one of the two is withheld.
func (m *movement) change(node string, shown ui.FigureProps, l survey.Lang) *ui.ChangeProps {
	if m == nil || !shown.Shown() {
		return nil
	}
	x, ok := m.nodes[node]
	if !ok {
		return nil
	}
	nan := math.NaN()
	c := &ui.ChangeProps{Unit: shown.Unit, Decimals: shown.Decimals, Value: nan, Low: nan, High: nan, Since: m.since}
	if why := m.words(x, l, survey.ChangeReason.Refuses); why != "" {
		if !breaks(x) {
			return nil
		}
		c.Reason = why
		return c
	}
	for to, from := range map[*float64]*float64{&c.Value: x.Change.Value, &c.Low: x.Change.Low, &c.High: x.Change.High} {
		if from != nil {
			*to = *from
		}
	}
	c.Note = m.words(x, l, func(r survey.ChangeReason) bool { return !r.Refuses() && r.Code != survey.CompareProvisional })
	return c
}

// breaks reports whether the documents say that two figures do not compare, and not only that one of them is not there.
func breaks(x survey.Change) bool {
	return slices.ContainsFunc(x.Reasons, func(r survey.ChangeReason) bool {
		switch r.Code {
		case survey.CompareNoFigure, survey.CompareWithheld, survey.CompareUndefined, survey.ComparePartWithheld, survey.ComparePartMissing:
			return false
		}
		return r.Refuses()
	})
}

// words are some of the reasons of a change.
func (m *movement) words(x survey.Change, l survey.Lang, which func(survey.ChangeReason) bool) string {
	var out []string
	for _, r := range x.Reasons {
		if which(r) {
			out = append(out, i18n.CompareReason(l, r, slices.Concat(x.From.Parts, x.To.Parts), m.name))
		}
	}
	return strings.Join(out, " ")
}
