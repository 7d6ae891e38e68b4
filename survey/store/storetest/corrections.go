package storetest

import (
	"slices"
	"testing"

	"sipas/survey"
)

func testAnswersState(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	other := Wave()
	other.ID = "2026-q4"
	ok(t, s.CreateWave(bg, By, other))
	last, elsewhere := must(s.AnswersState(bg, WaveID)), must(s.AnswersState(bg, other.ID))
	same(t, "state at first", last.Invited+last.WalkIns, 0)
	expect := func(what string, changed bool, invited, walkIns int) {
		t.Helper()
		now := must(s.AnswersState(bg, WaveID))
		if now.Invited != invited || now.WalkIns != walkIns || (now.Changes != last.Changes) != changed {
			t.Fatalf("%s: state is %+v, was %+v", what, now, last)
		}
		last = now
	}
	draft := InvitedResponse("aa", "1.1")
	draft.Revision, draft.Disposition = 2, survey.Partial
	send(t, s, Receipt(draft, "", "", day), survey.Stored)
	expect("a draft", true, 1, 0)
	send(t, s, Receipt(draft, "", "", day), survey.Repeated)
	expect("the draft again", false, 1, 0)
	early := draft
	early.Revision, early.Language = 1, survey.English
	send(t, s, Receipt(early, "", "", day), survey.Ignored)
	expect("an earlier draft", false, 1, 0)
	whole := draft
	whole.Revision, whole.Disposition = 3, survey.Complete
	send(t, s, Receipt(whole, "", "", day), survey.Replaced)
	expect("the whole answer", true, 1, 0)
	send(t, s, Receipt(WalkInResponse("bb", UnitA), "", PointID, day), survey.Stored)
	expect("a walk-in", true, 1, 1)
	ok(t, s.WithdrawResponse(bg, "aa"))
	expect("a withdrawal", true, 0, 1)
	if n := must(s.DeleteWalkIns(bg, By, WaveID, UnitA, "2026-08", "thử máy")); n != 1 {
		t.Fatalf("%d walk-ins were deleted", n)
	}
	expect("a deletion", true, 0, 0)
	same(t, "state of another wave", must(s.AnswersState(bg, other.ID)), elsewhere)
	_, err := s.AnswersState(bg, "2020-q1")
	is(t, err, survey.CodeNotFound)
}

func testWithdrawal(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	before := len(acts(t, s))
	r := Receipt(InvitedResponse("aa", "1.1"), "a thought", PointID, day)
	kept := Receipt(InvitedResponse("bb", "1.1"), "", PointID, day)
	send(t, s, r, survey.Stored)
	send(t, s, kept, survey.Stored)
	ok(t, s.WithdrawResponse(bg, "aa"))
	_, err := s.Response(bg, "aa")
	is(t, err, survey.CodeNotFound)
	same(t, "cells", must(s.Cells(bg, WaveID)), tally(t, s))
	same(t, "number of comments, which nobody can tell apart", len(must(s.Comments(bg, WaveID))), 1)
	same(t, "days", must(s.DayCounts(bg, WaveID)), []survey.DayCount{{Unit: UnitA, Point: PointID, Day: day, N: 2}})
	same(t, "acts of the trail", len(acts(t, s)), before)
	is(t, s.WithdrawResponse(bg, "aa"), survey.CodeNotFound)
	// Nothing is left, so the token is as if it had never been used.
	other := InvitedResponse("aa", "1.1")
	other.Answers = map[string]int{"overall": 1}
	send(t, s, Receipt(other, "", "", day), survey.Stored)
	ok(t, s.WithdrawResponse(bg, "aa"))
	ok(t, s.WithdrawResponse(bg, "bb"))
	same(t, "cells when all is withdrawn", must(s.Cells(bg, WaveID)), []survey.Cell(nil))

	send(t, s, kept, survey.Stored)
	ok(t, s.CloseWave(bg, By, WaveID))
	is(t, s.WithdrawResponse(bg, "bb"), survey.CodeWaveClosed)
	same(t, "response of a closed wave", *must(s.Response(bg, "bb")), kept.Response)
}

func testDeleteWalkIns(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	at := func(id survey.ResponseID, unit survey.UnitID, month string, day survey.Day) {
		t.Helper()
		r := WalkInResponse(id, unit)
		r.Month = month
		send(t, s, Receipt(r, "remark", PointID, day), survey.Stored)
	}
	at("a1", UnitA, "2026-08", "2026-08-01")
	at("a2", UnitA, "2026-08", "2026-08-31")
	at("a3", UnitA, "2026-07", "2026-07-31")
	at("b1", UnitB, "2026-09", "2026-09-01")
	send(t, s, Receipt(InvitedResponse("c1", "1.1"), "", "", "2026-08-01"), survey.Stored)
	before := acts(t, s)

	refused := func(wave survey.WaveID, unit survey.UnitID, month, reason string, code survey.Code) {
		t.Helper()
		_, err := s.DeleteWalkIns(bg, By, wave, unit, month, reason)
		is(t, err, code)
	}
	refused(WaveID, UnitA, "2026-08", " \n", survey.CodeBadRequest)
	refused(WaveID, UnitA, "2026-08-01", "test", survey.CodeBadRequest)
	refused(WaveID, UnitA, "2026-13", "test", survey.CodeBadRequest)
	refused(WaveID, "9@2025-07-01", "2026-08", "test", survey.CodeUnitUnknown)
	refused("2020-q1", UnitA, "2026-08", "test", survey.CodeNotFound)
	same(t, "deleted where there are none", must(s.DeleteWalkIns(bg, By, WaveID, UnitC, "2026-08", "test")), 0)
	same(t, "acts", acts(t, s), before)

	same(t, "deleted", must(s.DeleteWalkIns(bg, By, WaveID, UnitA, "2026-08", "thử máy khi lắp đặt")), 2)
	var ids []survey.ResponseID
	ok(t, s.EachResponse(bg, WaveID, func(r *survey.Response) error { ids = append(ids, r.ID); return nil }))
	same(t, "what is left", ids, []survey.ResponseID{"a3", "b1", "c1"})
	same(t, "cells", must(s.Cells(bg, WaveID)), tally(t, s))
	// The kiosk stands in UnitA, whatever the answers say.
	same(t, "days", must(s.DayCounts(bg, WaveID)), []survey.DayCount{
		{Day: "2026-08-01", N: 1}, {Unit: UnitA, Point: PointID, Day: "2026-07-31", N: 1}, {Unit: UnitA, Point: PointID, Day: "2026-09-01", N: 1},
	})
	entry := must(s.Trail(bg, 1))[0]
	same(t, "trail", []string{entry.Act, entry.Subject, entry.Detail},
		[]string{"delete_walk_ins", string(WaveID), "2 of " + string(UnitA) + " in 2026-08: thử máy khi lắp đặt"})
	ok(t, s.CloseWave(bg, By, WaveID))
	refused(WaveID, UnitB, "2026-09", "test", survey.CodeWaveClosed)
}

func testMergeUnits(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	closed := Wave()
	closed.ID = "2026-q2"
	ok(t, s.CreateWave(bg, By, closed))
	units, labels := must(s.Units(bg)), must(s.Classes(bg, WaveID))
	late := survey.Point{ID: "kiosk-b", Unit: UnitB, Name: "Quầy 2"}
	ok(t, s.AddPoint(bg, By, late))
	at := func(wave survey.WaveID, id survey.ResponseID, unit survey.UnitID) {
		t.Helper()
		r := WalkInResponse(id, unit)
		r.Wave = wave
		send(t, s, Receipt(r, "of "+string(unit), late.ID, day), survey.Stored)
	}
	at(closed.ID, "00", UnitB)
	ok(t, s.CloseWave(bg, By, closed.ID))
	at(WaveID, "a1", UnitA)
	at(WaveID, "b1", UnitB)
	past := must(s.Cells(bg, closed.ID))
	pastDays := must(s.DayCounts(bg, closed.ID))

	refused := func(why string, from []survey.UnitID, into survey.UnitID, day survey.Day, code survey.Code) {
		t.Helper()
		if _, err := s.MergeUnits(bg, By, from, into, day); !survey.IsCode(err, code) {
			t.Fatalf("%s: error is %v, want %s", why, err, code)
		}
	}
	refused("nothing", nil, UnitA, "2026-09-01", survey.CodeBadRequest)
	refused("no day", []survey.UnitID{UnitB}, UnitA, "2026-09", survey.CodeBadRequest)
	refused("an unknown unit", []survey.UnitID{UnitB, "9@2025-07-01"}, UnitA, "2026-09-01", survey.CodeUnitUnknown)
	refused("an unknown successor", []survey.UnitID{UnitB}, "9@2025-07-01", "2026-09-01", survey.CodeUnitUnknown)
	refused("a unit into itself", []survey.UnitID{UnitA, UnitB}, UnitA, "2026-09-01", survey.CodeConflict)
	refused("a commune into a province", []survey.UnitID{UnitB}, Province, "2026-09-01", survey.CodeConflict)
	refused("before it began", []survey.UnitID{UnitB}, UnitA, "2025-07-01", survey.CodeConflict)
	same(t, "units after refusals", must(s.Units(bg)), units)

	m, err := s.MergeUnits(bg, By, []survey.UnitID{UnitB, UnitB}, UnitA, "2026-09-01")
	ok(t, err)
	same(t, "moved", m, survey.Merger{Units: 1, Transactions: 50, WalkIns: 1, Points: 1})
	entry := must(s.Trail(bg, 1))[0]
	same(t, "trail", []string{entry.Act, entry.Subject, entry.Detail}, []string{"merge_units", string(UnitA),
		string(UnitB) + " from 2026-09-01 on: moved 50 transactions, 1 walk-ins, 1 kiosks"})
	merged := must(s.Units(bg))[slices.IndexFunc(must(s.Units(bg)), func(u survey.Unit) bool { return u.ID == UnitB })]
	same(t, "the merged unit", []any{merged.To, merged.Successors}, []any{survey.Day("2026-08-31"), []survey.UnitID{UnitA}})
	look := func() {
		t.Helper()
		same(t, "cells", must(s.Cells(bg, WaveID)), tally(t, s))
		ok(t, s.EachResponse(bg, WaveID, func(r *survey.Response) error { same(t, "unit of a walk-in", r.Unit, UnitA); return nil }))
		for _, c := range must(s.RegisterCounts(bg, WaveID)) {
			if c.Unit == UnitB {
				t.Fatalf("the register still names %s", UnitB)
			}
		}
		for _, c := range must(s.Comments(bg, WaveID)) {
			same(t, "unit of a comment", c.Unit, UnitA)
		}
		same(t, "cells of the closed wave", must(s.Cells(bg, closed.ID)), past)
		same(t, "days of the closed wave", must(s.DayCounts(bg, closed.ID)), pastDays)
		same(t, "classes", must(s.Classes(bg, WaveID)), labels)
	}
	look()
	same(t, "unit of the kiosk", must(s.Point(bg, late.ID)).Unit, UnitA)

	// The same again changes nothing; what still comes for the merged unit counts for its successor, and old lists do not undo it.
	m, err = s.MergeUnits(bg, By, []survey.UnitID{UnitB}, UnitA, "2026-09-01")
	ok(t, err)
	same(t, "moved again", m, survey.Merger{})
	refused("into another one", []survey.UnitID{UnitB}, UnitC, "2026-09-01", survey.CodeConflict)
	refused("into a merged one", []survey.UnitID{UnitC}, UnitB, "2026-09-01", survey.CodeConflict)
	at(WaveID, "b2", UnitB)
	same(t, "changed by the old units", must(s.PutUnits(bg, By, Units())), 0)
	again, err := s.PutTransactions(bg, By, WaveID, Transactions(150))
	ok(t, err)
	same(t, "the old register", again.Unchanged, 150)
	look()
	same(t, "days", must(s.DayCounts(bg, WaveID)), []survey.DayCount{{Unit: UnitA, Point: late.ID, Day: day, N: 3}})

	// A successor that is merged itself takes along what was merged into it.
	_, err = s.MergeUnits(bg, By, []survey.UnitID{UnitA}, UnitC, "2026-10-01")
	ok(t, err)
	at(WaveID, "b3", UnitB)
	same(t, "unit of a late walk-in", must(s.Response(bg, "b3")).Unit, UnitC)
	same(t, "cells", must(s.Cells(bg, WaveID)), tally(t, s))
}
