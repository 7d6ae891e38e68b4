package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite"
)

// ErrKept is the cause of an error of Open: another program keeps the file.
var ErrKept = errors.New("another program answers from this database")

// lockSuffix names the file beside the database whose lock its keeper holds. The file is empty, and stays when nobody holds the lock.
const lockSuffix = "-keeper"

// keeperWait is how long whoever wants to keep a file waits for it: longer than a command takes to ask whether somebody keeps it, and than
// a server that is stopping takes to let it go after its last answer.
const keeperWait = 5 * time.Second

// lock is held by the one program that keeps a database. It is SQLite's own lock on a file of its own, so it works wherever SQLite does,
// between processes and within one, and ends with the process however that ends.
type lock struct {
	db   *sql.DB
	held *sql.Conn // nil while it is not held
}

func openLock(path string) (*lock, error) {
	// Made for its owner only. One that is there is not opened here: closing it would let go every lock that this process has on it.
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	// Nothing is ever written: the journal of what is not written needs no file.
	db, err := sql.Open("sqlite", dsn(path, url.Values{"_pragma": {"journal_mode(memory)"}}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &lock{db: db}, nil
}

// take takes the lock, or reports that somebody else holds it when the wait is over.
func (l *lock) take(ctx context.Context, wait time.Duration) (taken bool, err error) {
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return false, err
	}
	if _, err = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", wait.Milliseconds())); err == nil {
		_, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	}
	if err == nil {
		l.held = conn
		return true, nil
	}
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == resultBusy {
		err = nil
	}
	return false, errors.Join(err, conn.Close())
}

// release lets the lock go.
func (l *lock) release(ctx context.Context) error {
	if l.held == nil {
		return nil
	}
	_, err := l.held.ExecContext(ctx, "ROLLBACK")
	err = errors.Join(err, l.held.Close())
	l.held = nil
	return err
}

// free reports whether nobody holds the lock.
func (l *lock) free(ctx context.Context) (bool, error) {
	taken, err := l.take(ctx, 0)
	if err != nil || !taken {
		return false, err
	}
	return true, l.release(ctx)
}

func (l *lock) close() error {
	return errors.Join(l.release(context.Background()), l.db.Close())
}

// The marks of those who may have left something unsettled.
const (
	putMark     = `INSERT INTO unsettled (who) VALUES ($1) ON CONFLICT (who) DO NOTHING`
	dropMark    = `DELETE FROM unsettled WHERE who = $1`
	countMark   = `SELECT count(*) FROM unsettled WHERE who = $1`
	countOthers = `SELECT count(*) FROM unsettled WHERE who <> $1`
	dropOthers  = `DELETE FROM unsettled WHERE who <> $1`
	dropMarks   = `DELETE FROM unsettled`
)

// newMark is a name that says nothing.
func newMark() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// markOnAnswers is a trigger of one connection that sets its mark in the transaction of whatever changes answers: each such change draws a
// new number in answer_state.
func markOnAnswers(who string) string {
	return `CREATE TEMP TRIGGER mark_on_answers AFTER UPDATE ON main.answer_state
		BEGIN INSERT INTO unsettled (who) SELECT '` + who + `' WHERE NOT EXISTS (SELECT 1 FROM unsettled u WHERE u.who = '` + who + `'); END`
}

// takeOver sets the mark of the file's keeper, for as long as it keeps the file, and reports whether others left theirs.
func takeOver(ctx context.Context, writer *sql.DB, who string) (others bool, err error) {
	tx, err := writer.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	var n int
	err = tx.QueryRowContext(ctx, countOthers, who).Scan(&n)
	for _, statement := range []string{putMark, dropOthers} {
		if err == nil {
			_, err = tx.ExecContext(ctx, statement, who)
		}
	}
	if err != nil {
		return false, errors.Join(err, tx.Rollback())
	}
	return n > 0, tx.Commit()
}

// handBack takes the keeper's mark away, unless others set theirs meanwhile.
func handBack(ctx context.Context, writer *sql.DB, who string) (done bool, err error) {
	tx, err := writer.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	var n int
	if err = tx.QueryRowContext(ctx, countOthers, who).Scan(&n); err == nil && n == 0 {
		_, err = tx.ExecContext(ctx, dropMark, who)
	}
	if err != nil || n > 0 {
		return false, errors.Join(err, tx.Rollback())
	}
	return true, tx.Commit()
}
