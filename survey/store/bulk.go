package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// rowsAtOnce is how many rows one statement of a bulk insert holds: enough to make the cost of a statement small, and few, because
// SQLite finds the name of a parameter by walking the list of all of them.
const rowsAtOnce = 12

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
	whole := n / rowsAtOnce * rowsAtOnce
	if whole > 0 {
		stmt, err := prepare(rowsAtOnce)
		if err != nil {
			return 0, err
		}
		defer stmt.Close()
		for from := 0; from < whole; from += rowsAtOnce {
			if err := run(stmt, from, from+rowsAtOnce); err != nil {
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

// multi is a statement that inserts rows, prepared for one row and for several.
type multi struct {
	one, many     string
	columns, rows int
}

func newMulti(head, tail string, columns, rows int) multi {
	text := func(rows int) string { return head + " VALUES " + placeholders(rows, columns) + " " + tail }
	return multi{one: text(1), many: text(rows), columns: columns, rows: rows}
}

// insert runs a prepared statement for n rows; row appends the arguments of row i.
func (b *batch) insert(m multi, n int, row func(i int, args []any) []any) error {
	args := make([]any, 0, m.rows*m.columns)
	for i := 0; i < n; {
		query, rows := m.one, 1
		if n-i >= m.rows {
			query, rows = m.many, m.rows
		}
		args = args[:0]
		for end := i + rows; i < end; i++ {
			args = row(i, args)
		}
		if err := b.exec(query, args...); err != nil {
			return err
		}
	}
	return nil
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
