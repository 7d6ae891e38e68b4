package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sipas/survey"
)

const responseColumns = `wave, instrument, version, mode, source, class, unit, month, language, modules, revision, disposition, answers, suspect, content_hash`

const (
	selectResponse  = `SELECT id, ` + responseColumns + ` FROM response WHERE id = $1`
	selectResponses = `SELECT id, ` + responseColumns + ` FROM response WHERE wave = $1 ORDER BY id`
	insertResponse  = `INSERT INTO response (id, ` + responseColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
	updateResponse = `UPDATE response SET wave = $1, instrument = $2, version = $3, mode = $4, source = $5, class = $6, unit = $7, month = $8,
		language = $9, modules = $10, revision = $11, disposition = $12, answers = $13, suspect = $14, content_hash = $15 WHERE id = $16`
	selectClassLabels = `SELECT labels FROM class WHERE wave = $1 AND id = $2`
	selectPointUnit   = `SELECT unit FROM point WHERE id = $1`
	countDay          = `INSERT INTO day_count (wave, unit, point, day, n) VALUES ($1, $2, $3, $4, 1)
		ON CONFLICT (wave, unit, point, day) DO UPDATE SET n = day_count.n + 1`
	selectDays     = `SELECT unit, point, day, n FROM day_count WHERE wave = $1 ORDER BY unit, point, day`
	insertComment  = `INSERT INTO comment (id, wave, unit, language, text) VALUES ($1, $2, $3, $4, $5)`
	selectComments = `SELECT wave, unit, language, text FROM comment WHERE wave = $1 ORDER BY id`
)

// hotStatements are prepared once: every answer runs them.
func hotStatements() []string {
	return []string{
		selectWaveState, countUnit, selectResponse, insertResponse, updateResponse, selectClassLabels, selectPointUnit,
		countDay, insertComment, addToCell, takeFromCell, dropCell,
	}
}

// SaveReceipt stores a response exactly once, with its cells, counters and, when complete, its comment, in one transaction.
func (s *Store) SaveReceipt(ctx context.Context, r survey.Receipt) (survey.Outcome, error) {
	var kept saved
	err := s.write(ctx, opSaveReceipt, func(tx *sql.Tx) (err error) {
		t := tally{wave: r.Response.Wave}
		if kept, err = s.saveReceipt(ctx, tx, &r, &t); err != nil {
			return err
		}
		moved, err := s.recount(ctx, tx, &t)
		kept.places = append(kept.places, moved...)
		return err
	})
	if err != nil {
		return "", err
	}
	s.answered(kept.places)
	return kept.outcome, nil
}

// SaveReceipts stores many receipts in one transaction, each by the rule of survey.Resolve, all or none: for loads that are made
// on the server itself, where nobody waits for a single acknowledgement. They are written in the order of their keys, so
// that nothing is left to forget of an order among them but that of the comments, whose keys are drawn here.
func (s *Store) SaveReceipts(ctx context.Context, receipts []survey.Receipt) error {
	sorted := slices.Clone(receipts)
	slices.SortStableFunc(sorted, func(a, b survey.Receipt) int { return cmp.Compare(a.Response.ID, b.Response.ID) })
	var places []Place
	err := s.write(ctx, opSaveReceipt, func(tx *sql.Tx) error {
		tallies := map[survey.WaveID]*tally{}
		for i := range sorted {
			wave := sorted[i].Response.Wave
			if tallies[wave] == nil {
				tallies[wave] = &tally{wave: wave}
			}
			kept, err := s.saveReceipt(ctx, tx, &sorted[i], tallies[wave])
			if err != nil {
				return err
			}
			places = append(places, slices.DeleteFunc(kept.places, func(p Place) bool { return p.Table != TableComment })...)
		}
		for _, wave := range slices.Sorted(maps.Keys(tallies)) {
			if err := s.recountMany(ctx, tx, tallies[wave]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.answered(places)
	return nil
}

// answered tells the engine that answers were written, and where their order could be read.
func (s *Store) answered(places []Place) {
	if s.engine.Answered != nil {
		s.engine.Answered(places)
	}
}

// saved is what became of a receipt within a transaction, and where it was written.
type saved struct {
	outcome survey.Outcome
	places  []Place
}

const opSaveReceipt = "save response"

// saveReceipt does the work in a transaction that may hold other receipts too, but for the cells, which it notes in the tally.
// The transaction holds the writer's lock from its beginning, so nothing can come between looking a response up and writing
// it; the unique key stands behind that.
func (s *Store) saveReceipt(ctx context.Context, tx *sql.Tx, r *survey.Receipt, t *tally) (saved, error) {
	sent := &r.Response
	if err := s.requireOpen(ctx, tx, opSaveReceipt, sent.Wave); err != nil {
		return saved{}, err
	}
	unit, err := s.commentUnit(ctx, tx, sent)
	if err != nil {
		return saved{}, err
	}
	stored, err := scanResponse(s.row(ctx, tx, selectResponse, sent.ID).Scan, new(survey.Response))
	if errors.Is(err, sql.ErrNoRows) {
		stored, err = nil, nil
	}
	if err != nil {
		return saved{}, err
	}
	if stored != nil && (stored.Wave != sent.Wave || stored.Source != sent.Source) {
		return saved{}, &survey.Error{Code: survey.CodeResponseConflict, Op: opSaveReceipt}
	}
	outcome, err := survey.Resolve(stored, sent)
	if err != nil || outcome == survey.Repeated || outcome == survey.Ignored {
		return saved{outcome: outcome}, err
	}
	if err := s.putResponse(ctx, tx, sent, outcome); err != nil {
		return saved{}, err
	}
	t.move(stored, sent)
	places := []Place{{Table: TableResponse, ID: string(sent.ID)}}
	if outcome == survey.Stored {
		if err := s.countDay(ctx, tx, r); err != nil {
			return saved{}, err
		}
	}
	if sent.Disposition == survey.Complete && r.Comment != "" {
		id := randomKey()
		if _, err := s.exec(ctx, tx, insertComment, id, sent.Wave, unit, sent.Language, r.Comment); err != nil {
			return saved{}, err
		}
		places = append(places, Place{Table: TableComment, ID: id})
	}
	return saved{outcome: outcome, places: places}, nil
}

// commentUnit checks where a response says that it comes from, and returns the unit that its comment may name: the one of
// a walk-in, and the one of a class when the class lies within a single unit.
func (s *Store) commentUnit(ctx context.Context, tx *sql.Tx, r *survey.Response) (survey.UnitID, error) {
	switch {
	case r.Source == survey.Invited && r.Class != "" && r.Unit == "" && r.Month == "":
		var text string
		err := s.row(ctx, tx, selectClassLabels, r.Wave, r.Class).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return "", missing(survey.CodeNotFound, opSaveReceipt, "class", string(r.Class))
		}
		if err != nil {
			return "", err
		}
		var labels [survey.Dims]string
		if err := json.Unmarshal([]byte(text), &labels); err != nil {
			return "", fmt.Errorf("labels of class %s: %w", r.Class, err)
		}
		unit := labels[survey.DimUnit]
		if unit == "*" || strings.Contains(unit, "|") {
			return "", nil
		}
		var n int
		if err := s.row(ctx, tx, countUnit, unit).Scan(&n); err != nil || n == 0 {
			return "", err
		}
		return survey.UnitID(unit), nil
	case r.Source == survey.WalkIn && r.Class == "" && r.Unit != "" && len(r.Month) == len("2006-01"):
		return r.Unit, s.requireUnit(ctx, tx, opSaveReceipt, r.Unit)
	}
	return "", survey.Errorf(survey.CodeBadRequest, opSaveReceipt,
		"an invited response has a class and nothing finer, a walk-in a unit and a month; this one (%q) has neither", r.Source)
}

func (s *Store) putResponse(ctx context.Context, tx *sql.Tx, r *survey.Response, outcome survey.Outcome) error {
	modules, err := encode(r.Modules)
	if err != nil {
		return err
	}
	answers, err := encode(r.Answers)
	if err != nil {
		return err
	}
	row := []any{
		r.Wave, r.Instrument.ID, r.Instrument.Version, r.Mode, r.Source, r.Class, r.Unit, r.Month,
		r.Language, modules, r.Revision, r.Disposition, answers, flag(r.Suspect), r.ContentHash,
	}
	if outcome == survey.Stored {
		_, err = s.exec(ctx, tx, insertResponse, append([]any{r.ID}, row...)...)
	} else {
		_, err = s.exec(ctx, tx, updateResponse, append(row, r.ID)...)
	}
	return err
}

func (s *Store) countDay(ctx context.Context, tx *sql.Tx, r *survey.Receipt) error {
	var unit survey.UnitID
	if r.Point != "" {
		err := s.row(ctx, tx, selectPointUnit, r.Point).Scan(&unit)
		if errors.Is(err, sql.ErrNoRows) {
			return missing(survey.CodePointUnknown, opSaveReceipt, "point", string(r.Point))
		}
		if err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, tx, countDay, r.Response.Wave, unit, r.Point, r.Day)
	return err
}

// scanResponse fills r, whose map is emptied and used again.
func scanResponse(scan func(...any) error, r *survey.Response) (*survey.Response, error) {
	var modules, answers string
	var suspect int
	err := scan(&r.ID, &r.Wave, &r.Instrument.ID, &r.Instrument.Version, &r.Mode, &r.Source, &r.Class, &r.Unit, &r.Month,
		&r.Language, &modules, &r.Revision, &r.Disposition, &answers, &suspect, &r.ContentHash)
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
