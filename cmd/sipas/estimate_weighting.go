package main

import (
	"errors"
	"slices"
	"strings"

	"sipas/analysis/design"
	"sipas/analysis/formula"
	"sipas/analysis/frame"
	"sipas/analysis/replicate"
	"sipas/analysis/weight"
)

// any reports whether the weights are to be changed at all.
func (w *weightingFlags) any() bool {
	return w.PostStratify != "" || w.Rake != "" || w.Calibrate != "" || w.Trim != nil
}

// want adds the columns that weighting needs; those of --rake stand in its file and are read with it.
func (w *weightingFlags) want(a *app, to *wanted) error {
	switch {
	case w.PostStratify != "":
		variables, _, err := w.postStrata()
		if err != nil {
			return err
		}
		to.any("--post-stratify", variables...)
	case w.Rake != "":
		margins, err := w.readMargins(a)
		if err != nil {
			return err
		}
		for _, m := range margins {
			to.any("--rake", m.variables...)
		}
	case w.Calibrate != "":
		f, err := parseFormula("--calibrate", w.Calibrate)
		if err != nil {
			return err
		}
		if f.HasResponse() {
			return usagef("--calibrate: a formula of what to calibrate to has no left side.")
		}
		to.any("--calibrate", f.Columns()...)
	}
	return nil
}

// parseFormula reads a formula, of which a tilde may be left out where there is no left side.
func parseFormula(flag, text string) (*formula.Formula, error) {
	if !strings.Contains(text, "~") {
		text = "~" + text
	}
	f, err := formula.Parse(text)
	if err != nil {
		return nil, usagef("%s: %v.", flag, err)
	}
	return f, nil
}

// step turns base weights into weights. It is run again for every replicate.
type step func(base []float64) (*weight.Result, error)

// apply weights a sample. The result is that of the full sample; nil when nothing was asked for.
func (w *weightingFlags) apply(a *app, s *drawn) (*drawn, *weight.Result, error) {
	s.echo.weighting(w)
	if !w.any() {
		return s, nil, nil
	}
	run, err := w.step(a, s.table)
	if err != nil {
		return nil, nil, err
	}
	full, err := run(s.design.Weights(0))
	if err != nil {
		return nil, nil, s.weightError(err)
	}
	out := *s
	if s.design.Replicated() {
		out.design, err = replicate.Recalibrate(s.design, "", func(base []float64) ([]float64, error) {
			r, err := run(base)
			if err != nil {
				return nil, err
			}
			return r.Weights, nil
		})
	} else {
		out.design, err = s.design.WithColumn(design.Column{Weights: full.Weights, Calibration: full.Calibration})
	}
	if err != nil {
		return nil, nil, s.weightError(err)
	}
	return &out, full, nil
}

// weightError turns what went wrong with weights into a sentence.
func (s *drawn) weightError(err error) error {
	var input *replicate.InputError
	if errors.As(err, &input) {
		return s.replicateError(input)
	}
	return s.explain(err)
}

// step puts together what is done to base weights.
func (w *weightingFlags) step(a *app, t *table) (step, error) {
	calibrate, err := w.calibration(a, t)
	if err != nil || w.Trim == nil || w.TrimBy == "margins" {
		return calibrate, err
	}
	lower, upper, strict := w.Trim[0], w.Trim[1], w.TrimBy == "strict"
	if calibrate == nil {
		return func(base []float64) (*weight.Result, error) {
			weights, share, err := weight.Trim(base, lower, upper, strict)
			if err != nil {
				return nil, err
			}
			r := &weight.Result{Weights: weights, Diagnostics: weight.Diagnose("trimming", base, weights)}
			r.Diagnostics.ShareTrimmed, r.Diagnostics.Converged = share, true
			return r, nil
		}, nil
	}
	return func(base []float64) (*weight.Result, error) {
		r, err := calibrate(base)
		if err != nil {
			return nil, err
		}
		return weight.TrimCalibrated(r, lower, upper, strict)
	}, nil
}

// calibration is the step of --post-stratify, --rake or --calibrate; nil for none.
func (w *weightingFlags) calibration(a *app, t *table) (step, error) {
	switch {
	case w.PostStratify != "":
		m, err := w.postStratum(a, t)
		if err != nil {
			return nil, err
		}
		if w.TrimBy == "margins" {
			return w.trimRaked(t, []weight.CodedMargin{m}), nil
		}
		return func(base []float64) (*weight.Result, error) { return weight.PostStratifyCoded(base, m) }, nil
	case w.Rake != "":
		margins, err := w.margins(a, t)
		if err != nil {
			return nil, err
		}
		if w.TrimBy == "margins" {
			return w.trimRaked(t, margins), nil
		}
		return func(base []float64) (*weight.Result, error) {
			return weight.RakeCoded(base, margins, weight.RakeRule{Tolerance: 1e-12})
		}, nil
	case w.Calibrate != "":
		return w.linear(a, t)
	}
	return nil, nil
}

// trimRaked rakes within the bounds, which the package takes as multiples of the mean weight.
func (w *weightingFlags) trimRaked(t *table, margins []weight.CodedMargin) step {
	return func(base []float64) (*weight.Result, error) {
		var sum float64
		n := 0
		for _, total := range margins[0].Totals {
			sum += total
		}
		for _, b := range base {
			if b > 0 {
				n++
			}
		}
		mean := sum / float64(n)
		return weight.TrimRakedCoded(base, margins, weight.RakeRule{}, weight.TrimRule{Lower: w.Trim[0] / mean, Upper: w.Trim[1] / mean})
	}
}

// linear is the step of --calibrate.
func (w *weightingFlags) linear(a *app, t *table) (step, error) {
	f, err := parseFormula("--calibrate", w.Calibrate)
	if err != nil {
		return nil, err
	}
	for _, name := range f.Columns() {
		if err := t.whole("--calibrate", name); err != nil {
			return nil, err
		}
	}
	m, err := f.Build(t, formula.Options{Unused: formula.KeepUnused})
	if err != nil {
		return nil, t.explain(err)
	}
	x, err := m.Sparse()
	if err != nil {
		return nil, t.explain(err)
	}
	totals, err := w.termTotals(a, m.Names)
	if err != nil {
		return nil, err
	}
	rule := weight.CalibrateRule{Distance: weight.Distance(w.Method)}
	if w.Bounds != nil {
		rule.Lower, rule.Upper = w.Bounds[0], w.Bounds[1]
	}
	if w.TrimBy == "margins" {
		rule.OnWeights, rule.Lower, rule.Upper = true, w.Trim[0], w.Trim[1]
		if rule.Distance == weight.Linear {
			rule.Distance = weight.Truncated
		}
	}
	return func(base []float64) (*weight.Result, error) { return weight.Calibrate(base, x, totals, m.Names, rule) }, nil
}

// termTotals reads TOTALS.csv: a total for each column of the formula, by its name.
func (w *weightingFlags) termTotals(a *app, names []string) ([]float64, error) {
	t, err := smallTable(a, "--totals", w.Totals)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(t.Names(), []string{"term", "total"}) {
		return nil, tellf("%s: the columns are %s, where term and total were expected.", t.name, list(t.Names()))
	}
	values, err := t.complete("--totals", "total")
	if err != nil {
		return nil, err
	}
	terms, err := t.Column("term")
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(names))
	found := map[string]bool{}
	for row, v := range values {
		name, _ := terms.Text(row)
		at := slices.Index(names, name)
		switch {
		case at < 0:
			return nil, t.fault(row, "there is no term %s in --calibrate; there are %s", name, list(names))
		case found[name]:
			return nil, t.fault(row, "the term %s has a total above already", name)
		}
		out[at], found[name] = v, true
	}
	for _, name := range names {
		if !found[name] {
			return nil, tellf("%s: there is no total for the term %s.", t.name, name)
		}
	}
	return out, nil
}

// margin is one margin of a file: the level of each total, as the labels of its variables.
type margin struct {
	variables []string
	keys      []string // of each total: the labels of the variables, joined by a zero byte
	totals    []float64
	lines     []int
	file      string
}

// joined is how the labels of several variables are told apart from those of one.
const joined = "\x00"

// code numbers the levels of a margin and finds that of each row.
func (m *margin) code(flag string, t *table) (weight.CodedMargin, error) {
	out := weight.CodedMargin{Name: strings.Join(m.variables, ":"), Codes: make([]int32, t.Rows())}
	at := map[string]int32{}
	for i, key := range m.keys {
		if _, twice := at[key]; twice {
			return out, tellf("%s, line %d: the level %s of %s has a total above already.", m.file, m.lines[i], spoken(key), out.Name)
		}
		at[key] = int32(i)
		out.Levels = append(out.Levels, spoken(key))
	}
	out.Totals = m.totals
	columns := make([]*frame.Column, len(m.variables))
	for j, v := range m.variables {
		var err error
		if columns[j], err = t.categories(flag, v); err != nil {
			return out, err
		}
	}
	if err := m.levelsKnown(t, columns); err != nil {
		return out, err
	}
	// The combinations are few and the rows many: each combination is looked up once.
	known := map[int]int32{}
	parts := make([]string, len(columns))
	for row := range out.Codes {
		key := 0
		for j, c := range columns {
			k := c.Codes[row]
			if k == frame.Missing {
				return out, t.fault(row, "%s: %s is missing", flag, m.variables[j])
			}
			key = key*len(c.Levels) + int(k)
			parts[j] = c.Levels[k]
		}
		code, ok := known[key]
		if !ok {
			if code, ok = at[strings.Join(parts, joined)]; !ok {
				return out, t.fault(row, "%s: %s has no total for the level %s of %s", flag, m.file, strings.Join(parts, ":"), out.Name)
			}
			known[key] = code
		}
		out.Codes[row] = code
	}
	return out, nil
}

// levelsKnown finds a total of a level that the data do not have.
func (m *margin) levelsKnown(t *table, columns []*frame.Column) error {
	for i, key := range m.keys {
		for j, part := range strings.Split(key, joined) {
			if !slices.Contains(columns[j].Levels, part) {
				return tellf("%s, line %d: the column %s of %s has no level %q; it has %s.",
					m.file, m.lines[i], m.variables[j], t.name, part, list(columns[j].Levels))
			}
		}
	}
	return nil
}

func spoken(key string) string { return strings.ReplaceAll(key, joined, ":") }

// postStratum reads --post-stratify.
func (w *weightingFlags) postStratum(a *app, t *table) (weight.CodedMargin, error) {
	variables, path, err := w.postStrata()
	if err != nil {
		return weight.CodedMargin{}, err
	}
	file, err := smallTable(a, "--post-stratify", path)
	if err != nil {
		return weight.CodedMargin{}, err
	}
	name, totals, err := file.totals("--post-stratify")
	if err != nil {
		return weight.CodedMargin{}, err
	}
	m := &margin{variables: variables, totals: totals, file: file.name}
	if m.keys, m.lines, err = file.keys(variables, name); err != nil {
		return weight.CodedMargin{}, err
	}
	if len(variables) == 1 {
		if err := m.terms(t); err != nil {
			return weight.CodedMargin{}, err
		}
	}
	return m.code("--post-stratify", t)
}

// keys reads the labels of each total: from columns named as the variables, or, for a single one, from the column
// beside the total whatever it is called.
func (t *table) keys(variables []string, total string) (keys []string, lines []int, err error) {
	columns := make([]*frame.Column, len(variables))
	for j, v := range variables {
		if len(variables) == 1 && !slices.Contains(t.Names(), v) {
			others := slices.DeleteFunc(slices.Clone(t.Names()), func(n string) bool { return n == total || n == "variable" })
			if len(others) != 1 {
				return nil, nil, tellf("%s: the columns are %s, where level and total were expected.", t.name, list(t.Names()))
			}
			v = others[0]
		}
		if columns[j], err = t.Column(v); err != nil {
			return nil, nil, inFile(t.name, err)
		}
	}
	for row := range t.Rows() {
		parts := make([]string, len(columns))
		for j, c := range columns {
			text, ok := c.Text(row)
			if !ok {
				return nil, nil, t.fault(row, "the level of %s is missing", variables[j])
			}
			parts[j] = text
		}
		keys = append(keys, strings.Join(parts, joined))
		lines = append(lines, t.Line(row))
	}
	return keys, lines, nil
}

// terms turns R's names of terms, stypeE, into levels, E, where none of them is a level itself.
func (m *margin) terms(t *table) error {
	c, err := t.categories("--post-stratify", m.variables[0])
	if err != nil {
		return err
	}
	for _, key := range m.keys {
		if slices.Contains(c.Levels, key) || !strings.HasPrefix(key, m.variables[0]) {
			return nil
		}
	}
	for i := range m.keys {
		m.keys[i] = strings.TrimPrefix(m.keys[i], m.variables[0])
	}
	return nil
}

// readMargins reads MARGINS.csv: variable, level, total. A variable a:b is the margin of both together, with levels such as x:y.
func (w *weightingFlags) readMargins(a *app) ([]*margin, error) {
	t, err := smallTable(a, "--rake", w.Rake)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(t.Names(), []string{"variable", "level", "total"}) {
		return nil, tellf("%s: the columns are %s, where variable, level and total were expected.", t.name, list(t.Names()))
	}
	totals, err := t.complete("--rake", "total")
	if err != nil {
		return nil, err
	}
	byName := map[string]*margin{}
	var order []*margin
	for row, total := range totals {
		var texts [2]string
		for i, name := range []string{"variable", "level"} {
			c, err := t.Column(name)
			if err != nil {
				return nil, err
			}
			text, ok := c.Text(row)
			if !ok {
				return nil, t.fault(row, "the %s is missing", name)
			}
			texts[i] = text
		}
		m, ok := byName[texts[0]]
		if !ok {
			m = &margin{variables: strings.Split(texts[0], ":"), file: t.name}
			byName[texts[0]] = m
			order = append(order, m)
		}
		parts := []string{texts[1]}
		if len(m.variables) > 1 {
			parts = strings.Split(texts[1], ":")
		}
		if len(parts) != len(m.variables) {
			return nil, t.fault(row, "the level %s of %s is not of %d parts", texts[1], texts[0], len(m.variables))
		}
		m.keys = append(m.keys, strings.Join(parts, joined))
		m.totals = append(m.totals, total)
		m.lines = append(m.lines, t.Line(row))
	}
	return order, nil
}

func (w *weightingFlags) margins(a *app, t *table) ([]weight.CodedMargin, error) {
	read, err := w.readMargins(a)
	if err != nil {
		return nil, err
	}
	out := make([]weight.CodedMargin, len(read))
	for i, m := range read {
		if out[i], err = m.code("--rake", t); err != nil {
			return nil, err
		}
	}
	return out, nil
}
