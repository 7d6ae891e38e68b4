package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sipas/survey"
	"sipas/survey/store/sqlite"
)

// system is one way to receive answers: a server, what is sent to it, and how to see what it kept.
type system struct {
	name string
	does string // what it does with an answer, for the reader of the table
	// fresh makes a directory as it is before the first answer.
	fresh func(dir string) error
	// server is its command line on a directory. It prints its address and ends on SIGTERM.
	server func(dir string) *exec.Cmd
	// request makes the request of an answer.
	request func(a *answer) []byte
	// kept returns the keys of what the server holds: alive, it is asked, otherwise the files that it left are read.
	alive bool
	kept  func(ctx context.Context, dir, address string, answers []answer) (*holding, error)
}

// holding is what a server keeps after a run.
type holding struct {
	rows int
	has  func(i int) bool // whether an answer is among them
	also error            // what else does not hold together
}

// running is a server that was started.
type running struct {
	cmd     *exec.Cmd
	address string
	said    string // the line that named the address
	pid     int    // of the server itself, also where a tracer stands before it
	log     *os.File
	syncs   func() (int, error)
}

var addressPattern = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

// start runs a system's server until it names its address. Its log goes to a file, as a service's does.
func (s *system) start(dir string, count bool) (*running, error) {
	r := &running{cmd: s.server(dir)}
	var err error
	if count {
		if r.syncs, err = counted(r.cmd, filepath.Dir(dir)); err != nil {
			return nil, err
		}
	}
	if r.log, err = os.Create(dir + ".log"); err != nil {
		return nil, err
	}
	r.cmd.Stderr = r.log
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, r.log.Close())
	}
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(err, r.log.Close())
	}
	r.pid = r.cmd.Process.Pid
	lines := bufio.NewScanner(out)
	for r.address == "" && lines.Scan() {
		if m := addressPattern.FindStringSubmatch(lines.Text()); m != nil {
			r.address, r.said = m[1], lines.Text()
		}
	}
	go func() {
		// What else it prints is nobody's business, but must be read, or the server would wait for it.
		_, _ = io.Copy(io.Discard, out)
	}()
	if r.address == "" {
		return nil, errors.Join(fmt.Errorf("%s named no address: %v", s.name, lines.Err()), r.stop(), tail(dir+".log"))
	}
	if count {
		if r.pid, err = onlyChild(r.cmd.Process.Pid); err != nil {
			return nil, errors.Join(err, r.stop())
		}
	}
	return r, nil
}

// onlyChild is the process that a tracer runs.
func onlyChild(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// tail is the end of a log, as an error.
func tail(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return errors.New(string(text[max(0, len(text)-2000):]))
}

// stop tells the server to end and waits for it.
func (r *running) stop() error {
	_ = syscall.Kill(r.pid, syscall.SIGTERM)
	err := r.cmd.Wait()
	return errors.Join(err, r.log.Close())
}

// ours is the program itself.
func (o *office) ours() *system {
	return &system{
		name: "sipas", does: "group commit, synchronous=FULL",
		fresh: o.copyTo,
		server: func(dir string) *exec.Cmd {
			return exec.Command(o.program, "serve", "--addr", "127.0.0.1:0", "--data", dir)
		},
		request: func(a *answer) []byte {
			return post("localhost", "/kiosk/answers", cookieName+"="+a.kiosk.credential, a.body)
		},
		kept: o.kept,
	}
}

// oneByOne is the program's server with the storage made to commit every answer by itself.
func (o *office) oneByOne(self string) *system {
	s := o.ours()
	s.name, s.does = "sipas, one row per sync", "the same, but each answer waits for a commit of its own"
	s.server = func(dir string) *exec.Cmd { return exec.Command(self, "-alone", dir) }
	return s
}

// copyTo makes a fresh data directory.
func (o *office) copyTo(dir string) error { return os.CopyFS(dir, os.DirFS(o.dir)) }

// kept reads the database that a stopped server left, and holds the ledger of deliveries, the cells and the days against the answers.
func (o *office) kept(ctx context.Context, dir, _ string, answers []answer) (h *holding, err error) {
	db, err := sqlite.Open(ctx, filepath.Join(dir, database), sqlite.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	stored := map[survey.ResponseID]bool{}
	h = &holding{has: func(i int) bool { return stored[answers[i].id] }}
	if err := db.EachResponse(ctx, wave, func(r *survey.Response) error {
		h.rows++
		stored[r.ID] = true
		return nil
	}); err != nil {
		return nil, err
	}
	cells, err := db.Cells(ctx, wave)
	if err != nil {
		return nil, err
	}
	counted := 0
	for _, c := range cells {
		if c.Item == "" {
			counted += c.N
		}
	}
	days, err := db.DayCounts(ctx, wave)
	if err != nil {
		return nil, err
	}
	received := 0
	for _, d := range days {
		received += d.N
	}
	fleet, err := db.Devices(ctx)
	if err != nil {
		return nil, err
	}
	arrived := 0
	for _, d := range fleet {
		for _, q := range d.Queues {
			for _, r := range q.Arrived {
				arrived += r.Last - r.First + 1
			}
		}
	}
	if counted != h.rows || received != h.rows || arrived != h.rows {
		h.also = fmt.Errorf("%d rows, but %d in the cells, %d in the days and %d numbers in the ledger", h.rows, counted, received, arrived)
	}
	return h, nil
}

// pocketBase is PocketBase at a setting of synchronous: one record for each request.
func pocketBase(program, synchronous string) *system {
	return &system{
		name: "PocketBase, " + synchronous, does: "synchronous=" + synchronous + ", one record per request, nothing opened, checked or counted",
		fresh:  func(dir string) error { return os.MkdirAll(dir, 0o700) },
		server: func(dir string) *exec.Cmd { return exec.Command(program, "-dir", dir, "-synchronous", synchronous) },
		request: func(a *answer) []byte {
			// As many bytes as the same answer has here. It is asked to repeat the key only, so that its reply is short, too.
			const frame = `{"key":"","payload":""}`
			fill := max(1, len(a.body)-len(frame)-len(a.id))
			return post("localhost", "/api/collections/answers/records?fields=key", "",
				[]byte(`{"key":"`+string(a.id)+`","payload":"`+strings.Repeat("x", fill)+`"}`))
		},
		alive: true,
		kept:  recordsOf,
	}
}

// recordsOf asks PocketBase for the keys of all records.
func recordsOf(ctx context.Context, _, address string, answers []answer) (*holding, error) {
	stored := map[string]bool{}
	h := &holding{has: func(i int) bool { return stored[string(answers[i].id)] }}
	for page := 1; ; page++ {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet,
			fmt.Sprintf("http://%s/api/collections/answers/records?page=%d&perPage=1000&sort=key&fields=key", address, page), nil)
		if err != nil {
			return nil, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, err
		}
		var list struct {
			Items      []struct{ Key string }
			TotalPages int
		}
		err = json.NewDecoder(response.Body).Decode(&list)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			return nil, err
		}
		for _, item := range list.Items {
			h.rows++
			stored[item.Key] = true
		}
		if page >= list.TotalPages {
			return h, nil
		}
	}
}

// measured is one line of the table.
type measured struct {
	system    *system
	rate      int
	seconds   float64
	sent      int
	acked     int
	quantiles [4]time.Duration // 50, 95, 99 of 100, and the most
	late      time.Duration    // 99 of 100
	refused   map[int]int      // by status; 0 where no answer came
	server    time.Duration    // of processor time
	generator time.Duration
	fault     error // what the check found
	said      string
}

// perSecond is how many answers were acknowledged in a second.
func (m *measured) perSecond() float64 { return float64(m.acked) / m.seconds }

// held reports whether the system kept up with the rate: all acknowledged, 99 of 100 within the limit.
func (m *measured) held() bool {
	return m.fault == nil && m.acked == m.sent && m.quantiles[2] < limit
}

// limit is what p99 must stay below.
const limit = 50 * time.Millisecond

// measure offers answers to a fresh server at a rate and holds what it kept against what it acknowledged.
func (b *bench) measure(ctx context.Context, s *system, rate int, answers []answer) (m *measured, err error) {
	dir := filepath.Join(b.dir, "run")
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := s.fresh(dir); err != nil {
		return nil, err
	}
	r, err := s.start(dir, false)
	if err != nil {
		return nil, err
	}
	n := min(b.warmUp+int(float64(rate)*b.seconds), len(answers))
	m = &measured{system: s, rate: rate, said: r.said, sent: n - b.warmUp}
	requests := make([][]byte, n)
	for i := range requests {
		requests[i] = s.request(&answers[i])
	}
	warm, err := offer(r.address, requests[:b.warmUp], arrivals(500, b.warmUp, b.seed), b.connections)
	if err != nil {
		return nil, errors.Join(err, r.stop())
	}
	due := arrivals(float64(rate), n-b.warmUp, b.seed+uint64(rate))
	before, err := processorTime(r.pid)
	if err != nil {
		return nil, errors.Join(err, r.stop())
	}
	own := ownTime()
	o, err := offer(r.address, requests[b.warmUp:], due, b.connections)
	if err != nil {
		return nil, errors.Join(err, r.stop())
	}
	m.generator = ownTime() - own
	after, err := processorTime(r.pid)
	if err != nil {
		return nil, errors.Join(err, r.stop(), tail(dir+".log"))
	}
	m.server, m.seconds = after-before, o.took.Seconds()
	m.read(o)
	replies := slices.Concat(warm.replies, o.replies)
	var h *holding
	if s.alive {
		h, err = s.kept(ctx, dir, r.address, answers)
	}
	if err := errors.Join(err, r.stop()); err != nil {
		return nil, errors.Join(err, tail(dir+".log"))
	}
	if !s.alive {
		if h, err = s.kept(ctx, dir, r.address, answers); err != nil {
			return nil, err
		}
	}
	m.fault = h.against(replies)
	return m, nil
}

func (m *measured) read(o *offered) {
	sorted := o.latencies()
	for i, p := range []float64{0.5, 0.95, 0.99, 1} {
		m.quantiles[i] = quantile(sorted, p)
	}
	m.late = quantile(o.lateness(), 0.99)
	m.refused = o.statuses()
	m.acked = m.refused[200]
	delete(m.refused, 200)
}

// against holds what is kept against what was acknowledged: every acknowledged answer is there, none twice, and beyond them only
// such as got no answer.
func (h *holding) against(replies []reply) error {
	lost, acked, unanswered := 0, 0, 0
	for i, r := range replies {
		switch {
		case r.status == 200:
			acked++
			if !h.has(i) {
				lost++
			}
		case r.status == 0 && h.has(i):
			unanswered++
		}
	}
	if lost > 0 {
		return fmt.Errorf("%d of %d acknowledged answers are lost", lost, acked)
	}
	if h.rows != acked+unanswered {
		return fmt.Errorf("%d rows for %d acknowledged answers and %d without an answer", h.rows, acked, unanswered)
	}
	return h.also
}

// countSyncs runs a system for a few seconds under a tracer and returns how many answers each sync of the disk made durable.
func (b *bench) countSyncs(s *system, rate int, answers []answer) (perSync float64, err error) {
	dir := filepath.Join(b.dir, "run")
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := s.fresh(dir); err != nil {
		return 0, err
	}
	r, err := s.start(dir, true)
	if err != nil {
		return 0, err
	}
	begun, err := r.syncs()
	if err != nil {
		return 0, errors.Join(err, r.stop())
	}
	n := min(3*rate, len(answers))
	requests := make([][]byte, n)
	for i := range requests {
		requests[i] = s.request(&answers[i])
	}
	o, err := offer(r.address, requests, arrivals(float64(rate), n, b.seed), b.connections)
	if err != nil {
		return 0, errors.Join(err, r.stop())
	}
	ended, err := r.syncs()
	if err := errors.Join(err, r.stop()); err != nil {
		return 0, err
	}
	return float64(o.statuses()[200]) / float64(max(ended-begun, 1)), nil
}

// refusals lists the statuses but 200.
func (m *measured) refusals() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(m.refused)) {
		name := strconv.Itoa(status)
		if status == 0 {
			name = "no answer"
		}
		parts = append(parts, fmt.Sprintf("%s: %d", name, m.refused[status]))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
