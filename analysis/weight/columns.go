package weight

import (
	"fmt"
	"math"

	"sipas/analysis/design"
)

// Term is one variable to calibrate on: numbers, or a factor of numbered levels.
type Term struct {
	Name   string
	Values []float64 // of each row; nil for a factor
	Levels []string  // of a factor
	Codes  []int32   // the level of each row
}

// Columns makes auxiliary variables of terms, as a model formula does: the intercept, if asked for, then each variable; a
// factor has an indicator for each of its levels, the first of which is left out where there is an intercept or a
// factor before it. The names are R's: (Intercept), stypeH, api99. A value that is not finite is
// an *InputError that names the row: rows with missing auxiliary variables cannot be calibrated.
func Columns(rows int, intercept bool, terms ...Term) (*design.Matrix, []string, error) {
	var names []string
	offset := make([]int32, len(terms))
	skip := make([]int32, len(terms)) // levels without a column
	full := intercept

	if intercept {
		names = append(names, "(Intercept)")
	}
	for t, term := range terms {
		offset[t] = int32(len(names))
		if err := term.check(rows); err != nil {
			return nil, nil, err
		}
		if term.Values != nil {
			names = append(names, term.Name)
			continue
		}
		if full {
			skip[t] = 1
		}
		full = true
		for _, l := range term.Levels[skip[t]:] {
			names = append(names, term.Name+l)
		}
	}
	parts := blocks(rows, 1)
	count := make([]int, parts)

	inBlocks(rows, parts, func(block, from, to int) {
		for i := from; i < to; i++ {
			if intercept {
				count[block]++
			}
			for t := range terms {
				if v := terms[t].Values; v != nil && v[i] != 0 || v == nil && terms[t].Codes[i] >= skip[t] {
					count[block]++
				}
			}
		}
	})
	total := 0

	for b, c := range count {
		count[b] = total
		total += c
	}
	start := make([]int, rows+1)
	index, value := make([]int32, total), make([]float64, total)

	inBlocks(rows, parts, func(block, from, to int) {
		at := count[block]
		put := func(j int32, v float64) {
			index[at], value[at] = j, v
			at++
		}

		for i := from; i < to; i++ {
			if intercept {
				put(0, 1)
			}
			for t := range terms {
				switch term := &terms[t]; {
				case term.Values == nil:
					if k := term.Codes[i] - skip[t]; k >= 0 {
						put(offset[t]+k, 1)
					}
				case term.Values[i] != 0:
					put(offset[t], term.Values[i])
				}
			}
			start[i+1] = at
		}
	})
	m, err := design.FromSparse(len(names), start, index, value)

	return m, names, err
}

func (t Term) check(rows int) error {
	if t.Values != nil {
		if len(t.Values) != rows {
			return &InputError{Field: t.Name, Row: -1, Reason: fmt.Sprintf("%d values for %d rows", len(t.Values), rows)}
		}
		for i, v := range t.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return &InputError{Field: t.Name, Row: i, Reason: "calibration needs the value of every row, and this one is missing"}
			}
		}
		return nil
	}
	if len(t.Codes) != rows {
		return &InputError{Field: t.Name, Row: -1, Reason: fmt.Sprintf("%d codes for %d rows", len(t.Codes), rows)}
	}
	if len(t.Levels) == 0 {
		return &InputError{Field: t.Name, Row: -1, Reason: "the factor has no levels"}
	}
	for i, k := range t.Codes {
		if k < 0 || int(k) >= len(t.Levels) {
			return &InputError{Field: t.Name, Row: i, Reason: fmt.Sprintf("calibration needs the level of every row, and %d is none of %d", k, len(t.Levels))}
		}
	}

	return nil
}
