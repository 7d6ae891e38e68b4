package export

import (
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// format is how a spreadsheet shows the numbers of a column. It never changes what is stored.
type format string

const (
	asText     format = ""
	asCount    format = "#,##0"
	asValue    format = "0.00"
	asFine     format = "0.0000"
	widestCell        = 60 // letters; longer text is cut off by the next column, not by us
)

// heading is a column of a sheet.
type heading struct {
	name   string
	format format
}

// sheet is a table that is written as CSV or as one sheet of a workbook.
type sheet struct {
	name     string
	headings []heading
	rows     [][]any
}

func (s *sheet) add(cells ...any) {
	if len(cells) != len(s.headings) {
		panic(fmt.Sprintf("export: sheet %s: %d cells for %d columns", s.name, len(cells), len(s.headings)))
	}
	s.rows = append(s.rows, cells)
}

func (s *sheet) writeCSV(w io.Writer) error {
	f := newCSV(w)
	names := make([]any, len(s.headings))
	for i, h := range s.headings {
		names[i] = h.name
	}
	if err := f.line(names...); err != nil {
		return err
	}
	for _, r := range s.rows {
		if err := f.line(r...); err != nil {
			return err
		}
	}
	return f.close()
}

// writeWorkbook writes sheets as XLSX. Text cells are stored as text, which no spreadsheet evaluates; the guard
// goes before it all the same, because a sheet that is saved as CSV again would lose that.
func writeWorkbook(w io.Writer, sheets []*sheet) (err error) {
	book := excelize.NewFile()
	defer func() {
		if e := book.Close(); err == nil {
			err = e
		}
	}()
	if err := book.SetDocProps(&excelize.DocProperties{Creator: "sipas", Title: "sipas"}); err != nil {
		return err
	}
	styles, err := stylesOf(book)
	if err != nil {
		return err
	}
	for i, s := range sheets {
		if i == 0 {
			err = book.SetSheetName("Sheet1", s.name)
		} else {
			_, err = book.NewSheet(s.name)
		}
		if err != nil {
			return err
		}
		if err := s.stream(book, styles); err != nil {
			return fmt.Errorf("sheet %s: %w", s.name, err)
		}
	}
	return book.Write(w)
}

// headingStyle is the style of headings among the formats.
const headingStyle format = "heading"

func stylesOf(book *excelize.File) (map[format]int, error) {
	styles := map[format]int{}
	bold, err := book.NewStyle(&excelize.Style{
		Font:      &excelize.Font{Bold: true},
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E7ECEF"}},
		Alignment: &excelize.Alignment{Vertical: "top", WrapText: true},
	})
	if err != nil {
		return nil, err
	}
	styles[headingStyle] = bold
	for _, f := range []format{asText, asCount, asValue, asFine} {
		number := string(f)
		if f == asText {
			number = "@"
		}
		id, err := book.NewStyle(&excelize.Style{CustomNumFmt: &number})
		if err != nil {
			return nil, err
		}
		styles[f] = id
	}
	return styles, nil
}

func (s *sheet) stream(book *excelize.File, styles map[format]int) error {
	out, err := book.NewStreamWriter(s.name)
	if err != nil {
		return err
	}
	for i, width := range s.widths() {
		if err := out.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	cells := make([]any, len(s.headings))
	for i, h := range s.headings {
		cells[i] = excelize.Cell{StyleID: styles[headingStyle], Value: Guard(h.name)}
	}
	if err := out.SetRow("A1", cells); err != nil {
		return err
	}
	for r, row := range s.rows {
		for i, c := range row {
			cells[i] = excelize.Cell{StyleID: styles[s.headings[i].format], Value: workbookValue(c)}
		}
		at, err := excelize.CoordinatesToCellName(1, r+2)
		if err != nil {
			return err
		}
		if err := out.SetRow(at, cells); err != nil {
			return err
		}
	}
	return out.Flush()
}

// workbookValue keeps numbers as numbers and makes the rest text; an undefined number is an empty cell.
func workbookValue(c any) any {
	switch v := c.(type) {
	case int:
		return v
	case float64, *float64:
		if cellText(v) == "" {
			return nil
		}
		if p, ok := v.(*float64); ok {
			return *p
		}
		return v
	}
	if text := cellText(c); text != "" {
		return text
	}
	return nil
}

// widths fits each column to its heading and the first thousand cells.
func (s *sheet) widths() []float64 {
	widths := make([]float64, len(s.headings))
	for i, h := range s.headings {
		widest := utf8.RuneCountInString(h.name)
		for _, r := range s.rows[:min(len(s.rows), 1000)] {
			switch c := r[i].(type) {
			case string:
				widest = max(widest, utf8.RuneCountInString(c))
			case nil:
			default:
				widest = max(widest, 10)
			}
		}
		widths[i] = float64(min(widest, widestCell)) + 2
	}
	return widths
}
