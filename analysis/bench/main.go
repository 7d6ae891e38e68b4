// Command bench measures this program's statistics beside those of R's survey package on the same file and machine, and prints
// the ratios:
//
//	go run ./analysis/bench -out analysis/BENCHMARKS.md
//
// It makes the data from a seed, runs survey.R, which it carries, by Rscript, then itself in a process of its own, so that
// the peak memory of each is its own. Times are of data in memory; reading the file is stated apart. Where both sides print
// the same figures, the largest difference between them stands beside the times: a fast wrong number is none. It reads and
// writes files and stands beside the statistics only to measure them; nothing imports it.
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed survey.R
var script string

// missingR is what to do where there is no R.
const missingR = "R's survey package is not here, so there is nothing to compare with.\n" +
	"Debian and Ubuntu, as root: apt-get install -y --no-install-recommends r-base-core r-cran-survey"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rows := flags.Int("rows", 1_000_000, "rows of the made data")
	runs := flags.Int("runs", 3, "how often each task is run; the median counts")
	seed := flags.Uint64("seed", 1, "of the made data")
	out := flags.String("out", "", "the file to write the table to; empty means none")
	keep := flags.String("dir", "", "a directory for the data, kept afterwards; empty means a temporary one")
	numbers := flags.Bool("numbers", false, "with -measure: the means of items as numbers only")
	measure := flags.String("measure", "", "measure this program on the data of a directory, and print what R's script prints")

	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if *measure != "" {
		return measureAll(os.Stdout, *measure, *runs, *numbers)
	}
	dir := *keep

	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "bench"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	fmt.Printf("making %d rows\n", *rows)

	if err := makeData(dir, *rows, *seed); err != nil {
		return err
	}
	theirs, err := measureR(dir, *runs)

	if err != nil {
		return err
	}
	fmt.Println("measuring this program")
	self, err := os.Executable()

	if err != nil {
		return err
	}
	ours, err := measured(exec.Command(self, "-measure", dir, "-runs", fmt.Sprint(*runs)))

	if err != nil {
		return err
	}
	second, err := measured(exec.Command(self, "-measure", dir, "-runs", fmt.Sprint(*runs), "-numbers"))

	if err != nil {
		return err
	}
	maps.Copy(ours.times, second.times)
	table := report(ours, theirs, *rows, *runs, time.Now())
	fmt.Print("\n" + table)

	if *out == "" || theirs == nil {
		return nil
	}

	return os.WriteFile(*out, []byte(table), 0o644)
}

// measureR runs the script. Without R there is no result, and no error.
func measureR(dir string, runs int) (*result, error) {
	rscript, err := exec.LookPath("Rscript")
	if err == nil {
		err = exec.Command(rscript, "-e", "library(survey)").Run()
	}
	if err != nil {
		fmt.Println(missingR)
		return nil, nil
	}
	path := filepath.Join(dir, "survey.R")

	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		return nil, err
	}
	fmt.Println("measuring R, which takes a while")

	return measured(exec.Command(rscript, "--vanilla", path, dir, fmt.Sprint(runs)))
}

// measured runs a command and reads what it measured.
func measured(c *exec.Cmd) (*result, error) {
	var text, complaint strings.Builder
	c.Stdout, c.Stderr = &text, &complaint

	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", c.Path, err, complaint.String())
	}

	return parse(text.String())
}
