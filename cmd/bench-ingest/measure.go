package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is how many of the kernel's units of processor time make a second. Linux tells programs 100, whatever it counts by.
const ticks = 100

// processorTime is what a process has used of the processors, its own and in the kernel, from /proc.
func processorTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name of the program stands in brackets and may hold anything; what follows it does not.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const user, system = 11, 12
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var sum int64
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// ownTime is what this process has used of the processors.
func ownTime() time.Duration {
	var u syscall.Rusage
	// Asking for the caller's own use cannot fail.
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// syncTime is how long the disk under a directory takes to make a small write durable: median and 99 of 100.
func syncTime(dir string) (median, most time.Duration, err error) {
	f, err := os.CreateTemp(dir, "sync")
	if err != nil {
		return 0, 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	block := make([]byte, 16<<10)
	var took []time.Duration
	for i := range 500 {
		began := time.Now()
		if _, err := f.WriteAt(block, int64(i%50*len(block))); err != nil {
			return 0, 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return quantile(took, 0.5), quantile(took, 0.99), nil
}

// counted makes a command run under strace, which counts its disk syncs into a file; syncs reads them once the command has
// ended. Only the syncs stop at the tracer, so the server is slowed little, but it is slowed: such a run measures nothing else.
func counted(c *exec.Cmd, dir string) (syncs func() (int, error), err error) {
	tracer, err := exec.LookPath("strace")
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, "syncs")
	c.Args = append([]string{tracer, "-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o", out}, append([]string{c.Path}, c.Args[1:]...)...)
	c.Path = tracer
	return func() (int, error) {
		text, err := os.ReadFile(out)
		n := 0
		for line := range strings.Lines(string(text)) {
			// A call that another thread interrupts is written in two lines; its end counts.
			if strings.Contains(line, "sync(") && !strings.Contains(line, "unfinished") || strings.Contains(line, "sync resumed") {
				n++
			}
		}
		return n, err
	}, nil
}
