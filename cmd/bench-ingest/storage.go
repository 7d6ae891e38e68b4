package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"sipas/survey"
	"sipas/survey/store/sqlite"
)

// savers is how many save at once where the storage is measured by itself.
const savers = 256

// storage is how fast answers are saved without a server: each saver waits for its answer before it takes the next.
type storage struct {
	name      string
	perSecond float64
	processor time.Duration // of this process, the storage's own included
	took      time.Duration
}

// store saves the answers from many goroutines, each acknowledged by itself, for as long as a run takes.
func (b *bench) store(ctx context.Context, o *office, answers []answer, single bool) (st *storage, err error) {
	dir := filepath.Join(b.dir, "store")
	if err := o.copyTo(dir); err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, filepath.Join(dir, database), sqlite.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close(), os.RemoveAll(dir)) }()
	var saver interface {
		SaveReceipt(ctx context.Context, r survey.Receipt) (survey.Outcome, error)
	} = db
	st = &storage{name: "the storage by itself, 256 savers"}
	if single {
		saver, st.name = &alone{Store: db}, "the same, one row per sync"
	}
	receipts, err := o.receipts(ctx, db, answers)
	if err != nil {
		return nil, err
	}
	var next atomic.Int64
	var saved atomic.Int64
	var wg sync.WaitGroup
	failed := make([]error, savers)
	own, began := ownTime(), time.Now()
	for w := range savers {
		wg.Go(func() {
			for time.Since(began).Seconds() < b.seconds {
				i := int(next.Add(1)) - 1
				if i >= len(receipts) {
					return
				}
				if _, failed[w] = saver.SaveReceipt(ctx, receipts[i]); failed[w] != nil {
					return
				}
				saved.Add(1)
			}
		})
	}
	wg.Wait()
	st.took, st.processor = time.Since(began), ownTime()-own
	st.perSecond = float64(saved.Load()) / st.took.Seconds()
	return st, errors.Join(failed...)
}

// receipts are what the server makes of the answers.
func (o *office) receipts(ctx context.Context, db survey.Store, answers []answer) ([]survey.Receipt, error) {
	all := make([]survey.Receipt, len(answers))
	for i := range answers {
		a := &answers[i]
		r := survey.Response{
			ID: a.id, Wave: wave, Instrument: o.in.Ref(), Mode: survey.ModeKiosk, Source: survey.WalkIn,
			Unit: a.kiosk.point.Unit, Month: a.given.Month(), Language: survey.Vietnamese, Modules: a.modules,
			Revision: 1, Disposition: survey.Complete, Answers: a.said,
		}
		if i%2 == 0 {
			invited, err := db.Invitation(ctx, o.tokens[i/2].Hash())
			if err != nil {
				return nil, err
			}
			r.Source, r.Class, r.Unit, r.Month = survey.Invited, invited.Class, "", ""
		}
		r.ContentHash = o.key.ContentHash(&r, "")
		all[i] = survey.Receipt{
			Response: r, Point: a.kiosk.point.ID, Day: a.given,
			Delivery: &survey.Delivery{Device: a.kiosk.device, Queue: survey.QueueID(a.kiosk.queue), Seq: i/len(o.kiosks) + 1},
		}
	}
	return all, nil
}
