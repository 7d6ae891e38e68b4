package design

import (
	"fmt"
	"math"
	"slices"
)

// Part is a set of influence values that came through one weight column: the
// derivative of an estimate by the weight of each row, times that weight.
type Part struct {
	Column int
	Rows   []int // in the design's order for speed; any order is right, repeats add up
	Values []float64
}

// Form is the influence function of one estimate: the sum of its parts.
type Form []Part

// normal is a form in the shape the engine works on: at most one part for each column,
// rows in order and without repeats, and no values where the column has no weight.
type normal []Part

func (d *Design) normalize(f Form) (normal, error) {
	out := make(normal, 0, len(f))

	for _, p := range f {
		if p.Column < 0 || p.Column >= len(d.columns) {
			return nil, &InputError{Field: "influence", Row: -1, Reason: fmt.Sprintf("there is no column %d", p.Column)}
		}
		if len(p.Rows) != len(p.Values) {
			return nil, &InputError{Field: "influence", Row: -1, Reason: "one value is needed for each row"}
		}
		if err := d.checkPart(p); err != nil {
			return nil, err
		}
		if at := slices.IndexFunc(out, func(o Part) bool { return o.Column == p.Column }); at >= 0 {
			p.Rows = slices.Concat(out[at].Rows, p.Rows)
			p.Values = slices.Concat(out[at].Values, p.Values)
			out[at] = p
			continue
		}
		out = append(out, p)
	}

	for i := range out {
		out[i] = d.sortPart(out[i])
	}
	slices.SortFunc(out, func(a, b Part) int { return a.Column - b.Column })

	return out, nil
}

func (d *Design) checkPart(p Part) error {
	w := d.columns[p.Column].Weights

	for i, row := range p.Rows {
		if row < 0 || row >= d.rows {
			return &InputError{Field: "influence", Row: row, Reason: "there is no such row"}
		}
		if math.IsNaN(p.Values[i]) || math.IsInf(p.Values[i], 0) {
			return &InputError{Field: "influence", Row: row, Reason: "the value is not finite"}
		}
		if w[row] == 0 && p.Values[i] != 0 {
			return &InputError{Field: "influence", Row: row, Reason: "a row without weight cannot have influence"}
		}
	}

	return nil
}

func (d *Design) sortPart(p Part) Part {
	ascending := true
	for i := 1; i < len(p.Rows) && ascending; i++ {
		ascending = d.position[p.Rows[i]] > d.position[p.Rows[i-1]]
	}
	if ascending {
		return p
	}
	at := make([]int, len(p.Rows))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(a, b int) int { return d.position[p.Rows[a]] - d.position[p.Rows[b]] })
	out := Part{Column: p.Column}

	for _, i := range at {
		if n := len(out.Rows); n > 0 && out.Rows[n-1] == p.Rows[i] {
			out.Values[n-1] += p.Values[i]
			continue
		}
		out.Rows = append(out.Rows, p.Rows[i])
		out.Values = append(out.Values, p.Values[i])
	}

	return out
}

// merge returns the total of all parts per row, in order.
func (d *Design) merge(f normal) (rows []int, values []float64) {
	if len(f) == 1 {
		return f[0].Rows, f[0].Values
	}
	var all Part

	for _, p := range f {
		all.Rows = append(all.Rows, p.Rows...)
		all.Values = append(all.Values, p.Values...)
	}
	all = d.sortPart(all)

	return all.Rows, all.Values
}
