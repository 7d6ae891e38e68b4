package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"sipas/survey/store"
)

// An arranger takes the rows around new ones out of their table and puts them back in key order. SQLite lays a new row
// below the older ones of its page, so the positions on a page would be a record of arrival; rows that are put in together, in
// the order of their keys, lie where their keys put them.
//
// Taking out is a change of key to one behind all others, putting back the change to the old key: two statements, no second copy of
// the table's columns, and an error leaves the transaction to be rolled back as ever.
//
// The work is cut into slices, each a transaction of its own, so that whoever waits for the writer waits for one slice and
// not for all. Two slices that meet overlap by as many rows as a page may hold: each page is within one of them.
type arranger struct {
	rows map[string]rowArrangement
}

// rowArrangement is how a table is rearranged. near is how many rows on each side of a new one are taken: as many
// as a page holds when it is as full as pages of random keys are, about seven tenths.
type rowArrangement struct {
	below, above, count, out, back *sql.Stmt
	near                           int
}

// The smallest response takes some 190 bytes, a short comment some 90, and so does a stratum with a single answer.
const (
	nearResponses = pageSize * 7 / 10 / 190
	nearComments  = pageSize * 7 / 10 / 90
	nearStrata    = pageSize * 7 / 10 / 90
)

// Parameters stand in a SELECT of their own where they bound a key: SQLite would else plan the statement anew for each value.
const (
	responseBelow = `SELECT coalesce(min(id), '') FROM (SELECT id FROM response WHERE id <= (SELECT $1) ORDER BY id DESC LIMIT $2) AS near`
	responseAbove = `SELECT coalesce(max(id), ''), count(*) FROM (SELECT id FROM response WHERE id >= (SELECT $1) ORDER BY id LIMIT $2) AS near`
	responseCount = `SELECT count(*) FROM response WHERE id BETWEEN (SELECT $1) AND (SELECT $2)`
	responseOut   = `UPDATE response SET id = '~' || id WHERE id BETWEEN (SELECT $1) AND (SELECT $2)`
	responseBack  = `UPDATE response SET id = substr(id, 2) WHERE id > '~'`

	commentBelow = `SELECT coalesce(min(id), '') FROM (SELECT id FROM comment WHERE id <= (SELECT $1) ORDER BY id DESC LIMIT $2) AS near`
	commentAbove = `SELECT coalesce(max(id), ''), count(*) FROM (SELECT id FROM comment WHERE id >= (SELECT $1) ORDER BY id LIMIT $2) AS near`
	commentCount = `SELECT count(*) FROM comment WHERE id BETWEEN (SELECT $1) AND (SELECT $2)`
	commentOut   = `UPDATE comment SET id = '~' || id WHERE id BETWEEN (SELECT $1) AND (SELECT $2)`
	commentBack  = `UPDATE comment SET id = substr(id, 2) WHERE id > '~'`

	stratumBelow = `SELECT coalesce(min(id), '') FROM (SELECT id FROM stratum WHERE id <= (SELECT $1) ORDER BY id DESC LIMIT $2) AS near`
	stratumAbove = `SELECT coalesce(max(id), ''), count(*) FROM (SELECT id FROM stratum WHERE id >= (SELECT $1) ORDER BY id LIMIT $2) AS near`
	stratumCount = `SELECT count(*) FROM stratum WHERE id BETWEEN (SELECT $1) AND (SELECT $2)`
	stratumOut   = `UPDATE stratum SET id = '~' || id WHERE id BETWEEN (SELECT $1) AND (SELECT $2)`
	stratumBack  = `UPDATE stratum SET id = substr(id, 2) WHERE id > '~'`
)

func newArranger(ctx context.Context, writer *sql.DB) (*arranger, error) {
	var failed error
	// The pool closes its statements with itself.
	prepare := func(query string) *sql.Stmt {
		stmt, err := writer.PrepareContext(ctx, query)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("prepare %q: %w", query, err))
		}
		return stmt
	}
	a := &arranger{rows: map[string]rowArrangement{
		store.TableResponse: {prepare(responseBelow), prepare(responseAbove), prepare(responseCount), prepare(responseOut), prepare(responseBack), nearResponses},
		store.TableComment:  {prepare(commentBelow), prepare(commentAbove), prepare(commentCount), prepare(commentOut), prepare(commentBack), nearComments},
		store.TableStratum:  {prepare(stratumBelow), prepare(stratumAbove), prepare(stratumCount), prepare(stratumOut), prepare(stratumBack), nearStrata},
	}}
	return a, failed
}

// mostPending is how many keys of a table are remembered. When more wait, the whole table is gone through instead.
const mostPending = 1 << 15

// work is what is left to rearrange.
type work struct {
	keys map[string]*keys
}

// keys are the places in one table: single keys, or all from a cursor on.
type keys struct {
	ids    []string
	whole  bool
	cursor string
}

func newWork() *work {
	return &work{keys: map[string]*keys{store.TableResponse: {}, store.TableComment: {}, store.TableStratum: {}}}
}

// everything is all that there is to rearrange.
func everything() *work {
	w := newWork()
	for _, k := range w.keys {
		k.whole = true
	}
	return w
}

// add notes places.
func (w *work) add(places []store.Place) {
	for _, p := range places {
		k := w.keys[p.Table]
		if k.whole {
			continue
		}
		if k.ids = append(k.ids, p.ID); len(k.ids) > mostPending {
			*k = keys{whole: true}
		}
	}
}

func (w *work) empty() bool {
	for _, k := range w.keys {
		if !k.empty() {
			return false
		}
	}
	return true
}

func (k *keys) empty() bool { return !k.whole && len(k.ids) == 0 }

// sort puts the keys into the order in which slices take them.
func (w *work) sort() {
	for _, k := range w.keys {
		slices.Sort(k.ids)
		k.ids = slices.Compact(k.ids)
	}
}

// slice rearranges about so many rows of the sorted work, in one transaction, and takes them off it.
func (a *arranger) slice(ctx context.Context, writer *sql.DB, w *work, rows int) error {
	tx, err := writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	done, err := a.sliceIn(ctx, tx, w, rows)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	done()
	return nil
}

// sliceIn does the work of a slice and returns what takes it off when it is committed.
func (a *arranger) sliceIn(ctx context.Context, tx *sql.Tx, w *work, rows int) (done func(), err error) {
	for table, k := range w.keys {
		if k.empty() {
			continue
		}
		rest, err := a.rows[table].rearrange(ctx, tx, *k, rows)
		return func() { *k = rest }, err
	}
	return func() {}, nil
}

// span is a stretch of keys, both ends included.
type span struct{ first, last string }

// rearrange rearranges about so many rows around the first keys, and returns the keys that are left.
func (m rowArrangement) rearrange(ctx context.Context, tx *sql.Tx, k keys, rows int) (rest keys, err error) {
	// A slice must hold more than the rows around one key, or two slices that meet would never get on.
	rows = max(rows, 4*m.near)
	s := stretches{m, ctx, tx}
	var spans []span
	for rows > 2*m.near && !k.empty() && err == nil {
		var next span
		var n int
		if next, k, n, err = s.next(k, rows); err != nil || next.last == "" {
			continue
		}
		rows -= n
		if i := len(spans); i > 0 && next.first <= spans[i-1].last {
			spans[i-1].last = next.last
			continue
		}
		spans = append(spans, next)
	}
	if err != nil {
		return k, err
	}
	for _, s := range spans {
		if _, err := tx.StmtContext(ctx, m.out).ExecContext(ctx, s.first, s.last); err != nil {
			return k, err
		}
	}
	_, err = tx.StmtContext(ctx, m.back).ExecContext(ctx)
	return k, err
}

// stretches asks where the rows around keys begin and end.
type stretches struct {
	m   rowArrangement
	ctx context.Context
	tx  *sql.Tx
}

// below is the last of at most n rows downward from a key.
func (s stretches) below(key string, n int) (found string, err error) {
	err = s.tx.StmtContext(s.ctx, s.m.below).QueryRowContext(s.ctx, key, n).Scan(&found)
	return found, err
}

// above is the last of at most n rows upward from a key, and how many there are.
func (s stretches) above(key string, n int) (found string, rows int, err error) {
	err = s.tx.StmtContext(s.ctx, s.m.above).QueryRowContext(s.ctx, key, n).Scan(&found, &rows)
	return found, rows, err
}

// next returns the stretch around the first keys, of at most so many rows, the keys that it leaves, and how many rows it has.
func (s stretches) next(k keys, rows int) (found span, rest keys, n int, err error) {
	from := k.cursor
	if !k.whole {
		from = k.ids[0]
	}
	if found.first, err = s.below(from, s.m.near+1); err != nil {
		return found, k, 0, err
	}
	if found.first == "" {
		found.first = from
	}
	end, n, err := s.above(found.first, rows)
	if err != nil {
		return found, k, 0, err
	}
	if k.whole {
		found.last = end
		if n < rows {
			return found, keys{}, n, nil
		}
		return found, keys{whole: true, cursor: end}, n, nil
	}
	ids := k.ids
	for {
		if found.last, _, err = s.above(ids[0], s.m.near+1); err != nil {
			return found, k, 0, err
		}
		if found.last == "" {
			// The last row of the table was deleted.
			found.last = end
		}
		if found.last > end {
			// Too long for one slice: a key is done when all rows around it are within.
			done, err := s.below(end, s.m.near+1)
			left, _ := slices.BinarySearch(k.ids, done+"\x00")
			return span{found.first, end}, keys{ids: k.ids[left:]}, n, err
		}
		// The last key within is the one whose rows reach furthest.
		within, _ := slices.BinarySearch(ids, found.last+"\x00")
		if within <= 1 {
			ids = ids[1:]
			break
		}
		ids = ids[within-1:]
	}
	err = s.tx.StmtContext(s.ctx, s.m.count).QueryRowContext(s.ctx, found.first, found.last).Scan(&n)
	return found, keys{ids: ids}, n, err
}
