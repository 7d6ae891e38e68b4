package pages

import (
	"math"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

// lead answers how satisfied citizens are.
func (v ReleaseView) lead() string {
	l, h := v.Shell.Lang, v.Headline
	if !h.Shown() {
		return i18n.T(l, "releases.lead_withheld")
	}
	key := "releases.lead_points"
	if h.Unit == ui.Percent {
		key = "releases.lead"
	}
	return i18n.T(l, key, "place", v.Place, "x", amount(l, h, h.Value), "low", amount(l, h, h.Low), "high", amount(l, h, h.High),
		"level", i18n.Percent(l, h.Level, 0))
}

func (v ReleaseView) title() string {
	return i18n.T(v.Shell.Lang, "releases.title", "wave", v.Wave, "number", v.Number)
}

func (v ReleaseView) facts() []ui.Fact {
	l := v.Shell.Lang
	facts := []ui.Fact{
		{Name: i18n.T(l, "releases.fact_answers"), Value: i18n.Integer(l, v.Respondents), Note: i18n.T(l, "releases.fact_invited", "n", v.Invited)},
		{Name: i18n.T(l, "releases.fact_register"), Value: i18n.Integer(l, v.Register)},
	}
	if v.WalkIns > 0 {
		facts = append(facts, ui.Fact{Name: i18n.T(l, "releases.fact_walk_ins"), Value: i18n.Integer(l, v.WalkIns)})
	}
	return append(facts, ui.Fact{Name: i18n.T(l, "releases.fact_shown"), Value: i18n.Integer(l, v.Shown), Note: i18n.T(l, "releases.fact_withheld", "n", v.withheldTotal())})
}

func (v ReleaseView) withheldTotal() int {
	n := 0
	for _, w := range v.Withheld {
		n += w.N
	}
	return n
}

// urgent are the flags with evidence; what is only watched is counted.
func (v ReleaseView) urgent() []ReleaseFlag {
	var out []ReleaseFlag
	for _, f := range v.Flags {
		if f.State == survey.FlagRaised {
			out = append(out, f)
		}
	}
	return out
}

func (v ReleaseView) watched() int {
	n := 0
	for _, f := range v.Flags {
		if f.State == survey.FlagWatch {
			n++
		}
	}
	return n
}

// targetText writes the target of a figure, or a dash.
func targetText(l i18n.Lang, f ui.FigureProps) string {
	if math.IsNaN(f.Target) {
		return i18n.Unknown
	}
	return amount(l, f, f.Target)
}

func (v PublishView) errorText() string { return i18n.T(v.Shell.Lang, "error."+v.ErrorCode) }

// errorField is where the reader can mend what was refused.
func (v PublishView) errorField() string {
	if v.ErrorCode == string(survey.CodeReasonRequired) {
		return "reason"
	}
	return "main"
}
