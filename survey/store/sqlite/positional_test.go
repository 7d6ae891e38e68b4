package sqlite

import "testing"

func TestPositional(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`SELECT 1`: `SELECT 1`,
		`INSERT INTO a VALUES ($1, $2), ($3, $4)`:        `INSERT INTO a VALUES (?, ?), (?, ?)`,
		`UPDATE a SET n = n + $2 WHERE k = $1`:           `UPDATE a SET n = n + $2 WHERE k = $1`,
		`SELECT $1 WHERE $1 <> ''`:                       `SELECT $1 WHERE $1 <> ''`,
		`SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10`: `SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?`,
	} {
		if got := positional(query); got != want {
			t.Errorf("%s becomes %s, want %s", query, got, want)
		}
	}
}
