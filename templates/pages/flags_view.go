package pages

import (
	"sipas/survey"
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// Reason is one reason of a flag with its evidence. Numbers that a kind does not
// use are NaN or 0. Kind is one of survey.FlagBelowTarget, FlagLowest, FlagBelowPeers,
// FlagFallen, FlagLowPoint.
type Reason struct {
	Kind     string
	Shown    bool // the evidence is strong enough; otherwise it is only a hint
	Target   float64
	RankLow  int // the rank confidence set, 1 is the lowest value
	RankHigh int
	Of       int
	Peers    float64
	Change   ui.ChangeProps
	P        float64
}

// FlagRow is one indicator of one unit.
type FlagRow struct {
	Unit         string
	UnitHref     string
	Indicator    string
	Code         string
	Figure       ui.FigureProps
	State        survey.FlagState
	Reasons      []Reason
	Gain         float64 // points the index would gain at target
	GainUnit     ui.Unit
	Importance   float64 // derived importance, 0 to 1; NaN where unknown
	Transactions int     // of the register
	Priority     float64 // the product, 0 to 100 of the largest; NaN where unknown
}

// FlagsView is the analyst's table of flags.
type FlagsView struct {
	Shell    layout.Staff
	Wave     string
	Rows     []FlagRow
	Examined int // how many figures were looked at
	TooFew   int // how many had too few answers to say anything
	Files    ui.Files

	KioskTimes int // as in ScoresView
}

// DepartmentView is what one department has to repair.
type DepartmentView struct {
	Shell      layout.Staff
	Wave       string
	Unit       string // the department's own name
	Headline   ui.FigureProps
	Rows       []FlagRow // most urgent first
	Indicators int       // how many there are in all
	TooFew     int       // how many of them have too few answers to say anything
	Least      int       // the fewest answers of a figure that is shown
	Gain       float64   // of the index if all flagged were at target
	GainUnit   ui.Unit
	KioskTimes int // as in ScoresView
}
