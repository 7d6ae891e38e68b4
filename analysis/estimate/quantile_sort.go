package estimate

import (
	"cmp"
	"math"
	"slices"

	"sipas/analysis/design"
)

// sortedKey maps numbers to integers of the same order; −0 and 0 are one number.
func sortedKey(x float64) uint64 {
	b := math.Float64bits(x + 0)
	if b>>63 == 1 {
		return ^b
	}

	return b | 1<<63
}

// item is a row with the key of its value.
type item struct {
	key uint64
	row int32
}

// The upper bits of a key are sorted by counting, radixBits at a time with tables that stay in the nearest cache; the
// lower ones, which the upper nearly always decide, by comparison.
const (
	radixBits = 11
	digits    = 3
	lowerBits = 64 - digits*radixBits
)

// ascending returns the rows in ascending order of their values; among equal ones they keep their order.
func ascending(values []float64, rows []int32) []int32 {
	var counts [digits][1 << radixBits]int32
	from, to := make([]item, len(rows)), make([]item, len(rows))

	for i, row := range rows {
		k := sortedKey(values[row])
		from[i] = item{k, row}

		for d := range digits {
			counts[d][digit(k, d)]++
		}
	}
	for d := range digits {
		count := &counts[d]
		if len(from) > 0 && int(count[digit(from[0].key, d)]) == len(from) {
			continue // all share this digit
		}
		var next int32

		for i, n := range count {
			count[i] = next
			next += n
		}
		for _, it := range from {
			at := &count[digit(it.key, d)]
			to[*at] = it
			*at++
		}
		from, to = to, from
	}
	sortRuns(from)
	out := make([]int32, len(rows))

	for i, it := range from {
		out[i] = it.row
	}

	return out
}

func digit(key uint64, d int) uint64 { return key >> (lowerBits + d*radixBits) & (1<<radixBits - 1) }

// sortRuns sorts each run of items whose upper bits agree.
func sortRuns(items []item) {
	for from := 0; from < len(items); {
		to, sorted := from+1, true

		for to < len(items) && items[to].key>>lowerBits == items[from].key>>lowerBits {
			sorted = sorted && items[to].key >= items[to-1].key
			to++
		}
		if !sorted {
			slices.SortStableFunc(items[from:to], func(a, b item) int { return cmp.Compare(a.key, b.key) })
		}
		from = to
	}
}

// answered is one variable in one domain: the rows with an answer and a weight.
type answered struct {
	rows   []int   // in the design's order
	sorted []int32 // by value
}

// deal sorts a variable once and deals its rows out to the domains, each of which gets them in ascending order.
func deal(d *design.Design, v Variable, column int, domains Domains) []answered {
	w := d.Weights(column)
	out := make([]answered, len(domains.Names))
	begin := make([]int32, d.Rows()+1) // of each row among the memberships, once summed

	for i := range out {
		out[i].rows = make([]int, 0, len(domains.Rows[i]))

		for _, row := range domains.Rows[i] {
			if w[row] > 0 && !math.IsNaN(v.Values[row]) {
				out[i].rows = append(out[i].rows, row)
				begin[row+1]++
			}
		}
	}
	rows := make([]int32, 0, d.Rows())

	for row := range d.Rows() {
		if begin[row+1] > 0 {
			rows = append(rows, int32(row))
		}
		begin[row+1] += begin[row]
	}
	order := ascending(v.Values, rows)

	if len(out) == 1 && len(order) == len(out[0].rows) {
		out[0].sorted = order
		return out
	}
	memberships := make([]int32, begin[d.Rows()])
	next := slices.Clone(begin)

	for i := range out {
		for _, row := range out[i].rows {
			memberships[next[row]] = int32(i)
			next[row]++
		}
		out[i].sorted = make([]int32, 0, len(out[i].rows))
	}
	for _, row := range order {
		for _, i := range memberships[begin[row]:begin[row+1]] {
			out[i].sorted = append(out[i].sorted, row)
		}
	}

	return out
}

// distribution returns the distribution by some weights, of which zeros are left out. Equal values stand in the
// order of their rows, or of their weights.
func (a answered) distribution(values, weights []float64, byWeight bool) *Distribution {
	x, w := make([]float64, 0, len(a.sorted)), make([]float64, 0, len(a.sorted))

	for _, row := range a.sorted {
		if weights[row] > 0 {
			x = append(x, values[row])
			w = append(w, weights[row])
		}
	}
	if byWeight {
		sortTies(x, w)
	}

	return newDistribution(x, w)
}

// sortTies puts the weights of equal values in ascending order.
func sortTies(x, w []float64) {
	for from := 0; from < len(x); {
		to := from + 1
		for to < len(x) && x[to] == x[from] {
			to++
		}
		if ties := w[from:to]; !slices.IsSorted(ties) {
			slices.Sort(ties)
		}
		from = to
	}
}
