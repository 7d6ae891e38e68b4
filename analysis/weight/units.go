package weight

import (
	"math"

	"sipas/analysis/design"
)

// units are the distinct rows of a calibration: rows that share x, q and bounds share g.
type units struct {
	of     []int32 // the unit of each row; −1 where the base weight is zero
	x      *design.Matrix
	weight []float64 // Σ base weights
	rows   []int
	q      []float64 // nil means one
	low    []float64 // bounds of g; one value when they are the same for all
	high   []float64
	least  []float64 // smallest base weight of each unit
	most   []float64
}

func (u *units) bounds(c int) (low, high float64) {
	if len(u.low) == 1 {
		return u.low[0], u.high[0]
	}

	return u.low[c], u.high[c]
}

func (u *units) factor(c int) float64 {
	if u.q == nil {
		return 1
	}

	return u.q[c]
}

// newUnits gathers the rows of x. With groups, x is already the groups' mean.
func newUnits(base []float64, x *design.Matrix, rule CalibrateRule) (*units, error) {
	_, cols := x.Dims()
	u := &units{}
	first := u.gather(base, x, rule)
	u.x = x

	if rule.Q != nil {
		u.q = make([]float64, len(first))
		for k, row := range first {
			u.q[k] = rule.Q[row]
		}
	}
	if len(first) < len(base) {
		start := make([]int, len(first)+1)
		for k, row := range first {
			index, _ := x.Entries(row)
			start[k+1] = start[k] + len(index)
		}
		index, value := make([]int32, start[len(first)]), make([]float64, start[len(first)])
		for k, row := range first {
			i, v := x.Entries(row)
			copy(index[start[k]:], i)
			copy(value[start[k]:], v)
		}
		m, err := design.FromSparse(cols, start, index, value)
		if err != nil {
			return nil, err
		}
		u.x = m
	}
	u.sum(base, len(first))
	limits := rule.limits()

	if !rule.OnWeights {
		u.low, u.high = []float64{limits.Lower}, []float64{limits.Upper}
		return u, nil
	}
	for c := range first {
		u.low = append(u.low, limits.Lower/u.least[c])
		u.high = append(u.high, limits.Upper/u.most[c])

		if u.low[c] > u.high[c] {
			return nil, &InputError{Field: "bounds", Row: first[c], Reason: "base weights of its group differ so much that no common factor brings all within the bounds"}
		}
	}

	return u, nil
}

// sum adds up the base weights of each unit.
func (u *units) sum(base []float64, count int) {
	parts := blocks(len(base), 4*count)
	sums := make([][]float64, parts)
	rows := make([][]float64, parts)
	least, most := make([][]float64, parts), make([][]float64, parts)

	inBlocks(len(base), parts, func(block, from, to int) {
		s, r := make([]float64, count), make([]float64, count)
		lo, hi := make([]float64, count), make([]float64, count)

		for i := from; i < to; i++ {
			c := u.of[i]
			if c < 0 {
				continue
			}
			b := base[i]
			s[c] += b
			if r[c] == 0 || b < lo[c] {
				lo[c] = b
			}
			if b > hi[c] {
				hi[c] = b
			}
			r[c]++
		}
		sums[block], rows[block], least[block], most[block] = s, r, lo, hi
	})
	u.weight = sumBlocks(sums)
	u.rows = make([]int, count)
	u.least, u.most = make([]float64, count), make([]float64, count)

	for c, n := range sumBlocks(rows) {
		u.rows[c] = int(n)
		u.least[c] = math.Inf(1)
		for b := range parts {
			if rows[b][c] > 0 {
				u.least[c] = math.Min(u.least[c], least[b][c])
				u.most[c] = math.Max(u.most[c], most[b][c])
			}
		}
	}
}

// gather numbers the distinct rows in the order in which they appear, and returns the first row
// of each. Where nearly all rows differ each is its own unit.
func (u *units) gather(base []float64, x *design.Matrix, rule CalibrateRule) []int {
	n := len(base)
	u.of = make([]int32, n)
	parts := blocks(n, 1)
	tables := make([]*distinct, parts)
	sample := newDistinct(base, x, rule)
	seen := 0

	for i := 0; i < n && seen < 1<<14; i++ {
		if base[i] > 0 {
			seen++
			sample.add(i)
		}
	}
	if seen == 1<<14 && len(sample.first) > seen/2 {
		var first []int
		for i, b := range base {
			u.of[i] = -1
			if b > 0 {
				u.of[i] = int32(len(first))
				first = append(first, i)
			}
		}
		return first
	}
	inBlocks(n, parts, func(block, from, to int) {
		d := newDistinct(base, x, rule)
		for i := from; i < to; i++ {
			u.of[i] = -1
			if base[i] > 0 {
				u.of[i] = d.add(i)
			}
		}
		tables[block] = d
	})
	all := newDistinct(base, x, rule)
	moved := make([][]int32, parts)

	for b, d := range tables {
		moved[b] = make([]int32, len(d.first))
		for k, row := range d.first {
			moved[b][k] = all.add(row)
		}
	}
	inBlocks(n, parts, func(block, from, to int) {
		for i := from; i < to; i++ {
			if u.of[i] >= 0 {
				u.of[i] = moved[block][u.of[i]]
			}
		}
	})

	return all.first
}

// distinct is an open hash table of rows.
type distinct struct {
	base  []float64
	x     *design.Matrix
	rule  CalibrateRule
	slots []int32 // number of the unit + 1; 0 means empty
	first []int
	hash  []uint64
}

func newDistinct(base []float64, x *design.Matrix, rule CalibrateRule) *distinct {
	return &distinct{base: base, x: x, rule: rule, slots: make([]int32, 1024)}
}

func (d *distinct) key(row int) uint64 {
	index, value := d.x.Entries(row)
	h := uint64(len(index))
	mix := func(v uint64) {
		h = (h ^ v) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}

	for e, j := range index {
		mix(uint64(j) ^ math.Float64bits(value[e])<<1)
	}
	if d.rule.Q != nil {
		mix(math.Float64bits(d.rule.Q[row]))
	}
	if d.rule.Groups != nil {
		mix(uint64(d.rule.Groups[row]))
	}
	if d.rule.OnWeights && d.rule.Groups == nil {
		mix(math.Float64bits(d.base[row]))
	}

	return h
}

func (d *distinct) same(a, b int) bool {
	i, v := d.x.Entries(a)
	k, w := d.x.Entries(b)

	if len(i) != len(k) || d.rule.Groups != nil && d.rule.Groups[a] != d.rule.Groups[b] ||
		d.rule.Q != nil && d.rule.Q[a] != d.rule.Q[b] ||
		d.rule.OnWeights && d.rule.Groups == nil && d.base[a] != d.base[b] {
		return false
	}
	for e := range i {
		if i[e] != k[e] || v[e] != w[e] {
			return false
		}
	}

	return true
}

func (d *distinct) add(row int) int32 {
	h := d.key(row)
	mask := uint64(len(d.slots) - 1)

	for at := h & mask; ; at = (at + 1) & mask {
		c := d.slots[at] - 1
		if c < 0 {
			d.first = append(d.first, row)
			d.hash = append(d.hash, h)
			d.slots[at] = int32(len(d.first))
			if 2*len(d.first) > len(d.slots) {
				d.grow()
			}
			return int32(len(d.first) - 1)
		}
		if d.hash[c] == h && d.same(d.first[c], row) {
			return c
		}
	}
}

func (d *distinct) grow() {
	d.slots = make([]int32, 2*len(d.slots))
	mask := uint64(len(d.slots) - 1)

	for c, h := range d.hash {
		at := h & mask
		for d.slots[at] != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = int32(c + 1)
	}
}

// grouped returns x with the mean of its group, by base weight, in every row.
func grouped(base []float64, x *design.Matrix, rule CalibrateRule) (*design.Matrix, error) {
	_, cols := x.Dims()
	at := make(map[int32]int)
	var weight []float64
	var first []int
	of := make([]int, len(base))

	for i, b := range base {
		of[i] = -1
		if b == 0 {
			continue
		}
		k, ok := at[rule.Groups[i]]
		if !ok {
			k = len(weight)
			at[rule.Groups[i]] = k
			weight = append(weight, 0)
			first = append(first, i)
		}
		if rule.Q != nil && rule.Q[first[k]] != rule.Q[i] {
			return nil, &InputError{Field: "q", Row: i, Reason: "it differs from that of another row of the group"}
		}
		of[i] = k
		weight[k] += b
	}
	sums := make([]float64, len(weight)*cols)

	for i, k := range of {
		if k < 0 {
			continue
		}
		index, value := x.Entries(i)
		for e, j := range index {
			sums[k*cols+int(j)] += base[i] * value[e] / weight[k]
		}
	}
	start := make([]int, 1, len(base)+1)
	var index []int32
	var value []float64

	for _, k := range of {
		if k >= 0 {
			for j, v := range sums[k*cols : (k+1)*cols] {
				if v != 0 {
					index = append(index, int32(j))
					value = append(value, v)
				}
			}
		}
		start = append(start, len(index))
	}

	return design.FromSparse(cols, start, index, value)
}
