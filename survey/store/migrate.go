package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"sipas/survey"
)

const (
	selectMigrations = `SELECT version, name, checksum FROM migration ORDER BY version`
	insertMigration  = `INSERT INTO migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`
)

// Migration is one step of the schema: a file "0001_first.sql".
type Migration struct {
	Version  int
	Name     string
	SQL      string
	Checksum string
}

// Migrations reads the steps from the files of a folder. Their numbers run from 1 without a gap.
func Migrations(files fs.FS) ([]Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []Migration
	for i, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s should be number %04d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		all = append(all, Migration{Version: version, Name: name, SQL: string(text), Checksum: hex.EncodeToString(sum[:])})
	}
	return all, nil
}

// Migrate brings a database to the newest step, each step in the transaction that records it. The engine has made the table
// migration (version, name, checksum, applied_at), in which the record is kept. A database with steps that this program does not know is CodeDatabaseNewer; one whose recorded steps are other ones is CodeDatabaseForeign.
func Migrate(ctx context.Context, db *sql.DB, steps []Migration, now func() time.Time) error {
	const op = "migrate database"
	applied, err := appliedSteps(ctx, db)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	for i, step := range applied {
		if i >= len(steps) {
			return survey.Errorf(survey.CodeDatabaseNewer, op, "it has step %s, this program ends at %d", step.Name, len(steps))
		}
		if step.Version != steps[i].Version || step.Checksum != steps[i].Checksum {
			return survey.Errorf(survey.CodeDatabaseForeign, op, "step %s is not this program's %s", step.Name, steps[i].Name)
		}
	}
	for _, step := range steps[len(applied):] {
		if err := apply(ctx, db, step, now()); err != nil {
			return fmt.Errorf("%s: %s: %w", op, step.Name, err)
		}
	}
	return nil
}

func appliedSteps(ctx context.Context, db *sql.DB) ([]Migration, error) {
	return list(ctx, db, func(rows *sql.Rows) (m Migration, err error) {
		err = rows.Scan(&m.Version, &m.Name, &m.Checksum)
		return m, err
	}, selectMigrations)
}

func apply(ctx context.Context, db *sql.DB, step Migration, at time.Time) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, step.SQL); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if work := after(step.Name); work != nil {
		if err := work(ctx, tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if _, err := tx.ExecContext(ctx, insertMigration, step.Version, step.Name, step.Checksum, at.UnixMilli()); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
