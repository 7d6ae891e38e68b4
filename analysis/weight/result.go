package weight

import (
	"slices"

	"sipas/analysis/design"
)

// finish puts a result on margins together, where cells have the sums y and rows the weights w.
func (c *cells) finish(method string, base, w, y []float64, trace []float64) (*Result, error) {
	ofCells, err := c.indicators()
	if err != nil {
		return nil, err
	}
	x, err := c.expand(ofCells)
	if err != nil {
		return nil, err
	}
	gram := design.NewGram(ofCells, c.weight)
	r := &Result{
		Weights: w, G: factors(base, w),
		Calibration: &design.Calibration{X: x, Base: slices.Clone(base)},
		Diagnostics: Diagnose(method, base, w),
	}
	r.Diagnostics.Margins = c.report(y)
	r.Diagnostics.Iterations = max(1, len(trace))
	r.Diagnostics.Converged = true
	r.Diagnostics.Trace = trace
	r.Diagnostics.Condition = gram.Condition()
	_, names := c.columns()

	for _, i := range gram.Redundant() {
		r.Diagnostics.Redundant = append(r.Diagnostics.Redundant, names[i].Margin+"="+names[i].Level)
	}

	return r, nil
}
