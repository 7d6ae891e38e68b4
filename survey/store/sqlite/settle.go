package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"sipas/survey/store"
)

// settler makes the file forget the order of answers a short while after they came, however many there were: first it
// rearranges the rows around them, then it empties the write-ahead log, which holds both the arrival and the rearrangement.
type settler struct {
	db       *sql.DB
	arranger *arranger
	after    time.Duration

	mu      sync.Mutex
	pending []store.Place

	signal  chan struct{}
	cancel  context.CancelFunc
	stopped sync.WaitGroup
}

func newSettler(db *sql.DB, a *arranger, after time.Duration) *settler {
	ctx, cancel := context.WithCancel(context.Background())
	s := &settler{db: db, arranger: a, after: after, signal: make(chan struct{}, 1), cancel: cancel}
	s.stopped.Go(func() { s.run(ctx) })
	return s
}

// answered notes where answers were written. It never waits for the database.
func (s *settler) answered(at []store.Place) {
	s.mu.Lock()
	s.pending = append(s.pending, at...)
	s.mu.Unlock()
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

func (s *settler) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.signal:
		}
		for wait := s.after; ; wait = min(2*wait, time.Second) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			// When a reader holds the log, or the disk is full, the next round tries again: nothing is lost meanwhile, and
			// the answers are on disk already.
			if done, err := s.settle(ctx); err == nil && done {
				break
			}
		}
	}
}

// settle does one round, and reports whether nothing is left to do.
func (s *settler) settle(ctx context.Context) (done bool, err error) {
	s.mu.Lock()
	places := s.pending
	s.pending = nil
	s.mu.Unlock()
	if len(places) > 0 {
		if err := s.arranger.rearrange(ctx, s.db, places); err != nil {
			s.mu.Lock()
			s.pending = append(s.pending, places...)
			s.mu.Unlock()
			return false, err
		}
	}
	return emptyLog(ctx, s.db)
}

// stop ends the settler, waits for it, and does what it had still to do. The readers must be gone: nothing can then hold the log back.
func (s *settler) stop(ctx context.Context) error {
	s.cancel()
	s.stopped.Wait()
	_, err := s.settle(ctx)
	return err
}

// emptyLog copies the log into the file and cuts it to nothing; it reports whether that was possible. It never waits for a
// reader: writers would wait with it.
func emptyLog(ctx context.Context, db *sql.DB) (done bool, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return false, err
	}
	var busy, frames, copied int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &copied)
	// The wait is given back even when the context is over: the connection outlives it.
	_, restored := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA busy_timeout = 5000")
	return busy == 0, errors.Join(err, restored)
}
