package store

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"

	"sipas/survey"
)

// A committer makes one synced commit serve all who wait for one. While it writes a batch the next one gathers.
type committer struct {
	store *Store

	mu      sync.Mutex
	waiting []*entry
	closed  bool

	wake    chan struct{}
	stopped chan struct{}
	// open counts the entries that have no verdict yet.
	open atomic.Int64
}

// What a batch holds at most, and how many may wait for one. The first bounds how long a transaction holds the writer, the second
// how long a caller waits at the worst.
const (
	largestBatch = 256
	mostWaiting  = 4096
)

// entry is one caller who waits: with a receipt or with a refusal.
type entry struct {
	receipt *survey.Receipt
	refusal *refusal
	verdict chan verdict // takes one
}

type verdict struct {
	outcome survey.Outcome
	err     error
}

func newCommitter(s *Store) *committer {
	c := &committer{store: s, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	go c.run()
	return c
}

// wait hands an entry over and returns its verdict, which is given when the entry is on disk or refused. A caller whose context ends gets
// that as its error; the entry may be stored nevertheless, and is the same when it is sent again.
func (c *committer) wait(ctx context.Context, e *entry) (survey.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return "", c.store.fail(opSaveReceipt, err)
	}
	e.verdict = make(chan verdict, 1)
	if err := c.add(e); err != nil {
		return "", err
	}
	select {
	case v := <-e.verdict:
		return v.outcome, v.err
	case <-ctx.Done():
		return "", c.store.fail(opSaveReceipt, ctx.Err())
	}
}

func (c *committer) add(e *entry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return survey.Errorf(survey.CodeUnavailable, opSaveReceipt, "the store is closed")
	}
	if len(c.waiting) >= mostWaiting {
		return survey.Errorf(survey.CodeUnavailable, opSaveReceipt, "%d answers wait already", len(c.waiting))
	}
	c.waiting = append(c.waiting, e)
	c.open.Add(1)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return nil
}

// next returns the entries of the next batch, none when nobody waits, and whether there will be no more.
func (c *committer) next() (entries []*entry, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), largestBatch)
	entries = c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	return entries, c.closed && len(c.waiting) == 0
}

func (c *committer) run() {
	defer close(c.stopped)
	for {
		entries, last := c.next()
		if len(entries) > 0 {
			c.commit(entries)
			continue
		}
		if last {
			return
		}
		<-c.wake
	}
}

// close lets nobody in any more and waits until all who wait have their verdict.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
	<-c.stopped
}

// commit writes a batch and answers its callers. When something fails that is no verdict on one of them, each gets a transaction of its
// own, so that the one at fault harms no other; but when the database cannot be written, all are told so.
func (c *committer) commit(entries []*entry) {
	verdicts, err := c.store.receive(entries)
	if err != nil && len(entries) > 1 && !survey.IsCode(err, survey.CodeUnavailable) {
		for _, e := range entries {
			c.commit([]*entry{e})
		}
		return
	}
	for i, e := range entries {
		v := verdict{err: err}
		if err == nil {
			v = verdicts[i]
		}
		e.verdict <- v
	}
	c.open.Add(-int64(len(entries)))
}

// receive writes entries in one transaction and returns the verdict on each when it is on disk; the error is one of all.
func (s *Store) receive(entries []*entry) ([]verdict, error) {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	// No caller's context ends the work for all, nor for itself: who sent it again would meet it half done.
	ctx := context.Background()
	verdicts := make([]verdict, len(entries))
	var places []Place
	err := s.write(ctx, opSaveReceipt, func(tx *sql.Tx) error {
		b := s.newBatch(ctx, tx)
		var ids []survey.ResponseID
		for _, e := range entries {
			if e.receipt != nil {
				ids = append(ids, e.receipt.Response.ID)
			}
		}
		if err := b.load(ids); err != nil {
			return err
		}
		for i, e := range entries {
			v := &verdicts[i]
			if e.refusal != nil {
				v.err = b.refuse(e.refusal)
			} else {
				v.outcome, v.err = b.take(e.receipt)
			}
			if v.err != nil && !own(v.err) {
				return v.err
			}
		}
		var err error
		places, err = b.flush()
		return err
	})
	if err != nil {
		s.forget()
		return nil, err
	}
	if len(places) > 0 {
		s.answered(places)
	}
	return verdicts, nil
}

// Busy is how many callers wait for an answer to be stored.
func (s *Store) Busy() int { return int(s.committer.open.Load()) }

// SaveReceipt stores a response exactly once, with its cells, counters and, when complete, its comment, in one transaction with
// others that came at the same moment.
func (s *Store) SaveReceipt(ctx context.Context, r survey.Receipt) (survey.Outcome, error) {
	return s.committer.wait(ctx, &entry{receipt: &r})
}
