package pages

import (
	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

func countFlags(rows []FlagRow, state survey.FlagState) int {
	n := 0
	for _, r := range rows {
		if r.State == state {
			n++
		}
	}
	return n
}

func (v FlagsView) lead() string {
	l := v.Shell.Lang
	return i18n.T(l, "flags.lead", "flags", countFlags(v.Rows, survey.FlagRaised),
		"watch", countFlags(v.Rows, survey.FlagWatch), "examined", v.Examined)
}

func (v DepartmentView) lead() string {
	l := v.Shell.Lang
	flagged := countFlags(v.Rows, survey.FlagRaised)
	switch {
	case flagged > 0:
		return i18n.Count(l, "department.lead", flagged, "of", v.Indicators,
			"gain", ui.Distance(l, v.GainUnit, v.Gain, gainDecimals(v.GainUnit)))
	case countFlags(v.Rows, survey.FlagWatch) > 0:
		return i18n.Count(l, "department.lead_watch", countFlags(v.Rows, survey.FlagWatch))
	}
	return i18n.T(l, "department.lead_fine", "of", v.Indicators)
}

// reasonText puts one reason and its evidence into a sentence.
func reasonText(l i18n.Lang, f ui.FigureProps, r Reason) string {
	switch r.Kind {
	case survey.FlagBelowTarget:
		return i18n.T(l, "flag_reason.below_target", "target", amount(l, f, r.Target))
	case survey.FlagLowest:
		if r.RankLow == r.RankHigh {
			return i18n.T(l, "flag_reason.lowest_one", "rank", r.RankLow, "of", r.Of)
		}
		return i18n.T(l, "flag_reason.lowest", "low", r.RankLow, "high", r.RankHigh, "of", r.Of)
	case survey.FlagBelowPeers:
		return i18n.T(l, "flag_reason.below_peers", "peers", amount(l, f, r.Peers))
	case survey.FlagLowPoint:
		return i18n.T(l, "flag_reason.low_point", "target", amount(l, f, r.Target))
	}
	return r.Kind
}

func gainDecimals(unit ui.Unit) int {
	if unit == ui.Percent {
		return 1
	}
	return 2
}
