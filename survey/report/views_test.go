package report

import (
	"math"
	"testing"

	"sipas/analysis/estimate"
	"sipas/survey"
)

// Unweighted figures are the plain counts, with the error of a simple random sample of m respondents, n of whom answered:
// √(p(1−p)/n · m/(m−1)), and Clopper and Pearson's interval.
func TestUnweightedIsPlain(t *testing.T) {
	w := newWorld(t, setting{units: 4, cases: 3000, seed: 60})
	w.draw(t, 0.5, 60)
	r, _ := computeWorld(t, w)
	n, good := 0, 0
	for _, x := range w.in.Responses {
		if code, answered := x.Answers["s33"]; answered {
			n++
			if code >= 4 {
				good++
			}
		}
	}
	f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "s33", Weighting: survey.Unweighted})
	p, m := float64(good)/float64(n), float64(len(w.in.Responses))
	near(t, "share", f.Estimate.Value, 100*p, 1e-9)
	near(t, "error", f.Estimate.SE, 100*math.Sqrt(p*(1-p)/float64(n)*m/(m-1)), 1e-9)
	if f.Estimate.N != n || f.Estimate.DF != float64(n-1) {
		t.Errorf("%d answers with %v degrees of freedom, want %d", f.Estimate.N, f.Estimate.DF, n)
	}
	exact, _ := estimate.Proportion(estimate.Beta, p, 0, n, float64(n-1), 0.95) // n* = n
	near(t, "lower end", f.Estimate.Interval.Low, 100*exact.Low, 0.05)
	near(t, "upper end", f.Estimate.Interval.High, 100*exact.High, 0.05)
	// A mean of codes 1 to 5 on a scale from 0 to 1.
	sum := 0.0
	for _, x := range w.in.Responses {
		if code, answered := x.Answers["s33"]; answered {
			sum += float64(code-1) / 4 / float64(n)
		}
	}
	near(t, "mean", find(t, r, survey.FigureKey{Framework: "papi-style", Node: "s33", Weighting: survey.Unweighted}).Estimate.Value, sum, 1e-9)
}

// Where walk-ins of a unit are too few to be shown, neither they nor a pooled figure are there: the difference of the
// pooled and the sample's figure would be theirs.
func TestFewWalkInsOfAUnitAreNotPooled(t *testing.T) {
	w := newWorld(t, setting{units: 5, cases: 6000, seed: 61})
	w.draw(t, 0.6, 61)
	w.walkIn(120, 61) // about 5 for each unit and module
	r, _ := computeWorld(t, w)
	whole := 0
	for _, f := range r.Figures {
		if f.Basis == survey.BasisInvited {
			continue
		}
		if f.Domain != (survey.Domain{}) {
			t.Errorf("%s is there, with %d answers", f.FigureKey, f.Estimate.N)
			continue
		}
		whole++
	}
	if whole == 0 {
		t.Error("the whole wave has no figures with walk-ins")
	}
}

// Every figure that is shown can be judged: base, error, interval around the value within what can be reached.
func TestEveryFigureCanBeJudged(t *testing.T) {
	w := newWorld(t, setting{units: 8, cases: 8000, seed: 62})
	w.draw(t, 0.5, 62)
	w.walkIn(2000, 62)
	r, _ := computeWorld(t, w)
	shown := 0
	for _, f := range r.Figures {
		e := f.Estimate
		if f.State != survey.StateProvisional {
			if e.Defined() || e.Reason == "" || f.Reason == "" {
				t.Fatalf("%s is %s without a reason, or with a value: %+v", f.FigureKey, f.State, f)
			}
			continue
		}
		shown++
		rounded := f.Framework == "one-stop-2018" // its interval lies around the value before rounding
		switch {
		case e.N < 15 || !(e.Population > 0) || !(e.DF > 0) || !(e.SE >= 0):
			t.Fatalf("%s: base %+v", f.FigureKey, e)
		case !(e.Interval.Low < e.Interval.High):
			t.Fatalf("%s: interval %+v of %v", f.FigureKey, e.Interval, e.Value)
		case !rounded && (e.Interval.Low > e.Value || e.Interval.High < e.Value):
			t.Fatalf("%s: interval %+v does not hold %v", f.FigureKey, e.Interval, e.Value)
		case e.Interval.Low < f.Attainable.Min-1e-9 || e.Interval.High > f.Attainable.Max+1e-9:
			t.Fatalf("%s: interval %+v leaves %+v", f.FigureKey, e.Interval, *f.Attainable)
		case e.Interval.Method == "" || e.Method == "" || e.Interval.Level != 0.95:
			t.Fatalf("%s: no method: %+v", f.FigureKey, e)
		}
	}
	if shown < 500 {
		t.Errorf("only %d figures are shown", shown)
	}
}
