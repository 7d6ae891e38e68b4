package estimate

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"sipas/analysis/design"

	"gonum.org/v1/gonum/mat"
)

// StandardError is a group that cannot be standardized.
type StandardError struct {
	Group  string
	Class  string // of which the group has no row
	Target float64
}

func (e *StandardError) Error() string {
	return fmt.Sprintf("group %q has no row of class %q, which makes %v of the standard", e.Group, e.Class, e.Target)
}

// Standard is what Standardize standardizes to.
type Standard struct {
	Class []string // of every row: age group, kind of service, whatever the groups differ in
	Group []string // of every row: what is to be compared; nil means one group
	// Target is the size of each class in the standard population, in any unit.
	Target map[string]float64
	// Answered marks the rows that count; nil means all. A group is standardized over the rows that have an
	// answer, so that the classes keep their shares among these: give the rows that answered the variable.
	Answered []bool
}

// Standardize returns the design with weights in the main column under which every group has
// the classes of one standard population and keeps its own weight:
//
//	w'_k = w_k · W_g·π_c / Σ_{k in g, c} w_k,   π_c = target of class c over the sum of the targets
//
// for row k of class c in group g, whose weights sum to W_g. The mean of a group is then
// Σ_c π_c·ȳ_gc: direct standardization (Fleiss, Levin and Paik 2003, chapter 19). In the variance it is
// post-stratification to the classes within the groups, in place of any calibration that the
// column had, so that only the spread within classes counts. With replicate weights every replicate is standardized anew.
//
// Rows without class or group (an empty label), or not answered, get the weight zero. A class of
// the standard of which a group has no row is a *StandardError: a share of the standard cannot be left
// out silently. Rows of a class with the target zero get the weight zero.
func Standardize(d *design.Design, s Standard) (*design.Design, error) {
	cells, err := s.cells(d)
	if err != nil {
		return nil, err
	}
	base := d.Weights(0)
	weights := make([]float64, d.Rows())
	x := make([][]design.Entry, d.Rows())
	before := make([]float64, d.Rows())

	for i, c := range cells.of {
		before[i] = base[i]
		if c < 0 {
			continue
		}
		weights[i] = base[i] * cells.target[c] / cells.sum[c]
		x[i] = []design.Entry{{Column: c, Value: 1}}
	}
	matrix, err := design.FromRows(len(cells.sum), x)
	if err != nil {
		return nil, fmt.Errorf("standardize: %w", err)
	}
	out, err := d.Calibrated(weights, &design.Calibration{X: matrix, Base: before})

	if err != nil || !d.Replicated() {
		return out, err
	}
	p := *d.Replicates()
	p.Own = maps.Clone(p.Own)
	if p.Own == nil {
		p.Own = make(map[string]design.Factors)
	}
	p.Own[""] = cells.factors(d)

	return out.WithReplicates(&p)
}

// cells are the classes within the groups.
type cells struct {
	of     []int // of each row, −1 for none
	sum    []float64
	target []float64
}

func (s Standard) cells(d *design.Design) (cells, error) {
	out := cells{of: make([]int, d.Rows())}
	if len(s.Class) != d.Rows() || s.Group != nil && len(s.Group) != d.Rows() || s.Answered != nil && len(s.Answered) != d.Rows() {
		return out, fmt.Errorf("standardize: classes, groups and marks are needed for each of %d rows", d.Rows())
	}
	var whole float64
	classes := slices.Sorted(maps.Keys(s.Target))

	for _, c := range classes {
		if t := s.Target[c]; !(t >= 0) || math.IsInf(t, 0) {
			return out, fmt.Errorf("standardize: the target of class %q must not be negative, not %v", c, t)
		}
		whole += s.Target[c]
	}
	if !(whole > 0) {
		return out, fmt.Errorf("standardize: the targets sum to %v", whole)
	}
	type key struct{ group, class string }
	index := make(map[key]int)
	groups := make(map[string]float64)
	var keys []key

	for _, row := range d.Order() {
		out.of[row] = -1
		k := key{class: s.Class[row], group: "all"}
		if s.Group != nil {
			k.group = s.Group[row]
		}
		if d.Weights(0)[row] == 0 || k.class == "" || k.group == "" || s.Answered != nil && !s.Answered[row] {
			continue
		}
		target, known := s.Target[k.class]
		if !known {
			return out, fmt.Errorf("standardize: row %d has the class %q, which has no target", row, k.class)
		}
		groups[k.group] += d.Weights(0)[row]

		if target == 0 {
			continue
		}
		at, ok := index[k]
		if !ok {
			at = len(keys)
			index[k] = at
			keys = append(keys, k)
			out.sum = append(out.sum, 0)
		}
		out.of[row] = at
		out.sum[at] += d.Weights(0)[row]
	}
	out.target = make([]float64, len(keys))

	for _, g := range slices.Sorted(maps.Keys(groups)) {
		for _, c := range classes {
			at, ok := index[key{group: g, class: c}]
			share := s.Target[c] / whole

			if !ok && share > 0 {
				return out, &StandardError{Group: g, Class: c, Target: share}
			}
			if ok {
				out.target[at] = share * groups[g]
			}
		}
	}

	return out, nil
}

// factors returns the replicate factors of the standardized column. Rows of one unit of the replicates and one
// cell share them. A cell without weight in a replicate keeps none, and the replicate lacks that cell.
func (c cells) factors(d *design.Design) design.Factors {
	old := d.ReplicateFactors(0)
	n := d.Replicates().Count()
	sums := mat.NewDense(len(c.sum), n, nil)
	unit := make([]int32, d.Rows())
	type pair struct{ unit, cell int }
	index := make(map[pair]int32)
	var rows []int // one of each pair

	for _, row := range d.Order() {
		k := pair{row, c.of[row]}
		if old.Unit != nil {
			k.unit = int(old.Unit[row])
		}
		at, ok := index[k]
		if !ok {
			at = int32(len(rows))
			index[k] = at
			rows = append(rows, row)
		}
		unit[row] = at

		if k.cell >= 0 {
			dst := sums.RawRowView(k.cell)
			for r, f := range old.Row(row) {
				dst[r] += f * d.Weights(0)[row]
			}
		}
	}
	values := mat.NewDense(len(rows), n, nil)

	for i, row := range rows {
		cell := c.of[row]
		for r, f := range old.Row(row) {
			if cell >= 0 && sums.At(cell, r) != 0 {
				values.Set(i, r, f*c.sum[cell]/sums.At(cell, r))
			}
		}
	}

	return design.Factors{Unit: unit, Values: values}
}
