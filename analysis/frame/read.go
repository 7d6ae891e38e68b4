package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Options say what to read of a text and how.
type Options struct {
	// Columns are the columns to keep, by name or by pattern: a star stands for any letters, a question mark for one.
	// With Numbers nil too, all columns are kept.
	Columns []string
	// Numbers are further columns to keep, or the same, which must hold numbers: anything else in them is an error
	// that names the line. How their numbers are written is not kept, unless they stand among Columns too.
	Numbers []string
	// Missing are the texts that mean a missing value. Nil means the empty one and NA.
	Missing []string
	// Delimiter parts the fields. Zero means that the header tells: see the package's documentation.
	Delimiter byte
	// Progress is told, on the caller's goroutine, how many bytes have been read.
	Progress func(bytes int64)
}

const (
	blockSize = 1 << 20  // of a piece, which one core parses at a time
	recordMax = 64 << 20 // a record longer than this is taken for a quote that is never closed
)

var mark = []byte("\ufeff")

// Read reads a table. Errors of the text are *Error and *ColumnError; those of the reader come back as they are.
// Of several errors in the text it is the first that comes back. A text without a header is an error, one without rows is not.
func Read(r io.Reader, opt Options) (*Frame, error) {
	b := &blocks{reader: r, progress: opt.Progress, line: 1}
	head, line, err := b.header()
	if err != nil {
		return nil, err
	}
	p, err := newParser(head, line, opt)
	if err != nil {
		return nil, err
	}
	p.workers()
	err = p.feed(b)
	p.wait.Wait()

	if e := p.firstError(); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, err
	}

	return p.frame()
}

// blocks cuts a text into pieces that end where a record ends.
type blocks struct {
	reader   io.Reader
	progress func(int64)
	rest     []byte // read and not handed out yet
	size     int64
	line     int // that rest begins on
	ended    bool
}

// more reads up to n bytes.
func (b *blocks) more(n int) error {
	b.rest = slices.Grow(b.rest, n)
	at := len(b.rest)
	got, err := io.ReadFull(b.reader, b.rest[at:at+n])
	b.rest = b.rest[:at+got]
	b.size += int64(got)

	if b.progress != nil && got > 0 {
		b.progress(b.size)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		b.ended = true
		return nil
	}

	return err
}

// header returns the first record that is not empty, its line end included, and the line that it begins on.
func (b *blocks) header() (head []byte, line int, err error) {
	for {
		if err := b.more(blockSize); err != nil {
			return nil, 0, err
		}
		b.rest = bytes.TrimPrefix(b.rest, mark)
		for len(b.rest) > 0 && (b.rest[0] == '\n' || bytes.HasPrefix(b.rest, []byte("\r\n"))) {
			b.rest = b.rest[bytes.IndexByte(b.rest, '\n')+1:]
			b.line++
		}
		end, quoted := -1, false
		for i, c := range b.rest {
			if c == '"' {
				quoted = !quoted
			}
			if c == '\n' && !quoted {
				end = i + 1
				break
			}
		}
		switch {
		case end < 0 && b.ended && len(b.rest) == 0:
			return nil, 0, &Error{Reason: "there is no header: the text is empty"}
		case end < 0 && b.ended:
			end = len(b.rest)
		case end < 0 && len(b.rest) > recordMax:
			return nil, 0, &Error{Line: b.line, Reason: "the header does not end; is a quote in it never closed?"}
		case end < 0:
			continue
		}
		line = b.line
		return b.take(end), line, nil
	}
}

// take hands out the first n bytes of what was read.
func (b *blocks) take(n int) []byte {
	out := b.rest[:n:n]
	b.rest = bytes.Clone(b.rest[n:])
	b.line += bytes.Count(out, []byte{'\n'})

	return out
}

// next returns a piece that ends where a record ends, and the line that it begins on; nothing at the end.
func (b *blocks) next() (piece []byte, line int, err error) {
	line = b.line
	for {
		if !b.ended && len(b.rest) < blockSize {
			if err := b.more(blockSize); err != nil {
				return nil, 0, err
			}
		}
		if b.ended {
			return b.take(len(b.rest)), line, nil
		}
		if end := lastRecord(b.rest); end > 0 {
			return b.take(end), line, nil
		}
		if len(b.rest) > recordMax {
			// The parser finds what is wrong, or that the record is too long.
			return b.take(len(b.rest)), line, nil
		}
		if err := b.more(len(b.rest)); err != nil {
			return nil, 0, err
		}
	}
}

// lastRecord returns where the last whole record ends: behind the last line end that stands outside quotes, which is
// where the number of quotes before it is even.
func lastRecord(text []byte) int {
	quote := []byte{'"'}
	open := bytes.Count(text, quote)%2 == 1

	for end := len(text); ; {
		at := bytes.LastIndexByte(text[:end], '\n')
		if at < 0 {
			return 0
		}
		if bytes.Count(text[at:end], quote)%2 == 1 {
			open = !open
		}
		if !open {
			return at + 1
		}
		end = at
	}
}

// parser shares the pieces out among the cores and puts the columns together.
type parser struct {
	opt     Options
	names   []string
	choice  []wanted
	comma   byte
	missing [][]byte

	jobs   chan job
	wait   sync.WaitGroup
	failed atomic.Bool
	mu     sync.Mutex
	done   []*piece
}

type job struct {
	index int
	text  []byte
	line  int
}

func newParser(head []byte, line int, opt Options) (*parser, error) {
	p := &parser{opt: opt, comma: opt.Delimiter, jobs: make(chan job)}
	if p.comma == 0 {
		p.comma = delimiter(head)
	}
	if p.comma == '"' || p.comma == '\n' || p.comma == '\r' {
		return nil, &Error{Reason: fmt.Sprintf("%q cannot part the fields", p.comma)}
	}
	s := scanner{text: head, comma: p.comma, line: line}
	for more := true; more; {
		field, last, err := s.field()
		if err != nil {
			return nil, err
		}
		p.names = append(p.names, string(field))
		more = !last
	}
	if at := invalidLine(head); at > 0 {
		return nil, &Error{Line: line + at - 1, Reason: notUTF8}
	}
	var err error
	if p.choice, err = choose(p.names, opt); err != nil {
		return nil, err
	}
	missing := opt.Missing
	if missing == nil {
		missing = []string{"", "NA"}
	}
	for _, m := range missing {
		p.missing = append(p.missing, trim([]byte(m)))
	}

	return p, nil
}

// delimiter tells what parts the fields of a header. A header of a single column has none, and any will do.
func delimiter(head []byte) byte {
	best, most, quoted := byte(','), 0, false
	counts := map[byte]int{}

	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		}
		if !quoted {
			counts[c]++
		}
	}
	for _, c := range []byte(",;\t") {
		if counts[c] > most {
			best, most = c, counts[c]
		}
	}

	return best
}

// workers starts one goroutine for each core.
func (p *parser) workers() {
	for range runtime.GOMAXPROCS(0) {
		p.wait.Go(func() {
			for j := range p.jobs {
				done := p.parse(j)
				if done.err != nil {
					p.failed.Store(true)
				}
				p.mu.Lock()
				p.done = append(p.done, done)
				p.mu.Unlock()
			}
		})
	}
}

// feed hands the pieces out until the text ends or a piece turns out wrong: all pieces before that one are then out already.
func (p *parser) feed(b *blocks) error {
	defer close(p.jobs)

	for index := 0; !p.failed.Load(); index++ {
		text, line, err := b.next()
		if err != nil || len(text) == 0 {
			return err
		}
		p.jobs <- job{index, text, line}
	}

	return nil
}

func (p *parser) firstError() error {
	slices.SortFunc(p.done, func(a, b *piece) int { return a.index - b.index })

	for _, d := range p.done {
		if d.err != nil {
			return d.err
		}
	}

	return nil
}

// frame joins the pieces.
func (p *parser) frame() (*Frame, error) {
	f := &Frame{names: p.names, comma: p.comma, columns: map[string]*Column{}}

	for _, d := range p.done {
		f.pieces = append(f.pieces, lines{row: f.rows, line: d.line, each: d.lines})
		f.rows += d.rows
	}
	if f.rows > 1<<31-1 {
		return nil, &Error{Reason: "there are more than 2147483647 rows"}
	}
	at := 0

	for i, name := range p.names {
		if p.choice[i]&kept == 0 {
			continue
		}
		parts := make([]*part, len(p.done))
		for j, d := range p.done {
			parts[j], d.parts[at] = d.parts[at], nil
		}
		c := join(name, f.rows, parts)
		f.kept = append(f.kept, c)
		f.columns[name] = c
		at++
	}

	return f, nil
}
