package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/formula"
	"sipas/analysis/frame"
	"sipas/analysis/hypothesis"
	"sipas/analysis/model"
	"sipas/analysis/replicate"
	"sipas/analysis/weight"

	"gonum.org/v1/gonum/mat"
)

// bench holds the data and what the tasks leave for each other.
type bench struct {
	out  io.Writer
	dir  string
	runs int
	err  error // the first

	numbers map[string][]float64
	codes   map[string][]int32 // from 0
	levels  map[string][]string
	items   []estimate.Variable
	design  *design.Design
}

// measureAll measures every task on the data of a directory; with numbers, the means of items as numbers only, since their memory
// would stand in the way of the other's.
func measureAll(out io.Writer, dir string, runs int, numbers bool) error {
	// Memory is measured beside time: what is not used any more shall not count for long.
	debug.SetGCPercent(25)
	b := &bench{out: out, dir: dir, runs: runs}

	if numbers {
		if err := b.read(); err != nil {
			return err
		}
		b.asNumbers()
		return b.err
	}
	fmt.Fprintf(out, "version Go %s\n", strings.TrimPrefix(runtime.Version(), "go"))
	start := time.Now()

	if err := b.read(); err != nil {
		return err
	}
	fmt.Fprintf(out, "time read %v\n", time.Since(start).Seconds())
	b.means()
	b.quantiles()
	b.weighting()
	b.models()
	b.smallGroups()
	b.replicates()

	if kilobytes, _, ok := strings.Cut(field("/proc/self/status", "VmHWM"), " "); ok {
		if n, err := strconv.ParseFloat(kilobytes, 64); err == nil {
			fmt.Fprintf(out, "memory peak %v\n", 1024*n)
		}
	}

	return b.err
}

// task measures f, unless something failed before.
func (b *bench) task(name string, f func() error) {
	if b.err != nil {
		return
	}
	fmt.Fprintf(b.out, "time %s", name)

	for range b.runs {
		runtime.GC()
		start := time.Now()
		if err := f(); err != nil {
			b.err = fmt.Errorf("%s: %w", name, err)
			return
		}
		fmt.Fprintf(b.out, " %v", time.Since(start).Seconds())
	}
	fmt.Fprintln(b.out)
}

func (b *bench) figures(name string, values ...float64) {
	fmt.Fprintf(b.out, "figures %s", name)

	for _, v := range values {
		fmt.Fprintf(b.out, " %v", v)
	}
	fmt.Fprintln(b.out)
}

// read reads the data. Items are kept as bytes, 0 for missing, and groups as codes from 0.
func (b *bench) read() error {
	b.numbers, b.codes, b.levels = make(map[string][]float64), make(map[string][]int32), make(map[string][]string)
	path := filepath.Join(b.dir, "data.csv")
	var names []string

	rows := -1 // the header is none
	if err := eachLine(path, func(line string) error {
		if rows++; rows == 0 {
			names = strings.Split(line, ",")
		}
		return nil
	}); err != nil {
		return err
	}
	add := make([]func(field string) error, len(names)) // of each column

	for j, name := range names {
		if name[0] == 'i' {
			b.items = append(b.items, estimate.Variable{Name: name, Codes: make([]uint8, 0, rows), Scores: []float64{math.NaN(), 1, 2, 3, 4, 5}})
			at := len(b.items) - 1
			add[j] = func(field string) error {
				code := field[0] - '0'
				if field == "NA" {
					code = 0
				}
				b.items[at].Codes = append(b.items[at].Codes, code)
				return nil
			}
			continue
		}
		if n, ok := levels[name]; ok {
			for i := range n {
				b.levels[name] = append(b.levels[name], strconv.Itoa(i+1))
			}
			codes := make([]int32, 0, rows)
			add[j] = func(field string) error {
				code, err := strconv.Atoi(field)
				codes = append(codes, int32(code-1))
				b.codes[name] = codes
				return err
			}
			continue
		}
		values := make([]float64, 0, rows)
		add[j] = func(field string) error {
			v, err := strconv.ParseFloat(field, 64)
			values = append(values, v)
			b.numbers[name] = values
			return err
		}
	}
	header := true

	return eachLine(path, func(line string) error {
		if header {
			header = false
			return nil
		}
		j := 0
		for field := range strings.SplitSeq(line, ",") {
			if err := add[j](field); err != nil {
				return err
			}
			j++
		}
		return nil
	})
}

// levels are the numbers of levels of the columns that are groups.
var levels = map[string]int{"stratum": strata, "psu": perUnit, "group": groups, "fine": fine, "age": ages, "region": regions}

// newDesign is the design of every nth row.
func (b *bench) newDesign(nth int) (*design.Design, error) {
	w := every(b.numbers["w"], nth)
	strata, units := make([]int, len(w)), make([]int, len(w))

	for i := range w {
		strata[i], units[i] = int(b.codes["stratum"][i*nth]), int(b.codes["psu"][i*nth])
	}

	return design.New(design.Spec{Weights: w, Stages: []design.Stage{{Strata: design.Ints(strata), Clusters: design.Ints(units)}}})
}

// every returns every nth value, the same slice for all.
func every[T any](x []T, nth int) []T {
	if nth == 1 {
		return x
	}
	out := make([]T, 0, (len(x)+nth-1)/nth)

	for i := 0; i < len(x); i += nth {
		out = append(out, x[i])
	}

	return out
}

// by computes a table of variables by the groups of every nth row.
func (b *bench) by(d *design.Design, variable string, nth int, vars ...estimate.Variable) (*estimate.Table, error) {
	domains, err := estimate.ByCodes(d, every(b.codes[variable], nth), b.levels[variable])
	if err != nil {
		return nil, err
	}

	return estimate.Compute(d, vars, domains, estimate.Options{})
}

func (b *bench) means() {
	b.task("design", func() (err error) {
		b.design, err = b.newDesign(1)
		return err
	})
	var t *estimate.Table

	b.task("means 22x100", func() (err error) {
		t, err = b.by(b.design, "group", 1, b.items...)
		return err
	})
	b.task("means 1x100", func() (err error) {
		t, err = b.by(b.design, "group", 1, b.items[0])
		return err
	})
	if b.err != nil {
		return
	}
	var figures []float64

	for i := range t.Domains() {
		e := t.Estimate(i, 0)
		figures = append(figures, e.Value, e.SE)
	}
	b.figures("means 1x100", figures...)
	b.plain("plain pass")
}

// asNumbers measures the means of the same items as numbers, whose bytes are eight times as many.
func (b *bench) asNumbers() {
	if b.err != nil {
		return
	}
	if b.design, b.err = b.newDesign(1); b.err != nil {
		return
	}
	b.items = decoded(b.items)
	b.task("means 22x100 numbers", func() error {
		_, err := b.by(b.design, "group", 1, b.items...)
		return err
	})
	b.plain("plain pass numbers")
}

func decoded(vars []estimate.Variable) []estimate.Variable {
	out := make([]estimate.Variable, len(vars))

	for j, v := range vars {
		out[j] = estimate.Variable{Name: v.Name, Values: make([]float64, len(v.Codes))}
		for i, c := range v.Codes {
			out[j].Values[i] = v.Scores[c]
		}
	}

	return out
}

func (b *bench) plain(name string) {
	b.task(name, func() error {
		plainMeans(b.numbers["w"], b.items)
		return nil
	})
}

// plainMeans is the peer: a weighted mean of each item over all rows, without groups and without errors, as many items at a
// time as there are cores. Less cannot be done to the same bytes.
func plainMeans(w []float64, vars []estimate.Variable) []float64 {
	means := make([]float64, len(vars))
	cores := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup

	for k := range cores {
		wg.Go(func() {
			for j := k; j < len(vars); j += cores {
				means[j] = plainMean(w, vars[j])
			}
		})
	}
	wg.Wait()

	return means
}

func plainMean(w []float64, v estimate.Variable) float64 {
	var sum, all float64

	if v.Codes != nil {
		var score [256]float64
		copy(score[:], v.Scores)

		for i, c := range v.Codes {
			if y := score[c]; y == y {
				sum += w[i] * y
				all += w[i]
			}
		}

		return sum / all
	}
	for i, y := range v.Values {
		if y == y {
			sum += w[i] * y
			all += w[i]
		}
	}

	return sum / all
}

func (b *bench) quantiles() {
	var q [][]estimate.Quantile

	b.task("quantiles", func() (err error) {
		y := estimate.Variable{Name: "y", Values: b.numbers["y"]}
		q, err = estimate.Quantiles(b.design, y, []float64{0.25, 0.5, 0.75}, estimate.Whole(b.design, "all"), estimate.QuantileOptions{})
		return err
	})
	if b.err == nil {
		b.figures("quantiles", q[0][0].Value, q[0][1].Value, q[0][2].Value)
	}
}

func (b *bench) weighting() {
	if b.err != nil {
		return
	}
	totals, err := readMargins(filepath.Join(b.dir, "margins.csv"))
	if err != nil {
		b.err = err
		return
	}
	w := b.numbers["w"]
	var r *weight.Result

	b.task("raking", func() (err error) {
		var margins []weight.CodedMargin
		for _, name := range []string{"age", "region"} {
			margins = append(margins, weight.CodedMargin{Name: name, Levels: b.levels[name], Totals: totals[name], Codes: b.codes[name]})
		}
		r, err = weight.RakeCoded(w, margins, weight.RakeRule{})
		return err
	})
	if b.err != nil {
		return
	}
	b.figures("raking", r.Weights[:50]...)
	all := 0.0

	for _, t := range totals["age"] {
		all += t
	}
	b.task("calibration", func() error {
		x, names, err := weight.Columns(len(w), true,
			weight.Term{Name: "age", Levels: b.levels["age"], Codes: b.codes["age"]},
			weight.Term{Name: "region", Levels: b.levels["region"], Codes: b.codes["region"]})
		if err != nil {
			return err
		}
		want := append(append([]float64{all}, totals["age"][1:]...), totals["region"][1:]...)
		r, err = weight.Calibrate(w, x, want, names, weight.CalibrateRule{Distance: weight.Linear})
		return err
	})
	if b.err == nil {
		b.figures("calibration", r.Weights[:50]...)
	}
}

func readMargins(path string) (map[string][]float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := frame.Read(f, frame.Options{})
	if err != nil {
		return nil, err
	}
	variable, err := table.Column("variable")
	if err != nil {
		return nil, err
	}
	total, err := table.Column("total")
	if err != nil {
		return nil, err
	}
	out := make(map[string][]float64)

	for i, t := range total.Numbers {
		name, _ := variable.Text(i)
		out[name] = append(out[name], t)
	}

	return out, nil
}

func (b *bench) models() {
	var test hypothesis.Test

	b.task("table test", func() (err error) {
		age := hypothesis.Factor{Name: "age", Codes: b.codes["age"], Levels: b.levels["age"]}
		item := hypothesis.Factor{Name: "i1", Codes: make([]int32, len(b.items[0].Codes)), Levels: []string{"1", "2", "3", "4", "5"}}
		for i, c := range b.items[0].Codes {
			item.Codes[i] = int32(c) - 1 // a missing answer is −1
		}
		test, err = hypothesis.Independence(b.design, age, item, hypothesis.F, hypothesis.Options{})
		return err
	})
	if b.err != nil {
		return
	}
	b.figures("table test", test.Statistic, test.P)
	data := formula.NewColumns(b.design.Rows())
	errs := []error{data.AddFactor("age", b.codes["age"], b.levels["age"])}

	for _, name := range []string{"y", "x", "z"} {
		errs = append(errs, data.AddNumbers(name, b.numbers[name]))
	}
	if b.err = errors.Join(errs...); b.err != nil {
		return
	}
	b.fit("linear model", "y ~ x + z + age", data, model.Family{Distribution: model.Gaussian})
	b.fit("logistic model", "z ~ x + y + age", data, model.Family{Distribution: model.Binomial})
}

func (b *bench) fit(task, text string, data formula.Data, family model.Family) {
	var fit *model.GLMFit

	b.task(task, func() error {
		f, err := formula.Parse(text)
		if err != nil {
			return err
		}
		fit, err = model.GLM(b.design, f, data, family, model.Options{})
		return err
	})
	if b.err != nil {
		return
	}
	var figures []float64

	for _, c := range fit.Coefficients {
		figures = append(figures, c.Estimate, c.SE)
	}
	b.figures(task, figures...)
}

func (b *bench) smallGroups() {
	if b.err != nil {
		return
	}
	const nth = 20
	d, err := b.newDesign(nth)
	if err != nil {
		b.err = err
		return
	}
	y := estimate.Variable{Name: "y", Values: every(b.numbers["y"], nth)}
	var t *estimate.Table

	b.task("means 1x6760", func() (err error) {
		t, err = b.by(d, "fine", nth, y)
		return err
	})
	if b.err != nil {
		return
	}
	var figures []float64

	for i := range t.Domains() {
		if e := t.Estimate(i, 0); e.Defined() {
			figures = append(figures, e.Value)
		}
	}
	b.figures("means 1x6760", figures...)
}

func (b *bench) replicates() {
	if b.err != nil {
		return
	}
	const nth, count = 10, 200
	d, err := b.newDesign(nth)
	if err != nil {
		b.err = err
		return
	}
	var replicated *design.Design

	b.task("replicates", func() (err error) {
		replicated, err = replicate.Make(d, replicate.RaoWu, replicate.Options{Replicates: count, Seed: 1})
		return err
	})
	if b.err != nil {
		return
	}
	// Where R's own are there, they are used, so that the figures can be compared.
	if p, err := theirReplicates(b.dir, count); err == nil {
		replicated, b.err = d.WithReplicates(p)
	} else if !errors.Is(err, fs.ErrNotExist) {
		b.err = err
	}
	var t *estimate.Table

	b.task("replicate means", func() (err error) {
		t, err = b.by(replicated, "region", nth, estimate.Variable{Name: "y", Values: every(b.numbers["y"], nth)})
		return err
	})
	if b.err != nil {
		return
	}
	var figures []float64

	for i := range t.Domains() {
		e := t.Estimate(i, 0)
		figures = append(figures, e.Value, e.SE)
	}
	b.figures("replicate means", figures...)
}

// theirReplicates reads the factors that R made: one line for each unit, and the unit of each row.
func theirReplicates(dir string, count int) (*design.Replicates, error) {
	p := &design.Replicates{Type: "bootstrap", Scale: 1 / float64(count-1), RScales: make([]float64, count), DF: strata*perUnit - strata}
	for r := range p.RScales {
		p.RScales[r] = 1
	}
	var factors []float64
	units := 0

	if err := eachLine(filepath.Join(dir, "factors.csv"), func(line string) error {
		units++
		for field := range strings.SplitSeq(line, ",") {
			v, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return err
			}
			factors = append(factors, v)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if len(factors) != units*count {
		return nil, fmt.Errorf("%d factors of %d units in %d replicates", len(factors), units, count)
	}
	p.Factors = mat.NewDense(units, count, factors)

	return p, eachLine(filepath.Join(dir, "index.csv"), func(line string) error {
		v, err := strconv.ParseInt(line, 10, 32)
		p.Unit = append(p.Unit, int32(v)-1)
		return err
	})
}

func eachLine(path string, f func(line string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	s := bufio.NewScanner(file)

	for s.Scan() {
		if err := f(s.Text()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}

	return s.Err()
}
