package web

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// waves lists the waves with their counts, which are live.
func (s *Server) waves(c *call) error {
	rows, all, err := s.waveRows(c)
	if err != nil {
		return err
	}
	var latest *survey.Wave
	if len(all) > 0 {
		latest = all[0]
	}
	return c.page(http.StatusOK, pages.Waves(pages.WavesView{Shell: s.staffShell(c, "waves", latest), Waves: rows}))
}

func (s *Server) waveRows(c *call) ([]pages.WaveRow, []*survey.Wave, error) {
	all, err := s.store.Waves(c.ctx())
	if err != nil {
		return nil, nil, err
	}
	rows := make([]pages.WaveRow, 0, len(all))
	for _, w := range all {
		row, err := s.waveRow(c.ctx(), w, c.lang)
		if err != nil {
			return nil, nil, err
		}
		if c.actor.Can(survey.ActViewResults) {
			row.Href = wavePath(w.ID, "")
		}
		rows = append(rows, row)
	}
	return rows, all, nil
}

// waveRow counts a wave. An answer counts when the required question is answered, whatever became of the rest.
func (s *Server) waveRow(ctx context.Context, w *survey.Wave, l survey.Lang) (pages.WaveRow, error) {
	row := waveNames(w, l)
	frameworks, err := s.frameworks(ctx, w)
	if err != nil {
		return row, err
	}
	var titles []string
	for _, f := range frameworks {
		titles = append(titles, f.Title.In(l))
	}
	row.Framework = strings.Join(titles, " · ")
	required := map[string]bool{}
	for _, ref := range w.Instruments {
		in, err := s.instrument(ctx, ref)
		if err != nil {
			return row, err
		}
		required[in.RequiredItem()] = true
	}
	counts, err := s.store.RegisterCounts(ctx, w.ID)
	if err != nil {
		return row, err
	}
	for _, n := range counts {
		row.Register += n.N
	}
	classes, err := s.store.Classes(ctx, w.ID)
	if err != nil {
		return row, err
	}
	for _, cl := range classes {
		row.Invited += cl.Invited
	}
	cells, err := s.store.Cells(ctx, w.ID)
	if err != nil {
		return row, err
	}
	for _, cell := range cells {
		switch {
		case !required[cell.Item] || cell.Code < 0:
		case cell.Source == survey.Invited:
			row.Answers += cell.N
		default:
			row.WalkIns += cell.N
		}
	}
	return row, nil
}

func waveNames(w *survey.Wave, l survey.Lang) pages.WaveRow {
	return pages.WaveRow{
		Key: string(w.ID), Name: w.Title.In(l), From: dayTime(w.From), To: dayTime(w.To), State: string(w.State),
	}
}

// overview says how a wave goes. Its counts are the release's, so that they agree with the figures beside them.
func (s *Server) overview(c *call) error {
	p, elsewhere, err := s.openWavePage(c, "overview", "")
	if err != nil {
		return err
	}
	if elsewhere != "" {
		return c.redirect(elsewhere)
	}
	if p.board == nil {
		v := pages.OverviewView{Shell: p.shell, Wave: waveNames(p.wave, c.lang)}
		if v.Wave, err = s.waveRow(c.ctx(), p.wave, c.lang); err != nil {
			return err
		}
		return c.page(http.StatusOK, pages.Overview(v))
	}
	v, err := s.overviewView(c, p)
	if err != nil {
		return err
	}
	return c.page(http.StatusOK, pages.Overview(v))
}

func (s *Server) overviewView(c *call, p *wavePage) (pages.OverviewView, error) {
	b, l := p.board, c.lang
	f, node, err := s.headlineOf(c.ctx(), p.wave)
	if err != nil {
		return pages.OverviewView{}, err
	}
	v := pages.OverviewView{
		Shell: p.shell, Wave: waveNames(p.wave, l),
		Headline: b.props(f, node.Code, node.Label.In(l), survey.Domain{}, survey.Weighted, survey.BasisInvited),
		WithWalk: b.walkIns(f, node.Code, i18n.T(l, "scores.with_walk"), survey.Domain{}),
		ScoredAt: b.MadeAt.In(survey.Zone), DataHash: b.DataHash, Version: b.Program,
	}
	if c.actor.Can(survey.ActCompute) {
		v.PublishHref = wavePath(p.wave.ID, "publish")
	}
	if v.KioskTimes, err = s.kioskTimes(c.ctx(), p.wave); err != nil {
		return v, err
	}
	weighting := b.Weighting
	v.Wave.Register, v.Wave.Invited = weighting.Register, weighting.Invited
	v.Wave.Answers, v.Wave.WalkIns = weighting.Respondents, weighting.WalkIns
	v.Responses = responseGroups(weighting.Strata, p.units, l)
	names, err := s.moduleNames(c.ctx(), p.wave, l)
	if err != nil {
		return v, err
	}
	words := noteWords(p.units, names, l)
	v.Notes = notesIn(l, weighting.Notes, words)
	for _, m := range weighting.Modules {
		if m.Respondents == 0 {
			continue // nobody was asked it yet: there are no weights to judge
		}
		v.Diagnostics = append(v.Diagnostics, weightingView(m, words, l))
	}
	for _, u := range weighting.Unanswered {
		v.Silent = append(v.Silent, pages.SilentUnit{
			Name: p.units.name(u.Unit, l), Share: u.Share, Register: int(math.Round(u.Share * float64(weighting.Register))),
		})
		v.SilentShare += u.Share
	}
	v.Unfinished = unfinished(weighting)
	if v.RegisterEnds, err = s.registerEnds(c.ctx(), p.wave); err != nil {
		return v, err
	}
	return v, nil
}

// registerEnds is the day as of which the last draw judged the register, where that is before the wave ends: later transactions
// are in no figure yet. It is the zero time where the register covers the wave, or nothing was drawn.
func (s *Server) registerEnds(ctx context.Context, w *survey.Wave) (time.Time, error) {
	draws, err := s.store.Draws(ctx, w.ID)
	if err != nil || len(draws) == 0 {
		return time.Time{}, err
	}
	last := slices.MaxFunc(draws, func(a, b survey.Draw) int { return cmp.Compare(a.Number, b.Number) })
	if last.AsOf == "" || last.AsOf >= w.To {
		return time.Time{}, nil
	}
	return dayTime(last.AsOf), nil
}

// unfinished counts the responses that were begun without an answer to the required question: those of every disposition, less
// the respondents. Invitations without any response are no disposition of the domain and are left out.
func unfinished(w survey.WeightReport) int {
	begun := 0
	for _, d := range w.Dispositions {
		switch survey.Disposition(d.Kind) {
		case survey.Complete, survey.Partial, survey.TimedOut, survey.Refused, survey.Failed:
			begun += d.N
		}
	}
	return max(0, begun-w.Respondents)
}

// moduleNames are the titles of the modules of a wave's questionnaires by code.
func (s *Server) moduleNames(ctx context.Context, w *survey.Wave, l survey.Lang) (map[string]string, error) {
	var asked []*survey.Instrument
	for _, ref := range w.Instruments {
		in, err := s.instrument(ctx, ref)
		if err != nil {
			return nil, err
		}
		asked = append(asked, in)
	}
	return moduleTitles(asked, l), nil
}

// moduleTitles are the titles of the modules of questionnaires by code. The core is named by its question.
func moduleTitles(asked []*survey.Instrument, l survey.Lang) map[string]string {
	names := map[string]string{}
	for _, in := range asked {
		for _, m := range in.Modules {
			if names[m.Code] == "" {
				names[m.Code] = m.Title.In(l)
			}
		}
		if it, ok := in.Item(in.RequiredItem()); ok && names[survey.ModuleCore] == "" {
			names[survey.ModuleCore] = it.Short.In(l)
		}
	}
	return names
}

// responseDimensions are the dimensions by which the response rate is shown, from the strongest auxiliary down.
var responseDimensions = []int{survey.DimLateness, survey.DimChannel, survey.DimField, survey.DimUnit}

// responseGroups adds up the classes by each dimension. Classes of several draws count together. A dimension that was dropped from
// every class says nothing and is left out.
func responseGroups(strata []survey.StratumRate, units *directory, l survey.Lang) []pages.ResponseGroup {
	var groups []pages.ResponseGroup
	for _, dim := range responseDimensions {
		rows := map[string]*pages.ResponseRow{}
		for _, st := range strata {
			label := st.Labels[dim]
			if dim == survey.DimField && label == "*" {
				label = st.Labels[survey.DimFieldGroup] // the finest that the class knows of its fields
			}
			row := rows[label]
			if row == nil {
				row = &pages.ResponseRow{Label: i18n.LabelText(l, survey.DimNames[dim], label, noteWords(units, nil, l).Unit)}
				rows[label] = row
			}
			row.Register += st.Population
			row.Invited += st.Invited
			row.Answered += st.Respondents
		}
		if len(rows) < 2 {
			continue
		}
		g := pages.ResponseGroup{Key: survey.DimNames[dim]}
		for _, row := range rows {
			g.Rows = append(g.Rows, *row)
		}
		sortNamed(g.Rows, l, func(r pages.ResponseRow) (string, string) { return r.Label, "" })
		slices.SortStableFunc(g.Rows, func(a, b pages.ResponseRow) int { return cmp.Compare(rateOf(a), rateOf(b)) })
		groups = append(groups, g)
	}
	return groups
}

func rateOf(r pages.ResponseRow) float64 {
	if r.Invited == 0 {
		return math.Inf(1)
	}
	return float64(r.Answered) / float64(r.Invited)
}

func weightingView(m survey.ModuleWeights, words i18n.NoteWords, l survey.Lang) pages.WeightingView {
	v := pages.WeightingView{
		Module: words.Module(m.Module), N: m.Respondents, DesignEffect: m.KishEffect, Effective: m.EffectiveN,
		MinFactor: m.MinFactor, MaxFactor: m.MaxFactor, Trimmed: m.ShareTrimmed,
		Iterations: m.Iterations, Converged: m.Converged,
		GivenUp: notesIn(l, m.Failure, words), Collapsed: notesIn(l, m.Collapsed, words),
	}
	for _, r := range m.Margins {
		v.Margins = append(v.Margins, pages.MarginRow{
			Margin: r.Margin, Level: i18n.LevelText(l, r.Margin, r.Level, words.Unit), Register: r.Target, Weighted: r.Achieved,
		})
		if r.Target > 0 {
			v.Worst = math.Max(v.Worst, math.Abs(r.Achieved-r.Target)/r.Target)
		}
	}
	return v
}

// noteWords name what notes speak of. modules are the titles of modules by code.
func noteWords(units *directory, modules map[string]string, l survey.Lang) i18n.NoteWords {
	return i18n.NoteWords{
		Unit:   func(id string) string { return units.name(survey.UnitID(id), l) },
		Module: func(code string) string { return cmp.Or(modules[code], code) },
	}
}

// notesIn says notes to a reader.
func notesIn(l survey.Lang, notes []survey.Note, words i18n.NoteWords) []pages.Note {
	out := make([]pages.Note, len(notes))
	for i, n := range notes {
		out[i].Text, out[i].Lang = i18n.Note(l, n, words)
	}
	return out
}

// unitHref leads to the scores of a unit.
func unitHref(w survey.WaveID, unit survey.UnitID, c *call) string {
	return address(wavePath(w, "scores"), filterOf(c, "unit", string(unit), "field", "", "indicator", ""))
}

// answersBehind is how many answers a page stands on: those of its headline.
func answersBehind(b *board) int { return b.Weighting.Respondents + b.Weighting.WalkIns }

// breaksOf are the bounds of the five steps of color on a scale: at 60, 70, 80 and 90 per cent of its length.
func breaksOf(lo, hi float64) []float64 {
	breaks := make([]float64, 0, 4)
	for _, part := range []float64{0.6, 0.7, 0.8, 0.9} {
		breaks = append(breaks, lo+part*(hi-lo))
	}
	return breaks
}

func targetOf(p ui.FigureProps, targets survey.Targets, framework, node string) float64 {
	if !math.IsNaN(p.Target) {
		return p.Target
	}
	if t, ok := targets[framework]; ok {
		return t.For(node)
	}
	return math.NaN()
}
