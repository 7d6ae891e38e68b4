package main

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"sipas/analysis"
	"sipas/analysis/estimate"
	"sipas/analysis/model"
)

// label is the value of one column in a domain.
type label struct{ column, value string }

// domainLabels say which part of the population a row speaks for; none means all of it.
type domainLabels []label

// MarshalJSON keeps the order in which the columns were given.
func (d domainLabels) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, l := range d {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(l.column)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(l.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

func (d domainLabels) String() string {
	var parts []string
	for _, l := range d {
		parts = append(parts, l.column+"="+l.value)
	}
	return strings.Join(parts, ", ")
}

// resultRow is one line of the results. What is not defined is null, and then the reason says why.
type resultRow struct {
	Statistic  string       `json:"statistic"`
	Variable   string       `json:"variable"`
	Level      string       `json:"level"`
	Domain     domainLabels `json:"domain"`
	Estimate   *float64     `json:"estimate"`
	SE         *float64     `json:"se"`
	Low        *float64     `json:"ci_low"`
	High       *float64     `json:"ci_high"`
	Confidence *float64     `json:"confidence"`
	DF         *float64     `json:"df"`
	Deff       *float64     `json:"deff"`
	N          int          `json:"n"`
	EffectiveN *float64     `json:"n_eff"`
	CV         *float64     `json:"cv"`
	Verdict    string       `json:"verdict"`
	Method     string       `json:"method"`
	Interval   string       `json:"interval,omitempty"`

	*testNumbers
	*tNumbers
	*pNumber
	*answersNumbers

	Model   string   `json:"model,omitempty"`
	Notes   []string `json:"notes,omitempty"`
	Reasons []string `json:"verdict_reasons,omitempty"`
	Reason  string   `json:"reason,omitempty"`

	stat        *estimate.Stat // for the joint covariance; nil where there are no influence values
	fit         *model.Fit     // of a coefficient, which has covariances with those of the same model
	coefficient int
}

// testNumbers are those of a test of a table.
type testNumbers struct {
	F          *float64 `json:"F"`
	ChiSquared *float64 `json:"chisq,omitempty"` // where the statistic is no F
	NDF        *float64 `json:"ndf"`
	DDF        *float64 `json:"ddf"`
}

// tNumbers are those of a t-test or of a coefficient.
type tNumbers struct {
	T *float64 `json:"t"`
}

// pNumber is the p-value of either; it is a part of its own, for JSON drops a name that two parts have.
type pNumber struct {
	P *float64 `json:"p"`
}

// answersNumbers tell the item nonresponse: how many of those asked did not answer, and their weighted share.
type answersNumbers struct {
	Missing      int      `json:"missing"`
	MissingShare *float64 `json:"missing_share"`
}

// The verdicts of a presentation rule.
const (
	verdictShow     = "show"
	verdictFootnote = "footnote" // shown; the complement of the share is unreliable
	verdictReview   = "review"   // shown when a person has looked
	verdictSuppress = "suppress"
	verdictNone     = "not judged" // a rule for presentation does not apply to a coefficient or a test
)

func verdictOf(v estimate.Verdict) string {
	switch {
	case !v.Show:
		return verdictSuppress
	case v.Review:
		return verdictReview
	case v.Note:
		return verdictFootnote
	}
	return verdictShow
}

// defined returns nothing for what is not a finite number.
func defined(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// fill takes the numbers of an estimate, with the design effect that was asked for.
func (r *resultRow) fill(e analysis.Estimate, effect estimate.DesignEffect, variance string) {
	r.Estimate, r.SE = defined(e.Value), defined(e.SE)
	r.Low, r.High, r.Confidence = defined(e.Interval.Low), defined(e.Interval.High), defined(e.Interval.Level)
	r.DF, r.Deff, r.N, r.EffectiveN, r.CV = defined(e.DF), defined(effect.Value), e.N, defined(e.EffectiveN), defined(estimate.CV(e))
	r.Method, r.Interval = e.Method+"; "+variance, e.Interval.Method
	r.Reason = e.Reason
	r.because(r.Deff, "no design effect: "+effect.Reason)
	r.because(r.CV, "no coefficient of variation for an estimate of zero")
	r.because(r.EffectiveN, "no effective n without a design effect")
	if math.IsInf(e.DF, 1) {
		r.because(r.DF, "the degrees of freedom are infinite")
	}
	r.because(r.SE, "the standard error is not defined")
}

// because says why a number is not there, unless the estimate itself is not.
func (r *resultRow) because(number *float64, reason string) {
	if number != nil || r.Estimate == nil && r.Reason != "" {
		return
	}
	if slices.Contains(strings.Split(r.Reason, "; "), reason) {
		return
	}
	if r.Reason != "" {
		r.Reason += "; "
	}
	r.Reason += reason
}

// judge applies the presentation rule of the kind. The rule for shares is about the interval of Korn and Graubard, whatever
// interval is shown.
func (r *resultRow) judge(kind estimate.Kind, e analysis.Estimate, level float64) {
	if kind == estimate.Share && e.Interval.Method != string(estimate.Beta) {
		interval, reason := estimate.Proportion(estimate.Beta, e.Value, e.SE, e.N, e.DF, level)
		e.Interval = interval
		if e.Defined() {
			e.Reason = reason
		}
	}
	v := estimate.NCHS().Judge(kind, e)
	r.Verdict, r.Reasons = verdictOf(v), v.Reasons
}
