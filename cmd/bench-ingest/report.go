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
	bench                *bench
	rows                 []*measured
	storage              []*storage
	perSync              map[*system]float64
	syncMedian, syncMost time.Duration
}

// best is the run at the highest rate that a system held, or nil.
func (r *report) best(s *system) *measured {
	var best *measured
	for _, m := range r.rows {
		if m.system == s && m.held() && (best == nil || m.rate > best.rate) {
			best = m
		}
	}
	return best
}

// line is a run in a line, for whoever waits.
func (m *measured) line() string {
	s := fmt.Sprintf("%s at %d: %.0f/s, p50 %s, p99 %s, most %s, not 200: %s; server %s, generator %s cores; sent late p99 %s",
		m.system.name, m.rate, m.perSecond(), ms(m.quantiles[0]), ms(m.quantiles[2]), ms(m.quantiles[3]), m.refusals(),
		m.cores(m.server), m.cores(m.generator), ms(m.late))
	if m.fault != nil {
		s += "; FAULT: " + m.fault.Error()
	}
	return s
}

// cores is a processor time as the number of processors that it kept busy.
func (m *measured) cores(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()/m.seconds) }

func ms(d time.Duration) string {
	if d >= time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.3g ms", float64(d)/1e6)
}

// table writes everything as Markdown.
func (r *report) table(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Receiving answers\n\nMade by `go tool -modfile=tools.mod task bench:ingest` on %s; not to be edited by hand.\n\n", now.Format("2 January 2006"))
	fmt.Fprintf(&b, "- Machine: %s, %d cores, %s of memory, %s/%s. A write of 16 kB and its sync take %s (p99 %s) on its disk.\n",
		field("/proc/cpuinfo", "model name"), runtime.NumCPU(), memory(), runtime.GOOS, runtime.GOARCH, ms(r.syncMedian), ms(r.syncMost))
	fmt.Fprintf(&b, "- Versions: %s, %s%s\n", runtime.Version(), commit(), r.peerVersion())
	fmt.Fprintf(&b, "- Load: an open loop of %.0f s at each rate, Poisson arrivals, %d kept-alive connections, one answer for each request; generator and "+
		"server share the cores. Times count from the intended moment of sending. Each answer has five items, is sealed by a kiosk "+
		"(one of %d, at %d offices), and every second one carries a token of an invitation.\n",
		r.bench.seconds, r.bench.connections, devices, communes)
	fmt.Fprintf(&b, "- After each run the stopped server's database held exactly the acknowledged answers, and its cells, days and ledger of deliveries the same number%s.\n\n", r.faults())
	b.WriteString("| system | offered/s | acknowledged/s | p50 | p95 | p99 | most | not acknowledged | server, cores | generator, cores | sent late, p99 |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|\n")
	for _, m := range r.rows {
		fmt.Fprintf(&b, "| %s | %d | %.0f | %s | %s | %s | %s | %s | %s | %s | %s |\n", m.system.name, m.rate, m.perSecond(),
			ms(m.quantiles[0]), ms(m.quantiles[1]), ms(m.quantiles[2]), ms(m.quantiles[3]), m.refusals(), m.cores(m.server), m.cores(m.generator), ms(m.late))
	}
	b.WriteString("\n")
	r.summary(&b)
	fmt.Fprintf(&b, "\nThe aim is 5,000 durable acknowledgements a second at p99 under %s on two cores%s.\n", ms(limit), r.verdict())
	return b.String()
}

// summary compares the highest rates that were held.
func (r *report) summary(b *strings.Builder) {
	fmt.Fprintf(b, "| system | highest rate held: all acknowledged, p99 under %s | answers per sync at that rate | what it does |\n|---|---:|---:|---|\n", ms(limit))
	var first *measured
	seen := map[*system]bool{}
	for _, m := range r.rows {
		if seen[m.system] {
			continue
		}
		seen[m.system] = true
		best := r.best(m.system)
		if first == nil {
			first = best
		}
		held, shared := "none of those tried", ""
		if best != nil {
			held = fmt.Sprintf("%d/s", best.rate)
			if first != nil && best != first {
				held += fmt.Sprintf(" (the first holds %.1f times as many)", float64(first.rate)/float64(best.rate))
			}
		}
		if n := r.perSync[m.system]; n > 0 {
			shared = fmt.Sprintf("%.1f", n)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", m.system.name, held, shared, m.system.does)
	}
	b.WriteString("\nAnswers per sync are counted in a run of their own, because the counting slows the server; the program's syncs include those that make it forget the order of arrival.\n")
	if len(r.storage) > 0 {
		b.WriteString("\nWithout HTTP and seals, in one process, each saver waiting for its own acknowledgement:\n\n")
	}
	for _, st := range r.storage {
		fmt.Fprintf(b, "- %s: %.0f answers a second with %.2f cores.\n", st.name, st.perSecond, st.processor.Seconds()/st.took.Seconds())
	}
}

// faults names what the checks found.
func (r *report) faults() string {
	var found []string
	for _, m := range r.rows {
		if m.fault != nil {
			found = append(found, fmt.Sprintf("%s at %d: %v", m.system.name, m.rate, m.fault))
		}
	}
	if len(found) == 0 {
		return ""
	}
	return ", BUT: " + strings.Join(found, "; ")
}

// verdict says whether the aim is met.
func (r *report) verdict() string {
	for _, m := range r.rows {
		if m.system == r.rows[0].system && m.rate >= 5000 && m.held() && runtime.NumCPU() <= 2 {
			return fmt.Sprintf("; it is met: %.0f a second at p99 %s", m.perSecond(), ms(m.quantiles[2]))
		}
	}
	return "; this run does not show it"
}

// peerVersion is what PocketBase says of itself.
func (r *report) peerVersion() string {
	for _, m := range r.rows {
		if name, _, ok := strings.Cut(m.said, " answers at"); ok && strings.HasPrefix(name, "PocketBase") {
			return ", " + name
		}
	}
	return ""
}

// commit is what was measured.
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
