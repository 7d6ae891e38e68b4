package storetest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"sipas/survey"

	"pgregory.net/rapid"
)

func testEnrolment(t *testing.T, s survey.Store) {
	Prepare(t, s)
	pin := survey.PIN{Salt: "0a", Iterations: 200_000, Hash: "0b"}
	code := func(hash string) survey.Enrolment {
		return survey.Enrolment{CodeHash: hash, Point: PointID, PIN: pin, Expires: Enrolled.Add(10 * time.Minute)}
	}
	enrol := func(hash string, id survey.DeviceID, at time.Time) (*survey.Device, error) {
		return s.Enrol(bg, hash, survey.Device{ID: id, CredentialHash: "of " + string(id), Enrolled: at})
	}
	stranger := code("a")
	stranger.Point = "kiosk-9"
	is(t, s.AddEnrolment(bg, By, stranger), survey.CodePointUnknown)
	_, err := enrol("a", "d-1", Enrolled)
	is(t, err, survey.CodeEnrolmentUnknown)

	// A new code voids the earlier one.
	ok(t, s.AddEnrolment(bg, By, code("a")))
	ok(t, s.AddEnrolment(bg, By, code("b")))
	_, err = enrol("a", "d-1", Enrolled)
	is(t, err, survey.CodeEnrolmentUnknown)
	// It ends, and one that came too late has not spent it.
	_, err = enrol("b", "d-1", Enrolled.Add(10*time.Minute))
	is(t, err, survey.CodeEnrolmentUnknown)
	want := &survey.Device{ID: "d-1", Point: PointID, CredentialHash: "of d-1", PIN: pin, Enrolled: Enrolled}
	same(t, "device", must(enrol("b", "d-1", Enrolled)), want)
	same(t, "device of the credential", must(s.Device(bg, "of d-1")), want)
	// It is spent.
	_, err = enrol("b", "d-2", Enrolled)
	is(t, err, survey.CodeEnrolmentUnknown)
	_, err = s.Device(bg, "of d-2")
	is(t, err, survey.CodeDeviceUnknown)

	// Of many browsers that enter one code at once, one becomes a kiosk.
	ok(t, s.AddEnrolment(bg, By, code("c")))
	var wg sync.WaitGroup
	var mu sync.Mutex
	enrolled := 0
	for i := range 8 {
		wg.Go(func() {
			_, err := enrol("c", survey.DeviceID(fmt.Sprint("c-", i)), Enrolled)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				enrolled++
			} else if !survey.IsCode(err, survey.CodeEnrolmentUnknown) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	same(t, "devices of one code", enrolled, 1)
	same(t, "newest acts", acts(t, s)[:3], []string{"add_enrolment", "add_enrolment", "add_enrolment"})
}

func testRevocation(t *testing.T, s survey.Store) {
	Prepare(t, s)
	ok(t, s.AddPoint(bg, By, survey.Point{ID: "kiosk-2", Unit: UnitB, Name: "Quầy 2"}))
	first, second, third := EnrolAt(t, s, PointID, Enrolled), EnrolAt(t, s, PointID, Enrolled.Add(time.Hour)), EnrolAt(t, s, "kiosk-2", Enrolled)
	at := Enrolled.Add(24 * time.Hour)

	is(t, s.RevokeDevice(bg, By, "nobody", at), survey.CodeDeviceUnknown)
	ok(t, s.RevokeDevice(bg, By, first.ID, at))
	ok(t, s.RevokeDevice(bg, By, first.ID, at.Add(time.Hour)))
	_, err := s.Device(bg, first.CredentialHash)
	is(t, err, survey.CodeDeviceRevoked)
	_, err = s.SaveBeat(bg, first.ID, "q-1", survey.Beat{At: at})
	is(t, err, survey.CodeDeviceRevoked)
	_, err = s.SaveBeat(bg, "nobody", "q-1", survey.Beat{At: at})
	is(t, err, survey.CodeDeviceUnknown)
	same(t, "the other device", must(s.Device(bg, second.CredentialHash)), second)

	// The point goes with every device and with the code that was made for it.
	ok(t, s.AddEnrolment(bg, By, survey.Enrolment{CodeHash: "left", Point: PointID, Expires: at.Add(time.Hour)}))
	is(t, s.RevokePoint(bg, By, "kiosk-9", at), survey.CodePointUnknown)
	ok(t, s.RevokePoint(bg, By, PointID, at.Add(time.Hour)))
	ok(t, s.RevokePoint(bg, By, PointID, at.Add(2*time.Hour)))
	_, err = s.Device(bg, second.CredentialHash)
	is(t, err, survey.CodeDeviceRevoked)
	_, err = s.Enrol(bg, "left", survey.Device{ID: "d", CredentialHash: "d", Enrolled: at})
	is(t, err, survey.CodeEnrolmentUnknown)
	is(t, s.AddEnrolment(bg, By, survey.Enrolment{CodeHash: "more", Point: PointID, Expires: at}), survey.CodePointUnknown)
	if !must(s.Point(bg, PointID)).Revoked {
		t.Error("the point is not revoked")
	}
	same(t, "a device elsewhere", must(s.Device(bg, third.CredentialHash)), third)

	first.Revoked, second.Revoked = at, at.Add(time.Hour)
	same(t, "devices", must(s.Devices(bg)), []survey.DeviceState{{Device: *second}, {Device: *first}, {Device: *third}})
	same(t, "newest acts", acts(t, s)[:3], []string{"revoke_point", "add_enrolment", "revoke_device"})
}

func testBeats(t *testing.T, s survey.Store) {
	Prepare(t, s)
	d := EnrolAt(t, s, PointID, Enrolled)
	beat := survey.Beat{
		At: Enrolled.Add(time.Minute), Program: "1.0", Waiting: 3, Oldest: Enrolled, Last: 7, Skew: -3 * time.Hour, Persistence: survey.PersistenceGranted,
		Used: 1 << 20, Room: 1 << 30, PxPerMM: 3.78, Battery: -1,
	}
	got := must(s.SaveBeat(bg, d.ID, "q-1", beat))
	same(t, "queue", got, &survey.QueueState{Queue: "q-1", Begun: beat.At, Beat: beat})
	same(t, "missing", got.Missing(), []survey.Range{{First: 1, Last: 7}})
	later := beat
	later.At, later.Last, later.Oldest = beat.At.Add(time.Minute), 9, time.Time{}
	same(t, "queue later", must(s.SaveBeat(bg, d.ID, "q-1", later)), &survey.QueueState{Queue: "q-1", Begun: beat.At, Beat: later})

	// An answer may come before the first beat; it leaves no time.
	r := Receipt(WalkInResponse("aa", UnitA), "", PointID, day)
	r.Delivery = &survey.Delivery{Device: d.ID, Queue: "q-2", Seq: 2}
	send(t, s, r, survey.Stored)
	early := survey.QueueState{Queue: "q-2", Arrived: []survey.Range{{First: 2, Last: 2}}}
	same(t, "queues", must(s.Devices(bg))[0].Queues, []survey.QueueState{{Queue: "q-1", Begun: beat.At, Beat: later}, early})
	early.Begun, early.Beat = later.At, later
	same(t, "queue that answered", must(s.SaveBeat(bg, d.ID, "q-2", later)), &early)

	// A browser that is enrolled again keeps its queue.
	again := EnrolAt(t, s, PointID, Enrolled.Add(time.Hour))
	same(t, "queue that moved", must(s.SaveBeat(bg, again.ID, "q-2", later)), &early)
	all := must(s.Devices(bg))
	same(t, "queues of the new device", all[0].Queues, []survey.QueueState{early})
	same(t, "queues of the old device", len(all[1].Queues), 1)
}

// testLedger lets numbers arrive in any order, again and again, as answers and as refusals, and holds the ledger against the plain set.
func testLedger(t *testing.T, s survey.Store) {
	Prepare(t, s)
	d := EnrolAt(t, s, PointID, Enrolled)
	rapid.Check(t, func(rt *rapid.T) {
		queue := survey.QueueID(survey.NewResponseID())
		given := rapid.IntRange(1, 12).Draw(rt, "given out")
		arrived, refused := map[int]bool{}, map[survey.Code]int{}
		ids := map[int]survey.ResponseID{}
		for _, seq := range rapid.SliceOfN(rapid.IntRange(1, given), 0, 16).Draw(rt, "arrivals") {
			delivery := survey.Delivery{Device: d.ID, Queue: queue, Seq: seq}
			if rapid.IntRange(0, 2).Draw(rt, "refused") == 0 {
				reason := rapid.SampledFrom([]survey.Code{survey.CodeAnswerInvalid, survey.CodeWaveClosed}).Draw(rt, "reason")
				ok(rt, s.RefuseDelivery(bg, delivery, reason))
				if !arrived[seq] {
					refused[reason]++
				}
				arrived[seq] = true
				continue
			}
			want := survey.Repeated
			if ids[seq] == "" {
				ids[seq], want = survey.NewResponseID(), survey.Stored
			}
			r := Receipt(WalkInResponse(ids[seq], UnitA), "", PointID, day)
			r.Delivery = &delivery
			got, err := s.SaveReceipt(bg, r)
			ok(rt, err)
			same(rt, "outcome", got, want)
			arrived[seq] = true
		}
		state := must(s.SaveBeat(bg, d.ID, queue, survey.Beat{At: Enrolled, Last: given}))
		missing := map[int]bool{}
		for seq := 1; seq <= given; seq++ {
			missing[seq] = !arrived[seq]
		}
		same(rt, "arrived", state.Arrived, stretches(arrived, given))
		same(rt, "missing", state.Missing(), stretches(missing, given))
		counts := map[survey.Code]int{}
		for _, c := range state.Refused {
			counts[c.Code] = c.N
		}
		same(rt, "refused", counts, refused)
		for _, q := range must(s.Devices(bg))[0].Queues {
			if q.Queue == queue {
				same(rt, "queue among all", q, *state)
			}
		}
	})
	r := Receipt(WalkInResponse(survey.NewResponseID(), UnitA), "", PointID, day)
	for _, bad := range []struct {
		survey.Delivery
		code survey.Code
	}{
		{survey.Delivery{Device: d.ID, Queue: "q", Seq: 0}, survey.CodeBadRequest},
		{survey.Delivery{Device: d.ID, Queue: "q", Seq: 1<<53 + 1}, survey.CodeBadRequest},
		{survey.Delivery{Device: "nobody", Queue: "q", Seq: 1}, survey.CodeDeviceUnknown},
	} {
		r.Delivery = &bad.Delivery
		_, err := s.SaveReceipt(bg, r)
		is(t, err, bad.code)
		is(t, s.RefuseDelivery(bg, bad.Delivery, survey.CodeAnswerInvalid), bad.code)
		_, err = s.Response(bg, r.Response.ID)
		is(t, err, survey.CodeNotFound)
	}
}

// stretches merges a set of numbers.
func stretches(set map[int]bool, last int) []survey.Range {
	var all []survey.Range
	for n := 1; n <= last; n++ {
		switch {
		case !set[n]:
		case len(all) > 0 && all[len(all)-1].Last == n-1:
			all[len(all)-1].Last = n
		default:
			all = append(all, survey.Range{First: n, Last: n})
		}
	}
	return all
}

func testSignals(t *testing.T, s survey.Store) {
	Prepare(t, s)
	ok(t, s.AddPoint(bg, By, survey.Point{ID: "kiosk-2", Unit: UnitB, Name: "Quầy 2"}))
	least := survey.DefaultRules().MinAnswers
	answer := func(point survey.PointID, at survey.Day, signals ...survey.Signal) survey.Receipt {
		r := Receipt(WalkInResponse(survey.NewResponseID(), UnitA), "", point, at)
		r.Signals = signals
		return r
	}
	suspect := func(r survey.Receipt) bool {
		t.Helper()
		return must(s.Response(bg, r.Response.ID)).Suspect
	}
	// The mark would tell that a response is of a point with few answers: it waits for the fifteenth, in that month.
	for i := range least - 1 {
		r := answer(PointID, survey.Day(fmt.Sprintf("2026-08-%02d", i+1)), survey.SignalHasty)
		send(t, s, r, survey.Stored)
		if suspect(r) {
			t.Fatalf("answer %d of the month is marked", i+1)
		}
	}
	send(t, s, answer(PointID, "2026-09-01", survey.SignalHasty), survey.Stored)
	send(t, s, answer("kiosk-2", "2026-08-01", survey.SignalHasty), survey.Stored)
	same(t, "counts below the bound", must(s.SignalCounts(bg, WaveID)), []survey.SignalCount(nil))
	clean := answer(PointID, "2026-08-20")
	marked := answer(PointID, "2026-08-31", survey.SignalHasty, survey.SignalBurst, survey.SignalHasty)
	send(t, s, clean, survey.Stored)
	send(t, s, marked, survey.Stored)
	send(t, s, marked, survey.Repeated)
	if suspect(clean) || !suspect(marked) {
		t.Errorf("clean is marked: %v, suspect is marked: %v", suspect(clean), suspect(marked))
	}
	count := func(signal survey.Signal, n int) survey.SignalCount {
		return survey.SignalCount{Unit: UnitA, Point: PointID, Month: "2026-08", Signal: signal, N: n}
	}
	same(t, "counts", must(s.SignalCounts(bg, WaveID)), []survey.SignalCount{count(survey.SignalBurst, 1), count(survey.SignalHasty, 1)})

	// A draft keeps its mark, and is counted once.
	begun := WalkInResponse(survey.NewResponseID(), UnitA)
	begun.Disposition = survey.Partial
	draft := Receipt(begun, "", PointID, "2026-08-31")
	draft.Signals = []survey.Signal{survey.SignalClosed}
	send(t, s, draft, survey.Stored)
	whole := draft.Response
	whole.Revision, whole.Disposition = 2, survey.Complete
	send(t, s, Receipt(whole, "", PointID, "2026-08-31"), survey.Replaced)
	if !suspect(draft) {
		t.Error("the mark of a draft is gone")
	}
	same(t, "counts with the draft", must(s.SignalCounts(bg, WaveID)),
		[]survey.SignalCount{count(survey.SignalBurst, 1), count(survey.SignalClosed, 1), count(survey.SignalHasty, 1)})
	// Nothing is counted of an answer on the web.
	web := answer("", "2026-08-31", survey.SignalBurst)
	send(t, s, web, survey.Stored)
	if suspect(web) {
		t.Error("an answer without a point is marked")
	}
}

func testUseInstrument(t *testing.T, s survey.Store) {
	Prepare(t, s)
	second := survey.InstrumentRef{ID: "kiosk", Version: 2}
	is(t, s.UseInstrument(bg, By, WaveID, second), survey.CodeInstrumentUnknown)
	doc := bytes.Replace(InstrumentDocuments()[0], []byte(`"version":1`), []byte(`"version":2`), 1)
	_, err := s.PublishInstrument(bg, By, doc)
	ok(t, err)
	is(t, s.UseInstrument(bg, By, "2020-q1", second), survey.CodeNotFound)
	is(t, s.UseInstrument(bg, By, WaveID, survey.InstrumentRef{ID: "other", Version: 1}), survey.CodeConflict)
	ok(t, s.UseInstrument(bg, By, WaveID, second))
	ok(t, s.UseInstrument(bg, By, WaveID, second))
	same(t, "instruments", must(s.Wave(bg, WaveID)).Instruments, []survey.InstrumentRef{second, {ID: "web", Version: 1}})
	// The wave's file still says the first version: creating it again, as a program does that starts twice, is no other wave.
	ok(t, s.CreateWave(bg, By, Wave()))
	same(t, "instruments after creating again", must(s.Wave(bg, WaveID)).Instruments[0], second)

	// Answers to both versions are taken, to one that is not published none.
	send(t, s, Receipt(WalkInResponse("aa", UnitA), "", PointID, day), survey.Stored)
	r := WalkInResponse("bb", UnitA)
	r.Instrument = second
	send(t, s, Receipt(r, "", PointID, day), survey.Stored)
	r = WalkInResponse("cc", UnitA)
	r.Instrument.Version = 3
	_, err = s.SaveReceipt(bg, Receipt(r, "", PointID, day))
	is(t, err, survey.CodeInstrumentUnknown)

	ok(t, s.CloseWave(bg, By, WaveID))
	is(t, s.UseInstrument(bg, By, WaveID, survey.InstrumentRef{ID: "kiosk", Version: 1}), survey.CodeWaveClosed)
	same(t, "newest acts", acts(t, s)[:2], []string{"close_wave", "use_instrument"})
}

// testSittings lets two sittings at kiosks answer under one token.
func testSittings(t *testing.T, s survey.Store) {
	PrepareSample(t, s, 150, 3)
	draft := func(sitting string, revision, overall int) survey.Receipt {
		r := InvitedResponse("aa", "1.1")
		r.Revision, r.Disposition, r.Sitting, r.Answers = revision, survey.Partial, sitting, map[string]int{"overall": overall}
		return Receipt(r, "", "", day)
	}
	send(t, s, draft("one", 5, 1), survey.Stored)
	send(t, s, draft("two", 1, 2), survey.Replaced)
	send(t, s, draft("two", 3, 3), survey.Replaced)
	send(t, s, draft("two", 2, 4), survey.Ignored)
	_, err := s.SaveReceipt(bg, draft("two", 3, 5))
	is(t, err, survey.CodeResponseConflict)
	same(t, "draft", *must(s.Response(bg, "aa")), draft("two", 3, 3).Response)

	whole := InvitedResponse("aa", "1.1")
	whole.Revision, whole.Sitting = 4, "two"
	final := Receipt(whole, "", "", day)
	send(t, s, final, survey.Replaced)
	send(t, s, final, survey.Repeated)
	final.Response.Sitting = ""
	same(t, "complete answer", *must(s.Response(bg, "aa")), final.Response)
	for _, late := range []survey.Receipt{draft("one", 6, 1), draft("two", 1, 2)} {
		_, err := s.SaveReceipt(bg, late)
		is(t, err, survey.CodeResponseComplete)
	}
	same(t, "cells", must(s.Cells(bg, WaveID)), tally(t, s))
}

// testAlteredStorm sends answers five times each, in parallel and out of order, one in a hundred of the sendings with altered content, among
// them many copies of one: each is stored once, as it came first, and whatever is altered is refused.
func testAlteredStorm(t *testing.T, s survey.Store) {
	const answers, copies, workers = 400, 5, 64
	PrepareSample(t, s, 150, 3)
	d := EnrolAt(t, s, PointID, Enrolled)
	var sendings []survey.Receipt
	for i := range answers {
		r := WalkInResponse(survey.NewResponseID(), UnitB)
		r.Answers = map[string]int{"overall": 1 + i%5}
		receipt := Receipt(r, "", PointID, day)
		receipt.Delivery = &survey.Delivery{Device: d.ID, Queue: "q", Seq: i + 1}
		n := copies
		if i == 0 {
			n = 100
		}
		sendings = append(sendings, slices.Repeat([]survey.Receipt{receipt}, n)...)
	}
	rng := rand.New(rand.NewPCG(8, 9))
	altered := 0
	for i := range sendings {
		if rng.IntN(100) == 0 {
			r := sendings[i].Response
			r.Answers = map[string]int{"overall": 5, "s24": 5}
			delivery := sendings[i].Delivery
			sendings[i] = Receipt(r, "", PointID, day)
			sendings[i].Delivery = delivery
			altered++
		}
	}
	rng.Shuffle(len(sendings), func(i, j int) { sendings[i], sendings[j] = sendings[j], sendings[i] })
	type answer struct{ id, hash string }
	queue := make(chan survey.Receipt)
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored, acknowledged, refused := map[string]string{}, map[answer]int{}, map[answer]int{}
	for range workers {
		wg.Go(func() {
			for r := range queue {
				outcome, err := s.SaveReceipt(bg, r)
				a := answer{string(r.Response.ID), r.Response.ContentHash}
				mu.Lock()
				switch {
				case survey.IsCode(err, survey.CodeResponseComplete):
					refused[a]++
				case err != nil:
					t.Errorf("unexpected error: %v", err)
				case outcome == survey.Stored && stored[a.id] != "":
					t.Error("an answer was new twice")
				case outcome == survey.Stored:
					stored[a.id] = a.hash
					fallthrough
				default:
					acknowledged[a]++
				}
				mu.Unlock()
			}
		})
	}
	for _, r := range sendings {
		queue <- r
	}
	close(queue)
	wg.Wait()
	if altered == 0 || len(refused) == 0 {
		t.Fatalf("%d altered, %d refused: nothing was tried", altered, len(refused))
	}
	same(t, "answers", len(stored), answers)
	for a := range acknowledged {
		same(t, "what was acknowledged and what is stored", must(s.Response(bg, survey.ResponseID(a.id))).ContentHash, a.hash)
	}
	for a := range refused {
		if stored[a.id] == a.hash {
			t.Error("what is stored was refused")
		}
	}
	same(t, "cells", must(s.Cells(bg, WaveID)), tally(t, s))
	same(t, "day counts", must(s.DayCounts(bg, WaveID)), []survey.DayCount{{Unit: UnitA, Point: PointID, Day: day, N: answers}})
	same(t, "arrived", must(s.Devices(bg))[0].Queues[0].Arrived, []survey.Range{{First: 1, Last: answers}})
}

func testGivingUp(t *testing.T, s survey.Store) {
	Prepare(t, s)
	ctx, cancel := context.WithCancel(bg)
	cancel()
	_, err := s.SaveReceipt(ctx, Receipt(WalkInResponse("aa", UnitA), "", PointID, day))
	is(t, err, survey.CodeUnavailable)
}
