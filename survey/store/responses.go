package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"sipas/survey"
)

const responseColumns = `wave, instrument, version, mode, source, class, unit, month, language, modules, revision, disposition, answers, suspect, content_hash, sitting`

const (
	selectResponse  = `SELECT id, ` + responseColumns + ` FROM response WHERE id = $1`
	selectResponses = `SELECT id, ` + responseColumns + ` FROM response WHERE wave = $1 ORDER BY id`
	updateResponse  = `UPDATE response SET wave = $1, instrument = $2, version = $3, mode = $4, source = $5, class = $6, unit = $7, month = $8,
		language = $9, modules = $10, revision = $11, disposition = $12, answers = $13, suspect = $14, content_hash = $15, sitting = $16 WHERE id = $17`
	selectDays     = `SELECT unit, point, day, n FROM day_count WHERE wave = $1 ORDER BY unit, point, day`
	selectComments = `SELECT wave, unit, language, text FROM comment WHERE wave = $1 ORDER BY id`
)

// scanResponse fills r, whose map is emptied and used again.
func scanResponse(scan func(...any) error, r *survey.Response) (*survey.Response, error) {
	var modules, answers string
	var suspect int
	err := scan(&r.ID, &r.Wave, &r.Instrument.ID, &r.Instrument.Version, &r.Mode, &r.Source, &r.Class, &r.Unit, &r.Month,
		&r.Language, &modules, &r.Revision, &r.Disposition, &answers, &suspect, &r.ContentHash, &r.Sitting)
	if err != nil {
		return nil, err
	}
	r.Suspect = suspect != 0
	r.Modules = nil
	clear(r.Answers)
	if err := json.Unmarshal([]byte(modules), &r.Modules); err != nil {
		return nil, fmt.Errorf("modules of a response: %w", err)
	}
	if err := json.Unmarshal([]byte(answers), &r.Answers); err != nil {
		return nil, fmt.Errorf("answers of a response: %w", err)
	}
	return r, nil
}

// Response returns what is stored under an id, or CodeNotFound.
func (s *Store) Response(ctx context.Context, id survey.ResponseID) (*survey.Response, error) {
	const op = "read response"
	r, err := scanResponse(s.engine.Reader.QueryRowContext(ctx, selectResponse, id).Scan, new(survey.Response))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &survey.Error{Code: survey.CodeNotFound, Op: op}
	}
	return r, s.fail(op, err)
}

// EachResponse calls yield with every response of a wave in order of id, in one pass. It walks the table by its key rather than an
// index by wave: an index would be one more place that remembers the order of arrival.
func (s *Store) EachResponse(ctx context.Context, wave survey.WaveID, yield func(*survey.Response) error) error {
	const op = "read responses"
	r := new(survey.Response)
	var stopped error
	err := each(ctx, s.engine.Reader, func(rows *sql.Rows) error {
		if _, err := scanResponse(rows.Scan, r); err != nil {
			return err
		}
		stopped = yield(r)
		return stopped
	}, selectResponses, wave)
	if stopped != nil {
		// The caller's own error goes back as it is.
		return stopped
	}
	return s.fail(op, err)
}

// DayCounts returns the responses received by unit, point and day, in that order.
func (s *Store) DayCounts(ctx context.Context, wave survey.WaveID) ([]survey.DayCount, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (c survey.DayCount, err error) {
		err = rows.Scan(&c.Unit, &c.Point, &c.Day, &c.N)
		return c, err
	}, selectDays, wave)
	return all, s.fail("read day counts", err)
}

// Comments returns the remarks of a wave in order of their random ids.
func (s *Store) Comments(ctx context.Context, wave survey.WaveID) ([]survey.CommentRow, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (c survey.CommentRow, err error) {
		err = rows.Scan(&c.Wave, &c.Unit, &c.Language, &c.Text)
		return c, err
	}, selectComments, wave)
	return all, s.fail("read comments", err)
}
