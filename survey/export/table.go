package export

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sipas/survey"
)

// maxCell is the most letters that a cell may hold; nothing real comes near.
const maxCell = 500

// maxList is the same for a cell that holds a list: the names of all files of evidence that there may be.
const maxList = 64 << 10

// column is one column that a reader knows, with the headings under which offices export it, the most
// telling first: where a file has two of them, the first is read and the other left out.
type column struct {
	key      string
	names    []string // folded: see fold
	optional bool
}

// table reads the lines of a CSV file cell by cell and collects what is wrong with them.
type table struct {
	file     string
	csv      *csv.Reader
	skipped  int      // lines before the header that the CSV reader did not see
	headers  []string // as the file has them
	position []int    // of each column in a line, -1 where the file lacks it
	columns  []column

	record []string
	line   int
	faulty bool // the current line has a fault
	ended  error

	bad      []BadLine
	warnings []Warning
	seen     map[[2]string]int // position in warnings by reason and column

	// cleaned keeps what text made of cells that it had to look at letter by letter and found nothing wrong with.
	cleaned  map[string]string
	channels map[string]survey.Channel // ways of filing as the file writes them
}

// maxCleaned bounds the memory of cleaned cells. Fields, procedures and channels repeat; what does not is looked at each time.
const maxCleaned = 4096

// openTable reads the header. When the header itself is bad, there is nothing to read: usable is false.
func openTable(r io.Reader, file string, columns []column) (t *table, usable bool, err error) {
	t = &table{file: file, columns: columns, seen: map[[2]string]int{}, cleaned: map[string]string{}, channels: map[string]survey.Channel{}}
	in := bufio.NewReaderSize(r, 1<<16)
	start, err := in.Peek(3)
	if err != nil && err != io.EOF {
		return nil, false, err
	}
	switch {
	case bytes.Equal(start, []byte("\xef\xbb\xbf")):
		_, _ = in.Discard(3) // peeked, so it is there
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		t.report(BadLine{Line: 1, Reason: ReasonEncoding})
		return t, false, nil
	}
	if err := t.skipBlank(in); err != nil {
		return nil, false, err
	}
	separator, err := t.separator(in)
	if err != nil {
		return nil, false, err
	}
	t.csv = csv.NewReader(in)
	t.csv.Comma = separator
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	header, err := t.csv.Read()
	if err != nil {
		reason := ReasonQuoting
		if errors.Is(err, io.EOF) {
			reason = ReasonNoHeader
		} else if parse := (*csv.ParseError)(nil); !errors.As(err, &parse) {
			return nil, false, err
		}
		t.report(BadLine{Line: 1 + t.skipped, Reason: reason})
		return t, false, nil
	}
	first, _ := t.csv.FieldPos(0)
	t.line = first + t.skipped
	t.headers = make([]string, len(header))
	for i, h := range header {
		if !utf8.ValidString(h) {
			t.report(BadLine{Line: t.line, Value: clip(strings.ToValidUTF8(h, "\uFFFD"), 80), Reason: ReasonEncoding})
			return t, false, nil
		}
		t.headers[i] = clip(survey.CleanText(h), 80)
	}
	return t, t.place(), nil
}

// skipBlank passes over lines above the header that hold nothing: blanks and what parts cells.
func (t *table) skipBlank(in *bufio.Reader) error {
	for {
		head, err := in.Peek(in.Size())
		if err != nil && err != io.EOF {
			return err
		}
		line, _, ended := bytes.Cut(head, []byte("\n"))
		if !ended || len(bytes.Trim(line, " \t\r,;")) > 0 {
			return nil
		}
		_, _ = in.Discard(len(line) + 1) // peeked, so it is there
		t.skipped++
	}
}

// separator finds what parts the cells of the first line, looking outside quotation marks: the commonest of comma,
// semicolon and tab. A line "sep=;" that spreadsheets write above the header says it outright.
func (t *table) separator(in *bufio.Reader) (rune, error) {
	head, err := in.Peek(in.Size())
	if err != nil && err != io.EOF {
		return 0, err
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if rest, found := bytes.CutPrefix(bytes.TrimRight(line, "\r"), []byte("sep=")); found && len(rest) == 1 && strings.ContainsAny(",;\t", string(rest)) {
		_, _ = in.Discard(min(len(line)+1, len(head)))
		t.skipped++
		return rune(rest[0]), nil
	}
	counts := map[byte]int{}
	quoted := false
	for _, b := range line {
		switch {
		case b == '"':
			quoted = !quoted
		case !quoted:
			counts[b]++
		}
	}
	best := byte(',')
	for _, b := range []byte{';', '\t'} {
		if counts[b] > counts[best] {
			best = b
		}
	}
	return rune(best), nil
}

// place finds each column by its headings.
func (t *table) place() bool {
	folded := make([]string, len(t.headers))
	for i, h := range t.headers {
		folded[i] = fold(h)
	}
	t.position = make([]int, len(t.columns))
	taken := make([]bool, len(folded))
	whole := true
	for c, col := range t.columns {
		t.position[c] = -1
		for _, name := range col.names {
			i := slices.Index(folded, name)
			if i < 0 {
				continue
			}
			t.position[c], taken[i] = i, true
			if again := slices.Index(folded[i+1:], name); again >= 0 {
				t.report(BadLine{Line: t.line, Column: t.headers[i], Reason: ReasonColumnTwice})
				taken[i+1+again] = true
				whole = false
			}
			break
		}
		if t.position[c] < 0 && !col.optional {
			t.report(BadLine{Line: t.line, Column: col.key, Reason: ReasonColumnMissing, Params: map[string]string{"names": strings.Join(col.names[:min(3, len(col.names))], ", ")}})
			whole = false
		}
	}
	for i, used := range taken {
		if !used && t.headers[i] != "" {
			t.warn(WarningColumnIgnored, t.headers[i], "")
		}
	}
	return whole
}

// next goes to the next line and reports whether there is one. A line that cannot be split into cells is reported
// and passed over.
func (t *table) next() bool {
	for {
		record, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			return false
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			t.report(BadLine{Line: parse.StartLine + t.skipped, Reason: ReasonQuoting})
			continue
		}
		if err != nil {
			t.ended = err
			return false
		}
		line, _ := t.csv.FieldPos(0)
		t.line, t.record, t.faulty = line+t.skipped, record, false
		if len(record) != len(t.headers) {
			if len(record) > len(t.headers) && blank(record[len(t.headers):]) {
				return true // spreadsheets leave empty cells at the end
			}
			if blank(record) {
				continue
			}
			t.fault(-1, "", ReasonColumns, "cells", strconv.Itoa(len(record)), "columns", strconv.Itoa(len(t.headers)))
			continue
		}
		if blank(record) {
			continue // a line of separators only, as spreadsheets write below the last row
		}
		return true
	}
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// raw returns the cell of a column as it stands, "" where the file lacks the column.
func (t *table) raw(c int) string {
	if i := t.position[c]; i >= 0 {
		return t.record[i]
	}
	return ""
}

// text returns the cell of a column, composed and with runs of blanks made one. It reports what cannot be text.
func (t *table) text(c int) string { return t.textUpTo(c, maxCell) }

// textUpTo does so for a cell of another length.
func (t *table) textUpTo(c, most int) string {
	raw := t.raw(c)
	s, plain, composed := raw, true, true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' || s[i] == 0x7f {
			plain = false
			break
		}
	}
	if !plain {
		if known, found := t.cleaned[raw]; found {
			return known
		}
		if !utf8.ValidString(s) {
			t.fault(c, strings.ToValidUTF8(s, "\uFFFD"), ReasonEncoding)
			return ""
		}
		if !norm.NFC.IsNormalString(s) {
			s, composed = norm.NFC.String(s), false
			t.warn(WarningNormalized, t.heading(c), s)
		}
		for _, r := range s {
			if (unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t') || r == '\u202e' || r == '\u2066' || r == '\ufeff' {
				t.fault(c, strconv.QuoteToASCII(clip(s, 80)), ReasonControl)
				return ""
			}
		}
	}
	if s = strings.TrimSpace(s); !plain || strings.Contains(s, "  ") {
		s = strings.Join(strings.Fields(s), " ")
	}
	if len(s) > most && utf8.RuneCountInString(s) > most {
		t.fault(c, s, ReasonTooLong, "max", strconv.Itoa(most))
		return ""
	}
	if !plain && composed && len(t.cleaned) < maxCleaned {
		s = strings.Clone(s)
		t.cleaned[strings.Clone(raw)] = s
	}
	return s
}

// filled returns the cell of a column that must not be empty.
func (t *table) filled(c int) string {
	before := len(t.bad)
	s := t.text(c)
	if s == "" && len(t.bad) == before {
		t.fault(c, "", ReasonEmpty)
	}
	return s
}

// day returns the day in a column; an empty cell is the unknown day.
func (t *table) day(c int) survey.Day {
	s := t.text(c)
	if s == "" {
		return ""
	}
	if len(s) == 10 && s[4] == '-' {
		// The commonest writing, read without allocating.
		if d, ok := isoDay(s); ok {
			return d
		}
	}
	d, ok := survey.ParseDay(s)
	if !ok || d < "1900-01-01" {
		t.fault(c, s, ReasonDay)
		return ""
	}
	return d
}

var daysOf = [13]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// isoDay reads 2006-01-02 strictly, for years from 1900.
func isoDay(s string) (survey.Day, bool) {
	number := func(s string) int {
		n := 0
		for i := range len(s) {
			if s[i] < '0' || s[i] > '9' {
				return -1
			}
			n = 10*n + int(s[i]-'0')
		}
		return n
	}
	y, m, d := number(s[:4]), number(s[5:7]), number(s[8:10])
	if s[7] != '-' || y < 1900 || m < 1 || m > 12 || d < 1 {
		return "", false
	}
	last := daysOf[m]
	if m == 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		last = 29
	}
	return survey.Day(s), d <= last
}

func (t *table) heading(c int) string {
	if c < 0 || t.position == nil || t.position[c] < 0 {
		return ""
	}
	return t.headers[t.position[c]]
}

// fault reports what is wrong with the cell of a column on the current line; params are names and values in turn.
func (t *table) fault(c int, value string, reason Reason, params ...string) {
	b := BadLine{Line: t.line, Column: t.heading(c), Value: clip(value, 80), Reason: reason}
	for i := 0; i+1 < len(params); i += 2 {
		if b.Params == nil {
			b.Params = map[string]string{}
		}
		b.Params[params[i]] = params[i+1]
	}
	t.report(b)
}

func (t *table) report(b BadLine) {
	b.File = t.file
	t.faulty = true
	t.bad = append(t.bad, b)
}

func (t *table) warn(reason Reason, column, value string) {
	key := [2]string{string(reason), column}
	if i, found := t.seen[key]; found {
		t.warnings[i].Count++
		return
	}
	t.seen[key] = len(t.warnings)
	t.warnings = append(t.warnings, Warning{File: t.file, Line: t.line, Column: column, Value: clip(value, 80), Reason: reason, Count: 1})
}

// faults returns what was reported, in the order of the lines.
func (t *table) faults() []BadLine {
	slices.SortStableFunc(t.bad, func(a, b BadLine) int { return cmp.Compare(a.Line, b.Line) })
	return t.bad
}

// fold reduces a heading or a word to what tells it from others: small letters without marks, one blank
// between words.
func fold(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFD.String(s) {
		r = unicode.ToLower(r)
		switch {
		case r == 'đ':
			r = 'd'
		case unicode.Is(unicode.Mn, r):
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String()
}
