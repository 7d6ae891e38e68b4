package formula

import (
	"fmt"
	"slices"
)

// Columns are data held in memory: the usual Data.
type Columns struct {
	rows    int
	numbers map[string][]float64
	codes   map[string][]int32
	levels  map[string][]string
}

// NewColumns makes an empty set of columns for a number of rows.
func NewColumns(rows int) *Columns {
	return &Columns{rows: rows, numbers: map[string][]float64{}, codes: map[string][]int32{}, levels: map[string][]string{}}
}

// AddNumbers adds a numeric column, with NaN for missing. The values are kept, not copied.
func (c *Columns) AddNumbers(name string, values []float64) error {
	if len(values) != c.rows {
		return fmt.Errorf("column %s: %d values for %d rows", name, len(values), c.rows)
	}
	c.numbers[name] = values

	return nil
}

// AddTexts adds a categorical column; missing says which texts are no value. The levels are the texts that
// occur, sorted as bytes, unless they are given; then a text that is none of them is a *LevelError.
func (c *Columns) AddTexts(name string, values []string, missing func(string) bool, levels ...string) error {
	if len(values) != c.rows {
		return fmt.Errorf("column %s: %d values for %d rows", name, len(values), c.rows)
	}
	given := len(levels) > 0
	code := make(map[string]int32)

	if !given {
		for _, v := range values {
			if _, ok := code[v]; !ok && !missing(v) {
				code[v] = 0
				levels = append(levels, v)
			}
		}
		slices.Sort(levels)
	}
	for i, l := range levels {
		code[l] = int32(i)
	}
	codes := make([]int32, len(values))

	for i, v := range values {
		codes[i] = -1
		if missing(v) {
			continue
		}
		k, ok := code[v]
		if !ok {
			return &LevelError{Variable: name, Level: v, Row: i, Reason: "it is none of the levels given"}
		}
		codes[i] = k
	}

	return c.AddFactor(name, codes, levels)
}

// AddFactor adds a categorical column by its codes, -1 for missing. They are kept, not copied.
func (c *Columns) AddFactor(name string, codes []int32, levels []string) error {
	if len(codes) != c.rows {
		return fmt.Errorf("column %s: %d codes for %d rows", name, len(codes), c.rows)
	}
	c.codes[name], c.levels[name] = codes, slices.Clone(levels)

	return nil
}

// Rows returns the number of rows.
func (c *Columns) Rows() int { return c.rows }

// Numeric returns a numeric column.
func (c *Columns) Numeric(name string) ([]float64, bool) {
	v, ok := c.numbers[name]

	return v, ok
}

// Factor returns a categorical column.
func (c *Columns) Factor(name string) ([]int32, []string, bool) {
	v, ok := c.codes[name]

	return v, c.levels[name], ok
}
