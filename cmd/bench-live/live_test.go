package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The whole measurement at a small size: pages are served by the real program while answers come in, and figures advance.
func TestMeasuresASmallWave(t *testing.T) {
	out := filepath.Join(t.TempDir(), "table.md")
	var said bytes.Buffer
	err := run(t.Context(), []string{
		"-sizes", "1500", "-register", "2000", "-communes", "5", "-seconds", "1", "-rate", "100", "-every", "20ms", "-dir", t.TempDir(), "-out", out,
	}, &said)
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	table, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 1500 | overview |", "| 1500 | scores |", "| 1500 | heat map |", "| 1500 | flags |", " times | "} {
		if !strings.Contains(string(table), want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}

func TestQuantile(t *testing.T) {
	var p page
	for i := range 100 {
		p.times = append(p.times, time.Duration(100-i))
	}
	for part, want := range map[float64]time.Duration{0.5: 50, 0.95: 95, 1: 100, 0: 1} {
		if got := p.quantile(part); got != want {
			t.Errorf("quantile %v is %v, want %v", part, got, want)
		}
	}
}

func TestCountsAreRead(t *testing.T) {
	if all, err := counts("1000, 20000"); err != nil || len(all) != 2 || all[1] != 20000 {
		t.Errorf("%v, %v", all, err)
	}
	for _, wrong := range []string{"", "10", "many", "1000,,2000"} {
		if _, err := counts(wrong); err == nil {
			t.Errorf("%q passed", wrong)
		}
	}
}
