package pages

import (
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// ScoreRow is one index or item: weighted, unweighted and with walk-ins.
type ScoreRow struct {
	Code       string
	Label      string
	Weighted   ui.FigureProps
	Unweighted ui.FigureProps
	WithWalk   ui.FigureProps // its State is empty where walk-ins add nothing
}

// ScoreGroup is an index with its elements, or an element with its items: what may
// be compared with one another. Targets are the figures' own.
type ScoreGroup struct {
	Heading string
	Note    string    // how it is computed or what it may be compared with
	Part    bool      // it belongs under the group before it
	Whole   *ScoreRow // what the rows add up to; nil where nothing, or where another group has it as a row
	Rows    []ScoreRow
}

// ScoresView is the page of the scores of one wave and, if chosen, one unit or field.
type ScoresView struct {
	Shell    layout.Staff
	Wave     string
	Domain   string // the unit and field in words; empty for the whole
	Headline ui.FigureProps
	// Unweighted is what a plain count would say of the headline, WithWalk the headline
	// with walk-ins; its State is empty where they add nothing.
	Unweighted ui.FigureProps
	WithWalk   ui.FigureProps
	Groups     []ScoreGroup
	Files      ui.Files
	Answers    int
	KioskTimes int // how many times an answer counts whose questions were drawn; 0 where none are
	// Comparisons are of the whole wave, the one of the sample or else the one with walk-ins; none where too few answers are marked.
	Comparisons []Comparison
	SignalsHref string
}

// HeatColumn is one indicator of the heat map.
type HeatColumn struct {
	Code  string
	Short string // a few words for the head of a column
	Long  string
}

// HeatRow is one unit of the heat map, with a cell for each column.
type HeatRow struct {
	Name  string
	Href  string
	Index ui.FigureProps
	Cells []ui.FigureProps
}

// HeatmapView shows units by indicators. Breaks are the four bounds between the
// five steps of the colour scale, in the figures' unit, rising. SortedBy is the code
// of the column that orders the rows, "index" or "name".
type HeatmapView struct {
	Shell    layout.Staff
	Wave     string
	Target   float64 // NaN for none
	Breaks   []float64
	Columns  []HeatColumn
	Rows     []HeatRow
	SortedBy string
	Answers  int
	Files    ui.Files
}

// MapArea is one commune on the map. Path is SVG path data in the view's frame,
// as ui.Project makes it.
type MapArea struct {
	Code   string
	Path   string
	X, Y   float64 // where a label may stand
	Figure ui.FigureProps
	Href   string // may be empty
	Name   string
}

// MapView shows the communes of a province coloured by one indicator.
type MapView struct {
	Shell     layout.Staff
	Wave      string
	Province  string
	Indicator string // its name
	Width     float64
	Height    float64
	Breaks    []float64 // as in HeatmapView
	Target    float64   // NaN for none
	Areas     []MapArea
	Answers   int
	Files     ui.Files

	KioskTimes int // as in ScoresView
}
