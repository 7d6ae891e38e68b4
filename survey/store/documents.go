package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"sipas/survey"
)

const (
	insertInstrument = `INSERT INTO instrument (id, version, document) VALUES ($1, $2, $3)`
	selectInstrument = `SELECT document FROM instrument WHERE id = $1 AND version = $2`
	insertFramework  = `INSERT INTO framework (id, version, document) VALUES ($1, $2, $3)`
	selectFramework  = `SELECT document FROM framework WHERE id = $1 AND version = $2`
)

// PublishInstrument stores a version. The same document again changes nothing, however it is laid out; another one under its
// id and version is CodeConflict.
func (s *Store) PublishInstrument(ctx context.Context, by survey.Actor, doc []byte) (*survey.Instrument, error) {
	in, err := survey.ParseInstrument(doc)
	if err != nil {
		return nil, err
	}
	err = s.publish(ctx, by, publication{
		op: "publish instrument", act: ActPublishInstrument, find: selectInstrument, insert: insertInstrument,
		id: in.ID, version: in.Version, subject: in.Ref().String(), document: in,
	}, nil)
	if err != nil {
		return nil, err
	}
	return in, nil
}

// Instrument returns a version, or CodeInstrumentUnknown.
func (s *Store) Instrument(ctx context.Context, ref survey.InstrumentRef) (*survey.Instrument, error) {
	in, err := instrument(ctx, s.engine.Reader, ref)
	return in, s.fail("read instrument", err)
}

func instrument(ctx context.Context, q querier, ref survey.InstrumentRef) (*survey.Instrument, error) {
	var doc string
	err := q.QueryRowContext(ctx, selectInstrument, ref.ID, ref.Version).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing(survey.CodeInstrumentUnknown, "read instrument", "instrument", ref.String())
	}
	if err != nil {
		return nil, err
	}
	return survey.ParseInstrument([]byte(doc))
}

// PublishFramework stores a version, by the rule of PublishInstrument.
func (s *Store) PublishFramework(ctx context.Context, by survey.Actor, doc []byte) (*survey.Framework, error) {
	f, p, err := frameworkPublication("publish framework", doc)
	if err != nil {
		return nil, err
	}
	if err := s.publish(ctx, by, p, nil); err != nil {
		return nil, err
	}
	return f, nil
}

func frameworkPublication(op string, doc []byte) (*survey.Framework, publication, error) {
	f, err := survey.ParseFramework(doc)
	if err != nil {
		return nil, publication{}, err
	}
	return f, publication{
		op: op, act: ActPublishFramework, find: selectFramework, insert: insertFramework,
		id: f.ID, version: f.Version, subject: f.Ref().String(), document: f,
	}, nil
}

// Framework returns a version, or CodeNotFound.
func (s *Store) Framework(ctx context.Context, ref survey.FrameworkRef) (*survey.Framework, error) {
	f, err := framework(ctx, s.engine.Reader, ref)
	return f, s.fail("read framework", err)
}

func framework(ctx context.Context, q querier, ref survey.FrameworkRef) (*survey.Framework, error) {
	var doc string
	err := q.QueryRowContext(ctx, selectFramework, ref.ID, ref.Version).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing(survey.CodeNotFound, "read framework", "framework", ref.String())
	}
	if err != nil {
		return nil, err
	}
	return survey.ParseFramework([]byte(doc))
}

// InstrumentHash returns the SHA-256 of a version's document as it is stored.
func (s *Store) InstrumentHash(ctx context.Context, ref survey.InstrumentRef) (string, error) {
	return s.documentHash(ctx, "hash instrument", selectInstrument, survey.CodeInstrumentUnknown, ref.ID, ref.Version)
}

// FrameworkHash does the same for frameworks.
func (s *Store) FrameworkHash(ctx context.Context, ref survey.FrameworkRef) (string, error) {
	return s.documentHash(ctx, "hash framework", selectFramework, survey.CodeNotFound, ref.ID, ref.Version)
}

func (s *Store) documentHash(ctx context.Context, op, query string, unknown survey.Code, id string, version int) (string, error) {
	var doc string
	err := s.engine.Reader.QueryRowContext(ctx, query, id, version).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return "", missing(unknown, op, "document", fmt.Sprintf("%s/%d", id, version))
	}
	return survey.DocumentSum([]byte(doc)), s.fail(op, err)
}

// publication is one document on its way into a table of versions.
type publication struct {
	op, act, find, insert string
	id                    string
	version               int
	subject               string
	document              any
}

// publish stores a document. also is done in the same transaction, before it; it may be nil.
func (s *Store) publish(ctx context.Context, by survey.Actor, p publication, also func(*sql.Tx) error) error {
	text, err := encode(p.document)
	if err != nil {
		return s.fail(p.op, err)
	}
	return s.write(ctx, p.op, func(tx *sql.Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		var stored string
		err := s.row(ctx, tx, p.find, p.id, p.version).Scan(&stored)
		if err == nil && stored == text {
			return nil
		}
		if err == nil {
			return missing(survey.CodeConflict, p.op, "document", p.subject)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := s.exec(ctx, tx, p.insert, p.id, p.version, text); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, p.act, p.subject, "")
	})
}
