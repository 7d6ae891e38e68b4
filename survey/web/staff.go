package web

import (
	"context"
	"math"
	"net/url"
	"slices"
	"time"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// staffLinks lead to a page behind the sign-in in the languages that it exists in.
func staffLinks(c *call) []layout.LanguageLink {
	return languageLinks(c, c.lang, i18n.StaffLanguages())
}

// staffShell is the frame of a page behind the sign-in. place is the key of the navigation's place that the page belongs to; wave is the
// wave that links of the navigation lead to, nil where there is none.
func (s *Server) staffShell(c *call, place string, wave *survey.Wave) layout.Staff {
	results := "/waves"
	if wave != nil {
		results = wavePath(wave.ID, "scores")
	}
	var nav []layout.NavItem
	add := func(key, href string, act survey.Act) {
		if c.actor.Can(act) {
			nav = append(nav, layout.NavItem{Key: key, Href: href, Current: key == place})
		}
	}
	add("results", results, survey.ActViewResults)
	add("improve", "/repair", survey.ActViewRepairs)
	add("waves", "/waves", survey.ActViewResults)
	if !c.actor.Can(survey.ActManage) { // an administrator finds them under administration: the row of places is full
		add("frameworks", frameworksPath, survey.ActFrameworks)
		add("assessments", assessmentsPath, survey.ActViewAssessments)
	}
	add("kiosk", fleetPath, survey.ActManage)
	if s.cfg.DemoKiosk && !c.actor.Can(survey.ActManage) {
		nav = append(nav, layout.NavItem{Key: "kiosk", Href: "/kiosk"})
	}
	add("admin", "/admin", survey.ActManage)
	return layout.Staff{
		Lang: c.lang, Languages: staffLinks(c), HomeHref: s.home(c.actor), Nav: nav,
		UserName: c.actor.Name, Role: string(c.actor.Role), SignOutPath: "/signout", Demo: s.cfg.Demo,
	}
}

// wavePath is the address of a page of a wave; page "" is its overview.
func wavePath(wave survey.WaveID, page string) string {
	path := "/waves/" + url.PathEscape(string(wave))
	if page == "" {
		return path
	}
	return path + "/" + page
}

// filterKeys are the parameters of an address that say what is looked at. Links between sibling pages keep them.
var filterKeys = []string{"unit", "field", "framework", "indicator"}

// filterOf returns the filter of the call's address, with some parameters replaced: name, value, …; an empty value drops one.
func filterOf(c *call, replace ...string) url.Values {
	kept := url.Values{}
	for _, key := range filterKeys {
		if v := c.query(key); v != "" {
			kept.Set(key, v)
		}
	}
	for i := 0; i+1 < len(replace); i += 2 {
		kept.Del(replace[i])
		if replace[i+1] != "" {
			kept.Set(replace[i], replace[i+1])
		}
	}
	return kept
}

// waveTabs are the places of a wave: its figures in several views, what needs attention, what looks odd, and for whoever may the act of
// publishing.
func waveTabs(c *call, wave survey.WaveID, current string) []layout.Tab {
	tab := func(key, page string) layout.Tab {
		return layout.Tab{Key: key, Href: address(wavePath(wave, page), filterOf(c)), Current: key == current}
	}
	figures := tab("figures", "")
	for _, key := range []string{"overview", "index", "scores", "units", "map", "heatmap", "history", "compare"} {
		view := tab(key, key)
		if key == "overview" {
			view = tab(key, "")
		}
		figures.Views = append(figures.Views, view)
	}
	figures.Views = append(figures.Views, layout.Tab{Key: "trend", Href: "/papi", Current: current == "trend"})
	figures.Current = slices.ContainsFunc(figures.Views, func(t layout.Tab) bool { return t.Current })
	tabs := []layout.Tab{figures, tab("flags", "flags"), tab("signals", "signals")}
	if c.actor.Can(survey.ActCompute) {
		publish := tab("publish", "publish")
		publish.Act = true
		tabs = append(tabs, publish)
	}
	return tabs
}

// wavePage is what every page of a wave begins with.
type wavePage struct {
	wave  *survey.Wave
	waves []*survey.Wave
	units *directory
	shell layout.Staff
	board *board      // nil where there is nothing to compute from yet
	lack  survey.Code // then why
}

// openWavePage reads the wave of the address and its figures. The list of waves in the crumb sends the wave as a parameter: then the
// second value is where to go instead.
func (s *Server) openWavePage(c *call, tab, page string) (*wavePage, string, error) {
	id := survey.WaveID(c.param("wave"))
	if other := survey.WaveID(c.query("wave")); other != "" && other != id {
		if _, err := s.store.Wave(c.ctx(), other); err != nil {
			return nil, "", err
		}
		return nil, address(wavePath(other, page), filterOf(c)), nil
	}
	w, err := s.store.Wave(c.ctx(), id)
	if err != nil {
		return nil, "", err
	}
	p := &wavePage{wave: w}
	if p.waves, err = s.store.Waves(c.ctx()); err != nil {
		return nil, "", err
	}
	if p.units, err = s.unitDirectory(c.ctx()); err != nil {
		return nil, "", err
	}
	p.shell = s.staffShell(c, "results", w)
	p.shell.Tabs = waveTabs(c, id, tab)
	p.shell.Crumb = &layout.Crumb{Action: wavePath(id, page), Filters: []layout.Filter{waveFilter(p.waves, id, c.lang)}}
	if err := s.figuresOf(c.ctx(), p); err != nil {
		return nil, "", err
	}
	return p, "", nil
}

// figuresOf fills in the wave's figures. That there is nothing to compute from is a state of the page and no error.
func (s *Server) figuresOf(ctx context.Context, p *wavePage) error {
	b, err := s.board(ctx, p.wave)
	switch code := survey.CodeOf(err); code {
	case "":
		p.board, p.shell.MadeAt = b, b.MadeAt.In(survey.Zone)
		if p.shell.Since, err = s.since(ctx, b); err != nil {
			return err
		}
	case survey.CodeRegisterEmpty, survey.CodeNoAnswers:
		p.lack = code
	default:
		return err
	}
	return nil
}

func waveFilter(waves []*survey.Wave, current survey.WaveID, l survey.Lang) layout.Filter {
	f := layout.Filter{Name: "wave", Key: "wave"}
	for _, w := range waves {
		f.Choices = append(f.Choices, layout.Choice{Value: string(w.ID), Label: w.Title.In(l), Selected: w.ID == current})
	}
	return f
}

// latestWave returns the wave that a page without one in its address speaks of, or nil.
func (s *Server) latestWave(ctx context.Context) (*survey.Wave, []*survey.Wave, error) {
	waves, err := s.store.Waves(ctx)
	if err != nil || len(waves) == 0 {
		return nil, waves, err
	}
	return waves[0], waves, nil
}

// frameworks returns the frameworks of a wave in its order, the headline first.
func (s *Server) frameworks(ctx context.Context, w *survey.Wave) ([]*survey.Framework, error) {
	var list []*survey.Framework
	for _, ref := range w.Frameworks {
		f, err := s.framework(ctx, ref)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// headline returns the highest node of a framework of which every indicator is asked in the wave: the index itself, or the part
// of it that the wave measures. Without one it is the root.
func headline(f *survey.Framework, asked map[string]bool) *survey.Node {
	var found *survey.Node
	f.Walk(func(n *survey.Node, _ []*survey.Node) {
		if found != nil {
			return
		}
		for _, leaf := range n.Leaves() {
			if leaf.Value == nil || !asked[leaf.Value.Item] {
				return
			}
		}
		found = n
	})
	if found == nil {
		return &f.Root
	}
	return found
}

// headlineOf returns the wave's first framework and its headline.
func (s *Server) headlineOf(ctx context.Context, w *survey.Wave) (*survey.Framework, *survey.Node, error) {
	all, err := s.frameworks(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	asked, err := s.asked(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	return all[0], headline(all[0], asked), nil
}

// pointDecimals is how many decimals points are written with.
const pointDecimals = 2

// figureProps turns a figure into what the one component shows.
func figureProps(f *survey.Figure, label string, rules survey.Rules) ui.FigureProps {
	e := f.Estimate
	p := ui.FigureProps{
		Label: label, Unit: f.Measure, Decimals: pointDecimals,
		Value: e.Value, SE: e.SE, Low: e.Interval.Low, High: e.Interval.High, Level: e.Interval.Level, Method: e.Interval.Method,
		N: e.N, Of: e.Population, Effective: e.EffectiveN, DF: e.DF,
		ScaleMin: 0, ScaleMax: 100, Target: math.NaN(), State: f.State, Reason: f.Reason, Threshold: rules.MinAnswers,
	}
	for _, b := range []*survey.Bounds{f.Nominal, f.Attainable} {
		if b != nil {
			p.ScaleMin, p.ScaleMax = axisEnd(b.Min), axisEnd(b.Max)
		}
	}
	if f.Target != nil {
		p.Target = *f.Target
	}
	return p
}

// axisEnd rounds away what adding up coefficients leaves of a bound: figures on the same scale share one axis.
func axisEnd(bound float64) float64 { return math.Round(bound*1e9) / 1e9 }

// noFigure stands where a release has no figure: withheld, with nothing behind it.
func noFigure(label string, measure survey.Measure, rules survey.Rules) ui.FigureProps {
	nan := math.NaN()
	return ui.FigureProps{
		Label: label, Unit: measure, Decimals: pointDecimals, Value: nan, SE: nan, Low: nan, High: nan, Level: rules.Level,
		Of: nan, Effective: nan, DF: nan, ScaleMin: 0, ScaleMax: 100, Target: nan,
		State: survey.StateWithheld, Reason: survey.ReasonNoAnswers, Threshold: rules.MinAnswers,
	}
}

// props returns the figure of a node for a part of the register, or what stands where there is none.
func (b *board) props(f *survey.Framework, node, label string, d survey.Domain, w survey.Weighting, basis survey.Basis) ui.FigureProps {
	figure, ok := b.figure(f.ID, node, d, w, basis)
	if !ok {
		return noFigure(label, f.Measure, b.Rules)
	}
	p := figureProps(figure, label, b.Rules)
	if w == survey.Unweighted {
		// A plain count stands beside the weighted figure and is read as speaking for the same cases.
		if weighted, ok := b.figure(f.ID, node, d, survey.Weighted, basis); ok {
			p.Of = weighted.Estimate.Population
		}
	}
	return p
}

// walkIns is the figure with walk-ins, whose State is empty where they add nothing.
func (b *board) walkIns(f *survey.Framework, node, label string, d survey.Domain) ui.FigureProps {
	figure, ok := b.figure(f.ID, node, d, survey.Weighted, survey.BasisWithWalkIns)
	if !ok || b.Weighting.WalkIns == 0 || figure.Reason == survey.ReasonUndefined {
		return ui.FigureProps{}
	}
	return figureProps(figure, label, b.Rules)
}

// defined reports whether the wave can have this figure at all: enough answers or not, its indicators are asked.
func (b *board) defined(f *survey.Framework, node string, d survey.Domain) bool {
	figure, ok := b.figure(f.ID, node, d, survey.Weighted, survey.BasisInvited)
	return ok && figure.Reason != survey.ReasonUndefined
}

// kioskTimes is how many times an answer counts where the questions asked were drawn: one over the smallest chance of a module in the
// questionnaires of a wave. It is 0 where every module is always asked.
func (s *Server) kioskTimes(ctx context.Context, w *survey.Wave) (int, error) {
	smallest := 1.0
	for _, ref := range w.Instruments {
		in, err := s.instrument(ctx, ref)
		if err != nil {
			return 0, err
		}
		for _, m := range in.Modules {
			if m.Chance > 0 {
				smallest = min(smallest, m.Chance)
			}
		}
	}
	if smallest == 1 {
		return 0, nil
	}
	return int(math.Round(1 / smallest)), nil
}

// unitsWithFigures lists the units that the release has figures of, by name.
func (b *board) unitsWithFigures(units *directory, l survey.Lang) []survey.UnitID {
	seen := map[survey.UnitID]bool{}
	var ids []survey.UnitID
	for i := range b.Figures {
		if id := b.Figures[i].Domain.Unit; id != "" && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	sortUnits(ids, units, l)
	return ids
}

// fieldsWithFigures lists the fields that the release has figures of.
func (b *board) fieldsWithFigures() []string {
	var fields []string
	for i := range b.Figures {
		if f := b.Figures[i].Domain.Field; f != "" && !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	slices.Sort(fields)
	return fields
}

func unitFilter(ids []survey.UnitID, units *directory, current survey.UnitID, l survey.Lang, all bool) layout.Filter {
	f := layout.Filter{Name: "unit", Key: "unit"}
	if all {
		f.Choices = append(f.Choices, layout.Choice{Label: i18n.T(l, "filter.all"), Selected: current == ""})
	}
	for _, id := range ids {
		f.Choices = append(f.Choices, layout.Choice{Value: string(id), Label: units.name(id, l), Selected: id == current})
	}
	return f
}

// dayTime is a day of the register as a time for pages.
func dayTime(d survey.Day) time.Time {
	t, err := time.ParseInLocation("2006-01-02", string(d), survey.Zone)
	if err != nil {
		return time.Time{}
	}
	return t
}
