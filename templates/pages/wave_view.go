package pages

import (
	"time"

	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// WaveRow is one survey wave in a list.
type WaveRow struct {
	Key       string
	Name      string
	From      time.Time
	To        time.Time
	State     string // "planned", "open" or "closed"
	Register  int    // transactions in the frame
	Invited   int
	Answers   int // by invitation
	WalkIns   int
	Href      string
	Framework string // names, as the data give them
}

// WavesView lists the waves.
type WavesView struct {
	Shell layout.Staff
	Waves []WaveRow
}

// OverviewView says how a wave goes: who answered, how well the weights work,
// and who is missing.
type OverviewView struct {
	Shell layout.Staff
	Wave  WaveRow

	Headline ui.FigureProps // the service-part index, weighted
	WithWalk ui.FigureProps // the same with walk-ins; marked non-probability

	KioskTimes int // as in ScoresView

	Unfinished  int // answers without the required question
	Responses   []ResponseGroup
	Diagnostics []WeightingView
	Silent      []SilentUnit // units without one answer
	SilentShare float64      // their share of the register, 0 to 1

	PublishHref string // where the wave is published; empty for who may not

	RegisterEnds time.Time // the last day in the register; zero where it covers the wave
	Notes        []Note    // what the weighting had to do
	ScoredAt     time.Time
	DataHash     string
	Version      string
}

// ResponseGroup shows the response rate by one dimension of the register. Key is one of
// survey.DimNames.
type ResponseGroup struct {
	Key  string
	Rows []ResponseRow
}

// ResponseRow is one level of a dimension.
type ResponseRow struct {
	Label    string
	Register int
	Invited  int
	Answered int
}

// WeightingView is how the weights of one module came out.
type WeightingView struct {
	Module       string // its name in the reader's language
	N            int
	DesignEffect float64 // Kish
	Effective    float64
	MinFactor    float64
	MaxFactor    float64
	Trimmed      float64 // share of the weight that was cut, 0 to 1
	Iterations   int
	Converged    bool
	Worst        float64 // the largest relative residual, 0 to 1
	Margins      []MarginRow
	GivenUp      []Note // margins that could not be met, and why
	Collapsed    []Note // what was pooled and why
}

// Note is a sentence that the computation has to say, in the reader's language where the catalogue has it.
type Note struct {
	Text string
	Lang i18n.Lang // that it is written in
}

// MarginRow compares one level of a margin in the register with the weighted answers.
type MarginRow struct {
	Margin   string // survey.DimNames, joined by " × " where they are crossed
	Level    string
	Register float64
	Weighted float64
}

// SilentUnit is a unit nobody answered for.
type SilentUnit struct {
	Name     string
	Register int
	Share    float64 // of the register, 0 to 1
}
