package pages

import (
	"time"

	"sipas/survey"
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// SignalRow is one signal at one kiosk in one month.
type SignalRow struct {
	Kiosk  string
	Unit   string
	Month  string // "2026-07"
	Signal survey.Signal
	N      int // 0 where there are fewer than may be told
}

// ExcessRow is a unit with more answers at its kiosks than transactions. Month is empty for the whole wave.
type ExcessRow struct {
	Unit         string
	Month        string
	Answers      int
	Transactions int
}

// JumpRow is a day, or several on end, on which a kiosk gave far more answers than on its days before.
type JumpRow struct {
	Kiosk    string
	Unit     string
	From, To time.Time
	Days     int
	N        int // on the highest of them
	Usual    float64
}

// Comparison is the headline with all answers and without those that are marked.
type Comparison struct {
	Suspect int
	WalkIns bool // walk-ins count in both
	With    ui.FigureProps
	Without ui.FigureProps
}

// SignalsView is the page of signs that answers at kiosks are not citizens'.
type SignalsView struct {
	Shell       layout.Staff
	Kiosks      int // with answers in this wave
	Answers     int // at kiosks
	Marked      []SignalRow
	Excesses    []ExcessRow
	Jumps       []JumpRow
	Comparisons []Comparison
	Rules       survey.Gaming
	Minimum     int
}
