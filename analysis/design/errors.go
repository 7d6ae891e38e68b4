package design

import (
	"fmt"
	"strings"
)

// LonelyStrata names the strata of one stage that have a single unit and are no certainty.
type LonelyStrata struct {
	Stage  int      // 1 for primary units
	Strata []string // sorted as the design sorts them; a later stage names the units above first, with slashes
}

func (s LonelyStrata) String() string {
	if len(s.Strata) == 1 {
		return fmt.Sprintf("stage %d: stratum %s has a single unit", s.Stage, s.Strata[0])
	}

	return fmt.Sprintf("stage %d: %d strata have a single unit: %s", s.Stage, len(s.Strata), strings.Join(s.Strata, ", "))
}

// LonelyError names every stratum of every stage that has a single unit and is no certainty, where the policy does
// not say what it contributes.
type LonelyError struct {
	LonelyStrata                // of the first stage that has any
	Later        []LonelyStrata // of the stages after it
}

func (e *LonelyError) Error() string {
	text := e.String()
	for _, s := range e.Later {
		text += "; " + s.String()
	}

	return text
}

// FractionError says that a stratum's population size or fraction cannot be right.
type FractionError struct {
	Stage   int
	Stratum string
	Reason  string
}

func (e *FractionError) Error() string {
	return fmt.Sprintf("stage %d, stratum %s: %s", e.Stage, e.Stratum, e.Reason)
}

// ProbabilityError says which probability of a selection with unequal probabilities cannot be right.
type ProbabilityError struct {
	Stage  int
	Row    int // a row of the design that has the unit, -1 when it is not one unit
	Other  int // a row of the other unit of a joint probability, -1 when there is none
	Reason string
}

func (e *ProbabilityError) Error() string {
	text := fmt.Sprintf("stage %d", e.Stage)
	if e.Row >= 0 {
		text += fmt.Sprintf(", row %d", e.Row)
	}
	if e.Other >= 0 {
		text += fmt.Sprintf(" and row %d", e.Other)
	}

	return text + ": " + e.Reason
}

// PhaseError says which stratum of a second phase cannot be estimated from.
type PhaseError struct {
	Column  string
	Stratum string
	Reason  string
}

func (e *PhaseError) Error() string {
	return fmt.Sprintf("second phase of column %q, stratum %s: %s", e.Column, e.Stratum, e.Reason)
}

// InputError says which part of a spec, and which of its rows, is not usable.
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
