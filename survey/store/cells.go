package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"sipas/survey"
)

const (
	addToCell = `INSERT INTO cell (wave, source, class, unit, month, mode, item, code, disposition, n)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (wave, source, class, unit, month, mode, item, code, disposition) DO UPDATE SET n = cell.n + $10
		RETURNING n`
	takeFromCell = `UPDATE cell SET n = n - $1 WHERE wave = $2 AND source = $3 AND class = $4 AND unit = $5 AND month = $6
		AND mode = $7 AND item = $8 AND code = $9 AND disposition = $10 RETURNING n`
	dropCell = `DELETE FROM cell WHERE wave = $1 AND source = $2 AND class = $3 AND unit = $4 AND month = $5
		AND mode = $6 AND item = $7 AND code = $8 AND disposition = $9 AND n = 0`
	selectCells = `SELECT source, class, unit, month, mode, item, code, disposition, n FROM cell WHERE wave = $1
		ORDER BY source, class, unit, month, mode, item, code, disposition`
)

// CellsOf returns the cells that one response counts in, each with N = 1: one for the response itself, one for each answer.
func CellsOf(r *survey.Response) []survey.Cell {
	stratum := survey.Cell{Source: r.Source, Class: r.Class, Unit: r.Unit, Month: r.Month, Mode: r.Mode, N: 1}
	cells := make([]survey.Cell, 0, 1+len(r.Answers))
	whole := stratum
	whole.Disposition = r.Disposition
	cells = append(cells, whole)
	for _, item := range slices.Sorted(maps.Keys(r.Answers)) {
		c := stratum
		c.Item, c.Code = item, r.Answers[item]
		cells = append(cells, c)
	}
	return cells
}

// tally collects by how much the counts of cells change in one transaction, so that many answers to one
// question cost one statement. The cells are keys: their own N is not used.
type tally struct {
	wave    survey.WaveID
	changes map[survey.Cell]int
}

// move takes off what was stored, which may be nothing, and adds what was sent.
func (t *tally) move(stored, sent *survey.Response) {
	if stored != nil {
		for _, c := range CellsOf(stored) {
			t.add(c, -1)
		}
	}
	for _, c := range CellsOf(sent) {
		t.add(c, 1)
	}
}

func (t *tally) add(c survey.Cell, by int) {
	if t.changes == nil {
		t.changes = map[survey.Cell]int{}
	}
	c.N = 0
	t.changes[c] += by
}

// recount writes a tally, in key order, and returns the strata in which a row may have moved. Cells whose count
// stays are not touched.
func (b *batch) recount(t *tally) ([]Place, error) {
	moved := map[survey.Cell]bool{}
	note := func(c survey.Cell, before, after int) {
		if resized(before, after) {
			moved[stratumOf(c)] = true
		}
		b.s.facts.counts.put(cellKey{t.wave, c}, after)
	}
	// Where the count before is known, nobody asks for the one after, and many rows go into one statement.
	var known []survey.Cell
	for _, c := range slices.SortedFunc(maps.Keys(t.changes), compareCells) {
		by := t.changes[c]
		if by == 0 {
			continue
		}
		if before, ok := b.s.facts.counts.get(cellKey{t.wave, c}); ok && by > 0 {
			known = append(known, c)
			note(c, before, before+by)
			continue
		}
		after, err := b.changeCell(t.wave, c, by)
		if err != nil {
			return nil, err
		}
		note(c, after-by, after)
	}
	err := b.insert(addToCells, len(known), func(i int, args []any) ([]any, error) {
		return append(cellArgs(args, t.wave, known[i]), t.changes[known[i]]), nil
	})
	if err != nil {
		return nil, err
	}
	places := make([]Place, 0, len(moved))
	for stratum := range moved {
		places = append(places, Place{Table: TableCell, ID: string(t.wave), Stratum: stratum})
	}
	return places, nil
}

// changeCell changes one count and returns what it is then. A count of zero has no row.
func (b *batch) changeCell(wave survey.WaveID, c survey.Cell, by int) (n int, err error) {
	if by > 0 {
		err = b.row(addToCell, append(cellArgs(nil, wave, c), by)...).Scan(&n)
		return n, err
	}
	err = b.row(takeFromCell, cellArgs([]any{-by}, wave, c)...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("a counted answer to %q has no cell", c.Item)
	}
	if err == nil && n == 0 {
		err = b.exec(dropCell, cellArgs(nil, wave, c)...)
	}
	return n, err
}

// cellKey is a cell of a wave. The cell's own N is not used.
type cellKey struct {
	wave survey.WaveID
	survey.Cell
}

// resized says whether two counts may take another number of bytes, or whether the row has begun or ceased to be. Only
// then does an engine put the row somewhere else, and where it lies could tell when it came.
func resized(a, b int) bool {
	return bits.Len(uint(a)) != bits.Len(uint(b))
}

func compareCells(a, b survey.Cell) int {
	return cmp.Or(
		cmp.Compare(a.Source, b.Source), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Month, b.Month),
		cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.Item, b.Item), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Disposition, b.Disposition),
	)
}

func cellArgs(args []any, wave survey.WaveID, c survey.Cell) []any {
	return append(args, wave, c.Source, c.Class, c.Unit, c.Month, c.Mode, c.Item, c.Code, c.Disposition)
}

func stratumOf(c survey.Cell) survey.Cell {
	return survey.Cell{Source: c.Source, Class: c.Class, Unit: c.Unit, Month: c.Month, Mode: c.Mode}
}

// Cells returns the counts of answers, in key order.
func (s *Store) Cells(ctx context.Context, wave survey.WaveID) ([]survey.Cell, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (c survey.Cell, err error) {
		err = rows.Scan(&c.Source, &c.Class, &c.Unit, &c.Month, &c.Mode, &c.Item, &c.Code, &c.Disposition, &c.N)
		return c, err
	}, selectCells, wave)
	return all, s.fail("read cells", err)
}
