package main

import (
	"context"
	"slices"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/survey/store/storetest"
)

// An office installs a kiosk, tries it, deletes what it tried, and is merged into its neighbor while the wave is open.
func TestCorrections(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	d.register(40)
	d.must("point", "add", "Quầy 1", "--unit", "25459")
	press := func(n int, month string) {
		t.Helper()
		d.open(func(ctx context.Context, data *dataDir) {
			unit, err := data.unitOn(ctx, "25459", "2026-08-01")
			if err != nil {
				t.Fatal(err)
			}
			w, err := data.db.Wave(ctx, deskWave)
			if err != nil {
				t.Fatal(err)
			}
			for range n {
				r := storetest.WalkInResponse(survey.NewResponseID(), unit)
				r.Wave, r.Month, r.Instrument = deskWave, month, w.Instruments[0]
				if _, err := data.db.SaveReceipt(ctx, storetest.Receipt(r, "", "", survey.Day(month+"-03"))); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	press(3, "2026-08")
	press(2, "2026-09")
	tried := []string{"wave", "drop-walk-ins", string(deskWave), "--unit", "25459"}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{append(tried, "--month", "2026-08"), exitUsage, "--reason"},
		{append(tried, "--month", "August", "--reason", "thử máy"), exitUsage, "2026-08"},
		{[]string{"wave", "drop-walk-ins", "x", "--unit", "25459", "--month", "2026-08", "--reason", "thử máy"}, exitError, "sipas wave list"},
		{[]string{"unit", "merge", "25459", "--into", "25480", "--day", "soon"}, exitUsage, "2026-09-01"},
		{[]string{"unit", "merge", "25459", "--into", "1", "--day", "2026-09-01"}, exitError, `"1"`},
		{[]string{"unit", "merge", "25459", "--into", "25459", "--day", "2026-09-01"}, exitError, "into itself"},
	} {
		if r := d.try("", c.args...); r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%v: exit %d, want %d: %s", c.args, r.code, c.code, r.stderr)
		}
	}
	if r := d.must(append(tried, "--month", "2026-08", "--reason", "thử máy khi lắp đặt")...); !strings.Contains(r.stdout, "Deleted 3 answers") {
		t.Error(r.stdout)
	}
	merge := []string{"unit", "merge", "25459", "--into", "25480", "--day", "01/09/2026"}
	if r := d.must(merge...); !strings.Contains(r.stdout, "27 transactions, 2 answers of walk-ins and 1 kiosks") {
		t.Error(r.stdout)
	}
	if r := d.must(merge...); !strings.Contains(r.stdout, "already") {
		t.Error(r.stdout)
	}
	d.open(func(ctx context.Context, data *dataDir) {
		cells, err := data.db.Cells(ctx, deskWave)
		if err != nil || len(cells) == 0 {
			t.Fatal(len(cells), err)
		}
		for _, c := range cells {
			if !strings.HasPrefix(string(c.Unit), "25480@") || c.N != 2 {
				t.Errorf("cell %+v", c)
			}
		}
		trail, err := data.db.Trail(ctx, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for act, detail := range map[string]string{"merge_units": "25459@2025-07-01 from 2026-09-01 on", "delete_walk_ins": "3 of 25459@"} {
			if !slices.ContainsFunc(trail, func(e survey.AuditEntry) bool { return e.Act == act && strings.HasPrefix(e.Detail, detail) }) {
				t.Errorf("no %s in the trail", act)
			}
		}
	})
}
