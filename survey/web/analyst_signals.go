package web

import (
	"net/http"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/pages"
)

// signals shows what looks like anything but citizens at the kiosks of a wave.
func (s *Server) signals(c *call) error {
	p, elsewhere, err := s.openWavePage(c, "signals", "signals")
	if err != nil {
		return err
	}
	if elsewhere != "" {
		return c.redirect(elsewhere)
	}
	counts, err := s.store.SignalCounts(c.ctx(), p.wave.ID)
	if err != nil {
		return err
	}
	days, err := s.store.DayCounts(c.ctx(), p.wave.ID)
	if err != nil {
		return err
	}
	register, err := s.store.RegisterCounts(c.ctx(), p.wave.ID)
	if err != nil {
		return err
	}
	points, err := s.store.Points(c.ctx())
	if err != nil {
		return err
	}
	names := map[survey.PointID]string{}
	for _, pt := range points {
		names[pt.ID] = pt.Name
	}
	rules := p.wave.Rules
	v := pages.SignalsView{Shell: p.shell, Rules: rules.Gaming, Minimum: rules.MinAnswers}
	used := map[survey.PointID]bool{}
	for _, d := range days {
		if d.Point != "" {
			v.Answers += d.N
			used[d.Point] = true
		}
	}
	v.Kiosks = len(used)
	for _, n := range counts {
		row := pages.SignalRow{Kiosk: names[n.Point], Unit: p.units.name(n.Unit, c.lang), Month: n.Month, Signal: n.Signal}
		if n.N >= rules.MinAnswers {
			row.N = n.N
		}
		v.Marked = append(v.Marked, row)
	}
	for _, e := range survey.Excesses(days, register, rules) {
		v.Excesses = append(v.Excesses, pages.ExcessRow{
			Unit: p.units.name(e.Unit, c.lang), Month: e.Month, Answers: e.Answers, Transactions: e.Transactions,
		})
	}
	for _, j := range survey.Jumps(days, rules) {
		v.Jumps = append(v.Jumps, pages.JumpRow{
			Kiosk: names[j.Point], Unit: p.units.name(j.Unit, c.lang), From: dayTime(j.From), To: dayTime(j.To), Days: j.Days,
			N: j.N, Usual: j.Usual,
		})
	}
	if v.Comparisons, err = s.comparisons(c, p); err != nil {
		return err
	}
	return c.page(http.StatusOK, pages.Signals(v))
}

// comparisons are the headline with and without the answers that are marked, where the release has them.
func (s *Server) comparisons(c *call, p *wavePage) ([]pages.Comparison, error) {
	if p.board == nil || len(p.board.WithoutSuspect) == 0 {
		return nil, nil
	}
	f, node, err := s.headlineOf(c.ctx(), p.wave)
	if err != nil {
		return nil, err
	}
	var out []pages.Comparison
	for i := range p.board.WithoutSuspect {
		k := &p.board.WithoutSuspect[i]
		if k.With.Framework != f.ID || k.With.Node != node.Code {
			continue
		}
		out = append(out, pages.Comparison{
			Suspect: k.Suspect, WalkIns: k.With.Basis == survey.BasisWithWalkIns,
			With:    figureProps(&k.With, i18n.T(c.lang, "signals.with_all"), p.board.Rules),
			Without: figureProps(&k.Without, i18n.T(c.lang, "signals.without_marked"), p.board.Rules),
		})
	}
	return out, nil
}
