package pages

import (
	"math"

	"sipas/templates/i18n"
	"sipas/templates/ui"
)

func (v OverviewView) counts() []ui.Fact {
	l := v.Shell.Lang
	return []ui.Fact{
		{Name: i18n.T(l, "waves.register"), Value: i18n.Integer(l, v.Wave.Register), Note: i18n.T(l, "overview.register_note")},
		{Name: i18n.T(l, "waves.invited"), Value: i18n.Integer(l, v.Wave.Invited), Note: i18n.Percent(l, ratio(v.Wave.Invited, v.Wave.Register), 1)},
		{Name: i18n.T(l, "waves.answers"), Value: i18n.Integer(l, v.Wave.Answers), Note: i18n.Percent(l, ratio(v.Wave.Answers, v.Wave.Invited), 1)},
		{Name: i18n.T(l, "waves.walk_ins"), Value: i18n.Integer(l, v.Wave.WalkIns), Note: i18n.T(l, "overview.walk_ins_note")},
		{Name: i18n.T(l, "overview.unfinished"), Value: i18n.Integer(l, v.Unfinished), Note: i18n.T(l, "overview.unfinished_note")},
	}
}

func (v OverviewView) responseBars(g ResponseGroup) ui.BarListProps {
	l := v.Shell.Lang
	p := ui.BarListProps{
		Title: i18n.T(l, "overview.response_by."+g.Key),
		Caption: i18n.T(l, "overview.response_caption", "rate", i18n.Percent(l, v.mean(), 1),
			"answers", v.Wave.Answers, "invited", v.Wave.Invited),
		Mean: v.mean(), First: 8,
	}
	p.Max = p.Mean
	for _, r := range g.Rows {
		rate := ratio(r.Answered, r.Invited)
		if !math.IsNaN(rate) {
			p.Max = math.Max(p.Max, rate)
		}
		p.Rows = append(p.Rows, ui.BarRow{
			Label: r.Label, Share: rate,
			Text: i18n.T(l, "overview.response_base", "answered", r.Answered, "invited", r.Invited, "register", r.Register),
		})
	}
	p.Max = math.Min(1, math.Ceil(p.Max*10)/10)
	return p
}

// residual is the relative distance of a weighted margin from the register.
func residual(l i18n.Lang, m MarginRow) string {
	if m.Register == 0 {
		return i18n.Unknown
	}
	return i18n.Percent(l, (m.Weighted-m.Register)/m.Register, 3)
}
