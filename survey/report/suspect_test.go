package report

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"sipas/survey"
)

// plantClerks lets clerks of the first units answer in the place of some citizens, "very satisfied" to everything: of the invited who
// answered there, and with n walk-ins besides. found is the share of it that was marked.
func (w *world) plantClerks(units, n int, found float64, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 17))
	best := func(r *survey.Response) {
		r.Answers = map[string]int{}
		doc := w.in.Instruments[r.Instrument]
		for _, item := range doc.Asked(r.Modules) {
			scale, _ := doc.Scale(item.Scale)
			r.Answers[item.Code] = scale.Levels[0].Code
		}
		r.Suspect = rng.Float64() < found
	}
	classes := map[survey.ClassID]string{}
	for _, c := range w.in.Classes {
		classes[c.ID] = c.Labels[survey.DimUnit]
	}
	for i := range w.in.Responses {
		r := &w.in.Responses[i]
		for u := range units {
			if classes[r.Class] == unitName(u) && rng.Float64() < 0.6 {
				best(r)
			}
		}
	}
	months := []string{"2026-07", "2026-08", "2026-09"}
	for range n {
		r := w.response(rng, 0, "")
		for r.Mode != survey.ModeKiosk {
			r = w.response(rng, 0, "")
		}
		r.Source, r.Unit, r.Month = survey.WalkIn, survey.UnitID(unitName(rng.IntN(units))), months[rng.IntN(3)]
		best(&r)
		w.in.Responses = append(w.in.Responses, r)
	}
}

func comparison(r *survey.Release, basis survey.Basis) *survey.Comparison {
	for i := range r.WithoutSuspect {
		if r.WithoutSuspect[i].With.Basis == basis {
			return &r.WithoutSuspect[i]
		}
	}
	return nil
}

// Clerks in five of ten units, most of whose presses are marked: the headline is off by far more than its error, and without the marked
// ones it lies near the truth.
func TestWithoutSuspectIsNearTheTruth(t *testing.T) {
	w := newWorld(t, setting{units: 10, cases: 12_000, seed: 71, bare: true, satisfied: func(unit int, late bool, _ string) float64 {
		p := 0.70 + 0.10*float64(unit%7)/6
		if late {
			p -= 0.25
		}
		return p
	}})
	w.draw(t, 0.4, 71)
	w.walkIn(1500, 71)
	w.plantClerks(5, 800, 0.95, 71)
	r, _ := computeWorld(t, w)
	truth := w.index(nil)
	c := comparison(r, survey.BasisInvited)
	if c == nil {
		t.Fatal("there is no comparison")
	}
	with, without := c.With.Estimate, c.Without.Estimate
	t.Logf("truth %.2f; with %d suspect answers %.2f (%.2f–%.2f), without %.2f (%.2f–%.2f)", truth, c.Suspect,
		with.Value, with.Interval.Low, with.Interval.High, without.Value, without.Interval.Low, without.Interval.High)
	if with.Value-truth < 3*with.SE {
		t.Errorf("with them the index is %.2f, only %.2f above the truth: the clerks were not planted", with.Value, with.Value-truth)
	}
	if without.Interval.Low > truth || without.Interval.High < truth {
		t.Errorf("without them the interval %.2f–%.2f misses the truth %.2f", without.Interval.Low, without.Interval.High, truth)
	}
	if without.SE <= 0 || without.SE < 0.9*with.SE {
		t.Errorf("fewer answers have error %.3f, with more it was %.3f", without.SE, with.SE)
	}
	if p := comparison(r, survey.BasisWithWalkIns); p == nil || p.Suspect <= c.Suspect || p.Without.Estimate.Value >= p.With.Estimate.Value {
		t.Errorf("with walk-ins: %+v", p)
	}
}

// A marked answer is no answer: the figure without them is the one of a wave in which nobody gave them, digit by digit.
func TestWithoutSuspectIsTheWaveWithoutThem(t *testing.T) {
	w := newWorld(t, setting{units: 6, cases: 6000, seed: 72})
	w.draw(t, 0.5, 72)
	w.walkIn(600, 72)
	w.plantClerks(3, 200, 0.7, 72)
	r, _ := computeWorld(t, w)
	rest := *w.in
	rest.Responses = slices.DeleteFunc(slices.Clone(w.in.Responses), func(r survey.Response) bool { return r.Suspect })
	alone, _, err := Compute(context.Background(), &rest, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(alone.WithoutSuspect) != 0 {
		t.Error("a wave without suspect answers has a comparison")
	}
	if len(r.WithoutSuspect) != 2 {
		t.Fatalf("%d comparisons, want the sample's and the one with walk-ins", len(r.WithoutSuspect))
	}
	for _, c := range r.WithoutSuspect {
		if got, want := asJSON(t, c.Without), asJSON(t, find(t, alone, c.Without.FigureKey)); got != want {
			t.Errorf("%s\n%s\nwant\n%s", c.Without.FigureKey, got, want)
		}
		if got, want := asJSON(t, c.With), asJSON(t, find(t, r, c.With.FigureKey)); got != want {
			t.Errorf("%s with them is not the headline", c.With.FigureKey)
		}
		if c.Suspect != c.With.Estimate.N-c.Without.Estimate.N || c.With.Node != "II" || c.With.Domain != (survey.Domain{}) {
			t.Errorf("%+v", c)
		}
	}
}

// What may be told by subtraction is the answers of at least fifteen.
func TestFewSuspectAnswersAreNotTold(t *testing.T) {
	base := func() *world {
		w := newWorld(t, setting{units: 4, cases: 3000, seed: 73, bare: true})
		w.draw(t, 0.5, 73)
		w.walkIn(300, 73)
		return w
	}
	mark := func(w *world, source survey.Source, n int, keep func(r *survey.Response) bool) {
		for i := range w.in.Responses {
			r := &w.in.Responses[i]
			if n > 0 && r.Source == source && !r.Suspect && (keep == nil || keep(r)) {
				r.Suspect = true
				n--
			}
		}
		if n > 0 {
			t.Fatalf("%d answers are left to mark", n)
		}
	}
	service := func(r *survey.Response) bool { return r.Answers["s29"] > 0 }
	law := func(r *survey.Response) bool { return slices.Equal(r.Modules, []string{"law"}) }
	for _, c := range []struct {
		name            string
		invited, walked int
		keep            func(r *survey.Response) bool
		sample, pooled  bool
	}{
		{"none", 0, 0, nil, false, false},
		{"fourteen", 14, 0, service, false, false},
		{"fifteen", 15, 0, service, true, true},
		{"fifteen that do not count in the headline", 15, 0, law, false, false},
		{"fourteen of each", 14, 14, service, false, true},
		{"one walk-in could be told by two comparisons", 15, 1, service, true, false},
		{"fifteen of each", 15, 15, service, true, true},
		{"walk-ins alone", 0, 15, service, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := base()
			mark(w, survey.Invited, c.invited, c.keep)
			mark(w, survey.WalkIn, c.walked, c.keep)
			r, _ := computeWorld(t, w)
			if got := comparison(r, survey.BasisInvited) != nil; got != c.sample {
				t.Errorf("the sample's comparison is there: %v", got)
			}
			if got := comparison(r, survey.BasisWithWalkIns) != nil; got != c.pooled {
				t.Errorf("the comparison with walk-ins is there: %v", got)
			}
			if c.invited+c.walked > 0 && c.invited+c.walked < 15 {
				for _, note := range r.Weighting.Notes {
					if note.Code == survey.NoteSuspect || note.Params.N == 14 {
						t.Error("a note tells the number")
					}
				}
			}
		})
	}
}

func TestAllSuspect(t *testing.T) {
	w := newWorld(t, setting{units: 2, cases: 600, seed: 74, bare: true})
	w.draw(t, 0.5, 74)
	for i := range w.in.Responses {
		w.in.Responses[i].Suspect = true
	}
	if r, _ := computeWorld(t, w); len(r.WithoutSuspect) != 0 {
		t.Error("without any answer there is a comparison")
	}
}

// However often somebody looks, the headline, the figure without the marked and the marked ones each change by fifteen answers
// or not at all, and a comparison's own figure is one that was shown.
func TestComparisonsOverTime(t *testing.T) {
	w := newWorld(t, setting{units: 2, cases: 2500, seed: 76, bare: true, answer: func(bool) float64 { return 0.8 }})
	w.draw(t, 0.6, 76)
	m := storeOf(w)
	all := w.in.Responses
	rng := rand.New(rand.NewPCG(76, 1))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := range all {
		all[i].Suspect = rng.Float64() < 0.4
	}
	headlines := map[int]bool{}
	var last *survey.Comparison
	told := 0
	for n := 60; n <= len(all); n += 90 {
		w.in.Responses = all[:n]
		r, _ := refresh(t, m)
		for _, f := range r.Figures {
			if f.Node == "II" && f.Domain == (survey.Domain{}) && f.Weighting == survey.Weighted && f.Basis == survey.BasisInvited {
				headlines[f.Estimate.N] = true
			}
		}
		c := comparison(r, survey.BasisInvited)
		if c == nil {
			if last != nil {
				t.Fatal("a comparison went away")
			}
			continue
		}
		if !headlines[c.With.Estimate.N] || c.Suspect != c.With.Estimate.N-c.Without.Estimate.N || c.Suspect < 15 {
			t.Fatalf("%d with, %d without, %d marked", c.With.Estimate.N, c.Without.Estimate.N, c.Suspect)
		}
		if last != nil {
			for _, d := range []int{c.With.Estimate.N - last.With.Estimate.N, c.Without.Estimate.N - last.Without.Estimate.N, c.Suspect - last.Suspect} {
				if d != 0 && d < 15 {
					t.Fatalf("a change by %d answers", d)
				}
			}
			if c.Suspect != last.Suspect {
				told++
			}
		}
		last = c
	}
	if told < 2 {
		t.Errorf("the comparison advanced %d times in %d answers", told, len(all))
	}
}
