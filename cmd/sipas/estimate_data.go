package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"sipas/analysis/design"
	"sipas/analysis/formula"
	"sipas/analysis/frame"
	"sipas/analysis/hypothesis"
	"sipas/analysis/model"
	"sipas/analysis/weight"
)

// table is a data file that was read.
type table struct {
	*frame.Frame
	name   string
	levels map[string][]string
	known  map[string]*frame.Column // as categories
}

// readTable reads the columns of a file that the flags name.
func readTable(ctx context.Context, a *app, path string, w wanted, levels map[string][]string) (*table, error) {
	in, size, closeFile, err := openInput(a, path)
	if err != nil {
		return nil, err
	}
	defer closeFile()
	name := baseName(path)
	tick := a.ticker()
	w.options.Progress = func(n int64) {
		if size > 0 {
			tick("%s: %d of %d MB read", name, n>>20, size>>20)
			return
		}
		tick("%s: %d MB read", name, n>>20)
	}
	f, err := frame.Read(contextReader{ctx, in}, w.options)
	if err != nil {
		var column *frame.ColumnError
		if errors.As(err, &column) && w.flags[column.Name] != "" {
			return nil, tellf("%s of %s: %w.", w.flags[column.Name], name, err)
		}
		return nil, inFile(name, err)
	}
	if f.Rows() == 0 {
		return nil, tellf("%s has a header and no rows.", name)
	}
	return &table{Frame: f, name: name, levels: levels, known: map[string]*frame.Column{}}, nil
}

// openInput opens a file, or hands the standard input over; the size is 0 where it is not known.
func openInput(a *app, path string) (in io.Reader, size int64, closeFile func(), err error) {
	if path == "-" {
		return a.stdin, 0, func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, nil, err
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	// The file was only read: closing it cannot lose anything.
	return f, size, func() { _ = f.Close() }, nil
}

// contextReader ends when its context does.
type contextReader struct {
	ctx context.Context
	in  io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.in.Read(p)
}

// ticker returns a function that says on the standard error how far a long piece of work is, at most once a second.
func (a *app) ticker() func(format string, args ...any) {
	last := a.now()
	return func(format string, args ...any) {
		if now := a.now(); now.Sub(last) >= time.Second {
			last = now
			fmt.Fprintf(a.stderr, format+"\n", args...)
		}
	}
}

// inFile says which file an error of its text is about. What is not of the text comes back as it is.
func inFile(name string, err error) error {
	var text *frame.Error
	var column *frame.ColumnError
	if errors.As(err, &text) || errors.As(err, &column) {
		return tellf("%s: %w.", name, err)
	}
	return err
}

// fault is what is wrong with one row.
func (t *table) fault(row int, format string, args ...any) error {
	return tellf("%s, line %d: %s.", t.name, t.Line(row), fmt.Sprintf(format, args...))
}

// explain turns the errors of the statistics into sentences that name lines of the file.
func (t *table) explain(err error) error {
	var byDesign *design.InputError
	var byWeight *weight.InputError
	var unequal *design.ProbabilityError
	var missing *formula.MissingError
	var level *formula.LevelError
	var byModel *model.InputError
	var byTest *hypothesis.InputError

	switch {
	case err == nil:
		return nil
	case errors.As(err, &byDesign) && byDesign.Row >= 0:
		return t.fault(byDesign.Row, "%s: %s", byDesign.Field, byDesign.Reason)
	case errors.As(err, &byWeight) && byWeight.Row >= 0:
		return t.fault(byWeight.Row, "%s: %s", byWeight.Field, byWeight.Reason)
	case errors.As(err, &byModel) && byModel.Row >= 0:
		return t.fault(byModel.Row, "%s: %s", byModel.Field, byModel.Reason)
	case errors.As(err, &byTest) && byTest.Row >= 0:
		return t.fault(byTest.Row, "%s: %s", byTest.Variable, byTest.Reason)
	case errors.As(err, &unequal) && unequal.Row >= 0 && unequal.Other >= 0:
		return t.fault(unequal.Row, "with line %d: %s", t.Line(unequal.Other), unequal.Reason)
	case errors.As(err, &unequal) && unequal.Row >= 0:
		return t.fault(unequal.Row, "%s", unequal.Reason)
	case errors.As(err, &missing) && missing.Row >= 0:
		return t.fault(missing.Row, "%s is missing", missing.Variable)
	case errors.As(err, &level) && level.Row >= 0:
		return t.fault(level.Row, "%s, level %s: %s", level.Variable, level.Level, level.Reason)
	}
	var known told
	if errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return tellf("%s: %w.", t.name, err)
}

// numbers returns a column that must hold numbers, and says which flag wants it.
func (t *table) numbers(flag, name string) ([]float64, error) {
	c, err := t.Column(name)
	if err != nil {
		return nil, tellf("%s of %s: %w.", flag, t.name, err)
	}
	if c.Numeric() {
		return c.Numbers, nil
	}
	for row := range t.Rows() {
		if text, ok := c.Text(row); ok && !frame.IsNumber(text) {
			return nil, t.fault(row, "%s needs numbers, and %s is %q", flag, name, text)
		}
	}
	return nil, tellf("%s of %s: the column %s holds text.", flag, t.name, name)
}

// complete returns a column of numbers of which none is missing.
func (t *table) complete(flag, name string) ([]float64, error) {
	values, err := t.numbers(flag, name)
	if err != nil {
		return nil, err
	}
	for row, v := range values {
		if v != v {
			return nil, t.fault(row, "%s: %s is missing", flag, name)
		}
	}
	return values, nil
}

// whole finds a missing value where none may be.
func (t *table) whole(flag, name string) error {
	c, err := t.Column(name)
	if err != nil {
		return tellf("%s of %s: %w.", flag, t.name, err)
	}
	if c.Missings() == 0 {
		return nil
	}
	for row := range t.Rows() {
		if _, ok := c.Text(row); !ok {
			return t.fault(row, "%s: %s is missing", flag, name)
		}
	}
	return nil
}

// categories returns a column as labels, in the order that --levels gives or else their own.
func (t *table) categories(flag, name string) (*frame.Column, error) {
	if c, ok := t.known[name]; ok {
		return c, nil
	}
	c, err := t.Column(name)
	if err != nil {
		return nil, tellf("%s of %s: %w.", flag, t.name, err)
	}
	c, err = c.Categories(t.levels[name], t.Line)
	if err != nil {
		return nil, inFile(t.name, err)
	}
	t.known[name] = c
	return c, nil
}

// isCategory reports whether a column is to be taken as categories: it holds text, or its levels are given.
func (t *table) isCategory(name string) bool {
	c, err := t.Column(name)
	return err == nil && (!c.Numeric() || t.levels[name] != nil)
}

// labels returns a column as labels of a design, of which none may be missing.
func (t *table) labels(flag, name string) (*frame.Column, design.Labels, error) {
	c, err := t.categories(flag, name)
	if err != nil {
		return nil, design.Labels{}, err
	}
	values := make([]string, len(c.Codes))
	for row, k := range c.Codes {
		if k == frame.Missing {
			return nil, design.Labels{}, t.fault(row, "%s: %s is missing", flag, name)
		}
		values[row] = c.Levels[k]
	}
	return c, design.Strings(values), nil
}

// Numeric and Factor hand the columns to formulas.
func (t *table) Numeric(name string) (values []float64, ok bool) {
	c, err := t.Column(name)
	if err != nil || !c.Numeric() {
		return nil, false
	}
	return c.Numbers, true
}

// Factor returns a column of categories: see Numeric.
func (t *table) Factor(name string) (codes []int32, levels []string, ok bool) {
	if !t.isCategory(name) {
		return nil, nil, false
	}
	c, err := t.categories("", name)
	if err != nil {
		return nil, nil, false
	}
	return c.Codes, c.Levels, true
}

// smallTable is a file of totals or scales, with all of its columns.
func smallTable(a *app, flag, path string) (*table, error) {
	in, _, closeFile, err := openInput(a, path)
	if err != nil {
		return nil, err
	}
	defer closeFile()
	f, err := frame.Read(in, frame.Options{})
	if err != nil {
		return nil, inFile(flag+" "+baseName(path), err)
	}
	return &table{Frame: f, name: baseName(path), known: map[string]*frame.Column{}}, nil
}

// total reads what one row of a file of totals says: the last column, or the one named total.
func (t *table) totals(flag string) (name string, values []float64, err error) {
	names := t.Names()
	name = names[len(names)-1]
	if slices.Contains(names, "total") {
		name = "total"
	}
	values, err = t.complete(flag, name)
	return name, values, err
}

// list joins names for a sentence.
func list(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
