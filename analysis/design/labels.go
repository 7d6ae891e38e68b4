package design

import (
	"cmp"
	"slices"
	"strconv"
)

// Labels is a list of labels, one per row. They are kept as codes numbered in the
// sorted order of the labels, so that nothing depends on which row comes first.
// The zero value means that there are no labels.
type Labels struct {
	codes []int
	names []string
}

// Strings makes labels of strings, which sort as bytes.
func Strings(values []string) Labels {
	codes, distinct := encode(values)

	return Labels{codes: codes, names: distinct}
}

// Ints makes labels of integers, which sort as numbers.
func Ints(values []int) Labels {
	codes, distinct := encode(values)
	names := make([]string, len(distinct))

	for i, v := range distinct {
		names[i] = strconv.Itoa(v)
	}

	return Labels{codes: codes, names: names}
}

// encode numbers the values in the order in which they come, and then anew in sorted order. Rows of a file often come in
// runs, so the value before is tried first.
func encode[T cmp.Ordered](values []T) (codes []int, distinct []T) {
	code := make(map[T]int)
	codes = make([]int, len(values))

	for i, v := range values {
		if i > 0 && v == values[i-1] {
			codes[i] = codes[i-1]
			continue
		}
		c, ok := code[v]
		if !ok {
			c = len(distinct)
			code[v] = c
			distinct = append(distinct, v)
		}
		codes[i] = c
	}
	at := make([]int, len(distinct)) // the first code of each value in sorted order
	for c := range at {
		at[c] = c
	}
	slices.SortFunc(at, func(a, b int) int { return cmp.Compare(distinct[a], distinct[b]) })
	sorted, rank := make([]T, len(distinct)), make([]int, len(distinct))

	for r, c := range at {
		sorted[r], rank[c] = distinct[c], r
	}
	for i, c := range codes {
		codes[i] = rank[c]
	}

	return codes, sorted
}

// Len returns the number of rows.
func (l Labels) Len() int { return len(l.codes) }

func (l Labels) none() bool { return l.codes == nil }

func (l Labels) name(row int) string { return l.names[l.codes[row]] }
