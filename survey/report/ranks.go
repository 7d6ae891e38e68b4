package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"sipas/analysis"
	"sipas/analysis/flag"
	"sipas/survey"
)

// Rank is the place of a unit among the units of its kind whose figure is shown, 1 the highest value, and the confidence set of that
// place. With the confidence of the figures' own level the unit's true place is one of Low to High.
type Rank struct {
	Place, Low, High, Of int
}

// placeDraws is the number of simulated differences behind the set of a place.
const placeDraws = 1000

// Ranks returns the places of units by one figure each, all of one node, weighting and basis. Units of one kind are ranked among
// themselves; a figure that is not shown has no place and takes none.
//
// The sets come from the figures as they are shown, so they can be made of a release alone and tell nothing that the release keeps
// back. A release does not hold the covariance of its units, which are drawn independently and tied by the margins of the raking only:
// it is taken as zero. As in the tests of flags, a standard error counts no less than that of a simple random sample of as many
// answers. Each set has its level by itself (marginal). With only, the other
// units take part in the ranking and get no place of their own.
func Ranks(figures []*survey.Figure, kind func(survey.UnitID) string, only ...survey.UnitID) (map[survey.UnitID]Rank, error) {
	kinds := map[string][]*survey.Figure{}
	for _, f := range figures {
		if f.State == survey.StateWithheld || !f.Estimate.Defined() || math.IsNaN(f.Estimate.SE) {
			continue
		}
		k := kind(f.Domain.Unit)
		kinds[k] = append(kinds[k], f)
	}
	out := map[survey.UnitID]Rank{}
	for k, group := range kinds {
		if len(only) > 0 && !slices.ContainsFunc(group, func(f *survey.Figure) bool { return slices.Contains(only, f.Domain.Unit) }) {
			continue
		}
		slices.SortFunc(group, func(a, b *survey.Figure) int { return cmp.Compare(a.Domain.Unit, b.Domain.Unit) })
		if err := rankGroup(group, k, only, out); err != nil {
			return nil, fmt.Errorf("rank %s: %w", group[0].Node, err)
		}
	}
	return out, nil
}

func rankGroup(group []*survey.Figure, kind string, only []survey.UnitID, out map[survey.UnitID]Rank) error {
	values, variances := make([]float64, len(group)), mat.NewSymDense(len(group), nil)
	var asked []int
	for i, f := range group {
		if slices.Contains(only, f.Domain.Unit) {
			asked = append(asked, i)
		}
		values[i] = f.Estimate.Value
		se := sampleError(f.Estimate)
		variances.SetSym(i, i, se*se)
	}
	level := group[0].Estimate.Interval.Level
	if !(level > 0 && level < 1) {
		level = 0.95
	}
	sets, err := flag.RankSets(values, variances, flag.RankOptions{
		Level: level, Draws: placeDraws, Seed: seedOf(group[0].Node, kind), Marginal: true, Only: asked,
	})
	if err != nil {
		return err
	}
	for i, f := range group {
		if asked != nil && !slices.Contains(asked, i) {
			continue
		}
		r := Rank{Place: 1, Low: sets[i].Lower, High: sets[i].Upper, Of: len(group)}
		for _, v := range values {
			if v > values[i] {
				r.Place++
			}
		}
		out[f.Domain.Unit] = r
	}
	return nil
}

// sampleError is a figure's standard error, but no less than that of a simple random sample of as many answers. In a census there
// is no error.
func sampleError(e analysis.Estimate) float64 {
	if e.Interval.Method != intervalCensus && e.DesignEffect > 1e-6 && e.DesignEffect < 1 {
		return e.SE / math.Sqrt(e.DesignEffect)
	}
	return e.SE
}
