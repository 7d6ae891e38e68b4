package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"sipas/survey"
)

// The content of a file lies in pieces, so that neither writing nor removing one holds up answers: each piece is a transaction by itself, and
// whoever waits for the writer waits for one piece. evidencePiece is how many bytes a piece holds, a multiple of three, so that its base 64
// has no filling.
const evidencePiece = 48 << 10

// looseFor is how long pieces that belong to no file are left alone: whoever loads them may be another process. No load takes as long.
const looseFor = 24 * time.Hour

const (
	insertLoose  = `INSERT INTO evidence_loose (file, since) VALUES ($1, $2)`
	deleteLoose  = `DELETE FROM evidence_loose WHERE file = $1`
	condemnLoose = `UPDATE evidence_loose SET since = 0 WHERE file = $1`
	selectLoose  = `SELECT file FROM evidence_loose WHERE since <= $1 ORDER BY file`
	insertPiece  = `INSERT INTO evidence_piece (file, position, content) VALUES ($1, $2, $3)`
	deletePiece  = `DELETE FROM evidence_piece WHERE file = $1 AND position = $2 AND EXISTS (SELECT 1 FROM evidence_loose l WHERE l.file = evidence_piece.file)`
	selectPiece  = `SELECT content FROM evidence_piece WHERE file = $1 AND position = $2`
	selectLast   = `SELECT coalesce(max(position), -1) FROM evidence_piece WHERE file = $1`
)

// LoadEvidence reads the content of a file to its end. Nobody sees it before it is attached; whatever fails, nothing is left.
func (s *Store) LoadEvidence(ctx context.Context, content io.Reader) (survey.Evidence, error) {
	const op = "load evidence"
	e := survey.Evidence{ID: survey.EvidenceID(randomKey())}
	sum := sha256.New()
	err := s.loadPieces(ctx, &e, io.TeeReader(content, sum))
	if err == nil && e.Size == 0 {
		err = &survey.Error{Code: survey.CodeEvidenceEmpty, Op: op}
	}
	if err != nil {
		// Whoever sent it may be gone, and what came of it goes too.
		return survey.Evidence{}, errors.Join(s.fail(op, err), s.UnloadEvidence(context.WithoutCancel(ctx), e))
	}
	e.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return e, nil
}

func (s *Store) loadPieces(ctx context.Context, e *survey.Evidence, content io.Reader) error {
	const op = "load evidence"
	piece := make([]byte, evidencePiece)
	for position := 0; ; position++ {
		n, err := io.ReadFull(content, piece)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		if e.Size += int64(n); e.Size > survey.MaxEvidence {
			return (&survey.Error{Code: survey.CodeEvidenceTooLarge, Op: op}).With("mb", fmt.Sprint(survey.MaxEvidence>>20))
		}
		if n > 0 {
			text := base64.StdEncoding.EncodeToString(piece[:n])
			err := s.write(ctx, op, func(tx *sql.Tx) error {
				if position == 0 {
					if _, err := s.exec(ctx, tx, insertLoose, e.ID, s.now().UnixMilli()); err != nil {
						return err
					}
				}
				_, err := s.exec(ctx, tx, insertPiece, e.ID, position, text)
				return err
			})
			if err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// UnloadEvidence removes loaded files that are not attached.
func (s *Store) UnloadEvidence(ctx context.Context, files ...survey.Evidence) error {
	const op = "unload evidence"
	for _, e := range files {
		err := s.write(ctx, op, func(tx *sql.Tx) error {
			_, err := s.exec(ctx, tx, condemnLoose, e.ID)
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.removePieces(ctx, op, files)
}

// SweepEvidence removes what belongs to no file any more, or never came to.
func (s *Store) SweepEvidence(ctx context.Context) error {
	const op = "sweep evidence"
	files, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (e survey.Evidence, err error) {
		err = rows.Scan(&e.ID)
		return e, err
	}, selectLoose, s.now().Add(-looseFor).UnixMilli())
	if err != nil {
		return s.fail(op, err)
	}
	return s.removePieces(ctx, op, files)
}

// removePieces removes the pieces of files that are condemned, one in each transaction. A file that is attached keeps its own.
func (s *Store) removePieces(ctx context.Context, op string, files []survey.Evidence) error {
	for _, e := range files {
		var last int
		err := s.engine.Reader.QueryRowContext(ctx, selectLast, e.ID).Scan(&last)
		for position := last; err == nil && position >= 0; position-- {
			err = s.write(ctx, op, func(tx *sql.Tx) error {
				_, err := s.exec(ctx, tx, deletePiece, e.ID, position)
				return err
			})
		}
		if err == nil {
			err = s.write(ctx, op, func(tx *sql.Tx) error {
				_, err := s.exec(ctx, tx, deleteLoose, e.ID)
				return err
			})
		}
		if err != nil {
			return s.fail(op, err)
		}
	}
	return nil
}

// AttachEvidence attaches loaded files, all or none.
func (s *Store) AttachEvidence(ctx context.Context, by survey.Actor, id survey.AssessmentID, files ...survey.Evidence) error {
	const op = "attach evidence"
	a, err := assessment(ctx, s.engine.Reader, op, id)
	if err != nil {
		return s.fail(op, err)
	}
	f, err := s.Framework(ctx, a.Framework)
	if err != nil {
		return err
	}
	var surplus []survey.Evidence
	err = s.write(ctx, op, func(tx *sql.Tx) (err error) {
		if _, err := assessment(ctx, tx, op, id); err != nil {
			return err
		}
		surplus, err = s.attach(ctx, tx, by, id, f, files)
		return err
	})
	if err != nil {
		return err
	}
	s.unloadSurplus(ctx, surplus)
	return nil
}

// unloadSurplus removes what turned out not to be needed. The act is done: what fails here goes with the next sweep.
func (s *Store) unloadSurplus(ctx context.Context, files []survey.Evidence) {
	_ = s.UnloadEvidence(context.WithoutCancel(ctx), files...)
}

// attach makes loaded files of an assessment exist, and returns those that exist already.
func (s *Store) attach(ctx context.Context, tx *sql.Tx, by survey.Actor, id survey.AssessmentID, f *survey.Framework, files []survey.Evidence) (surplus []survey.Evidence, err error) {
	const op = "attach evidence"
	for _, e := range files {
		if _, ok := f.Criterion(e.Criterion); !ok {
			return nil, missing(survey.CodeCriterionInvalid, op, "criterion", e.Criterion)
		}
		if clean, err := survey.CleanEvidenceName(e.Name); err != nil || clean != e.Name {
			return nil, missing(survey.CodeBadRequest, op, "name", e.Name)
		}
		_, same, err := scanEvidence(s.row(ctx, tx, selectFileNamed, id, e.Criterion, e.Name))
		switch {
		case err == nil && same.SHA256 == e.SHA256:
			surplus = append(surplus, e)
			continue
		case err == nil:
			return nil, missing(survey.CodeEvidenceTaken, op, "name", e.Name)
		case !errors.Is(err, sql.ErrNoRows):
			return nil, err
		}
		loaded, err := s.exec(ctx, tx, deleteLoose, e.ID)
		if err != nil {
			return nil, err
		}
		if loaded == 0 {
			return nil, missing(survey.CodeNotFound, op, "file", string(e.ID))
		}
		if _, err := s.exec(ctx, tx, insertEvidence, id, e.ID, e.Criterion, e.Name, e.Size, e.SHA256, s.now().UnixMilli(), by.Name); err != nil {
			return nil, err
		}
		if err := s.audit(ctx, tx, by, ActAttachEvidence, string(id), evidenceDetail(e)); err != nil {
			return nil, err
		}
	}
	var n int
	if err := s.row(ctx, tx, countEvidence, id).Scan(&n); err != nil {
		return nil, err
	}
	if n > survey.MaxEvidenceFiles {
		return nil, missing(survey.CodeEvidenceFull, op, "max", fmt.Sprint(survey.MaxEvidenceFiles))
	}
	return surplus, nil
}

func evidenceDetail(e survey.Evidence) string {
	return fmt.Sprintf("%s: %s, %d bytes, %s", e.Criterion, e.Name, e.Size, e.SHA256)
}

// DetachEvidence removes a file and its content.
func (s *Store) DetachEvidence(ctx context.Context, by survey.Actor, id survey.AssessmentID, file survey.EvidenceID) error {
	const op = "detach evidence"
	var e survey.Evidence
	err := s.write(ctx, op, func(tx *sql.Tx) (err error) {
		_, e, err = scanEvidence(s.row(ctx, tx, selectFile, id, file))
		if errors.Is(err, sql.ErrNoRows) {
			return missing(survey.CodeNotFound, op, "file", string(file))
		}
		if err != nil {
			return err
		}
		return s.detach(ctx, tx, by, id, e)
	})
	if err != nil {
		return err
	}
	s.unloadSurplus(ctx, []survey.Evidence{e})
	return nil
}

// detach makes a file exist no longer. Its pieces are then loose, to be removed one by one.
func (s *Store) detach(ctx context.Context, tx *sql.Tx, by survey.Actor, id survey.AssessmentID, e survey.Evidence) error {
	if _, err := s.exec(ctx, tx, deleteEvidence, e.ID); err != nil {
		return err
	}
	if _, err := s.exec(ctx, tx, insertLoose, e.ID, 0); err != nil {
		return err
	}
	return s.audit(ctx, tx, by, ActDetachEvidence, string(id), evidenceDetail(e))
}

// ReadEvidence writes the content of an attached file. It reads one piece at a time: a reader that took its time would keep the log from being
// emptied.
func (s *Store) ReadEvidence(ctx context.Context, id survey.AssessmentID, file survey.EvidenceID, w io.Writer) error {
	const op = "read evidence"
	_, e, err := scanEvidence(s.engine.Reader.QueryRowContext(ctx, selectFile, id, file))
	if errors.Is(err, sql.ErrNoRows) {
		return missing(survey.CodeNotFound, op, "file", string(file))
	}
	if err != nil {
		return s.fail(op, err)
	}
	sum := sha256.New()
	for left, position := e.Size, 0; left > 0; position++ {
		n, err := s.writePiece(ctx, e.ID, position, left, sum, w)
		if err != nil {
			return s.fail(op, err)
		}
		left -= n
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != e.SHA256 {
		return survey.Errorf(survey.CodeInternal, op, "%s hashes to %s, not to %s", e.ID, got, e.SHA256)
	}
	return nil
}

func (s *Store) writePiece(ctx context.Context, file survey.EvidenceID, position int, left int64, sum hash.Hash, w io.Writer) (int64, error) {
	var text string
	if err := s.engine.Reader.QueryRowContext(ctx, selectPiece, file, position).Scan(&text); err != nil {
		return 0, fmt.Errorf("piece %d: %w", position, err)
	}
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return 0, fmt.Errorf("piece %d: %w", position, err)
	}
	if len(content) == 0 || int64(len(content)) > left {
		return 0, fmt.Errorf("piece %d has %d bytes where %d are left", position, len(content), left)
	}
	sum.Write(content)
	_, err = w.Write(content)
	return int64(len(content)), err
}
