package report

import (
	"math"
	"testing"

	"sipas/survey"
)

// given fills the nine indices of the one-stop evaluation from a table, so that the sums are exact.
func givenWorld(t *testing.T, values map[string]float64) *survey.Release {
	t.Helper()
	w := newWorld(t, setting{units: 3, cases: 1500, seed: 30})
	w.draw(t, 0.5, 30)
	law := *w.in.Frameworks[2]
	w.in.Frameworks[2] = &law
	law.Root.Children = append([]survey.Node(nil), law.Root.Children...)
	for i := range law.Root.Children {
		law.Root.Children[i].Value = &survey.LeafValue{Kind: "given"}
	}
	for node, v := range values {
		w.in.Given = append(w.in.Given, Given{Framework: law.ID, Node: node, Value: v})
	}
	r, _ := computeWorld(t, w)
	return r
}

// The grades begin at 15, 12, 9 and 6, bound included, on the sum of indices that were rounded to one decimal first.
func TestLawGradesAtTheirBounds(t *testing.T) {
	nine := func(rest float64, last float64) map[string]float64 {
		m := map[string]float64{"law9": last}
		for _, n := range []string{"law1", "law2", "law3", "law4", "law5", "law6", "law7", "law8"} {
			m[n] = rest
		}
		return m
	}
	for _, test := range []struct {
		values map[string]float64
		sum    float64
		grade  string
	}{
		{nine(1.7, 1.4), 15, "excellent"},
		{nine(1.7, 1.3), 14.9, "good"},
		{nine(1.4, 0.8), 12, "good"},
		{nine(1.4, 0.7), 11.9, "fair"},
		{nine(1.0, 1.0), 9, "fair"},
		{nine(1.0, 0.9), 8.9, "average"},
		{nine(0.7, 0.4), 6, "average"},
		{nine(0.7, 0.3), 5.9, "weak"},
		{nine(1.74, 1.44), 15, "excellent"}, // each is rounded down to 1.7 and 1.4 before the sum: 15.36 unrounded
		{nine(1.65, 1.4), 15, "excellent"},  // each is rounded up: half away from zero
		{nine(0.64, 1.25), 6.1, "average"},
		{nine(2, 2), 18, "excellent"},
	} {
		f := find(t, givenWorld(t, test.values), survey.FigureKey{Framework: "one-stop-2018", Node: "one-stop"})
		near(t, "sum", f.Estimate.Value, test.sum, 1e-9)
		if f.Grade != test.grade || f.GradeIncomplete {
			t.Errorf("%v of 18 is %s (incomplete: %v), want %s", f.Estimate.Value, f.Grade, f.GradeIncomplete, test.grade)
		}
		if f.Estimate.SE != 0 || f.Estimate.N != 0 {
			t.Errorf("an office's table has an error of %v from %d answers", f.Estimate.SE, f.Estimate.N)
		}
	}
}

// Officers' grades begin at 5 and 3.5 of 10: the same engine with other data.
func TestOfficersGradesAtTheirBounds(t *testing.T) {
	one := 1
	leaf := func(code string) survey.Node {
		return survey.Node{Code: code, Kind: survey.NodeIndicator, Round: &one, Nominal: &survey.Bounds{Max: 2}, Value: &survey.LeafValue{Kind: "given"}}
	}
	officers := &survey.Framework{
		ID: "officers", Version: 1, Measure: survey.Points,
		Grades: []survey.Grade{{Code: "all", From: 5}, {Code: "most", From: 3.5}, {Code: "few", From: 0}},
		Root: survey.Node{Code: "officer", Kind: survey.NodeIndex, Combine: survey.CombineSum, Missing: survey.MissingDrop,
			Children: []survey.Node{leaf("a"), leaf("b"), leaf("c"), leaf("d"), leaf("e")}},
	}
	w := newWorld(t, setting{units: 3, cases: 1500, seed: 31, bare: true})
	w.draw(t, 0.5, 31)
	w.in.Frameworks = append(w.in.Frameworks, officers)
	for _, test := range []struct {
		value float64
		grade string
	}{{1, "all"}, {0.98, "all"}, {0.94, "most"}, {0.7, "most"}, {0.69, "most"}, {0.64, "few"}} {
		w.in.Given = nil
		for _, code := range []string{"a", "b", "c", "d", "e"} {
			w.in.Given = append(w.in.Given, Given{Framework: "officers", Node: code, Value: test.value})
		}
		r, _ := computeWorld(t, w)
		f := find(t, r, survey.FigureKey{Framework: "officers", Node: "officer"})
		if f.Grade != test.grade {
			t.Errorf("five times %v is %v: %s, want %s", test.value, f.Estimate.Value, f.Grade, test.grade)
		}
	}
}

// From citizens alone four of nine indices are there: the sum is shown of what they can reach, and its letter is incomplete.
func TestLawIndicesOfCitizens(t *testing.T) {
	w := newWorld(t, setting{units: 4, cases: 8000, seed: 32})
	w.draw(t, 0.6, 32)
	unit := survey.Domain{Unit: survey.UnitID(unitName(1))}
	w.in.Given = []Given{{Framework: "one-stop-2018", Node: "law5", Domain: unit, Value: 1.96}}
	r, _ := computeWorld(t, w)
	sum := 0.0
	for _, code := range []string{"law1", "law3", "law4", "law7"} {
		f := find(t, r, survey.FigureKey{Framework: "one-stop-2018", Node: code})
		if f.Estimate.Value != math.Round(f.Estimate.Value*10)/10 {
			t.Errorf("%s is %v, not rounded to one decimal", code, f.Estimate.Value)
		}
		if len(f.Shares) != 3 {
			t.Errorf("%s has shares %v", code, f.Shares)
		}
		mean := 0.0
		for _, s := range f.Shares {
			mean += float64(s.Code) * s.Percent / 100
		}
		near(t, code, f.Estimate.Value, mean, 0.05+1e-3)
		sum += f.Estimate.Value
	}
	f := find(t, r, survey.FigureKey{Framework: "one-stop-2018", Node: "one-stop"})
	near(t, "sum", f.Estimate.Value, sum, 1e-9)
	if f.Attainable == nil || f.Attainable.Max != 8 || f.Nominal.Max != 18 || !f.GradeIncomplete || f.Grade == "" {
		t.Errorf("whole: %+v", f)
	}
	if p, ok := PercentOfAttainable(f); !ok || math.Abs(p-100*sum/8) > 1e-9 {
		t.Errorf("%v per cent of what can be reached", p)
	}
	// The unit has one index more, from the office's table, without error and rounded like the others.
	u := find(t, r, survey.FigureKey{Framework: "one-stop-2018", Node: "one-stop", Domain: unit})
	if u.State != survey.StateProvisional || u.Attainable.Max != 10 || !u.GradeIncomplete {
		t.Errorf("unit: %+v", u)
	}
	near(t, "given index", find(t, r, survey.FigureKey{Framework: "one-stop-2018", Node: "law5", Domain: unit}).Estimate.Value, 2, 0)
}
