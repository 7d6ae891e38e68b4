package estimate

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"sipas/analysis"
	"sipas/analysis/design"
)

// Table holds the estimates of every variable in every domain. It is immutable.
type Table struct {
	design  *design.Design
	vars    []Variable
	columns []int
	domains Domains
	cells   []cell // domain by domain

	replicates [][]float64 // of each cell, its values in the replicates; nil for linearized designs

	intervals *intervals
}

type cell struct {
	estimate    analysis.Estimate
	value       float64
	denominator float64 // what the influence values are divided by
	unity       float64 // V under simple random sampling without the finite correction
	finite      float64 // the correction 1 − n/Σw, NaN when Σw is no population count
}

// Compute estimates every variable in every domain. Where the design lets totals by primary unit stand for
// the rows (see design.TotalsSuffice: one stage, or selection with replacement, and no calibration), all domains that have no
// row in common are computed in one pass over the rows for each variable, however many they are; otherwise each domain
// costs its own rows. The figures are the same but for rounding, and do not depend on the number of cores.
//
// A domain without answers, or a ratio with a denominator of zero, gives an
// undefined estimate with its reason. A standard error with no degrees of freedom
// is kept when it is a number, its interval is not defined.
func Compute(d *design.Design, vars []Variable, domains Domains, opt Options) (*Table, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	t := &Table{design: d, vars: vars, domains: domains, columns: make([]int, len(vars)), intervals: newIntervals(opt.level())}

	wrong := make([]error, len(vars))
	parallel(len(vars), func(j int) { wrong[j] = vars[j].checkAny(d.Rows()) })

	for j, v := range vars {
		if wrong[j] != nil {
			return nil, wrong[j]
		}
		c, err := d.Column(v.Column)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.Name, err)
		}
		t.columns[j] = c
	}
	t.cells = make([]cell, len(vars)*len(domains.Names))
	if d.Replicated() {
		t.vars = slices.Clone(vars)
		for j, v := range vars {
			t.vars[j] = v.decoded()
		}
		t.fillReplicated(opt)
		return t, nil
	}
	left := t.onePass(opt)
	errs := make([]error, len(domains.Names))
	parallel(len(domains.Names), func(i int) { errs[i] = t.fill(i, left[i], opt) })

	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}

	return t, nil
}

// fill computes cells of one domain from the influence values of its rows. Domains share nothing that changes, so they may be
// computed at the same time and come out the same.
func (t *Table) fill(domain int, variables []int, opt Options) error {
	for _, j := range variables {
		c, err := t.compute(domain, j, opt)
		if err != nil {
			return fmt.Errorf("variable %s in %s: %w", t.vars[j].Name, t.domains.Names[domain], err)
		}
		c.estimate.Method = t.vars[j].Kind.String()
		t.cells[domain*len(t.vars)+j] = c
	}

	return nil
}

// parallel runs f for 0..n-1 on as many goroutines as there are cores.
func parallel(n int, f func(i int)) {
	workers(n, func() func(i int) { return f })
}

// workers does the same with a function of each goroutine's own, made by its call of start.
func workers(n int, start func() func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64

	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			f := start()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}

// Domains returns the number of domains, Variables that of variables.
func (t *Table) Domains() int { return len(t.domains.Names) }

// Variables returns the number of variables.
func (t *Table) Variables() int { return len(t.vars) }

// Estimate returns the estimate of a variable in a domain, by their positions.
func (t *Table) Estimate(domain, variable int) analysis.Estimate {
	return t.cells[domain*len(t.vars)+variable].estimate
}

// DesignEffectWithoutReplacement is the variance over that of a simple random
// sample of the same size drawn without replacement: V / [s²/n · (1 − n/Σw)]. The
// weights must sum to a population count; it is NaN where Σw ≤ n, rather than
// nonsense from weights that were scaled to the sample.
func (t *Table) DesignEffectWithoutReplacement(domain, variable int) float64 {
	c := t.cells[domain*len(t.vars)+variable]
	reference := c.unity * c.finite

	if !(reference > 0) { // with weights below zero it may be anything
		return math.NaN()
	}

	return c.estimate.SE * c.estimate.SE / reference
}

// Stat returns the same estimate as a building block, with its influence values.
func (t *Table) Stat(domain, variable int) Stat {
	c := t.cells[domain*len(t.vars)+variable]
	s := Stat{
		Value: c.value, N: c.estimate.N, Population: c.estimate.Population,
		EffectiveN: c.estimate.EffectiveN, Reason: c.estimate.Reason,
	}
	if !math.IsNaN(c.value) {
		s.Form = design.Form{t.influence(domain, variable, c)}
	}
	if t.replicates != nil {
		s.Replicates = t.replicates[domain*len(t.vars)+variable]
	}

	return s
}

// answers returns the rows behind an estimate.
func (t *Table) answers(domain, variable int) []int {
	v := t.vars[variable]
	w := t.design.Weights(t.columns[variable])
	rows := make([]int, 0, len(t.domains.Rows[domain]))

	for _, row := range t.domains.Rows[domain] {
		if w[row] != 0 && !math.IsNaN(v.at(row)) && (v.Denominator == nil || !math.IsNaN(v.Denominator[row])) {
			rows = append(rows, row)
		}
	}

	return rows
}

func (t *Table) influence(domain, variable int, c cell) design.Part {
	return t.influenceOf(t.answers(domain, variable), variable, c)
}

func (t *Table) influenceOf(rows []int, variable int, c cell) design.Part {
	v := t.vars[variable]
	w := t.design.Weights(t.columns[variable])
	p := design.Part{Column: t.columns[variable], Rows: rows, Values: make([]float64, len(rows))}

	for i, row := range rows {
		y := v.at(row)

		switch v.Kind {
		case Total:
			p.Values[i] = w[row] * y
		case Ratio:
			p.Values[i] = w[row] * (y - c.value*v.Denominator[row]) / c.denominator
		default:
			p.Values[i] = w[row] * (y - c.value) / c.denominator
		}
	}

	return p
}

func (t *Table) compute(domain, variable int, opt Options) (cell, error) {
	v := t.vars[variable]
	w := t.design.Weights(t.columns[variable])
	rows := t.answers(domain, variable)

	if len(rows) == 0 {
		return undefined(0, "no answers"), nil
	}
	var sw, sy, sx float64

	for _, row := range rows {
		sw += w[row]
		sy += w[row] * v.at(row)
		if v.Kind == Ratio {
			sx += w[row] * v.Denominator[row]
		}
	}
	c := cell{value: sy / sw, denominator: sw}

	switch v.Kind {
	case Total:
		c.value = sy
	case Ratio:
		if sx == 0 {
			return undefined(len(rows), "the denominator is zero"), nil
		}
		c.value, c.denominator = sy/sx, sx
	}
	part := t.influenceOf(rows, variable, c)
	variance, err := t.design.Variance(design.Form{part})

	if err != nil {
		return c, err
	}
	c.unity = simple(part, w, sw)

	return t.finish(v.Kind, c, len(rows), sw, variance, t.design.DF(rows), opt), nil
}

// finish fills in what follows from a cell's value and its variance: n answers with a sum of weights sw, and the domain's own
// degrees of freedom.
func (t *Table) finish(k Kind, c cell, n int, sw, variance, df float64, opt Options) cell {
	e := analysis.Estimate{
		Value: c.value, SE: standardError(variance), N: n, Population: sw, DF: opt.df(df),
	}
	c.finite = finiteCorrection(n, sw)
	e.DesignEffect, e.EffectiveN = effective(variance, c.unity, n)

	if k == Share && (c.value == 0 || c.value == 1) {
		// NCHS: a share of 0 or 1 has no variance to compare with, so n stands for itself.
		e.EffectiveN = float64(n)
	}
	e.Interval, e.Reason = t.interval(k, e, opt)
	c.estimate = e

	return c
}

func (t *Table) interval(k Kind, e analysis.Estimate, opt Options) (analysis.Interval, string) {
	if k != Share {
		return t.intervals.student(e)
	}
	m := opt.ShareInterval
	if m == "" {
		m = Beta
	}

	return Proportion(m, e.Value, e.SE, e.N, e.DF, opt.level())
}

// intervals remembers the intervals of estimates of zero with a standard error of one by their degrees of freedom: most cells of a
// table share a few, and the quantile of Student's distribution takes longer than all else of a cell.
type intervals struct {
	level float64
	mu    sync.RWMutex
	unit  map[float64]analysis.Interval
}

func newIntervals(level float64) *intervals {
	return &intervals{level: level, unit: make(map[float64]analysis.Interval)}
}

// student is the interval estimate ± t·se.
func (m *intervals) student(e analysis.Estimate) (analysis.Interval, string) {
	if math.IsNaN(e.Value) || math.IsNaN(e.SE) || !(e.DF > 0) {
		return student(e.Value, e.SE, e.DF, m.level)
	}
	m.mu.RLock()
	one, ok := m.unit[e.DF]
	m.mu.RUnlock()

	if !ok {
		one, _ = student(0, 1, e.DF, m.level)
		m.mu.Lock()
		m.unit[e.DF] = one
		m.mu.Unlock()
	}
	one.Low, one.High = e.Value+one.Low*e.SE, e.Value+one.High*e.SE

	return one, ""
}

func undefined(n int, reason string) cell {
	nan := math.NaN()

	return cell{estimate: analysis.Undefined(n, reason), value: nan, denominator: nan, unity: nan, finite: nan}
}
