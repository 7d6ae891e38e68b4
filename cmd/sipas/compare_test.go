package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sipas/analysis"
	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
	"sipas/survey/store/sqlite"
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
	r.Recipe = recipeOf(t, ctx, stored, wave)
	if _, err := stored.db.PublishRelease(ctx, survey.CommandLine(), r); err != nil {
		t.Fatal(err)
	}
}

// recipeOf names what a wave asks and scores today, as a release does that is made today.
func recipeOf(t *testing.T, ctx context.Context, stored *dataDir, wave survey.WaveID) *survey.Recipe {
	t.Helper()
	w, err := stored.db.Wave(ctx, wave)
	if err != nil {
		t.Fatal(err)
	}
	recipe := new(survey.Recipe)
	for _, ref := range w.Instruments {
		sum, err := stored.db.InstrumentHash(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		recipe.Instruments = append(recipe.Instruments, survey.DocumentHash{ID: ref.ID, Version: ref.Version, SHA256: sum})
	}
	for _, ref := range w.Frameworks {
		sum, err := stored.db.FrameworkHash(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		recipe.Frameworks = append(recipe.Frameworks, survey.DocumentHash{ID: ref.ID, Version: ref.Version, SHA256: sum})
	}
	return recipe
}

// A release is held against another by what it was made of, and not by what its wave asks by now; where it does not say, that is marked.
func TestCompareByWhatWasAsked(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	const unit survey.UnitID = "25459@2025-07-01"
	d.open(func(ctx context.Context, stored *dataDir) {
		w, err := stored.db.Wave(ctx, "q3")
		if err != nil {
			t.Fatal(err)
		}
		earlier := *w
		earlier.ID, earlier.From, earlier.To = "q2", "2026-04-01", "2026-06-30"
		if err := stored.db.CreateWave(ctx, survey.CommandLine(), &earlier); err != nil {
			t.Fatal(err)
		}
		putRelease(t, ctx, stored, "q2", unit, 80)
	})
	doc, _ := data.Instrument("kiosk-2026")
	in, err := survey.ParseInstrument(doc)
	if err != nil {
		t.Fatal(err)
	}
	item, _ := in.Item("s24")
	reworded := strings.NewReplacer(`"version": 1`, `"version": 2`, item.Text[survey.Vietnamese], "Một câu hỏi khác hẳn?").Replace(string(doc))
	if reworded == strings.Replace(string(doc), `"version": 1`, `"version": 2`, 1) {
		t.Fatal("the question was not reworded")
	}
	second := d.file("second.json", reworded)
	for _, wave := range []string{"q2", "q3"} {
		d.must("wave", "instrument", wave, "kiosk-2026/2", "--file", second)
	}
	d.open(func(ctx context.Context, stored *dataDir) { putRelease(t, ctx, stored, "q3", unit, 84) })
	if r := d.must("compare", "--wave", "q3", "--with", "q2", "--format", "csv").stdout; strings.Count(r, ",refused,wording s24,") != 2 {
		t.Errorf("across a change of words: %s", r)
	}

	// A release that does not say what it was made of.
	d.open(func(ctx context.Context, stored *dataDir) {
		r, err := stored.db.Release(ctx, "q2", survey.StatePublished)
		if err != nil {
			t.Fatal(err)
		}
		r.ID, r.Number, r.Supersedes, r.Reason, r.Recipe = "r-q2-2", 2, 1, "The register was completed.", nil
		if _, err := stored.db.PublishRelease(ctx, survey.CommandLine(), r); err != nil {
			t.Fatal(err)
		}
	})
	if r := d.must("compare", "--wave", "q3", "--with", "q2", "--format", "csv").stdout; strings.Count(r, ",marked,documents_today,") != 2 {
		t.Errorf("without a recipe: %s", r)
	}
}

// A merger while a wave is open changes no past: its releases hold what their parts weigh, and what was shown comes up to date.
func TestMergerInAnOpenWave(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answer(300, "1")
	d.must("publish", "--wave", "q3")
	later := func(after time.Duration) (r *survey.Release, changed bool) {
		d.open(func(ctx context.Context, stored *dataDir) {
			var err error
			if r, changed, err = report.Refresh(ctx, stored.db, survey.CommandLine(), "q3", "v", deskNow.Add(after), nil); err != nil {
				t.Fatal(err)
			}
		})
		return r, changed
	}
	later(0)
	// One answer goes: no count of fifteen tells it, and it is gone from the figures after an hour.
	d.open(func(ctx context.Context, stored *dataDir) {
		stop := errors.New("one is enough")
		var id survey.ResponseID
		err := stored.db.EachResponse(ctx, "q3", func(r *survey.Response) error { id = r.ID; return stop })
		if err != stop {
			t.Fatal(err)
		}
		if err := stored.db.WithdrawResponse(ctx, id); err != nil {
			t.Fatal(err)
		}
	})
	if _, changed := later(time.Minute); changed {
		t.Error("one answer went, and all was computed at once")
	}
	if _, changed := later(2 * time.Hour); !changed {
		t.Error("one answer went, and stayed for two hours")
	}

	// The merger comes between the register and the answers of one loading.
	d.open(func(ctx context.Context, stored *dataDir) {
		from := &disturbed{DB: stored.db, with: func() { d.merge(ctx, stored) }}
		in, err := report.Load(ctx, from, "q3")
		if err != nil || from.readings != 2 {
			t.Fatalf("%d readings: %v", from.readings, err)
		}
		for _, c := range in.Register {
			if c.Unit == "25459@2025-07-01" {
				t.Errorf("the register is that before the merger: %+v", c)
			}
		}
		if n := in.Rows.Len(); n == 0 || n > 300 {
			t.Errorf("%d rows", n)
		}
		every := &disturbed{DB: stored.db, always: true, with: func() {
			if _, err := stored.db.PutTransactions(ctx, survey.CommandLine(), "q3", []survey.Transaction{{
				Dossier: "x-" + string(survey.NewResponseID()), Procedure: "1", Field: "Đất đai", Unit: "25480@2025-07-01", Channel: survey.ChannelCounter, Received: "2026-08-01",
			}}); err != nil {
				t.Fatal(err)
			}
		}}
		if _, err := report.Load(ctx, every, "q3"); !survey.IsCode(err, survey.CodeUnavailable) {
			t.Errorf("a register that changes all the time: %v", err)
		}
	})
	if _, changed := later(2*time.Hour + time.Minute); !changed {
		t.Error("the register was merged, and nothing was computed")
	}
	d.must("publish", "--wave", "q3", "--reason", "two communes were merged")
	affected := map[survey.UnitID]float64{}
	for _, f := range d.published().Flags {
		affected[f.Figure.Domain.Unit] = f.Affected
	}
	if a, b := affected["25459@2025-07-01"], affected["25480@2025-07-01"]; a != 200 || b < 100 || b > 105 {
		t.Errorf("after the merger %v and %v transactions: the part has lost its own, or the successor counts them twice", a, b)
	}

	// The past of the successor is its parts, by what they weighed in each release.
	d.must("wave", "create", d.file("q4.json", strings.NewReplacer(`"q3"`, `"q4"`, `2026-07-01", "to": "2026-09-30`, `2026-10-01", "to": "2026-12-31`).Replace(deskWaveDocument)))
	d.open(func(ctx context.Context, stored *dataDir) { putRelease(t, ctx, stored, "q4", "25480@2025-07-01", 84) })
	for _, release := range []string{"1", "2"} {
		var doc struct{ Changes []survey.Change }
		out := d.must("compare", "--wave", "q4", "--with", "q3", "--with-release", release, "--unit", "25480@2025-07-01", "--format", "json").stdout
		if err := json.Unmarshal([]byte(out), &doc); err != nil {
			t.Fatal(err)
		}
		for _, c := range doc.Changes {
			if c.Node != "II" {
				continue
			}
			if len(c.From.Parts) != 2 || c.From.Parts[0].Weight != 200 || c.From.Parts[1].Weight != 100 || c.Change.Value == nil {
				t.Errorf("release %s: %s with the parts %+v for %+v", release, c.State, c.From.Parts, c.Reasons)
			}
		}
	}
}

// merge merges the first commune of a desk's register into the second.
func (d *desk) merge(ctx context.Context, stored *dataDir) {
	d.t.Helper()
	if _, err := stored.db.MergeUnits(ctx, survey.CommandLine(), []survey.UnitID{"25459@2025-07-01"}, "25480@2025-07-01", "2026-09-01"); err != nil {
		d.t.Fatal(err)
	}
}

// disturbed is a store in which something happens just before the answers are read: the first time, or always.
type disturbed struct {
	*sqlite.DB
	with     func()
	always   bool
	readings int
}

func (s *disturbed) EachResponse(ctx context.Context, wave survey.WaveID, yield func(*survey.Response) error) error {
	if s.readings++; s.always || s.readings == 1 {
		s.with()
	}
	return s.DB.EachResponse(ctx, wave, yield)
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
	for _, c := range []struct{ heads, args string }{
		{"q3, release 2 less q3, release 1:", "--wave q3 --release 2 --with-release 1"},
		{"q3, release 1 less q3, release 2:", "--wave q3 --release 1 --with-release 2"},
		{"q3, công bố lần 2 trừ q2, công bố lần 1:", "--wave q3 --with q2 --lang vi"},
		{"q3, release 2: 25459@2025-07-01 less 25480@2025-07-01:", "--wave q3 --unit 25459@2025-07-01 --with-unit 25480@2025-07-01"},
	} {
		got := d.must(append([]string{"compare"}, strings.Fields(c.args)...)...).stdout
		title, table, _ := strings.Cut(got, "\n\n")
		now, then, _ := strings.Cut(strings.TrimSuffix(c.heads, ":"), " less ")
		if c.args == "--wave q3 --unit 25459@2025-07-01 --with-unit 25480@2025-07-01" {
			_, now, _ = strings.Cut(now, ": ")
			for id, name := range map[string]*string{"25459@2025-07-01": &now, "25480@2025-07-01": &then} {
				*name = nameOf(t, d, survey.UnitID(id))
			}
			c.heads = "q3, release 2: " + now + " less " + then + ":"
		}
		head, _, _ := strings.Cut(table, "\n")
		if !strings.HasPrefix(title, c.heads) || strings.Contains(c.heads, " less ") && strings.Index(head, then) >= strings.LastIndex(head, now) {
			t.Errorf("%s is headed\n%s\n%s", c.args, title, head)
		}
	}
	if r := d.try("", "compare", "--wave", "q3", "--with", "q2", "--unit", "25480@2025-07-01"); !strings.Contains(r.stderr, "no figures of wave q3 for unit 25480@2025-07-01") {
		t.Errorf("nothing to compare: %s", r.stderr)
	}
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

func nameOf(t *testing.T, d *desk, id survey.UnitID) (name string) {
	t.Helper()
	d.open(func(ctx context.Context, stored *dataDir) {
		units, err := stored.db.Units(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range units {
			if u.ID == id {
				name = u.Name.In(survey.English)
			}
		}
	})
	return name
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
	twice := filepath.Join(t.TempDir(), "twice.csv")
	if err := os.WriteFile(twice, []byte("Tây Ninh,1169165\nLong An,1688547\nTỉnh Long An,5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&papiCmd{Year: 2019, Province: "Tây Ninh", Merged: true, Weights: twice, Format: "json", Lang: "en"}).Run(&app{}); err == nil || !strings.Contains(err.Error(), "two weights") {
		t.Errorf("a province in two spellings: %v", err)
	}
	for _, c := range []papiCmd{{Year: 2019, Province: "Tây Ninh", Merged: true}, {Year: 2019, Province: "Tây Ninh", Weights: "equal"}} {
		if err := c.Run(&app{}); err == nil {
			t.Errorf("%+v: weights were assumed or ignored", c)
		}
	}
}
