package storetest

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"sipas/survey"
)

func testUnits(t *testing.T, s survey.Store) {
	units := Units()
	n, err := s.PutUnits(bg, By, units)
	ok(t, err)
	same(t, "number of new units", n, len(units))
	n, err = s.PutUnits(bg, By, units)
	ok(t, err)
	same(t, "number of changes by the same units", n, 0)

	units[2].To, units[2].Successors = "2026-12-31", []survey.UnitID{UnitA, UnitC}
	units[2].Name = survey.Text{survey.Vietnamese: "Bình Minh", survey.English: "Binh Minh ward"}
	n, err = s.PutUnits(bg, By, units)
	ok(t, err)
	same(t, "number of changes by one other unit", n, 1)
	got, err := s.Units(bg)
	ok(t, err)
	slices.SortFunc(units, func(a, b survey.Unit) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	same(t, "units", got, units)
	same(t, "trail", acts(t, s), []string{"put_units", "put_units"})
}

func testDocuments(t *testing.T, s survey.Store) {
	doc := InstrumentDocuments()[0]
	published, err := s.PublishInstrument(bg, By, doc)
	ok(t, err)
	// The same document laid out in another way is the same.
	_, err = s.PublishInstrument(bg, By, bytes.ReplaceAll(doc, []byte(`"items":`), []byte("\n  \"items\" :  ")))
	ok(t, err)
	_, err = s.PublishInstrument(bg, By, bytes.Replace(doc, []byte("Khảo sát"), []byte("Khác"), 1))
	is(t, err, survey.CodeConflict)
	_, err = s.PublishInstrument(bg, By, []byte(`{"id":"x"}`))
	is(t, err, survey.CodeDocumentInvalid)
	got, err := s.Instrument(bg, published.Ref())
	ok(t, err)
	same(t, "instruments", got, published)
	_, err = s.Instrument(bg, survey.InstrumentRef{ID: "kiosk", Version: 2})
	is(t, err, survey.CodeInstrumentUnknown)

	f, err := s.PublishFramework(bg, By, FrameworkDocument())
	ok(t, err)
	_, err = s.PublishFramework(bg, By, FrameworkDocument())
	ok(t, err)
	_, err = s.PublishFramework(bg, By, bytes.Replace(FrameworkDocument(), []byte("[4,5]"), []byte("[5]"), 1))
	is(t, err, survey.CodeConflict)
	gotF, err := s.Framework(bg, f.Ref())
	ok(t, err)
	same(t, "frameworks", gotF, f)
	_, err = s.Framework(bg, survey.FrameworkRef{ID: "sipas-small", Version: 9})
	is(t, err, survey.CodeNotFound)
	same(t, "trail", acts(t, s), []string{"publish_framework", "publish_instrument"})
}

func testWaves(t *testing.T, s survey.Store) {
	is(t, s.CreateWave(bg, By, Wave()), survey.CodeInstrumentUnknown)
	for _, doc := range InstrumentDocuments() {
		_, err := s.PublishInstrument(bg, By, doc)
		ok(t, err)
	}
	is(t, s.CreateWave(bg, By, Wave()), survey.CodeNotFound)
	_, err := s.PublishFramework(bg, By, FrameworkDocument())
	ok(t, err)
	is(t, s.CreateWave(bg, By, Wave()), survey.CodeUnitUnknown)
	_, err = s.PutUnits(bg, By, Units())
	ok(t, err)
	bad := Wave()
	bad.Rules.MinAnswers = 3
	is(t, s.CreateWave(bg, By, bad), survey.CodeDocumentInvalid)
	twice := Wave()
	twice.Instruments = append(twice.Instruments, twice.Instruments[0])
	is(t, s.CreateWave(bg, By, twice), survey.CodeDocumentInvalid)

	ok(t, s.CreateWave(bg, By, Wave()))
	ok(t, s.CreateWave(bg, By, Wave()))
	other := Wave()
	other.Targets["sipas-small"] = survey.Target{Indicator: 80}
	is(t, s.CreateWave(bg, By, other), survey.CodeConflict)
	earlier := Wave()
	earlier.ID, earlier.From, earlier.To = "2026-q2", "2026-04-01", "2026-06-30"
	ok(t, s.CreateWave(bg, By, earlier))

	got, err := s.Wave(bg, WaveID)
	ok(t, err)
	same(t, "wave", got, Wave())
	all, err := s.Waves(bg)
	ok(t, err)
	same(t, "waves", all, []*survey.Wave{Wave(), earlier})
	_, err = s.Wave(bg, "2020-q1")
	is(t, err, survey.CodeNotFound)
	same(t, "number of waves in the trail", slices.DeleteFunc(acts(t, s), func(a string) bool { return a != "create_wave" }),
		[]string{"create_wave", "create_wave"})
}

func testRegister(t *testing.T, s survey.Store) {
	Prepare(t, s)
	ts := Transactions(250)
	ts[3].Due, ts[4].Returned = "", ""
	put := func(ts []survey.Transaction, want survey.ImportResult) {
		t.Helper()
		got, err := s.PutTransactions(bg, By, WaveID, ts)
		ok(t, err)
		same(t, "import", got, want)
	}
	shuffled := slices.Clone(ts)
	slices.Reverse(shuffled)
	put(shuffled, survey.ImportResult{Added: 250, LastDay: "2026-08-28"})
	put(ts, survey.ImportResult{Unchanged: 250, LastDay: "2026-08-28"})
	ts[10].Returned, ts[11].Channel = "2026-09-02", survey.ChannelOnline
	more := Transactions(251)[250]
	put(append(slices.Clone(ts), more), survey.ImportResult{Added: 1, Changed: 2, Unchanged: 248, LastDay: "2026-09-02"})
	put(nil, survey.ImportResult{LastDay: "2026-09-02"})
	put([]survey.Transaction{ts[0], ts[0]}, survey.ImportResult{Unchanged: 2, LastDay: "2026-09-02"})

	want := append(slices.Clone(ts), more)
	slices.SortFunc(want, func(a, b survey.Transaction) int { return bytes.Compare([]byte(a.Dossier), []byte(b.Dossier)) })
	got, err := s.Transactions(bg, WaveID)
	ok(t, err)
	same(t, "register", got, want)

	tally := map[survey.UnitMonthCount]int{}
	for _, x := range want {
		tally[survey.UnitMonthCount{Unit: x.Unit, Month: x.Month()}]++
	}
	counts, err := s.RegisterCounts(bg, WaveID)
	ok(t, err)
	for _, c := range counts {
		key := c
		key.N = 0
		same(t, "count of "+string(c.Unit)+" "+c.Month, c.N, tally[key])
		delete(tally, key)
	}
	same(t, "unit months without a count", len(tally), 0)
}

func testRegisterRefusals(t *testing.T, s survey.Store) {
	Prepare(t, s)
	ts := Transactions(40)
	_, err := s.PutTransactions(bg, By, "2020-q1", ts)
	is(t, err, survey.CodeNotFound)
	before := acts(t, s)

	unknown := slices.Clone(ts)
	unknown[39].Unit = "99999@2025-07-01"
	_, err = s.PutTransactions(bg, By, WaveID, unknown)
	is(t, err, survey.CodeUnitUnknown)
	twice := append(slices.Clone(ts), ts[0])
	twice[40].Field = "land"
	_, err = s.PutTransactions(bg, By, WaveID, twice)
	is(t, err, survey.CodeConflict)
	got, err := s.Transactions(bg, WaveID)
	ok(t, err)
	same(t, "register after refusals", len(got), 0)
	same(t, "trail after refusals", acts(t, s), before)
}

func testDraw(t *testing.T, s survey.Store) {
	Prepare(t, s)
	ts := Transactions(300)
	_, err := s.PutTransactions(bg, By, WaveID, ts[:200])
	ok(t, err)
	d1, inv1, tokens := Sample(ts[:200], 1, 3, 1<<63+5)
	called := 0
	ok(t, s.SaveDraw(bg, By, d1, inv1, func() error { called++; return nil }))
	same(t, "calls of before", called, 1)
	_, err = s.PutTransactions(bg, By, WaveID, ts)
	ok(t, err)
	d2, inv2, _ := Sample(ts[200:], 2, 2, 9)
	ok(t, s.SaveDraw(bg, By, d2, inv2, nil))

	for _, inv := range slices.Concat(inv1, inv2) {
		got, err := s.Invitation(bg, inv.TokenHash)
		ok(t, err)
		same(t, "invitation", got, inv)
	}
	var asking sync.WaitGroup
	for i, inv := range slices.Concat(inv1, inv2) {
		asking.Go(func() {
			if got, err := s.Invitation(bg, inv.TokenHash); err != nil || got != inv {
				t.Errorf("asked at once with others: %v, %v, want %v", got, err, inv)
			}
			if i%5 == 0 {
				if _, err := s.Invitation(bg, survey.NewToken().Hash()); !survey.IsCode(err, survey.CodeTokenUnknown) {
					t.Errorf("unknown among others: %v", err)
				}
			}
		})
	}
	asking.Wait()
	same(t, "hash of a token", tokens[inv1[0].Dossier].Hash(), inv1[0].TokenHash)
	_, err = s.Invitation(bg, survey.NewToken().Hash())
	is(t, err, survey.CodeTokenUnknown)

	covered, err := s.Covered(bg, WaveID)
	ok(t, err)
	want := maps.Clone(d1.Covered)
	maps.Copy(want, d2.Covered)
	same(t, "coverage", covered, want)
	classes, err := s.Classes(bg, WaveID)
	ok(t, err)
	same(t, "classes", classes, slices.Concat(d1.Classes, d2.Classes))
	draws, err := s.Draws(bg, WaveID)
	ok(t, err)
	w1, w2 := *d1, *d2
	w1.Covered, w2.Covered = nil, nil
	same(t, "draws", draws, []survey.Draw{w1, w2})

	// A transaction that changes after the draw stays in its class.
	ts[0].Returned = "2026-09-09"
	_, err = s.PutTransactions(bg, By, WaveID, ts)
	ok(t, err)
	covered, err = s.Covered(bg, WaveID)
	ok(t, err)
	same(t, "coverage after a change", covered, want)
}

func testDrawRefusals(t *testing.T, s survey.Store) {
	d, inv, _ := PrepareSample(t, s, 300, 3)
	ts := Transactions(400)
	_, err := s.PutTransactions(bg, By, WaveID, ts)
	ok(t, err)
	before := acts(t, s)
	fresh := func() (*survey.Draw, []survey.Invitation) {
		d, inv, _ := Sample(ts[300:], 2, 2, 11)
		return d, inv
	}
	refused := func(why string, d *survey.Draw, inv []survey.Invitation, code survey.Code, before func() error) {
		t.Helper()
		if err := s.SaveDraw(bg, By, d, inv, before); !survey.IsCode(err, code) {
			t.Fatalf("%s: error is %v, want %s", why, err, code)
		}
	}
	never := func() error { t.Error("before was called although the draw is refused"); return nil }

	refused("the same draw", d, inv, survey.CodeConflict, never)
	again := *d
	again.Number = 2
	again.Classes = slices.Clone(d.Classes)
	again.Covered = maps.Clone(d.Covered)
	rename := func(c survey.ClassID) survey.ClassID { return "2" + c[1:] }
	for i := range again.Classes {
		again.Classes[i].ID, again.Classes[i].Draw = rename(again.Classes[i].ID), 2
	}
	for dossier, c := range again.Covered {
		again.Covered[dossier] = rename(c)
	}
	others := slices.Clone(inv)
	for i := range others {
		others[i].Class, others[i].TokenHash = rename(others[i].Class), survey.NewToken().Hash()
	}
	refused("transactions of an earlier draw", &again, others, survey.CodeConflict, never)

	d2, inv2 := fresh()
	inv2[0].TokenHash = inv[0].TokenHash
	refused("a token of an earlier draw", d2, inv2, survey.CodeConflict, never)
	d2, inv2 = fresh()
	d2.Wave = "2020-q1"
	refused("an unknown wave", d2, inv2, survey.CodeNotFound, never)
	d2, inv2 = fresh()
	d2.Classes[0].Population++
	refused("a wrong population", d2, inv2, survey.CodeInternal, never)
	d2, inv2 = fresh()
	refused("a missing invitation", d2, inv2[1:], survey.CodeInternal, never)
	small, smallInv, _ := Sample(ts[300:340], 2, 1, 11)
	refused("classes of fewer than fifteen", small, smallInv, survey.CodeInternal, never)
	d2, inv2 = fresh()
	full := errors.New("disk is full")
	if err := s.SaveDraw(bg, By, d2, inv2, func() error { return full }); !errors.Is(err, full) {
		t.Fatalf("error of before is lost: %v", err)
	}

	covered, err := s.Covered(bg, WaveID)
	ok(t, err)
	same(t, "coverage after refusals", covered, d.Covered)
	for _, x := range inv2 {
		_, err := s.Invitation(bg, x.TokenHash)
		is(t, err, survey.CodeTokenUnknown)
	}
	same(t, "trail after refusals", acts(t, s), before)
	ok(t, s.SaveDraw(bg, By, d2, inv2, nil))
}
