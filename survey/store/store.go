package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"sipas/survey"
)

// Engine is what one kind of database adds to the statements that all share.
type Engine struct {
	Name string
	// Writer runs every transaction that changes something, Reader all the others. They may be the same pool.
	Writer, Reader *sql.DB
	// Classify names the code of a driver's error, or "" when the error is none that the engine knows.
	Classify func(error) survey.Code
	// Prepared writes a statement that is prepared once and run for every answer as the engine runs it fastest. Nil leaves it.
	Prepared func(query string) string
	// Answered is called after each commit that stored an answer, with the places where the order of arrival may now show, so
	// that the engine can forget it. It must not wait. Nil does nothing.
	Answered func(at []Place)
}

// Place is where answering wrote to a table in which the order of arrival must not show.
type Place struct {
	Table string // TableResponse, TableComment or TableStratum
	ID    string // of the row
}

// The tables in which the order of arrival must not show.
const (
	TableResponse = "response"
	TableComment  = "comment"
	TableStratum  = "stratum"
)

// Store implements survey.Store on an engine.
type Store struct {
	engine  Engine
	now     func() time.Time
	hot     map[string]*sql.Stmt
	reader  reader
	lookups lookups

	committer *committer
	receiving sync.Mutex // held while receipts are written; guards facts
	facts     *facts
}

// New returns a store on an engine whose database is migrated. The clock dates audit rows.
func New(ctx context.Context, e Engine, now func() time.Time) (*Store, error) {
	s := &Store{engine: e, now: now, hot: map[string]*sql.Stmt{}, reader: reader{e.Reader, map[string]*sql.Stmt{}}, facts: newFacts()}
	if e.Prepared == nil {
		e.Prepared = func(query string) string { return query }
	}
	for _, query := range hotQueries() {
		stmt, err := e.Reader.PrepareContext(ctx, e.Prepared(query))
		if err != nil {
			return nil, errors.Join(s.fail("open store", fmt.Errorf("prepare %q: %w", query, err)), s.Close())
		}
		s.reader.hot[query] = stmt
	}
	for _, query := range hotStatements() {
		stmt, err := e.Writer.PrepareContext(ctx, e.Prepared(query))
		if err != nil {
			return nil, errors.Join(s.fail("open store", fmt.Errorf("prepare %q: %w", query, err)), s.Close())
		}
		s.hot[query] = stmt
	}
	s.committer = newCommitter(s)
	s.lookups.reader, s.lookups.busy = &s.reader, s.Busy
	return s, nil
}

// Close gives all who wait their verdict and releases the prepared statements. The pools are closed by whoever opened them.
func (s *Store) Close() error {
	if s.committer != nil {
		s.committer.close()
	}
	var all error
	for _, stmts := range []map[string]*sql.Stmt{s.hot, s.reader.hot} {
		for _, stmt := range stmts {
			all = errors.Join(all, stmt.Close())
		}
	}
	return all
}

// reader is the pool of readers with the questions prepared that are asked for single answers: reading a question takes longer
// than answering it.
type reader struct {
	*sql.DB
	hot map[string]*sql.Stmt
}

func hotQueries() []string {
	return []string{selectInvitation, selectInvitations, selectCredential, selectPoint, selectSession}
}

// QueryRowContext asks for one row, by a prepared question where there is one.
func (r reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := r.hot[query]; stmt != nil {
		// It is answered before a watch for the end of the context could be set up.
		return stmt.QueryRowContext(context.WithoutCancel(ctx), args...)
	}
	return r.DB.QueryRowContext(ctx, query, args...)
}

// write runs fn in one transaction and commits it, synced to disk, or leaves nothing of it.
func (s *Store) write(ctx context.Context, op string, fn func(tx *sql.Tx) error) error {
	tx, err := s.engine.Writer.BeginTx(ctx, nil)
	if err != nil {
		return s.fail(op, err)
	}
	if err := fn(tx); err != nil {
		// A failed rollback leaves a broken connection, which the pool throws away; the first error says what happened.
		_ = tx.Rollback()
		return s.fail(op, err)
	}
	if err := tx.Commit(); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// read runs fn in one read transaction, so that several statements see the same moment.
func (s *Store) read(ctx context.Context, op string, fn func(tx *sql.Tx) error) error {
	tx, err := s.engine.Reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s.fail(op, err)
	}
	err = fn(tx)
	// Nothing was written: ending the transaction is all that a rollback does here.
	_ = tx.Rollback()
	return s.fail(op, err)
}

// fail turns what went wrong into an error with a code, once. Errors that already have one pass.
func (s *Store) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	var known *survey.Error
	if errors.As(err, &known) {
		return err
	}
	code := survey.CodeInternal
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		code = survey.CodeUnavailable
	}
	if c := s.engine.Classify(err); c != "" {
		code = c
	}
	return &survey.Error{Code: code, Op: op, Err: err}
}

func missing(code survey.Code, op, key, value string) *survey.Error {
	return &survey.Error{Code: code, Op: op, Params: map[string]string{key: value}}
}

// querier is what statements run on: a transaction or a pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// exec runs a statement in a transaction of the writer, prepared where it is one of the hot ones.
func (s *Store) exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	var res sql.Result
	var err error
	if stmt := s.hot[query]; stmt != nil {
		res, err = tx.StmtContext(ctx, stmt).ExecContext(ctx, args...)
	} else {
		res, err = tx.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row asks for one row in a transaction of the writer, prepared where the statement is one of the hot ones.
func (s *Store) row(ctx context.Context, tx *sql.Tx, query string, args ...any) *sql.Row {
	if stmt := s.hot[query]; stmt != nil {
		return tx.StmtContext(ctx, stmt).QueryRowContext(ctx, args...)
	}
	return tx.QueryRowContext(ctx, query, args...)
}

// each runs a query and calls scan for every row.
func each(ctx context.Context, q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list runs a query and collects what scan makes of every row.
func list[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := each(ctx, q, func(rows *sql.Rows) error {
		v, err := scan(rows)
		if err != nil {
			return err
		}
		all = append(all, v)
		return nil
	}, query, args...)
	return all, err
}

// randomKey is a key that says nothing.
func randomKey() string {
	var b [16]byte
	// crypto/rand.Read never returns an error; it ends the program when the system has no randomness.
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// encode writes a value as compact JSON; maps come out with sorted keys, so equal values are equal text.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

var _ survey.Store = (*Store)(nil)
