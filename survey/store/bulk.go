package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// batch is how many rows one statement of a bulk insert holds: enough to make the cost of a statement small, and few, because
// SQLite finds the name of a parameter by walking the list of all of them.
const batch = 12

// insertRows inserts n rows in batches and returns how many rows the statements changed. head is the statement up to "VALUES",
// tail what follows the rows, and row appends the arguments of row i.
func insertRows(ctx context.Context, tx *sql.Tx, head, tail string, columns, n int, row func(i int, args []any) []any) (int64, error) {
	var changed int64
	run := func(stmt *sql.Stmt, from, to int) error {
		args := make([]any, 0, (to-from)*columns)
		for i := from; i < to; i++ {
			args = row(i, args)
		}
		res, err := stmt.ExecContext(ctx, args...)
		if err != nil {
			return err
		}
		c, err := res.RowsAffected()
		changed += c
		return err
	}
	prepare := func(rows int) (*sql.Stmt, error) {
		return tx.PrepareContext(ctx, head+" VALUES "+placeholders(rows, columns)+" "+tail)
	}
	whole := n / batch * batch
	if whole > 0 {
		stmt, err := prepare(batch)
		if err != nil {
			return 0, err
		}
		defer stmt.Close()
		for from := 0; from < whole; from += batch {
			if err := run(stmt, from, from+batch); err != nil {
				return changed, err
			}
		}
	}
	if rest := n - whole; rest > 0 {
		stmt, err := prepare(rest)
		if err != nil {
			return changed, err
		}
		defer stmt.Close()
		if err := run(stmt, whole, n); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// placeholders writes "($1, $2), ($3, $4)" for two rows of two columns.
func placeholders(rows, columns int) string {
	var b strings.Builder
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for c := range columns {
			if c > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(r*columns + c + 1))
		}
		b.WriteByte(')')
	}
	return b.String()
}
