package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sipas/survey"
)

// answer makes a wave over n transactions of which the fraction is invited, and lets most of the invited answer, partly at a
// kiosk, and some walk in. It returns the ids of all responses. Late dossiers are less satisfied.
func (d *desk) answer(n int, fraction string) []survey.ResponseID {
	d.t.Helper()
	d.wave()
	d.register(n)
	path := filepath.Join(d.tmp, "tokens.csv")
	d.must("invite", "--wave", "q3", "--fraction", fraction, "--seed", "5", "--out", path)
	d.must("point", "add", "Quầy 1", "--unit", "25459")
	list := tokenList(d.t.(*testing.T), path)
	src := rand.New(rand.NewPCG(1, 2))
	var ids []survey.ResponseID
	d.open(func(ctx context.Context, data *dataDir) {
		key, err := data.keys.Key(deskWave)
		if err != nil {
			d.t.Fatal(err)
		}
		forms := map[survey.Mode]*survey.Instrument{}
		for _, ref := range []survey.InstrumentRef{{ID: "kiosk-2026", Version: 1}, {ID: "web-2026", Version: 1}} {
			in, err := data.db.Instrument(ctx, ref)
			if err != nil {
				d.t.Fatal(err)
			}
			forms[in.Mode] = in
		}
		points, err := data.db.Points(ctx)
		if err != nil {
			d.t.Fatal(err)
		}
		save := func(r survey.Response, point survey.PointID, good int) {
			in := forms[r.Mode]
			r.Wave, r.Instrument, r.Revision, r.Language, r.Disposition = deskWave, in.Ref(), 1, survey.Vietnamese, survey.Complete
			r.Answers = map[string]int{}
			for _, item := range in.Asked(r.Modules) {
				scale, _ := in.Scale(item.Scale)
				codes := scale.Levels
				if src.IntN(100) < good {
					codes = codes[:2] // the best stand on top
				}
				r.Answers[item.Code] = codes[src.IntN(len(codes))].Code
			}
			comment := ""
			if len(ids)%10 == 0 {
				comment = fmt.Sprintf("=remark(%d)", len(ids))
			}
			r.ContentHash = key.ContentHash(&r, comment)
			if _, err := data.db.SaveReceipt(ctx, survey.Receipt{Response: r, Comment: comment, Point: point, Day: "2026-10-02"}); err != nil {
				d.t.Fatal(err)
			}
			ids = append(ids, r.ID)
		}
		for i, l := range list {
			if src.IntN(100) < 30 {
				continue
			}
			inv, err := data.db.Invitation(ctx, l.Token.Hash())
			if err != nil {
				d.t.Fatal(err)
			}
			r := survey.Response{ID: key.ResponseID(l.Token), Mode: survey.ModeWeb, Source: survey.Invited, Class: inv.Class}
			if i%3 == 0 {
				r.Mode = survey.ModeKiosk
			}
			r.Modules = forms[r.Mode].DrawModules(key.ModuleDraw(l.Token))
			save(r, "", 60)
		}
		for range 40 {
			id := survey.NewResponseID()
			save(survey.Response{ID: id, Mode: survey.ModeKiosk, Source: survey.WalkIn, Unit: "25459@2025-07-01", Month: "2026-08",
				Modules: forms[survey.ModeKiosk].DrawModules(survey.ModuleDrawOf(id))}, points[0].ID, 90)
		}
	})
	return ids
}

// The three forms of score speak of the same release, and every figure in them has its base, interval and method or says why not.
func TestScore(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answer(900, "0.6")

	table := d.must("score", "--wave", "q3").stdout
	for _, want := range []string{"WEIGHTED", "UNWEIGHTED", "WITH WALK-INS*", "not a probability sample", "Weighting:", "KISH DEFF", "40 walk-ins", "Flags:"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}

	var release survey.Release
	raw := d.must("score", "--wave", "q3", "--format", "json").stdout
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&release); err != nil {
		t.Fatal(err)
	}
	if release.Wave != deskWave || release.State != survey.StateProvisional || len(release.Figures) == 0 || len(release.DataHash) != 64 {
		t.Fatalf("release %s of %s, %d figures", release.State, release.Wave, len(release.Figures))
	}
	if !strings.Contains(table, release.DataHash[:12]) {
		t.Error("the table is of another release than the json")
	}
	headline := ""
	for _, f := range release.Figures {
		if f.State == survey.StateWithheld || !f.Estimate.Defined() {
			continue
		}
		if f.Estimate.N < 15 || f.Estimate.Interval.Method == "" && f.Estimate.SE > 0 || f.Estimate.Method == "" {
			t.Errorf("figure %s: %+v", f.FigureKey, f.Estimate)
		}
		if f.Framework == "sipas-2022" && f.Domain == (survey.Domain{}) && f.Weighting == survey.Weighted && f.Basis == survey.BasisInvited && headline == "" {
			headline = fmt.Sprintf("%.2f", f.Estimate.Value)
		}
	}
	if headline == "" || !strings.Contains(table, headline) {
		t.Errorf("the headline %q is not in the table", headline)
	}

	rows := csvRows(t, []byte(d.must("score", "--wave", "q3", "--format", "csv").stdout))
	if len(rows)-1 != len(release.Figures) {
		t.Fatalf("csv has %d figures, json %d", len(rows)-1, len(release.Figures))
	}
	estimate := slices.Index(rows[0], "estimate")
	for i, f := range release.Figures {
		want := ""
		if f.State != survey.StateWithheld && f.Estimate.Defined() {
			want = strconv.FormatFloat(f.Estimate.Value, 'g', -1, 64)
		}
		if got := rows[i+1][estimate]; got != want {
			t.Errorf("figure %s is %s in csv and %s in json", f.FigureKey, got, want)
		}
	}
}

// --unit and --field leave the figures of these parts only.
func TestScoreOfParts(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answer(900, "0.6")
	for _, c := range []struct {
		args []string
		want survey.Domain
	}{
		{[]string{"--unit", "25459"}, survey.Domain{Unit: "25459@2025-07-01"}},
		{[]string{"--field", "Đất đai"}, survey.Domain{Field: "Đất đai"}},
	} {
		var release survey.Release
		args := append([]string{"score", "--wave", "q3", "--format", "json"}, c.args...)
		if err := json.Unmarshal([]byte(d.must(args...).stdout), &release); err != nil {
			t.Fatal(err)
		}
		if len(release.Figures) == 0 {
			t.Errorf("%v: no figures", c.args)
		}
		for _, f := range release.Figures {
			if f.Domain != c.want {
				t.Errorf("%v: a figure of %+v", c.args, f.Domain)
			}
		}
		table := d.must(append([]string{"score", "--wave", "q3", "--lang", "vi"}, c.args...)...).stdout
		if !strings.Contains(table, map[bool]string{true: ", Đất đai", false: ", Phường Tân Ninh"}[c.want.Unit == ""]) {
			t.Errorf("%v:\n%s", c.args, table)
		}
	}
	for _, args := range [][]string{{"--unit", "99999"}, {"--unit", "00004"}, {"--field", "nothing"}} {
		if r := d.try("", append([]string{"score", "--wave", "q3"}, args...)...); r.code != exitError {
			t.Errorf("%v: exit %d", args, r.code)
		}
	}
}

func csvRows(t *testing.T, raw []byte) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var longHex = regexp.MustCompile(`[0-9a-f]{32}`)

// The exported files name no response, their weights speak for the whole register, and nothing in them is a formula.
func TestExport(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.answer(900, "0.6")
	out := filepath.Join(d.tmp, "out")
	d.must("export", "--wave", "q3", "--out", out)
	d.must("export", "--wave", "q3", "--out", out)
	names := []string{"codebook.csv", "codebook.md", "comments.csv", "figures.csv", "figures.xlsx", "flags.csv", "responses.csv", "weighting.csv"}
	files := map[string][]byte{}
	entries, err := os.ReadDir(out)
	if err != nil || len(entries) != len(names) {
		t.Fatalf("%v %v", entries, err)
	}
	for _, name := range names {
		info, err := os.Stat(filepath.Join(out, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%s: %v %v", name, info.Mode(), err)
		}
		if files[name], err = os.ReadFile(filepath.Join(out, name)); err != nil {
			t.Fatal(err)
		}
	}

	rows := csvRows(t, files["responses.csv"])
	header, rows := rows[0], rows[1:]
	if len(rows) != len(ids) {
		t.Errorf("%d rows of %d responses", len(rows), len(ids))
	}
	for _, id := range ids {
		if bytes.Contains(files["responses.csv"], []byte(id)) || bytes.Contains(files["comments.csv"], []byte(id)) {
			t.Fatalf("%s is in a file", id)
		}
	}
	if m := longHex.Find(files["responses.csv"]); m != nil {
		t.Errorf("%s looks like an id", m)
	}
	column := func(name string) int {
		i := slices.Index(header, name)
		if i < 0 {
			t.Fatalf("no column %s in %v", name, header)
		}
		return i
	}
	sum, fpc, walkIns := 0.0, map[string]string{}, 0
	for _, r := range rows {
		if w := r[column("weight_core")]; w != "" {
			x, err := strconv.ParseFloat(w, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += x
			stratum := r[column("stratum")]
			if f, known := fpc[stratum]; known && f != r[column("fpc")] || r[column("fpc")] == "" {
				t.Errorf("stratum %s has the populations %q and %q", stratum, f, r[column("fpc")])
			}
			fpc[stratum] = r[column("fpc")]
		}
		if r[column("source")] == "walk_in" {
			walkIns++
			if r[column("weight_core")] != "" || r[column("lateness")] != "" {
				t.Errorf("a walk-in has a sampling weight or a class: %v", r)
			}
		}
	}
	population := 0.0
	for _, n := range fpc {
		x, err := strconv.ParseFloat(n, 64)
		if err != nil {
			t.Fatal(err)
		}
		population += x
	}
	if population != 900 {
		t.Errorf("the strata hold %v of the register's 900 transactions", population)
	}
	if math.Abs(sum-900) > 0.01 || walkIns != 40 {
		t.Errorf("the weights of the invited sum to %v, not to the register's 900; %d walk-ins", sum, walkIns)
	}

	var described []string
	for _, r := range csvRows(t, files["codebook.csv"])[1:] {
		if r[1] != "code" {
			described = append(described, r[0])
		}
	}
	if !slices.Equal(described, header) {
		t.Errorf("the codebook describes %v\nthe file has %v", described, header)
	}
	comments := csvRows(t, files["comments.csv"])[1:]
	if len(comments) == 0 {
		t.Error("no comments")
	}
	for _, c := range comments {
		if !strings.HasPrefix(c[len(c)-1], "'=remark(") {
			t.Errorf("comment %q is not guarded", c[len(c)-1])
		}
	}
	d.open(func(ctx context.Context, data *dataDir) {
		trail, err := data.db.Trail(ctx, 100)
		if err != nil {
			t.Fatal(err)
		}
		exports := 0
		for _, e := range trail {
			if e.Act == string(survey.ActExportRows) && e.Subject == "q3" {
				exports++
			}
		}
		if exports != 2 {
			t.Errorf("%d exports in the trail", exports)
		}
	})
}
