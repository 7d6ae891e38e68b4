package weight

import (
	"math"

	"sipas/analysis/design"
)

// cells are the combinations of levels that occur: rows of a cell share their factor, so that raking
// runs on cells only.
type cells struct {
	margins []levels
	of      []int32   // of each row; −1 where the base weight is zero
	level   [][]int32 // of each margin and cell
	rows    []int
	weight  []float64 // Σ base weights
}

// newCells combines the margins one after the other; where a table of all pairs would be too
// large a map takes its place.
func newCells(base []float64, margins []levels) *cells {
	n := len(base)
	c := &cells{margins: margins, of: make([]int32, n)}
	parts := blocks(n, 1)
	product := 1

	for _, l := range margins {
		product = min(product*max(1, len(l.names)), 1<<40)
	}
	if product <= 1<<16 {
		inBlocks(n, parts, func(_, from, to int) {
			for i := from; i < to; i++ {
				c.of[i] = -1
				if base[i] == 0 {
					continue
				}
				k := int32(0)
				for m := range margins {
					k = k*int32(len(margins[m].names)) + margins[m].of[i]
				}
				c.of[i] = k
			}
		})
		c.sum(base, product)
		c.compact(product)
		return c
	}
	count := 1

	for i, b := range base {
		if b == 0 {
			c.of[i] = -1
		}
	}
	for _, l := range margins {
		seen := make(map[uint64]int32, count)
		for i, k := range c.of {
			if k < 0 {
				continue
			}
			key := uint64(k)<<32 | uint64(uint32(l.of[i]))
			id, ok := seen[key]
			if !ok {
				id = int32(len(seen))
				seen[key] = id
			}
			c.of[i] = id
		}
		count = len(seen)
	}
	c.sum(base, count)
	c.levels()

	return c
}

func (c *cells) sum(base []float64, count int) {
	parts := blocks(len(base), 2*count)
	sums, rows := make([][]float64, parts), make([][]int, parts)

	inBlocks(len(base), parts, func(block, from, to int) {
		s, r := make([]float64, count), make([]int, count)
		for i := from; i < to; i++ {
			if k := c.of[i]; k >= 0 {
				s[k] += base[i]
				r[k]++
			}
		}
		sums[block], rows[block] = s, r
	})
	c.weight = sumBlocks(sums)
	c.rows = make([]int, count)

	for _, r := range rows {
		for k, v := range r {
			c.rows[k] += v
		}
	}
}

// compact renumbers the cells that occur.
func (c *cells) compact(count int) {
	to := make([]int32, count)
	kept := 0

	for k, n := range c.rows {
		if n > 0 {
			to[k] = int32(kept)
			c.rows[kept], c.weight[kept] = n, c.weight[k]
			kept++
		}
	}
	c.rows, c.weight = c.rows[:kept], c.weight[:kept]

	inBlocks(len(c.of), blocks(len(c.of), 1), func(_, from, end int) {
		for i := from; i < end; i++ {
			if k := c.of[i]; k >= 0 {
				c.of[i] = to[k]
			}
		}
	})
	c.levels()
}

// levels finds the levels of each cell.
func (c *cells) levels() {
	c.level = make([][]int32, len(c.margins))
	for m := range c.margins {
		c.level[m] = make([]int32, len(c.rows))
	}
	known := make([]bool, len(c.rows))
	left := len(c.rows)

	for i, k := range c.of {
		if k < 0 || known[k] {
			continue
		}
		known[k] = true
		for m, l := range c.margins {
			c.level[m][k] = l.of[i]
		}
		left--
		if left == 0 {
			break
		}
	}
}

// totals of a margin when cells have the sums y.
func (c *cells) totals(m int, y []float64) []float64 {
	t := make([]float64, len(c.margins[m].names))

	for k, level := range c.level[m] {
		t[level] += y[k]
	}

	return t
}

// fit multiplies the cells of each level of a margin so that they sum to its total.
func (c *cells) fit(m int, y []float64) {
	factor := c.totals(m, y)

	for i, t := range factor {
		factor[i] = c.margins[m].target[i] / t
	}
	for k, level := range c.level[m] {
		y[k] *= factor[level]
	}
}

// off is the largest relative residual over all margins.
func (c *cells) off(y []float64) float64 {
	off := 0.0

	for m, l := range c.margins {
		for i, t := range c.totals(m, y) {
			if l.target[i] > 0 {
				off = math.Max(off, math.Abs(t/l.target[i]-1))
			}
		}
	}

	return off
}

// rake changes y in place and returns the largest residual after each round.
func (c *cells) rake(y []float64, rule RakeRule) (trace []float64, ok bool) {
	for range rule.maxIterations() {
		for m := range c.margins {
			c.fit(m, y)
		}
		off := c.off(y)
		trace = append(trace, off)

		if math.IsNaN(off) {
			return trace, false
		}
		if off <= rule.tolerance() {
			return trace, true
		}
	}

	return trace, false
}

// spread gives every row the factor of its cell.
func (c *cells) spread(base, y []float64) []float64 {
	w := make([]float64, len(base))
	g := make([]float64, len(y))

	for k, v := range y {
		g[k] = v / c.weight[k]
	}
	inBlocks(len(w), blocks(len(w), 1), func(_, from, to int) {
		for i := from; i < to; i++ {
			if k := c.of[i]; k >= 0 {
				w[i] = base[i] * g[k]
			}
		}
	})

	return w
}

// report compares the margins under y with their totals.
func (c *cells) report(y []float64) []MarginReport {
	var out []MarginReport

	for m, l := range c.margins {
		before, after := c.totals(m, c.weight), c.totals(m, y)

		for i, name := range l.names {
			out = append(out, MarginReport{
				Margin: l.name, Level: name, Rows: l.rows[i], Target: l.target[i],
				Before: before[i], After: after[i], Residual: relative(after[i], l.target[i]),
			})
		}
	}

	return out
}

// columns numbers the levels of all margins.
func (c *cells) columns() (offset []int, names []Total) {
	for _, l := range c.margins {
		offset = append(offset, len(names))
		for i, name := range l.names {
			names = append(names, Total{Margin: l.name, Level: name, Value: l.target[i]})
		}
	}

	return offset, names
}

// indicators returns the columns of all levels of all margins, with a row for each cell.
func (c *cells) indicators() (*design.Matrix, error) {
	offset, names := c.columns()
	width := len(c.margins)
	start := make([]int, len(c.rows)+1)
	index, value := make([]int32, len(c.rows)*width), make([]float64, len(c.rows)*width)

	for k := range c.rows {
		start[k+1] = (k + 1) * width
		for m := range width {
			index[k*width+m] = int32(offset[m]) + c.level[m][k]
			value[k*width+m] = 1
		}
	}

	return design.FromSparse(len(names), start, index, value)
}

// expand gives every row the auxiliary variables of its cell.
func (c *cells) expand(x *design.Matrix) (*design.Matrix, error) {
	_, cols := x.Dims()
	width := len(c.margins)
	start := make([]int, len(c.of)+1)

	for i, k := range c.of {
		start[i+1] = start[i]
		if k >= 0 {
			start[i+1] += width
		}
	}
	end := start[len(c.of)]
	index, value := make([]int32, end), make([]float64, end)

	inBlocks(len(c.of), blocks(len(c.of), 1), func(_, from, to int) {
		for i := from; i < to; i++ {
			k := c.of[i]
			if k < 0 {
				continue
			}
			columns, values := x.Entries(int(k))
			copy(index[start[i]:], columns)
			copy(value[start[i]:], values)
		}
	})

	return design.FromSparse(cols, start, index, value)
}

// region is what positive weights on the cells can reach.
func (c *cells) region() (*region, error) {
	x, err := c.indicators()
	if err != nil {
		return nil, err
	}
	_, names := c.columns()
	r := &region{x: x, weight: c.weight, least: c.weight, most: c.weight, mean: 1}

	for _, t := range names {
		r.totals = append(r.totals, t.Value)
		// Totals of zero have no respondents.
		r.scale = append(r.scale, math.Max(t.Value, math.SmallestNonzeroFloat64))
	}
	r.name = func(j int) (string, string) { return names[j].Margin, names[j].Level }

	return r, nil
}
