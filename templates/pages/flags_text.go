package pages

import (
	"math"
	"strings"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

// Watches in full on a page; those behind them stand in a compact table.
const (
	urgentWatches = 6 // of the analyst's page
	watchCards    = 6 // of a department's page
)

// split parts rows, which come most urgent first: all flags and the first watches, and
// the watches behind them.
func split(rows []FlagRow, watches int) (full, rest []FlagRow) {
	shown := 0
	for _, r := range rows {
		if r.State == survey.FlagRaised {
			full = append(full, r)
			continue
		}
		if shown++; shown <= watches {
			full = append(full, r)
		} else {
			rest = append(rest, r)
		}
	}
	return full, rest
}

func (v FlagsView) full() []FlagRow      { full, _ := split(v.Rows, urgentWatches); return full }
func (v FlagsView) rest() []FlagRow      { _, rest := split(v.Rows, urgentWatches); return rest }
func (v DepartmentView) full() []FlagRow { full, _ := split(v.Rows, watchCards); return full }
func (v DepartmentView) rest() []FlagRow { _, rest := split(v.Rows, watchCards); return rest }

func flagFigures(rows []FlagRow) []ui.FigureProps {
	out := make([]ui.FigureProps, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.Figure)
	}
	return out
}

// reasonWords names the reasons of a flag without their evidence, those shown first.
func reasonWords(l i18n.Lang, reasons []Reason) string {
	var shown, hints []string
	for _, r := range reasons {
		word := i18n.T(l, "flag_word."+r.Kind)
		if r.Shown {
			shown = append(shown, word)
		} else {
			hints = append(hints, "("+word+")")
		}
	}
	return strings.Join(append(shown, hints...), " · ")
}

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
	return i18n.T(l, "department.lead_fine", "of", v.Indicators-v.TooFew)
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

// Picture is the figures that are flagged or watched, each with its target.
func (v FlagsView) Picture() ui.Picture {
	l := v.Shell.Lang
	p := ui.Picture{Title: i18n.T(l, "flags.heading"), Alt: i18n.T(l, "flags.heading"), Caption: i18n.T(l, "flags.picture", "wave", v.Wave)}
	if len(v.Rows) == 0 {
		p.Alt = i18n.T(l, "flags.none")
		return p
	}
	p.Alt = v.lead()
	first := v.Rows[0].Figure
	plot := ui.DotPlotProps{Unit: first.Unit, Min: first.ScaleMin, Max: first.ScaleMax, Ticks: ui.Ticks(first.ScaleMin, first.ScaleMax, 4), Target: math.NaN()}
	for _, r := range v.full() {
		plot.Rows = append(plot.Rows, ui.DotRow{Label: r.Indicator + " · " + r.Unit, Figure: r.Figure, Alert: r.State == survey.FlagRaised})
	}
	p.Parts = append(p.Parts, plot)
	return p
}

// ReasonWords says the reasons of a row in one line.
func (r FlagRow) ReasonWords(l i18n.Lang) string { return reasonWords(l, r.Reasons) }
