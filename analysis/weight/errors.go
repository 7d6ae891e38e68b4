package weight

import "fmt"

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
}

func (e *ConvergenceError) Error() string {
	return fmt.Sprintf("%s: not met after %d iterations, furthest off is %s %s by %.3g of its total%s",
		e.Method, e.Iterations, e.Margin, e.Level, e.Residual, e.Reason)
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
