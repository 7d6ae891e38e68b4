package export

import (
	"io"
	"strings"
)

// ColumnForm says what the cells of a page's table are.
type ColumnForm string

// The forms of columns. A number is stored with all its digits, whatever a spreadsheet shows of it. Any column may hold words in
// the place of a number: why there is none.
const (
	WordsColumn   = ColumnForm(asText)
	CountsColumn  = ColumnForm(asCount)
	NumbersColumn = ColumnForm(asValue)
	FineColumn    = ColumnForm(asFine)
)

// PageColumn is a column of a page's table.
type PageColumn struct {
	Name string
	Form ColumnForm
}

// PageTable is what a page shows, as a table: the same figures under the same filter. A figure that is withheld is words in it and never
// a number.
type PageTable struct {
	Name    string // of the sheet
	Columns []PageColumn
	Rows    [][]any // of string, int, float64 and nil, as many as there are columns
	// Method says how the figures were made, a name and a value on each line.
	Method [][2]string
}

// MethodSheet is the name of the second sheet of a page's workbook.
const MethodSheet = "method"

// WriteCSV writes the table alone.
func (t PageTable) WriteCSV(w io.Writer) error { return t.sheet().writeCSV(w) }

// WriteWorkbook writes the table and a sheet "method" as XLSX.
func (t PageTable) WriteWorkbook(w io.Writer) error {
	method := &sheet{name: MethodSheet, headings: []heading{{"name", asText}, {"value", asText}}}
	for _, line := range t.Method {
		method.add(line[0], line[1])
	}
	return writeWorkbook(w, []*sheet{t.sheet(), method})
}

func (t PageTable) sheet() *sheet {
	s := &sheet{name: sheetName(t.Name)}
	for _, c := range t.Columns {
		s.headings = append(s.headings, heading{c.Name, format(c.Form)})
	}
	for _, r := range t.Rows {
		s.add(r...)
	}
	return s
}

// sheetName leaves out what spreadsheets refuse in the name of a sheet, and what goes beyond 31 letters.
func sheetName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) {
			return ' '
		}
		return r
	}, name)
	letters := []rune(strings.TrimSpace(name))
	if name = strings.TrimSpace(string(letters[:min(len(letters), 31)])); name == "" || strings.EqualFold(name, MethodSheet) {
		return "table"
	}
	return name
}
