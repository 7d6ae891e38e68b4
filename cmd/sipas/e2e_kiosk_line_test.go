package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sipas/survey"
)

// line is the network between a kiosk and the server: it can be cut, it can lose replies to what the server has done, and it
// shortens the kiosk's waits so that a test need not sit through them. Its address stays the same for the browser, whichever server
// answers behind it.
type line struct {
	t       *testing.T
	address string // host and port
	target  atomic.Value
	waits   map[string]any // put in place of the configuration's

	mu     sync.Mutex
	server *http.Server // nil while it is cut

	toLose atomic.Int64 // replies to answers that are still to be lost, every fifth of them
	lost   atomic.Int64 // that were lost after the server had acknowledged
	seen   atomic.Int64
	passed atomic.Int64 // acknowledgements that reached the kiosk
	beats  atomic.Int64
	newer  atomic.Bool // the server has a newer program: its worker says so
}

// newLine opens a line to the office's server.
func newLine(t *testing.T, o *office, waits map[string]any) *line {
	t.Helper()
	l := &line{t: t, address: "127.0.0.1:0", waits: waits}
	l.target.Store(o.base)
	l.open()
	t.Cleanup(l.cut)
	return l
}

func (l *line) base() string { return "http://" + l.address }

// open listens, at the address of before when there was one.
func (l *line) open() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.address = listener.Addr().String()
	l.server = &http.Server{Handler: http.HandlerFunc(l.carry), ReadHeaderTimeout: time.Minute}
	go func(s *http.Server) { _ = s.Serve(listener) }(l.server)
}

// cut drops every connection and stops listening.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil {
		_ = l.server.Close()
		l.server = nil
	}
}

// carry hands one request on and brings the reply back, or drops the connection.
func (l *line) carry(w http.ResponseWriter, r *http.Request) {
	reply, body, err := l.ask(r)
	answers := r.URL.Path == "/kiosk/answers"
	acknowledged := err == nil && answers && reply.StatusCode == http.StatusOK
	if acknowledged && l.seen.Add(1)%5 == 0 && l.toLose.Add(-1) >= 0 {
		l.lost.Add(1)
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		if c, _, hijacked := http.NewResponseController(w).Hijack(); hijacked == nil {
			_ = c.Close()
		}
		return
	}
	if acknowledged {
		l.passed.Add(1)
	}
	if r.URL.Path == "/kiosk/beat" && reply.StatusCode == http.StatusOK {
		l.beats.Add(1)
	}
	for name, values := range reply.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(reply.StatusCode)
	_, _ = w.Write(body)
}

// ask brings a request to the server and reads its whole reply.
func (l *line) ask(r *http.Request) (*http.Response, []byte, error) {
	out := r.Clone(context.WithoutCancel(r.Context()))
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(l.target.Load().(string), "http://")
	config, worker := r.URL.Path == "/kiosk/config", r.URL.Path == "/kiosk/worker.js"
	if config || worker {
		out.Header.Del("Accept-Encoding")
	}
	reply, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(reply.Body)
	if worker && l.newer.Load() {
		body = bytes.Replace(body, []byte(`"build":"`), []byte(`"build":"newer`), 1)
	}
	if err != nil || !config || reply.StatusCode != http.StatusOK {
		return reply, body, err
	}
	var c map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		return reply, body, nil
	}
	for name, value := range l.waits {
		c[name] = value
	}
	body, err = json.Marshal(c)
	return reply, body, err
}

// quick are waits that no test sits through.
func quick() map[string]any { return map[string]any{"thanks": 0, "measure": false} }

// openProfile starts a browser with a profile that outlives it.
func openProfile(t *testing.T, profile string, width, height int64) *page {
	t.Helper()
	requireBrowser(t)
	options, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	deadline, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	allocator, cancel := chromedp.NewExecAllocator(deadline, append(options, chromedp.UserDataDir(profile))...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx}
	p.do(chromedp.EmulateViewport(width, height))
	return p
}

// quit closes the browser as its user would, and waits until it is gone.
func (p *page) quit() {
	p.t.Helper()
	if err := chromedp.Cancel(p.ctx); err != nil {
		p.t.Fatalf("the browser does not end: %v", err)
	}
}

// await evaluates a script that yields a promise of JSON.
func await[T any](p *page, script string) T {
	p.t.Helper()
	var v T
	p.do(chromedp.Evaluate(script, &v, awaitPromise))
	return v
}

var (
	codePattern = regexp.MustCompile(`(?m)^Code .*: ([0-9a-z]{4}-[0-9a-z]{4})$`)
	pinPattern  = regexp.MustCompile(`(?m)^PIN .*: (\d{6})$`)
)

// kioskCode makes a code for a kiosk, which is added when it is new, and returns it with its PIN.
func (o *office) kioskCode(name, unit string) (code, pin string) {
	o.t.Helper()
	if unit != "" {
		o.sipas("point", "add", name, "--unit", unit)
	}
	printed := o.sipas("point", "code", name)
	c, n := codePattern.FindStringSubmatch(printed), pinPattern.FindStringSubmatch(printed)
	if c == nil || n == nil {
		o.t.Fatalf("point code printed no code or no PIN:\n%s", printed)
	}
	return c[1], n[1]
}

// waitingScript yields how many answers wait in the page's queue, asked from outside.
const waitingScript = `new Promise((resolve, reject) => {
	const open = indexedDB.open("sipas-kiosk");
	open.onerror = () => reject(open.error);
	open.onsuccess = () => {
		const count = open.result.transaction("answers").objectStore("answers").count();
		count.onsuccess = () => { open.result.close(); resolve(count.result); };
	};
})`

// drained waits until nothing waits in the page's queue.
func (p *page) drained(within time.Duration) {
	p.t.Helper()
	left := -1
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if left = await[int](p, waitingScript); left == 0 {
			return
		}
	}
	p.t.Fatalf("%d answers still wait after %v", left, within)
}

// until waits half a minute for what cannot be waited for in the page.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// ledger returns what the server knows of the queues of all devices.
func (o *office) ledger() []survey.QueueState {
	o.t.Helper()
	devices, err := o.store().Devices(context.Background())
	if err != nil {
		o.t.Fatal(err)
	}
	var queues []survey.QueueState
	for _, d := range devices {
		queues = append(queues, d.Queues...)
	}
	return queues
}

// days sums the counters of the days, by day.
func (o *office) days() map[survey.Day]int {
	o.t.Helper()
	counts, err := o.store().DayCounts(context.Background(), o.wave)
	if err != nil {
		o.t.Fatal(err)
	}
	all := map[survey.Day]int{}
	for _, c := range counts {
		all[c.Day] += c.N
	}
	return all
}

// serveBy runs the server within the test by a clock of the test's. It is stopped by the function that it returns, or by the test's end.
func (o *office) serveBy(now func() time.Time) (stop func()) {
	o.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	var stderr bytes.Buffer
	done := make(chan int, 1)
	go func() {
		code := runAt(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--data", o.dir}, &app{
			stdin: strings.NewReader(""), stdout: w, stderr: &stderr, env: noEnv, now: now, log: slog.New(slog.NewTextHandler(&stderr, nil)),
		})
		_ = w.Close()
		done <- code
	}()
	o.base = readAddress(o.t, r)
	stop = sync.OnceFunc(func() {
		cancel()
		if code := <-done; code != exitDone {
			o.t.Errorf("serve ended with %d\n%s", code, &stderr)
		}
	})
	o.t.Cleanup(stop)
	return stop
}

// kill ends a server in a process of its own without warning.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func profileDir(t *testing.T) string { return filepath.Join(t.TempDir(), "profile") }
