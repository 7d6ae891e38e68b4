package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sipas/survey"
)

// Whoever has the database, its log, a backup, the server's log and the office's list of delivered tokens, but not the wave's
// key, cannot say which answer belongs to which dossier. The office's worst case is tried: everybody answers in the very
// order of the list. (The store's own test looks at pages, rows and times more closely.)
func TestNobodyCanJoinAnswersToDossiers(t *testing.T) {
	const n = 120
	o := newOffice(t, n, 2)
	var log bytes.Buffer
	server := o.startChild(&log)
	for i, token := range o.tokens {
		v := form(string(rune('1'+i%5)), string(rune('1'+i/5%5)))
		v.Set("comment", "Góp ý số "+string(rune('A'+i%26)))
		status, body, err := post(client(t), o.base+"/s/"+token, v)
		if err != nil || status != http.StatusOK {
			t.Fatalf("answer %d: %d %v\n%s", i, status, err, clipLines(body, 3))
		}
	}
	// What a thief finds while the server runs, when it has forgotten the moment, and after it has stopped.
	until(t, "the log to be emptied", func() bool {
		info, err := os.Stat(filepath.Join(o.dir, "sipas.db-wal"))
		return err != nil || info.Size() == 0
	})
	files := map[string][]byte{}
	for _, name := range []string{"sipas.db", "sipas.db-wal"} {
		files["running "+name], _ = os.ReadFile(filepath.Join(o.dir, name)) // the log may be empty and gone
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait()
	logged := log.Bytes()
	backup := filepath.Join(t.TempDir(), "backup.db")
	o.sipas("backup", backup)
	for name, path := range map[string]string{"database": filepath.Join(o.dir, "sipas.db"), "backup": backup} {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = raw
	}
	files["server log"] = logged

	key, err := keyRing{dir: filepath.Join(o.dir, keysName)}.Key(o.wave)
	if err != nil {
		t.Fatal(err)
	}
	truth := make([]survey.ResponseID, n) // of each token in the order of the list
	for i, token := range o.tokens {
		truth[i] = key.ResponseID(survey.Token(token))
	}
	stored := o.responses()
	if len(stored) != n {
		t.Fatalf("%d responses, want %d", len(stored), n)
	}

	t.Run("nothing names a token, and the log names no answer", func(t *testing.T) {
		for name, raw := range files {
			for i, token := range o.tokens {
				if bytes.Contains(raw, []byte(token)) {
					t.Fatalf("the %s holds token %d", name, i)
				}
			}
		}
		for _, r := range stored {
			if bytes.Contains(logged, []byte(r.ID)) || bytes.Contains(logged, []byte(r.ContentHash)) {
				t.Fatal("the log names a response")
			}
		}
		for _, word := range []string{"Góp ý", "127.0.0.1:", "overall", "comment"} {
			if strings.Contains(strings.ReplaceAll(string(logged), o.base, ""), word) {
				t.Errorf("the log says %q", word)
			}
		}
	})

	t.Run("no hash of a token is an id", func(t *testing.T) {
		ids := map[string]bool{}
		for _, r := range stored {
			ids[string(r.ID)] = true
		}
		for _, token := range o.tokens {
			for _, text := range []string{token, string(survey.Token(token).Hash()), "response\x00" + token, string(o.wave) + token, token + string(o.wave)} {
				a, b := sha256.Sum256([]byte(text)), md5.Sum([]byte(text))
				if ids[hex.EncodeToString(a[:16])] || ids[hex.EncodeToString(a[16:])] || ids[hex.EncodeToString(b[:])] {
					t.Fatal("an id can be computed from a token without the key")
				}
			}
		}
	})

	t.Run("no order leads from the list to the answers", func(t *testing.T) {
		guesses := map[string][]survey.ResponseID{"keys": make([]survey.ResponseID, n)}
		for i, r := range stored {
			guesses["keys"][i] = r.ID
		}
		for name, raw := range files {
			if at := positions(raw, stored); at != nil {
				guesses["positions in the "+name] = at
			}
		}
		if len(guesses) < 3 {
			t.Fatalf("only %d orders found to try", len(guesses))
		}
		for name, guess := range guesses {
			for _, direction := range []string{"forward", "backward"} {
				right := 0
				for i := range n {
					if guess[i] == truth[i] {
						right++
					}
				}
				// A blind order puts one answer in its place on average; eight or more happens once in 100,000 tries.
				if right >= 8 {
					t.Errorf("%s, %s: %d of %d answers are found", name, direction, right, n)
				}
				if tau := agreement(guess, truth); tau > 0.3 || tau < -0.3 {
					t.Errorf("%s, %s: the order agrees with that of the list by %.2f", name, direction, tau)
				}
				slices.Reverse(guess)
			}
		}
	})

	t.Run("elimination leaves at least fifteen", func(t *testing.T) {
		classes, err := o.store().Classes(context.Background(), o.wave)
		if err != nil {
			t.Fatal(err)
		}
		invited := map[survey.ClassID]int{}
		for _, c := range classes {
			invited[c.ID] = c.Invited
		}
		for _, r := range stored {
			if invited[r.Class] < 15 || r.Unit != "" || r.Month != "" {
				t.Fatalf("a response tells class %s (%d invited), unit %q, month %q", r.Class, invited[r.Class], r.Unit, r.Month)
			}
		}
	})

	t.Run("with the key it would be found", func(t *testing.T) {
		// The attacks are able to succeed: what they lack is the key.
		found := 0
		for _, r := range stored {
			if slices.Contains(truth, r.ID) {
				found++
			}
		}
		if found != n {
			t.Errorf("%d of %d", found, n)
		}
	})
}

// positions returns the responses in the order in which their ids stand in a file, or nil where not all of them do.
func positions(raw []byte, stored []survey.Response) []survey.ResponseID {
	type place struct {
		id survey.ResponseID
		at int
	}
	var places []place
	for _, r := range stored {
		at := bytes.Index(raw, []byte(r.ID))
		if at < 0 {
			return nil
		}
		places = append(places, place{r.ID, at})
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	ids := make([]survey.ResponseID, len(places))
	for i, p := range places {
		ids[i] = p.id
	}
	return ids
}

// agreement is Kendall's rank correlation of two orders of the same ids. For independent orders of 120 its standard deviation is 0.06.
func agreement(a, b []survey.ResponseID) float64 {
	at := map[survey.ResponseID]int{}
	for i, id := range b {
		at[id] = i
	}
	concordant, pairs := 0, 0
	for i := range a {
		for j := i + 1; j < len(a); j++ {
			pairs++
			if at[a[i]] < at[a[j]] {
				concordant++
			} else {
				concordant--
			}
		}
	}
	return float64(concordant) / float64(pairs)
}
