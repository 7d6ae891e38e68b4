package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"sipas/survey"
)

const (
	insertWave      = `INSERT INTO wave (id, from_day, to_day, state, document) VALUES ($1, $2, $3, $4, $5)`
	selectWave      = `SELECT state, document FROM wave WHERE id = $1`
	selectWaves     = `SELECT state, document FROM wave ORDER BY from_day DESC, to_day DESC, id`
	selectWaveState = `SELECT state FROM wave WHERE id = $1`
	updateWaveState = `UPDATE wave SET state = $1 WHERE id = $2`
	updateWave      = `UPDATE wave SET document = $1 WHERE id = $2`
)

// CreateWave stores a wave whose instruments, frameworks and province are known. The same wave again changes nothing, also when it
// was closed since; another under its id is CodeConflict.
func (s *Store) CreateWave(ctx context.Context, by survey.Actor, w *survey.Wave) error {
	const op = "create wave"
	// The document is read back before it is stored: what is kept is known to be whole.
	written, err := w.JSON()
	if err != nil {
		return s.fail(op, err)
	}
	checked, err := survey.ParseWave(written)
	if err != nil {
		return err
	}
	// The state lives in its own column, so that closing does not change the document.
	checked.State = ""
	doc, err := encode(checked)
	if err != nil {
		return s.fail(op, err)
	}
	return s.write(ctx, op, func(tx *sql.Tx) error {
		stored, err := scanWave(s.row(ctx, tx, selectWave, checked.ID).Scan)
		if err == nil {
			return sameWave(op, stored, checked)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := s.checkWave(ctx, tx, checked); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, insertWave, checked.ID, checked.From, checked.To, survey.WaveOpen, doc); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, insertAnswerState, checked.ID); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActCreateWave, string(checked.ID), "")
	})
}

// sameWave returns CodeConflict unless what is stored is the same wave, which may ask later versions of its questionnaires by now.
func sameWave(op string, stored, again *survey.Wave) error {
	was, is := *stored, *again
	was.State, is.State = "", ""
	is.Instruments = slices.Clone(is.Instruments)
	for i, ref := range is.Instruments {
		if i < len(was.Instruments) && was.Instruments[i].ID == ref.ID {
			is.Instruments[i].Version = max(ref.Version, was.Instruments[i].Version)
		}
	}
	before, err := encode(was)
	if err != nil {
		return err
	}
	after, err := encode(is)
	if err == nil && before != after {
		err = missing(survey.CodeConflict, op, "wave", string(again.ID))
	}
	return err
}

// checkWave holds a wave against what is published.
func (s *Store) checkWave(ctx context.Context, tx *sql.Tx, w *survey.Wave) error {
	const op = "create wave"
	modes := map[survey.Mode]bool{}
	for _, ref := range w.Instruments {
		in, err := instrument(ctx, tx, ref)
		if err != nil {
			return err
		}
		if modes[in.Mode] {
			return survey.Errorf(survey.CodeDocumentInvalid, op, "two instruments for mode %s", in.Mode).With("document", string(w.ID))
		}
		modes[in.Mode] = true
	}
	for _, ref := range w.Frameworks {
		if _, err := framework(ctx, tx, ref); err != nil {
			return err
		}
	}
	return s.requireUnit(ctx, tx, op, w.Province)
}

func scanWave(scan func(...any) error) (*survey.Wave, error) {
	var state, doc string
	if err := scan(&state, &doc); err != nil {
		return nil, err
	}
	w, err := survey.ParseWave([]byte(doc))
	if err != nil {
		return nil, err
	}
	w.State = survey.WaveState(state)
	return w, nil
}

// Wave returns one wave.
func (s *Store) Wave(ctx context.Context, id survey.WaveID) (*survey.Wave, error) {
	const op = "read wave"
	w, err := scanWave(s.engine.Reader.QueryRowContext(ctx, selectWave, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing(survey.CodeNotFound, op, "wave", string(id))
	}
	return w, s.fail(op, err)
}

// Waves returns all waves, latest period first.
func (s *Store) Waves(ctx context.Context) ([]*survey.Wave, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (*survey.Wave, error) { return scanWave(rows.Scan) }, selectWaves)
	return all, s.fail("read waves", err)
}

// UseInstrument lets an open wave ask another published version of one of its questionnaires from now on.
func (s *Store) UseInstrument(ctx context.Context, by survey.Actor, id survey.WaveID, ref survey.InstrumentRef) error {
	const op = "use instrument"
	return s.write(ctx, op, func(tx *sql.Tx) error {
		w, err := scanWave(s.row(ctx, tx, selectWave, id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return missing(survey.CodeNotFound, op, "wave", string(id))
		}
		if err != nil {
			return err
		}
		if w.State == survey.WaveClosed {
			return missing(survey.CodeWaveClosed, op, "wave", string(id))
		}
		i := slices.IndexFunc(w.Instruments, func(r survey.InstrumentRef) bool { return r.ID == ref.ID })
		if i < 0 {
			return missing(survey.CodeConflict, op, "instrument", ref.String())
		}
		if w.Instruments[i] == ref {
			return nil
		}
		next, err := instrument(ctx, tx, ref)
		if err != nil {
			return err
		}
		last, err := instrument(ctx, tx, w.Instruments[i])
		if err != nil {
			return err
		}
		if next.Mode != last.Mode {
			return missing(survey.CodeConflict, op, "instrument", ref.String())
		}
		w.Instruments[i], w.State = ref, ""
		doc, err := encode(w)
		if err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, updateWave, doc, id); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActUseInstrument, string(id), ref.String())
	})
}

// CloseWave ends a wave. A closed one stays closed, and nothing is written.
func (s *Store) CloseWave(ctx context.Context, by survey.Actor, id survey.WaveID) error {
	const op = "close wave"
	return s.write(ctx, op, func(tx *sql.Tx) error {
		state, err := s.waveState(ctx, tx, op, id)
		if err != nil || state == survey.WaveClosed {
			return err
		}
		if _, err := s.exec(ctx, tx, updateWaveState, survey.WaveClosed, id); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActCloseWave, string(id), "")
	})
}

func (s *Store) waveState(ctx context.Context, tx *sql.Tx, op string, id survey.WaveID) (survey.WaveState, error) {
	var state survey.WaveState
	err := s.row(ctx, tx, selectWaveState, id).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return "", missing(survey.CodeNotFound, op, "wave", string(id))
	}
	return state, err
}

// requireOpen returns CodeNotFound or CodeWaveClosed unless the wave takes changes.
func (s *Store) requireOpen(ctx context.Context, tx *sql.Tx, op string, id survey.WaveID) error {
	state, err := s.waveState(ctx, tx, op, id)
	if err != nil {
		return err
	}
	if state == survey.WaveClosed {
		return missing(survey.CodeWaveClosed, op, "wave", string(id))
	}
	return nil
}
