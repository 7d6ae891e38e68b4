package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"sipas/survey"
	"sipas/survey/store"

	"modernc.org/sqlite"
)

// applicationID marks a file as ours: "SIPS" in the header of the file.
const applicationID = 0x53495053

// pageSize is chosen so that a row with a comment of a thousand Vietnamese letters stays on its page.
const pageSize = 8192

// writerCopies is at how many pages of the log a commit copies them into the file, and cacheKiB how much of the file the writer keeps in
// memory: answers come under random keys, each on a page of its own.
const (
	writerCopies = 4 * longestLog / pageSize
	cacheKiB     = 32 << 10
)

const createMigration = `CREATE TABLE IF NOT EXISTS migration (
	version bigint NOT NULL PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at bigint NOT NULL) WITHOUT ROWID`

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Options are how a database is opened.
type Options struct {
	// Now dates audit rows and migrations; nil means the system's clock.
	Now func() time.Time
	// Settle is how long after an answer the file forgets when it came; zero means DefaultSettle.
	Settle time.Duration
	// Readers is how many reading connections there may be; zero means one for each core.
	Readers int
	// Beside opens a file that a server may be answering from, or start to. Whoever opens it so keeps nothing: it neither settles what others
	// left nor empties their log. What it changes of the answers itself is settled by the file's keeper, or when it closes and there is none.
	Beside bool
}

// DefaultSettle is short enough that the file never remembers more than a moment, and long enough that a storm of answers
// shares one round of forgetting.
const DefaultSettle = 50 * time.Millisecond

// busyWait is for how many milliseconds a statement waits for another program's transaction. An answer that waits is better than one that
// is refused, and a command must come between the answers of a storm.
const busyWait = 60_000

// DB is a store on one SQLite file.
type DB struct {
	*store.Store
	path           string
	beside         bool
	lock           *lock
	mark           string // under which this one stands in the table unsettled
	writer, reader *sql.DB
	copier         *sql.DB // copies the log into the file
	settler        *settler
}

// Open opens the file, making it when it is not there, and migrates it. A file of another program is CodeDatabaseForeign, one
// made by a newer version of this program CodeDatabaseNewer; neither is touched. A file has one keeper: for a second one Open waits a
// moment and then is CodeUnavailable because of ErrKept.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Settle <= 0 {
		o.Settle = DefaultSettle
	}
	if o.Readers <= 0 {
		o.Readers = runtime.NumCPU()
	}
	steps, err := migrations()
	if err != nil {
		return nil, fail("open database", err)
	}
	return open(ctx, path, o, steps)
}

func migrations() ([]store.Migration, error) {
	folder, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	return store.Migrations(folder)
}

func open(ctx context.Context, path string, o Options, steps []store.Migration) (*DB, error) {
	const op = "open database"
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fail(op, err)
	}
	if err := claim(ctx, path); err != nil {
		return nil, fail(op, err)
	}
	db := &DB{path: path, beside: o.Beside, mark: newMark()}
	if err := db.begin(ctx, o, steps); err != nil {
		return nil, fail(op, errors.Join(err, db.Close()))
	}
	return db, nil
}

// begin takes what it needs of the file. After an error the caller closes what was taken.
func (db *DB) begin(ctx context.Context, o Options, steps []store.Migration) (err error) {
	if db.lock, err = openLock(db.path + lockSuffix); err != nil {
		return err
	}
	if !db.beside {
		taken, err := db.lock.take(ctx, keeperWait)
		if err != nil {
			return err
		}
		if !taken {
			return &survey.Error{Code: survey.CodeUnavailable, Op: "open database", Err: ErrKept}
		}
	}
	if db.writer, err = openWriter(ctx, db.path, writerCopies); err != nil {
		return err
	}
	if _, err := db.writer.ExecContext(ctx, createMigration); err != nil {
		return err
	}
	if err := store.Migrate(ctx, db.writer, steps, o.Now); err != nil {
		return err
	}
	if db.beside {
		// The log is the keeper's to copy, however long it grows. The first connection ends after the second began: were none open, the
		// log would be copied.
		migrating := db.writer
		if db.writer, err = openWriter(ctx, db.path, 0, markOnAnswers(db.mark)); err != nil {
			db.writer = migrating
			return err
		}
		if err := migrating.Close(); err != nil {
			return err
		}
	}
	return db.start(ctx, o)
}

// start puts the parts together.
func (db *DB) start(ctx context.Context, o Options) error {
	reader, err := sql.Open("sqlite", dsn(db.path, url.Values{
		"_query_only": {"on"}, "_foreign_keys": {"on"}, "_defensive": {"1"},
	}))
	if err != nil {
		return err
	}
	db.reader = reader
	reader.SetMaxOpenConns(o.Readers)
	reader.SetMaxIdleConns(o.Readers)
	if err := reader.PingContext(ctx); err != nil {
		return err
	}
	arranger, err := newArranger(ctx, db.writer)
	if err != nil {
		return err
	}
	if db.copier, err = sql.Open("sqlite", dsn(db.path, url.Values{"_synchronous": {"FULL"}, "_defensive": {"1"}})); err != nil {
		return err
	}
	db.copier.SetMaxOpenConns(1)
	scrubber, err := newScrubber(ctx, db.writer, db.path+"-wal", db.beside)
	if err != nil {
		return err
	}
	db.settler = newSettler(db.writer, db.copier, arranger, scrubber, o.Settle, db.mark)
	if !db.beside {
		others, err := takeOver(ctx, db.writer, db.mark)
		if err != nil {
			return err
		}
		if others {
			db.settler.everything()
		}
	}
	db.Store, err = store.New(ctx, store.Engine{
		Name: "sqlite", Writer: db.writer, Reader: reader, Classify: classify, Prepared: positional, Answered: db.settler.answered,
	}, o.Now)
	if err == nil && !db.beside {
		db.settler.start(db.Store.Busy)
	}
	return err
}

// Close ends the store, settles what answers left, and closes the file. Whoever was beside settles no more than it changed itself, and that
// only where the file has no keeper.
func (db *DB) Close() error {
	var all error
	if db.Store != nil {
		all = errors.Join(all, db.Store.Close())
	}
	if db.reader != nil {
		all = errors.Join(all, db.reader.Close())
	}
	switch {
	case db.settler == nil:
	case db.beside:
		all = errors.Join(all, db.settler.leave(context.Background(), db.lock.free))
	default:
		all = errors.Join(all, db.settler.stop(context.Background()))
	}
	if db.copier != nil {
		all = errors.Join(all, db.copier.Close())
	}
	if db.writer != nil {
		all = errors.Join(all, db.writer.Close())
	}
	// The lock goes last: whoever keeps the file next finds it closed.
	if db.lock != nil {
		all = errors.Join(all, db.lock.close())
	}
	return fail("close database", all)
}

// dsn names the file as a URI, so that any character may stand in its path.
func dsn(path string, settings url.Values) string {
	settings.Set("_busy_timeout", strconv.Itoa(busyWait))
	settings.Set("_dqs", "0")
	// Without "//" the first folder of a relative path cannot be taken for a host.
	escaped := (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	return (&url.URL{Scheme: "file", Opaque: escaped, RawQuery: settings.Encode()}).String()
}

// claim makes sure that the file is ours before any setting could change it, and makes it, for its owner only, when it is not there.
func claim(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return &survey.Error{Code: survey.CodeUnavailable, Op: "open database", Err: err}
	}
	header := make([]byte, 100)
	n, err := io.ReadFull(f, header)
	if closed := f.Close(); closed != nil {
		return closed
	}
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return stamp(ctx, path)
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case n < len(header) || !strings.HasPrefix(string(header), "SQLite format 3\x00"):
		return survey.Errorf(survey.CodeDatabaseForeign, "open database", "%s is no SQLite database", path)
	}
	if id := binary.BigEndian.Uint32(header[68:]); id != applicationID {
		return survey.Errorf(survey.CodeDatabaseForeign, "open database", "%s belongs to another program (application id %#x)", path, id)
	}
	return nil
}

// stamp writes the mark into an empty file, before there is a write-ahead log: from then on the file's own header says whose it is.
func stamp(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dsn(path, url.Values{"_synchronous": {"FULL"}}))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA page_size = %d; PRAGMA application_id = %d", pageSize, applicationID))
	return errors.Join(err, db.Close())
}

// openWriter opens the connection that writes. It copies the log at so many pages, never at 0, and runs the further statements whenever the
// connection is made.
func openWriter(ctx context.Context, path string, copies int, further ...string) (*sql.DB, error) {
	pragmas := []string{
		"secure_delete(1)", "recursive_triggers(1)", "temp_store(2)", fmt.Sprintf("wal_autocheckpoint(%d)", copies), fmt.Sprintf("cache_size(-%d)", cacheKiB),
	}
	for _, statement := range further {
		// The driver runs what stands here as it is, behind the word PRAGMA.
		pragmas = append(pragmas, "temp_store; "+statement)
	}
	db, err := sql.Open("sqlite", dsn(path, url.Values{
		// It is not defensive, as the others are: the scrubber wipes pages.
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_foreign_keys": {"on"}, "_txlock": {"immediate"},
		// The settler copies the log into the file before it comes to writerCopies: whoever commits pays for it only when that fails.
		"_pragma": pragmas,
	}))
	if err != nil {
		return nil, err
	}
	// One connection, kept for good: writers wait in the pool, in Go, rather than for the lock.
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	// Settings that the driver runs as plain SQL fail silently when misspelt, so all are asked for.
	for _, want := range [][2]string{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"secure_delete", "1"}, {"recursive_triggers", "1"},
		{"application_id", fmt.Sprint(applicationID)},
	} {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+want[0]).Scan(&got); err != nil {
			return nil, errors.Join(err, db.Close())
		}
		if got != want[1] {
			return nil, errors.Join(fmt.Errorf("pragma %s is %q, not %q", want[0], got, want[1]), db.Close())
		}
	}
	return db, nil
}

// fail gives an error its code, once.
func fail(op string, err error) error {
	if err == nil {
		return nil
	}
	var known *survey.Error
	if errors.As(err, &known) {
		return err
	}
	code := classify(err)
	if code == "" {
		code = survey.CodeInternal
	}
	return &survey.Error{Code: code, Op: op, Err: err}
}

// The primary result codes of SQLite that mean something to a caller.
const (
	resultBusy       = 5
	resultLocked     = 6
	resultNoMemory   = 7
	resultReadOnly   = 8
	resultInterrupt  = 9
	resultIOError    = 10
	resultFull       = 13
	resultCantOpen   = 14
	resultConstraint = 19
	resultNotADB     = 26
)

// classify names the code of an error of the driver.
func classify(err error) survey.Code {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Code() & 0xff {
	case resultBusy, resultLocked, resultNoMemory, resultReadOnly, resultInterrupt, resultIOError, resultFull, resultCantOpen:
		return survey.CodeUnavailable
	case resultConstraint:
		return survey.CodeConflict
	case resultNotADB:
		return survey.CodeDatabaseForeign
	}
	return ""
}
