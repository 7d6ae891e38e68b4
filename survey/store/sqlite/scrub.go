package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
)

// A scrubber wipes what lies between the rows of a page and means nothing. SQLite overwrites what it deletes, but when it moves rows
// from one page to another it may leave the old bytes in the part of the page that no row takes: copies of rows, among them of drafts
// that were replaced, in the order in which they came. Which pages were written the write-ahead log tells; each of them is looked at
// before the log is emptied.
type scrubber struct {
	log   string // the log's path
	read  *sql.Stmt
	write *sql.Stmt
	size  *sql.Stmt

	beside bool    // another program keeps the file, and looks at each page of the log before it begins it again
	unread bool    // nothing was read yet: all of the next log is new
	salts  [8]byte // of the log that was read last
	frames int64   // how many of its frames were read
	over   bool    // it was begun again since, with all of it read
	pages  map[uint32]bool
	whole  bool // the whole file is to be looked at, as what was written is not known: after a crash, and when a log was not read to its end
	passed uint32
}

// mostPages is how many pages are remembered. When more wait, the whole file is looked at instead.
const mostPages = 1 << 16

// newScrubber looks at what is written from now on. What the log holds was written by those who had the file open before.
func newScrubber(ctx context.Context, writer *sql.DB, log string, beside bool) (*scrubber, error) {
	s := &scrubber{log: log, pages: map[uint32]bool{}, beside: beside, unread: true}
	failed := s.look()
	s.all(false)
	var err error
	// The pool closes its statements with itself.
	s.read, err = writer.PrepareContext(ctx, `SELECT data FROM sqlite_dbpage WHERE pgno = $1`)
	failed = errors.Join(failed, err)
	s.write, err = writer.PrepareContext(ctx, `UPDATE sqlite_dbpage SET data = $1 WHERE pgno = $2`)
	failed = errors.Join(failed, err)
	s.size, err = writer.PrepareContext(ctx, `PRAGMA page_count`)
	return s, errors.Join(failed, err)
}

// all has the whole file looked at, or no page of it.
func (s *scrubber) all(whole bool) {
	s.whole, s.passed = whole, 0
	clear(s.pages)
}

func (s *scrubber) empty() bool { return !s.whole && len(s.pages) == 0 }

// The log of SQLite: a head that names its salts, then frames of a head and a page. A frame with other salts is from before the log
// was begun again.
const (
	logHead, frameHead = 32, 24
	logSalts           = 16
	frameSalts         = 8
)

// look notes the pages that were written to the log since it was looked at last.
func (s *scrubber) look() error {
	f, err := os.Open(s.log)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var head [logHead]byte
	if _, err := f.ReadAt(head[:], 0); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return err
	}
	salts := [8]byte(head[logSalts:])
	if salts == s.salts && s.over {
		s.frames = 0
		return nil
	}
	if salts != s.salts {
		// The first salt counts how often the log was begun.
		next := binary.BigEndian.Uint32(s.salts[:]) + 1
		if !s.unread && !s.beside && (!s.over || binary.BigEndian.Uint32(salts[:]) != next) {
			s.all(true)
		}
		s.salts, s.frames, s.over, s.unread = salts, 0, false, false
	}
	for ; ; s.frames++ {
		var frame [frameHead]byte
		_, err := f.ReadAt(frame[:], logHead+s.frames*(frameHead+pageSize))
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if [8]byte(frame[frameSalts:]) != salts {
			return nil
		}
		s.note(binary.BigEndian.Uint32(frame[:]))
	}
}

func (s *scrubber) note(page uint32) {
	if s.whole && page > s.passed {
		// The pass comes there later.
		return
	}
	if s.pages[page] = true; len(s.pages) > mostPages {
		s.all(true)
	}
}

// begun tells that the log was begun again when all of it had been looked at.
func (s *scrubber) begun() { s.over = true }

// slice wipes up to n pages in one transaction.
func (s *scrubber) slice(ctx context.Context, writer *sql.DB, n int) error {
	tx, err := writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	done, err := s.sliceIn(ctx, tx, n)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	done()
	return nil
}

func (s *scrubber) sliceIn(ctx context.Context, tx *sql.Tx, n int) (done func(), err error) {
	var last uint32
	if err := tx.StmtContext(ctx, s.size).QueryRowContext(ctx).Scan(&last); err != nil {
		return nil, err
	}
	if s.whole {
		from, to := s.passed+1, min(s.passed+uint32(n), last)
		for page := from; page <= to; page++ {
			if err := s.wipe(ctx, tx, page); err != nil {
				return nil, err
			}
		}
		return func() {
			if s.passed = to; to >= last {
				s.whole, s.passed = false, 0
			}
		}, nil
	}
	pages := slices.Sorted(maps.Keys(s.pages))
	pages = pages[:min(n, len(pages))]
	for _, page := range pages {
		if page > last {
			continue
		}
		if err := s.wipe(ctx, tx, page); err != nil {
			return nil, err
		}
	}
	return func() {
		for _, page := range pages {
			delete(s.pages, page)
		}
	}, nil
}

// wipe writes zeros where a page of an index or of a table under its own key has no rows, unless there are zeros already.
func (s *scrubber) wipe(ctx context.Context, tx *sql.Tx, page uint32) error {
	var data []byte
	if err := tx.StmtContext(ctx, s.read).QueryRowContext(ctx, page).Scan(&data); err != nil {
		return err
	}
	from, to := gap(data)
	if from == to || !slices.ContainsFunc(data[from:to], func(b byte) bool { return b != 0 }) {
		return nil
	}
	clear(data[from:to])
	_, err := tx.StmtContext(ctx, s.write).ExecContext(ctx, data, page)
	return err
}

// The kinds of pages of a table without row numbers, or of an index, and how long their heads are.
const (
	branchPage, branchHead = 0x02, 12
	leafPage, leafHead     = 0x0a, 8
)

// gap returns where a page has no rows: from behind the pointers to its rows to the first row. Pages of other kinds have none here, and
// so has anything that only looks like one.
func gap(page []byte) (from, to int) {
	if len(page) != pageSize {
		return 0, 0
	}
	switch page[0] {
	case branchPage:
		from = branchHead
	case leafPage:
		from = leafHead
	default:
		return 0, 0
	}
	from += 2 * int(binary.BigEndian.Uint16(page[3:]))
	to = int(binary.BigEndian.Uint16(page[5:]))
	if from > to || to > pageSize {
		return 0, 0
	}
	return from, to
}
