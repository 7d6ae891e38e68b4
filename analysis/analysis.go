// Package analysis holds the words that every statistic of the program shares:
// what an estimate is and what must stand beside it. The statistics themselves
// live in the packages below it. All of them are pure: no input, no output, no
// clock, no hidden randomness, nothing global; the standard library and gonum only.
package analysis

import (
	"encoding/json"
	"math"
)

// Interval is a confidence interval with the level and the method that made it.
// Low and High are NaN where the interval is not defined.
type Interval struct {
	Low, High float64
	Level     float64 // 0.95 means two-sided 95 per cent
	Method    string  // "t", "beta" (Korn-Graubard), "wilson", …
}

// Estimate is one number with all that a reader needs to judge it.
//
// Undefined numbers are NaN in memory and null in JSON; they are never zero.
// Reason says why a number is undefined, in words for an analyst.
type Estimate struct {
	Value        float64
	SE           float64 // design-based standard error
	Interval     Interval
	N            int     // answers behind the value, unweighted
	Population   float64 // the number of cases the value speaks for (weighted N)
	EffectiveN   float64 // N over the design effect, capped at N
	DF           float64 // degrees of freedom of the domain: PSUs less strata
	DesignEffect float64 // against simple random sampling with replacement
	Method       string  // "weighted mean", "raked; linearization", …
	Reason       string
}

// Defined reports whether the estimate has a value at all.
func (e Estimate) Defined() bool { return !math.IsNaN(e.Value) }

// Undefined returns an estimate whose every number is NaN, with its reason and base.
func Undefined(n int, reason string) Estimate {
	nan := math.NaN()
	return Estimate{
		Value: nan, SE: nan, Interval: Interval{Low: nan, High: nan, Level: nan},
		N: n, Population: nan, EffectiveN: nan, DF: nan, DesignEffect: nan, Reason: reason,
	}
}

// estimateJSON is the file form of an Estimate: undefined numbers are null.
type estimateJSON struct {
	Value        *float64 `json:"estimate"`
	SE           *float64 `json:"se"`
	Low          *float64 `json:"ci_low"`
	High         *float64 `json:"ci_high"`
	Level        *float64 `json:"confidence"`
	Interval     string   `json:"interval,omitempty"`
	N            int      `json:"n"`
	Population   *float64 `json:"population"`
	EffectiveN   *float64 `json:"n_eff"`
	DF           *float64 `json:"df"`
	DesignEffect *float64 `json:"deff"`
	Method       string   `json:"method,omitempty"`
	Reason       string   `json:"reason,omitempty"`
}

// MarshalJSON writes undefined and infinite numbers as null.
func (e Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(estimateJSON{
		Value: finite(e.Value), SE: finite(e.SE),
		Low: finite(e.Interval.Low), High: finite(e.Interval.High),
		Level: finite(e.Interval.Level), Interval: e.Interval.Method,
		N: e.N, Population: finite(e.Population), EffectiveN: finite(e.EffectiveN),
		DF: finite(e.DF), DesignEffect: finite(e.DesignEffect),
		Method: e.Method, Reason: e.Reason,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote; null becomes NaN.
func (e *Estimate) UnmarshalJSON(b []byte) error {
	var j estimateJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*e = Estimate{
		Value: number(j.Value), SE: number(j.SE),
		Interval: Interval{Low: number(j.Low), High: number(j.High), Level: number(j.Level), Method: j.Interval},
		N:        j.N, Population: number(j.Population), EffectiveN: number(j.EffectiveN),
		DF: number(j.DF), DesignEffect: number(j.DesignEffect),
		Method: j.Method, Reason: j.Reason,
	}
	return nil
}

func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func number(p *float64) float64 {
	if p == nil {
		return math.NaN()
	}
	return *p
}
