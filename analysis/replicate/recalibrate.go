package replicate

import (
	"fmt"
	"math"

	"sipas/analysis/design"

	"gonum.org/v1/gonum/mat"
)

// Calibration turns base weights into calibrated ones of the same rows. It runs for several replicates at the same time, and must not
// keep or modify what it is given.
type Calibration func(base []float64) ([]float64, error)

// Recalibrate calibrates a column of weights, and anew each replicate of them, and returns the design with the calibrated weights and
// the replicates' factors relative to them. The variance of any statistic then knows of the calibration: a
// calibrated total has none. Any method of package weight will do, or several one after the other:
//
//	Recalibrate(d, "", func(base []float64) ([]float64, error) {
//		r, err := weight.PostStratify(base, margin)
//		…
//		return r.Weights, nil
//	})
//
// A replicate that cannot be calibrated, because it lacks a level, ends the work with an error that names it. Replicate
// weights may come out negative; those of the full sample must not.
func Recalibrate(d *design.Design, column string, calibrate Calibration) (*design.Design, error) {
	c, err := d.Column(column)
	if err != nil {
		return nil, err
	}
	if !d.Replicated() {
		return nil, &InputError{Field: "replicates", Row: -1, Reason: "the design has none; calibrate its weights directly"}
	}
	full, err := calibrate(d.Weights(c))
	if err != nil {
		return nil, err
	}
	rows := d.Rows()
	if len(full) != rows {
		return nil, &InputError{Field: "weights", Row: -1, Reason: fmt.Sprintf("%d calibrated weights for %d rows", len(full), rows)}
	}
	p := *d.Replicates()
	factors := mat.NewDense(rows, p.Count(), nil)

	if err := d.EachReplicate(c, func(r int, base []float64) error {
		w, err := calibrate(base)
		if err != nil {
			return err
		}
		if len(w) != rows {
			return &InputError{Field: "weights", Row: -1, Reason: fmt.Sprintf("%d calibrated weights for %d rows", len(w), rows)}
		}
		for i, v := range w {
			factor, err := relative(v, full[i], i, r)
			if err != nil {
				return err
			}
			factors.Set(i, r, factor)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	own := make(map[string]design.Factors, len(p.Own)+1)
	for name, f := range p.Own {
		own[name] = f
	}
	shared := newSharing(rows, p.Count())
	for i := range rows {
		shared.add(factors.RawRowView(i))
	}
	own[column] = shared.factors()
	p.Own = own

	weighted := d.Columns()[c]
	weighted.Weights, weighted.Calibration = full, nil
	out, err := d.WithColumn(weighted)
	if err != nil {
		return nil, err
	}

	return out.WithReplicates(&p)
}

// relative is the factor by which a replicate weight stands to the full one.
func relative(replicate, full float64, row, r int) (float64, error) {
	switch {
	case math.IsNaN(replicate) || math.IsInf(replicate, 0):
		return 0, &InputError{Field: "weights", Row: row, Replicate: r + 1, Reason: fmt.Sprintf("a calibrated weight must be finite, not %v", replicate)}
	case full == 0 && replicate != 0:
		return 0, &InputError{Field: "weights", Row: row, Replicate: r + 1, Reason: fmt.Sprintf("the full calibrated weight is zero and that of the replicate %v", replicate)}
	case full == 0:
		return 1, nil
	}

	return replicate / full, nil
}
