package weight

import (
	"fmt"
	"math"

	"sipas/analysis/design"
)

// Balance says how far the weighted sample is from the population in one auxiliary variable.
type Balance struct {
	Name   string  `json:"name"`
	Target float64 `json:"target"` // the population's mean
	Before float64 `json:"before"` // the sample's, by base weight
	After  float64 `json:"after"`
	SD     float64 `json:"sd"` // by which differences are divided
	// The absolute standardized differences |mean − target|/SD; NaN where the variable does not vary.
	ASMDBefore float64 `json:"asmd_before"`
	ASMDAfter  float64 `json:"asmd_after"`
}

// CheckBalance compares means of auxiliary variables with the population's, before and after weighting. Totals
// and size, the number of units of the population, give the population's means; the standard deviation of an indicator is
// the population's √(p(1−p)), that of any other variable the sample's by base weight, since totals do not tell it. Values
// above 0.1 are commonly read as imbalance (Austin 2009; Sarig, Galili and Eilat 2023). Variables that were
// not weighted on are the ones that tell something: those that were are balanced by construction.
func CheckBalance(base, weights []float64, x *design.Matrix, totals []float64, size float64, names []string) ([]Balance, error) {
	n, cols := x.Dims()
	if n != len(base) || n != len(weights) || cols != len(totals) || cols != len(names) || !(size > 0) {
		return nil, &InputError{Field: "auxiliary variables", Row: -1, Reason: fmt.Sprintf("%d rows and %d columns for %d and %d weights, %d totals and %d names of a population of %v", n, cols, len(base), len(weights), len(totals), len(names), size)}
	}
	parts := blocks(n, 4*cols)
	each := make([][]float64, parts)

	inBlocks(n, parts, func(block, from, to int) {
		s := make([]float64, 4*cols+2)
		for i := from; i < to; i++ {
			if base[i] == 0 {
				continue
			}
			s[4*cols] += base[i]
			s[4*cols+1] += weights[i]
			index, value := x.Entries(i)
			for e, j := range index {
				v := value[e]
				s[4*int(j)] += base[i] * v
				s[4*int(j)+1] += base[i] * v * v
				s[4*int(j)+2] += weights[i] * v
				if v != 1 {
					s[4*int(j)+3]++
				}
			}
		}
		each[block] = s
	})
	s := sumBlocks(each)
	out := make([]Balance, cols)

	for j := range out {
		b := Balance{Name: names[j], Target: totals[j] / size, Before: s[4*j] / s[4*cols], After: s[4*j+2] / s[4*cols+1]}
		variance := s[4*j+1]/s[4*cols] - b.Before*b.Before
		if s[4*j+3] == 0 {
			variance = b.Target * (1 - b.Target)
		}
		// What is left of a constant is rounding.
		if variance <= 1e-14*b.Before*b.Before {
			variance = 0
		}
		b.SD = math.Sqrt(variance)
		b.ASMDBefore, b.ASMDAfter = math.NaN(), math.NaN()
		if b.SD > 0 {
			b.ASMDBefore, b.ASMDAfter = math.Abs(b.Before-b.Target)/b.SD, math.Abs(b.After-b.Target)/b.SD
		}
		out[j] = b
	}

	return out, nil
}

// CheckMargins is CheckBalance for the levels of margins, named margin=level.
func CheckMargins(base, weights []float64, margins []CodedMargin) ([]Balance, error) {
	prepared := make([]levels, len(margins))

	for m, c := range margins {
		l, err := c.levels(base)
		if err != nil {
			return nil, err
		}
		prepared[m] = l
	}
	if len(weights) != len(base) {
		return nil, &InputError{Field: "weights", Row: -1, Reason: fmt.Sprintf("%d for %d base weights", len(weights), len(base))}
	}
	var out []Balance

	for _, l := range prepared {
		before, after := make([]float64, len(l.names)), make([]float64, len(l.names))
		var sumBefore, sumAfter float64
		for i, b := range base {
			if b > 0 {
				before[l.of[i]] += b
				after[l.of[i]] += weights[i]
				sumBefore += b
				sumAfter += weights[i]
			}
		}
		for k, name := range l.names {
			p := l.target[k] / l.sum()
			b := Balance{Name: l.name + "=" + name, Target: p, Before: before[k] / sumBefore, After: after[k] / sumAfter, SD: math.Sqrt(p * (1 - p))}
			b.ASMDBefore, b.ASMDAfter = math.NaN(), math.NaN()
			if b.SD > 0 {
				b.ASMDBefore, b.ASMDAfter = math.Abs(b.Before-p)/b.SD, math.Abs(b.After-p)/b.SD
			}
			out = append(out, b)
		}
	}

	return out, nil
}
