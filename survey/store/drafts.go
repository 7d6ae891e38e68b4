package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sipas/survey"
)

const (
	selectDraft    = `SELECT id, revision, changed_at, changed_by, document FROM framework_draft WHERE id = $1`
	selectDrafts   = `SELECT id, revision, changed_at, changed_by, document FROM framework_draft ORDER BY id`
	insertDraft    = `INSERT INTO framework_draft (id, revision, changed_at, changed_by, document) VALUES ($1, $2, $3, $4, $5)`
	updateDraft    = `UPDATE framework_draft SET revision = $1, changed_at = $2, changed_by = $3, document = $4 WHERE id = $5`
	countSaves     = `SELECT COUNT(*) FROM audit WHERE act = $1 AND subject = $2`
	deleteDraft    = `DELETE FROM framework_draft WHERE id = $1`
	selectVersions = `SELECT id, version FROM framework ORDER BY id, version`
	selectAsked    = `SELECT id, version FROM instrument ORDER BY id, version`
)

// FrameworkRefs lists every published version, in order of id and version.
func (s *Store) FrameworkRefs(ctx context.Context) ([]survey.FrameworkRef, error) {
	var out []survey.FrameworkRef
	err := s.versions(ctx, "list frameworks", selectVersions, func(id string, version int) {
		out = append(out, survey.FrameworkRef{ID: id, Version: version})
	})
	return out, err
}

// InstrumentRefs does the same for questionnaires.
func (s *Store) InstrumentRefs(ctx context.Context) ([]survey.InstrumentRef, error) {
	var out []survey.InstrumentRef
	err := s.versions(ctx, "list questionnaires", selectAsked, func(id string, version int) {
		out = append(out, survey.InstrumentRef{ID: id, Version: version})
	})
	return out, err
}

func (s *Store) versions(ctx context.Context, op, query string, take func(id string, version int)) error {
	rows, err := s.engine.Reader.QueryContext(ctx, query)
	if err != nil {
		return s.fail(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var version int
		if err := rows.Scan(&id, &version); err != nil {
			return s.fail(op, err)
		}
		take(id, version)
	}
	return s.fail(op, rows.Err())
}

func scanDraft(row scanner) (survey.Draft, error) {
	var d survey.Draft
	var at int64
	var doc string
	err := row.Scan(&d.ID, &d.Revision, &at, &d.By, &doc)
	d.Changed, d.Document = time.UnixMilli(at), []byte(doc)
	return d, err
}

// Draft returns a draft, or CodeNotFound.
func (s *Store) Draft(ctx context.Context, id string) (*survey.Draft, error) {
	const op = "read draft"
	d, err := scanDraft(s.engine.Reader.QueryRowContext(ctx, selectDraft, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing(survey.CodeNotFound, op, "draft", id)
	}
	if err != nil {
		return nil, s.fail(op, err)
	}
	return &d, nil
}

// Drafts returns all of them in order of id.
func (s *Store) Drafts(ctx context.Context) ([]survey.Draft, error) {
	const op = "list drafts"
	rows, err := s.engine.Reader.QueryContext(ctx, selectDrafts)
	if err != nil {
		return nil, s.fail(op, err)
	}
	defer rows.Close()
	var out []survey.Draft
	for rows.Next() {
		d, err := scanDraft(rows)
		if err != nil {
			return nil, s.fail(op, err)
		}
		out = append(out, d)
	}
	return out, s.fail(op, rows.Err())
}

// SaveDraft stores a draft over the revision that the caller read, 0 where there was none, and returns the new one. A revision is how often
// anything was saved under the id: no draft has one that another, dropped or published before it, had.
func (s *Store) SaveDraft(ctx context.Context, by survey.Actor, d survey.Draft) (int, error) {
	const op = "save draft"
	next := d.Revision + 1
	err := s.write(ctx, op, func(tx *sql.Tx) error {
		stored, err := scanDraft(s.row(ctx, tx, selectDraft, d.ID))
		fresh := errors.Is(err, sql.ErrNoRows)
		if err != nil && !fresh {
			return err
		}
		if stored.Revision != d.Revision {
			return missing(survey.CodeConflict, op, "document", d.ID)
		}
		at, doc := s.now().UnixMilli(), string(d.Document)
		if fresh {
			var saves int
			if err := s.row(ctx, tx, countSaves, ActSaveDraft, d.ID).Scan(&saves); err != nil {
				return err
			}
			next = saves + 1
			_, err = s.exec(ctx, tx, insertDraft, d.ID, next, at, by.Name, doc)
		} else {
			_, err = s.exec(ctx, tx, updateDraft, next, at, by.Name, doc, d.ID)
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActSaveDraft, d.ID, fmt.Sprintf("revision %d", next))
	})
	if err != nil {
		return 0, err
	}
	return next, nil
}

// DropDraft removes a draft at the revision that the caller read.
func (s *Store) DropDraft(ctx context.Context, by survey.Actor, id string, revision int) error {
	const op = "drop draft"
	return s.write(ctx, op, func(tx *sql.Tx) error { return s.dropDraft(ctx, tx, by, op, id, revision) })
}

func (s *Store) dropDraft(ctx context.Context, tx *sql.Tx, by survey.Actor, op, id string, revision int) error {
	stored, err := scanDraft(s.row(ctx, tx, selectDraft, id))
	if errors.Is(err, sql.ErrNoRows) {
		return missing(survey.CodeNotFound, op, "draft", id)
	}
	if err != nil {
		return err
	}
	if stored.Revision != revision {
		return missing(survey.CodeConflict, op, "document", id)
	}
	if _, err := s.exec(ctx, tx, deleteDraft, id); err != nil {
		return err
	}
	return s.audit(ctx, tx, by, ActDropDraft, id, fmt.Sprintf("revision %d", revision))
}

// PublishDraft makes a version of the framework of a draft's id and removes the draft, both or neither.
func (s *Store) PublishDraft(ctx context.Context, by survey.Actor, id string, revision int, doc []byte) (*survey.Framework, error) {
	const op = "publish draft"
	f, p, err := frameworkPublication(op, doc)
	if err != nil {
		return nil, err
	}
	if f.ID != id {
		return nil, missing(survey.CodeConflict, op, "document", f.Ref().String())
	}
	err = s.publish(ctx, by, p, func(tx *sql.Tx) error { return s.dropDraft(ctx, tx, by, op, id, revision) })
	if err != nil {
		return nil, err
	}
	return f, nil
}
