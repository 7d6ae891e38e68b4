package main

import (
	"bytes"
	"strings"
	"testing"

	"sipas/analysis"
	"sipas/survey"
	"sipas/survey/export"
)

// The table prints the headline once more without the answers that are marked suspect, for the whole register only.
func TestScoreWithoutSuspect(t *testing.T) {
	f := &survey.Framework{ID: "f", Version: 1, Root: survey.Node{Code: "I", Label: survey.Text{survey.English: "Service index", survey.Vietnamese: "Chỉ số"}}}
	figure := func(basis survey.Basis, value float64) survey.Figure {
		return survey.Figure{
			FigureKey: survey.FigureKey{Framework: "f", Node: "I", Weighting: survey.Weighted, Basis: basis}, State: survey.StateProvisional,
			Estimate: analysis.Estimate{Value: value, Interval: analysis.Interval{Low: value - 1, High: value + 1, Level: 0.95, Method: "t"}},
		}
	}
	r := &survey.Release{Wave: "w", WithoutSuspect: []survey.Comparison{
		{Suspect: 23, With: figure(survey.BasisInvited, 81.5), Without: figure(survey.BasisInvited, 81.2)},
		{Suspect: 71, With: figure(survey.BasisWithWalkIns, 82.5), Without: figure(survey.BasisWithWalkIns, 83)},
	}}
	var out bytes.Buffer
	table := scoreTable{out: &out, release: r, names: export.NamesOf(nil, []*survey.Framework{f}), lang: survey.English}
	table.withoutSuspect()
	for _, want := range []string{
		"Without the 23 suspect answers: Service index 81.20 (80.20–82.20), with them 81.50 (80.50–82.50), -0.30\n",
		"Without the 71 suspect answers, with walk-ins*: Service index 83.00 (82.00–84.00), with them 82.50 (81.50–83.50), +0.50\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	out.Reset()
	table.domains.fields = []string{"Hộ tịch"}
	table.withoutSuspect()
	if out.Len() > 0 {
		t.Errorf("for one field it says %s", out.String())
	}
}
