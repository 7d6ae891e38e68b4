package web

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sipas/survey"
)

// sending is one copy of an answer on its way.
type sending struct {
	answer   int
	envelope KioskEnvelope
}

// The storm: 5,000 answers of 50 kiosks, each sent five times, in parallel and out of order, as networks do that lose replies. One in ten
// had been sent as a draft before; some have a token. Of one in a hundred a copy with other content follows once the answer was
// acknowledged. All are stored once, and the altered copies are refused.
func TestStorm(t *testing.T) {
	t.Parallel()
	const devices, each, copies, alteredEvery, senders = 50, 100, 5, 100, 200
	s := newSite(t, false)
	rng := rand.New(rand.NewPCG(5, 6))
	var tablets []*tablet
	for i := range devices {
		tablets = append(tablets, s.tablet(survey.PointID(fmt.Sprintf("point-%d", 1+i%2))))
	}
	began := time.Now()
	want := map[survey.ResponseID]map[string]int{}
	altered := map[int]KioskEnvelope{}
	var storm []sending
	invited := 0
	for i := range devices * each {
		d := tablets[i%devices]
		seq, a := d.sitting()
		for _, it := range d.asked(a.ID) {
			a.Answers[it.Code] = it.Options[rng.IntN(len(it.Options))].Code
		}
		a.Answers["overall"] = 1 + rng.IntN(5)
		id := survey.ResponseID(a.ID)
		if i%40 == 1 {
			a.Token = token(invited)
			id = testKey.ResponseID(testTokens()[invited])
			invited++
		}
		a.Revision = 2
		want[id] = a.Answers
		whole := d.envelope(seq, a)
		drafts := 0
		if i%10 == 0 {
			drafts = 2
			draft := a
			draft.Revision, draft.Disposition, draft.Answers = 1, survey.Partial, map[string]int{"overall": a.Answers["overall"]}
			e := d.envelope(seq, draft)
			for range drafts {
				storm = append(storm, sending{i, e})
			}
		}
		for range copies - drafts {
			storm = append(storm, sending{i, whole})
		}
		if i%alteredEvery == alteredEvery-1 {
			other := a
			other.Answers = maps.Clone(a.Answers)
			other.Answers["overall"] = 1 + a.Answers["overall"]%5
			altered[i] = d.envelope(seq, other)
		}
	}
	rng.Shuffle(len(storm), func(i, j int) { storm[i], storm[j] = storm[j], storm[i] })
	sealed := time.Since(began)

	began = time.Now()
	var acknowledged, conflicts atomic.Int64
	var mu sync.Mutex
	followed := map[int]bool{}
	next := make(chan sending, len(storm))
	for _, one := range storm {
		next <- one
	}
	close(next)
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for one := range next {
				d := tablets[one.answer%devices].copy()
				if r := d.deliver(one.envelope); r.status != http.StatusOK {
					t.Errorf("answer %d: status %d %s", one.answer, r.status, r.body)
					continue
				}
				acknowledged.Add(1)
				mu.Lock()
				e, follow := altered[one.answer]
				follow = follow && !followed[one.answer]
				followed[one.answer] = true
				mu.Unlock()
				if !follow {
					continue
				}
				if r := d.deliver(e); r.status != http.StatusConflict {
					t.Errorf("answer %d altered: status %d %s", one.answer, r.status, r.body)
				}
				conflicts.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	t.Logf("%d sendings of %d answers by %d devices: %d acknowledged, %d altered refused, in %.2f s (%.0f a second); sealing took %.2f s",
		len(storm)+len(altered), len(want), devices, acknowledged.Load(), conflicts.Load(), took.Seconds(),
		float64(len(storm)+len(altered))/took.Seconds(), sealed.Seconds())

	if acknowledged.Load() != devices*each*copies || conflicts.Load() != devices*each/alteredEvery {
		t.Errorf("%d acknowledged, %d refused", acknowledged.Load(), conflicts.Load())
	}
	stored := s.responses()
	if len(stored) != devices*each {
		t.Errorf("%d responses, want %d", len(stored), devices*each)
	}
	for _, r := range stored {
		if r.Disposition != survey.Complete || !maps.Equal(r.Answers, want[r.ID]) {
			t.Fatalf("%s is stored as %v (%s), sent as %v", r.ID, r.Answers, r.Disposition, want[r.ID])
		}
	}
	counted := 0
	days, err := s.db.DayCounts(context.Background(), testWave)
	must(t, err)
	for _, day := range days {
		counted += day.N
	}
	if counted != devices*each {
		t.Errorf("the counters have %d", counted)
	}
	for _, d := range tablets {
		if q, _ := s.queueState(d.queue); fmt.Sprint(q.Arrived) != fmt.Sprintf("[{1 %d}]", each) {
			t.Fatalf("the ledger has %v", q.Arrived)
		}
	}
}

// A morning after a night without a network: 200 kiosks behind one address deliver 50 answers each at once, and nobody is held up.
func TestBacklogOfManyKiosksBehindOneAddress(t *testing.T) {
	t.Parallel()
	const devices, each = 200, 50
	s := newSite(t, false)
	var wg sync.WaitGroup
	waiting := make(chan func(), devices)
	for range devices {
		wg.Go(func() {
			for deliver := range waiting {
				deliver()
			}
		})
	}
	began := time.Now()
	for range devices {
		d := s.tablet("point-1")
		d.beat(KioskBeat{Waiting: each, Last: each})
		var backlog []KioskEnvelope
		for range each {
			backlog = append(backlog, d.envelope(d.sitting()))
		}
		waiting <- func() {
			for _, e := range backlog {
				if r := d.deliver(e); r.status != http.StatusOK {
					t.Errorf("status %d %s", r.status, r.body)
				}
			}
			if b := d.beat(KioskBeat{Last: each}); len(b.Missing) != 0 || b.Next != each+1 {
				t.Errorf("beaten %+v", b)
			}
		}
	}
	close(waiting)
	wg.Wait()
	t.Logf("%d kiosks delivered %d answers each in %.2f s, sealing included", devices, each, time.Since(began).Seconds())
	if n := len(s.responses()); n != devices*each {
		t.Errorf("%d responses, want %d", n, devices*each)
	}
}
