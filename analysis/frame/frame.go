package frame

import (
	"slices"
	"sort"
	"strings"
)

// Frame is a table of columns. It is immutable.
type Frame struct {
	names   []string // of the header, all of them
	kept    []*Column
	rows    int
	pieces  []lines
	comma   byte
	columns map[string]*Column
	origin  []int32 // of a subset: the row of the file that each row is
}

// lines says on which line of the file the rows of one piece of it begin.
type lines struct {
	row  int // the first of the piece
	line int // that it begins on
	each []int32
}

// Rows returns the number of rows.
func (f *Frame) Rows() int { return f.rows }

// Names returns all columns of the header in its order, also those that were not kept. It must not be modified.
func (f *Frame) Names() []string { return f.names }

// Kept returns the columns that were kept, in the order of the header. It must not be modified.
func (f *Frame) Kept() []*Column { return f.kept }

// Delimiter returns what parts the fields: a comma, a semicolon or a tab.
func (f *Frame) Delimiter() byte { return f.comma }

// Column returns a column that was kept. The error is a *ColumnError.
func (f *Frame) Column(name string) (*Column, error) {
	if c, ok := f.columns[name]; ok {
		return c, nil
	}

	return nil, &ColumnError{Name: name, Have: f.names}
}

// Line returns the line of the file, counted from 1, on which a row begins.
func (f *Frame) Line(row int) int {
	if f.origin != nil {
		row = int(f.origin[row])
	}
	i := sort.Search(len(f.pieces), func(i int) bool { return f.pieces[i].row > row }) - 1
	p := f.pieces[i]

	if p.each != nil {
		return p.line + int(p.each[row-p.row])
	}

	return p.line + row - p.row
}

// Subset returns the frame of some of its rows, in their order. Levels stay, also those that no row has any more. It is for rows that
// are not part of the sample; a domain is a mask, never a subset.
func (f *Frame) Subset(keep []bool) *Frame {
	out := *f
	out.origin = make([]int32, 0, len(keep))

	for row, k := range keep {
		switch {
		case k && f.origin != nil:
			out.origin = append(out.origin, f.origin[row])
		case k:
			out.origin = append(out.origin, int32(row))
		}
	}
	out.rows = len(out.origin)
	out.kept = make([]*Column, len(f.kept))
	out.columns = make(map[string]*Column, len(f.columns))

	for i, c := range f.kept {
		out.kept[i] = c.subset(keep)
		out.columns[c.Name] = out.kept[i]
	}

	return &out
}

// Glob returns the names that a pattern fits, in their order: a star stands for any letters, a question mark for one.
func Glob(pattern string, names []string) []string {
	var out []string
	for _, n := range names {
		if fits([]rune(pattern), []rune(n)) {
			out = append(out, n)
		}
	}

	return out
}

// fits matches with one step of memory: a later star makes going back to an earlier one needless.
func fits(pattern, name []rune) bool {
	p, n, star, mark := 0, 0, -1, 0

	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}

	return strings.Trim(string(pattern[p:]), "*") == ""
}

// isPattern reports whether a name has letters that stand for others.
func isPattern(name string) bool { return strings.ContainsAny(name, "*?") }

// wanted is what is asked of a column.
type wanted uint8

const (
	kept    wanted = 1 << iota
	number         // it must hold numbers
	written        // the texts of its numbers are kept
)

// choose finds the columns that are asked for by position: whether they are kept, must be numbers, and keep their texts.
func choose(names []string, opt Options) (choice []wanted, err error) {
	choice = make([]wanted, len(names))

	mark := func(pattern string, as wanted) error {
		found := false
		for i, n := range names {
			if n != pattern && !(isPattern(pattern) && !slices.Contains(names, pattern) && fits([]rune(pattern), []rune(n))) {
				continue
			}
			if found && n == pattern {
				return &ColumnError{Name: pattern, Twice: true, Have: names}
			}
			found = true
			choice[i] |= as
		}
		if !found {
			return &ColumnError{Name: pattern, Have: names}
		}
		return nil
	}

	if opt.Columns == nil && opt.Numbers == nil {
		for i, n := range names {
			if slices.Contains(names[:i], n) {
				return nil, &ColumnError{Name: n, Twice: true, Have: names}
			}
			choice[i] = kept | written
		}
		return choice, nil
	}
	for _, p := range opt.Columns {
		if err := mark(p, kept|written); err != nil {
			return nil, err
		}
	}
	for _, p := range opt.Numbers {
		if err := mark(p, kept|number); err != nil {
			return nil, err
		}
	}

	return choice, nil
}
