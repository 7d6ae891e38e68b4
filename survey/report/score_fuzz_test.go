package report_test

import (
	"math"
	"testing"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
)

// Whatever document is whole can be compiled or is refused with the code of a bad document; and what is compiled scores a row of the
// lowest values that it can have, and an empty row, without a number that is none.
func FuzzScorer(f *testing.F) {
	for _, id := range data.Frameworks() {
		doc, _ := data.Framework(id)
		f.Add(doc)
	}
	f.Add([]byte(everyKind))
	f.Add([]byte(schools))
	f.Fuzz(func(t *testing.T, doc []byte) {
		framework, err := survey.ParseFramework(doc)
		if err != nil {
			return
		}
		s, err := report.NewScorer(framework)
		if err != nil {
			if !survey.IsCode(err, survey.CodeDocumentInvalid) {
				t.Fatal(err)
			}
			return
		}
		var names []string
		lowest := map[string]float64{}
		for _, c := range s.Columns() {
			names = append(names, c.Name)
			if c.Bounds != nil && !c.Words && !math.IsInf(c.Bounds.Min, 0) {
				lowest[c.Name] = c.Bounds.Min
			}
		}
		plan := s.Plan(names)
		for _, numbers := range []map[string]float64{nil, lowest} {
			r, faults := plan.Read(report.TableRow{Numbers: numbers})
			if len(faults) > 0 {
				continue
			}
			u, err := s.Score("x", r)
			if err != nil {
				t.Fatalf("%v\n%s", err, doc)
			}
			for _, n := range u.Nodes {
				if n.Score == nil && (n.Reason == "" || n.State == report.NodeComputed) {
					t.Fatalf("%s has no score, and nobody says why: %+v", n.Code, n)
				}
			}
		}
	})
}
