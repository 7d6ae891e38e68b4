package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sipas/survey"
)

const (
	assessmentColumns = `id, framework, version, office, unit, year, wave, revision, changed_at, changed_by, document`
	evidenceColumns   = `assessment, id, criterion, name, size, sha256, added_at, added_by`

	selectAssessment  = `SELECT ` + assessmentColumns + ` FROM assessment WHERE id = $1`
	selectAssessments = `SELECT ` + assessmentColumns + ` FROM assessment ORDER BY year DESC, id`
	insertAssessment  = `INSERT INTO assessment (` + assessmentColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	updateAssessment  = `UPDATE assessment SET office = $1, unit = $2, year = $3, wave = $4, revision = $5, changed_at = $6, changed_by = $7, document = $8 WHERE id = $9`
	deleteAssessment  = `DELETE FROM assessment WHERE id = $1`
	selectSameOffice  = `SELECT id FROM assessment WHERE framework = $1 AND version = $2 AND office = $3 AND year = $4 AND id <> $5`
	selectUnitThere   = `SELECT count(*) FROM unit WHERE id = $1`
	selectWaveThere   = `SELECT count(*) FROM wave WHERE id = $1`

	selectEvidence    = `SELECT ` + evidenceColumns + ` FROM evidence WHERE assessment = $1 ORDER BY criterion, name`
	selectAllEvidence = `SELECT ` + evidenceColumns + ` FROM evidence ORDER BY criterion, name`
	selectFile        = `SELECT ` + evidenceColumns + ` FROM evidence WHERE assessment = $1 AND id = $2`
	selectFileNamed   = `SELECT ` + evidenceColumns + ` FROM evidence WHERE assessment = $1 AND criterion = $2 AND name = $3`
	countEvidence     = `SELECT count(*) FROM evidence WHERE assessment = $1`
	insertEvidence    = `INSERT INTO evidence (` + evidenceColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	deleteEvidence    = `DELETE FROM evidence WHERE id = $1`
)

func scanAssessment(row scanner) (*survey.Assessment, error) {
	a := new(survey.Assessment)
	var at int64
	var doc string
	err := row.Scan(&a.ID, &a.Framework.ID, &a.Framework.Version, &a.Office, &a.Unit, &a.Year, &a.Wave, &a.Revision, &at, &a.By, &doc)
	if err != nil {
		return nil, err
	}
	a.Changed = time.UnixMilli(at)
	return a, json.Unmarshal([]byte(doc), &a.Values)
}

func scanEvidence(row scanner) (of survey.AssessmentID, e survey.Evidence, err error) {
	var at int64
	err = row.Scan(&of, &e.ID, &e.Criterion, &e.Name, &e.Size, &e.SHA256, &at, &e.By)
	e.Added = time.UnixMilli(at)
	return of, e, err
}

// Assessment returns an assessment with its files, or CodeNotFound.
func (s *Store) Assessment(ctx context.Context, id survey.AssessmentID) (*survey.Assessment, error) {
	const op = "read assessment"
	var a *survey.Assessment
	err := s.read(ctx, op, func(tx *sql.Tx) (err error) {
		if a, err = assessment(ctx, tx, op, id); err != nil {
			return err
		}
		return each(ctx, tx, func(rows *sql.Rows) error {
			_, e, err := scanEvidence(rows)
			a.Files = append(a.Files, e)
			return err
		}, selectEvidence, id)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func assessment(ctx context.Context, q querier, op string, id survey.AssessmentID) (*survey.Assessment, error) {
	a, err := scanAssessment(q.QueryRowContext(ctx, selectAssessment, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing(survey.CodeNotFound, op, "assessment", string(id))
	}
	return a, err
}

// Assessments returns all of them, the latest year first.
func (s *Store) Assessments(ctx context.Context) ([]survey.Assessment, error) {
	const op = "list assessments"
	var all []survey.Assessment
	at := map[survey.AssessmentID]int{}
	err := s.read(ctx, op, func(tx *sql.Tx) error {
		err := each(ctx, tx, func(rows *sql.Rows) error {
			a, err := scanAssessment(rows)
			if err != nil {
				return err
			}
			at[a.ID] = len(all)
			all = append(all, *a)
			return nil
		}, selectAssessments)
		if err != nil {
			return err
		}
		return each(ctx, tx, func(rows *sql.Rows) error {
			of, e, err := scanEvidence(rows)
			all[at[of]].Files = append(all[at[of]].Files, e)
			return err
		}, selectAllEvidence)
	})
	return all, err
}

// SaveAssessment stores an assessment over the revision that the caller read, 0 for a new one, with loaded files, and returns the new one.
func (s *Store) SaveAssessment(ctx context.Context, by survey.Actor, a survey.Assessment, attach ...survey.Evidence) (int, error) {
	const op = "save assessment"
	// A framework never changes, so it need not be read where others wait to write.
	f, err := s.Framework(ctx, a.Framework)
	if err != nil {
		return 0, err
	}
	if err := a.Check(f); err != nil {
		return 0, err
	}
	doc, err := encode(a.Values)
	if err != nil {
		return 0, s.fail(op, err)
	}
	revision := a.Revision
	var surplus []survey.Evidence
	err = s.write(ctx, op, func(tx *sql.Tx) error {
		if err := s.saveAssessment(ctx, tx, by, a, doc, &revision); err != nil {
			return err
		}
		surplus, err = s.attach(ctx, tx, by, a.ID, f, attach)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.unloadSurplus(ctx, surplus)
	return revision, nil
}

func (s *Store) saveAssessment(ctx context.Context, tx *sql.Tx, by survey.Actor, a survey.Assessment, doc string, revision *int) error {
	const op = "save assessment"
	stored, err := assessment(ctx, tx, op, a.ID)
	fresh := survey.IsCode(err, survey.CodeNotFound) && err != nil
	if err != nil && !fresh {
		return err
	}
	if fresh {
		stored = &survey.Assessment{ID: a.ID, Framework: a.Framework}
	}
	conflict := missing(survey.CodeConflict, op, "document", string(a.ID))
	if stored.Revision != a.Revision || stored.Framework != a.Framework {
		return conflict
	}
	var other string
	err = s.row(ctx, tx, selectSameOffice, a.Framework.ID, a.Framework.Version, a.Office, a.Year, a.ID).Scan(&other)
	if err == nil {
		return conflict.With("document", other)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := s.there(ctx, tx, selectUnitThere, string(a.Unit), missing(survey.CodeUnitUnknown, op, "unit", string(a.Unit))); err != nil {
		return err
	}
	if err := s.there(ctx, tx, selectWaveThere, string(a.Wave), missing(survey.CodeNotFound, op, "wave", string(a.Wave))); err != nil {
		return err
	}
	before, err := encode(stored.Values)
	if err != nil {
		return err
	}
	if !fresh && before == doc && stored.Office == a.Office && stored.Unit == a.Unit && stored.Year == a.Year && stored.Wave == a.Wave {
		return nil
	}
	*revision = a.Revision + 1
	at := s.now().UnixMilli()
	if fresh {
		_, err = s.exec(ctx, tx, insertAssessment, a.ID, a.Framework.ID, a.Framework.Version, a.Office, a.Unit, a.Year, a.Wave, *revision, at, by.Name, doc)
	} else {
		_, err = s.exec(ctx, tx, updateAssessment, a.Office, a.Unit, a.Year, a.Wave, *revision, at, by.Name, doc, a.ID)
	}
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, by, ActSaveAssessment, string(a.ID), fmt.Sprintf("%s, revision %d", a.Framework, *revision))
}

// there returns the error where something is named and not there.
func (s *Store) there(ctx context.Context, tx *sql.Tx, query, id string, absent error) error {
	if id == "" {
		return nil
	}
	var n int
	if err := s.row(ctx, tx, query, id).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return absent
	}
	return nil
}

// DropAssessment removes an assessment with its files at the revision that the caller read. The content of the files, which may be
// much, goes with the next sweep.
func (s *Store) DropAssessment(ctx context.Context, by survey.Actor, id survey.AssessmentID, revision int) error {
	const op = "drop assessment"
	return s.write(ctx, op, func(tx *sql.Tx) error {
		stored, err := assessment(ctx, tx, op, id)
		if err != nil {
			return err
		}
		if stored.Revision != revision {
			return missing(survey.CodeConflict, op, "document", string(id))
		}
		files, err := list(ctx, tx, func(rows *sql.Rows) (survey.Evidence, error) {
			_, e, err := scanEvidence(rows)
			return e, err
		}, selectEvidence, id)
		if err != nil {
			return err
		}
		for _, e := range files {
			if err := s.detach(ctx, tx, by, id, e); err != nil {
				return err
			}
		}
		if _, err := s.exec(ctx, tx, deleteAssessment, id); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActDropAssessment, string(id), fmt.Sprintf("revision %d, %d files", revision, len(files)))
	})
}
