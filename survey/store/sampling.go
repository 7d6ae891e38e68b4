package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
)

const (
	insertDraw        = `INSERT INTO draw (wave, number, fraction, seed, as_of, map) VALUES ($1, $2, $3, $4, $5, $6)`
	insertClasses     = `INSERT INTO class (wave, id, draw, labels, population, invited)`
	insertCoverage    = `INSERT INTO coverage (wave, dossier, class)`
	insertInvitations = `INSERT INTO invitation (token_hash, wave, dossier, class)`
	selectDraws       = `SELECT number, fraction, seed, as_of, map FROM draw WHERE wave = $1 ORDER BY number`
	selectClasses     = `SELECT id, draw, labels, population, invited FROM class WHERE wave = $1 ORDER BY id`
)

// SaveDraw stores a draw with its classes and invitations in one transaction, after calling before. A draw whose classes do not
// count what it covers and invites, or in which a class with invitations has fewer than the wave's rule asks for, is the
// program's fault and is refused: weights and anonymity rest on these numbers.
func (s *Store) SaveDraw(ctx context.Context, by survey.Actor, d *survey.Draw, invitations []survey.Invitation, before func() error) error {
	const op = "save draw"
	return s.write(ctx, op, func(tx *sql.Tx) error {
		if err := s.requireOpen(ctx, tx, op, d.Wave); err != nil {
			return err
		}
		wave, err := scanWave(s.row(ctx, tx, selectWave, d.Wave).Scan)
		if err != nil {
			return err
		}
		if err := checkDraw(d, invitations, wave.Rules.MinInvited); err != nil {
			return err
		}
		if err := s.insertDraw(ctx, tx, d, invitations); err != nil {
			return err
		}
		detail := fmt.Sprintf("draw %d: covered %d, invited %d in %d classes", d.Number, len(d.Covered), len(invitations), len(d.Classes))
		if err := s.audit(ctx, tx, by, ActDrawSample, string(d.Wave), detail); err != nil {
			return err
		}
		if before == nil {
			return nil
		}
		return before()
	})
}

func checkDraw(d *survey.Draw, invitations []survey.Invitation, minInvited int) error {
	const op = "save draw"
	covered, invited := map[survey.ClassID]int{}, map[survey.ClassID]int{}
	for _, class := range d.Covered {
		covered[class]++
	}
	for _, inv := range invitations {
		if inv.Wave != d.Wave || d.Covered[inv.Dossier] != inv.Class {
			return survey.Errorf(survey.CodeInternal, op, "an invitation of class %q is not of this draw's", inv.Class)
		}
		invited[inv.Class]++
	}
	for _, c := range d.Classes {
		if c.Population != covered[c.ID] || c.Invited != invited[c.ID] {
			return survey.Errorf(survey.CodeInternal, op, "class %s states %d of %d invited, the draw has %d of %d",
				c.ID, c.Invited, c.Population, invited[c.ID], covered[c.ID])
		}
		if c.Invited > 0 && c.Invited < minInvited {
			return survey.Errorf(survey.CodeInternal, op, "class %s has %d invited, fewer than %d", c.ID, c.Invited, minInvited)
		}
		delete(covered, c.ID)
	}
	if len(covered) > 0 {
		return survey.Errorf(survey.CodeInternal, op, "%d classes are not in the draw", len(covered))
	}
	return nil
}

// insertDraw writes the rows in key order, so that where they lie tells nothing of how they were drawn.
func (s *Store) insertDraw(ctx context.Context, tx *sql.Tx, d *survey.Draw, invitations []survey.Invitation) error {
	if _, err := s.exec(ctx, tx, insertDraw, d.Wave, d.Number, d.Fraction, strconv.FormatUint(d.Seed, 10), d.AsOf, string(d.Map)); err != nil {
		return fmt.Errorf("draw %d: %w", d.Number, err)
	}
	classes := slices.SortedFunc(slices.Values(d.Classes), func(a, b survey.Class) int { return strings.Compare(string(a.ID), string(b.ID)) })
	labels := make([]string, len(classes))
	for i, c := range classes {
		var err error
		if labels[i], err = encode(c.Labels); err != nil {
			return err
		}
	}
	_, err := insertRows(ctx, tx, insertClasses, "", 6, len(classes), func(i int, args []any) []any {
		c := &classes[i]
		return append(args, string(d.Wave), string(c.ID), d.Number, labels[i], c.Population, c.Invited)
	})
	if err != nil {
		return fmt.Errorf("classes: %w", err)
	}
	dossiers := slices.Sorted(maps.Keys(d.Covered))
	_, err = insertRows(ctx, tx, insertCoverage, "", 3, len(dossiers), func(i int, args []any) []any {
		return append(args, string(d.Wave), dossiers[i], string(d.Covered[dossiers[i]]))
	})
	if err != nil {
		return fmt.Errorf("coverage: %w", err)
	}
	sorted := slices.SortedFunc(slices.Values(invitations), func(a, b survey.Invitation) int {
		return strings.Compare(string(a.TokenHash), string(b.TokenHash))
	})
	_, err = insertRows(ctx, tx, insertInvitations, "", 4, len(sorted), func(i int, args []any) []any {
		inv := &sorted[i]
		return append(args, string(inv.TokenHash), string(inv.Wave), inv.Dossier, string(inv.Class))
	})
	if err != nil {
		return fmt.Errorf("invitations: %w", err)
	}
	return nil
}

// Draws returns the wave's draws by number, with their classes, without Covered.
func (s *Store) Draws(ctx context.Context, wave survey.WaveID) ([]survey.Draw, error) {
	var draws []survey.Draw
	err := s.read(ctx, "read draws", func(tx *sql.Tx) error {
		var err error
		draws, err = list(ctx, tx, func(rows *sql.Rows) (survey.Draw, error) {
			d := survey.Draw{Wave: wave}
			var seed, coarsening string
			if err := rows.Scan(&d.Number, &d.Fraction, &seed, &d.AsOf, &coarsening); err != nil {
				return d, err
			}
			d.Map = []byte(coarsening)
			var err error
			d.Seed, err = strconv.ParseUint(seed, 10, 64)
			return d, err
		}, selectDraws, wave)
		if err != nil {
			return err
		}
		classes, err := classes(ctx, tx, wave)
		if err != nil {
			return err
		}
		for i := range draws {
			for _, c := range classes {
				if c.Draw == draws[i].Number {
					draws[i].Classes = append(draws[i].Classes, c)
				}
			}
		}
		return nil
	})
	return draws, err
}

// Classes returns the classes of all draws of a wave, in order of id.
func (s *Store) Classes(ctx context.Context, wave survey.WaveID) ([]survey.Class, error) {
	all, err := classes(ctx, s.engine.Reader, wave)
	return all, s.fail("read classes", err)
}

func classes(ctx context.Context, q querier, wave survey.WaveID) ([]survey.Class, error) {
	return list(ctx, q, func(rows *sql.Rows) (survey.Class, error) {
		c := survey.Class{Wave: wave}
		var labels string
		if err := rows.Scan(&c.ID, &c.Draw, &labels, &c.Population, &c.Invited); err != nil {
			return c, err
		}
		return c, json.Unmarshal([]byte(labels), &c.Labels)
	}, selectClasses, wave)
}
