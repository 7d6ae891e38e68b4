package main

import (
	"context"
	"strings"
	"testing"

	"sipas/data"
	"sipas/survey"
)

// A wave asks a newer version of its questionnaire when it is told to, of no other, and the document never changes.
func TestWaveInstrument(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	doc, _ := data.Instrument("kiosk-2026")
	second := d.file("second.json", strings.Replace(string(doc), `"version": 1`, `"version": 2`, 1))
	other := d.file("other.json", strings.Replace(strings.Replace(string(doc), `"version": 1`, `"version": 2`, 1), `"max": 300`, `"max": 299`, 1))
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"q3", "kiosk-2026"}, exitUsage, "kiosk-2026/2"},
		{[]string{"q9", "kiosk-2026/1"}, exitError, "sipas wave list"},
		{[]string{"q3", "kiosk-2026/2"}, exitError, "kiosk-2026/2"},
		{[]string{"q3", "form-39/1"}, exitError, "asks no questionnaire form-39"},
		{[]string{"q3", "kiosk-2026/3", "--file", second}, exitError, "holds kiosk-2026/2, not kiosk-2026/3"},
		{[]string{"q3", "kiosk-2026/2", "--file", d.file("bad.json", "{}")}, exitError, "bad.json"},
		{[]string{"q3", "kiosk-2026/2", "--file", second}, exitDone, ""},
		{[]string{"q3", "kiosk-2026/2"}, exitDone, ""},
		{[]string{"q3", "kiosk-2026/2", "--file", other}, exitError, "higher number"},
	} {
		r := d.try("", append([]string{"wave", "instrument"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.says) || c.code == exitDone && !strings.Contains(r.stdout, "asks kiosk-2026/2 from now on") {
			t.Errorf("%v: exit %d, want %d: %s%s", c.args, r.code, c.code, r.stdout, r.stderr)
		}
	}
	d.open(func(ctx context.Context, stored *dataDir) {
		w, err := stored.db.Wave(ctx, "q3")
		if err != nil || w.Instruments[0] != (survey.InstrumentRef{ID: "kiosk-2026", Version: 2}) {
			t.Errorf("%+v, %v", w, err)
		}
	})
	d.must("wave", "close", "q3")
	if r := d.try("", "wave", "instrument", "q3", "kiosk-2026/1"); r.code != exitError {
		t.Errorf("a closed wave changes: %s", r.stdout)
	}
}
