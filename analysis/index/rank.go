package index

import (
	"fmt"
	"math"
	"slices"
)

// Grade is one grade with its lower bound, which belongs to it.
type Grade struct {
	Name string  `json:"name"`
	From float64 `json:"from"`
}

// GradeOf returns the name of the grade with the highest lower bound that the
// value reaches; grades may be given in any order. A value within a billionth
// below a bound has reached it, since sums of rounded tenths are not exact. It is
// false for a missing value or one below all grades.
func GradeOf(grades []Grade, value float64) (string, bool) {
	best := -1

	for i, g := range grades {
		if value+1e-9 >= g.From && (best < 0 || g.From > grades[best].From) {
			best = i
		}
	}
	if best < 0 {
		return "", false
	}

	return grades[best].Name, true
}

// Rank ranks values: 1 is the highest, equal values share the smallest rank of
// their tie, and the next one continues after all of them (1, 2, 2, 4). Missing values
// (NaN) have rank 0 and are not among the ranked.
func Rank(values []float64) (ranks []int, ranked int) {
	ranks = make([]int, len(values))

	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		ranked++
		ranks[i] = 1

		for _, o := range values {
			if o > v {
				ranks[i]++
			}
		}
	}

	return ranks, ranked
}

// Groups puts values into groups of the given sizes, the first group holding the
// highest: 1 to len(sizes), and 0 for missing values. Values that tie go together into the
// group of the best of them, so that a tie across a border makes that group larger than its size.
// The sizes must sum to the number of values that are not missing.
func Groups(values []float64, sizes []int) ([]int, error) {
	ranks, ranked := Rank(values)
	total := 0

	for _, s := range sizes {
		if s < 0 {
			return nil, fmt.Errorf("index: a group cannot have %d members", s)
		}
		total += s
	}
	if total != ranked {
		return nil, fmt.Errorf("index: groups of %v hold %d, but %d are ranked", sizes, total, ranked)
	}
	groups := make([]int, len(values))

	for i, r := range ranks {
		if r == 0 {
			continue
		}
		last := 0

		for g, s := range sizes {
			last += s
			if r <= last {
				groups[i] = g + 1
				break
			}
		}
	}

	return groups, nil
}

// EqualGroups returns the sizes of k groups of n: n/k each, and the remainder one by one to the
// first, which are the highest (63 in 4: 16, 16, 16, 15). Official sizes that differ are data.
func EqualGroups(n, k int) []int {
	sizes := slices.Repeat([]int{n / k}, k)

	for i := range n % k {
		sizes[i]++
	}

	return sizes
}
