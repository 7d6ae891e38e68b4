package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sipas/survey"
)

const (
	publicationColumns = `p.position, p.release, p.wave, p.number, p.content_hash, p.document_hash, p.previous, p.seal`
	selectPublications = `SELECT ` + publicationColumns + ` FROM publication p ORDER BY p.position`
	selectHead         = `SELECT ` + publicationColumns + ` FROM publication p ORDER BY p.position DESC LIMIT 1`
	selectLastNumber   = `SELECT p.number FROM publication p WHERE p.wave = $1 ORDER BY p.number DESC LIMIT 1`
	insertPublication  = `INSERT INTO publication (position, release, wave, number, content_hash, document_hash, previous, seal)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	selectPublished = `SELECT ` + publicationColumns + `, r.wave, r.made_at, r.state, r.document
		FROM publication p JOIN release r ON r.id = p.release WHERE p.wave = $1 AND p.number = $2`
	selectNewest = `SELECT ` + publicationColumns + `, r.wave, r.made_at, r.state, r.document
		FROM publication p JOIN release r ON r.id = p.release WHERE p.wave = $1 ORDER BY p.number DESC LIMIT 1`
	selectNewestID     = `SELECT p.release FROM publication p WHERE p.wave = $1 ORDER BY p.number DESC LIMIT 1`
	selectPublishedIDs = `SELECT id FROM release WHERE state = 'published' ORDER BY id`
	selectUnchained    = `SELECT r.id, r.wave, r.document FROM release r
		WHERE r.state = 'published' AND NOT EXISTS (SELECT 1 FROM publication p WHERE p.release = r.id) ORDER BY r.made_at, r.id`
)

// PublishRelease stores a published release for good, at the end of the chain.
func (s *Store) PublishRelease(ctx context.Context, by survey.Actor, r *survey.Release) (*survey.Publication, error) {
	const op = "publish release"
	if r.ID == "" || r.State != survey.StatePublished {
		return nil, survey.Errorf(survey.CodeInternal, op, "release %q is not published, but %q", r.ID, r.State)
	}
	if r.Number > 1 && r.Reason == "" {
		return nil, &survey.Error{Code: survey.CodeReasonRequired, Op: op}
	}
	r.ContentHash = ""
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, s.fail(op, err)
	}
	hash, err := survey.ContentHash(plain)
	if err != nil {
		return nil, s.fail(op, err)
	}
	r.ContentHash = hash
	doc, err := json.Marshal(r)
	if err != nil {
		return nil, s.fail(op, err)
	}
	text, err := pack(doc)
	if err != nil {
		return nil, s.fail(op, err)
	}
	p := survey.Publication{Release: r.ID, Wave: r.Wave, Number: r.Number, ContentHash: hash, DocumentHash: survey.DocumentSum(doc)}
	err = s.write(ctx, op, func(tx *sql.Tx) error {
		if _, err := s.waveState(ctx, tx, op, r.Wave); err != nil {
			return err
		}
		last, err := lastNumber(ctx, tx, r.Wave)
		if err != nil {
			return err
		}
		if r.Number != last+1 || r.Supersedes != last {
			return missing(survey.CodeReleasedMeanwhile, op, "wave", string(r.Wave))
		}
		if err := s.disclose(ctx, tx, op, r); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, insertRelease, r.ID, r.Wave, r.State, r.MadeAt.UnixMilli(), text); err != nil {
			return err
		}
		if err := appendPublication(ctx, tx, &p); err != nil {
			return err
		}
		detail := string(r.State) + " " + r.ID
		if r.Supersedes > 0 {
			detail = fmt.Sprintf("%s, number %d in place of %d: %s", detail, r.Number, r.Supersedes, r.Reason)
		}
		return s.audit(ctx, tx, by, ActSaveRelease, string(r.Wave), detail)
	})
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func lastNumber(ctx context.Context, tx *sql.Tx, wave survey.WaveID) (int, error) {
	var number int
	err := tx.QueryRowContext(ctx, selectLastNumber, wave).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return number, err
}

// appendPublication puts a record at the end of the chain and seals it.
func appendPublication(ctx context.Context, tx *sql.Tx, p *survey.Publication) error {
	head, err := scanPublication(tx.QueryRowContext(ctx, selectHead))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	p.Position, p.Previous = head.Position+1, head.Seal
	p.Seal = p.SealOf()
	_, err = tx.ExecContext(ctx, insertPublication, p.Position, p.Release, p.Wave, p.Number, p.ContentHash, p.DocumentHash, p.Previous, p.Seal)
	return err
}

type scanner interface{ Scan(into ...any) error }

func scanPublication(row scanner, more ...any) (p survey.Publication, err error) {
	err = row.Scan(append([]any{&p.Position, &p.Release, &p.Wave, &p.Number, &p.ContentHash, &p.DocumentHash, &p.Previous, &p.Seal}, more...)...)
	return p, err
}

// Publications returns every published release in the order of the chain, without its document.
func (s *Store) Publications(ctx context.Context) ([]survey.Publication, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (survey.Publication, error) { return scanPublication(rows) }, selectPublications)
	return all, s.fail("read publications", err)
}

// PublishedIDs returns the ids of all stored releases that say they are published.
func (s *Store) PublishedIDs(ctx context.Context) ([]string, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (id string, err error) {
		err = rows.Scan(&id)
		return id, err
	}, selectPublishedIDs)
	return all, s.fail("read published ids", err)
}

// Published returns one published release by its number within the wave, or CodeNotFound.
func (s *Store) Published(ctx context.Context, wave survey.WaveID, number int) (*survey.Published, error) {
	return s.published(ctx, "read published release", selectPublished, wave, number)
}

func (s *Store) published(ctx context.Context, op, query string, args ...any) (*survey.Published, error) {
	var p survey.Published
	var wave survey.WaveID
	var state survey.State
	var madeAt int64
	var text string
	var err error
	p.Publication, err = scanPublication(s.engine.Reader.QueryRowContext(ctx, query, args...), &wave, &madeAt, &state, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing(survey.CodeNotFound, op, "wave", fmt.Sprint(args[0])).With("state", string(survey.StatePublished))
	}
	if err != nil {
		return nil, s.fail(op, err)
	}
	if p.Document, err = unpack(text); err != nil {
		return nil, s.fail(op, err)
	}
	r, err := p.Decode()
	if err != nil {
		return nil, err
	}
	switch {
	case r.ID != p.Release || r.Wave != wave || wave != p.Wave:
		return nil, survey.Errorf(survey.CodeInternal, op, "the document is of release %s of %s", r.ID, r.Wave)
	case r.MadeAt.UnixMilli() != madeAt || r.State != state || state != survey.StatePublished:
		return nil, survey.Errorf(survey.CodeInternal, op, "its time or state is not that of its document")
	}
	return &p, nil
}

// chainEarlier gives records to releases that were published before there were any, in the order in which they were made. It runs once, in
// the transaction of the step that made the table, so that nothing which is put into the file later becomes a published release.
func chainEarlier(ctx context.Context, tx *sql.Tx) error {
	type earlier struct {
		id, text string
		wave     survey.WaveID
	}
	all, err := list(ctx, tx, func(rows *sql.Rows) (e earlier, err error) {
		err = rows.Scan(&e.id, &e.wave, &e.text)
		return e, err
	}, selectUnchained)
	if err != nil {
		return err
	}
	for _, e := range all {
		doc, err := unpack(e.text)
		if err != nil {
			return err
		}
		p := survey.Publication{Release: e.id, Wave: e.wave, DocumentHash: survey.DocumentSum(doc)}
		if p.ContentHash, err = survey.ContentHash(doc); err != nil {
			return err
		}
		last, err := lastNumber(ctx, tx, e.wave)
		if err != nil {
			return err
		}
		p.Number = last + 1
		if err := appendPublication(ctx, tx, &p); err != nil {
			return err
		}
	}
	return nil
}

// after is what a step does in Go, in the transaction of its SQL: by the end of its file's name, because numbers are given late.
func after(name string) func(context.Context, *sql.Tx) error {
	if strings.HasSuffix(name, "_releases.sql") {
		return chainEarlier
	}
	return nil
}
