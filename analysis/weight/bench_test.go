package weight_test

import (
	"math/rand/v2"
	"testing"

	"sipas/analysis/design"
	"sipas/analysis/weight"
)

// million makes the base weights and two margins of 6 and 20 levels of a sample of a million rows, with
// totals that some weights meet.
func million(rows int) (base []float64, margins []weight.CodedMargin) {
	r := rand.New(rand.NewPCG(1, 2))
	base = make([]float64, rows)
	margins = []weight.CodedMargin{{Name: "a"}, {Name: "b"}}

	for m, levels := range []int{6, 20} {
		margins[m].Codes = make([]int32, rows)
		margins[m].Totals = make([]float64, levels)
		for l := range levels {
			margins[m].Levels = append(margins[m].Levels, string(rune('a'+l)))
		}
	}
	for i := range base {
		base[i] = 1 + r.Float64()
		for m := range margins {
			levels := len(margins[m].Levels)
			k := int32(float64(levels) * r.Float64() * r.Float64())
			margins[m].Codes[i] = k
			margins[m].Totals[k] += base[i]
		}
	}
	// Totals are moved apart, and both sum to the same.
	for m := range margins {
		var before, after float64
		for l := range margins[m].Totals {
			before += margins[m].Totals[l]
			margins[m].Totals[l] *= 1 + 0.3*float64(l%3)
			after += margins[m].Totals[l]
		}
		for l := range margins[m].Totals {
			margins[m].Totals[l] *= before / after
		}
	}

	return base, margins
}

func BenchmarkRakeMillion(b *testing.B) {
	base, margins := million(1e6)

	for b.Loop() {
		if _, err := weight.RakeCoded(base, margins, weight.RakeRule{}); err != nil {
			b.Fatal(err)
		}
	}
}

func columns25(b *testing.B, base []float64, margins []weight.CodedMargin) (*design.Matrix, []string, []float64) {
	var sum float64
	for _, t := range margins[0].Totals {
		sum += t
	}
	x, names, err := weight.Columns(len(base), true,
		weight.Term{Name: "a", Levels: margins[0].Levels, Codes: margins[0].Codes},
		weight.Term{Name: "b", Levels: margins[1].Levels, Codes: margins[1].Codes})
	if err != nil {
		b.Fatal(err)
	}

	return x, names, append(append([]float64{sum}, margins[0].Totals[1:]...), margins[1].Totals[1:]...)
}

// BenchmarkCalibrateMillion has the intercept and two factors: 25 columns, made of codes each time.
func BenchmarkCalibrateMillion(b *testing.B) {
	base, margins := million(1e6)

	for b.Loop() {
		x, names, totals := columns25(b, base, margins)
		if _, err := weight.Calibrate(base, x, totals, names, weight.CalibrateRule{Distance: weight.Linear}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCalibrateMillionNumbers has 25 columns of numbers, so that no two rows are the same.
func BenchmarkCalibrateMillionNumbers(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	base, _ := million(1e6)
	terms := make([]weight.Term, 24)
	totals := make([]float64, 25)

	for _, d := range base {
		totals[0] += d * 1.01
	}
	for j := range terms {
		terms[j].Name = string(rune('a' + j))
		terms[j].Values = make([]float64, len(base))
		for i := range base {
			terms[j].Values[i] = 1 + r.Float64()
			totals[j+1] += base[i] * terms[j].Values[i] * (1 + 0.001*float64(j))
		}
	}
	x, names, err := weight.Columns(len(base), true, terms...)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := weight.Calibrate(base, x, totals, names, weight.CalibrateRule{Distance: weight.Linear}); err != nil {
			b.Fatal(err)
		}
	}
}
