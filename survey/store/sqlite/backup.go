package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"sipas/survey"

	"modernc.org/sqlite"
)

// Backup writes the whole database to a new file, as of one moment, while answers go on coming in. The file is written afresh from the
// tables, checked, and synced before it gets its name; one that is there already is CodeConflict.
func (db *DB) Backup(ctx context.Context, dest string) error {
	const op = "back up database"
	if _, err := os.Lstat(dest); err == nil {
		return &survey.Error{Code: survey.CodeConflict, Op: op, Params: map[string]string{"file": dest}}
	}
	partial := dest + ".partial"
	// The remains of a backup that was cut off would be in the way.
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return &survey.Error{Code: survey.CodeUnavailable, Op: op, Err: err}
	}
	// The file is made first, so that nobody but its owner can ever read it.
	f, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &survey.Error{Code: survey.CodeUnavailable, Op: op, Err: err}
	}
	err = db.vacuumInto(ctx, partial)
	if err == nil {
		err = unmark(ctx, partial)
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = check(ctx, partial)
	}
	if err == nil {
		err = os.Rename(partial, dest)
	}
	if err != nil {
		return fail(op, errors.Join(err, os.Remove(partial)))
	}
	return fail(op, syncFolder(filepath.Dir(dest)))
}

// vacuumInto runs on a connection of its own: the writer's would hold up answers, the readers may not write any file. The new file
// takes secure_delete from it, so that building its trees leaves no second copies of rows on the pages.
func (db *DB) vacuumInto(ctx context.Context, dest string) error {
	conn, err := sql.Open("sqlite", dsn(db.path, url.Values{"_defensive": {"1"}, "_pragma": {"secure_delete(1)"}}))
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "VACUUM INTO $1", dest)
	return errors.Join(err, conn.Close())
}

// Copy copies a database file to a new one page by page, damaged pages too, as of one moment and without changing it, while other programs
// write it: SQLite reads all of it in one transaction, which keeps the pages of the log that it needs.
func Copy(ctx context.Context, from, to string) (err error) {
	const op = "copy database"
	db, err := sql.Open("sqlite", dsn(from, url.Values{"mode": {"ro"}, "_query_only": {"on"}}))
	if err != nil {
		return fail(op, err)
	}
	defer func() { err = errors.Join(err, fail(op, db.Close())) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fail(op, err)
	}
	err = conn.Raw(func(driver any) error {
		b, err := driver.(interface {
			NewBackup(to string) (*sqlite.Backup, error)
		}).NewBackup(dsn(to, url.Values{}))
		if err != nil {
			return err
		}
		_, err = b.Step(-1)
		return errors.Join(err, b.Finish())
	})
	return fail(op, errors.Join(err, conn.Close()))
}

// unmark says of a copy that nothing is left to settle in it: it was written in the order of keys.
func unmark(ctx context.Context, path string) error {
	conn, err := sql.Open("sqlite", dsn(path, url.Values{"_synchronous": {"FULL"}, "_pragma": {"secure_delete(1)"}}))
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, dropMarks)
	return errors.Join(err, conn.Close())
}

// check reads a whole database file and asks SQLite whether it is sound.
func check(ctx context.Context, path string) error {
	conn, err := sql.Open("sqlite", dsn(path, url.Values{"mode": {"ro"}, "_query_only": {"on"}}))
	if err != nil {
		return err
	}
	var verdict string
	err = conn.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&verdict)
	if err == nil && verdict != "ok" {
		err = fmt.Errorf("integrity check of %s: %s", path, verdict)
	}
	return errors.Join(err, conn.Close())
}

// syncFolder makes a new name durable.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
