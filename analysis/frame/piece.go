package frame

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

const notUTF8 = "the text is not UTF-8; save the file in that encoding"

// piece is a parsed piece of the text.
type piece struct {
	index int
	rows  int
	line  int     // that the first row begins on
	lines []int32 // of each row, counted from line; nil when each row is one line
	parts []*part // of each column that is kept
	err   error
}

// part is a piece of a column: numbers until something else comes, labels from then on.
type part struct {
	numbers []float64
	written texts
	codes   []int32
	labels  []string
	known   map[string]int32 // nil while all is numbers
}

// parse reads the records of one piece.
func (p *parser) parse(j job) *piece {
	out := &piece{index: j.index}
	if at := invalidLine(j.text); at > 0 {
		out.err = &Error{Line: j.line + at - 1, Reason: notUTF8}
		return out
	}
	columns := make([]*part, len(p.names))
	guess := bytes.Count(j.text, []byte{'\n'}) + 1

	for i := range p.names {
		if p.choice[i]&kept != 0 {
			columns[i] = &part{numbers: make([]float64, 0, guess)}
			out.parts = append(out.parts, columns[i])
		}
	}
	s := scanner{text: j.text, comma: p.comma, line: j.line}
	straight := true

	for s.skipEmpty(); s.at < len(s.text); s.skipEmpty() {
		start := s.line
		if out.rows == 0 {
			out.line = start
		}
		straight = straight && start == out.line+out.rows
		if !straight && out.lines == nil {
			for i := range out.rows {
				out.lines = append(out.lines, int32(i))
			}
		}
		if !straight {
			out.lines = append(out.lines, int32(start-out.line))
		}
		if out.err = p.record(&s, columns, out.rows, start); out.err != nil {
			return out
		}
		out.rows++
	}

	return out
}

// record reads one record into the columns.
func (p *parser) record(s *scanner, columns []*part, row, line int) error {
	for i := 0; ; i++ {
		field, last, err := s.field()
		if err != nil {
			return err
		}
		if i < len(columns) && columns[i] != nil {
			if !columns[i].add(field, row, p.missing, p.choice[i]) {
				return &Error{Line: line, Column: p.names[i], Reason: strconv.Quote(clip(field)) + " is not a number"}
			}
		}
		if !last {
			continue
		}
		if i+1 != len(columns) {
			return &Error{Line: line, Reason: fmt.Sprintf("%d fields where the header has %d", i+1, len(columns))}
		}
		return nil
	}
}

// clip shortens a text for a message.
func clip(field []byte) string {
	const most = 40
	if runes := []rune(string(field)); len(runes) > most {
		return string(runes[:most]) + "…"
	}

	return string(field)
}

// add appends a field. It reports false when the field must be a number and is none.
func (c *part) add(field []byte, row int, missing [][]byte, as wanted) bool {
	absent := isMissing(field, missing)

	if c.known == nil {
		if absent {
			c.numbers = append(c.numbers, math.NaN())
			return true
		}
		v, plain, ok := parseNumber(field)
		if ok {
			if !plain && as&written != 0 {
				c.written.add(row, field)
			}
			c.numbers = append(c.numbers, v)
			return true
		}
		if as&number != 0 {
			return false
		}
		c.relabel()
	}
	if absent {
		c.codes = append(c.codes, Missing)
		return true
	}
	c.label(field)

	return true
}

func (c *part) label(text []byte) {
	k, ok := c.known[string(text)]
	if !ok {
		k = int32(len(c.labels))
		c.labels = append(c.labels, string(text))
		c.known[string(text)] = k
	}
	c.codes = append(c.codes, k)
}

// relabel turns the numbers so far back into what was written.
func (c *part) relabel() {
	c.known = map[string]int32{}
	c.codes = make([]int32, 0, cap(c.numbers))
	at, buffer := 0, []byte(nil)

	for row, v := range c.numbers {
		switch {
		case at < len(c.written.rows) && c.written.rows[at] == int32(row):
			text, _ := c.written.at(row)
			buffer = append(buffer[:0], text...)
			c.label(buffer)
			at++
		case math.IsNaN(v):
			c.codes = append(c.codes, Missing)
		default:
			buffer = strconv.AppendFloat(buffer[:0], v, 'f', -1, 64)
			c.label(buffer)
		}
	}
	c.numbers, c.written = nil, texts{}
}

func isMissing(field []byte, missing [][]byte) bool {
	field = trim(field)
	for _, m := range missing {
		if len(m) == len(field) && bytes.Equal(m, field) {
			return true
		}
	}

	return false
}

// join puts the parts of a column together. The levels of text come out sorted, so that it does not matter which was seen first.
func join(name string, rows int, parts []*part) *Column {
	text := slices.ContainsFunc(parts, func(p *part) bool { return p.known != nil })
	c := &Column{Name: name}

	if !text {
		c.Numbers = make([]float64, 0, rows)
		for i, p := range parts {
			c.written.join(p.written, len(c.Numbers))
			c.Numbers = append(c.Numbers, p.numbers...)
			parts[i] = nil
		}
		return c
	}
	seen := map[string]int32{}

	for _, p := range parts {
		if p.known == nil {
			p.relabel()
		}
		for _, l := range p.labels {
			if _, ok := seen[l]; !ok {
				seen[l] = 0
				c.Levels = append(c.Levels, l)
			}
		}
	}
	slices.Sort(c.Levels)
	for i, l := range c.Levels {
		seen[l] = int32(i)
	}
	c.Codes = make([]int32, 0, rows)

	for i, p := range parts {
		place := make([]int32, len(p.labels))
		for k, l := range p.labels {
			place[k] = seen[l]
		}
		for _, k := range p.codes {
			if k != Missing {
				k = place[k]
			}
			c.Codes = append(c.Codes, k)
		}
		parts[i] = nil
	}

	return c
}

// scanner reads fields one after another.
type scanner struct {
	text   []byte
	at     int
	comma  byte
	line   int
	joined []byte // where a quoted field with doubled quotes is put together
}

// skipEmpty passes over lines that are wholly empty.
func (s *scanner) skipEmpty() {
	for s.at < len(s.text) {
		switch {
		case s.text[s.at] == '\n':
			s.at++
		case bytes.HasPrefix(s.text[s.at:], []byte("\r\n")):
			s.at += 2
		default:
			return
		}
		s.line++
	}
}

// field returns the next field and whether it is the last of its record. It is good until the next call.
func (s *scanner) field() (field []byte, last bool, err error) {
	if s.at < len(s.text) && s.text[s.at] == '"' {
		return s.quoted()
	}
	start := s.at

	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case s.comma:
			s.at++
			return s.text[start : s.at-1], false, nil
		case '\n':
			field = s.text[start:s.at]
			s.at++
			s.line++
			return bytes.TrimSuffix(field, []byte{'\r'}), true, nil
		case '"':
			return nil, false, &Error{Line: s.line, Reason: "a quote in the middle of a field; put the field in quotes and double the quote"}
		}
	}

	return bytes.TrimSuffix(s.text[start:], []byte{'\r'}), true, nil
}

func (s *scanner) quoted() (field []byte, last bool, err error) {
	began := s.line
	s.at++
	start := s.at
	pieces := false
	s.joined = s.joined[:0]

	for {
		n := bytes.IndexByte(s.text[s.at:], '"')
		if n < 0 {
			return nil, false, &Error{Line: began, Reason: "a quote that is never closed"}
		}
		s.at += n + 1
		if s.at < len(s.text) && s.text[s.at] == '"' {
			s.joined = append(s.joined, s.text[start:s.at]...)
			pieces = true
			s.at++
			start = s.at
			continue
		}
		field = s.text[start : s.at-1]
		if pieces {
			s.joined = append(s.joined, field...)
			field = s.joined
		}
		break
	}
	s.line += bytes.Count(field, []byte{'\n'})

	switch {
	case s.at == len(s.text):
		return field, true, nil
	case s.text[s.at] == s.comma:
		s.at++
		return field, false, nil
	case s.text[s.at] == '\n':
		s.at++
		s.line++
		return field, true, nil
	case bytes.HasPrefix(s.text[s.at:], []byte("\r\n")):
		s.at += 2
		s.line++
		return field, true, nil
	case string(s.text[s.at:]) == "\r":
		s.at++
		return field, true, nil
	}

	return nil, false, &Error{Line: s.line, Reason: "text after a closing quote"}
}

// invalidLine returns the first line, counted from 1, that is not UTF-8, and 0 when all are.
func invalidLine(text []byte) int {
	if utf8.Valid(text) {
		return 0
	}
	line := 1

	for l := range bytes.Lines(text) {
		if !utf8.Valid(l) {
			return line
		}
		line++
	}

	return line - 1
}
