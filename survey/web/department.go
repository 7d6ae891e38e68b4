package web

import (
	"math"
	"net/http"
	"net/url"
	"slices"

	"github.com/a-h/templ"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// flags lists what needs attention in a wave, the most urgent first.
func (s *Server) flags(c *call) (*figures, error) {
	p, elsewhere, err := s.openWavePage(c, "flags", "flags")
	if err != nil {
		return nil, err
	}
	if elsewhere != "" {
		return &figures{elsewhere: elsewhere}, nil
	}
	v := pages.FlagsView{Shell: p.shell, Wave: p.wave.Title.In(c.lang)}
	if p.board == nil {
		return without(p, func(ui.Files) templ.Component { return pages.Flags(v) }), nil
	}
	unit := survey.UnitID(c.query("unit"))
	p.shell.Crumb.Filters = append(p.shell.Crumb.Filters, unitFilter(p.board.unitsWithFigures(p.units, c.lang), p.units, unit, c.lang, true))
	v.Shell = p.shell
	frameworks, err := s.frameworks(c.ctx(), p.wave)
	if err != nil {
		return nil, err
	}
	v.Rows = flagRows(c, p, frameworks, func(id survey.UnitID) bool { return unit == "" || id == unit })
	v.Examined, v.TooFew = examined(p.board, frameworks[0], unit)
	if v.KioskTimes, err = s.kioskTimes(c.ctx(), p.wave); err != nil {
		return nil, err
	}
	return p.figures(func(files ui.Files) templ.Component { v.Files = files; return pages.Flags(v) },
		func() export.PageTable { return flagsTable(v) }, v.Picture), nil
}

// examined counts the indicators of units that were looked at, and those with too few answers to say anything.
func examined(b *board, f *survey.Framework, unit survey.UnitID) (all, tooFew int) {
	for i := range b.Figures {
		fig := &b.Figures[i]
		if fig.Framework != f.ID || fig.Weighting != survey.Weighted || fig.Basis != survey.BasisInvited || fig.Domain.Unit == "" || fig.Domain.Field != "" {
			continue
		}
		n, ok := f.Node(fig.Node)
		if !ok || len(n.Children) > 0 || unit != "" && fig.Domain.Unit != unit {
			continue
		}
		all++
		if fig.State == survey.StateWithheld {
			tooFew++
		}
	}
	return all, tooFew
}

// flagRows turns the flags of some units into rows, in the release's order: by priority, falling. What has too few answers
// to tell is neither good nor bad and is only counted.
func flagRows(c *call, p *wavePage, frameworks []*survey.Framework, wanted func(survey.UnitID) bool) []pages.FlagRow {
	var rows []pages.FlagRow
	for i := range p.board.Flags {
		flag := &p.board.Flags[i]
		if flag.State == survey.FlagTooFew || !wanted(flag.Figure.Domain.Unit) {
			continue
		}
		at := slices.IndexFunc(frameworks, func(f *survey.Framework) bool { return f.ID == flag.Figure.Framework })
		if at < 0 {
			continue
		}
		rows = append(rows, flagRow(c, p, frameworks[at], flag))
	}
	slices.SortStableFunc(rows, func(a, b pages.FlagRow) int {
		if urgent := urgency(a.State) - urgency(b.State); urgent != 0 {
			return urgent
		}
		switch {
		case a.Priority > b.Priority || math.IsNaN(b.Priority) && !math.IsNaN(a.Priority):
			return -1
		case a.Priority < b.Priority || math.IsNaN(a.Priority) && !math.IsNaN(b.Priority):
			return 1
		}
		return 0
	})
	return rows
}

func urgency(state survey.FlagState) int {
	if state == survey.FlagRaised {
		return 0
	}
	return 1
}

func flagRow(c *call, p *wavePage, f *survey.Framework, flag *survey.Flag) pages.FlagRow {
	label := flag.Figure.Node
	if n, ok := f.Node(flag.Figure.Node); ok {
		label = n.Label.In(c.lang)
	}
	row := pages.FlagRow{
		Unit: p.units.name(flag.Figure.Domain.Unit, c.lang), Indicator: label, Code: flag.Figure.Node,
		Figure: figureProps(&flag.Figure, "", p.board.Rules), State: flag.State,
		Gain: flag.Gain, GainUnit: flag.Figure.Measure, Importance: flag.Derived,
		Transactions: int(math.Round(flag.Affected)), Priority: flag.Priority,
	}
	if c.actor.Can(survey.ActViewResults) {
		row.UnitHref = unitHref(p.wave.ID, flag.Figure.Domain.Unit, c)
	}
	row.Figure.Target = targetOf(row.Figure, p.wave.Targets, f.ID, flag.Figure.Node)
	for _, r := range flag.Reasons {
		row.Reasons = append(row.Reasons, flagReason(r, row.Figure, before(p, c.lang)))
	}
	return row
}

// before names the wave that a fall is measured from: the latest earlier one of the same province.
func before(p *wavePage, l survey.Lang) string {
	for _, w := range p.waves {
		if w.To < p.wave.From && w.Province == p.wave.Province {
			return w.Title.In(l)
		}
	}
	return ""
}

// flagReason puts the evidence of a reason, which is kept by name, into its place.
func flagReason(r survey.FlagReason, f ui.FigureProps, since string) pages.Reason {
	number := func(name string, otherwise float64) float64 {
		if v, ok := r.Evidence[name]; ok {
			return v
		}
		return otherwise
	}
	nan := math.NaN()
	// The evidence ranks from the highest value, the page from the lowest.
	fromBelow := func(rank string) int {
		if number(rank, 0) == 0 {
			return 0
		}
		return int(number("of", 0) + 1 - number(rank, 0))
	}
	return pages.Reason{
		Kind: r.Code, Shown: r.Shown, Target: number("target", f.Target), P: number("p_adjusted", number("p", nan)),
		RankLow: fromBelow("rank_high"), RankHigh: fromBelow("rank_low"), Of: int(number("of", 0)),
		Peers: number("peers_mean", nan),
		Change: ui.ChangeProps{
			Unit: f.Unit, Decimals: f.Decimals, Value: number("change", nan), Low: nan, High: nan, Since: since,
		},
	}
}

// repair shows a department what to do first in its own units. Analysts and administrators may look at any unit.
func (s *Server) repair(c *call) error {
	w, waves, err := s.latestWave(c.ctx())
	if err != nil {
		return err
	}
	if id := survey.WaveID(c.query("wave")); id != "" {
		if w, err = s.store.Wave(c.ctx(), id); err != nil {
			return err
		}
	}
	asked := survey.UnitID(c.query("unit"))
	if asked != "" && !c.actor.CanSee(asked) {
		return survey.Errorf(survey.CodeForbidden, "show repairs", "the unit is not the account's")
	}
	v := pages.DepartmentView{Shell: s.staffShell(c, "improve", w)}
	if w == nil {
		return c.page(http.StatusOK, pages.Department(v))
	}
	p := &wavePage{wave: w, waves: waves}
	if p.units, err = s.unitDirectory(c.ctx()); err != nil {
		return err
	}
	if err := s.figuresOf(c.ctx(), p); err != nil {
		return err
	}
	v.Wave, v.Shell.MadeAt = w.Title.In(c.lang), p.shell.MadeAt
	v.Shell.Crumb = &layout.Crumb{Action: "/repair", Filters: []layout.Filter{waveFilter(waves, w.ID, c.lang)}}
	choices := slices.Clone(c.actor.Units)
	if c.actor.Role != survey.Department && p.board != nil {
		choices = p.board.unitsWithFigures(p.units, c.lang)
	}
	sortUnits(choices, p.units, c.lang)
	if asked == "" {
		asked = mostUrgent(p.board, choices)
	}
	v.Unit = p.units.name(asked, c.lang)
	if asked != "" {
		v.Shell.Crumb.Filters = append(v.Shell.Crumb.Filters, unitFilter(choices, p.units, asked, c.lang, false))
		v.Shell.Languages = repairLinks(c, asked)
	}
	if p.board == nil || asked == "" {
		return c.page(http.StatusOK, pages.Department(v))
	}
	if err := s.fillRepairs(c, p, asked, &v); err != nil {
		return err
	}
	return c.page(http.StatusOK, pages.Department(v))
}

// repairLinks keep the unit that is shown, so that the page in another language speaks of the same one.
func repairLinks(c *call, unit survey.UnitID) []layout.LanguageLink {
	links := staffLinks(c)
	for i := range links {
		query, err := url.ParseQuery(links[i].Href[1:])
		if err != nil {
			continue
		}
		query.Set("unit", string(unit))
		links[i].Href = "?" + query.Encode()
	}
	return links
}

// mostUrgent is the unit to begin with: among those given, the one with the highest flag, or else the first.
func mostUrgent(b *board, choices []survey.UnitID) survey.UnitID {
	if b != nil {
		best, found := math.Inf(-1), survey.UnitID("")
		for i := range b.Flags {
			fl := &b.Flags[i]
			if fl.State == survey.FlagRaised && fl.Priority > best && slices.Contains(choices, fl.Figure.Domain.Unit) {
				best, found = fl.Priority, fl.Figure.Domain.Unit
			}
		}
		if found != "" {
			return found
		}
	}
	if len(choices) == 0 {
		return ""
	}
	return choices[0]
}

func (s *Server) fillRepairs(c *call, p *wavePage, unit survey.UnitID, v *pages.DepartmentView) error {
	frameworks, err := s.frameworks(c.ctx(), p.wave)
	if err != nil {
		return err
	}
	f, node, err := s.headlineOf(c.ctx(), p.wave)
	if err != nil {
		return err
	}
	v.Headline = p.board.props(f, node.Code, node.Label.In(c.lang), survey.Domain{Unit: unit}, survey.Weighted, survey.BasisInvited)
	v.Indicators, v.TooFew = examined(p.board, f, unit)
	v.Least = p.board.Rules.MinAnswers
	if v.KioskTimes, err = s.kioskTimes(c.ctx(), p.wave); err != nil {
		return err
	}
	v.GainUnit = f.Measure
	v.Rows = flagRows(c, p, frameworks, func(id survey.UnitID) bool { return id == unit })
	for _, r := range v.Rows {
		if r.State == survey.FlagRaised && r.GainUnit == f.Measure && !math.IsNaN(r.Gain) {
			v.Gain += r.Gain
		}
	}
	return nil
}
