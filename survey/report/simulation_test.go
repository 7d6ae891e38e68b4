package report

import (
	"context"
	"math"
	"os"
	"slices"
	"testing"

	sampling "sipas/analysis/sample"
	"sipas/survey"
)

// simulated is what repeated draws from one register showed.
type simulated struct {
	draws            int
	covered, plain   int     // intervals of the weighted and the unweighted index that hold the truth
	bias, plainBias  float64 // mean error
	spread, meanSE   float64 // of the weighted index over the draws, and what it says of itself
	unitCells        int     // shown indicators of units
	unitCovered      int
	indices          int // shown indices of units
	indicesCovered   int
	flags, falseOnes int
	falseShare       []float64 // of each draw
	found            []int     // draws that flagged each planted cell
}

// planted are indicators that are bad in one unit: unit number and item.
var planted = []struct {
	unit int
	item string
}{{3, "s27"}, {11, "s36"}, {14, "s31"}}

// simulate draws the sample again and again from one register and holds every result against the count.
func simulate(t *testing.T, draws int) simulated {
	t.Helper()
	const units = 20
	bad := func(unit int, item string) bool {
		for _, p := range planted {
			if p.unit == unit && p.item == item {
				return true
			}
		}
		return false
	}
	w := newWorld(t, setting{units: units, cases: 24_000, seed: 11, bare: true, satisfied: func(unit int, late bool, item string) float64 {
		p := 0.84 + 0.10*float64(unit%7)/6
		if bad(unit, item) {
			p -= 0.40
		}
		if late {
			p -= 0.25
		}
		return p
	}})
	m, err := sampling.Build(w.cases, sampling.Rule{Fraction: 1.0 / 3, Min: 15})
	if err != nil {
		t.Fatal(err)
	}
	out := simulated{draws: draws, found: make([]int, len(planted))}
	truth := w.index(nil)
	unitIndex := map[survey.UnitID]float64{}
	for u := range units {
		unitIndex[survey.UnitID(unitName(u))] = w.index(func(l sampling.Labels) bool { return l[sampling.Unit] == unitName(u) })
	}
	cells := w.unitTruth(units)
	var values []float64
	for d := range draws {
		w.drawFrom(t, m, uint64(1000+d))
		r, _, err := Compute(context.Background(), w.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Figures {
			e := f.Estimate
			in := func(x float64) bool { return e.Interval.Low <= x && x <= e.Interval.High }
			switch {
			case f.Node == "II" && f.Domain == (survey.Domain{}) && f.Weighting == survey.Weighted:
				out.bias += (e.Value - truth) / float64(draws)
				out.meanSE += e.SE / float64(draws)
				values = append(values, e.Value)
				if in(truth) {
					out.covered++
				}
			case f.Node == "II" && f.Domain == (survey.Domain{}):
				out.plainBias += (e.Value - truth) / float64(draws)
				if in(truth) {
					out.plain++
				}
			case f.Domain.Unit == "" || f.Weighting != survey.Weighted || f.State != survey.StateProvisional:
			case f.Node == "II":
				out.indices++
				if in(unitIndex[f.Domain.Unit]) {
					out.indicesCovered++
				}
			case f.Node[0] == 's':
				out.unitCells++
				if in(cells[string(f.Domain.Unit)][f.Node]) {
					out.unitCovered++
				}
			}
		}
		w.judge(r, cells, &out)
	}
	mean := 0.0
	for _, v := range values {
		mean += v / float64(draws)
	}
	for _, v := range values {
		out.spread += (v - mean) * (v - mean) / float64(draws-1)
	}
	out.spread = math.Sqrt(out.spread)
	return out
}

// unitTruth counts every indicator of every unit.
func (w *world) unitTruth(units int) map[string]map[string]float64 {
	out := map[string]map[string]float64{}
	for u := range units {
		name := unitName(u)
		out[name] = map[string]float64{}
		for _, item := range serviceItems {
			out[name][item] = w.share(item, func(l sampling.Labels) bool { return l[sampling.Unit] == name })
		}
	}
	return out
}

// judge holds the raised flags of one release against the register.
func (w *world) judge(r *survey.Release, truth map[string]map[string]float64, out *simulated) {
	kinds := map[survey.UnitID]survey.UnitKind{}
	for _, u := range w.in.Units {
		kinds[u.ID] = u.Kind
	}
	shown := map[string][]survey.UnitID{}
	for _, f := range r.Figures {
		if f.Domain.Unit != "" && f.State == survey.StateProvisional && f.Weighting == survey.Weighted {
			shown[f.Node] = append(shown[f.Node], f.Domain.Unit)
		}
	}
	flags, wrong := 0, 0
	for _, f := range r.Flags {
		if f.State != survey.FlagRaised {
			continue
		}
		flags++
		unit, item := f.Figure.Domain.Unit, f.Figure.Node
		own := truth[string(unit)][item]
		var peers []float64
		for _, o := range shown[item] {
			if o != unit && kinds[o] == kinds[unit] {
				peers = append(peers, truth[string(o)][item])
			}
		}
		isFalse := false
		for _, reason := range f.Reasons {
			if reason.Shown && !holds(reason.Code, own, *f.Figure.Target, peers, r.Rules.LowestShare) {
				isFalse = true
			}
		}
		if isFalse {
			wrong++
		}
		for k, p := range planted {
			if string(unit) == unitName(p.unit) && item == p.item {
				out.found[k]++
			}
		}
	}
	out.flags += flags
	out.falseOnes += wrong
	out.falseShare = append(out.falseShare, float64(wrong)/math.Max(1, float64(flags)))
}

// holds reports whether a reason is true of the register.
func holds(code string, own, target float64, peers []float64, lowest float64) bool {
	switch code {
	case survey.FlagBelowTarget:
		return own < target
	case survey.FlagBelowPeers:
		sum := 0.0
		for _, p := range peers {
			sum += p
		}
		return own < sum/float64(len(peers))
	case survey.FlagLowest:
		below := 0
		for _, p := range peers {
			if p < own {
				below++
			}
		}
		return below < max(1, int(lowest*float64(len(peers)+1)))
	}
	return false
}

// TestSimulation draws repeatedly from a register whose truth is known: the weighted index must be covered by its intervals
// as often as they say, the unweighted one must be seen to fail, the planted indicators must be found, and the mean share of false
// flags must keep to the stated rate. SIPAS_LONG=1 takes 1,000 draws, with the tolerances that go with them.
func TestSimulation(t *testing.T) {
	draws := shortDraws
	if os.Getenv("SIPAS_LONG") == "1" {
		draws = 1000
	}
	s := simulate(t, draws)
	t.Logf("%d draws: covered %.3f (unweighted %.3f), bias %.3f (unweighted %.3f), spread %.3f, mean se %.3f; units covered %.3f, their index %.3f; %d flags, %d false; found %v",
		draws, float64(s.covered)/float64(draws), float64(s.plain)/float64(draws), s.bias, s.plainBias, s.spread, s.meanSE,
		float64(s.unitCovered)/float64(s.unitCells), float64(s.indicesCovered)/float64(s.indices), s.flags, s.falseOnes, s.found)
	// Two Monte Carlo errors of a coverage of 0.95, and a point for the approximations that the long run measures.
	room := 2*math.Sqrt(0.95*0.05/float64(draws)) + 0.01
	if c := float64(s.covered) / float64(draws); math.Abs(c-0.95) > room {
		t.Errorf("the weighted index is covered by %.3f of its intervals", c)
	}
	if s.plain > draws/5 {
		t.Errorf("the unweighted index is covered in %d of %d draws: this world does not need weights", s.plain, draws)
	}
	// Units have some tens of answers: the approximations may cost them two points more.
	least := func(n int) float64 { return 0.95 - 0.02 - 2*math.Sqrt(0.95*0.05/float64(n)) }
	if c := float64(s.unitCovered) / float64(s.unitCells); c < least(s.unitCells) {
		t.Errorf("indicators of units are covered by %.3f of their intervals", c)
	}
	if c := float64(s.indicesCovered) / float64(s.indices); c < least(s.indices) {
		t.Errorf("indices of units are covered by %.3f of their intervals", c)
	}
	mean, variance := 0.0, 0.0
	for _, x := range s.falseShare {
		mean += x / float64(draws)
	}
	for _, x := range s.falseShare {
		variance += (x - mean) * (x - mean) / float64(draws-1)
	}
	if mean > 0.05+2*math.Sqrt(variance/float64(draws)) {
		t.Errorf("the mean share of false flags is %.3f", mean)
	}
	if slices.Min(s.found) < draws*8/10 {
		t.Errorf("the planted indicators were flagged in %v of %d draws", s.found, draws)
	}
}
