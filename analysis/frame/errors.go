package frame

import (
	"fmt"
	"strings"
)

// Error says what is wrong with the text, and where.
type Error struct {
	Line   int    // counted from 1, the header included; 0 when it is not one line
	Column string // the name of the column; empty when it is the whole line
	Reason string
}

func (e *Error) Error() string {
	switch {
	case e.Line == 0 && e.Column == "":
		return e.Reason
	case e.Line == 0:
		return fmt.Sprintf("column %s: %s", e.Column, e.Reason)
	case e.Column == "":
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	}

	return fmt.Sprintf("line %d, column %s: %s", e.Line, e.Column, e.Reason)
}

// ColumnError says that there is no such column, or more than one.
type ColumnError struct {
	Name  string
	Twice bool     // the header names it more than once
	Have  []string // the columns that there are, in the order of the header
}

func (e *ColumnError) Error() string {
	if e.Twice {
		return fmt.Sprintf("the header names the column %s more than once", e.Name)
	}
	if near := nearest(e.Name, e.Have); near != "" {
		return fmt.Sprintf("there is no column %s; did you mean %s?", e.Name, near)
	}

	return fmt.Sprintf("there is no column %s; there are %s", e.Name, list(e.Have))
}

// ExpressionError says what is wrong with an expression, and where.
type ExpressionError struct {
	Text     string
	Position int // of the character, counted from 1
	Reason   string
}

func (e *ExpressionError) Error() string {
	return fmt.Sprintf("%s, at character %d: %s", e.Text, e.Position, e.Reason)
}

// list names the first of many.
func list(names []string) string {
	const most = 12
	if len(names) == 0 {
		return "none"
	}
	if len(names) <= most {
		return strings.Join(names, ", ")
	}

	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// nearest returns the one name that differs from what was written by letter case or by at most a third of its letters.
func nearest(name string, have []string) string {
	best, at := len([]rune(name))/3+1, ""

	for _, h := range have {
		d := distance(strings.ToLower(name), strings.ToLower(h))
		if d == best {
			at = ""
		}
		if d < best {
			best, at = d, h
		}
	}

	return at
}

// distance is Levenshtein's: the least number of letters to insert, delete or replace.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}

	for i := range x {
		corner := row[0]
		row[0]++
		for j := range y {
			cost := corner
			if x[i] != y[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}

	return row[len(y)]
}
