package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sipas/survey/store"
)

// An arranger takes the rows around new ones out of their table and puts them back in key order. SQLite lays a new row
// below the older ones of its page, so the positions on a page would be a record of arrival; rows that are put in together, in
// the order of their keys, lie as a fresh copy of the table would have them.
//
// Taking out is a change of key to one behind all others, putting back the change to the old key: two statements, no second copy of
// the table's columns, and an error leaves the transaction to be rolled back as ever.
type arranger struct {
	rows  map[string]rowArrangement
	cells struct{ out, back *sql.Stmt }
}

// rowArrangement is how a table under random keys is rearranged. near is how many rows on each side are taken: as many as a
// page holds when it is as full as pages of random keys are, about seven tenths.
type rowArrangement struct {
	below, above, out, back *sql.Stmt
	near                    int
}

// The smallest response takes some 190 bytes, a short comment some 90.
const (
	nearResponses = pageSize * 7 / 10 / 190
	nearComments  = pageSize * 7 / 10 / 90
)

const (
	responseBelow = `SELECT id FROM (SELECT id FROM response WHERE id <= $1 ORDER BY id DESC LIMIT $2) AS near ORDER BY id LIMIT 1`
	responseAbove = `SELECT id FROM (SELECT id FROM response WHERE id >= $1 ORDER BY id LIMIT $2) AS near ORDER BY id DESC LIMIT 1`
	responseOut   = `UPDATE response SET id = '~' || id WHERE id BETWEEN $1 AND $2`
	responseBack  = `UPDATE response SET id = substr(id, 2) WHERE id > '~'`

	commentBelow = `SELECT id FROM (SELECT id FROM comment WHERE id <= $1 ORDER BY id DESC LIMIT $2) AS near ORDER BY id LIMIT 1`
	commentAbove = `SELECT id FROM (SELECT id FROM comment WHERE id >= $1 ORDER BY id LIMIT $2) AS near ORDER BY id DESC LIMIT 1`
	commentOut   = `UPDATE comment SET id = '~' || id WHERE id BETWEEN $1 AND $2`
	commentBack  = `UPDATE comment SET id = substr(id, 2) WHERE id > '~'`

	// The cells of one stratum lie together and are written together; they are taken out as a whole.
	cellOut = `UPDATE cell SET wave = '~' || wave
		WHERE wave = $1 AND source = $2 AND class = $3 AND unit = $4 AND month = $5 AND mode = $6`
	cellBack = `UPDATE cell SET wave = substr(wave, 2) WHERE wave > '~'`
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
		store.TableResponse: {prepare(responseBelow), prepare(responseAbove), prepare(responseOut), prepare(responseBack), nearResponses},
		store.TableComment:  {prepare(commentBelow), prepare(commentAbove), prepare(commentOut), prepare(commentBack), nearComments},
	}}
	a.cells.out, a.cells.back = prepare(cellOut), prepare(cellBack)
	return a, failed
}

// rearrange forgets the order of arrival at all places, in one transaction.
func (a *arranger) rearrange(ctx context.Context, writer *sql.DB, places []store.Place) error {
	tx, err := writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	ids := map[string][]string{}
	strata := map[store.Place]bool{}
	for _, p := range places {
		if p.Table == store.TableCell {
			strata[p] = true
			continue
		}
		ids[p.Table] = append(ids[p.Table], p.ID)
	}
	err = a.rearrangeCells(ctx, tx, strata)
	for table, m := range a.rows {
		err = errors.Join(err, m.rearrange(ctx, tx, ids[table]))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// span is a stretch of keys, both ends included.
type span struct{ first, last string }

func (m rowArrangement) rearrange(ctx context.Context, tx *sql.Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	var spans []span
	for _, id := range slices.Compact(ids) {
		var s span
		below := tx.StmtContext(ctx, m.below).QueryRowContext(ctx, id, m.near).Scan(&s.first)
		above := tx.StmtContext(ctx, m.above).QueryRowContext(ctx, id, m.near).Scan(&s.last)
		if err := errors.Join(below, above); err != nil {
			return err
		}
		// In a storm the stretches overlap; each row moves once.
		if n := len(spans); n > 0 && s.first <= spans[n-1].last {
			spans[n-1].last = s.last
			continue
		}
		spans = append(spans, s)
	}
	for _, s := range spans {
		if _, err := tx.StmtContext(ctx, m.out).ExecContext(ctx, s.first, s.last); err != nil {
			return err
		}
	}
	_, err := tx.StmtContext(ctx, m.back).ExecContext(ctx)
	return err
}

func (a *arranger) rearrangeCells(ctx context.Context, tx *sql.Tx, strata map[store.Place]bool) error {
	if len(strata) == 0 {
		return nil
	}
	sorted := make([]store.Place, 0, len(strata))
	for p := range strata {
		sorted = append(sorted, p)
	}
	slices.SortFunc(sorted, func(a, b store.Place) int { return strings.Compare(cellOrder(a), cellOrder(b)) })
	for _, p := range sorted {
		c := p.Stratum
		_, err := tx.StmtContext(ctx, a.cells.out).ExecContext(ctx, p.ID, c.Source, c.Class, c.Unit, c.Month, c.Mode)
		if err != nil {
			return err
		}
	}
	_, err := tx.StmtContext(ctx, a.cells.back).ExecContext(ctx)
	return err
}

func cellOrder(p store.Place) string {
	c := p.Stratum
	return strings.Join([]string{p.ID, string(c.Source), string(c.Class), string(c.Unit), c.Month, string(c.Mode)}, "\x00")
}

// rearrangeAll does for the whole file what rearrange does around single rows: it writes all tables afresh.
func rearrangeAll(ctx context.Context, writer *sql.DB) error {
	_, err := writer.ExecContext(ctx, "VACUUM")
	return err
}
