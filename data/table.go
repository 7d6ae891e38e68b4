package data

import (
	"embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed units/*.csv papi/*.csv sipas/*.csv onestop/*.csv maps/*.geojson published_scores.csv
//go:embed frameworks/*.json instruments/*.json
var files embed.FS

// table returns a reader of a CSV file that parses it once. The header is part of the contract:
// a file whose columns were reordered is refused instead of read into the wrong fields.
func table[T any](path, header string, decode func(*row) T) func() []T {
	load := sync.OnceValues(func() ([]T, error) {
		b, err := files.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return decodeTable(path, string(b), header, decode)
	})
	return func() []T { return must(load()) }
}

func decodeTable[T any](path, text, header string, decode func(*row) T) ([]T, error) {
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(lines) == 0 || strings.Join(lines[0], ",") != header {
		return nil, fmt.Errorf("%s: the header is not %q", path, header)
	}
	rows := make([]T, 0, len(lines)-1)
	for i, fields := range lines[1:] {
		r := row{rest: fields}
		rows = append(rows, decode(&r))
		if len(r.rest) > 0 {
			r.fail("%d fields are left unread", len(r.rest))
		}
		if r.err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, i+2, r.err)
		}
	}
	return rows, nil
}

// row hands out the fields of one line from left to right and keeps the first error.
type row struct {
	rest []string
	err  error
}

func (r *row) text() string {
	if len(r.rest) == 0 {
		r.fail("a field is missing")
		return ""
	}
	s := r.rest[0]
	r.rest = r.rest[1:]
	return s
}

func (r *row) int() int {
	s := r.text()
	n, err := strconv.Atoi(s)
	if err != nil {
		r.fail("%q is not a whole number", s)
	}
	return n
}

func (r *row) float() float64 {
	s := r.text()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		r.fail("%q is not a number", s)
	}
	return x
}

// optional reads a number that may be absent; nil means that the source gives none.
func (r *row) optional() *float64 {
	if len(r.rest) > 0 && r.rest[0] == "" {
		r.text()
		return nil
	}
	x := r.float()
	return &x
}

func (r *row) yes() bool {
	switch s := r.text(); s {
	case "yes":
		return true
	case "no":
		return false
	default:
		r.fail("%q is neither yes nor no", s)
		return false
	}
}

// list reads parts that are separated by a bar.
func (r *row) list() []string {
	s := r.text()
	if s == "" {
		return nil
	}
	return strings.Split(s, "|")
}

func (r *row) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// must returns the value; a broken embedded file is a broken build.
func must[T any](v T, err error) T {
	if err != nil {
		panic("data: " + err.Error())
	}
	return v
}
