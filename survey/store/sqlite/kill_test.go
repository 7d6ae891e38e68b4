package sqlite

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/store/storetest"
)

// childPath names the database in the environment of a child that saves until it is killed.
const childPath = "SIPAS_TEST_KILL_DATABASE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		saveUntilKilled(path)
		return
	}
	os.Exit(m.Run())
}

// saveUntilKilled saves from several goroutines and prints each id only after it is acknowledged.
func saveUntilKilled(path string) {
	db, err := Open(bg, path, Options{})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				id := survey.NewResponseID()
				r := storetest.InvitedResponse(id, "1.1")
				_, err := db.SaveReceipt(bg, storetest.Receipt(r, "góp ý "+string(id), "", "2026-08-01"))
				mu.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println("saved", id)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// TestKilledProcessLosesNothing kills a saving process at random moments; what it acknowledged is there, once, with all that belongs to it.
func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sipas.db")
	db, err := Open(bg, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	storetest.PrepareSample(t, db, 150, 3)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := map[survey.ResponseID]bool{}
	crashes := 0
	for round := range 4 {
		child := exec.Command(program)
		child.Env = append(os.Environ(), childPath+"="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		// The moment is counted from the tenth answer, so that a slow machine kills in the midst of answers too.
		lines := bufio.NewScanner(out)
		seen := 0
		after := time.Duration(rand.IntN(300)) * time.Millisecond
		for lines.Scan() {
			id, saved := strings.CutPrefix(lines.Text(), "saved ")
			if !saved {
				t.Errorf("the child says %q", lines.Text())
				continue
			}
			// A line that the kill cut short acknowledged nothing.
			if whole, ok := survey.ParseResponseID(id); ok {
				acknowledged[whole] = true
			}
			if seen++; seen == 10 {
				time.AfterFunc(after, func() { _ = child.Process.Kill() })
			}
		}
		_ = child.Wait()
		if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
			crashes++
		}

		db, err := Open(bg, path, Options{})
		if err != nil {
			t.Fatalf("round %d: open after kill: %v", round, err)
		}
		holdTogether(t, db, acknowledged)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := check(bg, path); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	t.Logf("%d answers acknowledged, %d kills left a log", len(acknowledged), crashes)
	if len(acknowledged) < 40 || crashes == 0 {
		t.Errorf("%d answers and %d unfinished logs are too few to prove anything", len(acknowledged), crashes)
	}
}

func holdTogether(t *testing.T, db *DB, acknowledged map[survey.ResponseID]bool) {
	t.Helper()
	stored := map[survey.ResponseID]int{}
	err := db.EachResponse(bg, storetest.WaveID, func(r *survey.Response) error { stored[r.ID]++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	for id := range acknowledged {
		if stored[id] != 1 {
			t.Fatalf("an acknowledged answer is there %d times", stored[id])
		}
	}
	cells, err := db.Cells(bg, storetest.WaveID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cells {
		if c.N != len(stored) {
			t.Fatalf("cell %+v of %d responses", c, len(stored))
		}
	}
	days, err := db.DayCounts(bg, storetest.WaveID)
	if err != nil || len(days) != 1 || days[0].N != len(stored) {
		t.Fatalf("day counts are %v, %v; %d responses", days, err, len(stored))
	}
	comments, err := db.Comments(bg, storetest.WaveID)
	if err != nil || len(comments) != len(stored) {
		t.Fatalf("%d comments of %d responses, %v", len(comments), len(stored), err)
	}
}
