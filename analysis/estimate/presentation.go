package estimate

import (
	"fmt"
	"math"

	"sipas/analysis"
)

// Presentation holds the thresholds of a rule on which shares may be shown. They
// are data: another agency has others.
type Presentation struct {
	MinEffectiveN    float64 `json:"min_effective_n"`    // below: not shown
	NarrowWidth      float64 `json:"narrow_width"`       // an interval at most this wide: shown
	WideWidth        float64 `json:"wide_width"`         // at least this wide: not shown
	MaxRelativeWidth float64 `json:"max_relative_width"` // of width/p between the two: above, not shown
	MinDF            float64 `json:"min_df"`             // below: a person should look
}

// NCHS2017 returns the thresholds of the National Center for Health Statistics
// (Parker et al. 2017, Vital and Health Statistics, series 2, no. 175): 30, 0.05, 0.30, 1.30 and 8.
func NCHS2017() Presentation {
	return Presentation{MinEffectiveN: 30, NarrowWidth: 0.05, WideWidth: 0.30, MaxRelativeWidth: 1.30, MinDF: 8}
}

// Verdict is what the presentation rule says of one share.
type Verdict struct {
	Show    bool     // may be printed
	Note    bool     // the complement is unreliable and a footnote is due
	Review  bool     // a person should look first
	Reasons []string // of whatever is not plainly shown
}

// Judge applies the rule to a share with its interval, which by the rule's text
// is Korn and Graubard's (Beta here). An undefined estimate or interval is not shown.
func (p Presentation) Judge(e analysis.Estimate) Verdict {
	var v Verdict
	width := e.Interval.High - e.Interval.Low

	switch {
	case !e.Defined():
		return Verdict{Reasons: []string{e.Reason}}
	case !(e.EffectiveN >= p.MinEffectiveN):
		v.Reasons = append(v.Reasons, fmt.Sprintf("effective n %.1f is below %v", e.EffectiveN, p.MinEffectiveN))
	case math.IsNaN(width):
		v.Reasons = append(v.Reasons, "the interval is not defined")
	case width >= p.WideWidth:
		v.Reasons = append(v.Reasons, fmt.Sprintf("the interval is %.3f wide, at least %v", width, p.WideWidth))
	case width > p.NarrowWidth && width > p.MaxRelativeWidth*e.Value:
		v.Reasons = append(v.Reasons, fmt.Sprintf("the interval is %.2f times as wide as the share, more than %v", width/e.Value, p.MaxRelativeWidth))
	default:
		v.Show = true
	}
	if !v.Show {
		return v
	}
	if width > p.NarrowWidth && width > p.MaxRelativeWidth*(1-e.Value) {
		v.Note = true
		v.Reasons = append(v.Reasons, "the complement is unreliable")
	}
	if !(e.DF >= p.MinDF) {
		v.Review = true
		v.Reasons = append(v.Reasons, fmt.Sprintf("%v degrees of freedom, below %v", e.DF, p.MinDF))
	}
	if e.Value == 0 || e.Value == 1 {
		v.Review = true
		v.Reasons = append(v.Reasons, "the share is 0 or 1")
	}

	return v
}
