package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sipas/analysis"
	"sipas/survey"
)

// putRelease stores a published release of a wave with one figure of the service part for a unit.
func putRelease(t *testing.T, ctx context.Context, stored *dataDir, wave survey.WaveID, unit survey.UnitID, value float64) {
	t.Helper()
	r := &survey.Release{ID: "r-" + string(wave), Wave: wave, State: survey.StatePublished, MadeAt: deskNow, Rules: survey.DefaultRules()}
	for _, u := range []survey.UnitID{"", unit} {
		r.Figures = append(r.Figures, survey.Figure{
			FigureKey: survey.FigureKey{Framework: "sipas-2022", Node: "II", Domain: survey.Domain{Unit: u}, Weighting: survey.Weighted, Basis: survey.BasisInvited},
			Measure:   survey.Percent, State: survey.StatePublished,
			Estimate: analysis.Estimate{Value: value, SE: 1, N: 200, DF: 150, Population: 900, EffectiveN: 180, DesignEffect: 1.1, Interval: analysis.Interval{Level: 0.95}},
		})
	}
	r.Number = 1
	if _, err := stored.db.PublishRelease(ctx, survey.CommandLine(), r); err != nil {
		t.Fatal(err)
	}
}

// Two waves are compared through the command, a changed framework is refused, and every format says the same.
func TestCompareCommand(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	d.open(func(ctx context.Context, stored *dataDir) {
		w, err := stored.db.Wave(ctx, "q3")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []struct {
			id       survey.WaveID
			from, to survey.Day
			frame    string
			value    float64
		}{{"q2", "2026-04-01", "2026-06-30", "sipas-2022", 80}, {"y2021", "2021-01-01", "2021-12-31", "sipas-2017", 87}} {
			earlier := *w
			earlier.ID, earlier.From, earlier.To, earlier.Targets = o.id, o.from, o.to, nil
			earlier.Frameworks = []survey.FrameworkRef{{ID: o.frame, Version: 1}}
			if err := stored.db.CreateWave(ctx, survey.CommandLine(), &earlier); err != nil {
				t.Fatal(err)
			}
			putRelease(t, ctx, stored, o.id, "25459@2025-07-01", o.value)
		}
		putRelease(t, ctx, stored, "q3", "25459@2025-07-01", 84)
	})
	table := d.must("compare", "--wave", "q3", "--with", "q2").stdout
	for _, part := range []string{"2 of 2 figures compare", "+4.00", "84.00"} {
		if !strings.Contains(table, part) {
			t.Errorf("the table lacks %q:\n%s", part, table)
		}
	}
	var doc struct{ Changes []survey.Change }
	if err := json.Unmarshal([]byte(d.must("compare", "--wave", "q3", "--with", "q2", "--unit", "25459@2025-07-01", "--format", "json").stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Changes) != 1 || *doc.Changes[0].Change.Value != 4 || doc.Changes[0].State != survey.ChangeComparable {
		t.Errorf("%+v", doc.Changes)
	}
	refused := d.must("compare", "--wave", "q3", "--with", "y2021", "--format", "csv").stdout
	if !strings.Contains(refused, ",refused,framework sipas-2022/1,") || strings.Contains(refused, "-3") {
		t.Errorf("SIPAS of 2021 against 2026: %s", refused)
	}
	d.open(func(ctx context.Context, stored *dataDir) {
		r, err := stored.db.Release(ctx, "q3", survey.StatePublished)
		if err != nil {
			t.Fatal(err)
		}
		r.ID, r.Number, r.Supersedes, r.Reason = "r-q3-2", 2, 1, "The register was completed."
		for i := range r.Figures {
			r.Figures[i].Estimate.Value += 2
		}
		if _, err := stored.db.PublishRelease(ctx, survey.CommandLine(), r); err != nil {
			t.Fatal(err)
		}
	})
	for want, args := range map[string][]string{
		"+2.00": {"compare", "--wave", "q3", "--release", "2", "--with-release", "1"},
		"+4.00": {"compare", "--wave", "q3", "--release", "1", "--with", "q2", "--with-release", "1"},
		"+6.00": {"compare", "--wave", "q3", "--with", "q2"},
	} {
		if got := d.must(args...).stdout; !strings.Contains(got, want) {
			t.Errorf("%v lacks %s:\n%s", args, want, got)
		}
	}
	for want, args := range map[string][]string{
		"no published release 3": {"compare", "--wave", "q3", "--release", "3", "--with", "q2"},
		"Both sides are release": {"compare", "--wave", "q3", "--with-release", "2"},
		"no published release":   {"compare", "--wave", "q3", "--with", "q3", "--live"},
		"with which wave":        {"compare", "--wave", "q3"},
		"sipas wave list":        {"compare", "--wave", "q3", "--with", "q9"},
		"two units of one":       {"compare", "--wave", "q3", "--with-unit", "x"},
	} {
		if want == "no published release" {
			want = "no figures yet" // q3 was never computed
		}
		if r := d.try("", args...); r.code == exitDone || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: exit %d: %s", args, r.code, r.stderr)
		}
	}
}

// The past of a province of 2025 is its parts with the weights that were asked for, and never without asking.
func TestMergedProvince(t *testing.T) {
	t.Parallel()
	weights := filepath.Join(t.TempDir(), "weights.csv")
	if err := os.WriteFile(weights, []byte("province,weight\nTây Ninh,1169165\nLong An,1688547\nHà Nội,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	given := runPAPI(t, papiCmd{Year: 2019, Province: "Tây Ninh", Merged: true, Weights: weights, Format: "json", Lang: "en"})
	var m mergedDocument
	if err := json.Unmarshal([]byte(given), &m); err != nil {
		t.Fatal(err)
	}
	if m.State != survey.ChangeMarked || len(m.Parts) != 2 || m.Parts[0].Weight != 1169165 || m.Parts[1].Weight != 1688547 {
		t.Fatalf("parts %+v", m.Parts)
	}
	total := m.Nodes[0]
	if want := (1169165**total.Parts[0] + 1688547**total.Parts[1]) / (1169165 + 1688547); total.Score == nil || *total.Score-want > 1e-9 || want-*total.Score > 1e-9 {
		t.Errorf("total %v, want %v", total.Score, want)
	}
	if total.Interval == nil || total.Change != nil || total.ChangeReason == "" {
		t.Errorf("2019 breaks with 2018 and has an interval of its own: %+v", total)
	}
	for _, n := range m.Nodes {
		if n.Code == "7.1" && (n.Change != nil || n.ChangeReason == "") {
			t.Errorf("7.1 breaks in 2019: %+v", n)
		}
	}
	// A part that was withheld takes the whole with it: Bắc Ninh in 2022 is part of Bắc Ninh and Bắc Giang.
	hidden := runPAPI(t, papiCmd{Year: 2022, Province: "Bắc Ninh", Merged: true, Weights: "equal", Format: "table", Lang: "vi"})
	if !strings.Contains(hidden, "Không nêu vì") || strings.Contains(hidden, "NaN") {
		t.Errorf("a withheld part is not said:\n%s", hidden)
	}
	// A unit of one part is that part.
	one := runPAPI(t, papiCmd{Year: 2020, Province: "Hà Nội", Merged: true, Weights: weights, Format: "csv", Lang: "en"})
	plain := runPAPI(t, papiCmd{Year: 2020, Province: "Hà Nội", Format: "csv", Lang: "en"})
	field := func(text string, n int) string { return strings.Split(strings.Split(text, "\n")[1], ",")[n] }
	if field(one, 4) != field(plain, 5) {
		t.Errorf("Hanoi is %s, and %s by itself", field(one, 4), field(plain, 5))
	}
	for _, c := range []papiCmd{{Year: 2019, Province: "Tây Ninh", Merged: true}, {Year: 2019, Province: "Tây Ninh", Weights: "equal"}} {
		if err := c.Run(&app{}); err == nil {
			t.Errorf("%+v: weights were assumed or ignored", c)
		}
	}
}
