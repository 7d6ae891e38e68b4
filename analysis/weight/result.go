package weight

import (
	"slices"

	"sipas/analysis/design"
)

// finish puts a result on margins together.
func finish(method string, base, w []float64, margins []levels, iterations int, trace []float64) (*Result, error) {
	x, names, err := auxiliary(base, margins)
	if err != nil {
		return nil, err
	}
	gram := design.NewGram(x, base)
	r := &Result{
		Weights: w, G: factors(base, w),
		Calibration: &design.Calibration{X: x, Base: slices.Clone(base)},
		Diagnostics: Diagnose(method, base, w),
	}
	r.Diagnostics.Margins = report(margins, base, w)
	r.Diagnostics.Iterations = iterations
	r.Diagnostics.Converged = true
	r.Diagnostics.Trace = trace
	r.Diagnostics.Condition = gram.Condition()

	for _, i := range gram.Redundant() {
		r.Diagnostics.Redundant = append(r.Diagnostics.Redundant, names[i])
	}

	return r, nil
}
