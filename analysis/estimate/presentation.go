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

// Precision holds the thresholds of a rule on which means, totals, ratios, rates and other numbers
// without bounds may be shown.
type Precision struct {
	MinEffectiveN    float64 `json:"min_effective_n"`    // below: not shown
	MaxRelativeWidth float64 `json:"max_relative_width"` // of the interval to the value: above, not shown
	MinDF            float64 `json:"min_df"`             // below: a person should look
}

// NCHS2023 returns the thresholds of the National Center for Health Statistics for rates and
// counts (Parker et al. 2023, Vital and Health Statistics, series 2, no. 200): 10, 1.60 and 8.
func NCHS2023() Precision { return Precision{MinEffectiveN: 10, MaxRelativeWidth: 1.60, MinDF: 8} }

// Judge applies the rule to an estimate with its interval. A value of zero has no relative width and is not shown.
func (p Precision) Judge(e analysis.Estimate) Verdict {
	var v Verdict
	width := e.Interval.High - e.Interval.Low

	switch {
	case !e.Defined():
		return Verdict{Reasons: []string{e.Reason}}
	case !(e.EffectiveN >= p.MinEffectiveN):
		v.Reasons = append(v.Reasons, fewEffective(e, p.MinEffectiveN))
	case math.IsNaN(width):
		v.Reasons = append(v.Reasons, "the interval is not defined")
	case !(width <= p.MaxRelativeWidth*math.Abs(e.Value)):
		v.Reasons = append(v.Reasons, fmt.Sprintf("the interval is %.2f times as wide as the value, more than %v", width/math.Abs(e.Value), p.MaxRelativeWidth))
	default:
		v.Show = true
	}
	if v.Show && !(e.DF >= p.MinDF) {
		v.Review = true
		v.Reasons = append(v.Reasons, fewDF(e, p.MinDF))
	}

	return v
}

// Standards judge every row of a table: shares by one rule, all other kinds by another.
type Standards struct {
	Shares  Presentation `json:"shares"`
	Numbers Precision    `json:"numbers"`
}

// NCHS returns both rules of the National Center for Health Statistics.
func NCHS() Standards { return Standards{Shares: NCHS2017(), Numbers: NCHS2023()} }

// Judge applies the rule of an estimate's kind. Quantiles, variances and composites are numbers: give any kind but Share.
func (s Standards) Judge(k Kind, e analysis.Estimate) Verdict {
	if k == Share {
		return s.Shares.Judge(e)
	}

	return s.Numbers.Judge(e)
}

func fewEffective(e analysis.Estimate, least float64) string {
	if math.IsNaN(e.EffectiveN) {
		return "the effective n is not defined"
	}

	return fmt.Sprintf("effective n %.1f is below %v", e.EffectiveN, least)
}

func fewDF(e analysis.Estimate, least float64) string {
	return fmt.Sprintf("%v degrees of freedom, below %v", e.DF, least)
}

// Verdict is what a presentation rule says of one estimate.
type Verdict struct {
	Show    bool     // may be printed
	Note    bool     // of a share: the complement is unreliable and a footnote is due
	Review  bool     // a person should look first
	Reasons []string // of whatever is not plainly shown
}

// Judge applies the rule to a share with its interval, which by the rule's text
// is Korn and Graubard's (Beta here). The complement of a share that is shown may be too rough
// to print: Note says so. An undefined estimate or interval is not shown.
func (p Presentation) Judge(e analysis.Estimate) Verdict {
	var v Verdict
	width := e.Interval.High - e.Interval.Low

	switch {
	case !e.Defined():
		return Verdict{Reasons: []string{e.Reason}}
	case !(e.EffectiveN >= p.MinEffectiveN):
		v.Reasons = append(v.Reasons, fewEffective(e, p.MinEffectiveN))
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
		v.Reasons = append(v.Reasons, fewDF(e, p.MinDF))
	}
	if e.Value == 0 || e.Value == 1 {
		v.Review = true
		v.Reasons = append(v.Reasons, "the share is 0 or 1")
	}

	return v
}
