package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/store/sqlite"
)

// office is a small province made with the program's own commands, as an administrator would make it.
type office struct {
	t      *testing.T
	dir    string
	wave   survey.WaveID
	units  []string // codes of its communes
	tokens []string
	base   string // of the running server
}

const waveDocument = `{
  "id": "2026-q3",
  "title": {"vi": "Quý III năm 2026", "en": "Third quarter of 2026"},
  "province": "80@2025-07-01", "from": "2026-07-01", "to": "2026-09-30",
  "instruments": [{"id": "kiosk-2026", "version": 1}, {"id": "web-2026", "version": 1}],
  "frameworks": [{"id": "sipas-2022", "version": 1}, {"id": "papi-style", "version": 1}, {"id": "one-stop-2018", "version": 1}],
  "targets": {"sipas-2022": {"indicator": 85}}
}`

// newOffice makes a wave over some transactions of a few communes, all of them invited.
func newOffice(t *testing.T, transactions, communes int) *office {
	t.Helper()
	o := &office{t: t, dir: filepath.Join(t.TempDir(), "data"), wave: "2026-q3"}
	o.sipas("wave", "create", o.file("wave.json", waveDocument))
	o.units = tayNinhCommunes(t, communes)
	var register strings.Builder
	register.WriteString("dossier,procedure,field,unit,channel,received,due,returned\n")
	for i := range transactions {
		fmt.Fprintf(&register, "H39.%02d-2607%02d-%04d,1.004222,Đất đai,%s,counter,2026-07-%02d,2026-08-10,2026-08-%02d\n",
			i%communes, 1+i%20, i, o.units[i%communes], 1+i%20, 1+i%20)
	}
	o.sipas("import", "transactions", o.file("register.csv", register.String()), "--wave", string(o.wave))
	list := filepath.Join(t.TempDir(), "tokens.csv")
	o.sipas("invite", "--wave", string(o.wave), "--fraction", "1", "--seed", "1", "--out", list)
	for _, row := range readCSV(t, list)[1:] {
		o.tokens = append(o.tokens, row[1])
	}
	if len(o.tokens) != transactions {
		t.Fatalf("%d tokens for %d transactions", len(o.tokens), transactions)
	}
	return o
}

// tayNinhCommunes returns codes of communes under the province of the wave.
func tayNinhCommunes(t *testing.T, n int) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(moduleRoot(t), "data", "units", "units_2026.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, row := range rows {
		if row[1] == "80" && len(codes) < n {
			codes = append(codes, row[0])
		}
	}
	if len(codes) < n {
		t.Fatalf("%d communes found, want %d", len(codes), n)
	}
	return codes
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (o *office) file(name, content string) string {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return path
}

// sipas runs one command on the office's data and returns what it printed; it must succeed.
func (o *office) sipas(args ...string) string {
	o.t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), append(args, "--data", o.dir), strings.NewReader(""), &stdout, &stderr, noEnv)
	if code != exitDone {
		o.t.Fatalf("sipas %s: exit %d\n%s%s", strings.Join(args, " "), code, &stdout, &stderr)
	}
	return stdout.String()
}

func noEnv(string) string { return "" }

// addUser adds an account and returns its password.
func (o *office) addUser(name string, role survey.Role, units ...string) string {
	o.t.Helper()
	const password = "mot-mat-khau-du-dai"
	args := []string{"user", "add", name, "--role", string(role), "--password-stdin", "--data", o.dir}
	for _, u := range units {
		args = append(args, "--unit", u)
	}
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(password+"\n"), &stdout, &stderr, noEnv); code != exitDone {
		o.t.Fatalf("user add: exit %d\n%s%s", code, &stdout, &stderr)
	}
	return password
}

// serve runs the server within the test until the test ends.
func (o *office) serve() {
	o.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	var stderr bytes.Buffer
	done := make(chan int, 1)
	go func() {
		code := run(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--data", o.dir}, strings.NewReader(""), w, &stderr, noEnv)
		_ = w.Close()
		done <- code
	}()
	o.base = readAddress(o.t, r)
	o.t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitDone {
			o.t.Errorf("serve ended with %d\n%s", code, &stderr)
		}
	})
}

var addressPattern = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// readAddress reads what a server prints until it has named its address, and drains the rest.
func readAddress(t *testing.T, r io.Reader) string {
	t.Helper()
	printed, err := readUntil(r, "with its data in")
	if err != nil || addressPattern.FindString(printed) == "" {
		t.Fatalf("the server named no address: %v\n%s", err, printed)
	}
	return addressPattern.FindString(printed)
}

// store opens the office's database beside the running server, for looking only.
func (o *office) store() survey.Store {
	o.t.Helper()
	s, err := sqlite.Open(context.Background(), filepath.Join(o.dir, "sipas.db"), sqlite.Options{Beside: true})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			o.t.Error(err)
		}
	})
	return s
}

// responses returns all that is stored.
func (o *office) responses() []survey.Response {
	o.t.Helper()
	var all []survey.Response
	if err := o.store().EachResponse(context.Background(), o.wave, func(r *survey.Response) error {
		kept := *r // the map is the store's own, and used again
		kept.Answers = maps.Clone(r.Answers)
		all = append(all, kept)
		return nil
	}); err != nil {
		o.t.Fatal(err)
	}
	return all
}

// form is a citizen's answers on the web form: every service item with the same code.
func form(overall, item string) url.Values {
	v := url.Values{"a.overall": {overall}, "lang": {"vi"}}
	for i := 24; i <= 39; i++ {
		v.Set(fmt.Sprintf("a.s%d", i), item)
	}
	return v
}

// client is a browser without a browser: it keeps cookies and follows redirects within the site.
func client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: time.Minute}
}

func post(c *http.Client, address string, v url.Values) (int, string, error) {
	resp, err := c.PostForm(address, v)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// childVariable makes the test binary run one command line in a process of its own, so that it can be killed.
const childVariable = "SIPAS_TEST_COMMAND"

func runChild() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return run(ctx, strings.Split(os.Getenv(childVariable), "\n"), os.Stdin, os.Stdout, os.Stderr, noEnv)
}

// serveInChild runs the server in a process of its own and returns it.
func (o *office) serveInChild() *exec.Cmd {
	o.t.Helper()
	var log bytes.Buffer
	o.t.Cleanup(func() {
		if o.t.Failed() {
			o.t.Logf("the server's log ends with\n%s", log.Bytes()[max(0, log.Len()-4000):])
		}
	})
	return o.startChild(&log)
}

// startChild runs the server in a process of its own that writes its log to a buffer.
func (o *office) startChild(log *bytes.Buffer) *exec.Cmd {
	o.t.Helper()
	self, err := os.Executable()
	if err != nil {
		o.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+strings.Join([]string{"serve", "--addr", "127.0.0.1:0", "--data", o.dir}, "\n"))
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	o.base = readAddress(o.t, out)
	return cmd
}
