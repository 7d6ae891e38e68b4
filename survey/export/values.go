package export

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
)

// ValueColumn is a column of numbers, or of words, that a table of values may have.
type ValueColumn struct {
	Name   string
	Bounds *survey.Bounds // of numbers; nil admits any
	Words  bool           // what stands in a cell is handed on as it is; with Bounds, it is a number within them
	Also   string         // another heading under which it may come
	Long   bool           // words may be a long list
}

// ValueKey is the column that names what a row is about.
type ValueKey struct {
	Names []string // the headings under which it comes, the one to write first
	// Same returns what two rows that are about the same have in common. Rows may repeat where it is nil.
	Same func(name string) string
	// Known reports whether something is known of a name; nil knows everything.
	Known func(name string) bool
	// Optional says that a table without the column is about one thing alone.
	Optional bool
}

// ValueTable is a table of values as it was read.
type ValueTable struct {
	Columns []string // those of the columns asked for that the file has, in the order in which they were asked for
	Rows    []ValueRow
	table   *table
}

// ValueRow is one line. What stands in no map is blank.
type ValueRow struct {
	Line    int
	Key     string
	Numbers map[string]float64
	Words   map[string]string
}

// blanks are the cells that say that there is no value.
var blanks = []string{"", "na", "n/a", ".", "-", "–", "—", "null"}

// Values reads a table whose first line names its columns and which has one row for each unit. Further columns are left out
// with a warning. A line with any fault is not among the rows; what is wrong with it is reported cell by cell.
func Values(r io.Reader, file string, key ValueKey, columns []ValueColumn) (*ValueTable, []BadLine, []Warning, error) {
	read := []column{{key: key.Names[0], optional: key.Optional}}
	for _, n := range key.Names {
		read[0].names = append(read[0].names, fold(n))
	}
	for _, c := range columns {
		names := []string{fold(c.Name)}
		if c.Also != "" {
			names = append(names, fold(c.Also))
		}
		read = append(read, column{key: c.Name, names: names, optional: true})
	}
	t, usable, err := openTable(r, file, read)
	if err != nil {
		return nil, nil, nil, err
	}
	out := &ValueTable{table: t}
	if !usable {
		return out, t.faults(), t.warnings, nil
	}
	for i, c := range columns {
		if t.position[i+1] >= 0 {
			out.Columns = append(out.Columns, c.Name)
		}
	}
	seen := map[string]int{}
	for t.next() {
		row, ok := t.values(key, columns)
		if key.Same != nil && row.Key != "" {
			same := key.Same(row.Key)
			if first, twice := seen[same]; twice {
				t.fault(0, row.Key, ReasonDuplicate, "first", strconv.Itoa(first))
				ok = false
			} else {
				seen[same] = t.line
			}
		}
		if ok {
			out.Rows = append(out.Rows, row)
		}
	}
	if t.ended != nil {
		return nil, nil, nil, t.ended
	}
	if len(out.Rows) == 0 && len(t.bad) == 0 {
		t.warn(WarningNothing, "", "")
	}
	return out, t.faults(), t.warnings, nil
}

// values reads the current line and reports whether it is free of faults.
func (t *table) values(key ValueKey, columns []ValueColumn) (ValueRow, bool) {
	row := ValueRow{Line: t.line, Numbers: map[string]float64{}, Words: map[string]string{}}
	if t.position[0] >= 0 {
		row.Key = t.filled(0)
		if row.Key != "" && key.Known != nil && !key.Known(row.Key) {
			t.warn(WarningUnitUnknown, t.heading(0), row.Key)
		}
	}
	for i, c := range columns {
		if t.position[i+1] < 0 {
			continue
		}
		most := maxCell
		if c.Long {
			most = maxList
		}
		text := t.textUpTo(i+1, most)
		if slices.Contains(blanks, strings.ToLower(text)) {
			continue
		}
		if c.Words {
			row.Words[c.Name] = text
			if c.Bounds == nil {
				continue
			}
		}
		x, ok := survey.ParseNumber(text)
		if !ok {
			t.fault(i+1, text, ReasonNumber)
			continue
		}
		if b := c.Bounds; b != nil && !within(x, *b) {
			t.fault(i+1, text, ReasonBounds, "min", plain(b.Min), "max", plain(b.Max), "hint", perCent(x, *b))
			continue
		}
		if !c.Words {
			row.Numbers[c.Name] = x
		}
	}
	return row, !t.faulty
}

// within reports whether a number lies within bounds, but for what a sum of rounded terms is off by.
func within(x float64, b survey.Bounds) bool {
	room := 1e-9 * (b.Max - b.Min)
	if math.IsInf(room, 1) {
		room = 0
	}
	return x >= b.Min-room && x <= b.Max+room
}

func plain(x float64) string {
	if math.IsInf(x, 1) {
		return "whatever is above it"
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// perCent guesses that a share was written in per cent.
func perCent(x float64, b survey.Bounds) string {
	if b.Min != 0 || b.Max != 1 || x < 2 || x > 100 {
		return ""
	}
	return fmt.Sprintf("is it in per cent? write %s", strconv.FormatFloat(x/100, 'g', 6, 64))
}

// Fault makes a fault of a row of the table that only shows once its cells are put together.
func (v *ValueTable) Fault(line int, columnName, value, why string) BadLine {
	b := BadLine{File: v.table.file, Line: line, Value: clip(value, 80), Reason: ReasonRead, Params: map[string]string{"why": why}}
	for i, c := range v.table.columns {
		if c.key == columnName && v.table.position[i] >= 0 {
			b.Column = v.table.headers[v.table.position[i]]
		}
	}
	return b
}
