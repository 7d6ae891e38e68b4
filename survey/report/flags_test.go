package report

import (
	"math"
	"testing"

	"sipas/analysis"
	"sipas/survey"
)

// plantedWorld has one bad indicator in one unit.
func plantedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, setting{units: 12, cases: 14_000, seed: 40, bare: true, satisfied: func(unit int, late bool, item string) float64 {
		p := 0.90
		if unit == 3 && item == "s27" {
			p = 0.45
		}
		if late {
			p -= 0.15
		}
		return p
	}})
	w.draw(t, 0.4, 40)
	return w
}

func flagOf(r *survey.Release, unit int, node string) *survey.Flag {
	for i := range r.Flags {
		f := &r.Flags[i]
		if string(f.Figure.Domain.Unit) == unitName(unit) && f.Figure.Node == node {
			return f
		}
	}
	return nil
}

func reasonOf(f *survey.Flag, code string) *survey.FlagReason {
	for i := range f.Reasons {
		if f.Reasons[i].Code == code {
			return &f.Reasons[i]
		}
	}
	return nil
}

func TestPlantedIndicatorIsFlagged(t *testing.T) {
	w := plantedWorld(t)
	r, _ := computeWorld(t, w)
	f := flagOf(r, 3, "s27")
	if f == nil || f.State != survey.FlagRaised {
		t.Fatalf("the bad indicator is not flagged: %+v", f)
	}
	below, peers := reasonOf(f, survey.FlagBelowTarget), reasonOf(f, survey.FlagBelowPeers)
	if below == nil || peers == nil || !below.Shown || !peers.Shown {
		t.Fatalf("reasons %+v", f.Reasons)
	}
	e := f.Figure.Estimate
	for name, want := range map[string]float64{"target": 80, "estimate": e.Value, "se": e.SE, "gap": 80 - e.Value} {
		if got, there := below.Evidence[name]; !there || got != want {
			t.Errorf("evidence %s is %v, want %v", name, got, want)
		}
	}
	if p := below.Evidence["p_adjusted"]; !(p >= below.Evidence["p"] && p < 0.05) {
		t.Errorf("p %v, adjusted %v", below.Evidence["p"], p)
	}
	mean, n := 0.0, 0.0
	for u := range 12 {
		if u == 3 || u%10 == 0 { // not itself, and units 0 and 10 are departments
			continue
		}
		o := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "s27", Domain: survey.Domain{Unit: survey.UnitID(unitName(u))}})
		mean, n = mean+o.Estimate.Value, n+1
	}
	near(t, "peers' mean", peers.Evidence["peers_mean"], mean/n, 1e-9)
	near(t, "peers", peers.Evidence["peers"], n, 0)
	// One of sixteen items with equal weight: a sixteenth of the gap.
	near(t, "gain", f.Gain, (80-e.Value)/16, 1e-9)
	register := 0
	for _, c := range w.in.Register {
		if string(c.Unit) == unitName(3) {
			register += c.N
		}
	}
	near(t, "transactions", f.Affected, float64(register), 0)
	if !(f.Derived > 0 && f.Derived < 1) {
		t.Errorf("derived importance %v", f.Derived)
	}
	highest := 0.0
	for _, x := range r.Flags {
		highest = math.Max(highest, x.Priority)
		if x.State == survey.FlagWatch {
			continue
		}
		shown := 0
		for _, reason := range x.Reasons {
			if reason.Shown {
				shown++
			}
		}
		if x.State == survey.FlagRaised && (shown < 2 || reasonOf(&x, survey.FlagBelowTarget) == nil) {
			t.Errorf("%s is flagged for %+v", x.Figure.FigureKey, x.Reasons)
		}
	}
	near(t, "highest priority", highest, 100, 1e-9)
	if r.Flags[0].State != survey.FlagRaised {
		t.Error("raised flags do not come first")
	}
}

func TestFallenSinceTheLastWave(t *testing.T) {
	w := plantedWorld(t)
	first, _ := computeWorld(t, w)
	now := flagOf(first, 3, "s27").Figure
	before := now
	before.State = survey.StatePublished
	before.Estimate = analysis.Estimate{Value: now.Estimate.Value + 30, SE: 2, DesignEffect: 1.2, DF: 80, N: 90, Interval: analysis.Interval{Level: 0.95}}
	w.in.Previous = earlierSide(w, before)
	r, _ := computeWorld(t, w)
	fallen := reasonOf(flagOf(r, 3, "s27"), survey.FlagFallen)
	if fallen == nil || !fallen.Shown {
		t.Fatalf("a fall of 30 points is not shown: %+v", flagOf(r, 3, "s27").Reasons)
	}
	near(t, "before", fallen.Evidence["before"], before.Estimate.Value, 0)
	near(t, "change", fallen.Evidence["change"], -30, 1e-9)
	if now.Estimate.DesignEffect < 1 {
		t.Fatal("this world tests nothing: the estimated error is below that of a simple random sample")
	}
	near(t, "its error", fallen.Evidence["change_se"], math.Hypot(2, now.Estimate.SE), 1e-9)
	// A figure that was withheld, or not published, is nothing to compare with.
	w.in.Previous.Figures[0].State = survey.StateWithheld
	r, _ = computeWorld(t, w)
	if reasonOf(flagOf(r, 3, "s27"), survey.FlagFallen) != nil {
		t.Error("compared with a withheld figure")
	}
	if first.DataHash == r.DataHash {
		t.Error("the earlier wave is not part of the data hash")
	}
}

// A unit that lies below its target by chance alone is watched, not flagged; without a target nothing is.
func TestNoTargetNoFlags(t *testing.T) {
	w := plantedWorld(t)
	w.in.Wave.Targets = nil
	r, _ := computeWorld(t, w)
	for _, f := range r.Flags {
		if f.State == survey.FlagRaised {
			t.Errorf("%s is flagged without a target: %+v", f.Figure.FigureKey, f.Reasons)
		}
		if f.Gain != 0 {
			t.Errorf("%s gains %v without a target", f.Figure.FigureKey, f.Gain)
		}
	}
}

func TestDerivedImportance(t *testing.T) {
	w := plantedWorld(t)
	// Overall satisfaction follows s30 exactly, and runs against s31.
	for i := range w.in.Responses {
		r := &w.in.Responses[i]
		if v, asked := r.Answers["s30"]; asked {
			r.Answers["overall"] = v
		}
		if _, asked := r.Answers["s31"]; asked {
			r.Answers["s31"] = 6 - r.Answers["overall"]
		}
	}
	c, err := prepare(w.in, survey.StateProvisional)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.weight(); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.headline() {
		switch n.node.Code {
		case "s30":
			near(t, "importance of what decides", c.importance(n), 1, 1e-9)
		case "s31":
			near(t, "importance of what runs against it", c.importance(n), 0, 0)
		}
	}
}

// The tests of a flag never take an error below that of a simple random sample, except where nothing is left to chance.
func TestErrorBehindAFlag(t *testing.T) {
	var c computation
	e := analysis.Estimate{Value: 60, SE: 2, DF: 50, N: 64, DesignEffect: 1.5, Interval: analysis.Interval{Low: 50, High: 70, Level: 0.95, Method: "beta"}}
	near(t, "ordinary", c.testError(e), 2, 0)
	e.DesignEffect = 0.25
	near(t, "too close a fit", c.testError(e), 4, 1e-12)
	e.SE, e.DesignEffect = 0, 0
	near(t, "no error left", c.testError(e), 10/c.student.Quantile(0.975, 50), 1e-12)
	e.Interval.Method = intervalCensus
	near(t, "census", c.testError(e), 0, 0)
	e.DesignEffect = math.NaN()
	near(t, "all answers agree", c.testError(e), 0, 0)
}
