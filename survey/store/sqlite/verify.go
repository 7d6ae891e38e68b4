package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Check says what is wrong with the file itself: pages that are not sound, rows that point to nothing, and tables, indexes and triggers that are
// missing, changed or not this program's. Each line is one finding; none means that nothing is wrong.
func (db *DB) Check(ctx context.Context) ([]string, error) {
	const op = "check database"
	conn, err := sql.Open("sqlite", dsn(db.path, url.Values{"mode": {"ro"}, "_query_only": {"on"}}))
	if err != nil {
		return nil, fail(op, err)
	}
	findings, err := damage(ctx, conn)
	if err == nil {
		var schema []string
		schema, err = strangeSchema(ctx, conn)
		findings = append(findings, schema...)
	}
	return findings, fail(op, errors.Join(err, conn.Close()))
}

// damage asks SQLite, which names up to a hundred faults.
func damage(ctx context.Context, conn *sql.DB) ([]string, error) {
	var all []string
	err := eachRow(ctx, conn, "PRAGMA integrity_check", func(rows *sql.Rows) error {
		var line string
		err := rows.Scan(&line)
		if err == nil && line != "ok" {
			all = append(all, "SQLite finds: "+line)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = eachRow(ctx, conn, "PRAGMA foreign_key_check", func(rows *sql.Rows) error {
		var child, parent string
		var row, key any
		err := rows.Scan(&child, &row, &parent, &key)
		all = append(all, fmt.Sprintf("a row of the table %s points to a row of %s that is not there", child, parent))
		return err
	})
	return all, err
}

// strangeSchema holds the file's schema against that of a database that was made a moment ago.
func strangeSchema(ctx context.Context, conn *sql.DB) ([]string, error) {
	got, err := schemaOf(ctx, conn)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "sipas-schema-")
	if err != nil {
		return nil, err
	}
	want, err := freshSchema(ctx, filepath.Join(folder, "fresh.db"))
	if err = errors.Join(err, os.RemoveAll(folder)); err != nil {
		return nil, err
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		switch sql, there := got[name]; {
		case !there:
			all = append(all, "the "+name+" is missing")
		case sql != want[name]:
			all = append(all, "the "+name+" is not as this program made it")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ours := want[name]; !ours {
			all = append(all, "the "+name+" is not this program's")
		}
	}
	return all, nil
}

func freshSchema(ctx context.Context, path string) (schema map[string]string, err error) {
	db, err := Open(ctx, path, Options{Now: time.Now, Beside: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, db.Close()) }()
	return schemaOf(ctx, db.reader)
}

// schemaOf returns the text of every table, index and trigger, by what it is and how it is called.
func schemaOf(ctx context.Context, conn *sql.DB) (map[string]string, error) {
	all := map[string]string{}
	err := eachRow(ctx, conn, "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'", func(rows *sql.Rows) error {
		var kind, name, text string
		err := rows.Scan(&kind, &name, &text)
		all[kind+" "+name] = text
		return err
	})
	return all, err
}

func eachRow(ctx context.Context, conn *sql.DB, query string, scan func(*sql.Rows) error) error {
	rows, err := conn.QueryContext(ctx, query)
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
