package sqlite

import (
	"encoding/binary"
	"testing"
)

// A file is the raw bytes of a database, read as a thief would read them, without SQLite.
// The format is the one of sqlite.org/fileformat2.html.
type file struct {
	t        testing.TB
	bytes    []byte
	pageSize int
}

func parseFile(t testing.TB, content []byte) *file {
	t.Helper()
	f := &file{t: t, bytes: content, pageSize: int(binary.BigEndian.Uint16(content[16:]))}
	if f.pageSize == 1 {
		f.pageSize = 65536
	}
	return f
}

// cell is one row of a table without row numbers, where it lies and what it says.
type cell struct {
	page, offset int // offset within the page
	values       []any
}

func (c cell) text(i int) string { s, _ := c.values[i].(string); return s }

func (f *file) page(n int) []byte { return f.bytes[(n-1)*f.pageSize : n*f.pageSize] }

// The kinds of pages of a tree.
const (
	interiorIndex = 0x02
	interiorTable = 0x05
	leafIndex     = 0x0a
	leafTable     = 0x0d
)

// roots reads the schema: the root page of each table and index.
func (f *file) roots() map[string]int {
	roots := map[string]int{}
	f.walk(1, func(c cell) {
		// type, name, tbl_name, rootpage, sql
		kind, name := c.text(0), c.text(1)
		if kind == "table" || kind == "index" {
			roots[name] = int(c.values[3].(int64))
		}
	}, nil)
	return roots
}

// walk visits every row below a root page, and every page.
func (f *file) walk(number int, row func(cell), page func(number int)) {
	f.t.Helper()
	if page != nil {
		page(number)
	}
	p := f.page(number)
	head := 0
	if number == 1 {
		head = 100
	}
	kind := p[head]
	cells := int(binary.BigEndian.Uint16(p[head+3:]))
	pointers := head + 8
	interior := kind == interiorIndex || kind == interiorTable
	if interior {
		pointers += 4
	}
	for i := range cells {
		at := int(binary.BigEndian.Uint16(p[pointers+2*i:]))
		body := p[at:]
		if interior {
			f.walk(int(binary.BigEndian.Uint32(body)), row, page)
			body = body[4:]
		}
		if kind == interiorTable {
			continue
		}
		size, n := varint(body)
		body = body[n:]
		if kind == leafTable {
			_, n = varint(body)
			body = body[n:]
		}
		row(cell{page: number, offset: at, values: f.record(body, int(size), kind == leafTable, page)})
	}
	if interior {
		f.walk(int(binary.BigEndian.Uint32(p[head+8:])), row, page)
	} else if kind != leafIndex && kind != leafTable {
		f.t.Fatalf("page %d is of kind %#x", number, kind)
	}
}

// record reads the values of a row, of which a part may lie on overflow pages.
func (f *file) record(body []byte, size int, table bool, page func(int)) []any {
	usable := f.pageSize
	most, least := (usable-12)*64/255-23, (usable-12)*32/255-23
	if table {
		most = usable - 35
	}
	payload := body
	if size > most {
		local := least + (size-least)%(usable-4)
		if local > most {
			local = least
		}
		payload = append([]byte(nil), body[:local]...)
		for next := int(binary.BigEndian.Uint32(body[local:])); next != 0 && len(payload) < size; {
			if page != nil {
				page(next)
			}
			p := f.page(next)
			payload = append(payload, p[4:]...)
			next = int(binary.BigEndian.Uint32(p))
		}
	}
	payload = payload[:size]
	headSize, n := varint(payload)
	head, rest := payload[n:headSize], payload[headSize:]
	var values []any
	for len(head) > 0 {
		kind, n := varint(head)
		head = head[n:]
		width := 0
		switch {
		case kind >= 12:
			width = int(kind-12) / 2
		case kind <= 4:
			width = int(kind)
		case kind == 5:
			width = 6
		case kind == 6 || kind == 7:
			width = 8
		}
		switch {
		case kind >= 13 && kind%2 == 1:
			values = append(values, string(rest[:width]))
		case kind == 8 || kind == 9:
			values = append(values, int64(kind-8))
		case kind == 0 || kind == 7 || kind >= 12:
			values = append(values, nil)
		default:
			v := int64(int8(rest[0]))
			for _, b := range rest[1:width] {
				v = v<<8 | int64(b)
			}
			values = append(values, v)
		}
		rest = rest[width:]
	}
	return values
}

func varint(b []byte) (uint64, int) {
	var v uint64
	for i := range 8 {
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return v<<8 | uint64(b[8]), 9
}

// rows returns all rows of a table in key order.
func (f *file) rows(table string) []cell {
	f.t.Helper()
	root, there := f.roots()[table]
	if !there {
		f.t.Fatalf("the file has no table %s", table)
	}
	var all []cell
	f.walk(root, func(c cell) { all = append(all, c) }, nil)
	return all
}

// pagesOf returns the numbers of the pages that a table or index takes.
func (f *file) pagesOf(name string) []int {
	f.t.Helper()
	var all []int
	f.walk(f.roots()[name], func(cell) {}, func(n int) { all = append(all, n) })
	return all
}
