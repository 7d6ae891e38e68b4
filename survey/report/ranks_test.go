package report

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"sipas/analysis"
	"sipas/survey"
)

// worldOfRanks are figures of units whose true values are known.
func worldOfRanks(rng *rand.Rand, n int) (figures []*survey.Figure, truth map[survey.UnitID]int) {
	values := make([]float64, n)
	for i := range values {
		values[i] = 70 + 15*rng.Float64()
	}
	truth = map[survey.UnitID]int{}
	for i := range n {
		se := 1 + 3*rng.Float64()
		f := &survey.Figure{FigureKey: survey.FigureKey{Node: "s24", Domain: survey.Domain{Unit: survey.UnitID(fmt.Sprintf("u%03d", i))}}, State: survey.StateProvisional}
		f.Estimate = analysis.Estimate{Value: values[i] + se*rng.NormFloat64(), SE: se, N: 50, DesignEffect: 1.2, Interval: analysis.Interval{Level: 0.95}}
		figures = append(figures, f)
		place := 1
		for _, v := range values {
			if v > values[i] {
				place++
			}
		}
		truth[f.Domain.Unit] = place
	}
	return figures, truth
}

// The set of a place holds the true place at least as often as its level says, and the place that the values show always.
func TestRanksCoverTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	all, held := 0, 0
	for range 40 {
		figures, truth := worldOfRanks(rng, 12)
		ranks, err := Ranks(figures, func(survey.UnitID) string { return "commune" })
		if err != nil {
			t.Fatal(err)
		}
		one, err := Ranks(figures, func(survey.UnitID) string { return "commune" }, "u005")
		if err != nil || len(one) != 1 || one["u005"] != ranks["u005"] {
			t.Fatalf("one unit by itself: %v, %v; among all %v", one, err, ranks["u005"])
		}
		for unit, r := range ranks {
			all++
			if r.Low <= truth[unit] && truth[unit] <= r.High {
				held++
			}
			if r.Place < r.Low || r.Place > r.High || r.Of != 12 {
				t.Fatalf("%s: place %d of %d outside its set %d–%d", unit, r.Place, r.Of, r.Low, r.High)
			}
		}
	}
	if share := float64(held) / float64(all); share < 0.95 {
		t.Errorf("%d of %d true places are in their sets: %.3f, want 0.95 or more", held, all, share)
	}
}

// A withheld figure has no place and takes none, whatever is left in it, and kinds are ranked by themselves.
func TestRanksLeaveOutWhatIsNotShown(t *testing.T) {
	figures, _ := worldOfRanks(rand.New(rand.NewPCG(1, 2)), 6)
	figures[2].State, figures[2].Estimate.Value = survey.StateWithheld, 100
	ranks, err := Ranks(figures, func(u survey.UnitID) string {
		if u == "u000" || u == "u001" {
			return "department"
		}
		return "commune"
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, there := ranks["u002"]; there || ranks["u000"].Of != 2 || ranks["u003"].Of != 3 {
		t.Errorf("ranks %v", ranks)
	}
}

func BenchmarkRankInAProvince(b *testing.B) {
	figures, _ := worldOfRanks(rand.New(rand.NewPCG(1, 2)), 126)
	for b.Loop() {
		if _, err := Ranks(figures, func(survey.UnitID) string { return "" }, "u007"); err != nil {
			b.Fatal(err)
		}
	}
}
