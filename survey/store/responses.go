package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

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
	if err := decodeModules(modules, &r.Modules); err != nil {
		return nil, fmt.Errorf("modules of a response: %w", err)
	}
	if err := decodeAnswers(answers, &r.Answers); err != nil {
		return nil, fmt.Errorf("answers of a response: %w", err)
	}
	return r, nil
}

// decodeModules reads a list of codes as it is written here: ["m1","m2"]. What looks otherwise is left to package json, which takes
// several times as long; ten million rows are read in one pass.
func decodeModules(text string, into *[]string) error {
	if text == "null" || text == "[]" {
		return nil
	}
	rest, ok := strings.CutPrefix(text, "[")
	var all []string
	for ok {
		var code string
		if code, rest, ok = quoted(rest); !ok {
			break
		}
		all = append(all, code)
		if rest == "]" {
			*into = all
			return nil
		}
		rest, ok = strings.CutPrefix(rest, ",")
	}
	return json.Unmarshal([]byte(text), into)
}

// decodeAnswers does the same for the codes by item: {"overall":5,"s24":4}. The map, which may be nil, is empty.
func decodeAnswers(text string, into *map[string]int) error {
	if *into == nil {
		*into = map[string]int{}
	}
	rest, ok := strings.CutPrefix(text, "{")
	for ok {
		var item string
		if item, rest, ok = quoted(rest); !ok {
			break
		}
		end := strings.IndexAny(rest, ",}")
		if end < 2 || rest[0] != ':' {
			break
		}
		code, err := strconv.Atoi(rest[1:end])
		if err != nil || strconv.Itoa(code) != rest[1:end] {
			break
		}
		(*into)[item] = code
		if rest[end:] == "}" {
			return nil
		}
		ok = rest[end] == ','
		rest = rest[end+1:]
	}
	clear(*into)
	return json.Unmarshal([]byte(text), into)
}

// quoted cuts a quoted text of plain ASCII off the front.
func quoted(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", s, false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[1:i], s[i+1:], true
		case c < ' ' || c > '~' || c == '\\':
			return "", s, false
		}
	}
	return "", s, false
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
