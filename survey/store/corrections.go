package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"sipas/survey"
)

const (
	deleteResponse = `DELETE FROM response WHERE id = $1`
	deleteWalkIns  = `DELETE FROM response WHERE wave = $1 AND source = 'walk_in' AND unit = $2 AND month = $3 RETURNING id, ` + responseColumns
	deleteDays     = `DELETE FROM day_count WHERE wave = $1 AND unit = $2 AND day >= $3 AND day <= $4`
	deleteSignals  = `DELETE FROM signal_count WHERE wave = $1 AND unit = $2 AND month = $3`

	selectOpenWaves = `SELECT id FROM wave WHERE state = 'open' ORDER BY id`
	selectMerged    = `SELECT id, merged_into FROM unit WHERE merged_into <> ''`
	endUnit         = `UPDATE unit SET to_day = $1, successors = $2, merged_into = $3 WHERE id = $4`
	mergeOnward     = `UPDATE unit SET merged_into = $1 WHERE merged_into = $2`
	moveChildren    = `UPDATE unit SET parent = $1 WHERE to_day = '' AND parent IN (SELECT id FROM unit WHERE merged_into = $2)`
	// What open waves hold under merged units. Each table is gone through once, whatever the number of units.
	moveRegister = `UPDATE register SET unit = $1 WHERE unit IN (SELECT id FROM unit WHERE merged_into = $2)
		AND wave IN (SELECT id FROM wave WHERE state = 'open')`
	moveCounts = `INSERT INTO register_count (wave, unit, month, n) SELECT wave, CAST($1 AS text), month, sum(n) FROM register_count
		WHERE unit IN (SELECT id FROM unit WHERE merged_into = $2) AND wave IN (SELECT id FROM wave WHERE state = 'open') GROUP BY wave, month
		ON CONFLICT (wave, unit, month) DO UPDATE SET n = register_count.n + excluded.n`
	dropCounts = `DELETE FROM register_count WHERE unit IN (SELECT id FROM unit WHERE merged_into = $1)
		AND wave IN (SELECT id FROM wave WHERE state = 'open')`
	moveWalkIns = `UPDATE response SET unit = $1 WHERE source = 'walk_in' AND unit IN (SELECT id FROM unit WHERE merged_into = $2)
		AND wave IN (SELECT id FROM wave WHERE state = 'open') RETURNING id`
	moveComments = `UPDATE comment SET unit = $1 WHERE unit IN (SELECT id FROM unit WHERE merged_into = $2)
		AND wave IN (SELECT id FROM wave WHERE state = 'open') RETURNING id`
	movePoints = `UPDATE point SET unit = $1 WHERE unit IN (SELECT id FROM unit WHERE merged_into = $2)`
	moveDays   = `INSERT INTO day_count (wave, unit, point, day, n) SELECT wave, CAST($1 AS text), point, day, sum(n) FROM day_count
		WHERE unit IN (SELECT id FROM unit WHERE merged_into = $2) AND wave IN (SELECT id FROM wave WHERE state = 'open') GROUP BY wave, point, day
		ON CONFLICT (wave, unit, point, day) DO UPDATE SET n = day_count.n + excluded.n`
	dropDays = `DELETE FROM day_count WHERE unit IN (SELECT id FROM unit WHERE merged_into = $1)
		AND wave IN (SELECT id FROM wave WHERE state = 'open')`
	moveSignals = `INSERT INTO signal_count (wave, unit, point, month, signal, n) SELECT wave, CAST($1 AS text), point, month, signal, sum(n) FROM signal_count
		WHERE unit IN (SELECT id FROM unit WHERE merged_into = $2) AND wave IN (SELECT id FROM wave WHERE state = 'open') GROUP BY wave, point, month, signal
		ON CONFLICT (wave, unit, point, month, signal) DO UPDATE SET n = signal_count.n + excluded.n`
	dropSignals = `DELETE FROM signal_count WHERE unit IN (SELECT id FROM unit WHERE merged_into = $1)
		AND wave IN (SELECT id FROM wave WHERE state = 'open')`
)

// correct runs fn in a transaction that receipts do not come between, and writes the counts that fn changes.
func (s *Store) correct(ctx context.Context, op string, fn func(b *batch) error) error {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	var places []Place
	err := s.write(ctx, op, func(tx *sql.Tx) error {
		b := s.newBatch(ctx, tx)
		if err := fn(b); err != nil {
			return err
		}
		var err error
		places, err = b.flush()
		return err
	})
	if err != nil {
		s.forget()
		return err
	}
	if len(places) > 0 {
		s.answered(places)
	}
	return nil
}

// WithdrawResponse takes one response of an open wave out again, with its cells. The trail says nothing of it: a row would date it.
func (s *Store) WithdrawResponse(ctx context.Context, id survey.ResponseID) error {
	const op = "withdraw response"
	return s.correct(ctx, op, func(b *batch) error {
		if err := b.load([]survey.ResponseID{id}); err != nil {
			return err
		}
		stored := b.rows[id].stored
		if stored == nil {
			return &survey.Error{Code: survey.CodeNotFound, Op: op}
		}
		if err := b.requireOpen(stored.Wave); err != nil {
			return err
		}
		b.tally.move(stored, nil)
		b.places = append(b.places, Place{Table: TableResponse, ID: string(id)})
		return b.exec(deleteResponse, id)
	})
}

// DeleteWalkIns deletes all walk-in responses of a unit in a month, and what counted them. It goes through all responses once; answers
// wait meanwhile, those of other programs too.
func (s *Store) DeleteWalkIns(ctx context.Context, by survey.Actor, wave survey.WaveID, unit survey.UnitID, month, reason string) (n int, err error) {
	const op = "delete walk-ins"
	if reason = survey.CleanText(reason); reason == "" {
		return 0, survey.Errorf(survey.CodeBadRequest, op, "no reason is given")
	}
	if first, known := survey.ParseDay(month + "-01"); !known || first.Month() != month {
		return 0, survey.Errorf(survey.CodeBadRequest, op, "month %q is not written 2026-07", month)
	}
	err = s.correct(ctx, op, func(b *batch) error {
		if err := b.requireOpen(wave); err != nil {
			return err
		}
		if err := s.requireUnit(ctx, b.tx, op, unit); err != nil {
			return err
		}
		err := each(ctx, b.tx, func(rows *sql.Rows) error {
			r, err := scanResponse(rows.Scan, new(survey.Response))
			if err != nil {
				return err
			}
			n++
			b.tally.move(r, nil)
			b.places = append(b.places, Place{Table: TableResponse, ID: string(r.ID)})
			return nil
		}, deleteWalkIns, wave, unit, month)
		if err != nil || n == 0 {
			return err
		}
		if _, err := s.exec(ctx, b.tx, deleteDays, wave, unit, month+"-01", month+"-31"); err != nil {
			return err
		}
		if _, err := s.exec(ctx, b.tx, deleteSignals, wave, unit, month); err != nil {
			return err
		}
		return s.audit(ctx, b.tx, by, ActDeleteWalkIns, string(wave), fmt.Sprintf("%d of %s in %s: %s", n, unit, month, reason))
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// MergeUnits ends units and moves what open waves hold under them to their successor. It goes through all responses once; answers wait
// meanwhile. Classes keep the labels that they were drawn with: a draw is what was done, and its chances hold.
func (s *Store) MergeUnits(ctx context.Context, by survey.Actor, from []survey.UnitID, into survey.UnitID, day survey.Day) (survey.Merger, error) {
	const op = "merge units"
	var m survey.Merger
	last, err := dayBefore(op, day)
	if err != nil {
		return m, err
	}
	from = slices.Compact(slices.Sorted(slices.Values(from)))
	if len(from) == 0 {
		return m, survey.Errorf(survey.CodeBadRequest, op, "no unit to merge")
	}
	err = s.correct(ctx, op, func(b *batch) error {
		ending, err := s.mergeable(ctx, b.tx, from, into, day, last)
		if err != nil || len(ending) == 0 {
			return err
		}
		m.Units = len(ending)
		if err := s.endUnits(ctx, b.tx, ending, into, last); err != nil {
			return err
		}
		if err := b.moveStrata(into); err != nil {
			return err
		}
		if err := b.moveRows(into, &m); err != nil {
			return err
		}
		// Where units are remembered, they are other ones now.
		b.s.forget()
		names := make([]string, len(ending))
		for i, u := range ending {
			names[i] = string(u.ID)
		}
		return s.audit(ctx, b.tx, by, ActMergeUnits, string(into), fmt.Sprintf("%s from %s on: moved %d transactions, %d walk-ins, %d kiosks",
			strings.Join(names, ", "), day, m.Transactions, m.WalkIns, m.Points))
	})
	if err != nil {
		return survey.Merger{}, err
	}
	return m, nil
}

func dayBefore(op string, day survey.Day) (survey.Day, error) {
	at, err := time.Parse("2006-01-02", string(day))
	if err != nil {
		return "", survey.Errorf(survey.CodeBadRequest, op, "day %q is not written 2026-07-01", day)
	}
	return survey.Day(at.AddDate(0, 0, -1).Format("2006-01-02")), nil
}

// mergeable returns the units that are still to be ended, or why they cannot be.
func (s *Store) mergeable(ctx context.Context, tx *sql.Tx, from []survey.UnitID, into survey.UnitID, day, last survey.Day) ([]survey.Unit, error) {
	const op = "merge units"
	conflict := func(id survey.UnitID, why string) error {
		return survey.Errorf(survey.CodeConflict, op, "unit %s %s", id, why).With("unit", string(id))
	}
	units, err := list(ctx, tx, scanUnit, selectUnits)
	if err != nil {
		return nil, err
	}
	byID := make(map[survey.UnitID]survey.Unit, len(units))
	for _, u := range units {
		byID[u.ID] = u
	}
	merged, err := mergedUnits(ctx, tx)
	if err != nil {
		return nil, err
	}
	provinces, err := s.openProvinces(ctx, tx)
	if err != nil {
		return nil, err
	}
	successor, known := byID[into]
	switch {
	case !known:
		return nil, missing(survey.CodeUnitUnknown, op, "unit", string(into))
	case merged[into] != "" || !successor.ValidOn(day):
		return nil, conflict(into, "is not valid on the day")
	}
	var ending []survey.Unit
	for _, id := range from {
		u, known := byID[id]
		switch {
		case !known:
			return nil, missing(survey.CodeUnitUnknown, op, "unit", string(id))
		case id == into:
			return nil, conflict(id, "cannot be merged into itself")
		case merged[id] == into && u.To == last:
			continue
		case merged[id] != "":
			return nil, conflict(id, "was merged into "+string(merged[id]))
		case u.Kind != successor.Kind:
			return nil, conflict(id, "is of another kind")
		case u.From > last || u.To != "" && u.To < last:
			return nil, conflict(id, "is not valid on the day before")
		case slices.Contains(provinces, id):
			return nil, conflict(id, "is what an open wave measures")
		}
		ending = append(ending, u)
	}
	return ending, nil
}

// mergedUnits returns what each merged unit counts for now.
func mergedUnits(ctx context.Context, tx *sql.Tx) (map[survey.UnitID]survey.UnitID, error) {
	merged := map[survey.UnitID]survey.UnitID{}
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var id, into survey.UnitID
		err := rows.Scan(&id, &into)
		merged[id] = into
		return err
	}, selectMerged)
	return merged, err
}

func (s *Store) openProvinces(ctx context.Context, tx *sql.Tx) ([]survey.UnitID, error) {
	waves, err := list(ctx, tx, func(rows *sql.Rows) (*survey.Wave, error) { return scanWave(rows.Scan) }, selectWaves)
	var provinces []survey.UnitID
	for _, w := range waves {
		if w.State == survey.WaveOpen {
			provinces = append(provinces, w.Province)
		}
	}
	return provinces, err
}

func (s *Store) endUnits(ctx context.Context, tx *sql.Tx, ending []survey.Unit, into survey.UnitID, last survey.Day) error {
	for _, u := range ending {
		if !slices.Contains(u.Successors, into) {
			u.Successors = append(u.Successors, into)
		}
		successors, err := encode(u.Successors)
		if err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, endUnit, last, successors, into, u.ID); err != nil {
			return err
		}
		// What was merged into it before goes on with it.
		if _, err := s.exec(ctx, tx, mergeOnward, into, u.ID); err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, tx, moveChildren, into, into)
	return err
}

// moveStrata moves the cells that open waves hold under merged units.
func (b *batch) moveStrata(into survey.UnitID) error {
	merged, err := mergedUnits(b.ctx, b.tx)
	if err != nil {
		return err
	}
	waves, err := list(b.ctx, b.tx, func(rows *sql.Rows) (w survey.WaveID, err error) { return w, rows.Scan(&w) }, selectOpenWaves)
	if err != nil {
		return err
	}
	for _, wave := range waves {
		if err := b.requireOpen(wave); err != nil {
			return err
		}
		// Whoever remembers units elsewhere learns by this that they changed.
		b.tally.touch(wave)
		err := eachStratum(b.ctx, b.tx, wave, func(st stratum, c *counts) error {
			if st.source != survey.WalkIn || merged[st.unit] != into {
				return nil
			}
			to := st
			to.unit = into
			for _, k := range c.all {
				b.tally.changes[to] = append(b.tally.changes[to], k)
				k.n = -k.n
				b.tally.changes[st] = append(b.tally.changes[st], k)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// moveRows moves everything else.
func (b *batch) moveRows(into survey.UnitID, m *survey.Merger) error {
	for _, move := range []struct {
		query, table string
		n            *int
	}{{moveWalkIns, TableResponse, &m.WalkIns}, {moveComments, TableComment, new(int)}} {
		err := each(b.ctx, b.tx, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			b.places = append(b.places, Place{Table: move.table, ID: id})
			*move.n++
			return err
		}, move.query, into, into)
		if err != nil {
			return err
		}
	}
	for _, move := range []struct {
		query string
		n     *int
	}{{moveRegister, &m.Transactions}, {moveCounts, new(int)}, {movePoints, &m.Points}, {moveDays, new(int)}, {moveSignals, new(int)}} {
		n, err := b.s.exec(b.ctx, b.tx, move.query, into, into)
		if err != nil {
			return err
		}
		*move.n = int(n)
	}
	for _, drop := range []string{dropCounts, dropDays, dropSignals} {
		if _, err := b.s.exec(b.ctx, b.tx, drop, into); err != nil {
			return err
		}
	}
	return nil
}
