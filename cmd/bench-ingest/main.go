// Command bench-ingest measures how fast answers are received: durable acknowledgements a second and the time to each, beside one
// row per sync on the same machine and beside PocketBase.
//
//	go run ./cmd/bench-ingest -out survey/web/BENCHMARKS.md
//
// It builds the program and PocketBase (a module of its own below this directory), makes a province with invitations and two hundred
// enrolled kiosks, seals all answers beforehand, and offers them in an open loop: at moments drawn beforehand, whether or not
// earlier answers came back, over kept-alive connections, one answer for each request. The time to an acknowledgement counts from the
// intended moment, so that a server which stands still is not spared those who would have come meanwhile. Server and generator
// are processes of their own, and what each takes of the processors is read from the system. After each run the server is
// stopped and what it holds is compared with what it acknowledged. Linux only; nothing imports it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bench is one run of all measurements.
type bench struct {
	dir         string
	seconds     float64
	connections int
	seed        uint64
	warmUp      int // answers that are sent before the clock starts, so that nothing is done for the first time within the run
}

func run(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("bench-ingest", flag.ContinueOnError)
	rates := flags.String("rates", "1000,2500,5000,7500,10000", "answers a second that are offered to the program")
	others := flags.String("others", "500,1000,1500,2000,2500,3000,4000", "the same for what stands beside it; empty leaves it out")
	out := flags.String("out", "", "the file to write the table to; empty means none")
	b := &bench{warmUp: 1000}
	flags.Float64Var(&b.seconds, "seconds", 15, "how long answers are offered at each rate")
	flags.IntVar(&b.connections, "connections", 256, "connections of the generator")
	flags.Uint64Var(&b.seed, "seed", 1, "of the answers and of the moments at which they come")
	flags.StringVar(&b.dir, "dir", "", "directory for the data, on the disk to be measured; empty means a temporary one")
	alone := flags.String("alone", "", "serve a data directory with one answer for each commit, for the benchmark itself")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if *alone != "" {
		return serveAlone(*alone)
	}
	ours, err := numbers(*rates)
	if err != nil {
		return err
	}
	theirs, err := numbers(*others)
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(b.dir, "bench-ingest"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	r, err := b.all(ctx, ours, theirs)
	if err != nil {
		return err
	}
	table := r.table(time.Now())
	fmt.Print("\n" + table)
	if *out == "" {
		return nil
	}
	return os.WriteFile(*out, []byte(table), 0o644)
}

// numbers reads a list of rates.
func numbers(s string) ([]int, error) {
	var all []int
	for _, field := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no rate", field)
		}
		all = append(all, n)
	}
	return all, nil
}

// all runs every measurement.
func (b *bench) all(ctx context.Context, ours, theirs []int) (*report, error) {
	r := &report{bench: b}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program, peer := filepath.Join(b.dir, "sipas"), filepath.Join(b.dir, "pocketbase")
	fmt.Println("building")
	if err := build(ctx, program, ".", "./cmd/sipas"); err != nil {
		return nil, err
	}
	if len(theirs) > 0 {
		if err := build(ctx, peer, "cmd/bench-ingest/pocketbase", "."); err != nil {
			return nil, err
		}
	}
	most := 0
	for _, rate := range append(append([]int{}, ours...), theirs...) {
		most = max(most, rate)
	}
	n := b.warmUp + int(float64(most)*b.seconds)
	fmt.Printf("making a province with %d invitations and %d kiosks, and sealing %d answers\n", (n+1)/2, devices, n)
	o, err := newOffice(ctx, program, filepath.Join(b.dir, "office"), (n+1)/2)
	if err != nil {
		return nil, err
	}
	answers, err := o.answers(n, b.seed)
	if err != nil {
		return nil, err
	}
	if r.syncMedian, r.syncMost, err = syncTime(b.dir); err != nil {
		return nil, err
	}
	systems := []*system{o.ours()}
	if len(theirs) > 0 {
		systems = append(systems, o.oneByOne(self), pocketBase(peer, "FULL"), pocketBase(peer, "NORMAL"))
	}
	for i, s := range systems {
		rates := theirs
		if i == 0 {
			rates = ours
		}
		if err := b.climb(ctx, r, s, rates, answers); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for _, single := range []bool{false, true} {
		st, err := b.store(ctx, o, answers, single)
		if err != nil {
			return nil, err
		}
		r.storage = append(r.storage, st)
		fmt.Printf("%s: %.0f answers a second\n", st.name, st.perSecond)
	}
	return r, b.syncs(r, systems, answers)
}

// hopeless is a p99 beyond which higher rates are left out: the queue only grows.
const hopeless = 2 * time.Second

// climb measures a system at one rate after the other.
func (b *bench) climb(ctx context.Context, r *report, s *system, rates []int, answers []answer) error {
	for _, rate := range rates {
		m, err := b.measure(ctx, s, rate, answers)
		if err != nil {
			return err
		}
		r.rows = append(r.rows, m)
		fmt.Println(m.line())
		if m.quantiles[2] > hopeless || ctx.Err() != nil {
			break
		}
	}
	return ctx.Err()
}

// syncs counts how many answers share a sync, at the highest rate that each system held. Without a tracer there is no such figure.
func (b *bench) syncs(r *report, systems []*system, answers []answer) error {
	if _, err := exec.LookPath("strace"); err != nil {
		fmt.Println("left out: the number of answers for each sync, because strace is not here (Debian and Ubuntu: apt-get install strace)")
		return nil
	}
	r.perSync = map[*system]float64{}
	for _, s := range systems {
		best := r.best(s)
		if best == nil {
			continue
		}
		var err error
		if r.perSync[s], err = b.countSyncs(s, best.rate, answers); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("%s: %.1f answers for each sync at %d a second\n", s.name, r.perSync[s], best.rate)
	}
	return nil
}

func build(ctx context.Context, out, dir, pkg string) error {
	c := exec.CommandContext(ctx, "go", "build", "-o", out, pkg)
	c.Dir = dir
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s in %s (the benchmark runs in the directory of the program's go.mod): %w\n%s", pkg, dir, err, text)
	}
	return nil
}
