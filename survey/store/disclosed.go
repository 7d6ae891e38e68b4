package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"sipas/survey"
)

const (
	selectDisclosed      = `SELECT document FROM disclosed WHERE wave = $1`
	selectDisclosedEpoch = `SELECT epoch FROM disclosed WHERE wave = $1`
	upsertDisclosed      = `INSERT INTO disclosed (wave, epoch, document) VALUES ($1, $2, $3)
		ON CONFLICT (wave) DO UPDATE SET epoch = excluded.epoch, document = excluded.document`
)

// Disclosed returns what was shown of a wave so far, or CodeNotFound.
func (s *Store) Disclosed(ctx context.Context, wave survey.WaveID) (*survey.Disclosed, error) {
	const op = "read what was shown"
	var text string
	err := s.engine.Reader.QueryRowContext(ctx, selectDisclosed, wave).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing(survey.CodeNotFound, op, "wave", string(wave))
	}
	if err != nil {
		return nil, s.fail(op, err)
	}
	doc, err := unpack(text)
	if err != nil {
		return nil, s.fail(op, err)
	}
	d := new(survey.Disclosed)
	if err := json.Unmarshal(doc, d); err != nil {
		return nil, s.fail(op, fmt.Errorf("decode: %w", err))
	}
	return d, nil
}

// disclose keeps what a release shows, in its transaction. A release that was computed from what is no longer the last state is
// CodeConflict: two computations must not both advance from the same base.
func (s *Store) disclose(ctx context.Context, tx *sql.Tx, op string, r *survey.Release) error {
	if r.Disclosed == nil {
		return nil
	}
	epoch := 0
	if err := s.row(ctx, tx, selectDisclosedEpoch, r.Wave).Scan(&epoch); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if r.Disclosed.Epoch != epoch+1 {
		return missing(survey.CodeConflict, op, "release", r.ID)
	}
	d := *r.Disclosed
	d.Release, d.State = r.ID, r.State
	doc, err := json.Marshal(d)
	if err != nil {
		return err
	}
	text, err := pack(doc)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, tx, upsertDisclosed, r.Wave, d.Epoch, text)
	return err
}
