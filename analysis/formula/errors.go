package formula

import "fmt"

// SyntaxError says where a formula cannot be read, and why.
type SyntaxError struct {
	Formula string
	At      int // the byte at which the trouble begins, from 0
	Reason  string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("formula %q, at character %d: %s", e.Formula, e.At+1, e.Reason)
}

// ColumnError says that a formula names a column which the data do not have.
type ColumnError struct {
	Formula string
	At      int // the byte at which the name stands, from 0
	Name    string
}

func (e *ColumnError) Error() string {
	return fmt.Sprintf("formula %q, at character %d: there is no column %q", e.Formula, e.At+1, e.Name)
}

// LevelError says that a level of a categorical variable does not fit: no row has it,
// or the model never saw it.
type LevelError struct {
	Variable string // as it stands in the formula
	Level    string
	Row      int // the first row at fault; -1 when it is not one row
	Reason   string
}

func (e *LevelError) Error() string {
	if e.Row < 0 {
		return fmt.Sprintf("%s: level %q: %s", e.Variable, e.Level, e.Reason)
	}

	return fmt.Sprintf("%s, row %d: level %q: %s", e.Variable, e.Row, e.Level, e.Reason)
}

// ValueError says that a variable cannot be worked out or used as it stands.
type ValueError struct {
	Formula string
	At      int // the byte at which the variable stands, from 0
	Reason  string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("formula %q, at character %d: %s", e.Formula, e.At+1, e.Reason)
}

// MissingError names the first row that misses a value where none may.
type MissingError struct {
	Variable string
	Row      int
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s, row %d: the value is missing", e.Variable, e.Row)
}
