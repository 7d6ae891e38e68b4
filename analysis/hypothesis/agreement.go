package hypothesis

import (
	"fmt"
	"math"

	"sipas/analysis"
	"sipas/analysis/design"
)

// Kappa is Cohen's kappa of two factors that rate the same things, with its design-based standard error by the delta method:
//
//	κ = (p_o − p_e)/(1 − p_e),   p_o = Σ_i p_ii,   p_e = Σ_i p_i· p_·i,
//
// with the levels matched by name; a level that only one of them has never agrees (Fleiss, Levin and Paik 2003, chapter 18). It is
// undefined where all answers are in one level, because chance then explains everything.
func Kappa(d *design.Design, a, b Factor, opt Options) (analysis.Estimate, error) {
	s, err := newSetting(d, opt)
	if err != nil {
		return analysis.Estimate{}, err
	}
	for _, f := range []Factor{a, b} {
		if err := f.check(d.Rows()); err != nil {
			return analysis.Estimate{}, err
		}
	}
	code := map[string]int{}

	for _, f := range []Factor{a, b} {
		for _, l := range f.Levels {
			if _, ok := code[l]; !ok {
				code[l] = len(code)
			}
		}
	}
	ofA, ofB := matched(a, code), matched(b, code)
	rows := s.use(func(i int) bool { return a.Codes[i] >= 0 && b.Codes[i] >= 0 })
	label := fmt.Sprintf("kappa of %s and %s", a.Name, b.Name)
	k := len(code)

	// shares are those of the levels of a and of b, and that of agreement.
	shares := func(w []float64) (pa, pb []float64, agree float64) {
		pa, pb = make([]float64, k), make([]float64, k)
		sw := weight(rows, w)
		for _, i := range rows {
			x, y, v := ofA[a.Codes[i]], ofB[b.Codes[i]], w[i]/sw
			pa[x] += v
			pb[y] += v
			if x == y {
				agree += v
			}
		}
		return pa, pb, agree
	}
	kappa := func(w []float64) float64 {
		pa, pb, agree := shares(w)
		chance := dot(pa, pb)
		if chance > 1-1e-14*float64(k) {
			return math.NaN() // but for rounding all answers are in one level
		}
		return (agree - chance) / (1 - chance)
	}

	return s.smooth(label, rows, kappa, "all answers are in one level", func() []float64 {
		pa, pb, agree := shares(s.w)
		sw, chance := weight(rows, s.w), dot(pa, pb)
		z := make([]float64, len(rows))

		// Of each row: the change of p_o and p_e by its share, each less its mean, into κ's gradient.
		for r, i := range rows {
			x, y := ofA[a.Codes[i]], ofB[b.Codes[i]]
			o, e := -agree, pb[x]+pa[y]-2*chance
			if x == y {
				o++
			}
			z[r] = s.w[i] / sw * (o/(1-chance) + e*(agree-1)/((1-chance)*(1-chance)))
		}
		return z
	})
}

func matched(f Factor, code map[string]int) []int {
	out := make([]int, len(f.Levels))
	for l, name := range f.Levels {
		out[l] = code[name]
	}

	return out
}

func dot(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}

	return s
}

// Alpha is Cronbach's alpha of items over the rows that have all of them, with its design-based standard error by the delta method:
//
//	α = k/(k−1)·(1 − Σ_j s²_j/s²),
//
// with s² the variance of the sum of the k items (Cronbach 1951). Fewer than two items are an *InputError; it is undefined where
// the sum does not vary.
func Alpha(d *design.Design, names []string, items [][]float64, opt Options) (analysis.Estimate, error) {
	s, err := newSetting(d, opt)
	if err != nil {
		return analysis.Estimate{}, err
	}
	k := len(items)

	if k < 2 || len(names) != k {
		return analysis.Estimate{}, &InputError{"items", -1, fmt.Sprintf("%d names for %d items, of which at least 2 are needed", len(names), k)}
	}
	for j, y := range items {
		if err := checkValues(names[j], y, d.Rows()); err != nil {
			return analysis.Estimate{}, err
		}
	}
	rows := s.use(func(i int) bool {
		for _, y := range items {
			if math.IsNaN(y[i]) {
				return false
			}
		}
		return true
	})
	sum := make([]float64, d.Rows())

	for _, i := range rows {
		for _, y := range items {
			sum[i] += y[i]
		}
	}
	factor := float64(k) / float64(k-1)
	parts := func(w []float64) (items2, total float64) {
		for _, y := range items {
			items2 += variance(rows, y, w)
		}
		return items2, variance(rows, sum, w)
	}
	alpha := func(w []float64) float64 {
		a, b := parts(w)
		return factor * (1 - a/b)
	}

	return s.smooth("Cronbach's alpha", rows, alpha, "the sum of the items does not vary", func() []float64 {
		a, b := parts(s.w)
		sw, center := weight(rows, s.w), weightedMean(rows, sum, s.w)
		z := make([]float64, len(rows))

		for r, i := range rows {
			z[r] = (sum[i] - center) * (sum[i] - center) * a / b
		}
		for _, y := range items {
			m := weightedMean(rows, y, s.w)
			for r, i := range rows {
				z[r] -= (y[i] - m) * (y[i] - m)
			}
		}
		for r, i := range rows {
			z[r] *= factor * s.w[i] / (sw * b)
		}
		return z
	})
}

// variance is the weighted one; a factor n/(n−1) would leave alpha as it is.
func variance(rows []int, y, w []float64) float64 {
	m := weightedMean(rows, y, w)
	var v float64

	for _, i := range rows {
		v += w[i] * (y[i] - m) * (y[i] - m)
	}

	return v / weight(rows, w)
}

// smooth is an estimate of one number that is not linear; it is undefined, for the reason given, where it is not finite.
func (s *setting) smooth(label string, rows []int, value func(w []float64) float64, undefined string, influence func() []float64) (analysis.Estimate, error) {
	v := math.NaN()
	if len(rows) == 0 {
		undefined = "there are no answers"
	} else {
		v = value(s.w)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		e := analysis.Undefined(len(rows), undefined)
		e.Method = label
		return e, nil
	}
	cov, err := s.covariance([]float64{v},
		func() []design.Form { return []design.Form{s.part(rows, influence())} },
		func(w []float64) []float64 { return []float64{value(w)} })

	if err != nil {
		return analysis.Estimate{}, fmt.Errorf("%s: %w", label, err)
	}

	return s.estimate(label, v, cov.At(0, 0), rows, s.df(rows)), nil
}
