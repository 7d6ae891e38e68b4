package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sipas/survey"
)

const (
	insertTransactions = `INSERT INTO register (wave, dossier, procedure, field, unit, channel, received, due, returned)`
	// The condition leaves alone what is unchanged, so that the number of changed rows tells added and changed ones from the others.
	changeTransactions = `ON CONFLICT (wave, dossier) DO UPDATE SET procedure = excluded.procedure, field = excluded.field,
			unit = excluded.unit, channel = excluded.channel, received = excluded.received, due = excluded.due, returned = excluded.returned
		WHERE (register.procedure, register.field, register.unit, register.channel, register.received, register.due, register.returned)
			<> (excluded.procedure, excluded.field, excluded.unit, excluded.channel, excluded.received, excluded.due, excluded.returned)`
	selectLastDay     = `SELECT coalesce(max(received), ''), coalesce(max(returned), '') FROM register WHERE wave = $1`
	selectRegister    = `SELECT dossier, procedure, field, unit, channel, received, due, returned FROM register WHERE wave = $1 ORDER BY dossier`
	selectCoverage    = `SELECT dossier, class FROM coverage WHERE wave = $1`
	selectUnitMonths  = `SELECT unit, month, n FROM register_count WHERE wave = $1 ORDER BY unit, month`
	countTransactions = `INSERT INTO register_count (wave, unit, month, n) VALUES ($1, $2, $3, $4)
		ON CONFLICT (wave, unit, month) DO UPDATE SET n = register_count.n + excluded.n`
	uncountTransactions = `UPDATE register_count SET n = n - $1 WHERE wave = $2 AND unit = $3 AND month = $4 AND n > $5`
	dropCount           = `DELETE FROM register_count WHERE wave = $1 AND unit = $2 AND month = $3 AND n <= $4`
)

// selectCounted finds what some transactions are counted under.
var selectCounted = `SELECT dossier, unit, received, returned FROM register WHERE (wave, dossier) IN (VALUES ` + placeholders(rowsAtOnce, 2) + `)`

// PutTransactions adds or changes transactions by dossier code, all or none. One dossier that stands twice with different content
// is CodeConflict: which of the two is meant is not for the store to guess.
func (s *Store) PutTransactions(ctx context.Context, by survey.Actor, wave survey.WaveID, ts []survey.Transaction) (survey.ImportResult, error) {
	const op = "put transactions"
	var result survey.ImportResult
	err := s.write(ctx, op, func(tx *sql.Tx) error {
		if err := s.requireOpen(ctx, tx, op, wave); err != nil {
			return err
		}
		ts, err := underSuccessors(ctx, tx, op, ts)
		if err != nil {
			return err
		}
		sorted, err := distinct(op, ts)
		if err != nil {
			return err
		}
		changes, added, err := countChanges(ctx, tx, wave, sorted)
		if err != nil {
			return err
		}
		written, err := insertRows(ctx, tx, insertTransactions, changeTransactions, 9, len(sorted), func(i int, args []any) []any {
			t := &sorted[i]
			return append(args, string(wave), t.Dossier, t.Procedure, t.Field, string(t.Unit), string(t.Channel),
				string(t.Received), string(t.Due), string(t.Returned))
		})
		if err != nil {
			return err
		}
		if err := s.recount(ctx, tx, wave, changes); err != nil {
			return err
		}
		var received, returned survey.Day
		if err := s.row(ctx, tx, selectLastDay, wave).Scan(&received, &returned); err != nil {
			return err
		}
		result = survey.ImportResult{Added: added, LastDay: max(received, returned)}
		result.Changed = int(written) - result.Added
		result.Unchanged = len(ts) - int(written)
		if written == 0 {
			return nil
		}
		return s.audit(ctx, tx, by, ActImportTransactions, string(wave),
			fmt.Sprintf("added %d, changed %d, unchanged %d", result.Added, result.Changed, result.Unchanged))
	})
	if err != nil {
		return survey.ImportResult{}, err
	}
	return result, nil
}

// unitMonth is what transactions are counted by.
type unitMonth struct {
	unit  survey.UnitID
	month string
}

// countChanges says how the counts of a wave change when transactions, each there once, take the place of those that the register has, and
// how many of them it does not have.
func countChanges(ctx context.Context, tx *sql.Tx, wave survey.WaveID, ts []survey.Transaction) (changes map[unitMonth]int, added int, err error) {
	stmt, err := tx.PrepareContext(ctx, selectCounted)
	if err != nil {
		return nil, 0, err
	}
	defer stmt.Close()
	changes, added = map[unitMonth]int{}, len(ts)
	args := make([]any, 2*rowsAtOnce)
	for chunk := range slices.Chunk(ts, rowsAtOnce) {
		for i := range rowsAtOnce {
			// The last one fills the rest of the statement up.
			args[2*i], args[2*i+1] = string(wave), chunk[min(i, len(chunk)-1)].Dossier
		}
		rows, err := stmt.QueryContext(ctx, args...)
		if err != nil {
			return nil, 0, err
		}
		for rows.Next() {
			var was survey.Transaction
			if err := rows.Scan(&was.Dossier, &was.Unit, &was.Received, &was.Returned); err != nil {
				return nil, 0, errors.Join(err, rows.Close())
			}
			changes[unitMonth{was.Unit, was.Month()}]--
			added--
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, 0, err
		}
		for _, t := range chunk {
			changes[unitMonth{t.Unit, t.Month()}]++
		}
	}
	return changes, added, nil
}

// recount changes the counts of a wave. A count of none is not there.
func (s *Store) recount(ctx context.Context, tx *sql.Tx, wave survey.WaveID, changes map[unitMonth]int) error {
	for k, n := range changes {
		var err error
		switch {
		case n > 0:
			_, err = s.exec(ctx, tx, countTransactions, wave, k.unit, k.month, n)
		case n < 0:
			if _, err = s.exec(ctx, tx, dropCount, wave, k.unit, k.month, -n); err == nil {
				_, err = s.exec(ctx, tx, uncountTransactions, -n, wave, k.unit, k.month, -n)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// distinct returns the transactions sorted by dossier code, which is the order of the table, each once.
func distinct(op string, ts []survey.Transaction) ([]survey.Transaction, error) {
	sorted := slices.SortedFunc(slices.Values(ts), func(a, b survey.Transaction) int { return strings.Compare(a.Dossier, b.Dossier) })
	for i := 1; i < len(sorted); i++ {
		if sorted[i].Dossier == sorted[i-1].Dossier && sorted[i] != sorted[i-1] {
			return nil, missing(survey.CodeConflict, op, "dossier", sorted[i].Dossier)
		}
	}
	return slices.Compact(sorted), nil
}

// underSuccessors returns the transactions with the unit that each counts for by now: its own, or the one that it was merged into.
func underSuccessors(ctx context.Context, tx *sql.Tx, op string, ts []survey.Transaction) ([]survey.Transaction, error) {
	known := map[survey.UnitID]bool{}
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var id survey.UnitID
		err := rows.Scan(&id)
		known[id] = true
		return err
	}, selectUnitIDs)
	if err != nil {
		return nil, err
	}
	merged, err := mergedUnits(ctx, tx)
	if err != nil {
		return nil, err
	}
	moved := slices.Clone(ts)
	for i, t := range ts {
		if !known[t.Unit] {
			return nil, missing(survey.CodeUnitUnknown, op, "unit", string(t.Unit)).With("dossier", t.Dossier)
		}
		if into := merged[t.Unit]; into != "" {
			moved[i].Unit = into
		}
	}
	return moved, nil
}

// Transactions returns the register in order of dossier code.
func (s *Store) Transactions(ctx context.Context, wave survey.WaveID) ([]survey.Transaction, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (t survey.Transaction, err error) {
		err = rows.Scan(&t.Dossier, &t.Procedure, &t.Field, &t.Unit, &t.Channel, &t.Received, &t.Due, &t.Returned)
		return t, err
	}, selectRegister, wave)
	return all, s.fail("read transactions", err)
}

// Covered returns the class of every transaction that a draw has covered, by dossier code.
func (s *Store) Covered(ctx context.Context, wave survey.WaveID) (map[string]survey.ClassID, error) {
	covered := map[string]survey.ClassID{}
	err := each(ctx, s.engine.Reader, func(rows *sql.Rows) error {
		var dossier string
		var class survey.ClassID
		err := rows.Scan(&dossier, &class)
		covered[dossier] = class
		return err
	}, selectCoverage, wave)
	return covered, s.fail("read coverage", err)
}

// RegisterCounts returns how many transactions the register has by unit and month, in that order. The counts are kept: to ask for them costs the
// same however many there are.
func (s *Store) RegisterCounts(ctx context.Context, wave survey.WaveID) ([]survey.UnitMonthCount, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (c survey.UnitMonthCount, err error) {
		err = rows.Scan(&c.Unit, &c.Month, &c.N)
		return c, err
	}, selectUnitMonths, wave)
	return all, s.fail("count register", err)
}
