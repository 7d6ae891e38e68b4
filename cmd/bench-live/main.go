// Command bench-live measures what the live pages of a wave cost, and how they follow the answers, at several numbers of answers.
//
//	go run ./cmd/bench-live -out survey/web/BENCHMARKS-live.md
//
// For each size it makes a data directory with the program's own commands, fills it with answers, starts the program's server on it,
// and opens its pages over HTTP as a signed-in analyst, while further answers keep coming in: first until there are figures at all, then,
// after a restart, while they are computed anew. The database of ten million answers takes some gigabytes and a quarter of an hour;
// an interrupt ends it at any time and takes the files away. Linux only; nothing imports it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bench is one run of all measurements.
type bench struct {
	dir      string
	program  string
	register int
	communes int
	seconds  float64
	rate     float64
	every    time.Duration
	seed     uint64
	said     io.Writer // what is under way
}

func run(ctx context.Context, args []string, said io.Writer) (err error) {
	flags := flag.NewFlagSet("bench-live", flag.ContinueOnError)
	sizes := flags.String("sizes", "10000,1000000,10000000", "answers of each wave")
	out := flags.String("out", "", "the file to write the table to; empty means none")
	b := &bench{said: said}
	flags.IntVar(&b.register, "register", 60_000, "transactions of the register")
	flags.IntVar(&b.communes, "communes", 96, "units of the province")
	flags.Float64Var(&b.seconds, "seconds", 60, "how long pages are asked for at least; longer when a computation takes longer")
	flags.Float64Var(&b.rate, "rate", 20, "answers a second that come in meanwhile")
	flags.DurationVar(&b.every, "every", 100*time.Millisecond, "between two pages")
	flags.Uint64Var(&b.seed, "seed", 1, "of the answers")
	flags.StringVar(&b.dir, "dir", "", "directory for the data; empty means a temporary one")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	numbers, err := counts(*sizes)
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(b.dir, "bench-live"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	b.program = filepath.Join(b.dir, "sipas")
	fmt.Fprintln(said, "building")
	build := exec.CommandContext(ctx, "go", "build", "-o", b.program, "sipas/cmd/sipas")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	r := &report{bench: b}
	for _, n := range numbers {
		m, err := b.measure(ctx, n)
		if err != nil {
			return fmt.Errorf("%d answers: %w", n, err)
		}
		r.sizes = append(r.sizes, m)
		slices.SortFunc(r.sizes, func(a, b *measured) int { return cmp.Compare(a.answers, b.answers) })
		// The largest takes most of an hour: what was measured by then is kept.
		if *out != "" {
			if err := os.WriteFile(*out, []byte(r.table(time.Now())), 0o644); err != nil {
				return err
			}
		}
	}
	fmt.Fprint(said, "\n"+r.table(time.Now()))
	return nil
}

// counts reads a list of sizes.
func counts(s string) ([]int, error) {
	var all []int
	for field := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 1000 {
			return nil, fmt.Errorf("%q is no number of answers from 1000 on", field)
		}
		all = append(all, n)
	}
	return all, nil
}
