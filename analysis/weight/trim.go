package weight

import (
	"fmt"
	"math"
	"slices"
)

// Trim cuts weights to [lower, upper] and spreads what was cut evenly over the
// others, so that the sum stays. With strict it repeats until none is outside;
// otherwise spreading may push some beyond the bounds again. Margins are
// not kept: TrimRaked does that. It returns the weights and the share of rows cut.
// Bounds that the sum cannot satisfy are an *InputError. Potter 1990.
func Trim(weights []float64, lower, upper float64, strict bool) ([]float64, float64, error) {
	w := slices.Clone(weights)
	cut := make([]bool, len(w))
	var sum float64
	n := 0

	for _, v := range w {
		if v != 0 {
			sum += v
			n++
		}
	}
	if !(lower >= 0 && lower < upper) || n == 0 || sum < lower*float64(n) || sum > upper*float64(n) {
		return nil, 0, &InputError{Field: "bounds", Row: -1, Reason: fmt.Sprintf("%d weights that sum to %v cannot lie between %v and %v", n, sum, lower, upper)}
	}
	slack := 1e-12 * sum / float64(n)

	for range n + 1 {
		var excess float64
		outside := false
		free := 0

		for i, v := range w {
			// Spreading may bring a weight to zero on the way; who is in was settled before.
			if weights[i] == 0 {
				continue
			}
			if v < lower-slack || v > upper+slack {
				cut[i] = true
				outside = true
				w[i] = math.Min(math.Max(v, lower), upper)
				excess += v - w[i]
			}
		}
		if !outside {
			break
		}
		for i, v := range weights {
			if v != 0 && !cut[i] {
				free++
			}
		}
		if free == 0 {
			return nil, 0, &InputError{Field: "bounds", Row: -1, Reason: "every weight was cut and nothing is left to spread over"}
		}
		for i, v := range weights {
			if v != 0 && !cut[i] {
				w[i] += excess / float64(free)
			}
		}
		if !strict {
			break
		}
	}
	trimmed := 0

	for _, c := range cut {
		if c {
			trimmed++
		}
	}

	return w, float64(trimmed) / float64(n), nil
}

// TrimRule bounds the weights relative to the mean weight.
type TrimRule struct {
	Lower, Upper float64 // as multiples of the mean weight; Upper 0 means none
	MaxCycles    int     // 0 means 200
}

// TrimRaked rakes, cuts weights to the bounds, and repeats both until the margins are met by
// weights inside the bounds. Where the two cannot be had together it is a
// *ConvergenceError that names the margin furthest off, and nothing is returned
// half done: the caller widens the bounds or pools levels. The variance is that of the calibrated weights;
// that the bounds were chosen after a look at the weights is not in it.
func TrimRaked(base []float64, margins []Margin, stop RakeRule, rule TrimRule) (*Result, error) {
	prepared, err := prepare(base, margins)
	if err != nil {
		return nil, err
	}
	n := 0

	for _, b := range base {
		if b > 0 {
			n++
		}
	}
	mean := prepared[0].sum() / float64(n)
	lower, upper := rule.Lower*mean, rule.Upper*mean

	if rule.Upper == 0 {
		upper = math.Inf(1)
	}
	if !(rule.Lower >= 0 && rule.Lower < 1 && upper > mean) {
		return nil, &InputError{Field: "bounds", Row: -1, Reason: fmt.Sprintf("they must lie on both sides of the mean weight, not at %v and %v of it", rule.Lower, rule.Upper)}
	}
	cycles := rule.MaxCycles
	if cycles == 0 {
		cycles = 200
	}
	w := slices.Clone(base)
	cut := make([]bool, len(w))
	var trace []float64

	for range cycles {
		t, ok := rake(prepared, w, stop)
		trace = append(trace, t[len(t)-1])

		if !ok {
			break
		}
		if !clamp(base, w, cut, lower, upper) {
			return finishTrimmed(base, w, prepared, cut, n, trace)
		}
	}
	off := worst(report(prepared, base, w))

	return nil, &ConvergenceError{
		Method: "raking with bounds", Iterations: len(trace), Margin: off.Margin, Level: off.Level, Residual: off.Residual,
		Reason: "; the bounds leave no room for the margins",
	}
}

// clamp cuts weights to the bounds and reports whether any was outside by more than rounding.
func clamp(base, w []float64, cut []bool, lower, upper float64) bool {
	outside := false

	for i, b := range base {
		if b == 0 {
			continue
		}
		if w[i] < lower*(1-1e-9) || w[i] > upper*(1+1e-9) {
			outside, cut[i] = true, true
			w[i] = math.Min(math.Max(w[i], lower), upper)
		}
	}

	return outside
}

func finishTrimmed(base, w []float64, margins []levels, cut []bool, n int, trace []float64) (*Result, error) {
	r, err := finish("raking with bounds", base, w, margins, len(trace), trace)
	if err != nil {
		return nil, err
	}
	trimmed := 0

	for _, c := range cut {
		if c {
			trimmed++
		}
	}
	r.Diagnostics.ShareTrimmed = float64(trimmed) / float64(n)

	return r, nil
}
