package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sipas/survey"
)

// A server killed in the middle of 2,000 submissions has every answer that it acknowledged, once; and sending
// everything again to the next server doubles none.
func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	const submissions, senders = 2000, 16
	o := newOffice(t, submissions, 5)
	server := o.serveInChild()

	var mu sync.Mutex
	acknowledged := map[string]string{} // token → the code sent for every item
	enough := make(chan struct{})
	sent := map[string]string{}
	for i, token := range o.tokens {
		sent[token] = string(rune('1' + i%5))
	}
	send := func(tokens []string, onAck func(token string)) {
		queue := make(chan string)
		var wg sync.WaitGroup
		for range senders {
			wg.Go(func() {
				c := &http.Client{Timeout: 30 * time.Second}
				for token := range queue {
					status, _, err := post(c, o.base+"/s/"+token, form(sent[token], sent[token]))
					if err == nil && status == http.StatusOK {
						onAck(token)
					}
				}
			})
		}
		for _, token := range tokens {
			queue <- token
		}
		close(queue)
		wg.Wait()
	}

	// The moment of death is drawn anew in every run: somewhere between the 200th and the 1,600th answer.
	deathAt := 200 + rand.IntN(1400)
	go func() {
		<-enough
		_ = server.Process.Kill()
	}()
	var once sync.Once
	send(o.tokens, func(token string) {
		mu.Lock()
		defer mu.Unlock()
		acknowledged[token] = sent[token]
		if len(acknowledged) >= deathAt {
			once.Do(func() { close(enough) })
		}
	})
	_ = server.Process.Kill() // when too few were acknowledged, the test fails below instead of waiting
	_ = server.Wait()
	t.Logf("killed after %d acknowledged answers of %d sent", len(acknowledged), submissions)
	if len(acknowledged) < deathAt || len(acknowledged) == submissions {
		t.Fatalf("%d acknowledged: the server did not die in the middle", len(acknowledged))
	}

	o.check(acknowledged, sent, false)

	o.serveInChild()
	resent := map[string]string{}
	send(o.tokens, func(token string) {
		mu.Lock()
		defer mu.Unlock()
		resent[token] = sent[token]
	})
	if len(resent) != submissions {
		t.Errorf("the second server acknowledged %d of %d", len(resent), submissions)
	}
	o.check(resent, sent, true)
}

// check holds the database against what was acknowledged.
func (o *office) check(acknowledged, sent map[string]string, all bool) {
	o.t.Helper()
	keys := keyRing{dir: filepath.Join(o.dir, "keys")}
	key, err := keys.Key(o.wave)
	if err != nil {
		o.t.Fatal(err)
	}
	stored := map[survey.ResponseID]survey.Response{}
	for _, r := range o.responses() {
		if _, twice := stored[r.ID]; twice {
			o.t.Errorf("response %s stands twice", r.ID)
		}
		stored[r.ID] = r
	}
	for token, code := range acknowledged {
		r, ok := stored[key.ResponseID(survey.Token(token))]
		if !ok {
			o.t.Errorf("an acknowledged answer is lost")
			continue
		}
		if want := int(code[0] - '0'); r.Answers["overall"] != want || r.Answers["s39"] != want || r.Disposition != survey.Complete {
			o.t.Errorf("an acknowledged answer reads %v (%s), want %d", r.Answers, r.Disposition, want)
		}
	}
	if all && len(stored) != len(sent) {
		o.t.Errorf("%d responses for %d tokens", len(stored), len(sent))
	}
	cells, err := o.store().Cells(context.Background(), o.wave)
	if err != nil {
		o.t.Fatal(err)
	}
	counted := 0
	for _, c := range cells {
		if c.Item == "overall" {
			counted += c.N
		}
	}
	if counted != len(stored) {
		o.t.Errorf("the cells count %d answers, the rows %d", counted, len(stored))
	}
}
