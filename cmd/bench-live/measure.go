package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"sipas/survey"
)

// page is a live page and how long each opening of it took.
type page struct {
	name, path string
	times      []time.Duration
}

func livePages() []*page {
	at := "/waves/" + string(wave)
	return []*page{
		{name: "overview", path: at}, {name: "scores", path: at + "/scores"},
		{name: "heat map", path: at + "/heatmap"}, {name: "flags", path: at + "/flags"},
	}
}

// measured is all that was seen at one size.
type measured struct {
	answers        int
	filled         time.Duration // storing them
	bytes          int64         // of the database
	pages          []*page
	restarted      time.Duration // the first page after a restart
	arrived        int           // answers that came in while pages were asked for
	opened         time.Duration // how long that was
	took           []string      // each computation
	memory         [2]string     // at most: until the first figures, and with pages and answers beside it
	advanced       int           // releases that took the place of one before
	figures, moved int           // of the last of these: figures that are shown, and those that changed
}

// measure makes a wave of n answers and reads its pages.
func (b *bench) measure(ctx context.Context, n int) (m *measured, err error) {
	fmt.Fprintf(b.said, "%d answers: making a wave\n", n)
	dir := filepath.Join(b.dir, fmt.Sprint(n))
	o, err := b.newOffice(ctx, dir, n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.db.Close(), os.RemoveAll(dir)) }()
	m = &measured{answers: n, pages: livePages()}
	begun := time.Now()
	if err := o.fill(ctx, n); err != nil {
		return nil, err
	}
	m.filled = time.Since(begun)
	// What the load has left to do in the file is done before a server works on it: two programs that forget an order keep each other out.
	if err := o.reopen(ctx); err != nil {
		return nil, err
	}
	for _, end := range []string{"", "-wal"} {
		if info, err := os.Stat(filepath.Join(dir, database+end)); err == nil {
			m.bytes += info.Size()
		}
	}
	fmt.Fprintf(b.said, "  stored in %.0f s; waiting for the first figures\n", m.filled.Seconds())
	if err := o.first(ctx, m); err != nil {
		return nil, err
	}
	fmt.Fprintf(b.said, "  computed in %s with %s; opening pages\n", strings.Join(m.took, ", "), m.memory[0])
	if err := o.open(ctx, m); err != nil {
		return nil, err
	}
	for _, p := range m.pages {
		fmt.Fprintf(b.said, "  %s\n", p.line())
	}
	return m, nil
}

// first runs the server until it has figures at all: the one time when a page waits.
func (o *office) first(ctx context.Context, m *measured) (err error) {
	s, err := o.start()
	if err != nil {
		return err
	}
	// A page gives up before a long computation does, which goes on.
	for err = s.get(ctx, m.pages[0].path); errors.Is(err, errUnavailable); {
		err = s.get(ctx, m.pages[0].path)
	}
	if err != nil {
		return errors.Join(err, s.stop())
	}
	m.memory[0] = s.memory()
	if err := s.stop(); err != nil {
		return err
	}
	m.took = append(m.took, s.computations()...)
	return nil
}

// open restarts the server, lets answers come in, and opens pages one after the other, as long as is asked for and until figures were
// computed anew at least once.
func (o *office) open(ctx context.Context, m *measured) (err error) {
	before, err := o.db.Release(ctx, wave, survey.StateProvisional)
	if err != nil {
		return err
	}
	if err := o.come(ctx, before.Rules.MinAnswers); err != nil {
		return err
	}
	if err := o.reopen(ctx); err != nil {
		return err
	}
	s, err := o.start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	begun := time.Now()
	if err := s.get(ctx, m.pages[0].path); err != nil {
		return err
	}
	m.restarted = time.Since(begun)

	coming, stop := context.WithCancel(ctx)
	var arrivals sync.WaitGroup
	var failed error
	arrivals.Go(func() { m.arrived, failed = o.keepComing(coming) })
	id, next := before.ID, time.NewTicker(o.bench.every)
	defer next.Stop()
	for i := 0; err == nil && (m.advanced == 0 || time.Since(begun).Seconds() < o.bench.seconds); i++ {
		p := m.pages[i%len(m.pages)]
		at := time.Now()
		if err = s.get(ctx, p.path); err == nil {
			p.times = append(p.times, time.Since(at))
			var now string
			if now, err = o.db.ReleaseID(ctx, wave, survey.StateProvisional); now != id && err == nil {
				id = now
				m.advanced++
			}
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	m.opened = time.Since(begun)
	stop()
	arrivals.Wait()
	m.memory[1] = s.memory()
	m.took = append(m.took, s.computations()...)
	return errors.Join(err, failed, o.compare(ctx, before, m))
}

// compare counts the figures that are shown, and which of them moved since, none by fewer answers than the rule asks for.
func (o *office) compare(ctx context.Context, before *survey.Release, m *measured) error {
	after, err := o.db.Release(ctx, wave, survey.StateProvisional)
	if err != nil {
		return err
	}
	old := map[survey.FigureKey]survey.Figure{}
	for _, f := range before.Figures {
		old[f.FigureKey] = f
	}
	for _, f := range after.Figures {
		was := old[f.FigureKey]
		if f.State != survey.StateProvisional || was.State != f.State {
			continue
		}
		m.figures++
		more := f.Estimate.N - was.Estimate.N
		if more == 0 {
			continue
		}
		m.moved++
		if more < after.Rules.MinAnswers {
			return fmt.Errorf("%s moved by %d answers", f.FigureKey, more)
		}
	}
	return nil
}

// come stores n answers, each by itself.
func (o *office) come(ctx context.Context, n int) error {
	for range n {
		if _, err := o.db.SaveReceipt(ctx, o.receipt(o.rng.Uint64())); err != nil {
			return err
		}
	}
	return nil
}

// keepComing stores answers at random moments until it is stopped, and counts them.
func (o *office) keepComing(ctx context.Context) (n int, err error) {
	rng := rand.New(rand.NewPCG(o.bench.seed, 17))
	for {
		select {
		case <-ctx.Done():
			return n, nil
		case <-time.After(time.Duration(rng.ExpFloat64() / o.bench.rate * float64(time.Second))):
		}
		// What is begun is finished: the store answers when it is on disk.
		if err := o.come(context.WithoutCancel(ctx), 1); err != nil {
			return n, err
		}
		n++
	}
}

// server is the program on the data directory.
type server struct {
	cmd     *exec.Cmd
	address string
	cookie  string
	log     string
}

var addressPattern = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start runs the server until it names its address. Its log goes to a file, as a service's does.
func (o *office) start() (*server, error) {
	s := &server{cmd: exec.Command(o.bench.program, "serve", "--addr", "127.0.0.1:0", "--data", o.dir), cookie: o.cookie, log: o.dir + ".log"}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd.Stderr = log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for s.address == "" && lines.Scan() {
		s.address = addressPattern.FindString(lines.Text())
	}
	go func() {
		// What else it prints must be read, or the server would wait for it.
		_, _ = io.Copy(io.Discard, out)
	}()
	if s.address == "" {
		return nil, errors.Join(errors.New("the server named no address"), s.stop())
	}
	return s, nil
}

// stop ends the server and waits for it.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// errUnavailable says that there is nothing to show yet.
var errUnavailable = errors.New("the first figures are not there yet")

// get opens a page whole.
func (s *server) get(ctx context.Context, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+path, nil)
	if err != nil {
		return err
	}
	r.AddCookie(&http.Cookie{Name: "sipas_session", Value: s.cookie})
	reply, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode == http.StatusServiceUnavailable {
		return errUnavailable
	}
	if err == nil && (reply.StatusCode != http.StatusOK || !strings.Contains(string(body), `class="made"`)) {
		err = fmt.Errorf("%s: status %d, or no figures", path, reply.StatusCode)
	}
	return err
}

// memory is the most that the server had in memory so far.
func (s *server) memory() string {
	var kilobytes float64
	if _, err := fmt.Sscanf(field(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid), "VmHWM"), "%f kB", &kilobytes); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f MB", 1024*kilobytes/1e6)
}

var tookPattern = regexp.MustCompile(`msg="figures computed".* took=(\S+)`)

// computations reads from the log how long each took.
func (s *server) computations() (all []string) {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return nil
	}
	for _, m := range tookPattern.FindAllStringSubmatch(string(text), -1) {
		if d, err := time.ParseDuration(m[1]); err == nil {
			all = append(all, fmt.Sprintf("%.1f s", d.Seconds()))
		}
	}
	return all
}

// quantile is the smallest time that at least the part p of all openings did not exceed.
func (p *page) quantile(part float64) time.Duration {
	if len(p.times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(p.times))
	return sorted[min(len(sorted)-1, max(0, int(part*float64(len(sorted))+0.999999)-1))]
}

func (p *page) line() string {
	return fmt.Sprintf("%s: p50 %s, p95 %s, most %s of %d", p.name, ms(p.quantile(0.5)), ms(p.quantile(0.95)), ms(p.quantile(1)), len(p.times))
}
