package main

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// result is what one side measured.
type result struct {
	times    map[string][]float64 // seconds of each run of a task
	figures  map[string][]float64
	versions []string
	memory   float64 // bytes
}

// parse reads lines of a kind, a name and values. A name may hold blanks: values are what looks like numbers at the end.
func parse(text string) (*result, error) {
	r := &result{times: make(map[string][]float64), figures: make(map[string][]float64)}

	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if fields[0] == "version" {
			r.versions = append(r.versions, strings.Join(fields[1:], " "))
			continue
		}
		var values []float64
		last := len(fields)

		for ; last > 2; last-- {
			v, err := strconv.ParseFloat(fields[last-1], 64)
			if err != nil {
				break
			}
			values = append(values, v)
		}
		slices.Reverse(values)
		name := strings.Join(fields[1:last], " ")

		switch fields[0] {
		case "time":
			r.times[name] = values
		case "figures":
			r.figures[name] = values
		case "memory":
			if len(values) != 1 {
				return nil, fmt.Errorf("cannot read %q", line)
			}
			r.memory = values[0]
		default:
			return nil, fmt.Errorf("cannot read %q", line)
		}
	}

	return r, nil
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(x))
	n := len(s)

	return (s[(n-1)/2] + s[n/2]) / 2
}

// rows of the table, in order: this program's task and R's, where they differ. A target is how many times faster this
// program is to be.
var rowsOfTable = []struct {
	task, what string
	target     float64
	theirs     string
}{
	{"design", "design of 50 strata × 40 primary units", 0, ""},
	{"means 22x100", "means of 22 items by 100 groups, items as bytes", 100, ""},
	{"means 22x100 numbers", "means of 22 items by 100 groups, items as float64", 100, "means 22x100"},
	{"means 1x100", "means of one item by 100 groups", 0, ""},
	{"quantiles", "three quantiles with intervals", 20, ""},
	{"raking", "raking, 6 + 20 margins", 20, ""},
	{"calibration", "calibration on 25 columns", 20, ""},
	{"table test", "test of a 6 × 5 table (Rao-Scott F)", 0, ""},
	{"linear model", "linear model, 8 coefficients", 0, ""},
	{"logistic model", "logistic model, 8 coefficients", 0, ""},
	{"means 1x6760", "means by 6,760 groups, a twentieth of the rows", 0, ""},
	{"replicates", "200 bootstrap replicates made, a tenth of the rows", 0, ""},
	{"replicate means", "200 replicates × 20 groups, a tenth of the rows", 50, ""},
}

// report is the table. Without R's side it has this program's times alone.
func report(ours, theirs *result, rows, runs int, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nMade by `go tool -modfile=tools.mod task bench:r` on %s; not to be edited by hand.\n\n", at.Format("2 January 2006"))
	fmt.Fprintf(&b, "- Machine: %s, %d cores, %s of memory, %s/%s\n", processor(), runtime.NumCPU(), size(total()), runtime.GOOS, runtime.GOARCH)
	versions := ours.versions
	if theirs != nil {
		versions = append(slices.Clone(versions), theirs.versions...)
	}
	fmt.Fprintf(&b, "- Versions: %s\n", strings.Join(versions, ", "))
	fmt.Fprintf(&b, "- Data: %d rows in no order, 50 strata × 40 primary units, %d five-level items of which 2 %% of the answers are missing\n", rows, items)
	fmt.Fprintf(&b, "- Seconds are the median of %d runs, from data in memory. A task that took R a minute was not repeated.\n\n", runs)
	fmt.Fprintln(&b, "| task | R, s | here, s | times faster | target | largest difference |\n|---|---:|---:|---:|---:|---:|")

	for _, row := range rowsOfTable {
		here, r, ratio, gap, target := median(ours.times[row.task]), "", "", "", ""
		if theirs != nil {
			there := median(theirs.times[cmp.Or(row.theirs, row.task)])
			r, ratio = seconds(there), strconv.FormatFloat(there/here, 'g', 3, 64)
			gap = difference(ours.figures[row.task], theirs.figures[row.task])
		}
		if row.target > 0 {
			target = strconv.FormatFloat(row.target, 'g', -1, 64)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", row.what, r, seconds(here), ratio, target, gap)
	}
	fmt.Fprintln(&b)

	for _, kind := range []struct{ suffix, what string }{{"", "bytes"}, {" numbers", "float64"}} {
		plain, means := median(ours.times["plain pass"+kind.suffix]), median(ours.times["means 22x100"+kind.suffix])
		fmt.Fprintf(&b, "- A plain pass over the same bytes, items as %s (a weighted mean of each item, no groups, no errors, all cores): %s s. "+
			"The means by groups with their errors take %.1f times as long (aim: within 10).\n", kind.what, seconds(plain), means/plain)
	}
	fmt.Fprintf(&b, "- 6,760 groups on %d rows: %s s (aim: under 0.1 s).\n", (rows+19)/20, seconds(median(ours.times["means 1x6760"])))
	fmt.Fprintf(&b, "- Reading the file: %s s here", seconds(median(ours.times["read"])))

	if theirs == nil {
		fmt.Fprintf(&b, ".\n- Peak memory: %s here.\n", size(ours.memory))
		return b.String()
	}
	fmt.Fprintf(&b, ", %s s by R's read.csv.\n", seconds(median(theirs.times["read"])))
	fmt.Fprintf(&b, "- Peak memory of the process, reading included: %s here, %s in R, a share of %.2f (aim: 0.10).\n",
		size(ours.memory), size(theirs.memory), ours.memory/theirs.memory)
	fmt.Fprintf(&b, "\nThe largest difference is that of the figures which both print (estimates and standard errors, or weights), relative to R's. "+
		"With several items R's svyby leaves out rows that miss any of them, where every item here has its own rows: "+
		"those figures are not comparable, and the work of R is less. R's raking stops at the same tolerance by other steps, and its logistic model where the deviance changes by 1e-8.\n")

	return b.String()
}

// difference is the largest relative difference of two lists of figures.
func difference(a, b []float64) string {
	if len(a) == 0 && len(b) == 0 {
		return ""
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%d figures, R has %d", len(a), len(b))
	}
	var most float64

	for i := range a {
		most = math.Max(most, math.Abs(a[i]-b[i])/math.Max(math.Abs(b[i]), 1e-300))
	}

	return strconv.FormatFloat(most, 'e', 0, 64)
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'g', 3, 64) }

func size(bytes float64) string { return fmt.Sprintf("%.0f MB", bytes/1e6) }

// processor and total are what the system tells of the machine.
func processor() string { return field("/proc/cpuinfo", "model name") }

func total() float64 {
	kilobytes, _, _ := strings.Cut(field("/proc/meminfo", "MemTotal"), " ")
	n, err := strconv.ParseFloat(kilobytes, 64)

	if err != nil {
		return math.NaN()
	}

	return 1024 * n
}

// field returns what stands behind a name in a file of the system.
func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}

	return "unknown"
}
