package survey

import (
	"fmt"
	"slices"
	"strings"
)

// Rule gives a score where all of its conditions hold. Without conditions it holds always, and is the last.
type Rule struct {
	Value float64     `json:"value"`
	When  []Condition `json:"when,omitempty"`
}

// Condition compares a column of a table with a number, with another column, or with words.
type Condition struct {
	Column string   `json:"column"`
	Op     string   `json:"op"` // <, <=, =, !=, >=, >; words know = and != alone
	Number *float64 `json:"number,omitempty"`
	Than   string   `json:"than,omitempty"`  // another column
	Words  []string `json:"words,omitempty"` // any of them, whatever their case
}

var comparisons = map[string]func(order int) bool{
	"<":  func(o int) bool { return o < 0 },
	"<=": func(o int) bool { return o <= 0 },
	"=":  func(o int) bool { return o == 0 },
	"!=": func(o int) bool { return o != 0 },
	">=": func(o int) bool { return o >= 0 },
	">":  func(o int) bool { return o > 0 },
}

// RuleColumns returns the columns that the rules of an indicator read, in order and each once.
func (v *LeafValue) RuleColumns() []string {
	var columns []string
	add := func(name string) {
		if name != "" && !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	for _, r := range v.Rules {
		for _, c := range r.When {
			add(c.Column)
			add(c.Than)
		}
	}
	return columns
}

// Judge returns the score that the rules give to a row. cell returns what stands in a column, "" where it is blank or not
// there. A blank is never taken for anything: where a rule needs one before any other rule holds for certain, there is no score, and
// missing names the column. The error is a *CellError when a cell that must be a number is none.
func (v *LeafValue) Judge(cell func(column string) string) (score float64, missing string, err error) {
	for _, r := range v.Rules {
		holds, unknown := true, ""
		for _, c := range r.When {
			is, blank, err := c.holds(cell)
			if err != nil {
				return 0, "", err
			}
			if blank != "" {
				if unknown == "" {
					unknown = blank
				}
				continue
			}
			holds = holds && is
		}
		switch {
		case !holds: // one condition fails for certain, whatever the blanks are
		case unknown != "":
			return 0, unknown, nil
		default:
			return r.Value, "", nil
		}
	}
	return 0, "", &CellError{Reason: "no rule holds"}
}

// CellError says what is wrong with the cell of a column.
type CellError struct {
	Column, Value string
	Reason        string
}

func (e *CellError) Error() string {
	if e.Column == "" {
		return e.Reason
	}
	return fmt.Sprintf("%s %q %s", e.Column, e.Value, e.Reason)
}

// holds tells whether a condition is true; blank names a column that would have to be filled to know.
func (c Condition) holds(cell func(string) string) (is bool, blank string, err error) {
	text := cell(c.Column)
	if text == "" {
		return false, c.Column, nil
	}
	if len(c.Words) > 0 {
		named := slices.ContainsFunc(c.Words, func(w string) bool { return strings.EqualFold(CleanText(w), CleanText(text)) })
		return named == (c.Op == "="), "", nil
	}
	x, ok := ParseNumber(text)
	if !ok {
		return false, "", &CellError{Column: c.Column, Value: text, Reason: "is not a number"}
	}
	var y float64
	if c.Number != nil {
		y = *c.Number
	}
	if c.Than != "" {
		other := cell(c.Than)
		if other == "" {
			return false, c.Than, nil
		}
		if y, ok = ParseNumber(other); !ok {
			return false, "", &CellError{Column: c.Than, Value: other, Reason: "is not a number"}
		}
	}
	order := 0
	switch {
	case x < y:
		order = -1
	case x > y:
		order = 1
	}
	return comparisons[c.Op](order), "", nil
}
