package report

import (
	"cmp"
	"math"
	"slices"

	"sipas/survey"
)

// percentages turns weights by code into per cents of two decimals that sum to 100.00 exactly, by largest
// remainder: all are rounded down to a hundredth, and the hundredths that are missing go to the largest remainders.
// Equal remainders are served in order of code. It returns nil when there is no weight.
func percentages(codes []int, weight []float64) []survey.Share {
	total := 0.0
	for _, w := range weight {
		total += w
	}
	if !(total > 0) {
		return nil
	}
	const parts = 10_000
	hundredths := make([]int, len(codes))
	rest := make([]float64, len(codes))
	left := parts
	for i, w := range weight {
		exact := w / total * parts
		// Rounding may leave 2499.9999999996 where the share is a quarter.
		floor := math.Floor(exact + 1e-7)
		hundredths[i] = int(floor)
		rest[i] = exact - floor
		left -= hundredths[i]
	}
	order := make([]int, len(codes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if math.Abs(rest[a]-rest[b]) > 1e-7 {
			return cmp.Compare(rest[b], rest[a])
		}
		return cmp.Compare(codes[a], codes[b])
	})
	for _, i := range order[:max(0, min(left, len(order)))] {
		hundredths[i]++
	}
	shares := make([]survey.Share, len(codes))
	for i, c := range codes {
		shares[i] = survey.Share{Code: c, Percent: float64(hundredths[i]) / 100}
	}
	return shares
}
