package hypothesis

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"sipas/analysis/design"
)

// Crosstab is a weighted two-way table. It is immutable.
type Crosstab struct {
	Row, Column string   // the names of the variables
	Rows        []string // levels that someone is in
	Columns     []string
	Counts      *mat.Dense // weighted
	Answers     [][]int    // unweighted
	N           int
	Population  float64 // Σw
	DF          float64
	Notes       []string // levels left out and cells without answers

	s    *setting
	rows []int
	cell []int32   // of each of rows: column·(number of rows) + row
	w    []float64 // of each of rows
}

// Tabulate counts the rows by two factors. Rows where either is missing are left out.
func Tabulate(d *design.Design, row, column Factor, opt Options) (*Crosstab, error) {
	s, err := newSetting(d, opt)
	if err != nil {
		return nil, err
	}
	for _, f := range []Factor{row, column} {
		if err := f.check(d.Rows()); err != nil {
			return nil, err
		}
	}
	t := &Crosstab{Row: row.Name, Column: column.Name, s: s}
	t.count(row, column)
	t.N = len(t.rows)
	t.DF = s.df(t.rows)
	t.noteEmpty()

	return t, nil
}

// count goes through the rows once, in the design's order, and settles which levels are in the table.
func (t *Crosstab) count(row, column Factor) {
	levels := len(row.Levels)
	answers, totals := make([]int, levels*len(column.Levels)), make([]float64, levels*len(column.Levels))
	n := len(t.s.domain)
	t.rows, t.cell, t.w = make([]int, 0, n), make([]int32, 0, n), make([]float64, 0, n)

	for _, i := range t.s.domain {
		a, b, w := row.Codes[i], column.Codes[i], t.s.w[i]
		if a < 0 || b < 0 || w == 0 {
			continue
		}
		cell := b*int32(levels) + a
		t.rows, t.cell, t.w = append(t.rows, i), append(t.cell, cell), append(t.w, w)
		answers[cell]++
		totals[cell] += w
	}
	inRow, inColumn := make([]bool, levels), make([]bool, len(column.Levels))

	for cell, n := range answers {
		if n > 0 {
			inRow[cell%levels], inColumn[cell/levels] = true, true
		}
	}
	rows, columns := t.keep(row, inRow, &t.Rows), t.keep(column, inColumn, &t.Columns)
	t.Answers = make([][]int, len(rows))
	t.Counts = new(mat.Dense)

	if len(rows) == 0 {
		return
	}
	t.Counts = mat.NewDense(len(rows), len(columns), nil)
	place := make([]int32, len(answers))

	for i, a := range rows {
		t.Answers[i] = make([]int, len(columns))
		for j, b := range columns {
			cell := b*levels + a
			place[cell] = int32(j*len(rows) + i)
			t.Answers[i][j] = answers[cell]
			t.Counts.Set(i, j, totals[cell])
			t.Population += totals[cell]
		}
	}
	if len(rows) == levels && len(columns) == len(column.Levels) {
		return
	}
	for k, cell := range t.cell {
		t.cell[k] = place[cell]
	}
}

// keep lists the levels that someone is in, and notes the others.
func (t *Crosstab) keep(f Factor, in []bool, names *[]string) []int {
	var kept []int

	for l, ok := range in {
		if !ok {
			t.Notes = append(t.Notes, fmt.Sprintf("nobody is in %s %s, which is left out", f.Name, f.Levels[l]))
			continue
		}
		kept = append(kept, l)
		*names = append(*names, f.Levels[l])
	}

	return kept
}

func (t *Crosstab) noteEmpty() {
	empty := 0
	for _, row := range t.Answers {
		for _, n := range row {
			if n == 0 {
				empty++
			}
		}
	}
	if empty > 0 {
		t.Notes = append(t.Notes, count(empty, "cell has no answers", "cells have no answers"))
	}
}

// totals are the weighted counts of the cells, column by column.
func (t *Crosstab) totals() []float64 {
	r, c := t.Counts.Dims()
	out := make([]float64, 0, r*c)

	for j := range c {
		for i := range r {
			out = append(out, t.Counts.At(i, j))
		}
	}

	return out
}

// Scaled returns the table with a total of its own: 1 for shares, 100 for percentages, a known population.
func (t *Crosstab) Scaled(total float64) *mat.Dense {
	out := new(mat.Dense)
	if t.N > 0 {
		out.Scale(total/t.Population, t.Counts)
	}

	return out
}

// forms are the influence functions of the cells' totals.
func (t *Crosstab) forms() []design.Form {
	return t.s.indicators(t.rows, t.cell, t.w, len(t.Rows)*len(t.Columns))
}

// indicators are the influence functions of the totals of groups that share out rows among them.
func (s *setting) indicators(rows []int, group []int32, w []float64, groups int) []design.Form {
	size := make([]int, groups)
	for _, g := range group {
		size[g]++
	}
	parts := make([]design.Part, groups)

	for g := range parts {
		parts[g] = design.Part{Column: s.column, Rows: make([]int, 0, size[g]), Values: make([]float64, 0, size[g])}
	}
	for k, i := range rows {
		p := &parts[group[k]]
		p.Rows = append(p.Rows, i)
		p.Values = append(p.Values, w[k])
	}
	out := make([]design.Form, groups)

	for g := range out {
		out[g] = design.Form{parts[g]}
	}

	return out
}

// Pearson returns X² and the likelihood ratio G² of the table scaled to n.
func (t *Crosstab) Pearson() (x2, g2 float64) {
	if t.N == 0 {
		return math.NaN(), math.NaN()
	}
	r, c := t.Counts.Dims()
	rows, columns := t.margins()
	scale := float64(t.N) / t.Population

	for i := range r {
		for j := range c {
			o, e := t.Counts.At(i, j), rows[i]*columns[j]/t.Population
			x2 += (o - e) * (o - e) / e * scale
			if o > 0 {
				g2 += 2 * o * math.Log(o/e) * scale
			}
		}
	}

	return x2, math.Max(0, g2)
}

func (t *Crosstab) margins() (rows, columns []float64) {
	r, c := t.Counts.Dims()
	rows, columns = make([]float64, r), make([]float64, c)

	for i := range r {
		for j := range c {
			rows[i] += t.Counts.At(i, j)
			columns[j] += t.Counts.At(i, j)
		}
	}

	return rows, columns
}

// contrasts is an orthonormal basis of the vectors over n places that sum to zero (Helmert), one a column.
func contrasts(n int) *mat.Dense {
	out := mat.NewDense(n, n-1, nil)

	for j := 1; j < n; j++ {
		norm := math.Sqrt(float64(j * (j + 1)))
		for i := range j {
			out.Set(i, j-1, 1/norm)
		}
		out.Set(j, j-1, -float64(j)/norm)
	}

	return out
}

// descending returns the eigenvalues of a matrix that is not negative, the largest first.
func descending(m mat.Symmetric) []float64 {
	var e mat.EigenSym
	if !e.Factorize(m, false) {
		return nil
	}
	v := e.Values(nil)
	slices.Reverse(v)

	for i := range v {
		v[i] = math.Max(0, v[i])
	}

	return v
}
