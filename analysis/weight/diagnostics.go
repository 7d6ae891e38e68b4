package weight

import (
	"math"

	"sipas/analysis/design"
)

// Result is a set of calibrated weights.
type Result struct {
	Weights     []float64
	G           []float64 // Weights/base; one where base is zero
	Calibration *design.Calibration
	Diagnostics Diagnostics
}

// Diagnostics stand with every weighting. Rows of base weight zero do not count.
type Diagnostics struct {
	Method       string         `json:"method"`
	Rows         int            `json:"rows"`
	Sum          float64        `json:"sum"`
	Kish         float64        `json:"kish_deff"`   // n·Σw²/(Σw)²
	EffectiveN   float64        `json:"effective_n"` // n over it
	MinFactor    float64        `json:"min_factor"`  // of weight over base
	MaxFactor    float64        `json:"max_factor"`
	MinWeight    float64        `json:"min_weight"`
	MaxWeight    float64        `json:"max_weight"`
	ShareTrimmed float64        `json:"share_trimmed"` // of the rows: cut to a bound
	Negative     int            `json:"negative,omitempty"`
	Margins      []MarginReport `json:"margins"`
	Iterations   int            `json:"iterations"`
	Converged    bool           `json:"converged"`
	Trace        []float64      `json:"trace,omitempty"`     // largest relative residual after each iteration
	Redundant    []string       `json:"redundant,omitempty"` // auxiliary columns that follow from others
	Condition    float64        `json:"condition,omitempty"` // lower bound for the scaled auxiliary variables
	Notes        []string       `json:"notes,omitempty"`
}

// MarginReport says how one level of one margin came out.
type MarginReport struct {
	Margin   string  `json:"margin"`
	Level    string  `json:"level"`
	Rows     int     `json:"rows"`
	Target   float64 `json:"target"`
	Before   float64 `json:"before"`
	After    float64 `json:"after"`
	Residual float64 `json:"residual"` // After/Target − 1; the difference itself for a target of zero
}

// Diagnose describes weights against the base weights they were made of. Kish 1992.
func Diagnose(method string, base, weights []float64) Diagnostics {
	n := len(base)
	parts := blocks(n, 1)
	each := make([]Diagnostics, parts)
	squares := make([]float64, parts)

	inBlocks(n, parts, func(block, from, to int) {
		d := emptyDiagnostics()
		var square float64

		for i := from; i < to; i++ {
			b, w := base[i], weights[i]
			if b == 0 {
				continue
			}
			d.Rows++
			d.Sum += w
			square += w * w
			if w < 0 {
				d.Negative++
			}
			g := w / b
			d.MinFactor, d.MaxFactor = min(d.MinFactor, g), max(d.MaxFactor, g)
			d.MinWeight, d.MaxWeight = min(d.MinWeight, w), max(d.MaxWeight, w)
		}
		each[block], squares[block] = d, square
	})
	d := emptyDiagnostics()
	d.Method = method
	var square float64

	for b, e := range each {
		d.Rows += e.Rows
		d.Sum += e.Sum
		d.Negative += e.Negative
		square += squares[b]
		d.MinFactor, d.MaxFactor = min(d.MinFactor, e.MinFactor), max(d.MaxFactor, e.MaxFactor)
		d.MinWeight, d.MaxWeight = min(d.MinWeight, e.MinWeight), max(d.MaxWeight, e.MaxWeight)
	}
	d.Kish = float64(d.Rows) * square / (d.Sum * d.Sum)
	d.EffectiveN = float64(d.Rows) / d.Kish

	return d
}

func emptyDiagnostics() Diagnostics {
	return Diagnostics{
		MinFactor: math.Inf(1), MaxFactor: math.Inf(-1),
		MinWeight: math.Inf(1), MaxWeight: math.Inf(-1),
	}
}

func factors(base, weights []float64) []float64 {
	g := make([]float64, len(base))

	inBlocks(len(g), blocks(len(g), 1), func(_, from, to int) {
		for i := from; i < to; i++ {
			g[i] = 1
			if base[i] > 0 {
				g[i] = weights[i] / base[i]
			}
		}
	})

	return g
}

func checkBase(base []float64) error {
	sampled := 0

	for i, b := range base {
		if !(b >= 0) || math.IsInf(b, 1) {
			return &InputError{Field: "base weight", Row: i, Reason: "must be finite and not negative"}
		}
		if b > 0 {
			sampled++
		}
	}
	if sampled == 0 {
		return &InputError{Field: "base weight", Row: -1, Reason: "there are no respondents"}
	}

	return nil
}

// relative is a residual on the scale of its target.
func relative(after, target float64) float64 {
	if target == 0 {
		return after
	}

	return after/target - 1
}
