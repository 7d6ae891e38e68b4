package main

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sipas/analysis/estimate"
)

// made is the data of the benchmarks, a tenth of the rows of the task's, made once.
var made = sync.OnceValues(func() (*bench, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := makeData(dir, 100_000, 1); err != nil {
		return nil, err
	}
	b := &bench{out: io.Discard, dir: dir, runs: 1}
	if err := b.read(); err != nil {
		return nil, err
	}
	b.design, err = b.newDesign(1)
	return b, err
})

func data(b *testing.B) (*bench, []estimate.Variable) {
	m, err := made()
	if err != nil {
		b.Fatal(err)
	}
	return m, decoded(m.items)
}

func BenchmarkMeansByGroups(b *testing.B) {
	m, numbers := data(b)
	for name, vars := range map[string][]estimate.Variable{"bytes": m.items, "float64": numbers} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := m.by(m.design, "group", 1, vars...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPlainPass is the peer of BenchmarkMeansByGroups.
func BenchmarkPlainPass(b *testing.B) {
	m, numbers := data(b)
	for name, vars := range map[string][]estimate.Variable{"bytes": m.items, "float64": numbers} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				plainMeans(m.numbers["w"], vars)
			}
		})
	}
}

func BenchmarkSmallGroups(b *testing.B) {
	m, _ := data(b)
	const nth = 2 // 50,000 rows
	d, err := m.newDesign(nth)
	if err != nil {
		b.Fatal(err)
	}
	y := estimate.Variable{Name: "y", Values: every(m.numbers["y"], nth)}
	for b.Loop() {
		if _, err := m.by(d, "fine", nth, y); err != nil {
			b.Fatal(err)
		}
	}
}

// Every task runs on a small file and its lines are read back; the peer's means are those of the estimator.
func TestTasksRun(t *testing.T) {
	dir := t.TempDir()
	if err := makeData(dir, 40_000, 3); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	if err := measureAll(&lines, dir, 1, false); err != nil {
		t.Fatal(err)
	}
	if err := measureAll(&lines, dir, 1, true); err != nil {
		t.Fatal(err)
	}
	r, err := parse(lines.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rowsOfTable {
		if s := median(r.times[row.task]); !(s > 0) {
			t.Errorf("%s took %v", row.task, s)
		}
	}
	table := report(r, r, 40_000, 1, time.Now())
	if strings.Contains(table, "NaN") || !strings.Contains(table, "| 1 |") {
		t.Error(table)
	}
	b := &bench{out: io.Discard, dir: dir, runs: 1}
	if err := b.read(); err != nil {
		t.Fatal(err)
	}
	if b.design, err = b.newDesign(1); err != nil {
		t.Fatal(err)
	}
	tb, err := estimate.Compute(b.design, b.items, estimate.Whole(b.design, "all"), estimate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plain, numbers := plainMeans(b.numbers["w"], b.items), plainMeans(b.numbers["w"], decoded(b.items))
	for j := range plain {
		if e := tb.Estimate(0, j); math.Abs(e.Value-plain[j]) > 1e-12 || plain[j] != numbers[j] {
			t.Errorf("item %d: %v, plainly %v and %v", j, e.Value, plain[j], numbers[j])
		}
	}
}

func TestDataComeFromTheSeed(t *testing.T) {
	read := func(seed uint64) string {
		dir := t.TempDir()
		if err := makeData(dir, 100, seed); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "data.csv"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first, again := read(1), read(1)
	if first != again || first == read(2) {
		t.Error("the same seed must give the same data, another one others")
	}
}

func TestParse(t *testing.T) {
	r, err := parse("version R 4.2\ntime means 1x100 0.5 0.25 3\nfigures quantiles 1 2e-3\nmemory peak 100\n")
	if err != nil {
		t.Fatal(err)
	}
	if median(r.times["means 1x100"]) != 0.5 || len(r.figures["quantiles"]) != 2 || r.memory != 100 || r.versions[0] != "R 4.2" {
		t.Errorf("%+v", r)
	}
	if difference([]float64{1, 2}, []float64{1, 2.5}) != "2e-01" || difference([]float64{1}, nil) != "1 figures, R has 0" {
		t.Error("wrong differences")
	}
	for _, bad := range []string{"warning: something", "memory peak"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
