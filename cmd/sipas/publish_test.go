package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/report"
	"sipas/survey/store/sqlite"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// published is what everybody can read of a desk's newest release.
func (d *desk) published() *survey.Release {
	d.t.Helper()
	var r *survey.Release
	d.open(func(ctx context.Context, data *dataDir) {
		var err error
		if r, err = data.db.Release(ctx, deskWave, survey.StatePublished); err != nil {
			d.t.Fatal(err)
		}
	})
	return r
}

// vault is every row of the tables of releases and of their records, as the file has them.
func (d *desk) vault() []string {
	d.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(d.dir, databaseName)+"?mode=ro")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT id || '|' || wave || '|' || made_at || '|' || document FROM release WHERE state = 'published'
		UNION ALL SELECT position || '|' || release || '|' || wave || '|' || number || '|' || content_hash || '|' || document_hash || '|' || previous || '|' || seal
		FROM publication ORDER BY 1`)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			d.t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// copyDesk is a second desk with a copy of the first one's data.
func copyDesk(t *testing.T, from *desk) *desk {
	t.Helper()
	to := newDesk(t)
	if err := os.CopyFS(to.dir, os.DirFS(from.dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// Releases are numbered, a later one needs a reason, the same again is nothing new, and two copies of a database give the same
// release at different times and on different numbers of cores.
func TestPublish(t *testing.T) {
	d := newDesk(t)
	d.answer(300, "1")
	twin := copyDesk(t, d)
	first := d.must("publish", "--wave", "q3", "--publisher", "UBND tỉnh Tây Ninh")
	one := d.published()
	if one.Number != 1 || one.Supersedes != 0 || !strings.Contains(first.stdout, "release 1 of q3") || one.Context.Publisher.In(survey.Vietnamese) != "UBND tỉnh Tây Ninh" {
		t.Errorf("release %d supersedes %d; said %s", one.Number, one.Supersedes, first.stdout)
	}
	if len(one.WeightsHash) != 64 || len(one.DataHash) != 64 || len(one.ContentHash) != 64 || len(one.Recipe.Frameworks) != 3 || len(one.Recipe.Instruments) < 1 || len(one.Recipe.Method) < 5 {
		t.Errorf("hashes %q %q %q, recipe %+v", one.WeightsHash, one.DataHash, one.ContentHash, one.Recipe)
	}

	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var stderr strings.Builder
	later := twin.app("", io.Discard, &stderr)
	later.now = func() time.Time { return deskNow.Add(1000 * time.Hour) }
	if code := runAt(context.Background(), []string{"publish", "--wave", "q3", "--publisher", "UBND tỉnh Tây Ninh", "--data", twin.dir}, later); code != exitDone {
		t.Fatalf("exit %d: %s", code, &stderr)
	}
	if two := twin.published(); two.ContentHash != one.ContentHash || two.ID != one.ID || two.MadeAt.Equal(one.MadeAt) {
		t.Errorf("a second making is %s %s of %v, the first %s %s of %v", two.ID, two.ContentHash, two.MadeAt, one.ID, one.ContentHash, one.MadeAt)
	}

	before := d.vault()
	again := d.must("publish", "--wave", "q3", "--json")
	var shown map[string]any
	if err := json.Unmarshal([]byte(again.stdout), &shown); err != nil || shown["id"] != one.ID || !strings.Contains(again.stderr, "Nothing changed since release 1") {
		t.Errorf("again: %v, said %s", err, again.stderr)
	}
	if _, there := shown["weighting"].(map[string]any)["strata"]; there {
		t.Error("the response of single classes is published")
	}
	if diff := cmp.Diff(before, d.vault()); diff != "" {
		t.Errorf("publishing the same changed something:\n%s", diff)
	}

	d.must("import", "transactions", d.file("more.csv", registerHeader+registerLines(9000, 40)), "--wave", "q3")
	for _, reason := range []string{"", "   x  "} {
		if r := d.try("", "publish", "--wave", "q3", "--reason", reason); r.code != exitError || !strings.Contains(r.stderr, "--reason") {
			t.Errorf("reason %q: exit %d, %s", reason, r.code, r.stderr)
		}
	}
	d.must("publish", "--wave", "q3", "--reason", " the register\nwas completed ")
	if next := d.published(); next.Number != 2 || next.Supersedes != 1 || next.Reason != "the register was completed" || next.ContentHash == one.ContentHash {
		t.Errorf("release %d supersedes %d because %q", next.Number, next.Supersedes, next.Reason)
	}
	if r := d.must("verify", "--recompute"); !strings.Contains(r.stdout, "2 releases are as published") || strings.Contains(r.stdout, "not computed again") {
		t.Errorf("verify says %s", r.stdout)
	}
	everyCommandLeavesReleases(t, d)
	empty := newDesk(t)
	empty.wave()
	for wave, want := range map[string]string{"q3": "no register yet", "none": "There is no wave"} {
		if r := empty.try("", "publish", "--wave", wave); r.code != exitError || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit %d, %s", wave, r.code, r.stderr)
		}
	}
}

// everyCommandLeavesReleases runs every command of the program, as kong knows them, on a desk with published releases. A command that is not listed
// here fails the test, so that whoever adds one thinks of it.
func everyCommandLeavesReleases(t *testing.T, d *desk) {
	t.Helper()
	before := d.vault()
	file := func(name, text string) string { return d.file(name, text) }
	data := []string{"--data", d.dir}
	commands := map[string][]string{
		"serve": append([]string{"--addr", "127.0.0.1:0"}, data...), "demo": append([]string{"--addr", "127.0.0.1:0"}, data...),
		"papi": {"--year", "2020"}, "version": {}, "framework list": {}, "framework show": {"sipas-2022"}, "framework check": {file("broken.json", "{}")},
		"framework compare": {"papi-2021", "--from", "2018", "--to", "2024"},
		"estimate":          {file("x.csv", "a,b\n1,2\n3,4\n"), "--mean", "a"}, "weight": {file("x.csv", "a,b\n1,2\n3,4\n"), "--rake", file("m.csv", "variable,level,total\nb,2,3\n"), "--out", filepath.Join(d.tmp, "weights.csv")},
		"import units":        append([]string{file("units.csv", "code,parent,kind,name_vi,name_en,valid_from\n80.TP,80,department,Sở Tư pháp,Department of Justice,2025-07-01\n")}, data...),
		"import transactions": append([]string{file("late.csv", registerHeader+registerLines(9100, 10)), "--wave", "q3"}, data...),
		"invite":              append([]string{"--wave", "q3", "--fraction", "0.5", "--seed", "2", "--base-url", "https://x.example", "--out", filepath.Join(d.tmp, "i.csv")}, data...),
		"score":               append([]string{"--wave", "q3", "--format", "json"}, data...), "export": append([]string{"--wave", "q3", "--out", filepath.Join(d.tmp, "out")}, data...),
		"publish": append([]string{"--wave", "q3", "--reason", "one more for the test"}, data...), "verify": append([]string{"--recompute"}, data...),
		"user add": append([]string{"lan", "--role", "analyst"}, data...), "user list": data, "point add": append([]string{"quay-1", "--unit", "25459"}, data...),
		"point code": append([]string{"quay-1"}, data...), "point list": data, "point revoke": append([]string{"quay-1"}, data...),
		"backup": append([]string{filepath.Join(d.tmp, "b.db")}, data...), "wave create": append([]string{file("w.json", deskWaveDocument)}, data...),
		"wave drop-walk-ins": append([]string{"q3", "--unit", "25459", "--month", "2026-08", "--reason", "presses at installation"}, data...),
		"unit merge":         append([]string{"25465", "--into", "25459", "--day", "2026-09-01"}, data...),
		"compare":            append([]string{"--wave", "q3", "--unit", "25459", "--with-unit", "25465"}, data...),
		"assessment import":  append([]string{file("criteria.csv", "code,appraised\n1,9\n"), "--framework", "par-2022", "--office", "Sở Nội vụ", "--year", "2026"}, data...),
		"assessment list":    data, "assessment export": append([]string{"so-noi-vu-2026", "--out", filepath.Join(d.tmp, "assessment")}, data...),
		"wave instrument": append([]string{"q3", "kiosk-2026/1"}, data...), "wave list": data, "wave close": append([]string{"q3"}, data...),
	}
	parser, err := kong.New(&cli{}, kong.Vars{"default_data": defaultData})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		name := strings.TrimPrefix(leaf.Path(), "sipas ")
		args, known := commands[name]
		if !known {
			t.Errorf("nobody tried \"sipas %s\" on published releases", name)
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		if name == "serve" || name == "demo" {
			cancel() // it opens the data, and ends
		}
		var stdout, stderr strings.Builder
		code := runAt(ctx, append(strings.Fields(name), args...), d.app("", &stdout, &stderr))
		cancel()
		if code == exitUsage {
			t.Errorf("sipas %s %q is not understood: %s", name, args, &stderr)
		}
		after := d.vault()
		for _, row := range before {
			if !slices.Contains(after, row) {
				t.Errorf("\"sipas %s\" changed a published release or its record", name)
			}
		}
		if grown := len(after) - len(before); grown != 0 && name != "publish" {
			t.Errorf("\"sipas %s\" published something", name)
		}
		before = after
	}
}

// chained puts synthetic releases into a desk: three of one wave and one of another, so that the chain crosses waves.
func chained(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.wave()
	d.must("wave", "create", d.file("q4.json", strings.NewReplacer(`"q3"`, `"q4"`, "2026-07-01\", \"to\": \"2026-09-30", "2026-10-01\", \"to\": \"2026-12-31").Replace(deskWaveDocument)))
	d.open(func(ctx context.Context, data *dataDir) {
		sum, err := data.db.FrameworkHash(ctx, survey.FrameworkRef{ID: "sipas-2022", Version: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []struct {
			wave   survey.WaveID
			number int
		}{{"q3", 1}, {"q3", 2}, {"q4", 1}, {"q3", 3}} {
			r := &survey.Release{
				ID: fmt.Sprintf("%s-%d", at.wave, at.number), Wave: at.wave, State: survey.StatePublished, MadeAt: deskNow, Rules: survey.DefaultRules(),
				Number: at.number, Supersedes: at.number - 1, Recipe: &survey.Recipe{Frameworks: []survey.DocumentHash{{ID: "sipas-2022", Version: 1, SHA256: sum}}},
			}
			if at.number > 1 {
				r.Reason = "a correction of the register"
			}
			f := survey.Figure{FigureKey: survey.FigureKey{Framework: "sipas-2022", Node: "II"}, State: survey.StatePublished}
			f.Estimate.Value, f.Estimate.N = 80+float64(at.number), 200
			r.Figures = []survey.Figure{f}
			r.Disclosed = &survey.Disclosed{Wave: at.wave, Epoch: at.number, Release: r.ID, State: r.State, Document: json.RawMessage("{}")}
			if _, err := data.db.PublishRelease(ctx, survey.CommandLine(), r); err != nil {
				t.Fatal(err)
			}
		}
	})
	return d
}

// Whoever changes the file with another program, triggers dropped, is found; whoever rewrites the whole chain is found by the seal that
// was written down.
func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	d := chained(t)
	sound := d.must("verify", "--json")
	var v report.Verification
	if err := json.Unmarshal([]byte(sound.stdout), &v); err != nil || v.Releases != 4 || len(v.Head) != 64 || len(v.Findings) != 0 {
		t.Fatalf("%v %s", err, sound.stdout)
	}
	var seals []survey.Publication
	d.open(func(ctx context.Context, data *dataDir) { seals, _ = data.db.Publications(ctx) })
	repack := func(db *sql.DB, id string, change func(string) string) {
		var text string
		if err := db.QueryRow("SELECT document FROM release WHERE id = $1", id).Scan(&text); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("UPDATE release SET document = $1 WHERE id = $2", squeeze(t, change(unsqueeze(t, text))), id); err != nil {
			t.Fatal(err)
		}
	}
	run := func(db *sql.DB, statements ...string) {
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	raise := func(doc string) string { return strings.Replace(doc, `"estimate":82`, `"estimate":92`, 1) }
	// resealed computes the records anew from a position on, as somebody would who knows the program.
	resealed := func(db *sql.DB, from int) {
		chain := append([]survey.Publication(nil), seals...)
		for i := range chain {
			p := &chain[i]
			var text string
			if err := db.QueryRow("SELECT document FROM release WHERE id = $1", p.Release).Scan(&text); err != nil {
				t.Fatal(err)
			}
			doc := []byte(unsqueeze(t, text))
			if p.Position < from {
				continue
			}
			p.DocumentHash = survey.DocumentSum(doc)
			p.ContentHash, _ = survey.ContentHash(doc)
			if i > 0 {
				p.Previous = chain[i-1].Seal
			}
			p.Seal = p.SealOf()
			if _, err := db.Exec("UPDATE publication SET content_hash = $1, document_hash = $2, previous = $3, seal = $4 WHERE position = $5",
				p.ContentHash, p.DocumentHash, p.Previous, p.Seal, p.Position); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		tamper func(*sql.DB)
		says   string
		expect bool // found only by the seal
	}{
		"a figure is changed":  {func(db *sql.DB) { repack(db, "q3-2", raise) }, "Release 2 of q3: what is stored is not what was published", false},
		"the document is cut":  {func(db *sql.DB) { run(db, "UPDATE release SET document = substr(document, 1, 40) WHERE id = 'q3-2'") }, "Release 2 of q3: its figures cannot be read", false},
		"a release is deleted": {func(db *sql.DB) { run(db, "DELETE FROM release WHERE id = 'q4-1'") }, "Release 1 of q4: its figures are gone", false},
		"with its record": {func(db *sql.DB) {
			run(db, "DELETE FROM publication WHERE position = 3", "DELETE FROM release WHERE id = 'q4-1'")
		}, "a record is missing before it", false},
		"the last with its record": {func(db *sql.DB) {
			run(db, "DELETE FROM publication WHERE position = 4", "DELETE FROM release WHERE id = 'q3-3'")
		}, "no release has the seal", true},
		"two are swapped": {func(db *sql.DB) {
			run(db, "UPDATE release SET id = 'x' WHERE id = 'q3-1'", "UPDATE release SET id = 'q3-1' WHERE id = 'q3-2'", "UPDATE release SET id = 'q3-2' WHERE id = 'x'")
		}, "the document is of release", false},
		"two documents are swapped": {func(db *sql.DB) {
			run(db, "UPDATE publication SET release = 'x' WHERE position = 1", "UPDATE publication SET release = 'q3-1' WHERE position = 2", "UPDATE publication SET release = 'q3-2' WHERE position = 1")
		}, "its record was changed after it was sealed", false},
		"a number is changed":    {func(db *sql.DB) { run(db, "UPDATE publication SET number = 7 WHERE position = 4") }, "it follows number 2", false},
		"its time is changed":    {func(db *sql.DB) { run(db, "UPDATE release SET made_at = made_at + 1 WHERE id = 'q3-1'") }, "its time or state is not that of its document", false},
		"it is made provisional": {func(db *sql.DB) { run(db, "UPDATE release SET state = 'provisional' WHERE id = 'q3-1'") }, "its time or state is not that of its document", false},
		"one is slipped in": {func(db *sql.DB) {
			run(db, "INSERT INTO release SELECT 'z', wave, state, made_at, document FROM release WHERE id = 'q3-3'")
		}, "has no record of it", false},
		"the record is changed": {func(db *sql.DB) { run(db, "UPDATE publication SET content_hash = document_hash WHERE position = 2") }, "its record was changed after it was sealed", false},
		"it is resealed alone": {func(db *sql.DB) {
			repack(db, "q3-2", raise)
			resealed(db, 2)
			run(db, "UPDATE publication SET previous = '"+seals[1].Seal+"', seal = '"+seals[2].Seal+"' WHERE position = 3")
		}, "it was sealed after another release", false},
		"the whole chain is resealed": {func(db *sql.DB) { repack(db, "q3-2", raise); resealed(db, 1) }, "no release has the seal", true},
		"a framework is changed": {func(db *sql.DB) {
			run(db, "UPDATE framework SET document = replace(document, '85', '84') || ' ' WHERE id = 'sipas-2022'")
		}, "the framework sipas-2022/1 that it rests on was changed", false},
		"what was shown is forgotten": {func(db *sql.DB) { run(db, "DELETE FROM disclosed") }, "what was shown of the wave q3 is gone", false},
		"a wall is taken down":        {func(db *sql.DB) { run(db, "DROP TRIGGER publication_is_the_next") }, "the trigger publication_is_the_next is missing", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "copy.db")
			d.open(func(ctx context.Context, data *dataDir) {
				if err := data.db.Backup(ctx, file); err != nil {
					t.Fatal(err)
				}
			})
			db, err := sql.Open("sqlite", "file:"+file)
			if err != nil {
				t.Fatal(err)
			}
			db.SetMaxOpenConns(1)
			walls := map[string]string{}
			rows, err := db.Query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var name, text string
				if err := rows.Scan(&name, &text); err != nil {
					t.Fatal(err)
				}
				walls[name] = text
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
			if name != "a wall is taken down" {
				for trigger := range walls {
					run(db, "DROP TRIGGER "+trigger)
				}
			}
			c.tamper(db)
			if name != "a wall is taken down" {
				for _, text := range walls {
					run(db, text) // put up again, so that nothing but the rows can tell
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if c.expect {
				d.must("verify", "--file", file)
			}
			r := d.try("", "verify", "--file", file, "--expect", v.Head)
			if r.code != exitError || !strings.Contains(r.stdout, c.says) || !strings.Contains(r.stderr, "as ") {
				t.Errorf("exit %d, %s%s", r.code, r.stdout, r.stderr)
			}
			if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
				t.Error("verifying changed the file")
			}
		})
	}
	// A seal of the past is in a chain that went on; one that never was is not.
	d.must("verify", "--expect", seals[1].Seal)
	if r := d.try("", "verify", "--expect", strings.Repeat("0", 64)); r.code != exitError {
		t.Errorf("an unknown seal: exit %d", r.code)
	}
}

// meanwhile is a store in which somebody publishes just after the chain was read.
type meanwhile struct {
	*sqlite.DB
	publish func()
}

func (s meanwhile) Publications(ctx context.Context) ([]survey.Publication, error) {
	all, err := s.DB.Publications(ctx)
	s.publish()
	return all, err
}

// What is published while somebody verifies is no stranger; and a database that a program is writing is verified as of one moment, log and all,
// and is as it was.
func TestVerifyInUse(t *testing.T) {
	t.Parallel()
	d := chained(t)
	d.open(func(ctx context.Context, data *dataDir) {
		number := 1
		publish := func() {
			number++
			r := &survey.Release{
				ID: fmt.Sprintf("q4-%d", number), Wave: "q4", State: survey.StatePublished, MadeAt: deskNow, Rules: survey.DefaultRules(),
				Number: number, Supersedes: number - 1, Reason: "a correction of the register",
			}
			if _, err := data.db.PublishRelease(ctx, survey.CommandLine(), r); err != nil {
				t.Error(err)
			}
		}
		v, err := report.Verify(ctx, meanwhile{data.db, publish}, report.VerifyOptions{}, nil)
		if err != nil || v.Releases != 4 || len(v.Findings) != 0 {
			t.Fatalf("%v %+v", err, v)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 30 {
				publish()
			}
		}()
		file := filepath.Join(d.dir, databaseName)
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			if info, err := os.Stat(file + "-wal"); err != nil || info.Size() == 0 && !running {
				t.Errorf("nothing stands in the log: %v", err)
			}
			var stdout, stderr strings.Builder
			if code := runAt(ctx, []string{"verify", "--file", file}, d.app("", &stdout, &stderr)); code != exitDone {
				t.Errorf("exit %d: %s%s", code, &stdout, &stderr)
			}
			if !running && !strings.Contains(stdout.String(), "35 releases are as published") {
				t.Errorf("the last releases are not in the copy: %s", &stdout)
			}
		}
	})
}

// unsqueeze and squeeze are how a document is stored.
func unsqueeze(t *testing.T, text string) string {
	t.Helper()
	compressed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func squeeze(t *testing.T, doc string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, doc); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}
