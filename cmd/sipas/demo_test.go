package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sipas/survey"
)

// demonstration is a running demonstration of a test's own.
type demonstration struct {
	printed string // up to the last line of the list of screens
	base    string
	stop    func() (code int, rest, progress string)
}

// demonstrate runs "sipas demo" until it has said what there is to see.
func demonstrate(t *testing.T, dir string) *demonstration {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	var progress bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		code := run(ctx, []string{"demo", "--addr", "127.0.0.1:0", "--data", dir}, strings.NewReader(""), w, &progress, noEnv)
		_ = w.Close() // a pipe does not fail to close
		ended <- code
	}()
	d := &demonstration{printed: readThrough(t, r, "Ctrl-C stops.\n")}
	d.base = addressPattern.FindString(d.printed)
	rest := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(r)
		rest <- string(b)
	}()
	d.stop = func() (int, string, string) {
		cancel()
		code := <-ended
		return code, <-rest, progress.String()
	}
	t.Cleanup(cancel)
	return d
}

// readThrough reads until a text has gone by.
func readThrough(t *testing.T, r io.Reader, text string) string {
	t.Helper()
	var seen []byte
	for one := make([]byte, 1); !bytes.HasSuffix(seen, []byte(text)); {
		n, err := r.Read(one)
		seen = append(seen, one[:n]...)
		if err != nil {
			t.Fatalf("%v before %q:\n%s", err, text, seen)
		}
	}
	return string(seen)
}

var linkPattern = regexp.MustCompile(`http://[^ \n]+`)

// TestDemo runs the demonstration from an empty directory: every screen that it names opens for whom it is
// for, an answer is taken, Ctrl-C ends it, and the same directory shows it again, with the answer still there.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demonstration")
	began := time.Now()
	d := demonstrate(t, dir)
	c := client(t)
	if status, _ := visit(t, c, d.base+"/"); status != http.StatusOK {
		t.Errorf("the first page answers %d", status)
	}
	// The promise is 10 s on two free cores; a test shares its machine, so it only says how long it took.
	t.Logf("from nothing to the first page: %.1f s", time.Since(began).Seconds())

	for _, role := range survey.Roles() {
		status, body, err := post(client(t), d.base+"/signin", url.Values{"name": {string(role)}, "password": {demoPassword}})
		if err != nil || status != http.StatusOK || strings.Contains(body, `name="password"`) {
			t.Errorf("%s cannot sign in: %d, %v", role, status, err)
		}
	}
	if status, _, err := post(c, d.base+"/signin", url.Values{"name": {string(survey.Administrator)}, "password": {demoPassword}}); err != nil || status != http.StatusOK {
		t.Fatalf("administrator: %d, %v", status, err)
	}
	screens := linkPattern.FindAllString(d.printed, -1)
	if len(screens) < 11 {
		t.Errorf("only %d screens are named:\n%s", len(screens), d.printed)
	}
	for _, address := range screens {
		if strings.HasSuffix(address, "/s/") {
			continue // the beginning of the other links
		}
		if status, _ := visit(t, c, address); status != http.StatusOK {
			t.Errorf("%s answers %d", address, status)
		}
	}

	token := regexp.MustCompile(`/s/([0-9a-z]{26})`).FindString(d.printed)
	if status, _, err := post(client(t), d.base+token, answersOf("5", "4")); err != nil || status != http.StatusOK {
		t.Errorf("the form of %s does not take an answer: %d, %v", token, status, err)
	}
	code, rest, progress := d.stop()
	if code != exitDone || !strings.Contains(rest, dir) {
		t.Errorf("stopping ends with %d and says %q\n%s", code, rest, progress)
	}
	t.Logf("progress:\n%s", progress)
	if !strings.Contains(progress, "register of 60000 transactions") {
		t.Error("the progress does not name its steps")
	}

	again := demonstrate(t, dir)
	if strings.Contains(again.printed, token) {
		t.Error("the link that was answered is offered again")
	}
	if code, _, progress := again.stop(); code != exitDone || strings.Contains(progress, "register") {
		t.Errorf("the second run ends with %d, or fills again:\n%s", code, progress)
	}
}

// answersOf is a whole form with the same answer to every service item.
func answersOf(overall, item string) url.Values {
	v := url.Values{"lang": {"vi"}, "a.overall": {overall}}
	for _, it := range items[1:firstLaw] {
		v.Set("a."+it.code, item)
	}
	return v
}

func visit(t *testing.T, c *http.Client, address string) (status int, body string) {
	t.Helper()
	resp, err := c.Get(address)
	if err != nil {
		t.Errorf("%s: %v", address, err)
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s: %v", address, err)
	}
	return resp.StatusCode, string(b)
}

// TestDemoThatIsStoppedHalfWayLeavesNothing ends the demonstration while it is being filled.
func TestDemoThatIsStoppedHalfWayLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &afterText{text: "register of", then: cancel}
	if code := run(ctx, []string{"demo", "--addr", "127.0.0.1:0", "--data", dir}, strings.NewReader(""), io.Discard, stderr, noEnv); code == exitDone {
		t.Error("a demonstration that was stopped half way ends as if it were done")
	}
	for _, name := range []string{databaseName, demoLinks, filepath.Join(keysName, string(demoWaveID)+".key"), filepath.Join(keysName, sealName)} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was left behind", name)
		}
	}
}

// afterText calls then once a text was written.
type afterText struct {
	bytes.Buffer
	text string
	then func()
}

func (a *afterText) Write(p []byte) (int, error) {
	n, err := a.Buffer.Write(p)
	if strings.Contains(a.String(), a.text) {
		a.then()
	}
	return n, err
}

// TestDemoLeavesOtherDataAlone points the demonstration at a directory with a survey of its own.
func TestDemoLeavesOtherDataAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := &app{now: time.Now}
	if err := withData(t.Context(), a, dir, func(d *dataDir) error {
		w := demoWave()
		w.ID = "real"
		_, err := d.createWave(t.Context(), w)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"demo", "--addr", "127.0.0.1:0", "--data", dir}, strings.NewReader(""), io.Discard, &stderr, noEnv)
	if code != exitError || !strings.Contains(stderr.String(), "not the demonstration's") {
		t.Errorf("exit %d: %s", code, &stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, databaseName)); err != nil {
		t.Errorf("the data are gone: %v", err)
	}
}
