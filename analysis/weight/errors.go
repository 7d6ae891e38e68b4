package weight

import (
	"fmt"
	"math"
	"strings"
)

// MarginError says which margin, and which of its levels, cannot be met and why.
type MarginError struct {
	Margin string
	Level  string // empty when it is the whole margin
	Reason string
}

func (e *MarginError) Error() string {
	if e.Level == "" {
		return fmt.Sprintf("margin %s: %s", e.Margin, e.Reason)
	}

	return fmt.Sprintf("margin %s, level %s: %s", e.Margin, e.Level, e.Reason)
}

// ConvergenceError says that the iterations ended before the margins were met,
// and which one is furthest off.
type ConvergenceError struct {
	Method     string
	Iterations int
	Margin     string
	Level      string
	Residual   float64 // relative
	Reason     string
	Weights    []float64 // the state reached, for who can live with the residual; nil when there is none
}

func (e *ConvergenceError) Error() string {
	return fmt.Sprintf("%s: not met after %d iterations, furthest off is %s by %.3g of its total%s",
		e.Method, e.Iterations, Total{Margin: e.Margin, Level: e.Level}.name(), e.Residual, e.Reason)
}

// Total names one known total: a level of a margin, or an auxiliary column (then Level is empty).
type Total struct {
	Margin string  `json:"margin"`
	Level  string  `json:"level,omitempty"`
	Value  float64 `json:"total"`
	// Low and High are what the weights can reach for this total alone, within the bounds asked for; infinite where nothing limits it.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func (t Total) name() string {
	if t.Level == "" {
		return t.Margin
	}

	return t.Margin + " " + t.Level
}

// Bounds are limits of the factors g, or of the weights themselves when those were bounded.
type Bounds struct {
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
}

// InfeasibleError is proof that no weights meet the totals: Set is irreducible, which means
// that its totals contradict each other (and the bounds), and that without any one of them the others can be met.
//
// The tightest bounds are the ends of what is possible; exactly at them there is no room left, and
// a distance that keeps strictly inside (logit) needs a little more. They are nil where no bounds
// were asked for, or where none of that kind helps.
//
// errors.As finds a *MarginError for the first total of the set and the *ConvergenceError of the iterations too.
type InfeasibleError struct {
	Method string
	Asked  Bounds  // infinite where there was no bound
	Set    []Total // in the order of the totals given
	// Strict says that weights would have to be zero to meet the totals, and only weights above zero were asked for.
	Strict bool
	// Raise keeps the lower bound asked for and has the smallest upper one that suffices.
	Raise *Bounds
	// Drop keeps the upper bound and has the largest lower one.
	Drop *Bounds
	// Symmetric has the smallest s for which 1−s and 1+s suffice; of weights, times their mean.
	Symmetric *Bounds
	// Failed is how far the iterations had come.
	Failed *ConvergenceError
}

func (e *InfeasibleError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: no weights", e.Method)

	switch {
	case e.Strict:
		b.WriteString(" above zero")
	case e.Asked.Lower == 0 && math.IsInf(e.Asked.Upper, 1):
		b.WriteString(" of zero or more")
	case !math.IsInf(e.Asked.Lower, -1) || !math.IsInf(e.Asked.Upper, 1):
		fmt.Fprintf(&b, " with bounds %s", e.Asked.text())
	}
	if len(e.Set) == 1 {
		fmt.Fprintf(&b, " meet the total %v of %s, for which %v to %v can be reached", e.Set[0].Value, e.Set[0].name(), e.Set[0].Low, e.Set[0].High)
	} else {
		b.WriteString(" meet together the totals of ")
		for i, t := range e.Set {
			switch {
			case i > 0 && i == len(e.Set)-1:
				b.WriteString(" and ")
			case i > 0:
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s (%v)", t.name(), t.Value)
		}
		b.WriteString(", though without any one of them the others can be met")
	}
	var help []string

	for _, o := range []*Bounds{e.Raise, e.Drop, e.Symmetric} {
		if o != nil {
			help = append(help, o.text())
		}
	}
	if len(help) > 0 {
		b.WriteString("; the tightest bounds that would do are " + strings.Join(help, " or "))
	}

	return b.String()
}

func (b Bounds) text() string { return fmt.Sprintf("%.6g to %.6g", b.Lower, b.Upper) }

// Unwrap gives the error's two other faces.
func (e *InfeasibleError) Unwrap() []error {
	out := []error{&MarginError{Margin: e.Set[0].Margin, Level: e.Set[0].Level, Reason: "it is one of totals that no weights meet together"}}

	if e.Failed != nil {
		out = append(out, e.Failed)
	}

	return out
}

// InputError says what is wrong with the input itself.
type InputError struct {
	Field  string
	Row    int // -1 when it is not one row
	Reason string
}

func (e *InputError) Error() string {
	if e.Row < 0 {
		return fmt.Sprintf("%s: %s", e.Field, e.Reason)
	}

	return fmt.Sprintf("%s, row %d: %s", e.Field, e.Row, e.Reason)
}
