package sqlite

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/store/storetest"
)

// marks returns who may have left something unsettled.
func marks(t *testing.T, db *DB) []string {
	t.Helper()
	var all []string
	rows, err := db.reader.Query("SELECT who FROM unsettled ORDER BY who")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var who string
		if err := rows.Scan(&who); err != nil {
			t.Fatal(err)
		}
		all = append(all, who)
	}
	return all
}

// beside opens a database as a command does.
func beside(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(bg, path, Options{Beside: true})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// image copies a database that is open, as a crash would leave it.
func image(t *testing.T, db *DB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := os.WriteFile(path+suffix, read(t, db.path+suffix), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// frames is how many pages a log holds.
func frames(t *testing.T, path string) (n int) {
	t.Helper()
	log, err := os.ReadFile(path + "-wal")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for at := logHead; at+frameHead <= len(log) && bytes.Equal(log[at+frameSalts:at+frameSalts+8], log[logSalts:logSalts+8]); at += frameHead + pageSize {
		n++
	}
	return n
}

// settled waits until nothing is left to settle, as a keeper without answers comes to within a moment.
func settled(t *testing.T, db *DB) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		log, err := os.Stat(db.path + "-wal")
		if err == nil && log.Size() == 0 && len(marks(t, db)) == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the file is not settled: %v, marks %v", err, marks(t, db))
		}
	}
}

// A crashed server's file tells the order of the last answers. Whoever opens it next may answer at once: next to nothing is written before. The
// order is forgotten afterwards, also when the next servers crash, or are stopped, before they came to that.
func TestCrashIsMadeGoodWhileAnswering(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sipas.db")
	db, err := Open(bg, path, Options{Settle: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	storetest.PrepareSample(t, db, 3000, 3)
	s := &theft{order: map[survey.ResponseID]int{}}
	for group := range 1000 {
		all := ids(5)
		for _, id := range all {
			s.order[id] = group
		}
		for results := sendAll(t, db, all); len(all) > 0; all = all[1:] {
			if r := <-results; r.err != nil {
				t.Fatal(r.err)
			}
		}
	}
	if err := copyAll(db); err != nil {
		t.Fatal(err)
	}
	if tau, z := s.layout(t, read(t, path), "response"); z < traceable {
		t.Fatalf("before, the places tell nothing either: tau %.3f, z %.1f", tau, z)
	}
	first := image(t, db)
	crashed := read(t, first)
	for crash := range 3 {
		again, err := Open(bg, first, Options{Settle: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = again.Close() })
		if n := frames(t, first); n > 4*(crash+1) || !bytes.Equal(crashed, read(t, first)) {
			t.Errorf("opening after crash %d wrote %d pages to the log; the file is as it was: %v", crash, n, bytes.Equal(crashed, read(t, first)))
		}
		if crash < 2 {
			first = image(t, again)
			continue
		}
		again.settler.closing = 0
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if tau, z := s.layout(t, read(t, first), "response"); z < traceable {
			t.Errorf("closing went through the whole file: tau %.3f, z %.1f", tau, z)
		}
	}
	last, err := Open(bg, first, Options{})
	if err != nil {
		t.Fatal(err)
	}
	settled(t, last)
	if tau, z := s.layout(t, read(t, first), "response"); math.Abs(z) > traceable {
		t.Errorf("the places tell the order of arrival: tau %.3f, z %.1f", tau, z)
	}
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	// Closed in order, it leaves nobody anything to do.
	clean := reopen(t, first)
	if clean.settler.working.Lock(); !clean.settler.backlog.empty() || clean.settler.scrubber.whole {
		t.Error("a file that was closed in order is gone through again")
	}
	clean.settler.working.Unlock()
	if err := check(bg, first); err != nil {
		t.Error(err)
	}
}

func TestSecondKeeperIsRefused(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	if _, err := Open(bg, db.path, Options{}); !errors.Is(err, ErrKept) || !survey.IsCode(err, survey.CodeUnavailable) {
		t.Fatalf("a second keeper: error is %v", err)
	}
	info, err := os.Stat(db.path + lockSuffix)
	if err != nil || info.Size() != 0 || info.Mode().Perm() != 0o600 {
		t.Errorf("the lock's file: %v, %v", info, err)
	}
	other := beside(t, db.path)
	if free, err := other.lock.free(bg); free || err != nil {
		t.Errorf("the lock is free: %v, %v", free, err)
	}
	if err := errors.Join(db.lock.release(bg), other.Close()); err != nil {
		t.Fatal(err)
	}
	again := reopen(t, db.path)
	if marks := marks(t, again); len(marks) != 1 || marks[0] != again.mark {
		t.Errorf("the marks are %v", marks)
	}
}

// A command that changes no answer changes nothing at all beside a keeper: neither the file nor its log, to the byte.
func TestReadingBesideChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sipas.db")
	db, err := Open(bg, path, Options{Settle: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	fill(t, db)
	file, log := read(t, path), read(t, path+"-wal")
	other := beside(t, path)
	if err := other.Backup(bg, filepath.Join(t.TempDir(), "backup.db")); err != nil {
		t.Error(err)
	}
	if findings, err := other.Check(bg); err != nil || len(findings) > 0 {
		t.Errorf("findings are %v, %v", findings, err)
	}
	content(t, other)
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(file, read(t, path)) || !bytes.Equal(log, read(t, path+"-wal")) {
		t.Error("the file or its log changed")
	}
}

// What a command changes of the answers is settled by itself when nobody keeps the file, by the keeper when there is one, and by the next
// keeper when the command did not come to an end.
func TestChangesBesideAreSettled(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	storetest.PrepareSample(t, db, 900, 3)
	for range 40 {
		r := storetest.Receipt(storetest.WalkInResponse(survey.NewResponseID(), storetest.UnitB), "góp ý", storetest.PointID, "2026-08-01")
		if _, err := db.SaveReceipt(bg, r); err != nil {
			t.Fatal(err)
		}
	}
	settled(t, db)
	merge := func(db *DB, from, into survey.UnitID) {
		t.Helper()
		if m, err := db.MergeUnits(bg, storetest.By, []survey.UnitID{from}, into, "2026-09-01"); err != nil || m.WalkIns != 40 {
			t.Fatal(m, err)
		}
	}

	kept := beside(t, db.path)
	merge(kept, storetest.UnitB, storetest.UnitA)
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	settled(t, db)
	content := read(t, db.path)
	for _, remains := range []string{"2026-q3 walk_in  " + string(storetest.UnitB), "~2026"} {
		if bytes.Contains(content, []byte(remains)) {
			t.Errorf("%q stands in the file that is kept", remains)
		}
	}

	path := filepath.Join(t.TempDir(), "alone.db")
	if err := db.Backup(bg, path); err != nil {
		t.Fatal(err)
	}
	alone := beside(t, path)
	merge(alone, storetest.UnitA, storetest.UnitC)
	if got := marks(t, alone); len(got) != 1 || got[0] != alone.mark {
		t.Errorf("the marks are %v", got)
	}
	stopped := image(t, alone)
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	alone = beside(t, path)
	if got := marks(t, alone); len(got) > 0 {
		t.Errorf("a command left the marks %v", got)
	}
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	if n := frames(t, path); n > 0 || bytes.Contains(read(t, path), []byte("2026-q3 walk_in  "+string(storetest.UnitA))) {
		t.Errorf("remains of a merger stand in the file, or in the %d pages of its log", n)
	}

	// A command that looks leaves the duty to whoever keeps the file next.
	looking := beside(t, stopped)
	if got := marks(t, looking); len(got) != 1 {
		t.Errorf("the marks are %v", got)
	}
	if err := looking.Close(); err != nil {
		t.Fatal(err)
	}
	next := reopen(t, stopped)
	settled(t, next)
	if bytes.Contains(read(t, stopped), []byte("2026-q3 walk_in  "+string(storetest.UnitA))) {
		t.Error("remains of a merger that was cut off stand in the file")
	}
}

// A server of its own process answers without pause while each command runs beside it: none is refused, none is lost, and the order is
// forgotten although the server is killed at the end.
func TestCommandsBesideAServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sipas.db")
	db, err := Open(bg, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	storetest.PrepareSample(t, db, 900, 3)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	roots := parseFile(t, read(t, path)).roots()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(program)
	server.Env = append(os.Environ(), childPath+"="+path)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[survey.ResponseID]bool{}
	s := &theft{order: map[survey.ResponseID]int{}}
	saved := make(chan int, 1) // how many, the newest
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			id, ok := strings.CutPrefix(lines.Text(), "saved ")
			if !ok {
				t.Errorf("the server says %q", lines.Text())
			}
			whole, ok := survey.ParseResponseID(id)
			if !ok {
				continue
			}
			acknowledged[whole] = true
			s.order[whole] = len(s.order)
			select {
			case <-saved:
			default:
			}
			saved <- len(s.order)
		}
	}()
	// more waits until so many further answers came, so that every command runs in the midst of them.
	more := func(n int) {
		for until := <-saved + n; <-saved < until; {
		}
	}
	folder := t.TempDir()
	commands := []func(*DB) error{
		func(db *DB) error {
			return db.Backup(bg, filepath.Join(folder, fmt.Sprint(len(folder), time.Now().UnixNano())))
		},
		func(db *DB) error { _, err := db.Waves(bg); return err },
		func(db *DB) error {
			findings, err := db.Check(bg)
			if len(findings) > 0 {
				err = errors.Join(err, fmt.Errorf("findings %v", findings))
			}
			return err
		},
		func(db *DB) error {
			return db.EachResponse(bg, storetest.WaveID, func(*survey.Response) error { return nil })
		},
		func(db *DB) error {
			return db.SaveRelease(bg, storetest.By, &survey.Release{ID: string(survey.NewResponseID()), Wave: storetest.WaveID, State: survey.StateProvisional})
		},
		func(db *DB) error {
			return db.AddPoint(bg, storetest.By, survey.Point{ID: survey.PointID(survey.NewResponseID()), Unit: storetest.UnitA, Name: "Quầy"})
		},
		func(db *DB) error {
			_, err := db.PutTransactions(bg, storetest.By, storetest.WaveID, storetest.Transactions(1200))
			return err
		},
		func(db *DB) error {
			_, err := db.MergeUnits(bg, storetest.By, []survey.UnitID{storetest.UnitB}, storetest.UnitC, "2026-09-01")
			return err
		},
	}
	for range 2 {
		for i, command := range commands {
			more(10)
			db := beside(t, path)
			if err := errors.Join(command(db), db.Close()); err != nil {
				t.Errorf("command %d: %v", i, err)
			}
		}
	}
	more(10)
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	_ = server.Wait()

	last := reopen(t, path)
	holdTogether(t, last, acknowledged)
	settled(t, last)
	content := read(t, path)
	for _, table := range []string{"response", "comment"} {
		for id, at := range s.order {
			if s.texts == nil {
				s.texts = map[string]int{}
			}
			s.texts["góp ý "+string(id)] = at
		}
		if tau, z := s.layout(t, content, table); math.Abs(z) > traceable {
			t.Errorf("%s: the places tell the order of arrival: tau %.3f, z %.1f", table, tau, z)
		}
	}
	// To write the whole file afresh would number its trees afresh, and leave no free page behind those that were dropped.
	for name, root := range parseFile(t, content).roots() {
		if root != roots[name] {
			t.Errorf("the table %s moved from page %d to %d", name, roots[name], root)
		}
	}
	if size := int(binary.BigEndian.Uint32(content[28:])); size*pageSize != len(content) {
		t.Errorf("the file has %d bytes and says that it has %d pages", len(content), size)
	}
	t.Logf("%d answers beside %d commands", len(acknowledged), 2*len(commands))
}

// Damage in a file that a crashed server left is found, and found again: nothing mends it unseen before it is looked at.
func TestCheckingBesideMendsNothing(t *testing.T) {
	t.Parallel()
	db := fresh(t)
	fill(t, db)
	if err := copyAll(db); err != nil {
		t.Fatal(err)
	}
	path := image(t, db)
	content := read(t, path)
	// An index that has lost its only entry.
	page := parseFile(t, content).page(parseFile(t, content).roots()["release_by_wave"])
	if cells := binary.BigEndian.Uint16(page[3:]); page[0] != leafPage || cells != 1 {
		t.Fatalf("the index begins with a page of kind %d that has %d entries", page[0], cells)
	}
	binary.BigEndian.PutUint16(page[3:], 0)
	binary.BigEndian.PutUint16(page[5:], pageSize)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		db := beside(t, path)
		findings, err := db.Check(bg)
		if err != nil || !strings.Contains(strings.Join(findings, "\n"), "release_by_wave") {
			t.Errorf("findings are %q, %v", findings, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
