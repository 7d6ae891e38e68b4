package pages

import (
	"math"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// CompareRow is one figure held against another.
type CompareRow struct {
	Label  string
	Depth  int
	Then   ui.FigureProps
	Now    ui.FigureProps
	Change ui.ChangeProps
	P      float64 // NaN where there is no test
	State  survey.Comparability
	Why    []string // the reasons in words
}

// CompareView is the page of what changed since another wave, or between two units.
type CompareView struct {
	Shell layout.Staff
	Now   string // the wave or unit looked at, in words
	With  string // what it is compared with; empty where there is nothing yet
	Level float64
	// TwoUnits says that two units of one wave are compared.
	TwoUnits bool
	Common   []string     // what holds for every row
	Head     *CompareRow  // the headline
	Rows     []CompareRow // nodes of the whole or of the unit
	Units    []CompareRow // the headline of every unit; empty where one unit is looked at
}

// beyondChance is the p below which the page calls one change by itself more than chance.
const beyondChance = 0.05

func (r CompareRow) sure() bool { return r.P < beyondChance }

func (v CompareView) heading() string {
	if v.TwoUnits {
		return i18n.T(v.Shell.Lang, "compare.heading_units")
	}
	return i18n.T(v.Shell.Lang, "compare.heading")
}

// lead answers the heading: how the headline moved.
func (v CompareView) lead() string {
	l, h := v.Shell.Lang, v.Head
	if h == nil {
		return v.count()
	}
	if h.State == survey.ChangeRefused {
		why := ""
		if len(h.Why) > 0 {
			why = h.Why[0]
		}
		return i18n.T(l, "compare.lead_refused", "node", h.Label, "with", v.With, "why", why)
	}
	decimals := h.Change.Decimals
	if h.Change.Unit == ui.Percent {
		decimals = 1
	}
	x := ui.Distance(l, h.Change.Unit, h.Change.Value, decimals)
	switch {
	case v.TwoUnits && h.sure():
		return i18n.T(l, "compare.lead_units_sure", "node", h.Label, "x", ui.Difference(l, h.Change.Unit, h.Change.Value, decimals), "now", v.Now, "with", v.With)
	case v.TwoUnits:
		return i18n.T(l, "compare.lead_units", "node", h.Label, "x", ui.Difference(l, h.Change.Unit, h.Change.Value, decimals), "now", v.Now, "with", v.With)
	case math.IsNaN(h.P) && h.Change.Value == 0:
		return i18n.T(l, "compare.lead_equal", "node", h.Label, "with", v.With)
	case math.IsNaN(h.P):
		return i18n.T(l, "compare.lead_bare", "node", h.Label, "x", x, "with", v.With)
	case !h.sure():
		return i18n.T(l, "compare.lead_same", "node", h.Label, "x", x, "with", v.With)
	case h.Change.Value > 0:
		return i18n.T(l, "compare.lead_up", "node", h.Label, "x", x, "with", v.With)
	}
	return i18n.T(l, "compare.lead_down", "node", h.Label, "x", x, "with", v.With)
}

// count says how many compare.
func (v CompareView) count() string {
	shown, tested, up, down := 0, 0, 0, 0
	for _, r := range v.Rows {
		if r.State == survey.ChangeRefused {
			continue
		}
		shown++
		if !math.IsNaN(r.P) {
			tested++
		}
		if r.sure() && r.Change.Value > 0 {
			up++
		}
		if r.sure() && r.Change.Value < 0 {
			down++
		}
	}
	if tested == 0 {
		return i18n.T(v.Shell.Lang, "compare.count_bare", "shown", shown, "all", len(v.Rows))
	}
	if v.TwoUnits {
		return i18n.T(v.Shell.Lang, "compare.count_units", "shown", shown, "all", len(v.Rows), "up", up, "down", down)
	}
	return i18n.T(v.Shell.Lang, "compare.count", "shown", shown, "all", len(v.Rows), "up", up, "down", down)
}

// split parts rows into those with a difference and those without.
func (v CompareView) split(rows []CompareRow) (shown, refused []CompareRow) {
	for _, r := range rows {
		if r.State == survey.ChangeRefused {
			refused = append(refused, r)
			continue
		}
		shown = append(shown, r)
	}
	return shown, refused
}

func (v CompareView) shown(rows []CompareRow) []CompareRow {
	shown, _ := v.split(rows)
	return shown
}

// refused are the rows without a difference, one for each reason: the same reason of twenty questions is one line.
func (v CompareView) refused() []CompareRow {
	_, all := v.split(append(v.Rows[:len(v.Rows):len(v.Rows)], v.Units...))
	return all
}

func depthClass(depth int) string {
	return [...]string{"depth-0", "depth-1", "depth-2", "depth-3"}[min(max(depth, 0), 3)]
}
