package report

import (
	"testing"

	"sipas/analysis"
	"sipas/survey"
)

func shownFigure(node string, n int, value float64) survey.Figure {
	return survey.Figure{
		FigureKey: survey.FigureKey{Framework: "f", Node: node, Weighting: survey.Weighted, Basis: survey.BasisInvited},
		State:     survey.StateProvisional,
		Estimate:  analysis.Estimate{Value: value, N: n, Interval: analysis.Interval{Level: 0.95, Method: "t"}},
	}
}

func withheldFigure(node, why string) survey.Figure {
	f := shownFigure(node, 0, 0)
	f.State, f.Reason, f.Estimate = survey.StateWithheld, why, analysis.Undefined(0, why)
	return f
}

func releaseOf(id string, figures []survey.Figure, flags ...survey.Flag) *survey.Release {
	return &survey.Release{ID: id, Wave: "w", State: survey.StateProvisional, Rules: survey.DefaultRules(), Figures: figures, Flags: flags}
}

func TestAdvance(t *testing.T) {
	for _, test := range []struct {
		name       string
		prev, next survey.Figure
		want       float64
		state      survey.State
	}{
		{"fourteen further answers change nothing", shownFigure("x", 20, 1), shownFigure("x", 34, 2), 1, survey.StateProvisional},
		{"fifteen do", shownFigure("x", 20, 1), shownFigure("x", 35, 2), 2, survey.StateProvisional},
		{"the same answers corrected change nothing", shownFigure("x", 20, 1), shownFigure("x", 20, 2), 1, survey.StateProvisional},
		{"fewer answers change nothing", shownFigure("x", 40, 1), shownFigure("x", 20, 2), 1, survey.StateProvisional},
		{"a withheld figure shows as soon as it may", withheldFigure("x", survey.ReasonFewAnswers), shownFigure("x", 15, 2), 2, survey.StateProvisional},
		{"one that must be withheld disappears at once", shownFigure("x", 20, 1), withheldFigure("x", survey.ReasonComplementary), 0, survey.StateWithheld},
		{"an office's number follows its table", shownFigure("x", 0, 1), shownFigure("x", 0, 2), 2, survey.StateProvisional},
	} {
		got := Advance(releaseOf("a", []survey.Figure{test.prev}), releaseOf("b", []survey.Figure{test.next}))
		f := got.Figures[0]
		if f.State != test.state || test.state == survey.StateProvisional && f.Estimate.Value != test.want {
			t.Errorf("%s: %s, %v", test.name, f.State, f.Estimate.Value)
		}
	}
}

// Advancing step by step shows each change with fifteen answers behind it, however often somebody looks.
func TestAdvanceByOneAnswer(t *testing.T) {
	var shown *survey.Release
	last, seen := 0, []int{}
	for n := 1; n <= 100; n++ {
		f := shownFigure("x", n, float64(n))
		if n < 15 {
			f = withheldFigure("x", survey.ReasonFewAnswers)
		}
		shown = Advance(shown, releaseOf(string(rune('a'+n)), []survey.Figure{f}))
		if got := shown.Figures[0]; got.State == survey.StateProvisional && got.Estimate.N != last {
			seen = append(seen, got.Estimate.N)
			last = got.Estimate.N
		}
	}
	want := []int{15, 30, 45, 60, 75, 90}
	if len(seen) != len(want) {
		t.Fatalf("shown at %v, want %v", seen, want)
	}
	for i := range want {
		if seen[i] != want[i] {
			t.Fatalf("shown at %v, want %v", seen, want)
		}
	}
}

func TestAdvanceFlagsFollowFigures(t *testing.T) {
	flag := func(f survey.Figure, state survey.FlagState, gain float64) survey.Flag {
		return survey.Flag{Figure: f, State: state, Gain: gain, Derived: 0.5, Affected: 10}
	}
	oldX, newX := shownFigure("x", 20, 1), shownFigure("x", 25, 2)
	oldY, newY := shownFigure("y", 20, 1), shownFigure("y", 40, 2)
	oldZ, newZ := shownFigure("z", 20, 1), shownFigure("z", 21, 2)
	prev := releaseOf("a", []survey.Figure{oldX, oldY, oldZ}, flag(oldX, survey.FlagWatch, 1), flag(oldY, survey.FlagWatch, 1))
	next := releaseOf("b", []survey.Figure{newX, newY, newZ}, flag(newX, survey.FlagRaised, 4), flag(newY, survey.FlagRaised, 2), flag(newZ, survey.FlagRaised, 9))
	next.Weighting.Respondents = 86
	got := Advance(prev, next)
	if got.ID == prev.ID || got.ID == next.ID {
		t.Errorf("the release shown is neither of the two, but has the id %s", got.ID)
	}
	if got.Weighting.Respondents != 86 {
		t.Error("counts of answers are not live")
	}
	states := map[string]survey.FlagState{}
	for _, f := range got.Flags {
		states[f.Figure.Node] = f.State
	}
	// x stayed and keeps its flag, y advanced and takes the new one, z stayed without one.
	if len(got.Flags) != 2 || states["x"] != survey.FlagWatch || states["y"] != survey.FlagRaised {
		t.Errorf("flags %v", states)
	}
	if got.Flags[0].Figure.Node != "y" || got.Flags[0].Priority != 100 || got.Flags[1].Priority != 50 {
		t.Errorf("priorities are not scaled to what is shown: %+v", got.Flags)
	}
}

func TestAdvanceLeavesOthersAlone(t *testing.T) {
	next := releaseOf("b", []survey.Figure{shownFigure("x", 20, 2)})
	other := releaseOf("a", []survey.Figure{shownFigure("x", 20, 1)})
	other.Wave = "v"
	published := releaseOf("a", nil)
	published.State = survey.StatePublished
	for _, prev := range []*survey.Release{nil, other, published} {
		if got := Advance(prev, next); got != next {
			t.Errorf("advanced from %+v", prev)
		}
	}
}
