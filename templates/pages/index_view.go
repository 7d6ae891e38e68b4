package pages

import (
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// IndexView shows a framework as a tree that one can open, of one wave or release and, if chosen, one unit.
type IndexView struct {
	Shell     layout.Staff
	Wave      string
	Domain    string // the unit in words; empty for the whole
	Framework string // its title
	Source    string // where its formulas come from
	Root      TreeNode
	Answers   int
	Files     ui.Files

	KioskTimes int // as in ScoresView
}

// TreeNode is one node of a framework with its figure and how it is made.
type TreeNode struct {
	Code     string
	Label    string
	Figure   ui.FigureProps
	Absent   bool            // the wave does not ask what the node needs, so it has no figure, whoever answers
	Change   *ui.ChangeProps // since the last wave that compares; nil where there is none
	Rank     *Rank           // of the unit among those of its kind; nil for the whole
	Method   Method
	Children []TreeNode
}

// Rank is a unit's place among the units of its kind, 1 the highest, with the confidence set of it.
type Rank struct {
	Place, Low, High, Of int
}

// Method says how a figure is made: its formula in a sentence, and then what must be known to repeat it.
type Method struct {
	Formula string
	Lines   []MethodLine
}

// MethodLine is one thing to know of a method.
type MethodLine struct{ Term, Text string }

// UnitsView lists units by one figure, those of a kind together.
type UnitsView struct {
	UnitSet
	Shell   layout.Staff
	Answers int
	Files   ui.Files

	KioskTimes int // as in ScoresView
}

// UnitSet is the units of a wave or release with one figure of each.
type UnitSet struct {
	Wave      string
	Indicator string
	Whole     ui.FigureProps // of all units together
	Target    float64        // NaN for none
	Groups    []UnitGroup
}

// UnitGroup is the units of one kind, a survey.UnitKind. Rows are in the order of the page: from the highest, what is withheld last.
type UnitGroup struct {
	Kind string
	Rows []UnitRow
}

// UnitRow is one unit.
type UnitRow struct {
	Name   string
	Href   string // empty where there is no page of the unit
	Figure ui.FigureProps
	Rank   *Rank // nil where the figure is withheld, and where nobody is ranked
}

// HistoryView shows one figure over the waves of a province.
type HistoryView struct {
	Shell     layout.Staff
	Domain    string // as in IndexView
	Indicator string
	Target    float64 // NaN for none
	Rows      []HistoryRow
	Files     ui.Files
}

// HistoryRow is one wave. Break says why it does not compare with the one before; it is empty where it does, and for the first.
type HistoryRow struct {
	Wave   string
	Figure ui.FigureProps
	Break  string
	Change *ui.ChangeProps // since the wave before, where they compare
}
