package design

import (
	"fmt"
	"strings"
)

// LonelyError names the strata that have a single unit and are no certainty.
type LonelyError struct {
	Stage  int      // 1 for primary units
	Strata []string // sorted as the design sorts them
}

func (e *LonelyError) Error() string {
	return fmt.Sprintf("stage %d: %d strata have a single unit: %s", e.Stage, len(e.Strata), strings.Join(e.Strata, ", "))
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
