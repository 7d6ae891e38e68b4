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

func encode[T cmp.Ordered](values []T) (codes []int, distinct []T) {
	code := make(map[T]int)

	for _, v := range values {
		if _, ok := code[v]; ok {
			continue
		}
		code[v] = 0
		distinct = append(distinct, v)
	}
	slices.Sort(distinct)

	for i, v := range distinct {
		code[v] = i
	}
	codes = make([]int, len(values))

	for i, v := range values {
		codes[i] = code[v]
	}

	return codes, distinct
}

// Len returns the number of rows.
func (l Labels) Len() int { return len(l.codes) }

func (l Labels) none() bool { return l.codes == nil }

func (l Labels) name(row int) string { return l.names[l.codes[row]] }
