package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/store"
	"sipas/survey/store/sqlite"
)

// fault is what happens to the server in the middle of a load.
type fault struct {
	name string
	// inject is what strace lets every such call of the server fail with, from the moment that it is attached; "" is no fault but a kill.
	inject string
	// always says that no such call succeeds while strace is attached: then nothing may be acknowledged.
	always bool
	// heals says that strace goes away again before the server ends: then answers must be taken again without a restart.
	heals bool
}

// The faults, in the order of the short form. A call that fails is not made: as on a disk that refuses it.
var faults = []fault{
	{name: "killed"},
	{name: "the disk stops syncing", inject: "fdatasync,fsync:error=EIO", always: true},
	{name: "the disk is full for a while", inject: "pwrite64:error=ENOSPC", always: true, heals: true},
	{name: "the disk does not sync for a while", inject: "fdatasync,fsync:error=EIO", always: true, heals: true},
	{name: "the disk is full", inject: "pwrite64:error=ENOSPC", always: true},
	{name: "some syncs fail", inject: "fdatasync,fsync:error=EIO:when=2+3", heals: true},
	{name: "some writes fail", inject: "pwrite64:error=EIO:when=7+11", heals: true},
	{name: "some writes find no room", inject: "pwrite64:error=ENOSPC:when=3+5", heals: true},
	{name: "the disk stops writing and the file cannot grow", inject: "pwrite64,ftruncate:error=EIO", always: true},
}

// The server is killed, or its disk fails, in the middle of answers from kiosks and from web forms, again and again on the same data.
// After each time everything that it acknowledged is there, once, and counted once; what it did not acknowledge is sent again, and
// then all is there once. SIPAS_LONG=1 makes 200 rounds of it; SIPAS_SEED repeats a run as far as processes that race let it.
func TestTorture(t *testing.T) {
	rounds, seed := 6, rand.Uint64()
	if os.Getenv("SIPAS_LONG") == "1" {
		rounds = 200
	}
	if given := os.Getenv("SIPAS_SEED"); given != "" {
		n, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			t.Fatalf("SIPAS_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("seed %d", seed)
	usable := faults
	if err := canTrace(); err != nil {
		if os.Getenv("SIPAS_TEST_REQUIRE") == "1" {
			t.Fatalf("required and not here: the tests of a failing disk need strace, which may attach to a process: %v", err)
		}
		t.Logf("left out: the tests of a failing disk, because strace is not here or may not attach to a process (%v); the server is killed only", err)
		usable = faults[:1]
	}
	x := newTorture(t, rounds, seed)
	for round := range rounds {
		f := usable[round%len(usable)]
		if round >= len(usable) {
			f = usable[x.src.IntN(len(usable))]
		}
		began := time.Now()
		x.round(f)
		if t.Failed() {
			t.Fatalf("round %d of %d (%s) of seed %d failed", round+1, rounds, f.name, seed)
		}
		t.Logf("round %d of %d: %s; %s, %.1f s", round+1, rounds, f.name, x.tally, time.Since(began).Seconds())
	}
}

// canTrace reports why faults cannot be injected here, by attaching to a process that does nothing.
func canTrace() error {
	idle := exec.Command("sleep", "60")
	if err := idle.Start(); err != nil {
		return err
	}
	defer func() { _ = idle.Process.Kill(); _ = idle.Wait() }()
	tracer, err := attach(idle.Process.Pid, "fdatasync:error=EIO")
	if err != nil {
		return err
	}
	return tracer.detach()
}

// tracer is an strace that lets calls of a process fail.
type tracer struct {
	cmd *exec.Cmd
	end chan error
}

// attach returns when the faults are in force.
func attach(pid int, inject string) (*tracer, error) {
	calls, _, _ := strings.Cut(inject, ":")
	cmd := exec.Command("strace", "-f", "-p", strconv.Itoa(pid), "-o", "/dev/null", "-e", "trace="+calls, "-e", "inject="+inject)
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(said)
	last := ""
	for lines.Scan() {
		if last = lines.Text(); strings.Contains(last, " attached") {
			tr := &tracer{cmd, make(chan error, 1)}
			go func() {
				_, _ = io.Copy(io.Discard, said)
				tr.end <- cmd.Wait()
			}()
			return tr, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("strace says %q", last), cmd.Wait())
}

// detach lets the process go on without faults.
func (tr *tracer) detach() error {
	_ = tr.cmd.Process.Signal(os.Interrupt)
	return tr.gone()
}

// gone waits until strace has ended, as it does by itself when the process ends.
func (tr *tracer) gone() error {
	err := <-tr.end
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil // it ends as the process did, or by the signal
	}
	return err
}

// torture is the office, its kiosks, and all that citizens have answered so far.
type torture struct {
	*office
	src     *rand.Rand
	key     survey.WaveKey
	in      *survey.Instrument
	kiosks  []*tortureKiosk
	answers []*sitting
	unused  []string // tokens
	tally   string   // of the last round
}

// perRound is how many citizens answer in a round.
const perRound = 90

func newTorture(t *testing.T, rounds int, seed uint64) *torture {
	t.Helper()
	x := &torture{office: newOffice(t, rounds*perRound, 5), src: rand.New(rand.NewPCG(seed, 0))}
	x.unused = x.tokens
	x.readKey()
	for i := range 4 {
		x.kiosks = append(x.kiosks, x.enrolKiosk(fmt.Sprintf("quay-%d", i+1), x.units[i%3]))
	}
	return x
}

// round lets citizens answer, does something to the server meanwhile, and looks at what it kept before and after the rest is sent again.
func (x *torture) round(f fault) {
	server, _ := x.begin()
	fresh := x.sittings(perRound)
	l := &load{x: x, client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	defer l.client.CloseIdleConnections()

	// The moment is drawn as a number of acknowledgements, so that a slow machine is struck in the middle, too.
	l.strikeAt = int64(1 + x.src.IntN(perRound))
	l.strike = make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.send(fresh)
	}()
	select {
	case <-l.strike:
	case <-done:
	}
	x.suffer(f, server, l, done)
	acked, all := countSends(fresh)
	x.tally = fmt.Sprintf("%d of %d answers acknowledged, %d times 503, %d without a reply", acked, all, l.refused.Load(), l.lost.Load())
	x.hold(false)

	// Everything that was not acknowledged, and some that was, comes again, in another order.
	server, log := x.begin()
	again := x.open()
	for range 20 {
		again = append(again, fresh[x.src.IntN(len(fresh))])
	}
	x.src.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	second := &load{x: x, client: l.client, must: true}
	second.send(again)
	if x.src.IntN(2) == 0 {
		_ = server.Process.Kill()
		_ = server.Wait()
	} else {
		_ = server.Process.Signal(os.Interrupt)
		if err := server.Wait(); err != nil {
			x.t.Errorf("the healed server did not end well: %v\n%s", err, tailOf(log))
		}
	}
	x.hold(true)
}

// begin starts a server on the data.
func (x *torture) begin() (*exec.Cmd, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return x.startChild(log), log
}

// tailOf is the end of a log.
func tailOf(log *bytes.Buffer) []byte { return log.Bytes()[max(0, log.Len()-3000):] }

// suffer does the fault to the server and leaves it dead.
func (x *torture) suffer(f fault, server *exec.Cmd, l *load, done chan struct{}) {
	kill := func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		<-done
	}
	if f.inject == "" {
		kill()
		return
	}
	tr, err := attach(server.Process.Pid, f.inject)
	if err != nil {
		kill()
		x.t.Fatalf("attach strace: %v", err)
	}
	if f.always {
		l.broken.Store(true)
	}
	// The rest of this load, and more behind it, so that the faults meet answers wherever the load was.
	<-done
	l.send(x.sittings(20))
	if f.always && l.refused.Load() == 0 {
		x.t.Error("no answer was refused while the disk failed")
	}
	if !f.heals {
		kill()
		_ = tr.gone()
		return
	}
	if err := tr.detach(); err != nil {
		x.t.Errorf("detach strace: %v", err)
	}
	l.broken.Store(false)
	// It heals: what comes from now on is acknowledged, if need be after a moment.
	probe := x.sittings(1)
	for deadline := time.Now().Add(10 * time.Second); ; {
		l.send(probe)
		if probe[0].whole() {
			break
		}
		if time.Now().After(deadline) {
			x.t.Errorf("%s is over, and the server takes no answers", f.name)
			break
		}
	}
	// Nor is the order of arrival kept any longer than it is on a good disk: the write-ahead log is emptied.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if log, err := os.Stat(filepath.Join(x.dir, databaseName+"-wal")); err != nil || log.Size() == 0 {
			break
		}
		if time.Now().After(deadline) {
			x.t.Errorf("%s is over, and the write-ahead log still holds the answers", f.name)
			break
		}
	}
	kill()
}

// load sends answers from several senders at once.
type load struct {
	x        *torture
	client   *http.Client
	must     bool // everything must be acknowledged
	strikeAt int64
	strike   chan struct{}
	acks     atomic.Int64
	refused  atomic.Int64
	lost     atomic.Int64
	broken   atomic.Bool // no answer whose sending begins now can be durable
}

const senders = 12

// send returns when everything was tried once.
func (l *load) send(all []*sitting) {
	queue := make(chan *sitting)
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for s := range queue {
				l.sendOne(s)
			}
		})
	}
	for _, s := range all {
		queue <- s
	}
	close(queue)
	wg.Wait()
}

// sendOne sends what a sitting has to send, in order, until something is not acknowledged.
func (l *load) sendOne(s *sitting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.sends {
		// A kiosk that tries again sends the last that it has. What it sent before that comes late, then: it is ignored, or where a
		// token was used to the end, refused.
		if last := len(s.sends) - 1; l.must && i < last && s.token != "" {
			continue
		}
		broken := l.broken.Load()
		status, retry, body, err := s.post(l, i)
		switch {
		case err == nil && status == http.StatusOK:
			if broken {
				l.x.t.Errorf("an answer that was sent while the disk failed was acknowledged: %s", body)
			}
			s.sends[i].acked = true
			if l.acks.Add(1) == l.strikeAt {
				close(l.strike)
			}
			continue
		case l.must:
			l.x.t.Errorf("a healthy server answered %d %v\n%s", status, err, clipLines(body, 5))
		case err != nil:
			l.lost.Add(1)
		case status == http.StatusServiceUnavailable && retry != "":
			l.refused.Add(1)
		default:
			l.x.t.Errorf("a server in trouble answered %d, Retry-After %q\n%s", status, retry, clipLines(body, 5))
		}
		return
	}
}

// sitting is one citizen's answering: at a kiosk, or on the web where kiosk is nil.
type sitting struct {
	mu    sync.Mutex
	kiosk *tortureKiosk
	seq   int
	id    survey.ResponseID // under which it stands
	token string
	sends []sending // in order; each holds all that was said by then
}

// sending is one request.
type sending struct {
	form        url.Values // of a web form
	body        []byte     // of a kiosk
	revision    int
	disposition survey.Disposition
	answers     map[string]int
	comment     string
	acked       bool
}

func (s *sitting) whole() bool { return s.sends[len(s.sends)-1].acked }

// post sends the i-th request.
func (s *sitting) post(l *load, i int) (status int, retry, body string, err error) {
	var request *http.Request
	if s.kiosk == nil {
		request, err = http.NewRequest(http.MethodPost, l.x.base+"/s/"+s.token, strings.NewReader(s.sends[i].form.Encode()))
	} else {
		request, err = http.NewRequest(http.MethodPost, l.x.base+"/kiosk/answers", bytes.NewReader(s.sends[i].body))
	}
	if err != nil {
		return 0, "", "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.kiosk != nil {
		request.Header.Set("Content-Type", "application/json")
		request.AddCookie(&http.Cookie{Name: "sipas_kiosk", Value: s.kiosk.credential})
	}
	response, err := l.client.Do(request)
	if err != nil {
		return 0, "", "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header.Get("Retry-After"), string(text), err
}

// open returns what is not acknowledged to the end.
func (x *torture) open() []*sitting {
	var all []*sitting
	for _, s := range x.answers {
		if !s.whole() {
			all = append(all, s)
		}
	}
	return all
}

func countSends(all []*sitting) (acked, sent int) {
	for _, s := range all {
		for _, one := range s.sends {
			sent++
			if one.acked {
				acked++
			}
		}
	}
	return acked, sent
}

// hold looks at the files that a dead server left.
func (x *torture) hold(all bool) {
	x.t.Helper()
	ctx := context.Background()
	path := filepath.Join(x.dir, databaseName)
	db, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		x.t.Fatalf("the database cannot be opened: %v", err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			x.t.Errorf("close the database: %v", err)
		}
		x.sound(path)
	}()
	stored := map[survey.ResponseID]*survey.Response{}
	cells := map[survey.Cell]int{}
	if err := db.EachResponse(ctx, x.wave, func(r *survey.Response) error {
		kept := *r
		kept.Answers = map[string]int{}
		for item, code := range r.Answers {
			kept.Answers[item] = code
		}
		if stored[r.ID] != nil {
			x.t.Errorf("a response stands twice")
		}
		stored[r.ID] = &kept
		for _, c := range store.CellsOf(r) {
			c.N = 0
			cells[c]++
		}
		return nil
	}); err != nil {
		x.t.Fatal(err)
	}
	x.holdCells(db, cells)
	comments := map[string]int{}
	rows, err := db.Comments(ctx, x.wave)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, c := range rows {
		comments[c.Text]++
	}
	arrived := x.arrived(db)
	days := map[survey.PointID]int{}
	counts, err := db.DayCounts(ctx, x.wave)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, d := range counts {
		days[d.Point] += d.N
	}

	there, remarks := 0, 0
	for _, s := range x.answers {
		r := stored[s.id]
		point := survey.PointID("")
		if s.kiosk != nil {
			point = s.kiosk.point
			if arrived[s.kiosk.queue][s.seq] != (r != nil) {
				x.t.Errorf("number %d of a kiosk is in the ledger: %v; its answer is there: %v", s.seq, !(r != nil), r != nil)
			}
		}
		if r == nil {
			if s.sends[0].acked || all {
				x.t.Errorf("an answer is lost (acknowledged: %v)", s.sends[0].acked)
			}
			continue
		}
		there++
		days[point]--
		remarks += x.holdOne(s, r, comments, all)
	}
	if there != len(stored) {
		x.t.Errorf("%d responses for %d sittings", len(stored), there)
	}
	if remarks != len(rows) {
		x.t.Errorf("%d comments for %d that were sent with a stored answer", len(rows), remarks)
	}
	for point, n := range days {
		if n != 0 {
			x.t.Errorf("the days of %q count %d too many", point, n)
		}
	}
}

// holdOne holds one response against what was sent, and returns how many comments it must have.
func (x *torture) holdOne(s *sitting, r *survey.Response, comments map[string]int, all bool) (remarks int) {
	x.t.Helper()
	least := 0
	for i := range s.sends {
		if s.sends[i].acked || all {
			least = i
		}
	}
	match := -1
	for i := least; i < len(s.sends); i++ {
		if one := s.sends[i]; r.Revision == one.revision && r.Disposition == one.disposition && sameAnswers(r.Answers, one.answers) {
			match = i
		}
	}
	if match < 0 {
		x.t.Errorf("an answer reads %v (%s, revision %d), which is not what was sent and acknowledged: %v",
			r.Answers, r.Disposition, r.Revision, s.sends[least].answers)
		return 0
	}
	if text := s.sends[match].comment; text != "" && r.Disposition == survey.Complete {
		if comments[text] != 1 {
			x.t.Errorf("a comment stands %d times", comments[text])
		}
		return 1
	}
	return 0
}

func sameAnswers(a, b map[string]int) bool {
	if len(a) != len(b) {
		return false
	}
	for item, code := range a {
		if got, ok := b[item]; !ok || got != code {
			return false
		}
	}
	return true
}

// holdCells holds the counts against those of the rows.
func (x *torture) holdCells(db survey.Store, want map[survey.Cell]int) {
	x.t.Helper()
	cells, err := db.Cells(context.Background(), x.wave)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, c := range cells {
		n := c.N
		c.N = 0
		if want[c] != n {
			x.t.Errorf("a cell counts %d answers, the rows have %d: %+v", n, want[c], c)
		}
		delete(want, c)
	}
	if len(want) > 0 {
		x.t.Errorf("%d groups of answers have no cell", len(want))
	}
}

// arrived reads the ledger: the numbers that came, by queue.
func (x *torture) arrived(db survey.Store) map[string]map[int]bool {
	x.t.Helper()
	devices, err := db.Devices(context.Background())
	if err != nil {
		x.t.Fatal(err)
	}
	all := map[string]map[int]bool{}
	for _, d := range devices {
		for _, q := range d.Queues {
			numbers := map[int]bool{}
			for _, r := range q.Arrived {
				for n := r.First; n <= r.Last; n++ {
					numbers[n] = true
				}
			}
			all[string(q.Queue)] = numbers
			if len(q.Refused) > 0 {
				x.t.Errorf("answers were refused for good: %v", q.Refused)
			}
		}
	}
	return all
}

// sound lets SQLite check the whole file.
func (x *torture) sound(path string) {
	x.t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro"}).String())
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var says string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&says); err != nil || says != "ok" {
		x.t.Errorf("the database is broken: %q %v", says, err)
	}
}
