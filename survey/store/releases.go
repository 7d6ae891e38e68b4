package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sipas/survey"
)

const (
	deleteProvisional = `DELETE FROM release WHERE wave = $1 AND state = 'provisional'`
	insertRelease     = `INSERT INTO release (id, wave, state, made_at, document) VALUES ($1, $2, $3, $4, $5)`
	selectReleaseByID = `SELECT state, document FROM release WHERE id = $1`
	selectProvisional = `SELECT document FROM release WHERE wave = $1 AND state = 'provisional' ORDER BY made_at DESC, id DESC LIMIT 1`
	selectLiveID      = `SELECT id FROM release WHERE wave = $1 AND state = 'provisional' ORDER BY made_at DESC, id DESC LIMIT 1`
)

// SaveRelease stores the provisional release of a wave in place of the one before. The same again changes nothing; one under the id of a
// published release is CodeConflict.
func (s *Store) SaveRelease(ctx context.Context, by survey.Actor, r *survey.Release) error {
	const op = "save release"
	if r.ID == "" || r.State != survey.StateProvisional {
		return survey.Errorf(survey.CodeInternal, op, "release %q is not provisional, but %q", r.ID, r.State)
	}
	doc, err := json.Marshal(r)
	if err != nil {
		return s.fail(op, err)
	}
	text, err := pack(doc)
	if err != nil {
		return s.fail(op, err)
	}
	return s.write(ctx, op, func(tx *sql.Tx) error {
		if _, err := s.waveState(ctx, tx, op, r.Wave); err != nil {
			return err
		}
		var state survey.State
		var stored string
		err := s.row(ctx, tx, selectReleaseByID, r.ID).Scan(&state, &stored)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil && state == r.State && stored == text {
			return nil
		}
		if err == nil && state == survey.StatePublished {
			return missing(survey.CodeConflict, op, "release", r.ID)
		}
		if err := s.disclose(ctx, tx, op, r); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, deleteProvisional, r.Wave); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, insertRelease, r.ID, r.Wave, r.State, r.MadeAt.UnixMilli(), text); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActSaveRelease, string(r.Wave), string(r.State)+" "+r.ID)
	})
}

// pack writes the document of a release as text: compressed, in base 64. Equal documents give equal text.
func pack(doc []byte) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(doc); err != nil {
		return "", fmt.Errorf("compress release: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("compress release: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

func unpack(text string) ([]byte, error) {
	compressed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("decode release: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("decompress release: %w", err)
	}
	doc, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("decompress release: %w", err)
	}
	return doc, nil
}

// Release returns the wave's provisional release, or the published one of the highest number, or CodeNotFound.
func (s *Store) Release(ctx context.Context, wave survey.WaveID, state survey.State) (*survey.Release, error) {
	const op = "read release"
	if state == survey.StatePublished {
		p, err := s.published(ctx, op, selectNewest, wave)
		if err != nil {
			return nil, err
		}
		return p.Decode()
	}
	var text string
	if err := s.newest(ctx, op, selectProvisional, wave, state, &text); err != nil {
		return nil, err
	}
	doc, err := unpack(text)
	if err != nil {
		return nil, s.fail(op, err)
	}
	r := new(survey.Release)
	if err := json.Unmarshal(doc, r); err != nil {
		return nil, s.fail(op, fmt.Errorf("decode release: %w", err))
	}
	return r, nil
}

// ReleaseID returns the id only of what Release would return.
func (s *Store) ReleaseID(ctx context.Context, wave survey.WaveID, state survey.State) (string, error) {
	const op = "read release id"
	query := selectLiveID
	if state == survey.StatePublished {
		query = selectNewestID
	}
	var id string
	err := s.newest(ctx, op, query, wave, state, &id)
	return id, err
}

func (s *Store) newest(ctx context.Context, op, query string, wave survey.WaveID, state survey.State, into *string) error {
	err := s.engine.Reader.QueryRowContext(ctx, query, wave).Scan(into)
	if errors.Is(err, sql.ErrNoRows) {
		return missing(survey.CodeNotFound, op, "wave", string(wave)).With("state", string(state))
	}
	return s.fail(op, err)
}
