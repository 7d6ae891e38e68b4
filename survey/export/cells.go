package export

import (
	"bufio"
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// byteOrderMark tells spreadsheets that a CSV file is UTF-8; without it they spoil Vietnamese letters.
const byteOrderMark = "\ufeff"

// csvFile writes lines of text and number cells.
type csvFile struct {
	buf *bufio.Writer
	csv *csv.Writer
}

func newCSV(w io.Writer) *csvFile {
	buf := bufio.NewWriterSize(w, 1<<16)
	_, _ = buf.WriteString(byteOrderMark) // an error stays in the writer and comes out of close
	return &csvFile{buf, csv.NewWriter(buf)}
}

// line writes cells: strings are guarded, numbers are written with all their digits, nil and undefined numbers are empty.
func (f *csvFile) line(cells ...any) error {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = cellText(c)
	}
	return f.csv.Write(texts)
}

func (f *csvFile) close() error {
	f.csv.Flush()
	if err := f.csv.Error(); err != nil {
		return err
	}
	return f.buf.Flush()
}

// cellText writes one cell of a CSV file.
func cellText(c any) string {
	switch v := c.(type) {
	case nil:
		return ""
	case string:
		return Guard(v)
	case int:
		return strconv.Itoa(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case *float64:
		if v == nil {
			return ""
		}
		return cellText(*v)
	case bool:
		return strconv.FormatBool(v)
	}
	panic("export: a cell of a kind that files do not have")
}

// Guard writes text so that no spreadsheet takes it for a formula: where it begins like one, also behind blanks,
// an apostrophe goes before it. Numbers are not text: they never pass here.
func Guard(s string) string {
	// Full-width signs are formulas to spreadsheets in East Asian settings; a tab or line break at the front hides what follows.
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \u00a0\u200b\ufeff"))
	if s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}
