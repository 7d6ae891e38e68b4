package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"sipas/survey"

	"pgregory.net/rapid"
)

const day survey.Day = "2026-08-01"

// send saves a receipt and ends the test unless it has the outcome.
func send(t test, s survey.Store, r survey.Receipt, want survey.Outcome) {
	t.Helper()
	got, err := s.SaveReceipt(bg, r)
	ok(t, err)
	same(t, "outcome", got, want)
}

func testReceiptOutcomes(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	r := InvitedResponse("aa", "1.1")
	r.Revision, r.Disposition = 2, survey.Partial
	draft := Receipt(r, "", "", day)
	send(t, s, draft, survey.Stored)
	send(t, s, draft, survey.Repeated)
	earlier := draft
	earlier.Response.Revision = 1
	send(t, s, earlier, survey.Repeated)
	early := r
	early.Revision, early.Answers = 1, map[string]int{"overall": 2}
	send(t, s, Receipt(early, "", "", day), survey.Ignored)
	other := r
	other.Answers = map[string]int{"overall": 1}
	_, err := s.SaveReceipt(bg, Receipt(other, "", "", day))
	is(t, err, survey.CodeResponseConflict)

	other.Revision = 3
	send(t, s, Receipt(other, "", "", day), survey.Replaced)
	whole := other
	whole.Revision, whole.Disposition, whole.Suspect, whole.Language = 4, survey.Complete, true, survey.Chinese
	whole.Answers = map[string]int{"overall": 5, "s24": -1, "s27": 3}
	final := Receipt(whole, "Tốt", "", day)
	send(t, s, final, survey.Replaced)
	send(t, s, final, survey.Repeated)
	send(t, s, draft, survey.Ignored)
	again := final
	again.Response.Revision = 7
	send(t, s, again, survey.Repeated)
	beyond := final
	beyond.Response.Revision, beyond.Response.ContentHash = 5, "other"
	_, err = s.SaveReceipt(bg, beyond)
	is(t, err, survey.CodeResponseComplete)

	got, err := s.Response(bg, "aa")
	ok(t, err)
	same(t, "response", got, &final.Response)
	_, err = s.Response(bg, "bb")
	is(t, err, survey.CodeNotFound)

	walk := WalkInResponse("a0", UnitB)
	send(t, s, Receipt(walk, "", PointID, day), survey.Stored)
	var ids []survey.ResponseID
	ok(t, s.EachResponse(bg, WaveID, func(r *survey.Response) error { ids = append(ids, r.ID); return nil }))
	same(t, "ids in order", ids, []survey.ResponseID{"a0", "aa"})
	stop := fmt.Errorf("enough")
	if err := s.EachResponse(bg, WaveID, func(*survey.Response) error { return stop }); err != stop {
		t.Fatalf("the caller's error came back as %v", err)
	}
}

func testReceiptRefusals(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	refused := func(why string, r survey.Receipt, code survey.Code) {
		t.Helper()
		if _, err := s.SaveReceipt(bg, r); !survey.IsCode(err, code) {
			t.Fatalf("%s: error is %v, want %s", why, err, code)
		}
	}
	r := InvitedResponse("aa", "1.1")
	r.Wave = "2020-q1"
	refused("unknown wave", Receipt(r, "", "", day), survey.CodeNotFound)
	refused("unknown class", Receipt(InvitedResponse("aa", "9.9"), "", "", day), survey.CodeNotFound)
	r = InvitedResponse("aa", "1.1")
	r.Unit = UnitA
	refused("an invited response with a unit", Receipt(r, "", "", day), survey.CodeBadRequest)
	r = InvitedResponse("aa", "1.1")
	r.Month = "2026-08"
	refused("an invited response with a month", Receipt(r, "", "", day), survey.CodeBadRequest)
	r = WalkInResponse("aa", UnitA)
	r.Class = "1.1"
	refused("a walk-in with a class", Receipt(r, "", PointID, day), survey.CodeBadRequest)
	r = WalkInResponse("aa", UnitA)
	r.Month = "2026-08-03"
	refused("a walk-in with a day", Receipt(r, "", PointID, day), survey.CodeBadRequest)
	refused("unknown unit", Receipt(WalkInResponse("aa", "9@2025-07-01"), "", PointID, day), survey.CodeUnitUnknown)
	refused("unknown point", Receipt(WalkInResponse("aa", UnitA), "", "kiosk-9", day), survey.CodePointUnknown)
	ok(t, s.EachResponse(bg, WaveID, func(r *survey.Response) error { return fmt.Errorf("%s is stored", r.ID) }))
	cells, err := s.Cells(bg, WaveID)
	ok(t, err)
	same(t, "cells after refusals", cells, []survey.Cell(nil))

	send(t, s, Receipt(InvitedResponse("aa", "1.1"), "", "", day), survey.Stored)
	refused("an id of another source", Receipt(WalkInResponse("aa", UnitA), "", PointID, day), survey.CodeResponseConflict)
}

func testComments(t *testing.T, s survey.Store) {
	d, inv, _ := PrepareSample(t, s, 150, 3)
	pooled, pooledInv, _ := Sample(Transactions(260)[150:], 2, 2, 3)
	_, err := s.PutTransactions(bg, By, WaveID, Transactions(260))
	ok(t, err)
	pooled.Classes[0].Labels[survey.DimUnit] = string(UnitA) + "|" + string(UnitB)
	pooled.Classes[1].Labels[survey.DimUnit] = "*"
	ok(t, s.SaveDraw(bg, By, pooled, pooledInv, nil))
	same(t, "label of class 1.1", d.Classes[0].Labels[survey.DimUnit], string(UnitA))
	same(t, "class of the first invitation", d.Covered[inv[0].Dossier], inv[0].Class)

	draft := InvitedResponse("aa", "1.1")
	draft.Disposition = survey.Partial
	send(t, s, Receipt(draft, "half a th", "", day), survey.Stored)
	comments, err := s.Comments(bg, WaveID)
	ok(t, err)
	same(t, "comments of a draft", comments, []survey.CommentRow(nil))
	whole := InvitedResponse("aa", "1.1")
	whole.Revision = 2
	send(t, s, Receipt(whole, "a thought", "", day), survey.Replaced)
	send(t, s, Receipt(whole, "a thought", "", day), survey.Repeated)
	send(t, s, Receipt(InvitedResponse("bb", "2.1"), "of two units", "", day), survey.Stored)
	send(t, s, Receipt(InvitedResponse("cc", "2.2"), "of any unit", "", day), survey.Stored)
	send(t, s, Receipt(WalkInResponse("dd", UnitB), "at a kiosk", PointID, day), survey.Stored)
	send(t, s, Receipt(InvitedResponse("ee", "1.1"), "", "", day), survey.Stored)

	comments, err = s.Comments(bg, WaveID)
	ok(t, err)
	slices.SortFunc(comments, func(a, b survey.CommentRow) int { return compareText(a.Text, b.Text) })
	row := func(unit survey.UnitID, lang survey.Lang, text string) survey.CommentRow {
		return survey.CommentRow{Wave: WaveID, Unit: unit, Language: lang, Text: text}
	}
	same(t, "comments", comments, []survey.CommentRow{
		row(UnitA, survey.Vietnamese, "a thought"), row(UnitB, survey.English, "at a kiosk"),
		row("", survey.Vietnamese, "of any unit"), row("", survey.Vietnamese, "of two units"),
	})
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func testDayCounts(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	r := WalkInResponse("aa", UnitB)
	r.Disposition = survey.Partial
	send(t, s, Receipt(r, "", PointID, "2026-08-02"), survey.Stored)
	r.Revision, r.Disposition = 2, survey.Complete
	send(t, s, Receipt(r, "", PointID, "2026-08-03"), survey.Replaced)
	send(t, s, Receipt(r, "", PointID, "2026-08-04"), survey.Repeated)
	send(t, s, Receipt(WalkInResponse("bb", UnitA), "", PointID, "2026-08-02"), survey.Stored)
	send(t, s, Receipt(InvitedResponse("cc", "1.1"), "", "", "2026-08-02"), survey.Stored)
	got, err := s.DayCounts(bg, WaveID)
	ok(t, err)
	same(t, "day counts", got, []survey.DayCount{{Day: "2026-08-02", N: 1}, {Unit: UnitA, Point: PointID, Day: "2026-08-02", N: 2}})
}

// testStorm sends every revision of 500 responses five times, in any order, from many goroutines at once. Every sixth has three revisions.
func testStorm(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	const responses, copies, workers = 500, 5, 16
	var sendings []survey.Receipt
	last := map[survey.ResponseID]survey.Response{}
	commented := 0
	for i := range responses {
		id := survey.NewResponseID()
		revisions := 1
		if i%6 == 0 {
			revisions = 3
		}
		for rev := 1; rev <= revisions; rev++ {
			r := InvitedResponse(id, survey.ClassID(fmt.Sprintf("1.%d", i%3+1)))
			if i%5 == 0 {
				r = WalkInResponse(id, UnitC)
			}
			r.Revision, r.Answers["overall"] = rev, 1+(i+rev)%5
			comment := ""
			if rev < revisions {
				r.Disposition = survey.Partial
			} else if i%2 == 0 {
				comment = fmt.Sprintf("comment %d", i)
				commented++
			}
			receipt := Receipt(r, comment, "", day)
			last[id] = receipt.Response
			for range copies {
				sendings = append(sendings, receipt)
			}
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	rng.Shuffle(len(sendings), func(i, j int) { sendings[i], sendings[j] = sendings[j], sendings[i] })

	queue := make(chan survey.Receipt)
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored := map[survey.ResponseID]int{}
	for range workers {
		wg.Go(func() {
			for r := range queue {
				outcome, err := s.SaveReceipt(bg, r)
				if err != nil {
					t.Errorf("revision %d: %v", r.Response.Revision, err)
				}
				if outcome == survey.Stored {
					mu.Lock()
					stored[r.Response.ID]++
					mu.Unlock()
				}
			}
		})
	}
	for _, r := range sendings {
		queue <- r
	}
	close(queue)
	wg.Wait()

	got := map[survey.ResponseID]survey.Response{}
	ok(t, s.EachResponse(bg, WaveID, func(r *survey.Response) error {
		got[r.ID] = clone(r)
		return nil
	}))
	same(t, "responses", got, last)
	for id, n := range stored {
		if n != 1 {
			t.Errorf("%s was new %d times", id, n)
		}
	}
	same(t, "number of new responses", len(stored), responses)
	days, err := s.DayCounts(bg, WaveID)
	ok(t, err)
	same(t, "day counts", days, []survey.DayCount{{Day: day, N: responses}})
	comments, err := s.Comments(bg, WaveID)
	ok(t, err)
	texts := map[string]int{}
	for _, c := range comments {
		texts[c.Text]++
	}
	same(t, "number of comments", len(comments), commented)
	same(t, "number of different comments", len(texts), commented)
	same(t, "cells", must(s.Cells(bg, WaveID)), tally(t, s))
}

func clone(r *survey.Response) survey.Response {
	c := *r
	c.Modules = slices.Clone(r.Modules)
	c.Answers = map[string]int{}
	for k, v := range r.Answers {
		c.Answers[k] = v
	}
	return c
}

// tally counts the rows by itself, in the order of Cells.
func tally(t test, s survey.Store) []survey.Cell {
	t.Helper()
	counts := map[survey.Cell]int{}
	ok(t, s.EachResponse(bg, WaveID, func(r *survey.Response) error {
		stratum := survey.Cell{Source: r.Source, Class: r.Class, Unit: r.Unit, Month: r.Month, Mode: r.Mode}
		whole := stratum
		whole.Disposition = r.Disposition
		counts[whole]++
		for item, code := range r.Answers {
			c := stratum
			c.Item, c.Code = item, code
			counts[c]++
		}
		return nil
	}))
	cells := make([]survey.Cell, 0, len(counts))
	for c, n := range counts {
		c.N = n
		cells = append(cells, c)
	}
	slices.SortFunc(cells, func(a, b survey.Cell) int {
		key := func(c survey.Cell) string {
			return fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s\x00%s\x00%08d\x00%s", c.Source, c.Class, c.Unit, c.Month, c.Mode, c.Item, c.Code+1000, c.Disposition)
		}
		return compareText(key(a), key(b))
	})
	return cells
}

// testCells sends random sequences and holds outcome, rows and cells against a model of a few lines.
func testCells(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	dispositions := []survey.Disposition{survey.Complete, survey.Partial, survey.TimedOut, survey.Refused, survey.Failed}
	rapid.Check(t, func(rt *rapid.T) {
		ids := []survey.ResponseID{survey.NewResponseID(), survey.NewResponseID(), survey.NewResponseID()}
		model := map[survey.ResponseID]survey.Response{}
		for range rapid.IntRange(1, 5).Draw(rt, "sends") {
			n := rapid.IntRange(0, 2).Draw(rt, "id")
			r := InvitedResponse(ids[n], survey.ClassID(fmt.Sprintf("1.%d", n+1)))
			if n == 2 {
				r = WalkInResponse(ids[n], UnitB)
			}
			r.Revision = rapid.IntRange(1, 4).Draw(rt, "revision")
			r.Disposition = rapid.SampledFrom(dispositions).Draw(rt, "disposition")
			r.Answers = rapid.MapOfN(rapid.SampledFrom([]string{"overall", "s24", "s25"}), rapid.SampledFrom([]int{-3, -1, 1, 2, 5}), 0, 3).Draw(rt, "answers")
			sent := Receipt(r, "", "", day)
			var stored *survey.Response
			if was, there := model[r.ID]; there {
				stored = &was
			}
			want, wantErr := survey.Resolve(stored, &sent.Response)
			got, err := s.SaveReceipt(bg, sent)
			if got != want || survey.CodeOf(err) != survey.CodeOf(wantErr) {
				rt.Fatalf("outcome %q, %v; want %q, %v", got, err, want, wantErr)
			}
			if want == survey.Stored || want == survey.Replaced {
				model[r.ID] = sent.Response
			}
		}
		for id, want := range model {
			got, err := s.Response(bg, id)
			ok(rt, err)
			same(rt, "response", *got, want)
		}
		same(rt, "cells", must(s.Cells(bg, WaveID)), tally(rt, s))
	})
}

// testManyReceipts holds the loading of many answers against what the same answers are one by one: rows, cells, days, comments.
func testManyReceipts(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	var all []survey.Receipt
	for i := range 260 {
		r := InvitedResponse(survey.NewResponseID(), survey.ClassID(fmt.Sprintf("1.%d", 1+i%3)))
		if i%4 == 0 {
			r = WalkInResponse(survey.NewResponseID(), UnitB)
		}
		r.Answers = map[string]int{"overall": 1 + i%5, "s24": i%3 - 1}
		all = append(all, Receipt(r, fmt.Sprintf("remark %d", i), "", day))
	}
	draft := all[0]
	draft.Response.Revision, draft.Response.Disposition, draft.Comment = 0, survey.Partial, ""
	draft.Response.Answers = map[string]int{"overall": 5}
	send(t, s, Receipt(draft.Response, "", "", day), survey.Stored)
	ok(t, s.SaveReceipts(bg, all))
	ok(t, s.SaveReceipts(bg, all)) // again: nothing changes
	for _, r := range all {
		same(t, "response", *must(s.Response(bg, r.Response.ID)), r.Response)
	}
	same(t, "cells", must(s.Cells(bg, WaveID)), tally(t, s))
	same(t, "comments", len(must(s.Comments(bg, WaveID))), len(all))
	days := 0
	for _, d := range must(s.DayCounts(bg, WaveID)) {
		days += d.N
	}
	same(t, "responses by day", days, len(all))

	// One that cannot be stored takes the others with it.
	more := InvitedResponse(survey.NewResponseID(), "1.1")
	altered := all[1]
	altered.Response.ContentHash = "altered"
	err := s.SaveReceipts(bg, []survey.Receipt{Receipt(more, "", "", day), altered})
	if survey.CodeOf(err) == "" || survey.CodeOf(err) == survey.CodeInternal {
		t.Errorf("an altered answer among many: %v", err)
	}
	if _, err := s.Response(bg, more.ID); !survey.IsCode(err, survey.CodeNotFound) {
		t.Errorf("the others were stored: %v", err)
	}
}

func testAnsweringTouchesNothingElse(t *testing.T, s survey.Store) {
	_, inv, _ := PrepareSample(t, s, 150, 3)
	type rest struct {
		Units       []survey.Unit
		Waves       []*survey.Wave
		Register    []survey.Transaction
		Covered     map[string]survey.ClassID
		Draws       []survey.Draw
		Users       []survey.User
		Points      []survey.Point
		Trail       []survey.AuditEntry
		Invitations []survey.Invitation
	}
	look := func() (all rest) {
		all = rest{
			Units: must(s.Units(bg)), Waves: must(s.Waves(bg)), Register: must(s.Transactions(bg, WaveID)), Covered: must(s.Covered(bg, WaveID)),
			Draws: must(s.Draws(bg, WaveID)), Users: must(s.Users(bg)), Points: must(s.Points(bg)), Trail: must(s.Trail(bg, 1000)),
		}
		for _, i := range inv {
			all.Invitations = append(all.Invitations, must(s.Invitation(bg, i.TokenHash)))
		}
		return all
	}
	before := look()
	for i, x := range inv[:20] {
		r := InvitedResponse(survey.NewResponseID(), x.Class)
		send(t, s, Receipt(r, fmt.Sprint("comment ", i), "", day), survey.Stored)
	}
	send(t, s, Receipt(WalkInResponse("ab", UnitA), "", PointID, day), survey.Stored)
	same(t, "all but the answers", look(), before)
}

func testClosing(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	send(t, s, Receipt(InvitedResponse("aa", "1.1"), "", "", day), survey.Stored)
	is(t, s.CloseWave(bg, By, "2020-q1"), survey.CodeNotFound)
	ok(t, s.CloseWave(bg, By, WaveID))
	ok(t, s.CloseWave(bg, By, WaveID))
	w, err := s.Wave(bg, WaveID)
	ok(t, err)
	same(t, "state", w.State, survey.WaveClosed)
	// Creating it again, as a program does that starts twice, does not open it.
	ok(t, s.CreateWave(bg, By, Wave()))
	same(t, "state after creating again", must(s.Wave(bg, WaveID)).State, survey.WaveClosed)

	_, err = s.SaveReceipt(bg, Receipt(InvitedResponse("bb", "1.1"), "", "", day))
	is(t, err, survey.CodeWaveClosed)
	_, err = s.SaveReceipt(bg, Receipt(InvitedResponse("aa", "1.1"), "", "", day))
	is(t, err, survey.CodeWaveClosed)
	_, err = s.PutTransactions(bg, By, WaveID, Transactions(200))
	is(t, err, survey.CodeWaveClosed)
	d, inv, _ := Sample(Transactions(300)[150:], 2, 3, 1)
	is(t, s.SaveDraw(bg, By, d, inv, nil), survey.CodeWaveClosed)
	_, err = s.Response(bg, "aa")
	ok(t, err)
	same(t, "newest act", acts(t, s)[0], "close_wave")
}
