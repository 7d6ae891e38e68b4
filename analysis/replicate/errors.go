package replicate

import "fmt"

// FitError says why a method does not fit a design.
type FitError struct {
	Method Method
	Stage  int // 1 for primary units; 0 when it is not one stage
	Row    int // the first row of the stratum in question; -1 when it is not one
	Reason string
}

func (e *FitError) Error() string {
	switch {
	case e.Row >= 0:
		return fmt.Sprintf("%s, stage %d, the stratum of row %d: %s", e.Method, e.Stage, e.Row, e.Reason)
	case e.Stage > 0:
		return fmt.Sprintf("%s, stage %d: %s", e.Method, e.Stage, e.Reason)
	}

	return fmt.Sprintf("%s: %s", e.Method, e.Reason)
}

// InputError says which replicate weight or option is not usable.
type InputError struct {
	Field     string
	Row       int // -1 when it is not one row
	Replicate int // from 1; 0 when it is not one replicate
	Reason    string
}

func (e *InputError) Error() string {
	switch {
	case e.Row >= 0 && e.Replicate > 0:
		return fmt.Sprintf("%s, row %d, replicate %d: %s", e.Field, e.Row, e.Replicate, e.Reason)
	case e.Row >= 0:
		return fmt.Sprintf("%s, row %d: %s", e.Field, e.Row, e.Reason)
	}

	return fmt.Sprintf("%s: %s", e.Field, e.Reason)
}
