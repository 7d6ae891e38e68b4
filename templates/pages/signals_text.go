package pages

import (
	"math"
	"slices"
	"strings"
	"time"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

// suspects counts the kiosks and units that anything is said of.
func (v SignalsView) suspects() int {
	var names []string
	for _, r := range v.Marked {
		names = append(names, r.Unit+"\x00"+r.Kiosk)
	}
	for _, r := range v.Jumps {
		names = append(names, r.Unit+"\x00"+r.Kiosk)
	}
	for _, r := range v.Excesses {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, r.Unit+"\x00") }) {
			names = append(names, r.Unit+"\x00")
		}
	}
	slices.Sort(names)
	return len(slices.Compact(names))
}

func (v SignalsView) lead() string {
	l := v.Shell.Lang
	switch n := v.suspects(); {
	case v.Answers == 0:
		return i18n.T(l, "signals.lead_none")
	case n == 0:
		return i18n.Count(l, "signals.lead_clean", v.Kiosks, "answers", v.Answers)
	default:
		return i18n.Count(l, "signals.lead", n, "of", v.Kiosks)
	}
}

// monthText writes a month: 07/2026, Jul 2026.
func monthText(l i18n.Lang, month string) string {
	if month == "" {
		return i18n.T(l, "signals.whole_wave")
	}
	t, err := time.Parse("2006-01", month)
	if err != nil {
		return month
	}
	return i18n.Month(l, t)
}

func (v SignalsView) count(r SignalRow) string {
	if r.N == 0 {
		return i18n.T(v.Shell.Lang, "signals.few", "min", v.Minimum)
	}
	return i18n.Integer(v.Shell.Lang, r.N)
}

// days says when a jump was.
func (r JumpRow) days(l i18n.Lang) string {
	if r.Days == 1 {
		return i18n.Date(l, r.From)
	}
	return i18n.Count(l, "signals.days", r.Days, "from", i18n.Date(l, r.From), "to", i18n.Date(l, r.To))
}

// explain are the signals in the order of the page, each with how it is judged under the wave's rules.
func (v SignalsView) explain() []ui.Fact {
	l, g := v.Shell.Lang, v.Rules
	how := map[survey.Signal]string{
		survey.SignalSameAnswers: i18n.T(l, "signals.how_same_answers", "n", g.Run(g.SameShare), "share", i18n.Percent(l, g.SameShare, 0),
			"other", g.Run(1-g.SameShare), "once", i18n.Integer(l, int(math.Round(1/g.SameChance)))),
		survey.SignalBurst:  i18n.T(l, "signals.how_burst", "n", g.BurstAnswers, "minutes", g.BurstMinutes),
		survey.SignalHasty:  i18n.T(l, "signals.how_hasty", "seconds", i18n.Number(l, g.HastySeconds, 1)),
		survey.SignalClosed: i18n.T(l, "signals.how_closed", "days", openingDays(l, g.Opening.Days), "from", g.Opening.From, "to", g.Opening.To),
	}
	var out []ui.Fact
	for _, s := range survey.Signals() {
		out = append(out, ui.Fact{Name: i18n.T(l, "signals.name."+string(s)), Value: how[s]})
	}
	return out
}

func openingDays(l i18n.Lang, days []string) string {
	words := make([]string, len(days))
	for i, d := range days {
		words[i] = i18n.T(l, "weekday."+d)
	}
	return strings.Join(words, ", ")
}

// sentence says a comparison in one line.
func (c Comparison) sentence(l i18n.Lang) string {
	key := "scores.without"
	if c.WalkIns {
		key = "scores.without_walk"
	}
	return i18n.T(l, key, "n", c.Suspect, "x", amount(l, c.Without, c.Without.Value), "low", amount(l, c.Without, c.Without.Low),
		"high", amount(l, c.Without, c.Without.High), "level", i18n.Percent(l, c.Without.Level, 0),
		"diff", ui.Difference(l, c.Without.Unit, c.Without.Value-c.With.Value, gainDecimals(c.Without.Unit)))
}
