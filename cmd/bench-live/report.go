package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// report is all that was measured.
type report struct {
	bench *bench
	sizes []*measured
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3g ms", float64(d)/1e6) }

// table writes everything as Markdown.
func (r *report) table(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Live pages\n\nMade by `go tool -modfile=tools.mod task bench:live` on %s; not to be edited by hand.\n\n", now.Format("2 January 2006"))
	fmt.Fprintf(&b, "- Machine: %s, %d cores, %s of memory, %s/%s; %s, %s. Load average at the end %s.\n",
		field("/proc/cpuinfo", "model name"), runtime.NumCPU(), memory(), runtime.GOOS, runtime.GOARCH, runtime.Version(), commit(), load())
	fmt.Fprintf(&b, "- Data: a register of %d transactions in %d communes, imported, drawn and invited by the program's commands; the classes are "+
		"multiplied to have invited twice as many as answer. Answers go through the store in transactions of %d, in order of their ids (SaveReceipts); a tenth are walk-ins.\n",
		r.bench.register, r.bench.communes, batch)
	fmt.Fprintf(&b, "- Load: the server is restarted, one page is asked for every %s over HTTP as a signed-in analyst, and %g answers a second come in through the store, "+
		"each with a commit of its own, from another process on the same cores; for %g s at least, and until the figures were computed anew. "+
		"Every page is read whole, while figures are computed as well as between.\n\n", r.bench.every, r.bench.rate, r.bench.seconds)
	b.WriteString("| Answers | Page | Opened | p50 | p95 | Most |\n|---:|---|---:|---:|---:|---:|\n")
	for _, m := range r.sizes {
		for _, p := range m.pages {
			fmt.Fprintf(&b, "| %d | %s | %d | %s | %s | %s |\n", m.answers, p.name, len(p.times), ms(p.quantile(0.5)), ms(p.quantile(0.95)), ms(p.quantile(1)))
		}
	}
	r.ratios(&b)
	b.WriteString("\n| Answers | Stored in | Database | Computations | Most memory, first figures | Most memory, pages beside | First page after a restart | " +
		"Answers meanwhile | Seconds | Figures advanced | Of the figures shown, moved |\n|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, m := range r.sizes {
		fmt.Fprintf(&b, "| %d | %.0f s | %.0f MB | %s | %s | %s | %s | %d | %.0f | %d times | %d of %d |\n", m.answers, m.filled.Seconds(), float64(m.bytes)/1e6,
			strings.Join(m.took, ", "), m.memory[0], m.memory[1], ms(m.restarted), m.arrived, m.opened.Seconds(), m.advanced, m.moved, m.figures)
	}
	b.WriteString("\nEvery figure that moved has at least 15 further answers behind it. A computation takes half of the cores, and a fifth of the time at most.\n")
	return b.String()
}

// ratios compares the largest wave with the smallest.
func (r *report) ratios(b *strings.Builder) {
	if len(r.sizes) < 2 {
		return
	}
	small, large := r.sizes[0], r.sizes[len(r.sizes)-1]
	fmt.Fprintf(b, "\nPages of %d answers over those of %d:", large.answers, small.answers)
	for i, p := range large.pages {
		o := small.pages[i]
		fmt.Fprintf(b, " %s p50 × %.2f, p95 × %.2f;", p.name, float64(p.quantile(0.5))/float64(o.quantile(0.5)), float64(p.quantile(0.95))/float64(o.quantile(0.95)))
	}
	b.WriteString("\n")
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "sipas of an unknown commit"
	}
	return "sipas " + strings.TrimSpace(string(out))
}

func memory() string {
	var kilobytes float64
	if _, err := fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%f kB", &kilobytes); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f MB", 1024*kilobytes/1e6)
}

// load is the mean number of processes that wanted a core, over one, five and fifteen minutes.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], ", ")
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
