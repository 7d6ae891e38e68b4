package report

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/report/adversary"
)

// smallWave streams the answers of a wave with small units and fields: single ones and batches, withdrawals and corrections. show is
// called after every step.
func smallWave(t *testing.T, seed uint64, steps int, show func(step int, in *Input)) *Input {
	w := newWorld(t, setting{units: 5, cases: 1500, seed: seed, bare: true, answer: func(late bool) float64 { return 0.7 },
		satisfied: func(unit int, _ bool, _ string) float64 { return 0.9 - 0.15*float64(unit) }})
	w.draw(t, 0.6, seed)
	w.walkIn(150, seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	all := w.in.Responses
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	w.in.Responses = nil
	for step := range steps {
		rs := slices.Clone(w.in.Responses)
		batch := 1 + rng.IntN(3)
		switch x := rng.Float64(); {
		case x < 0.15 && len(rs) > 20:
			i := rng.IntN(len(rs))
			rs = slices.Delete(rs, i, i+1)
		case x < 0.3 && len(rs) > 20:
			i := rng.IntN(len(rs))
			answers := map[string]int{}
			for item, code := range rs[i].Answers {
				answers[item] = max(0, code-1)
			}
			rs[i].Answers = answers
		case x < 0.4:
			batch = 30
		case x < 0.5:
			batch = 10
		}
		k := min(batch, len(all))
		rs, all = append(rs, all[:k]...), all[k:]
		w.in.Responses = rs
		show(step, w.in)
	}
	return w.in
}

// watched lets the adversary see every release of a small wave: live pages after every step, and publications. forget makes the
// program forget what it has shown.
func watched(t *testing.T, seed uint64, steps int, forget bool) (*adversary.Adversary, *Input) {
	var m *memory
	var a *adversary.Adversary
	in := smallWave(t, seed, steps, func(step int, in *Input) {
		if m == nil {
			m, a = &memory{in: in, waves: []*survey.Wave{in.Wave}, releases: map[string]*survey.Release{}}, adversary.New(in.Frameworks)
		}
		a.Day(in.Classes, in.Responses)
		loaded := *in
		if err := loaded.loadShown(context.Background(), m); err != nil {
			t.Fatal(err)
		}
		loaded.MadeAt = noon.Add(time.Duration(step) * time.Hour)
		state := survey.StateProvisional
		if step%17 == 16 {
			state = survey.StatePublished
		}
		r, _, err := compute(context.Background(), &loaded, state, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !forget {
			if err := m.SaveRelease(context.Background(), survey.CommandLine(), r); err != nil {
				t.Fatal(err)
			}
		}
		a.Look(r)
	})
	return a, in
}

var adversaryItems = []string{"s24", "s30", "s39"}

// Whoever keeps every page, live and published, and adds and subtracts whatever was on it, finds no cell of fewer answers than the rule.
func TestAdversary(t *testing.T) {
	for seed := range uint64(2) {
		a, _ := watched(t, 900+seed, 60, false)
		for _, f := range append(a.Faults(), a.Recovered(adversaryItems, 15)...) {
			t.Errorf("seed %d: %s", seed, f)
		}
		if late := a.Advanced(20); late < 100 {
			t.Errorf("seed %d: only %d figures advanced in the end: nothing could be told", seed, late)
		}
	}
}

// The adversary is no fool: where releases do not remember each other, and where only what is small is withheld, it finds plenty.
func TestAdversaryFinds(t *testing.T) {
	a, _ := watched(t, 900, 25, true)
	if found := a.Recovered(adversaryItems[:1], 15); len(found) < 10 {
		t.Errorf("releases by themselves: %d cells", len(found))
	}
	found := 0
	smallWave(t, 900, 60, func(_ int, in *Input) {
		b := adversary.New(in.Frameworks)
		b.Day(in.Classes, in.Responses)
		b.LookAtAll(15)
		found += len(b.Recovered(adversaryItems, 15))
	})
	if found < 10 {
		t.Errorf("all figures of fifteen answers: %d cells", found)
	}
}
