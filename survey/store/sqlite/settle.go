package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"sipas/survey/store"
)

// settler makes the file forget the order of answers a short while after they came, however many there were: first it
// rearranges the rows around them, then it empties the write-ahead log, which holds both the arrival and the rearrangement.
//
// It works on the one connection that writes, and gives way to answers: while any wait it takes a tenth of the writer's time, in slices
// of a few milliseconds. It also keeps the log from growing in a storm, so that no answer pays for copying it into the file.
type settler struct {
	db       *sql.DB // the writer
	copier   *sql.DB // copies the log into the file beside the writer
	arranger *arranger
	scrubber *scrubber
	after    time.Duration
	mark     string     // of this program in the table unsettled
	busy     func() int // how many answers wait to be stored

	mu       sync.Mutex
	incoming *work

	working sync.Mutex // held for one slice; guards what follows, the arranger and the scrubber
	current *work
	backlog *work         // what others left, which comes after all that is known better
	left    bool          // by others: backlog is not empty, or the whole file is to be scrubbed after it
	begun   time.Time     // the work on that
	rested  time.Time     // until when no more of that is begun
	closing time.Duration // how long closing goes on with what others left
	rows    int           // of a slice
	looked  time.Time     // at the log
	copied  int64         // frames of it

	signal  chan struct{}
	cancel  context.CancelFunc
	stopped sync.WaitGroup
}

const (
	// sliceTime is how long a slice should hold the writer.
	sliceTime = 3 * time.Millisecond
	// givingWay is how many times as long as it worked the settler waits while answers do.
	givingWay = 9
	// fewestRows and mostRows bound a slice.
	fewestRows, mostRows = 100, 1000
	// fewestLeft is the least of a slice of what others left, which is every row: on a slow disk a slice takes as long as its commit, however
	// few rows it has.
	fewestLeft = 500
	// longLog is by how many bytes the log grows before it is copied into the file beside the writer, and longestLog the length from
	// which on the writer waits until it can be begun again.
	longLog, longestLog = 32 << 20, 64 << 20
	// longestClosing is how long closing goes on with what others left: the next keeper begins that again. A server that is started anew while
	// it makes a crash good must not be away for as long as that takes.
	longestClosing = 10 * time.Second
	// lookAtLog is how often the length is asked for while nobody answers.
	lookAtLog = time.Second
)

func newSettler(db, copier *sql.DB, a *arranger, sc *scrubber, after time.Duration, mark string) *settler {
	return &settler{
		db: db, copier: copier, arranger: a, scrubber: sc, after: after, mark: mark, incoming: newWork(), current: newWork(), backlog: newWork(),
		rows: fewestRows, closing: longestClosing, signal: make(chan struct{}, 1), cancel: func() {},
	}
}

// start begins to settle. busy says how many answers wait to be stored.
func (s *settler) start(busy func() int) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.busy = cancel, busy
	s.stopped.Go(func() { s.run(ctx) })
	// What others left, and be it the log, is begun with at once.
	s.wake()
}

func (s *settler) wake() {
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// everything has the whole file settled: nobody knows where others wrote to it, or how far they settled what they wrote.
func (s *settler) everything() {
	s.working.Lock()
	s.backlog, s.left, s.begun = everything(), true, time.Now()
	s.scrubber.all(true)
	s.working.Unlock()
	s.wake()
}

// heed looks whether others changed answers, who leave it to the keeper to settle them. However often they do, going through the whole file
// for them takes a tenth of the time at most; their marks stay meanwhile.
func (s *settler) heed(ctx context.Context) error {
	s.working.Lock()
	wait := s.left || time.Now().Before(s.rested)
	s.working.Unlock()
	if wait {
		return nil
	}
	return s.inherit(ctx)
}

// inherit takes over what others left, if they did.
func (s *settler) inherit(ctx context.Context) error {
	var n int
	if err := s.db.QueryRowContext(ctx, countOthers, s.mark).Scan(&n); err != nil || n == 0 {
		return err
	}
	// The keeper's own mark stands for theirs from now on.
	if _, err := s.db.ExecContext(ctx, dropOthers, s.mark); err != nil {
		return err
	}
	s.everything()
	return nil
}

// answered notes where answers were written. It never waits for the database.
func (s *settler) answered(at []store.Place) {
	s.mu.Lock()
	s.incoming.add(at)
	s.mu.Unlock()
	s.wake()
}

// take makes what came in the current work, when nothing is left of that.
func (s *settler) take() {
	if !s.current.empty() {
		return
	}
	s.mu.Lock()
	s.current, s.incoming = s.incoming, s.current
	s.mu.Unlock()
	s.current.sort()
}

func (s *settler) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookAtLog):
			// What fails here is tried again; the answers are on disk already.
			_ = s.tend(ctx)
			continue
		case <-s.signal:
		}
		if !pause(ctx, s.after) {
			return
		}
		s.round(ctx)
	}
}

// round settles until nothing is left to do.
func (s *settler) round(ctx context.Context) {
	for wait := s.after; ; {
		begun := time.Now()
		done, err := s.step(ctx)
		if done {
			return
		}
		took := time.Since(begun)
		switch {
		case err != nil:
			// When a reader holds the log, or the disk is full, the next step tries again: nothing is lost meanwhile.
			took, wait = wait, min(2*wait, time.Second)
		case s.busy() > 0:
			took, wait = givingWay*took, s.after
		default:
			took, wait = 0, s.after
		}
		if !pause(ctx, took) {
			return
		}
	}
}

var errLogHeld = errors.New("a reader holds the log")

// step does one slice, or when there is none empties the log, and reports whether nothing is left to do.
func (s *settler) step(ctx context.Context) (done bool, err error) {
	if err := s.tend(ctx); err != nil {
		return false, err
	}
	begun := time.Now()
	done, err = s.slice(ctx, s.rows)
	// The next one is as much longer as this one was too short; waiting for the writer counts too, which errs on the side of answers.
	scale := float64(sliceTime) / float64(max(time.Since(begun), time.Microsecond))
	s.rows = max(fewestRows, min(mostRows, int(float64(s.rows)*min(scale, 2))))
	return done, err
}

// slice rearranges about so many rows, or looks at as many pages when no rows are left, or empties the log when no pages are.
func (s *settler) slice(ctx context.Context, rows int) (done bool, err error) {
	s.working.Lock()
	defer s.working.Unlock()
	s.take()
	if !s.current.empty() {
		return false, s.arranger.slice(ctx, s.db, s.current, rows)
	}
	if !s.backlog.empty() {
		return false, s.arranger.slice(ctx, s.db, s.backlog, max(rows, fewestLeft))
	}
	if err := s.scrubber.look(); err != nil {
		return false, err
	}
	if !s.scrubber.empty() {
		return false, s.scrubber.slice(ctx, s.db, rows)
	}
	if s.left {
		s.left, s.rested = false, time.Now().Add(givingWay*time.Since(s.begun))
	}
	return s.beginLog(ctx, "TRUNCATE")
}

// beginLog empties the log when all of its pages were looked at, in the mode RESTART whether or not they were wiped.
func (s *settler) beginLog(ctx context.Context, mode string) (done bool, err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// While this holds the connection nothing is added to the log.
	if err := s.scrubber.look(); err != nil || mode == "TRUNCATE" && !s.scrubber.empty() {
		return false, err
	}
	if done, err = emptyLog(ctx, conn, mode); err != nil || !done {
		return false, errors.Join(err, errLogHeld)
	}
	s.scrubber.begun()
	return true, nil
}

// tend looks now and then at what others do to the file, and at the log.
func (s *settler) tend(ctx context.Context) error {
	if time.Since(s.looked) < lookAtLog/4 {
		return nil
	}
	s.looked = time.Now()
	if err := s.heed(ctx); err != nil {
		return err
	}
	return s.shorten(ctx)
}

// shorten copies a long log into the file beside the writer. Only when it has become too long, because answers came on all the while, does
// the writer wait for the little that is left, so that the log begins again.
func (s *settler) shorten(ctx context.Context) error {
	// Copying syncs the file, which holds up the commits on the same disk: seldom and much is better than often and little.
	frames, err := s.logFrames()
	if s.copied > frames {
		s.copied = 0
	}
	if err != nil || (frames-s.copied)*pageSize < longLog {
		return err
	}
	if s.copied, err = s.copyLog(ctx); err != nil || s.copied*pageSize < longestLog {
		return err
	}
	// What came while the most was copied is little, and what came while that was copied is next to nothing.
	if s.copied, err = s.copyLog(ctx); err != nil {
		return err
	}
	s.working.Lock()
	defer s.working.Unlock()
	_, err = s.beginLog(ctx, "RESTART")
	return err
}

// logFrames is how many pages the log holds. The scrubber has then seen all of them.
func (s *settler) logFrames() (int64, error) {
	s.working.Lock()
	defer s.working.Unlock()
	err := s.scrubber.look()
	return s.scrubber.frames, err
}

// copyLog copies what the log holds into the file, as far as no reader needs it, and returns how many pages it holds.
func (s *settler) copyLog(ctx context.Context) (frames int64, err error) {
	// When all is copied, the next commit may begin the log again.
	if _, err := s.logFrames(); err != nil {
		return 0, err
	}
	var busy, copied int
	err = s.copier.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &copied)
	return frames, err
}

// pause waits, and reports whether there is reason to go on.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// stop ends the settler, waits for it, does what it had still to do, and takes the mark away. The readers must be gone: only another program's
// can then hold the log back, which goes when that program closes the file. What others left may be too much to wait for: then the mark stays.
func (s *settler) stop(ctx context.Context) error {
	s.cancel()
	s.stopped.Wait()
	for begun := time.Now(); ; {
		for done := false; !done; {
			if s.take(); s.left && s.current.empty() && time.Since(begun) >= s.closing {
				return nil
			}
			var err error
			if done, err = s.slice(ctx, mostRows); errors.Is(err, errLogHeld) {
				break
			} else if err != nil {
				return err
			}
		}
		done, err := handBack(ctx, s.db, s.mark)
		if err != nil || done {
			return err
		}
		if err := s.inherit(ctx); err != nil {
			return err
		}
	}
}

// leave settles what a program beside changed of the answers, as long as the file has no keeper, and takes its mark away. Where there is
// one the mark stays: it tells the keeper.
func (s *settler) leave(ctx context.Context, unkept func(context.Context) (bool, error)) error {
	var marked int
	if err := s.db.QueryRowContext(ctx, countMark, s.mark).Scan(&marked); err != nil || marked == 0 {
		return err
	}
	for done := false; !done; {
		free, err := unkept(ctx)
		if err != nil || !free {
			return err
		}
		if done, err = s.slice(ctx, mostRows); errors.Is(err, errLogHeld) {
			done = true
		} else if err != nil {
			return err
		}
	}
	_, err := s.db.ExecContext(ctx, dropMark, s.mark)
	return err
}

// emptyLog copies the log into the file and begins it again, in the mode TRUNCATE by cutting it to nothing; it reports whether that
// was possible. It never waits for a reader: writers would wait with it.
func emptyLog(ctx context.Context, conn *sql.Conn, mode string) (done bool, err error) {
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return false, err
	}
	var busy, frames, copied int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &frames, &copied)
	// The wait is given back even when the context is over: the connection outlives it.
	_, restored := conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("PRAGMA busy_timeout = %d", busyWait))
	return busy == 0, errors.Join(err, restored)
}
