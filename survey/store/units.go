package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sipas/survey"
)

const (
	upsertUnit = `INSERT INTO unit (id, code, kind, name, parent, from_day, to_day, successors)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET code = excluded.code, kind = excluded.kind, name = excluded.name,
			parent = excluded.parent, from_day = excluded.from_day, to_day = excluded.to_day, successors = excluded.successors
		WHERE unit.merged_into = '' AND (unit.code, unit.kind, unit.name, unit.parent, unit.from_day, unit.to_day, unit.successors)
			<> (excluded.code, excluded.kind, excluded.name, excluded.parent, excluded.from_day, excluded.to_day, excluded.successors)`
	selectUnits   = `SELECT id, code, kind, name, parent, from_day, to_day, successors FROM unit ORDER BY id`
	selectUnitIDs = `SELECT id FROM unit ORDER BY id`
	countUnit     = `SELECT count(*) FROM unit WHERE id = $1`
)

// PutUnits adds or replaces units by id and returns how many changed. A unit that was merged stays as the merging left it, whatever an
// older list says of it.
func (s *Store) PutUnits(ctx context.Context, by survey.Actor, units []survey.Unit) (int, error) {
	const op = "put units"
	var changed int64
	err := s.write(ctx, op, func(tx *sql.Tx) error {
		sorted := slices.SortedStableFunc(slices.Values(units), func(a, b survey.Unit) int {
			return strings.Compare(string(a.ID), string(b.ID))
		})
		stmt, err := tx.PrepareContext(ctx, upsertUnit)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, u := range sorted {
			name, err := encode(u.Name)
			if err != nil {
				return fmt.Errorf("unit %s: %w", u.ID, err)
			}
			successors, err := encode(u.Successors)
			if err != nil {
				return fmt.Errorf("unit %s: %w", u.ID, err)
			}
			res, err := stmt.ExecContext(ctx, u.ID, u.Code, u.Kind, name, u.Parent, u.From, u.To, successors)
			if err != nil {
				return fmt.Errorf("unit %s: %w", u.ID, err)
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			changed += n
		}
		if changed == 0 {
			return nil
		}
		return s.audit(ctx, tx, by, ActPutUnits, "", fmt.Sprintf("changed %d of %d", changed, len(units)))
	})
	if err != nil {
		return 0, err
	}
	return int(changed), nil
}

// Units returns all units in order of id.
func (s *Store) Units(ctx context.Context) ([]survey.Unit, error) {
	all, err := list(ctx, s.engine.Reader, scanUnit, selectUnits)
	return all, s.fail("read units", err)
}

func scanUnit(rows *sql.Rows) (u survey.Unit, err error) {
	var name, successors string
	if err := rows.Scan(&u.ID, &u.Code, &u.Kind, &name, &u.Parent, &u.From, &u.To, &successors); err != nil {
		return u, err
	}
	if err := json.Unmarshal([]byte(name), &u.Name); err != nil {
		return u, fmt.Errorf("unit %s: name: %w", u.ID, err)
	}
	if err := json.Unmarshal([]byte(successors), &u.Successors); err != nil {
		return u, fmt.Errorf("unit %s: successors: %w", u.ID, err)
	}
	return u, nil
}

// requireUnit returns CodeUnitUnknown when there is no such unit.
func (s *Store) requireUnit(ctx context.Context, tx *sql.Tx, op string, id survey.UnitID) error {
	var n int
	if err := s.row(ctx, tx, countUnit, id).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return missing(survey.CodeUnitUnknown, op, "unit", string(id))
	}
	return nil
}
