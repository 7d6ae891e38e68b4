package ui

import (
	"math"

	"sipas/survey"
)

// Unit says how a number is written: the domain's own word for it.
type Unit = survey.Measure

// Percent is a number from 0 to 100 that is written with its sign; Points is written as it is.
const (
	Percent = survey.Percent
	Points  = survey.Points
)

// State says whether a figure may be shown: the domain's own word for it.
type State = survey.State

// The states of a figure.
const (
	Published     = survey.StatePublished
	Provisional   = survey.StateProvisional
	Withheld      = survey.StateWithheld
	NotComparable = survey.StateNotComparable
)

// FigureProps is one number with all that must stand beside it. Numbers that are
// not known are NaN and are left out or said to be unknown; they are never zero.
type FigureProps struct {
	Label     string // what is measured; may be empty where the row says it
	Unit      Unit
	Decimals  int     // of Points; a per cent has one on screens and two in tables
	Value     float64 // in Unit
	SE        float64
	Low       float64
	High      float64
	Level     float64 // 0.95
	Method    string  // of the interval, as a short name: "t", "beta"
	N         int     // answers behind the value
	Of        float64 // the cases it speaks for, N of the register; NaN where unknown
	Effective float64 // effective number of answers; NaN where not weighted
	DF        float64
	ScaleMin  float64 // ends of the bar's axis, in Unit
	ScaleMax  float64
	Target    float64 // NaN where there is none
	State     State
	Reason    string // survey.ReasonFewAnswers, …: words "reason.<code>" in the catalogue
	Threshold int    // fewer answers than this are withheld
}

// Shown reports whether the value itself may be written.
func (p FigureProps) Shown() bool {
	return p.State != Withheld && !math.IsNaN(p.Value)
}

// ChangeProps is a difference between two figures of the same thing.
type ChangeProps struct {
	Unit     Unit
	Decimals int
	Value    float64 // NaN where it is not comparable
	Low      float64 // NaN where it has no interval
	High     float64
	Since    string // the wave or year it is measured from
	Reason   string // why it is not comparable, as the words to show
	Note     string // what must be known to read it, where it is marked; may be empty
}

// arrow points the way of the change. It says nothing about good or bad.
func (c ChangeProps) arrow() string {
	switch {
	case c.Value > 0:
		return "▲"
	case c.Value < 0:
		return "▼"
	}
	return "="
}

func (c ChangeProps) decimals() int {
	if c.Unit == Points {
		return c.Decimals
	}
	return screenDecimals
}
