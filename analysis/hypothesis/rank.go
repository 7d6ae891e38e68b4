package hypothesis

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"sipas/analysis/design"
)

// Score turns a position in the population, a share between zero and one, into what is compared between groups.
type Score struct {
	Name string
	F    func(position float64) float64
}

// Wilcoxon is the position itself; with more than two groups it is Kruskal and Wallis's.
func Wilcoxon() Score { return Score{"Wilcoxon", func(p float64) float64 { return p }} }

// VanDerWaerden is the normal score.
func VanDerWaerden() Score { return Score{"van der Waerden", distuv.UnitNormal.Quantile} }

// Median is one above the middle.
func Median() Score {
	return Score{"median", func(p float64) float64 {
		if p > 0.5 {
			return 1
		}

		return 0
	}}
}

// Ranks tests that a variable has the same distribution in the groups of a factor, by the design-based rank test of Lumley and Scott
// (2013). Of two groups it is the difference of mean scores, the second level less the first, with a t statistic and the degrees of freedom
// of the rows less one; the Estimate has its interval. Of more it is the Wald test of the mean scores as F with the number of groups less one and the
// degrees of freedom less that, the form of Kruskal and Wallis; the Estimate is undefined. A score of one's own serves as well.
func Ranks(d *design.Design, name string, y []float64, group Factor, score Score, opt Options) (TTest, error) {
	s, err := newSetting(d, opt)
	if err != nil {
		return TTest{}, err
	}
	rows, groups, err := s.groups(name, y, group)
	if err != nil {
		return TTest{}, err
	}
	label := fmt.Sprintf("%s rank test of %s by %s", score.Name, name, group.Name)

	if len(groups) < 2 {
		return undefinedT(label, len(rows), s.df(rows), "fewer than two groups have answers"), nil
	}
	x := s.scores(rows, y, score)
	df := s.df(rows)

	if len(groups) == 2 {
		first, second := groups[0], groups[1]
		label += fmt.Sprintf(", %s less %s", group.Levels[second.level], group.Levels[first.level])
		z := s.contrast(rows, x, group, first, second)
		v, err := s.linear([]design.Form{s.part(rows, z)})

		if err != nil {
			return TTest{}, fmt.Errorf("%s: %w", label, err)
		}
		difference := weightedMean(second.rows, x, s.w) - weightedMean(first.rows, x, s.w)

		return s.student(rows, label, difference, v.At(0, 0), z, df-1), nil
	}
	value := make([]float64, len(groups)-1)

	for k, g := range groups[1:] {
		value[k] = weightedMean(g.rows, x, s.w) - weightedMean(groups[0].rows, x, s.w)
	}
	v, err := s.linear(s.differences(x, groups))

	if err != nil {
		return TTest{}, fmt.Errorf("%s: %w", label, err)
	}
	out := undefinedT(label, len(rows), df, "more than two groups have no single difference")
	out.Test = Test{Method: label, N: len(rows), DF: df}.several(value, v, df-float64(len(value)))

	return out, nil
}

// differences are the influence functions of the groups' means less that of the first.
func (s *setting) differences(x []float64, groups []domain) []design.Form {
	parts := make([]design.Part, len(groups))

	for g, dom := range groups {
		m, sw := weightedMean(dom.rows, x, s.w), weight(dom.rows, s.w)
		z := make([]float64, len(dom.rows))
		for k, i := range dom.rows {
			z[k] = s.w[i] * (x[i] - m) / sw
		}
		parts[g] = design.Part{Column: s.column, Rows: dom.rows, Values: z}
	}
	base := design.Part{Column: s.column, Rows: parts[0].Rows, Values: slices.Clone(parts[0].Values)}

	for k := range base.Values {
		base.Values[k] *= -1
	}
	out := make([]design.Form, len(groups)-1)

	for g := range out {
		out[g] = design.Form{parts[g+1], base}
	}

	return out
}

// scores are those of the mid-ranks, by row of the design: the weight below and half of the weight of those with the same value, over all. R takes
// the mean of the cumulative weights among the same values without their weights, which depends on the order of the rows.
func (s *setting) scores(rows []int, y []float64, score Score) []float64 {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	out := make([]float64, len(y))
	total := weight(sorted, s.w)
	var below float64

	for i := 0; i < len(sorted); {
		j := i
		var tied float64

		for ; j < len(sorted) && y[sorted[j]] == y[sorted[i]]; j++ {
			tied += s.w[sorted[j]]
		}
		v := score.F(math.Min(1, (below+tied/2)/total))

		for _, row := range sorted[i:j] {
			out[row] = v
		}
		below += tied
		i = j
	}

	return out
}
