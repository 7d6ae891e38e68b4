package model

import (
	"fmt"
	"strings"
)

// InputError says which argument of a model is not usable, and which row where it is one.
type InputError struct {
	Field  string // "response", "family", "level", …
	Row    int    // -1 when it is not one row
	Reason string
}

func (e *InputError) Error() string {
	if e.Row < 0 {
		return fmt.Sprintf("%s: %s", e.Field, e.Reason)
	}

	return fmt.Sprintf("%s, row %d: %s", e.Field, e.Row, e.Reason)
}

// SeparationError says that the coefficients named have no finite estimate: along them the fit can be bettered without end,
// because they part the outcomes of the sample without error. It was proved: no row contradicts the direction
// (Albert and Anderson 1984). Leave a term out, or join levels.
type SeparationError struct {
	Coefficients []string
}

func (e *SeparationError) Error() string {
	return fmt.Sprintf("the outcomes are separated: no finite estimate exists for %s", strings.Join(e.Coefficients, ", "))
}

// ConvergenceError says that no further step betters the fit and that it is no solution either.
type ConvergenceError struct {
	Iterations int
	Reason     string
}

func (e *ConvergenceError) Error() string {
	return fmt.Sprintf("the model did not converge in %d iterations: %s", e.Iterations, e.Reason)
}
