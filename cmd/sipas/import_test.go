package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"sipas/survey"
)

// A file with five kinds of bad lines: all five are named with their lines, and nothing is loaded; with --partial the good
// lines are.
func TestImportNamesEveryBadLine(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	good := registerLines(0, 3)
	path := d.file("five.csv", registerHeader+good+
		"H39.1-2607-000001,1.1,f,25459,online,2026-07-01,,\n"+ // 5: duplicate
		"H39.9-1,1.1,f,99999,online,2026-07-01,,\n"+ // 6: unknown unit
		"H39.9-2,1.1,f,25459,online,31/31/2026,,\n"+ // 7: unreadable day
		"H39.9-3,1.1,f,25459,online,2026-07-09,,2026-07-08\n"+ // 8: returned before received
		"H39.9-4,1.1,f,25459,drone,2026-07-01,,\n") // 9: unknown channel
	r := d.try("", "import", "transactions", path, "--wave", "q3")
	if r.code != exitError {
		t.Errorf("exit %d", r.code)
	}
	for _, want := range []string{
		`five.csv:5: dossier "H39.1-2607-000001" stands already on line 3`,
		`five.csv:6: unit "99999" is not the code of a unit`,
		`five.csv:7: received "31/31/2026" is not a day`,
		`five.csv:8: returned "2026-07-08" lies before the day of receipt`,
		`five.csv:9: channel "drone" is not a way of filing`,
		"5 faults in five.csv; nothing was loaded",
	} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("%q is missing in\n%s", want, r.stderr)
		}
	}
	if got := d.transactions(); len(got) != 0 {
		t.Errorf("loaded %v", got)
	}

	r = d.must("import", "transactions", path, "--wave", "q3", "--partial")
	if strings.Count(r.stderr, "bad: five.csv:") != 5 || !strings.Contains(r.stdout, "3 transactions read: 3 added") {
		t.Errorf("said\n%s%s", r.stdout, r.stderr)
	}
	want := []string{"H39.1-2607-000000", "H39.1-2607-000001", "H39.1-2607-000002"}
	if got := d.transactions(); !slices.Equal(got, want) {
		t.Errorf("loaded %v", got)
	}
}

// The same file twice changes nothing; a dossier that was returned since is changed and not doubled.
func TestImportTwice(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	open := registerLines(0, 10) + "H39.2-1,1.1,f,25459,online,2026-07-01,2026-07-20,\n"
	path := d.file("register.csv", registerHeader+open)
	if r := d.must("import", "transactions", path, "--wave", "q3"); !strings.Contains(r.stdout, "11 added, 0 changed, 0 as they were") || !strings.Contains(r.stdout, "late 4") {
		t.Errorf("said %s", r.stdout)
	}
	if r := d.must("import", "transactions", path, "--wave", "q3"); !strings.Contains(r.stdout, "0 added, 0 changed, 11 as they were") {
		t.Errorf("said %s", r.stdout)
	}
	later := d.file("later.csv", registerHeader+"H39.2-1,1.1,f,25459,online,2026-07-01,2026-07-20,2026-09-30\n")
	r := d.must("import", "transactions", later, "--wave", "q3")
	if !strings.Contains(r.stdout, "0 added, 1 changed") || strings.Contains(r.stderr, "ends on") {
		t.Errorf("said %s%s", r.stdout, r.stderr)
	}
	if got := d.transactions(); len(got) != 11 {
		t.Errorf("%d transactions", len(got))
	}
}

// A register that ends before the wave does is loaded and said so; one from the standard input is read like a file.
func TestImportFromStdin(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	r := d.try(registerHeader+registerLines(0, 5), "import", "transactions", "-", "--wave", "q3")
	if r.code != exitDone || !strings.Contains(r.stderr, "The register ends on 2026-08-25, before the wave does on 2026-09-30") {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
}

func TestImportUnits(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	text := "code,parent,kind,name_vi,name_en,valid_from,valid_to\nH39.01,80,department,Sở Tài chính,,2025-07-01,\nH39.02,nobody,department,Sở X,,2025-07-01,\n"
	path := d.file("units.csv", text)
	if r := d.try("", "import", "units", path); r.code != exitError || !strings.Contains(r.stderr, "units.csv:3: parent \"nobody\"") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if r := d.must("import", "units", path, "--partial"); !strings.Contains(r.stdout, "1 unit read, 1 added or changed") {
		t.Errorf("said %s", r.stdout)
	}
	if r := d.must("import", "units", path, "--partial"); !strings.Contains(r.stdout, "0 added or changed") {
		t.Errorf("said %s", r.stdout)
	}
	d.open(func(ctx context.Context, data *dataDir) {
		units, err := data.db.Units(ctx)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(units, func(u survey.Unit) bool { return u.ID == "H39.01@2025-07-01" })
		if i < 0 || units[i].Parent != "80@2025-07-01" || units[i].Kind != survey.KindDepartment {
			t.Errorf("not stored as it should be")
		}
	})
	// The new unit's code is known to registers from now on.
	d.wave()
	d.must("import", "transactions", d.file("r.csv", registerHeader+"H39.01-1,1.1,f,H39.01,online,2026-07-01,,\n"), "--wave", "q3")
}

// BenchmarkImport loads 100,000 lines into a fresh database, and reports how many times as long as a bare pass of the
// CSV reader over the same lines that takes.
func BenchmarkImport(b *testing.B) {
	text := registerHeader + registerLines(0, 100_000)
	began := time.Now()
	bare := csv.NewReader(strings.NewReader(text))
	for {
		if _, err := bare.Read(); err == io.EOF {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	floor := time.Since(began)
	var spent time.Duration
	runs := 0
	for b.Loop() {
		b.StopTimer()
		d := newDesk(b)
		d.wave()
		path := d.file("register.csv", text)
		b.StartTimer()
		began := time.Now()
		r := d.must("import", "transactions", path, "--wave", "q3")
		spent, runs = spent+time.Since(began), runs+1
		if !strings.Contains(r.stdout, "100000 added") {
			b.Fatal(r.stdout)
		}
	}
	b.ReportMetric(float64(spent)/float64(runs)/float64(floor), "x-bare-csv")
}

// A bad file is reported on the standard error alone: the standard output stays for what was done.
func TestImportReportsOnStderr(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	var stdout, stderr bytes.Buffer
	args := []string{"import", "transactions", d.file("empty.csv", ""), "--wave", "q3", "--data", d.dir, "--partial"}
	code := runAt(context.Background(), args, d.app("", &stdout, &stderr))
	if code != exitError || stdout.Len() > 0 || !strings.Contains(stderr.String(), "empty.csv:1: the file is empty") {
		t.Errorf("exit %d: %s%s", code, &stdout, &stderr)
	}
}
